//! ERNIE 4.5 with experts.

use super::super::blocks::add_biases;
use super::{Build, Correction, Decoder, Experts, Family, Flag, MoeLayers, Shared, adjust};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[Family {
    types: &["ernie4_5_moe"],
    title: "ERNIE 4.5 MoE",
    build: Build::Decoder(Decoder {
        tied: true,
        qkv_bias: Flag::Key("use_bias", false),
        output_bias: Flag::Key("use_bias", false),
        mlp_bias: Flag::Key("use_bias", false),
        head_bias: Flag::Key("use_bias", false),
        adjust_layer: |config, _, _, blocks| {
            let bias = config.flag("use_bias", false)?;
            Ok(adjust::channel(blocks, |mut block| {
                add_biases(&mut block, bias);
                block
            }))
        },
        experts: Some(Experts {
            layers: MoeLayers::Interval,
            shared: Shared::Count(&["moe_num_shared_experts"]),
            correction: Correction::Parameter("mlp.moe_statics.e_score_correction_bias"),
            ..Experts::PLAIN
        }),
        ..Decoder::LLAMA
    }),
}];
