//! T5 (Raffel 2019, arXiv 1910.10683) and its kin. Counts checked against transformers' classes.

use super::Family;
use super::Flag;
use super::bart::row;
use super::channel::plain_channel;
use super::pair::{Around, Pair, Ties, around};
use super::pairing::relative;
use super::{Decoder, Names};
use serde_json::Value;

use crate::model::blocks::Norm;
use crate::model::config::{Config, wrong};
use crate::model::error::ModelError;
use crate::model::operator::Block;
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["t5"], "T5", T5),
    row(&["mt5"], "mT5", Pair { class: "MT5", ..T5 }),
    row(&["umt5"], "UMT5", UMT5),
];

/// Keys of the heads.
pub const HEADS: &[&str] = &["num_attention_heads", "num_heads"];
const BUCKETS: &str = "layer.0.SelfAttention.relative_attention_bias";

/// Layers of the encoder.
pub const READER: Decoder = Decoder {
    names: Names {
        attention: [
            "layer.0.SelfAttention.q",
            "layer.0.SelfAttention.k",
            "layer.0.SelfAttention.v",
            "layer.0.SelfAttention.o",
        ],
        mlp: [
            "layer.1.DenseReluDense.wi_0",
            "layer.1.DenseReluDense.wi_1",
            "layer.1.DenseReluDense.wo",
        ],
        norms: ["layer.0.layer_norm", "", "layer.1.layer_norm", ""],
        ..Decoder::BERT.names
    },
    hidden: &["hidden_size", "d_model"],
    layers: &["num_hidden_layers", "num_layers"],
    heads: HEADS,
    head_dim: &["head_dim", "d_kv"],
    dense_width: &["d_ff"],
    norm: Norm::Rms,
    rotary: false,
    ..Decoder::BERT.with_biases(Flag::No, Flag::No)
};

/// Positions in the first layer, gates where the activation's name says so.
pub const T5: Pair = Pair {
    class: "T5",
    encoder: READER,
    decoder: Decoder {
        names: Names {
            cross: [
                "layer.1.EncDecAttention.q",
                "layer.1.EncDecAttention.k",
                "layer.1.EncDecAttention.v",
                "layer.1.EncDecAttention.o",
            ],
            mlp: [
                "layer.2.DenseReluDense.wi_0",
                "layer.2.DenseReluDense.wi_1",
                "layer.2.DenseReluDense.wo",
            ],
            norms: ["layer.0.layer_norm", "", "layer.2.layer_norm", ""],
            cross_norms: ["layer.1.layer_norm", ""],
            ..READER.names
        },
        layers: &["num_decoder_layers"],
        ..READER
    },
    before: Around {
        last_norm: "final_layer_norm",
        ..around("encoder.", "encoder.block.{i}.")
    },
    after: Around {
        last_norm: "final_layer_norm",
        ..around("decoder.", "")
    },
    ties: Ties::Head,
    layer_key: |_, _, layer| Ok(layer.min(1)),
    adjust_layer: |config, hidden, encoder, layer, blocks| {
        let blocks = plain(config, hidden, encoder, blocks)?;
        if layer == 0 { biased(config, blocks) } else { Ok(blocks) }
    },
    ..Pair::BART
};
/// Positions in every layer (Chung 2023, arXiv 2304.09151).
const UMT5: Pair = Pair {
    class: "UMT5",
    layer_key: |_, _, _| Ok(0),
    adjust_layer: |config, hidden, encoder, _, blocks| biased(config, plain(config, hidden, encoder, blocks)?),
    ..T5
};

/// With a table of relative positions.
pub fn biased(config: &Config, mut blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    blocks.push(relative(config, BUCKETS, HEADS)?);
    Ok(blocks)
}

/// Without a gate, where the activation has none.
pub fn plain(
    config: &Config,
    hidden: &Quantity,
    encoder: bool,
    mut blocks: Vec<Block>,
) -> Result<Vec<Block>, ModelError> {
    const KEY: &str = "feed_forward_proj";
    // The names of `ACT2FN` in transformers' `activations.py`.
    const NONLINEAR: [&str; 21] = [
        "gelu",
        "gelu_10",
        "gelu_accurate",
        "gelu_fast",
        "gelu_new",
        "gelu_python",
        "gelu_pytorch_tanh",
        "laplace",
        "leaky_relu",
        "linear",
        "mish",
        "prelu",
        "quick_gelu",
        "relu",
        "relu2",
        "relu6",
        "sigmoid",
        "silu",
        "swish",
        "tanh",
        "xielu",
    ];
    let said = config.get(KEY).or_else(|| config.class_default(KEY));
    // A file that keeps what its class made of that name is taken at its word.
    let kept = config.get("is_gated_act").and_then(Value::as_bool);
    if let Some(said) = said
        && !said
            .as_str()
            .is_some_and(|name| NONLINEAR.contains(&name.strip_prefix("gated-").unwrap_or(name)))
    {
        return Err(wrong(
            KEY,
            said,
            "the name of a nonlinearity, \"gated-\" before it or not",
        ));
    }
    if kept.unwrap_or_else(|| {
        said.and_then(|value| value.as_str())
            .is_some_and(|name| name.starts_with("gated-"))
    }) {
        return Ok(blocks);
    }
    let stack = Decoder {
        names: Names {
            mlp: if encoder {
                ["", "layer.1.DenseReluDense.wi", "layer.1.DenseReluDense.wo"]
            } else {
                ["", "layer.2.DenseReluDense.wi", "layer.2.DenseReluDense.wo"]
            },
            ..READER.names
        },
        ..READER
    };
    if let Some(last) = blocks.last_mut() {
        (*last, _) = plain_channel(config, &stack, hidden, false)?;
    }
    Ok(blocks)
}
