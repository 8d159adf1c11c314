//! T5Gemma (Zhang 2025, arXiv 2504.06225): Gemma 2's layers on both sides, which may differ in size. Counts checked
//! against transformers' class.

use super::Family;
use super::Flag;
use super::bart::row;
use super::encoder::not_built;
use super::pair::{Around, Pair, Ties, around};
use super::pairing::own_table;
use super::side::Side;
use crate::model::blocks::Norm;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::Span;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["t5gemma"], "T5Gemma", GEMMA)];

const READER: Side = Side {
    kv_heads: &["num_key_value_heads"],
    head_dim: &["head_dim"],
    norms: [
        "pre_self_attn_layernorm",
        "post_self_attn_layernorm",
        "",
        "",
        "pre_feedforward_layernorm",
        "post_feedforward_layernorm",
    ],
    ..Side::LLAMA.with_biases(Flag::Key("attention_bias", false), Flag::No)
};
const GEMMA: Pair = Pair {
    class: "T5Gemma",
    parts: Some(["encoder", "decoder"]),
    encoder: READER,
    decoder: Side {
        cross: [
            "cross_attn.q_proj",
            "cross_attn.k_proj",
            "cross_attn.v_proj",
            "cross_attn.o_proj",
        ],
        norms: [
            "pre_self_attn_layernorm",
            "post_self_attn_layernorm",
            "pre_cross_attn_layernorm",
            "post_cross_attn_layernorm",
            "pre_feedforward_layernorm",
            "post_feedforward_layernorm",
        ],
        norm: Norm::Rms,
        ..READER
    },
    span: seen,
    before: Around {
        last_norm: "norm",
        ..around("encoder.", "encoder.layers.{i}.")
    },
    after: Around {
        last_norm: "norm",
        ..around("decoder.", "")
    },
    tokens: "decoder.embed_tokens",
    head: "lm_head.out_proj",
    ties: Ties::Decoder,
    // The encoder's own table.
    stem: |config, hidden, _| {
        let words = config.size("vocabulary", &["vocab_size"])?;
        Ok(vec![own_table("embed_tokens", &words, hidden)])
    },
    ..Pair::BART
};

/// Every second layer has a window, which reaches as far on both sides in the encoder.
fn seen(config: &Config, reads: bool, layer: u64) -> Result<Span, ModelError> {
    let windowed = match config.name_at("layer_types", layer)? {
        Some(own) => match own {
            Some("sliding_attention") => true,
            Some("full_attention") => false,
            _ => return not_built(config, "A layer without a known layer type"),
        },
        None => layer.is_multiple_of(2),
    };
    Ok(match (windowed, reads) {
        (true, true) => Span::Around(
            config
                .size("window", &["sliding_window"])?
                .times("window on both sides", 2),
        ),
        (true, false) => Span::Window(config.size("window", &["sliding_window"])?),
        (false, true) => Span::Both,
        (false, false) => Span::Full,
    })
}
