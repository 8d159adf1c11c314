//! Memory by format of the weights, each a bar against what the device carries.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;
use strum::IntoEnumIterator as _;

use super::axis::{byte_ticks, byte_unit, tick_texts};
use super::pen::{Caption, Drawn, Frame, Lettering, Pen};
use super::theme::{ON_PART, Theme};
use super::{Capacity, short_name};
use crate::analysis::{AnalysisError, FormatComparison, Setup, fullest};
use crate::scenario::{Mode, Recompute};
use crate::units::UnitSystem;

/// One bar: a format of the weights or, in training, what is computed again.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryRow {
    /// Its name for people.
    pub label: String,
    /// Parts as key, name and bytes, in the order of the bar.
    pub parts: Vec<(&'static str, &'static str, u64)>,
    /// Whether the scenario has it.
    pub now: bool,
}

impl MemoryRow {
    /// All its bytes.
    pub fn total(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.2))
    }
}

/// Memory by format of the weights; in training, by what is computed again instead of kept.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryChart {
    /// Bars, the largest first.
    pub rows: Vec<MemoryRow>,
    /// Whether the rows are what training computes again, not formats.
    pub training: bool,
    /// What the device carries.
    pub capacity: Option<Capacity>,
    /// GiB or GB.
    pub units: UnitSystem,
}

impl MemoryChart {
    /// The chart of a setup beside other formats.
    ///
    /// # Errors
    /// See [`AnalysisError`].
    pub fn of(setup: &Setup, formats: &FormatComparison, units: UnitSystem) -> Result<Self, AnalysisError> {
        let mut rows: Vec<MemoryRow> = Vec::new();
        let capacity = Capacity::of_setup(setup);
        let training = setup.scenario.workload.mode == Mode::Pretrain;
        if training {
            for recompute in Recompute::iter() {
                let parts = fullest(&setup.working(|scenario| scenario.workload.recompute = recompute))?.parts();
                rows.push(MemoryRow {
                    label: computed_again(recompute).to_owned(),
                    parts,
                    now: recompute == setup.scenario.workload.recompute,
                });
            }
        } else {
            for (at, format) in formats.rows.iter().enumerate() {
                rows.push(MemoryRow {
                    label: format.label.clone(),
                    parts: fullest(&format.setup)?.parts(),
                    now: at == 0,
                });
            }
        }
        rows.sort_by_key(|row| std::cmp::Reverse(row.total()));
        Ok(Self {
            rows,
            training,
            capacity,
            units,
        })
    }

    /// Draws the chart.
    ///
    /// # Errors
    /// Whatever the backend reports.
    pub fn draw<B: DrawingBackend>(&self, backend: B, theme: Theme, scale: f64, caption: Option<&Caption>) -> Drawn<B> {
        let mut pen = Pen::new(backend, theme, scale, caption)?;
        let outer = pen.frame;
        let top = outer.top + if self.capacity.is_some() { 20.0 } else { 4.0 };
        // Few bars are not stretched; the axis follows them.
        let height = ((outer.bottom - 22.0 - top) / self.rows.len().max(1) as f64).min(66.0);
        let bottom = top + height * self.rows.len() as f64;
        let frame = Frame {
            left: outer.left + 1.0,
            top,
            right: outer.right - 1.0,
            bottom,
        };
        if self.rows.is_empty() || frame.right <= frame.left || frame.bottom <= frame.top {
            return pen.finish();
        }
        let total = self.rows.iter().map(MemoryRow::total).max().unwrap_or(0) as f64;
        let carried = self.capacity.as_ref().map_or(0.0, |capacity| capacity.bytes as f64);
        // A capacity far above everything would press the bars flat: it is told in words instead.
        let most = (if carried > 3.0 * total {
            total * 1.2
        } else {
            total.max(carried) * 1.02
        })
        .max(1.0);
        let x = |bytes: f64| frame.left + (frame.right - frame.left) * (bytes / most).clamp(0.0, 1.0);
        self.axis(&mut pen, frame, most, x)?;
        let ink = pen.theme.colour("ink");
        if let Some(capacity) = &self.capacity {
            let bold = Lettering {
                size: 11.5,
                bold: true,
                colour: ink,
                halo: None,
            };
            let text = format!("{}: {}", capacity.name, self.units.bytes(carried));
            if carried <= most {
                pen.place_near(&text, bold, x(carried), &[outer.top + 9.0])?;
            } else {
                pen.place(
                    &format!("{text}, far more"),
                    bold,
                    &[(frame.right - 3.0, outer.top + 9.0, HPos::Right)],
                )?;
            }
        }
        for (row, at) in self.rows.iter().zip(0_u32..) {
            let top = frame.top + f64::from(at) * height;
            self.row(
                &mut pen,
                row,
                Frame {
                    top,
                    bottom: top + height,
                    ..frame
                },
                x,
            )?;
        }
        if carried > 0.0 && carried <= most {
            for at in 0..self.rows.len() {
                // Over the bars only, so that no label is crossed.
                let top = frame.top + at as f64 * height;
                let (x, bottom) = (x(carried), (top + height - 3.0).min(frame.bottom));
                pen.fill(
                    Frame {
                        left: x - 1.0,
                        right: x + 1.0,
                        top: top + 14.0,
                        bottom,
                    },
                    ink,
                )?;
            }
        }
        pen.finish()
    }

