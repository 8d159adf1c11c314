//! What a part is for, and what a token leaves in a cache.

use super::known::of_block;
use crate::model::Blueprint;
use crate::model::flow::{Group, Look, PartId, Piece, group_words, purpose};
use crate::model::operator::{Block, CacheWidth, Operator, Span};
use crate::units::{counted, decimal, grouped};

pub(super) fn about(blueprint: &Blueprint, part: PartId, look: Option<Look>, main: Option<&Operator>) -> String {
    match part {
        PartId::Model => format!(
            "{} layers between a table of {} words and the head that scores them.",
            grouped(blueprint.layers.value),
            grouped(blueprint.vocabulary.value)
        ),
        PartId::Group(group) => {
            let (_, detail) = group_words(blueprint, group);
            match (group, group.repeats(blueprint)) {
                (Group::Kind(_), 1) => format!("One layer: {detail}."),
                (Group::Kind(_), many) => format!("{} layers, all alike: {detail}.", grouped(many)),
                (Group::Stem, _) => "Turns tokens into vectors.".to_owned(),
                (Group::Head, _) => "Turns the last vector into a score for each word.".to_owned(),
                (Group::Tower(_), _) => detail,
            }
        }
        PartId::Block(..) => {
            let block = part.place(blueprint).map(|place| place.block);
            let known = block.and_then(of_block).map(|(about, _)| about);
            let only = || block.and_then(|block| purpose(block.operators.first()?.name));
            known.or_else(only).unwrap_or("A part of the model.").to_owned()
        }
        PartId::Piece(_, _, Piece::Cache) => {
            let place = part.place(blueprint);
            let kept = place
                .map(|place| cache_words(blueprint, place.block))
                .unwrap_or_default();
            let window = place.and_then(|place| {
                place.block.caches.iter().find_map(|cache| match &cache.span {
                    Span::Window(window) | Span::Chunk(window) => Some(window.value),
                    _ => None,
                })
            });
            if let Some(window) = window {
                return format!(
                    "What each token leaves for those after it. It grows until the window of {} is full, and is read at each step; an engine keeps some more for its own steps.{kept}",
                    counted(window, "token")
                );
            }
            format!(
                "What each token leaves for those after it. It grows with every token and is read at each step.{kept}"
            )
        }
        PartId::Piece(_, _, Piece::State) => {
            "What one sequence keeps. Its size is fixed, however long the text is.".to_owned()
        }
        PartId::Piece(..) => match look {
            Some(Look::Experts) => {
                "Small MLPs of which the router picks a few for each token. All must lie in memory, few are read."
                    .to_owned()
            }
            _ => main
                .and_then(|one| purpose(one.name))
                .unwrap_or("A part of the block.")
                .to_owned(),
        },
    }
}

/// What a token leaves in one layer, beside what plain multi-head attention would leave there.
fn cache_words(blueprint: &Blueprint, block: &Block) -> String {
    let kept = block.cached_width();
    let Some(attention) = block.attentions().next() else {
        return String::new();
    };
    let each = attention.key_dim.value.saturating_add(attention.value_dim.value);
    let plain = attention.heads.value.saturating_mul(each);
    let each_layer = blueprint.kinds.iter().map(|kind| {
        let own = kind.blocks.iter().map(Block::cached_width);
        own.fold(0, u64::saturating_add).saturating_mul(kind.count.value)
    });
    let all = each_layer.fold(0, u64::saturating_add);
    let why = match block.caches.as_slice() {
        [latent, rotary] if matches!(latent.width, CacheWidth::Latent { .. }) => format!(
            ": {} of the latent and {} of the rotary key, for all heads together",
            grouped(latent.width.least().value),
            grouped(rotary.width.least().value)
        ),
        _ => String::new(),
    };
    let numbers = format!(
        " A token leaves {} in each layer{why}, {} in all layers",
        counted(kept, "number"),
        grouped(all)
    );
    if kept == 0 || plain <= kept {
        return format!("{numbers}.");
    }
    format!(
        "{numbers}; with keys and values of its own for each of {} heads it would be {} in each layer, {} times as many.",
        grouped(attention.heads.value),
        grouped(plain),
        decimal(plain as f64 / kept as f64)
    )
}
