//! What can be asked of a picture: its points, one after the other, and what each says.

use super::pen::Frame;

/// What a point covers, and how it is marked while it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mark {
    /// A place on a curve: nearest along the first axis; a line through the frame marks it.
    Line(Frame),
    /// A bar or a cell.
    Area(Frame),
    /// A point in a plane.
    Dot,
}

/// A point of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// Where, in CSS pixels.
    pub at: (f64, f64),
    /// What it covers.
    pub mark: Mark,
    /// What it is.
    pub title: String,
    /// Its values in words.
    pub lines: Vec<String>,
}

impl Stop {
    /// All of it in a sentence: `64 requests: 1,204 tokens/s, first token after 0.31 s`.
    pub fn words(&self) -> String {
        if self.lines.is_empty() {
            return self.title.clone();
        }
        format!("{}: {}", self.title, self.lines.join(", "))
    }
    /// How far away it is from a place; zero inside of what it covers.
    fn far(&self, (x, y): (f64, f64)) -> f64 {
        let outside = |value: f64, low: f64, high: f64| (low - value).max(value - high).max(0.0);
        match self.mark {
            Mark::Line(_) => (self.at.0 - x).abs(),
            Mark::Area(frame) => outside(x, frame.left, frame.right).hypot(outside(y, frame.top, frame.bottom)),
            Mark::Dot => (self.at.0 - x).hypot(self.at.1 - y),
        }
    }
}

/// All that can be read of a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// Its points, in the order of the arrow keys.
    pub stops: Vec<Stop>,
    /// Points of a row where they form a grid; a line of points has none.
    pub across: Option<usize>,
}

impl Reading {
    /// The point that a place is nearest to.
    pub fn nearest(&self, place: (f64, f64)) -> Option<usize> {
        let far = self.stops.iter().map(|stop| stop.far(place)).enumerate();
        far.min_by(|one, other| one.1.total_cmp(&other.1)).map(|found| found.0)
    }
    /// Where a key leads from a point; the first key leads to the first point.
    pub fn step(&self, from: Option<usize>, key: &str) -> Option<usize> {
        let last = self.stops.len().checked_sub(1)?;
        let row = self.across.unwrap_or(1).max(1);
        let Some(from) = from else {
            return match key {
                "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" | "Home" => Some(0),
                "End" => Some(last),
                _ => None,
            };
        };
        // Rows stand one below the other, so down is onward.
        let to = match key {
            "ArrowRight" => from.saturating_add(1),
            "ArrowLeft" => from.saturating_sub(1),
            "ArrowDown" => from.saturating_add(row),
            "ArrowUp" => from.checked_sub(row).unwrap_or(from % row),
            "Home" => 0,
            "End" => last,
            _ => return None,
        };
        Some(to.min(last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(x: f64, mark: Mark) -> Stop {
        Stop {
            at: (x, 10.0),
            mark,
            title: format!("at {x}"),
            lines: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    #[test]
    fn the_nearest_point_is_read() {
        let frame = |left: f64, right: f64| Frame {
            left,
            right,
            top: 0.0,
            bottom: 20.0,
        };
        let line = |x: f64| stop(x, Mark::Line(frame(x, x)));
        let curve = Reading {
            stops: [0.0, 10.0, 20.0].map(line).to_vec(),
            across: None,
        };
        assert_eq!(curve.nearest((14.0, 900.0)), Some(1));
        let bars = Reading {
            stops: vec![stop(50.0, Mark::Area(frame(0.0, 50.0))), stop(90.0, Mark::Dot)],
            across: None,
        };
        assert_eq!(bars.nearest((3.0, 3.0)), Some(0));
        assert_eq!(bars.nearest((80.0, 10.0)), Some(1));
        assert_eq!(Reading::default().nearest((0.0, 0.0)), None);
        assert_eq!(curve.stops.first().map(Stop::words).as_deref(), Some("at 0: a, b"));
    }

    #[test]
    fn arrow_keys_lead_through_all_points_and_no_further() {
        let grid = Reading {
            stops: vec![stop(0.0, Mark::Dot); 6],
            across: Some(3),
        };
        assert_eq!(grid.step(None, "ArrowRight"), Some(0));
        assert_eq!(grid.step(Some(1), "ArrowDown"), Some(4));
        assert_eq!(grid.step(Some(4), "ArrowUp"), Some(1));
        assert_eq!(grid.step(Some(5), "ArrowRight"), Some(5));
        assert_eq!(grid.step(Some(2), "End"), Some(5));
        assert_eq!(grid.step(Some(2), "x"), None);
        assert_eq!(Reading::default().step(None, "Home"), None);
    }
}
