//! A config against the files: tensor by tensor, with a verdict in one line.
//!
//! Agreement is only claimed where each tensor of the config has a counterpart of the same dimensions and whatever
//! else the files hold has a known reason. Names are compared first; where a file fuses, splits or renames, the
//! roles, shapes and at last the numbers of one layer decide, and the verdict says so.

use std::collections::BTreeMap;

use serde::Serialize;

use super::beside::Beside;
use super::expected::{Item, Key, expected, layer_name, present, tower_key, whole_name};
use super::fusion::{self, Found, Side};
use super::logical::Count;
use crate::model::blueprint::Tower;
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
    held: BTreeMap<Key, u64>,
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
    let mut wanted = expected(blueprint);
    let mut held = present(&count.tensors);
    let mut rows = Rows::default();
    let mut by_name = 0_u64;
    let mut bytes = BTreeMap::new();

    let mut found = Found::default();

    // By name. A name in both with other dimensions is settled too: it differs.
    let common: Vec<Key> = wanted.keys().filter(|key| held.contains_key(*key)).cloned().collect();
    for key in common {
        let (Some(one), Some(other)) = (wanted.get(&key), held.get(&key)) else {
            continue;
        };
        if one.same_shape(other) {
            by_name = by_name.saturating_add(one.copies);
            bytes.insert(key.clone(), other.bytes);
            if one.optional {
                found.buffers = found.buffers.saturating_add(other.elements);
            }
        } else if one.optional {
            continue;
        } else {
            rows.differ(&key, one, other);
        }
        wanted.remove(&key);
        held.remove(&key);
    }

    let mut layers = by_layer(wanted, held);
    let beside = Beside::of(blueprint);
    for (layer, (left, right)) in &mut layers {
        fusion::corrections(left, right, &mut found);
        // What has a reason of its own must not be taken for something else of equal size.
        right.retain(|rest, item| match beside.reason(*layer, rest, item) {
            Some(why) => {
                rows.extra(&(*layer, rest.clone()), item, Some(why));
                false
            }
            None => true,
        });
        fusion::pair(left, right, &mut found);
        let placed = std::mem::take(&mut found.bytes);
        bytes.extend(placed.into_iter().map(|(rest, bytes)| ((*layer, rest), bytes)));
    }
    let (mut wanted, mut held) = (BTreeMap::new(), BTreeMap::new());
    for (layer, (left, right)) in layers {
        let required = left.into_iter().filter(|(_, item)| !item.optional);
        wanted.extend(required.map(|(rest, item)| ((layer, rest), item)));
        held.extend(right.into_iter().map(|(rest, item)| ((layer, rest), item)));
    }
    // Towers and shared blocks may stand elsewhere in the files: at last only the numbers are left.
    bytes.extend(fusion::level(&mut wanted, &mut held, &mut found).into_iter().flatten());
    for (key, item) in wanted {
        rows.missing(&key, &item);
    }
    for (key, item) in held {
        rows.extra(&key, &item, None);
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
        held: bytes,
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
        .fold(0_u64, |all, bytes| all.saturating_add(*bytes));
    if comparison.verdict == Verdict::Differ || placed != comparison.bytes {
        return false;
    }
    let Blueprint {
        layout,
        stem,
        kinds,
        head,
        layers,
        towers,
        ..
    } = blueprint;
    let held = |layer: Option<u64>, rest: &str| comparison.held.get(&(layer, rest.to_owned())).copied();
    let mark = |tensor: &mut Tensor, layers: &[u64]| {
        if tensor.tied {
            return;
        }
        tensor.held = if layers.is_empty() || tensor.physical.is_some() {
            held(None, &whole_name(tensor))
        } else {
            let rest = layer_name(tensor);
            // A tensor that is missing in one layer (a buffer) has no total.
            layers
                .iter()
                .try_fold(0_u64, |all, layer| Some(all.saturating_add(held(Some(*layer), &rest)?)))
        };
    };
    let order: Vec<usize> = (0..layers.value).map_while(|at| layout.kind_at(at)).collect();
    for block in stem.iter_mut().chain(head) {
        for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
            mark(tensor, &[]);
        }
    }
    for (at, kind) in kinds.iter_mut().enumerate() {
        let layers: Vec<u64> = (0..)
            .zip(&order)
            .filter(|(_, of)| **of == at)
            .map(|(layer, _)| layer)
            .collect();
        for tensor in kind
            .blocks
            .iter_mut()
            .flat_map(|block| &mut block.operators)
            .flat_map(|operator| &mut operator.tensors)
        {
            mark(tensor, &layers);
        }
    }
    for Tower { blocks, count, .. } in towers {
        let repeats = count.as_ref().map_or(1, |count| count.value);
        let operators = blocks.iter_mut().flat_map(|block| &mut block.operators);
        for tensor in operators.flat_map(|operator| &mut operator.tensors) {
            let mut one = (0..repeats).map(|at| comparison.held.get(&tower_key(tensor, at)).copied());
            tensor.held = one.try_fold(0_u64, |all, bytes| Some(all.saturating_add(bytes?)));
        }
    }
    true
}

fn by_layer(wanted: BTreeMap<Key, Item>, held: BTreeMap<Key, Item>) -> BTreeMap<Option<u64>, (Side, Side)> {
    let mut all: BTreeMap<Option<u64>, (Side, Side)> = BTreeMap::new();
    for ((layer, rest), item) in wanted {
        all.entry(layer).or_default().0.insert(rest, item);
    }
    for ((layer, rest), item) in held {
        all.entry(layer).or_default().1.insert(rest, item);
    }
    all
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
    fn missing(&mut self, key: &Key, item: &Item) {
        put(&mut self.missing, key, item, Some(&item.shown), None, None);
    }
    fn differ(&mut self, key: &Key, one: &Item, other: &Item) {
        put(
            &mut self.differing,
            key,
            other,
            Some(&one.shown),
            Some(&other.shown),
            None,
        );
    }
    fn extra(&mut self, key: &Key, item: &Item, reason: Option<&'static str>) {
        put(&mut self.extra, key, item, None, Some(&item.shown), reason);
    }
    fn done(self) -> (Vec<Row>, Vec<Row>, Vec<Row>) {
        let list = |rows: BTreeMap<String, Row>| rows.into_values().collect();
        (list(self.missing), list(self.differing), list(self.extra))
    }
}

fn put(
    rows: &mut BTreeMap<String, Row>,
    (layer, rest): &Key,
    item: &Item,
    expected: Option<&Vec<u64>>,
    found: Option<&Vec<u64>>,
    reason: Option<&'static str>,
) {
    let name = match (layer, rest.split_once('/')) {
        (Some(_), Some((part, rest))) => format!("{part}.{{i}}.{rest}"),
        (Some(_), None) => format!("layers.{{i}}.{rest}"),
        (None, _) => rest.clone(),
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
