//! The experts of a family, as data: which layers have them, how wide they are, what their modules are called.

/// Which layers have experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoeLayers {
    /// All of them.
    All,
    /// All but the first few, whose number a key gives.
    After(&'static [&'static str]),
    /// `mlp_only_layers` and `decoder_sparse_step`.
    Sparse,
    /// `moe_layer_start_index`, `moe_layer_end_index`, `moe_layer_interval`.
    Interval,
    /// A list of zeros and ones under the key; without it, as `first_k_dense_replace` says.
    Listed(&'static str),
    /// `moe_layers`, a list of indices; without it every n-th, where `interleave_moe_layer_step` gives n.
    Step,
}

/// Shared experts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// None.
    None,
    /// So many of the routed width.
    Count(&'static [&'static str]),
    /// One of a width of its own.
    Width(&'static [&'static str]),
    /// Always one of the routed width.
    One,
}

/// A router's correction bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// None.
    None,
    /// In the checkpoint, not a parameter.
    Buffer(&'static str),
    /// A parameter.
    Parameter(&'static str),
}

/// Experts of a family.
#[derive(Clone, Copy, Debug)]
pub struct Experts {
    /// Keys of an expert's width.
    pub width: &'static [&'static str],
    /// Which layers.
    pub layers: MoeLayers,
    /// Shared experts.
    pub shared: Shared,
    /// Keys of the width of one shared expert; none where it is that of a routed one.
    pub shared_width: &'static [&'static str],
    /// Module of the shared experts.
    pub shared_module: [&'static str; 3],
    /// Module of the gate of the shared experts.
    pub shared_gate: Option<&'static str>,
    /// Router module.
    pub router: &'static str,
    /// Whether router and experts have biases (gpt-oss).
    pub bias: bool,
    /// The router's correction bias.
    pub correction: Correction,
    /// Expert modules.
    pub modules: [&'static str; 3],
}

impl Experts {
    /// Experts on every layer, none shared, `moe_intermediate_size` wide.
    pub const PLAIN: Self = Self {
        width: &["moe_intermediate_size"],
        layers: MoeLayers::All,
        shared: Shared::None,
        shared_width: &[],
        shared_module: [
            "mlp.shared_experts.gate_proj",
            "mlp.shared_experts.up_proj",
            "mlp.shared_experts.down_proj",
        ],
        shared_gate: None,
        router: "mlp.gate",
        bias: false,
        correction: Correction::None,
        modules: [
            "mlp.experts.{e}.gate_proj",
            "mlp.experts.{e}.up_proj",
            "mlp.experts.{e}.down_proj",
        ],
    };
    /// DeepSeek's: dense layers first, shared experts, a correction bias in the router.
    pub const DEEPSEEK: Self = Self {
        layers: MoeLayers::After(&["first_k_dense_replace"]),
        shared: Shared::Count(&["n_shared_experts", "num_shared_experts"]),
        correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
        ..Self::PLAIN
    };
    /// The same without a correction bias.
    pub const UNCORRECTED: Self = Self {
        correction: Correction::None,
        ..Self::DEEPSEEK
    };
}
