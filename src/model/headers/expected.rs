//! Both sides of a comparison in one form: what a blueprint says must be there, and what the files hold.

use std::collections::{BTreeMap, HashMap};

use super::logical::Logical;
use super::names::{self, Function};
use crate::model::blueprint::Blueprint;
use crate::model::operator::Role;
use crate::model::{Tensor, TensorKind};

/// Where a tensor is: its layer, and its name inside.
pub(super) type Key = (Option<u64>, String);

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
}

/// Everything a blueprint says a checkpoint holds, tied tensors apart.
pub(super) fn expected(blueprint: &Blueprint) -> BTreeMap<Key, Item> {
    let mut all = BTreeMap::new();
    let layers: Vec<usize> = (0..blueprint.layers.value)
        .map_while(|at| blueprint.layout.kind_at(at))
        .collect();
    for (place, tensor) in blueprint.tensors().filter(|(_, tensor)| !tensor.tied) {
        let one = item(tensor);
        if place.block.role == Role::Tower {
            // Towers carry whole names, with the number of their own layers in them.
            for layer in 0..place.repeats() {
                add(&mut all, tower_key(tensor, layer), one.clone());
            }
            continue;
        }
        match (place.kind, &tensor.physical) {
            (Some(kind), None) => {
                let rest = layer_name(tensor);
                for (layer, _) in layers.iter().enumerate().filter(|(_, of)| **of == kind) {
                    add(&mut all, (Some(layer as u64), rest.clone()), one.clone());
                }
            }
            (_, physical) => {
                let rest = whole_name(tensor);
                let times = physical.as_ref().map_or(1, |physical| physical.value);
                let one = Item {
                    elements: one.elements.saturating_mul(times),
                    copies: one.copies.saturating_mul(times),
                    shape: one.shape.map(|shape| with(shape, times)),
                    ..one
                };
                add(&mut all, (None, rest), one);
            }
        }
    }
    all
}

/// The name of a tensor inside its layer.
pub(super) fn layer_name(tensor: &Tensor) -> String {
    names::place(&format!("layers.0.{}", tensor.name)).rest
}

/// Where a tower's tensor is in one of the tower's own layers.
pub(super) fn tower_key(tensor: &Tensor, layer: u64) -> Key {
    key(&tensor.name.replace("{i}", &layer.to_string()))
}

/// The name of a tensor outside of layers.
pub(super) fn whole_name(tensor: &Tensor) -> String {
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

/// Everything the files hold, scales apart.
pub(super) fn present(tensors: &[Logical]) -> BTreeMap<Key, Item> {
    let scales = scales(tensors);
    let mut all = BTreeMap::new();
    for one in tensors.iter().filter(|one| !one.scale) {
        let place = key(&one.name);
        let item = Item {
            elements: one.elements,
            shape: one.shape.as_ref().map(|shape| signature(shape, 1)),
            shown: one.shape.clone().unwrap_or_default(),
            copies: 1,
            bytes: one
                .bytes
                .saturating_add(scales.get(one.name.as_str()).copied().unwrap_or(0)),
            function: names::function(&place.1),
            optional: false,
        };
        add(&mut all, place, item);
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
fn add(all: &mut BTreeMap<Key, Item>, key: Key, item: Item) {
    match all.entry(key) {
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

fn with(shape: Vec<u64>, times: u64) -> Vec<u64> {
    signature(&shape, times)
}
