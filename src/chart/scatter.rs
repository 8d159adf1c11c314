//! Points in a plane with the frontier: where everything stands on the paper. Whoever draws it adds nothing but colours.

use super::axis::{byte_ticks, tick_texts};
use crate::report::compare::{Better, Plane, Point, frontier};
use crate::units::UnitSystem;

/// Room around the plane: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (52.0, 24.0, 16.0, 40.0);
/// Radius of a dot.
pub const RADIUS: f64 = 5.5;
/// Steps of an axis at most, for each so many pixels.
const STEP: f64 = 72.0;

/// A tick: where, and what it says.
pub type Tick = (f64, String);

/// A point on the paper.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// What it is of.
    pub point: Point,
    /// Where.
    pub at: (f64, f64),
    /// Both ends of its interval, upwards.
    pub between: Option<(f64, f64)>,
    /// Whether no other beats it.
    pub best: bool,
    /// The middle of its letter.
    pub letter: (f64, f64),
}

/// The whole drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Scatter {
    /// Width and height of the paper.
    pub size: (f64, f64),
    /// Left, top, right and bottom edge of the plane.
    pub plane: (f64, f64, f64, f64),
    /// Along the first axis.
    pub x: Vec<Tick>,
    /// Along the second.
    pub y: Vec<Tick>,
    /// Names of the axes.
    pub names: (String, &'static str),
    /// In the order of the columns.
    pub dots: Vec<Dot>,
    /// The frontier as the path of a pen, and the shape of all that it beats; empty without points.
    pub frontier: (String, String),
}

/// Lays a plane out on paper of this size.
pub fn scatter(points: &[Point], plane: Plane, units: UnitSystem, size: (f64, f64)) -> Scatter {
    let (left, top, right, bottom) = (MARGIN.0, MARGIN.1, size.0 - MARGIN.2, size.1 - MARGIN.3);
    let most = |of: &dyn Fn(&Point) -> f64| points.iter().map(of).fold(0.0_f64, f64::max);
    let (wide, high) = (
        most(&|point| point.x),
        most(&|point| point.between.map_or(point.y, |(_, high)| high.max(point.y))),
    );
    let steps = |pixels: f64| (pixels / STEP).floor().max(1.0);
    let (x_ticks, x_end, x_unit) = match plane {
        Plane::MemorySpeed => axis(wide / units.giga(), steps(right - left), units.giga()),
        Plane::CostLatency => axis(wide, steps(right - left), 1.0),
    };
    let (y_ticks, y_end, _) = axis(high, steps(bottom - top), 1.0);
    let on_x = |value: f64| left + (value / x_end) * (right - left);
    let on_y = |value: f64| bottom - (value / y_end) * (bottom - top);
    let places: Vec<(f64, f64)> = points.iter().map(|point| (point.x, point.y)).collect();
    let best = frontier(&places, plane.better());
    let texts = |ticks: &[f64]| tick_texts(ticks, 1.0);
    let mut dots: Vec<Dot> = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let at = (on_x(point.x), on_y(point.y));
        dots.push(Dot {
            point: *point,
            at,
            between: point.between.map(|(low, high)| (on_y(low), on_y(high))),
            best: best.contains(&index),
            letter: at,
        });
    }
    let letters = letters(&dots, (left, top, right, bottom));
    dots.iter_mut()
        .zip(letters)
        .for_each(|(dot, letter)| dot.letter = letter);
    let corners: Vec<(f64, f64)> = best.iter().filter_map(|at| dots.get(*at)).map(|dot| dot.at).collect();
    Scatter {
        size,
        plane: (left, top, right, bottom),
        x: x_ticks
            .iter()
            .map(|tick| on_x(tick * x_unit))
            .zip(texts(&x_ticks))
            .collect(),
        y: y_ticks.iter().map(|tick| on_y(*tick)).zip(texts(&y_ticks)).collect(),
        names: match plane {
            Plane::MemorySpeed => (format!("memory, {units}"), "tokens a second"),
            Plane::CostLatency => ("dollars for a million tokens".to_owned(), "seconds to the first token"),
        },
        dots,
        frontier: steps_of(&corners, plane.better().1, (left, top, right, bottom)),
    }
}

/// Ticks in whole units, the end of the axis, and the unit.
fn axis(most: f64, steps: f64, unit: f64) -> (Vec<f64>, f64, f64) {
    let most = if most.is_finite() && most > 0.0 {
        most * 1.08
    } else {
        1.0
    };
    // Steps of 1, 2 and 5: those of bytes as they are sold.
    (byte_ticks(UnitSystem::Gb, most, steps), most * unit, unit)
}