    fn axis<B: DrawingBackend>(&self, pen: &mut Pen<B>, frame: Frame, most: f64, x: impl Fn(f64) -> f64) -> Drawn<B> {
        let (unit, unit_name) = byte_unit(self.units, most);
        let small = Lettering {
            size: 11.0,
            bold: false,
            colour: pen.theme.colour("faint"),
            halo: None,
        };
        let ticks = byte_ticks(self.units, most, 6.0);
        let last = ticks.len().saturating_sub(1);
        let texts = tick_texts(&ticks, unit);
        for (at, (tick, text)) in ticks.into_iter().zip(texts).enumerate() {
            let line = Frame {
                left: x(tick) - 0.5,
                right: x(tick) + 0.5,
                top: frame.top,
                bottom: frame.bottom + 4.0,
            };
            pen.fill(line, pen.theme.colour("rule"))?;
            let text = if at == last {
                format!("{text} {unit_name}")
            } else {
                text
            };
            pen.place_near(&text, small, x(tick), &[frame.bottom + 13.0])?;
        }
        Ok(())
    }

    /// A line of words, and the bar below it.
    fn row<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
        row: &MemoryRow,
        place: Frame,
        x: impl Fn(f64) -> f64,
    ) -> Drawn<B> {
        let theme = pen.theme;
        let (card, carried) = (
            theme.colour("card"),
            self.capacity.as_ref().map_or(u64::MAX, |capacity| capacity.bytes),
        );
        let total = row.total();
        let over = total > carried;
        let tone = theme.colour(if over {
            "no"
        } else if row.now {
            "ink"
        } else {
            "soft"
        });
        let words = Lettering {
            size: 11.5,
            bold: row.now,
            colour: tone,
            halo: Some(card),
        };
        let size = self.units.bytes(total as f64);
        let full = match (row.now, over) {
            (true, true) => format!(
                "{}, now: {size}, {} too much",
                row.label,
                self.units.bytes((total - carried) as f64)
            ),
            (true, false) => format!("{}, now: {size}", row.label),
            (false, true) => format!("{}: {size}, too much", row.label),
            (false, false) => format!("{}: {size}", row.label),
        };
        let line = (place.left + 2.5, place.top + 8.0, HPos::Left);
        if !pen.place(&full, words, std::slice::from_ref(&line))? {
            pen.place(&format!("{}: {size}", row.label), words, &[line])?;
        }
        let bar = Frame {
            top: place.top + 16.0,
            bottom: (place.bottom - 6.0).max(place.top + 20.0),
            ..place
        };
        let mut below = 0_u64;
        for &(key, label, bytes) in &row.parts {
            let above = below.saturating_add(bytes);
            let part = Frame {
                left: x(below as f64),
                right: x(above as f64),
                ..bar
            };
            pen.fill(part, theme.part(key))?;
            pen.fill(
                Frame {
                    left: part.right - 1.0,
                    ..part
                },
                card,
            )?;
            below = above;
            let inside = Lettering {
                size: 11.0,
                bold: false,
                colour: ON_PART,
                halo: None,
            };
            let free = x(carried as f64).min(part.right) - part.left;
            let name = short_name(key, label);
            if bar.bottom - bar.top >= 13.0 && free >= pen.width(name, inside) + 8.0 {
                pen.place_near(
                    name,
                    inside,
                    part.left + free / 2.0,
                    &[f64::midpoint(bar.top, bar.bottom)],
                )?;
            }
        }
        if over {
            let too_much = Frame {
                left: x(carried as f64),
                right: x(total as f64),
                ..bar
            };
            let corners = [
                (too_much.left, bar.top),
                (too_much.right, bar.top),
                (too_much.right, bar.bottom),
                (too_much.left, bar.bottom),
            ];
            pen.area(&corners, theme.colour("no-bg"), 0.8)?;
            pen.hatch(
                too_much.left,
                too_much.right,
                |_| Some((bar.top, bar.bottom)),
                theme.colour("no"),
            )?;
        }
        if row.now {
            // A mark in the margin, beside the bold words: not by colour alone.
            pen.fill(
                Frame {
                    left: bar.left - 1.0,
                    right: bar.left + 2.0,
                    ..bar
                },
                theme.colour("ink"),
            )?;
        }
        Ok(())
    }
}

