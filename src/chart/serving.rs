//! Throughput of a server over the requests in flight, with its knee and where it stands now.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::Chart;
use super::axis::tick_texts;
use super::pen::{Drawn, Frame, Lettering, Pen};
use super::table::{Field, Table};
use crate::analysis::serving::{Point, Serving};
use crate::units::{counted, decimal, grouped, seconds, short_count};

/// The chart of a server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServingChart {
    /// More and more requests in flight.
    pub points: Vec<Point>,
    /// Place of the knee.
    pub knee: usize,
    /// Requests that run now, and their tokens a second.
    pub now: (u64, f64),
    /// Most that run at once.
    pub capacity: u64,
    /// Both ends of the interval, as factors.
    pub spread: (f64, f64),
}

/// Places of requests and rates in the frame.
struct Plot {
    frame: Frame,
    last: f64,
    most: f64,
}

impl Plot {
    fn x(&self, requests: f64) -> f64 {
        let share = requests.max(1.0).log2() / self.last.max(2.0).log2();
        self.frame.left + (self.frame.right - self.frame.left) * share.clamp(0.0, 1.0)
    }
    fn y(&self, rate: f64) -> f64 {
        self.frame.bottom - (self.frame.bottom - self.frame.top) * (rate / self.most).clamp(0.0, 1.0)
    }
}

impl ServingChart {
    /// The chart of a steady state and its neighbours.
    pub fn of(serving: &Serving) -> Self {
        let rate = serving.tokens_per_second.max(f64::MIN_POSITIVE);
        Self {
            points: serving.curve.clone(),
            knee: serving.knee,
            now: (
                serving.admission.requests.unwrap_or(serving.admission.running),
                serving.tokens_per_second,
            ),
            capacity: serving.admission.max_running,
            spread: (
                serving.tokens_per_second_low / rate,
                serving.tokens_per_second_high / rate,
            ),
        }
    }
}

impl Chart for ServingChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let highest = self
            .points
            .iter()
            .map(|point| point.tokens_per_second)
            .fold(0.0, f64::max);
        let last = self.points.last().map_or(1, |point| point.requests) as f64;
        let small = pen.small();
        let ticks = ticks(highest);
        let texts: Vec<(f64, String)> = ticks.iter().copied().zip(tick_texts(&ticks, 1.0)).collect();
        let widest = texts.iter().map(|(_, text)| pen.width(text, small)).fold(0.0, f64::max);
        let outer = pen.frame;
        let frame = Frame {
            left: outer.left + widest + 10.0,
            top: outer.top + 18.0,
            right: outer.right - 8.0,
            bottom: outer.bottom - 40.0,
        };
        if self.points.len() < 2 || highest <= 0.0 || frame.right <= frame.left || frame.bottom <= frame.top {
            return Ok(());
        }
        let plot = Plot {
            most: highest * self.spread.1.clamp(1.0, 1.6) * 1.05,
            frame,
            last,
        };
        pen.place("tokens/s", small, &[(outer.left + 2.5, outer.top + 7.5, HPos::Left)])?;
        for (tick, text) in texts.iter().filter(|(tick, _)| *tick <= plot.most) {
            let colour = pen.theme.colour(if *tick == 0.0 { "rule-strong" } else { "rule" });
            pen.level(frame.left, frame.right, plot.y(*tick), colour)?;
            pen.place(text, small, &[(frame.left - 7.0, plot.y(*tick), HPos::Right)])?;
        }
        for power in 0..64_u32 {
            let requests = 2_f64.powi(power.cast_signed());
            if requests > last {
                break;
            }
            let text = short_count(requests);
            pen.place_near(&text, small, plot.x(requests), &[frame.bottom + 12.0])?;
        }
        let middle = (frame.left + frame.right) / 2.0;
        pen.place_near("requests in flight", small, middle, &[frame.bottom + 29.0])?;
        self.lines(pen, &plot)?;
        self.marks(pen, &plot)?;
        for point in &self.points {
            let spot = (plot.x(point.requests as f64), plot.y(point.tokens_per_second));
            pen.stop_on(frame, spot, counted(point.requests, "request"), point_lines(point));
        }
        Ok(())
    }
    fn table(&self) -> Table {
        curve_table(&self.points, self.knee)
    }
}

/// What a point of the curve says.
pub(super) fn point_lines(point: &Point) -> Vec<String> {
    vec![
        format!("{} tokens/s in all", decimal(point.tokens_per_second)),
        format!("first token after {}", seconds(point.ttft)),
        format!("{} each further", seconds(point.tpot)),
    ]
}

