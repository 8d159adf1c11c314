//! How wide and high a box is: by what is written in it, and by the heads or experts drawn in it.

use super::scene::{SceneBox, text_width, wrapped};
use super::spacing::INSIDE;
use crate::model::flow::Look;

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