const fn computed_again(recompute: Recompute) -> &'static str {
    match recompute {
        Recompute::None => "keep everything",
        Recompute::Selective => "recompute attention",
        Recompute::Full => "recompute layers",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use std::sync::Arc;

    use super::super::recorder::{Recorder, Shape};
    use super::*;
    use crate::model::Blueprint;
    use crate::scenario::Scenario;

    fn example(id: &str, scenario: &Scenario) -> MemoryChart {
        let blueprint = Blueprint::from_value(crate::model::catalogue::find(id).unwrap().config.clone()).unwrap();
        let setup = Setup::new(&Arc::new(blueprint), scenario).unwrap();
        let formats = FormatComparison::of(&setup, &FormatComparison::default()).unwrap();
        MemoryChart::of(&setup, &formats, UnitSystem::Gib).unwrap()
    }

    #[test]
    fn one_bar_for_each_format_and_the_largest_first() {
        let chart = example("meta-llama/Llama-3.1-8B-Instruct", &Scenario::example());
        let labels: Vec<_> = chart.rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(
            labels,
            ["BF16 (as published)", "FP8", "bitsandbytes NF4", "INT4 (groups of 128)"]
        );
        assert!(
            chart.rows.is_sorted_by(|one, next| one.total() >= next.total()),
            "{labels:?}"
        );
        assert_eq!(chart.rows.iter().filter(|row| row.now).count(), 1);
        for (width, height) in [(328, 260), (480, 318), (1000, 318)] {
            let recorder = Recorder::new(width * 2, height * 2);
            chart.draw(recorder.clone(), Theme::Light, 2.0, None).unwrap();
            recorder.check();
            let texts = recorder.texts();
            for row in &chart.rows {
                assert!(
                    texts.iter().any(|text| text.starts_with(&row.label)),
                    "{width}: no {} in {texts:?}",
                    row.label
                );
            }
            assert!(texts.iter().any(|text| text.starts_with("RTX 4090: ")), "{texts:?}");
            assert!(texts.iter().any(|text| text == "MLP"), "{texts:?}");
        }
    }

    #[test]
    fn training_compares_what_is_computed_again() {
        let scenario = Scenario::example().with(|s| {
            s.workload.mode = Mode::Pretrain;
            s.workload.generate = None;
        });
        let chart = example("meta-llama/Llama-3.1-8B-Instruct", &scenario);
        let labels: Vec<_> = chart.rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["keep everything", "recompute attention", "recompute layers"]);
    }

    #[test]
    fn what_is_too_much_is_hatched_and_said() {
        let scenario = Scenario::example().with(|s| {
            s.hardware.device = Some("rtx-4090".to_owned());
            s.workload.prompt = 200_000;
        });
        let chart = example("meta-llama/Llama-3.1-8B-Instruct", &scenario);
        let recorder = Recorder::new(480, 318);
        chart.draw(recorder.clone(), Theme::Dark, 1.0, None).unwrap();
        recorder.check();
        assert!(recorder.texts().iter().any(|text| text.ends_with("too much")));
        assert!(recorder.shapes().contains(&Shape::Area));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn never_fails_and_never_leaves_the_frame(
            rows in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..5), 0..9),
            capacity in proptest::option::of(any::<u64>()),
            size in (0_u32..1400, 0_u32..700),
            scale in 0.5_f64..4.0,
        ) {
            let row = |parts: Vec<u64>| MemoryRow {
                label: "A format".to_owned(),
                parts: parts.into_iter().map(|bytes| ("mlp", "MLP", bytes)).collect(),
                now: false,
            };
            let capacity = capacity.map(|bytes| Capacity { name: "Device".to_owned(), bytes });
            let chart = MemoryChart { rows: rows.into_iter().map(row).collect(), training: false, capacity, units: UnitSystem::Gb };
            let recorder = Recorder::new(size.0, size.1);
            chart.draw(recorder.clone(), Theme::Light, scale, None).unwrap();
            recorder.check();
        }
    }
}
