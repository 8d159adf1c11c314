//! Serving: the table behind it and what must hold of any server.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use weighbridge::analysis::serving::{Serving, Server, Steady};
use weighbridge::analysis::{Question, Verdict, analyse};
use weighbridge::hardware::measurement::{Measurement, Metric, measurements};
use weighbridge::hardware::serving::{ALL, Coefficients, factors, row, rows};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::{AttentionParallel, Engine, Mode, Scenario, weight_key};

const MODELS: [&str; 5] = [
    "meta-llama/Llama-3.1-8B-Instruct",
    "openai/gpt-oss-20b",
    "Qwen/Qwen3-30B-A3B-Instruct-2507",
    "Qwen/Qwen3.5-9B",
    "deepseek-ai/DeepSeek-R1",
];

fn blueprint(id: &str) -> Blueprint {
    Blueprint::from_value(catalogue::find(id).unwrap().config.clone()).unwrap()
}

fn serve(device: &str, devices: u64, batch: u64) -> Scenario {
    Scenario {
        mode: Mode::Serve,
        engine: Some(Engine::Vllm),
        hardware: Some(device.to_owned()),
        devices,
        batch,
        prompt: 1000,
        generate: Some(300),
        ..Scenario::default()
    }
}

fn answer(model: &str, scenario: &Scenario) -> Serving {
    analyse(&blueprint(model), scenario).unwrap().serving.unwrap()
}

fn server(model: &str, scenario: &Scenario) -> Server {
    Server::of(&Question::new(&blueprint(model), scenario).unwrap()).unwrap()
}

fn shares() -> Coefficients {
    row(Engine::Vllm).unwrap().coefficients
}

#[test]
fn every_row_is_read_and_plausible() {
    let lines = |text: &str| text.lines().count() - 1;
    assert_eq!(rows().len(), lines(include_str!("../data/serving.csv")));
    assert_eq!(factors().len(), lines(include_str!("../data/serving_factors.csv")));
    assert!(rows().iter().any(|row| row.engine == ALL));
    for row in rows() {
        assert!(row.engine == ALL || row.engine.parse::<Engine>().is_ok(), "{}", row.engine);
        assert!(row.rows > 0 && !row.source.is_empty(), "{}", row.engine);
        assert!(row.low < 1.0 && row.high > 1.0, "{}", row.engine);
        let all = row.coefficients;
        for share in [all.bandwidth, all.expert_bandwidth, all.cache_bandwidth, all.compute, all.attention, all.link] {
            assert!(share > 0.0 && share <= 1.0, "{}: {share}", row.engine);
        }
    }
}

#[test]
fn throughput_never_falls_when_capacity_rises() {
    for model in MODELS {
        let mut server = server(model, &serve("h200-sxm", 8, 1));
        let mut last = 0.0;
        for carried in [1, 2, 3, 7, 20, 64, 200, 500, 1000] {
            server.carried = carried;
            let found = server.steady(f64::INFINITY, &shares()).unwrap();
            assert!(found.tokens_per_second >= last * 0.999, "{model} at {carried}");
            last = found.tokens_per_second;
        }
    }
}

#[test]
fn more_users_never_wait_less() {
    for model in MODELS {
        let server = server(model, &serve("h200-sxm", 8, 1));
        let at = |requests: f64| -> Steady { server.steady(requests, &shares()).unwrap() };
        for requests in 1..600 {
            let (few, many) = (at(f64::from(requests)), at(f64::from(requests + 1)));
            assert!(many.tpot >= few.tpot * 0.999_999, "{model} at {requests}");
            assert!(many.ttft() >= few.ttft() * 0.999_999, "{model} at {requests}");
            assert!(many.tokens_per_second >= few.tokens_per_second * 0.99, "{model} at {requests}");
        }
    }
}

#[test]
fn nothing_is_faster_than_the_device() {
    for model in MODELS {
        for device in ["h100-sxm", "a100-sxm4-80gb", "b200-sxm"] {
            let scenario = serve(device, 8, 200);
            let Some(found) = analyse(&blueprint(model), &scenario).unwrap().serving else { continue };
            assert!(found.tokens_per_second.expected <= found.tokens_per_second_at_most, "{model} on {device}");
            assert!(found.tokens_per_second.high <= found.tokens_per_second_at_most * 1.000_001, "{model} on {device}");
            assert!(found.tokens_per_second.low < found.tokens_per_second.high);
        }
    }
}

#[test]
fn beyond_capacity_requests_wait() {
    let few = answer(MODELS[0], &serve("h100-sxm", 1, 8));
    assert_eq!((few.running, few.queued), (8, Some(0)));
    let many = answer(MODELS[0], &serve("h100-sxm", 1, few.capacity + 100));
    assert_eq!((many.running, many.queued), (few.capacity, Some(100)));
    assert!(many.ttft_seconds.unwrap().expected > 2.0 * many.first_token_seconds.expected);
    let endless = answer(
        MODELS[0],
        &Scenario {
            endless: true,
            ..serve("h100-sxm", 1, 1)
        },
    );
    assert_eq!((endless.running, endless.queued), (few.capacity, None));
    assert!(endless.ttft_seconds.is_none());
    assert!(endless.tokens_per_second.expected >= many.tokens_per_second.expected);
}

