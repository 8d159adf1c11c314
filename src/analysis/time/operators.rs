//! Each operator of a step by itself: its work, the bytes it moves, the time it is expected to take, and what holds it back.

use super::runner::Runner;
use super::step::{Mix, of, operator_seconds};
use crate::analysis::placement::HostShare;
use crate::analysis::roofline::Bound;
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::model::Component;
use crate::scenario::Mode;

/// A pass that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// One step that reads prompts.
    Prefill,
    /// One step that writes a token for each sequence.
    Decode,
}

impl Pass {
    /// Its name: `prefill`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prefill => "prefill",
            Self::Decode => "decode",
        }
    }
}

/// An operator in a step, all its layers together, on one rank.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorTime {
    /// Which of the operators that run over text it is, in the order of the blueprint's blocks; of several the first.
    pub at: usize,
    /// Its name.
    pub name: &'static str,
    /// Its component.
    pub component: Component,
    /// Operations.
    pub flops: f64,
    /// Bytes moved between memory and chip.
    pub bytes: f64,
    /// Peak rate of its products, operations a second.
    pub rate: f64,
    /// Expected seconds; launches and communication are apart.
    pub seconds: f64,
    /// Its share of the seconds of all operators.
    pub share: f64,
    /// What holds it back: whether its intensity is left or right of the ridge of its rate.
    pub bound: Bound,
}

impl OperatorTime {
    /// FLOP a byte; none where nothing is moved.
    pub fn intensity(&self) -> Option<f64> {
        (self.bytes > 0.0).then(|| self.flops / self.bytes)
    }
    /// Operations a second that it is expected to reach.
    pub fn reached(&self) -> f64 {
        if self.seconds > 0.0 {
            self.flops / self.seconds
        } else {
            0.0
        }
    }
}

/// The operators of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct OperatorTimes {
    /// Which step.
    pub pass: Pass,
    /// Operators in the order they first run; those of one name and component are one.
    pub operators: Vec<OperatorTime>,
    /// Bandwidth of the device, bytes a second.
    pub bandwidth: f64,
}

impl OperatorTimes {
    /// Peak rates of its products, the lowest first: a roof for each.
    pub fn rates(&self) -> Vec<f64> {
        let mut rates: Vec<f64> = self
            .operators
            .iter()
            .map(|one| one.rate)
            .filter(|rate| *rate > 0.0)
            .collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates
    }
    /// Sums by component: operations, bytes, expected seconds; in the order of components.
    pub fn by_component(&self) -> Vec<(Component, f64, f64, f64)> {
        let mut sums: std::collections::BTreeMap<Component, (f64, f64, f64)> = std::collections::BTreeMap::new();
        for one in &self.operators {
            let sum = sums.entry(one.component).or_default();
            *sum = (sum.0 + one.flops, sum.1 + one.bytes, sum.2 + one.seconds);
        }
        sums.into_iter()
            .map(|(component, (flops, bytes, seconds))| (component, flops, bytes, seconds))
            .collect()
    }
}

/// The operators of a step under a setup's load, those of one name and component as one; none in training, without a device or a known rate, and on devices that are not
/// alike, which have no roof in common.
pub fn operator_times(setup: &Setup, host: &HostShare, pass: Pass) -> Option<OperatorTimes> {
    let mut each = each_operator(setup, host, pass)?;
    let mut operators: Vec<OperatorTime> = Vec::new();
    for one in each.operators {
        let known = operators
            .iter_mut()
            .find(|known| (known.name, known.component) == (one.name, one.component));
        match known {
            Some(known) => {
                known.flops += one.flops;
                known.bytes += one.bytes;
                known.seconds += one.seconds;
                known.share += one.share;
                known.rate = known.rate.max(one.rate);
                known.bound = bound(known, each.bandwidth);
            }
            None => operators.push(one),
        }
    }
    each.operators = operators;
    Some(each)
}

/// The same with every operator of every block by itself.
pub fn each_operator(setup: &Setup, host: &HostShare, pass: Pass) -> Option<OperatorTimes> {
    let device = setup.device()?;
    if setup.scenario.workload.mode.trains() || !setup.members.is_empty() || device.bandwidth_bytes_per_s <= 0.0 {
        return None;
    }
    let runner = Runner::<f64>::of(setup, device, host)?;
    let mix = mix(setup, &runner, pass);
    let bandwidth = device.bandwidth_bytes_per_s;
    let each = runner.works.iter().enumerate().map(|(at, work)| {
        let (seconds, bytes) = operator_seconds(work, &mix, &runner.set);
        let one = OperatorTime {
            at,
            name: work.name,
            component: work.component,
            flops: of(work, &mix, |load| load.matmul + load.elementwise),
            bytes,
            rate: work.rate.or_else(|| vector(device)).unwrap_or(0.0),
            seconds,
            share: 0.0,
            bound: Bound::Memory,
        };
        OperatorTime {
            bound: bound(&one, bandwidth),
            ..one
        }
    });
    let mut operators: Vec<OperatorTime> = each.collect();
    let all: f64 = operators.iter().map(|one| one.seconds).sum();
    for one in &mut operators {
        one.share = if all > 0.0 { one.seconds / all } else { 0.0 };
    }
    Some(OperatorTimes {
        pass,
        operators,
        bandwidth,
    })
}

