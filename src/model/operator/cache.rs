//! What a layer keeps: caches for each token, states for each sequence.

use super::Span;
use crate::units::Quantity;

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

impl CacheWidth {
    /// The fewest elements a token that any engine keeps: latents not expanded, copies once.
    pub const fn least(&self) -> &Quantity {
        match self {
            Self::Plain(width) | Self::Copied { once: width, .. } => width,
            Self::Latent { latent, .. } => latent,
        }
    }
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
