//! From a config and the description of a decoder to a blueprint.

use super::super::blocks::{embedding, head, norm, positions};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Span};
use super::assembly::Assembly;
use super::decoder::{Changes, Decoder, MixerKind, Place};
use super::keys::POSITIONS;
use super::layers::{window, windowed_layers};
use super::mixer::Mixer;
use crate::units::{Quantity, grouped as thousands};

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
    let mut all = Assembly::new(config, title)?;
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
        let mut norms = decoder.names.norms;
        let mut blocks = Vec::new();
        if let (Some(hybrid), MixerKind::Recurrent | MixerKind::Both) = (&decoder.hybrid, place.mixer) {
            let block = (hybrid.other)(config, &hidden)?;
            other = Some(block.title);
            blocks.push(block);
            norms = hybrid.norms.filter(|_| !place.attends()).unwrap_or(norms);
        }
        if place.attends() {
            let read;
            let mixer = match &shared {
                Some(shared) => shared,
                None => {
                    read = Mixer::read(config, decoder, &hidden)?;
                    &read
                }
            };
            attention.get_or_insert_with(|| mixer.words());
            blocks.push(mixer.block(&hidden, span.clone()));
        }
        let (channel, words) = (decoder.channel)(config, decoder, &hidden, place.sparse)?;
        let mut title = mixer_title(place.mixer, if hides { &span } else { &Span::Full }, other);
        if !channel.operators.is_empty() {
            title.push_str(if words.is_some() { " · experts" } else { " · MLP" });
        }
        let title = (decoder.title)(config, place, title);
        experts = experts.take().or(words);
        let parallel = config.decide(decoder.parallel)?;
        let blocks = between(decoder, norms, blocks, channel, parallel, &hidden);
        let mut blocks = (decoder.adjust_layer)(config, &hidden, place, blocks)?;
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
    if let Some(table) = &decoder.positions {
        let longest = config.size("positions", POSITIONS)?;
        let rows = match table.extra {
            0 => longest,
            extra => {
                let extra = Quantity::architecture("offset", extra, "rows that this family leaves free");
                Quantity::sum("positions", &[&longest, &extra])
            }
        };
        all.stem.push(positions(table.module, &rows, &hidden));
    }
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

/// The mixers of a layer between their norms; several token mixers share one norm and run side by side, and a channel mixer in
/// parallel reads what they read.
pub fn between(
    decoder: &Decoder,
    norms: [&'static str; 4],
    mixers: Vec<Block>,
    channel: Block,
    parallel: bool,
    hidden: &Quantity,
) -> Vec<Block> {
    let [before_mixer, after_mixer, before_channel, after_channel] = norms;
    let norm = |name: &'static str| (!name.is_empty()).then(|| norm(decoder.norm, name, hidden));
    let mut blocks: Vec<Block> = norm(before_mixer).into_iter().collect();
    blocks.extend(mixers);
    blocks.extend(norm(after_mixer));
    if !parallel {
        blocks.extend(norm(before_channel));
    }
    blocks.extend(Some(channel).filter(|channel| !channel.operators.is_empty()));
    blocks.extend(norm(after_channel));
    blocks
}

fn mixer_title(mixer: MixerKind, span: &Span, other: Option<&str>) -> String {
    let seen = match span {
        Span::Chunk(chunk) => format!("chunks of {}", thousands(chunk.value)),
        Span::Window(window) => format!("window of {}", thousands(window.value)),
        _ => "full attention".to_owned(),
    };
    match (mixer, other.unwrap_or_default()) {
        (MixerKind::Recurrent, other) => other.to_owned(),
        (MixerKind::Both, other) => format!("{seen} and {other}"),
        _ => seen,
    }
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
