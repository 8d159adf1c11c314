//! Keys of the config that a part came from.

use super::PartKey;
use crate::model::Blueprint;
use crate::model::blueprint::Repeated;
use crate::model::flow::Piece;
use crate::model::operator::{Kind, Operator, Span};
use crate::units::{Origin, Quantity, grouped};

/// The keys that the shapes of a part came from, each once.
pub(super) fn keys(
    blueprint: &Blueprint,
    own: &[(Repeated<'_>, &Operator)],
    place: Option<Repeated<'_>>,
    piece: Option<Piece>,
) -> Vec<PartKey> {
    let mut out: Vec<PartKey> = Vec::new();
    let mut see = |quantity: &Quantity| origin_keys(quantity, &mut out, 0);
    for (_, operator) in own {
        for quantity in operator
            .tensors
            .iter()
            .flat_map(|tensor| tensor.copies.iter().chain(&tensor.dims))
        {
            see(quantity);
        }
        match &operator.kind {
            Kind::Attention(attention) => {
                for one in [
                    &attention.heads,
                    &attention.kv_heads,
                    &attention.key_dim,
                    &attention.value_dim,
                ] {
                    see(one);
                }
                if let Span::Window(window) = &attention.span {
                    see(window);
                }
            }
            Kind::Linear {
                routing: Some(routing), ..
            } => see(&routing.top_k),
            _ => {}
        }
    }
    if let (Some(place), Some(Piece::Cache)) = (place, piece) {
        for cache in &place.block.caches {
            if let Span::Window(window) | Span::Chunk(window) = &cache.span {
                see(window);
            }
            see(cache.width.least());
        }
    }
    match place {
        // The key tells of all layers, not of those of one kind.
        Some(Repeated { kind: Some(_), .. }) => see(&blueprint.layers),
        Some(Repeated { count: Some(count), .. }) => see(count),
        _ => {}
    }
    out
}

fn origin_keys(quantity: &Quantity, out: &mut Vec<PartKey>, depth: u32) {
    let (key, source) = match &quantity.origin {
        Origin::Config(key) => (key.to_string(), "config.json".to_owned()),
        Origin::ClassDefault(key) => (key.to_string(), "not in config.json: the class's default".to_owned()),
        Origin::Derived(_, from) if depth < 6 => return from.iter().for_each(|one| origin_keys(one, out, depth + 1)),
        _ => return,
    };
    if out.iter().all(|known| known.key != key) {
        out.push(PartKey {
            key,
            value: grouped(quantity.value),
            source,
        });
    }
}
