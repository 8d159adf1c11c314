//! A block of a layer: its operators, and what it keeps while and after they run.

use super::{Attention, Cache, Kind, Operator, Routing, State};
use crate::model::media::Stage;
use crate::model::tensor::Tensor;
use crate::units::Quantity;

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

/// What a block runs over.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// The tokens of the text.
    Text,
    /// The tokens of the text, where there is an image beside it: layers that attend to images.
    TextBesideImages,
    /// The tokens of the encoder's input.
    Encoder,
    /// What a tower sees of images or sound.
    Tower(Stage),
}

/// A block of a layer: what the architecture drawing shows as one box.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// Its name: `Grouped-query attention`.
    pub title: &'static str,
    /// What it is for.
    pub role: Role,
    /// What it runs over.
    pub input: Input,
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
            input: Input::Text,
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
    /// Whether it runs wherever there is text, or an encoder's input: no tower, no attention to images.
    pub const fn needs_no_image(&self) -> bool {
        matches!(self.input, Input::Text | Input::Encoder)
    }
    /// Its operators that attend.
    pub fn attentions(&self) -> impl Iterator<Item = &Attention> {
        self.operators.iter().filter_map(|operator| match &operator.kind {
            Kind::Attention(attention) => Some(&**attention),
            _ => None,
        })
    }
    /// Elements a token of all its caches, in the smallest form that engines keep.
    pub fn cached_width(&self) -> u64 {
        let widths = self.caches.iter().map(|cache| cache.width.least().value);
        widths.fold(0, u64::saturating_add)
    }
    /// How its tokens choose among experts, where they do.
    pub fn routing(&self) -> Option<&Routing> {
        self.operators.iter().find_map(Operator::routing)
    }
    /// Every tensor of the block.
    pub fn tensors(&self) -> impl Iterator<Item = &Tensor> {
        self.operators.iter().flat_map(|operator| &operator.tensors)
    }
}
