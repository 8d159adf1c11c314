//! Moonshine (Jeffries 2024, arXiv 2410.15608): speech as samples, rotary positions, a gated decoder. Counts checked
//! against transformers' class.

use super::Family;
use super::Flag;
use super::bart::row;
use super::pair::{Around, Pair, Ties, around};
use super::pairing::convolution;
use super::{Decoder, Names};
use crate::model::blocks::{Norm, norm};
use crate::model::operator::{Block, Kind, Role};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["moonshine"], "Moonshine", MOONSHINE)];

const READER: Decoder = Decoder {
    names: Names {
        mlp: ["", "mlp.fc1", "mlp.fc2"],
        ..Names::LLAMA
    },
    layers: &["encoder_num_hidden_layers"],
    heads: &["encoder_num_attention_heads"],
    kv_heads: &["encoder_num_key_value_heads"],
    head_dim: &["head_dim"],
    norm: Norm::LayerWithoutBias,
    qkv_bias: Flag::Key("attention_bias", false),
    output_bias: Flag::No,
    mlp_bias: Flag::Yes,
    ..Decoder::READER
};
const MOONSHINE: Pair = Pair {
    class: "Moonshine",
    encoder: READER,
    // The class builds the decoder with the encoder's heads, whatever is said of its own.
    decoder: Decoder {
        names: Names {
            cross: [
                "encoder_attn.q_proj",
                "encoder_attn.k_proj",
                "encoder_attn.v_proj",
                "encoder_attn.o_proj",
            ],
            // One matrix of both halves.
            mlp: ["mlp.fc1", "mlp.fc1", "mlp.fc2"],
            norms: ["input_layernorm", "", "final_layernorm", ""],
            cross_norms: ["post_attention_layernorm", ""],
            ..READER.names
        },
        layers: &["num_hidden_layers", "decoder_num_hidden_layers"],
        ..READER
    },
    before: Around {
        last_norm: "layer_norm",
        ..around("encoder.", "encoder.layers.{i}.")
    },
    after: Around {
        last_norm: "norm",
        ..around("decoder.", "")
    },
    tokens: "decoder.embed_tokens",
    head: "proj_out",
    ties: Ties::Decoder,
    adjust_layer: |config, _, _, _, mut blocks| {
        // Heads are filled up before their scores are taken.
        let Some(multiple) = config.optional("multiple", &["pad_head_dim_to_multiple_of"])? else {
            return Ok(blocks);
        };
        let multiple = multiple.value.max(1);
        for operator in blocks.iter_mut().flat_map(|block| &mut block.operators) {
            if let Kind::Attention(attention) = &mut operator.kind {
                let filled = attention.key_dim.value.div_ceil(multiple).saturating_mul(multiple);
                let filled = Quantity::config("head_dim", "pad_head_dim_to_multiple_of", filled);
                attention.key_dim = filled.clone();
                attention.value_dim = filled;
            }
        }
        Ok(blocks)
    },
    // 64 · 3 · 2 samples become one position.
    stem: |_, hidden, _| {
        let fixed = |value| Quantity::architecture("kernel", value, "positions a convolution sees");
        let one = Quantity::architecture("one", 1, "one channel of sound");
        let twice = hidden.times("twice", 2);
        let block = Block {
            operators: vec![
                convolution("conv1", [hidden, &one, &fixed(127)], 6, false),
                convolution("conv2", [&twice, hidden, &fixed(7)], 2, true),
                convolution("conv3", [hidden, &twice, &fixed(3)], 1, true),
            ],
            ..Block::new("Convolutions", Role::Tower)
        };
        Ok(vec![block, norm(Norm::Layer, "groupnorm", hidden)])
    },
    ..Pair::BART
};