/// Beside each dot, where no other dot and no other letter is.
fn letters(dots: &[Dot], (left, top, right, bottom): (f64, f64, f64, f64)) -> Vec<(f64, f64)> {
    const AWAY: f64 = 14.0;
    const NEAR: f64 = 13.0;
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for dot in dots {
        let (x, y) = dot.at;
        // First where neither the stair nor the interval of a point on the frontier runs.
        let spots = [
            (x - AWAY, y - AWAY / 2.0),
            (x + AWAY, y - AWAY),
            (x + AWAY, y),
            (x - AWAY, y + AWAY),
            (x, y - AWAY - 2.0),
            (x, y + AWAY + 2.0),
        ];
        let free = |spot: &&(f64, f64)| {
            let far = |other: &(f64, f64)| (other.0 - spot.0).abs() > NEAR || (other.1 - spot.1).abs() > NEAR;
            let inside = (left + 4.0..=right).contains(&spot.0) && (top..=bottom).contains(&spot.1);
            inside && taken.iter().all(far) && dots.iter().all(|other| far(&other.at))
        };
        taken.push(*spots.iter().find(free).unwrap_or(&(x + AWAY, y)));
    }
    taken
}

/// The frontier in steps: what lies behind it is beaten. Its corners come in the order of the first axis.
fn steps_of(corners: &[(f64, f64)], better: Better, (_, top, right, bottom): (f64, f64, f64, f64)) -> (String, String) {
    let Some(first) = corners.first() else {
        return Default::default();
    };
    // The edge towards which things get worse along the second axis.
    let worse = if better == Better::More { bottom } else { top };
    let mut path = format!("M{:.1} {worse:.1}V{:.1}", first.0, first.1);
    for (x, y) in corners.iter().skip(1) {
        path.push_str(&format!("H{x:.1}V{y:.1}"));
    }
    path.push_str(&format!("H{right:.1}"));
    let area = format!("{path}V{worse:.1}Z");
    (path, area)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: f64 = 1_073_741_824.0;

    fn points() -> Vec<Point> {
        [(17.4, 53.0), (6.39, 104.0), (14.5, 175.0), (14.5, 175.0), (59.0, 5.36)]
            .into_iter()
            .enumerate()
            .map(|(column, (gib, rate))| Point {
                column,
                x: gib * GIB,
                y: rate,
                between: Some((rate * 0.8, rate * 1.4)),
            })
            .collect()
    }

    #[test]
    fn everything_lies_on_the_paper_and_letters_cover_nothing() {
        for size in [(560.0, 372.0), (330.0, 280.0)] {
            let drawn = scatter(&points(), Plane::MemorySpeed, UnitSystem::Gib, size);
            let (left, top, right, bottom) = drawn.plane;
            for dot in &drawn.dots {
                assert!(
                    (left..=right).contains(&dot.at.0) && (top..=bottom).contains(&dot.at.1),
                    "{dot:?}"
                );
                let (low, high) = dot.between.unwrap();
                assert!(
                    high >= top && low <= bottom && high < dot.at.1 && low > dot.at.1,
                    "{dot:?}"
                );
                for other in &drawn.dots {
                    let apart = (other.at.0 - dot.letter.0).hypot(other.at.1 - dot.letter.1);
                    assert!(apart > RADIUS + 2.0, "{dot:?} {other:?}");
                }
            }
            assert_eq!(
                drawn.dots.iter().map(|dot| dot.best).collect::<Vec<_>>(),
                [false, true, true, true, false]
            );
            assert_eq!(drawn.x.first().map(|tick| tick.1.as_str()), Some("0"));
            assert!(drawn.y.iter().any(|tick| tick.1 == "200"), "{:?}", drawn.y);
        }
    }

    #[test]
    fn the_frontier_is_a_stair_from_the_smallest() {
        let drawn = scatter(&points(), Plane::MemorySpeed, UnitSystem::Gib, (560.0, 372.0));
        let (path, area) = &drawn.frontier;
        let first = &drawn.dots[1];
        assert!(
            path.starts_with(&format!("M{:.1} {:.1}V{:.1}", first.at.0, drawn.plane.3, first.at.1)),
            "{path}"
        );
        assert!(area.starts_with(path.as_str()) && area.ends_with('Z'));
        let none = scatter(&[], Plane::CostLatency, UnitSystem::Gib, (560.0, 372.0));
        assert_eq!(none.frontier, (String::new(), String::new()));
        assert!(!none.x.is_empty());
    }
}
