//! CANINE (Clark 2021, arXiv 2103.06874): characters, several of which become one position of the deep layers. Counts
//! checked against transformers' class.
//!
//! A token is a character. What the deep layers do is written for each character: an input that is so many times
//! narrower costs as much as fewer rows.

use serde_json::Value;

use super::Family;
use super::assembly::Assembly;
use super::encoder::not_built;
use super::encoding::{dense, labels};
use super::{Build, Decoder, Flag};
use crate::model::blocks::{Norm, norm, positions};
use crate::model::blueprint::{Blueprint, Reading};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Kind, Operator, Role, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["canine"],
    title: "CANINE",
    build: Build::Own(build),
}];

const SIDE: Decoder = Decoder {
    down_bias: Some(Flag::Yes),
    ..Decoder::BERT
};

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let buckets = config.size("buckets", &["num_hash_buckets"])?;
    let functions = config.size("hash functions", &["num_hash_functions"])?;
    let ratio = config.size("characters of a position", &["downsampling_rate"])?;
    let kernel = config.size("kernel", &["upsampling_kernel_size"])?;
    let local = config.size("chunk", &["local_transformer_stride"])?;
    if functions.value > 1000 {
        return not_built(config, "More than a thousand hash functions");
    }
    let mut all = Assembly::of(config, title, hidden.clone(), layers, buckets.clone())?;
    all.reading = Reading::Encodes;
    let part = Component::Embedding;
    let piece = Quantity::quotient("width of a hash", &hidden, &functions);
    let tables = (0..functions.value).map(|index| {
        let name = format!("char_embeddings.HashBucketCodepointEmbedder_{index}.weight");
        Operator {
            name: "hashes of a character",
            component: part,
            kind: Kind::Lookup { width: piece.clone() },
            tensors: vec![Tensor::new(name, TensorKind::Table, part, &[&buckets, &piece])],
        }
    });
    all.stem.push(Block {
        operators: tables.collect(),
        ..Block::new("Characters", Role::Embedding)
    });
    all.stem
        .push(positions("char_embeddings.char_position_embeddings", &buckets, &hidden));
    let types = config.size("types", &["type_vocab_size"])?;
    all.stem
        .push(positions("char_embeddings.token_type_embeddings", &types, &hidden));
    all.stem.push(norm(Norm::Layer, "char_embeddings.LayerNorm", &hidden));
    let near = SIDE.layer(config, &hidden, Span::Near(local))?;
    all.stem.extend(named(near, "initial_char_encoder.layer.0."));
    let each = Quantity::quotient("width for each character", &hidden, &ratio);
    let window = Quantity::product("window", &[&hidden, &ratio]);
    all.stem.push(convolution(
        "chars_to_molecules.conv",
        [&hidden, &hidden, &ratio],
        // As many products a character as the stream is wide.
        &Quantity::quotient("window for each character", &window, &ratio),
    ));
    all.stem
        .push(norm(Norm::Layer, "chars_to_molecules.LayerNorm", &hidden));
    let keys = vec![(Span::Both, ()); all.layers.value as usize];
    all.layers_seeing(config, &SIDE, &keys, |(), blocks| fewer(config, blocks, &ratio))?;
    let twice = hidden.times("characters and positions", 2);
    let wide = Quantity::product("window", &[&twice, &kernel]);
    all.tail
        .push(convolution("projection.conv", [&hidden, &twice, &kernel], &wide));
    all.tail.push(norm(Norm::Layer, "projection.LayerNorm", &hidden));
    let last = SIDE.layer(config, &hidden, Span::Both)?;
    all.tail.extend(named(last, "final_char_encoder.layer.0."));
    let head = |module: &str, out: &Quantity, rows| dense(module, out, &hidden, true, rows, Component::LmHead);
    let mut pooler = head("pooler.dense", &hidden, Rows::Sequences);
    // It looks at the first position of the deep layers.
    pooler.title = "Pooler";
    all.tail.push(pooler);
    let names = config.get_anywhere("architectures").and_then(Value::as_array);
    let names = names.into_iter().flatten().filter_map(Value::as_str);
    match names.filter_map(|name| name.strip_prefix("Canine")).next() {
        None | Some("Model") => {}
        Some("ForSequenceClassification") => {
            all.tail.push(head("classifier", &labels(config)?, Rows::Sequences));
        }
        Some("ForTokenClassification") => all.tail.push(head("classifier", &labels(config)?, Rows::Tokens)),
        Some("ForQuestionAnswering") => all.tail.push(head("qa_outputs", &labels(config)?, Rows::Tokens)),
        Some(_) => return not_built(config, "Another class than the plain one and those that sort"),
    }
    if each.value == 0 {
        return not_built(
            config,
            "More characters in a position than it is wide (downsampling_rate)",
        );
    }
    all.finish()
}

/// A convolution over characters, by how many products each of them takes.
fn convolution(module: &str, [out, input, kernel]: [&Quantity; 3], each: &Quantity) -> Block {
    let part = Component::Projection;
    let weight = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Vector,
        part,
        &[out, input, kernel],
    );
    let bias = Tensor::vector(format!("{module}.bias"), part, out);
    let operator = Operator::linear("convolution", weight, Some(bias), Rows::Tokens, out, each);
    Block {
        operators: vec![operator],
        ..Block::new("Convolution", Role::TokenMixer)
    }
}

/// The same blocks under a name of their own.
fn named(mut blocks: Vec<Block>, prefix: &str) -> Vec<Block> {
    for block in &mut blocks {
        for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
            tensor.name = format!("{prefix}{}", tensor.name).into();
        }
    }
    blocks
}

/// Layers over fewer positions than there are characters, by what they cost for each character.
fn fewer(config: &Config, mut blocks: Vec<Block>, ratio: &Quantity) -> Result<Vec<Block>, ModelError> {
    let square = Quantity::product("pairs", &[ratio, ratio]);
    for operator in blocks.iter_mut().flat_map(|block| &mut block.operators) {
        let (width, by) = match &mut operator.kind {
            Kind::Linear { input, .. } => (input, ratio),
            Kind::Elementwise { width, .. } => (width, ratio),
            Kind::Attention(attention) => {
                attention.value_dim = attention.key_dim.clone();
                (&mut attention.key_dim, &square)
            }
            _ => continue,
        };
        if !width.value.is_multiple_of(by.value) {
            return not_built(
                config,
                "Widths that the characters of a position do not divide (downsampling_rate)",
            );
        }
        *width = Quantity::quotient("width for each character", width, by);
        if let Kind::Attention(attention) = &mut operator.kind {
            attention.value_dim = attention.key_dim.clone();
        }
    }
    Ok(blocks)
}
