//! The fit: logarithms of shares and costs as sums over levels, least absolute logarithmic error, each level held near zero.

use std::collections::{BTreeMap, BTreeSet};

use strum::{EnumCount, IntoEnumIterator};
use weighbridge::analysis::time::seconds;
use weighbridge::hardware::efficiency::{Coefficients, Factors, FormatClass, Terms};

use super::rows::{Row, with_terms};

/// Where the shares start, and what they are held near to: bandwidth, cache, keys, launch, compute, attention, activations, launch of a
/// micro-batch.
const START: [f64; 8] = [0.8, 0.5, 15.0, 6e3, 0.4, 16.0, 0.5, 1.6e4];
/// The same for the terms, in the order of [`Terms::NAMES`], with the deviation they may take; zero is fixed.
pub const TERMS: [(f64, f64); 10] = [
    (20.0, 0.5),
    (0.3, 0.5),
    (3.0, 0.5),
    (0.7, 0.0),
    (0.8, 0.5),
    (1e5, 1.0),
    (1e6, 1.0),
    (5.5e10, 0.2),
    (0.7, 0.0),
    (1e4, 0.0),
];
/// How far a level strays from the one above, as a standard deviation of the logarithm.
const STRAY: [(&str, f64); 4] = [
    ("group", 0.35),
    ("generation", 0.25),
    ("device", 0.12),
    ("engine", 0.35),
];
/// Deviation of a format's factors.
const FORMAT: f64 = 0.25;
/// Deviation of the errors.
const NOISE: f64 = 0.1;
/// Errors below this count as squares.
const SMOOTH: f64 = 0.02;

/// What is fitted, as logarithms.
#[derive(Clone)]
pub struct Fit {
    /// Offsets by level and name.
    levels: BTreeMap<(usize, String), usize>,
    /// All values: eight for each level's name, two for each format class, the terms.
    values: Vec<f64>,
    formats: usize,
    terms: usize,
}

/// What a row depends on: an index into the values and the slot of its coefficients.
struct Uses {
    rows: Vec<[usize; 5]>,
}

impl Fit {
    /// Nothing learned yet.
    pub fn new(rows: &[Row]) -> Self {
        let mut names = BTreeSet::new();
        names.insert((0, "all".to_owned()));
        for row in rows {
            names.insert((1, row.group.clone()));
            names.insert((2, row.generation.clone()));
            names.insert((3, row.measured.device.clone()));
            names.insert((4, row.engine.to_owned()));
        }
        let levels: BTreeMap<_, _> = names.into_iter().enumerate().map(|(at, name)| (name, at * 8)).collect();
        let formats = levels.len() * 8;
        let terms = formats + 2 * FormatClass::COUNT;
        let mut values = vec![0.0; terms + TERMS.len()];
        for (slot, start) in values.iter_mut().zip(START) {
            *slot = f64::ln(start);
        }
        for (slot, (start, _)) in values.iter_mut().skip(terms).zip(TERMS) {
            *slot = f64::ln(start);
        }
        Self {
            levels,
            values,
            formats,
            terms,
        }
    }
    fn at(&self, level: usize, name: &str) -> Option<usize> {
        self.levels.get(&(level, name.to_owned())).copied()
    }
    /// The eight values of a level, as factors.
    pub fn level(&self, level: usize, name: &str) -> Coefficients {
        let mut out = [1.0; 8];
        if let Some(at) = self.at(level, name) {
            for (slot, value) in out.iter_mut().zip(self.values.iter().skip(at)) {
                *slot = value.exp();
            }
        }
        Coefficients::from_array(out)
    }
    /// Names of a level.
    pub fn names(&self, level: usize) -> Vec<String> {
        self.levels
            .keys()
            .filter(|(one, _)| *one == level)
            .map(|(_, name)| name.clone())
            .collect()
    }
    /// Factors of the formats.
    pub fn factors(&self) -> Factors {
        let mut all = [Coefficients::NEUTRAL; FormatClass::COUNT];
        for (at, slot) in all.iter_mut().enumerate() {
            slot.bandwidth = self.values[self.formats + 2 * at].exp();
            slot.compute = self.values[self.formats + 2 * at + 1].exp();
        }
        Factors::new(all)
    }
    /// The terms.
    pub fn terms(&self) -> Terms {
        Terms::from_array(self.term_values())
    }
    /// The terms in the order of their names.
    pub fn term_values(&self) -> [f64; 10] {
        let mut out = [0.0; 10];
        for (slot, value) in out.iter_mut().zip(self.values.iter().skip(self.terms)) {
            *slot = value.exp();
        }
        out[4] = out[4].min(1.0);
        out
    }
    fn coefficients(&self, uses: &[usize; 5]) -> Coefficients {
        let mut out = [0.0; 8];
        for at in uses {
            for (slot, value) in out.iter_mut().zip(self.values.iter().skip(*at)) {
                *slot += value;
            }
        }
        Coefficients::from_array(out.map(f64::exp))
    }
    fn uses(&self, rows: &[Row]) -> Uses {
        let of = |row: &Row| {
            [
                0,
                self.at(1, &row.group).unwrap_or(0),
                self.at(2, &row.generation).unwrap_or(0),
                self.at(3, &row.measured.device).unwrap_or(0),
                self.at(4, row.engine).unwrap_or(0),
            ]
        };
        Uses {
            rows: rows.iter().map(of).collect(),
        }
    }

