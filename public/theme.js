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
// The program is asked for once the page is painted, lest its megabyte comes before what can be read already.
window.weighbridgePainted = new Promise((painted) => {
  if (document.hidden) return painted(); // which paints nothing
  setTimeout(painted, 1000); // browsers that do not tell
  try {
    new PerformanceObserver((seen) => seen.getEntriesByName("first-contentful-paint").length && painted()).observe({ type: "paint", buffered: true });
  } catch { painted(); }
}).then(() => {
  const { js, wasm } = document.querySelector("script[data-wasm]")?.dataset ?? {};
  for (const [rel, href, as] of [["preload", wasm, "fetch"], ["modulepreload", js]]) {
    if (href) document.head.append(Object.assign(document.createElement("link"), { rel, href, crossOrigin: "anonymous", ...(as && { as }) }));
  }
});
