//! What one token costs, operator by operator, so that a step of any mix of prompts and answers is plain arithmetic.

use std::borrow::Cow;

use crate::analysis::compute::{Cost, costs};
use crate::analysis::question::Question;
use crate::model::Component;
use crate::model::operator::{Kind, Operator};
use crate::scenario::{Mode, Scenario};

/// How an operator's work is divided among devices and which efficiency it runs at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Products with the weights of attention.
    Projection,
    /// Products with other dense weights: MLPs, shared experts, the head.
    Dense,
    /// Products with routed experts.
    Experts,
    /// Scores and values over the cache, or a state.
    Cache,
    /// Small work that every device repeats: norms, the router.
    Repeated,
    /// Other work element by element.
    Elementwise,
}

/// Work of one sequence in one pass of an operator, all its layers together.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Load {
    /// Operations.
    pub flops: f64,
    /// Activations read and written, bytes.
    pub activation_bytes: f64,
    /// Cache or state read and written, bytes.
    pub cache_bytes: f64,
    /// Rows of activations.
    pub rows: f64,
}

/// An operator.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Work {
    /// Its component.
    pub component: Component,
    /// How it is divided.
    pub class: Class,
    /// Number format of its weights.
    pub format: Option<String>,
    /// All its weights in bytes.
    pub weight_bytes: f64,
    /// Share of the weights one token reads: one but for routed experts.
    pub share: f64,
    /// Heads that store keys, by which a cache can be divided; zero where it cannot.
    pub kv_heads: u64,
    /// One decode step of one sequence at its mean context.
    pub decode: Load,
    /// One prompt.
    pub prefill: Load,
}

/// A question with a mode and a batch of its own.
fn costs_of(question: &Question<'_>, mode: Mode, batch: u64) -> Vec<Cost<f64>> {
    let scenario = Scenario {
        mode,
        batch,
        ..Scenario::clone(&question.scenario)
    };
    costs::<f64>(&Question {
        scenario: Cow::Borrowed(&scenario),
        ..question.clone()
    })
}

fn load(cost: &Cost<f64>, rows: f64, lookup: bool) -> Load {
    Load {
        flops: cost.flops(),
        activation_bytes: cost.activation_bytes + if lookup { cost.weight_bytes } else { 0.0 },
        cache_bytes: cost.kv_bytes,
        rows,
    }
}

fn class(operator: &Operator) -> Class {
    match (&operator.kind, operator.component) {
        (Kind::Attention(_) | Kind::Index(_) | Kind::Scan(_) | Kind::Conv { .. }, _) => Class::Cache,
        (Kind::Linear { routing: Some(_), .. }, _) => Class::Experts,
        (_, Component::Router | Component::Norm) => Class::Repeated,
        (Kind::Linear { .. } | Kind::Expand { .. }, Component::Projection | Component::Attention) => Class::Projection,
        (Kind::Linear { .. } | Kind::Expand { .. }, _) => Class::Dense,
        _ => Class::Elementwise,
    }
}

/// Heads by which the cache of an operator can be divided among devices.
fn kv_heads(operator: &Operator, latent: bool) -> u64 {
    match &operator.kind {
        Kind::Attention(attention) if attention.latent.is_some() && latent => 0,
        Kind::Attention(attention) => attention.kv_heads.value,
        Kind::Index(_) => 0,
        // States of recurrences are divided by heads or channels, of which there are many.
        _ => u64::MAX,
    }
}

/// Every operator of the model that runs over text.
///
/// The work of a pass is linear in its sequences but for weights, so one sequence tells all: a decode step, a prompt.
pub fn works(question: &Question<'_>) -> Vec<Work> {
    let decode = costs_of(question, Mode::Decode, 1);
    let prefill = costs_of(question, Mode::Prefill, 1);
    let latent = question.keeps_latent();
    let operators = question
        .blueprint
        .blocks()
        .flat_map(|place| &place.block.operators)
        .filter(|operator| !operator.is_idle());
    let prompt = question.scenario.prompt as f64;
    operators
        .zip(decode.iter().zip(&prefill))
        .map(|(operator, (decode, prefill))| {
            let (lookup, share) = match &operator.kind {
                Kind::Lookup { .. } => (true, 1.0),
                Kind::Linear {
                    routing: Some(routing), ..
                } => {
                    let experts = routing.experts.value.max(1) as f64;
                    (false, (routing.top_k.value as f64 / experts).clamp(0.0, 1.0))
                }
                _ => (false, 1.0),
            };
            Work {
                component: operator.component,
                class: class(operator),
                format: decode.format.clone(),
                // One token reads its share of the experts.
                weight_bytes: match (lookup, share > 0.0) {
                    (false, true) => decode.weight_bytes / share,
                    _ => 0.0,
                },
                share,
                kv_heads: kv_heads(operator, latent),
                decode: load(decode, 1.0, lookup),
                prefill: load(prefill, prompt, lookup),
            }
        })
        .collect()
}