/// The curve of a server as a table.
pub(super) fn curve_table(points: &[Point], knee: usize) -> Table {
    let mut table = Table::new([
        ("Requests", "", false),
        ("Tokens/s", "tokens/s", false),
        ("For each", "tokens/s", true),
        ("First token", "s", false),
        ("Each further", "s", false),
    ]);
    for (at, point) in points.iter().enumerate() {
        let name = if at == knee {
            format!("{}, the knee", grouped(point.requests))
        } else {
            grouped(point.requests)
        };
        let rate = |rate: f64| Field::number(rate, decimal(rate));
        let time = Field::seconds;
        table.rows.push(vec![
            Field::number(point.requests as f64, name),
            rate(point.tokens_per_second),
            rate(point.tokens_per_second_per_user),
            time(point.ttft),
            time(point.tpot),
        ]);
    }
    table
}

impl ServingChart {
    /// The interval as a band, the expected rate as a line.
    fn lines<B: DrawingBackend>(&self, pen: &mut Pen<B>, plot: &Plot) -> Drawn<B> {
        let line = |factor: f64| {
            let points = self.points.iter();
            points.map(move |point| (plot.x(point.requests as f64), plot.y(point.tokens_per_second * factor)))
        };
        let band: Vec<(f64, f64)> = line(self.spread.0)
            .chain(line(self.spread.1).collect::<Vec<_>>().into_iter().rev())
            .collect();
        let colour = pen.theme.colour("mlp");
        pen.area(&band, colour, 0.16)?;
        let expected: Vec<(f64, f64)> = line(1.0).collect();
        pen.keep_line_free(&expected);
        pen.path(&expected, colour, 2.0)
    }

    /// Where memory ends, the knee, and now.
    fn marks<B: DrawingBackend>(&self, pen: &mut Pen<B>, plot: &Plot) -> Drawn<B> {
        let (ink, paper) = (pen.theme.colour("ink"), pen.theme.colour("card"));
        let frame = plot.frame;
        let bold = Lettering {
            size: 11.5,
            bold: true,
            colour: ink,
            halo: Some(paper),
        };
        let end = plot.x(self.capacity as f64);
        let wall = Frame {
            left: end - 0.5,
            right: end + 0.5,
            top: frame.top,
            bottom: frame.bottom,
        };
        pen.fill(wall, pen.theme.colour("rule-strong"))?;
        let (x, y) = (plot.x(self.now.0 as f64), plot.y(self.now.1));
        if let Some(knee) = self.points.get(self.knee) {
            let (x, y) = (plot.x(knee.requests as f64), plot.y(knee.tokens_per_second));
            pen.dot(x, y, paper, ink)?;
            let text = format!(
                "knee: {}, {} a token",
                counted(knee.requests, "request"),
                seconds(knee.tpot)
            );
            if !pen.place_around(&text, bold, (x, y))? {
                pen.place_around(&format!("knee: {}", counted(knee.requests, "request")), bold, (x, y))?;
            }
        }
        pen.dot(x, y, ink, ink)?;
        pen.place_around(&format!("now {} tokens/s", decimal(self.now.1)), bold, (x, y))?;
        let text = format!("{} run at once", short_count(self.capacity as f64));
        pen.place_near(&text, bold, end, &[frame.bottom - 12.0, frame.top + 8.0])?;
        Ok(())
    }
}

/// Round rates from zero to a little beyond the highest.
pub(super) fn ticks(highest: f64) -> Vec<f64> {
    let rough = highest / 4.0;
    if !rough.is_finite() || rough <= 0.0 {
        return vec![0.0];
    }
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = step.into_iter().find(|step| *step >= rough).unwrap_or(10.0 * power);
    (0..9).map(|at| f64::from(at) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Theme;
    use super::super::recorder::Recorder;
    use super::*;
    use crate::analysis::analyse;
    use crate::model::{Blueprint, catalogue};
    use crate::scenario::{Mode, Scenario};

    #[test]
    fn the_knee_and_now_are_named_and_nothing_leaves_the_frame() {
        let config = catalogue::find("meta-llama/Llama-3.1-8B-Instruct")
            .unwrap()
            .config
            .clone();
        let blueprint = std::sync::Arc::new(Blueprint::from_value(config).unwrap());
        for (device, batch) in [("h100-sxm", 16), ("rtx-4090", 1), ("rtx-4090", 5000)] {
            let scenario = Scenario::example().with(|s| {
                s.workload.mode = Mode::Serve;
                s.workload.batch = batch;
                s.hardware.device = Some(device.to_owned());
            });
            let serving = analyse(&blueprint, &scenario).unwrap().serving.unwrap();
            let chart = ServingChart::of(&serving);
            for (width, height) in [(328, 260), (1000, 318), (40, 30)] {
                let recorder = Recorder::new(width * 2, height * 2);
                chart.draw(recorder.clone(), Theme::Dark, 2.0, None).unwrap();
                recorder.check();
                if width > 300 {
                    let texts = recorder.texts();
                    assert!(texts.iter().any(|text| text.starts_with("knee: ")), "{texts:?}");
                    assert!(texts.iter().any(|text| text.starts_with("now ")), "{texts:?}");
                }
            }
        }
    }
}
