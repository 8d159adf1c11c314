//! The command line as scripts see it: whole outputs as snapshots, refusals with exit status 2.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use serde_json::Value;
use support::command::{json, run, text};

#[test]
fn estimates() {
    insta::assert_snapshot!(
        "llama_on_a_4090",
        text(&[
            "estimate",
            "meta-llama/Llama-3.1-8B-Instruct",
            "--hardware",
            "rtx-4090",
            "--prompt",
            "8192",
            "--generate",
            "512"
        ])
    );
    insta::assert_snapshot!(
        "deepseek_prefill",
        text(&[
            "estimate",
            "deepseek-ai/DeepSeek-V3.1-Terminus",
            "--mode",
            "prefill",
            "--prompt",
            "32768",
            "--hardware",
            "h200-sxm"
        ])
    );
    insta::assert_snapshot!(
        "smollm_pretrain",
        text(&[
            "estimate",
            "HuggingFaceTB/SmolLM3-3B",
            "--mode",
            "pretrain",
            "--batch",
            "4",
            "--prompt",
            "4096",
            "--hardware",
            "h100-sxm",
            "--recompute",
            "full"
        ])
    );
    insta::assert_snapshot!(
        "gpt_oss_json",
        text(&[
            "estimate",
            "openai/gpt-oss-20b",
            "--hardware",
            "rtx-5090",
            "--batch",
            "8",
            "--format",
            "json"
        ])
    );
    insta::assert_snapshot!(
        "qwen_markdown",
        text(&["estimate", "Qwen/Qwen3-30B-A3B-FP8", "--format", "markdown"])
    );
    insta::assert_snapshot!(
        "phi_csv",
        text(&[
            "estimate",
            "microsoft/Phi-3.5-mini-instruct",
            "--format",
            "csv",
            "--weights",
            "awq"
        ])
    );
}

#[test]
fn blueprints() {
    insta::assert_snapshot!(
        "gpt_oss_tree",
        text(&["inspect", "openai/gpt-oss-20b", "--format", "tree"])
    );
    insta::assert_snapshot!("gemma_table", text(&["inspect", "google/gemma-2-2b-it"]));
    insta::assert_snapshot!(
        "deepseek_inspect_json",
        text(&["inspect", "deepseek-ai/DeepSeek-R1", "--format", "json"])
    );
}

#[test]
fn launch_commands() {
    let asked = [
        "estimate",
        "openai/gpt-oss-120b",
        "--hardware",
        "rtx-4090",
        "--engine",
        "llama.cpp",
    ];
    let said = text(&[&asked[..], &["--launch"]].concat());
    assert!(said.contains("\nllama-server \\\n"), "{said}");
    let answer = json(&asked);
    assert_eq!(answer["launch"]["language"], "shell");
    assert!(said.ends_with(&format!("{}\n", answer["launch"]["command"].as_str().unwrap())));
    let flags = answer["launch"]["flags"].as_array().unwrap();
    assert!(flags.iter().any(|flag| flag["flag"] == "--n-cpu-moe"));
    // What does not fit has a reason instead.
    let none = [
        "estimate",
        "openai/gpt-oss-120b",
        "--hardware",
        "rtx-4090",
        "--engine",
        "vllm",
        "--offload",
        "none",
    ];
    assert_eq!(json(&none)["launch"]["command"], Value::Null);
    let output = run(&[&none[..], &["--launch=only"]].concat());
    assert_eq!(output.status.code(), Some(2));
    let beside = text(&[&none[..], &["--launch"]].concat());
    assert!(
        beside.contains("\nMemory\n") && beside.contains("\nStart it\n"),
        "{beside}"
    );
}

#[test]
fn what_it_would_take() {
    let asked = [
        "estimate",
        "meta-llama/Llama-3.1-70B-Instruct",
        "--hardware",
        "h100-sxm",
    ];
    assert!(json(&asked).get("answers").is_none());
    let answer = &json(&[&asked[..], &["--answers"]].concat())["answers"];
    for key in ["context", "users", "format", "cheapest", "degree"] {
        assert!(answer[key]["words"].as_str().unwrap().len() > 20, "{key}");
    }
    assert_eq!(answer["degree"]["devices"], 2);
    let said = text(&[&asked[..], &["--answers"]].concat());
    assert!(said.contains(answer["cheapest"]["words"].as_str().unwrap()), "{said}");
    // Without a device there is nothing to answer.
    assert_eq!(
        json(&["estimate", "Qwen/Qwen3-0.6B", "--answers"])["answers"],
        Value::Null
    );
}

