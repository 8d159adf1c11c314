//! What a training run chooses: framework, batch, layout, precision, optimizer, adapters.

use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator;

use super::choices::choice;
use crate::model::Purpose;

choice! {
    /// Whose habits decide what is not given.
    Framework {
        /// Hugging Face's Trainer on one device, TRL with it.
        #[default]
        Transformers = "transformers", "Transformers", "Hugging Face's Trainer and TRL: the model classes as they are.";
        /// DeepSpeed.
        Deepspeed = "deepspeed", "DeepSpeed", "Transformers classes under DeepSpeed's ZeRO.";
        /// FSDP of PyTorch with transformers classes.
        Fsdp = "fsdp", "FSDP", "Transformers classes under PyTorch's fully sharded data parallel.";
        /// torchtitan.
        Torchtitan = "torchtitan", "torchtitan", "PyTorch's own pretraining: FSDP2, tensor, pipeline and context parallel, compiled.";
        /// torchtune.
        Torchtune = "torchtune", "torchtune", "PyTorch's fine-tuning recipes.";
        /// LitGPT.
        Litgpt = "litgpt", "LitGPT", "Lightning's fine-tuning and pretraining.";
        /// llm-foundry.
        LlmFoundry = "llm-foundry", "LLM Foundry", "MosaicML's FSDP training.";
        /// Megatron-LM and what is built on it.
        Megatron = "megatron", "Megatron", "NVIDIA's Megatron-Core, NeMo, Megatron Bridge.";
        /// MaxText.
        Maxtext = "maxtext", "MaxText", "JAX on TPUs and GPUs.";
        /// InternEvo.
        Internevo = "internevo", "InternEvo", "InternLM's training.";
        /// ColossalAI.
        Colossalai = "colossalai", "ColossalAI", "ColossalAI's plugins.";
        /// Unsloth.
        Unsloth = "unsloth", "Unsloth", "Fine-tuning on one device with kernels of its own.";
    }
}

choice! {
    /// The order in which a pipeline runs its micro-batches.
    Schedule {
        /// One forward, one backward.
        #[default]
        OneForwardOneBackward = "1f1b", "1F1B", "One forward, one backward in turn: as few micro-batches in flight as stages.";
        /// Several chunks of layers a stage.
        Interleaved = "interleaved", "Interleaved 1F1B", "Each device has several chunks of layers: a smaller bubble, more traffic.";
        /// All forward, then all backward.
        Gpipe = "gpipe", "GPipe", "All forward, then all backward: every micro-batch is in flight at once.";
        /// Gradients of weights fill the bubble.
        ZeroBubble = "zero-bubble", "Zero bubble (ZB1P)", "Gradients of weights are computed apart and fill two thirds of the bubble.";
        /// From both ends at once.
        Dualpipe = "dualpipe", "DualPipe", "From both ends of the pipeline at once, each device with two sets of layers.";
    }
}

choice! {
    /// What data-parallel ranks share instead of copying (Rajbhandari 2020).
    Zero {
        /// Nothing.
        #[default]
        None = "0", "Nothing (DDP)", "Each rank has all weights, gradients and optimizer states.";
        /// Optimizer states.
        States = "1", "Optimizer states (ZeRO-1)", "Optimizer states are sharded over the data-parallel ranks.";
        /// And gradients.
        Gradients = "2", "And gradients (ZeRO-2)", "Optimizer states and gradients are sharded.";
        /// And weights.
        Weights = "3", "And weights (ZeRO-3, FSDP)", "Weights, gradients and states are sharded; weights are gathered as they are needed.";
    }
}

choice! {
    /// Number formats of a training run.
    TrainingPrecision {
        /// 32 bits throughout.
        Fp32 = "fp32", "FP32", "Everything in 32 bits.";
        /// 16 bits throughout.
        Bf16 = "bf16", "BF16", "Weights, gradients and optimizer states in BF16: the least memory, small updates are lost.";
        /// 16-bit products, 32-bit master weights.
        #[default]
        Bf16Mixed = "bf16-mixed", "BF16 mixed", "Products in BF16, master weights and optimizer states in FP32.";
        /// The same with FP16.
        Fp16Mixed = "fp16-mixed", "FP16 mixed", "Products in FP16 with a scaled loss, master weights in FP32.";
        /// 8-bit products.
        Fp8Mixed = "fp8-mixed", "FP8 mixed", "Products of linear layers in FP8, the rest as BF16 mixed.";
        /// 8-bit products in blocks.
        Mxfp8Mixed = "mxfp8-mixed", "MXFP8 mixed", "Products of linear layers in FP8 with a scale for 32 values.";
        /// 4-bit products.
        Nvfp4Mixed = "nvfp4-mixed", "NVFP4 mixed", "Products of linear layers in FP4, a few layers in BF16.";
    }
}

