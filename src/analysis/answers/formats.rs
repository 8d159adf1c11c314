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
use crate::units::sort_few;

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
    let mut choices: Vec<&Choice> = CHOICES
        .iter()
        .filter(|choice| allowed(choice) && choice.format.bits_per_weight() <= most)
        .collect();
    let keys: Vec<&str> = choices.iter().map(|choice| choice.format.id.as_ref()).collect();
    let mut matrix = Matrix::new(blueprint, scenario, &keys);
    let loss = |choice: &Choice| quality(&choice.format.id).map(|figure| figure.kl_divergence);
    drop_hopeless(&mut choices, &mut matrix, device);
    // The first that fits of those with a figure is the best of them.
    sort_few(&mut choices, |choice| loss(choice).map_or(u64::MAX, f64::to_bits));
    let mut measured: Option<BestFormat> = None;
    let mut other: Option<BestFormat> = None;
    for choice in choices {
        if measured.is_some() && loss(choice).is_some() {
            continue;
        }
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
        let better = |known: &BestFormat| {
            (found.bits_per_weight, found.needed_bytes) > (known.bits_per_weight, known.needed_bytes)
        };
        if figure.is_some() {
            measured = Some(found);
        } else if other.as_ref().is_none_or(better) {
            other = Some(found);
        }
    }
    match (measured, other) {
        (Some(measured), Some(other)) if other.bits_per_weight > measured.bits_per_weight => Some(other),
        (Some(measured), _) => Some(measured),
        (None, other) => other,
    }
}

/// Takes out the kinds of files of which even the one with the fewest bits has no room: the others need more.
fn drop_hopeless(choices: &mut Vec<&Choice>, matrix: &mut Matrix, device: &Device) {
    let bits = |choice: &Choice| choice.format.bits_per_weight();
    let mut smallest: Vec<&Choice> = Vec::new();
    for choice in choices.iter().copied() {
        match smallest.iter_mut().find(|known| known.container == choice.container) {
            Some(known) if bits(choice) < bits(known) => *known = choice,
            Some(_) => {}
            None => smallest.push(choice),
        }
    }
    for one in smallest {
        let cell = matrix.cell(device, &one.format.id);
        // One that is unpacked, or does not run, says nothing of the others.
        let tells = |cell: &Cell| {
            cell.judgement.verdict != Verdict::Unsupported && cell.judgement.support.support != Support::Unpacked
        };
        if cell.is_some_and(|cell| tells(&cell) && !fits_whole(&cell)) {
            choices.retain(|choice| choice.container != one.container);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware;
    use crate::model::catalogue;

    /// Formats that are not weighed lose to those that are: each is asked about alone.
    #[test]
    fn no_format_that_fits_is_better() {
        let scenario = Scenario::default();
        for device in ["rtx-3060-12gb", "rtx-4090", "h100-sxm", "apple-m4-max-40c"] {
            let Ok(device) = hardware::resolve(device) else {
                panic!("{device} is no device");
            };
            for entry in catalogue::entries().iter().step_by(3) {
                let Ok(blueprint) = Blueprint::from_value(entry.config.clone()).map(Arc::new) else {
                    continue;
                };
                let best = best_among(&blueprint, &device, &scenario, |_| true);
                for choice in CHOICES.iter() {
                    let id = &choice.format.id;
                    let Some(alone) = best_among(&blueprint, &device, &scenario, |one| one.format.id == *id) else {
                        continue;
                    };
                    let best = best.as_ref();
                    assert!(best.is_some(), "{} on {}: {id} fits", entry.id, device.id);
                    let Some(best) = best else { continue };
                    let worse = match (&alone.ranked_by, &best.ranked_by) {
                        (RankedBy::Measured(one), RankedBy::Measured(best)) => one.kl_divergence >= best.kl_divergence,
                        (RankedBy::Bits, RankedBy::Bits) => alone.bits_per_weight <= best.bits_per_weight,
                        _ => true,
                    };
                    assert!(worse, "{} on {}: {id} before {:?}", entry.id, device.id, best.format);
                }
            }
        }
    }
}
