//! The weights in the formats worth a comparison, everything else alike.

use std::sync::Arc;

use super::error::AnalysisError;
use super::file_kind::usual_container;
use super::serving::admitted;
use super::setup::Setup;
use crate::model::Format;
use crate::model::quantisation::{Quantisation, Scope, WeightFileKind};
use crate::scenario::{Scenario, weight_key};

/// Formats worth a comparison: one of each width that an engine loads, beside the published one and the scenario's own.
const fn compared(container: WeightFileKind) -> [&'static str; 4] {
    match container {
        WeightFileKind::Safetensors => ["bf16", "fp8", "nf4", "int4"],
        WeightFileKind::Gguf => ["q8_0", "q6_k", "q4_k_m", "iq2_m"],
        WeightFileKind::Mlx => ["mlx-q8", "mlx-q6", "mlx-q4", "mlx-q3"],
        WeightFileKind::Exl2 => ["exl2-6.0", "exl2-5.0", "exl2-4.0", "exl2-3.0"],
        WeightFileKind::Exl3 => ["exl3-6.0", "exl3-4.0", "exl3-3.0", "exl3-2.0"],
    }
}

/// A format that is compared.
#[derive(Clone, Debug)]
pub struct ComparedFormat {
    /// Its name: `BF16 (as published)`.
    pub label: String,
    /// The setup with it, as it runs.
    pub setup: Setup,
}

/// A setup beside the same in other formats. Kept from one analysis to the next, so that a change of the workload resolves
/// none of them again.
#[derive(Clone, Debug, Default)]
pub struct FormatComparison {
    resolved: Vec<Setup>,
    /// The setup's own format first; the same format under two names is one row. Empty in training.
    pub rows: Vec<ComparedFormat>,
}

impl FormatComparison {
    /// Compares a setup; what was resolved for the comparison before is used where it still holds.
    ///
    /// # Errors
    /// See [`AnalysisError`].
    pub fn of(setup: &Setup, before: &Self) -> Result<Self, AnalysisError> {
        let mut found = Self::default();
        if setup.requested.workload.mode.trains() {
            return Ok(found);
        }
        // All for the one engine that is in use.
        let engine = setup.engine;
        let others = compared(usual_container(engine)).map(weight_key);
        let mut seen = Vec::new();
        for weights in [setup.requested.precision.weights, None].into_iter().chain(others) {
            let known = before.resolved.iter().find(|one| {
                let same = (one.requested.precision.weights, one.requested.serving.engine) == (weights, Some(engine));
                same && Arc::ptr_eq(&one.blueprint, &setup.blueprint)
            });
            let mut scenario = Scenario::clone(&setup.requested);
            (scenario.precision.weights, scenario.serving.engine) = (weights, Some(engine));
            let other = known.unwrap_or(setup).under(scenario)?;
            found.resolved.push(other.clone());
            if seen.contains(&rule(&other.weights)) {
                continue;
            }
            seen.push(rule(&other.weights));
            let method = &other.weights.method;
            let label = if rule(&other.weights) == rule(&setup.blueprint.published) {
                format!("{method} (as published)")
            } else {
                method.clone()
            };
            found.rows.push(ComparedFormat {
                label,
                setup: admitted(other),
            });
        }
        Ok(found)
    }
}

/// What tells two formats apart.
fn rule(weights: &Quantisation) -> (Format, Format, Scope) {
    (weights.base.clone(), weights.format.clone(), weights.scope)
}
