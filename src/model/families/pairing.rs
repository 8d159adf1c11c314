//! From a config and the description of an encoder with a decoder to a blueprint.

use serde_json::Value;

use super::super::blocks::{embedding, head, norm, positions};
use super::super::blueprint::{Blueprint, LayerKind, Reading, Tower};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Input, Kind, Operator, Role, Rows, Span};
use super::super::tensor::{Tensor, TensorKind};
use super::assemble::tables;
use super::assembly::{Assembly, kinds};
use super::decoder::Decoder;
use super::encoder::not_built;
use super::keys::{POSITIONS, TIE, VOCABULARY};
use super::pair::{Around, Pair, Ties};
use crate::units::Quantity;

/// Whether the config's class writes; it is the one that does where none is named.
fn writes(config: &Config, pair: &Pair) -> Result<bool, ModelError> {
    let named = config.get_anywhere("architectures").and_then(Value::as_array);
    let names = named.into_iter().flatten().filter_map(Value::as_str);
    match names.filter_map(|name| name.strip_prefix(pair.class)).next() {
        None => Ok(true),
        Some(what) if what == pair.writes => Ok(true),
        Some("Model") => Ok(false),
        Some(other) => not_built(
            config,
            format!("The class {}{}", pair.class, other.chars().take(40).collect::<String>()),
        ),
    }
}

/// Tables and norms before the layers of a side.
fn before(config: &Config, side: &Decoder, around: &Around, hidden: &Quantity) -> Result<Vec<Block>, ModelError> {
    tables(config, around.places.as_slice(), (side.norm, around.first_norm), hidden)
}

/// The same blocks with the side's name before their tensors'.
fn named(mut blocks: Vec<Block>, prefix: &str) -> Vec<Block> {
    for tensor in blocks
        .iter_mut()
        .flat_map(|block| &mut block.operators)
        .flat_map(|one| &mut one.tensors)
    {
        tensor.name = format!("{prefix}{}", tensor.name).into();
    }
    blocks
}

/// A table that was tied and is not: in memory, read by nobody but its side.
pub fn own_table(module: &str, words: &Quantity, hidden: &Quantity) -> Block {
    let table = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Table,
        Component::Embedding,
        &[words, hidden],
    );
    let operator = Operator {
        name: "token embedding",
        component: Component::Embedding,
        kind: Kind::Idle,
        tensors: vec![table],
    };
    Block {
        operators: vec![operator],
        ..Block::new("Token embedding", Role::Embedding)
    }
}

/// What a layer sees, what else tells it apart, and the first layer that is like it.
type Key = (Span, (u64, u64));

/// What each layer of a side sees, and what else tells them apart: its key, and the first layer that is like it.
fn keys(config: &Config, pair: &Pair, reads: bool, layers: u64) -> Result<Vec<Key>, ModelError> {
    let mut keys: Vec<Key> = Vec::new();
    let mut kinds: Vec<Key> = Vec::new();
    for layer in 0..layers {
        let (span, key) = (
            (pair.span)(config, reads, layer)?,
            (pair.layer_key)(config, reads, layer)?,
        );
        let known = kinds.iter().find(|(seen, (known, _))| *seen == span && *known == key);
        let kind = known.cloned().unwrap_or((span, (key, layer)));
        if known.is_none() && kinds.len() < 1000 {
            kinds.push(kind.clone());
        }
        keys.push(kind);
    }
    Ok(keys)
}

/// The layers of the encoder.
fn encoder_layers(
    config: &Config,
    pair: &Pair,
    layers: &Quantity,
    hidden: &Quantity,
) -> Result<Vec<Tower>, ModelError> {
    let keys = keys(config, pair, true, layers.value)?;
    let (kinds, _) = kinds(layers, &keys, |(span, (_, first))| {
        let blocks = pair.encoder.layer(config, hidden, span.clone())?;
        let blocks = (pair.adjust_layer)(config, hidden, true, *first, blocks)?;
        Ok((String::new(), of_encoder(blocks, pair.before.layer)))
    })?;
    let tower = |kind: LayerKind| Tower {
        title: "Encoder layers",
        blocks: kind.blocks,
        count: Some(kind.count),
    };
    Ok(kinds.into_iter().map(tower).collect())
}

