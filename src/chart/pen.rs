//! Lines, areas and labels in CSS pixels, written in device pixels.
//!
//! Coordinates of plotters' backends are whole numbers, so sizes are multiplied by the density of the screen here;
//! hairlines are filled rectangles, which stay crisp at every density.

use plotters::prelude::{Color as _, DrawingBackend, FontDesc, FontFamily, FontStyle, RGBColor, ShapeStyle, TextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters_backend::DrawingErrorKind;

use super::reading::{Mark, Reading, Stop};
use super::theme::Theme;

/// Fonts of the page, as far as a canvas has them.
pub const FONT: &str = "Inter, ui-sans-serif, system-ui, sans-serif";

/// Whether the backend could draw.
pub type Drawn<B> = Result<(), DrawingErrorKind<<B as DrawingBackend>::ErrorType>>;

/// What can be read of the drawing, if the backend could draw.
pub type Read<B> = Result<Reading, DrawingErrorKind<<B as DrawingBackend>::ErrorType>>;

/// Words around a chart that leaves the page as a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Caption {
    /// Above: what is shown.
    pub title: String,
    /// Below: of which scenario, by which version.
    pub source: String,
    /// Below that: the address of the question, whole where it has room, else its host; empty where there is none.
    pub link: String,
}

impl Caption {
    /// Source and whole link, for the description of the file.
    pub fn description(&self) -> String {
        let parts = [self.source.as_str(), &self.link];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }
}

/// An address as a picture shows it: whole where `fits` says that it has room, else the host alone, for what is cut can be neither
/// read nor typed; the file's own description has all of it.
pub(super) fn shown_address(link: &str, fits: impl Fn(&str) -> bool) -> String {
    if fits(link) {
        return link.to_owned();
    }
    let bare = link.split_once("://").map_or(link, |(_, rest)| rest);
    let host = bare.split(['/', '?', '#']).next().unwrap_or(bare);
    let with_host = format!("{host} · the whole link is in this file's description");
    if !host.is_empty() && fits(&with_host) {
        return with_host;
    }
    "The whole link is in this file's description".to_owned()
}

/// Lines no wider than `fits` allows, broken between words, `most` at most; what is too much ends in an ellipsis.
pub(super) fn wrapped(text: &str, most: usize, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines
            .last()
            .map(|line| format!("{line} {word}"))
            .filter(|line| fits(line));
        match (longer, lines.last_mut()) {
            (Some(longer), Some(last)) => *last = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    let cut = lines.len() > most;
    lines.truncate(most);
    let last = lines.len().saturating_sub(1);
    for (at, line) in lines.iter_mut().enumerate() {
        let dots = if cut && at == last { "…" } else { "" };
        if dots.is_empty() && fits(line) {
            continue;
        }
        // A word alone may be too long.
        while !line.is_empty() && !fits(&format!("{line}…")) {
            line.pop();
        }
        line.push('…');
    }
    lines
}

/// A rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Frame {
    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
    fn holds(&self, other: &Self) -> bool {
        other.left >= self.left && other.right <= self.right && other.top >= self.top && other.bottom <= self.bottom
    }
}

/// How a label looks.
#[derive(Clone, Copy, Debug)]
pub struct Lettering {
    /// Size in CSS pixels.
    pub size: f64,
    /// Bold or not.
    pub bold: bool,
    /// Its colour.
    pub colour: RGBColor,
    /// What is laid under it, so that lines do not run through it.
    pub halo: Option<RGBColor>,
}

/// Where the words stand to their point.
pub type Side = HPos;

/// Draws on a backend.
pub struct Pen<B: DrawingBackend> {
    backend: B,
    /// Colours.
    pub theme: Theme,
    /// The part of the picture that is left for the chart.
    pub frame: Frame,
    scale: f64,
    size: (i32, i32),
    taken: Vec<Frame>,
    reading: Reading,
}

impl<B: DrawingBackend> std::fmt::Debug for Pen<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pen")
            .field("frame", &self.frame)
            .finish_non_exhaustive()
    }
}

