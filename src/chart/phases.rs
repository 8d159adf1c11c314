//! The map of what holds a decode step back, over context and batch.

use std::sync::Arc;

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::Chart;
use super::axis::tokens_short;
use super::pen::{Drawn, Frame, Lettering, Pen};
use super::reading::Mark;
use super::table::{Column, Field, Table};
use super::theme::ON_PART;
use crate::analysis::Analysis;
use crate::analysis::phases::{Phase, PhaseCell, Phases, phases};
use crate::units::{UnitSystem, counted, grouped, percent, seconds};

/// The chart.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseChart {
    /// The map.
    pub map: Arc<Phases>,
    /// Tokens and sequences of the scenario.
    pub now: (u64, u64),
    /// GiB or GB.
    pub units: UnitSystem,
}

/// The colour of a phase, by the component it is of.
const fn colour(phase: Phase) -> &'static str {
    match phase {
        Phase::Compute => "mlp",
        Phase::Weights => "projection",
        Phase::Cache => "kv_cache",
        Phase::Full => "sunken",
    }
}

impl PhaseChart {
    /// The map of an answer.
    pub fn of(analysis: &Analysis, units: UnitSystem) -> Option<Self> {
        Some(Self::on(Arc::new(phases(&analysis.setup)?), analysis, units))
    }
    /// The same where the map is known: tokens and sequences of the question change nothing of it.
    pub fn on(map: Arc<Phases>, analysis: &Analysis, units: UnitSystem) -> Self {
        let setup = &analysis.setup;
        Self {
            map,
            now: (setup.tokens().value, setup.scenario.workload.batch),
            units,
        }
    }
    /// What it means.
    pub fn words(&self) -> String {
        let shown: Vec<Phase> = [Phase::Weights, Phase::Cache, Phase::Compute]
            .into_iter()
            .filter(|phase| self.map.rows.iter().flatten().any(|cell| cell.phase == *phase))
            .collect();
        let said = shown.iter().map(|phase| match phase {
            Phase::Weights => "Few short sequences wait for the weights, which a larger batch shares.",
            Phase::Cache => "Long or many ones wait for their own cache, which no batch shares.",
            Phase::Compute | Phase::Full => "Many short ones wait for arithmetic.",
        });
        let mut words: Vec<&str> = said.collect();
        if self.map.rows.iter().flatten().any(|cell| cell.phase == Phase::Full) {
            words.push("Hatched cells do not fit on the device.");
        }
        words.push("By the least times of the roofline, for a token of each sequence.");
        words.join(" ")
    }
    /// The largest connected stretch of a phase within a row: row, first and last column.
    fn widest(&self, phase: Phase) -> Option<(usize, usize, usize)> {
        let mut best: Option<(usize, usize, usize)> = None;
        let rows = self.map.rows.len();
        for (at, row) in self.map.rows.iter().enumerate() {
            let mut start = None;
            for column in 0..=row.len() {
                if row.get(column).is_some_and(|cell| cell.phase == phase) {
                    start = start.or(Some(column));
                } else if let Some(first) = start.take() {
                    let middle = |at: usize| (at * 2).abs_diff(rows);
                    let better = best.is_none_or(|(old, from, to)| {
                        (column - first, std::cmp::Reverse(middle(at)))
                            > (to - from + 1, std::cmp::Reverse(middle(old)))
                    });
                    if better {
                        best = Some((at, first, column - 1));
                    }
                }
            }
        }
        best
    }
}

/// Shares of weights, cache and arithmetic in what a step takes at least, one after the other.
fn shares(cell: &PhaseCell) -> [f64; 3] {
    let all: f64 = cell.least.iter().sum();
    cell.least.map(|one| if all > 0.0 { one / all } else { 0.0 })
}

