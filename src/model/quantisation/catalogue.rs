//! The formats a user can choose for weights, each with the rule of the tool that writes it.

use std::sync::LazyLock;

use strum::IntoEnumIterator;

use super::super::blueprint::Blueprint;
use super::super::format::{Format, Scales};
use super::mix::Mix;
use super::parameter::{self, group};
use super::{Quantisation, Scope, Special};

/// What kind of file holds the weights; engines read some and not others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WeightFileKind {
    /// safetensors as transformers and servers read them.
    #[default]
    Safetensors,
    /// llama.cpp's GGUF.
    Gguf,
    /// safetensors in MLX's layout.
    Mlx,
    /// safetensors in ExLlamaV2's layout.
    Exl2,
    /// safetensors in ExLlamaV3's layout.
    Exl3,
}

/// A format on offer.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The format.
    pub format: Format,
    /// Which tensors it converts.
    pub scope: Scope,
    /// Where the layout of its scales is described.
    pub source: &'static str,
    /// What kind of file it makes.
    pub container: WeightFileKind,
    /// Tensors with a format of their own.
    pub special: Vec<Special>,
    /// llama.cpp's mix, if it is one.
    pub mix: Option<Mix>,
}

/// Formats on offer, in the order of a menu. Those with a number in their name stand for all numbers.
pub static CHOICES: LazyLock<Vec<Choice>> = LazyLock::new(|| {
    let named = [
        "exl2-6.0", "exl2-5.0", "exl2-4.0", "exl2-3.0", "exl3-4.0", "exl3-3.0", "exl3-2.0",
    ];
    let mlx = ["mlx-q8", "mlx-q6", "mlx-q5", "mlx-q4", "mlx-q4-g32", "mlx-q3", "mlx-q2"];
    let numbered = ["gptq-8", "hqq-8", "hqq-4", "hqq-2", "aqlm-2"]
        .into_iter()
        .chain(mlx)
        .chain(named);
    let mixes = Mix::iter().filter(|mix| !mix.key().starts_with("gguf-")).map(of_mix);
    PLAIN
        .iter()
        .cloned()
        .chain(numbered.filter_map(parameter::choice))
        .chain(mixes)
        .collect()
});

/// A mix of llama.cpp as a choice.
fn of_mix(mix: Mix) -> Choice {
    let format = Format {
        id: mix.key().into(),
        label: mix.label().into(),
        ..mix.base().format().clone()
    };
    Choice {
        container: WeightFileKind::Gguf,
        mix: Some(mix),
        ..Choice::new(
            format,
            Scope::Layers,
            "llama.cpp's mix of that name, tensor by tensor as its quantiser assigns types",
        )
    }
}

