// The chosen colour scheme, before the first paint. No choice, or "system": the system decides (style/tokens.css).
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage may be forbidden: the system decides */ }
