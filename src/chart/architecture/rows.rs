//! Which row of a block each box stands in, and in which order.

use crate::model::flow::{BlockDrawing, Joint};

/// What stands in a row: a box, or a wire on its way past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    Box(usize),
    Pass { from: Joint, to: Joint },
}

pub(super) struct Rows {
    pub(super) rows: Vec<Vec<Slot>>,
    pub(super) row_of: Vec<usize>,
    pub(super) last: usize,
}

/// Which row each box stands in: below all that it reads.
pub(super) fn rows(drawing: &BlockDrawing, abreast: usize) -> Rows {
    let count = drawing.nodes.len();
    let mut row_of = vec![0_usize; count];
    for _ in 0..count {
        for (from, to) in &drawing.wires {
            if let (Joint::Node(from), Joint::Node(to)) = (from, to) {
                let above = row_of.get(*from).map_or(0, |row| row + 1);
                if let Some(row) = row_of.get_mut(*to) {
                    *row = (*row).max(above);
                }
            }
        }
    }
    // What reads nothing stands right above whoever reads it.
    for node in 0..count {
        let read = drawing.wires.iter().any(|(_, to)| *to == Joint::Node(node));
        let readers = drawing.wires.iter().filter_map(|(from, to)| match to {
            Joint::Node(to) if *from == Joint::Node(node) => row_of.get(*to).copied(),
            _ => None,
        });
        if let (false, Some(first)) = (read, readers.min())
            && let Some(row) = row_of.get_mut(node)
        {
            *row = first.saturating_sub(1);
        }
    }
    lower(drawing, &mut row_of, abreast);
    let last = row_of.iter().copied().max().unwrap_or(0);
    let mut rows: Vec<Vec<Slot>> = vec![Vec::new(); last + 1];
    for node in 0..count {
        if let Some(row) = row_of.get(node).and_then(|row| rows.get_mut(*row)) {
            row.push(Slot::Box(node));
        }
    }
    let row = |joint: &Joint| match joint {
        Joint::Input | Joint::Encoder => None,
        Joint::Node(node) => row_of.get(*node).copied(),
        Joint::Output => Some(last + 1),
    };
    for (from, to) in &drawing.wires {
        let first = row(from).map_or(0, |row| row + 1);
        for passed in first..row(to).unwrap_or(0) {
            if let Some(slots) = rows.get_mut(passed) {
                slots.push(Slot::Pass { from: *from, to: *to });
            }
        }
    }
    Rows { rows, row_of, last }
}

/// Of a row that is too wide, what is read latest goes down to just above its reader.
fn lower(drawing: &BlockDrawing, row_of: &mut [usize], abreast: usize) {
    let rows = row_of.iter().copied().max().unwrap_or(0);
    for row in 0..=rows {
        loop {
            let own: Vec<usize> = (0..row_of.len())
                .filter(|node| row_of.get(*node) == Some(&row))
                .collect();
            if own.len() <= abreast {
                break;
            }
            let room = |node: &usize| {
                let readers = drawing.wires.iter().filter_map(|(from, to)| match to {
                    Joint::Node(to) if *from == Joint::Node(*node) => row_of.get(*to).copied(),
                    _ => None,
                });
                readers.min().map_or(0, |reader| reader.saturating_sub(row + 1))
            };
            let Some(latest) = own.into_iter().max_by_key(room).filter(|node| room(node) > 0) else {
                break;
            };
            let down = row + 1;
            if let Some(row) = row_of.get_mut(latest) {
                *row = down;
            }
        }
    }
}

/// How many sources have wires in the room above a row.
pub(super) fn lanes(drawing: &BlockDrawing, rows: &Rows, gap: usize) -> usize {
    sources(drawing, rows, gap).len()
}

/// From what wires run through the room above a row (below the last one: `rows.len()`), in the order of the row above.
pub(super) fn sources(drawing: &BlockDrawing, rows: &Rows, gap: usize) -> Vec<Joint> {
    let row = |joint: &Joint| match joint {
        Joint::Input | Joint::Encoder => 0,
        Joint::Node(node) => rows.row_of.get(*node).map_or(0, |row| row + 1),
        Joint::Output => rows.last + 2,
    };
    let mut all: Vec<Joint> = Vec::new();
    for (from, to) in &drawing.wires {
        if row(from) <= gap && gap < row(to).max(1) && !all.contains(from) {
            all.push(*from);
        }
    }
    all
}

/// Orders the slots of each row so that wires cross little: each at the mean place of what it is joined to, down and up.
pub(super) fn order(drawing: &BlockDrawing, rows: &mut Rows) {
    for sweep in 0..6 {
        let down = sweep % 2 == 0;
        let count = rows.rows.len();
        for step in 0..count {
            let at = if down { step } else { count - 1 - step };
            let other = if down { at.checked_sub(1) } else { Some(at + 1) };
            let Some(beside) = other.and_then(|other| rows.rows.get(other)).cloned() else {
                continue;
            };
            let Some(row) = rows.rows.get(at).cloned() else {
                continue;
            };
            let place = |slot: &Slot, index: usize| {
                let joined: Vec<f64> = beside
                    .iter()
                    .enumerate()
                    .filter(|(_, one)| {
                        if down {
                            joins(drawing, one, slot)
                        } else {
                            joins(drawing, slot, one)
                        }
                    })
                    .map(|(nth, _)| nth as f64 / beside.len().max(1) as f64)
                    .collect();
                if joined.is_empty() {
                    index as f64 / row.len().max(1) as f64
                } else {
                    joined.iter().sum::<f64>() / joined.len() as f64
                }
            };
            let mut keyed: Vec<(f64, usize, Slot)> = row
                .iter()
                .enumerate()
                .map(|(index, slot)| (place(slot, index), index, *slot))
                .collect();
            keyed.sort_by(|one, two| one.0.total_cmp(&two.0).then(one.1.cmp(&two.1)));
            if let Some(row) = rows.rows.get_mut(at) {
                *row = keyed.into_iter().map(|one| one.2).collect();
            }
        }
    }
}

/// Whether a wire runs from one slot to another in the next row.
pub(super) fn joins(drawing: &BlockDrawing, above: &Slot, below: &Slot) -> bool {
    match (above, below) {
        (Slot::Box(from), Slot::Box(to)) => drawing.wires.contains(&(Joint::Node(*from), Joint::Node(*to))),
        (Slot::Box(one), Slot::Pass { from, .. }) => *from == Joint::Node(*one),
        (Slot::Pass { to, .. }, Slot::Box(one)) => *to == Joint::Node(*one),
        (Slot::Pass { .. }, Slot::Pass { .. }) => above == below,
    }
}
