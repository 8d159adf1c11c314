//! What the rules of other calculators start from, and the same as it is estimated here.

use crate::analysis::{Analysis, Setup, memory};
use crate::model::operator::Kind;
use crate::scenario::{LatentCache, MemoryRule, Mode, Scenario, WindowCache};
use crate::units::Exact;

/// A model in hand, as rules see it.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub analysis: &'a Analysis,
    /// Parameters.
    pub parameters: f64,
    /// Those a token uses.
    pub active: f64,
    /// Those of gates in MLPs and experts.
    pub gates: f64,
    /// Bytes of a weight by the name of its format: 2 for BF16, half for Q4.
    pub nominal: f64,
    /// Weights as they are stored, bytes.
    pub weights: f64,
    /// Layers.
    pub layers: f64,
    /// Width of the residual stream.
    pub hidden: f64,
    /// Query heads of a layer, the most that any has.
    pub heads: f64,
    /// Tokens of a sequence.
    pub tokens: f64,
    /// Sequences.
    pub batch: f64,
    /// Bytes of an element of the cache.
    pub element: f64,
    /// Bytes of an activation.
    pub activation: f64,
    /// Tokens that one pass computes.
    pub computed: f64,
    /// Bandwidth of all devices, bytes a second; none without a device.
    pub bandwidth: Option<f64>,
}

impl<'a> Facts<'a> {
    pub fn of(analysis: &'a Analysis) -> Self {
        let setup = &*analysis.setup;
        let blueprint = &*setup.blueprint;
        let work = &setup.scenario.workload;
        let batch = work.batch as f64;
        Self {
            parameters: analysis.parameters.total.0 as f64,
            active: analysis.parameters.active.0 as f64,
            gates: gates(setup) as f64,
            nominal: setup.weights.format.bits as f64 / 8.0,
            weights: analysis.memory.weights.0 as f64,
            layers: blueprint.layers.value as f64,
            hidden: blueprint.hidden.value as f64,
            heads: heads(setup) as f64,
            tokens: setup.tokens().value as f64,
            batch,
            element: setup.kv.bits as f64 / 8.0,
            activation: setup.activation_bytes().value as f64,
            computed: match work.mode {
                Mode::Decode | Mode::Serve => batch,
                Mode::Prefill | Mode::Pretrain | Mode::Finetune => batch * work.prompt as f64,
            },
            bandwidth: setup
                .device()
                .map(|device| device.bandwidth_bytes_per_s * setup.layout.devices as f64),
            analysis,
        }
    }
    pub fn mode(&self) -> Mode {
        self.analysis.setup.scenario.workload.mode
    }
    /// Whether a token leaves experts out.
    pub fn sparse(&self) -> bool {
        self.active < self.parameters
    }
    /// Caches and states of all sequences as estimated.
    pub fn caches(&self) -> f64 {
        let ranks = &self.analysis.ranks;
        ranks.sum(|held| held.kv_cache_bytes.saturating_add(held.state_cache_bytes)) as f64
    }
    /// All that must fit, as estimated, of all devices.
    pub fn total(&self) -> f64 {
        self.analysis.ranks.sum(|held| held.total_bytes) as f64
    }
    /// The KV cache under another assumption of the same engine's.
    fn cache_under(&self, change: impl FnOnce(&mut Scenario)) -> Option<f64> {
        let now = &*self.analysis.setup;
        let scenario = Scenario::clone(&now.scenario).with(change);
        Some(memory::<Exact>(&now.under(scenario).ok()?).kv_cache.0 as f64)
    }
    /// The KV cache if every layer kept all tokens.
    pub fn cache_without_windows(&self) -> Option<f64> {
        self.cache_under(|s| s.serving.window_cache = WindowCache::Full)
    }
    /// The KV cache if keys and values were made of latents before they are kept.
    pub fn cache_expanded(&self) -> Option<f64> {
        self.cache_under(|s| s.serving.latent_cache = LatentCache::Expanded)
    }
    /// Memory by percentages, the rule that can be chosen here too.
    pub fn by_percentages(&self) -> Option<f64> {
        let now = &*self.analysis.setup;
        let scenario = Scenario::clone(&now.scenario).with(|s| s.assumptions.memory_rule = MemoryRule::Simple);
        let memory = memory::<Exact>(&now.under(scenario).ok()?);
        Some(memory.total.0 as f64)
    }
}

/// Parameters of gates: a matrix of their own, or half of one that holds gate and up.
fn gates(setup: &Setup) -> u64 {
    let mut sum = 0_u64;
    for place in setup.blueprint.blocks() {
        for operator in &place.block.operators {
            let halves = match operator.name {
                "gate_proj" | "expert gate_proj" => 2,
                "gate_up_proj" | "expert gate_up_proj" => 1,
                _ => 0,
            };
            for tensor in operator
                .tensors
                .iter()
                .filter(|tensor| halves > 0 && tensor.is_parameter())
            {
                let elements = place.stored(tensor, tensor.elements::<Exact>()).0;
                sum = sum.saturating_add(elements.saturating_mul(halves) / 2);
            }
        }
    }
    sum
}

fn heads(setup: &Setup) -> u64 {
    let operators = setup.blueprint.kinds.iter().flat_map(|kind| &kind.blocks);
    let operators = operators.flat_map(|block| &block.operators);
    let heads = operators.filter_map(|operator| match &operator.kind {
        Kind::Attention(attention) => Some(attention.heads.value),
        _ => None,
    });
    heads.max().unwrap_or(0)
}
