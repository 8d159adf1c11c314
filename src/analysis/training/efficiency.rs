//! What share of the peak the products of a training run reach, by what published runs show.
//!
//! The logarithm of the share is a sum of terms, each fitted with a pull towards zero, so that a framework or a device that
//! nobody published counts as the middle of those that somebody did. `calibrate --training` fits them.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::plan::TrainingPlan;
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::model::operator::{Kind, Step};
use crate::scenario::Recompute;
use crate::scenario::training::Framework;

const TABLE: &str = include_str!("../../../data/training_efficiencies.csv");

/// The share from which terms tell the difference.
pub const USUAL: f64 = 0.45;

/// A share of the peak, and how far runs lie apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Efficiency {
    /// The share.
    pub middle: f64,
    /// Factors of the step's time between which four of five runs lie.
    pub spread: (f64, f64),
    /// Published runs of the same framework, device family and precision.
    pub runs: u64,
}

/// What the share depends on, as terms with their weights.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Name and weight of each term.
    pub terms: Vec<(String, f64)>,
    /// Framework, device family and precision: how near published runs are.
    pub nearness: String,
}

impl Question {
    /// Of a run on a device.
    pub fn new(setup: &Setup, plan: &TrainingPlan, device: &Device) -> Self {
        let framework = plan.framework.key();
        let family = device.family.as_str();
        let precision = plan.precision.key();
        let mut terms = vec![
            ("all".to_owned(), 1.0),
            (format!("framework {framework}"), 1.0),
            (format!("family {family}"), 1.0),
            (format!("device {}", device.id), 1.0),
            (format!("precision {precision}"), 1.0),
            (format!("framework {framework} on {family}"), 1.0),
            ("rows".to_owned(), (plan.rank_tokens() as f64 / 8192.0).max(1e-3).ln()),
        ];
        let routed = expert_width(setup);
        let hidden = setup.blueprint.hidden.value as f64;
        if let Some(width) = routed {
            terms.push(("experts".to_owned(), 1.0));
            terms.push((format!("experts in {precision}"), 1.0));
            terms.push(("expert width".to_owned(), (width / 1536.0).ln()));
            terms.push(("expert input".to_owned(), (hidden / 4096.0).max(1e-3).ln()));
        } else {
            let width = hidden / plan.tensor.max(1) as f64;
            terms.push(("width".to_owned(), (width / 4096.0).max(1e-3).ln()));
        }
        if plan.adapters.is_some() {
            terms.push(("adapters".to_owned(), 1.0));
        }
        if plan.recompute == Recompute::Full {
            terms.push(("recomputed".to_owned(), 1.0));
        }
        if plan.framework == Framework::Torchtitan && !plan.compiled {
            terms.push(("not compiled".to_owned(), 1.0));
        }
        let experts = if routed.is_some() { " experts" } else { "" };
        Self {
            terms,
            nearness: format!("{framework} {family} {precision}{experts}"),
        }
    }
}

/// Width of one expert, where the model has some.
fn expert_width(setup: &Setup) -> Option<f64> {
    let places = setup.blueprint.blocks().filter(|place| place.block.needs_no_image());
    let operators = places.flat_map(|place| &place.block.operators);
    let widths = operators.filter_map(|operator| match &operator.kind {
        Kind::Elementwise {
            width,
            step: Step::Activation | Step::GatedActivation,
            routing: Some(_),
            ..
        } => Some(width.value.max(1) as f64),
        _ => None,
    });
    widths.reduce(f64::max)
}

#[derive(Debug, Default)]
struct Table {
    terms: HashMap<&'static str, f64>,
    near: HashMap<&'static str, u64>,
    spreads: HashMap<&'static str, (f64, f64)>,
}

/// Rows are `kind,name,value,second,runs`; what does not parse is left out, which a test counts.
static FITTED: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for line in TABLE.lines().skip(1) {
        let mut cells = line.split(',');
        let (Some(kind), Some(name), Some(value), Some(second), Some(runs)) =
            (cells.next(), cells.next(), cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let number = |text: &str| text.parse::<f64>().ok();
        match kind {
            "term" => {
                table.terms.extend(number(value).map(|value| (name, value)));
            }
            "runs" => {
                table.near.extend(runs.parse().ok().map(|runs: u64| (name, runs)));
            }
            "spread" => {
                table
                    .spreads
                    .extend(number(value).zip(number(second)).map(|ends| (name, ends)));
            }
            _ => {}
        }
    }
    table
});

/// Runs from which a combination counts as published.
pub const FEW: u64 = 4;

impl Efficiency {
    /// A share that was given.
    pub const fn given(share: f64) -> Self {
        Self {
            middle: share,
            spread: (1.0, 1.0),
            runs: 0,
        }
    }
    /// What published runs show.
    pub fn of(question: &Question) -> Self {
        let table = &*FITTED;
        let sum: f64 = question
            .terms
            .iter()
            .map(|(name, weight)| table.terms.get(name.as_str()).copied().unwrap_or(0.0) * weight)
            .sum();
        let runs = table.near.get(question.nearness.as_str()).copied().unwrap_or(0);
        let level = if runs >= FEW { "near" } else { "far" };
        Self {
            middle: (USUAL * sum.exp()).clamp(0.01, 0.95),
            spread: table.spreads.get(level).copied().unwrap_or((0.6, 1.7)),
            runs,
        }
    }
    /// Whether few or no runs like this were published.
    pub const fn is_far(&self) -> bool {
        self.runs < FEW
    }
}
