//! Speed: the tables behind it, the nearest measurements, and what must hold of any estimate.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::collections::BTreeSet;

use support::engine::blueprint;
use weighbridge::analysis::time::Runner;
use weighbridge::analysis::{HostShare, Setup, analyse, nearest_measurements};
use weighbridge::hardware::efficiency::{Level, Terms, coefficients, rows};
use weighbridge::hardware::evidence::{self, Seen, evidence};
use weighbridge::hardware::measurement::{Metric, active, measurements};
use weighbridge::hardware::{Device, Vendor, devices, find};
use weighbridge::scenario::{Engine, Mode, Scenario, weight_key};

const MODELS: [&str; 4] = [
    "meta-llama/Llama-3.1-8B-Instruct",
    "openai/gpt-oss-20b",
    "deepseek-ai/DeepSeek-R1",
    "Qwen/Qwen3.5-9B",
];
const WEIGHTS: [&str; 4] = ["bf16", "q4_k_m", "fp8", "awq"];

fn on(device: &str, engine: Engine, weights: &str, mode: Mode) -> Scenario {
    Scenario::default().with(|s| {
        s.workload.mode = mode;
        s.precision.weights = weight_key(weights);
        s.serving.engine = Some(engine);
        s.hardware.device = Some(device.to_owned());
    })
}

#[test]
fn every_measurement_is_read_and_names_its_source() {
    let text = include_str!("../../data/measurements.csv");
    assert_eq!(measurements().len(), text.lines().count() - 1, "a row does not parse");
    let sources: BTreeSet<&str> = include_str!("../../data/measurement_sources.csv")
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
    let text = include_str!("../../data/efficiencies.csv");
    assert_eq!(rows().len(), text.lines().count() - 1, "a row does not parse");
    for row in rows() {
        let values = row.coefficients.to_array();
        assert!(values.iter().all(|value| *value >= 0.0), "{}", row.name);
        if row.level == Level::All {
            let shares = row.coefficients;
            assert!(shares.bandwidth < 1.0 && shares.compute < 1.0, "{shares:?}");
        }
    }
    assert_eq!(rows().iter().filter(|row| row.level == Level::All).count(), 1);
    let terms = include_str!("../../data/efficiency_terms.csv");
    for name in Terms::NAMES {
        assert!(
            terms.lines().any(|line| line.starts_with(&format!("{name},"))),
            "{name}"
        );
    }
}

#[test]
fn every_interval_is_read() {
    let text = include_str!("../../data/intervals.csv");
    assert_eq!(evidence::rows(), text.lines().count() - 1, "a row does not parse");
}

#[test]
fn every_device_has_efficiencies_and_an_interval() {
    for device in devices() {
        for engine in [Engine::LlamaCpp, Engine::Vllm, Engine::Transformers] {
            let found = coefficients(engine, device).unwrap();
            assert!(found.bandwidth > 0.1 && found.launch < 1e-3, "{} {found:?}", device.id);
            for metric in [Metric::Decode, Metric::Prefill, Metric::Throughput] {
                let known = evidence(metric, engine, device);
                assert!(known.low < 1.0 && known.high > 1.0, "{} {known:?}", device.id);
                assert_eq!(known.rows == 0, known.level == Seen::Nothing, "{}", device.id);
            }
        }
    }
}

/// What is farther from all measurements is never surer.
#[test]
fn intervals_widen_with_distance() {
    let at = |id: &str, engine| evidence(Metric::Decode, engine, find(id).unwrap());
    let (near, far) = (at("rtx-4090", Engine::LlamaCpp), at("rtx-4090", Engine::Transformers));
    assert_eq!((near.level, far.level), (Seen::Device, Seen::Nothing));
    assert!(near.high / near.low < far.high / far.low);
    // A server's steps are measured by its throughput.
    assert_eq!(at("h100-sxm", Engine::Vllm).level, Seen::Device);
}

/// Seconds on a device that differs from the table's in what `change` does.
fn changed(question: &Setup, device: &Device, change: impl Fn(&mut Device)) -> f64 {
    let mut other = device.clone();
    change(&mut other);
    let runner = Runner::<f64>::of(question, &other, &HostShare::default()).unwrap();
    if question.scenario.workload.mode == Mode::Decode {
        runner.decode(&question.batch()).seconds
    } else {
        runner.prefill(&question.batch(), question.chunk()).seconds
    }
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
                    let question = Setup::new(&blueprint, &scenario).unwrap();
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
                let scenario = on("h100-sxm", Engine::Vllm, weights, Mode::Decode).with(|s| {
                    s.workload.batch = batch;
                });
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
        let scenario = on("rtx-4090", Engine::LlamaCpp, "q4_k_m", Mode::Decode).with(|s| {
            s.assumptions.bandwidth_efficiency = percent;
        });
        analyse(&blueprint, &scenario).unwrap().speed.unwrap().seconds()
    };
    assert!(with(Some(20)) > 1.5 * with(None));
    assert!(with(Some(95)) < with(Some(50)));
}

#[test]
fn a_processor_without_a_known_rate_has_decode_alone() {
    let without = devices()
        .iter()
        .find(|device| device.is_processor() && device.fp32_flops.is_none() && device.fp16_flops.is_none());
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
    let nearest = |device| {
        let analysis = analyse(&blueprint, &on(device, Engine::LlamaCpp, "q4_k_m", Mode::Decode)).unwrap();
        nearest_measurements(&analysis.setup)
    };
    let near = nearest("rtx-3090");
    assert!(!near.is_empty() && near.len() <= 4);
    assert_eq!(near[0].device, "rtx-3090");
    assert!(near[0].publication().contains('/'), "{}", near[0].publication());
    // Never measured: others of its generation.
    let near = nearest("rtx-4060-ti-16gb");
    assert!(
        near.iter()
            .all(|row| find(&row.device).unwrap().vendor == Vendor::Nvidia)
    );
}
