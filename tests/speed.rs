//! Speed: the tables behind it, the nearest measurements, and what must hold of any estimate.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

mod support;

use std::collections::BTreeSet;

use support::engine::blueprint;
use weighbridge::analysis::time::{Setting, Work, seconds, setting};
use weighbridge::analysis::{HostShare, Question, analyse};
use weighbridge::hardware::efficiency::{Level, Terms, efficiency, rows};
use weighbridge::hardware::measurement::{active, measurements};
use weighbridge::hardware::{Device, devices, find};
use weighbridge::scenario::{Engine, Mode, Scenario, weight_key};

const MODELS: [&str; 4] = [
    "meta-llama/Llama-3.1-8B-Instruct",
    "openai/gpt-oss-20b",
    "deepseek-ai/DeepSeek-R1",
    "Qwen/Qwen3.5-9B",
];
const WEIGHTS: [&str; 4] = ["bf16", "q4_k_m", "fp8", "awq"];

fn on(device: &str, engine: Engine, weights: &str, mode: Mode) -> Scenario {
    Scenario {
        mode,
        weights: weight_key(weights),
        engine: Some(engine),
        hardware: Some(device.to_owned()),
        ..Scenario::default()
    }
}

#[test]
fn every_measurement_is_read_and_names_its_source() {
    let text = include_str!("../data/measurements.csv");
    assert_eq!(measurements().len(), text.lines().count() - 1, "a row does not parse");
    let sources: BTreeSet<&str> = include_str!("../data/measurement_sources.csv")
        .lines()
        .skip(1)
        .filter_map(|line| line.split(',').next())
        .collect();
    let mut ids = BTreeSet::new();
    for row in measurements() {
        assert!(sources.contains(row.source.as_str()), "{}: {}", row.id, row.source);
        assert!(row.value > 0.0 && row.devices > 0, "{}", row.id);
        assert!(
            active(&row.model).is_some(),
            "{}: the size of {} is not known",
            row.id,
            row.model
        );
        assert!(row.engine.parse::<Engine>().is_ok(), "{}: {}", row.id, row.engine);
        assert!(ids.insert(&row.id), "{} twice", row.id);
    }
}

#[test]
fn every_efficiency_is_read_and_plausible() {
    let text = include_str!("../data/efficiencies.csv");
    assert_eq!(rows().len(), text.lines().count() - 1, "a row does not parse");
    for row in rows() {
        assert!(!row.source.is_empty(), "{}", row.name);
        assert!(
            row.coefficients.to_array().iter().all(|value| *value > 0.0),
            "{}",
            row.name
        );
        assert!(row.decode_low < 1.0 && row.decode_high > 1.0, "{}", row.name);
        assert!(row.prefill_low < 1.0 && row.prefill_high > 1.0, "{}", row.name);
        if !matches!(row.level, Level::Engine | Level::Format) {
            assert!(
                row.coefficients.bandwidth < 1.0 && row.coefficients.compute < 1.0,
                "{}",
                row.name
            );
        }
    }
    let terms = include_str!("../data/efficiency_terms.csv");
    for name in Terms::NAMES {
        assert!(
            terms.lines().any(|line| line.starts_with(&format!("{name},"))),
            "{name}"
        );
    }
}

#[test]
fn every_device_has_efficiencies() {
    for device in devices() {
        let found = efficiency(Engine::LlamaCpp, device).unwrap();
        if measurements()
            .iter()
            .any(|row| row.device == device.id && row.excluded.is_empty() && row.engine == "llama.cpp")
        {
            assert_eq!(found.row.level, Level::Device, "{}", device.id);
        }
    }
}

/// Seconds on a device that differs from the table's in what `change` does.
fn changed(question: &Question<'_>, device: &Device, change: impl Fn(&mut Device)) -> f64 {
    let found = efficiency(question.engine, device).unwrap();
    let mut other = device.clone();
    change(&mut other);
    let set: Setting<'_> = setting(question, &other, &found, &HostShare::default());
    let work = Work::<f64>::new(question, &other, set.terms.alike);
    seconds(&work, &set)
}

