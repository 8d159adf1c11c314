//! T5Gemma (Zhang 2025, arXiv 2504.06225): Gemma 2's layers on both sides, which may differ in size. Counts checked
//! against transformers' class.

use super::Family;
use super::Flag;
use super::bart::row;
use super::encoder::not_built;
use super::keys::POSITIONS;
use super::luke::waiting;
use super::pair::{Around, Pair, Ties, around};
use super::pairing::own_table;
use super::{Decoder, HeadNorm, Names};
use crate::model::blocks::Norm;
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Kind, Span};
use crate::model::tensor::Tensor;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["t5gemma"], "T5Gemma", GEMMA),
    row(&["t5gemma2"], "T5Gemma 2", SECOND),
];

const READER: Decoder = Decoder {
    names: Names {
        norms: [
            "pre_self_attn_layernorm",
            "post_self_attn_layernorm",
            "pre_feedforward_layernorm",
            "post_feedforward_layernorm",
        ],
        ..Names::LLAMA
    },
    kv_heads: &["num_key_value_heads"],
    head_dim: &["head_dim"],
    ..Decoder::READER.with_biases(Flag::Key("attention_bias", false), Flag::No)
};
const GEMMA: Pair = Pair {
    class: "T5Gemma",
    parts: Some(["encoder", "decoder"]),
    encoder: READER,
    decoder: Decoder {
        names: Names {
            cross: [
                "cross_attn.q_proj",
                "cross_attn.k_proj",
                "cross_attn.v_proj",
                "cross_attn.o_proj",
            ],
            norms: [
                "pre_self_attn_layernorm",
                "post_self_attn_layernorm",
                "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
            ],
            cross_norms: ["pre_cross_attn_layernorm", "post_cross_attn_layernorm"],
            ..READER.names
        },
        norm: Norm::Rms,
        ..READER
    },
    span: |config, reads, layer| seen(config, reads, layer, 2),
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

/// Gemma 3's layers, whose decoder sees its own tokens and the encoder's in one attention (arXiv 2512.14856).
const SECOND: Pair = Pair {
    class: "T5Gemma2",
    parts: Some(["encoder.text_config", "decoder"]),
    encoder: Decoder {
        names: Names {
            qk_norm: HEAD_NORMS,
            ..READER.names
        },
        head_norm: HeadNorm::PER_HEAD,

        ..READER
    },
    decoder: Decoder {
        names: Names {
            qk_norm: HEAD_NORMS,
            cross: READER.names.attention,
            norms: [
                "pre_self_attn_layernorm",
                "",
                "pre_feedforward_layernorm",
                "post_feedforward_layernorm",
            ],
            cross_norms: ["", "post_self_attn_layernorm"],
            ..READER.names
        },
        head_norm: HeadNorm::PER_HEAD,
        ..READER
    },
    span: |config, reads, layer| {
        const KEY: &str = "sliding_window_pattern";
        let every = config.optional("pattern", &[KEY])?;
        seen(config, reads, layer, every.map_or(6, |every| every.value.max(1)))
    },
    tokens: "encoder.embed_tokens",
    stem: |_, hidden, _| {
        let mark = Tensor::vector("embed_tokens.eoi_embedding", Component::Embedding, hidden);
        Ok(vec![waiting("End of an image", vec![mark])])
    },
    adjust_layer: |_, _, reads, _, mut blocks| {
        if !reads {
            blocks.iter_mut().for_each(merge);
        }
        Ok(blocks)
    },
    ..GEMMA
};
const HEAD_NORMS: [&str; 2] = ["self_attn.q_norm", "self_attn.k_norm"];

/// Attention to the encoder with the matrices of the decoder's own: only keys and values are made anew.
fn merge(block: &mut Block) {
    let sees = |kind: &Kind| matches!(kind, Kind::Attention(attention) if attention.span == Span::Cross);
    if !block.operators.iter().any(|operator| sees(&operator.kind)) {
        return;
    }
    let own = ["q_proj", "q_norm", "o_proj"];
    block.operators.retain(|operator| !own.contains(&operator.name));
    for operator in &mut block.operators {
        operator.tensors.clear();
    }
}

/// Each layer but every n-th has a window, which reaches as far on both sides in the encoder.
fn seen(config: &Config, reads: bool, layer: u64, every: u64) -> Result<Span, ModelError> {
    let windowed = match config.name_at("layer_types", layer)? {
        Some(own) => match own {
            Some("sliding_attention") => true,
            Some("full_attention") => false,
            _ => return not_built(config, "A layer without a known layer type"),
        },
        None => !(layer + 1).is_multiple_of(every),
    };
    Ok(match (windowed, reads) {
        (true, true) => Span::Around(
            config
                .size("window", &["sliding_window"])?
                .times("window on both sides", 2),
        ),
        (true, false) => {
            let window = config.size("window", &["sliding_window"])?;
            // A window longer than the longest context never hides anything.
            match config.optional("max_context", POSITIONS)? {
                Some(most) if window.value > most.value => Span::Full,
                _ => Span::Window(window),
            }
        }
        (false, true) => Span::Both,
        (false, false) => Span::Full,
    })
}