/// Which side of the ridge of its rate it is on.
fn bound(one: &OperatorTime, bandwidth: f64) -> Bound {
    if one.rate > 0.0 && one.flops * bandwidth > one.bytes * one.rate {
        Bound::Compute
    } else {
        Bound::Memory
    }
}

fn vector(device: &Device) -> Option<f64> {
    device.rate_vector().map(|rate| rate.flops)
}

/// What one step works on: every sequence, or as much of the prompts as a step holds.
fn mix(setup: &Setup, runner: &Runner<'_, f64>, pass: Pass) -> Mix<f64> {
    let workload = &setup.scenario.workload;
    let batch = workload.batch.max(1) as f64;
    if pass == Pass::Decode {
        return Mix::decode(batch / runner.stages());
    }
    // Requests of a server come one by one.
    let prompts = if workload.mode == Mode::Serve { 1.0 } else { batch };
    let tokens = prompts * workload.prompt.max(1) as f64;
    let chunks = setup.chunk().map_or(1.0, |most| (tokens / most.max(1) as f64).ceil());
    Mix::prompt(prompts / chunks.max(1.0))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::analysis::{Setup, analyse};
    use crate::model::{Blueprint, catalogue};
    use crate::scenario::Scenario;

    fn setup(model: &str, change: impl FnOnce(&mut Scenario)) -> Setup {
        let config = catalogue::find(model).unwrap().config.clone();
        let blueprint = Arc::new(Blueprint::from_value(config).unwrap());
        Setup::new(&blueprint, &Scenario::example().with(change)).unwrap()
    }

    /// No operator is faster than its roof, and shares are of all time.
    #[test]
    fn nothing_is_above_its_roof() {
        for model in [
            "meta-llama/Llama-3.1-8B-Instruct",
            "openai/gpt-oss-20b",
            "deepseek-ai/DeepSeek-V3.1",
        ] {
            for (device, batch, weights) in [
                ("h100-sxm", 64, None),
                ("rtx-4090", 1, Some("q4_k_m")),
                ("h100-sxm", 1, Some("fp8")),
            ] {
                let setup = setup(model, |s| {
                    s.workload.batch = batch;
                    s.hardware.device = Some(device.to_owned());
                    s.precision.weights = weights;
                });
                for pass in [Pass::Prefill, Pass::Decode] {
                    let times = operator_times(&setup, &HostShare::default(), pass).unwrap();
                    assert!(times.operators.len() > 6, "{model}");
                    let shares: f64 = times.operators.iter().map(|one| one.share).sum();
                    assert!((shares - 1.0).abs() < 1e-9);
                    for one in &times.operators {
                        let roof = one.rate.min(one.intensity().unwrap_or(0.0) * times.bandwidth);
                        assert!(one.reached() <= roof * 1.001, "{model} {device} {pass:?} {one:?}");
                    }
                }
            }
        }
    }

    /// They are the operators of the step that the page shows the time of.
    #[test]
    fn they_sum_to_the_step() {
        let setup = setup("meta-llama/Llama-3.1-8B-Instruct", |_| {});
        let times = operator_times(&setup, &HostShare::default(), Pass::Decode).unwrap();
        let parts = analyse(&setup.blueprint, &setup.requested)
            .unwrap()
            .speed
            .unwrap()
            .pass
            .unwrap()
            .parts;
        let all: f64 = times.operators.iter().map(|one| one.seconds).sum();
        assert!(
            (all / (parts.memory + parts.compute + parts.host) - 1.0).abs() < 1e-6,
            "{all} {parts:?}"
        );
        let sums: f64 = times.by_component().iter().map(|one| one.3).sum();
        assert!((sums / all - 1.0).abs() < 1e-9);
    }

    /// A long prompt is bound by arithmetic in its products, a single token by bandwidth.
    #[test]
    fn prefill_and_decode_are_bound_otherwise() {
        let setup = setup("meta-llama/Llama-3.1-8B-Instruct", |s| {
            s.hardware.device = Some("h100-sxm".to_owned())
        });
        for (pass, bound) in [(Pass::Prefill, Bound::Compute), (Pass::Decode, Bound::Memory)] {
            let times = operator_times(&setup, &HostShare::default(), pass).unwrap();
            let widest = times
                .operators
                .iter()
                .max_by(|one, other| one.flops.total_cmp(&other.flops))
                .unwrap();
            assert_eq!(widest.bound, bound, "{widest:?}");
        }
    }
}
