//! The choices a scenario is made of, each with its key and its words.

use serde::{Deserialize, Serialize};

/// Declares a choice: variants with key, label and help, in the order of a menu.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $key:literal, $label:literal, $help:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, strum::EnumIter, strum::EnumString, strum::IntoStaticStr)]
        #[strum(ascii_case_insensitive)]
        pub enum $name {
            $($(#[$variant_doc])* #[strum(serialize = $key)] #[serde(rename = $key)] $variant,)+
        }
        impl $name {
            /// Its key in links, JSON and on the command line.
            pub fn key(self) -> &'static str {
                self.into()
            }
            /// Its name for people.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }
            /// What it means, in a sentence.
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help,)+ }
            }
        }
    };
}

pub(super) use choice;

choice! {
    /// What runs.
    Mode {
        /// Reading the prompt.
        Prefill = "prefill", "Prefill", "Reading the prompt: all its tokens at once.";
        /// Writing one token for each sequence.
        #[default]
        Decode = "decode", "Decode", "Writing: one new token for each sequence.";
        /// Many requests, their prompts read and their answers written side by side.
        Serve = "serve", "Serve", "Many users: prompts are read and answers written side by side.";
        /// Training of all parameters.
        Pretrain = "pretrain", "Pretrain", "Training of all parameters: forward, backward, optimizer.";
        /// Training on from a checkpoint: of all parameters, or of adapters.
        Finetune = "finetune", "Fine-tune", "Training on from a checkpoint: all parameters, or adapters (LoRA, QLoRA).";
    }
}

impl Mode {
    /// Whether its pass is a step that writes one token for each sequence.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Decode | Self::Serve)
    }
    /// Whether it trains.
    pub const fn trains(self) -> bool {
        matches!(self, Self::Pretrain | Self::Finetune)
    }
}

choice! {
    /// Format of the KV cache.
    KvFormat {
        /// As the config says, else that of the activations.
        #[default]
        Auto = "auto", "As published", "What the config says, else the format of the weights before quantisation.";
        /// 32 bits.
        Fp32 = "fp32", "FP32", "4 bytes an element.";
        /// bfloat16.
        Bf16 = "bf16", "BF16", "2 bytes an element.";
        /// 16-bit float.
        Fp16 = "fp16", "FP16", "2 bytes an element.";
        /// 8-bit float.
        Fp8 = "fp8", "FP8", "1 byte an element; scales are a few bytes in all.";
        /// 8-bit integer.
        Int8 = "int8", "INT8", "1 byte an element; scales are a few bytes in all.";
        /// llama.cpp's 8 bits.
        Q8_0 = "q8_0", "Q8_0", "llama.cpp: 34 bytes for 32 elements.";
        /// llama.cpp's 5 bits with a minimum.
        Q5_1 = "q5_1", "Q5_1", "llama.cpp: 24 bytes for 32 elements.";
        /// llama.cpp's 5 bits.
        Q5_0 = "q5_0", "Q5_0", "llama.cpp: 22 bytes for 32 elements.";
        /// llama.cpp's 4 bits with a minimum.
        Q4_1 = "q4_1", "Q4_1", "llama.cpp: 20 bytes for 32 elements.";
        /// llama.cpp's 4 bits.
        Q4_0 = "q4_0", "Q4_0", "llama.cpp: 18 bytes for 32 elements.";
        /// llama.cpp's 4 bits on an uneven grid.
        Iq4Nl = "iq4_nl", "IQ4_NL", "llama.cpp: 18 bytes for 32 elements.";
        /// 4-bit floats with an FP8 scale for 16.
        Nvfp4 = "nvfp4", "NVFP4", "9 bytes for 16 elements.";
        /// MLX's 8 bits.
        MlxQ8 = "mlx-q8", "MLX 8-bit", "MLX: 68 bytes for 64 elements.";
        /// MLX's 4 bits.
        MlxQ4 = "mlx-q4", "MLX 4-bit", "MLX: 36 bytes for 64 elements.";
    }
}

choice! {
    /// How attention is computed.
    AttentionKernel {
        /// Scores stay on the chip.
        #[default]
        Flash = "flash", "Flash", "Scores stay on the chip: memory grows with the tokens.";
        /// The kernel PyTorch picks.
        Sdpa = "sdpa", "SDPA", "The fused kernel that PyTorch picks for the layer: flash where no mask is needed, else the memory-efficient one.";
        /// Scores are written to memory.
        Eager = "eager", "Eager", "All scores are written to memory, which grows with the square of the tokens.";
    }
}

