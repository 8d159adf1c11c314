//! Logs of engines, read and held beside the estimate.
//!
//! The files of tests/logs are made by hand in the format of the engines' source. Figures that an estimate is held to are of
//! published logs: vLLM 0.29 with Llama 3.1 8B on an H100 (15.0 GiB, 56.21 GiB, 460,496 tokens), SGLang with Qwen3 8B on a B200
//! (15.28 GiB, 992,896 tokens in 136.36 GiB), llama.cpp with Llama 3.1 8B Q4_K_M on an RTX 4090 (4403.49, 281.81, 1024.00 and
//! 258.50 MiB). The other figures are invented.

use crate::support;

use support::engine::{blueprint, scenario};
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::logs::{self, Log, LogError, Part, Source};
use weighbridge::report::log::{Check, as_logged, assume, assumptions, check};
use weighbridge::scenario::{KnobId, Scenario};

const MIB: f64 = 1_048_576.0;
const GIB: f64 = 1_073_741_824.0;
const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

const VLLM: &str = include_str!("../logs/vllm-llama-3.1-8b-h100.log");
const VLLM_TP2: &str = include_str!("../logs/vllm-qwen3-30b-tp2.log");
const SGLANG: &str = include_str!("../logs/sglang-qwen3-8b-b200.log");
const LLAMA_CPP: &str = include_str!("../logs/llama.cpp-llama-3.1-8b-4090.log");
const OFFLOAD: &str = include_str!("../logs/llama.cpp-offload.log");
const OLLAMA: &str = include_str!("../logs/ollama-qwen3-8b.log");
const MLX: &str = include_str!("../logs/mlx-llama-3.1-8b.log");
const SMI: &str = include_str!("../logs/nvidia-smi.txt");

#[track_caller]
fn bytes(log: &Log, part: Part, host: bool) -> f64 {
    log.all(part, host)
        .unwrap_or_else(|| panic!("no {part:?} in {log:?}"))
        .bytes as f64
}

/// A log beside the model it is of, under what it says of how it was started.
#[track_caller]
fn beside(text: &str, model: &str, query: &str) -> (Analysis, Check, Scenario) {
    let log = logs::read(text).unwrap();
    let (scenario, taken) = as_logged(&log, &scenario(query), &[]);
    assert!(taken.iter().all(|one| one.refused.is_none()), "{taken:?}");
    let analysis = analyse(&blueprint(model), &scenario).unwrap();
    let found = check(&log, &analysis, model);
    (analysis, found, scenario)
}

#[track_caller]
fn off(check: &Check, key: &str) -> f64 {
    let row = check.rows.iter().find(|row| row.key == key);
    row.unwrap_or_else(|| panic!("no {key} in {check:?}"))
        .difference()
        .unwrap()
}

#[test]
fn vllm_says_what_it_holds() {
    let log = logs::read(VLLM).unwrap();
    assert_eq!(log.source, Source::Vllm);
    assert_eq!(log.options.version.as_deref(), Some("0.29.0"));
    assert_eq!(log.options.model.as_deref(), Some(LLAMA));
    assert_eq!((log.options.context, log.options.fraction), (Some(131_072), Some(0.92)));
    assert_eq!((log.tokens, log.concurrency), (Some(460_496), Some((131_072, 3.51))));
    let of = |part| bytes(&log, part, false) / GIB;
    assert_eq!(of(Part::Weights), 15.0);
    assert!((of(Part::KvCache) - 56.21).abs() < 1e-6);
    assert!((of(Part::Compute) - 1.44).abs() < 1e-6);
    assert!((of(Part::Graphs) - 0.23).abs() < 1e-6);
    // What it calls consumed is weights and what no tensor takes.
    assert!((of(Part::Runtime) - 0.26).abs() < 1e-6);
    let (total, free) = log.fullest().unwrap().seen.unwrap();
    assert!((total as f64 / GIB - 79.25).abs() < 1e-6 && (free as f64 / GIB - 78.84).abs() < 1e-6);
}

#[test]
fn workers_are_told_apart() {
    let log = logs::read(VLLM_TP2).unwrap();
    assert_eq!(log.devices(), 2);
    assert_eq!(log.fullest().unwrap().name, "Worker_TP0");
    assert!((bytes(&log, Part::Weights, false) / GIB - 2.0 * 28.4767).abs() < 1e-6);
    let (scenario, taken) = as_logged(&log, &Scenario::default(), &[KnobId::KvCache]);
    assert_eq!((scenario.hardware.devices, scenario.hardware.tensor), (2, Some(2)));
    // What is kept is not even told of.
    assert!(taken.iter().all(|one| one.knob != KnobId::KvCache), "{taken:?}");
}