    /// Logarithm of estimate ÷ measured, for each row.
    pub fn errors(&self, rows: &[Row]) -> Vec<f64> {
        let uses = self.uses(rows);
        let (factors, terms) = (self.factors(), self.terms());
        rows.iter()
            .zip(&uses.rows)
            .map(|(row, uses)| predict(row, self.coefficients(uses), factors, terms))
            .collect()
    }

    /// Learns from the rows that `used` names; Adam with slopes by differences, so the formula is the engine's own.
    pub fn learn(&mut self, rows: &[Row], used: &[bool], steps: u32) {
        let weights = weights(rows, used);
        let uses = self.uses(rows);
        let count = self.values.len();
        let (mut first, mut second) = (vec![0.0; count], vec![0.0; count]);
        for step in 1..=steps {
            let slope = self.slope(rows, &weights, &uses);
            let rate = 0.03 / (1.0 + f64::from(step) / 150.0);
            for at in 0..count {
                first[at] = 0.9 * first[at] + 0.1 * slope[at];
                second[at] = 0.999 * second[at] + 0.001 * slope[at] * slope[at];
                let (one, two) = (
                    first[at] / (1.0 - 0.9_f64.powi(step as i32)),
                    second[at] / (1.0 - 0.999_f64.powi(step as i32)),
                );
                self.values[at] -= rate * one / (two.sqrt() + 1e-8);
            }
        }
    }

