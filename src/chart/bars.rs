//! Bars of several measures side by side: each measure has a scale of its own from zero, all share their rows.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::Chart;
use super::pen::{Drawn, Frame, Lettering, Pen};
use super::reading::Mark;
use super::table::{Field, Table};
use crate::analysis::time::OperatorTimes;
use crate::analysis::{ComponentCost, FormatFigures};
use crate::report::compare::{Cell, Head, Row, SideBySide};
use crate::units::{UnitSystem, count, decimal, percent, seconds};

/// Below this width names stand above their bars.
const NARROW: f64 = 600.0;
/// Room between two measures.
const GAP: f64 = 18.0;
/// The most that a row is high.
const ROW: f64 = 46.0;
/// Room for the names of the measures.
const HEADING: f64 = 22.0;
/// Room for the line that says what a pale bar is, where there is one.
const KEY: f64 = 20.0;

/// A measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// The unit of its bare numbers.
    pub unit: &'static str,
}

/// A bar.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// Its length; none where it is not known.
    pub value: Option<f64>,
    /// Both ends of its interval.
    pub between: Option<(f64, f64)>,
    /// As people read it.
    pub text: String,
    /// Whether it is too much.
    pub over: bool,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct BarRow {
    /// Its name.
    pub label: String,
    /// What it holds for, small under the name; empty where the name says all.
    pub note: String,
    /// What its colour is of.
    pub key: &'static str,
    /// Whether the scenario has it.
    pub now: bool,
    /// A bar for each measure.
    pub bars: Vec<Bar>,
}

/// The chart.
#[derive(Clone, Debug, PartialEq)]
pub struct BarsChart {
    /// What the rows are: `Component`.
    pub rows_are: &'static str,
    /// Measures, from left to right.
    pub measures: Vec<Measure>,
    /// Rows, from top to bottom.
    pub rows: Vec<BarRow>,
}

fn bar(value: f64, text: String) -> Bar {
    Bar {
        value: Some(value),
        text,
        ..Bar::default()
    }
}

fn measure(name: &str, unit: &'static str) -> Measure {
    Measure {
        name: name.to_owned(),
        unit,
    }
}

impl BarsChart {
    /// Operations and expected time of a pass by component.
    pub fn of_pass(times: &OperatorTimes) -> Self {
        let sums = times.by_component();
        let all = |of: fn(&(_, f64, f64, f64)) -> f64| sums.iter().map(of).sum::<f64>();
        let (flops, time) = (all(|one| one.1), all(|one| one.3));
        let rows = sums.iter().map(|(component, its_flops, _, its_time)| BarRow {
            label: component.label().to_owned(),
            key: component.key(),
            note: String::new(),
            now: false,
            bars: vec![
                bar(*its_flops, with_share(count(*its_flops, "FLOP"), *its_flops, flops)),
                bar(*its_time, with_share(seconds(*its_time), *its_time, time)),
            ],
        });
        Self {
            rows_are: "Component",
            measures: vec![measure("Operations", "FLOP"), measure("Expected time", "s")],
            rows: rows.collect(),
        }
    }
    /// Operations and least time of a training step by component.
    pub fn of_step(components: &[ComponentCost]) -> Self {
        let flops: f64 = components.iter().map(|one| one.flops).sum();
        let time: f64 = components.iter().filter_map(|one| one.seconds).sum();
        let rows = components.iter().map(|one| BarRow {
            label: one.component.label().to_owned(),
            key: one.component.key(),
            note: String::new(),
            now: false,
            bars: vec![
                bar(one.flops, with_share(count(one.flops, "FLOP"), one.flops, flops)),
                one.seconds.map_or_else(
                    || Bar {
                        text: "not known".to_owned(),
                        ..Bar::default()
                    },
                    |its| bar(its, with_share(seconds(its), its, time)),
                ),
            ],
        });
        Self {
            rows_are: "Component",
            measures: vec![measure("Operations", "FLOP"), measure("Least time", "s")],
            rows: rows.collect(),
        }
    }
    /// Formats by size, speed and published loss.
    pub fn of_formats(formats: &[FormatFigures], units: UnitSystem) -> Self {
        let rows = formats.iter().map(|one| {
            let speed = match one.pace {
                Some((expected, low, high)) => Bar {
                    between: Some((low, high)),
                    ..bar(expected, decimal(expected))
                },
                None => Bar {
                    text: "does not run".to_owned(),
                    ..Bar::default()
                },
            };
            let loss = match one.loss {
                Some(loss) if loss <= 0.0 => bar(0.0, "nothing lost".to_owned()),
                Some(loss) => bar(loss, decimal(loss)),
                None => Bar {
                    text: "not published".to_owned(),
                    ..Bar::default()
                },
            };
            BarRow {
                label: one.label.clone(),
                note: String::new(),
                key: "projection",
                now: one.now,
                bars: vec![
                    Bar {
                        over: one.fits == Some(false),
                        ..bar(one.total as f64, units.bytes(one.total as f64))
                    },
                    speed,
                    loss,
                ],
            }
        });
        Self {
            rows_are: "Format",
            measures: vec![
                measure("Memory", "bytes"),
                measure("Speed", "tokens/s"),
                measure("Loss", ""),
            ],
            rows: rows.collect(),
        }
    }

