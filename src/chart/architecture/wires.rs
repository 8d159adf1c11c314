//! The wires of a block, each in a lane of its own.

use super::block::{LANES, Laid};
use super::rows::{Rows, Slot, sources};
use super::scene::{SceneBox, SceneWire, WireKind};
use crate::model::flow::{BlockDrawing, Joint};

/// Draws the wires: down from the middle of a box, across in a lane of its own, down to a place of its own on the next box.
pub(super) fn wire(
    drawing: &BlockDrawing,
    rows: &Rows,
    result: &mut Laid,
    x_of: &dyn Fn(usize, &Slot) -> f64,
    (tops, heights, gaps): (&[f64], &[f64], &[f64]),
) {
    let (middle, out) = (result.enter, result.out);
    let box_of = |node: usize, boxes: &[SceneBox]| {
        boxes
            .get(node)
            .map(|one| (one.x, one.y, one.width, one.height, one.share))
    };
    let row_of = |joint: &Joint| match joint {
        Joint::Node(node) => rows.row_of.get(*node).copied(),
        _ => None,
    };
    // Ends of wires at a box, from left to right by where they come from.
    let came_from = |from: &Joint, to: &Joint| -> f64 {
        let Some(row) = row_of(to).or(Some(rows.last + 1)).filter(|row| *row > 0) else {
            return source_x(from, result, middle);
        };
        let above = row - 1;
        let passes = Slot::Pass { from: *from, to: *to };
        let here = rows.rows.get(above).is_some_and(|slots| slots.contains(&passes));
        if here {
            x_of(above, &passes)
        } else {
            source_x(from, result, middle)
        }
    };
    let mut wires = Vec::new();
    for (from, to) in &drawing.wires {
        let mut ends: Vec<(f64, Joint)> = drawing
            .wires
            .iter()
            .filter(|(_, end)| end == to)
            .map(|(start, _)| (came_from(start, to), *start))
            .collect();
        ends.sort_by(|one, two| one.0.total_cmp(&two.0));
        let nth = ends.iter().position(|one| one.1 == *from).unwrap_or(0);
        let (end_x, end_y, share) = match to {
            Joint::Node(node) => match box_of(*node, &result.boxes) {
                Some((x, y, width, _, share)) => (port(&ends, nth, x, width), y, share),
                None => continue,
            },
            _ => (out, result.height, 0.0),
        };
        let mut points = Vec::new();
        let (start_x, start_y, mut row) = match from {
            Joint::Node(node) => match box_of(*node, &result.boxes) {
                Some((x, y, width, height, _)) => (x + width / 2.0, y + height, row_of(from).map_or(0, |row| row + 1)),
                None => continue,
            },
            Joint::Encoder => (result.width - 40.0, 8.0, 0),
            _ => (middle, 0.0, 0),
        };
        points.push((start_x, start_y));
        let target = row_of(to).unwrap_or(rows.last + 1);
        let mut x = start_x;
        loop {
            let next = if row >= target {
                end_x
            } else {
                x_of(row, &Slot::Pass { from: *from, to: *to })
            };
            if (next - x).abs() > 0.5 {
                let sources = sources(drawing, rows, row);
                let lane = sources.iter().position(|one| one == from).unwrap_or(0);
                let gap = gaps.get(row).copied().unwrap_or(LANES);
                let begin = match row.checked_sub(1) {
                    Some(above) => tops.get(above).copied().unwrap_or(0.0) + heights.get(above).copied().unwrap_or(0.0),
                    None => 0.0,
                };
                let y = begin + (gap - 8.0) * (lane + 1) as f64 / (sources.len() + 1) as f64;
                points.push((x, y));
                points.push((next, y));
            }
            x = next;
            if row >= target {
                break;
            }
            row += 1;
        }
        points.push((end_x, end_y));
        wires.push(SceneWire {
            points,
            arrow: *to != Joint::Output,
            kind: WireKind::Flow,
            share,
        });
    }
    result.wires = wires;
}

/// Where the nth of some wires meets a box: right below where it comes from, where that leaves room for the others.
fn port(ends: &[(f64, Joint)], nth: usize, x: f64, width: f64) -> f64 {
    const APART: f64 = 16.0;
    let straight: Vec<f64> = ends.iter().map(|one| one.0.clamp(x + 14.0, x + width - 14.0)).collect();
    let apart = straight
        .windows(2)
        .all(|pair| matches!(pair, [one, two] if two - one >= APART));
    let even = x + width * (nth + 1) as f64 / (ends.len() + 1) as f64;
    straight.get(nth).copied().filter(|_| apart).unwrap_or(even)
}

fn source_x(from: &Joint, result: &Laid, middle: f64) -> f64 {
    match from {
        Joint::Node(node) => result.boxes.get(*node).map_or(middle, |one| one.x + one.width / 2.0),
        Joint::Encoder => result.width,
        _ => middle,
    }
}
