//! Times, rates and costs of a run, traced: what an explanation of the page opens.

use super::Training;
use super::adapters;
use crate::analysis::cost::price;
use crate::analysis::explain::Figure;
use crate::analysis::setup::Setup;
use crate::units::{Exact, Number, Quantity, Trace, Traced, Unit};

type Reals = Traced<f64>;

fn seconds(value: f64, name: &str, about: &'static str) -> Reals {
    Reals::constant(value).named(name, about).in_unit(Unit::Seconds)
}

/// The trace of a figure of a run and how its values are written; none for figures that are no run's own.
pub fn trace(setup: &Setup, figure: Figure) -> Option<(Trace, Unit)> {
    let training = || Training::of(setup).ok();
    Some(match figure {
        Figure::Time => (step(&training()?)?.trace, Unit::Seconds),
        Figure::TokensPerSecond => (rate(&training()?)?.trace, Unit::TokensPerSecond),
        Figure::Mfu => (utilisation(&training()?)?.trace, Unit::Plain),
        Figure::RunTime => (whole(&training()?)?.trace, Unit::Seconds),
        Figure::Cost => {
            let hours = whole(&training()?)?.over(Reals::constant(3600.0).named("seconds an hour", ""));
            let hour = Reals::constant(price(setup)?.usd_per_hour)
                .named("price an hour", "What all devices cost an hour.")
                .in_unit(Unit::Dollars);
            let cost = hour.times(hours).named("", "");
            let without = "Storage, network, people, runs that failed before.";
            (cost.without(without).trace, Unit::Dollars)
        }
        Figure::Trainable => {
            let plan = super::TrainingPlan::of(&setup.blueprint, &setup.scenario).ok()?;
            let adapters = plan.adapters?;
            let all = |place: &crate::model::blueprint::Repeated<'_>| Some(place.times(Traced::<Exact>::constant(1.0)));
            let elements = adapters::trainable::<Traced<Exact>>(&setup.blueprint, &adapters, all);
            (elements.trace, Unit::Count)
        }
        _ => return None,
    })
}

/// An optimizer step: its parts, each at what the efficiency leaves of the rate.
fn step(training: &Training) -> Option<Reals> {
    let time = training.time.as_ref()?;
    let busy = time.compute + time.elementwise;
    let mut parts = vec![
        products(training)?,
        seconds(
            time.elementwise,
            "element by element",
            "Norms, activations, residuals: bytes ÷ bandwidth.",
        ),
    ];
    if time.bubble > 0.0 {
        parts.push(seconds(
            busy * time.bubble,
            "pipeline bubble",
            "Stages wait for each other while the pipeline fills and drains.",
        ));
    }
    for one in &time.communication {
        if one.exposed > 0.0 {
            parts.push(seconds(
                one.exposed,
                one.traffic.label(),
                "Traffic between devices that no work hides.",
            ));
        }
    }
    parts.push(seconds(
        time.optimizer,
        "optimizer",
        "One pass over weights, gradients and states.",
    ));
    let sum = Reals::sum(parts);
    // A share that was given holds for the whole step, and nothing is faster than the peak.
    let step = if (sum.number() - time.seconds).abs() > 1e-6 * time.seconds {
        products(training)?
    } else {
        sum
    };
    Some(
        step.named("step", "One update of the weights.")
            .in_unit(Unit::Seconds)
            .without("Reading data, writing checkpoints, evaluation, restarts: goodput stands for them."),
    )
}

/// Products and attention: the time at the peak ÷ the share of it that is reached.
fn products(training: &Training) -> Option<Reals> {
    let time = training.time.as_ref()?;
    let peak = seconds(
        time.compute_at_peak,
        "at the peak",
        "All operations of the slowest rank at the device's peak rate.",
    );
    let share = Reals::constant(time.efficiency.middle).named(
        "share of the peak",
        "What published runs of this framework, kind of device, precision and width reach.",
    );
    let products = peak.over(share);
    Some(
        products
            .named(
                "products and attention",
                "Forward, backward, and what is computed again.",
            )
            .in_unit(Unit::Seconds),
    )
}

fn tokens(training: &Training) -> Reals {
    let plan = &training.plan;
    Reals::input(&Quantity::choice("global batch", plan.global_batch, "Training")).times(Reals::input(
        &Quantity::choice("sequence length", plan.sequence, "Workload"),
    ))
}

fn rate(training: &Training) -> Option<Reals> {
    let rate = tokens(training).over(step(training)?);
    Some(
        rate.named("tokens a second", "All devices together.")
            .in_unit(Unit::TokensPerSecond),
    )
}

fn utilisation(training: &Training) -> Option<Reals> {
    let time = training.time.as_ref()?;
    let flops = Reals::constant(time.model_flops)
        .named("the model's operations", "Forward and backward of a step, each once.")
        .in_unit(Unit::Flops);
    let peak = Reals::constant(time.peak)
        .named("peak rate", "Dense, of one device.")
        .in_unit(Unit::FlopsPerSecond);
    let devices = Reals::input(&Quantity::choice("devices", training.plan.devices, "Hardware"));
    let share = flops.over(step(training)?.times(devices).times(peak));
    Some(share.named("MFU", ""))
}

/// The whole run, seconds.
fn whole(training: &Training) -> Option<Reals> {
    let all = training.plan.tokens?;
    let goodput = Reals::constant(training.plan.goodput.max(0.01))
        .named("goodput", "Share of calendar time in which the run moves on.");
    let all = Reals::input(&Quantity::choice("tokens of the run", all, "Training"));
    let run = all.over(rate(training)?.times(goodput));
    Some(run.named("whole run", "").in_unit(Unit::Seconds))
}
