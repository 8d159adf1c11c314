//! The traced formula of each number that can be explained.

use super::super::compute::costs;
use super::super::cost::price;
use super::super::fit::{Fit, fit, host_share};
use super::super::memory::memory;
use super::super::parameters::{add, parameters};
use super::super::placement::ranks;
use super::super::roofline::Roof;
use super::super::serving::{serving, traced_rate, traced_step};
use super::super::setup::Setup;
use super::super::time as pass_time;
use super::figure::Figure;
use super::sharded;
use crate::analysis::training::planner;
use crate::model::Component;
use crate::scenario::Mode;
use crate::units::{Exact, Number, Operation, Origin, Quantity, Trace, Traced, Unit, sort_few};

type Sizes = Traced<Exact>;
type Reals = Traced<f64>;

/// The trace of a figure and how its values are written.
pub fn trace(setup: &Setup, figure: Figure) -> Option<(Trace, Unit)> {
    let of = |list: Vec<(Component, Sizes)>, component| {
        list.into_iter()
            .find(|(known, _)| *known == component)
            .map(|(_, value)| value.trace)
    };
    if let Some(sharded) = sharded::trace(setup, figure) {
        return Some((sharded, Unit::Bytes));
    }
    if setup.scenario.workload.mode.trains()
        && let Some(found) = planner()
            .ok()
            .and_then(|planner| (planner.traced_figure)(setup, figure))
    {
        return Some(found);
    }
    let memory = || memory::<Sizes>(setup);
    Some(match figure {
        Figure::Parameters => (parameters::<Sizes>(&setup.blueprint).total.trace, Unit::Count),
        Figure::ActiveParameters => (parameters::<Sizes>(&setup.blueprint).active.trace, Unit::Count),
        Figure::ComponentParameters(component) => (
            of(parameters::<Sizes>(&setup.blueprint).by_component, component)?,
            Unit::Count,
        ),
        Figure::Memory => (memory().total.trace, Unit::Bytes),
        Figure::Weights => (memory().weights.trace, Unit::Bytes),
        Figure::ComponentWeights(component) => (of(memory().weights_by_component, component)?, Unit::Bytes),
        Figure::Part(part) => (memory().part(part).trace, Unit::Bytes),
        Figure::KvPerToken => (memory().kv_cache_per_token.trace, Unit::Bytes),
        Figure::Flops => (total(setup, None, Of::Flops).trace, Unit::Flops),
        Figure::ComponentFlops(component) => (total(setup, Some(component), Of::Flops).trace, Unit::Flops),
        Figure::Traffic => (total(setup, None, Of::Bytes).trace, Unit::Bytes),
        Figure::ComponentTraffic(component) => (total(setup, Some(component), Of::Bytes).trace, Unit::Bytes),
        Figure::Intensity => (intensity(setup, None).trace, Unit::Intensity),
        Figure::ComponentIntensity(component) => (intensity(setup, Some(component)).trace, Unit::Intensity),
        Figure::Time => (expected(setup)?.trace, Unit::Seconds),
        Figure::ComponentTime(component) => (time(setup, Some(component))?.trace, Unit::Seconds),
        Figure::TokensPerSecond => (tokens_per_second(setup)?.trace, Unit::TokensPerSecond),
        Figure::FirstToken if setup.admission.is_some_and(|load| load.max_running > 0) => {
            let serving = serving(setup)?;
            let waits = serving.ttft.map_or(0.0, |ttft| (ttft - serving.first).max(0.0));
            let part = |seconds: f64, name: &str, about: &'static str| Reals::constant(seconds).named(name, about);
            let both = [
                part(
                    serving.first,
                    "reading the prompt",
                    "From the step that takes the request up to its first token.",
                ),
                part(
                    waits,
                    "waiting",
                    "Requests that wait ÷ requests that end a second (Little's law); not counted for an endless queue.",
                ),
            ];
            let first = Reals::sum(both)
                .named("first token", "")
                .without("Tokenising, the network.");
            (first.trace, Unit::Seconds)
        }
        Figure::FirstToken => {
            let prefill = setup.working(|scenario| scenario.workload.mode = Mode::Prefill);
            // What lies in RAM is what the whole answer needs there.
            let prompt: Reals = pass_time::traced(&prefill, &host_share(setup))?;
            (prompt.trace, Unit::Seconds)
        }
        Figure::Cost => (cost_of_a_million(setup)?.trace, Unit::Dollars),
        Figure::LongestContext => (limit(setup, |fit| fit.max_context, "longest context")?, Unit::Count),
        Figure::LargestBatch => (limit(setup, |fit| fit.max_batch, "largest batch")?, Unit::Count),
        // Of training runs alone.
        Figure::Mfu | Figure::Trainable | Figure::RunTime => return None,
    })
}

#[derive(Clone, Copy)]
enum Of {
    Flops,
    Bytes,
}

/// Operations or bytes of one component or of all.
fn total(setup: &Setup, only: Option<Component>, of: Of) -> Reals {
    let mut list: Vec<(Component, Reals)> = Vec::new();
    for cost in costs::<Reals>(setup) {
        if only.is_some_and(|component| component != cost.component) {
            continue;
        }
        let value = match of {
            Of::Flops => cost.matmul.clone().plus(
                cost.elementwise
                    .clone()
                    .named("element by element", "Sums, activations, softmax: one operation each."),
            ),
            Of::Bytes => Reals::sum([
                cost.weight_bytes
                    .clone()
                    .named("weights", "Weights read once for the whole batch."),
                cost.activation_bytes
                    .clone()
                    .named("activations", "Inputs read and results written."),
                cost.kv_bytes
                    .clone()
                    .named("cache", "Keys and values read and written."),
                cost.state_bytes.clone(),
            ]),
        };
        if value.value() > 0.0 {
            add(&mut list, cost.component, value.named(cost.name, ""));
        }
    }
    sort_few(&mut list, |(component, _)| *component);
    let named = list
        .into_iter()
        .map(|(component, value)| value.named(component.label(), component.about()));
    Reals::sum(named).named("", "").without(match (only, of) {
        (Some(_), _) => "",
        (None, Of::Flops) => "Table look-ups, and moving data.",
        (None, Of::Bytes) => "Reading again what does not fit into on-chip memory.",
    })
}

