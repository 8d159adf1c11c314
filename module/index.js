// Weighbridge for JavaScript: the engine of the page and the command line, in node and in browsers.
// engine.js and engine_bg.wasm beside this file are built by `./dev module`; index.d.ts describes what is here.

import initialise, * as engine from "./engine.js";

const program = new URL("./engine_bg.wasm", import.meta.url);
// Node, and what calls itself so: there a program is a file, and redirects are ours to follow.
const isNode = typeof process === "object" && typeof process.versions?.node === "string";

if (isNode && program.protocol === "file:") {
  const { readFile } = await import(/* webpackIgnore: true */ /* @vite-ignore */ "node:fs/promises");
  engine.initSync({ module: await readFile(program) });
} else {
  await initialise({ module_or_path: program });
}

/** What is refused, and why: `code` is stable, `message` is one line for people. */
export class WeighbridgeError extends Error {
  constructor(code, message) {
    super(message);
    this.name = "WeighbridgeError";
    this.code = code;
  }
}

// --- models that were fetched ---------------------------------------------------------------------------------------

// The engine keeps what was read of a model, headers included, as long as its object lives.
const handles = new WeakMap();
const gone = new FinalizationRegistry((handle) => engine.forget(handle));

function kept({ handle, ...facts }) {
  const model = Object.freeze(facts);
  handles.set(model, handle);
  gone.register(model, handle);
  return model;
}

// --- to and from the engine -----------------------------------------------------------------------------------------

// JSON would say null of NaN and nothing of a function: then another question would be answered.
function plain(key, value) {
  if (typeof value === "object" && value !== null && handles.has(value)) {
    return { handle: handles.get(value), id: value.id };
  }
  if (typeof value === "bigint") {
    return value.toString();
  }
  if (typeof value === "function" || typeof value === "symbol" || (typeof value === "number" && !Number.isFinite(value))) {
    throw new WeighbridgeError("bad_option", `${key || "An option"} is ${String(value)}: it must be a text, a number, a list or an object.`);
  }
  return value;
}

function text(options) {
  try {
    return JSON.stringify(options, plain) ?? "null";
  } catch (error) {
    throw error instanceof WeighbridgeError ? error : new WeighbridgeError("bad_option", `The options cannot be read: ${error.message.split("\n")[0]}.`);
  }
}

function called(work) {
  try {
    return work();
  } catch (thrown) {
    if (typeof thrown !== "string") {
      throw thrown;
    }
    const { code, message } = JSON.parse(thrown).error;
    throw new WeighbridgeError(code, message);
  }
}

const asked = (ask, options) => JSON.parse(called(() => ask(text(options))));

export const listModels = () => JSON.parse(engine.models());
export const listHardware = (options = {}) => asked(engine.hardware, options);
export const calculate = (options) => asked(engine.calculate, options);
export const fit = (options) => asked(engine.fit, options);

export async function fetchModel(id, { signal, ...options } = {}) {
  const talk = called(() => engine.fetchModel(text({ ...options, id })));
  return kept(await carriedOut(talk, signal));
}

export async function searchModels(words, { signal, ...options } = {}) {
  const talk = called(() => engine.searchModels(text({ ...options, text: words })));
  return carriedOut(talk, signal);
}

// --- the way to the Hub ---------------------------------------------------------------------------------------------

/** Carries a talk with the Hub out. What is asked and what an answer means is the engine's to decide. */
async function carriedOut(talk, signal) {
  const most = JSON.parse(engine.patience());
  const stop = new AbortController();
  let open = true;
  let why = null;
  const end = (what, seconds = 0) => {
    why ??= { what, seconds };
    stop.abort();
  };
  const after = (seconds, what) => setTimeout(() => end(what, seconds), 1000 * seconds);
  const cancel = () => end("cancelled");
  const whole = after(most.whole, "timed_out");
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted) {
    cancel();
  }

  const failed = (ticket, what, reason) => open && talk.failed(ticket, why?.what ?? what, why ? undefined : reason, why?.seconds ?? 0);

  async function send({ ticket, url, headers }) {
    const limit = after(most.request, "timed_out");
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = after(most.silence, "timed_out");
    };
    heard();
    try {
      let response;
      try {
        response = await fetch(url, request(headers, stop.signal));
      } catch (error) {
        return failed(ticket, "unreachable", reasonOf(error));
      }
      if (!open) {
        return;
      }
      const told = JSON.stringify(Object.fromEntries(response.headers));
      const bytes = talk.head(ticket, response.status, response.url || url, told);
      try {
        const body = await read(response, bytes, heard);
        open && talk.body(ticket, body);
      } catch {
        failed(ticket, "broken_off");
      }
    } finally {
      clearTimeout(limit);
      clearTimeout(silence);
    }
  }

  async function wait({ ticket, seconds }) {
    await new Promise((done) => {
      const timer = setTimeout(done, 1000 * seconds);
      const now = () => {
        clearTimeout(timer);
        done();
      };
      stop.signal.addEventListener("abort", now, { once: true });
      if (stop.signal.aborted) {
        now();
      }
    });
    open && talk.waited(ticket, why === null);
  }

  try {
    const underWay = new Map();
    for (;;) {
      const { wants, done } = JSON.parse(talk.step());
      if (done) {
        return JSON.parse(called(() => talk.end()));
      }
      for (const want of wants) {
        const job = "url" in want ? send(want) : wait(want);
        underWay.set(want.ticket, job.then(() => want.ticket));
      }
      if (underWay.size === 0) {
        throw new WeighbridgeError("unfinished", "The talk with the Hub stands still.");
      }
      underWay.delete(await Promise.race(underWay.values()));
    }
  } finally {
    open = false;
    // Where one failed the others are of no use.
    stop.abort();
    clearTimeout(whole);
    signal?.removeEventListener("abort", cancel);
    talk.free();
  }
}

function request(headers, signal) {
  const all = { ...headers };
  if (isNode && all.range) {
    // Compressed bytes would be counted otherwise than the file's own. Browsers see to it themselves.
    all["accept-encoding"] = "identity";
  }
  return {
    headers: all,
    signal,
    credentials: "omit",
    referrerPolicy: "no-referrer",
    // Where redirects can be seen the engine follows them: a token goes to the endpoint alone. A browser hides them.
    redirect: isNode ? "manual" : "follow",
  };
}

function reasonOf(error) {
  if (globalThis.navigator?.onLine === false) {
    return "you are offline";
  }
  return error?.cause?.message || undefined;
}

/** Reads a body as far as it is wanted. */
async function read(response, most, heard) {
  const reader = response.body?.getReader();
  const pieces = [];
  let length = 0;
  while (reader && length < most) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    pieces.push(value);
    length += value.length;
    heard();
  }
  reader?.cancel().catch(() => {});
  const body = new Uint8Array(Math.min(length, most));
  let at = 0;
  for (const piece of pieces) {
    const part = piece.subarray(0, body.length - at);
    body.set(part, at);
    at += part.length;
  }
  return body;
}
