//! How long a pass takes, with an interval: the roofline of each operator at the efficiencies that measurements show, plus
//! what launches and communication cost. `docs/speed.md` tells how it is fitted and what is missing.

mod formula;
mod parts;
mod work;

pub use formula::{Setting, seconds};
pub use parts::{TimeParts, parts};
pub use work::{Kind, Step, Work, peak, rate};

use std::borrow::Cow;

use serde::Serialize;

use super::placement::HostShare;
use super::question::Question;
use crate::hardware::Device;
use crate::hardware::efficiency::{Efficiency, Level, efficiency, factors, terms};
use crate::hardware::engine::Engine;
use crate::model::operator::Kind as Operation;
use crate::units::Number;

/// Time of a pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PassTime {
    /// Expected seconds.
    pub seconds: f64,
    /// Nine of ten measurements are slower.
    pub low: f64,
    /// Nine of ten measurements are faster.
    pub high: f64,
    /// What physics allows: all bytes at full bandwidth and all operations at the highest rate, on all devices.
    pub floor: f64,
    /// How specific the efficiencies are.
    pub level: &'static str,
    /// Measurements of that kind of pass they are fitted on.
    pub rows: u32,
}

/// Time of the pass which the mode names; `None` without a device, or for a prefill on a device without a known rate.
pub fn pass(question: &Question<'_>, host: &HostShare) -> Option<PassTime> {
    let device = question.device()?;
    let found = efficiency(question.engine, device)?;
    let set = setting(question, device, &found, host);
    let work = Work::<f64>::new(question, device, set.terms.alike);
    if !work.decode && peak(device).is_none() {
        return None;
    }
    let floor = floor(&work, device, question.layout.devices);
    let expected = seconds(&work, &set).max(floor);
    let spread = found.spread(work.decode);
    Some(PassTime {
        seconds: expected,
        low: (expected * spread.low.min(1.0)).max(floor),
        high: expected * spread.high.max(1.0),
        floor,
        level: found.row.level.into(),
        rows: spread.rows,
    })
}

/// The same time with its trace.
pub fn traced<N: Number>(question: &Question<'_>, host: &HostShare) -> Option<N> {
    let device = question.device()?;
    let found = efficiency(question.engine, device)?;
    let mut set = setting(question, device, &found, host);
    set.origin = Cow::Owned(origin(question, device, &found));
    let work = Work::<N>::new(question, device, set.terms.alike);
    if !work.decode && peak(device).is_none() {
        return None;
    }
    let floor = floor(&work, device, question.layout.devices);
    let expected = seconds(&work, &set);
    if floor > expected.value() {
        let least = N::constant(floor).named(
            "least time",
            "All bytes at full bandwidth, or all operations at the highest rate.",
        );
        return Some(expected.most(least));
    }
    Some(expected)
}

/// Where the shares of peak are from, in words.
pub fn origin(question: &Question<'_>, device: &Device, found: &Efficiency) -> String {
    let count = found.row.decode_rows.saturating_add(found.row.prefill_rows);
    let whom = match found.row.level {
        Level::Device => device.name.clone(),
        Level::Generation => format!("{} {}", device.vendor, device.family),
        Level::Group => found.row.name.clone(),
        _ => "all devices".to_owned(),
    };
    let engine = question.engine.label();
    format!("fitted on {count} measurements of {whom}, {engine}")
}

/// What the formula reads beside the work.
pub fn setting<'a>(question: &Question<'_>, device: &'a Device, found: &Efficiency, host: &HostShare) -> Setting<'a> {
    let mut with = found.coefficients;
    let scenario = &*question.scenario;
    let percent = |value: u64| (value as f64 / 100.0).clamp(0.01, 1.0);
    if let Some(value) = scenario.compute_efficiency {
        with.compute = percent(value);
        with.attention = percent(value);
    }
    if let Some(value) = scenario.bandwidth_efficiency {
        with.bandwidth = percent(value);
        with.cache = percent(value);
    }
    let terms = *terms();
    let routed = question.blueprint.blocks().any(|place| {
        place
            .block
            .operators
            .iter()
            .any(|operator| matches!(operator.kind, Operation::Linear { routing: Some(_), .. }))
    });
    Setting {
        device,
        with,
        factors: factors(),
        terms,
        layout: question.layout,
        host: *host,
        // llama.cpp computes where weights lie; the others copy them to the device for each pass.
        host_bandwidth: if question.engine == Engine::LlamaCpp {
            terms.host_bytes_per_s
        } else {
            host_link(device)
        },
        host_link: host_link(device),
        copies: question.engine == Engine::LlamaCpp,
        row_bytes: question.blueprint.hidden.value as f64 * question.activation_bytes().value as f64,
        layers: question.blueprint.layers.value as f64,
        routed,
        origin: Cow::Borrowed(""),
    }
}

/// Bytes a second from RAM to a device: its link where that is PCIe, else PCIe 4.0 x16; copies reach four fifths of it.
fn host_link(device: &Device) -> f64 {
    0.8 * device.pcie_bytes_per_s.unwrap_or(3.15e10)
}

/// Least time: bytes at full bandwidth and operations at the highest rate of the row, on all devices at work.
///
fn floor<N: Number>(work: &Work<N>, device: &Device, devices: u64) -> f64 {
    let bytes: f64 = work.steps.iter().map(|step| step.cost.bytes().value()).sum();
    let flops: f64 = work.steps.iter().map(|step| step.cost.flops().value()).sum();
    let devices = devices.max(1) as f64;
    let most = |amount: f64, rate: f64| if rate > 0.0 { amount / rate } else { 0.0 };
    // What lies in RAM is read no faster than what lies on the device.
    let memory = most(bytes, device.bandwidth_bytes_per_s * devices);
    memory.max(most(flops, peak(device).unwrap_or(0.0) * devices))
}
