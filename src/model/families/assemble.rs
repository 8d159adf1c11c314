//! From a config and the description of a decoder to a blueprint.

use super::super::blocks::{embedding, head, norm};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::assembly::Assembly;
use super::channel::Channel;
use super::decoder::Decoder;
use super::layers::{sparse_layers, window, windowed_layers};
use super::mixer::Mixer;
use crate::units::{Quantity, grouped as thousands};

/// What makes a layer of its own kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    windowed: bool,
    sparse: bool,
}

/// Builds the blueprint of a decoder.
///
/// # Errors
/// See [`ModelError`].
pub fn assemble(config: &Config, title: &'static str, decoder: &Decoder) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let window = window(config, decoder, all.max_context.as_ref())?;
    let sparse = sparse_layers(config, decoder, all.layers.value)?;
    let windowed = windowed_layers(config, decoder, all.layers.value, window.is_some())?;
    let mixer = Mixer::read(config, decoder, &hidden)?;
    let channel = Channel::read(
        config,
        decoder,
        &hidden,
        sparse.contains(&true),
        !sparse.contains(&false),
    )?;
    let parallel = config.decide(decoder.parallel)?;
    let plans: Vec<Plan> = windowed
        .into_iter()
        .zip(sparse)
        .map(|(windowed, sparse)| Plan { windowed, sparse })
        .collect();
    all.layers_by(&plans, |plan| {
        let span = match &window {
            Some(window) if plan.windowed => Span::Window(window.clone()),
            _ => Span::Full,
        };
        let title = kind_title(*plan, &span);
        Ok((
            title,
            layer(
                decoder,
                parallel,
                &hidden,
                mixer.block(&hidden, span),
                channel.block(plan.sparse),
            ),
        ))
    })?;
    all.attention = mixer.words();
    all.experts = channel.words();
    all.tied = tied(config, decoder.tied)?;
    all.stem
        .push(embedding(decoder.names.embedding, &all.vocabulary, &hidden));
    if !decoder.names.final_norm.is_empty() {
        all.tail.push(norm(decoder.norm, decoder.names.final_norm, &hidden));
    }
    all.tail.push(head(
        "lm_head",
        &all.vocabulary,
        &hidden,
        all.tied,
        config.decide(decoder.head_bias)?,
    ));
    all.finish()
}

/// The mixers of a layer between their norms.
fn layer(decoder: &Decoder, parallel: bool, hidden: &Quantity, mixer: Block, channel: Block) -> Vec<Block> {
    let [before_mixer, after_mixer, before_channel, after_channel] = decoder.names.norms;
    let norm = |name: &'static str| (!name.is_empty()).then(|| norm(decoder.norm, name, hidden));
    let mut blocks = Vec::with_capacity(6);
    blocks.extend(norm(before_mixer));
    blocks.push(mixer);
    blocks.extend(norm(after_mixer));
    if !parallel {
        blocks.extend(norm(before_channel));
    }
    blocks.push(channel);
    blocks.extend(norm(after_channel));
    blocks
}

fn kind_title(plan: Plan, span: &Span) -> String {
    let span = match span {
        Span::Full => "full attention".to_owned(),
        Span::Window(window) => format!("window of {}", thousands(window.value)),
    };
    format!("{span} · {}", if plan.sparse { "experts" } else { "MLP" })
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
