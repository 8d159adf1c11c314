//! How many devices there are and what each of them shares with the others.

use serde::Serialize;

use crate::analysis::error::AnalysisError;
use crate::hardware::Engine;
use crate::scenario::{AttentionParallel, Scenario, Split};

/// A model spread over devices: `devices = tensor × pipeline`, or `devices` alone where layers are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Layout {
    /// Devices.
    pub devices: u64,
    /// Devices that share each layer.
    pub tensor: u64,
    /// Stages, one group of devices after the other.
    pub pipeline: u64,
    /// Devices of a tensor-parallel group over which whole experts are sharded.
    pub expert: u64,
    /// Whether each device of a group keeps all of attention, for sequences of its own.
    pub attention_dp: bool,
    /// Whether whole layers are sharded and devices work one after the other in decode (llama.cpp).
    pub by_layers: bool,
}

impl Layout {
    /// One device.
    pub const ONE: Self = Self {
        devices: 1,
        tensor: 1,
        pipeline: 1,
        expert: 1,
        attention_dp: false,
        by_layers: false,
    };

    /// The layout a scenario asks for.
    ///
    /// # Errors
    /// Numbers that do not multiply to the number of devices, or experts over more devices than share a layer.
    pub fn of(scenario: &Scenario, engine: Engine) -> Result<Self, AnalysisError> {
        let devices = scenario.hardware.devices.max(1);
        if scenario.workload.mode.trains() {
            // A training run has a layout of its own, with data parallelism; it is checked there.
            return Ok(Self {
                devices,
                tensor: scenario.hardware.tensor.unwrap_or(1).max(1),
                pipeline: scenario.hardware.pipeline.max(1),
                expert: scenario.hardware.expert.max(1),
                ..Self::ONE
            });
        }
        let split =
            scenario
                .hardware
                .split
                .unwrap_or(if engine == Engine::LlamaCpp && scenario.hardware.tensor.is_none() {
                    Split::Layer
                } else {
                    Split::Tensor
                });
        if split == Split::Layer && devices > 1 {
            return Ok(Self {
                devices,
                by_layers: true,
                ..Self::ONE
            });
        }
        let pipeline = scenario.hardware.pipeline.max(1);
        let tensor = scenario.hardware.tensor.unwrap_or_else(|| (devices / pipeline).max(1));
        if tensor.checked_mul(pipeline) != Some(devices) {
            return Err(AnalysisError::Layout(format!(
                "Tensor parallel {tensor} × pipeline parallel {pipeline} is {}, not the {devices} devices given.",
                tensor.saturating_mul(pipeline)
            )));
        }
        let expert = scenario.hardware.expert.max(1);
        if expert > tensor || !tensor.is_multiple_of(expert) {
            return Err(AnalysisError::Layout(format!(
                "Expert parallel is {expert}; it must divide the {tensor} devices that share a layer."
            )));
        }
        Ok(Self {
            devices,
            tensor,
            pipeline,
            expert,
            attention_dp: scenario.hardware.attention_parallel == AttentionParallel::Dp && tensor > 1,
            by_layers: false,
        })
    }
    /// Groups of devices with sequences of their own: each device where attention is shared by sequences.
    pub const fn replicas(&self) -> u64 {
        if self.attention_dp && self.tensor > 1 {
            self.tensor
        } else {
            1
        }
    }
    /// Devices among which layers are sharded.
    pub const fn stages(&self) -> u64 {
        if self.by_layers { self.devices } else { self.pipeline }
    }
}
