//! The format that loses least and still fits whole.

use std::sync::Arc;

use serde::Serialize;

use crate::analysis::fit::{Verdict, unknown_bytes};
use crate::analysis::matrix::{Cell, Matrix};
use crate::analysis::memory::bits_per_weight;
use crate::analysis::setup::Setup;
use crate::hardware::{Device, Engine, Support, Vendor};
use crate::model::Blueprint;
use crate::model::quantisation::{CHOICES, Choice, Quality, WeightFileKind, quality};
use crate::scenario::{Scenario, weight_key};

/// Why it is the best.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RankedBy {
    /// It is as published: nothing is lost.
    Published,
    /// The least published divergence among formats that have a figure.
    Measured(Quality),
    /// The most bits a weight; no figure of its loss is known here.
    Bits,
}

/// A format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestFormat {
    /// Its key; `None` where no format fits.
    pub format: Option<String>,
    /// Its name.
    pub label: String,
    /// Bits a weight takes on average.
    pub bits_per_weight: f64,
    /// The engine it is for.
    pub engine: Engine,
    /// What the fullest device must hold, bytes.
    pub needed_bytes: u64,
    /// What the engine may take of it, bytes.
    pub capacity_bytes: u64,
    /// Why it is the best.
    pub ranked_by: RankedBy,
    /// The scenario with it.
    #[serde(skip)]
    pub scenario: Scenario,
}

/// The best format on a device: as published if that fits, else the one that loses least.
///
/// Formats with a published figure are ranked by it, the others by bits; of the two winners the one with more bits is
/// taken, since figures of different kinds of formats cannot be compared. No format with more bits than the checkpoint.
pub(in crate::analysis) fn best(setup: &Setup, device: &Device, scenario: &Scenario) -> Option<BestFormat> {
    let blueprint = &setup.blueprint;
    let published = &blueprint.published;
    let as_published = scenario.clone().with(|s| {
        s.precision.weights = None;
    });
    if let Some(cell) = Matrix::published(blueprint, &as_published)
        .cell(device, "")
        .filter(fits_whole)
    {
        let format = BestFormat {
            format: Some(published.format.id.to_string()),
            label: published.method.clone(),
            bits_per_weight: effective(blueprint, &as_published, cell.engine),
            engine: cell.engine,
            needed_bytes: cell.total,
            capacity_bytes: cell.judgement.capacity,
            ranked_by: RankedBy::Published,
            scenario: as_published,
        };
        return Some(format);
    }
    // MLX runs on Apple's devices alone.
    let runs = |choice: &Choice| choice.container != WeightFileKind::Mlx || device.vendor == Vendor::Apple;
    let converted = best_among(blueprint, device, scenario, runs);
    Some(converted.unwrap_or_else(|| BestFormat {
        format: None,
        label: String::new(),
        bits_per_weight: 0.0,
        engine: setup.engine,
        needed_bytes: 0,
        capacity_bytes: 0,
        ranked_by: RankedBy::Bits,
        scenario: scenario.clone(),
    }))
}

/// Of some formats the one that loses least and fits whole, with no more bits than the checkpoint.
pub fn best_among(
    blueprint: &Arc<Blueprint>,
    device: &Device,
    scenario: &Scenario,
    allowed: impl Fn(&Choice) -> bool,
) -> Option<BestFormat> {
    let most = blueprint.published.format.bits_per_weight();
    let choices: Vec<&Choice> = CHOICES
        .iter()
        .filter(|choice| allowed(choice) && choice.format.bits_per_weight() <= most)
        .collect();
    let keys: Vec<&str> = choices.iter().map(|choice| choice.format.id.as_ref()).collect();
    let mut matrix = Matrix::new(blueprint, scenario, &keys);
    let mut measured: Option<(f64, BestFormat)> = None;
    let mut other: Option<BestFormat> = None;
    for choice in choices {
        let Some(cell) = matrix.cell(device, &choice.format.id).filter(fits_whole) else {
            continue;
        };
        // What runs only in some slower way is no advice.
        if matches!(cell.judgement.support.support, Support::Emulated | Support::Unpacked) {
            continue;
        }
        let figure = quality(&choice.format.id);
        let converted = scenario.clone().with(|s| {
            s.precision.weights = weight_key(&choice.format.id);
        });
        let found = BestFormat {
            format: Some(choice.format.id.to_string()),
            label: choice.format.label.to_string(),
            bits_per_weight: effective(blueprint, &converted, cell.engine),
            engine: cell.engine,
            needed_bytes: cell.total,
            capacity_bytes: cell.judgement.capacity,
            ranked_by: figure.map_or(RankedBy::Bits, |figure| RankedBy::Measured(figure.clone())),
            scenario: converted,
        };
        match figure.map(|figure| figure.kl_divergence) {
            Some(loss) if measured.as_ref().is_none_or(|(least, _)| loss < *least) => measured = Some((loss, found)),
            Some(_) => {}
            None => {
                let better = |known: &BestFormat| {
                    (found.bits_per_weight, found.needed_bytes) > (known.bits_per_weight, known.needed_bytes)
                };
                if other.as_ref().is_none_or(better) {
                    other = Some(found);
                }
            }
        }
    }
    match (measured.map(|(_, found)| found), other) {
        (Some(measured), Some(other)) if other.bits_per_weight > measured.bits_per_weight => Some(other),
        (Some(measured), _) => Some(measured),
        (None, other) => other,
    }
}

/// Whether it fits whole, with room for what is not known of its peak: what may not fit is no advice.
fn fits_whole(cell: &Cell) -> bool {
    let free = cell.judgement.capacity.saturating_sub(cell.total);
    cell.judgement.verdict == Verdict::Fits && free >= unknown_bytes(cell.total, cell.engine)
}

/// Bits a weight takes on average in an engine.
fn effective(blueprint: &Arc<Blueprint>, scenario: &Scenario, engine: Engine) -> f64 {
    let scenario = scenario.clone().with(|s| {
        s.serving.engine = Some(engine);
        s.hardware.device = None;
    });
    Setup::new(blueprint, &scenario).map_or(0.0, |setup| bits_per_weight(&setup))
}
