//! Figures of a part as lines.

use super::{PartLine, operators};
use crate::analysis::anatomy::Anatomy;
use crate::analysis::time::Pass;
use crate::analysis::{Bound, Setup};
use crate::model::flow::{Group, PartId, Piece};
use crate::model::operator::Span;
use crate::report::spread::Kept;
use crate::units::{UnitSystem, counted, grouped, percent, seconds, short_count};

pub(super) fn lines(setup: &Setup, anatomy: &Anatomy, part: PartId, units: UnitSystem) -> Vec<PartLine> {
    let blueprint = &*setup.blueprint;
    let figures = anatomy.figures(blueprint, part);
    let whole = anatomy.figures(blueprint, PartId::Model);
    let repeats = part.group().map_or(1, |group| group.repeats(blueprint)).max(1);
    let of_all = |own: f64, all: f64| match all > 0.0 {
        _ if part == PartId::Model => String::new(),
        true => percent(own / all),
        false => percent(0.0),
    };
    // What is said of the whole has no share.
    let with = |words: &str, share: String| match share.is_empty() {
        true => words.to_owned(),
        false => format!("{words}, {share}"),
    };
    let layers = |share: String| match repeats {
        1 => share,
        _ => format!("{} layers, {share}", grouped(repeats)),
    };
    let mut out = Vec::new();
    let mut line = |label, note: String, value: String| out.push(PartLine { label, note, value });
    if figures.parameters > 0 {
        if repeats > 1 {
            let one = figures.parameters as f64 / repeats as f64;
            line("Parameters", "one layer".to_owned(), short_count(one));
        }
        let share = of_all(figures.parameters as f64, whole.parameters as f64);
        line("Parameters", layers(share), short_count(figures.parameters as f64));
        if figures.active != figures.parameters {
            let share = of_all(figures.active as f64, whole.active as f64);
            line("Used by a token", share, short_count(figures.active as f64));
        }
        let share = of_all(figures.bytes as f64, whole.bytes as f64);
        line(
            "Weights",
            with(&setup.weights.method, share),
            units.bytes(figures.bytes as f64),
        );
    }
    if figures.kept > 0 {
        let workload = &setup.scenario.workload;
        let (batch, tokens) = (workload.batch, setup.tokens().value);
        let note = format!("for {} of {}", counted(batch, "sequence"), counted(tokens, "token"));
        line("Kept", note, units.bytes(figures.kept as f64));
        if let Some((bytes, share)) = saved_by_a_window(setup, anatomy, part) {
            let note = format!("{} less than layers that keep all", percent(share));
            line("Saved by the window", note, units.bytes(bytes));
        }
    }
    let pass = match anatomy.pass {
        None => "in a training step",
        Some(Pass::Prefill) => "for the prompts",
        Some(Pass::Decode) => "for a token written",
    };
    if figures.flops > 0.0 {
        line(
            "FLOPs",
            with(pass, of_all(figures.flops, whole.flops)),
            short_count(figures.flops),
        );
    }
    if figures.traffic > 0.0 {
        line(
            "Moved",
            with(pass, of_all(figures.traffic, whole.traffic)),
            units.bytes(figures.traffic),
        );
    }
    if let Some((touched, experts)) = touched(setup, anatomy, part) {
        line(
            "Experts read",
            format!("expected, {pass}"),
            format!("{} of {}", touched.round(), grouped(experts)),
        );
    }
    if figures.seconds > 0.0 {
        let bound = match anatomy.bound(blueprint, part) {
            Some(Bound::Compute) => ", compute-bound",
            Some(Bound::Memory) => ", memory-bound",
            _ => "",
        };
        let note = match part {
            PartId::Model => format!("of the operators, without launches{bound}"),
            _ => format!("of {} of all operators{bound}", seconds(whole.seconds)),
        };
        line("Time", note, seconds(figures.seconds));
    }
    out
}

/// What the window of a cache leaves out, beside the layers of the model that keep most: bytes and share.
fn saved_by_a_window(setup: &Setup, anatomy: &Anatomy, part: PartId) -> Option<(f64, f64)> {
    let PartId::Piece(Group::Kind(kind), _, Piece::Cache) = part else {
        return None;
    };
    let place = part.place(&setup.blueprint)?;
    let mut caches = place.block.caches.iter();
    let windowed = caches.any(|cache| matches!(cache.span, Span::Window(_) | Span::Chunk(_)));
    windowed.then(|| Kept::of(setup, anatomy).saved_by(kind)).flatten()
}

/// Experts of a layer that a step of all sequences is expected to read.
fn touched(setup: &Setup, anatomy: &Anatomy, part: PartId) -> Option<(f64, u64)> {
    if !matches!(part, PartId::Piece(..)) || anatomy.pass != Some(Pass::Decode) {
        return None;
    }
    let own = operators(&setup.blueprint, part);
    let routing = own.iter().find_map(|(_, one)| one.routing())?;
    let routed = crate::analysis::time::Routed::of(routing);
    let tokens = setup.scenario.workload.batch.max(1) as f64;
    Some((routed.touched(tokens) * routed.experts, routing.experts.value))
}
