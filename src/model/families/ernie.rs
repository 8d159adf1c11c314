//! ERNIE 4.5 with experts; the one that sees has others for images.

use serde_json::Value;

use super::super::blocks::{add_biases, routed};
use super::super::component::Component;
use super::super::config::{Config, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Role, Rows};
use super::super::tensor::Tensor;
use super::channel::routed_style;
use super::{Build, Changes, Correction, Decoder, Experts, Family, Flag, MoeLayers, Shared, adjust};
use crate::units::Quantity;

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["ernie4_5_moe"],
        title: "ERNIE 4.5 MoE",
        build: Build::Decoder(Decoder {
            head_bias: Flag::Key("use_bias", false),
            ..ERNIE
        }),
    },
    Family {
        types: &["ernie4_5_vl_moe_text"],
        title: "ERNIE 4.5 VL",
        build: Build::Decoder(Decoder {
            changes: |config, windowed| Ok(vec![widths(config)?; windowed.len()]),
            adjust_layer: |config, hidden, place, blocks| {
                let mut blocks = biased(config, blocks)?;
                if place.sparse {
                    blocks.push(for_images(config, hidden)?);
                }
                Ok(blocks)
            },
            experts: Some(Experts {
                layers: MoeLayers::After(&[]),
                router: "mlp.text_moe.gate",
                correction: Correction::Parameter("mlp.text_moe.gate.moe_statics.e_score_correction_bias"),
                modules: [
                    "mlp.text_moe.experts.{e}.gate_proj",
                    "mlp.text_moe.experts.{e}.up_proj",
                    "mlp.text_moe.experts.{e}.down_proj",
                ],
                ..EXPERTS
            }),
            ..ERNIE
        }),
    },
];

const EXPERTS: Experts = Experts {
    layers: MoeLayers::Interval,
    shared: Shared::Count(&["moe_num_shared_experts"]),
    correction: Correction::Parameter("mlp.moe_statics.e_score_correction_bias"),
    ..Experts::PLAIN
};
const ERNIE: Decoder = Decoder {
    tied: true,
    qkv_bias: Flag::Key("use_bias", false),
    output_bias: Flag::Key("use_bias", false),
    mlp_bias: Flag::Key("use_bias", false),
    adjust_layer: |config, _, _, blocks| biased(config, blocks),
    experts: Some(EXPERTS),
    ..Decoder::LLAMA
};

fn biased(config: &Config, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let bias = config.flag("use_bias", false)?;
    Ok(adjust::channel(blocks, |mut block| {
        add_biases(&mut block, bias);
        block
    }))
}

/// Experts for texts and experts for images have widths of their own.
fn widths(config: &Config) -> Result<Changes, ModelError> {
    const KEY: &str = "moe_intermediate_size";
    let value = config.get(KEY).or_else(|| config.class_default(KEY));
    let value = value.unwrap_or(&Value::Null);
    match value.as_array().map(Vec::as_slice) {
        // The class reads two and passes over more.
        Some([text, images, ..]) => Ok(vec![(KEY, text.clone()), (IMAGES, images.clone())]),
        _ => Err(wrong(KEY, value, "a list of two whole numbers")),
    }
}

/// The width of the experts for images, once it is known.
const IMAGES: &str = "moe_intermediate_size_of_images";

/// Experts that read images only: no token of a text passes them.
fn for_images(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let style = routed_style(
        config,
        &Experts {
            width: &[IMAGES],
            shared: Shared::None,
            router: "mlp.vision_moe.gate",
            correction: Correction::None,
            modules: [
                "mlp.vision_moe.experts.{e}.gate_proj",
                "mlp.vision_moe.experts.{e}.up_proj",
                "mlp.vision_moe.experts.{e}.down_proj",
            ],
            ..EXPERTS
        },
    )?;
    let mut operators = routed(hidden, &style).operators;
    operators.retain(|operator| matches!(operator.kind, Kind::Linear { .. }));
    for operator in &mut operators {
        if let Kind::Linear { rows, .. } = &mut operator.kind {
            *rows = Rows::Idle;
        }
    }
    if let Some(router) = operators.first_mut() {
        let bias = "mlp.vision_moe.gate.moe_statics.e_score_correction_bias";
        let bias = Tensor::vector(bias, Component::Router, &style.routing.experts);
        router.tensors.push(bias);
    }
    Ok(Block {
        operators,
        ..Block::new("Experts for images", Role::ChannelMixer)
    })
}
