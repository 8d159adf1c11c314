//! What a layer does, as data: operators with their tensors, and the caches they leave behind.

use super::component::Component;
use super::tensor::{Sharding, Tensor, TensorKind};
use crate::units::Quantity;

/// How many rows of activations an operator sees in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The new tokens of every sequence.
    Tokens,
    /// The positions whose logits are wanted.
    Logits,
    /// Every token in the cache as well: a latent that is expanded anew at each step.
    Keys,
    /// Tokens of the encoder's input, once a request.
    Encoder,
    /// None in a pass over text: vision and audio towers.
    Idle,
}

/// Which tokens a token attends to.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// All before it.
    Full,
    /// The last so many, itself included.
    Window(Quantity),
    /// Those of its own chunk: tokens are cut into chunks of this length.
    Chunk(Quantity),
    /// The best so many of all before it, which an indexer chooses; engines without such a kernel compute all of them.
    Chosen(Quantity),
    /// One entry for so many tokens.
    Every {
        /// Tokens an entry stands for.
        ratio: Quantity,
        /// Entries an indexer chooses, where there is one.
        chosen: Option<Quantity>,
    },
}

/// The shape of attention in one layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// Query heads.
    pub heads: Quantity,
    /// Heads that are stored: keys and values.
    pub kv_heads: Quantity,
    /// Width of a query and a key.
    pub key_dim: Quantity,
    /// Width of a value.
    pub value_dim: Quantity,
    /// What a token sees.
    pub span: Span,
    /// The latent, where keys and values are made from one.
    pub latent: Option<Latent>,
}

/// A sparse-attention indexer: small queries against one key a token (DeepSeek-V3.2-Exp report, 2025).
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// Query heads.
    pub heads: Quantity,
    /// Width of a head and of the one key.
    pub dim: Quantity,
    /// Whether the heads' scores are summed with learned weights as a matrix product.
    pub weighted: bool,
    /// What it scores.
    pub span: Span,
}

/// Multi-head latent attention: keys and values are made from one shared vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Latent {
    /// Width of the latent (`kv_lora_rank`).
    pub rank: Quantity,
    /// Width of the part that carries the position, shared by all heads.
    pub rope: Quantity,
    /// Width per head of the part without a position.
    pub nope: Quantity,
}

/// How tokens choose among experts.
#[derive(Clone, Debug, PartialEq)]
pub struct Routing {
    /// Experts in the layer.
    pub experts: Quantity,
    /// Experts a token uses.
    pub top_k: Quantity,
}

/// What an operator computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Reads one row of a table a token.
    Lookup {
        /// Width of a row.
        width: Quantity,
    },
    /// `rows × in · in × out`; with routing, each token passes `top_k` of the experts.
    Linear {
        /// Rows of activations.
        rows: Rows,
        /// Input width.
        input: Quantity,
        /// Output width.
        output: Quantity,
        /// Set for routed experts.
        routing: Option<Routing>,
    },
    /// Expands the cached latent into keys and values; absorbed into queries and outputs where the engine does so.
    Expand {
        /// Heads.
        heads: Quantity,
        /// Output width a head: key part without position plus value.
        output: Quantity,
        /// The latent.
        latent: Latent,
        /// Width of a value.
        value_dim: Quantity,
    },
    /// Element by element: norms, activations, rotary, residual sums.
    Elementwise {
        /// Elements a row.
        width: Quantity,
        /// Operations an element (a convention, see `docs/conventions.md`).
        flops: u64,
        /// Values read an element.
        reads: u64,
        /// Rows routed to experts are `top_k` times the tokens.
        routing: Option<Routing>,
    },
    /// Scores, softmax and values.
    Attention(Box<Attention>),
    /// Scores of an indexer, which chooses what attention looks at.
    Index(Box<Index>),
    /// A causal convolution of each channel over the last tokens.
    Conv {
        /// Channels.
        channels: Quantity,
        /// Tokens it sees.
        kernel: Quantity,
    },
    /// A recurrence over the tokens.
    Scan(Box<Scan>),
    /// Held in memory, but no part of a pass over text: norms and tables of a tower.
    Idle,
}

