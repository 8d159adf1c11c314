//! The fit: logarithms of shares and costs as sums over levels; least absolute logarithmic error by Gauss-Newton steps, each
//! level held near zero and kernels held near what was measured of them alone.

use std::collections::{BTreeMap, BTreeSet};

use strum::{EnumCount, IntoEnumIterator};
use weighbridge::hardware::Engine;
use weighbridge::hardware::efficiency::{Coefficients, FormatClass, FormatFactors, Level, Terms, levels};
use weighbridge::hardware::find;
use weighbridge::hardware::measurement::Metric;

use super::priors::{KERNEL_STRAY, KERNEL_WEIGHT, Kernel, TERMS, kernels, prior};
use super::rows::Row;
use super::solve::Symmetric;

/// Deviation of the errors.
const NOISE: f64 = 0.1;
/// Errors below this count as squares.
const SMOOTH: f64 = 0.03;
/// Step of the differences.
const STEP: f64 = 1e-4;
/// Most a value moves in one step.
const STRIDE: f64 = 0.7;
/// Share of the loss by which a step lowers it little.
const LITTLE: f64 = 1e-4;
/// The fit ends once a step that is damped so much lowers it little.
const DAMPED: f64 = 60.0;
/// Coefficients that formats change.
const SIDES: [&str; 2] = ["bandwidth", "compute"];

/// A value: where it stands in the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    level: Level,
    name: String,
    coefficient: usize,
}

/// Values by which something is made: their sum, and what is fixed.
#[derive(Clone, Debug, Default)]
struct Made {
    free: Vec<usize>,
    fixed: f64,
}

impl Made {
    fn value(&self, values: &[f64]) -> f64 {
        (self.fixed + self.free.iter().map(|at| values[*at]).sum::<f64>()).exp()
    }
}

/// What a row depends on.
#[derive(Clone)]
struct Uses {
    coefficients: Vec<Made>,
    formats: Vec<(FormatClass, [Made; 2])>,
    terms: Vec<usize>,
    weight: f64,
}

/// Logarithms that are fitted.
#[derive(Clone)]
pub struct Fit {
    slots: BTreeMap<Slot, usize>,
    names: BTreeSet<(Level, String)>,
    /// Values: slots, then terms that are free.
    values: Vec<f64>,
    means: Vec<f64>,
    deviations: Vec<f64>,
    terms: Vec<Option<usize>>,
    uses: Vec<Uses>,
    kernels: Vec<(Vec<(usize, f64)>, f64)>,
}

/// The residual of a row and its slopes.
pub type Slopes = (f64, Vec<(usize, f64)>);