#[test]
fn a_better_device_is_never_slower() {
    let rates = |device: &mut Device| {
        for rate in [
            &mut device.fp32_flops,
            &mut device.fp16_flops,
            &mut device.fp16_acc16_flops,
            &mut device.bf16_flops,
            &mut device.fp8_flops,
            &mut device.int8_ops,
            &mut device.fp4_flops,
        ] {
            *rate = rate.map(|one| 2.0 * one);
        }
    };
    for id in MODELS {
        let blueprint = blueprint(id);
        for device in devices() {
            for (engine, weights) in [
                (Engine::LlamaCpp, "q4_k_m"),
                (Engine::Vllm, "fp8"),
                (Engine::Mlx, "mlx-q4"),
            ] {
                for mode in [Mode::Prefill, Mode::Decode] {
                    let scenario = on(&device.id, engine, weights, mode);
                    let question = Question::new(&blueprint, &scenario).unwrap();
                    let base = changed(&question, device, |_| {}) * 1.000_001;
                    let faster = changed(&question, device, |one| one.bandwidth_bytes_per_s *= 2.0);
                    assert!(faster <= base, "{id} on {}: bandwidth", device.id);
                    assert!(
                        changed(&question, device, rates) <= base,
                        "{id} on {}: rates",
                        device.id
                    );
                }
            }
        }
    }
}

#[test]
fn more_work_takes_no_less_time() {
    for id in MODELS {
        let blueprint = blueprint(id);
        for weights in WEIGHTS {
            let mut last = 0.0;
            for batch in [1, 2, 4, 8, 9, 16, 64, 256] {
                let scenario = Scenario {
                    batch,
                    ..on("h100-sxm", Engine::Vllm, weights, Mode::Decode)
                };
                let time = analyse(&blueprint, &scenario).unwrap().speed.unwrap().seconds();
                assert!(time >= last, "{id} {weights} batch {batch}: {time} after {last}");
                last = time;
            }
        }
    }
}

#[test]
fn shares_given_by_hand_are_used() {
    let blueprint = blueprint(MODELS[0]);
    let with = |percent| {
        let scenario = Scenario {
            bandwidth_efficiency: percent,
            ..on("rtx-4090", Engine::LlamaCpp, "q4_k_m", Mode::Decode)
        };
        analyse(&blueprint, &scenario).unwrap().speed.unwrap().seconds()
    };
    assert!(with(Some(20)) > 1.5 * with(None));
    assert!(with(Some(95)) < with(Some(50)));
}

#[test]
fn a_processor_without_a_known_rate_has_decode_alone() {
    let without = devices()
        .iter()
        .find(|device| device.segment == "cpu" && device.fp32_flops.is_none() && device.fp16_flops.is_none());
    let Some(device) = without else { return };
    let blueprint = blueprint(MODELS[0]);
    let answer = |mode| {
        analyse(&blueprint, &on(&device.id, Engine::LlamaCpp, "q4_k_m", mode))
            .unwrap()
            .speed
    };
    let decode = answer(Mode::Decode).unwrap();
    assert!(decode.pass.is_some() && decode.prefill.is_none());
    assert!(answer(Mode::Prefill).is_none());
}

#[test]
fn nearest_measurements_are_of_the_same_kind() {
    let blueprint = blueprint(MODELS[0]);
    let speed = |device| {
        analyse(&blueprint, &on(device, Engine::LlamaCpp, "q4_k_m", Mode::Decode))
            .unwrap()
            .speed
            .unwrap()
    };
    let near = speed("rtx-3090").nearest;
    assert!(!near.is_empty() && near.len() <= 4);
    assert_eq!(near[0].device, "rtx-3090");
    assert!(near[0].publication().contains('/'), "{}", near[0].publication());
    // Never measured: others of its generation.
    let near = speed("rtx-4060-ti-16gb").nearest;
    assert!(near.iter().all(|row| find(&row.device).unwrap().vendor == "NVIDIA"));
}
