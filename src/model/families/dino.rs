//! DINOv2 (Oquab 2023, arXiv 2304.07193), plain and with registers (arXiv 2309.16588). A token is a patch. Counts checked
//! against transformers' classes.

use serde_json::json;

use super::assembly::Assembly;
use super::encoder::not_built;
use super::encoding::dense;
use super::vision::{VIT, alone, around, one, own, patches, purpose, table_of};
use super::{Decoder, Family, Flag, Names};
use crate::model::blocks::{Norm, norm};
use crate::model::blueprint::Blueprint;
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::Rows;
use crate::model::tensor::Tensor;
use crate::model::towers::{channels, pair, scaled};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    own(&["dinov2"], "DINOv2", |config, title| build(config, title, false)),
    own(&["dinov2_with_registers"], "DINOv2 with registers", |config, title| {
        build(config, title, true)
    }),
    own(&["dinov3_vit"], "DINOv3", third),
];

const PLAIN: Decoder = Decoder {
    names: Names {
        norms: ["norm1", "", "norm2", ""],
        ..VIT.names
    },
    ..VIT
};
const GATED: Decoder = Decoder {
    names: Names {
        mlp: ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
        ..PLAIN.names
    },
    ..PLAIN
};

fn build(config: &Config, title: &'static str, registers: bool) -> Result<Blueprint, ModelError> {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let wide = scaled(config, &hidden, "mlp_ratio")?.value;
    // With a gate, two thirds of the width, up to a multiple of eight.
    let gated = config.flag("use_swiglu_ffn", false)?;
    let width = if gated {
        (wide.saturating_mul(2) / 3).div_ceil(8).saturating_mul(8)
    } else {
        wide
    };
    let config = &config.changed(&[("intermediate_size", json!(width))]);
    let ((height, across), (down, right)) = (pair(config, "image_size")?, pair(config, "patch_size")?);
    let grid = [
        &Quantity::quotient("patch_rows", &height, &down),
        &Quantity::quotient("patch_columns", &across, &right),
    ];
    let class = one("class token", 1);
    let places = Quantity::sum("positions", &[&Quantity::product("patches", &grid), &class]);
    let mut tables = vec![
        table_of("embeddings.cls_token", &class, &hidden),
        table_of("embeddings.position_embeddings", &places, &hidden),
    ];
    let mut tokens = places.clone();
    let mut marks = class.clone();
    if registers || config.flag("use_mask_token", true)? {
        tables.push(table_of("embeddings.mask_token", &class, &hidden));
    }
    if registers {
        let registers = config.size("registers", &["num_register_tokens"])?;
        tables.push(table_of("embeddings.register_tokens", &registers, &hidden));
        tokens = Quantity::sum("tokens", &[&places, &registers]);
        marks = Quantity::sum("marks", &[&class, &registers]);
    }
    let side = if gated { &GATED } else { &PLAIN };
    let mut all = around(config, title, side, Some(tokens))?;
    scaled_halves(&mut all, &hidden);
    let dims = [&hidden, &channels(config)?, &down, &right];
    all.stem.push(patches(
        "embeddings.patch_embeddings.projection",
        &dims,
        true,
        tables,
        marks.value,
    ));
    all.alone = Some(alone(grid, marks.value));
    all.tail.push(norm(Norm::Layer, "layernorm", &hidden));
    let class = if registers { "Dinov2WithRegisters" } else { "Dinov2" };
    match purpose(config, class) {
        "Model" | "Backbone" => {}
        "ForImageClassification" => {
            let labels = all.vocabulary.clone();
            let both = hidden.times("class token and mean", 2);
            let head = dense("classifier", &labels, &both, true, Rows::Sequences, Component::LmHead);
            all.tail.push(head);
        }
        _ => return not_built(config, "Another class than the plain one and that for images"),
    }
    all.finish()
}

/// DINOv3 (Siméoni 2025, arXiv 2508.10104): rotary positions, a bias for each matrix that has one.
fn third(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let ((height, across), (down, right)) = (pair(config, "image_size")?, pair(config, "patch_size")?);
    let grid = [
        &Quantity::quotient("patch_rows", &height, &down),
        &Quantity::quotient("patch_columns", &across, &right),
    ];
    let mlp = Flag::Key("mlp_bias", true);
    let values = config.flag("value_bias", true)?;
    let side = Decoder {
        names: Names {
            mlp: match config.flag("use_gated_mlp", false)? {
                true => GATED.names.mlp,
                false => ["", "mlp.up_proj", "mlp.down_proj"],
            },
            ..PLAIN.names
        },
        qkv_bias: Flag::Key("query_bias", true),
        key_bias: Some(Flag::Key("key_bias", false)),
        output_bias: Flag::Key("proj_bias", true),
        mlp_bias: mlp,
        rotary: true,
        ..PLAIN
    };
    let class = one("class token", 1);
    let hidden = config.size("hidden", &["hidden_size"])?;
    let registers = config.optional("registers", &["num_register_tokens"])?;
    let registers = registers.filter(|count| count.value > 0);
    let mut tables = vec![
        table_of("embeddings.cls_token", &class, &hidden),
        table_of("embeddings.mask_token", &class, &hidden),
    ];
    let mut marks = class.clone();
    if let Some(registers) = registers {
        tables.push(table_of("embeddings.register_tokens", &registers, &hidden));
        marks = Quantity::sum("marks", &[&class, &registers]);
    }
    if values != config.flag("query_bias", true)? {
        return not_built(
            config,
            "A bias of queries without one of values (query_bias, value_bias)",
        );
    }
    let mut all = around(config, title, &side, None)?;
    scaled_halves(&mut all, &hidden);
    let dims = [&hidden, &channels(config)?, &down, &right];
    all.stem
        .push(patches("embeddings.patch_embeddings", &dims, true, tables, marks.value));
    all.alone = Some(alone(grid, marks.value));
    all.tail.push(norm(Norm::Layer, "norm", &hidden));
    match purpose(config, "DINOv3ViT") {
        "Model" | "Backbone" => all.finish(),
        _ => not_built(config, "Another class than the plain one"),
    }
}

/// Norm, attention, norm, MLP: what attention and MLP add is scaled.
fn scaled_halves(all: &mut Assembly<'_>, hidden: &Quantity) {
    all.adjust_layers(|blocks| {
        for (at, name) in [(1, "layer_scale1.lambda1"), (3, "layer_scale2.lambda1")] {
            let scale = vec![Tensor::vector(name, Component::Norm, hidden)];
            let scale = super::adjust::vectors("scale", Component::Norm, hidden, scale);
            if let Some(block) = blocks.get_mut(at) {
                block.operators.push(scale);
            }
        }
    });
}
