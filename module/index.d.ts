// Weighbridge for JavaScript. Bytes, seconds and FLOP throughout; answers have the keys of the command line's JSON, of which
// docs/json.md (https://github.com/weighbridge/weighbridge/blob/main/docs/json.md) says what each means.

/** A value as people type it: `8192`, `"8k"`, `"64 GiB"`, `"90%"`. Numbers without a unit are tokens, bytes, percent or milliseconds. */
export type Value = string | number | bigint;

/**
 * Flags of the command line by their names, without dashes. What is null or undefined is not given; an unknown one is refused.
 * A share is whole percent (`90`) or a part of one (`0.9`); of all of it write `"100%"`, for in JavaScript `1.0` is `1`.
 */
export interface Flags {
  /** What is estimated: reading a prompt, writing a token, serving many users, or a training step. */
  mode?: string;
  /** Tokens of each prompt; in training the length of a sequence. */
  prompt?: Value;
  /** Tokens the encoder reads, of a model that has one beside its decoder. By itself as many as its class fixes, else the prompt's. */
  "encoder-tokens"?: Value;
  /** Images of each request. The tokens they become are added to the prompt; the tower that reads them runs before it. */
  images?: Value;
  /** Width and height of each image, and of the frames of a video, in pixels: `1024x768`. */
  "image-size"?: Value;
  /** Seconds of sound of each request. */
  "audio-seconds"?: Value;
  /** Seconds of video of each request. */
  "video-seconds"?: Value;
  /** How many frames a second are taken of a video. */
  "video-fps"?: Value;
  /** Tokens written after the prompt. Memory has room for all of them; time is that of the middle one. */
  generate?: Value;
  /** How many sequences run together. When serving, the requests in flight; `max` is an endless queue. */
  batch?: Value;
  /** Longest wait for the first token that is good enough, in milliseconds. */
  "target-ttft"?: Value;
  /** Longest time between tokens that is good enough, in milliseconds. */
  "target-tpot"?: Value;
  /** What the backward pass computes again instead of keeping it in memory. */
  recompute?: string;
  /** Number format of the weights. Norms, biases and routers stay as published where the format says so. */
  weights?: string;
  /** Number format of the keys and values kept for each token. */
  "kv-cache"?: string;
  /** As `kv-cache`. */
  "kv-cache-dtype"?: string;
  /** As `kv-cache`. */
  "cache-type-k"?: string;
  /** The device it should run on, or several that work together: 2x rtx-3090, or unlike ones by commas (rtx-3090,rtx-4090). */
  hardware?: Value | Value[];
  /** Further devices to set beside the first, by commas: each is estimated by itself with the same workload. */
  also?: Value | Value[];
  /** How many of them work together. */
  devices?: Value;
  /** How several devices share the model: a slice of every layer each, or whole layers each. */
  split?: string;
  /** Shares of the layers for each device where whole layers are dealt out, as llama.cpp has them: 3,1. By default by memory. */
  "tensor-split"?: Value | Value[];
  /** Devices that share each layer; automatic is all of them, divided by the pipeline's stages. */
  "tensor-parallel"?: Value;
  /** Stages of whole layers, one group of devices after the other. */
  "pipeline-parallel"?: Value;
  /** Devices over which whole experts are distributed, instead of slicing each expert. */
  "expert-parallel"?: Value;
  /** Whether the devices of a tensor-parallel group share the heads, or each keeps all of attention for sequences of its own. */
  "attention-parallel"?: string;
  /** The machine or cloud instance: its links, memory and price. */
  node?: string;
  /** RAM of the machine. Not given, there is taken to be enough of it. */
  "host-memory"?: Value;
  /** What of the model may stay in the machine's RAM: what does not fit, nothing, so many layers, or the experts of so many layers (experts:20, llama.cpp's --n-cpu-moe). */
  offload?: Value;
  /** The program that runs the model. It decides the KV cache layout and the prefill chunk size. */
  engine?: string;
  /** A benchmark sends so many requests and ends: it fills up first and runs empty at the end. Without a number the server runs in steady state. */
  requests?: Value;
  /** Whether all requests are equally long, or differ as recorded chats do. */
  lengths?: string;
  /** Most sequences the engine runs at once, on each device that has its own (vLLM --max-num-seqs, SGLang --max-running-requests, TensorRT-LLM --max_batch_size). */
  "max-sequences"?: Value;
  /** As `max-sequences`. */
  "max-num-seqs"?: Value;
  /** Longer prompts are cut into chunks of so many tokens (vLLM --max-num-batched-tokens, SGLang --chunked-prefill-size, TensorRT-LLM --max_num_tokens). */
  "max-batched-tokens"?: Value;
  /** As `max-batched-tokens`. */
  "max-num-batched-tokens"?: Value;
  /** Tokens of a prompt that llama.cpp runs at once (--ubatch-size); other engines ignore it. */
  "micro-batch"?: Value;
  /** As `micro-batch`. */
  "ubatch-size"?: Value;
  /** Number format of cached values, where it differs from that of keys. Models with latent attention keep no values. */
  "value-cache"?: string;
  /** As `value-cache`. */
  "cache-type-v"?: string;
  /** Whether scores of attention are written to memory. */
  attention?: string;
  /** Framework counters count all pairs of tokens; fused kernels compute only those a token can see. */
  "attention-flops"?: string;
  /** Which positions of the prompt are turned into scores over the vocabulary. */
  logits?: string;
  /** What models with latent attention (DeepSeek, Kimi) keep for each token. */
  "latent-cache"?: string;
  /** How long layers with a window keep keys and values: as long as the window needs them, or everything (llama.cpp's --swa-full). */
  "window-cache"?: string;
  /** Where keys and values lie: with their layers, or in the machine's RAM (llama.cpp's --no-kv-offload). */
  "cache-place"?: string;
  /** Memory the driver and the runtime take before anything is loaded. A CUDA context costs 0.3 to 0.6 GiB. */
  overhead?: Value;
  /** How much of a device's memory the engine may take (vLLM's gpu-memory-utilization, SGLang's mem-fraction-static). */
  "memory-fraction"?: Value;
  /** As `memory-fraction`. */
  "gpu-memory-utilization"?: Value;
  /** As `memory-fraction`. */
  "mem-fraction-static"?: Value;
  /** Share of the machine's RAM that is left to its operating system and other programs. */
  "host-reserve"?: Value;
  /** Operator by operator, or by the percentages many calculators add. */
  "memory-rule"?: string;
  /** Share of the device's peak rate that matrix products reach; automatic is what published measurements show. */
  "compute-efficiency"?: Value;
  /** Share of the device's bandwidth that reading weights and caches reaches; automatic is what published measurements show. */
  "bandwidth-efficiency"?: Value;
  /** What one device costs an hour, in US dollars; automatic is the node's, or what clouds ask for the device. */
  price?: Value;
  /** Prompt and answer together: the prompt is what `generate` leaves of it. */
  context?: Value;
  /** llama.cpp's: the experts of so many layers stay in RAM. */
  "n-cpu-moe"?: Value;
  /** llama.cpp's: layers with a window keep all tokens. */
  "swa-full"?: boolean;
  /** llama.cpp's: the cache lies in RAM. */
  "no-kv-offload"?: boolean;
  /** Whose habits decide precision, what is kept, the loss and what overlaps. One device: Transformers; several: FSDP to pretrain, DeepSpeed to fine-tune. */
  framework?: string;
  /** Sequences of an optimizer step, all devices together. */
  "global-batch"?: Value;
  /** Micro-batches whose gradients are added up before the optimizer runs. */
  "gradient-accumulation"?: Value;
  /** Devices that share the tokens of a sequence. */
  "context-parallel"?: Value;
  /** Norms and residuals are split over the devices that share a layer. On where layers are shared. */
  "sequence-parallel"?: string;
  /** How many chunks of layers each pipeline device has (interleaving). */
  "virtual-stages"?: Value;
  /** In which order a pipeline runs its micro-batches. */
  schedule?: string;
  /** What data-parallel devices share instead of each having a copy (ZeRO, FSDP). */
  zero?: string;
  /** Devices over which weights and states are sharded; more are replicas of that group (HSDP). */
  "shard-group"?: Value;
  /** Optimizer states lie in the machine's RAM and are updated there. */
  "optimizer-offload"?: string;
  /** What the backward pass needs is moved to RAM and back. */
  "activation-offload"?: string;
  /** Number formats of products, master weights and optimizer states. */
  precision?: string;
  /** Format of the weights that the optimizer updates. */
  "master-weights"?: string;
  /** Format in which gradients are kept and added up. */
  "grad-format"?: string;
  /** Format of the optimizer's moments. */
  "optimizer-format"?: string;
  /** What updates the weights, and how much it keeps for each. */
  optimizer?: string;
  /** Each parameter is updated as soon as its gradient is there, so that no gradient outlives its layer. */
  "optimizer-in-backward"?: string;
  /** Whether the scores over the vocabulary are in memory for all tokens at once. */
  loss?: string;
  /** Adds a magnitude for each output of an adapted layer. */
  dora?: string;
  /** Format of the frozen model under adapters; four bits is QLoRA. */
  "base-weights"?: string;
  /** Operators that work element by element are fused and keep less. */
  compile?: string;
  /** Tokens of the whole run, such as 300B or 2T: days, cost, energy and the expected loss follow. */
  tokens?: Value;
  /** Rank of the adapters that are trained beside the frozen model; none trains all parameters. */
  "lora-rank"?: Value;
  /** Which linear layers have adapters: attention, all-linear (all but the head), or a list of q,k,v,o,gate,up,down,head. */
  "lora-targets"?: string;
  /** Share of the peak that the model's own operations reach, such as 0.4; automatic is what published runs show. */
  mfu?: Value;
  /** Share of the calendar time in which the run moves on: restarts, evaluation and checkpoints take the rest. */
  goodput?: Value;
  /** What an encoder of text is trained for: masked-words, sequence-labels, token-labels, answers or embeddings; by itself as the config's class. */
  task?: string;
  /** How the learning rate goes after its warm-up: cosine, wsd, linear, inverse-sqrt or constant; no figure depends on it. */
  "lr-schedule"?: string;
  /** Share of the steps in which the learning rate rises to its peak. */
  "warm-up"?: Value;
  /** Whether answers of the model itself are reinforced, and how: grpo or ppo. */
  rl?: string;
  /** Tokens that the policy writes for each sequence. */
  "answer-tokens"?: Value;
  /** Whether a frozen copy holds the policy back (a KL term). */
  "reference-model"?: string;
  /** Another name of prompt: tokens of a sequence. */
  sequence?: Value;
}