/// Builds the blueprint of an encoder with a decoder.
///
/// # Errors
/// See [`ModelError`].
pub fn build(config: &Config, title: &'static str, pair: &Pair) -> Result<Blueprint, ModelError> {
    if !config.flag("is_encoder_decoder", true)? {
        return not_built(config, "One side alone (is_encoder_decoder)");
    }
    let writes = writes(config, pair)?;
    let decoder = &pair.decoder;
    let (whole, reads, own);
    let (config, reader) = match pair.parts {
        Some([first, second]) => {
            whole = config;
            reads = first.split('.').fold(config.whole(), |inner, key| inner.part(key));
            own = if second.is_empty() {
                config.whole()
            } else {
                config.part(second)
            };
            (&own, &reads)
        }
        None => {
            whole = config;
            (config, config)
        }
    };
    let hidden = config.size("hidden", decoder.hidden)?;
    let reader_hidden = reader.size("hidden", pair.encoder.hidden)?;
    let read = reader.size("encoder layers", pair.encoder.layers)?;
    if read.value > super::super::config::MOST_LAYERS {
        return Err(ModelError::OutOfRange {
            key: "encoder_layers".to_owned(),
            found: read.value.to_string(),
            least: 1,
            most: super::super::config::MOST_LAYERS,
        });
    }
    let layers = config.size_or("layers", decoder.layers, || read.clone())?;
    let vocabulary = config.size("vocabulary", VOCABULARY)?;
    let mut all = Assembly::of(whole, title, hidden.clone(), layers, vocabulary)?;
    // A table of places ends where its rows do; relative ones go on.
    let places = pair.after.places.as_ref().map(|places| places.rows);
    all.max_context = config.optional("max_context", places.unwrap_or(POSITIONS))?;
    let fixed = pair
        .fixed
        .map(|key| config.size("encoder tokens", &[key]))
        .transpose()?;
    let tied = match pair.ties {
        // The file's word: the class ties whatever it says, and loads both where a file has both.
        Ties::Head => whole.get(TIE).is_none_or(|said| *said != Value::Bool(false)),
        Ties::All | Ties::Decoder => whole.flag(TIE, true)?,
        Ties::Always => true,
        Ties::Tables => false,
    };
    all.tied = tied && writes;

    let mut stem = (pair.stem)(reader, &reader_hidden, &read)?;
    stem.extend(before(reader, &pair.encoder, &pair.before, &reader_hidden)?);
    if pair.ties == Ties::All && !tied {
        stem.push(own_table("embed_tokens", &all.vocabulary, &hidden));
        all.stem
            .push(own_table("decoder.embed_tokens", &all.vocabulary, &hidden));
    }
    all.encoder.push(Tower {
        title: "Encoder input",
        blocks: of_encoder(stem, pair.before.prefix),
        count: None,
    });
    all.encoder.extend(encoder_layers(reader, pair, &read, &reader_hidden)?);
    if !pair.before.last_norm.is_empty() {
        let last = vec![norm(pair.encoder.norm, pair.before.last_norm, &reader_hidden)];
        all.encoder.push(Tower {
            title: "Encoder norm",
            blocks: of_encoder(last, pair.before.prefix),
            count: None,
        });
    }
    all.encoder.retain(|tower| !tower.blocks.is_empty());
    all.reading = Reading::Both(fixed);

    all.stem.push(embedding(pair.tokens, &all.vocabulary, &hidden));
    all.stem
        .extend(named(before(config, decoder, &pair.after, &hidden)?, pair.after.prefix));
    let keys = keys(config, pair, false, all.layers.value)?;
    all.layers_seeing(config, decoder, &keys, |&(_, first), blocks| {
        (pair.adjust_layer)(config, &hidden, false, first, across(blocks, &reader_hidden))
    })?;
    if !pair.after.last_norm.is_empty() {
        all.tail.extend(named(
            vec![norm(decoder.norm, pair.after.last_norm, &hidden)],
            pair.after.prefix,
        ));
    }
    if writes {
        all.tail.push(head(pair.head, &all.vocabulary, &hidden, tied, false));
    }
    all.finish()
}

/// Attention to an encoder of another width: keys and values are made from that.
pub fn across(mut blocks: Vec<Block>, from: &Quantity) -> Vec<Block> {
    let seeing = blocks
        .iter_mut()
        .flat_map(|block| &mut block.operators)
        .filter(|operator| {
            let rows = match &operator.kind {
                Kind::Linear { rows, .. } => *rows,
                _ => Rows::Idle,
            };
            rows == Rows::Encoder
        });
    for operator in seeing {
        if let Kind::Linear { input, .. } = &mut operator.kind {
            *input = from.clone();
        }
        if let Some(inner) = operator.tensors.first_mut().and_then(|weight| weight.dims.last_mut()) {
            *inner = from.clone();
        }
    }
    blocks
}

/// A table of relative positions `[buckets, heads]`.
pub fn relative(config: &Config, module: &'static str, heads: &'static [&'static str]) -> Result<Block, ModelError> {
    let rows = config.size("buckets", &["relative_attention_num_buckets"])?;
    Ok(positions(module, &rows, &config.size("heads", heads)?))
}

/// A convolution over frames as products for each position it leaves: `kernel · stride` input values wide.
pub fn convolution(module: &str, [out, input, kernel]: [&Quantity; 3], frames: u64, bias: bool) -> Operator {
    let weight = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Vector,
        Component::Encoder,
        &[out, input, kernel],
    );
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), Component::Encoder, out));
    let wide = Quantity::product("window", &[input, kernel]).times("window", frames);
    Operator::linear("convolution", weight, bias, Rows::Tokens, out, &wide)
}

/// Blocks of an encoder beside a decoder: over its own tokens, all of one component, with whole names.
pub fn of_encoder(blocks: Vec<Block>, prefix: &str) -> Vec<Block> {
    let mut blocks = blocks;
    for block in &mut blocks {
        block.input = Input::Encoder;
        for operator in &mut block.operators {
            operator.component = Component::Encoder;
            for tensor in &mut operator.tensors {
                tensor.name = format!("{prefix}{}", tensor.name).into();
                tensor.component = Component::Encoder;
                if tensor.kind == TensorKind::Head {
                    tensor.kind = TensorKind::Matrix;
                }
            }
        }
    }
    blocks
}