fn intensity(setup: &Setup, only: Option<Component>) -> Reals {
    let flops = total(setup, only, Of::Flops)
        .named("operations", "Operations of the pass.")
        .in_unit(Unit::Flops);
    let bytes = total(setup, only, Of::Bytes)
        .named("bytes moved", "Bytes read and written in the pass.")
        .in_unit(Unit::Bytes);
    flops.over(bytes)
}

/// Least times, operator by operator: what took longer there.
fn time(setup: &Setup, only: Option<Component>) -> Option<Reals> {
    let device = setup.device()?;
    let row = |name: &'static str, value: f64, unit| {
        Quantity::table(name, value as u64, format!("{}, device table", device.name)).in_unit(unit)
    };
    let plain = costs::<f64>(setup);
    let mut parts = Vec::new();
    for (traced, plain) in costs::<Reals>(setup).into_iter().zip(plain) {
        if only.is_some_and(|component| component != traced.component) {
            continue;
        }
        let roof = Roof::of(&plain, device)?;
        if roof.seconds == 0.0 {
            continue;
        }
        let product = match &plain.format {
            Some(format) => device.rate(format)?,
            None => device.rate_vector()?,
        };
        let vector = device.rate_vector().unwrap_or(product);
        let part = if roof.compute > roof.memory {
            let products = traced
                .matmul
                .over(Reals::input(&row("peak rate", product.flops, Unit::FlopsPerSecond)));
            products.plus(traced.elementwise.over(Reals::input(&row(
                "vector rate",
                vector.flops,
                Unit::FlopsPerSecond,
            ))))
        } else {
            traced
                .bytes()
                .named("bytes moved", "")
                .in_unit(Unit::Bytes)
                .over(Reals::input(&row(
                    "bandwidth",
                    device.bandwidth_bytes_per_s,
                    Unit::BytesPerSecond,
                )))
        };
        parts.push(part.named(
            traced.name,
            if roof.compute > roof.memory {
                "Compute-bound: its products take longer than its bytes."
            } else {
                "Memory-bound: its bytes take longer than its products."
            },
        ));
    }
    Some(
        Reals::sum(parts)
            .named("least time", "What the device cannot beat.")
            .in_unit(Unit::Seconds)
            .without("Launch overhead, communication, anything below peak rates."),
    )
}

/// Expected time of the pass, or of a training step.
fn expected(setup: &Setup) -> Option<Reals> {
    if setup.scenario.workload.mode.trains() {
        return (planner().ok()?.step)(setup);
    }
    if let Some(step) = traced_step::<Reals>(setup) {
        return Some(step);
    }
    pass_time::traced(setup, &host_share(setup))
}

fn tokens_per_second(setup: &Setup) -> Option<Reals> {
    if let Some(rate) = traced_rate::<Reals>(setup) {
        return Some(rate);
    }
    let expected = expected(setup)?;
    let time = expected
        .clone()
        .named("time", "Time of the pass.")
        .in_unit(Unit::Seconds);
    let rows = match setup.scenario.workload.mode {
        mode if mode.trains() => (planner().ok()?.tokens)(setup)?,
        Mode::Decode | Mode::Serve => Reals::input(&setup.batch()),
        _ => Reals::input(&setup.batch()).times(Reals::input(&setup.prompt())),
    };
    let without = expected.trace.not_counted();
    Some(rows.over(time).named("tokens a second", "").without(without))
}

/// Dollars for a million tokens, no device ever idle.
fn cost_of_a_million(setup: &Setup) -> Option<Reals> {
    let hour = Reals::constant(price(setup)?.usd_per_hour)
        .named("price an hour", "What all devices cost an hour.")
        .in_unit(Unit::Dollars);
    let rate = tokens_per_second(setup)?
        .named("tokens a second", "At the speed of the estimate.")
        .in_unit(Unit::TokensPerSecond);
    let seconds = Reals::constant(3600.0).named("seconds an hour", "");
    let million = Reals::constant(1e6).named("a million", "");
    Some(
        million
            .times(hour)
            .over(rate.times(seconds))
            .named("", "")
            .without("Hours in which nothing runs; hosts and power of machines one owns."),
    )
}

/// A limit found by search: shown with the memory at that point.
fn limit(setup: &Setup, of: impl FnOnce(&Fit) -> u64, name: &'static str) -> Option<Trace> {
    let device = setup.device()?;
    let held = ranks(setup, &memory::<Exact>(setup)).ok()?;
    let fit = fit(setup, &held, device);
    let value = of(&fit);
    let capacity = Quantity::table(
        "capacity",
        fit.capacity_bytes,
        format!("{}: {}", device.name, device.memory_basis),
    )
    .in_unit(Unit::Bytes);
    let why = Quantity {
        name: name.into(),
        value,
        unit: Unit::Count,
        origin: Origin::Derived(Operation::Least, [capacity].into()),
    };
    Some(Sizes::input(&why).trace)
}