/** A `config.json` as its models publish it. */
export type Config = Record<string, unknown>;

/** A model that was read from the Hub. Give it to `calculate` and `fit`; the engine keeps what it read as long as this object lives. */
export interface FetchedModel {
  /** Its name on the Hub, with the revision that was asked for. */
  readonly id: string;
  /** The commit it was read at, where the Hub told. */
  readonly commit: string | null;
  /** `hub`, or `GGUF header` where the config is a GGUF's own metadata. */
  readonly source: string;
  /** Its config; null where only headers are known. */
  readonly config: Config | null;
}

/** A built-in model by id or everyday name, a model that was fetched, or a config of your own under a name. */
export type Model = string | FetchedModel | { config: Config; id?: string };

/** What a question is about. `flags` go before what the link says. */
export interface Question {
  /** The model; not beside `config`. It goes before the link's. */
  model?: Model;
  /** A `config.json` of your own. */
  config?: Config;
  /** A link of the page or its query: `"?m=Qwen/Qwen3-8B&hw=rtx-4090"`. */
  link?: string;
  /** The flags of the command line. */
  flags?: Flags;
  /** Changes of keys of the config: `{ num_hidden_layers: 16 }`; null removes one. */
  edit?: Record<string, unknown>;
}

/** How to get at the Hub. */
export interface Access {
  /** The Hub or a mirror of it: https, or http on this machine. */
  endpoint?: string;
  /** A token for gated models. It goes to the endpoint alone and stands in no message. */
  token?: string;
  /** Stops it: the error has the code `cancelled`. */
  signal?: AbortSignal;
}