impl<B: DrawingBackend> Pen<B> {
    /// Starts on an empty sheet, filled with the colour of a card; with a caption the frame is what it leaves.
    pub fn new(
        backend: B,
        theme: Theme,
        scale: f64,
        caption: Option<&Caption>,
    ) -> Result<Self, DrawingErrorKind<B::ErrorType>> {
        let scale = if scale.is_finite() && scale > 0.0 { scale } else { 1.0 };
        let (width, height) = backend.get_size();
        let frame = Frame {
            left: 0.0,
            top: 0.0,
            right: f64::from(width) / scale,
            bottom: f64::from(height) / scale,
        };
        let size = (
            i32::try_from(width).unwrap_or(i32::MAX),
            i32::try_from(height).unwrap_or(i32::MAX),
        );
        let mut pen = Self {
            backend,
            theme,
            frame,
            scale,
            size,
            taken: Vec::new(),
            reading: Reading::default(),
        };
        pen.fill(frame, theme.colour("card"))?;
        if let Some(caption) = caption {
            let (ink, faint) = (theme.colour("ink"), theme.colour("faint"));
            let room = frame.right - 40.0;
            let below = Lettering {
                size: 11.0,
                bold: false,
                colour: faint,
                halo: None,
            };
            let fits = |line: &str| pen.width(line, below) <= room;
            let mut lines = wrapped(&caption.source, 2, fits);
            if !caption.link.is_empty() {
                lines.push(shown_address(&caption.link, fits));
            }
            let first = frame.bottom - 4.0 - 16.0 * lines.len() as f64;
            pen.write(
                &caption.title,
                20.0,
                28.0,
                HPos::Left,
                Lettering {
                    size: 16.0,
                    bold: true,
                    colour: ink,
                    halo: None,
                },
            )?;
            for (line, at) in lines.iter().zip(0_u32..) {
                pen.write(line, 20.0, first + 16.0 * f64::from(at), HPos::Left, below)?;
            }
            pen.frame = Frame {
                left: 20.0,
                top: 52.0,
                right: frame.right - 20.0,
                bottom: first - 20.0,
            };
        }
        Ok(pen)
    }
    /// Ends the picture.
    pub fn finish(mut self) -> Read<B> {
        self.backend.present()?;
        Ok(self.reading)
    }
    /// A point that can be read.
    pub fn stop(&mut self, at: (f64, f64), mark: Mark, title: String, lines: Vec<String>) {
        self.reading.stops.push(Stop { at, mark, title, lines });
    }
    /// A point on a curve, read where it is nearest along the first axis.
    pub fn stop_on(&mut self, frame: Frame, at: (f64, f64), title: String, lines: Vec<String>) {
        let line = Frame {
            left: at.0,
            right: at.0,
            ..frame
        };
        self.stop(at, Mark::Line(line), title, lines);
    }
    /// Points form a grid with so many in a row.
    pub const fn grid(&mut self, across: usize) {
        self.reading.across = Some(across);
    }

    fn point(&self, x: f64, y: f64) -> (i32, i32) {
        // Nothing leaves the sheet; a cast of what is no number gives zero.
        (
            ((x * self.scale).round() as i32).clamp(0, self.size.0),
            ((y * self.scale).round() as i32).clamp(0, self.size.1),
        )
    }
    fn pixels(&self, size: f64) -> u32 {
        ((size * self.scale).round() as u32).max(1)
    }

