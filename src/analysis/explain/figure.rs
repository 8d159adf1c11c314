//! Which numbers can be explained.

use crate::analysis::memory::MemoryPart;
use crate::model::Component;

/// A number that can be explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Figure {
    /// All parameters.
    Parameters,
    /// Parameters one token uses.
    ActiveParameters,
    /// Parameters of a component.
    ComponentParameters(Component),
    /// All memory.
    Memory,
    /// All weights.
    Weights,
    /// Weights of a component.
    ComponentWeights(Component),
    /// KV cache, activations, gradients, optimizer, overhead.
    Part(MemoryPart),
    /// Growth of the cache with each token.
    KvPerToken,
    /// Operations of the pass.
    Flops,
    /// Operations of a component.
    ComponentFlops(Component),
    /// Bytes moved in the pass.
    Traffic,
    /// Bytes moved by a component.
    ComponentTraffic(Component),
    /// FLOP a byte of the pass.
    Intensity,
    /// FLOP a byte of a component.
    ComponentIntensity(Component),
    /// Expected time of the pass.
    Time,
    /// Least time of a component.
    ComponentTime(Component),
    /// Tokens a second.
    TokensPerSecond,
    /// Expected time to the first token.
    FirstToken,
    /// US dollars for a million tokens.
    Cost,
    /// Longest context that fits.
    LongestContext,
    /// Largest batch that fits.
    LargestBatch,
    /// Model FLOP utilisation of a training run.
    Mfu,
    /// Parameters that adapters train.
    Trainable,
    /// Calendar time of a whole training run.
    RunTime,
}
