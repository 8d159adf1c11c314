//! The depth rail: one cell a layer.

use super::scene::RailCell;
use crate::model::Blueprint;
use crate::model::flow::{Group, MOST, PartId, runs, tint};

/// The cells, from one height to another.
pub fn rail(blueprint: &Blueprint, top: f64, bottom: f64) -> Vec<RailCell> {
    let single = blueprint.layers.value <= MOST;
    let pieces = runs(blueprint).into_iter().flat_map(|(kind, first, count)| {
        let (many, each) = if single { (count, 1) } else { (1, count) };
        (0..many).map(move |nth| (kind, first + nth * each, each))
    });
    let pieces: Vec<(usize, u64, u64)> = pieces.collect();
    let layers: u64 = pieces.iter().map(|piece| piece.2).sum();
    let each = (bottom - top).max(1.0) / layers.max(1) as f64;
    let mut done: u64 = 0;
    pieces
        .into_iter()
        .map(|(kind, first, count)| {
            let y = top + each * done as f64;
            done += count;
            let (component, strength) = tint(blueprint, kind);
            let height = each * count as f64;
            RailCell {
                part: PartId::Group(Group::Kind(kind)),
                first,
                layers: count,
                y,
                height: (height - if height > 5.0 { 1.5 } else { 0.3 }).max(0.5),
                component,
                strength,
            }
        })
        .collect()
}