#[test]
fn comparison() {
    insta::assert_snapshot!(
        "compare",
        text(&[
            "compare",
            "Qwen/Qwen3-32B",
            "deepseek-ai/DeepSeek-R1",
            "--weights",
            "fp8",
            "--hardware",
            "h200-sxm"
        ])
    );
}

/// Devices, formats and whole cases are columns too; JSON stays a list of estimates.
#[test]
fn comparisons_of_devices_formats_and_links() {
    let asked = [
        "compare",
        "Qwen/Qwen3-8B",
        "--hardware",
        "rtx-4090",
        "--also",
        "rtx-5090",
        "--formats",
        "fp8,q4_k_m",
    ];
    let all = json(&asked);
    let links: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["link"].as_str().unwrap())
        .collect();
    assert_eq!(
        links,
        [
            "?m=Qwen/Qwen3-8B&w=fp8&hw=rtx-4090",
            "?m=Qwen/Qwen3-8B&w=q4_k_m&hw=rtx-4090",
            "?m=Qwen/Qwen3-8B&w=fp8&hw=rtx-5090",
            "?m=Qwen/Qwen3-8B&w=q4_k_m&hw=rtx-5090"
        ]
    );
    // A link is a whole case: the flags are not its.
    let link = "https://weighbridge.example/?m=Qwen/Qwen3-8B&hw=rtx-3090&w=awq";
    let both = "?compare=m=Qwen/Qwen3-0.6B%26p=100&compare=m=Qwen/Qwen3-8B%26hw=rtx-3090%26w=awq";
    let all = json(&["compare", link, both, "Qwen/Qwen3-0.6B", "--prompt", "4096"]);
    let links: Vec<&str> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["link"].as_str().unwrap())
        .collect();
    assert_eq!(
        links,
        [
            "?m=Qwen/Qwen3-8B&w=awq&hw=rtx-3090",
            "?m=Qwen/Qwen3-0.6B&p=100",
            "?m=Qwen/Qwen3-8B&w=awq&hw=rtx-3090",
            "?m=Qwen/Qwen3-0.6B&p=4096"
        ]
    );
    assert_eq!(all[0], all[2]);
    let csv = text(&["compare", link, "m=openai/gpt-oss-20b&hw=rtx-3090", "--format", "csv"]);
    assert!(
        csv.starts_with("figure,unit,Qwen/Qwen3-8B,openai/gpt-oss-20b\nHardware,,RTX 3090,RTX 3090\n"),
        "{csv}"
    );
    // Nothing that no link may name is read: a path, a value that is none.
    for (link, code) in [
        ("m=./Cargo.toml", "model_local_path"),
        ("m=Qwen/Qwen3-8B&b=many", "bad_link"),
        ("hw=rtx-3090&m=", "no_model"),
    ] {
        let output = run(&["compare", link, "--format", "json"]);
        assert_eq!(output.status.code(), Some(2), "{link}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["error"]["code"], code, "{said}");
    }
}

/// The keys which scripts rely on.
#[test]
fn the_contract_of_estimate() {
    let answer = json(&["estimate", "Qwen/Qwen2.5-7B-Instruct", "--hardware", "rtx-4090"]);
    for path in [
        "/model/id",
        "/model/model_type",
        "/model/layers",
        "/model/source",
        "/engine",
        "/parameters/total",
        "/parameters/active",
        "/parameters/by_component/mlp",
        "/memory/weights_bytes",
        "/memory/kv_cache_bytes",
        "/memory/kv_cache_bytes_per_token",
        "/memory/state_bytes_per_sequence",
        "/memory/activation_bytes",
        "/memory/gradient_bytes",
        "/memory/optimizer_bytes",
        "/memory/peak_bytes",
        "/memory/overhead_bytes",
        "/memory/total_bytes",
        "/memory/per_rank/0",
        "/compute/flops",
        "/compute/matmul_flops",
        "/compute/bytes",
        "/compute/intensity",
        "/compute/by_component/mlp/flops",
        "/compute/by_component/mlp/bytes",
        "/compute/by_component/mlp/intensity",
        "/compute/by_component/mlp/seconds",
        "/compute/by_component/mlp/bound",
        "/speed/prefill_seconds",
        "/speed/decode_seconds_per_token",
        "/speed/tokens_per_second",
        "/fit/verdict",
        "/fit/capacity_bytes",
        "/fit/headroom_bytes",
        "/fit/max_context",
        "/fit/max_batch",
        "/notices/0/code",
        "/notices/0/message",
    ] {
        assert!(answer.pointer(path).is_some_and(|value| !value.is_null()), "{path}");
    }
    let without = json(&["estimate", "Qwen/Qwen2.5-7B-Instruct"]);
    assert!(
        without.get("speed").is_none() && without.get("fit").is_none(),
        "no device, no speed and no fit"
    );
}

