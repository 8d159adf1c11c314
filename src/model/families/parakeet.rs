//! Speech through FastConformer (Rekesh 2023, arXiv 2305.05084): Parakeet's encoder, alone and before the decoders of Canary
//! and Cohere's transcriber. A token of the encoder is a position behind the convolutions. Counts checked against
//! transformers' classes.

use serde_json::{Map, Value};

use super::assembly::Assembly;
use super::channel::plain_channel;
use super::encoder::not_built;
use super::encoding::dense;
use super::names::ENCODER_ATTENTION;
use super::pair::{Around, Pair, Ties, around};
use super::pairing::{across, build, of_encoder};
use super::vision::{own, purpose};
use super::{Decoder, Family, Flag, Names};
use crate::model::blocks::{Norm, norm, positions};
use crate::model::blueprint::{Blueprint, Reading, Tower};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Attention, Block, Kind, Operator, Role, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    own(&["parakeet_ctc"], "Parakeet", |config, title| {
        alone(config, &encoder(config)?, title, "encoder.")
    }),
    own(&["parakeet_encoder"], "Parakeet's encoder", |config, title| {
        alone(config, &config.whole(), title, "")
    }),
    own(&["canary"], "Canary", canary),
    own(&["cohere_asr"], "Cohere transcribe", cohere),
];

/// Attention of a conformer's layer; what is around it is put there by [`conformer`].
const LAYER: Decoder = Decoder {
    names: Names {
        mlp: ["", "feed_forward2.linear1", "feed_forward2.linear2"],
        norms: ["norm_self_att", "", "norm_feed_forward2", "norm_out"],
        ..Names::LLAMA
    },
    hidden: &["hidden_size"],
    layers: &["num_hidden_layers"],
    heads: &["num_attention_heads"],
    kv_heads: &["num_key_value_heads"],
    head_dim: &["head_dim"],
    dense_width: &["intermediate_size"],
    norm: Norm::Layer,
    rotary: false,
    ..Decoder::READER.with_biases(Flag::Key("attention_bias", true), Flag::Key("attention_bias", true))
};

fn encoder(config: &Config) -> Result<Config, ModelError> {
    let part = config.part("encoder_config");
    match part.model_type() {
        "parakeet_encoder" => Ok(part),
        _ => not_built(config, "Another encoder than Parakeet's (encoder_config)"),
    }
}

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// A convolution as products for each position it leaves.
fn conv(name: String, dims: &[&Quantity], times: u64, bias: bool) -> Operator {
    let out = dims.first().map_or_else(|| fixed("one", 1), |out| (*out).clone());
    let inner = dims.get(1..).unwrap_or_default();
    let weight = Tensor::new(
        format!("{name}.weight"),
        TensorKind::Vector,
        Component::Projection,
        dims,
    );
    let bias = bias.then(|| Tensor::vector(format!("{name}.bias"), Component::Projection, &out));
    let wide = Quantity::product("window", inner).times("window", times);
    Operator::linear("convolution", weight, bias, Rows::Tokens, &out, &wide)
}

