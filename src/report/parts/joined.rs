//! What a part reads, what reads it, and where else its kind is.

use crate::model::Blueprint;
use crate::model::flow::{BlockDrawing, Group, Joint, PartId, group_words};

/// What a part of a block reads, or what reads it.
pub(super) fn joined(blueprint: &Blueprint, part: PartId, reads: bool) -> Vec<(PartId, String)> {
    let (PartId::Piece(group, at, piece), Some(place)) = (part, part.place(blueprint)) else {
        return Vec::new();
    };
    let drawing = BlockDrawing::of(place.block);
    let Some(own) = drawing.nodes.iter().position(|node| node.piece == piece) else {
        return Vec::new();
    };
    let own = Joint::Node(own);
    let others = drawing.wires.iter().filter_map(|(from, to)| match reads {
        true => (*to == own).then_some(from),
        false => (*from == own).then_some(to),
    });
    others
        .filter_map(|joint| match joint {
            Joint::Node(node) => drawing
                .nodes
                .get(*node)
                .map(|node| (PartId::Piece(group, at, node.piece), node.label.clone())),
            Joint::Input => Some((PartId::Block(group, at), "what the block reads".to_owned())),
            Joint::Encoder => Some((PartId::Block(group, at), "what the encoder read".to_owned())),
            Joint::Output => Some((PartId::Block(group, at), "the residual stream".to_owned())),
        })
        .collect()
}

/// Blocks of the same name elsewhere.
pub(super) fn also(blueprint: &Blueprint, part: PartId) -> Vec<(PartId, String)> {
    let Some(own) = part.place(blueprint) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for group in Group::all(blueprint) {
        if part.group() == Some(group) {
            continue;
        }
        for (at, place) in group.blocks(blueprint).iter().enumerate() {
            if place.block.title == own.block.title
                && out
                    .iter()
                    .all(|(known, _): &(PartId, String)| known.group() != Some(group))
            {
                out.push((PartId::Block(group, at), group_words(blueprint, group).0));
            }
        }
    }
    out
}
