//! What charts are drawn on: a canvas that measures its text itself, or a file.

use leptos::prelude::*;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind};
use plotters_canvas::CanvasBackend;
use wasm_bindgen::JsCast as _;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};
use weighbridge::chart::{FONT, Svg};

/// The canvas of plotters. Left alone it measures text in the DOM, with an inline style which the page's policy refuses.
pub struct Canvas {
    inner: CanvasBackend,
    context: CanvasRenderingContext2d,
}

impl Canvas {
    /// Takes a canvas as it is: sized in device pixels, empty.
    pub fn new(canvas: HtmlCanvasElement) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        CanvasBackend::with_canvas_object(canvas).map(|inner| Self { inner, context })
    }
}

type Failed = <CanvasBackend as DrawingBackend>::ErrorType;
type Done = Result<(), DrawingErrorKind<Failed>>;

/// Where a chart goes: charts are compiled once for both.
pub enum Paper {
    /// The screen, or a picture of pixels.
    Canvas(Canvas),
    /// A picture of lines.
    Svg(Svg<Failed>),
}

/// Width of a text in the font of the charts.
pub fn measured(text: &str, size: f64, bold: bool) -> f64 {
    thread_local! {
        static CONTEXT: Option<CanvasRenderingContext2d> = fresh_context();
    }
    CONTEXT.with(|context| {
        let Some(context) = context else {
            return text.chars().count() as f64 * size * 0.6;
        };
        let weight = if bold { "bold" } else { "normal" };
        context.set_font(&format!("{weight} {size}px {FONT}"));
        context.measure_text(text).map_or(0.0, |measured| measured.width())
    })
}

fn fresh_context() -> Option<CanvasRenderingContext2d> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

/// Either of them.
macro_rules! either {
    ($paper:expr, $on:ident => $done:expr) => {
        match $paper {
            Paper::Canvas($on) => $done,
            Paper::Svg($on) => $done,
        }
    };
}

impl DrawingBackend for Paper {
    type ErrorType = Failed;

    fn get_size(&self) -> (u32, u32) {
        either!(self, on => on.get_size())
    }
    fn ensure_prepared(&mut self) -> Done {
        either!(self, on => on.ensure_prepared())
    }
    fn present(&mut self) -> Done {
        either!(self, on => on.present())
    }
    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Done {
        either!(self, on => on.draw_pixel(point, color))
    }
    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        either!(self, on => on.draw_line(from, to, style))
    }
    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Done {
        either!(self, on => on.draw_rect(from, to, style, fill))
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Done {
        either!(self, on => on.draw_path(path, style))
    }
    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Done {
        either!(self, on => on.draw_circle(center, radius, style, fill))
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Done {
        either!(self, on => on.fill_polygon(path, style))
    }
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Done {
        either!(self, on => on.draw_text(text, style, at))
    }
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Failed>> {
        either!(self, on => on.estimate_text_size(text, style))
    }
}

impl DrawingBackend for Canvas {
    type ErrorType = Failed;

    fn get_size(&self) -> (u32, u32) {
        self.inner.get_size()
    }
    fn ensure_prepared(&mut self) -> Done {
        self.inner.ensure_prepared()
    }
    fn present(&mut self) -> Done {
        self.inner.present()
    }
    fn draw_pixel(&mut self, point: BackendCoord, color: BackendColor) -> Done {
        self.inner.draw_pixel(point, color)
    }
    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.inner.draw_line(from, to, style)
    }
    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S, fill: bool) -> Done {
        self.inner.draw_rect(from, to, style, fill)
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Done {
        self.inner.draw_path(path, style)
    }
    fn draw_circle<S: BackendStyle>(&mut self, center: BackendCoord, radius: u32, style: &S, fill: bool) -> Done {
        self.inner.draw_circle(center, radius, style, fill)
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, style: &S) -> Done {
        self.inner.fill_polygon(path, style)
    }
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Done {
        self.inner.draw_text(text, style, at)
    }
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Self::ErrorType>> {
        let (weight, size) = (style.style(), style.size());
        self.context
            .set_font(&format!("{} {size}px {}", weight.as_str(), style.family().as_str()));
        let width = self.context.measure_text(text).map_or(0.0, |measured| measured.width());
        Ok((width.ceil() as u32, size.ceil() as u32))
    }
}
