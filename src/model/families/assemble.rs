//! From a config and the description of a decoder to a blueprint.

use super::super::blocks::{Norm, embedding, head, norm, positions};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Span};
use super::assembly::Assembly;
use super::decoder::{Changes, Decoder, MixerKind, Place, Table};
use super::keys::VOCABULARY;
use super::layer::layer;
use super::layers::{window, windowed_layers};
use super::mixer::Mixer;
use crate::units::Quantity;

/// What makes a layer of its own kind.
#[derive(Clone, Debug, PartialEq)]
struct Plan {
    place: Place,
    changes: Changes,
}

/// Builds the blueprint of a decoder.
///
/// # Errors
/// See [`ModelError`].
pub fn assemble(config: &Config, title: &'static str, decoder: &Decoder) -> Result<Blueprint, ModelError> {
    let translated = (decoder.translate)(config)?;
    let own;
    let config = if translated.is_empty() {
        config
    } else {
        own = config.changed(&translated);
        &own
    };
    let layers = config.size("layers", decoder.layers)?;
    let hidden = config.size("hidden", decoder.hidden)?;
    let vocabulary = config.size("vocabulary", VOCABULARY)?;
    let mut all = Assembly::of(config, title, hidden, layers, vocabulary)?;
    let hidden = all.hidden.clone();
    let (places, window) = places(config, decoder, all.layers.value)?;
    // A window longer than the longest context never hides anything.
    let most = all.max_context.as_ref().filter(|_| decoder.hybrid.is_none());
    let hides = !window.iter().zip(most).any(|(window, most)| window.value > most.value);
    let windowed: Vec<bool> = places.iter().map(|place| place.windowed()).collect();
    let changes = (decoder.changes)(config, &windowed)?;
    // Without values that differ by layer, attention is read once.
    let (slim, shared) = if changes.is_empty() {
        let attends = places.iter().any(|place| place.attends());
        (
            None,
            attends.then(|| Mixer::read(config, decoder, &hidden)).transpose()?,
        )
    } else {
        (Some(config.slim()?), None)
    };
    let mut changes = changes.into_iter();
    let plans: Vec<Plan> = places
        .into_iter()
        .map(|place| Plan {
            place,
            changes: changes.next().unwrap_or_default(),
        })
        .collect();
    let (mut attention, mut other, mut experts) = (shared.as_ref().map(Mixer::words), None, None);
    all.layers_by(&plans, |plan| {
        let place = plan.place;
        let own;
        let config = match &slim {
            Some(slim) if !plan.changes.is_empty() => {
                own = slim.changed(&plan.changes);
                &own
            }
            _ => config,
        };
        let span = match &window {
            Some(chunk) if place.windowed() && decoder.chunked => Span::Chunk(chunk.clone()),
            Some(window) if place.windowed() => Span::Window(window.clone()),
            _ => Span::Full,
        };
        let made = layer(config, decoder, &hidden, place, span.clone(), shared.as_ref())?;
        let title = made.title(place.mixer, if hides { &span } else { &Span::Full });
        attention = attention.take().or(made.attention);
        other = made.other.or(other);
        experts = experts.take().or(made.experts);
        let title = (decoder.title)(config, place, title);
        let mut blocks = (decoder.adjust_layer)(config, &hidden, place, made.blocks)?;
        if place.windowed() && !hides {
            blocks.iter_mut().for_each(unhide);
        }
        Ok((title, blocks))
    })?;
    all.attention = [attention.as_deref(), other]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" + ");
    all.experts = experts;
    all.tied = (decoder.tie)(config, decoder.tied)?;
    all.stem
        .push(embedding(decoder.names.embedding, &all.vocabulary, &hidden));
    let first_norm = (decoder.norm, decoder.names.stem_norm);
    all.stem.extend(tables(config, decoder.tables, first_norm, &hidden)?);
    if !decoder.names.final_norm.is_empty() {
        all.tail.push(norm(decoder.norm, decoder.names.final_norm, &hidden));
    }
    all.tail.push(head(
        decoder.names.head,
        &all.vocabulary,
        &hidden,
        all.tied,
        config.decide(decoder.head_bias)?,
    ));
    (decoder.adjust_ends)(config, &mut all)?;
    all.finish()
}

