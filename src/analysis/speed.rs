//! Speed on the chosen device: expected, with its interval, beside what nothing can beat.

use super::compute::OpCost;
use super::parameters::parameters;
use super::placement::HostShare;
use super::roofline::Roof;
use super::serving::Serving;
use super::setup::Setup;
use super::time::{self, PassTime, TimeParts};
use super::training::Training;
use crate::hardware::evidence::Seen;
use crate::hardware::measurement::{Measurement, Metric, Near, nearest};
use crate::hardware::{Device, Rate};
use crate::model::Notice;
use crate::scenario::Mode;
use crate::units::Exact;

/// Published measurements that are shown beside an estimate.
const SHOWN: usize = 4;

/// Speed of the pass which the mode names.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// Least time of the pass: operators one after the other, each at peak rate or full bandwidth, on one device.
    pub roof: Roof,
    /// Ridge point of the device for 16-bit products, FLOP a byte; zero where its rate is not known.
    pub ridge: f64,
    /// Name of the rate the ridge is of.
    pub rate_name: &'static str,
    /// That rate, operations a second; zero where it is not known.
    pub rate: f64,
    /// Expected time of the pass; none in training, which has its step.
    pub pass: Option<PassTime>,
    /// Expected time of the whole prompt, in decode and prefill.
    pub prefill: Option<PassTime>,
    /// Expected time of a training step.
    pub step: Option<f64>,
    /// Expected tokens a second, all sequences: written in decode, read in prefill, trained on in training.
    pub tokens_per_second: f64,
    /// Tokens a second at the slow and at the fast end of the interval.
    pub tokens_per_second_between: Option<(f64, f64)>,
    /// What the shares of peak are fitted on, in words; empty in training.
    pub basis: String,
}

impl Speed {
    /// Seconds of the whole prompt.
    pub fn prefill_seconds(&self) -> Option<f64> {
        self.prefill.as_ref().map(|time| time.seconds)
    }
    /// Seconds of the pass: expected, or at least.
    pub fn seconds(&self) -> f64 {
        let pass = self.pass.as_ref().map(|time| time.seconds);
        pass.or(self.step).unwrap_or(self.roof.seconds)
    }
    /// A server's figures in place of those of a step: its throughput, the time between two tokens, the first token.
    /// Neither end of the interval beats what physics allows a step of so many sequences.
    pub(super) fn serve(&mut self, serving: &mut Serving) {
        let floor = self.pass.as_ref().map_or(0.0, |pass| pass.floor);
        if floor > 0.0 {
            let most = serving.admission.running as f64 / floor;
            serving.tokens_per_second_high = serving.tokens_per_second_high.min(most.max(serving.tokens_per_second));
        }
        self.tokens_per_second = serving.tokens_per_second;
        self.tokens_per_second_between = Some((serving.tokens_per_second_low, serving.tokens_per_second_high));
        let time =
            |seconds: f64, parts: TimeParts| PassTime::between(seconds, floor.min(seconds), parts, serving.evidence);
        self.pass = Some(time(serving.tpot, serving.step));
        self.prefill = Some(time(serving.ttft.unwrap_or(serving.first), TimeParts::default()));
    }
    /// A run's figures in place of the roof's: tokens a second of all devices, expected.
    pub(super) fn train(&mut self, training: &Training) {
        let Some(time) = &training.time else { return };
        self.step = Some(time.seconds);
        self.tokens_per_second = time.tokens_per_second(&training.plan);
        self.tokens_per_second_between = Some(time.tokens_between(&training.plan));
    }
    /// What to know about the figures.
    pub fn notice(&self, setup: &Setup) -> Option<Notice> {
        if setup.admission.is_some_and(|load| load.max_running > 0) {
            return None;
        }
        if self.pass.is_none() && self.tokens_per_second_between.is_some() {
            return None;
        }
        let Some(pass) = &self.pass else {
            return Some(Notice::new(
                "speed_is_a_ceiling",
                "Times are what the device cannot beat: peak rate and full bandwidth, nothing lost.",
            ));
        };
        let device = setup.device()?;
        (pass.evidence.level > Seen::Generation).then(|| {
            Notice::new(
                "speed_not_measured",
                format!("Shares of peak are {}.", pass.evidence.words(setup.engine, device)),
            )
        })
    }
}

