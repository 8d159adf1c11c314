//! The commands that start engines: one of each as a snapshot, hostile names, offload, refusals.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::sync::Arc;

use strum::IntoEnumIterator;
use support::engine::{blueprint, scenario};
use weighbridge::analysis::launch::quote;
use weighbridge::analysis::{Launch, analyse, launch};
use weighbridge::hardware::Engine;
use weighbridge::model::Blueprint;
use weighbridge::scenario::Scenario;

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

fn start(model: &str, name: &str, query: &str) -> Result<Launch, String> {
    of(&blueprint(model), &scenario(query), name)
}

fn of(blueprint: &Arc<Blueprint>, scenario: &Scenario, name: &str) -> Result<Launch, String> {
    launch(&analyse(blueprint, scenario).unwrap(), name)
}

fn value<'a>(launch: &'a Launch, flag: &str) -> &'a str {
    let found = launch.flags.iter().find(|one| one.flag == flag);
    &found.unwrap_or_else(|| panic!("{flag} in {}", launch.command)).value
}

#[test]
fn one_of_each_engine() {
    let mut said = String::new();
    for (model, query) in [
        (LLAMA, "e=vllm&hw=h100-sxm&n=4&tp=2&pp=2&b=32&p=8192&g=1024&kv=fp8"),
        (LLAMA, "e=vllm&hw=rtx-4090&w=awq&p=4096"),
        (LLAMA, "e=vllm&hw=t4&n=2&w=fp16&p=1000"),
        ("deepseek-ai/DeepSeek-V3.1", "e=vllm&hw=h200-sxm&n=8&ep=8&ap=dp&b=64"),
        (
            "deepseek-ai/DeepSeek-V3.1",
            "e=sglang&hw=h200-sxm&n=8&ep=8&ap=dp&b=64&kv=fp8",
        ),
        (
            "deepseek-ai/DeepSeek-V3.1",
            "e=tensorrt-llm&hw=b200-sxm&n=8&ep=8&ap=dp&b=64&kv=fp8&p=16000",
        ),
        (LLAMA, "e=sglang&hw=rtx-4090&w=fp8&p=8192&b=4"),
        (LLAMA, "e=llama.cpp&hw=rtx-3090&n=2&w=q8_0&kv=q8_0&kvv=q4_0&p=30000&b=3"),
        (LLAMA, "e=mlx&hw=apple-m4-pro&w=mlx-q4-g32&kv=mlx-q8&p=4000"),
        (LLAMA, "e=mlx&hw=apple-m4-pro&w=mlx-q4&mode=serve&b=4&p=4000"),
        (LLAMA, "e=transformers&hw=rtx-4090&w=nf4-dq&b=4"),
        (LLAMA, "e=exllamav2&hw=rtx-4090&w=exl2-4.0&p=8000&kv=q8_0"),
        (LLAMA, "e=exllamav3&hw=rtx-4090&n=2&w=exl3-4.0&p=8000&b=2"),
    ] {
        let made = start(model, model, query).unwrap();
        said.push_str(&format!("## {query}\n{}\n", made.commented()));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn what_lies_in_ram_is_said() {
    // Whole layers: 80 of them do not fit on 24 GiB.
    let made = start(
        "meta-llama/Llama-3.1-70B-Instruct",
        "x/y",
        "e=llama.cpp&hw=rtx-4090&w=q4_k_m&p=4096",
    )
    .unwrap();
    let on_device: u64 = value(&made, "-ngl").parse().unwrap();
    assert!((20..81).contains(&on_device), "{}", made.command);
    assert!(!made.command.contains("--n-cpu-moe"));
    // Experts first. The first three layers of this model have none, and count all the same.
    let made = start(
        "deepseek-ai/DeepSeek-V3.1",
        "x/y",
        "e=llama.cpp&hw=h100-sxm&w=q4_k_m&p=4096",
    )
    .unwrap();
    assert_eq!(value(&made, "-ngl"), "62");
    let first: u64 = value(&made, "--n-cpu-moe").parse().unwrap();
    let why = &made.flags.iter().find(|flag| flag.flag == "--n-cpu-moe").unwrap().why;
    assert!(why.contains(&format!("first {} layers", first - 3)), "{first}: {why}");
    // A server copies weights for each pass, so many GiB on each device.
    let made = start(LLAMA, LLAMA, "e=vllm&hw=rtx-3060-12gb&p=2000").unwrap();
    let moved: f64 = value(&made, "--cpu-offload-gb").parse().unwrap();
    assert!((4.0..9.0).contains(&moved), "{moved}");
    let made = start(LLAMA, LLAMA, "e=transformers&hw=rtx-3060-12gb&p=2000").unwrap();
    assert!(made.command.contains("max_memory={0: \""), "{}", made.command);
}

#[test]
fn what_cannot_run_has_no_command() {
    for (query, word) in [
        ("e=vllm&hw=rtx-3060-12gb&off=none", "missing"),
        ("e=mlx&hw=rtx-4090", "does not run"),
        ("mode=pretrain&hw=rtx-4090", "missing"),
        ("e=llama.cpp&hw=h100-sxm&n=4&tp=2&pp=2&w=q8_0", "no other way"),
    ] {
        let why = start(LLAMA, LLAMA, query).unwrap_err();
        assert!(why.contains(word), "{query}: {why}");
    }
    // A server that holds back what does not fit at once does start.
    let made = start(LLAMA, LLAMA, "e=vllm&hw=rtx-4090&mode=serve&b=5000&p=4000&off=none").unwrap();
    let running: u64 = value(&made, "--max-num-seqs").parse().unwrap();
    assert!((2..200).contains(&running), "{running}");
}

#[test]
fn a_path_is_made_of_what_was_found() {
    for (name, flag) in [
        ("models/llama/config.json", "models/llama"),
        ("config.json", "."),
        ("models/llama/model.safetensors", "models/llama"),
        ("", "MODEL"),
    ] {
        assert_eq!(start(LLAMA, name, "e=vllm&hw=rtx-4090").unwrap().flags[0].value, flag);
    }
    let made = start(LLAMA, "a/b@main", "e=vllm&hw=rtx-4090").unwrap();
    assert_eq!(
        (made.flags[0].value.as_str(), value(&made, "--revision")),
        ("a/b", "main")
    );
    let made = start(LLAMA, "me/Some-GGUF", "e=llama.cpp&hw=rtx-4090&w=q4_k_m").unwrap();
    assert_eq!(value(&made, "-hf"), "me/Some-GGUF:Q4_K_M");
    let made = start(LLAMA, "./a b.gguf", "e=llama.cpp&hw=rtx-4090&w=q4_k_m").unwrap();
    assert!(made.command.contains("-m './a b.gguf'"), "{}", made.command);
}

const HOSTILE: &[&str] = &[
    "a; touch /tmp/x",
    "$(touch /tmp/x)",
    "`touch /tmp/x`",
    "'; touch /tmp/x; '",
    "\"); import os; os.system('id') #",
    "a\ntouch /tmp/x\n",
    "a\r\u{1b}[2Kb",
    "--help",
    "-rf/x",
    "a\\",
    "a\0b",
    "\u{202e}gnp.exe",
    "!!",
    "*",
    "a@$(id)",
    "EOF\ntouch /tmp/x",
    "../../etc/passwd",
    "é ü 漢",
];

/// Whatever a model is called, each line of a command is one that was meant, and each comment stays one.
#[test]
fn hostile_names_stay_text() {
    let formats = ["auto", "awq", "q4_k_m", "mlx-q4", "exl3-4.0", "nf4"];
    for name in HOSTILE {
        for engine in Engine::iter() {
            for format in formats {
                let Ok(made) = start(LLAMA, name, &format!("e={}&w={format}", engine.key())) else {
                    continue;
                };
                let plain = start(LLAMA, "owner/name", &format!("e={}&w={format}", engine.key())).unwrap();
                let lines = |launch: &Launch| launch.command.lines().count();
                assert!(
                    lines(&made).abs_diff(lines(&plain)) <= 1,
                    "{name:?} {engine:?}: {}",
                    made.command
                );
                for line in made.commented().lines() {
                    assert!(!line.starts_with("touch"), "{name:?} {engine:?}: {line}");
                    assert!(!line.chars().any(char::is_control));
                }
            }
        }
    }
}

/// A shell gives back the very words.
#[cfg(unix)]
#[test]
fn a_shell_reads_what_was_meant() {
    for name in HOSTILE {
        let script = format!("printf %s {}", quote::shell(name));
        let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
        let clean = quote::clean(name);
        let said = String::from_utf8(said.stdout).unwrap();
        assert_eq!(
            said.strip_prefix("./").unwrap_or(&said),
            clean.strip_prefix("./").unwrap_or(&clean),
            "{name:?}"
        );
    }
}
