//! Which knob: what rules and controls name it by, whatever its flag is called.

use super::KNOBS;
use super::knob::Knob;

/// A knob; its text is its flag.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::EnumIter, strum::EnumString,
)]
#[strum(serialize_all = "kebab-case")]
#[expect(missing_docs, reason = "each is documented by its knob")]
pub enum KnobId {
    Mode,
    Prompt,
    Generate,
    EncoderTokens,
    Images,
    ImageSize,
    AudioSeconds,
    VideoSeconds,
    VideoFps,
    Batch,
    TargetTtft,
    TargetTpot,
    Recompute,
    Weights,
    KvCache,
    Hardware,
    Also,
    Devices,
    Split,
    TensorSplit,
    TensorParallel,
    PipelineParallel,
    ExpertParallel,
    AttentionParallel,
    Node,
    HostMemory,
    Offload,
    Engine,
    Requests,
    Lengths,
    MaxSequences,
    MaxBatchedTokens,
    MicroBatch,
    ValueCache,
    Attention,
    AttentionFlops,
    Logits,
    LatentCache,
    WindowCache,
    CachePlace,
    Overhead,
    MemoryFraction,
    HostReserve,
    MemoryRule,
    ComputeEfficiency,
    BandwidthEfficiency,
    Price,
    Framework,
    GlobalBatch,
    GradientAccumulation,
    Tokens,
    ContextParallel,
    SequenceParallel,
    VirtualStages,
    Schedule,
    Zero,
    ShardGroup,
    OptimizerOffload,
    ActivationOffload,
    Precision,
    MasterWeights,
    GradFormat,
    OptimizerFormat,
    Optimizer,
    OptimizerInBackward,
    Loss,
    LoraRank,
    LoraTargets,
    Dora,
    BaseWeights,
    Rl,
    AnswerTokens,
    ReferenceModel,
    Compile,
    Mfu,
    Goodput,
    LrSchedule,
    WarmUp,
    Task,
}

impl KnobId {
    /// The knob; every id has one.
    pub fn knob(self) -> Option<&'static Knob> {
        KNOBS.iter().find(|knob| knob.id == self)
    }
}
