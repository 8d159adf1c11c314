//! The boxes of a block in rows, what is made first on top, so that wires run down: layers after Sugiyama (1981), in small.

use super::columns::{centres, edges};
use super::rows::{Slot, lanes, order, rows};
use super::scene::{SceneBox, SceneWire, SceneWords, text_width};
use super::sizes::SMALL;
use super::spacing::Spacing;
use super::wires::wire;
use crate::model::flow::{BlockDrawing, Joint};

/// Room between rows, for wires.
pub(super) const LANES: f64 = 26.0;

/// A block that is laid out: its own boxes and wires, from (0, 0).
#[derive(Clone, Debug, Default)]
pub struct Laid {
    /// Boxes, in the order of the drawing's nodes.
    pub boxes: Vec<SceneBox>,
    /// Wires.
    pub wires: Vec<SceneWire>,
    /// Words.
    pub words: Vec<SceneWords>,
    /// Width.
    pub width: f64,
    /// Height, from where the input enters to where the output leaves, both at the middle.
    pub height: f64,
    /// Where the input enters.
    pub enter: f64,
    /// Where the output leaves.
    pub out: f64,
    /// Whether several outputs are added there.
    pub sums: bool,
}

/// Lays a block out that may be so wide. `boxes` are those of its nodes, sized.
pub fn laid(drawing: &BlockDrawing, boxes: &[SceneBox], wide: f64, spacing: &Spacing) -> Laid {
    if drawing.wires.is_empty() {
        return grid(boxes, wide);
    }
    let mut rows = rows(drawing, spacing.abreast);
    let width_of = |slot: &Slot| match slot {
        Slot::Box(node) => boxes.get(*node).map_or(0.0, |one| one.width),
        Slot::Pass { .. } => 8.0,
    };
    order(drawing, &mut rows);
    let centres = centres(drawing, &rows, (wide, spacing.gap), &width_of);
    let leftmost = edges(&rows, &centres, &width_of).0;
    let rightmost = edges(&rows, &centres, &width_of).1;
    // Where it is too wide it grows to the right, so that nothing is cut.
    let shift = (-leftmost).max(0.0);
    let width = wide.max(rightmost + shift);
    let middle = wide / 2.0 + shift;
    let x_of = |row: usize, slot: &Slot| {
        let at = rows
            .rows
            .get(row)
            .and_then(|slots| slots.iter().position(|one| one == slot));
        at.and_then(|at| centres.get(row).and_then(|row| row.get(at)))
            .map_or(middle, |x| x + shift)
    };
    let from_encoder = drawing.wires.iter().any(|(from, _)| *from == Joint::Encoder);

    let mut result = Laid {
        width,
        ..Laid::default()
    };
    // Heights and tops of rows.
    let gaps: Vec<f64> = (0..=rows.rows.len())
        .map(|gap| LANES + 5.0 * lanes(drawing, &rows, gap).saturating_sub(2) as f64)
        .collect();
    let mut top = 0.0;
    let mut tops = Vec::new();
    let mut heights = Vec::new();
    for (at, row) in rows.rows.iter().enumerate() {
        top += gaps.get(at).copied().unwrap_or(LANES);
        let height = row
            .iter()
            .map(|slot| match slot {
                Slot::Box(node) => boxes.get(*node).map_or(0.0, |one| one.height),
                Slot::Pass { .. } => 0.0,
            })
            .fold(0.0, f64::max);
        tops.push(top);
        heights.push(height);
        top += height;
    }
    result.height = top + gaps.last().copied().unwrap_or(LANES);
    result.enter = middle;
    result.out = middle;
    result.boxes = boxes
        .iter()
        .enumerate()
        .map(|(node, one)| {
            let row = rows.row_of.get(node).copied().unwrap_or(0);
            let centre = x_of(row, &Slot::Box(node));
            SceneBox {
                x: centre - one.width / 2.0,
                y: tops.get(row).copied().unwrap_or(0.0),
                ..one.clone()
            }
        })
        .collect();
    let outs: Vec<&Joint> = drawing
        .wires
        .iter()
        .filter(|(_, to)| *to == Joint::Output)
        .map(|(from, _)| from)
        .collect();
    if let [Joint::Node(only)] = outs.as_slice() {
        result.out = result.boxes.get(*only).map_or(middle, |one| one.x + one.width / 2.0);
    }
    result.sums = drawing.wires.iter().filter(|(_, to)| *to == Joint::Output).count() > 1;
    wire(drawing, &rows, &mut result, &x_of, (&tops, &heights, &gaps));
    if from_encoder {
        result.words.push(SceneWords {
            x: (width - text_width("from the encoder", SMALL)).max(0.0),
            y: 2.0,
            text: "from the encoder".to_owned(),
            centred: false,
            strong: false,
        });
    }
    result
}

/// Boxes of which nobody knows the order, in rows from left to right.
fn grid(boxes: &[SceneBox], wide: f64) -> Laid {
    let mut result = Laid {
        width: wide,
        enter: wide / 2.0,
        out: wide / 2.0,
        ..Laid::default()
    };
    let (mut x, mut y, mut high) = (0.0, 12.0, 0.0_f64);
    for one in boxes {
        if x > 0.0 && x + one.width > wide {
            x = 0.0;
            y += high + 10.0;
            high = 0.0;
        }
        result.boxes.push(SceneBox { x, y, ..one.clone() });
        x += one.width + 10.0;
        high = high.max(one.height);
        result.width = result.width.max(x - 10.0);
    }
    result.height = y + high + 12.0;
    result
}