const PLAIN: &[Choice] = &[
    Choice::new(Format::FP32, Scope::Everything, "IEEE 754"),
    Choice::new(Format::BF16, Scope::Everything, "bfloat16"),
    Choice::new(Format::FP16, Scope::Everything, "IEEE 754"),
    Choice::new(
        Format::scaled(
            "fp8",
            "FP8",
            8,
            Scales::Block {
                rows: 128,
                columns: 128,
                bits: 32,
            },
        ),
        Scope::Matrices,
        "E4M3 in blocks of 128 × 128 with an FP32 scale, as DeepSeek-V3 publishes it (arXiv 2412.19437, 3.3.2)",
    ),
    Choice::new(
        Format::scaled("int8", "INT8", 8, Scales::Row(32)),
        Scope::Matrices,
        "one FP32 scale for each output row (LLM.int8(), arXiv 2208.07339)",
    ),
    Choice::new(
        Format::scaled("int4", "INT4 (groups of 128)", 4, group(128, 16)),
        Scope::Matrices,
        "symmetric, one 16-bit scale for 128 weights (compressed-tensors pack-quantized W4A16)",
    ),
    Choice::new(
        Format::scaled("awq", "AWQ 4-bit", 4, group(128, 20)),
        Scope::Matrices,
        "groups of 128 with a 16-bit scale and a 4-bit zero point (AutoAWQ gemm layout)",
    ),
    Choice::new(
        Format::scaled(
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
        Scope::Matrices,
        "groups of 128 with a 16-bit scale and a 4-bit zero point, and g_idx for each input (AutoGPTQ qlinear)",
    ),
    Choice::new(
        Format::scaled("bnb-int8", "bitsandbytes INT8", 8, Scales::Row(32)),
        Scope::Matrices,
        "one FP32 scale for each output row (bitsandbytes Linear8bitLt)",
    ),
    Choice::new(
        Format::scaled("nf4", "bitsandbytes NF4", 4, Scales::Flat { size: 64, bits: 32 }),
        Scope::Matrices,
        "blocks of 64 with an FP32 absmax (QLoRA, arXiv 2305.14314)",
    ),
    // 8 bits for 64 weights and 32 bits for 256 of those: 0.127 bits a weight.
    Choice::new(
        Format::scaled(
            "nf4-dq",
            "bitsandbytes NF4, double quantised",
            4,
            Scales::Flat {
                size: 16_384,
                bits: 256 * 8 + 32,
            },
        ),
        Scope::Matrices,
        "as NF4, the absmax itself in 8 bits with an FP32 scale for 256 (QLoRA, arXiv 2305.14314, 3)",
    ),
    Choice::new(
        Format::scaled("mxfp4", "MXFP4 (experts)", 4, group(32, 8)),
        Scope::Experts,
        "blocks of 32 with an 8-bit exponent (OCP Microscaling 1.0); experts only, as gpt-oss publishes it",
    ),
    Choice::new(
        Format::scaled(
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
        Scope::Matrices,
        "blocks of 16 with an FP8 scale, and two FP32 scales a tensor (ModelOpt export)",
    ),
    Choice::new(
        Format::scaled("fp8-tensor", "FP8 (a scale a tensor)", 8, Scales::Tensor(64)),
        Scope::Matrices,
        "E4M3 with one FP32 scale for the weights and one for the inputs of each matrix (ModelOpt, vLLM)",
    ),
    Choice::new(
        Format::scaled("fp8-channel", "FP8 (a scale a row)", 8, Scales::Row(32)),
        Scope::Matrices,
        "E4M3 with one FP32 scale for each output row (FBGEMM, compressed-tensors FP8-dynamic)",
    ),
    Choice::new(
        Format::scaled("compressed-tensors", "compressed-tensors", 4, group(128, 16)),
        Scope::Matrices,
        "as its config says; for other checkpoints 4 bits in groups of 128 (pack-quantized W4A16)",
    ),
];

/// The choice with this key. Formats with a number in their name may have any number their method allows.
pub fn choice(id: &str) -> Option<Choice> {
    let id = id.to_ascii_lowercase();
    let id = match id.as_str() {
        "f16" => "fp16",
        "f32" => "fp32",
        other => other,
    };
    CHOICES
        .iter()
        .find(|one| one.format.id == id)
        .cloned()
        .or_else(|| parameter::choice(id))
        .or_else(|| Mix::named(id).map(of_mix))
}

impl Choice {
    /// A format of checkpoints as transformers and servers read them.
    pub const fn new(format: Format, scope: Scope, source: &'static str) -> Self {
        Self {
            format,
            scope,
            source,
            container: WeightFileKind::Safetensors,
            special: Vec::new(),
            mix: None,
        }
    }

    /// The rule for a conversion: what it leaves alone stays as published.
    pub fn convert(&self, blueprint: &Blueprint) -> Quantisation {
        if let Some(mix) = self.mix {
            return Quantisation::gguf(mix, blueprint);
        }
        let published = &blueprint.published;
        // A checkpoint already in this format knows best what it leaves alone; one of several formats has none of them alone.
        let as_written = self.format.id == "compressed-tensors" && published.writer == "compressed-tensors";
        let same = published.format.id == self.format.id && !published.mixed;
        if (same || as_written) && published.scope != Scope::Everything {
            return published.clone();
        }
        let base = if self.scope == Scope::Everything {
            self.format.clone()
        } else {
            published.base.clone()
        };
        Quantisation {
            // mlx-vlm (utils.py, skip_multimodal_module) leaves towers alone.
            towers: self.container != WeightFileKind::Mlx,
            container: self.container,
            special: self.special.clone(),
            ..Quantisation::new(base, self.format.clone(), self.scope)
        }
    }
}
