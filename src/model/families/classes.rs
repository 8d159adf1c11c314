//! Language models whose class writes nothing: bare ones, and those that sort texts or words by what the layers found.

use super::super::blueprint::{Blueprint, Reading};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::notice::Notice;
use super::super::operator::{Block, Kind, Operator, Rows};
use super::super::quantisation::{Span, Work};
use super::encoder::not_built;
use super::encoding::{dense, labels};
use crate::units::Quantity;

/// Classes that are named like bare ones, and write.
const WRITES: [&str; 3] = ["Blip2Model", "ChatGLMModel", "InternVLChatModel"];

/// Parts of the names of classes with heads of their own.
const UNKNOWN: [&str; 6] = [
    "Reward",
    "DoubleHeads",
    "Bidirectional",
    "TextRetrieval",
    "WithProjection",
    "MultipleChoice",
];

/// The blueprint as its class has it: without the output head where it has none, with the one that sorts where it has
/// that (`score`, of transformers' generic classes).
///
/// # Errors
/// A class whose head is not known.
pub fn as_named(config: &Config, name: &str, blueprint: Blueprint) -> Result<Blueprint, ModelError> {
    let around = config.root_type() != config.model_type();
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    // Around an encoder of text, and in one decoder, only the classes of words are built.
    let words = match config.model_type() {
        "modernbert" | "ultrabert" if around => ends(&["ForMaskedLM", "ForRetrieval"]),
        "modernbert-decoder" => ends(&["ForCausalLM"]),
        _ => true,
    };
    if !words {
        return not_built(config, class(name));
    }
    if blueprint.reading != Reading::Writes {
        return Ok(blueprint);
    }
    // ShieldGemma answers with the words of its language model.
    let sorts = around && ends(&["Classification", "ForQuestionAnswering"]) && !name.starts_with("ShieldGemma2");
    if sorts || UNKNOWN.iter().any(|part| name.contains(part)) {
        return not_built(config, class(name));
    }
    let Some(width) = written(&blueprint) else {
        return Ok(blueprint);
    };
    let head = |module, out: &Quantity, bias| dense(module, out, &width, bias, Rows::Tokens, Component::LmHead);
    let new = if ends(&["ForSequenceClassification"]) {
        Some(head("score", &labels(config)?, false))
    } else if ends(&["ForTokenClassification"]) {
        Some(head("score", &labels(config)?, true))
    } else if ends(&["ForQuestionAnswering"]) {
        let both = Quantity::architecture("start and end", 2, "an answer has a first and a last token");
        Some(head("qa_outputs", &both, true))
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

/// Types that have the classes of another.
const CLASSES: [(&str, &str); 2] = [("gpt-sw3", "gpt2"), ("iquestcoder", "llama")];

/// Whether a class is the type's own name with "Model" after it.
fn bare(name: &str, model_type: &str) -> bool {
    let class = CLASSES.iter().find(|(own, _)| *own == model_type);
    let model_type = class.map_or(model_type, |(_, class)| class);
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let stem = name.strip_suffix("Model").map(plain);
    !WRITES.contains(&name) && stem.is_some_and(|stem| stem == plain(model_type))
}

fn without_words(mut blueprint: Blueprint, name: &str, new: Option<Block>) -> Result<Blueprint, ModelError> {
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
