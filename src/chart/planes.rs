//! A plane of a comparison as a picture that leaves the page: with names at the points, and as a table.

use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::HPos;

use super::pen::{Drawn, Frame, Lettering, Pen};
use super::reading::Mark;
use super::scatter::{Dot, RADIUS, Scatter, scatter};
use super::table::{Field, Table};
use super::{Chart, Column};
use crate::report::compare::{Better, Plane, Point};
use crate::units::{UnitSystem, decimal, dollars, seconds};

/// The chart.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaneChart {
    /// Points, each of a column.
    pub points: Vec<Point>,
    /// Names of the columns.
    pub names: Vec<String>,
    /// Which plane.
    pub plane: Plane,
    /// GiB or GB.
    pub units: UnitSystem,
}

impl PlaneChart {
    fn name(&self, point: &Point) -> &str {
        self.names.get(point.column).map_or("", String::as_str)
    }
    fn laid_out(&self, size: (f64, f64)) -> Scatter {
        scatter(&self.points, self.plane, self.units, size)
    }
}

/// Both values of a point in words, and its likely range.
pub fn plane_figures(point: &Point, plane: Plane, units: UnitSystem) -> [String; 3] {
    let likely = |words: &dyn Fn(f64) -> String| {
        point.between.map_or_else(String::new, |(low, high)| {
            format!(" ({} to {} likely)", words(low), words(high))
        })
    };
    match plane {
        Plane::MemorySpeed => [
            units.bytes(point.x),
            format!("{} tokens/s", decimal(point.y)),
            likely(&decimal),
        ],
        Plane::CostLatency => [
            format!("{} a million tokens", dollars(point.x)),
            format!("first token after {}", seconds(point.y)),
            likely(&seconds),
        ],
    }
}

impl Chart for PlaneChart {
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B> {
        let outer = pen.frame;
        let size = (outer.right - outer.left, outer.bottom - outer.top);
        if size.0 < 120.0 || size.1 < 100.0 {
            return Ok(());
        }
        let drawn = self.laid_out(size);
        let at = |(x, y): (f64, f64)| (outer.left + x, outer.top + y);
        let ((left, top), (right, bottom)) = (at((drawn.plane.0, drawn.plane.1)), at((drawn.plane.2, drawn.plane.3)));
        let small = pen.small();
        for (y, text) in &drawn.y {
            let level = at((0.0, *y)).1;
            pen.level(left, right, level, pen.theme.colour("rule"))?;
            pen.place(text, small, &[(left - 7.0, level, HPos::Right)])?;
        }
        for (x, text) in &drawn.x {
            pen.place_near(text, small, at((*x, 0.0)).0, &[bottom + 13.0])?;
        }
        pen.place_near(&drawn.names.0, small, f64::midpoint(left, right), &[bottom + 29.0])?;
        pen.place(drawn.names.1, small, &[(outer.left + 2.5, outer.top + 9.0, HPos::Left)])?;
        let (brand, card) = (pen.theme.colour("mlp"), pen.theme.colour("card"));
        let stair = self.stair(&drawn, (left, top, right, bottom), outer);
        if let (Some(first), Some(last)) = (stair.first(), stair.last()) {
            let worse = first.1;
            let area: Vec<_> = stair.iter().copied().chain([(last.0, worse)]).collect();
            pen.area(&area, brand, 0.08)?;
            pen.path(&stair, brand, 1.5)?;
            pen.keep_line_free(&stair);
        }
        for dot in &drawn.dots {
            let (x, y) = at(dot.at);
            if let Some((low, high)) = dot.between {
                let (low, high) = (at((0.0, low)).1, at((0.0, high)).1);
                let range = [(x, low), (x, high)];
                pen.path(&range, pen.theme.colour("rule-strong"), 2.0)?;
                pen.keep_line_free(&range);
            }
            pen.disc(x, y, RADIUS, if dot.best { brand } else { card }, brand)?;
            pen.keep_free(Frame {
                left: x - RADIUS,
                right: x + RADIUS,
                top: y - RADIUS,
                bottom: y + RADIUS,
            });
        }
        let names = Lettering {
            size: 11.5,
            bold: false,
            colour: pen.theme.colour("ink"),
            halo: Some(card),
        };
        for dot in &drawn.dots {
            let spot = at(dot.at);
            pen.place_around(self.name(&dot.point), names, spot)?;
            let [x, y, likely] = plane_figures(&dot.point, self.plane, self.units);
            let mut lines = vec![x, format!("{y}{likely}")];
            lines.extend(dot.best.then(|| format!("none is both {}", self.plane.both())));
            pen.stop(spot, Mark::Dot, self.name(&dot.point).to_owned(), lines);
        }
        Ok(())
    }

    fn table(&self) -> Table {
        // Whether a point is on the frontier does not depend on the paper.
        let drawn = self.laid_out((560.0, 360.0));
        let (x, y) = match self.plane {
            Plane::MemorySpeed => (("Memory", "bytes"), ("Speed", "tokens/s")),
            Plane::CostLatency => (("A million tokens", "USD"), ("First token", "s")),
        };
        let column = |name: String, unit| Column {
            name,
            unit,
            optional: false,
        };
        let columns = vec![
            column("Question".to_owned(), ""),
            column(x.0.to_owned(), x.1),
            column(y.0.to_owned(), y.1),
            column("Least".to_owned(), y.1),
            column("Most".to_owned(), y.1),
            column(format!("None is both {}", self.plane.both()), ""),
        ];
        let mut table = Table {
            columns,
            rows: Vec::new(),
        };
        let words = |value: f64| match self.plane {
            Plane::MemorySpeed => decimal(value),
            Plane::CostLatency => seconds(value),
        };
        for dot in &drawn.dots {
            let [x, y, _] = plane_figures(&dot.point, self.plane, self.units);
            let end = |of: fn((f64, f64)) -> f64| Field::or(dot.point.between.map(of), words, "");
            table.rows.push(vec![
                Field::text(self.name(&dot.point)),
                Field::number(dot.point.x, x),
                Field::number(dot.point.y, y),
                end(|between| between.0),
                end(|between| between.1),
                Field::text(if dot.best { "yes" } else { "no" }),
            ]);
        }
        table
    }
}

impl PlaneChart {
    /// The frontier in steps, from the edge where things are worse to the right end.
    fn stair(&self, drawn: &Scatter, (_, top, right, bottom): (f64, f64, f64, f64), outer: Frame) -> Vec<(f64, f64)> {
        let mut best: Vec<&Dot> = drawn.dots.iter().filter(|dot| dot.best).collect();
        best.sort_by(|one, other| one.at.0.total_cmp(&other.at.0));
        let worse = if self.plane.better().1 == Better::More {
            bottom
        } else {
            top
        };
        let mut level = worse;
        let mut stair = Vec::new();
        for dot in best {
            let (x, y) = (outer.left + dot.at.0, outer.top + dot.at.1);
            stair.extend([(x, level), (x, y)]);
            level = y;
        }
        if !stair.is_empty() {
            stair.push((right, level));
        }
        stair
    }
}
