// Starts the page: loads the program, says in plain words when that fails, and looks after the offline worker.
// The page allows no inline script, so the build hands over the program's two files in data attributes.
const { js, wasm } = document.querySelector("script[data-wasm]").dataset;
const root = document.documentElement;
const at = (path) => new URL(path, document.baseURI).href;
const tell = (name) => window.dispatchEvent(new CustomEvent(`weighbridge:${name}`));

let broken = false;
function fail(words, error) {
  broken = true;
  delete root.dataset.link;
  console.error(error);
  const place = document.getElementById("boot-error");
  if (!place) return;
  place.querySelector(".what").textContent = words;
  // What is said next in index.html is of a page that has not started.
  if (!document.getElementById("app")?.ariaBusy) place.querySelector(".next")?.remove();
  document.getElementById("boot-error-detail").textContent = String(error);
  place.hidden = false;
}

// A trap leaves the program dead while the page still looks alive.
for (const kind of ["error", "unhandledrejection"]) {
  addEventListener(kind, (event) => {
    const error = event.error ?? event.reason;
    if (typeof WebAssembly === "object" && error instanceof WebAssembly.RuntimeError) {
      fail("Weighbridge has stopped because of a fault of its own. Reload the page; the address keeps what you chose.", error);
    }
  });
}

try {
  await window.weighbridgePainted;
  const script = import(at(js));
  // While it comes: how the reader's language writes numbers. The first question about a language takes a while.
  try {
    const { format } = new Intl.NumberFormat(navigator.language);
    window.weighbridgeNumbers = [format(12345678.5), format(1234)];
  } catch { /* as English has it */ }
  const { default: init } = await script;
  await init({ module_or_path: at(wasm) });
} catch (error) {
  fail(typeof WebAssembly === "object"
    ? "Weighbridge could not start: its program did not load. Check the connection, then reload the page."
    : "Weighbridge could not start: this browser has WebAssembly switched off or lacks it. Switch it on, or open the page in another browser.", error);
}

// What the page may ask for, and hear of:
//   <html data-offline="ready">  and the event weighbridge:offline-ready  everything is stored for use without a network
//   <html data-update="ready">   and the event weighbridge:update         a new version waits; weighbridgeUpdate() takes it
let waiting;
window.weighbridgeUpdate = () => {
  if (waiting?.state !== "installed") return location.reload(); // another tab was quicker
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
  waiting.postMessage("activate");
};

function offer(worker) {
  waiting = worker;
  if (broken) return window.weighbridgeUpdate(); // nobody could press the button, and the new version may be the cure
  root.dataset.update = "ready";
  tell("update");
}

function follow(registration) {
  const worker = registration.installing;
  if (!worker) return;
  const first = !registration.active;
  worker.onstatechange = () => {
    if (worker.state === "installed" && !first) offer(worker);
    if (worker.state === "activated" && first) {
      root.dataset.offline = "ready";
      tell("offline-ready");
    }
  };
}

// Where there is no worker any more (a debug build, a site that gave it up), one from earlier would hide every change.
async function retire() {
  const answer = await fetch(at("./sw.js"), { method: "HEAD", cache: "no-store" }).catch(() => null);
  if (answer?.status !== 404) return;
  const registration = await navigator.serviceWorker.getRegistration();
  if (registration?.scope === at("./")) await registration.unregister(); // not that of a page above this one
}

// To store the whole page takes the browser's time: on a first visit the page has all its parts before.
const settled = () => new Promise((done) => {
  addEventListener("weighbridge:settled", done, { once: true });
  setTimeout(done, 10e3);
});

if ("serviceWorker" in navigator) {
  try {
    if (!broken && !navigator.serviceWorker.controller) await settled();
    const registration = await navigator.serviceWorker.register(at("./sw.js"));
    registration.addEventListener("updatefound", () => follow(registration));
    follow(registration);
    if (registration.active) {
      root.dataset.offline = "ready";
      if (registration.waiting) offer(registration.waiting);
      const look = () => registration.update().catch(retire);
      look();
      // A page that stays open for days asks again when somebody comes back to it, once an hour at most.
      let asked = Date.now();
      document.addEventListener("visibilitychange", () => {
        if (document.hidden || Date.now() - asked < 3600e3) return;
        asked = Date.now();
        look();
      });
    }
  } catch {
    // Without a worker (private window, storage refused) the page works all the same, only not offline.
    await retire();
  }
}
