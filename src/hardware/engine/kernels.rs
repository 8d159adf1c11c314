//! What an engine computes with: which kernels it has for which shapes.

use super::Engine;
use crate::hardware::{Device, Generation, Vendor};

impl Engine {
    /// Whether latent attention multiplies with the latent itself in decode (absorbed) instead of expanding the cache.
    pub const fn absorbs_latent(self) -> bool {
        !matches!(self, Self::Transformers)
    }
    /// Whether attention is limited to what an indexer chooses; otherwise all scores are computed and masked.
    ///
    /// Sources: vLLM and SGLang `FlashMLA` sparse kernels, TensorRT-LLM DSA; transformers masks dense scores.
    pub const fn skips_unchosen(self) -> bool {
        !matches!(self, Self::Transformers)
    }
    /// Whether activations, logits and the states of convolutions are FP32 whatever the weights are.
    ///
    /// Source: results in llama.cpp's graphs are `GGML_TYPE_F32`.
    pub const fn computes_in_fp32(self) -> bool {
        matches!(self, Self::LlamaCpp)
    }
    /// Whether attention of a prompt is one kernel for heads of this width, so that scores are never written.
    ///
    /// Sources: MLX 0.31 `ScaledDotProductAttention::use_fallback`: keys and values of one width, 64, 80 or 128, for more
    /// than 8 queries. llama.cpp b7000 `ggml_cuda_get_best_fattn_kernel`: these widths, or latent attention's 576 and 512;
    /// `--flash-attn auto` falls back to three steps for others. Kernels of the servers and of PyTorch take any width up
    /// to 256, and fall back to others that write no scores either.
    pub fn fuses(self, key_width: u64, value_width: u64) -> bool {
        match self {
            Self::Mlx => key_width == value_width && matches!(key_width, 64 | 80 | 128),
            Self::LlamaCpp => match (key_width, value_width) {
                (576, 512) | (320, 256) | (192, 128) => true,
                (key, value) => key == value && matches!(key, 40 | 64 | 72 | 80 | 96 | 112 | 128 | 256 | 512),
            },
            _ => true,
        }
    }
    /// Bytes of a score that attention writes: with a second copy in FP32 for the softmax where that is not done in place.
    ///
    /// Sources: `ggml_soft_max_ext` and MLX's softmax write over their input; transformers `eager_attention_forward` casts
    /// to FP32.
    pub const fn score_bytes(self, activation: u64) -> u64 {
        match self {
            Self::LlamaCpp | Self::Mlx => activation,
            _ => activation + 4,
        }
    }
    /// To what multiples it pads the widths of experts in MXFP4 on a device: hidden width, and the experts' own on each
    /// device.
    ///
    /// Source: vLLM 0.11 `Mxfp4MoEMethod.create_weights`: Marlin 256 and 128, which is what runs where the device has no
    /// products in FP4; FlashInfer's kernels on Blackwell 256 and 256; elsewhere 1 and 64.
    pub fn pads_mxfp4_experts(self, device: Option<&Device>) -> Option<(u64, u64)> {
        if self != Self::Vllm {
            return None;
        }
        let device = device?;
        match (device.vendor, Generation::of(device)) {
            (Vendor::Nvidia, Generation::Blackwell) => Some((256, 256)),
            (Vendor::Nvidia, _) => Some((256, 128)),
            _ => Some((1, 64)),
        }
    }
}