#[test]
fn sglang_says_what_it_holds() {
    let log = logs::read(SGLANG).unwrap();
    assert_eq!(log.source, Source::Sglang);
    assert!((bytes(&log, Part::Weights, false) / GIB - 15.28).abs() < 1e-6);
    assert!((bytes(&log, Part::KvCache, false) / GIB - 136.36).abs() < 1e-6);
    assert!((bytes(&log, Part::Graphs, false) / GIB - 1.16).abs() < 1e-6);
    assert_eq!(log.tokens, Some(992_896));
    assert_eq!(
        (log.options.context, log.options.max_tokens),
        (Some(40_960), Some(16_384))
    );
    assert_eq!(log.options.fraction, Some(0.859));
}

#[test]
fn llama_cpp_says_what_it_holds() {
    let log = logs::read(LLAMA_CPP).unwrap();
    assert_eq!(log.source, Source::LlamaCpp);
    assert_eq!(log.layers, Some((33, 33)));
    for (part, host, mebibytes) in [
        (Part::Weights, false, 4403.49),
        (Part::Weights, true, 281.81),
        (Part::KvCache, false, 1024.0),
        (Part::Compute, false, 258.5),
        (Part::Compute, true, 24.01),
        (Part::Runtime, false, 385.0),
    ] {
        assert!(
            (bytes(&log, part, host) / MIB - mebibytes).abs() < 1e-3,
            "{part:?} {host}"
        );
    }
    assert_eq!(log.options.quantisation.as_deref(), Some("Q4_K - Medium"));
    assert_eq!((log.options.context, log.options.micro_batch), (Some(8192), Some(512)));
    assert_eq!((log.read, log.written), (Some((1024, 6723.13)), Some((255, 130.21))));
    assert_eq!(log.cards[0].name, "NVIDIA GeForce RTX 4090");
    // Lines that end as Windows writes them.
    let log = logs::read(OFFLOAD).unwrap();
    assert_eq!(log.layers, Some((20, 33)));
    assert_eq!(bytes(&log, Part::KvCache, true), 416.0 * MIB);
}

#[test]
fn the_largest_of_several_models_is_compared() {
    let draft = "llama_model_loader: loaded meta data with 30 key-value pairs\nload_tensors:        CUDA0 model buffer size =   800.00 MiB\n";
    for text in [format!("{LLAMA_CPP}{draft}"), format!("{draft}{LLAMA_CPP}")] {
        let log = logs::read(&text).unwrap();
        assert!((bytes(&log, Part::Weights, false) / MIB - 4403.49).abs() < 1e-3);
        assert_eq!(log.starts, 2);
    }
}

#[test]
fn ollama_mlx_and_nvidia_smi() {
    let log = logs::read(OLLAMA).unwrap();
    assert_eq!(log.source, Source::Ollama);
    assert_eq!(bytes(&log, Part::Weights, false), 4.5 * GIB);
    assert!((bytes(&log, Part::Weights, true) / MIB - 333.8).abs() < 1e-3);
    assert_eq!((log.options.context, log.layers), (Some(4096), Some((37, 37))));
    let log = logs::read(MLX).unwrap();
    assert_eq!((log.source, bytes(&log, Part::Peak, false)), (Source::Mlx, 4.838e9));
    assert_eq!(log.written, Some((256, 98.201)));
    let log = logs::read(SMI).unwrap();
    let cards: Vec<_> = log
        .cards
        .iter()
        .map(|card| (card.name.as_str(), card.used.unwrap() >> 20, card.total.unwrap() >> 20))
        .collect();
    assert_eq!(
        cards,
        [
            ("NVIDIA GeForce RTX 4090", 6071, 24_564),
            ("NVIDIA GeForce RTX 3090", 4, 24_576)
        ]
    );
    assert_eq!(
        as_logged(&log, &Scenario::default(), &[]).0.hardware.device.as_deref(),
        Some("rtx-4090")
    );
    // Its table for scripts.
    let csv = "name, memory.used [MiB], memory.total [MiB]\nNVIDIA H100 80GB HBM3, 74143 MiB, 81559 MiB\n";
    let log = logs::read(csv).unwrap();
    assert_eq!(
        (log.cards[0].used, log.cards[0].total),
        (Some(74_143 << 20), Some(81_559 << 20))
    );
    // Below the log of an engine it says what the card holds in all.
    let log = logs::read(&format!("{LLAMA_CPP}{}", SMI.split("|   1  ").next().unwrap())).unwrap();
    assert_eq!((log.source, log.cards[0].used), (Source::LlamaCpp, Some(6071 << 20)));
}

