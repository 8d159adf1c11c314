//! Models around a language model: towers and projectors, and by which rules they read.

use serde_json::Value;

use super::super::blueprint::{Blueprint, Tower};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::library::library;
use super::super::operator::Block;
use super::super::quantisation::{Span, Work};
use super::wrappers::{WRAPPERS, senses};
use super::{FIRST, keys, language};
use crate::units::Quantity;

/// A kind of model around a language model.
#[derive(Debug)]
pub struct Wrapper {
    /// Values of `model_type` at the root.
    pub types: &'static [&'static str],
    /// Whose `tie_word_embeddings` counts.
    pub tie: Tie,
    /// Its towers and projectors.
    pub towers: Towers,
    /// The class of its language model, where it is not the one that the language model has alone; empty is none.
    pub class: &'static str,
    /// What it has after the language model.
    pub after: After,
}

/// From what is around a language model to what follows it.
pub type After = fn(&Around<'_>, &mut Blueprint) -> Result<(), ModelError>;

/// From what is around a language model to its towers.
pub type Towers = fn(&Around<'_>) -> Result<Vec<Tower>, ModelError>;

/// The key under which a checkpoint says how it is stored.
const QUANTISATION: &str = "quantization_config";

/// Whose `tie_word_embeddings` counts where wrapper and language model disagree. Seen by building each class of
/// transformers 5.23 with all nine combinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tie {
    /// The wrapper's, else its class default, whatever the language model says.
    Whole,
    /// Tied where either says so.
    Either,
    /// The language model's.
    Text,
    /// Tied where the wrapper says so, else as the language model or its class does.
    TextOrWhole,
    /// Tied unless both say otherwise.
    Apart,
    /// The head is a matrix of its own, whatever is said.
    Never,
}

/// What a wrapper's towers are read from.
#[derive(Debug)]
pub struct Around<'a> {
    /// The config as it came.
    pub config: &'a Config,
    /// The keys of the wrapper itself.
    pub whole: Config,
    /// Width of the language model.
    pub text: &'a Quantity,
}

/// Builds the blueprint of a config, with whatever is around its language model.
///
/// # Errors
/// An unknown model type, a part that is not built, or what [`ModelError`] lists.
pub fn build(config: &Config) -> Result<Blueprint, ModelError> {
    let root = config.root_type();
    if root == config.model_type() && FIRST.iter().any(|family| family.types.contains(&root)) {
        return language(config);
    }
    (library()?.wrapped)(config)
}

/// The same, where it is none of the first families alone.
///
/// # Errors
/// As [`build`].
pub fn wrapped(config: &Config) -> Result<Blueprint, ModelError> {
    let root = config.root_type();
    let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.types.contains(&root)) else {
        // A part that is not built would be missing from every number, so the whole is refused.
        if root != config.model_type() {
            return Err(ModelError::NotBuilt {
                model_type: root.chars().take(80).collect(),
                what: "Whatever surrounds its language model".to_owned(),
            });
        }
        return language(config);
    };
    let whole = config.whole();
    let tied = tie(config, &whole, wrapper.tie);
    let text = match tied {
        Some(value) => config.with(keys::TIE, value),
        None => config.with(keys::TIE, Value::Null),
    };
    let text = match wrapper.class {
        "" => text,
        class => text.with("architectures", Value::Array(vec![Value::String(class.to_owned())])),
    };
    let mut blueprint = language(&text)?;
    let hidden = blueprint.hidden.clone();
    let around = Around {
        config,
        whole,
        text: &hidden,
    };
    let named = |error| match error {
        ModelError::NotBuilt { what, .. } => ModelError::NotBuilt {
            model_type: root.to_owned(),
            what,
        },
        other => other,
    };
    // Beside a language model that has an encoder, that encoder stays.
    blueprint.towers.extend((wrapper.towers)(&around).map_err(named)?);
    blueprint.senses = senses(root, &around).map_err(named)?;
    (wrapper.after)(&around, &mut blueprint).map_err(named)?;
    // A format named inside the language model's own object says nothing of what is around it.
    let inside = around.whole.get(QUANTISATION).is_none() && config.get(QUANTISATION).is_some();
    if inside {
        blueprint.published.leave_towers();
    } else {
        count_rules(&mut blueprint)?;
    }
    blueprint.notices = config.notices();
    Ok(blueprint)
}

/// The flag that decides whether the head is the token table, and a notice where no file says so.
fn tie(config: &Config, whole: &Config, whose: Tie) -> Option<Value> {
    let given = |config: &Config| config.get(keys::TIE).cloned();
    let otherwise = |config: &Config| config.class_default(keys::TIE).cloned();
    let (explicit, assumed) = match whose {
        Tie::Never => return Some(Value::Bool(false)),
        Tie::Text => (given(config), otherwise(config).or_else(|| otherwise(whole))),
        Tie::TextOrWhole => {
            let yes = given(whole).filter(|value| *value == Value::Bool(true));
            (yes.or_else(|| given(config)), otherwise(config))
        }
        Tie::Apart => {
            let said = given(whole).zip(given(config));
            let apart = said.is_some_and(|said| said == (Value::Bool(false), Value::Bool(false)));
            return Some(Value::Bool(!apart));
        }
        // A wrapper whose class has no default leaves it to the language model.
        Tie::Whole => match (given(whole), otherwise(whole)) {
            (None, None) => (given(config), otherwise(config)),
            found => found,
        },
        Tie::Either => {
            let yes = Value::Bool(true);
            let one = given(whole).filter(|value| *value == yes);
            let other = given(config).filter(|value| *value == yes);
            (one.or(other).or_else(|| given(whole)), otherwise(whole))
        }
    };
    if explicit.is_some() {
        return explicit;
    }
    if let Some(Value::Bool(tied)) = &assumed {
        let words = if *tied {
            "shared with the token table"
        } else {
            "a matrix of its own"
        };
        config.notice(
            "tie_assumed",
            format!(
                "tie_word_embeddings is not in the config; for {} the output head is {words}.",
                config.root_type()
            ),
        );
    }
    assumed
}

/// Counts for the tensors of towers in how many of their layers the published rules for single modules hold.
fn count_rules(blueprint: &mut Blueprint) -> Result<(), ModelError> {
    let Blueprint { published, towers, .. } = blueprint;
    let work = Work::default();
    for Tower { blocks, count, .. } in towers {
        let span = count.as_ref().map_or(Span::Once, |count| Span::Tower(count.value));
        let operators = blocks.iter_mut().flat_map(|block: &mut Block| &mut block.operators);
        for tensor in operators.flat_map(|operator| &mut operator.tensors) {
            tensor.by_rule = published.count(tensor, span, &work)?;
        }
    }
    Ok(())
}
