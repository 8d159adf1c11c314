//! The weights in the formats worth a comparison, everything else alike.

use std::sync::Arc;

use super::compute::costs;
use super::error::AnalysisError;
use super::file_kind::usual_container;
use super::fit::{Demand, Verdict, capacity, fit};
use super::memory::memory;
use super::placement::{RankMemory, fullest, ranks};
use super::runs_here::RunsHere;
use super::serving::{admitted, throughput};
use super::setup::Setup;
use super::speed::speed;
use crate::model::Format;
use crate::model::quantisation::{Quality, Quantisation, Scope, WeightFileKind, quality};
use crate::scenario::{Scenario, weight_key};
use crate::units::Exact;

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

impl ComparedFormat {
    /// What the fullest device holds, part by part, and the verdict in the engine of this format; none without a device.
    ///
    /// # Errors
    /// See [`AnalysisError`].
    pub fn held(&self) -> Result<(RankMemory, Option<Verdict>), AnalysisError> {
        let ranks = ranks(&self.setup, &memory::<Exact>(&self.setup))?;
        let device = self.setup.device();
        let verdict = device.map(|device| Demand::of(&self.setup, &ranks).verdict_on(device).verdict);
        Ok((ranks.fullest().cloned().unwrap_or_default(), verdict))
    }
    fn fits(&self) -> bool {
        let device = self.setup.device();
        device.is_none_or(|device| {
            let held = fullest(&self.setup).map_or(u64::MAX, |held| held.total_bytes);
            held <= capacity(&self.setup, device)
        })
    }
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
        // Where none of the engine's formats has room: what one would use instead, whoever runs it.
        if !found.rows.iter().any(ComparedFormat::fits)
            && let Ok(best) = RunsHere::of(&setup.blueprint, &setup.requested)
        {
            let other = setup.under(best.scenario)?;
            let engine = (other.engine != setup.engine).then(|| format!(" with {}", other.engine.label()));
            found.rows.push(ComparedFormat {
                label: format!("{}{}", other.weights.method, engine.unwrap_or_default()),
                setup: admitted(other),
            });
        }
        Ok(found)
    }
}

/// What a compared format comes to.
#[derive(Clone, Debug, PartialEq)]
pub struct FormatFigures {
    /// Its name: `BF16 (as published)`.
    pub label: String,
    /// Whether the scenario has it.
    pub now: bool,
    /// Bytes of the weights on the fullest device.
    pub weights: u64,
    /// All that the fullest device holds, bytes.
    pub total: u64,
    /// Whether it fits whole; none without a device.
    pub fits: Option<bool>,
    /// Tokens a second, expected and at both ends; none where it does not run or is not known.
    pub pace: Option<(f64, f64, f64)>,
    /// What it loses against what is published: nothing, a figure, or not known.
    pub loss: Option<f64>,
    /// The model that its loss was measured on and who did.
    pub measured_on: Option<&'static Quality>,
}

impl FormatComparison {
    /// Size, speed and published loss of each.
    pub fn figures(&self) -> Vec<FormatFigures> {
        let of = |(at, row): (usize, &ComparedFormat)| {
            let held = fullest(&row.setup).ok()?;
            let published = rule(&row.setup.weights) == rule(&row.setup.blueprint.published);
            let measured_on = quality(&row.setup.weights.format.id).filter(|_| !published);
            Some(FormatFigures {
                label: row.label.clone(),
                now: at == 0,
                weights: held.weights_bytes,
                total: held.total_bytes,
                fits: row
                    .setup
                    .device()
                    .map(|device| held.total_bytes <= capacity(&row.setup, device)),
                pace: pace(&row.setup),
                loss: if published {
                    Some(0.0)
                } else {
                    measured_on.map(|one| one.kl_divergence)
                },
                measured_on,
            })
        };
        self.rows.iter().enumerate().filter_map(of).collect()
    }
}

/// Tokens a second of a setup as it runs: expected, slow end, fast end.
fn pace(setup: &Setup) -> Option<(f64, f64, f64)> {
    if let Some(rates) = throughput(setup) {
        return Some(rates);
    }
    let memory = memory::<Exact>(setup);
    let fit = fit(setup, &ranks(setup, &memory).ok()?, setup.device()?);
    if !matches!(fit.verdict, Verdict::Fits | Verdict::Offload) {
        return None;
    }
    let speed = speed(setup, &costs(setup), &fit.host())?;
    let (low, high) = speed.tokens_per_second_between?;
    Some((speed.tokens_per_second, low, high))
}

/// What tells two formats apart.
fn rule(weights: &Quantisation) -> (Format, Format, Scope) {
    (weights.base.clone(), weights.format.clone(), weights.scope)
}