/// A layer: half an MLP, attention that compares distances too, a convolution over time, the other half.
fn conformer(config: &Config, hidden: &Quantity, mut blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let heads = LAYER.read_heads(config, hidden)?;
    let wide = Quantity::product("q_width", &[&heads.queries, &heads.key_dim]);
    if let Some(attention) = blocks.iter_mut().find(|block| block.role == Role::TokenMixer) {
        let weight = Tensor::matrix("self_attn.relative_k_proj.weight", Component::Projection, &wide, hidden);
        attention.operators.push(Operator::linear(
            "distances",
            weight,
            None,
            Rows::Distances,
            &wide,
            hidden,
        ));
        let biases = ["self_attn.bias_u", "self_attn.bias_v"];
        let dims = [&heads.queries, &heads.key_dim];
        attention.operators.push(Operator {
            name: "scores of distances",
            component: Component::Attention,
            kind: Kind::Attention(Box::new(Attention {
                heads: heads.queries.clone(),
                kv_heads: heads.queries.clone(),
                key_dim: heads.key_dim.clone(),
                value_dim: fixed("value_dim", 0),
                span: Span::Distances,
                latent: None,
            })),
            tensors: biases
                .map(|name| Tensor::new(name, TensorKind::Vector, Component::Attention, &dims))
                .into(),
        });
    }
    let bias = config.flag("convolution_bias", true)?;
    let (one, kernel) = (fixed("one", 1), config.size("kernel", &["conv_kernel_size"])?);
    if kernel.value.is_multiple_of(2) {
        return not_built(config, "A kernel of an even number of positions (conv_kernel_size)");
    }
    let twice = hidden.times("twice", 2);
    let over_time = Block {
        operators: vec![
            conv("conv.pointwise_conv1".to_owned(), &[&twice, hidden, &one], 1, bias),
            conv("conv.depthwise_conv".to_owned(), &[hidden, &one, &kernel], 1, bias),
            conv("conv.pointwise_conv2".to_owned(), &[hidden, hidden, &one], 1, bias),
        ],
        ..Block::new("Convolution over time", Role::TokenMixer)
    };
    let first = Decoder {
        names: Names {
            mlp: ["", "feed_forward1.linear1", "feed_forward1.linear2"],
            ..LAYER.names
        },

        ..LAYER
    };
    let ends = blocks.split_off(2.min(blocks.len()));
    let mut all = vec![
        norm(LAYER.norm, "norm_feed_forward1", hidden),
        plain_channel(config, &first, hidden, false)?.0,
    ];
    all.extend(blocks);
    all.push(norm(LAYER.norm, "norm_conv", hidden));
    all.push(over_time);
    // A batch norm within: as many parameters as another.
    all.push(norm(LAYER.norm, "conv.norm", hidden));
    all.extend(ends);
    Ok(all)
}

/// Convolutions over the spectrum that halve both sides, and one matrix.
fn subsampling(config: &Config, hidden: &Quantity) -> Result<Vec<Block>, ModelError> {
    let read = |key: &'static str| config.size("convolution", std::slice::from_ref(&key));
    let (factor, bins) = (read("subsampling_factor")?.value, read("num_mel_bins")?.value);
    let usual = read("subsampling_conv_kernel_size")?.value == 3 && read("subsampling_conv_stride")?.value == 2;
    if !usual || !factor.is_power_of_two() || factor < 2 || !bins.is_multiple_of(factor) {
        return not_built(
            config,
            "Another reduction of the spectrum (subsampling_factor, subsampling_conv_kernel_size, subsampling_conv_stride)",
        );
    }
    let channels = read("subsampling_conv_channels")?;
    let (one, three) = (fixed("one", 1), fixed("kernel", 3));
    // Frames and bins that the first convolution leaves for one position.
    let (mut frames, mut left) = (factor / 2, bins / 2);
    let module = |at: u64| format!("subsampling.layers.{at}");
    let mut operators = vec![conv(module(0), &[&channels, &one, &three, &three], frames * left, true)];
    let mut at = 2;
    while frames > 1 {
        (frames, left) = (frames / 2, left / 2);
        operators.push(conv(
            module(at),
            &[&channels, &one, &three, &three],
            frames * left,
            true,
        ));
        operators.push(conv(
            module(at + 1),
            &[&channels, &channels, &one, &one],
            frames * left,
            true,
        ));
        at += 3;
    }
    let flat = Quantity::product(
        "flat",
        &[&channels, &Quantity::config("bins left", "num_mel_bins", left)],
    );
    let last = dense(
        "subsampling.linear",
        hidden,
        &flat,
        true,
        Rows::Tokens,
        Component::Projection,
    );
    let convolutions = Block {
        operators,
        ..Block::new("Convolutions", Role::Tower)
    };
    Ok(vec![convolutions, last])
}

