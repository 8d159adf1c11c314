//! What is dealt out, in the way it is dealt out: weights, caches and states of each kind of layer.

use crate::analysis::memory::{kv_of_block, states_of_block, weight_of};
use crate::analysis::setup::Setup;
use crate::model::blueprint::Repeated;
use crate::model::operator::{CacheWidth, Kind, Role};
use crate::model::{Blueprint, Component, Sharding, Tensor};
use crate::scenario::Mode;
use crate::units::Exact;

/// Where in the model something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// Before the first layer: token table, towers.
    First,
    /// In the layers of a kind, by index.
    Layers(usize),
    /// After the last layer.
    Last,
}

/// How devices that share a layer share something of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// A slice each.
    Split,
    /// All of it each.
    Copied,
    /// Whole heads each; where there are fewer heads than devices, some hold the same.
    Heads(u64),
    /// All of it each, for the sequences of its own.
    Sequences,
}

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Weights of a component.
    Weights(Component),
    /// Keys and values.
    KvCache,
    /// States.
    States,
}

/// Something that is dealt out in one way.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    /// What.
    pub part: Part,
    /// Where.
    pub at: At,
    /// Bytes in all layers of that kind.
    pub bytes: u64,
    /// How.
    pub share: Share,
    /// Whether it is of the routed experts.
    pub routed: bool,
}

/// Everything of a setup that is dealt out.
pub fn pieces(setup: &Setup) -> Vec<Piece> {
    with_caches(setup, weight_pieces(setup))
}

/// Every block and where in the model it lies.
fn places(blueprint: &Blueprint) -> impl Iterator<Item = (Repeated<'_>, At)> {
    let mut after = false;
    blueprint.blocks().map(move |place| {
        after |= place.kind.is_some() || place.block.role == Role::Head;
        let at = match place.kind {
            Some(kind) => At::Layers(kind),
            None if after && place.block.role != Role::Tower => At::Last,
            None => At::First,
        };
        (place, at)
    })
}

/// The weights, which no workload changes.
pub fn weight_pieces(setup: &Setup) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    let own = setup.layout.attention_dp;
    for (place, at) in places(&setup.blueprint) {
        let kv_heads = kv_heads(place);
        let alone = own && place.block.role == Role::TokenMixer;
        for tensor in place.block.tensors().filter(|tensor| tensor.is_parameter()) {
            let share = of_weight(tensor, alone, kv_heads);
            let piece = Piece {
                part: Part::Weights(tensor.component),
                at,
                bytes: weight_of::<Exact>(setup, place, tensor).0,
                share,
                routed: tensor.component == Component::Experts,
            };
            add(&mut all, piece);
        }
    }
    all
}

/// The caches and states of the workload, after the weights.
pub fn with_caches(setup: &Setup, mut all: Vec<Piece>) -> Vec<Piece> {
    // Training keeps no cache.
    if setup.scenario.mode == Mode::Pretrain {
        return all;
    }
    let own = setup.layout.attention_dp;
    for (place, at) in places(&setup.blueprint) {
        let kv_heads = kv_heads(place);
        let caches = kv_of_block::<Exact>(setup, place).into_iter().map(|one| one.0);
        let latent = setup.keeps_latent()
            && place
                .block
                .caches
                .iter()
                .any(|cache| matches!(cache.width, CacheWidth::Latent { .. }));
        let share = match kv_heads {
            _ if own => Share::Sequences,
            // Every head needs the whole latent.
            _ if latent => Share::Copied,
            Some(heads) => Share::Heads(heads),
            None => Share::Copied,
        };
        let cached = caches.fold(0, u64::saturating_add);
        let states = states_of_block::<Exact>(setup, place);
        let states = states.into_iter().fold(0, |all: u64, one| all.saturating_add(one.0));
        let states = states.saturating_mul(setup.scenario.batch);
        for (part, bytes, share) in [
            (Part::KvCache, cached, share),
            (Part::States, states, if own { Share::Sequences } else { Share::Split }),
        ] {
            if bytes > 0 {
                let piece = Piece {
                    part,
                    at,
                    bytes,
                    share,
                    routed: false,
                };
                add(&mut all, piece);
            }
        }
    }
    all
}

fn add(all: &mut Vec<Piece>, piece: Piece) {
    let alike = |one: &&mut Piece| {
        (one.part, one.at, one.share, one.routed) == (piece.part, piece.at, piece.share, piece.routed)
    };
    match all.iter_mut().find(alike) {
        Some(one) => one.bytes = one.bytes.saturating_add(piece.bytes),
        None => all.push(piece),
    }
}

/// Heads of keys and values, where a block attends with heads.
pub(super) fn kv_heads(place: Repeated<'_>) -> Option<u64> {
    place.block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Attention(attention) => Some(attention.kv_heads.value.max(1)),
        _ => None,
    })
}

/// How the ranks of a group share a weight; `alone` where each keeps the whole of attention for sequences of its own.
pub(super) fn of_weight(tensor: &Tensor, alone: bool, kv_heads: Option<u64>) -> Share {
    match tensor.sharding {
        _ if alone => Share::Copied,
        Sharding::Replicated => Share::Copied,
        Sharding::KvHeads => kv_heads.map_or(Share::Split, Share::Heads),
        Sharding::Columns | Sharding::Rows => Share::Split,
    }
}
