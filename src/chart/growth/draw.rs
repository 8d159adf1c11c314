//! How memory over context or over sequences is drawn.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::GrowthChart;
use crate::analysis::Over;
use crate::chart::axis::{byte_ticks, byte_unit, tick_texts, token_ticks, tokens_short};
use crate::chart::pen::{Drawn, Frame, Lettering, Pen};
use crate::chart::table::Table;
use crate::chart::theme::ON_PART;
use crate::chart::{Chart, short_name};
use crate::units::grouped;

impl Chart for GrowthChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let plot = self.axes(pen)?;
        if self.places.len() > 1 {
            self.areas(pen, &plot)?;
            self.marks(pen, &plot)?;
            self.labels(pen, &plot)?;
            self.stops(pen, &plot);
        }
        Ok(())
    }
    fn table(&self) -> Table {
        self.table()
    }
}

impl GrowthChart {
    /// What each point says.
    fn stops<B: DrawingBackend>(&self, pen: &mut Pen<B>, plot: &Plot) {
        for (at, place) in self.shown() {
            let [fixed, activations, cache, total] = self.parts(at).map(|bytes| self.units.bytes(bytes as f64));
            let verdict = match self.fits(at) {
                Some(true) => ", fits",
                Some(false) => ", too much",
                None => "",
            };
            let mut lines = vec![format!("{total} in all{verdict}")];
            lines.extend(self.has_cache().then(|| format!("{cache} KV cache")));
            lines.extend([format!("{activations} activations"), format!("{fixed} stays")]);
            let spot = (plot.x(place as f64), plot.y(self.total(at) as f64));
            pen.stop_on(plot.frame, spot, self.place_words(place), lines);
        }
    }

    /// Frame, ticks and the mapping from tokens and bytes.
    fn axes<B: DrawingBackend>(
        &self,
        pen: &mut Pen<B>,
    ) -> Result<Plot, plotters_backend::DrawingErrorKind<B::ErrorType>> {
        let total = (0..self.places.len()).map(|at| self.total(at)).max().unwrap_or(0) as f64;
        let capacity = self.capacity.as_ref().map_or(0.0, |capacity| capacity.bytes as f64);
        // A capacity far above everything would press the curve flat: it is told in words instead.
        let most = (if capacity > 3.0 * total {
            total * 1.25
        } else {
            total.max(capacity)
        } * 1.08)
            .max(1.0);
        let (unit, unit_name) = byte_unit(self.units, most);
        let small = pen.small();
        let ticks = byte_ticks(self.units, most, 6.0);
        let texts: Vec<(f64, String)> = ticks.iter().copied().zip(tick_texts(&ticks, unit)).collect();
        let widest = texts.iter().map(|(_, text)| pen.width(text, small)).fold(0.0, f64::max);
        let outer = pen.frame;
        let frame = Frame {
            left: outer.left + widest + 10.0,
            top: outer.top + 18.0,
            right: outer.right - 1.0,
            bottom: outer.bottom - 40.0,
        };
        let plot = Plot {
            frame,
            longest: self.longest() as f64,
            bytes: most,
        };
        if frame.right <= frame.left || frame.bottom <= frame.top {
            return Ok(plot);
        }
        pen.place(unit_name, small, &[(outer.left + 2.5, outer.top + 7.5, HPos::Left)])?;
        for (tick, text) in texts {
            let y = plot.y(tick);
            pen.level(
                frame.left,
                frame.right,
                y,
                pen.theme.colour(if tick == 0.0 { "rule-strong" } else { "rule" }),
            )?;
            pen.place(&text, small, &[(frame.left - 7.0, y, HPos::Right)])?;
        }
        pen.place_near(
            match self.over {
                Over::Context => "tokens of each sequence",
                Over::Sequences => "sequences at once",
            },
            small,
            (frame.left + frame.right) / 2.0,
            &[frame.bottom + 32.0],
        )?;
        let ticks = match self.over {
            Over::Context => token_ticks(self.longest(), 4),
            Over::Sequences => token_ticks(self.longest(), 8),
        };
        for tick in ticks {
            let x = plot.x(tick as f64);
            pen.fill(
                Frame {
                    left: x - 0.5,
                    right: x + 0.5,
                    top: frame.bottom,
                    bottom: frame.bottom + 4.0,
                },
                pen.theme.colour("rule-strong"),
            )?;
            let text = match self.over {
                Over::Context => tokens_short(tick),
                Over::Sequences => grouped(tick),
            };
            pen.place_near(&text, small, x, &[frame.bottom + 15.0])?;
        }
        Ok(plot)
    }

