//! Why calculators disagree: the common rules of others on the model in hand, each with its result, ours, and the assumption
//! behind the gap.

mod facts;
mod rules;

use crate::analysis::Analysis;
use crate::units::{UnitSystem, count, decimal, grouped};

use facts::Facts;
use rules::RULES;

/// What a rule gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Of {
    /// Memory in all, bytes.
    Memory,
    /// The KV cache, bytes.
    KvCache,
    /// Activations, bytes.
    Activations,
    /// Parameters.
    Parameters,
    /// Operations of the pass.
    Flops,
    /// Tokens a second.
    Speed,
}

impl Of {
    /// Its key.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Its name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Memory => "Memory",
            Self::KvCache => "KV cache",
            Self::Activations => "Activations",
            Self::Parameters => "Parameters",
            Self::Flops => "Operations of a pass",
            Self::Speed => "Tokens a second",
        }
    }
    /// A value in words.
    pub fn write(self, value: f64, units: UnitSystem) -> String {
        match self {
            Self::Memory | Self::KvCache | Self::Activations => units.bytes(value),
            Self::Parameters => grouped(value as u64),
            Self::Flops => count(value, "FLOP"),
            Self::Speed => decimal(value),
        }
    }
    /// As it is estimated here, of all devices together.
    fn ours(self, facts: &Facts<'_>) -> Option<f64> {
        let analysis = facts.analysis;
        Some(match self {
            Self::Memory => facts.total(),
            Self::KvCache => analysis.ranks.sum(|held| held.kv_cache_bytes) as f64,
            Self::Activations => analysis.ranks.sum(|held| held.activation_bytes) as f64,
            Self::Parameters => facts.parameters,
            Self::Flops => analysis.flops,
            Self::Speed => {
                analysis
                    .speed
                    .as_ref()
                    .filter(|speed| speed.pass.is_some())?
                    .tokens_per_second
            }
        })
    }
}

/// Where a rule is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The tool or text.
    pub name: &'static str,
    /// Its address, where it has a lasting one.
    pub url: Option<&'static str>,
}

/// A rule on the model in hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Opinion {
    /// Its key.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The rule.
    pub formula: &'static str,
    /// What it gives.
    pub of: Of,
    /// Its result.
    pub theirs: f64,
    /// The estimate's.
    pub ours: f64,
    /// The assumption behind the gap.
    pub why: String,
    /// Where it is published.
    pub source: Source,
}

impl Opinion {
    /// How far the rule is off, as a share of the estimate; none where that is nothing.
    pub fn off(&self) -> Option<f64> {
        (self.ours > 0.0).then(|| self.theirs / self.ours - 1.0)
    }
}

/// The opinions on an analysis, by what they are of; rules that do not speak of such a model are left out.
pub fn opinions(analysis: &Analysis) -> Vec<Opinion> {
    let facts = Facts::of(analysis);
    let opinion = |rule: &rules::Rule| {
        let theirs = (rule.value)(&facts).filter(|value| value.is_finite())?;
        Some(Opinion {
            key: rule.key,
            name: rule.name,
            formula: rule.formula,
            of: rule.of,
            theirs,
            ours: rule.of.ours(&facts)?,
            why: (rule.why)(&facts),
            source: rule.source,
        })
    };
    let mut all: Vec<Opinion> = RULES.iter().filter_map(opinion).collect();
    all.sort_by_key(|one| one.of as u8);
    all
}