impl Zero {
    /// The way to train that it is, as people call it.
    pub const fn way(self) -> &'static str {
        match self {
            Self::None => "Plain copies (DDP)",
            Self::States => "ZeRO-1",
            Self::Gradients => "ZeRO-2",
            Self::Weights => "ZeRO-3, FSDP",
        }
    }
}

impl TrainingPrecision {
    /// Whether 32-bit master weights stand behind narrower products.
    pub const fn is_mixed(self) -> bool {
        !matches!(self, Self::Fp32 | Self::Bf16)
    }
    /// The format of the matrix products, as the device table names its rates.
    pub const fn products(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Bf16 | Self::Bf16Mixed => "bf16",
            Self::Fp16Mixed => "fp16",
            Self::Fp8Mixed | Self::Mxfp8Mixed => "fp8",
            Self::Nvfp4Mixed => "nvfp4",
        }
    }
}

choice! {
    /// Format of master weights.
    MasterFormat {
        /// 32 bits.
        #[default]
        Fp32 = "fp32", "FP32", "4 bytes a parameter.";
        /// 16 bits.
        Bf16 = "bf16", "BF16", "2 bytes a parameter.";
        /// None.
        None = "none", "None", "No copy beside the weights.";
    }
}

choice! {
    /// Format of gradients.
    GradientFormat {
        /// 32 bits.
        #[default]
        Fp32 = "fp32", "FP32", "4 bytes a trained parameter.";
        /// 16 bits.
        Bf16 = "bf16", "BF16", "2 bytes a trained parameter.";
    }
}

choice! {
    /// Format of optimizer states.
    StateFormat {
        /// 32 bits.
        #[default]
        Fp32 = "fp32", "FP32", "4 bytes a moment.";
        /// 16 bits.
        Bf16 = "bf16", "BF16", "2 bytes a moment.";
        /// 8-bit integers in blocks.
        Int8 = "int8", "INT8", "1 byte a moment, with a scale for 256.";
        /// 8-bit floats.
        Fp8 = "fp8", "FP8", "1 byte a moment.";
    }
}

choice! {
    /// The optimizer.
    Optimizer {
        /// Adam with decoupled weight decay.
        #[default]
        Adamw = "adamw", "AdamW", "Two moments a parameter.";
        /// In 8 bits.
        Adamw8bit = "adamw-8bit", "AdamW 8-bit", "bitsandbytes: two moments of one byte, a scale for 256.";
        /// Evicted to the host where they do not fit.
        PagedAdamw = "paged-adamw", "Paged AdamW", "bitsandbytes: two moments in FP32 that may move to the host.";
        /// Both.
        PagedAdamw8bit = "paged-adamw-8bit", "Paged AdamW 8-bit", "bitsandbytes: 8-bit moments that may move to the host.";
        /// Rows and columns.
        Adafactor = "adafactor", "Adafactor", "One moment, as sums of rows and columns.";
        /// One moment.
        Lion = "lion", "Lion", "One moment a parameter.";
        /// In 8 bits.
        Lion8bit = "lion-8bit", "Lion 8-bit", "bitsandbytes: one moment of one byte.";
        /// No state.
        Sgd = "sgd", "SGD", "No state.";
        /// One momentum.
        SgdMomentum = "sgd-momentum", "SGD with momentum", "One moment a parameter.";
        /// Orthogonal updates of matrices.
        Muon = "muon", "Muon", "One moment for matrices; AdamW for embeddings, head and vectors.";
    }
}

