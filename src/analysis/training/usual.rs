//! Ways to train that people know by name and try first: one list for the search of a plan and for the ways beside a run.

use crate::scenario::Recompute;
use crate::scenario::training::Zero;

/// One of them: what devices share, or what is kept for the backward pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsualWay {
    /// Devices hold copies, or shards of so much.
    Shares(Zero),
    /// Products are split over the devices of each machine.
    SplitsProducts,
    /// So much is computed again.
    Recomputes(Recompute),
    /// Layers are, and optimizer states lie in RAM.
    RecomputesAndOffloads,
}

impl UsualWay {
    /// As a heading.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shares(zero) => zero.way(),
            Self::SplitsProducts => "Tensor parallel in each node",
            Self::Recomputes(Recompute::None) => "Keep everything",
            Self::Recomputes(Recompute::Selective) => "Selective",
            Self::Recomputes(Recompute::Full) => "Layers recomputed",
            Self::RecomputesAndOffloads => "Layers recomputed, states in RAM",
        }
    }
    /// What it does, in a few words.
    pub const fn note(self) -> &'static str {
        match self {
            Self::Shares(Zero::None) => "each device holds all",
            Self::Shares(Zero::States) => "optimizer states sharded",
            Self::Shares(Zero::Gradients) => "and gradients",
            Self::Shares(Zero::Weights) => "and weights",
            Self::SplitsProducts => "each product split over a node",
            Self::Recomputes(Recompute::None) => "nothing is computed again",
            Self::Recomputes(Recompute::Selective) => "what is cheap is computed again",
            Self::Recomputes(Recompute::Full) => "each layer's forward pass runs twice",
            Self::RecomputesAndOffloads => "the optimizer runs on the processor",
        }
    }
    /// The same within a sentence, after "with".
    pub const fn how(self) -> &'static str {
        match self {
            Self::Shares(Zero::None) => "a plain copy on each device",
            Self::Shares(Zero::States) => "ZeRO-1",
            Self::Shares(Zero::Gradients) => "ZeRO-2",
            Self::Shares(Zero::Weights) => "ZeRO-3",
            Self::SplitsProducts => "tensor parallel in each node",
            Self::Recomputes(Recompute::None) => "everything kept",
            Self::Recomputes(Recompute::Selective) => "selective recomputation",
            Self::Recomputes(Recompute::Full) => "layers recomputed",
            Self::RecomputesAndOffloads => "layers recomputed and the optimizer in RAM",
        }
    }
}
