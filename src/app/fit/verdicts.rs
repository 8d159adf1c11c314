//! Every device in every format, computed in slices.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use weighbridge::analysis::matrix::formats;
use weighbridge::analysis::{Matrix, bits_per_weight, in_best_format};
use weighbridge::hardware::{CUSTOM, Device, devices_as_owned};
use weighbridge::model::quantisation;
use weighbridge::scenario::weight_key;

use super::weigh::Weighed;
use crate::app::case::Answer;
use crate::app::hardware::facts::resolve;

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Key of the format.
    pub key: &'static str,
    /// Its name.
    pub label: String,
    /// Bits a weight.
    pub bits: f64,
    cells: Vec<Option<Weighed>>,
}

/// Devices that are weighed in one slice.
const SLICE: usize = 64;

/// All verdicts on a question: what of the engine's matrix is on the page.
#[derive(Debug)]
pub struct Verdicts {
    /// Devices, those described in the link first.
    pub devices: Vec<Cow<'static, Device>>,
    /// Formats.
    pub columns: Vec<Column>,
    /// Keys of all formats, in the order of the columns.
    formats: Vec<&'static str>,
    /// Verdicts of the next format, as far as they are there.
    next: Vec<Option<Weighed>>,
    /// The question.
    answer: Answer,
    matrix: Matrix,
}

impl Verdicts {
    /// The verdict on a device in a format.
    pub fn cell(&self, row: usize, at: usize) -> Option<&Weighed> {
        self.columns.get(at)?.cells.get(row)?.as_ref()
    }
    /// None of them yet. The formats in `first` come first.
    pub fn new(answer: Answer, first: &[&'static str]) -> Self {
        let scenario = &answer.scenario;
        let usual = formats(scenario.workload.mode).iter().copied().filter_map(weight_key);
        let trains = scenario.workload.mode.trains();
        // The format in hand has a column wherever it came from.
        let own = scenario.precision.weights.filter(|_| !trains);
        let mut columns: Vec<&'static str> = Vec::new();
        for key in first.iter().copied().filter(|_| !trains).chain(own).chain(usual) {
            if !columns.contains(&key) {
                columns.push(key);
            }
        }
        let named = scenario.hardware.device.iter().chain(&scenario.hardware.beside);
        let own = named
            .clone()
            .filter(|id| id.starts_with(CUSTOM))
            .filter_map(|id| resolve(id));
        Self {
            devices: own.chain(devices_as_owned(named)).collect(),
            columns: Vec::with_capacity(columns.len()),
            next: Vec::new(),
            matrix: Matrix::new(&answer.blueprint, scenario, &columns),
            formats: columns,
            answer,
        }
    }
    /// Bits a weight of a format, in the engine that is usual for its files.
    fn bits(&self, key: &'static str) -> f64 {
        let setup = self.answer.analysis.setup.with(|scenario| {
            scenario.precision.weights = Some(key);
            scenario.hardware.device = None;
        });
        setup.map_or(0.0, |setup| bits_per_weight(&setup))
    }
    /// Judges some more devices; false when all are done in every format.
    fn go_on(&mut self) -> bool {
        let Some(key) = self.formats.get(self.columns.len()).copied() else {
            return false;
        };
        let from = self.next.len();
        let upto = (from + SLICE).min(self.devices.len());
        let devices = self.devices.get(from..upto).unwrap_or_default();
        let matrix = &mut self.matrix;
        self.next
            .extend(devices.iter().map(|device| Weighed::with_pace(matrix, device, key)));
        if upto == self.devices.len() {
            let choice = quantisation::choice(key);
            self.columns.push(Column {
                key,
                label: choice
                    .as_ref()
                    .map_or_else(|| key.to_owned(), |one| short_format(&one.format.label)),
                bits: self.bits(key),
                cells: std::mem::take(&mut self.next),
            });
        }
        self.columns.len() < self.formats.len()
    }
}

/// The formats that people look for first on the device in hand: the one that is chosen or published, and the one that loses
/// least and fits whole there.
pub fn looked_for(answer: &Answer) -> Vec<&'static str> {
    let setup = &answer.analysis.setup;
    let own = answer
        .scenario
        .precision
        .weights
        .or_else(|| weight_key(&answer.blueprint.published.format.id));
    let best = in_best_format(setup).and_then(|best| best.precision.weights);
    own.into_iter().chain(best).collect()
}

/// A format's name for a narrow column.
fn short_format(label: &str) -> String {
    label.split(" (").next().unwrap_or(label).to_owned()
}

/// Runs a slice, hands over what is complete, and goes on as soon as the browser has had its turn.
pub fn slice(place: RwSignal<Option<Arc<Verdicts>>>, turns: StoredValue<u64>, turn: u64, mut verdicts: Verdicts) {
    set_timeout(
        move || {
            // A newer question has begun, or the tab is closed.
            if turns.try_get_value() != Some(turn) {
                return;
            }
            if verdicts.go_on() {
                slice(place, turns, turn, verdicts);
            } else {
                place.set(Some(Arc::new(verdicts)));
            }
        },
        Duration::ZERO,
    );
}

/// Row and column of the scenario itself, as far as it has them.
pub fn now_of(verdicts: &Verdicts) -> (Option<usize>, Option<usize>) {
    let scenario = &verdicts.answer.scenario;
    let hardware = scenario.hardware.device.as_deref().unwrap_or_default();
    let published = verdicts.answer.blueprint.published.format.id.to_string();
    let format = scenario.precision.weights.map_or(published, str::to_owned);
    (
        verdicts.devices.iter().position(|device| device.id == hardware),
        verdicts.columns.iter().position(|column| column.key == format),
    )
}