/// A link made by the command line gives the same numbers when its parts are given as flags again.
#[test]
fn flags_and_links_agree() {
    let answer = json(&[
        "estimate",
        "Qwen/Qwen2.5-7B-Instruct",
        "--prompt",
        "4096",
        "--weights",
        "int8",
        "--kv-cache",
        "fp8",
        "--hardware",
        "l4",
    ]);
    assert_eq!(answer["link"], "?m=Qwen/Qwen2.5-7B-Instruct&p=4096&w=int8&kv=fp8&hw=l4");
}

#[test]
fn edits_change_the_model() {
    let answer = json(&[
        "estimate",
        "meta-llama/Llama-3.1-8B-Instruct",
        "--edit",
        "num_hidden_layers=16",
        "--edit",
        "tie_word_embeddings=true",
    ]);
    assert_eq!(answer["parameters"]["total"], 525_336_576u64 + 16 * 218_112_000 + 4096);
}

#[test]
fn bad_configs_are_refused_in_words() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bad_configs");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut said = String::new();
    for name in names {
        let path = format!("tests/bad_configs/{name}");
        let output = run(&["estimate", &path, "--format", "json"]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(line.lines().count(), 1, "{name}: {line}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(line.contains(message), "{name}");
        said.push_str(&format!(
            "{name}\n  {}: {}\n",
            answer["error"]["code"].as_str().unwrap(),
            message.replace(&format!("{path}: "), "")
        ));
    }
    insta::assert_snapshot!("bad_configs", said);
}

#[test]
fn refusals() {
    let mut said = String::new();
    for arguments in [
        &[
            "estimate",
            "Qwen/Qwen2.5-7B-Instruct",
            "--mode",
            "finetune",
            "--base-weights",
            "nf4",
        ][..],
        &[
            "estimate",
            "Qwen/Qwen2.5-7B-Instruct",
            "--devices",
            "8",
            "--tensor-parallel",
            "3",
        ],
        &[
            "estimate",
            "Qwen/Qwen2.5-7B-Instruct",
            "--devices",
            "8",
            "--expert-parallel",
            "5",
        ],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--price", "free"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--mode", "sing"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--batch", "0"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--prompt", "many"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--weights", "int3"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--hardware", "abacus"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--engine", "steam"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--overhead", "3 parsecs"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--edit", "hidden_size"],
        &["estimate", "Qwen/Qwen2.5-7B-Instruct", "--edit", "hidden_size=\"wide\""],
        &["estimate", "https://huggingface.co/datasets/squad"],
        &["estimate", "somebody/somemodel"],
        &["inspect", "weights.safetensors/../x"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        said.push_str(&format!(
            "{}\n  {}",
            arguments.join(" "),
            String::from_utf8(output.stderr).unwrap()
        ));
    }
    insta::assert_snapshot!("refusals", said);
}

#[test]
fn tables_and_help() {
    assert!(json(&["models"]).as_array().unwrap().len() >= 40);
    assert!(json(&["hardware"]).as_array().unwrap().len() >= 225);
    assert!(
        text(&["hardware", "--format", "csv"])
            .lines()
            .nth(1)
            .unwrap()
            .starts_with("gtx-")
    );
    assert!(text(&["completions", "bash"]).contains("--kv-cache"));
    let help = text(&["estimate", "--help"]);
    for knob in weighbridge::scenario::KNOBS.iter() {
        assert!(help.contains(&format!("--{}", knob.flag)), "{}", knob.flag);
    }
    assert!(text(&["--help"]).contains("weighbridge estimate Qwen/Qwen2.5-7B-Instruct --hardware 4090"));
}

/// Where the config does not say how the weights are stored, a file beside it may.
#[test]
fn files_beside_a_config_are_read() {
    let folder = support::fresh_folder("beside");
    let config = support::checkpoint::config("torch_dtype", serde_json::json!("bfloat16"));
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let weights = |path: &std::path::Path| {
        let answer = json(&["estimate", path.to_str().unwrap(), "--engine", "vllm"]);
        (
            answer["formats"]["weights"].clone(),
            answer["formats"]["kv_cache"].clone(),
        )
    };
    assert_eq!(weights(&folder).0, "bf16");
    let beside =
        r#"{"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8", "exclude_modules": ["lm_head"]}}"#;
    std::fs::write(folder.join("hf_quant_config.json"), beside).unwrap();
    for path in [folder.clone(), folder.join("config.json")] {
        assert_eq!(weights(&path), (Value::from("fp8"), Value::from("fp8")));
    }
}

/// A list keeps its order, says what cannot be answered in its place, and fails only where nothing can.
#[test]
fn a_batch_answers_row_by_row() {
    let folder = std::env::temp_dir().join(format!("weighbridge-batch-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("models.csv");
    std::fs::write(
        &file,
        "downloads,model\n3,Qwen/Qwen3-8B\n2,not a model\n1,m=Qwen/Qwen3-32B&hw=rtx-5090&w=awq\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let out = run(&["batch", file, "--hardware", "rtx-4090", "--format", "json"]);
    assert!(out.status.success());
    let lines: Vec<Value> = String::from_utf8(out.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[0]["model"]["id"], &lines[0]["line"]),
        (&"Qwen/Qwen3-8B".into(), &2.into())
    );
    assert_eq!(
        (&lines[1]["asked"], &lines[1]["error"]["code"]),
        (&"not a model".into(), &"model_bad_character".into())
    );
    assert_eq!(
        (&lines[2]["model"]["id"], &lines[2]["engine"]),
        (&"Qwen/Qwen3-32B".into(), &"vllm".into())
    );
    assert_eq!(
        String::from_utf8_lossy(&out.stderr),
        "1 could not be answered: the reason stands in their rows.\n"
    );
    // In its best format, as a table of rows.
    let best = text(&[
        "batch",
        file,
        "--hardware",
        "rtx-4090",
        "--formats",
        "best",
        "--format",
        "csv",
    ]);
    let mut lines = best.lines();
    assert_eq!(
        lines.next(),
        Some(
            "model,parameters,format,engine,verdict,\"needs, bytes\",tokens/s,\"tokens/s, low\",\"tokens/s, high\",\"first token, s\",longest context"
        )
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("Qwen/Qwen3-8B,8190735360,BF16,vLLM,fits,1")),
        "{best}"
    );
    let none = folder.join("none.txt");
    std::fs::write(&none, "not a model\n").unwrap();
    let out = run(&["batch", none.to_str().unwrap(), "--hardware", "rtx-4090"]);
    assert_eq!(out.status.code(), Some(2));
    let missing = run(&["batch", file, "--column", "nothing"]);
    let said = String::from_utf8_lossy(&missing.stderr).into_owned();
    assert!(
        said.contains("The list has no column \"nothing\". It has: downloads, model."),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn what_runs_on_a_device() {
    let all = json(&["fit", "--hardware", "rtx-4090", "--models", "all"]);
    let rows = all.as_array().unwrap();
    assert!(rows.len() > 150, "{}", rows.len());
    // What fits comes first, the largest of it at the head.
    let verdicts: Vec<&str> = rows.iter().filter_map(|row| row["verdict"].as_str()).collect();
    let order = ["fits", "offload", "does_not_fit", "unsupported"];
    let place = |verdict: &&str| order.iter().position(|one| one == verdict);
    assert!(verdicts.iter().map(place).is_sorted());
    let gemma = rows
        .iter()
        .find(|row| row["model"]["id"] == "google/gemma-3-27b-it")
        .unwrap();
    assert_eq!(gemma["format"], "q6_k");
    assert_eq!(gemma["loss"], "almost");
    assert!(gemma["needed_bytes"].as_u64() <= gemma["capacity_bytes"].as_u64());
    assert!(gemma["tokens_per_second_low"].as_f64() < gemma["tokens_per_second_high"].as_f64());
    // One of the list that is no model has its reason.
    let two = json(&["fit", "--hardware", "h200-sxm", "--models", "qwen3 32b, not a model"]);
    assert_eq!(
        (&two[0]["format"], &two[1]["error"]["code"]),
        (&"bf16".into(), &"model_bad_character".into())
    );
}
