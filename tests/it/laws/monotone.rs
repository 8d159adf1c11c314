//! More of something never makes it need less, and a better device never makes it worse.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use weighbridge::analysis::{Analysis, Setup, Verdict, analyse, fullest};
use weighbridge::model::Blueprint;
use weighbridge::scenario::{KvFormat, MemoryRule, Mode, Scenario};

use super::{any_config, any_model, any_scenario, cases, large_model};

/// What the fullest device holds; nothing where the model cannot be dealt out so.
fn held(blueprint: &Arc<Blueprint>, scenario: &Scenario) -> Option<u64> {
    Some(fullest(&Setup::new(blueprint, scenario).ok()?).ok()?.total_bytes)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn more_work_never_needs_less(blueprint in any_model(), scenario in any_scenario(), more in 1u64..5000) {
        let Some(now) = held(&blueprint, &scenario) else { return Ok(()) };
        let then = |changed: Scenario| held(&blueprint, &changed).unwrap();
        let prompt = scenario.clone().with(|s| { s.workload.prompt = scenario.workload.prompt + more; });
        prop_assert!(then(prompt) >= now, "context");
        let generate = scenario.clone().with(|s| { s.workload.generate = Some(scenario.generated() + more); });
        prop_assert!(then(generate) >= now, "generated");
        let overhead = scenario.clone().with(|s| { s.assumptions.overhead = scenario.assumptions.overhead + more; });
        prop_assert!(then(overhead) >= now, "overhead");
        // Of a server, the first sequence keeps room for its whole answer, more of them for the half that is written on average.
        if scenario.workload.mode != Mode::Serve {
            let batch = scenario.clone().with(|s| { s.workload.batch = scenario.workload.batch + more; });
            // A global batch that was given may be no multiple of a larger micro-batch: that is refused.
            let given = scenario.training.global_batch.is_some() && scenario.workload.mode.trains();
            match held(&blueprint, &batch) {
                None => prop_assert!(given, "batch"),
                Some(then) => prop_assert!(then >= now, "batch"),
            }
        }
    }

    #[test]
    fn more_layers_never_need_less(config in any_config(), scenario in any_scenario(), more in 1u64..8) {
        let blueprint = Blueprint::from_value(config.clone()).map(Arc::new).unwrap();
        let Some(now) = held(&blueprint, &scenario) else { return Ok(()) };
        let mut deeper = config;
        deeper["num_hidden_layers"] = json!(blueprint.layers.value + more);
        let deeper = Blueprint::from_value(deeper).map(Arc::new).unwrap();
        let layout = Setup::new(&blueprint, &scenario).unwrap().layout;
        // A stage gets the layers that happen to be its own: of different kinds, they may weigh less.
        if layout.stages() == 1 {
            prop_assert!(held(&deeper, &scenario).unwrap() >= now);
        }
    }

    #[test]
    fn more_bits_never_weigh_less(blueprint in any_model(), scenario in any_scenario()) {
        let weights = |key: &'static str| {
            let scenario = scenario.clone().with(|s| { s.precision.weights = Some(key); s.workload.mode = Mode::Decode; s.hardware.device = None; });
            Some(fullest(&Setup::new(&blueprint, &scenario).ok()?).ok()?.weights_bytes)
        };
        for [less, more] in [["bf16", "fp16"], ["fp16", "bf16"], ["fp16", "fp32"]] {
            prop_assert!(weights(less) <= weights(more), "{} {}", less, more);
        }
    }

    /// Of matrices of a usual size: scales of tiny ones weigh more than is saved.
    #[test]
    fn quantised_weights_are_lighter(blueprint in large_model(), scenario in any_scenario()) {
        // What a rule leaves alone stays as published.
        prop_assume!(blueprint.published.base.bits == 16);
        let weights = |key: &'static str| {
            let scenario = scenario.clone().with(|s| { s.precision.weights = Some(key); s.workload.mode = Mode::Decode; s.hardware.device = None; s.serving.engine = None; s.precision.kv_cache = KvFormat::Auto; s.precision.value_cache = KvFormat::Auto; s.hardware.devices = 1; s.hardware.tensor = None; s.hardware.pipeline = 1; s.hardware.expert = 1; });
            Some(fullest(&Setup::new(&blueprint, &scenario).ok()?).ok()?.weights_bytes)
        };
        for [less, more] in [["fp8", "bf16"], ["int8", "bf16"], ["awq", "int8"], ["q4_k_m", "q8_0"], ["q3_k_m", "q4_k_m"], ["q8_0", "bf16"]] {
            prop_assert!(weights(less) <= weights(more), "{} {}", less, more);
        }
    }

    /// A larger group of devices that share a layer leaves each of them no more to hold.
    #[test]
    fn more_devices_never_hold_more_each(blueprint in any_model(), scenario in any_scenario()) {
        prop_assume!(scenario.workload.mode != Mode::Serve);
        // More of the same: not of devices that are not alike.
        let scenario = scenario.with(|s| { s.hardware.mixed = Vec::new(); s.hardware.tensor_split = Vec::new(); });
        // SGLang sets more of each device aside the more of them share a model.
        let by_device = |setup: Setup| setup.engine.reserves_by_device();
        prop_assume!(!Setup::new(&blueprint, &scenario).is_ok_and(by_device));
        let more = scenario.clone().with(|s| { s.hardware.devices = scenario.hardware.devices * 2; s.hardware.tensor = scenario.hardware.tensor.map(|tensor| tensor * 2); });
        let (Some(now), Some(then)) = (held(&blueprint, &scenario), held(&blueprint, &more)) else { return Ok(()) };
        let layers = Setup::new(&blueprint, &scenario).unwrap().layout.by_layers;
        prop_assume!(!layers);
        prop_assert!(then <= now, "{} after {}", then, now);
    }
}

