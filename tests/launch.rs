//! Commands that run what was weighed: each engine's, with offload, on several devices, and with names that would do harm.

#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use std::borrow::Cow;

use weighbridge::analysis::{Launch, Question, analyse, launch};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{AttentionParallel, Engine, KvFormat, Mode, ModelSource, Offload, Scenario, weight_key};

fn command(id: &str, scenario: Scenario) -> Result<Launch, Cow<'static, str>> {
    let blueprint = Blueprint::from_value(catalogue::find(id).unwrap().config.clone()).unwrap();
    let named = matches!(&scenario.model, ModelSource::Id(id) if !id.is_empty());
    let scenario = Scenario {
        model: if named {
            scenario.model.clone()
        } else {
            ModelSource::Id(id.to_owned())
        },
        ..scenario
    };
    let analysis = analyse(&blueprint, &scenario).unwrap();
    launch(&Question::new(&blueprint, &scenario).unwrap(), &analysis)
}

fn on(device: &str, engine: Engine, weights: &str) -> Scenario {
    Scenario {
        hardware: Some(device.to_owned()),
        engine: Some(engine),
        weights: weight_key(weights),
        prompt: 4000,
        generate: Some(1000),
        ..Scenario::default()
    }
}

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

#[test]
fn each_engine_has_its_command() {
    let eight = |scenario| Scenario { batch: 8, ..scenario };
    let cases = [
        eight(on("l40s", Engine::Vllm, "fp8")),
        eight(on("l40s", Engine::Sglang, "awq")),
        eight(on("h100-sxm", Engine::TensorRtLlm, "fp8")),
        Scenario {
            kv_cache: KvFormat::Q8_0,
            value_cache: KvFormat::Q8_0,
            ..eight(on("rtx-4090", Engine::LlamaCpp, "q4_k_m"))
        },
        on("apple-m4-max-40c", Engine::Mlx, "mlx-q4"),
        on("rtx-4090", Engine::Transformers, "nf4"),
        on("rtx-4090", Engine::ExLlamaV2, "exl2-4.0"),
        on("rtx-4090", Engine::ExLlamaV3, "exl3-4.0"),
    ];
    let mut all = String::new();
    for scenario in cases {
        let engine = scenario.engine.unwrap().label();
        let found = command(LLAMA, scenario).unwrap_or_else(|why| Launch {
            language: "none",
            command: why.into_owned(),
            flags: Vec::new(),
        });
        all.push_str(&format!("== {engine} ({})\n{}\n", found.language, found.command));
        for flag in &found.flags {
            all.push_str(&format!("  {} : {}\n", flag.text.trim(), flag.why));
        }
    }
    insta::assert_snapshot!("launch", all);
}

#[test]
fn several_devices_and_offload_are_in_it() {
    let several = Scenario {
        devices: 8,
        tensor: Some(4),
        pipeline: 2,
        ..on("h100-sxm", Engine::Vllm, "bf16")
    };
    let text = command("Qwen/Qwen2.5-72B-Instruct", several).unwrap().command;
    assert!(
        text.contains("--tensor-parallel-size 4") && text.contains("--pipeline-parallel-size 2"),
        "{text}"
    );
    let own = Scenario {
        devices: 8,
        expert: 8,
        attention_parallel: AttentionParallel::Dp,
        mode: Mode::Serve,
        batch: 64,
        ..on("h200-sxm", Engine::Sglang, "fp8")
    };
    let text = command("deepseek-ai/DeepSeek-R1", own).unwrap().command;
    assert!(
        text.contains("--ep-size 8") && text.contains("--dp-size 8 --enable-dp-attention"),
        "{text}"
    );
    // Dense: whole layers in RAM. Experts: theirs first.
    let text = command("Qwen/Qwen2.5-72B-Instruct", on("rtx-4090", Engine::LlamaCpp, "q4_k_m"))
        .unwrap()
        .command;
    let layers: u64 = text
        .split("-ngl ")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(layers > 10 && layers < 80, "{text}");
    let text = command("openai/gpt-oss-120b", on("rtx-4090", Engine::LlamaCpp, "mxfp4"))
        .unwrap()
        .command;
    assert!(text.contains("-ngl 999") && text.contains("--n-cpu-moe "), "{text}");
    let text = command("Qwen/Qwen2.5-72B-Instruct", on("a100-sxm4-80gb", Engine::Vllm, "bf16"))
        .unwrap()
        .command;
    assert!(text.contains("--cpu-offload-gb "), "{text}");
}

#[test]
fn what_does_not_run_has_no_command() {
    let none = Scenario {
        offload: Offload::None,
        ..on("rtx-4090", Engine::Vllm, "bf16")
    };
    assert!(
        command("Qwen/Qwen2.5-72B-Instruct", none)
            .unwrap_err()
            .contains("does not fit")
    );
    assert!(
        command(LLAMA, on("t4", Engine::Vllm, "fp8"))
            .unwrap_err()
            .contains("does not run it there")
    );
    assert!(command(LLAMA, Scenario::default()).unwrap_err().contains("device"));
    let training = Scenario {
        mode: Mode::Pretrain,
        ..on("h100-sxm", Engine::Vllm, "bf16")
    };
    assert!(command(LLAMA, training).is_err());
}

/// What a shell makes of a text: it must be one word.
fn word(text: &str) -> String {
    let script = format!("printf '%s\\n' {text}");
    let out = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let lines: Vec<String> = String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert_eq!(lines.len(), 1, "{text}: {lines:?}");
    lines.into_iter().next().unwrap()
}

#[test]
fn names_do_no_harm() {
    for name in [
        "a/b; rm -rf ~",
        "a/$(reboot)",
        "it's/`x`",
        "--help",
        "a/b\nreboot",
        "a/\"); import os",
    ] {
        for engine in [Engine::Vllm, Engine::LlamaCpp, Engine::Transformers] {
            let weights = if engine == Engine::LlamaCpp { "q8_0" } else { "bf16" };
            let scenario = Scenario {
                model: ModelSource::Id(name.to_owned()),
                ..on("h100-sxm", engine, weights)
            };
            let found = command(LLAMA, scenario).unwrap();
            let read = match engine {
                Engine::Transformers => {
                    let line = found
                        .flags
                        .iter()
                        .find_map(|flag| flag.text.strip_prefix("name = "))
                        .unwrap();
                    serde_json::from_str::<String>(line).unwrap()
                }
                Engine::Vllm => word(
                    found
                        .flags
                        .iter()
                        .find_map(|flag| flag.text.strip_prefix("vllm serve "))
                        .unwrap(),
                ),
                _ => word(
                    found
                        .flags
                        .iter()
                        .find_map(|flag| flag.text.strip_prefix("llama-server -m "))
                        .unwrap(),
                ),
            };
            let clean: String = name.chars().filter(|sign| !sign.is_control()).collect();
            match engine {
                Engine::LlamaCpp => assert!(read.ends_with("-Q8_0.gguf"), "{read}"),
                Engine::Vllm if clean.starts_with('-') => assert_eq!(read, format!("./{clean}")),
                _ => assert_eq!(read, clean),
            }
        }
    }
}