export type Verdict = "fits" | "offload" | "does_not_fit" | "unsupported";

export interface Notice {
  code: string;
  message: string;
}

/** Bytes of one device or of all of them. */
export interface Memory {
  weights_bytes: number;
  kv_cache_bytes: number;
  state_cache_bytes: number;
  activation_bytes: number;
  gradient_bytes: number;
  optimizer_bytes: number;
  /** What else is alive at the peak of a training step. */
  transient_bytes: number;
  peak_bytes: number;
  overhead_bytes: number;
  total_bytes: number;
}

export interface Fit {
  verdict: Verdict;
  capacity_bytes: number;
  device_bytes: number;
  headroom_bytes: number;
  missing_bytes: number;
  max_context: number;
  max_batch: number;
  /** What lies in RAM, if anything. */
  offload: unknown;
  why: string;
}

/** Expected, with the interval of eight in ten measurements. */
export interface Speed {
  /** Of the pass that the mode names; the other is not there. */
  prefill_seconds?: number;
  decode_seconds_per_token?: number;
  tokens_per_second: number;
  tokens_per_second_low: number | null;
  tokens_per_second_high: number | null;
  basis: string;
  bound: string;
  nearest: unknown[];
  [key: string]: unknown;
}

/** The answer of `weighbridge estimate --format json`. Parts that need a device are there with one. */
export interface Estimate {
  weighbridge: string;
  /** The page's query for the same question; null where a config is too long for one. */
  link: string | null;
  model: {
    id: string;
    model_type: string;
    family: string;
    layers: number;
    hidden: number;
    vocabulary: number;
    max_context: number | null;
    attention: string;
    experts: string | null;
    tied: boolean;
    source: string;
  };
  mode: string;
  engine: string;
  formats: Record<string, string | null>;
  parameters: { total: number; active: number; by_component: Record<string, number>; beside: { name: string; elements: number }[] };
  memory: Memory & {
    weights_by_component: Record<string, number>;
    kv_cache_bytes_per_token: number;
    state_bytes_per_sequence: number;
    per_rank: unknown[];
  };
  compute: {
    flops: number;
    matmul_flops: number;
    bytes: number;
    intensity: number;
    by_component: Record<string, Record<string, unknown>>;
  };
  hardware?: { id: string; name: string; memory_bytes: number; devices: number; layout: unknown };
  fit?: Fit;
  speed?: Speed;
  serving?: Record<string, unknown>;
  /** Config against the headers of the weight files, where they were read. */
  headers?: Record<string, unknown>;
  launch: { command: string | null; language?: string; flags?: { flag: string; value: string; why: string }[]; notes?: string[]; why?: string };
  cost: Record<string, unknown> | null;
  answers?: Record<string, unknown> | null;
  notices: Notice[];
}

