//! A tensor with named dimensions.

use std::borrow::Cow;

use super::component::Component;
use crate::units::{Exact, Number, Quantity};

/// What a tensor is for; number formats treat the kinds differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TensorKind {
    /// A matrix of a linear layer: the kind that quantisation converts.
    Matrix,
    /// The token table.
    Table,
    /// The output head.
    Head,
    /// Scores the experts; kept in high precision.
    Router,
    /// Norm weights, biases, sinks and other small vectors; kept in high precision.
    Vector,
    /// In the checkpoint but not a parameter, such as a router's correction bias.
    Buffer,
}

/// How servers deal a tensor to the ranks of a tensor-parallel group.
///
/// Sources: vLLM and SGLang `ColumnParallelLinear`, `RowParallelLinear`, `VocabParallelEmbedding` (a slice each),
/// `QKVParallelLinear` (whole key heads, repeated where there are fewer than ranks), `ReplicatedLinear` for routers, what
/// comes before a latent and indexers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sharding {
    /// A slice of its outputs each (`ColumnParallelLinear`; a table by words).
    Columns,
    /// A slice of its inputs each (`RowParallelLinear`).
    Rows,
    /// Whole heads of keys or values each.
    KvHeads,
    /// All of it each.
    Replicated,
}

impl TensorKind {
    /// How such a tensor is sharded unless its layer does it another way.
    const fn sharding(self) -> Sharding {
        match self {
            Self::Router | Self::Vector | Self::Buffer => Sharding::Replicated,
            Self::Table | Self::Head | Self::Matrix => Sharding::Columns,
        }
    }
}

/// A tensor, or one per expert of equal shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Its name inside the layer, as checkpoints write it: `self_attn.q_proj.weight`.
    pub name: Cow<'static, str>,
    /// What it is for.
    pub kind: TensorKind,
    /// The part of the model it belongs to.
    pub component: Component,
    /// How ranks that share its layer share it.
    pub sharding: Sharding,
    /// Shape, outermost first, as PyTorch has it: `[out, in]`.
    pub dims: Vec<Quantity>,
    /// How many of this shape there are: the number of experts, else one.
    pub copies: Option<Quantity>,
    /// How many there really are where layers share it; none where each layer has its own.
    pub physical: Option<Quantity>,
    /// Whether it is another tensor's storage (a tied head).
    pub tied: bool,
    /// Bytes of all its layers and copies in the checkpoint's files, scales included, where their headers were read.
    pub held: Option<u64>,
    /// In how many of its layers the published rules for single modules leave it alone, then give it each of their formats.
    pub by_rule: Vec<u64>,
}

impl Tensor {
    /// A tensor of the given shape.
    pub fn new(name: impl Into<Cow<'static, str>>, kind: TensorKind, component: Component, dims: &[&Quantity]) -> Self {
        Self {
            name: name.into(),
            kind,
            component,
            sharding: kind.sharding(),
            dims: dims.iter().map(|&dim| dim.clone()).collect(),
            copies: None,
            physical: None,
            tied: false,
            held: None,
            by_rule: Vec::new(),
        }
    }
    /// A matrix `[out, in]` of a linear layer.
    pub fn matrix(name: impl Into<Cow<'static, str>>, component: Component, out: &Quantity, input: &Quantity) -> Self {
        Self::new(name, TensorKind::Matrix, component, &[out, input])
    }
    /// A vector: norm weight, bias, sinks.
    pub fn vector(name: impl Into<Cow<'static, str>>, component: Component, width: &Quantity) -> Self {
        Self::new(name, TensorKind::Vector, component, &[width])
    }
    /// One for each expert.
    pub fn each(mut self, experts: &Quantity) -> Self {
        self.copies = Some(experts.clone());
        self
    }
    /// Shared by layers: so many exist in all, however often they run.
    pub fn shared(mut self, physical: &Quantity) -> Self {
        self.physical = Some(physical.clone());
        self
    }
    /// Elements of one copy.
    pub fn one<N: Number>(&self) -> N {
        N::product(self.dims.iter().map(N::input))
    }
    /// Elements of all copies.
    pub fn elements<N: Number>(&self) -> N {
        let factors = self.copies.iter().chain(&self.dims).map(N::input);
        N::product(factors)
    }
    /// Elements of all copies as a plain number.
    pub fn count(&self) -> u64 {
        self.elements::<Exact>().0
    }
    /// Whether it counts as a parameter.
    pub const fn is_parameter(&self) -> bool {
        !self.tied && !matches!(self.kind, TensorKind::Buffer)
    }
    /// Whether it is a table that tokens are looked up in.
    pub const fn is_table(&self) -> bool {
        matches!(self.kind, TensorKind::Table)
    }
    /// Whether it belongs to a vision or audio tower, or to the projector behind it.
    pub const fn is_of_tower(&self) -> bool {
        matches!(self.component, Component::Vision | Component::Audio)
    }
    /// The module it belongs to: its name without `.weight` or `.bias`.
    pub fn module(&self) -> &str {
        self.name
            .strip_suffix(".weight")
            .or_else(|| self.name.strip_suffix(".bias"))
            .unwrap_or(&self.name)
    }
    /// The width that is contiguous in memory: the input side of a matrix.
    pub fn inner(&self) -> Option<&Quantity> {
        self.dims.last()
    }
}