/// A recurrence, as its chunked form computes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Scan {
    /// Mamba 1 (Gu 2023, arXiv 2312.00752).
    Mamba1 {
        /// Inner width.
        inner: Quantity,
        /// State a channel.
        state: Quantity,
    },
    /// Mamba 2 (Dao 2024, arXiv 2405.21060).
    Mamba2 {
        /// Heads.
        heads: Quantity,
        /// Width of a head.
        head_dim: Quantity,
        /// State a channel.
        state: Quantity,
        /// Tokens of a chunk.
        chunk: Quantity,
    },
    /// Gated delta rule (Yang 2024, arXiv 2412.06464).
    Delta {
        /// Heads.
        heads: Quantity,
        /// Width of a key.
        key_dim: Quantity,
        /// Width of a value.
        value_dim: Quantity,
    },
    /// Lightning attention (Qin 2024, arXiv 2401.04658).
    Lightning {
        /// Heads.
        heads: Quantity,
        /// Width of a head.
        head_dim: Quantity,
        /// Tokens of a block.
        block: Quantity,
    },
    /// Matrix LSTM (Beck 2024, arXiv 2405.04517).
    MatrixLstm {
        /// Heads.
        heads: Quantity,
        /// Width of a key.
        key_dim: Quantity,
        /// Width of a value.
        value_dim: Quantity,
        /// Tokens of a chunk.
        chunk: Quantity,
    },
    /// Element by element only: so many operations a token.
    Elementwise {
        /// Operations a token.
        flops: Quantity,
    },
}

/// What a layer keeps for each sequence, however long it is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The last inputs of a convolution: `channels × kernel`, or one column less, in the model's format.
    Conv {
        /// Channels.
        channels: Quantity,
        /// Tokens the convolution sees.
        kernel: Quantity,
    },
    /// A recurrent state, in FP32.
    Recurrent {
        /// Elements.
        elements: Quantity,
    },
    /// Anything else, in the model's format.
    Plain {
        /// Elements.
        elements: Quantity,
    },
}

/// One step of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Operator {
    /// Its name: `q_proj`, `scores and values`.
    pub name: &'static str,
    /// The component its cost belongs to.
    pub component: Component,
    /// What it computes.
    pub kind: Kind,
    /// The tensors it reads: weight first, then bias.
    pub tensors: Vec<Tensor>,
}

/// What a layer keeps for each token.
#[derive(Clone, Debug, PartialEq)]
pub struct Cache {
    /// What it serves as.
    pub role: CacheRole,
    /// What it is: `keys`, `values`, `latent`, `rotary key`.
    pub name: &'static str,
    /// Elements a token, per way of storing it.
    pub width: CacheWidth,
    /// How many tokens are kept.
    pub span: Span,
}

/// What a cache serves as: engines may keep values in a format of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheRole {
    /// Keys, or keys and values in one.
    Keys,
    /// Values; of a cache of latents, where it is expanded.
    Values,
    /// Keys of an indexer.
    Index,
}

/// Elements a token and layer, by the form an engine keeps.
#[derive(Clone, Debug, PartialEq)]
pub enum CacheWidth {
    /// The same for every engine.
    Plain(Quantity),
    /// A latent, or the keys and values made from it.
    Latent {
        /// Elements of the latent form.
        latent: Quantity,
        /// Elements of the expanded form.
        expanded: Quantity,
    },
    /// Kept once by servers; transformers stores copies.
    Copied {
        /// Elements kept by servers.
        once: Quantity,
        /// Elements that transformers stores.
        copies: Quantity,
    },
}

/// What a block is for in its layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Before the first layer.
    Embedding,
    /// Mixes tokens: attention, state space.
    TokenMixer,
    /// Mixes channels: MLP, experts.
    ChannelMixer,
    /// Normalisation.
    Norm,
    /// After the last layer.
    Head,
    /// Part of a vision or audio tower, or of its projector.
    Tower,
}

