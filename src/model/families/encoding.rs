//! From a config and the description of an encoder to a blueprint.

use serde_json::Value;

use super::super::blocks::norm;
use super::super::blueprint::{Blueprint, Reading};
use super::super::component::Component;
use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Rows, Span};
use super::super::tensor::{Tensor, TensorKind};
use super::assemble::tables;
use super::assembly::Assembly;
use super::encoder::{Encoder, Masked, Pretraining, Purpose, Sorting, not_built, purpose};
use super::keys::TIE;
use crate::units::{Origin, Quantity, Unit};

/// Labels of a class that sorts: as many as the config says, which makes names of its own, else those named, else two.
pub fn labels(config: &Config) -> Result<Quantity, ModelError> {
    let (key, value) = if let Some(count) = config.get("num_labels") {
        ("num_labels", whole("num_labels", count, 1, 1 << 24)?)
    } else if let Some(named) = config.get("id2label") {
        let Value::Object(names) = named else {
            return Err(wrong("id2label", named, "an object of names"));
        };
        if names.is_empty() {
            return Err(wrong("id2label", named, "an object of one name or more"));
        }
        ("id2label", names.len() as u64)
    } else {
        return Ok(Quantity {
            name: "labels".into(),
            value: 2,
            unit: Unit::Count,
            origin: Origin::ClassDefault("num_labels".into()),
        });
    };
    Ok(Quantity::config("labels", key, value))
}

/// Outputs of a class that finds answers: where one begins and where it ends.
fn ends(config: &Config) -> Result<Quantity, ModelError> {
    let labels = labels(config)?;
    if labels.value != 2 {
        return Err(ModelError::Inconsistent(format!(
            "A class for answers has 2 outputs, where an answer begins and where it ends, but num_labels (id2label) makes {}.",
            labels.value
        )));
    }
    Ok(labels)
}

/// A dense layer after the layers.
pub fn dense(module: &str, out: &Quantity, input: &Quantity, bias: bool, rows: Rows, component: Component) -> Block {
    let weight = Tensor::matrix(format!("{module}.weight"), component, out, input);
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, out));
    Block {
        operators: vec![Operator::linear("dense", weight, bias, rows, out, input)],
        ..Block::new("Dense layer", Role::Head)
    }
}

/// Builds the blueprint of an encoder.
///
/// # Errors
/// See [`ModelError`].
pub fn build(config: &Config, title: &'static str, encoder: &Encoder) -> Result<Blueprint, ModelError> {
    for key in ["is_decoder", "add_cross_attention"] {
        if config.flag(key, false)? {
            return not_built(config, format!("{key}: an encoder that writes"));
        }
    }
    let stack = &encoder.stack;
    let purpose = purpose(config, encoder.class, encoder.usual)?;
    let mut all = Assembly::of(
        config,
        title,
        config.size("hidden", stack.hidden)?,
        config.size("layers", stack.layers)?,
        config.size("vocabulary", encoder.vocabulary)?,
    )?;
    all.reading = Reading::Encodes;
    all.purpose = Some(purpose);
    let hidden = all.hidden.clone();
    let narrow = match encoder.narrow {
        Some((key, ..)) => config.size_or("embedding width", &[key], || hidden.clone())?,
        None => hidden.clone(),
    };
    all.tied = config.flag(TIE, true)?;
    all.stem.push(super::super::blocks::embedding(
        encoder.tokens,
        &all.vocabulary,
        &narrow,
    ));
    all.stem.extend(tables(
        config,
        encoder.tables,
        (stack.norm, encoder.stem_norm),
        &narrow,
    )?);
    if let Some((_, module, always)) = encoder.narrow
        && (always || narrow.value != hidden.value)
    {
        all.stem.push(dense(
            module,
            &hidden,
            &narrow,
            true,
            Rows::Tokens,
            Component::Embedding,
        ));
    }
    let keys: Vec<(Span, u64)> = (0..all.layers.value)
        .map(|layer| Ok(((encoder.span)(config, layer)?, (encoder.layer_key)(config, layer))))
        .collect::<Result<_, ModelError>>()?;
    all.layers_seeing(config, stack, &keys, |&key, blocks| {
        (encoder.adjust_layer)(config, &hidden, key, blocks)
    })?;
    if !encoder.final_norm.is_empty() {
        all.tail.push(norm(stack.norm, encoder.final_norm, &hidden));
    }
    heads_of(config, encoder, purpose, &hidden, &narrow, &mut all)?;
    (encoder.adjust_ends)(config, purpose, &mut all)?;
    all.finish()
}

