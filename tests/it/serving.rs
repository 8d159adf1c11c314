//! Servers: what runs and waits, what must hold of any load, and the published throughput.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::sync::Arc;

use support::engine::blueprint;
use weighbridge::analysis::serving::Serving;
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::hardware::measurement::{Measurement, Metric, measurements};
use weighbridge::hardware::{devices, find};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{AttentionParallel, Engine, Lengths, Mode, Scenario, weight_key};

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

fn on(device: &str, requests: u64) -> Scenario {
    Scenario::default().with(|s| {
        s.workload.mode = Mode::Serve;
        s.workload.batch = requests;
        s.workload.prompt = 1000;
        s.workload.generate = Some(400);
        s.hardware.device = Some(device.to_owned());
    })
}

fn answer(id: &str, scenario: &Scenario) -> Analysis {
    analyse(&blueprint(id), scenario).unwrap()
}

fn served(id: &str, scenario: &Scenario) -> Serving {
    answer(id, scenario).serving.unwrap()
}

#[test]
fn what_memory_does_not_carry_waits() {
    let most = served(LLAMA, &on("rtx-4090", 1)).admission.max_running;
    assert!(most > 4 && most < 256, "{most}");
    for (requests, running) in [(1, 1), (most, most), (most + 10, most)] {
        let found = served(LLAMA, &on("rtx-4090", requests));
        assert_eq!(found.admission.running, running);
        assert_eq!(found.queued, Some(requests - running));
        assert_eq!(found.admission.max_by_memory, most);
    }
    // Those that run fit, one more does not.
    let full = answer(LLAMA, &on("rtx-4090", most));
    let fit = full.fit.unwrap();
    assert!(fit.headroom_bytes >= 0 && fit.max_batch == most, "{fit:?}");
    let endless = on("rtx-4090", 1).with(|s| {
        s.workload.endless = true;
    });
    let found = served(LLAMA, &endless);
    assert_eq!(
        (found.admission.running, found.admission.requests, found.ttft),
        (most, None, None)
    );
    // Waiting adds to the first token and changes nothing else.
    let (few, many) = (
        served(LLAMA, &on("rtx-4090", most)),
        served(LLAMA, &on("rtx-4090", 3 * most)),
    );
    assert!(many.ttft.unwrap() > 2.0 * few.ttft.unwrap());
    assert!((many.tokens_per_second - few.tokens_per_second).abs() < 1e-6 * few.tokens_per_second);
}

#[test]
fn more_memory_carries_more() {
    let with = |percent| {
        let scenario = on("h100-sxm", 10_000).with(|s| {
            s.serving.memory_fraction = Some(percent);
        });
        served(LLAMA, &scenario)
    };
    let (small, large) = (with(50), with(95));
    assert!(small.admission.max_by_memory < large.admission.max_by_memory);
    assert!(small.tokens_per_second <= large.tokens_per_second);
    let longer = on("h100-sxm", 10_000).with(|s| {
        s.workload.prompt = 4000;
    });
    assert!(
        served(LLAMA, &longer).admission.max_by_memory < served(LLAMA, &on("h100-sxm", 10_000)).admission.max_by_memory
    );
}

