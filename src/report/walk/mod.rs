//! A token on its way through a model, step by step: shapes, what is read and written, what it costs; the same for a step of
//! training and an update of reinforcement learning.

mod pass;
mod training;

pub use pass::pass;
pub use training::{reinforcement, training};

use crate::model::flow::PartId;
use crate::report::parts::{Dim, Dimension};

/// What is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumIter, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Journey {
    /// The prompts, all tokens at once.
    Prefill,
    /// One more token of each sequence.
    #[default]
    Decode,
    /// A step of training.
    Training,
    /// An update of reinforcement learning.
    Reinforcement,
}

impl Journey {
    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Prefill => "Prompt read",
            Self::Decode => "Token written",
            Self::Training => "Training step",
            Self::Reinforcement => "RL update",
        }
    }
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub title: String,
    /// What happens, in a sentence or two.
    pub about: String,
    /// The part it happens in.
    pub part: Option<PartId>,
    /// What leaves it: `32 sequences × 1 token × 7,168`.
    pub shape: Vec<Dim>,
    /// What is read and written beside weights: `reads 7.1 MiB of the cache`.
    pub touched: Vec<String>,
    /// Operations and time: `0.9 G FLOPs`, `13.4 ms`.
    pub costs: Vec<String>,
    /// Parts inside of it in the order they run, each with what it makes of a token: `Queries`, `5,376 → 32 × 128`.
    pub inside: Vec<(PartId, String, String)>,
}

impl Step {
    fn new(title: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            about: about.into(),
            part: None,
            shape: Vec::new(),
            touched: Vec::new(),
            costs: Vec::new(),
            inside: Vec::new(),
        }
    }
    fn at(self, part: PartId) -> Self {
        Self {
            part: Some(part),
            ..self
        }
    }
    fn giving(self, dims: &[(&str, u64, Dimension)]) -> Self {
        let shape = dims.iter().map(|(name, value, of)| Dim {
            value: *value,
            // One of them is one: `1 token`.
            name: if *value == 1 {
                name.trim_end_matches('s').to_owned()
            } else {
                (*name).to_owned()
            },
            of: *of,
        });
        Self {
            shape: shape.collect(),
            ..self
        }
    }
}
