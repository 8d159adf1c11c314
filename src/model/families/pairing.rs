//! From a config and the description of an encoder with a decoder to a blueprint.

use serde_json::Value;

use super::super::blocks::{embedding, head, norm, positions};
use super::super::blueprint::{Blueprint, Reading, Tower};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Rows, Span};
use super::super::tensor::{Tensor, TensorKind};
use super::assembly::Assembly;
use super::encoder::not_built;
use super::keys::{POSITIONS, TIE, VOCABULARY};
use super::pair::{Around, Pair, Ties};
use super::side::{Side, of_encoder};
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
fn before(config: &Config, side: &Side, around: &Around, hidden: &Quantity) -> Result<Vec<Block>, ModelError> {
    let mut blocks = Vec::new();
    if let Some(places) = &around.places {
        let extra = Quantity::architecture("offset", places.extra, "rows that this family leaves free");
        let rows = Quantity::sum("positions", &[&config.size("positions", places.rows)?, &extra]);
        blocks.push(positions("embed_positions", &rows, hidden));
    }
    blocks.extend((!around.first_norm.is_empty()).then(|| norm(side.norm, around.first_norm, hidden)));
    Ok(blocks)
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

/// Layers of equal key: how many, and their blocks.
fn kinds(config: &Config, pair: &Pair, layers: &Quantity, hidden: &Quantity) -> Result<Vec<Tower>, ModelError> {
    let mut counted: Vec<((Span, u64), u64, u64)> = Vec::new();
    for layer in 0..layers.value {
        let key = (
            (pair.span)(config, true, layer)?,
            (pair.layer_key)(config, true, layer)?,
        );
        if counted.len() > 100 {
            return Err(ModelError::Inconsistent(
                "More than a hundred layers of the encoder differ from each other; no model is built like that."
                    .to_owned(),
            ));
        }
        match counted.iter_mut().find(|(known, ..)| *known == key) {
            Some((.., count)) => *count += 1,
            None => counted.push((key, layer, 1)),
        }
    }
    let alone = counted.len() == 1;
    let parts = counted.into_iter().map(|((span, _), first, count)| {
        let blocks = pair.encoder.layer(config, hidden, span)?;
        let blocks = (pair.adjust_layer)(config, hidden, true, first, blocks)?;
        let count = if alone {
            layers.clone()
        } else {
            Quantity {
                value: count,
                ..layers.clone()
            }
        };
        Ok(Tower {
            title: "Encoder layers",
            blocks: of_encoder(blocks, pair.before.layer),
            count: Some(count),
        })
    });
    parts.collect()
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
    all.encoder.extend(kinds(reader, pair, &read, &reader_hidden)?);
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
    let keys: Vec<(Span, u64)> = (0..all.layers.value)
        .map(|layer| {
            Ok((
                (pair.span)(config, false, layer)?,
                (pair.layer_key)(config, false, layer)?,
            ))
        })
        .collect::<Result<_, ModelError>>()?;
    // Each kind of layer with the first of its kind.
    let mut kinds: Vec<((Span, u64), u64)> = Vec::new();
    for (layer, key) in keys.iter().enumerate() {
        if kinds.len() < 1000 && !kinds.iter().any(|(known, _)| known == key) {
            kinds.push((key.clone(), layer as u64));
        }
    }
    all.layers_by(&keys, |key| {
        let first = kinds
            .iter()
            .find(|(known, _)| known == key)
            .map_or(0, |(_, first)| *first);
        let blocks = decoder.layer(config, &hidden, key.0.clone())?;
        let blocks = across(blocks, &reader_hidden);
        let blocks = (pair.adjust_layer)(config, &hidden, false, first, blocks)?;
        let seen = if key.0 == Span::Full { "full" } else { "windowed" };
        Ok((format!("{seen} and cross attention · MLP"), blocks))
    })?;
    all.attention = decoder.words(config, &hidden)?;
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
