//! The depth rail: one cell a layer, and where layers of a kind stand in words.

use super::scene::RailCell;
use super::whole::largest_component;
use crate::model::flow::{Group, PartId};
use crate::model::{Blueprint, Component};
use crate::units::grouped;

/// More layers than these are shown as runs.
const MOST: u64 = 256;

/// Runs of layers of one kind: the kind, the first layer counted from 1, how many.
fn runs(blueprint: &Blueprint) -> Vec<(usize, u64, u64)> {
    let mut all: Vec<(usize, u64, u64)> = Vec::new();
    let mut first: u64 = 1;
    for group in &blueprint.layout.groups {
        for _ in 0..group.repeat.min(4 * MOST) {
            for &(kind, count) in &group.runs {
                match all.last_mut() {
                    Some((last, _, many)) if *last == kind => *many = many.saturating_add(count),
                    _ => all.push((kind, first, count)),
                }
                first = first.saturating_add(count);
            }
            if all.len() as u64 > 4 * MOST {
                return all;
            }
        }
    }
    all
}

/// Where the layers of a kind stand: `Layers 4–61`, `Every 6th layer, from 6 on`, `10 of 62 layers`.
pub fn place_words(blueprint: &Blueprint, kind: usize) -> String {
    let own: Vec<(u64, u64)> = runs(blueprint)
        .into_iter()
        .filter(|run| run.0 == kind)
        .map(|(_, first, count)| (first, count))
        .collect();
    let layers = blueprint.layers.value;
    let count = blueprint.kinds.get(kind).map_or(0, |kind| kind.count.value);
    match own.as_slice() {
        [(first, 1)] => format!("Layer {}", grouped(*first)),
        [(first, many)] => format!("Layers {}–{}", grouped(*first), grouped(first + many - 1)),
        [(first, 1), (second, 1), rest @ ..] => {
            let step = second - first;
            let mut expected = *second;
            let even = rest.iter().all(|(at, many)| {
                expected += step;
                *at == expected && *many == 1
            });
            // To the last one that there is room for.
            if even && expected + step > layers {
                let ordinal = match (step % 10, step % 100) {
                    (1, other) if other != 11 => "st",
                    (2, other) if other != 12 => "nd",
                    (3, other) if other != 13 => "rd",
                    _ => "th",
                };
                format!("Every {step}{ordinal} layer, from {first} on")
            } else {
                format!("{} of {} layers", grouped(count), grouped(layers))
            }
        }
        _ => format!("{} of {} layers", grouped(count), grouped(layers)),
    }
}

/// Colour of a kind of layer, and how strong: its largest component; kinds that share one differ in strength.
pub fn tint(blueprint: &Blueprint, kind: usize) -> (Option<Component>, f64) {
    let largest = |kind: usize| {
        let blocks = blueprint
            .kinds
            .get(kind)
            .map(|kind| kind.blocks.as_slice())
            .unwrap_or_default();
        largest_component(blocks.iter())
    };
    let own = largest(kind);
    let before = (0..kind).filter(|&other| largest(other) == own).count();
    (
        own,
        match before {
            0 => 1.0,
            1 => 0.55,
            _ => 0.3,
        },
    )
}

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