/// Tables beside that of the tokens, and the norm of what all of them give, if it has a name.
///
/// # Errors
/// Rows that are missing or impossible.
pub fn tables(
    config: &Config,
    tables: &[Table],
    (kind, name): (Norm, &'static str),
    width: &Quantity,
) -> Result<Vec<Block>, ModelError> {
    let mut blocks = Vec::new();
    for table in tables {
        if !config.decide(table.when)? {
            continue;
        }
        let rows = match table.needed {
            true => Some(config.size("positions", table.rows)?),
            false => config.optional("rows", table.rows)?.filter(|rows| rows.value > 0),
        };
        let Some(mut rows) = rows else { continue };
        if table.extra > 0 {
            let extra = Quantity::architecture("offset", table.extra, "rows that this family leaves free");
            rows = Quantity::sum("positions", &[&rows, &extra]);
        }
        blocks.push(positions(table.module, &rows, width));
    }
    blocks.extend((!name.is_empty()).then(|| norm(kind, name, width)));
    Ok(blocks)
}

/// The same where the window hides nothing: what it looks like stays that of a windowed layer.
fn unhide(block: &mut Block) {
    let spans = block
        .operators
        .iter_mut()
        .filter_map(|operator| match &mut operator.kind {
            Kind::Attention(attention) => Some(&mut attention.span),
            _ => None,
        });
    for span in spans.chain(block.caches.iter_mut().map(|cache| &mut cache.span)) {
        if matches!(span, Span::Window(_) | Span::Chunk(_)) {
            *span = Span::Full;
        }
    }
}

/// Kinds of layers in order, and the window of those that have one.
fn places(config: &Config, decoder: &Decoder, layers: u64) -> Result<(Vec<Place>, Option<Quantity>), ModelError> {
    let sparse = || (decoder.sparse)(config, decoder, layers);
    let (mixers, sparse, window) = if let Some(hybrid) = &decoder.hybrid {
        let (order, sparse) = ((hybrid.order)(config, layers)?, sparse()?);
        let windowed = order.contains(&MixerKind::Window);
        let window = windowed.then(|| config.size("window", hybrid.window)).transpose()?;
        (order, sparse, window)
    } else {
        let (window, sparse) = (window(config, decoder)?, sparse()?);
        let windowed = windowed_layers(config, decoder, layers, window.is_some())?;
        let kind = |windowed| if windowed { MixerKind::Window } else { MixerKind::Full };
        (windowed.into_iter().map(kind).collect(), sparse, window)
    };
    let places = mixers.into_iter().zip(sparse);
    Ok((places.map(|(mixer, sparse)| Place { mixer, sparse }).collect(), window))
}

/// Whether the head is the token table. The language model's own key decides, then the family's default.
pub fn tied(config: &Config, otherwise: bool) -> Result<bool, ModelError> {
    if config.get("tie_word_embeddings").is_some() {
        return config.flag("tie_word_embeddings", otherwise);
    }
    if config.root_type() != config.model_type()
        && let Some(value) = config.get_anywhere("tie_word_embeddings")
    {
        return value
            .as_bool()
            .ok_or_else(|| super::super::config::wrong("tie_word_embeddings", value, "true or false"));
    }
    let words = if otherwise {
        "shared with the token table"
    } else {
        "a matrix of its own"
    };
    config.notice(
        "tie_assumed",
        format!(
            "tie_word_embeddings is not in the config; for {} the output head is {words}.",
            config.model_type()
        ),
    );
    Ok(otherwise)
}
