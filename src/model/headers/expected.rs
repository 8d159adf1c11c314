//! Both sides of a comparison in one form: what a blueprint says must be there, and what the files hold.
//!
//! A blueprint speaks by rule: so many layers of a kind. It is never written out layer by layer, so that comparing costs
//! what was read from the files, whatever a config claims.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fusion::Side;
use super::logical::Logical;
use super::names::{self, Function};
use crate::model::blueprint::Blueprint;
use crate::model::operator::Role;
use crate::model::{Tensor, TensorKind};

/// Where a tensor of the files is: its layer, and its name inside.
pub(super) type Key = (Option<u64>, String);

/// Where a tensor of the config belongs: all layers of a kind are one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// In every layer of this kind.
    Kind(usize),
    /// In every layer of this tower.
    Tower(usize),
    /// In one layer alone, or outside of all.
    One(Option<u64>),
}

impl Place {
    /// Whether it is inside a layer.
    pub const fn layered(self) -> bool {
        !matches!(self, Self::One(None))
    }
}

/// A tensor of one layer, all its experts together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Elements of all copies.
    pub elements: u64,
    /// Dimensions above one, sorted, the number of experts among them; none where the file does not tell.
    pub shape: Option<Vec<u64>>,
    /// Shape of one, for people.
    pub shown: Vec<u64>,
    /// How many tensors.
    pub copies: u64,
    /// Bytes in the files.
    pub bytes: u64,
    /// What its name says it does.
    pub function: Option<Function>,
    /// Whether a checkpoint may leave it out: buffers.
    pub optional: bool,
}

impl Item {
    /// Whether both have the same dimensions, in whatever order.
    pub fn same_shape(&self, other: &Self) -> bool {
        self.elements == other.elements
            && match (&self.shape, &other.shape) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            }
    }
    /// So many of it.
    pub fn times(self, times: u64) -> Self {
        Self {
            elements: self.elements.saturating_mul(times),
            copies: self.copies.saturating_mul(times),
            shape: self.shape.map(|shape| signature(&shape, times)),
            ..self
        }
    }
}

/// Everything a blueprint says a checkpoint holds, tied tensors apart, by rule.
#[derive(Debug)]
pub(super) struct Expected {
    /// Kind of each layer.
    order: Vec<usize>,
    /// How many layers of each kind.
    counts: Vec<u64>,
    /// Tensors of one layer of each kind.
    kinds: Vec<Side>,
    /// Tensors of one layer of each tower, and how many layers it has.
    towers: Vec<(u64, Side)>,
    /// What stands in one layer alone, or outside of all.
    ones: BTreeMap<Option<u64>, Side>,
}

impl Expected {
    /// Reads a blueprint beside files that hold so many tensors: no more than those are told apart one by one.
    pub fn of(blueprint: &Blueprint, held: usize) -> Self {
        let order: Vec<usize> = blueprint.layout.order().collect();
        let mut counts = vec![0_u64; blueprint.kinds.len()];
        for kind in &order {
            if let Some(count) = counts.get_mut(*kind) {
                *count = count.saturating_add(1);
            }
        }
        let mut all = Self {
            order,
            counts,
            kinds: vec![Side::new(); blueprint.kinds.len()],
            towers: Vec::new(),
            ones: BTreeMap::new(),
        };
        for (place, tensor) in blueprint.tensors().filter(|(_, tensor)| !tensor.tied) {
            if place.block.role == Role::Tower {
                all.tower(tensor, place.repeats(), held as u64);
                continue;
            }
            match (place.kind.and_then(|kind| all.kinds.get_mut(kind)), &tensor.physical) {
                (Some(side), None) => add(side, layer_name(tensor), item(tensor)),
                (_, physical) => {
                    let times = physical.as_ref().map_or(1, |physical| physical.value);
                    add(
                        all.ones.entry(None).or_default(),
                        whole_name(tensor),
                        item(tensor).times(times),
                    );
                }
            }
        }
        all
    }

    /// Towers carry whole names, with the number of their own layers in them.
    fn tower(&mut self, tensor: &Tensor, repeats: u64, held: u64) {
        if let Some(rest) = tower_name(tensor) {
            let at = self.towers.iter().position(|(layers, _)| *layers == repeats);
            let at = at.unwrap_or_else(|| {
                self.towers.push((repeats, Side::new()));
                self.towers.len().saturating_sub(1)
            });
            if let Some((_, side)) = self.towers.get_mut(at) {
                add(side, rest, item(tensor));
            }
            return;
        }
        // Numbers that are no layer's are told apart as far as the files can.
        let (one, told) = (item(tensor), repeats.min(held.saturating_add(1)));
        for at in 0..told {
            let (layer, rest) = tower_key(tensor, at);
            let more = if at.saturating_add(1) == told {
                repeats.saturating_sub(at)
            } else {
                1
            };
            add(self.ones.entry(layer).or_default(), rest, one.clone().times(more));
        }
    }

