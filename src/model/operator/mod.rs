//! What a layer does, as data: operators with their tensors, blocks of them, and the caches they leave behind.

mod block;
mod cache;
mod step;

pub use block::{Block, Compressor, Input, Live, Role};
pub use cache::{Cache, CacheRole, CacheWidth, State};
pub use step::{Norm, Step};

use super::component::Component;
use super::media::Stage;
use super::tensor::{Sharding, Tensor, TensorKind};
use crate::units::Quantity;

/// How many rows of activations an operator sees in a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// The new tokens of every sequence.
    Tokens,
    /// The same but so many marks that stand beside the patches of an image.
    Patches(u64),
    /// The positions whose logits are wanted.
    Logits,
    /// Every token in the cache as well: a latent that is expanded anew at each step.
    Keys,
    /// Tokens of the encoder's input, once a request.
    Encoder,
    /// One a sequence, when its prompt is read: the token that a pooler looks at.
    Sequences,
    /// So many, however many sequences there are: a table that is multiplied whole.
    Given(u64),
    /// Twice as many as a sequence is long, so many on each side at most: of a table of distances what is in reach.
    Reach(u64),
    /// The tokens filled up to whole blocks of so many, and so many more.
    Filled {
        /// Tokens of a block.
        size: u64,
        /// Rows besides.
        more: u64,
    },
    /// One for so many tokens; what is left over has none.
    Every(u64),
    /// Every distance between two tokens: one fewer than twice as many.
    Distances,
    /// None: it takes no part in a forward pass.
    Idle,
}

/// What stands for a whole text beside blocks of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// Nothing.
    None,
    /// One for so many tokens, which is seen and sees nothing.
    Every(Quantity),
    /// So many, which see all tokens and each other.
    Always(Quantity),
}

/// Which tokens a token attends to.
#[derive(Clone, Debug, PartialEq)]
pub enum Span {
    /// All before it.
    Full,
    /// All, before it and after it.
    Both,
    /// So many around it, half of them on each side.
    Around(Quantity),
    /// The same by chunks of as many, half over each other, where the class has no kernel for it.
    Chunks {
        /// How many.
        window: Quantity,
        /// To a multiple of how many tokens are filled up.
        filled: Quantity,
    },
    /// Those of its own block and of those beside it, and marks that stand for the whole.
    Beside {
        /// Tokens of a block, to which they are filled up.
        size: Quantity,
        /// Blocks that are seen, its own in the middle.
        seen: u64,
        /// Whether blocks begin half a block earlier, and one more is needed.
        shifted: bool,
        /// What stands for the whole.
        marks: Marks,
    },
    /// As many as its sequence is long, so many at most, however products are counted: distances, not tokens.
    Near(Quantity),
    /// Every distance to another token, before it and after it.
    Distances,
    /// Blocks of so many tokens: the first and the last, its own and those beside it, and some chosen by chance.
    Blocks {
        /// Tokens of a block.
        size: Quantity,
        /// Blocks chosen by chance.
        random: u64,
    },
    /// Those of its own square of patches, the last of which may be smaller; of sound as many positions.
    Squares {
        /// Patches on a side of a square.
        side: Quantity,
        /// Of these layers, how many see all instead.
        whole: Quantity,
        /// How many layers there are.
        layers: Quantity,
    },
    /// All rows of another part of its tower.
    Part(Stage),
    /// All of the encoder's.
    Cross,
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

impl Span {
    /// Whether tokens after it are seen too: nothing is kept then.
    pub const fn sees_ahead(&self) -> bool {
        matches!(
            self,
            Self::Both
                | Self::Around(_)
                | Self::Chunks { .. }
                | Self::Beside { .. }
                | Self::Near(_)
                | Self::Distances
                | Self::Blocks { .. }
                | Self::Squares { .. }
                | Self::Part(_)
        )
    }
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
        latent: Box<Latent>,
        /// Width of a value.
        value_dim: Quantity,
        /// Whose latents are expanded.
        span: Span,
    },
    /// Element by element: norms, activations, rotary, residual sums.
    Elementwise {
        /// Elements a row.
        width: Quantity,
        /// What is done.
        step: Step,
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
    /// Held in memory, but no part of a pass: tables whose rows are added, gates of one number.
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

impl Operator {
    /// How tokens choose among its experts, where they do.
    pub const fn routing(&self) -> Option<&Routing> {
        match &self.kind {
            Kind::Linear { routing, .. } => routing.as_ref(),
            _ => None,
        }
    }
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
    pub fn elementwise(name: &'static str, component: Component, width: &Quantity, step: Step, reads: u64) -> Self {
        let kind = Kind::Elementwise {
            width: width.clone(),
            step,
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