choice! {
    /// How causal attention is counted.
    AttentionFlops {
        /// Pairs a fused kernel computes.
        #[default]
        Causal = "causal", "Causal", "Only pairs a token can see: S(S+1)/2, windows cut.";
        /// All pairs, as framework counters do.
        Full = "full", "Full", "All pairs, S², as framework counters report.";
    }
}

choice! {
    /// Which positions get logits.
    Logits {
        /// The last of each sequence.
        #[default]
        Last = "last", "Last", "Only the last position: what generation needs.";
        /// Every position.
        All = "all", "All", "Every position, as training and scoring need.";
    }
}

choice! {
    /// What latent attention (MLA) keeps in its cache.
    LatentCache {
        /// What the engine does.
        #[default]
        Auto = "auto", "As the engine does", "All engines on offer keep the latent.";
        /// The latent.
        Latent = "latent", "Latent", "One small vector a token, shared by all heads.";
        /// Keys and values of every head.
        Expanded = "expanded", "Expanded", "Keys and values of every head, as transformers 4 did.";
    }
}

choice! {
    /// What training computes again in the backward pass.
    Recompute {
        /// Nothing.
        None = "none", "None", "Everything the backward pass needs is kept.";
        /// The scores of attention.
        #[default]
        Selective = "selective", "Selective", "Scores of attention are computed again, the rest is kept.";
        /// Every layer.
        Full = "full", "Full", "Only the input of each layer is kept; each layer runs forward again.";
    }
}

choice! {
    /// How several devices share a model.
    Split {
        /// A slice of every layer each.
        #[default]
        Tensor = "tensor", "By tensors", "Each device holds a slice of every layer, and all work at once.";
        /// Whole layers each.
        Layer = "layer", "By layers", "Each device holds whole layers; a token passes one after the other.";
    }
}

choice! {
    /// How a tensor-parallel group shares attention.
    AttentionParallel {
        /// Heads are distributed.
        #[default]
        Tp = "tp", "Heads split", "Each device has some of the heads, for all sequences.";
        /// Each has all of it, for sequences of its own.
        Dp = "dp", "Sequences shared", "Each device has all of attention, for sequences of its own; MLPs and experts are split.";
    }
}

choice! {
    /// How lengths of prompts and answers differ from request to request.
    Lengths {
        /// All alike.
        #[default]
        Fixed = "fixed", "All the same", "Every prompt and every answer has the length given.";
        /// As in recorded chats.
        Spread = "spread", "As in chats", "The lengths given are means; answers vary as in recorded chats (exponentially), so long ones finish late.";
    }
}

choice! {
    /// How long layers with a window keep their keys and values.
    WindowCache {
        /// As long as the window needs them.
        #[default]
        Auto = "auto", "As the window needs", "Layers with a window keep no more than that.";
        /// As long as all others.
        Full = "full", "Everything", "Layers with a window keep all tokens, so that an earlier place can be taken up again (llama.cpp's --swa-full).";
    }
}

choice! {
    /// Where the cache lies.
    CachePlace {
        /// With its layers.
        #[default]
        Auto = "auto", "With its layers", "On the device where the layers are.";
        /// In RAM.
        Ram = "ram", "In RAM", "All of it in the machine's RAM, and attention is computed there (llama.cpp's --no-kv-offload).";
    }
}

choice! {
    /// How memory is counted.
    MemoryRule {
        /// Operator by operator.
        #[default]
        Exact = "exact", "By operators", "Tensors, caches and buffers as the engine lays them out.";
        /// Percentages on top of weights and cache.
        Simple = "simple", "Simple rule", "As many calculators do: weights + 5 %, caches + 5 %, activations 10 % of the weights, and 5 % of all that for the system.";
    }
}

/// What of the model may stay in the machine's RAM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Offload {
    /// What does not fit on the devices.
    #[default]
    Auto,
    /// Nothing.
    None,
    /// So many layers.
    Layers(u64),
    /// The experts of so many layers.
    Experts(u64),
}

impl Offload {
    /// Whether something must be in RAM, however much fits.
    pub const fn is_forced(self) -> bool {
        matches!(self, Self::Layers(count) | Self::Experts(count) if count > 0)
    }
}

impl std::fmt::Display for Offload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auto => out.write_str("auto"),
            Self::None => out.write_str("none"),
            Self::Layers(layers) => write!(out, "{layers}"),
            Self::Experts(layers) => write!(out, "experts:{layers}"),
        }
    }
}