impl Fit {
    /// Nothing learned yet.
    pub fn new(rows: &[Row]) -> Self {
        let measured: BTreeSet<&str> = rows.iter().map(|row| row.measured.device.as_str()).collect();
        let kernels: Vec<Kernel> = kernels()
            .into_iter()
            .filter(|kernel| measured.contains(kernel.device.as_str()))
            .collect();
        let mut names: BTreeSet<(Level, String)> = BTreeSet::new();
        let mut pairs: BTreeSet<(String, String)> = BTreeSet::new();
        let mut formats: BTreeSet<(Engine, FormatClass)> = BTreeSet::new();
        let engine_key = |engine: Engine| engine.key().to_owned();
        for row in rows {
            pairs.insert((engine_key(row.engine), row.measured.device.clone()));
            formats.extend(row.classes.iter().map(|class| (row.engine, *class)));
        }
        for kernel in &kernels {
            pairs.insert((engine_key(kernel.engine), kernel.device.clone()));
            formats.extend(kernel.format.map(|class| (kernel.engine, class)));
        }
        for (engine, device) in &pairs {
            let device = find(device).expect("a device");
            names.extend(levels(engine.parse().expect("an engine"), device));
        }
        for (engine, class) in &formats {
            names.insert((Level::Format, class.key().to_owned()));
            names.insert((Level::EngineFormat, format!("{}|{}", engine.key(), class.key())));
        }
        let mut fit = Self {
            slots: BTreeMap::new(),
            names,
            values: Vec::new(),
            means: Vec::new(),
            deviations: Vec::new(),
            terms: Vec::new(),
            uses: Vec::new(),
            kernels: Vec::new(),
        };
        for (level, name) in fit.names.clone() {
            for (coefficient, column) in Coefficients::NAMES.iter().enumerate() {
                let (mean, deviation) = prior(level, &name, column);
                if deviation > 0.0 {
                    let slot = Slot {
                        level,
                        name: name.clone(),
                        coefficient,
                    };
                    fit.slots.insert(slot, fit.values.len());
                    fit.push(mean, deviation);
                }
            }
        }
        for (start, deviation) in Terms::START.iter().zip(TERMS) {
            let free = deviation > 0.0;
            fit.terms.push(free.then_some(fit.values.len()));
            if free {
                fit.push(start.ln(), deviation);
            }
        }
        let mut counts: BTreeMap<_, f64> = BTreeMap::new();
        for row in rows {
            *counts.entry(sweep(row)).or_default() += 1.0;
        }
        let weights: Vec<f64> = rows.iter().map(|row| 1.0 / counts[&sweep(row)].sqrt()).collect();
        let mut groups: BTreeMap<_, f64> = BTreeMap::new();
        for (row, weight) in rows.iter().zip(&weights) {
            *groups.entry(publication(row)).or_default() += weight;
        }
        let each = groups.values().sum::<f64>() / groups.values().map(|sum| sum.sqrt()).sum::<f64>();
        fit.uses = rows
            .iter()
            .zip(&weights)
            .map(|(row, weight)| fit.uses_of(row, weight * each / groups[&publication(row)].sqrt()))
            .collect();
        fit.kernels = kernels.iter().map(|kernel| fit.kernel(kernel)).collect();
        fit
    }
    fn push(&mut self, mean: f64, deviation: f64) {
        self.values.push(mean);
        self.means.push(mean);
        self.deviations.push(deviation);
    }
    fn made(&self, levels: &[(Level, String)], coefficient: usize) -> Made {
        let mut made = Made::default();
        for (level, name) in levels {
            let slot = Slot {
                level: *level,
                name: name.clone(),
                coefficient,
            };
            match self.slots.get(&slot) {
                Some(at) => made.free.push(*at),
                None => made.fixed += prior(*level, name, Coefficients::NAMES[coefficient]).0,
            }
        }
        made
    }
    fn side(&self, engine: Engine, class: FormatClass, side: usize) -> Made {
        let at = Coefficients::NAMES
            .iter()
            .position(|name| *name == SIDES[side])
            .expect("a coefficient");
        let levels = [
            (Level::Format, class.key().to_owned()),
            (Level::EngineFormat, format!("{}|{}", engine.key(), class.key())),
        ];
        self.made(&levels, at)
    }
    fn uses_of(&self, row: &Row, weight: f64) -> Uses {
        let levels = levels(row.engine, row.device);
        let serves = row.measured.metric == Metric::Throughput;
        let matters = |name: &str| match name {
            "few_rows" | "power" => !serves,
            "no_graph" | "hop" | "hop_bytes_per_s" | "queue_quantised" | "queue_plain" | "host_bytes_per_s" => !serves,
            "padded_rows" => row.engine != Engine::LlamaCpp,
            "dp_exchange" | "ep_exchange" => row.measured.attention == "dp",
            _ => true,
        };
        Uses {
            coefficients: (0..Coefficients::COUNT).map(|at| self.made(&levels, at)).collect(),
            formats: row
                .classes
                .iter()
                .map(|class| {
                    (
                        *class,
                        [self.side(row.engine, *class, 0), self.side(row.engine, *class, 1)],
                    )
                })
                .collect(),
            terms: (0..self.terms.len())
                .filter(|at| self.terms[*at].is_some() && matters(Terms::NAMES[*at]))
                .collect(),
            weight,
        }
    }
    fn kernel(&self, kernel: &Kernel) -> (Vec<(usize, f64)>, f64) {
        let levels = levels(kernel.engine, find(&kernel.device).expect("a device"));
        let mut sum = Made::default();
        let mut add = |made: Made| {
            sum.free.extend(made.free);
            sum.fixed += made.fixed;
        };
        for at in &kernel.coefficients {
            add(self.made(&levels, *at));
        }
        if let Some(class) = kernel.format {
            let side = usize::from(Coefficients::NAMES[kernel.coefficients[0]] == "compute");
            add(self.side(kernel.engine, class, side));
        }
        (sum.free.iter().map(|at| (*at, 1.0)).collect(), kernel.value - sum.fixed)
    }