/// A device described by hand: memory, bandwidth, one factor for all rates, link.
#[derive(Clone, Copy, Debug)]
struct Described {
    memory: f64,
    bandwidth: f64,
    rates: f64,
    link: f64,
}

impl Described {
    fn text(self) -> String {
        let rate = |times: f64| (self.rates * times * 1000.0).round() / 1000.0;
        format!(
            "custom:memory={},bandwidth={},fp16={},bf16={},fp8={},int8={},fp4={},fp32={},link={}",
            self.memory,
            self.bandwidth,
            rate(1.0),
            rate(1.0),
            rate(2.0),
            rate(2.0),
            rate(4.0),
            rate(0.5),
            self.link
        )
    }
    fn better(self) -> [(&'static str, Self); 4] {
        [
            (
                "memory",
                Self {
                    memory: self.memory * 1.5,
                    ..self
                },
            ),
            (
                "bandwidth",
                Self {
                    bandwidth: self.bandwidth * 1.5,
                    ..self
                },
            ),
            (
                "rates",
                Self {
                    rates: self.rates * 1.5,
                    ..self
                },
            ),
            (
                "link",
                Self {
                    link: self.link * 1.5,
                    ..self
                },
            ),
        ]
    }
}

fn described() -> impl Strategy<Value = Described> {
    (4u64..200, 50u64..8000, 5u64..2000, 8u64..900).prop_map(|(memory, bandwidth, rates, link)| Described {
        memory: memory as f64,
        bandwidth: bandwidth as f64,
        rates: rates as f64,
        link: link as f64,
    })
}

/// Seconds of the pass, and of the prompt where there is one.
fn times(analysis: &Analysis) -> Vec<f64> {
    let Some(speed) = &analysis.speed else {
        return Vec::new();
    };
    [Some(speed.seconds()), speed.prefill_seconds()]
        .into_iter()
        .flatten()
        .collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_better_device_never_makes_it_worse(blueprint in large_model(), scenario in any_scenario(), device in described()) {
        let on = |device: Described| scenario.clone().with(|s| { s.hardware.device = Some(device.text()); s.hardware.host = None; s.hardware.price = None; });
        let Ok(base) = analyse(&blueprint, &on(device)) else { return Ok(()) };
        for (what, better) in device.better() {
            // On a larger device SGLang runs larger steps and sets more aside for them.
            if what == "memory" && base.setup.engine.reserves_by_device() {
                continue;
            }
            let found = analyse(&blueprint, &on(better)).unwrap();
            // Beyond 70 GiB vLLM makes room for four times as many sequences.
            let sequences = |of: &Analysis| of.setup.engine.budget(of.setup.device()).sequences;
            if sequences(&found) != sequences(&base) {
                continue;
            }
            let (before, after) = (base.fit.as_ref().unwrap(), found.fit.as_ref().unwrap());
            prop_assert!(after.verdict <= before.verdict, "{}: {:?} after {:?}", what, after.verdict, before.verdict);
            // With part of it in RAM the limits are those of RAM.
            if after.verdict == before.verdict {
                let limited = scenario.workload.mode == Mode::Serve || after.verdict == Verdict::Offload;
                prop_assert!(after.max_context >= before.max_context || limited, "{}: context", what);
                // Offloaded layers are whole ones: what is left of the room beside them goes up and down.
                prop_assert!(after.max_batch >= before.max_batch || after.verdict == Verdict::Offload, "{}: batch", what);
            }
            // Of a server that runs more at once each token takes longer: its throughput counts. Beyond saturation the host's time for
            // each sequence takes up to a hundredth of it.
            if scenario.workload.mode == Mode::Serve {
                let rate = |analysis: &Analysis| analysis.serving.as_ref().map_or(0.0, |one| one.tokens_per_second);
                prop_assert!(rate(&found) * 1.01 >= rate(&base), "{}: {} after {}", what, rate(&found), rate(&base));
            } else if (after.verdict, after.offload.is_some()) == (before.verdict, before.offload.is_some()) || before.verdict == Verdict::Offload {
                // What did not run at all has a time as if it did, or that of a plan for which RAM is short.
                // On a larger device vLLM reads more prompt tokens a step: the first of several prompts then waits for more of them.
                let steps = match scenario.workload.mode {
                    _ if found.setup.chunk() == base.setup.chunk() => 2,
                    Mode::Prefill => 0,
                    _ => 1,
                };
                for (after, before) in times(&found).into_iter().zip(times(&base)).take(steps) {
                    prop_assert!(after <= before * 1.000_001, "{}: {} s after {} s", what, after, before);
                }
            }
        }
    }

    /// The share of memory an engine may take is room and nothing else.
    #[test]
    fn a_larger_share_of_memory_never_makes_it_worse(blueprint in large_model(), scenario in any_scenario(), device in described(), share in 10u64..90) {
        prop_assume!(scenario.workload.mode != Mode::Pretrain && scenario.assumptions.memory_rule == MemoryRule::Exact);
        let with = |share: u64| scenario.clone().with(|s| { s.hardware.device = Some(device.text()); s.hardware.host = None; s.serving.memory_fraction = Some(share); });
        let (Ok(less), Ok(more)) = (analyse(&blueprint, &with(share)), analyse(&blueprint, &with(share + 10))) else { return Ok(()) };
        let (less, more) = (less.fit.unwrap(), more.fit.unwrap());
        prop_assert!(more.verdict <= less.verdict);
        // With part of it in RAM the limits are those of RAM.
        if more.verdict == less.verdict && less.offload.is_none() {
            prop_assert!(more.max_batch >= less.max_batch, "{} after {}", more.max_batch, less.max_batch);
        }
    }
}