    /// Rows of a comparison, a measure each; its columns are the rows here.
    pub fn of_columns(beside: &SideBySide, rows: &[&Row]) -> Self {
        let of = |cell: &Cell| {
            // Ends of the interval are shares of the scale, as the bar is.
            let scale = cell
                .number
                .zip(cell.bar)
                .map(|(number, bar)| number / bar.max(f64::MIN_POSITIVE));
            Bar {
                value: cell.number.filter(|_| cell.bar.is_some()),
                between: cell
                    .between
                    .zip(scale)
                    .map(|((low, high), scale)| (low * scale, high * scale)),
                text: cell.whole(),
                over: false,
            }
        };
        let line = |(at, head): (usize, &Head)| BarRow {
            label: format!("{} {}", head.letter, head.model),
            note: head.on.clone(),
            key: "mlp",
            now: false,
            bars: rows
                .iter()
                .map(|row| row.cells.get(at).map(of).unwrap_or_default())
                .collect(),
        };
        Self {
            rows_are: "Question",
            measures: rows.iter().map(|row| measure(row.label, row.base)).collect(),
            rows: beside.heads.iter().enumerate().map(line).collect(),
        }
    }
    /// Height that its rows need, CSS pixels: a picture of its own is no higher.
    pub fn height(&self) -> f64 {
        HEADING + ROW * self.rows.len() as f64 + self.key_room()
    }
    fn key_room(&self) -> f64 {
        let pale = self
            .rows
            .iter()
            .flat_map(|row| &row.bars)
            .any(|bar| bar.between.is_some());
        if pale { KEY } else { 0.0 }
    }
    /// Name of a measure over its bars, with the unit where the numbers at the bars have none.
    fn heading(&self, at: usize, measure: &Measure) -> String {
        let bars = || {
            self.rows
                .iter()
                .filter_map(|row| row.bars.get(at))
                .filter(|bar| bar.value.is_some())
        };
        let bare = |bar: &Bar| {
            bar.text
                .chars()
                .all(|sign| !sign.is_alphabetic() && !"$%".contains(sign))
        };
        if measure.unit.is_empty() || bars().next().is_none() || !bars().all(bare) {
            measure.name.clone()
        } else {
            format!("{}, {}", measure.name, measure.unit)
        }
    }
    /// How long the longest bar of a measure is.
    fn longest(&self, at: usize) -> f64 {
        let ends = self.rows.iter().filter_map(|row| row.bars.get(at)).flat_map(|bar| {
            let high = bar.between.map(|(_, high)| high);
            [bar.value, high]
        });
        ends.flatten().filter(|value| value.is_finite()).fold(0.0, f64::max)
    }
}

/// `16.1 TFLOP, 40 %`.
fn with_share(text: String, part: f64, all: f64) -> String {
    if all > 0.0 {
        format!("{text}, {}", percent(part / all))
    } else {
        text
    }
}