/// The same step of the same machine in both modes, prompts negligible beside the answers: one model of time.
#[test]
fn decode_and_serve_agree_on_a_step() {
    for (id, device, devices, engine, weights, batches) in [
        (
            "deepseek-ai/DeepSeek-R1",
            "h200-sxm",
            8,
            Engine::Sglang,
            "fp8",
            &[1, 16, 64][..],
        ),
        ("openai/gpt-oss-120b", "h200-sxm", 1, Engine::Vllm, "mxfp4", &[16]),
        (
            "meta-llama/Llama-3.1-70B-Instruct",
            "h100-sxm",
            4,
            Engine::Vllm,
            "fp8",
            &[1, 16, 64],
        ),
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            "h100-sxm",
            1,
            Engine::TensorRtLlm,
            "bf16",
            &[1, 16],
        ),
        (
            "meta-llama/Llama-3.1-8B-Instruct",
            "rtx-4090",
            1,
            Engine::LlamaCpp,
            "q4_k_m",
            &[1, 4],
        ),
    ] {
        for (expert, attention) in [
            (1, AttentionParallel::Tp),
            (devices, AttentionParallel::Tp),
            (devices, AttentionParallel::Dp),
        ] {
            for &batch in batches {
                let scenario = |mode| {
                    Scenario::default().with(|s| {
                        s.workload.mode = mode;
                        s.workload.batch = batch;
                        s.workload.prompt = 500;
                        s.workload.generate = Some(8000);
                        s.precision.weights = weight_key(weights);
                        s.serving.engine = Some(engine);
                        s.hardware.devices = devices;
                        s.hardware.expert = expert;
                        s.hardware.attention_parallel = attention;
                        s.hardware.device = Some(device.to_owned());
                    })
                };
                let seconds = |mode| answer(id, &scenario(mode)).speed.unwrap().pass.unwrap().seconds;
                let ratio = seconds(Mode::Serve) / seconds(Mode::Decode);
                assert!(
                    (0.95..1.1).contains(&ratio),
                    "{id} on {devices} x {device}, batch {batch}, expert parallel {expert}: {ratio}"
                );
            }
        }
    }
}

/// Chats end one by one, so a run of them is slower than one of equal lengths, and both are slower than steady state.
#[test]
fn runs_that_end_are_slower() {
    let rate = |requests, lengths| {
        let scenario = on("h100-sxm", 1000).with(|s| {
            s.workload.requests = requests;
            s.workload.lengths = lengths;
            s.serving.max_sequences = Some(256);
        });
        served(LLAMA, &scenario).tokens_per_second
    };
    let steady = rate(None, Lengths::Fixed);
    let (long, short) = (rate(Some(100_000), Lengths::Fixed), rate(Some(1000), Lengths::Fixed));
    assert!(
        short < 0.97 * steady && long > short && long < 1.001 * steady,
        "{short} {long} {steady}"
    );
    assert!(rate(Some(1000), Lengths::Spread) < short);
    let more = on("h100-sxm", 1000).with(|s| {
        s.serving.max_sequences = Some(64);
    });
    assert_eq!(served(LLAMA, &more).admission.running, 64);
}

#[test]
fn the_curve_rises_and_slows() {
    for (id, device) in [
        (LLAMA, "l40s"),
        ("openai/gpt-oss-120b", "h200-sxm"),
        ("Qwen/Qwen3-30B-A3B", "a100-sxm4-80gb"),
    ] {
        let found = served(id, &on(device, 8));
        assert!(found.knee < found.curve.len());
        for pair in found.curve.windows(2) {
            assert!(pair[0].requests < pair[1].requests);
            assert!(pair[1].tpot >= pair[0].tpot, "{id}: {pair:?}");
            assert!(
                pair[1].tokens_per_second >= 0.999 * pair[0].tokens_per_second,
                "{id}: {pair:?}"
            );
        }
        assert!(found.tokens_per_second_low <= found.tokens_per_second);
        assert!(found.tokens_per_second <= found.tokens_per_second_high);
    }
}

/// Mixtures of experts too: more users never get their tokens sooner, and a server never does less for having more of them.
#[test]
fn more_users_never_wait_less() {
    for id in [LLAMA, "openai/gpt-oss-20b", "Qwen/Qwen3-30B-A3B", "Qwen/Qwen3.5-9B"] {
        let mut last: Option<Serving> = None;
        for requests in (1..40).chain((40..2000).step_by(97)) {
            let found = served(id, &on("h200-sxm", requests));
            if let Some(last) = &last {
                assert!(found.tpot >= 0.999_999 * last.tpot, "{id} at {requests}");
                assert!(
                    found.ttft >= last.ttft.map(|ttft| 0.999_999 * ttft),
                    "{id} at {requests}"
                );
                assert!(
                    found.tokens_per_second >= 0.995 * last.tokens_per_second,
                    "{id} at {requests}"
                );
            }
            last = Some(found);
        }
    }
}

