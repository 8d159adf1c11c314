//! Encoders with a decoder for long texts, which read them in blocks: LongT5 (Guo 2021, arXiv 2112.07916) and Pegasus-X
//! (Phang 2022, arXiv 2208.04347). Counts checked against transformers' classes.

use super::bart::{before, row};
use super::encoder::not_built;
use super::pair::{Pair, Ties};
use super::pairing::relative;
use super::sparse_encoders::{alone, filled};
use super::t5::{HEADS, READER, T5, plain};
use super::{Build, Decoder, Family, Flag, Names};
use crate::model::blocks::{Norm, norm};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Kind, Marks, Operator, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["longt5"],
        title: "LongT5",
        build: Build::From(|config| match config.text("encoder_attention_type") {
            None | Some("local") => Ok(Build::Pair(LOCAL)),
            Some("transient-global") => Ok(Build::Pair(GLOBAL)),
            Some(_) => not_built(config, "A kind of attention (encoder_attention_type)"),
        }),
    },
    row(&["pegasus_x"], "Pegasus-X", PEGASUS_X),
];

/// LongT5's own block and those beside it.
fn three_blocks(config: &Config, marks: Marks) -> Result<Span, ModelError> {
    let radius = config.size("radius", &["local_radius"])?;
    let one = Quantity::architecture("itself", 1, "a token beside those around it");
    Ok(Span::Beside {
        size: Quantity::sum("block", &[&radius, &one]),
        seen: 3,
        shifted: false,
        marks,
    })
}

/// Blocks and those beside them.
const LOCAL: Pair = Pair {
    class: "LongT5",
    encoder: Decoder {
        names: Names {
            attention: [
                "layer.0.LocalSelfAttention.q",
                "layer.0.LocalSelfAttention.k",
                "layer.0.LocalSelfAttention.v",
                "layer.0.LocalSelfAttention.o",
            ],
            ..READER.names
        },

        ..READER
    },
    ties: Ties::Always,
    span: |config, reads, _| {
        if reads {
            three_blocks(config, Marks::None)
        } else {
            Ok(Span::Full)
        }
    },
    adjust_layer: |config, hidden, encoder, layer, blocks| {
        let mut blocks = plain(config, hidden, encoder, blocks)?;
        if layer == 0 {
            let module = match encoder {
                true => "layer.0.LocalSelfAttention.relative_attention_bias",
                false => "layer.0.SelfAttention.relative_attention_bias",
            };
            blocks.push(relative(config, module, HEADS)?);
        }
        Ok(blocks)
    },
    ..T5
};

/// The same, and a sum of so many tokens each as a mark that all see.
const GLOBAL: Pair = Pair {
    encoder: Decoder {
        names: Names {
            attention: [
                "layer.0.TransientGlobalSelfAttention.q",
                "layer.0.TransientGlobalSelfAttention.k",
                "layer.0.TransientGlobalSelfAttention.v",
                "layer.0.TransientGlobalSelfAttention.o",
            ],
            ..READER.names
        },

        ..READER
    },
    span: |config, reads, _| match reads {
        true => three_blocks(config, Marks::Every(summed(config)?)),
        false => Ok(Span::Full),
    },
    adjust_layer: |config, hidden, encoder, layer, blocks| {
        if !encoder {
            return (LOCAL.adjust_layer)(config, hidden, encoder, layer, blocks);
        }
        let mut blocks = plain(config, hidden, encoder, blocks)?;
        let every = summed(config)?;
        let module = "layer.0.TransientGlobalSelfAttention.global_input_layer_norm";
        let mut normed = norm(Norm::Rms, module, hidden);
        if let Some(attention) = blocks.iter_mut().find(|block| sees(block)) {
            let width = READER.read_heads(config, hidden)?;
            let wide = Quantity::product("k_width", &[&width.kv, &width.key_dim]);
            // Sums are products with a table of ones and zeros.
            let span = Span::Beside {
                size: Quantity::architecture("block", 1, "a token"),
                seen: 0,
                shifted: false,
                marks: Marks::Every(every.clone()),
            };
            attention
                .operators
                .insert(0, alone("sums of blocks", hidden.clone(), span));
            for name in ["keys of sums", "values of sums"] {
                attention.operators.insert(
                    1,
                    Operator {
                        name,
                        component: Component::Projection,
                        kind: Kind::Linear {
                            rows: Rows::Every(every.value),
                            input: hidden.clone(),
                            output: wide.clone(),
                            routing: None,
                        },
                        tensors: Vec::new(),
                    },
                );
            }
            attention.operators.append(&mut normed.operators);
        }
        if layer == 0 {
            const TABLES: [&str; 2] = [
                "layer.0.TransientGlobalSelfAttention.relative_attention_bias",
                "layer.0.TransientGlobalSelfAttention.global_relative_attention_bias",
            ];
            for module in TABLES {
                blocks.push(relative(config, module, HEADS)?);
            }
        }
        Ok(blocks)
    },
    ..LOCAL
};

fn summed(config: &Config) -> Result<Quantity, ModelError> {
    config.size("summed tokens", &["global_block_size"])
}

fn sees(block: &Block) -> bool {
    let mut kinds = block.operators.iter().map(|operator| &operator.kind);
    kinds.any(|kind| matches!(kind, Kind::Attention(_)))
}

/// Whether blocks of a layer begin half a block earlier.
fn staggered(config: &Config, layer: u64) -> Result<bool, ModelError> {
    Ok(layer % 2 == 1 && config.flag("stagger_local_blocks", true)?)
}

/// Blocks alone, and tokens that see everything and are seen.
const PEGASUS_X: Pair = {
    let base = before("PegasusX", None, "");
    Pair {
        encoder: Decoder {
            qkv_bias: Flag::No,
            output_bias: Flag::No,
            ..base.encoder
        },
        decoder: Decoder {
            qkv_bias: Flag::No,
            output_bias: Flag::No,
            ..base.decoder
        },
        span: |config, reads, layer| {
            if !reads {
                return Ok(Span::Full);
            }
            let size = config.size("block", &["block_size"])?;
            let shifted = staggered(config, layer)?;
            if shifted && !size.value.is_multiple_of(2) {
                return not_built(
                    config,
                    "Blocks of an odd number of tokens that begin half a block earlier (block_size)",
                );
            }
            Ok(Span::Beside {
                size,
                seen: 1,
                shifted,
                marks: Marks::Always(config.size("global tokens", &["num_global_tokens"])?),
            })
        },
        adjust_layer: |config, hidden, reads, layer, mut blocks| {
            if !reads {
                return Ok(blocks);
            }
            let size = config.size("block", &["block_size"])?.value;
            let marks = config.size("global tokens", &["num_global_tokens"])?.value;
            let more = if staggered(config, layer)? { size } else { 0 };
            for block in &mut blocks {
                let more = if sees(block) { more } else { 0 };
                filled(
                    block,
                    Rows::Filled {
                        size,
                        more: marks.saturating_add(more),
                    },
                );
            }
            blocks.insert(0, norm(Norm::Layer, "global_self_attn_layer_norm", hidden));
            Ok(blocks)
        },
        stem: |config, hidden, _| {
            let marks = config.size("global tokens", &["num_global_tokens"])?;
            let table = Tensor::new(
                "embed_global.weight",
                TensorKind::Vector,
                Component::Embedding,
                &[&marks, hidden],
            );
            Ok(vec![super::luke::waiting("Global tokens", vec![table])])
        },
        ..base
    }
};
