//! Checkpoints whose weights are in several formats: how they are named.

use std::collections::BTreeMap;

use super::super::blueprint::Blueprint;
use super::super::tensor::TensorKind;
use super::Scope;
use crate::units::{Exact, sort_few};

/// A format of fewer of the weights than this is no part of a name.
const SMALL: f64 = 0.02;

/// Names a mixture by its formats, the one of most weights first, with the bits a weight has on average; and takes the
/// first as the format of the whole.
pub fn name(blueprint: &mut Blueprint) {
    let rule = &blueprint.published;
    if rule.rules.as_ref().is_none_or(|rules| rules.formats.is_empty()) || rule.scope == Scope::Everything {
        return;
    }
    let mut by_label: BTreeMap<&str, (u64, &super::Format)> = BTreeMap::new();
    let (mut elements, mut bytes, mut converted) = (0_u64, 0_u64, 0_u64);
    for (place, tensor) in blueprint.tensors().filter(|(_, tensor)| tensor.is_parameter()) {
        let one = tensor.count();
        bytes = bytes.saturating_add(rule.bytes::<Exact>(place, tensor).0);
        elements = elements.saturating_add(one.saturating_mul(place.copies(tensor)));
        if tensor.kind == TensorKind::Vector {
            continue;
        }
        for part in rule
            .parts(place, tensor)
            .into_iter()
            .filter(|part| *part.format != rule.base)
        {
            let held = one.saturating_mul(part.layers);
            converted = converted.saturating_add(held);
            let sum = by_label.entry(&part.format.label).or_insert((0, part.format));
            sum.0 = sum.0.saturating_add(held);
        }
    }
    let mut formats: Vec<_> = by_label
        .into_iter()
        .filter(|(_, (held, _))| *held as f64 > SMALL * converted as f64)
        .collect();
    sort_few(&mut formats, |(_, (held, _))| std::cmp::Reverse(*held));
    let Some((_, (_, first))) = formats.first() else {
        return;
    };
    let first = (*first).clone();
    let labels: Vec<&str> = formats.iter().map(|(label, _)| *label).collect();
    let named = match labels.as_slice() {
        [.., last] if labels.len() > 1 => {
            let before = labels.get(..labels.len() - 1).unwrap_or_default().join(", ");
            let bits = bytes as f64 * 8.0 / elements.max(1) as f64;
            Some(format!("{before} and {last}, {bits:.1} bits a weight"))
        }
        _ => None,
    };
    let several = labels.len() > 1;
    let published = &mut blueprint.published;
    published.mixed = several;
    published.format = if published.named_only {
        first
    } else {
        published.format.clone()
    };
    if let Some(named) = named {
        published.method = named;
    }
}