choice! {
    /// How the loss is computed.
    Loss {
        /// All logits at once.
        #[default]
        Full = "full", "All at once", "Logits of all tokens and their FP32 log-probabilities are in memory at once.";
        /// A chunk of tokens at a time.
        Chunked = "chunked", "In chunks", "Logits of a chunk of tokens at a time.";
        /// Never written.
        Fused = "fused", "Fused", "Head and loss in one kernel: logits are never in memory (Liger, Unsloth, cut cross-entropy).";
    }
}

choice! {
    /// What an encoder of text is trained for.
    Task {
        /// Words that were masked.
        #[default]
        Words = "masked-words", "Masked words", "The words that were masked, over the whole vocabulary: what encoders are pretrained on.";
        /// A label for each sequence.
        Texts = "sequence-labels", "Labels of sequences", "A label, several or a number for each sequence: sentiment, topics, scores of pairs (…ForSequenceClassification).";
        /// A label for each token.
        Tokens = "token-labels", "Labels of tokens", "A label for each token: names, parts of speech (…ForTokenClassification).";
        /// First and last token of an answer.
        Answers = "answers", "Answers in a text", "First and last token of an answer that stands in the text (…ForQuestionAnswering).";
        /// Vectors.
        Embeddings = "embeddings", "Embeddings", "A vector for each text, the mean of its tokens, by the cosines of pairs with all others of the micro-batch, as sentence-transformers does: two texts are a pair (…Model).";
    }
}

impl Task {
    /// The task of a purpose; a class for pretraining has none.
    pub fn of(purpose: Purpose) -> Option<Self> {
        Self::iter().find(|task| task.purpose() == purpose)
    }
    /// What the class of an encoder is for.
    pub const fn purpose(self) -> Purpose {
        match self {
            Self::Words => Purpose::Masked,
            Self::Texts => Purpose::Texts,
            Self::Tokens => Purpose::Tokens,
            Self::Answers => Purpose::Answers,
            Self::Embeddings => Purpose::Plain,
        }
    }
}

choice! {
    /// How the learning rate goes after its warm-up.
    RateSchedule {
        /// Half a cosine down to the floor.
        #[default]
        Cosine = "cosine", "Cosine", "Half a cosine down to a tenth of the peak.";
        /// Warm-up, stable, decay over the last steps.
        StableDecay = "wsd", "Stable, then decay (WSD)", "At its peak until the last fifth of the steps, then straight to nothing.";
        /// A straight line to nothing.
        Linear = "linear", "Linear", "A straight line to nothing.";
        /// One over the square root of the step.
        InverseSquareRoot = "inverse-sqrt", "Inverse square root", "One over the square root of the step: it needs no end.";
        /// As it is.
        Constant = "constant", "Constant", "At its peak to the end.";
    }
}

choice! {
    /// Yes or no.
    Switch {
        /// No.
        #[default]
        Off = "off", "Off", "No.";
        /// Yes.
        On = "on", "On", "Yes.";
    }
}

choice! {
    /// Reinforcement learning.
    Reinforcement {
        /// None: the tokens of a corpus.
        #[default]
        None = "none", "None", "Trained on a corpus.";
        /// Group relative policy optimisation.
        Grpo = "grpo", "GRPO", "Several answers to each prompt are compared with each other; no critic.";
        /// Proximal policy optimisation.
        Ppo = "ppo", "PPO", "A critic as large as the policy is trained beside it.";
    }
}

choice! {
    /// Format of the frozen base under adapters.
    BaseWeights {
        /// 16 bits.
        #[default]
        Bf16 = "bf16", "BF16", "16 bits a weight.";
        /// 32 bits.
        Fp32 = "fp32", "FP32", "32 bits a weight.";
        /// NormalFloat in blocks of 64.
        Nf4 = "nf4", "NF4", "bitsandbytes: 4.5 bits a weight of a linear layer.";
        /// With quantised scales.
        Nf4Double = "nf4-dq", "NF4, double quantised", "bitsandbytes: 4.127 bits a weight of a linear layer.";
        /// Integers in groups of 128.
        Int4 = "int4", "INT4", "4 bits a weight with a 16-bit scale for 128.";
        /// LLM.int8().
        Int8 = "bnb-int8", "INT8", "bitsandbytes: 8 bits a weight with a scale for each output.";
        /// 8-bit floats.
        Fp8 = "fp8", "FP8", "8 bits a weight.";
    }
}

