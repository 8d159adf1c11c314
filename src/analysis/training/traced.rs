//! Utilisation, calendar time and cost of a run, and what adapters train, traced: what opens on the page.

use super::Training;
use super::adapters;
use super::explained;
use crate::analysis::cost::price;
use crate::analysis::explain::Figure;
use crate::analysis::setup::Setup;
use crate::units::{Exact, Number, Quantity, Trace, Traced, Unit};

type Reals = Traced<f64>;

/// The trace of a figure of a run and how its values are written; none for figures that are no run's own.
pub fn trace(setup: &Setup, figure: Figure) -> Option<(Trace, Unit)> {
    let training = || Training::of(setup).ok();
    Some(match figure {
        Figure::Mfu => (utilisation(setup, &training()?)?.trace, Unit::Plain),
        Figure::RunTime => (whole(setup, &training()?)?.trace, Unit::Seconds),
        Figure::Cost => {
            let hours = whole(setup, &training()?)?.over(Reals::constant(3600.0).named("seconds an hour", ""));
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
            let elements = adapters::trainable::<Traced<Exact>>(&setup.blueprint, &adapters);
            (elements.trace, Unit::Count)
        }
        _ => return None,
    })
}

fn step(setup: &Setup) -> Option<Reals> {
    let step = explained::step(setup)?;
    Some(step.named("step", "One update of the weights.").in_unit(Unit::Seconds))
}

fn rate(setup: &Setup) -> Option<Reals> {
    let rate = explained::tokens(setup)?.over(step(setup)?);
    Some(
        rate.named("tokens a second", "All devices together.")
            .in_unit(Unit::TokensPerSecond),
    )
}

fn utilisation(setup: &Setup, training: &Training) -> Option<Reals> {
    let time = training.time.as_ref()?;
    let flops = Reals::constant(time.model_flops)
        .named("the model's operations", "Forward and backward of a step, each once.")
        .in_unit(Unit::Flops);
    let peak = Reals::constant(time.peak)
        .named("peak rate", "Dense, of one device.")
        .in_unit(Unit::FlopsPerSecond);
    let devices = Reals::input(&Quantity::choice("devices", training.plan.devices, "Hardware"));
    let share = flops.over(step(setup)?.times(devices).times(peak));
    Some(share.named("MFU", ""))
}

/// The whole run, seconds.
fn whole(setup: &Setup, training: &Training) -> Option<Reals> {
    let all = training.plan.tokens?;
    let goodput = Reals::constant(training.plan.goodput.max(0.01))
        .named("goodput", "Share of calendar time in which the run moves on.");
    let all = Reals::input(&Quantity::choice("tokens of the run", all, "Training"));
    let run = all.over(rate(setup)?.times(goodput));
    Some(run.named("whole run", "").in_unit(Unit::Seconds))
}
