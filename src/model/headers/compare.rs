//! A config against the files: tensor by tensor, with a verdict in one line.
//!
//! Agreement is only claimed where each tensor of the config has a counterpart of the same dimensions and whatever
//! else the files hold has a known reason. Names are compared first; where a file fuses, splits or renames, the
//! roles, shapes and at last the numbers of one layer decide, and the verdict says so.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::expected::{Expected, Item, Place, present};
use super::extra_tensors::Beside;
use super::fusion::{self, Found};
use super::logical::Count;
use crate::model::blueprint::Tower;
use crate::model::operator::Block;
use crate::model::{Blueprint, Tensor};
use crate::units::{counted, grouped};

/// How the two stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Every tensor found by its name or role.
    Agree,
    /// Every tensor has a counterpart, but some only by shape or number.
    AgreeInNumber,
    /// Something is missing, has other dimensions, or is unexplained.
    Differ,
}

/// Tensors of one name in several layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The name, `{i}` for the layer and `{e}` for the expert.
    pub name: String,
    /// Layers and experts together.
    pub tensors: u64,
    /// Elements of all.
    pub elements: u64,
    /// Bytes in the files; zero for what is missing.
    pub bytes: u64,
    /// Shape by the config, where there is one.
    pub expected: Option<Vec<u64>>,
    /// Shape in the files, where there is one.
    pub found: Option<Vec<u64>>,
    /// Why it may be there; none where nothing explains it.
    pub reason: Option<&'static str>,
}

/// The whole comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// In one word.
    pub verdict: Verdict,
    /// In one line.
    pub line: String,
    /// Parameters by the config.
    pub config_parameters: u64,
    /// Parameters in the files, without what is explained as extra.
    pub header_parameters: u64,
    /// Bytes in the files, scales included, without what is explained as extra.
    pub bytes: u64,
    /// Tensors of the config found by name.
    pub by_name: u64,
    /// By role: renamed, fused or split.
    pub by_role: u64,
    /// By shape alone.
    pub by_shape: u64,
    /// By the number of elements of a layer, or of the rest of the model, alone.
    pub by_number: u64,
    /// Bytes in the files by tensor of the config, scales included; what could not be placed is not in it.
    #[serde(skip)]
    held: Placed,
    /// In the config, not in the files.
    pub missing: Vec<Row>,
    /// In both, with other dimensions.
    pub differing: Vec<Row>,
    /// In the files, not in the config.
    pub extra: Vec<Row>,
}

/// What the two sides are called in the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// Where the config is from: `config.json`.
    pub config: &'static str,
    /// What was read: `4 safetensors headers`.
    pub files: String,
}

impl Names {
    /// A `config.json` against headers.
    pub fn config(files: impl Into<String>) -> Self {
        Self {
            config: "config.json",
            files: files.into(),
        }
    }
    /// A GGUF against itself: its keys give the config.
    pub fn own_metadata() -> Self {
        Self {
            config: "The GGUF's own metadata",
            files: "its tensors".to_owned(),
        }
    }
}

/// Compares a `config.json`. `described` says what was read: `4 safetensors headers`.
pub fn compare(blueprint: &Blueprint, count: &Count, described: &str) -> Comparison {
    compare_as(blueprint, count, &Names::config(described))
}