choice! {
    /// A linear layer that adapters may stand beside.
    Target {
        /// Queries.
        #[default]
        Q = "q", "Queries", "The query projection.";
        /// Keys.
        K = "k", "Keys", "The key projection.";
        /// Values.
        V = "v", "Values", "The value projection.";
        /// Output of attention.
        O = "o", "Attention output", "The output projection of attention.";
        /// Gate of the MLP.
        Gate = "gate", "MLP gate", "The gate of the MLP.";
        /// First matrix of the MLP.
        Up = "up", "MLP up", "The first matrix of the MLP.";
        /// Second matrix of the MLP.
        Down = "down", "MLP down", "The second matrix of the MLP.";
        /// Output head.
        Head = "head", "Output head", "The output head.";
    }
}

/// Which linear layers get adapters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LoraTargets {
    /// Every linear layer of attention.
    Attention,
    /// Every linear layer but the head.
    #[default]
    AllLinear,
    /// These.
    List(Vec<Target>),
}

impl std::fmt::Display for LoraTargets {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Attention => out.write_str("attention"),
            Self::AllLinear => out.write_str("all-linear"),
            Self::List(list) => {
                let keys: Vec<&str> = list.iter().map(|one| one.key()).collect();
                out.write_str(&keys.join(","))
            }
        }
    }
}

/// A training run; `None` is what the framework does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainingChoice {
    /// The framework.
    pub framework: Option<Framework>,
    /// What an encoder is trained for; `None` is as the class that the config names.
    pub task: Option<Task>,
    /// Sequences of an optimizer step.
    pub global_batch: Option<u64>,
    /// Micro-batches of an optimizer step.
    pub accumulation: Option<u64>,
    /// Tokens of the whole run.
    pub tokens: Option<u64>,
    /// Ranks that share a sequence.
    pub context_parallel: Option<u64>,
    /// Whether activations outside attention and MLP are split over the tensor group.
    pub sequence_parallel: Option<Switch>,
    /// Chunks of layers a pipeline rank has.
    pub virtual_stages: Option<u64>,
    /// Order of the pipeline.
    pub schedule: Option<Schedule>,
    /// What data-parallel ranks shard.
    pub zero: Option<Zero>,
    /// Ranks over which they shard it.
    pub shard_group: Option<u64>,
    /// Whether optimizer states lie in RAM.
    pub optimizer_offload: Option<Switch>,
    /// Whether kept activations lie in RAM.
    pub activation_offload: Option<Switch>,
    /// Number formats.
    pub precision: Option<TrainingPrecision>,
    /// Master weights.
    pub master_weights: Option<MasterFormat>,
    /// Gradients.
    pub gradient_format: Option<GradientFormat>,
    /// Optimizer states.
    pub optimizer_format: Option<StateFormat>,
    /// The optimizer.
    pub optimizer: Option<Optimizer>,
    /// Whether each parameter is updated as soon as its gradient is there.
    pub optimizer_in_backward: Option<Switch>,
    /// How the loss is computed.
    pub loss: Option<Loss>,
    /// Rank of adapters; `None` trains all parameters.
    pub lora_rank: Option<u64>,
    /// Where adapters stand.
    pub lora_targets: Option<LoraTargets>,
    /// Whether adapters have a magnitude too.
    pub dora: Option<Switch>,
    /// Whether answers of the model are reinforced.
    pub reinforcement: Option<Reinforcement>,
    /// Tokens of an answer; the rest of a sequence is its prompt.
    pub answer_tokens: Option<u64>,
    /// Whether a reference model holds the policy back.
    pub reference_model: Option<Switch>,
    /// Format of the frozen base.
    pub base_weights: Option<BaseWeights>,
    /// Whether the model is compiled.
    pub compile: Option<Switch>,
    /// Share of the peak that the model's own operations reach, thousandths; `None` is what runs show.
    pub mfu: Option<u64>,
    /// Percentage of the calendar time in which the run moves on.
    pub goodput: Option<u64>,
    /// How the learning rate goes.
    pub rate_schedule: Option<RateSchedule>,
    /// Percentage of the steps in which it warms up.
    pub warm_up: Option<u64>,
}
