//! Memory of the fullest of several devices: each part is the whole model's and the share of it that lies there.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::memory::{MemoryPart, memory};
use super::super::placement::{RankMemory, fullest};
use super::super::setup::Setup;
use super::figure::Figure;
use crate::model::Component;
use crate::units::{Exact, Node, Operation, Trace, Traced, Unit};

/// The trace of a figure of memory where several devices share the model; none where one holds all of it, and for other
/// figures.
pub fn trace(setup: &Setup, figure: Figure) -> Option<Trace> {
    let elsewhere = setup.keeps_cache_in_ram() || setup.table_is_off_device() || setup.leaves_out_towers();
    // Of a training run the fullest rank is what is traced.
    if setup.layout.devices <= 1 && !elsewhere || setup.scenario.workload.mode.trains() {
        return None;
    }
    let held = fullest(setup).ok()?;
    let all = memory::<Traced<Exact>>(setup);
    let weights = |only: Option<Component>| -> Vec<Trace> {
        let mine = held.weights_by_component.iter();
        mine.filter(|(component, _)| only.is_none_or(|only| only == *component))
            .filter_map(|(component, bytes)| {
                let whole = all.weights_by_component.iter().find(|(known, _)| known == component)?;
                Some(share(component.label(), component.about(), &whole.1.trace, *bytes))
            })
            .collect()
    };
    let rest = |only: Option<MemoryPart>| -> Vec<Trace> {
        let parts = parts(&held).into_iter();
        parts
            .filter(|(part, bytes)| *bytes > 0 && only.is_none_or(|only| only == *part))
            .map(|(part, bytes)| share(part.label(), part.about(), &all.part(part).trace, bytes))
            .collect()
    };
    match figure {
        Figure::Memory => {
            let all = sum([weights(None), rest(None)].concat());
            Some(Trace {
                value: all.value,
                node: Arc::new(Node::Named {
                    name: "memory".into(),
                    about: "What must fit on the device.",
                    unit: Some(Unit::Bytes),
                    not_counted: "Allocator fragmentation and communication buffers.",
                    inner: all,
                }),
            })
        }
        Figure::Weights => Some(sum(weights(None))),
        Figure::ComponentWeights(component) => weights(Some(component)).pop(),
        Figure::Part(part) => rest(Some(part)).pop(),
        _ => None,
    }
}

fn parts(held: &RankMemory) -> [(MemoryPart, u64); 6] {
    [
        (MemoryPart::KvCache, held.kv_cache_bytes),
        (MemoryPart::StateCache, held.state_cache_bytes),
        (MemoryPart::Activations, held.activation_bytes),
        (MemoryPart::Gradients, held.gradient_bytes),
        (MemoryPart::Optimizer, held.optimizer_bytes),
        (MemoryPart::Overhead, held.overhead_bytes),
    ]
}

/// A part of the whole model, and how much of it one device holds.
fn share(name: &'static str, about: &'static str, whole: &Trace, held: u64) -> Trace {
    let value = held as f64;
    let named = |name: Cow<'static, str>, about, inner: Trace| Trace {
        value: inner.value,
        node: Arc::new(Node::Named {
            name,
            about,
            unit: Some(Unit::Bytes),
            not_counted: whole.not_counted(),
            inner,
        }),
    };
    // What each device holds whole needs no share.
    if whole.value <= value || whole.value <= 0.0 {
        return named(name.into(), about, whole.clone());
    }
    let all = named(
        format!("{name} of the whole model").into(),
        "Before it is sharded across the devices.",
        whole.clone(),
    );
    let constant = |value: f64| Trace {
        value,
        node: Arc::new(Node::Constant),
    };
    // Equal parts are divided; anything else is a share.
    let parts = (whole.value / value).round();
    let (how, by) = if (whole.value / parts - value).abs() < 1.0 {
        (Operation::Quotient, constant(parts))
    } else {
        (Operation::Product, constant(value / whole.value))
    };
    let sharded = Trace {
        value,
        node: Arc::new(Node::Combined(how, vec![all, by])),
    };
    named(name.into(), about, sharded)
}

fn sum(parts: Vec<Trace>) -> Trace {
    Trace {
        value: parts.iter().map(|part| part.value).sum(),
        node: Arc::new(Node::Combined(Operation::Sum, parts)),
    }
}
