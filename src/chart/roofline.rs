//! The roofline of a device with the operators of both passes as points.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::Chart;
use super::axis::LogAxis;
use super::pen::{Drawn, Frame, Lettering, Pen};
use super::reading::Mark;
use super::table::{Field, Table};
use crate::analysis::time::{OperatorTime, OperatorTimes, Pass, operator_times};
use crate::analysis::{Analysis, Bound, Fit};
use crate::units::{count, decimal, percent, seconds};

/// Points that take less of their pass are in the table alone.
const LEAST: f64 = 0.002;
/// Points of a pass that carry their name.
const NAMED: usize = 4;
/// Powers of ten that are drawn below the roof at most.
const DEEPEST: f64 = 6.0;

/// The chart.
#[derive(Clone, Debug, PartialEq)]
pub struct RooflineChart {
    /// The device.
    pub device: String,
    /// Its rate for work element by element, operations a second.
    pub vector: Option<f64>,
    /// Its passes.
    pub passes: Vec<OperatorTimes>,
}

/// What is drawn as one point: operators of a pass that stand at the same place.
#[derive(Clone, Debug, PartialEq)]
struct Place<'a> {
    pass: Pass,
    operators: Vec<&'a OperatorTime>,
    intensity: f64,
    reached: f64,
    share: f64,
}

impl Place<'_> {
    /// All names: `gate_proj, up_proj, down_proj`.
    fn names(&self) -> String {
        let names: Vec<&str> = self.operators.iter().map(|one| one.name).collect();
        names.join(", ")
    }
    /// A name for the picture: `gate_proj + 2`.
    fn name(&self) -> String {
        match (self.operators.first(), self.operators.len()) {
            (None, _) => String::new(),
            (Some(first), 1) => first.name.to_owned(),
            (Some(first), more) => format!("{} + {}", first.name, more - 1),
        }
    }
    fn key(&self) -> &'static str {
        self.operators.first().map_or("norm", |one| one.component.key())
    }
}

/// Whether two values would be the same point.
fn close(one: f64, other: f64) -> bool {
    (one / other - 1.0).abs() < 0.06
}

impl RooflineChart {
    /// The roofline of an answer; none where its device has none.
    pub fn of(analysis: &Analysis) -> Option<Self> {
        let setup = &analysis.setup;
        let host = analysis.fit.as_ref().map(Fit::host).unwrap_or_default();
        let passes = [Pass::Prefill, Pass::Decode];
        let passes: Vec<_> = passes
            .into_iter()
            .filter_map(|pass| operator_times(setup, &host, pass))
            .collect();
        (!passes.is_empty()).then(|| Self {
            vector: setup
                .device()
                .and_then(|device| device.rate_vector())
                .map(|rate| rate.flops),
            device: setup
                .device()
                .map(|device| device.short_name().to_owned())
                .unwrap_or_default(),
            passes,
        })
    }
    fn bandwidth(&self) -> f64 {
        self.passes.first().map_or(0.0, |pass| pass.bandwidth)
    }
    /// Peak rates, the lowest first.
    fn rates(&self) -> Vec<f64> {
        let mut rates: Vec<f64> = self.passes.iter().flat_map(OperatorTimes::rates).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        rates
    }
    /// Points that are drawn, those that take longest first.
    fn points(&self) -> Vec<Place<'_>> {
        let mut points: Vec<Place<'_>> = Vec::new();
        for pass in &self.passes {
            for one in pass
                .operators
                .iter()
                .filter(|one| one.share >= LEAST && one.flops > 0.0)
            {
                let Some(intensity) = one.intensity() else { continue };
                let reached = one.reached();
                let known = points.iter_mut().find(|place| {
                    let of = place.operators.first().map(|one| one.component);
                    (place.pass, of) == (pass.pass, Some(one.component))
                        && close(place.intensity, intensity)
                        && close(place.reached, reached)
                });
                match known {
                    Some(known) => {
                        known.operators.push(one);
                        known.share += one.share;
                    }
                    None => points.push(Place {
                        pass: pass.pass,
                        operators: vec![one],
                        intensity,
                        reached,
                        share: one.share,
                    }),
                }
            }
        }
        points.sort_by(|one, other| other.share.total_cmp(&one.share));
        points
    }
    /// What it means.
    pub fn words(&self) -> String {
        let said = self.passes.iter().map(|pass| {
            let memory: f64 = pass
                .operators
                .iter()
                .filter(|one| one.bound == Bound::Memory)
                .map(|one| one.share)
                .sum();
            let verb = match pass.pass {
                Pass::Prefill => "Reading the prompt",
                Pass::Decode => "Writing tokens",
            };
            if memory >= 0.5 {
                format!("{verb} waits for bandwidth in {} of its time.", most(memory))
            } else {
                format!(
                    "{verb} is held back by arithmetic in {} of its time.",
                    most(1.0 - memory)
                )
            }
        });
        let mut words: Vec<String> = said.collect();
        words.push(
            "Larger points take more of the time; below the roof is what the engine is expected to reach of it."
                .to_owned(),
        );
        words.join(" ")
    }
}

