//! Language models of Llama 3.2 Vision (cross-attention to images in some layers) and Molmo 2: tables of tokens with
//! rows which the head does not have.

use super::super::blocks::{GroupedAttention, Norm, QkNorm, embedding, grouped, head, norm, without_positions};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Input, Kind, Operator, Role, Rows, Span};
use super::super::tensor::Tensor;
use super::assemble::tied;
use super::assembly::Assembly;
use super::channel::plain_channel;
use super::mixer::Mixer;
use super::{Build, Decoder, Family, Flag, HeadNorm};
use crate::units::Quantity;

/// Both are Llamas with a longer token table.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["mllama_text_model"],
        title: "Llama 3.2 Vision",
        build: Build::Own(llama),
    },
    Family {
        types: &["molmo2_text"],
        title: "Molmo 2",
        build: Build::Own(molmo),
    },
];

const UNBIASED: Decoder = Decoder {
    qkv_bias: Flag::No,
    output_bias: Flag::No,
    mlp_bias: Flag::No,
    ..Decoder::LLAMA
};

/// Llama 3.2 Vision: the layers in `cross_attention_layers` attend to images alone; over text they are skipped.
fn llama(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let cross = cross_layers(config)?;
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let mixer = Mixer::read(config, &UNBIASED, &hidden)?;
    let (channel, _) = plain_channel(config, &UNBIASED, &hidden, false)?;
    let plans: Vec<bool> = (0..all.layers.value).map(|layer| cross.contains(&layer)).collect();
    all.layers_by(&plans, |&cross| {
        let normed = |module| norm(Norm::Rms, module, &hidden);
        let blocks = vec![
            normed("input_layernorm"),
            if cross {
                across(&mixer, &hidden)?
            } else {
                mixer.block(&hidden, Span::Full)
            },
            normed("post_attention_layernorm"),
            channel.clone(),
        ];
        Ok(if cross {
            let blocks = blocks.into_iter().chain([gates()]).map(beside_images).collect();
            ("cross-attention to images · MLP".to_owned(), blocks)
        } else {
            ("full attention · MLP".to_owned(), blocks)
        })
    })?;
    if !cross.is_empty() {
        config.notice(
            "cross_attention_idle",
            "The cross-attention layers run only where there is an image; over text they are skipped, as in transformers.",
        );
    }
    let more = Quantity::architecture("special rows", 8, "rows of the token table for image tokens");
    finish(all, config, &mixer, &more)
}

/// Molmo 2: `additional_vocab_size` more rows, a norm on each head of queries and keys.
fn molmo(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let refuse = |what: &str| ModelError::NotBuilt {
        model_type: config.model_type().to_owned(),
        what: what.to_owned(),
    };
    if config.flag("norm_after", false)? {
        return Err(refuse("A norm after each half of a layer (norm_after)"));
    }
    if config.text("qk_norm_type").is_some_and(|name| name != "qwen3") {
        return Err(refuse("This qk_norm_type"));
    }
    let decoder = Decoder {
        qkv_bias: Flag::Key("attention_bias", false),
        head_norm: HeadNorm::PER_HEAD,
        ..UNBIASED
    };
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let mixer = Mixer::read(config, &decoder, &hidden)?;
    let (channel, _) = plain_channel(config, &decoder, &hidden, false)?;
    let plans = vec![(); all.layers.value as usize];
    all.layers_by(&plans, |()| {
        let normed = |module| norm(Norm::Rms, module, &hidden);
        let blocks = vec![
            normed("input_layernorm"),
            mixer.block(&hidden, Span::Full),
            normed("post_attention_layernorm"),
            channel.clone(),
        ];
        Ok(("full attention · MLP".to_owned(), blocks))
    })?;
    let more = config.size("additional_vocabulary", &["additional_vocab_size"])?;
    finish(all, config, &mixer, &more)
}

/// The token table with its further rows, the last norm and the head.
fn finish(mut all: Assembly<'_>, config: &Config, mixer: &Mixer, more: &Quantity) -> Result<Blueprint, ModelError> {
    all.attention = mixer.words();
    all.tied = tied(config, false)?;
    let rows = Quantity::sum("rows", &[&all.vocabulary, more]);
    all.stem.push(embedding("embed_tokens", &rows, &all.hidden));
    all.tail.push(norm(Norm::Rms, "norm", &all.hidden));
    all.tail
        .push(head("lm_head", &all.vocabulary, &all.hidden, all.tied, false));
    all.finish()
}

/// Queries from text, keys and values from an image, with a norm on each head.
fn across(mixer: &Mixer, hidden: &Quantity) -> Result<Block, ModelError> {
    let Mixer::Grouped(style, ..) = mixer else {
        return Err(ModelError::Inconsistent(
            "Cross-attention needs keys and values of its own.".to_owned(),
        ));
    };
    let modules = [
        "cross_attn.q_proj",
        "cross_attn.k_proj",
        "cross_attn.v_proj",
        "cross_attn.o_proj",
    ];
    let block = grouped(
        hidden,
        &GroupedAttention {
            modules,
            norm_modules: ["cross_attn.q_norm", "cross_attn.k_norm"],
            qk_norm: QkNorm::PerHead(Norm::Rms),
            span: Span::Cross,
            ..style.clone()
        },
    );
    let mut block = without_positions(block);
    for operator in &mut block.operators {
        if let Kind::Linear { rows, .. } = &mut operator.kind
            && matches!(operator.name, "k_proj" | "v_proj")
        {
            *rows = Rows::Encoder;
        }
    }
    Ok(Block {
        title: "Cross-attention",
        ..block
    })
}

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
