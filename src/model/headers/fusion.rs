//! Matching inside one layer where names differ: by role, fused or split, by shape, at last by number.

use std::collections::BTreeMap;

use super::expected::Item;
use super::names::{self, Function, Role};

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
    /// Elements of buffers in the files that the config's model knows: no parameters.
    pub buffers: u64,
    /// Bytes in the files of each tensor of the config, by name.
    pub bytes: Vec<(String, u64)>,
}

/// Takes from both sides whatever belongs together.
pub(super) fn pair(wanted: &mut Side, held: &mut Side, found: &mut Found) {
    by_role(wanted, held, found, |_| true);
    fused(wanted, held, found, true);
    fused(held, wanted, found, false);
    by_shape(wanted, held, found);
    by_number(wanted, held, found);
}

/// Takes the correction biases of routers from both sides: buffers here, parameters there, each with names of its own.
pub(super) fn corrections(wanted: &mut Side, held: &mut Side, found: &mut Found) {
    by_role(wanted, held, found, |role| role == Role::Correction);
}

fn by_role(wanted: &mut Side, held: &mut Side, found: &mut Found, which: impl Fn(Role) -> bool) {
    let names: Vec<String> = wanted.keys().cloned().collect();
    for name in names {
        let Some((one, function)) = wanted.get(&name).and_then(|one| Some((one, one.function?))) else {
            continue;
        };
        if !which(function.role) {
            continue;
        }
        // Experts may lie behind each other in one matrix.
        let alike = |other: &Item| one.same_shape(other) || (function.experts && one.elements == other.elements);
        let mut like = held
            .iter()
            .filter(|(_, other)| other.function == one.function && alike(other));
        let (Some((other, _)), None) = (like.next(), like.next()) else {
            continue;
        };
        let other = other.clone();
        found.by_role += one.copies;
        take(wanted, held, &name, &other, found);
    }
}

/// Takes one of each: they are the same. How many copies that settled.
fn take(wanted: &mut Side, held: &mut Side, name: &str, other: &str, found: &mut Found) -> u64 {
    let (Some(one), Some(other)) = (wanted.remove(name), held.remove(other)) else {
        return 0;
    };
    if one.optional {
        found.buffers = found.buffers.saturating_add(other.elements);
    }
    found.bytes.push((name.to_owned(), other.bytes));
    one.copies
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
            found.bytes.extend(share(one.bytes, &taken));
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
        // A norm is called so everywhere, and one is as good as another.
        let norms = left.iter().chain(&right).all(|name| names::is_norm(name));
        for (name, other) in left.into_iter().zip(right) {
            let copies = take(wanted, held, &name, &other, found);
            if norms {
                found.by_role += copies;
            } else {
                found.by_shape += copies;
            }
        }
    }
}

/// The rest of a layer holds as many elements on both sides, whatever they are called.
fn by_number(wanted: &mut Side, held: &mut Side, found: &mut Found) {
    if let Some(bytes) = level(wanted, held, found) {
        found.bytes.extend(bytes);
    }
}

/// Empties both sides if they hold as many elements; the bytes of each of the config's tensors, shared out by elements.
pub(super) fn level<K: Clone + Ord, H: Ord>(
    wanted: &mut BTreeMap<K, Item>,
    held: &mut BTreeMap<H, Item>,
    found: &mut Found,
) -> Option<Vec<(K, u64)>> {
    let sum = |all: u64, one: &Item| all.saturating_add(one.elements);
    if wanted.is_empty() || held.is_empty() || wanted.values().fold(0, sum) != held.values().fold(0, sum) {
        return None;
    }
    let taken: Vec<(K, Item)> = std::mem::take(wanted).into_iter().collect();
    for (_, one) in &taken {
        found.by_number += one.copies;
        if one.optional {
            found.buffers = found.buffers.saturating_add(one.elements);
        }
    }
    let bytes = held.values().fold(0_u64, |all, one| all.saturating_add(one.bytes));
    held.clear();
    Some(share(bytes, &taken))
}

/// Shares bytes out by elements; the last takes what rounding leaves.
fn share<K: Clone>(bytes: u64, among: &[(K, Item)]) -> Vec<(K, u64)> {
    let all: u128 = among.iter().map(|(_, one)| u128::from(one.elements)).sum();
    let mut left = bytes;
    let part = |(at, (name, one)): (usize, &(K, Item))| {
        let part = (u128::from(bytes) * u128::from(one.elements))
            .checked_div(all)
            .unwrap_or(0);
        let part = u64::try_from(part).unwrap_or(left).min(left);
        let part = if at + 1 == among.len() { left } else { part };
        left = left.saturating_sub(part);
        (name.clone(), part)
    };
    among.iter().enumerate().map(part).collect()
}