/// The encoder alone, or with a matrix that writes letters.
fn alone(config: &Config, reader: &Config, title: &'static str, prefix: &'static str) -> Result<Blueprint, ModelError> {
    let hidden = reader.size("hidden", LAYER.hidden)?;
    let layers = reader.size("layers", LAYER.layers)?;
    let writes = !prefix.is_empty();
    let words = match writes {
        true => config.size("vocabulary", &["vocab_size"])?,
        false => fixed("vocabulary", 1),
    };
    if writes && !matches!(purpose(config, "Parakeet"), "ForCTC" | "Model") {
        return not_built(config, "Another class than that for CTC");
    }
    let mut all = Assembly::of(config, title, hidden.clone(), layers, words.clone())?;
    all.reading = Reading::Encodes;
    all.attention = LAYER.words(reader, &hidden)?;
    let keys = vec![(); all.layers.value as usize];
    all.layers_by(&keys, |()| {
        let blocks = conformer(reader, &hidden, LAYER.layer(reader, &hidden, Span::Both)?)?;
        Ok(("both ways · convolution · MLP".to_owned(), blocks))
    })?;
    all.stem.extend(subsampling(reader, &hidden)?);
    if writes {
        all.tail.push(dense(
            "ctc_head",
            &words,
            &hidden,
            true,
            Rows::Tokens,
            Component::LmHead,
        ));
    }
    all.finish()
}

/// What Canary and Cohere's transcriber share.
const WRITER: Pair = Pair {
    encoder: LAYER,
    decoder: Decoder {
        names: Names {
            cross: ENCODER_ATTENTION,
            mlp: ["", "mlp.fc1", "mlp.fc2"],
            norms: ["input_layernorm", "", "final_layernorm", ""],
            cross_norms: ["post_attention_layernorm", ""],
            ..Names::LLAMA
        },
        ..LAYER.with_biases(Flag::Key("attention_bias", true), Flag::Yes)
    },
    before: around("encoder.", "encoder.layers.{i}."),
    after: Around {
        first_norm: "embedding_layernorm",
        last_norm: "norm",
        ..around("decoder.", "")
    },
    tokens: "decoder.embed_tokens",
    head: "proj_out",
    ties: Ties::Decoder,
    adjust_layer: |config, hidden, reads, _, blocks| match reads {
        true => conformer(config, hidden, blocks),
        // What is read was brought to the decoder's width.
        false => Ok(across(blocks, hidden)),
    },
    stem: |config, hidden, _| subsampling(config, hidden),
    ..Pair::BART
};

/// The head has a bias.
fn with_bias(mut all: Blueprint) -> Blueprint {
    let words = all.vocabulary.clone();
    let operators = all.head.iter_mut().flat_map(|block| &mut block.operators);
    for operator in operators.filter(|operator| operator.name == "lm_head") {
        operator
            .tensors
            .push(Tensor::vector("proj_out.bias", Component::LmHead, &words));
    }
    all
}

fn canary(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    const PAIR: Pair = Pair {
        class: "Canary",
        parts: Some(["encoder_config", "decoder_config"]),
        ..WRITER
    };
    let reader = encoder(config)?;
    let read = reader.size("encoder hidden", LAYER.hidden)?;
    let all = build(config, title, &PAIR)?;
    if read.value != all.hidden.value {
        return Err(ModelError::Inconsistent(
            "Encoder and decoder must be equally wide (hidden_size); the class refuses anything else.".to_owned(),
        ));
    }
    Ok(with_bias(all))
}

fn cohere(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    const PAIR: Pair = Pair {
        class: "CohereAsr",
        parts: Some(["encoder_config", ""]),
        ..WRITER
    };
    const KEY: &str = "encoder_config";
    // The class fills what a file leaves out of its encoder.
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let mut reader: Map<String, Value> = object(config.class_default(KEY));
    reader.extend(object(config.get(KEY)));
    let config = &config.with(KEY, Value::Object(reader));
    let read = encoder(config)?.size("encoder hidden", LAYER.hidden)?;
    let mut all = with_bias(build(config, title, &PAIR)?);
    let rows = config.size("positions", &["max_position_embeddings"])?;
    let hidden = all.hidden.clone();
    all.stem.push(positions("decoder.pos_emb", &rows, &hidden));
    all.towers.push(Tower {
        title: "Encoder output",
        blocks: of_encoder(
            vec![dense("proj", &hidden, &read, true, Rows::Tokens, Component::Encoder)],
            "decoder.",
        ),
        count: None,
    });
    Ok(all)
}