    /// A filled rectangle.
    pub fn fill(&mut self, frame: Frame, colour: RGBColor) -> Drawn<B> {
        let (from, to) = (self.point(frame.left, frame.top), self.point(frame.right, frame.bottom));
        if from.0 >= to.0 || from.1 >= to.1 {
            return Ok(());
        }
        self.backend
            .draw_rect(from, to, &ShapeStyle::from(&colour).filled(), true)
    }
    /// A filled area with so much of its colour, 0 to 1.
    pub fn area(&mut self, points: &[(f64, f64)], colour: RGBColor, alpha: f64) -> Drawn<B> {
        if points.len() < 3 {
            return Ok(());
        }
        let points: Vec<_> = points.iter().map(|&(x, y)| self.point(x, y)).collect();
        self.backend.fill_polygon(points, &colour.mix(alpha))
    }
    /// A line through points.
    pub fn path(&mut self, points: &[(f64, f64)], colour: RGBColor, width: f64) -> Drawn<B> {
        if points.len() < 2 {
            return Ok(());
        }
        let points: Vec<_> = points.iter().map(|&(x, y)| self.point(x, y)).collect();
        let style = ShapeStyle::from(&colour).stroke_width(self.pixels(width));
        self.backend.draw_path(points, &style)
    }
    /// A level hairline.
    pub fn level(&mut self, left: f64, right: f64, y: f64, colour: RGBColor) -> Drawn<B> {
        self.fill(
            Frame {
                left,
                right,
                top: y - 0.5,
                bottom: y + 0.5,
            },
            colour,
        )
    }
    /// A dashed level line.
    pub fn dashed_level(&mut self, left: f64, right: f64, y: f64, colour: RGBColor) -> Drawn<B> {
        dashes(left, right).try_for_each(|(left, right)| {
            self.fill(
                Frame {
                    left,
                    right,
                    top: y - 0.75,
                    bottom: y + 0.75,
                },
                colour,
            )
        })
    }
    /// A point on a line: filled, with a rim.
    pub fn dot(&mut self, x: f64, y: f64, fill: RGBColor, rim: RGBColor) -> Drawn<B> {
        self.disc(x, y, 5.0, fill, rim)
    }
    /// A point of this radius: filled, with a rim inside of it.
    pub fn disc(&mut self, x: f64, y: f64, radius: f64, fill: RGBColor, rim: RGBColor) -> Drawn<B> {
        let at = self.point(x, y);
        let (outer, inner) = (self.pixels(radius), self.pixels(radius - 1.6));
        self.backend
            .draw_circle(at, outer, &ShapeStyle::from(&rim).filled(), true)?;
        self.backend
            .draw_circle(at, inner, &ShapeStyle::from(&fill).filled(), true)
    }
    /// Slanted lines where `inside` holds; `inside` takes the ends of the range it allows at x, top and bottom.
    pub fn hatch(
        &mut self,
        left: f64,
        right: f64,
        range: impl Fn(f64) -> Option<(f64, f64)>,
        colour: RGBColor,
    ) -> Drawn<B> {
        let columns: Vec<_> = (0..=((right - left).clamp(0.0, 8192.0) as u32))
            .map(|at| left + f64::from(at))
            .map(|x| (x, range(x)))
            .collect();
        let ends = columns
            .iter()
            .filter_map(|(x, range)| range.map(|(top, bottom)| (x + top, x + bottom)));
        let Some((low, high)) = ends.reduce(|all, one| (all.0.min(one.0), all.1.max(one.1))) else {
            return Ok(());
        };
        let lines = ((high - low) / 7.0).clamp(0.0, 4096.0) as u32;
        for line in 0..=lines {
            let sum = low + f64::from(line) * 7.0;
            let mut run: Option<((f64, f64), (f64, f64))> = None;
            for &(x, range) in &columns {
                let y = sum - x;
                if range.is_some_and(|(top, bottom)| top <= y && y <= bottom) {
                    run = Some((run.map_or((x, y), |run| run.0), (x, y)));
                } else if let Some((from, to)) = run.take() {
                    self.path(&[from, to], colour, 1.0)?;
                }
            }
            if let Some((from, to)) = run {
                self.path(&[from, to], colour, 1.0)?;
            }
        }
        Ok(())
    }