    fn areas<B: DrawingBackend>(&self, pen: &mut Pen<B>, plot: &Plot) -> Drawn<B> {
        let xs: Vec<f64> = self.places.iter().map(|&tokens| plot.x(tokens as f64)).collect();
        for (at, band) in self.bands.iter().enumerate() {
            let upper = xs
                .iter()
                .copied()
                .zip(self.heights(at + 1).into_iter().map(|bytes| plot.y(bytes)));
            let lower = xs
                .iter()
                .copied()
                .zip(self.heights(at).into_iter().map(|bytes| plot.y(bytes)));
            let outline: Vec<_> = upper.chain(lower.rev()).collect();
            pen.area(&outline, pen.theme.part(band.key), 1.0)?;
        }
        // Hairlines between the parts, as on the deck.
        for at in 1..self.bands.len() {
            let line: Vec<_> = xs
                .iter()
                .copied()
                .zip(self.heights(at).into_iter().map(|bytes| plot.y(bytes)))
                .collect();
            pen.path(&line, pen.theme.colour("card"), 1.0)?;
        }
        let top: Vec<(f64, f64)> = xs
            .into_iter()
            .zip(self.heights(self.bands.len()).into_iter().map(|bytes| plot.y(bytes)))
            .collect();
        pen.keep_line_free(&top);
        let Some(capacity) = &self.capacity else { return Ok(()) };
        let mark = plot.y(capacity.bytes as f64);
        let over: Vec<(f64, f64)> = std::iter::successors(Some(plot.frame.left), |x| Some(x + 1.0))
            .take_while(|&x| x <= plot.frame.right)
            .filter_map(|x| height(&top, x).filter(|&y| y < mark).map(|y| (x, y)))
            .collect();
        if let (Some(first), Some(last)) = (over.first(), over.last()) {
            let outline: Vec<_> = over.iter().copied().chain([(last.0, mark), (first.0, mark)]).collect();
            pen.area(&outline, pen.theme.colour("no-bg"), 0.8)?;
            let inside = |x: f64| height(&top, x).filter(|&y| y < mark).map(|y| (y, mark));
            pen.hatch(first.0, last.0, inside, pen.theme.colour("no"))?;
        }
        Ok(())
    }

    /// Capacity, the point where it is reached, and where the scenario stands.
    fn marks<B: DrawingBackend>(&self, pen: &mut Pen<B>, plot: &Plot) -> Drawn<B> {
        let (ink, card) = (pen.theme.colour("ink"), pen.theme.colour("card"));
        let bold = Lettering {
            size: 11.5,
            bold: true,
            colour: ink,
            halo: Some(card),
        };
        let crossing = self.capacity.as_ref().zip(self.crossing).map(|(capacity, tokens)| {
            let height = if self.crossing_is_models {
                plot.frame.bottom
            } else {
                plot.y(capacity.bytes as f64)
            };
            (plot.x(tokens as f64), height, tokens)
        });
        let now = self
            .now
            .map(|(tokens, bytes)| (plot.x(tokens as f64), plot.y(bytes as f64), bytes));
        for (x, y) in crossing
            .iter()
            .map(|one| (one.0, one.1))
            .chain(now.iter().map(|one| (one.0, one.1)))
        {
            pen.keep_free(Frame {
                left: x - 6.0,
                right: x + 6.0,
                top: y - 6.0,
                bottom: y + 6.0,
            });
        }
        if let Some(capacity) = &self.capacity {
            let text = format!("{}: {}", capacity.name, self.units.bytes(capacity.bytes as f64));
            let y = plot.y(capacity.bytes as f64);
            if (capacity.bytes as f64) <= plot.bytes {
                pen.dashed_level(plot.frame.left, plot.frame.right, y, ink)?;
                pen.keep_line_free(&[(plot.frame.left, y), (plot.frame.right, y)]);
                let (left, right) = (plot.frame.left + 6.0, plot.frame.right - 4.0);
                pen.place(
                    &text,
                    bold,
                    &[
                        (left, y - 10.0, HPos::Left),
                        (right, y - 10.0, HPos::Right),
                        (left, y + 11.0, HPos::Left),
                        (right, y + 11.0, HPos::Right),
                    ],
                )?;
            } else {
                pen.place(
                    &format!("{text}, above this chart"),
                    bold,
                    &[(plot.frame.right - 4.0, plot.frame.top - 8.0, HPos::Right)],
                )?;
            }
        }
        if let Some((x, y, tokens)) = crossing {
            let text = if self.crossing_is_models {
                format!("model's limit: {}", self.place_words(tokens))
            } else {
                format!("full at {}", self.place_words(tokens))
            };
            // First to the left above, where the curve comes from below.
            let above = [15.0, 29.0, 43.0].map(|up| (x + 6.0, y - up, HPos::Right));
            if !pen.place(&text, bold, &above)? {
                pen.place_around(&text, bold, (x, y))?;
            }
            pen.dot(x, y, card, ink)?;
        }
        if let Some((x, y, bytes)) = now {
            let text = format!("now {}", self.units.bytes(bytes as f64));
            let above = [15.0, 29.0, 43.0, 57.0].map(|up| (x - 4.0, y - up, HPos::Left));
            if !pen.place(&text, bold, &above)? {
                pen.place_around(&text, bold, (x, y))?;
            }
            pen.dot(x, y, ink, card)?;
        }
        Ok(())
    }

