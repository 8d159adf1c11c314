//! Language models whose class writes nothing: bare ones, and those that sort texts or words by what the layers found.

use serde_json::Value;

use super::super::blueprint::{Blueprint, Reading};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::notice::Notice;
use super::super::operator::{Kind, Operator, Rows};
use super::super::quantisation::{Span, Work};
use super::encoder::not_built;
use super::encoding::{dense, labels};
use crate::units::Quantity;

/// Classes that are named like bare ones, and write.
const WRITES: [&str; 3] = ["Blip2Model", "ChatGLMModel", "InternVLChatModel"];

/// The blueprint as the class that `architectures` names has it: without the output head where it has none, with the
/// one that sorts where it has that (`score`, of transformers' generic classes).
///
/// # Errors
/// A class whose head is not known.
pub fn as_named(config: &Config, blueprint: Blueprint) -> Result<Blueprint, ModelError> {
    let names = config.get_anywhere("architectures").and_then(Value::as_array);
    let Some(name) = names.and_then(|names| names.first()).and_then(Value::as_str) else {
        return Ok(blueprint);
    };
    let whole = config.root_type() != config.model_type();
    // Around an encoder of text the class of masked words is the one that is built.
    let masked = ["modernbert", "ultrabert"].contains(&config.model_type()) && whole;
    if masked && !["ForMaskedLM", "ForRetrieval"].iter().any(|end| name.ends_with(end)) {
        return not_built(config, class(name));
    }
    if blueprint.reading != Reading::Writes {
        return Ok(blueprint);
    }
    let unknown = [
        "Reward",
        "DoubleHeads",
        "Bidirectional",
        "TextRetrieval",
        "WithProjection",
        "MultipleChoice",
    ];
    let sorts = [
        "ForSequenceClassification",
        "ForTokenClassification",
        "ForQuestionAnswering",
    ];
    if unknown.iter().any(|part| name.contains(part)) || whole && sorts.iter().any(|end| name.ends_with(end)) {
        return not_built(config, class(name));
    }
    if config.model_type() == "modernbert-decoder" && !name.ends_with("ForCausalLM") {
        return not_built(config, class(name));
    }
    let head = |module, out: &Quantity, input: &Quantity, bias| {
        Some(dense(module, out, input, bias, Rows::Tokens, Component::LmHead))
    };
    let Some(width) = written(&blueprint) else {
        return Ok(blueprint);
    };
    let new = if name.ends_with("ForSequenceClassification") {
        head("score", &labels(config)?, &width, false)
    } else if name.ends_with("ForTokenClassification") {
        head("score", &labels(config)?, &width, true)
    } else if name.ends_with("ForQuestionAnswering") {
        head(
            "qa_outputs",
            &Quantity::architecture("start and end", 2, "an answer has a first and a last token"),
            &width,
            true,
        )
    } else if bare(name, config.root_type()) {
        None
    } else {
        return Ok(blueprint);
    };
    without_words(blueprint, name, new)
}

fn class(name: &str) -> String {
    format!("The class {}", name.chars().take(80).collect::<String>())
}

fn is_words(operator: &Operator) -> bool {
    matches!(&operator.kind, Kind::Linear { rows: Rows::Logits, .. })
}

/// Width of what the output head reads.
fn written(blueprint: &Blueprint) -> Option<Quantity> {
    let mut operators = blueprint.head.iter().flat_map(|block| &block.operators);
    operators.find_map(|operator| match &operator.kind {
        Kind::Linear {
            rows: Rows::Logits,
            input,
            ..
        } => Some(input.clone()),
        _ => None,
    })
}

/// Whether a class is the type's own name with "Model" after it.
fn bare(name: &str, model_type: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let stem = name.strip_suffix("Model").map(plain);
    !WRITES.contains(&name) && stem.is_some_and(|stem| stem == plain(model_type))
}

fn without_words(
    mut blueprint: Blueprint,
    name: &str,
    new: Option<super::super::operator::Block>,
) -> Result<Blueprint, ModelError> {
    blueprint.head.retain(|block| !block.operators.iter().any(is_words));
    if let Some(mut block) = new {
        for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
            tensor.by_rule = blueprint.published.count(tensor, Span::Once, &Work::default())?;
        }
        blueprint.head.push(block);
    }
    blueprint.tied = false;
    blueprint.reading = Reading::Encodes;
    blueprint.notices.push(Notice::new(
        "class_writes_nothing",
        format!(
            "The config names the class {}, which has no output head (architectures).",
            name.chars().take(80).collect::<String>()
        ),
    ));
    Ok(blueprint)
}