impl Chart for BarsChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let outer = pen.frame;
        let small = pen.small();
        let name = |row: &BarRow, pen: &Pen<B>| Lettering {
            size: 11.5,
            bold: row.now,
            colour: pen.theme.colour(if row.now { "ink" } else { "soft" }),
            halo: None,
        };
        let title = |row: &BarRow| {
            if row.now {
                format!("{}, now", row.label)
            } else {
                row.label.clone()
            }
        };
        let narrow = outer.right - outer.left < NARROW;
        let widest = self
            .rows
            .iter()
            .map(|row| pen.width(&title(row), name(row, pen)).max(pen.width(&row.note, small)))
            .fold(0.0, f64::max);
        let left = if narrow {
            outer.left
        } else {
            outer.left + widest.min(300.0) + 14.0
        };
        let count = self.measures.len().max(1) as f64;
        let wide = (outer.right - left - GAP * (count - 1.0)) / count;
        let top = outer.top + HEADING;
        let height = ((outer.bottom - self.key_room() - top) / self.rows.len().max(1) as f64).min(ROW);
        if self.rows.is_empty() || wide < 30.0 || height < 12.0 {
            return Ok(());
        }
        for (at, measure) in self.measures.iter().enumerate() {
            let x = left + (wide + GAP) * at as f64;
            let heading = self.heading(at, measure);
            pen.place(&heading, small, &[(x + 2.5, outer.top + 9.0, HPos::Left)])?;
        }
        if self.key_room() > 0.0 {
            let y = top + height * self.rows.len() as f64 + KEY / 2.0;
            let colour = pen.theme.part(self.rows.first().map_or("", |row| row.key));
            let corners = [
                (left, y - 4.0),
                (left + 18.0, y - 4.0),
                (left + 18.0, y + 4.0),
                (left, y + 4.0),
            ];
            pen.area(&corners, colour, 0.35)?;
            pen.place("pale: the likely range", small, &[(left + 26.0, y, HPos::Left)])?;
        }
        for (line, row) in self.rows.iter().enumerate() {
            let upper = top + height * line as f64;
            let head = if narrow && height >= 26.0 { 14.0 } else { 0.0 };
            let middle = upper + head + (height - head) / 2.0;
            let half = ((height - head) / 2.0 - 3.0).clamp(2.0, 8.0);
            let letters = name(row, pen);
            // A note stands under the name where the row is high enough for both.
            let both = !row.note.is_empty() && !narrow && height >= 32.0;
            let shift = if both { 7.5 } else { 0.0 };
            let place = if narrow {
                (outer.left + 4.0, upper + 8.0, HPos::Left)
            } else {
                (left - 10.0, middle - shift, HPos::Right)
            };
            pen.place(&title(row), letters, &[place])?;
            if both {
                pen.place(&row.note, small, &[(left - 10.0, middle + shift, HPos::Right)])?;
            }
            let mut said = Vec::new();
            for (at, bar) in row.bars.iter().enumerate() {
                let x = left + (wide + GAP) * at as f64;
                self.bar(pen, row, (at, bar), (x, wide), (middle, half))?;
                let what = self.measures.get(at).map_or("", |measure| &measure.name);
                let likely = bar.between.map_or_else(String::new, |(low, high)| {
                    format!(", {} to {} likely", decimal(low), decimal(high))
                });
                said.push(format!(
                    "{what}: {}{likely}{}",
                    bar.text,
                    if bar.over { ", too much" } else { "" }
                ));
            }
            let reach = Frame {
                left: outer.left,
                right: outer.right,
                top: upper,
                bottom: upper + height,
            };
            let spot = (f64::midpoint(outer.left, outer.right), middle);
            pen.stop(spot, Mark::Area(reach), title(row), said);
        }
        Ok(())
    }

    fn table(&self) -> Table {
        let mut table = Table::new([(self.rows_are, "", false)]);
        table.columns.extend(self.measures.iter().map(|measure| super::Column {
            name: measure.name.clone(),
            unit: measure.unit,
            optional: false,
        }));
        for row in &self.rows {
            let bars = row.bars.iter().map(|bar| Field {
                text: bar.text.clone(),
                number: bar.value,
                between: None,
            });
            let name = match (row.now, row.note.as_str()) {
                (true, _) => format!("{}, now", row.label),
                (false, "") => row.label.clone(),
                (false, note) => format!("{}, {note}", row.label),
            };
            table
                .rows
                .push(std::iter::once(Field::text(name)).chain(bars).collect());
        }
        table
    }
}

impl BarsChart {
    /// One bar with its interval pale behind, and its number at the end.
    fn bar<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        row: &BarRow,
        (at, bar): (usize, &Bar),
        (left, wide): (f64, f64),
        (middle, half): (f64, f64),
    ) -> Drawn<B> {
        pen.upright(
            left,
            middle - half - 3.0,
            middle + half + 3.0,
            pen.theme.colour("rule-strong"),
        )?;
        let letters = Lettering {
            size: 11.0,
            bold: row.now,
            colour: pen.theme.colour(if bar.over {
                "no"
            } else if bar.value.is_none() {
                "faint"
            } else {
                "ink"
            }),
            halo: None,
        };
        let texts = self.rows.iter().filter_map(|row| row.bars.get(at));
        let widest = texts.map(|bar| pen.width(&bar.text, letters)).fold(0.0, f64::max);
        let room = (wide - widest - 12.0).max(6.0);
        let longest = self.longest(at);
        let length = |value: f64| {
            if longest > 0.0 {
                (value / longest).clamp(0.0, 1.0) * room
            } else {
                0.0
            }
        };
        let Some(value) = bar.value else {
            return pen
                .place(&bar.text, letters, &[(left + 7.0, middle, HPos::Left)])
                .map(drop);
        };
        let colour = pen.theme.part(row.key);
        let mut end = left + length(value);
        if let Some((low, high)) = bar.between {
            let (low, high) = (left + length(low), left + length(high));
            end = end.max(high);
            let corners = [
                (low, middle - half),
                (high, middle - half),
                (high, middle + half),
                (low, middle + half),
            ];
            pen.area(&corners, colour, 0.35)?;
        }
        let half = if bar.between.is_some() { half * 0.55 } else { half };
        pen.fill(
            Frame {
                left,
                right: left + length(value),
                top: middle - half,
                bottom: middle + half,
            },
            colour,
        )?;
        pen.place(&bar.text, letters, &[(end + 7.0, middle, HPos::Left)])
            .map(drop)
    }
}
