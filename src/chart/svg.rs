//! A backend that writes SVG: lines and words stay lines and words, crisp at any size.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::Write as _;
use std::marker::PhantomData;
use std::rc::Rc;

use plotters::prelude::DrawingBackend;
use plotters_backend::text_anchor::HPos;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind};

use super::pen::Caption;
use crate::export::escape;

/// Device pixels in one of the picture: backends know whole numbers only, so this is how finely it is drawn.
pub const FINENESS: f64 = 8.0;

/// Width of a text in pixels, from its size and whether it is bold.
pub type Measure = fn(&str, f64, bool) -> f64;

/// Writes a picture. `E` is whatever error others report that it stands in for; it reports none.
#[derive(Debug)]
pub struct Svg<E> {
    size: (u32, u32),
    written: Rc<RefCell<String>>,
    measure: Measure,
    error: PhantomData<E>,
}

impl<E> Clone for Svg<E> {
    /// The same picture: what is drawn on one is drawn on both.
    fn clone(&self) -> Self {
        Self {
            size: self.size,
            written: Rc::clone(&self.written),
            measure: self.measure,
            error: PhantomData,
        }
    }
}

impl<E> Svg<E> {
    /// An empty picture of so many CSS pixels, to be drawn at a scale of [`FINENESS`].
    pub fn new(width: u32, height: u32, measure: Measure) -> Self {
        let fine = |pixels: u32| pixels.saturating_mul(FINENESS as u32);
        Self {
            size: (fine(width), fine(height)),
            written: Rc::default(),
            measure,
            error: PhantomData,
        }
    }
    /// What was drawn, as a file. A caption is its title and description: all of what is shown short below the picture.
    pub fn text(&self, caption: Option<&Caption>) -> String {
        let (wide, high) = self.size;
        let (width, height) = (f64::from(wide) / FINENESS, f64::from(high) / FINENESS);
        let about = caption.map_or_else(String::new, |caption| {
            let (title, about) = (escape(&caption.title), escape(&caption.description()));
            format!("<title>{title}</title><desc>{about}</desc>")
        });
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {wide} {high}\" \
             font-family=\"Inter, system-ui, sans-serif\">{about}{}</svg>",
            self.written.borrow()
        )
    }
    fn write(&self, text: std::fmt::Arguments<'_>) -> Done<E>
    where
        E: Error + Send + Sync,
    {
        // Writing to memory.
        let _ = self.written.borrow_mut().write_fmt(text);
        Ok(())
    }
}

type Done<E> = Result<(), DrawingErrorKind<E>>;

fn fill(color: BackendColor) -> String {
    let (red, green, blue) = color.rgb;
    if color.alpha < 1.0 {
        format!("#{red:02x}{green:02x}{blue:02x}\" fill-opacity=\"{:.2}", color.alpha)
    } else {
        format!("#{red:02x}{green:02x}{blue:02x}")
    }
}

fn path(points: impl IntoIterator<Item = BackendCoord>) -> String {
    let mut out = String::new();
    for (x, y) in points {
        let _ = write!(out, "{}{x} {y}", if out.is_empty() { 'M' } else { 'L' });
    }
    out
}

impl<E: Error + Send + Sync> DrawingBackend for Svg<E> {
    type ErrorType = E;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }
    fn ensure_prepared(&mut self) -> Done<E> {
        Ok(())
    }
    fn present(&mut self) -> Done<E> {
        Ok(())
    }
    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Done<E> {
        self.write(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"1\" height=\"1\" fill=\"{}\"/>",
            fill(color)
        ))
    }
    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done<E> {
        self.draw_path([from, to], style)
    }
    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, _: bool) -> Done<E> {
        self.write(format_args!(
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
            from.0,
            from.1,
            to.0 - from.0,
            to.1 - from.1,
            fill(style.color())
        ))
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, points: I, style: &S) -> Done<E> {
        self.write(format_args!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\"/>",
            path(points),
            fill(style.color()).replace("fill-opacity", "stroke-opacity"),
            style.stroke_width()
        ))
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, points: I, style: &S) -> Done<E> {
        self.write(format_args!(
            "<path d=\"{}Z\" fill=\"{}\"/>",
            path(points),
            fill(style.color())
        ))
    }
    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, radius: u32, style: &S, _: bool) -> Done<E> {
        self.write(format_args!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\" fill=\"{}\"/>",
            centre.0,
            centre.1,
            fill(style.color())
        ))
    }
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Done<E> {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "start",
            HPos::Center => "middle",
            HPos::Right => "end",
        };
        let weight = match style.style().as_str() {
            "bold" => " font-weight=\"700\"",
            _ => "",
        };
        // Middle of the letters, not of the line: all readers of SVG know `y`, few the baselines.
        let y = f64::from(at.1) + style.size() * 0.35;
        self.write(format_args!(
            "<text x=\"{}\" y=\"{y:.0}\" font-size=\"{:.0}\"{weight} text-anchor=\"{anchor}\" fill=\"{}\">{}</text>",
            at.0,
            style.size(),
            fill(style.color()),
            escape(text)
        ))
    }
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<E>> {
        let width = (self.measure)(text, style.size(), style.style().as_str() == "bold");
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}

/// About as wide as Inter, where nothing can measure.
#[cfg(test)]
pub(super) fn about(text: &str, size: f64, bold: bool) -> f64 {
    text.chars().count() as f64 * size * if bold { 0.6 } else { 0.55 }
}
