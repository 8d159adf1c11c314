//! What is sharded, by the way it is sharded: weights, caches and states of each kind of layer.

use crate::analysis::cache::{kv_of_block, states_of_block};
use crate::analysis::memory::weight_of;
use crate::analysis::setup::Setup;
use crate::model::blueprint::Repeated;
use crate::model::operator::{CacheWidth, Role};
use crate::model::{Blueprint, Component, Sharding, Tensor};
use crate::units::Exact;

/// Where in the model something lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageSlot {
    /// Before the first layer: token table, towers.
    First,
    /// In the layers of a kind, by index.
    Layers(usize),
    /// After the last layer.
    Last,
}

/// How devices that share a layer share something of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardRule {
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

/// Something that is sharded in one way.
#[derive(Clone, Copy, Debug)]
pub struct Shard {
    /// What.
    pub part: Part,
    /// Where.
    pub at: StageSlot,
    /// Bytes in all layers of that kind.
    pub bytes: u64,
    /// How.
    pub rule: ShardRule,
    /// Whether it is of the routed experts.
    pub routed: bool,
}

/// Everything of a setup that is sharded.
pub fn shards(setup: &Setup) -> Vec<Shard> {
    with_caches(setup, weight_shards(setup))
}

/// Every block and where in the model it lies.
fn places(blueprint: &Blueprint) -> impl Iterator<Item = (Repeated<'_>, StageSlot)> {
    let mut after = false;
    blueprint.blocks().map(move |place| {
        after |= place.kind.is_some() || place.block.role == Role::Head;
        let at = match place.kind {
            Some(kind) => StageSlot::Layers(kind),
            None if after && place.block.role != Role::Tower => StageSlot::Last,
            None => StageSlot::First,
        };
        (place, at)
    })
}

/// The weights, which no workload changes.
pub fn weight_shards(setup: &Setup) -> Vec<Shard> {
    let mut all: Vec<Shard> = Vec::new();
    let own = setup.layout.attention_dp;
    for (place, at) in places(&setup.blueprint) {
        let kv_heads = kv_heads(place);
        let alone = own && place.block.role == Role::TokenMixer;
        for tensor in place.block.tensors().filter(|tensor| tensor.is_parameter()) {
            if setup.is_off_device(tensor) {
                continue;
            }
            let rule = of_weight(tensor, alone, kv_heads);
            let shard = Shard {
                part: Part::Weights(tensor.component),
                at,
                bytes: weight_of::<Exact>(setup, place, tensor).0,
                rule,
                routed: tensor.component == Component::Experts,
            };
            add(&mut all, shard);
        }
    }
    all
}

/// The caches and states of the workload, after the weights.
pub fn with_caches(setup: &Setup, mut all: Vec<Shard>) -> Vec<Shard> {
    // Training keeps no cache.
    if setup.scenario.workload.mode.trains() || setup.keeps_cache_in_ram() {
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
        let rule = match kv_heads {
            _ if own => ShardRule::Sequences,
            // Every head needs the whole latent.
            _ if latent => ShardRule::Copied,
            Some(heads) => ShardRule::Heads(heads),
            None => ShardRule::Copied,
        };
        let cached = caches.fold(0, u64::saturating_add);
        let states = states_of_block::<Exact>(setup, place);
        let states = states.into_iter().fold(0, |all: u64, one| all.saturating_add(one.0));
        let states = states.saturating_mul(setup.scenario.workload.batch);
        for (part, bytes, rule) in [
            (Part::KvCache, cached, rule),
            (
                Part::States,
                states,
                if own { ShardRule::Sequences } else { ShardRule::Split },
            ),
        ] {
            if bytes > 0 {
                let shard = Shard {
                    part,
                    at,
                    bytes,
                    rule,
                    routed: false,
                };
                add(&mut all, shard);
            }
        }
    }
    all
}

fn add(all: &mut Vec<Shard>, shard: Shard) {
    let alike =
        |one: &&mut Shard| (one.part, one.at, one.rule, one.routed) == (shard.part, shard.at, shard.rule, shard.routed);
    match all.iter_mut().find(alike) {
        Some(one) => one.bytes = one.bytes.saturating_add(shard.bytes),
        None => all.push(shard),
    }
}

/// Heads of keys and values, where a block attends with heads.
pub(super) fn kv_heads(place: Repeated<'_>) -> Option<u64> {
    let first = place.block.attentions().next()?;
    Some(first.kv_heads.value.max(1))
}

/// How the ranks of a group share a weight; `alone` where each keeps the whole of attention for sequences of its own.
pub(super) fn of_weight(tensor: &Tensor, alone: bool, kv_heads: Option<u64>) -> ShardRule {
    match tensor.sharding {
        _ if alone => ShardRule::Copied,
        Sharding::Replicated => ShardRule::Copied,
        Sharding::KvHeads => kv_heads.map_or(ShardRule::Split, ShardRule::Heads),
        Sharding::Columns | Sharding::Rows => ShardRule::Split,
    }
}
