//! The boxes of a block in rows, what is made first on top, so that wires run down: layers after Sugiyama (1981), in small.

use super::scene::{SceneBox, SceneWire, SceneWords, WireKind, text_width, wrapped};
use super::spacing::{INSIDE, Spacing};
use crate::model::flow::{BlockDrawing, Joint, Look};

/// Room between rows, for wires.
const LANES: f64 = 26.0;
/// Size of names and of shapes.
pub const TITLE: f64 = 13.0;
/// Size of shapes and figures.
pub const SMALL: f64 = 11.5;
const LINE: f64 = 16.0;

/// A box without its place: what is written decides how wide and high it is.
pub fn sized(mut one: SceneBox, shape: &str, most: f64) -> SceneBox {
    let inside = one.inset * INSIDE;
    if one.look == Look::Small {
        let title = text_width(&one.title, SMALL) + inside;
        let with_figure = title + text_width(&one.figure, SMALL) + 10.0;
        one.beside = !one.figure.is_empty() && with_figure <= most;
        if !one.beside {
            one.figure.clear();
        }
        one.width = if one.beside { with_figure } else { title }.min(most.max(title));
        one.height = 28.0;
        return one;
    }
    let figure = text_width(&one.figure, SMALL);
    let title = text_width(&one.title, TITLE) + inside;
    let together = title + figure + if one.figure.is_empty() { 0.0 } else { 12.0 };
    let wanted = together.max(text_width(shape, SMALL) + inside).max(one.inset * 5.75);
    one.width = wanted.min(most.max(title));
    one.beside = together <= one.width + 0.5;
    one.detail = wrapped(shape, SMALL, one.width - inside);
    let widest = one
        .detail
        .iter()
        .map(|line| text_width(line, SMALL))
        .fold(0.0, f64::max);
    one.width = one
        .width
        .max(widest + inside)
        .max(if one.beside { 0.0 } else { figure + inside });
    let lines = 1 + one.detail.len() + usize::from(!one.beside && !one.figure.is_empty());
    one.height = 14.0 + LINE * lines as f64;
    if let Some((queries, kv)) = one.heads {
        one.width = one.width.max(most.min(180.0));
        one.height += heads_height(queries, kv, one.width - inside) + 6.0;
    }
    if let Some((experts, _)) = one.grid {
        one.width = one.width.max(most.min(300.0));
        one.height += grid_height(experts, one.width - inside) + 8.0;
    }
    one
}

/// Experts in a row of a grid that is so wide, and the side of a cell with its gap.
pub fn grid_columns(experts: u64, width: f64) -> (u64, f64) {
    let pitch = match experts {
        0..=16 => 14.0,
        17..=64 => 11.0,
        65..=256 => 8.5,
        _ => 6.5,
    };
    (((width / pitch).floor() as u64).clamp(1, experts.max(1)), pitch)
}

/// Side of a head's square with its gap, and the gap after those that share a head of keys and values.
const HEAD: (f64, f64) = (6.0, 4.0);
/// More heads than these are a wall.
const MOST_HEADS: u64 = 160;

/// Squares of the heads, from (0, 0) on: place, and whether it is a head of keys and values. Those that share one stand above it; of no stored ones, the heads alone.
pub fn head_squares(queries: u64, kv: u64, width: f64) -> Vec<(f64, f64, bool)> {
    let (side, gap) = HEAD;
    if queries == 0 || queries > MOST_HEADS {
        return Vec::new();
    }
    if kv == 0 {
        let columns = ((width / side).floor() as u64).max(1);
        let square = |head: u64| ((head % columns) as f64 * side, (head / columns) as f64 * side, false);
        return (0..queries).map(square).collect();
    }
    if !queries.is_multiple_of(kv) {
        return Vec::new();
    }
    let shared = queries / kv;
    // A group in rows of four at most, so that it stays a group.
    let columns = shared.min(4);
    let rows = shared.div_ceil(columns);
    let wide = columns as f64 * side + if shared > 1 { gap } else { 1.0 };
    let high = (rows + 1) as f64 * side + gap;
    let abreast = ((width / wide).floor() as u64).max(1);
    let mut out = Vec::new();
    for group in 0..kv {
        let (left, top) = ((group % abreast) as f64 * wide, (group / abreast) as f64 * high);
        for head in 0..shared {
            out.push((
                left + (head % columns) as f64 * side,
                top + (head / columns) as f64 * side,
                false,
            ));
        }
        out.push((left, top + rows as f64 * side + 1.0, true));
    }
    out
}

