// Run it with node: `node example.mjs [owner/name]`, or import `example` in a browser.

import { calculate, fetchModel, fit, listHardware, listModels } from "./index.js";

const GiB = 2 ** 30;

/** Asks the same model in several ways. `access` says which Hub, and as whom. */
export async function example(id, access = {}, print = console.log) {
  print(`${listModels().length} models and ${listHardware().length} devices are built in`);

  // A built-in model needs no network. Flags are those of the command line.
  const builtIn = calculate({
    model: "meta-llama/Llama-3.1-8B-Instruct",
    flags: { hardware: "rtx-4090", prompt: 8192, weights: "q4_k_m" },
  });
  print(`${builtIn.model.id}: ${builtIn.fit.verdict}, ${(builtIn.memory.total_bytes / GiB).toFixed(2)} GiB, ${builtIn.link}`);

  // The same question by its link, on another device.
  const elsewhere = calculate({ link: builtIn.link, flags: { hardware: "h100-sxm" } });
  print(`there ${Math.round(elsewhere.speed.tokens_per_second)} tokens/s`);

  // Any model of the Hub: read once, asked as often as you like.
  const model = await fetchModel(id, access);
  const answer = calculate({ model, flags: { hardware: "rtx-4090" } });
  print(`${model.id}: ${answer.parameters.total} parameters, ${answer.fit.verdict}`);

  // What carries it, and what the device carries.
  const devices = fit({ model, formats: ["fp8", "q4_k_m"] });
  print(`${devices.filter((row) => row.verdict === "fits").length} of ${devices.length} rows fit`);
  const here = fit({ models: "all", flags: { hardware: "rtx-4090" } });
  print(`${here[0].model.id} is the largest that runs on ${here[0].hardware}`);

  // What is refused says why.
  try {
    calculate({ model, flags: { hardwere: "rtx-4090" } });
  } catch (error) {
    print(`${error.code}: ${error.message}`);
  }
  return { builtIn, elsewhere, model, answer, devices, here };
}

if (typeof process === "object" && process.argv?.[1] && import.meta.url.endsWith("/example.mjs") && process.argv[1].endsWith("example.mjs")) {
  const { HF_ENDPOINT: endpoint, HF_TOKEN: token } = process.env;
  await example(process.argv[2] ?? "Qwen/Qwen3-8B", { endpoint, token });
}
