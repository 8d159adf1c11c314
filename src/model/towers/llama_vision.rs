//! Vision towers of Llama 3.2 (arXiv 2407.21783, section 7) and Llama 4.

use super::{Parts, and_one, channels, fixed, heads, pair, patches, with_class};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::media::Stage;
use crate::units::Quantity;

const QKV: &[&str] = &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"];
const NORMS: &[&str] = &["input_layernorm", "post_attention_layernorm"];

/// Llama 4: a class token, positions, layers, and an adapter that shuffles pixels into channels.
pub fn fourth(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = heads(config)?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let positions = and_one("positions", &patches(config, "image_size", "patch_size")?);
    let (down, across) = pair(config, "patch_size")?;
    let flat = Quantity::product("patch_values", &[&channels(config)?, &down, &across]);
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("class_embedding", &[&hidden])
        .tensor("positional_embedding_vlm", &[&positions, &hidden])
        .linear("patch_embedding.linear", &hidden, &flat, false)
        .over(with_class())
        .norm("layernorm_pre", Norm::Layer, &hidden)
        .norm("layernorm_post", Norm::Layer, &hidden);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}model.layers.{{i}}."), &layers);
    let layer = layer.over(with_class()).vit(&Vit {
        qkv: QKV,
        output: "self_attn.o_proj",
        norms: NORMS,
        ..Vit::clip(&hidden, &heads, &width)
    });
    let two = fixed("joined patches", 2, "a shuffle of half the pixels on each side");
    let input = config.size("projector_input", &["projector_input_dim"])?;
    let output = config.size("projector_output", &["projector_output_dim"])?;
    let adapter = Stack::once(Vision, "Vision adapter", format!("{prefix}vision_adapter."))
        .over(Stage::Squares(two))
        .linear("mlp.fc1", &input, &width, false)
        .activation(&input)
        .linear("mlp.fc2", &output, &output, false)
        .activation(&output);
    Ok(vec![embeddings.finish(), layer.finish(), adapter.finish()])
}

/// Llama 3.2: tiles with tables of their own for each aspect ratio, then local and gated global layers.
pub fn third(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = heads(config)?;
    let local = config.size("layers", &["num_hidden_layers"])?;
    let global = config.size("global_layers", &["num_global_layers"])?;
    let tiles = config.size("tiles", &["max_num_tiles"])?;
    let (down, across) = pair(config, "patch_size")?;
    let positions = and_one("positions", &patches(config, "image_size", "patch_size")?);
    // One table entry for each arrangement of tiles that is supported, and one for none.
    let ratios = match config
        .get("supported_aspect_ratios")
        .and_then(serde_json::Value::as_array)
    {
        Some(list) => Quantity::config("aspect_ratios", "supported_aspect_ratios", list.len() as u64),
        None => {
            let arrangements = (1..=tiles.value.min(1000)).map(|rows| tiles.value / rows).sum();
            fixed("aspect_ratios", arrangements, "arrangements of at most so many tiles")
        }
    };
    let ratios = and_one("aspect_ratios_and_none", &ratios);
    let one = fixed("gate", 1, "one gate");
    let tiled = Quantity::product("tile_width", &[&tiles, &hidden]);
    let grid = Quantity::product("tile_positions", &[&tiles, &positions, &hidden]);
    let embeddings = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("class_embedding", &[&hidden])
        .kernel("patch_embedding", &[&hidden, &channels(config)?, &down, &across], false)
        .tensor("gated_positional_embedding.gate", &[&one])
        .tensor("gated_positional_embedding.embedding", &[&positions, &hidden])
        .tensor("gated_positional_embedding.tile_embedding.weight", &[&ratios, &grid])
        .tensor("pre_tile_positional_embedding.gate", &[&one])
        .tensor("pre_tile_positional_embedding.embedding.weight", &[&ratios, &tiled])
        .tensor("post_tile_positional_embedding.gate", &[&one])
        .tensor("post_tile_positional_embedding.embedding.weight", &[&ratios, &tiled])
        .over(with_class())
        .norm("layernorm_pre", Norm::Layer, &hidden)
        .norm("layernorm_post", Norm::Layer, &hidden);
    let layer = Vit {
        qkv: QKV,
        output: "self_attn.o_proj",
        norms: NORMS,
        bias: Biases {
            mlp: true,
            ..Biases::NONE
        },
        ..Vit::clip(&hidden, &heads, &width)
    };
    // The class fills each tile up and lets all tiles of an image see each other.
    let together = Stage::Together(fixed(
        "multiple",
        8,
        "rows of a tile are filled up to a multiple of this",
    ));
    let first = Stack::repeated(
        Vision,
        "Local vision layers",
        format!("{prefix}transformer.layers.{{i}}."),
        &local,
    )
    .over(together.clone());
    let second = format!("{prefix}global_transformer.layers.{{i}}.");
    let second = Stack::repeated(Vision, "Global vision layers", second, &global)
        .over(together)
        .attention_of(&layer)
        .tensor("gate_attn", &[&one])
        .mlp_of(&layer)
        .tensor("gate_ffn", &[&one]);
    Ok(vec![embeddings.finish(), first.vit(&layer).finish(), second.finish()])
}