/// Compares, whatever the two are called.
pub fn compare_as(blueprint: &Blueprint, count: &Count, names: &Names) -> Comparison {
    let expected = Expected::of(blueprint, count.tensors.len());
    let held = present(&count.tensors);
    let beside = Beside::of(blueprint);
    let mut rows = Rows::default();
    let mut found = Found::default();
    let mut by_name = 0_u64;
    let mut placed = Placed::new();
    // Left over on either side, for the last comparison by number alone.
    let (mut wanted, mut surplus) = (Left::new(), BTreeMap::new());

    let seen: BTreeSet<Option<u64>> = held.keys().copied().collect();
    for (layer, mut right) in held {
        let mut left = expected.at(layer);
        // By name. A name in both with other dimensions is settled too: it differs.
        let common: Vec<String> = left.keys().filter(|rest| right.contains_key(*rest)).cloned().collect();
        for rest in common {
            let (Some(one), Some(other)) = (left.get(&rest), right.get(&rest)) else {
                continue;
            };
            let place = expected.place(layer, &rest);
            if one.same_shape(other) {
                by_name = by_name.saturating_add(one.copies);
                put_down(&mut placed, place, &rest, other.bytes, 1);
                if one.optional {
                    found.buffers = found.buffers.saturating_add(other.elements);
                }
            } else if one.optional {
                continue;
            } else {
                rows.differ(place.layered(), &rest, one, other);
            }
            left.remove(&rest);
            right.remove(&rest);
        }
        fusion::corrections(&mut left, &mut right, &mut found);
        // What has a reason of its own must not be taken for something else of equal size.
        right.retain(|rest, item| match beside.reason(layer, rest, item) {
            Some(why) => {
                rows.extra(layer.is_some(), rest, item, Some(why));
                false
            }
            None => true,
        });
        fusion::pair(&mut left, &mut right, &mut found);
        for (rest, bytes) in std::mem::take(&mut found.bytes) {
            put_down(&mut placed, expected.place(layer, &rest), &rest, bytes, 1);
        }
        for (rest, item) in left.into_iter().filter(|(_, item)| !item.optional) {
            let place = expected.place(layer, &rest);
            leave(&mut wanted, place, rest, item, 1);
        }
        surplus.extend(right.into_iter().map(|(rest, item)| ((layer, rest), item)));
    }
    for (place, layers, side) in expected.left(&seen) {
        for (rest, item) in side.iter().filter(|(_, item)| !item.optional) {
            leave(&mut wanted, place, rest.clone(), item.clone().times(layers), layers);
        }
    }
    // Towers and shared blocks may stand elsewhere in the files: at last only the numbers are left.
    let layers: BTreeMap<Spot, u64> = wanted
        .iter()
        .map(|(spot, (_, layers))| (spot.clone(), *layers))
        .collect();
    let mut wanted: BTreeMap<Spot, Item> = wanted.into_iter().map(|(spot, (item, _))| (spot, item)).collect();
    for (spot, bytes) in fusion::level(&mut wanted, &mut surplus, &mut found)
        .into_iter()
        .flatten()
    {
        let times = layers.get(&spot).copied().unwrap_or(1);
        put_down(&mut placed, spot.0, &spot.1, bytes, times);
    }
    for ((place, rest), item) in &wanted {
        rows.missing(place.layered(), rest, item);
    }
    for ((layer, rest), item) in &surplus {
        rows.extra(layer.is_some(), rest, item, None);
    }

    let (missing, differing, extra) = rows.done();
    let beside = |of: fn(&Row) -> u64| {
        let explained = extra.iter().filter(|row| row.reason.is_some());
        explained.fold(0_u64, |all, row| all.saturating_add(of(row)))
    };
    let unexplained = extra.iter().any(|row| row.reason.is_none());
    let verdict = if !missing.is_empty() || !differing.is_empty() || unexplained {
        Verdict::Differ
    } else if found.by_shape + found.by_number > 0 {
        Verdict::AgreeInNumber
    } else {
        Verdict::Agree
    };
    let mut comparison = Comparison {
        verdict,
        line: String::new(),
        config_parameters: blueprint.parameters(),
        header_parameters: count
            .parameters
            .saturating_sub(beside(|row| row.elements))
            .saturating_sub(found.buffers),
        bytes: count.bytes.saturating_sub(beside(|row| row.bytes)),
        held: placed,
        by_name,
        by_role: found.by_role,
        by_shape: found.by_shape,
        by_number: found.by_number,
        missing,
        differing,
        extra,
    };
    // The totals have the last word: tensors stored once for several layers could hide a difference.
    if comparison.verdict != Verdict::Differ && comparison.config_parameters != comparison.header_parameters {
        comparison.verdict = Verdict::Differ;
    }
    comparison.line = line(&comparison, names);
    comparison
}

/// Gives each tensor of the blueprint its bytes in the files, so that every number rests on them; whether it did.
///
/// Only where the two agree and the bytes of all tensors are accounted for, to the last scale.
pub fn adopt(blueprint: &mut Blueprint, comparison: &Comparison) -> bool {
    let placed = comparison
        .held
        .values()
        .fold(0_u64, |all, (bytes, _)| all.saturating_add(*bytes));
    if comparison.verdict == Verdict::Differ || placed != comparison.bytes {
        return false;
    }
    let expected = Expected::of(blueprint, 0);
    let Blueprint {
        stem,
        kinds,
        head,
        towers,
        ..
    } = blueprint;
    // A tensor that is missing in one layer (a buffer) has no total.
    let mark = |tensor: &mut Tensor, kind: Option<usize>, tower: Option<u64>| {
        let parts = expected.places(kind, tower, tensor).into_iter();
        let mut parts = parts.map(|(place, rest, layers)| {
            let (bytes, found) = comparison.held.get(&(place, rest))?;
            (*found == layers).then_some(*bytes)
        });
        if !tensor.tied {
            tensor.held = parts.try_fold(0_u64, |all, bytes| Some(all.saturating_add(bytes?)));
        }
    };
    for block in stem.iter_mut().chain(head) {
        tensors(block).for_each(|tensor| mark(tensor, None, None));
    }
    for (at, kind) in kinds.iter_mut().enumerate() {
        for block in &mut kind.blocks {
            tensors(block).for_each(|tensor| mark(tensor, Some(at), None));
        }
    }
    for Tower { blocks, count, .. } in towers {
        let repeats = count.as_ref().map_or(1, |count| count.value);
        for block in blocks {
            tensors(block).for_each(|tensor| mark(tensor, None, Some(repeats)));
        }
    }
    true
}

fn tensors(block: &mut Block) -> impl Iterator<Item = &mut Tensor> {
    block.operators.iter_mut().flat_map(|operator| &mut operator.tensors)
}

/// Where a tensor of the config belongs, and its name there.
type Spot = (Place, String);
/// Bytes in the files by tensor of the config, and in how many layers it was found.
type Placed = BTreeMap<Spot, (u64, u64)>;
/// What found no counterpart, all layers of a kind together, and how many they are.
type Left = BTreeMap<Spot, (Item, u64)>;

