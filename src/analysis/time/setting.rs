//! What a step is timed with beside its work: device, shares of peak, layout, what lies in RAM.

use std::borrow::Cow;

use super::work::{Kind, Work, rate};
use crate::analysis::placement::{HostShare, Layout};
use crate::analysis::setup::Setup;
use crate::hardware::efficiency::{Coefficients, FormatFactors, Terms, coefficients, factors, terms};
use crate::hardware::engine::Engine;
use crate::hardware::{Device, Vendor};
use crate::model::Scales;
use crate::scenario::AttentionKernel;
use crate::units::{Number, Quantity, Unit, UnitSystem};

/// A link that no table knows: PCIe 3.0 x16, bytes a second.
const LINK: f64 = 15.75e9;

/// Everything the formula reads beside the work.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The device.
    pub device: Cow<'a, Device>,
    /// What is reached of its peaks.
    pub with: Coefficients,
    /// What formats change.
    pub factors: FormatFactors,
    /// What holds for every device.
    pub terms: Terms,
    /// How devices share the model.
    pub layout: Layout,
    /// Tokens of a prompt.
    pub prompt: f64,
    /// Watts a TFLOP/s to the power of the term; one where the power is not known.
    pub power: f64,
    /// Vector rate of the device, operations a second.
    pub vector: Option<f64>,
    /// What lies in RAM.
    pub host: HostShare,
    /// Bytes a second at which RAM is read.
    pub host_bandwidth: f64,
    /// Bytes a second from RAM to the device.
    pub host_link: f64,
    /// Whether big batches are computed on the device even where weights lie in RAM.
    pub copies: bool,
    /// Whether products with few rows use kernels for single vectors, and prompts are launched one operator at a time.
    pub vectors: bool,
    /// Whether a batch is decoded without a captured graph.
    pub no_graph: bool,
    /// Whether scores are written to memory and read again.
    pub eager: bool,
    /// Bytes of a row of the residual stream.
    pub row_bytes: f64,
    /// Layers.
    pub layers: f64,
    /// Whether weights are plain numbers.
    pub plain: bool,
    /// Where the shares are from, for an explanation; none is written where it is empty.
    pub origin: Cow<'static, str>,
}

