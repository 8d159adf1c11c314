//! DeepSeek V2, V3, R1, Kimi K2 and Sarvam 105B: latent attention, dense layers first, then routed and shared experts.

use super::super::blocks::add_biases;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::layers::sparse_layers;
use super::{AttentionForm, Build, Decoder, Experts, Family, Flag, Place};
use crate::units::Quantity;

const DEEPSEEK: Decoder = Decoder {
    attention: AttentionForm::Latent,
    mlp_bias: Flag::No,
    experts: Some(Experts::DEEPSEEK),
    ..Decoder::LLAMA
};

/// `mlp_bias` is of the shared experts too, not of the routed ones.
pub fn shared_biases(
    config: &Config,
    _: &Quantity,
    _: Place,
    mut blocks: Vec<Block>,
) -> Result<Vec<Block>, ModelError> {
    let bias = config.flag("mlp_bias", false)?;
    blocks.iter_mut().for_each(|block| add_biases(block, bias));
    Ok(blocks)
}

/// V2 has no correction bias in its router. `attention_bias` adds biases to q_a, kv_a and o.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["deepseek_v2"],
        title: "DeepSeek V2",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::Key("mlp_bias", false),
            experts: Some(Experts::UNCORRECTED),
            adjust_layer: shared_biases,
            ..DEEPSEEK
        }),
    },
    Family {
        types: &["deepseek_v3", "kimi_k2"],
        title: "DeepSeek V3",
        build: Build::Decoder(DEEPSEEK),
    },
    // Its class names the layers with experts, or fails.
    Family {
        types: &["deepseek_ocr2_text"],
        title: "DeepSeek OCR 2",
        build: Build::Decoder(Decoder {
            head_dim: &[],
            experts: Some(Experts::UNCORRECTED),
            adjust_layer: shared_biases,
            sparse: |config, decoder, layers| match config.names("mlp_layer_types")? {
                Some(_) => sparse_layers(config, decoder, layers),
                None => Err(ModelError::Missing {
                    key: "mlp_layer_types".to_owned(),
                    model_type: config.model_type().to_owned(),
                }),
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["sarvam_mla"],
        title: "Sarvam with latent attention",
        build: Build::Decoder(DEEPSEEK),
    },
];
