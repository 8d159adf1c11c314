//! Where layers stand and what groups are called, in words.

use super::nodes::BlockDrawing;
use super::part::Group;
use super::shapes::shape_words;
use crate::model::operator::Block;
use crate::model::{Blueprint, Component};
use crate::units::grouped;

/// More layers than these are shown as runs.
pub const MOST: u64 = 256;

/// Runs of layers of one kind: the kind, the first layer counted from 1, how many.
pub fn runs(blueprint: &Blueprint) -> Vec<(usize, u64, u64)> {
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

/// The component that most of some blocks' parameters belong to.
pub fn largest_component<'b>(blocks: impl Iterator<Item = &'b Block>) -> Option<Component> {
    let tensors = blocks.flat_map(Block::tensors);
    tensors
        .max_by_key(|tensor| tensor.count())
        .map(|tensor| tensor.component)
}

/// Title and detail of a group.
pub fn group_words(blueprint: &Blueprint, group: Group) -> (String, String) {
    match group {
        Group::Stem => ("Before the layers".to_owned(), String::new()),
        Group::Head => ("After the layers".to_owned(), String::new()),
        Group::Kind(at) => {
            let title = blueprint
                .kinds
                .get(at)
                .map(|kind| kind.title.clone())
                .unwrap_or_default();
            (place_words(blueprint, at), title)
        }
        Group::Tower(at) => {
            let tower = blueprint.towers.get(at);
            let title = tower.map_or("", |tower| tower.title);
            let count = tower
                .and_then(|tower| tower.count.as_ref())
                .map_or(1, |count| count.value);
            let parts = tower.map_or(0, |tower| {
                tower.blocks.iter().map(|block| block.operators.len()).sum::<usize>()
            });
            let one = tower.filter(|_| parts == 1).and_then(|tower| tower.blocks.first());
            let only = one
                .map(BlockDrawing::of)
                .and_then(|drawing| drawing.nodes.into_iter().next());
            let detail = match (count, one.zip(only)) {
                (_, Some((block, only))) => shape_words(block, &only),
                (1, None) => format!("{parts} parts"),
                _ => format!("{} layers of {parts} parts", grouped(count)),
            };
            (title.to_owned(), detail)
        }
    }
}
