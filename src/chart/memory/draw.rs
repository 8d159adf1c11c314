//! How memory by format is drawn.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::{MemoryChart, MemoryRow};
use crate::chart::axis::{byte_ticks, byte_unit, tick_texts};
use crate::chart::pen::{Drawn, Frame, Lettering, Pen};
use crate::chart::reading::Mark;
use crate::chart::table::Table;
use crate::chart::theme::ON_PART;
use crate::chart::{Chart, short_name};

impl Chart for MemoryChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
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
            return Ok(());
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
        self.axis(pen, frame, most, x)?;
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
                    &format!("{text}, beyond this chart"),
                    bold,
                    &[(frame.right - 3.0, outer.top + 9.0, HPos::Right)],
                )?;
            }
        }
        for (row, at) in self.rows.iter().zip(0_u32..) {
            let top = frame.top + f64::from(at) * height;
            self.row(
                pen,
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
        Ok(())
    }
    fn table(&self) -> Table {
        self.table()
    }
}

impl MemoryChart {
    fn axis<B: DrawingBackend>(&self, pen: &mut Pen<B>, frame: Frame, most: f64, x: impl Fn(f64) -> f64) -> Drawn<B> {
        let (unit, unit_name) = byte_unit(self.units, most);
        let small = pen.small();
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
        let over = self.capacity.is_some() && row.is_over(carried);
        let (too_much, tone_over, tone_under) = if row.spills() {
            ("in RAM", "offload", "offload-bg")
        } else {
            ("too much", "no", "no-bg")
        };
        let tone = theme.colour(if over {
            tone_over
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
                "{}, now: {size}, {} {too_much}",
                row.label,
                self.units.bytes(total.saturating_sub(carried) as f64)
            ),
            (true, false) => format!("{}, now: {size}", row.label),
            (false, true) if row.spills() => format!("{}: {size}, partly {too_much}", row.label),
            (false, true) => format!("{}: {size}, {too_much}", row.label),
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
        let lines = row.parts.iter().filter(|part| part.2 > 0);
        let lines = lines.map(|&(_, label, bytes)| format!("{} {label}", self.units.bytes(bytes as f64)));
        let verdict = match (over, &self.capacity) {
            (true, _) if row.spills() => ", partly in RAM",
            (true, _) => ", too much",
            (false, Some(_)) => ", fits",
            (false, None) => "",
        };
        let lines = std::iter::once(format!("{size} in all{verdict}"))
            .chain(lines)
            .collect();
        let middle = (x(total as f64), f64::midpoint(bar.top, bar.bottom));
        let reach = Frame {
            left: bar.left,
            right: middle.0,
            ..bar
        };
        pen.stop(middle, Mark::Area(reach), row.label.clone(), lines);
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
        if over && total > carried {
            let beyond = Frame {
                left: x(carried as f64),
                right: x(total as f64),
                ..bar
            };
            let corners = [
                (beyond.left, bar.top),
                (beyond.right, bar.top),
                (beyond.right, bar.bottom),
                (beyond.left, bar.bottom),
            ];
            pen.area(&corners, theme.colour(tone_under), 0.8)?;
            pen.hatch(
                beyond.left,
                beyond.right,
                |_| Some((bar.top, bar.bottom)),
                theme.colour(tone_over),
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