impl<'a> Setting<'a> {
    /// Of a setup on a device; `None` only where the table of efficiencies cannot be read.
    pub fn of(setup: &Setup, device: Cow<'a, Device>, host: &HostShare) -> Option<Self> {
        let mut with = coefficients(setup.engine, &device)?;
        let scenario = &*setup.scenario;
        let percent = |value: u64| (value as f64 / 100.0).clamp(0.01, 1.0);
        if let Some(value) = scenario.assumptions.compute_efficiency {
            with.compute = percent(value);
            with.attention = percent(value);
        }
        if let Some(value) = scenario.assumptions.bandwidth_efficiency {
            with.bandwidth = percent(value);
            with.cache = percent(value);
        }
        let llama = setup.engine == Engine::LlamaCpp;
        let mut set = Self {
            with,
            factors: factors(setup.engine),
            terms: *terms(),
            layout: setup.layout,
            prompt: scenario.workload.prompt.max(1) as f64,
            power: 1.0,
            vector: device.rate_vector().map(|rate| rate.flops),
            host: *host,
            host_bandwidth: 0.0,
            host_link: host_link(&device),
            copies: llama,
            vectors: llama,
            eager: scenario.assumptions.attention == AttentionKernel::Eager,
            no_graph: llama && device.vendor == Vendor::Nvidia,
            row_bytes: setup.blueprint.hidden.value as f64 * setup.activation_bytes().value as f64,
            layers: setup.blueprint.layers.value as f64,
            plain: setup.weights.format.scales == Scales::None && setup.weights.format.bits >= 16,
            origin: Cow::Borrowed(""),
            device,
        };
        set.follow(setup.engine);
        Some(set)
    }
    /// What follows from the terms.
    pub fn follow(&mut self, engine: Engine) {
        // llama.cpp computes where weights lie; the others copy them to the device for each pass.
        self.host_bandwidth = if engine == Engine::LlamaCpp {
            self.terms.host_bytes_per_s
        } else {
            self.host_link
        };
        let watts = self
            .device
            .tdp_w
            .zip(rate(engine, &self.device, Some("fp16")))
            .map(|(watts, rate)| watts / (rate / 1e12))
            .filter(|one| one.is_finite() && *one > 0.0);
        self.power = match watts {
            Some(watts) if self.vectors => watts.powf(self.terms.power),
            _ => 1.0,
        };
    }
    /// An input with its origin.
    pub(super) fn input<N: Number>(&self, name: &'static str, value: f64, peak: f64, unit: Unit) -> N {
        let origin = if self.origin.is_empty() {
            // The fast path: nobody reads a name.
            return N::constant(value);
        } else if peak > 0.0 {
            let share = (1000.0 * value / peak).round() / 10.0;
            Cow::Owned(format!(
                "{share} % of {}; {}",
                unit.write(peak, UnitSystem::default()),
                self.origin
            ))
        } else {
            self.origin.clone()
        };
        N::input(&Quantity::table(name, value as u64, origin).in_unit(unit))
    }
    /// Seconds to launch an operator where prompts run alone.
    pub(super) const fn prompt_launch(&self) -> f64 {
        if self.vectors {
            self.with.prompt_launch
        } else {
            self.with.launch
        }
    }
    /// Kernels launched in a step.
    pub(super) fn launches<N>(&self, works: &[Work<N>], decodes: f64, prompts: f64) -> f64 {
        // Routing adds its own: scores sorted, rows gathered and summed.
        let each = |work: &Work<N>| {
            let routed = if work.kind == Kind::Experts {
                self.terms.routed
            } else {
                0.0
            };
            work.layers * (1.0 + routed)
        };
        let all: f64 = works
            .iter()
            .map(|work| match work.rows {
                // A tower is launched once for a prompt, and not at all where none is read.
                Some(_) => each(work) * prompts.min(1.0),
                None => each(work),
            })
            .sum();
        if self.no_graph && decodes > 1.0 && prompts <= 0.0 {
            all * (1.0 + self.terms.no_graph)
        } else {
            all
        }
    }
    /// Seconds of collective operations and hops in a step, all stages together.
    ///
    /// Tensor parallel: an all-reduce after attention and after the MLP of every layer, 2·(n − 1)/n of the rows each. With
    /// sequences of its own a rank gathers rows before the MLP and scatters sums behind it, half as much each.
    pub(super) fn communication(&self, tokens: f64) -> f64 {
        let layout = self.layout;
        if layout.by_layers {
            return (layout.devices as f64 - 1.0) * self.terms.hop;
        }
        let ranks = layout.tensor.max(1) as f64;
        let reached = self.link() * self.with.link.clamp(0.02, 1.0);
        let rows = tokens * self.row_bytes;
        let mut all = 0.0;
        if ranks > 1.0 {
            let ring = 2.0 * (ranks - 1.0) / ranks * rows / reached;
            all += if layout.attention_dp {
                let exchange = if layout.expert > 1 {
                    self.terms.ep_exchange
                } else {
                    self.terms.dp_exchange
                };
                exchange * self.layers * (2.0 * self.with.collective + ring)
            } else {
                2.0 * self.layers * (self.with.collective + ring)
            };
        }
        if layout.pipeline > 1 {
            all += layout.pipeline as f64 * (self.with.collective + rows / ranks / reached);
        }
        all
    }
    fn link(&self) -> f64 {
        self.device.link_bytes_per_s.filter(|link| *link > 0.0).unwrap_or(LINK)
    }
}

/// Bytes a second from RAM to a device: its link where that is PCIe, else PCIe 4.0 x16; copies reach four fifths of it.
fn host_link(device: &Device) -> f64 {
    0.8 * device.pcie_bytes_per_s.unwrap_or(3.15e10)
}
