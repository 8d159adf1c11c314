//! From a config and the description of a decoder to a blueprint.

use super::super::blocks::{embedding, head, norm, positions};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Span};
use super::assembly::Assembly;
use super::channel::Channel;
use super::decoder::{Changes, Decoder, Place};
use super::keys::POSITIONS;
use super::layers::{sparse_layers, window, windowed_layers};
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
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let window = window(config, decoder)?;
    // A window longer than the longest context never hides anything.
    let most = all.max_context.as_ref();
    let hides = !window.iter().zip(most).any(|(window, most)| window.value > most.value);
    let sparse = sparse_layers(config, decoder, all.layers.value)?;
    let windowed = windowed_layers(config, decoder, all.layers.value, window.is_some())?;
    let changes = (decoder.changes)(config, &windowed)?;
    let slim = if changes.is_empty() { None } else { Some(config.slim()?) };
    let mut changes = changes.into_iter();
    let plans: Vec<Plan> = windowed
        .into_iter()
        .zip(sparse)
        .map(|(windowed, sparse)| Plan {
            place: Place { windowed, sparse },
            changes: changes.next().unwrap_or_default(),
        })
        .collect();
    let (mut attention, mut experts) = (None, None);
    all.layers_by(&plans, |plan| {
        let Place { windowed, sparse } = plan.place;
        let own;
        let config = match &slim {
            Some(slim) if !plan.changes.is_empty() => {
                own = slim.changed(&plan.changes);
                &own
            }
            _ => config,
        };
        let span = match &window {
            Some(chunk) if windowed && decoder.chunked => Span::Chunk(chunk.clone()),
            Some(window) if windowed => Span::Window(window.clone()),
            _ => Span::Full,
        };
        let title = kind_title(plan.place, if hides { &span } else { &Span::Full });
        let mixer = Mixer::read(config, decoder, &hidden)?;
        let channel = Channel::read(config, decoder, &hidden, sparse, sparse)?;
        let parallel = config.decide(decoder.parallel)?;
        attention.get_or_insert_with(|| mixer.words());
        experts = experts.take().or_else(|| channel.words());
        let (mixers, channel) = (vec![mixer.block(&hidden, span)], channel.block(sparse));
        let blocks = between(decoder, decoder.names.norms, mixers, channel, parallel, &hidden);
        let mut blocks = (decoder.adjust_layer)(config, &hidden, plan.place, blocks)?;
        if windowed && !hides {
            blocks.iter_mut().for_each(unhide);
        }
        Ok((title, blocks))
    })?;
    all.attention = attention.unwrap_or_default();
    all.experts = experts;
    all.tied = tied(config, decoder.tied)?;
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
    blocks.push(channel);
    blocks.extend(norm(after_channel));
    blocks
}

fn kind_title(place: Place, span: &Span) -> String {
    let span = match span {
        Span::Full
        | Span::Both
        | Span::Near(_)
        | Span::Distances
        | Span::Cross
        | Span::Squares { .. }
        | Span::Part(_)
        | Span::Chosen(_)
        | Span::Every { .. } => "full attention".to_owned(),
        Span::Blocks { size, .. } | Span::Beside { size, .. } => format!("blocks of {}", thousands(size.value)),
        Span::Around(window) | Span::Chunks { window, .. } => format!("{} tokens around", thousands(window.value)),
        Span::Chunk(chunk) => format!("chunks of {}", thousands(chunk.value)),
        Span::Window(window) => format!("window of {}", thousands(window.value)),
    };
    format!("{span} · {}", if place.sparse { "experts" } else { "MLP" })
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
