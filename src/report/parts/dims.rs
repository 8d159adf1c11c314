//! Dimensions by what they are of: each has one colour wherever a shape is written.

use serde::Serialize;

use crate::model::Tensor;
use crate::units::Quantity;

/// What a dimension is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, strum::IntoStaticStr, strum::EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Dimension {
    /// The residual stream.
    Stream,
    /// Heads, or heads times their width.
    Heads,
    /// The inside of an MLP or an expert.
    Inner,
    /// Experts.
    Experts,
    /// Words of the vocabulary.
    Vocabulary,
    /// A low rank: a latent, an adapter, a bottleneck.
    Rank,
    /// States and channels of recurrences and convolutions.
    State,
    /// Positions, patches and all else.
    Other,
}

/// Beginnings and ends of names, and what they are of; the first that fits counts.
const NAMES: &[(&str, Dimension)] = &[
    ("hidden", Dimension::Stream),
    ("streams_width", Dimension::Stream),
    ("q_width", Dimension::Heads),
    ("k_width", Dimension::Heads),
    ("v_width", Dimension::Heads),
    ("o_width", Dimension::Heads),
    ("qkv_width", Dimension::Heads),
    ("kv_width", Dimension::Heads),
    ("q_width and gate", Dimension::Heads),
    ("kda_width", Dimension::Heads),
    ("head_dim", Dimension::Heads),
    ("head_width", Dimension::Heads),
    ("value_dim", Dimension::Heads),
    ("value_width", Dimension::Heads),
    ("key_width", Dimension::Heads),
    ("heads", Dimension::Heads),
    ("kv_heads", Dimension::Heads),
    ("value_heads", Dimension::Heads),
    ("2 × value_heads", Dimension::Heads),
    ("num_heads", Dimension::Heads),
    ("index_width", Dimension::Heads),
    ("index_dim", Dimension::Heads),
    ("index_heads", Dimension::Heads),
    ("intermediate", Dimension::Inner),
    ("gate_and_up", Dimension::Inner),
    ("expert_width", Dimension::Inner),
    ("shared_width", Dimension::Inner),
    ("experts", Dimension::Experts),
    ("vocabulary", Dimension::Vocabulary),
    ("per_layer_vocabulary", Dimension::Vocabulary),
    ("q_lora_rank", Dimension::Rank),
    ("kv_lora_rank", Dimension::Rank),
    ("latent_width", Dimension::Rank),
    ("moe_latent_size", Dimension::Rank),
    ("bottleneck", Dimension::Rank),
    ("laurel_rank", Dimension::Rank),
    ("adapter_rank", Dimension::Rank),
    ("time_step_rank", Dimension::Rank),
    ("inner", Dimension::State),
    ("2 × inner", Dimension::State),
    ("channels", Dimension::State),
    ("in_width", Dimension::State),
    ("dt_b_c", Dimension::State),
    ("kernel", Dimension::State),
    ("lru_width", Dimension::State),
    ("mamba_num_heads", Dimension::State),
    ("mamba_n_heads", Dimension::State),
    ("n_mamba_heads", Dimension::State),
    ("mamba_d_state", Dimension::State),
    ("state_size", Dimension::State),
];

impl Dimension {
    /// What a quantity is of, by its name.
    pub fn of(quantity: &Quantity) -> Self {
        let found = NAMES.iter().find(|(name, _)| *name == quantity.name);
        found.map_or(Self::Other, |(_, dimension)| *dimension)
    }
    /// Its key in styles.
    pub fn key(self) -> &'static str {
        self.into()
    }
}

/// One dimension of a shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dim {
    /// How wide.
    pub value: u64,
    /// What it is called: `head_dim`.
    pub name: String,
    /// What it is of.
    pub of: Dimension,
}

/// A shape, outermost dimension first; the number of experts before it.
pub fn dims(tensor: &Tensor) -> Vec<Dim> {
    let all = tensor.copies.iter().chain(&tensor.dims);
    all.map(|one| Dim {
        value: one.value,
        name: one.name.replace('_', " "),
        of: Dimension::of(one),
    })
    .collect()
}
