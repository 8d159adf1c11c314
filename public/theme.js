// The chosen colour scheme, before the first paint. No choice, or "system": the system decides (style/tokens.css).
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage may be forbidden: the system decides */ }
// A link asks something else than the example that index.html shows: better nothing than the wrong answer for a moment.
if (location.search.length > 1) document.documentElement.dataset.link = "";