/** A row of `weighbridge fit MODEL --format json`: a device and a format, best verdict first. */
export interface DeviceRow {
  hardware: string;
  name: string;
  devices: number;
  format: string;
  engine: string;
  verdict: Verdict;
  support: "native" | "weight-only" | "emulated" | "no";
  why: string;
  needed_bytes: number;
  capacity_bytes: number;
  headroom_bytes: number;
  missing_bytes: number;
  offload: unknown;
  tokens_per_second: number | null;
  tokens_per_second_low: number | null;
  tokens_per_second_high: number | null;
  prefill_seconds: number | null;
  price_usd_per_hour: number | null;
  price_source: string | null;
}

/** A row of `weighbridge fit --hardware ID --models all --format json`: a model at its best on a device. */
export interface ModelRow {
  model: { id: string; name: string; licence: string | null; released: string | null; reads: string[] };
  parameters: { total: number; active: number };
  hardware: string;
  devices: number;
  format: string;
  method: string;
  bits_per_weight: number;
  loss: "nothing" | "almost" | "small" | "noticeable" | "heavy" | "unknown";
  engine: string;
  verdict: Verdict;
  why: string;
  needed_bytes: number;
  capacity_bytes: number;
  missing_bytes: number;
  offload: string | null;
  tokens_per_second: number | null;
  tokens_per_second_low: number | null;
  tokens_per_second_high: number | null;
  max_context: number | null;
  max_batch: number | null;
  link: string;
}

/** A model of the list that cannot be answered. */
export interface RefusedRow {
  model: { id: string };
  error: Notice;
}

export interface BuiltInModel {
  id: string;
  name: string;
  family: string;
  parameters: number | null;
  licence: string | null;
  gated: boolean | null;
  released: string | null;
  source: string;
}

/** A row of `data/devices.csv`. */
export interface Device {
  id: string;
  name: string;
  memory_bytes: number;
  bandwidth_bytes_per_s: number;
  source: string;
  [key: string]: unknown;
}

/** A model as the Hub lists it; what it does not tell is null. */
export interface ListedModel {
  id: string;
  parameters: number | null;
  bytes: number | null;
  downloads: number | null;
  gated: boolean;
  tags: string[];
}

/** What every function here throws where it refuses. */
export class WeighbridgeError extends Error {
  /** Stable, for programs. The command line has the same. */
  readonly code: string;
}

/** The built-in models. */
export function listModels(): BuiltInModel[];

/** The built-in devices; with `nodes` machines and cloud instances instead. */
export function listHardware(options?: { nodes?: false }): Device[];
export function listHardware(options: { nodes: true }): Record<string, unknown>[];

/**
 * Reads a model from the Hub, with `fetch`.
 *
 * @param id `owner/name`, `owner/name@revision`, or an address on the Hub.
 * @param access With `headers` the headers of its weight files too (never the weights): then its bytes are the files' own.
 */
export function fetchModel(id: string, access?: Access & { headers?: boolean }): Promise<FetchedModel>;

/** Models of the Hub whose names hold a text, most downloaded first; 20 of them, or as many as `limit` says (100 at most). */
export function searchModels(text: string, access?: Access & { limit?: number }): Promise<ListedModel[]>;

/** One estimate. With `answers` also what it would take: longest context, most users, best format, cheapest hardware. */
export function calculate(question: Question & { answers?: boolean }): Estimate;

/** What runs on `flags.hardware`: each of these models, or all built-in ones, in the format that is best there. */
export function fit(question: { models: "all" | Model[]; flags: Flags; link?: string; edit?: Record<string, unknown> }): (ModelRow | RefusedRow)[];
/** The verdict on every device, in each of these formats (`"all"` is twelve usual ones), or as published. */
export function fit(question: Question & { formats?: string | string[] }): DeviceRow[];