impl Chart for PhaseChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let (columns, rows) = (self.map.contexts.len(), self.map.batches.len());
        let small = pen.small();
        let outer = pen.frame;
        let frame = Frame {
            left: outer.left + 40.0,
            top: outer.top + 18.0,
            right: outer.right - 1.0,
            bottom: outer.bottom - 40.0,
        };
        if columns == 0 || rows == 0 || frame.right <= frame.left + 20.0 || frame.bottom <= frame.top + 20.0 {
            return Ok(());
        }
        let (wide, high) = (
            (frame.right - frame.left) / columns as f64,
            (frame.bottom - frame.top) / rows as f64,
        );
        // The smallest batch is at the bottom.
        let cell_at = |column: usize, row: usize| {
            let (left, bottom) = (frame.left + wide * column as f64, frame.bottom - high * row as f64);
            Frame {
                left,
                right: left + wide,
                top: bottom - high,
                bottom,
            }
        };
        pen.place("sequences", small, &[(outer.left + 2.5, outer.top + 7.5, HPos::Left)])?;
        for (at, batch) in self.map.batches.iter().enumerate() {
            let cell = cell_at(0, at);
            let middle = f64::midpoint(cell.top, cell.bottom);
            pen.place(&grouped(*batch), small, &[(frame.left - 7.0, middle, HPos::Right)])?;
        }
        for (at, context) in self.map.contexts.iter().enumerate() {
            let cell = cell_at(at, 0);
            pen.place_near(
                &tokens_short(*context),
                small,
                f64::midpoint(cell.left, cell.right),
                &[frame.bottom + 12.0],
            )?;
        }
        pen.place_near(
            "tokens of each sequence",
            small,
            f64::midpoint(frame.left, frame.right),
            &[frame.bottom + 30.0],
        )?;
        pen.grid(columns);
        let card = pen.theme.colour("card");
        // The largest batch first: rows are read from the top.
        for row in (0..rows).rev() {
            for column in 0..columns {
                let Some(cell) = self.map.rows.get(row).and_then(|row| row.get(column)) else {
                    continue;
                };
                let place = cell_at(column, row);
                let inner = Frame {
                    left: place.left + 0.5,
                    right: place.right - 0.5,
                    top: place.top + 0.5,
                    bottom: place.bottom - 0.5,
                };
                pen.fill(inner, pen.theme.part(colour(cell.phase)))?;
                self.stop(pen, (column, row), cell, inner);
            }
        }
        // Over all cells that do not fit, in one go.
        for (column, _) in self.map.contexts.iter().enumerate() {
            let first = self
                .map
                .rows
                .iter()
                .position(|row| row.get(column).is_some_and(|cell| cell.phase == Phase::Full));
            if let Some(first) = first {
                let (top, bottom) = (frame.top, cell_at(column, first).bottom);
                let left = cell_at(column, 0).left;
                pen.hatch(
                    left,
                    left + wide,
                    |_| Some((top, bottom)),
                    pen.theme.colour("rule-strong"),
                )?;
            }
        }
        let now = self.place_of_now();
        if let Some((column, row)) = now {
            let ink = pen.theme.colour("ink");
            let (x, y) = (frame.left + wide * (column + 0.5), frame.bottom - high * (row + 0.5));
            let (x, y) = (
                x.clamp(frame.left + 6.0, frame.right - 6.0),
                y.clamp(frame.top + 6.0, frame.bottom - 6.0),
            );
            pen.dot(x, y, ink, card)?;
            pen.keep_free(Frame {
                left: x - 7.0,
                right: x + 7.0,
                top: y - 7.0,
                bottom: y + 7.0,
            });
            let bold = Lettering {
                size: 11.5,
                bold: true,
                colour: ink,
                halo: Some(card),
            };
            pen.place_around("now", bold, (x, y))?;
        }
        for phase in [Phase::Weights, Phase::Cache, Phase::Compute, Phase::Full] {
            let Some((row, first, last)) = self.widest(phase) else {
                continue;
            };
            let (from, to) = (cell_at(first, row), cell_at(last, row));
            let full = phase == Phase::Full;
            let letters = Lettering {
                size: 12.0,
                bold: true,
                colour: if full { pen.theme.colour("soft") } else { ON_PART },
                halo: full.then_some(card),
            };
            let middle = (f64::midpoint(from.left, to.right), f64::midpoint(from.top, from.bottom));
            pen.place_near(
                phase.word(),
                letters,
                middle.0,
                &[middle.1, middle.1 - high, middle.1 + high],
            )?;
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let mut table = Table::new([("Sequences", "", false)]);
        table
            .columns
            .extend(self.map.contexts.iter().enumerate().map(|(at, context)| Column {
                name: format!("{} tokens", tokens_short(*context)),
                unit: "",
                optional: at % 2 == 1,
            }));
        for (batch, row) in self.map.batches.iter().zip(&self.map.rows) {
            let cells = row.iter().map(|cell| Field::text(cell.phase.word()));
            let name = Field::count(*batch);
            table.rows.push(std::iter::once(name).chain(cells).collect());
        }
        table
    }
}

impl PhaseChart {
    fn stop<B: DrawingBackend>(&self, pen: &mut Pen<B>, (column, row): (usize, usize), cell: &PhaseCell, place: Frame) {
        let (context, batch) = (self.map.contexts.get(column), self.map.batches.get(row));
        let [weights, cache, compute] = shares(cell);
        let longest = cell.least.iter().copied().fold(0.0, f64::max);
        let lines = vec![
            match cell.phase {
                Phase::Full => "over capacity".to_owned(),
                other => format!("limited by {}", other.word()),
            },
            format!("{} in all", self.units.bytes(cell.memory as f64)),
            format!(
                "weights {}, cache {}, arithmetic {}",
                percent(weights),
                percent(cache),
                percent(compute)
            ),
            format!("at least {} a token", seconds(longest)),
        ];
        let title = format!(
            "{} of {} tokens",
            counted(batch.copied().unwrap_or(0), "sequence"),
            tokens_short(context.copied().unwrap_or(0))
        );
        let middle = (
            f64::midpoint(place.left, place.right),
            f64::midpoint(place.top, place.bottom),
        );
        pen.stop(middle, Mark::Area(place), title, lines);
    }
    /// Where the scenario stands, in columns and rows.
    fn place_of_now(&self) -> Option<(f64, f64)> {
        let place = |list: &[u64], value: u64| {
            let first = (*list.first()?).max(1);
            let steps = (value.max(1) as f64 / first as f64).log2();
            Some(steps.clamp(0.0, list.len().saturating_sub(1) as f64))
        };
        Some((
            place(&self.map.contexts, self.now.0)?,
            place(&self.map.batches, self.now.1)?,
        ))
    }
}
