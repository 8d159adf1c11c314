//! The formats a user can choose for weights, each with the rule of the tool that writes it.

use super::super::format::{Format, Scales};
use super::{Quantisation, Scope};

/// A format on offer.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The format.
    pub format: Format,
    /// Which tensors it converts.
    pub scope: Scope,
    /// Where the layout of its scales is described.
    pub source: &'static str,
}

const fn group(size: u64, bits: u64) -> Scales {
    Scales::Group {
        size,
        bits,
        column_bits: 0,
        tensor_bits: 0,
    }
}

/// Formats on offer, in the order of a menu.
pub const CHOICES: &[Choice] = &[
    Choice {
        format: Format::FP32,
        scope: Scope::Everything,
        source: "IEEE 754",
    },
    Choice {
        format: Format::BF16,
        scope: Scope::Everything,
        source: "bfloat16",
    },
    Choice {
        format: Format::FP16,
        scope: Scope::Everything,
        source: "IEEE 754",
    },
    Choice {
        format: Format::scaled(
            "fp8",
            "FP8",
            8,
            Scales::Block {
                rows: 128,
                columns: 128,
                bits: 32,
            },
        ),
        scope: Scope::Matrices,
        source: "E4M3 in blocks of 128 × 128 with an FP32 scale, as DeepSeek-V3 publishes it (arXiv 2412.19437, 3.3.2)",
    },
    Choice {
        format: Format::scaled("int8", "INT8", 8, Scales::Row(32)),
        scope: Scope::Matrices,
        source: "one FP32 scale for each output row (LLM.int8(), arXiv 2208.07339)",
    },
    Choice {
        format: Format::scaled("int4", "INT4 (groups of 128)", 4, group(128, 16)),
        scope: Scope::Matrices,
        source: "symmetric, one 16-bit scale for 128 weights (compressed-tensors pack-quantized W4A16)",
    },
    Choice {
        format: Format::scaled("awq", "AWQ 4-bit", 4, group(128, 20)),
        scope: Scope::Matrices,
        source: "groups of 128 with a 16-bit scale and a 4-bit zero point (AutoAWQ gemm layout)",
    },
    Choice {
        format: Format::scaled(
            "gptq",
            "GPTQ 4-bit",
            4,
            Scales::Group {
                size: 128,
                bits: 20,
                column_bits: 32,
                tensor_bits: 0,
            },
        ),
        scope: Scope::Matrices,
        source: "groups of 128 with a 16-bit scale and a 4-bit zero point, and g_idx for each input (AutoGPTQ qlinear)",
    },
    Choice {
        format: Format::scaled("bnb-int8", "bitsandbytes INT8", 8, Scales::Row(32)),
        scope: Scope::Matrices,
        source: "one FP32 scale for each output row (bitsandbytes Linear8bitLt)",
    },
    Choice {
        format: Format::scaled("nf4", "bitsandbytes NF4", 4, group(64, 32)),
        scope: Scope::Matrices,
        source: "blocks of 64 with an FP32 absmax (QLoRA, arXiv 2305.14314)",
    },
    Choice {
        // 8 bits for 64 weights and 32 bits for 256 of those: 0.127 bits a weight.
        format: Format::scaled(
            "nf4-dq",
            "bitsandbytes NF4, double quantised",
            4,
            group(16_384, 256 * 8 + 32),
        ),
        scope: Scope::Matrices,
        source: "as NF4, the absmax itself in 8 bits with an FP32 scale for 256 (QLoRA, arXiv 2305.14314, 3)",
    },
    Choice {
        format: Format::scaled("mxfp4", "MXFP4 (experts)", 4, group(32, 8)),
        scope: Scope::Experts,
        source: "blocks of 32 with an 8-bit exponent (OCP Microscaling 1.0); experts only, as gpt-oss publishes it",
    },
    Choice {
        format: Format::scaled(
            "nvfp4",
            "NVFP4",
            4,
            Scales::Group {
                size: 16,
                bits: 8,
                column_bits: 0,
                tensor_bits: 64,
            },
        ),
        scope: Scope::Matrices,
        source: "blocks of 16 with an FP8 scale, and two FP32 scales a tensor (ModelOpt export)",
    },
];

/// The choice with this key.
pub fn choice(id: &str) -> Option<&'static Choice> {
    let id = if id.eq_ignore_ascii_case("f16") { "fp16" } else { id };
    CHOICES.iter().find(|one| one.format.id.eq_ignore_ascii_case(id))
}

impl Choice {
    /// The rule for a conversion: what it leaves alone stays as published.
    pub fn convert(&self, published: &Quantisation) -> Quantisation {
        // A checkpoint already in this format knows best what it leaves alone.
        if published.format.id == self.format.id && published.scope != Scope::Everything {
            return published.clone();
        }
        let base = if self.scope == Scope::Everything {
            self.format.clone()
        } else {
            published.base.clone()
        };
        Quantisation {
            base,
            format: self.format.clone(),
            scope: self.scope,
            kept: Vec::new(),
            head: false,
            method: self.format.label.to_string(),
        }
    }
}