    fn terms(&self) -> Terms {
        let mut out = Terms::START;
        for (slot, at) in out.iter_mut().zip(&self.terms) {
            if let Some(at) = at {
                *slot = self.values[*at].exp();
            }
        }
        Terms::from_array(out)
    }
    /// The terms in the order of their names.
    pub fn term_values(&self) -> [f64; Terms::NAMES.len()] {
        self.terms().to_array()
    }
    /// Every level of the table with its factors.
    pub fn table(&self) -> Vec<(Level, String, Coefficients)> {
        let line = |(level, name): &(Level, String)| {
            let mut out = [1.0; Coefficients::COUNT];
            for (at, slot) in out.iter_mut().enumerate() {
                *slot = self.made(&[(*level, name.clone())], at).value(&self.values);
            }
            (*level, name.clone(), Coefficients::from_array(out))
        };
        self.names.iter().map(line).collect()
    }

    fn with(&self, uses: &Uses) -> (Coefficients, FormatFactors) {
        let mut with = [0.0; Coefficients::COUNT];
        for (slot, made) in with.iter_mut().zip(&uses.coefficients) {
            *slot = made.value(&self.values);
        }
        let mut factors = [(1.0, 1.0); FormatClass::COUNT];
        for (class, [bandwidth, compute]) in &uses.formats {
            factors[*class as usize] = (bandwidth.value(&self.values), compute.value(&self.values));
        }
        (Coefficients::from_array(with), FormatFactors::new(factors))
    }
    fn error(row: &mut Row, with: Coefficients, factors: FormatFactors, terms: Terms) -> f64 {
        (row.predict(with, factors, terms) / row.measured.value).max(1e-12).ln()
    }
    /// Logarithm of estimate ÷ measured speed, for each row.
    pub fn errors(&self, rows: &mut [Row]) -> Vec<f64> {
        self.each(rows, |row, uses| {
            let (with, factors) = self.with(uses);
            Self::error(row, with, factors, self.terms())
        })
    }
    /// Errors with their slopes.
    pub fn slopes(&self, rows: &mut [Row]) -> Vec<Slopes> {
        self.each(rows, |row, uses| self.slope(row, uses))
    }
    /// Something of each row, on two threads.
    fn each<T: Send>(&self, rows: &mut [Row], of: impl Fn(&mut Row, &Uses) -> T + Sync) -> Vec<T> {
        let middle = rows.len() * 2 / 3;
        let (one, two) = rows.split_at_mut(middle);
        let (first, second) = self.uses.split_at(middle);
        let run = |rows: &mut [Row], uses: &[Uses]| -> Vec<T> {
            rows.iter_mut().zip(uses).map(|(row, uses)| of(row, uses)).collect()
        };
        std::thread::scope(|scope| {
            let other = scope.spawn(|| run(two, second));
            let mut all = run(one, first);
            all.extend(other.join().expect("a thread"));
            all
        })
    }
    fn slope(&self, row: &mut Row, uses: &Uses) -> Slopes {
        let (with, factors) = self.with(uses);
        let terms = self.terms();
        let base = Self::error(row, with, factors, terms);
        let mut slopes: BTreeMap<usize, f64> = BTreeMap::new();
        let mut add = |free: &[usize], moved: f64| {
            let slope = (moved - base) / STEP;
            if slope != 0.0 {
                for at in free {
                    *slopes.entry(*at).or_default() += slope;
                }
            }
        };
        for (at, made) in uses.coefficients.iter().enumerate() {
            if !made.free.is_empty() {
                let mut values = with.to_array();
                values[at] *= STEP.exp();
                add(
                    &made.free,
                    Self::error(row, Coefficients::from_array(values), factors, terms),
                );
            }
        }
        for (class, sides) in &uses.formats {
            for (side, made) in sides.iter().enumerate() {
                let mut all = [(1.0, 1.0); FormatClass::COUNT];
                for (slot, one) in all.iter_mut().zip(FormatClass::iter()) {
                    *slot = factors.of(one);
                }
                let slot = &mut all[*class as usize];
                if side == 0 {
                    slot.0 *= STEP.exp();
                } else {
                    slot.1 *= STEP.exp();
                }
                add(&made.free, Self::error(row, with, FormatFactors::new(all), terms));
            }
        }
        for at in &uses.terms {
            let mut values = terms.to_array();
            values[*at] *= STEP.exp();
            let free = self.terms[*at].expect("a free term");
            add(&[free], Self::error(row, with, factors, Terms::from_array(values)));
        }
        (base, slopes.into_iter().collect())
    }

