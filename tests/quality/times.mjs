// Times on the built page, told and not tested: `./dev quality times`.
// Until it reacts, as a phone loads it (processor four times slower, 1.6 Mbit/s, 150 ms), at the first visit and from the offline store;
// and the scripting of a frame while a slider is dragged, on each tab.
import { launch, serve } from "./serve.mjs";

const VISITS = 3;
const STEPS = 60;
const PHONE = { width: 412, height: 823, deviceScaleFactor: 1.75, isMobile: true, hasTouch: true };
const ANSWERED = `(() => {
  const app = document.querySelector("#app"), slider = document.querySelector("#prompt-range");
  const figure = () => document.querySelector('[data-figure="memory.kv_cache"]')?.innerText;
  if (app.ariaBusy || !slider) return false;
  window.before ??= figure();
  if (figure() !== window.before) return true;
  slider.value = String(Number(slider.value) - 1);
  slider.dispatchEvent(new Event("input", { bubbles: true }));
  return figure() !== window.before;
})()`;
const middle = (list) => [...list].sort((one, other) => one - other)[Math.floor(list.length / 2)];
const told = (list) => `${(middle(list) / 1000).toFixed(2)} s (${list.map((one) => (one / 1000).toFixed(2)).join(", ")})`;

async function slowly(page) {
  const cdp = await page.createCDPSession();
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 7.5e5 / 8 });
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
}

async function reacts(page, url) {
  const start = performance.now();
  await page.goto(url, { waitUntil: "commit" }).catch(() => page.goto(url, { waitUntil: "domcontentloaded" }));
  await page.waitForFunction(ANSWERED, { polling: 20, timeout: 60000 });
  const painted = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0);
  return [performance.now() - start, painted];
}

async function visits(url) {
  const [first, painted, again, paintedAgain] = [[], [], [], []];
  for (let visit = 0; visit < VISITS; visit++) {
    const browser = await launch();
    const page = await browser.newPage();
    await page.setViewport(PHONE);
    await slowly(page);
    const [reacted, paint] = await reacts(page, url);
    first.push(reacted);
    painted.push(paint);
    await page.waitForFunction("document.documentElement.dataset.offline === 'ready'", { timeout: 120000 });
    const [later, paintLater] = await reacts(page, url);
    again.push(later);
    paintedAgain.push(paintLater);
    await browser.close();
  }
  console.log(`first visit: painted after ${told(painted)}, reacts after ${told(first)}`);
  console.log(`offline store: painted after ${told(paintedAgain)}, reacts after ${told(again)}`);
}

async function frames(url) {
  const browser = await launch();
  const page = await browser.newPage();
  await page.setViewport({ width: 1440, height: 900 });
  await page.goto(url);
  await page.waitForFunction("document.documentElement.dataset.parts === 'here'", { timeout: 60000 });
  const cdp = await page.createCDPSession();
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  for (const tab of ["memory", "compute", "speed", "fit", "architecture"]) {
    await page.$eval(`#tab-${tab}`, (one) => one.click());
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const times = await page.evaluate(async (steps) => {
      const slider = document.querySelector("#prompt-range");
      const [least, most] = [Number(slider.min), Number(slider.max)];
      const all = [];
      for (let step = 0; step < steps; step++) {
        await new Promise(requestAnimationFrame);
        const start = performance.now();
        slider.value = String(Math.round(least + ((most - least) * (step % 40)) / 40));
        slider.dispatchEvent(new Event("input", { bubbles: true }));
        // Effects are microtasks, each may queue others. The next task would come after the drawing of the frame, which is no scripting.
        for (let turn = 0; turn < 500; turn++) await null;
        all.push(performance.now() - start);
      }
      return all.sort((one, other) => one - other);
    }, STEPS);
    console.log(`slider on ${tab}: ${middle(times).toFixed(1)} ms of scripting a frame, 95 % below ${times[Math.floor(STEPS * 0.95)].toFixed(1)} ms`);
  }
  await browser.close();
}

const server = await serve();
const url = `http://localhost:${server.address().port}/`;
await visits(url);
await frames(url);
server.close();
