// The chosen colour scheme, before the first paint. No choice, or "system": the system decides (style/tokens.css).
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch { /* storage may be forbidden: the system decides */ }
// A link asks something else than the example that index.html shows: better nothing than the wrong answer for a moment.
if (location.search.length > 1) document.documentElement.dataset.link = "";
// Nobody has chosen anything yet in this browser: index.html shows a card with a few well-known models and devices.
else {
  try {
    if (!localStorage.getItem("met")) document.documentElement.dataset.first = "";
  } catch { /* without storage the card would come back each time: it stays away */ }
}
