//! A backend for tests: keeps what was drawn, and where.

use std::cell::RefCell;
use std::rc::Rc;

use plotters::prelude::DrawingBackend;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind};

/// What was drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Rectangle,
    Line,
    Area,
    Circle,
    Text(String),
}

type Box = (BackendCoord, BackendCoord);

/// Keeps shapes with the box each covers.
#[derive(Clone, Debug)]
pub struct Recorder {
    size: (u32, u32),
    drawn: Rc<RefCell<Vec<(Shape, Box)>>>,
    lines: Rc<RefCell<Vec<Vec<BackendCoord>>>>,
}

impl Recorder {
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            size: (width, height),
            drawn: Rc::default(),
            lines: Rc::default(),
        }
    }
    pub fn shapes(&self) -> Vec<Shape> {
        self.drawn.borrow().iter().map(|(shape, _)| shape.clone()).collect()
    }
    pub fn texts(&self) -> Vec<String> {
        let text = |shape| {
            if let Shape::Text(text) = shape {
                Some(text)
            } else {
                None
            }
        };
        self.shapes().into_iter().filter_map(text).collect()
    }
    /// Nothing lies outside, and no two texts overlap.
    pub fn check(&self) {
        let drawn = self.drawn.borrow();
        let size = (self.size.0 as i32, self.size.1 as i32);
        for (shape, (from, to)) in drawn.iter().filter(|(shape, _)| *shape != Shape::Circle) {
            assert!(
                from.0 >= 0 && from.1 >= 0 && to.0 <= size.0 && to.1 <= size.1,
                "{shape:?} at {from:?} to {to:?} of {size:?}"
            );
        }
        let texts: Vec<_> = drawn
            .iter()
            .filter(|(shape, _)| matches!(shape, Shape::Text(_)))
            .collect();
        for (at, (one, (from, to))) in texts.iter().enumerate() {
            for (other, (other_from, other_to)) in texts.iter().skip(at + 1) {
                let apart =
                    to.0 <= other_from.0 || other_to.0 <= from.0 || to.1 <= other_from.1 || other_to.1 <= from.1;
                assert!(apart, "{one:?} lies on {other:?}");
            }
        }
    }
    /// No text lies on a line that was drawn.
    pub fn check_lines(&self) {
        for line in self.lines.borrow().iter() {
            self.check_path(line);
        }
    }
    /// No text lies on a line through these points.
    pub fn check_path(&self, line: &[BackendCoord]) {
        let drawn = self.drawn.borrow();
        let texts: Vec<_> = drawn
            .iter()
            .filter(|(shape, _)| matches!(shape, Shape::Text(_)))
            .collect();
        for pair in line.windows(2) {
            let (wide, high) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let steps = wide.abs().max(high.abs()).max(1);
            for (x, y) in (0..=steps).map(|at| (pair[0].0 + wide * at / steps, pair[0].1 + high * at / steps)) {
                for (text, (from, to)) in &texts {
                    let apart = x <= from.0 || to.0 <= x || y <= from.1 || to.1 <= y;
                    assert!(apart, "{text:?} at {from:?} lies on a line at {x}, {y}");
                }
            }
        }
    }
    fn keep(&self, shape: Shape, points: impl IntoIterator<Item = BackendCoord>) {
        let points: Vec<_> = points.into_iter().collect();
        let Some(&first) = points.first() else { return };
        let grow = |all: Box, one: &BackendCoord| {
            (
                (all.0.0.min(one.0), all.0.1.min(one.1)),
                (all.1.0.max(one.0), all.1.1.max(one.1)),
            )
        };
        self.drawn
            .borrow_mut()
            .push((shape, points.iter().fold((first, first), grow)));
    }
}

type Kept = Result<(), DrawingErrorKind<std::convert::Infallible>>;

impl DrawingBackend for Recorder {
    type ErrorType = std::convert::Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }
    fn ensure_prepared(&mut self) -> Kept {
        Ok(())
    }
    fn present(&mut self) -> Kept {
        Ok(())
    }
    fn draw_pixel(&mut self, point: BackendCoord, _: BackendColor) -> Kept {
        self.keep(Shape::Rectangle, [point]);
        Ok(())
    }
    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, _: &S) -> Kept {
        self.keep(Shape::Line, [from, to]);
        Ok(())
    }
    fn draw_rect<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, _: &S, _: bool) -> Kept {
        self.keep(Shape::Rectangle, [from, to]);
        Ok(())
    }
    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, _: &S) -> Kept {
        let path: Vec<_> = path.into_iter().collect();
        self.lines.borrow_mut().push(path.clone());
        self.keep(Shape::Line, path);
        Ok(())
    }
    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, path: I, _: &S) -> Kept {
        self.keep(Shape::Area, path);
        Ok(())
    }
    fn draw_circle<S: BackendStyle>(&mut self, centre: BackendCoord, _: u32, _: &S, _: bool) -> Kept {
        self.keep(Shape::Circle, [centre]);
        Ok(())
    }
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Kept {
        let (width, height) = self.estimate_text_size(text, style)?;
        let (width, height) = (width as i32, height as i32);
        let left = match style.anchor().h_pos {
            plotters_backend::text_anchor::HPos::Left => at.0,
            plotters_backend::text_anchor::HPos::Center => at.0 - width / 2,
            plotters_backend::text_anchor::HPos::Right => at.0 - width,
        };
        let top = at.1 - height / 2;
        self.keep(
            Shape::Text(text.to_owned()),
            [(left, top), (left + width, top + height)],
        );
        Ok(())
    }
    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Self::ErrorType>> {
        let width = super::svg::about(text, style.size(), style.style().as_str() == "bold");
        Ok((width.ceil() as u32, style.size().ceil() as u32))
    }
}