/// A block of a layer: what the architecture drawing shows as one box.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its name: `Grouped-query attention`.
    pub title: &'static str,
    /// What it is for.
    pub role: Role,
    /// What it does, in order.
    pub operators: Vec<Operator>,
    /// What it keeps for each token.
    pub caches: Vec<Cache>,
    /// What it keeps for each sequence.
    pub states: Vec<State>,
    /// Widths (elements a token) alive together at the block's peak, beside the residual stream.
    pub live: Vec<Live>,
    /// What the backward pass needs, elements a token.
    pub saved: Vec<Live>,
    /// Whether scores are kept for the backward pass where attention is not fused: heads.
    pub scores: Option<Quantity>,
    /// Of a block whose keys and values are one vector: how many of its elements are rotary.
    pub shared_rotary: Option<Quantity>,
    /// What makes one entry of several tokens.
    pub compressors: Vec<Compressor>,
}

/// Makes one entry of a group of tokens, and keeps what it needs until the group is whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Compressor {
    /// Tokens of a group.
    pub ratio: Quantity,
    /// Elements of an entry.
    pub width: Quantity,
    /// Groups that an entry is made of: two where they overlap.
    pub series: u64,
}

/// A width that is alive, and for which rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// What it holds.
    pub name: &'static str,
    /// Elements a row.
    pub width: Quantity,
    /// Rows routed to experts are `top_k` times the tokens.
    pub routing: Option<Routing>,
}

impl Live {
    /// A width for every token.
    pub fn new(name: &'static str, width: &Quantity) -> Self {
        Self {
            name,
            width: width.clone(),
            routing: None,
        }
    }
    /// A width for every choice of an expert.
    pub fn routed(name: &'static str, width: &Quantity, routing: &Routing) -> Self {
        Self {
            name,
            width: width.clone(),
            routing: Some(routing.clone()),
        }
    }
}

impl Block {
    /// An empty block.
    pub const fn new(title: &'static str, role: Role) -> Self {
        Self {
            title,
            role,
            operators: Vec::new(),
            caches: Vec::new(),
            states: Vec::new(),
            live: Vec::new(),
            saved: Vec::new(),
            scores: None,
            shared_rotary: None,
            compressors: Vec::new(),
        }
    }
    /// Its operators that attend.
    pub fn attentions(&self) -> impl Iterator<Item = &Attention> {
        self.operators.iter().filter_map(|operator| match &operator.kind {
            Kind::Attention(attention) => Some(&**attention),
            _ => None,
        })
    }
    /// Every tensor of the block.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.operators.iter().flat_map(|operator| &operator.tensors)
    }
}

impl Operator {
    /// Whether it takes no part in a pass over text.
    pub const fn is_idle(&self) -> bool {
        matches!(self.kind, Kind::Idle | Kind::Linear { rows: Rows::Idle, .. })
    }
    /// A linear layer: weight `[out, in]` and maybe a bias `[out]`.
    pub fn linear(
        name: &'static str,
        weight: Tensor,
        bias: Option<Tensor>,
        rows: Rows,
        output: &Quantity,
        input: &Quantity,
    ) -> Self {
        let component = weight.component;
        let kind = Kind::Linear {
            rows,
            input: input.clone(),
            output: output.clone(),
            routing: None,
        };
        Self {
            name,
            component,
            kind,
            tensors: std::iter::once(weight).chain(bias).collect(),
        }
    }
    /// The same, its matrices sharded another way.
    pub fn sharded(mut self, how: Sharding) -> Self {
        for tensor in self
            .tensors
            .iter_mut()
            .filter(|tensor| tensor.kind == TensorKind::Matrix)
        {
            tensor.sharding = how;
        }
        self
    }
    /// An elementwise step without weights.
    pub fn elementwise(name: &'static str, component: Component, width: &Quantity, flops: u64, reads: u64) -> Self {
        let kind = Kind::Elementwise {
            width: width.clone(),
            flops,
            reads,
            routing: None,
        };
        Self {
            name,
            component,
            kind,
            tensors: Vec::new(),
        }
    }
}
