//! Matching inside one layer where names differ: by role, fused or split, by shape, at last by number.

use std::collections::BTreeMap;

use super::expected::Item;
use super::names::{Function, Role};

/// What a fused projection consists of.
const FUSED: &[(Role, &[Role])] = &[
    (Role::QueryKeyValue, &[Role::Query, Role::Key, Role::Value]),
    (Role::GateUp, &[Role::Gate, Role::Up]),
    (Role::KeyValueB, &[Role::KeyB, Role::ValueB]),
];

/// Tensors of one layer that are still looking for their counterpart, by name.
pub(super) type Side = BTreeMap<String, Item>;

/// How many tensors found their counterpart, and how. Counted on the side of the config.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub by_role: u64,
    pub by_shape: u64,
    pub by_number: u64,
    /// Bytes in the files of each tensor of the config, by name.
    pub bytes: Vec<(String, u64)>,
}

/// Takes from both sides whatever belongs together.
pub(super) fn pair(wanted: &mut Side, held: &mut Side) -> Found {
    let mut found = Found::default();
    by_role(wanted, held, &mut found);
    fused(wanted, held, &mut found, true);
    fused(held, wanted, &mut found, false);
    by_shape(wanted, held, &mut found);
    by_number(wanted, held, &mut found);
    found
}

fn by_role(wanted: &mut Side, held: &mut Side, found: &mut Found) {
    let names: Vec<String> = wanted.keys().cloned().collect();
    for name in names {
        let Some(one) = wanted.get(&name).filter(|one| one.function.is_some()) else {
            continue;
        };
        let mut like = held
            .iter()
            .filter(|(_, other)| other.function == one.function && one.same_shape(other));
        let (Some((other, _)), None) = (like.next(), like.next()) else {
            continue;
        };
        let other = other.clone();
        found.by_role += one.copies;
        wanted.remove(&name);
        found.bytes.extend(held.remove(&other).map(|other| (name, other.bytes)));
    }
}

/// One tensor of `whole` that is several of `parts`.
fn fused(whole: &mut Side, parts: &mut Side, found: &mut Found, whole_is_wanted: bool) {
    let names: Vec<String> = whole.keys().cloned().collect();
    for name in names {
        let Some(one) = whole.get(&name) else { continue };
        let Some(function) = one.function else { continue };
        let Some((_, roles)) = FUSED.iter().find(|(role, _)| *role == function.role) else {
            continue;
        };
        let piece = |role: &Role| {
            let like = Some(Function {
                role: *role,
                ..function
            });
            let mut all = parts.iter().filter(|(_, part)| part.function == like);
            match (all.next(), all.next()) {
                (Some((name, part)), None) => Some((name.clone(), part.elements, part.copies)),
                _ => None,
            }
        };
        let Some(pieces) = roles.iter().map(piece).collect::<Option<Vec<_>>>() else {
            continue;
        };
        let sum = pieces.iter().fold(0_u64, |all, piece| all.saturating_add(piece.1));
        if sum != one.elements {
            continue;
        }
        found.by_role += if whole_is_wanted {
            one.copies
        } else {
            pieces.iter().map(|piece| piece.2).sum()
        };
        let Some(one) = whole.remove(&name) else { continue };
        let taken: Vec<(String, Item)> = pieces
            .into_iter()
            .filter_map(|(piece, _, _)| parts.remove(&piece).map(|part| (piece, part)))
            .collect();
        if whole_is_wanted {
            let bytes = taken
                .iter()
                .fold(0_u64, |all, (_, part)| all.saturating_add(part.bytes));
            found.bytes.push((name, bytes));
        } else {
            share(one.bytes, &taken, found);
        }
    }
}

/// Where as many tensors of a shape are wanted as are held, which is which makes no difference to any number.
fn by_shape(wanted: &mut Side, held: &mut Side, found: &mut Found) {
    let mut shapes: BTreeMap<Vec<u64>, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for (name, one) in wanted.iter() {
        if let Some(shape) = &one.shape {
            shapes.entry(shape.clone()).or_default().0.push(name.clone());
        }
    }
    for (name, one) in held.iter() {
        if let Some(shape) = &one.shape {
            shapes.entry(shape.clone()).or_default().1.push(name.clone());
        }
    }
    for (left, right) in shapes.into_values().filter(|(left, right)| left.len() == right.len()) {
        for (name, other) in left.into_iter().zip(right) {
            found.by_shape += wanted.remove(&name).map_or(0, |one| one.copies);
            found.bytes.extend(held.remove(&other).map(|other| (name, other.bytes)));
        }
    }
}

/// The rest of a layer holds as many elements on both sides, whatever they are called.
fn by_number(wanted: &mut Side, held: &mut Side, found: &mut Found) {
    let sum = |side: &Side| side.values().fold(0_u64, |all, one| all.saturating_add(one.elements));
    if !wanted.is_empty() && !held.is_empty() && sum(wanted) == sum(held) {
        found.by_number += wanted.values().map(|one| one.copies).sum::<u64>();
        let bytes = held.values().fold(0_u64, |all, one| all.saturating_add(one.bytes));
        let taken: Vec<(String, Item)> = std::mem::take(wanted).into_iter().collect();
        share(bytes, &taken, found);
        held.clear();
    }
}

/// Shares bytes out by elements; the last takes what rounding leaves.
fn share(bytes: u64, among: &[(String, Item)], found: &mut Found) {
    let all: u128 = among.iter().map(|(_, one)| u128::from(one.elements)).sum();
    let mut left = bytes;
    for (at, (name, one)) in among.iter().enumerate() {
        let part = (u128::from(bytes) * u128::from(one.elements))
            .checked_div(all)
            .unwrap_or(0);
        let part = u64::try_from(part).unwrap_or(left).min(left);
        let part = if at + 1 == among.len() { left } else { part };
        left = left.saturating_sub(part);
        found.bytes.push((name.clone(), part));
    }
}
