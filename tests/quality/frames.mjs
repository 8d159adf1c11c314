// Frames of the explorer on a hybrid of 118 layers while parts open, the drawing moves and parts are searched; and how long the
// rows of "What runs here" take. Told and not tested: `./dev quality frames`.
import { launch, serve } from "./serve.mjs";

const HYBRID = "nvidia/Nemotron-H-56B-Base-8K";
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

// In the page: the time between frames while `deed` runs once a frame.
const WATCH = `window.watch = async (frames, deed) => {
  const between = [], script = [];
  let last = await new Promise(requestAnimationFrame);
  for (let frame = 0; frame < frames; frame++) {
    const start = performance.now();
    deed(frame);
    for (let turn = 0; turn < 500; turn++) await null;
    script.push(performance.now() - start);
    const now = await new Promise(requestAnimationFrame);
    between.push(now - last);
    last = now;
  }
  const most = (list) => [...list].sort((a, b) => a - b);
  const at = (list, share) => most(list)[Math.min(list.length - 1, Math.floor(share * list.length))];
  return { frames, late: between.filter((one) => one > 25).length, half: at(between, .5), most: at(between, 1), script: at(script, .95) };
};`;

const DEEDS = {
  "pan": `watch(120, (frame) => document.querySelector(".canvas").scrollTo(0, (frame % 60) * 12))`,
  "page scrolls": `watch(120, (frame) => scrollTo(0, (frame % 60) * 16))`,
  "open and close": `watch(60, (frame) => {
    if (frame % 15) return;
    const part = document.querySelector('.drawing [aria-expanded="false"]');
    if (part) part.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  })`,
  "close all": `watch(30, (frame) => frame === 0 && [...document.querySelectorAll(".canvas-bar button")].at(-1).click())`,
  "larger, smaller": `watch(60, (frame) => { if (frame % 10 === 0) document.querySelector(\`.canvas-bar [aria-label=\${frame % 20 ? "Smaller" : "Larger"}]\`)?.click(); })`,
  "choose a part": `watch(90, (frame) => { if (frame % 15) return; const all = document.querySelectorAll(".drawing [role=button]"); all[(frame / 15 * 5) % all.length].dispatchEvent(new MouseEvent("click", { bubbles: true })); })`,
};

async function explorer(url) {
  for (const rate of [1, 4]) {
    const browser = await launch();
    const page = await browser.newPage();
    await page.setViewport({ width: 1440, height: 900 });
    await page.goto(`${url}?m=${HYBRID}&tab=architecture`);
    await page.waitForFunction("document.documentElement.dataset.parts === 'here' && document.querySelector('.drawing')", { timeout: 60000 });
    await page.evaluate(WATCH);
    const cdp = await page.createCDPSession();
    await cdp.send("Emulation.setCPUThrottlingRate", { rate });
    await wait(1500);
    const tell = (name, one) => console.log(`explorer, processor ${rate} times slower, ${name}: ${one.late} of ${one.frames} frames late; between frames ${one.half.toFixed(1)} ms, at most ${one.most.toFixed(1)}; scripting 95 % below ${one.script.toFixed(1)} ms`);
    for (const [name, deed] of Object.entries(DEEDS)) {
      tell(name, await page.evaluate(deed));
      await wait(300);
    }
    await page.evaluate(`[...document.querySelectorAll(".explorer-bar button")].find((one) => one.textContent === "Parts").click()`);
    await page.waitForSelector('.find-part input');
    tell("search", await page.evaluate(`watch(80, (frame) => {
      if (frame % 10) return;
      const field = document.querySelector(".find-part input");
      field.value = "projection".slice(0, frame / 10 + 1);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    })`));
    await browser.close();
  }
}

async function rows(url) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(url);
  await page.waitForFunction("document.documentElement.dataset.parts === 'here'", { timeout: 60000 });
  const once = async () => {
    const took = page.evaluate(`new Promise((resolve) => {
      const start = performance.now();
      const look = () => document.querySelectorAll(".models tbody tr").length > 20 ? resolve(performance.now() - start) : setTimeout(look, 1);
      dispatchEvent(new KeyboardEvent("keydown", { key: "m", bubbles: true }));
      look();
    })`);
    const time = await took;
    await page.keyboard.press("m");
    await wait(500);
    return time;
  };
  const times = [];
  for (let turn = 0; turn < 5; turn++) times.push(await once());
  console.log(`what runs here, all rows: ${times.map((one) => one.toFixed(0)).join(", ")} ms, the first with the models read`);
  await browser.close();
}

const server = await serve();
const url = `http://localhost:${server.address().port}/`;
await explorer(url);
await rows(url);
server.close();