#[test]
fn an_endless_queue_is_no_slower() {
    for device in ["h100-sxm", "rtx-4090"] {
        let full = served(LLAMA, &on(device, 10_000));
        let endless = on(device, 1).with(|s| {
            s.workload.endless = true;
        });
        assert!(
            served(LLAMA, &endless).tokens_per_second >= full.tokens_per_second,
            "{device}"
        );
    }
}

#[test]
fn targets_cost_and_energy() {
    let aim = |tpot| {
        let scenario = on("h100-sxm", 16).with(|s| {
            s.serving.target_tpot = Some(tpot);
            s.hardware.price = Some(2.0);
        });
        served(LLAMA, &scenario)
    };
    let (strict, easy) = (
        aim(10).users_within_targets.unwrap(),
        aim(40).users_within_targets.unwrap(),
    );
    assert!(strict < easy, "{strict} {easy}");
    assert_eq!(aim(1).users_within_targets, Some(0));
    let found = aim(40);
    let cost = found.cost.unwrap();
    // What inputs and outputs are charged is the hour, no more and no less.
    let hour = 3600.0
        * found.requests_per_second
        * (1000.0 * cost.usd_per_million_input + 400.0 * cost.usd_per_million_output)
        / 1e6;
    assert!((hour - 2.0).abs() < 1e-6, "{hour}");
    let energy = found.energy.unwrap();
    assert!((energy.watts - 700.0).abs() < 1.0);
    assert!((energy.kwh_per_million_output - 0.7 / found.tokens_per_second / 3600.0 * 1e6).abs() < 1e-9);
}

#[test]
fn no_model_on_any_device_beats_the_bus() {
    for (at, device) in devices().iter().enumerate() {
        for entry in catalogue::entries().iter().skip(at % 17).step_by(17) {
            let Ok(blueprint) = Blueprint::from_value(entry.config.clone()).map(Arc::new) else {
                continue;
            };
            for weights in ["bf16", "fp8", "q4_k_m", "awq"] {
                let scenario = on(&device.id, 64).with(|s| {
                    s.precision.weights = weight_key(weights);
                });
                let analysis = analyse(&blueprint, &scenario).unwrap();
                let Some(found) = &analysis.serving else { continue };
                let what = format!("{} on {} in {weights}", entry.id, device.id);
                assert!(
                    found.tokens_per_second.is_finite() && found.tokens_per_second > 0.0,
                    "{what}"
                );
                let steps = found.tokens_per_second / found.admission.running as f64;
                assert!(steps * analysis.bytes <= 1.01 * device.bandwidth_bytes_per_s, "{what}");
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_no_server() {
    let found = answer("Qwen/Qwen2.5-72B-Instruct", &on("rtx-4090", 4));
    assert!(found.serving.is_none());
    assert!(found.notices.iter().any(|notice| notice.code == "no_server"));
}

/// Every published throughput that takes part in the fit: `data/measurements.csv`.
#[test]
fn published_throughput() {
    let rows: Vec<&Measurement> = measurements()
        .iter()
        .filter(|row| row.metric == Metric::Throughput && row.excluded.is_empty())
        .collect();
    let (mut errors, mut inside) = (Vec::new(), 0);
    for row in &rows {
        let found = served(&row.model, &Scenario::measured(row).unwrap());
        errors.push((found.tokens_per_second / row.value - 1.0).abs());
        inside += usize::from((found.tokens_per_second_low..=found.tokens_per_second_high).contains(&row.value));
    }
    errors.sort_by(f64::total_cmp);
    assert!(rows.len() > 250, "{}", rows.len());
    assert!(
        errors[errors.len() / 2] < 0.14,
        "median error {}",
        errors[errors.len() / 2]
    );
    assert!(inside * 10 >= rows.len() * 8, "{inside} of {}", rows.len());
    assert!(find("h100-sxm").is_some());
}