/// The speed of a setup.
pub fn speed(setup: &Setup, operators: &[OpCost<f64>], host: &HostShare) -> Option<Speed> {
    let device = setup.device()?;
    let scenario = &*setup.scenario;
    let training = scenario.workload.mode.trains();
    let pass = if training { None } else { time::pass(setup, host) };
    let roof = roof_of(device, operators)?;
    if pass.is_none() && (!training || device.rate_16(true).is_none()) {
        return None;
    }
    let prefill = match scenario.workload.mode {
        Mode::Prefill => pass.clone(),
        Mode::Pretrain | Mode::Finetune => None,
        Mode::Decode | Mode::Serve => {
            let prefill = setup.working(|scenario| scenario.workload.mode = Mode::Prefill);
            time::pass(&prefill, host)
        }
    };
    let tokens = match scenario.workload.mode {
        Mode::Decode | Mode::Serve => scenario.workload.batch as f64,
        Mode::Prefill | Mode::Pretrain | Mode::Finetune => {
            scenario.workload.batch as f64 * scenario.workload.prompt as f64
        }
    };
    let each = |seconds: f64| if seconds > 0.0 { tokens / seconds } else { 0.0 };
    let rate = device.rate_16(setup.activation.id != "fp16");
    let Rate { flops, name } = rate.unwrap_or(Rate { flops: 0.0, name: "" });
    Some(Speed {
        ridge: rate.map_or(0.0, |rate| device.ridge(rate)),
        rate_name: name,
        rate: flops,
        tokens_per_second: each(pass.as_ref().map_or(roof.seconds, |time| time.seconds)),
        tokens_per_second_between: pass.as_ref().map(|time| (each(time.high), each(time.low))),
        basis: pass
            .as_ref()
            .map(|pass| pass.evidence.words(setup.engine, device))
            .unwrap_or_default(),
        roof,
        pass,
        step: None,
        prefill,
    })
}

/// Least time of all operators; of their traffic alone where the device's rate is not known.
fn roof_of(device: &Device, operators: &[OpCost<f64>]) -> Option<Roof> {
    if device.bandwidth_bytes_per_s <= 0.0 {
        return None;
    }
    Some(operators.iter().fold(Roof::default(), |sum, cost| {
        sum.then(Roof::of(cost, device).unwrap_or_else(|| {
            let memory = cost.bytes() / device.bandwidth_bytes_per_s;
            Roof {
                compute: 0.0,
                memory,
                seconds: memory,
            }
        }))
    }))
}

/// The published measurements nearest to what is asked, best first; none in training.
pub fn nearest_measurements(setup: &Setup) -> Vec<&'static Measurement> {
    match setup.device() {
        Some(device) if !setup.scenario.workload.mode.trains() => nearest(&near(setup, device), SHOWN, active),
        _ => Vec::new(),
    }
}

fn near<'a>(setup: &'a Setup, device: &'a Device) -> Near<'a> {
    let scenario = &*setup.scenario;
    Near {
        metric: match scenario.workload.mode {
            Mode::Serve => Metric::Throughput,
            Mode::Prefill | Mode::Pretrain | Mode::Finetune => Metric::Prefill,
            Mode::Decode => Metric::Decode,
        },
        engine: setup.engine.key(),
        device,
        devices: setup.layout.devices,
        format: &setup.weights.format.id,
        active: parameters::<Exact>(&setup.blueprint).active.0 as f64,
        batch: scenario.workload.batch,
        context: scenario.workload.prompt.saturating_add(scenario.generated() / 2),
    }
}

/// Parameters a token uses of a model that was measured, from the table of measured models.
fn active(model: &str) -> Option<f64> {
    crate::hardware::measurement::active(model)
}