#[test]
fn what_runs_fits_and_one_more_does_not() {
    for devices in [1, 2, 4] {
        let scenario = Scenario {
            endless: true,
            ..serve("a100-sxm4-80gb", devices, 1)
        };
        let found = analyse(&blueprint(MODELS[0]), &scenario).unwrap();
        let fit = found.fit.unwrap();
        assert_eq!(fit.verdict, Verdict::Fits);
        let serving = found.serving.unwrap();
        assert_eq!(fit.max_batch, serving.kv_capacity);
        if serving.kv_capacity <= serving.engine_limit {
            // What stays free is less than two sequences.
            let one = found.memory.kv_cache_per_token.0 * 1300 / devices;
            assert!(fit.headroom_bytes < 2 * i64::try_from(one).unwrap(), "{devices}");
        }
    }
}

#[test]
fn the_knee_lies_inside_the_curve() {
    for model in MODELS {
        let found = answer(model, &serve("b200-sxm", 8, 4));
        let knee = found.knee.unwrap();
        assert!(knee.requests >= 1 && knee.requests <= found.capacity, "{model}: {}", knee.requests);
        assert!(found.curve.windows(2).all(|pair| pair[0].requests < pair[1].requests));
        assert!(found.curve.iter().any(|point| point.requests == found.capacity));
    }
}

#[test]
fn targets_are_kept_up_to_the_load_they_name() {
    let scenario = Scenario {
        target_tpot: Some(20),
        target_ttft: Some(500),
        ..serve("h100-sxm", 1, 4)
    };
    let targets = answer(MODELS[0], &scenario).targets.unwrap();
    assert!(targets.met && targets.most_requests >= 4);
    let at = |batch: u64| {
        let scenario = Scenario {
            batch,
            ..scenario.clone()
        };
        answer(MODELS[0], &scenario).targets.unwrap().met
    };
    assert!(at(targets.most_requests) && !at(targets.most_requests + 1));
}

#[test]
fn the_bill_adds_up() {
    let scenario = Scenario {
        price: Some(2.0),
        ..serve("h100-sxm", 2, 64)
    };
    let found = answer(MODELS[0], &scenario);
    let cost = found.cost.unwrap();
    assert!((cost.usd_per_hour - 4.0).abs() < 1e-9);
    let hour = 3600.0 / 1e6
        * (found.tokens_per_second.expected * cost.usd_per_million_output_tokens
            + found.input_tokens_per_second * cost.usd_per_million_input_tokens);
    assert!((hour / cost.usd_per_hour - 1.0).abs() < 1e-9, "{hour}");
    assert!(cost.usd_per_million_output_tokens < cost.usd_per_million_output_tokens_alone);
}

#[test]
fn every_model_is_answered_with_numbers() {
    for entry in catalogue::entries() {
        let blueprint = Blueprint::from_value(entry.config.clone()).unwrap();
        for (device, devices) in [("rtx-4090", 1), ("h100-sxm", 8), ("mi300x", 8)] {
            for engine in [Engine::Vllm, Engine::LlamaCpp] {
                let scenario = Scenario {
                    engine: Some(engine),
                    ..serve(device, devices, 32)
                };
                let Ok(found) = analyse(&blueprint, &scenario) else { continue };
                let Some(found) = found.serving else { continue };
                for value in [found.tokens_per_second.expected, found.tpot_seconds.expected, found.step_seconds] {
                    assert!(value.is_finite() && value > 0.0, "{} on {device}", entry.id);
                }
                assert!((0.0..=1.0).contains(&found.prefill_share), "{} on {device}", entry.id);
            }
        }
    }
}

fn scenario(row: &Measurement) -> Scenario {
    Scenario {
        mode: Mode::Serve,
        endless: row.batch == "max",
        batch: row.batch.parse().unwrap_or(1),
        prompt: row.prompt,
        generate: row.generate,
        weights: weight_key(&row.weights),
        engine: row.engine.parse().ok(),
        hardware: Some(row.device.clone()),
        devices: row.devices,
        tensor: row.tensor,
        pipeline: row.pipeline.unwrap_or(1),
        expert: row.expert.unwrap_or(1),
        attention_parallel: if row.attention == "dp" {
            AttentionParallel::Dp
        } else {
            AttentionParallel::Tp
        },
        ..Scenario::default()
    }
}

#[test]
fn most_published_rows_lie_inside_the_interval() {
    let (mut inside, mut all) = (0, 0);
    for row in measurements() {
        if row.metric != Metric::Throughput || !row.excluded.is_empty() {
            continue;
        }
        let found = analyse(&blueprint(&row.model), &scenario(row)).unwrap();
        let speed = found.speed.unwrap();
        let (low, high) = speed.tokens_per_second_between.unwrap();
        all += 1;
        inside += u32::from((low..=high).contains(&row.value));
    }
    assert!(all > 300 && inside * 100 >= all * 80, "{inside} of {all}");
}