fn put_down(placed: &mut Placed, place: Place, rest: &str, bytes: u64, layers: u64) {
    let (sum, found) = placed.entry((place, rest.to_owned())).or_default();
    *sum = sum.saturating_add(bytes);
    *found = found.saturating_add(layers);
}

fn leave(left: &mut Left, place: Place, rest: String, item: Item, layers: u64) {
    match left.entry((place, rest)) {
        Entry::Vacant(slot) => {
            slot.insert((item, layers));
        }
        Entry::Occupied(mut slot) => {
            let (known, found) = slot.get_mut();
            known.elements = known.elements.saturating_add(item.elements);
            known.copies = known.copies.saturating_add(item.copies);
            *found = found.saturating_add(layers);
        }
    }
}

fn line(all: &Comparison, names: &Names) -> String {
    let Names { config, files } = names;
    let number = grouped(all.header_parameters);
    let plural = if files.starts_with("1 ") { "s" } else { "" };
    match all.verdict {
        Verdict::Agree => format!("{config} and {files} agree: {number} parameters{}", beside(all)),
        Verdict::AgreeInNumber => format!(
            "{config} and {files} agree in number: {number} parameters{} {} could be matched by shape or number only, not by name.",
            beside(all),
            counted(all.by_shape.saturating_add(all.by_number), "tensor"),
        ),
        Verdict::Differ => {
            let sum = |rows: &[Row]| rows.iter().fold(0_u64, |sum, row| sum.saturating_add(row.tensors));
            let unexplained: Vec<Row> = all.extra.iter().filter(|row| row.reason.is_none()).cloned().collect();
            let example = |rows: &[Row]| {
                rows.first()
                    .map_or_else(String::new, |row| format!(" (first: {})", row.name))
            };
            let mut parts = Vec::new();
            for (rows, what) in [
                (&all.missing, "not in the files"),
                (&all.differing, "of another shape"),
                (&unexplained, "only in the files"),
            ] {
                if !rows.is_empty() {
                    parts.push(format!("{} {what}{}", counted(sum(rows), "tensor"), example(rows)));
                }
            }
            if parts.is_empty() {
                parts.push("the totals differ".to_owned());
            }
            format!(
                "{config} says {} parameters, {files} say{plural} {number}: {}.",
                grouped(all.config_parameters),
                parts.join(", ")
            )
        }
    }
}

/// What else the files hold, as the rest of the sentence.
fn beside(all: &Comparison) -> String {
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &all.extra {
        let sum = reasons.entry(row.reason.unwrap_or("unexplained")).or_default();
        *sum = sum.saturating_add(row.elements);
    }
    if reasons.is_empty() {
        return ".".to_owned();
    }
    let parts: Vec<String> = reasons
        .iter()
        .map(|(reason, elements)| format!("{reason} ({})", grouped(*elements)))
        .collect();
    format!("; beside them: {}.", parts.join(", "))
}

/// Rows of equal name are put together over the layers.
#[derive(Default)]
struct Rows {
    missing: BTreeMap<String, Row>,
    differing: BTreeMap<String, Row>,
    extra: BTreeMap<String, Row>,
}

impl Rows {
    fn missing(&mut self, layered: bool, rest: &str, item: &Item) {
        put(&mut self.missing, (layered, rest), item, Some(&item.shown), None, None);
    }
    fn differ(&mut self, layered: bool, rest: &str, one: &Item, other: &Item) {
        let (one, shown) = (Some(&one.shown), Some(&other.shown));
        put(&mut self.differing, (layered, rest), other, one, shown, None);
    }
    fn extra(&mut self, layered: bool, rest: &str, item: &Item, reason: Option<&'static str>) {
        put(&mut self.extra, (layered, rest), item, None, Some(&item.shown), reason);
    }
    fn done(self) -> (Vec<Row>, Vec<Row>, Vec<Row>) {
        let list = |rows: BTreeMap<String, Row>| rows.into_values().collect();
        (list(self.missing), list(self.differing), list(self.extra))
    }
}

fn put(
    rows: &mut BTreeMap<String, Row>,
    (layered, rest): (bool, &str),
    item: &Item,
    expected: Option<&Vec<u64>>,
    found: Option<&Vec<u64>>,
    reason: Option<&'static str>,
) {
    let name = match (layered, rest.split_once('/')) {
        (true, Some((part, rest))) => format!("{part}.{{i}}.{rest}"),
        (true, None) => format!("layers.{{i}}.{rest}"),
        (false, _) => rest.to_owned(),
    };
    let row = rows
        .entry(format!("{name} {}", reason.unwrap_or_default()))
        .or_insert_with(|| Row {
            name,
            tensors: 0,
            elements: 0,
            bytes: 0,
            expected: expected.cloned(),
            found: found.cloned(),
            reason,
        });
    row.tensors = row.tensors.saturating_add(item.copies);
    row.elements = row.elements.saturating_add(item.elements);
    row.bytes = row.bytes.saturating_add(item.bytes);
}
