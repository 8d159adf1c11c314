//! Language models of Llama 3.2 Vision (cross-attention to images in some layers) and Molmo 2: tables of tokens with
//! rows which the head does not have.

use serde_json::json;

use super::super::blocks::embedding;
use super::super::component::Component;
use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Input, Kind, Operator, Role};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::encoder::not_built;
use super::mixer::Mixer;
use super::{Build, Decoder, Family, Flag, HeadNorm, Names, Place, adjust};
use crate::units::Quantity;

/// Both are Llamas with a longer token table.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["mllama_text_model"],
        title: "Llama 3.2 Vision",
        build: Build::Decoder(Decoder {
            changes: |config, windowed| {
                let cross = cross_layers(config)?;
                let of = |layer: usize| match cross.contains(&(layer as u64)) {
                    true => vec![(CROSS, json!(true))],
                    false => Vec::new(),
                };
                Ok((0..windowed.len()).map(of).collect())
            },
            title: |config, _, title| match config.get(CROSS) {
                Some(_) => "cross-attention to images · MLP".to_owned(),
                None => title,
            },
            adjust_layer: seeing,
            adjust_ends: |_, all| {
                let more = Quantity::architecture("special rows", 8, "rows of the token table for image tokens");
                longer(all, &more);
                Ok(())
            },
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["molmo2_text"],
        title: "Molmo 2",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("attention_bias", false),
            head_norm: HeadNorm::PER_HEAD,
            adjust_ends: |config, all| {
                if config.flag("norm_after", false)? {
                    return not_built(config, "A norm after each half of a layer (norm_after)");
                }
                if config.text("qk_norm_type").is_some_and(|name| name != "qwen3") {
                    return not_built(config, "This qk_norm_type");
                }
                longer(all, &config.size("additional_vocabulary", &["additional_vocab_size"])?);
                Ok(())
            },
            ..Decoder::UNBIASED
        }),
    },
];

/// Which layers attend to images: a mark of this description, no key of a file.
const CROSS: &str = "attends to images";

/// The token table has more rows than there are words.
fn longer(all: &mut Assembly<'_>, more: &Quantity) {
    let rows = Quantity::sum("rows", &[&all.vocabulary, more]);
    all.stem = vec![embedding("embed_tokens", &rows, &all.hidden)];
}

/// The layers in `cross_attention_layers` attend to images alone; over text they are skipped.
fn seeing(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if config.get(CROSS).is_none() {
        return Ok(blocks);
    }
    config.notice(
        "cross_attention_idle",
        "The cross-attention layers run only where there is an image; over text they are skipped, as in transformers.",
    );
    let mixer = Mixer::read(config, &SEEING, hidden)?;
    let cross = mixer.across(hidden, SEEING.names.attention);
    let blocks = adjust::mixer(blocks, |block| Block {
        title: "Cross-attention",
        ..cross.clone().unwrap_or(block)
    });
    Ok(blocks.into_iter().chain([gates()]).map(beside_images).collect())
}

/// Queries from text, keys and values from an image, with a norm on each head.
const SEEING: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    names: Names {
        attention: [
            "cross_attn.q_proj",
            "cross_attn.k_proj",
            "cross_attn.v_proj",
            "cross_attn.o_proj",
        ],
        qk_norm: ["cross_attn.q_norm", "cross_attn.k_norm"],
        ..Names::LLAMA
    },
    ..Decoder::UNBIASED
};

/// One learned gate for each half of a layer.
fn gates() -> Block {
    let one = Quantity::architecture("one", 1, "one gate");
    let gate = |name: &'static str| Operator {
        name: "gate",
        component: Component::Projection,
        kind: Kind::Idle,
        tensors: vec![Tensor::vector(name, Component::Projection, &one)],
    };
    Block {
        operators: vec![gate("cross_attn_attn_gate"), gate("cross_attn_mlp_gate")],
        ..Block::new("Gates", Role::TokenMixer)
    }
}

/// A block that runs only where there is an image.
fn beside_images(block: Block) -> Block {
    Block {
        input: Input::TextBesideImages,
        ..block
    }
}

/// The layers that attend to images.
fn cross_layers(config: &Config) -> Result<Vec<u64>, ModelError> {
    const KEY: &str = "cross_attention_layers";
    let value = config.get(KEY).or_else(|| config.class_default(KEY));
    match value {
        None => Ok(Vec::new()),
        Some(serde_json::Value::Array(list)) => list.iter().map(|item| whole(KEY, item, 0, 100_000)).collect(),
        Some(other) => Err(wrong(KEY, other, "a list of layers")),
    }
}
