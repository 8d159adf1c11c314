//! Throughput of a server against the latency its users see, with its knee and the targets.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::Chart;
use super::axis::{LogAxis, tick_texts};
use super::pen::{Drawn, Frame, Lettering, Pen};
use super::serving::{curve_table, point_lines, ticks};
use super::table::Table;
use crate::analysis::Analysis;
use crate::analysis::serving::Point;
use crate::units::{counted, decimal, grouped, seconds};

/// Which latency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Latency {
    /// Between two tokens.
    #[default]
    EachToken,
    /// To the first token, the wait included.
    FirstToken,
}

/// The chart.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyChart {
    /// Which latency is the first axis.
    pub latency: Latency,
    /// More and more requests in flight.
    pub points: Vec<Point>,
    /// Place of the knee.
    pub knee: usize,
    /// Most seconds that are wished for.
    pub target: Option<f64>,
    /// Most requests in flight that meet all targets.
    pub within: Option<u64>,
    /// Requests in flight now, none for an endless queue; their latency and tokens a second.
    pub now: Option<(u64, f64, f64)>,
}

impl LatencyChart {
    /// The chart of an answer; none but for a server.
    pub fn of(analysis: &Analysis, latency: Latency) -> Option<Self> {
        let serving = analysis.serving.as_ref()?;
        let scenario = &analysis.setup.scenario;
        let target = match latency {
            Latency::EachToken => scenario.serving.target_tpot,
            Latency::FirstToken => scenario.serving.target_ttft,
        };
        let now = serving.ttft.zip(serving.admission.requests).map(|(ttft, requests)| {
            let seconds = if latency == Latency::EachToken {
                serving.tpot
            } else {
                ttft
            };
            (requests, seconds, serving.steady_tokens_per_second)
        });
        Some(Self {
            latency,
            points: serving.curve.clone(),
            knee: serving.knee,
            target: target.map(|milliseconds| milliseconds as f64 / 1000.0),
            within: serving.users_within_targets,
            now,
        })
    }
    fn of_point(&self, point: &Point) -> f64 {
        match self.latency {
            Latency::EachToken => point.tpot,
            Latency::FirstToken => point.ttft,
        }
    }
    /// What it means.
    pub fn words(&self) -> String {
        let what = match self.latency {
            Latency::EachToken => "for each token",
            Latency::FirstToken => "for the first token",
        };
        let Some(knee) = self.points.get(self.knee) else {
            return String::new();
        };
        let mut words = format!(
            "To the upper left is better: more tokens, sooner. At the knee, with {}, users wait {} {what}.",
            counted(knee.requests, "request"),
            seconds(self.of_point(knee))
        );
        match (self.within, self.target) {
            (Some(0), _) => words.push_str(" Not even one request meets the targets."),
            (Some(some), _) => words.push_str(&format!(
                " Up to {} in flight meet the targets.",
                counted(some, "request")
            )),
            (None, _) => words.push_str(" No target is set; set one under Workload to see it here."),
        }
        words
    }
}