/// A share in words: `all`, `87.5 %`.
fn most(share: f64) -> String {
    if share >= 0.9995 {
        "all".to_owned()
    } else {
        percent(share)
    }
}

/// Radius of a point that takes so much of its pass.
fn radius(share: f64) -> f64 {
    3.5 + 10.0 * share.clamp(0.0, 1.0).sqrt()
}

/// Both axes in their frame.
struct Plane {
    x: LogAxis,
    y: LogAxis,
    frame: Frame,
}

impl Plane {
    fn at(&self, intensity: f64, rate: f64) -> (f64, f64) {
        let frame = self.frame;
        (
            frame.left + (frame.right - frame.left) * self.x.place(intensity),
            frame.bottom - (frame.bottom - frame.top) * self.y.place(rate),
        )
    }
}

impl Chart for RooflineChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let rates = self.rates();
        let (Some(&highest), bandwidth) = (rates.last(), self.bandwidth()) else {
            return Ok(());
        };
        let points = self.points();
        let ridge = highest / bandwidth;
        let x = LogAxis::over(
            points.iter().map(|point| point.intensity).chain([0.3, ridge * 8.0]),
            9.0,
        );
        let y = LogAxis::over(
            points
                .iter()
                .map(|point| point.reached)
                .chain([highest * 2.0, highest / 1e3]),
            DEEPEST,
        );
        let small = pen.small();
        let outer = pen.frame;
        let texts: Vec<(f64, String)> = y.decades().map(|value| (value, round(value, "FLOP/s"))).collect();
        let widest = texts.iter().map(|(_, text)| pen.width(text, small)).fold(0.0, f64::max);
        let plane = Plane {
            x,
            y,
            frame: Frame {
                left: outer.left + widest + 10.0,
                top: outer.top + 28.0,
                right: outer.right - 1.0,
                bottom: outer.bottom - 40.0,
            },
        };
        let frame = plane.frame;
        if frame.right <= frame.left + 40.0 || frame.bottom <= frame.top + 40.0 {
            return Ok(());
        }
        for (value, text) in &texts {
            let level = plane.at(1.0, *value).1;
            pen.level(frame.left, frame.right, level, pen.theme.colour("rule"))?;
            pen.place(text, small, &[(frame.left - 7.0, level, HPos::Right)])?;
        }
        for value in plane.x.decades() {
            let place = plane.at(value, highest).0;
            pen.upright(place, frame.top, frame.bottom, pen.theme.colour("rule"))?;
            pen.place_near(&round(value, ""), small, place, &[frame.bottom + 13.0])?;
        }
        pen.place_near(
            "FLOP for each byte moved",
            small,
            f64::midpoint(frame.left, frame.right),
            &[frame.bottom + 30.0],
        )?;
        self.key(pen, small)?;
        self.roofs(pen, &plane, &rates)?;
        self.discs(pen, &plane, &points)?;
        self.names_of_roofs(pen, &plane, &rates)?;
        self.operators(pen, &plane, &points)
    }

    fn table(&self) -> Table {
        let mut table = Table::new([
            ("Operator", "", false),
            ("Pass", "", false),
            ("Operations", "FLOP", true),
            ("Bytes", "bytes", true),
            ("FLOP/byte", "FLOP/byte", false),
            ("Reached", "FLOP/s", true),
            ("Time", "s", false),
            ("Share", "", false),
            ("Limited by", "", false),
        ]);
        for pass in &self.passes {
            for one in &pass.operators {
                table.rows.push(vec![
                    Field::text(one.name),
                    Field::text(pass.pass.word()),
                    Field::number(one.flops, count(one.flops, "FLOP")),
                    Field::number(one.bytes, count(one.bytes, "B")),
                    Field::or(one.intensity(), decimal, "–"),
                    Field::number(one.reached(), count(one.reached(), "FLOP/s")),
                    Field::seconds(one.seconds),
                    Field::share(one.share),
                    Field::text(one.bound.word()),
                ]);
            }
        }
        table
    }
}