/// What the class has after the layers.
fn heads_of(
    config: &Config,
    encoder: &Encoder,
    purpose: Purpose,
    hidden: &Quantity,
    narrow: &Quantity,
    all: &mut Assembly<'_>,
) -> Result<(), ModelError> {
    let masked = &encoder.masked;
    let head = |module: &str, out: &Quantity, rows| dense(module, out, hidden, true, rows, Component::LmHead);
    let pooler = || dense(encoder.pooler, hidden, hidden, true, Rows::Sequences, Component::LmHead);
    let pools_anyway = purpose == Purpose::Plain
        || purpose == Purpose::Texts && matches!(encoder.sorting, Sorting::Pooled)
        || purpose == Purpose::Pretraining;
    if encoder.always_pools && !pools_anyway {
        all.tail.push(pooler());
    }
    match purpose {
        Purpose::Plain => {
            if !encoder.pooler.is_empty() && !encoder.asked_pooler {
                all.tail.push(pooler());
            }
        }
        Purpose::Masked => {
            let narrow = &config.size_or("head width", masked.width, || narrow.clone())?;
            if !masked.dense.is_empty() {
                let bias = config.decide(masked.dense_bias)?;
                all.tail.push(dense(
                    masked.dense,
                    narrow,
                    hidden,
                    bias,
                    Rows::Tokens,
                    Component::LmHead,
                ));
            }
            if !masked.norm.is_empty() {
                all.tail.push(norm(encoder.stack.norm, masked.norm, narrow));
            }
            all.tail.push(decoder(config, masked, narrow, all)?);
        }
        Purpose::Pretraining => match encoder.pretraining {
            Pretraining::Sentences(module) => {
                all.tail.push(pooler());
                heads_of(config, encoder, Purpose::Masked, hidden, narrow, all)?;
                let two = Quantity::architecture("sentences", 2, "whether the second follows the first");
                all.tail.push(head(module, &two, Rows::Sequences));
            }
            Pretraining::Replaced(first, second) => {
                let one = Quantity::architecture("replaced", 1, "whether a token was replaced");
                all.tail.push(head(first, hidden, Rows::Tokens));
                all.tail.push(head(second, &one, Rows::Tokens));
            }
            Pretraining::Unknown => return not_built(config, "The class for pretraining"),
        },
        Purpose::Tokens | Purpose::Answers if matches!(encoder.sorting, Sorting::Normed(_)) => {
            normed(config, encoder, hidden, Rows::Tokens, all)?;
        }
        Purpose::Tokens => all.tail.push(head("classifier", &labels(config)?, Rows::Tokens)),
        Purpose::Answers => all.tail.push(head("qa_outputs", &ends(config)?, Rows::Tokens)),
        Purpose::Texts => match encoder.sorting {
            Sorting::Pooled => {
                all.tail.push(pooler());
                all.tail.push(head("classifier", &labels(config)?, Rows::Sequences));
            }
            Sorting::Dense(first, second) => {
                all.tail.push(head(first, hidden, Rows::Sequences));
                all.tail.push(head(second, &labels(config)?, Rows::Sequences));
            }
            Sorting::Alone(module) => all.tail.push(head(module, &labels(config)?, Rows::Sequences)),
            Sorting::Late(first, second) => {
                let rows = match config.get("classifier_pooling").map(Value::as_str) {
                    None | Some(Some("late")) => Rows::Tokens,
                    Some(Some("bos" | "mean")) => Rows::Sequences,
                    Some(_) => return not_built(config, "Another way to pool (classifier_pooling)"),
                };
                all.tail.push(head(first, hidden, rows));
                all.tail.push(head(second, &labels(config)?, rows));
            }
            Sorting::Normed(_) => {
                if !matches!(
                    config.get("classifier_pooling").map(Value::as_str),
                    None | Some(Some("cls" | "mean"))
                ) {
                    return not_built(config, "Another way to pool (classifier_pooling)");
                }
                normed(config, encoder, hidden, Rows::Sequences, all)?;
            }
            Sorting::Unknown => return not_built(config, "A head that sorts texts"),
        },
    }
    Ok(())
}

/// The dense layer and the norm of masked words, and one matrix.
fn normed(
    config: &Config,
    encoder: &Encoder,
    hidden: &Quantity,
    rows: Rows,
    all: &mut Assembly<'_>,
) -> Result<(), ModelError> {
    let Sorting::Normed(module) = encoder.sorting else {
        return Ok(());
    };
    let masked = &encoder.masked;
    let bias = config.decide(masked.dense_bias)?;
    let first = dense(masked.dense, hidden, hidden, bias, rows, Component::LmHead);
    let last = dense(module, &labels(config)?, hidden, true, rows, Component::LmHead);
    all.tail
        .extend([first, norm(encoder.stack.norm, masked.norm, hidden), last]);
    Ok(())
}

/// The matrix from the last hidden states to the words, for every token.
fn decoder(config: &Config, masked: &Masked, narrow: &Quantity, all: &Assembly<'_>) -> Result<Block, ModelError> {
    let words = &all.vocabulary;
    let mut weight = Tensor::new(
        format!("{}.weight", masked.decoder),
        TensorKind::Head,
        Component::LmHead,
        &[words, narrow],
    );
    weight.tied = all.tied;
    let bias = config
        .decide(masked.bias)?
        .then(|| Tensor::vector(format!("{}.bias", masked.decoder), Component::LmHead, words));
    let mut operator = Operator::linear("lm_head", weight, bias, Rows::Tokens, words, narrow);
    if !masked.twin.is_empty() {
        let mut twin = Tensor::vector(masked.twin, Component::LmHead, words);
        twin.tied = all.tied;
        operator.tensors.push(twin);
    }
    Ok(Block {
        operators: vec![operator],
        ..Block::new("Words", Role::Head)
    })
}

/// A product of every token with the table of relative positions, all heads.
pub fn with_positions(name: &'static str, hidden: &Quantity, twice: &Quantity) -> Operator {
    Operator {
        name,
        component: Component::Attention,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: hidden.clone(),
            output: twice.clone(),
            routing: None,
        },
        tensors: Vec::new(),
    }
}