fn heads_height(queries: u64, kv: u64, width: f64) -> f64 {
    let squares = head_squares(queries, kv, width);
    squares.iter().map(|one| one.1 + HEAD.0).fold(0.0, f64::max)
}

fn grid_height(experts: u64, width: f64) -> f64 {
    let (columns, pitch) = grid_columns(experts, width);
    // Thousands of experts would be a wall: the grid shows the first rows of them.
    experts.div_ceil(columns).min(24) as f64 * pitch
}

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

/// What stands in a row: a box, or a wire on its way past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Box(usize),
    Pass { from: Joint, to: Joint },
}

struct Rows {
    rows: Vec<Vec<Slot>>,
    row_of: Vec<usize>,
    last: usize,
}

/// Which row each box stands in: below all that it reads.
fn rows(drawing: &BlockDrawing, abreast: usize) -> Rows {
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

/// How many sources have wires in the room above a row.
fn lanes(drawing: &BlockDrawing, rows: &Rows, gap: usize) -> usize {
    sources(drawing, rows, gap).len()
}

/// From what wires run through the room above a row (below the last one: `rows.len()`), in the order of the row above.
fn sources(drawing: &BlockDrawing, rows: &Rows, gap: usize) -> Vec<Joint> {
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
fn order(drawing: &BlockDrawing, rows: &mut Rows) {
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
fn joins(drawing: &BlockDrawing, above: &Slot, below: &Slot) -> bool {
    match (above, below) {
        (Slot::Box(from), Slot::Box(to)) => drawing.wires.contains(&(Joint::Node(*from), Joint::Node(*to))),
        (Slot::Box(one), Slot::Pass { from, .. }) => *from == Joint::Node(*one),
        (Slot::Pass { to, .. }, Slot::Box(one)) => *to == Joint::Node(*one),
        (Slot::Pass { .. }, Slot::Pass { .. }) => above == below,
    }
}

/// Middles of all slots: each as near to what it is joined to as its neighbours allow.
fn centres(
    drawing: &BlockDrawing,
    rows: &Rows,
    (wide, gap): (f64, f64),
    width_of: &dyn Fn(&Slot) -> f64,
) -> Vec<Vec<f64>> {
    let spread = |row: &[Slot], wanted: &[f64]| -> Vec<f64> {
        // Places that keep their order and their distance, nearest to what is wanted: pooled neighbours.
        let mut offsets = Vec::with_capacity(row.len());
        let mut offset = 0.0;
        for (at, slot) in row.iter().enumerate() {
            if let Some(before) = at.checked_sub(1).and_then(|at| row.get(at)) {
                offset += (width_of(before) + width_of(slot)) / 2.0 + gap;
            }
            offsets.push(offset);
        }
        let mut pools: Vec<(f64, usize)> = Vec::new();
        for (want, offset) in wanted.iter().zip(&offsets) {
            pools.push((want - offset, 1));
            while let [.., (first, many), (second, more)] = pools.as_slice()
                && first > second
            {
                let joined = (
                    (first * *many as f64 + second * *more as f64) / (many + more) as f64,
                    many + more,
                );
                pools.truncate(pools.len() - 2);
                pools.push(joined);
            }
        }
        let starts = pools
            .iter()
            .flat_map(|(value, many)| std::iter::repeat_n(*value, *many));
        starts.zip(&offsets).map(|(start, offset)| start + offset).collect()
    };
    let middle = wide / 2.0;
    let mut all: Vec<Vec<f64>> = rows
        .rows
        .iter()
        .map(|row| spread(row, &vec![middle; row.len()]))
        .collect();
    for sweep in 0..8 {
        let down = sweep % 2 == 0;
        let count = rows.rows.len();
        for step in 0..count {
            let at = if down { step } else { count - 1 - step };
            let Some(row) = rows.rows.get(at) else { continue };
            let other = if down { at.checked_sub(1) } else { Some(at + 1) };
            let beside = other.and_then(|other| rows.rows.get(other).zip(all.get(other)));
            let wanted: Vec<f64> = row
                .iter()
                .enumerate()
                .map(|(index, slot)| {
                    let own = all.get(at).and_then(|row| row.get(index)).copied().unwrap_or(middle);
                    let Some((slots, places)) = beside else {
                        return if down || row.len() == 1 { middle } else { own };
                    };
                    let joined: Vec<f64> = slots
                        .iter()
                        .zip(places)
                        .filter(|(one, _)| {
                            if down {
                                joins(drawing, one, slot)
                            } else {
                                joins(drawing, slot, one)
                            }
                        })
                        .map(|(_, place)| *place)
                        .collect();
                    if joined.is_empty() {
                        own
                    } else {
                        joined.iter().sum::<f64>() / joined.len() as f64
                    }
                })
                .collect();
            let placed = spread(row, &wanted);
            if let Some(places) = all.get_mut(at) {
                *places = placed;
            }
        }
    }
    straighten(rows, &mut all, width_of);
    // All together in the middle.
    let (left, right) = edges(rows, &all, width_of);
    let shift = middle - f64::midpoint(left, right);
    for row in &mut all {
        for place in row {
            *place += shift;
        }
    }
    all
}

/// Wires that pass several rows run straight down where there is room.
fn straighten(rows: &Rows, centres: &mut [Vec<f64>], width_of: &dyn Fn(&Slot) -> f64) {
    let mut chains: Vec<(Slot, Vec<(usize, usize)>)> = Vec::new();
    for (row, slots) in rows.rows.iter().enumerate() {
        for (at, slot) in slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| matches!(slot, Slot::Pass { .. }))
        {
            match chains.iter_mut().find(|(known, _)| known == slot) {
                Some((_, places)) => places.push((row, at)),
                None => chains.push((*slot, vec![(row, at)])),
            }
        }
    }
    for (_, places) in chains.iter().filter(|(_, places)| places.len() > 1) {
        let x = |(row, at): &(usize, usize)| centres.get(*row).and_then(|row| row.get(*at)).copied().unwrap_or(0.0);
        let all: Vec<f64> = places.iter().map(x).collect();
        let most = all.iter().copied().fold(f64::MIN, f64::max);
        let least = all.iter().copied().fold(f64::MAX, f64::min);
        let fits = |wanted: f64| {
            places.iter().all(|(row, at)| {
                let Some((slots, xs)) = rows.rows.get(*row).zip(centres.get(*row)) else {
                    return false;
                };
                let clear = |beside: usize| match slots.get(beside).zip(xs.get(beside)) {
                    Some((slot, x)) if beside < *at => wanted - x >= width_of(slot) / 2.0 + 10.0,
                    Some((slot, x)) => x - wanted >= width_of(slot) / 2.0 + 10.0,
                    None => true,
                };
                at.checked_sub(1).is_none_or(clear) && clear(at + 1)
            })
        };
        let Some(wanted) = [most, least].into_iter().find(|wanted| fits(*wanted)) else {
            continue;
        };
        for (row, at) in places {
            if let Some(x) = centres.get_mut(*row).and_then(|row| row.get_mut(*at)) {
                *x = wanted;
            }
        }
    }
}

fn edges(rows: &Rows, centres: &[Vec<f64>], width_of: &dyn Fn(&Slot) -> f64) -> (f64, f64) {
    let all = rows.rows.iter().zip(centres).flat_map(|(row, places)| {
        row.iter()
            .zip(places)
            .map(|(slot, place)| (place - width_of(slot) / 2.0, place + width_of(slot) / 2.0))
    });
    all.fold((f64::MAX, f64::MIN), |(left, right), (from, to)| {
        (left.min(from), right.max(to))
    })
}

/// Draws the wires: down from the middle of a box, across in a lane of its own, down to a place of its own on the next box.
fn wire(
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