    /// What must be in one layer, or outside of all.
    pub fn at(&self, layer: Option<u64>) -> Side {
        let mut side = self.ones.get(&layer).cloned().unwrap_or_default();
        let Some(layer) = layer else { return side };
        for template in self.templates(layer).map(|(_, template)| template) {
            for (rest, one) in template {
                add(&mut side, rest.clone(), one.clone());
            }
        }
        side
    }

    /// The place of a tensor that [`Self::at`] named.
    pub fn place(&self, layer: Option<u64>, rest: &str) -> Place {
        let one = self.ones.get(&layer).is_some_and(|side| side.contains_key(rest));
        let mut rules = layer.into_iter().flat_map(|layer| self.templates(layer));
        match rules.find(|(_, side)| !one && side.contains_key(rest)) {
            Some((place, _)) => place,
            None => Place::One(layer),
        }
    }

    /// The rules that hold in a layer.
    fn templates(&self, layer: u64) -> impl Iterator<Item = (Place, &Side)> {
        let kind = usize::try_from(layer)
            .ok()
            .and_then(|layer| self.order.get(layer))
            .copied();
        let kind = kind.and_then(|kind| Some((Place::Kind(kind), self.kinds.get(kind)?)));
        let towers = self
            .towers
            .iter()
            .enumerate()
            .filter(move |(_, (layers, _))| layer < *layers);
        kind.into_iter()
            .chain(towers.map(|(at, (_, side))| (Place::Tower(at), side)))
    }

    /// What was never asked for by [`Self::at`]: each rule, and in how many layers it is left.
    pub fn left(&self, seen: &BTreeSet<Option<u64>>) -> Vec<(Place, u64, &Side)> {
        let layers = || seen.iter().flatten();
        let mut kinds = self.counts.clone();
        for kind in layers().filter_map(|layer| self.order.get(usize::try_from(*layer).ok()?)) {
            if let Some(left) = kinds.get_mut(*kind) {
                *left = left.saturating_sub(1);
            }
        }
        let kinds = self.kinds.iter().zip(kinds).enumerate();
        let kinds = kinds.map(|(at, (side, left))| (Place::Kind(at), left, side));
        let towers = self.towers.iter().enumerate().map(|(at, (count, side))| {
            let asked = layers().take_while(|layer| *layer < count).count() as u64;
            (Place::Tower(at), count.saturating_sub(asked), side)
        });
        let ones = self.ones.iter().filter(|(layer, _)| !seen.contains(layer));
        let ones = ones.map(|(layer, side)| (Place::One(*layer), 1, side));
        kinds
            .chain(towers)
            .chain(ones)
            .filter(|(_, left, _)| *left > 0)
            .collect()
    }

    /// The places of a tensor of the blueprint that make up its bytes, and how often each must have been found.
    pub fn places(&self, kind: Option<usize>, tower: Option<u64>, tensor: &Tensor) -> Vec<(Place, String, u64)> {
        match (kind, tower) {
            (_, Some(repeats)) => match tower_name(tensor) {
                Some(rest) => {
                    let at = self.towers.iter().position(|(layers, _)| *layers == repeats);
                    at.map(|at| (Place::Tower(at), rest, repeats)).into_iter().collect()
                }
                None => {
                    let keys = (0..repeats.min(MOST_NUMBERS)).map(|at| tower_key(tensor, at));
                    let mut keys: Vec<_> = keys.map(|(layer, rest)| (Place::One(layer), rest, 1)).collect();
                    keys.dedup();
                    keys
                }
            },
            (Some(kind), None) if tensor.physical.is_none() => {
                let layers = self.counts.get(kind).copied().unwrap_or(0);
                vec![(Place::Kind(kind), layer_name(tensor), layers)]
            }
            _ => vec![(Place::One(None), whole_name(tensor), 1)],
        }
    }
}

/// No tower numbers more of its parts otherwise than as layers.
const MOST_NUMBERS: u64 = 10_000;

