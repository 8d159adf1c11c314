// The offline worker: keeps one whole version of the page and what the Hub answered, for use without a network.
// `finish` writes the version and the files in here after each build.
const VERSION = "__VERSION__";
const FILES = ["__FILES__"]; // [name, integrity]

// One origin may hold several copies of the page below different paths: each keeps a shell of its own.
const OURS = `weighbridge-shell ${self.registration.scope} `;
const SHELL = OURS + VERSION;
const PLACES = new Set(FILES.map(([file]) => new URL(file, location).href));

const ANSWERS = "weighbridge-answers";
const KEEP = 200; // answers in all
const KEEP_LISTS = 40; // of them searches, which come with every word typed and must not crowd out models
const LARGEST = 16 << 20; // bytes of one answer

const HUB = /\/(api|raw|resolve)\//;
const LIST = /\/api\/(models|quicksearch)$/;
const FILE = /^((?:\/[^/]+){1,2}\/(?:raw|resolve)\/)([^/]+)(?=\/)/; // up to the revision, then the revision
const COMMIT = /^[0-9a-f]{40}$/;

self.addEventListener("install", (event) => event.waitUntil((async () => {
  const cache = await caches.open(SHELL);
  // With integrity, a host that still has some old file makes the install fail and not the page.
  await cache.addAll(FILES.map(([file, integrity]) => new Request(file, { cache: "no-cache", integrity })));
})())); // It then waits: the page asks its user before it changes under their hands.

self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) if (name.startsWith(OURS) && name !== SHELL) await caches.delete(name);
  await self.clients.claim(); // so that the first visit already works offline
})()));

self.addEventListener("message", (event) => {
  if (event.data === "activate") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  // Nothing that a token or a cookie opened is kept, and no part of a file.
  if (request.method !== "GET" || request.headers.has("authorization") || request.headers.has("range")) return;
  const { origin, pathname } = new URL(request.url);
  const place = (origin + pathname).replace(/\/index\.html$/, "/"); // the state in ? and # is the page's own affair
  if (PLACES.has(place)) event.respondWith(fromShell(request, place));
  // Styles and classic scripts of the page itself are asked for with credentials too; answers of others are not kept then.
  else if (HUB.test(pathname) && request.credentials !== "include") event.respondWith(fromHub(event, pathname));
});

async function fromShell(request, place) {
  const cache = await caches.open(SHELL);
  return (await cache.match(place, { ignoreVary: true })) ?? fetch(request);
}

// The network first, since branches move; but a commit never changes, so what is kept of one is as good.
async function fromHub(event, pathname) {
  const { request } = event;
  const cache = await caches.open(ANSWERS);
  const kept = () => cache.match(request, { ignoreVary: true });
  if (COMMIT.test(FILE.exec(pathname)?.[2])) {
    const answer = await kept();
    if (answer) return answer;
  }
  let answer;
  try {
    answer = await fetch(request);
  } catch (error) {
    const old = await kept();
    if (old) return old;
    throw error;
  }
  const large = Number(answer.headers.get("content-length")) > LARGEST;
  if (answer.ok && !large) event.waitUntil(keep(cache, request, answer.clone()).catch(() => {})); // storage may be full
  return answer;
}

async function keep(cache, request, answer) {
  const url = new URL(request.url);
  const commit = answer.headers.get("x-repo-commit");
  // Also under the commit that the branch stood at, so that a link pinned to it works offline too.
  if (COMMIT.test(commit) && FILE.test(url.pathname)) {
    url.pathname = url.pathname.replace(FILE, (_, before) => before + commit);
    if (url.href !== request.url) await cache.put(url.href, answer.clone());
  }
  await cache.put(request, answer);
  const keys = await cache.keys(); // the oldest first
  const lists = keys.filter((key) => LIST.test(new URL(key.url).pathname));
  for (const key of lists.slice(0, Math.max(0, lists.length - KEEP_LISTS))) await cache.delete(key, { ignoreVary: true });
  for (const key of keys.slice(0, Math.max(0, keys.length - KEEP))) await cache.delete(key, { ignoreVary: true });
}