#[test]
fn estimates_are_near_published_logs() {
    let (_, check, _) = beside(VLLM, LLAMA, "hw=h100-sxm");
    assert!(off(&check, "weights").abs() < 0.01);
    assert!(off(&check, "cache_per_token").abs() < 0.001);
    // What differs is the peak of activations, which is measured there with tokens a step that the log does not say.
    assert!(off(&check, "cache_room").abs() < 0.05, "{check:?}");
    let room = check.rows.iter().find(|row| row.key == "cache_room").unwrap();
    assert!(room.reason.contains("the peak of activations"), "{}", room.reason);
    let (_, check, _) = beside(SGLANG, "Qwen/Qwen3-8B", "hw=b200");
    assert!(off(&check, "weights").abs() < 0.01);
    assert!(off(&check, "cache_per_token").abs() < 0.001);
    let (_, check, scenario) = beside(LLAMA_CPP, LLAMA, "");
    assert_eq!(
        (scenario.precision.weights, scenario.hardware.device.as_deref()),
        (Some("q4_k_m"), Some("rtx-4090"))
    );
    for key in ["weights", "weights_in_ram", "kv_cache", "compute"] {
        assert!(off(&check, key).abs() < 0.001, "{key}: {check:?}");
    }
}

/// With what is taken over the estimate says what the log says.
#[test]
fn assumptions_bring_the_estimate_to_the_log() {
    let log = logs::read(LLAMA_CPP).unwrap();
    let (analysis, check, scenario) = beside(LLAMA_CPP, LLAMA, "");
    let keys: Vec<_> = check.assumptions.iter().map(|one| one.knob).collect();
    assert_eq!(
        keys,
        [KnobId::Overhead, KnobId::BandwidthEfficiency, KnobId::ComputeEfficiency]
    );
    let then = assume(&scenario, &assumptions(&log, &analysis));
    assert_eq!(then.assumptions.overhead, 385 << 20);
    let analysis = analyse(&blueprint(LLAMA), &then).unwrap();
    let found = weighbridge::report::log::check(&log, &analysis, LLAMA);
    assert_eq!(off(&found, "runtime"), 0.0);
    // A knob has whole percents.
    assert!(off(&found, "written").abs() < 0.02, "{found:?}");
    assert!(off(&found, "read").abs() < 0.03, "{found:?}");
}

#[test]
fn reasons_name_what_differs() {
    let reason = |check: &Check, key: &str| check.rows.iter().find(|row| row.key == key).unwrap().reason.clone();
    let (_, check, _) = beside(LLAMA_CPP, LLAMA, "");
    assert_eq!(reason(&check, "weights"), "The two agree.");
    // In another format than the log's.
    let log = logs::read(VLLM).unwrap();
    let (scenario, _) = as_logged(&log, &scenario("hw=h100-sxm&w=fp8"), &[]);
    let analysis = analyse(&blueprint(LLAMA), &scenario).unwrap();
    let found = weighbridge::report::log::check(&log, &analysis, "Qwen/Qwen3-8B");
    assert!(reason(&found, "weights").contains("bits each"), "{found:?}");
    assert_eq!(
        found.notes[0],
        "The log is of meta-llama/Llama-3.1-8B-Instruct, the estimate of Qwen/Qwen3-8B."
    );
}

#[test]
fn what_is_no_log_is_refused() {
    assert_eq!(logs::read("hello\nworld"), Err(LogError::Unknown));
    assert_eq!(logs::read(""), Err(LogError::Unknown));
    assert_eq!(logs::read("{\"model_type\": \"llama\"}"), Err(LogError::Unknown));
    assert_eq!(
        logs::read("(EngineCore pid=1) INFO Initializing a V1 LLM engine (v0.29.0) with config: model='x'"),
        Err(LogError::Silent("vLLM"))
    );
    let long = "x".repeat((16 << 20) + 1);
    assert!(matches!(logs::read(&long), Err(LogError::TooLong(_))));
}

/// Whatever is cut, doubled or made up: no panic, nothing beyond the limits.
#[test]
fn hostile_logs_are_survived() {
    for text in [VLLM, VLLM_TP2, SGLANG, LLAMA_CPP, OFFLOAD, OLLAMA, MLX, SMI] {
        for at in (0..text.len()).step_by(7).filter(|at| text.is_char_boundary(*at)) {
            let _ = logs::read(&text[..at]);
            let _ = logs::read(&text[at..]);
        }
        let _ = logs::read(&text.replace(|sign: char| sign.is_ascii_digit(), "9"));
        let _ = logs::read(&text.replace(['=', ':'], "é"));
    }
    let many: String = (0..5000)
        .map(|at| format!("(W{at} pid=1) Model loading took 1.0 GiB\n"))
        .collect();
    assert!(logs::read(&many).unwrap().places.len() <= weighbridge::limits::LOG_PLACES);
    for size in ["1e400", "-5", "99999999999999999999999", "NaN", "1.2.3", ""] {
        let text = format!("Model loading took {size} GiB memory\nGPU KV cache size: 1 tokens");
        assert!(
            logs::read(&text)
                .unwrap()
                .all(Part::Weights, false)
                .is_none_or(|size| size.bytes < 1 << 61),
            "{size}"
        );
    }
}
