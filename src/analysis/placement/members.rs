//! Devices that are not alike, or hold unlike parts: who has which layers.

use std::sync::Arc;

use super::layout::Layout;
use crate::analysis::error::AnalysisError;
use crate::hardware::{Device, Engine, resolve};
use crate::model::Notice;
use crate::scenario::Scenario;

/// A device of several, with the layers it holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The device.
    pub device: Arc<Device>,
    /// Its first layer.
    pub begin: u64,
    /// The layer behind its last.
    pub end: u64,
    /// Whether the output is here.
    pub head: bool,
}

impl Member {
    /// Layers and the output, which counts as one.
    pub fn items(&self) -> u64 {
        self.end.saturating_sub(self.begin).saturating_add(u64::from(self.head))
    }
}

/// The devices a scenario names one by one; empty where they are alike.
pub fn named(scenario: &Scenario) -> Vec<Arc<Device>> {
    if !scenario.is_mixed() {
        return Vec::new();
    }
    let ids = scenario.hardware.mixed.iter();
    let all: Option<Vec<_>> = ids
        .map(|id| resolve(id).ok().map(|device| Arc::new(device.into_owned())))
        .collect();
    all.unwrap_or_default()
}

/// Who holds which layers, where the engine deals out whole layers by shares: the shares that were given, else memory. Empty
/// where devices are alike and no shares were given.
///
/// Source: llama.cpp b7000 `llama_model::load_tensors`: `--tensor-split`, by default the free memory of each device, summed up
/// and divided by the sum; of the layers and the output, n + 1 in all, number i goes to the first device whose sum is more
/// than i ÷ (n + 1).
///
/// # Errors
/// Shares that are not as many as the devices.
pub fn members(
    scenario: &Scenario,
    layout: &Layout,
    device: Option<&Arc<Device>>,
    layers: u64,
) -> Result<Vec<Member>, AnalysisError> {
    let (shares, mut devices) = (&scenario.hardware.tensor_split, named(scenario));
    let Some(first) = device.filter(|_| layout.by_layers) else {
        return Ok(Vec::new());
    };
    if devices.is_empty() && shares.is_empty() {
        return Ok(Vec::new());
    }
    if !shares.is_empty() && shares.len() as u64 != layout.devices {
        return Err(AnalysisError::Layout(format!(
            "The tensor split has {} shares for {} devices.",
            shares.len(),
            layout.devices
        )));
    }
    if devices.is_empty() {
        devices = vec![first.clone(); shares.len()];
    }
    let weight = |at: usize, device: &Device| match shares.get(at) {
        Some(share) => *share,
        None => device.usable_bytes() as f64,
    };
    let all: f64 = devices.iter().enumerate().map(|(at, one)| weight(at, one)).sum();
    let items = layers.saturating_add(1);
    let (mut sum, mut begin) = (0.0, 0_u64);
    let last = devices.len().saturating_sub(1);
    let mut found = Vec::new();
    for (at, device) in devices.into_iter().enumerate() {
        sum += weight(at, &device);
        // A sum that is a hair beside a whole number of layers is meant to be that.
        let end = (sum / all * items as f64 - 1e-6).ceil().max(0.0) as u64;
        let end = if at == last { items } else { end.clamp(begin, items) };
        found.push(Member {
            device,
            begin: begin.min(layers),
            end: end.min(layers),
            head: begin < items && end == items,
        });
        begin = end;
    }
    Ok(found)
}

/// What stands for unlike devices where each has the same share of every layer: the memory, bandwidth and rates that the least
/// of them has, with a word on that.
///
/// Sources: vLLM 0.11 `gpu_worker.determine_available_memory` (each rank profiles itself, the cache is as long as the
/// smallest allows); SGLang 0.5 `model_runner.init_torch_distributed` refuses ranks whose free memory differs by more than a
/// tenth.
pub fn least(scenario: &Scenario, engine: Engine) -> Option<(Arc<Device>, Notice)> {
    let all = named(scenario);
    let smallest = all.iter().min_by_key(|device| device.usable_bytes())?;
    let mut least = Device::clone(smallest);
    let slower = |mine: &mut Option<f64>, other: Option<f64>| {
        *mine = mine.zip(other).map(|(one, other)| one.min(other));
    };
    for other in &all {
        least.bandwidth_bytes_per_s = least.bandwidth_bytes_per_s.min(other.bandwidth_bytes_per_s);
        slower(&mut least.fp32_flops, other.fp32_flops);
        slower(&mut least.tf32_flops, other.tf32_flops);
        slower(&mut least.fp16_flops, other.fp16_flops);
        slower(&mut least.fp16_acc16_flops, other.fp16_acc16_flops);
        slower(&mut least.bf16_flops, other.bf16_flops);
        slower(&mut least.fp8_flops, other.fp8_flops);
        slower(&mut least.fp8_acc16_flops, other.fp8_acc16_flops);
        slower(&mut least.int8_ops, other.int8_ops);
        slower(&mut least.fp4_flops, other.fp4_flops);
        slower(&mut least.int4_ops, other.int4_ops);
        slower(&mut least.link_bytes_per_s, other.link_bytes_per_s);
        slower(&mut least.pcie_bytes_per_s, other.pcie_bytes_per_s);
    }
    let refuses = if engine == Engine::Sglang && uneven(&all) {
        " SGLang does not start where memories differ by more than a tenth, unless SGLANG_ENABLE_TP_MEMORY_INBALANCE_CHECK=0 is set."
    } else {
        ""
    };
    let text = format!(
        "{} gives each device the same share of the model, so the smallest ({}) bounds memory and the slowest the pace.{refuses} llama.cpp deals out layers by memory.",
        engine.label(),
        least.short_name()
    );
    Some((Arc::new(least), Notice::new("smallest_device_bounds", text)))
}

fn uneven(all: &[Arc<Device>]) -> bool {
    let sizes = || all.iter().map(|device| device.usable_bytes());
    let (least, most) = (sizes().min().unwrap_or(0), sizes().max().unwrap_or(0));
    u128::from(least) * 10 < u128::from(most) * 9
}

/// Devices in words: `RTX 3090 + RTX 4090`, `2 × RTX 3090 + RTX 4090`.
pub fn words<'a>(devices: impl Iterator<Item = &'a Device>) -> String {
    let mut runs: Vec<(&str, u64)> = Vec::new();
    for device in devices {
        match runs.last_mut() {
            Some((name, count)) if *name == device.short_name() => *count = count.saturating_add(1),
            _ => runs.push((device.short_name(), 1)),
        }
    }
    let each = runs.into_iter().map(|(name, count)| match count {
        1 => name.to_owned(),
        some => format!("{some} × {name}"),
    });
    each.collect::<Vec<_>>().join(" + ")
}
