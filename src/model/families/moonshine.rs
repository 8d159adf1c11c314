//! Moonshine (Jeffries 2024, arXiv 2410.15608): speech as samples, rotary positions, a gated decoder. Counts checked
//! against transformers' class.

use super::Family;
use super::Flag;
use super::bart::row;
use super::encoder::not_built;
use super::encoding::dense;
use super::luke::waiting;
use super::names::ENCODER_ATTENTION;
use super::pair::{Around, Pair, Ties, around};
use super::pairing::{across, build, convolution, of_encoder};
use super::vision::own;
use super::{Decoder, Names};
use serde_json::Value;

use crate::model::blocks::{Norm, norm, positions};
use crate::model::blueprint::{Blueprint, Tower};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Kind, Operator, Role, Rows};
use crate::model::tensor::Tensor;
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["moonshine"], "Moonshine", MOONSHINE),
    own(&["moonshine_streaming"], "Moonshine Streaming", streaming),
];

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
            cross: ENCODER_ATTENTION,
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

/// Moonshine as it listens live: frames of samples, windows, and an encoder that may be of another width.
const STREAMING: Pair = Pair {
    class: "MoonshineStreaming",
    parts: Some(["encoder_config", ""]),
    encoder: Decoder {
        layers: &["num_hidden_layers"],
        heads: &["num_attention_heads"],
        kv_heads: &["num_key_value_heads"],
        output_bias: Flag::Key("attention_bias", false),
        rotary: false,
        ..READER
    },
    decoder: Decoder {
        layers: &["num_hidden_layers"],
        heads: &["num_attention_heads"],
        kv_heads: &["num_key_value_heads"],
        ..MOONSHINE.decoder
    },
    before: Around {
        last_norm: "final_norm",
        ..MOONSHINE.before
    },
    adjust_layer: |config, hidden, reads, layer, blocks| match reads {
        true => Ok(blocks),
        // Keys and values are made of what was brought to the decoder's width.
        false => (MOONSHINE.adjust_layer)(config, hidden, reads, layer, across(blocks, hidden)),
    },
    // Four frames become one position.
    stem: |config, hidden, _| {
        const KEYS: [&str; 2] = ["sample_rate", "frame_ms"];
        let [rate, length] = KEYS.map(|key| {
            config
                .get(key)
                .or_else(|| config.class_default(key))
                .and_then(Value::as_f64)
        });
        let samples = rate
            .zip(length)
            .map_or(0.0, |(rate, length)| (rate * length / 1000.0).round_ties_even());
        if !(1.0..=1e6).contains(&samples) {
            return not_built(config, "A frame of so many samples (sample_rate, frame_ms)");
        }
        let samples = Quantity::config("samples of a frame", "frame_ms", samples as u64);
        let five = Quantity::architecture("kernel", 5, "positions a convolution sees");
        let twice = hidden.times("twice", 2);
        let weight = Tensor::matrix("embedder.linear.weight", Component::Encoder, hidden, &samples);
        let scale = Tensor::vector(
            "embedder.comp.log_k",
            Component::Encoder,
            &Quantity::architecture("one", 1, "a scale"),
        );
        let block = Block {
            operators: vec![
                Operator::linear(
                    "frames",
                    weight,
                    None,
                    Rows::Tokens,
                    hidden,
                    &samples.times("of a position", 4),
                ),
                convolution("embedder.conv1", [&twice, hidden, &five], 2, true),
                convolution("embedder.conv2", [hidden, &twice, &five], 1, true),
            ],
            ..Block::new("Convolutions", Role::Tower)
        };
        Ok(vec![block, waiting("Compression", vec![scale])])
    },
    ..MOONSHINE
};

fn streaming(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut all = build(config, title, &STREAMING)?;
    let read = config.part("encoder_config").size("encoder hidden", &["hidden_size"])?;
    let rows = config.size("positions", &["max_position_embeddings"])?;
    // Norms of the encoder name their weight otherwise.
    let norms = all
        .towers
        .iter_mut()
        .flat_map(|tower| &mut tower.blocks)
        .filter(|block| block.role == Role::Norm);
    for tensor in norms
        .flat_map(|block| &mut block.operators)
        .flat_map(|one| &mut one.tensors)
    {
        tensor.name = tensor.name.replace("norm.weight", "norm.gamma").into();
    }
    let mut ends = vec![positions("pos_emb", &rows, &read)];
    if read.value != all.hidden.value {
        ends.push(dense(
            "proj",
            &all.hidden,
            &read,
            false,
            Rows::Tokens,
            Component::Encoder,
        ));
    }
    all.towers.push(Tower {
        title: "Encoder output",
        blocks: of_encoder(ends, "decoder."),
        count: None,
    });
    Ok(all)
}
