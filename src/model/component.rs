//! The parts every table, chart and export speaks of, in one order.

use serde::{Deserialize, Serialize};

/// A component of a model. The order here is the order everywhere.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumCount,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Component {
    /// Token (and position) tables.
    Embedding,
    /// Scores and values: the part that grows with context.
    Attention,
    /// Q, K, V, O and their low-rank forms.
    Projection,
    /// Dense feed-forward layers.
    Mlp,
    /// Routed experts.
    Experts,
    /// Experts every token passes.
    SharedExperts,
    /// Chooses the experts of a token.
    Router,
    /// Mamba, linear attention and their kin.
    StateSpace,
    /// Normalisation.
    Norm,
    /// From the last hidden state to the vocabulary.
    LmHead,
    /// Vision tower and projector.
    Vision,
    /// Audio tower and projector.
    Audio,
    /// Text encoder of an encoder-decoder.
    Encoder,
}

impl Component {
    /// Its key in JSON, tables and colours.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Embedding => "Embedding",
            Self::Attention => "Attention",
            Self::Projection => "Projections (Q, K, V, O)",
            Self::Mlp => "MLP",
            Self::Experts => "Experts",
            Self::SharedExperts => "Shared experts",
            Self::Router => "Router",
            Self::StateSpace => "State space",
            Self::Norm => "Norms",
            Self::LmHead => "LM head",
            Self::Vision => "Vision",
            Self::Audio => "Audio",
            Self::Encoder => "Encoder",
        }
    }
    /// What it does, in a sentence for a newcomer.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Embedding => "Turns each token into a vector by looking up one row of a table.",
            Self::Attention => {
                "Compares each token with those before it and mixes their values. The part that grows with context."
            }
            Self::Projection => "The matrices that make queries, keys and values and bring the result back.",
            Self::Mlp => "The feed-forward network of each layer, applied to every token.",
            Self::Experts => "Feed-forward networks of which a router picks a few for each token.",
            Self::SharedExperts => "Feed-forward networks beside the routed experts, applied to every token.",
            Self::Router => "Scores the experts for each token.",
            Self::StateSpace => "Mixes tokens through a state of fixed size instead of a growing cache.",
            Self::Norm => "Rescales vectors between the blocks.",
            Self::LmHead => "Turns the last hidden state into a score for each word of the vocabulary.",
            Self::Vision => "Turns images into vectors the language model reads.",
            Self::Audio => "Turns sound into vectors the language model reads.",
            Self::Encoder => "Reads the whole input before the decoder writes.",
        }
    }
}