    /// Names of the parts, where they are thick enough; of the uppermost part above the curve where it is not.
    fn labels<B: DrawingBackend>(&self, pen: &mut Pen<B>, plot: &Plot) -> Drawn<B> {
        let size = 11.5;
        let inside = Lettering {
            size,
            bold: false,
            colour: ON_PART,
            halo: None,
        };
        let xs: Vec<f64> = self.places.iter().map(|&tokens| plot.x(tokens as f64)).collect();
        let curve = |bands: usize| -> Vec<(f64, f64)> {
            xs.iter()
                .copied()
                .zip(self.heights(bands).into_iter().map(|bytes| plot.y(bytes)))
                .collect()
        };
        let mark = self.capacity.as_ref().map_or(plot.frame.top, |capacity| {
            plot.y(capacity.bytes as f64).max(plot.frame.top)
        });
        for (at, band) in self.bands.iter().enumerate() {
            let (upper, lower) = (curve(at + 1), curve(at));
            let name = short_name(band.key, band.label);
            let name = if band.key == "kv_cache" { band.label } else { name };
            let width = pen.width(name, inside) + 6.0;
            let room = |right: f64| {
                let ends = [right - width, right];
                let top = ends.iter().filter_map(|&x| height(&upper, x)).fold(mark, f64::max);
                let bottom = ends
                    .iter()
                    .filter_map(|&x| height(&lower, x))
                    .fold(plot.frame.bottom, f64::min);
                (bottom - top >= size + 2.0).then_some((right, (top + bottom) / 2.0, HPos::Right))
            };
            let rights = [1.0, 0.8, 0.62, 0.45, 0.3]
                .map(|share| plot.frame.left + (plot.frame.right - plot.frame.left) * share - 8.0);
            let places: Vec<_> = rights.into_iter().filter_map(room).collect();
            if !pen.place(name, inside, &places)? && at + 1 == self.bands.len() {
                let outside = Lettering {
                    colour: pen.theme.colour("soft"),
                    halo: Some(pen.theme.colour("card")),
                    ..inside
                };
                let above = rights.map(|right| {
                    (
                        right,
                        height(&upper, right).unwrap_or(plot.frame.top) - 11.0,
                        HPos::Right,
                    )
                });
                pen.place(name, outside, &above)?;
            }
        }
        Ok(())
    }
}

/// The mapping from tokens and bytes to the sheet.
struct Plot {
    frame: Frame,
    longest: f64,
    bytes: f64,
}

impl Plot {
    fn x(&self, place: f64) -> f64 {
        self.frame.left + (self.frame.right - self.frame.left) * (place / self.longest).clamp(0.0, 1.0)
    }
    fn y(&self, bytes: f64) -> f64 {
        self.frame.bottom - (self.frame.bottom - self.frame.top) * (bytes / self.bytes).clamp(0.0, 1.0)
    }
}

/// Height of a line of points, sorted by x, at a place.
fn height(points: &[(f64, f64)], x: f64) -> Option<f64> {
    let after = points.partition_point(|point| point.0 < x);
    let right = points.get(after).or(points.last())?;
    let left = points.get(after.saturating_sub(1))?;
    let share = if right.0 > left.0 {
        ((x - left.0) / (right.0 - left.0)).clamp(0.0, 1.0)
    } else {
        0.0
    };
    Some(left.1 + (right.1 - left.1) * share)
}