    fn style(&self, lettering: Lettering, side: HPos) -> TextStyle<'static> {
        let weight = if lettering.bold {
            FontStyle::Bold
        } else {
            FontStyle::Normal
        };
        let font = FontDesc::new(FontFamily::Name(FONT), lettering.size * self.scale, weight);
        TextStyle {
            color: lettering.colour.to_backend_color(),
            ..TextStyle::from(font).pos(Pos::new(side, VPos::Center))
        }
    }
    /// The lettering of axes and notes.
    pub fn small(&self) -> Lettering {
        Lettering {
            size: 11.0,
            bold: false,
            colour: self.theme.colour("faint"),
            halo: None,
        }
    }
    /// Width of a text in CSS pixels.
    pub fn width(&self, text: &str, lettering: Lettering) -> f64 {
        let style = self.style(lettering, HPos::Left);
        let width = self.backend.estimate_text_size(text, &style).map_or(0, |size| size.0);
        f64::from(width) / self.scale
    }
    fn box_of(&self, text: &str, x: f64, y: f64, side: &HPos, lettering: Lettering) -> Frame {
        let (width, half) = (self.width(text, lettering), lettering.size * 0.62);
        let left = match side {
            HPos::Left => x,
            HPos::Center => x - width / 2.0,
            HPos::Right => x - width,
        };
        Frame {
            left: left - 2.0,
            right: left + width + 2.0,
            top: y - half,
            bottom: y + half,
        }
    }
    fn write(&mut self, text: &str, x: f64, y: f64, side: HPos, lettering: Lettering) -> Drawn<B> {
        let frame = self.box_of(text, x, y, &side, lettering);
        if let Some(halo) = lettering.halo {
            self.fill(frame, halo)?;
        }
        self.taken.push(frame);
        let (style, at) = (self.style(lettering, side), self.point(x, y));
        self.backend.draw_text(text, &style, at)
    }
    /// Writes at the first of some places where the words lie in the frame and on no others; tells whether one was.
    pub fn place(
        &mut self,
        text: &str,
        lettering: Lettering,
        places: &[(f64, f64, Side)],
    ) -> Result<bool, DrawingErrorKind<B::ErrorType>> {
        for (x, y, side) in places {
            let frame = self.box_of(text, *x, *y, side, lettering);
            if self.frame.holds(&frame) && !self.taken.iter().any(|other| other.meets(&frame)) {
                return self.write(text, *x, *y, clone(side), lettering).map(|()| true);
            }
        }
        Ok(false)
    }
    /// As [`Self::place`] at one point, moved sideways into the frame where it would stick out.
    pub fn place_near(
        &mut self,
        text: &str,
        lettering: Lettering,
        x: f64,
        ys: &[f64],
    ) -> Result<bool, DrawingErrorKind<B::ErrorType>> {
        let half = self.width(text, lettering) / 2.0 + 2.5;
        let (low, high) = (self.frame.left + half, self.frame.right - half);
        if low > high {
            return Ok(false);
        }
        let places: Vec<_> = ys.iter().map(|&y| (x.clamp(low, high), y, HPos::Center)).collect();
        self.place(text, lettering, &places)
    }
    /// As [`Self::place`] around a point: above, below, beside it, further and further away.
    pub fn place_around(
        &mut self,
        text: &str,
        lettering: Lettering,
        point: (f64, f64),
    ) -> Result<bool, DrawingErrorKind<B::ErrorType>> {
        self.place_beside(text, lettering, point, &[1.0, 1.6, 2.4, 3.4, 4.6])
    }
    /// As [`Self::place_around`], at these distances in turn; one is the height of a line.
    pub fn place_beside(
        &mut self,
        text: &str,
        lettering: Lettering,
        (x, y): (f64, f64),
        distances: &[f64],
    ) -> Result<bool, DrawingErrorKind<B::ErrorType>> {
        let half = self.width(text, lettering) / 2.0 + 2.5;
        let (low, high) = (self.frame.left + half, self.frame.right - half);
        if low > high {
            return Ok(false);
        }
        let near = |by: f64| {
            [
                (x.clamp(low, high), y - 13.0 * by, HPos::Center),
                (x.clamp(low, high), y + 13.0 * by, HPos::Center),
                (x + 9.0 * by, y, HPos::Left),
                (x - 9.0 * by, y, HPos::Right),
                (x + 9.0 * by, y + 13.0 * by, HPos::Left),
                (x + 9.0 * by, y - 13.0 * by, HPos::Left),
                (x - 9.0 * by, y - 13.0 * by, HPos::Right),
                (x - 9.0 * by, y + 13.0 * by, HPos::Right),
            ]
        };
        let places: Vec<_> = distances.iter().copied().flat_map(near).collect();
        self.place(text, lettering, &places)
    }
    /// Keeps labels away from a spot.
    pub fn keep_free(&mut self, frame: Frame) {
        self.taken.push(frame);
    }
    /// Keeps labels away from a line through points.
    pub fn keep_line_free(&mut self, points: &[(f64, f64)]) {
        for pair in points.windows(2) {
            let &[(x, y), (to_x, to_y)] = pair else { continue };
            let steps = ((to_x - x).abs().max((to_y - y).abs()) / 4.0).clamp(1.0, 4096.0).ceil();
            for at in 0..=steps as u32 {
                let share = f64::from(at) / steps;
                let (x, y) = (x + (to_x - x) * share, y + (to_y - y) * share);
                self.keep_free(Frame {
                    left: x - 2.0,
                    right: x + 2.0,
                    top: y - 2.0,
                    bottom: y + 2.0,
                });
            }
        }
    }
    /// An upright hairline.
    pub fn upright(&mut self, x: f64, top: f64, bottom: f64, colour: RGBColor) -> Drawn<B> {
        self.fill(
            Frame {
                left: x - 0.5,
                right: x + 0.5,
                top,
                bottom,
            },
            colour,
        )
    }
    /// A dashed upright line.
    pub fn dashed_upright(&mut self, x: f64, top: f64, bottom: f64, colour: RGBColor) -> Drawn<B> {
        dashes(top, bottom).try_for_each(|(top, bottom)| {
            self.fill(
                Frame {
                    left: x - 0.75,
                    right: x + 0.75,
                    top,
                    bottom,
                },
                colour,
            )
        })
    }
}

const fn clone(side: &HPos) -> HPos {
    match side {
        HPos::Left => HPos::Left,
        HPos::Center => HPos::Center,
        HPos::Right => HPos::Right,
    }
}

/// Dashes between two places.
fn dashes(from: f64, to: f64) -> impl Iterator<Item = (f64, f64)> {
    let count = ((to - from) / 8.0).clamp(0.0, 2048.0).ceil() as u32;
    (0..count)
        .map(move |at| from + f64::from(at) * 8.0)
        .map(move |start| (start, (start + 5.0).min(to)))
}