/// A power of ten on an axis: `0.1`, `10`, `1k`, `1 PFLOP/s`.
fn round(value: f64, unit: &str) -> String {
    if unit.is_empty() && value < 1.0 {
        return value.to_string();
    }
    let text = count(value, unit);
    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let number = number.split_once(['.', ',']).map_or(number, |(whole, _)| whole);
    match unit {
        "" => number.to_owned(),
        unit if unit.len() == 1 => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}

impl RooflineChart {
    /// Which points are of which pass.
    fn key<B: DrawingBackend>(&self, pen: &mut Pen<B>, letters: Lettering) -> Drawn<B> {
        let (ink, card) = (pen.theme.colour("soft"), pen.theme.colour("card"));
        let y = pen.frame.top + 9.0;
        let mut x = pen.frame.left + 8.0;
        for pass in &self.passes {
            let (fill, words) = match pass.pass {
                Pass::Prefill => (ink, "reads the prompt"),
                Pass::Decode => (card, "writes tokens"),
            };
            pen.disc(x, y, 4.5, fill, ink)?;
            pen.place(words, Lettering { colour: ink, ..letters }, &[(x + 9.0, y, HPos::Left)])?;
            x += pen.width(words, letters) + 34.0;
        }
        Ok(())
    }
    /// The slope of the bandwidth, from the lower or the left edge up to the ridge.
    fn slope(&self, plane: &Plane, highest: f64) -> [(f64, f64); 2] {
        let bandwidth = self.bandwidth();
        let start = (10_f64.powf(plane.y.low) / bandwidth).max(10_f64.powf(plane.x.low));
        [
            plane.at(start, start * bandwidth),
            plane.at(highest / bandwidth, highest),
        ]
    }
    /// The slope of the bandwidth, a level for each rate, and the ridge.
    fn roofs<B: DrawingBackend>(&self, pen: &mut Pen<B>, plane: &Plane, rates: &[f64]) -> Drawn<B> {
        let ink = pen.theme.colour("ink");
        let frame = plane.frame;
        let bandwidth = self.bandwidth();
        let Some(&highest) = rates.last() else {
            return Ok(());
        };
        let ridge = highest / bandwidth;
        let slope = self.slope(plane, highest);
        let right = 10_f64.powf(plane.x.high);
        let corner = plane.at(ridge, highest);
        pen.dashed_upright(corner.0, corner.1, frame.bottom, pen.theme.colour("rule-strong"))?;
        pen.path(&slope, ink, 1.75)?;
        pen.keep_line_free(&slope);
        for &rate in rates {
            let level = [plane.at(rate / bandwidth, rate), plane.at(right, rate)];
            let first = rate >= highest;
            let colour = if first { ink } else { pen.theme.colour("faint") };
            pen.path(&level, colour, if first { 1.75 } else { 1.0 })?;
            pen.keep_line_free(&level);
        }
        Ok(())
    }
    /// What the roofs are, and which side of the ridge is which.
    fn names_of_roofs<B: DrawingBackend>(&self, pen: &mut Pen<B>, plane: &Plane, rates: &[f64]) -> Drawn<B> {
        let (ink, card) = (pen.theme.colour("ink"), pen.theme.colour("card"));
        let frame = plane.frame;
        let bandwidth = self.bandwidth();
        let (Some(&highest), Some(&lowest_rate)) = (rates.last(), rates.first()) else {
            return Ok(());
        };
        let ridge = highest / bandwidth;
        let (corner, slope) = (plane.at(ridge, highest), self.slope(plane, highest));
        let bold = Lettering {
            size: 11.5,
            bold: true,
            colour: ink,
            halo: Some(card),
        };
        let plain = Lettering {
            size: 11.0,
            bold: false,
            colour: pen.theme.colour("soft"),
            halo: Some(card),
        };
        let edge = frame.right - 4.0;
        let name = format!("{}: {}", self.device, count(highest, "FLOP/s"));
        let above = plane.at(ridge, highest).1 - 10.0;
        pen.place(
            &name,
            bold,
            &[(edge, above, HPos::Right), (edge, above - 14.0, HPos::Right)],
        )?;
        if lowest_rate < highest {
            let level = plane.at(ridge, lowest_rate).1;
            let mut text = count(lowest_rate, "FLOP/s");
            if self.vector.is_some_and(|vector| close(vector, lowest_rate)) {
                text = format!("element by element: {text}");
            }
            pen.place(
                &text,
                plain,
                &[(edge, level + 11.0, HPos::Right), (edge, level - 10.0, HPos::Right)],
            )?;
        }
        let middle = (
            f64::midpoint(slope[0].0, slope[1].0),
            f64::midpoint(slope[0].1, slope[1].1),
        );
        let far = 12.0;
        let steps = [
            (middle.0 - far, middle.1 - far / 2.0),
            (middle.0 - far, middle.1 - far * 1.5),
            (middle.0 - far, middle.1 - far * 2.5),
        ];
        pen.place(&count(bandwidth, "B/s"), bold, &steps.map(|(x, y)| (x, y, HPos::Right)))?;
        let text = format!("ridge: {} FLOP/byte", decimal(ridge));
        pen.place_near(&text, plain, corner.0, &[frame.bottom - 10.0])?;
        let halves = [
            ("bandwidth is the limit", frame.left, corner.0),
            ("arithmetic is the limit", corner.0, frame.right),
        ];
        for (words, from, to) in halves {
            if pen.width(words, plain) < to - from - 8.0 {
                let quiet = Lettering {
                    colour: pen.theme.colour("faint"),
                    ..plain
                };
                pen.place_near(
                    words,
                    quiet,
                    f64::midpoint(from, to),
                    &[frame.bottom - 10.0, frame.bottom - 26.0],
                )?;
            }
        }
        Ok(())
    }
    fn discs<B: DrawingBackend>(&self, pen: &mut Pen<B>, plane: &Plane, points: &[Place<'_>]) -> Drawn<B> {
        let card = pen.theme.colour("card");
        let spot = |one: &Place<'_>| plane.at(one.intensity, one.reached);
        for one in points {
            let (x, y) = spot(one);
            let (colour, size) = (pen.theme.part(one.key()), radius(one.share));
            match one.pass {
                Pass::Prefill => pen.disc(x, y, size, colour, card)?,
                Pass::Decode => pen.disc(x, y, size, card, colour)?,
            }
            let size = size + 1.0;
            pen.keep_free(Frame {
                left: x - size,
                right: x + size,
                top: y - size,
                bottom: y + size,
            });
        }
        Ok(())
    }
    /// Names of those that take longest, and what each says.
    fn operators<B: DrawingBackend>(&self, pen: &mut Pen<B>, plane: &Plane, points: &[Place<'_>]) -> Drawn<B> {
        let card = pen.theme.colour("card");
        let spot = |one: &Place<'_>| plane.at(one.intensity, one.reached);
        let letters = Lettering {
            size: 11.0,
            bold: false,
            colour: pen.theme.colour("ink"),
            halo: Some(card),
        };
        for pass in &self.passes {
            for one in points.iter().filter(|point| point.pass == pass.pass).take(NAMED) {
                // Further away than its own size nobody knows what a name is of.
                let by = radius(one.share) / 9.0;
                pen.place_beside(&one.name(), letters, spot(one), &[by.max(1.0), by.max(1.0) + 0.5])?;
            }
        }
        for one in points {
            let time: f64 = one.operators.iter().map(|one| one.seconds).sum();
            let lines = vec![
                format!("{} FLOP/byte", decimal(one.intensity)),
                format!("{} expected", count(one.reached, "FLOP/s")),
                format!("{}, {} of the pass", seconds(time), percent(one.share)),
                format!(
                    "limited by {}",
                    one.operators.first().map_or("", |one| one.bound.word())
                ),
            ];
            pen.stop(
                spot(one),
                Mark::Dot,
                format!("{}, {}", one.names(), one.pass.word()),
                lines,
            );
        }
        Ok(())
    }
}