/// The name of a tensor inside its layer.
fn layer_name(tensor: &Tensor) -> String {
    names::place(&format!("layers.0.{}", tensor.name)).rest
}

/// The name of a tower's tensor inside a layer of the tower; none where its number is not that of a layer.
fn tower_name(tensor: &Tensor) -> Option<String> {
    let ((one, rest), (other, same)) = (tower_key(tensor, 0), tower_key(tensor, 1));
    (one == Some(0) && other == Some(1) && rest == same).then_some(rest)
}

/// Where a tower's tensor is in one of the tower's own layers.
fn tower_key(tensor: &Tensor, layer: u64) -> Key {
    key(&tensor.name.replace("{i}", &layer.to_string()))
}

/// The name of a tensor outside of layers.
fn whole_name(tensor: &Tensor) -> String {
    names::place(&format!("model.{}", tensor.name)).rest
}

fn item(tensor: &Tensor) -> Item {
    let shown: Vec<u64> = tensor.dims.iter().map(|dim| dim.value).collect();
    let copies = tensor.copies.as_ref().map_or(1, |copies| copies.value);
    Item {
        elements: tensor.count(),
        shape: Some(signature(&shown, copies)),
        copies,
        bytes: 0,
        function: names::function(&tensor.name),
        optional: tensor.kind == TensorKind::Buffer,
        shown,
    }
}

/// Where a whole name belongs: its layer, and the rest with the part of the model it is in.
fn key(name: &str) -> Key {
    let place = names::place(name);
    let rest = if place.part.is_empty() {
        place.rest
    } else {
        format!("{}/{}", place.part, place.rest)
    };
    (place.layer, rest)
}

/// Everything the files hold, scales apart, by layer.
pub(super) fn present(tensors: &[Logical]) -> BTreeMap<Option<u64>, Side> {
    let scales = scales(tensors);
    let mut all: BTreeMap<Option<u64>, Side> = BTreeMap::new();
    for one in tensors.iter().filter(|one| !one.scale) {
        let (layer, rest) = key(&one.name);
        let item = Item {
            elements: one.elements,
            shape: one.shape.as_ref().map(|shape| signature(shape, 1)),
            shown: one.shape.clone().unwrap_or_default(),
            copies: 1,
            bytes: one
                .bytes
                .saturating_add(scales.get(one.name.as_str()).copied().unwrap_or(0)),
            function: names::function(&rest),
            optional: false,
        };
        add(all.entry(layer).or_default(), rest, item);
    }
    all
}

/// Bytes of the scales of each packed tensor, by its name. They stand beside it: `X.scales` for `X.weight`,
/// `X.weight.absmax`, `X_scales` for `X`.
fn scales(tensors: &[Logical]) -> HashMap<&str, u64> {
    let mains: HashMap<&str, &str> = tensors
        .iter()
        .filter(|one| !one.scale)
        .flat_map(|one| {
            let name = one.name.as_str();
            [
                Some((name, name)),
                name.strip_suffix(".weight").map(|module| (module, name)),
            ]
        })
        .flatten()
        .collect();
    let mut all = HashMap::new();
    for one in tensors.iter().filter(|one| one.scale) {
        let name = one.name.as_str();
        let dots = name.match_indices(['.', '_']).filter_map(|(at, _)| name.get(..at));
        // The longest beginning that names a packed tensor.
        if let Some(main) = dots.rev().find_map(|start| mains.get(start)) {
            let sum: &mut u64 = all.entry(*main).or_default();
            *sum = sum.saturating_add(one.bytes);
        }
    }
    all
}

/// Experts of one name become one item.
fn add(all: &mut Side, rest: String, item: Item) {
    match all.entry(rest) {
        std::collections::btree_map::Entry::Vacant(slot) => {
            slot.insert(item);
        }
        std::collections::btree_map::Entry::Occupied(mut slot) => {
            let known = slot.get_mut();
            // Copies of another size have no common shape.
            known.shape = if known.shown == item.shown && item.shape.is_some() {
                Some(signature(&known.shown, known.copies.saturating_add(item.copies)))
            } else {
                None
            };
            known.elements = known.elements.saturating_add(item.elements);
            known.copies = known.copies.saturating_add(item.copies);
            known.bytes = known.bytes.saturating_add(item.bytes);
        }
    }
}

fn signature(shape: &[u64], copies: u64) -> Vec<u64> {
    let mut all: Vec<u64> = shape
        .iter()
        .copied()
        .chain([copies])
        .filter(|size| *size != 1)
        .collect();
    all.sort_unstable();
    all
}
