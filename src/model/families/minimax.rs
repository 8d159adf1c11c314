//! MiniMax M2.

use super::{Build, Correction, Decoder, Experts, Family, HeadNorm};

/// Experts on every layer, q and k normed over all heads.
pub const FAMILIES: &[Family] = &[Family {
    types: &["minimax_m2"],
    title: "MiniMax M2",
    build: Build::Decoder(Decoder {
        head_norm: HeadNorm::FULL_WIDTH,
        experts: Some(Experts {
            width: &["intermediate_size"],
            router: "block_sparse_moe.gate",
            correction: Correction::Buffer("block_sparse_moe.e_score_correction_bias"),
            modules: [
                "block_sparse_moe.experts.{e}.w1",
                "block_sparse_moe.experts.{e}.w3",
                "block_sparse_moe.experts.{e}.w2",
            ],
            ..Experts::PLAIN
        }),
        ..Decoder::UNBIASED
    }),
}];