    /// Loss: absolute errors, rounded near zero; the pull of priors and kernels.
    fn loss(&self, errors: &[f64], used: &[bool]) -> f64 {
        let rows = errors.iter().zip(used).zip(&self.uses).filter(|((_, used), _)| **used);
        let rows: f64 = rows
            .map(|((error, _), uses)| uses.weight * error.hypot(SMOOTH) / NOISE)
            .sum();
        let pull: f64 = self
            .values
            .iter()
            .zip(&self.means)
            .zip(&self.deviations)
            .map(|((value, mean), deviation)| 0.5 * ((value - mean) / deviation).powi(2))
            .sum();
        let kernels: f64 = self
            .kernels
            .iter()
            .map(|(sparse, value)| KERNEL_WEIGHT * (1.0 + (self.away(sparse, *value) / KERNEL_STRAY).powi(2)).sqrt())
            .sum();
        rows + pull + kernels
    }
    fn away(&self, sparse: &[(usize, f64)], value: f64) -> f64 {
        sparse.iter().map(|(at, by)| by * self.values[*at]).sum::<f64>() - value
    }
    /// The Gauss-Newton step from slopes, rows reweighted by their errors; shorter with more damping.
    pub fn direction(&self, slopes: &[Slopes], used: &[bool], damping: f64) -> Vec<f64> {
        let size = self.values.len();
        let mut matrix = Symmetric::new(size);
        let mut right = vec![0.0; size];
        let mut add = |sparse: &[(usize, f64)], away: f64, weight: f64| {
            matrix.add(sparse, weight);
            for (at, slope) in sparse {
                right[*at] -= weight * slope * away;
            }
        };
        for (((error, sparse), used), uses) in slopes.iter().zip(used).zip(&self.uses) {
            if *used {
                add(sparse, *error, uses.weight / NOISE / error.hypot(SMOOTH));
            }
        }
        for (sparse, value) in &self.kernels {
            let away = self.away(sparse, *value);
            let weight = KERNEL_WEIGHT / KERNEL_STRAY.powi(2) / (1.0 + (away / KERNEL_STRAY).powi(2)).sqrt();
            add(sparse, away, weight);
        }
        for (at, slot) in right.iter_mut().enumerate() {
            let weight = 1.0 / self.deviations[at].powi(2);
            matrix.add_at(at, weight * (1.0 + damping));
            *slot -= weight * (self.values[at] - self.means[at]);
        }
        matrix
            .solve(right)
            .into_iter()
            .map(|step| step.clamp(-STRIDE, STRIDE))
            .collect()
    }
    /// Goes along a direction as far as the loss falls; by what share of itself it fell.
    pub fn follow(&mut self, rows: &mut [Row], slopes: &[Slopes], direction: &[f64], used: &[bool]) -> f64 {
        let start = self.values.clone();
        let before = self.loss(&slopes.iter().map(|one| one.0).collect::<Vec<_>>(), used);
        let mut part = 1.0;
        while part > 0.02 {
            for ((value, start), step) in self.values.iter_mut().zip(&start).zip(direction) {
                *value = start + part * step;
            }
            let after = self.loss(&self.errors(rows), used);
            if after < before {
                return (before - after) / before;
            }
            part *= 0.5;
        }
        self.values = start;
        0.0
    }
    /// Learns from the rows that are used.
    ///
    /// Where a whole step lowers the loss by little, it leaves the region in which slopes hold (a cap, another kernel): the next
    /// is damped. Source: Levenberg 1944, Marquardt 1963; damped in the priors' own scale.
    pub fn learn(&mut self, rows: &mut [Row], used: &[bool], steps: u32) {
        let mut damping = 0.0;
        for _ in 0..steps {
            let slopes = self.slopes(rows);
            let direction = self.direction(&slopes, used, damping);
            let fell = self.follow(rows, &slopes, &direction, used);
            if fell > LITTLE {
                damping /= 4.0;
            } else if damping < DAMPED {
                damping = (damping * 4.0).max(1.0);
            } else {
                break;
            }
        }
    }
}

/// Publications count by the square root of their rows: many rows of one say little more than some of them.
fn publication(row: &Row) -> (Metric, &'static str, String) {
    (row.measured.metric, row.engine.key(), row.publisher().to_owned())
}

/// Rows of one device, model, format and layout share a weight: a sweep over lengths says less than as many devices.
fn sweep(row: &Row) -> String {
    let one = row.measured;
    let variant = if one.metric == Metric::Throughput {
        ""
    } else {
        &one.variant
    };
    format!(
        "{:?}",
        (
            &one.device,
            &one.model,
            &one.weights,
            one.devices,
            one.tensor,
            one.pipeline,
            one.expert,
            &one.attention,
            one.metric,
            variant,
            &one.engine
        )
    )
}
