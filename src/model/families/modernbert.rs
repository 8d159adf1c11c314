//! ModernBERT, and ModernBERT as a decoder. Counts checked against transformers' classes.

use serde_json::json;

use super::super::blocks::{Norm, norm};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Span;
use super::super::operator::{Block, Operator, Role, Rows};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::bert::row;
use super::encoder::{Encoder, Masked, Pretraining, Sorting, not_built};
use super::{Build, Changes, Decoder, Family, Flag, Names, Pattern, Windows};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["modernbert"], "ModernBERT", MODERN),
    Family {
        types: &["modernbert-decoder"],
        title: "ModernBERT decoder",
        build: Build::Decoder(WRITING),
    },
];

/// Local attention in most layers, no norm before the first (Warner 2024, arXiv 2412.13663).
const MODERN: Encoder = Encoder {
    class: "ModernBert",
    stack: Decoder {
        names: Names {
            attention: ["attn.Wqkv", "attn.Wqkv", "attn.Wqkv", "attn.Wo"],
            mlp: ["mlp.Wi", "mlp.Wi", "mlp.Wo"],
            norms: ["attn_norm", "", "mlp_norm", ""],
            ..Names::LLAMA
        },
        norm: Norm::LayerWithoutBias,
        ..Decoder::READER.with_biases(Flag::Key("attention_bias", false), Flag::Key("mlp_bias", false))
    },
    tokens: "embeddings.tok_embeddings",
    tables: &[],
    stem_norm: "embeddings.norm",
    final_norm: "final_norm",
    pooler: "",
    masked: Masked {
        dense: "head.dense",
        dense_bias: Flag::Key("classifier_bias", false),
        width: &[],
        norm: "head.norm",
        decoder: "decoder",
        bias: Flag::Key("decoder_bias", true),
        twin: "",
    },
    sorting: Sorting::Normed("classifier"),
    pretraining: Pretraining::Unknown,
    span: |config, layer| {
        let local = match config.name_at("layer_types", layer)? {
            Some(own) => match own {
                Some("sliding_attention") => true,
                Some("full_attention") => false,
                _ => return not_built(config, "A layer without a known layer type"),
            },
            None => {
                let every = config.optional("full_every", &["global_attn_every_n_layers"])?;
                let every = every.map_or(3, |found| found.value);
                every == 0 || layer % every != 0
            }
        };
        if !local {
            return Ok(Span::Both);
        }
        Ok(Span::Around(config.size("window", &["local_attention"])?))
    },
    layer_key: |_, layer| layer.min(1),
    adjust_layer: |config, _, layer, mut blocks| {
        if config.flag("norm_bias", false)? {
            return not_built(config, "A norm with bias");
        }
        if layer == 0 && !blocks.is_empty() {
            blocks.remove(0);
        }
        Ok(blocks)
    },
    ..Encoder::BERT
};

/// The window is half of what an encoder's layer sees on both sides.
fn half_window(config: &Config) -> Result<Changes, ModelError> {
    let mut changes: Changes = Vec::new();
    if let (None, Some(both)) = (
        config.get("sliding_window"),
        config.optional("window", &["local_attention"])?,
    ) {
        changes.push(("sliding_window", json!(both.value / 2)));
    }
    if config.flag("norm_bias", false)? {
        return Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: "A norm with bias".to_owned(),
        });
    }
    Ok(changes)
}

/// The first layer has no norm before its attention; a dense layer and a norm stand before the tied head.
const WRITING: Decoder = Decoder {
    tied: true,
    mlp_bias: Flag::Key("mlp_bias", false),
    norm: Norm::LayerWithoutBias,
    head_bias: Flag::Key("decoder_bias", true),
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, _| layer % 3 == 0),
        switch: None,
    },
    names: Names {
        embedding: "embeddings.tok_embeddings",
        attention: ["attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.Wo"],
        mlp: ["mlp.Wi", "mlp.Wi", "mlp.Wo"],
        norms: ["attn_norm", "", "mlp_norm", ""],
        stem_norm: "embeddings.norm",
        final_norm: "final_norm",
        head: "decoder",
        ..Names::LLAMA
    },
    changes: |_, windowed| {
        let first = |layer: usize| {
            if layer == 0 {
                vec![("first", json!(true))]
            } else {
                Vec::new()
            }
        };
        Ok((0..windowed.len()).map(first).collect())
    },
    adjust_layer: |config, _, _, mut blocks| {
        if config.get("first").is_some() && !blocks.is_empty() {
            blocks.remove(0);
        }
        Ok(blocks)
    },
    translate: half_window,
    adjust_ends: modernbert_ends,
    ..Decoder::LLAMA
};

fn modernbert_ends(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.clone();
    let weight = Tensor::matrix("lm_head.dense.weight", Component::LmHead, &hidden, &hidden);
    let bias = config
        .flag("classifier_bias", false)?
        .then(|| Tensor::vector("lm_head.dense.bias", Component::LmHead, &hidden));
    let dense = Operator::linear("head dense", weight, bias, Rows::Logits, &hidden, &hidden);
    let block = Block {
        operators: vec![dense],
        ..Block::new("Head transform", Role::Head)
    };
    let at = all.tail.len().saturating_sub(1);
    all.tail
        .splice(at..at, [block, norm(Norm::LayerWithoutBias, "lm_head.norm", &hidden)]);
    Ok(())
}