    fn slope(&self, rows: &[Row], weights: &[f64], uses: &Uses) -> Vec<f64> {
        const STEP: f64 = 1e-5;
        let mut slope = self.pull();
        let (factors, terms) = (self.factors(), self.terms());
        for ((row, weight), uses) in rows.iter().zip(weights).zip(&uses.rows) {
            if *weight == 0.0 {
                continue;
            }
            let with = self.coefficients(uses);
            let base = predict(row, with, factors, terms);
            let steep = weight / NOISE * base / base.hypot(SMOOTH);
            let relevant: &[usize] = if row.decode {
                &[0, 1, 2, 3, 4, 6]
            } else {
                &[0, 4, 5, 6, 7]
            };
            for &which in relevant {
                let mut values = with.to_array();
                values[which] *= STEP.exp();
                let moved = predict(row, Coefficients::from_array(values), factors, terms);
                let change = steep * (moved - base) / STEP;
                for (level, at) in uses.iter().enumerate() {
                    // The first of the values is that of all devices; an unknown name points there too.
                    if level == 0 || *at != 0 {
                        slope[at + which] += change;
                    }
                }
            }
            let classes: BTreeSet<usize> = row.work.steps.iter().map(|step| step.class as usize).collect();
            for class in classes {
                for (side, which) in [(0, self.formats + 2 * class), (1, self.formats + 2 * class + 1)] {
                    if side == 1 && row.decode && row.work.tokens < 2.0 {
                        continue;
                    }
                    let changed = self.factors_with(class, side, STEP);
                    let after = predict(row, with, changed, terms);
                    slope[which] += steep * (after - base) / STEP;
                }
            }
            for (which, (_, stray)) in TERMS.iter().enumerate() {
                let matters = match which {
                    0 | 1 => !row.decode || row.work.tokens > 1.0,
                    2 => row.setting.routed,
                    4 | 6 => !row.decode && row.setting.layout.devices > 1,
                    5 => row.decode && row.setting.layout.devices > 1,
                    7 => row.setting.host.any(),
                    _ => false,
                };
                if *stray == 0.0 || !matters {
                    continue;
                }
                let after = predict(row, with, factors, self.terms_with(which, STEP));
                slope[self.terms + which] += steep * (after - base) / STEP;
            }
        }
        slope
    }
    fn factors_with(&self, class: usize, side: usize, step: f64) -> Factors {
        let mut all = [Coefficients::NEUTRAL; FormatClass::COUNT];
        let now = self.factors();
        for (slot, one) in all.iter_mut().zip(FormatClass::iter()) {
            *slot = now.of(one);
        }
        if side == 0 {
            all[class].bandwidth *= step.exp();
        } else {
            all[class].compute *= step.exp();
        }
        Factors::new(all)
    }
    fn terms_with(&self, which: usize, step: f64) -> Terms {
        let mut other = self.values.iter().skip(self.terms).copied().collect::<Vec<f64>>();
        other[which] += step;
        let mut out = [0.0; 10];
        for (slot, value) in out.iter_mut().zip(other) {
            *slot = value.exp();
        }
        out[4] = out[4].min(1.0);
        Terms::from_array(out)
    }

    /// Slope of what holds the values near where they start.
    fn pull(&self) -> Vec<f64> {
        let mut slope = vec![0.0; self.values.len()];
        for ((level, _), at) in &self.levels {
            let (near, stray) = match level {
                0 => (START.map(f64::ln), 0.6),
                level => ([0.0; 8], STRAY[level - 1].1),
            };
            for which in 0..8 {
                slot_pull(&mut slope[at + which], self.values[at + which] - near[which], stray);
            }
        }
        let formats = slope.iter_mut().zip(&self.values).take(self.terms).skip(self.formats);
        for (slot, value) in formats {
            slot_pull(slot, *value, FORMAT);
        }
        for (which, (start, stray)) in TERMS.iter().enumerate() {
            if *stray > 0.0 {
                let at = self.terms + which;
                slot_pull(&mut slope[at], self.values[at] - start.ln(), *stray);
            }
        }
        slope
    }
}

fn slot_pull(slot: &mut f64, away: f64, stray: f64) {
    *slot = away / (stray * stray);
}

fn predict(row: &Row, with: Coefficients, factors: Factors, terms: Terms) -> f64 {
    let mut setting = with_terms(&row.setting, terms);
    setting.with = with;
    setting.factors = factors;
    (seconds(&row.work, &setting) / row.seconds).max(1e-12).ln()
}

/// Rows of one device, model, format and layout share a weight: a sweep over lengths says less than as many devices.
fn weights(rows: &[Row], used: &[bool]) -> Vec<f64> {
    let key = |row: &Row| {
        let one = row.measured;
        (
            &one.device,
            &one.model,
            &one.weights,
            one.devices,
            row.decode,
            &one.variant,
        )
    };
    let mut counts = BTreeMap::new();
    for (row, used) in rows.iter().zip(used) {
        *counts.entry(key(row)).or_insert(0.0) += f64::from(u8::from(*used));
    }
    rows.iter()
        .zip(used)
        .map(|(row, used)| if *used { 1.0 / f64::sqrt(counts[&key(row)]) } else { 0.0 })
        .collect()
}