impl Chart for LatencyChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let highest = self
            .points
            .iter()
            .map(|point| point.tokens_per_second)
            .fold(0.0, f64::max);
        if self.points.len() < 2 || highest <= 0.0 {
            return Ok(());
        }
        let times = self.points.iter().map(|point| self.of_point(point));
        let axis = LogAxis::close(times.chain(self.target).chain(self.now.map(|now| now.1)));
        let small = pen.small();
        let rates = ticks(highest);
        let texts: Vec<(f64, String)> = rates.iter().copied().zip(tick_texts(&rates, 1.0)).collect();
        let widest = texts.iter().map(|(_, text)| pen.width(text, small)).fold(0.0, f64::max);
        let outer = pen.frame;
        let frame = Frame {
            left: outer.left + widest + 10.0,
            top: outer.top + 18.0,
            right: outer.right - 8.0,
            bottom: outer.bottom - 40.0,
        };
        if frame.right <= frame.left + 20.0 || frame.bottom <= frame.top + 20.0 {
            return Ok(());
        }
        let most = highest * 1.12;
        let x = |time: f64| frame.left + (frame.right - frame.left) * axis.place(time);
        let y = |rate: f64| frame.bottom - (frame.bottom - frame.top) * (rate / most).clamp(0.0, 1.0);
        pen.place("tokens/s", small, &[(outer.left + 2.5, outer.top + 7.5, HPos::Left)])?;
        for (tick, text) in texts.iter().filter(|(tick, _)| *tick <= most) {
            let colour = pen.theme.colour(if *tick == 0.0 { "rule-strong" } else { "rule" });
            pen.level(frame.left, frame.right, y(*tick), colour)?;
            pen.place(text, small, &[(frame.left - 7.0, y(*tick), HPos::Right)])?;
        }
        for value in axis.ticks() {
            pen.upright(
                x(value),
                frame.bottom,
                frame.bottom + 4.0,
                pen.theme.colour("rule-strong"),
            )?;
            pen.place_near(&seconds(value), small, x(value), &[frame.bottom + 13.0])?;
        }
        let name = match self.latency {
            Latency::EachToken => "time for each further token",
            Latency::FirstToken => "time to the first token",
        };
        pen.place_near(
            name,
            small,
            f64::midpoint(frame.left, frame.right),
            &[frame.bottom + 30.0],
        )?;
        let (ink, card) = (pen.theme.colour("ink"), pen.theme.colour("card"));
        let bold = Lettering {
            size: 11.5,
            bold: true,
            colour: ink,
            halo: Some(card),
        };
        let spots: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|point| (x(self.of_point(point)), y(point.tokens_per_second)))
            .collect();
        if let Some(target) = self.target {
            let at = x(target);
            let corners = [
                (at, frame.top),
                (frame.right, frame.top),
                (frame.right, frame.bottom),
                (at, frame.bottom),
            ];
            pen.area(&corners, pen.theme.colour("no-bg"), 0.6)?;
            pen.dashed_upright(at, frame.top, frame.bottom, pen.theme.colour("no"))?;
        }
        pen.path(&spots, pen.theme.colour("mlp"), 2.0)?;
        pen.keep_line_free(&spots);
        for spot in &spots {
            pen.disc(spot.0, spot.1, 3.5, pen.theme.colour("mlp"), card)?;
            pen.keep_free(around(*spot));
        }
        if let Some(target) = self.target {
            let red = Lettering {
                colour: pen.theme.colour("no"),
                ..bold
            };
            pen.place_near(
                &format!("target {}", seconds(target)),
                red,
                x(target),
                &[frame.top + 8.0, frame.bottom - 10.0],
            )?;
        }
        if let Some((knee, spot)) = self.points.get(self.knee).zip(spots.get(self.knee)) {
            pen.dot(spot.0, spot.1, card, ink)?;
            let text = format!("knee: {}", counted(knee.requests, "request"));
            pen.place_around(&text, bold, *spot)?;
        }
        if let Some((requests, time, rate)) = self.now {
            let spot = (x(time), y(rate));
            pen.dot(spot.0, spot.1, ink, card)?;
            pen.place_around(&format!("now: {}", counted(requests, "request")), bold, spot)?;
        }
        for (point, spot) in self.points.iter().zip(&spots) {
            let plain = Lettering {
                colour: pen.theme.colour("soft"),
                ..small
            };
            let beside = [
                (spot.0 - 7.0, spot.1 - 8.0, HPos::Right),
                (spot.0 + 7.0, spot.1 + 9.0, HPos::Left),
            ];
            pen.place(&grouped(point.requests), plain, &beside)?;
            pen.stop_on(frame, *spot, counted(point.requests, "request"), point_lines(point));
        }
        if let Some((requests, time, rate)) = self.now {
            let lines = vec![
                format!("{} tokens/s in all", decimal(rate)),
                format!("{name}: {}", seconds(time)),
            ];
            pen.stop_on(
                frame,
                (x(time), y(rate)),
                format!("Now, {}", counted(requests, "request")),
                lines,
            );
        }
        Ok(())
    }
    fn table(&self) -> Table {
        curve_table(&self.points, self.knee)
    }
}

fn around((x, y): (f64, f64)) -> Frame {
    Frame {
        left: x - 5.0,
        right: x + 5.0,
        top: y - 5.0,
        bottom: y + 5.0,
    }
}
