//! The time of a step and its tokens as traced numbers, for their explanations.

use super::Training;
use super::plan::TrainingPlan;
use crate::analysis::setup::Setup;
use crate::units::{Number, Quantity, Traced, Unit};

/// The expected time of a step, by its parts.
pub fn step(setup: &Setup) -> Option<Traced<f64>> {
    let training = Training::of(setup).ok()?;
    let time = training.time?;
    let part = |seconds: f64, name: &str, about: &'static str| {
        Traced::<f64>::constant(seconds)
            .named(name, about)
            .in_unit(Unit::Seconds)
    };
    let share = if setup.scenario.training.mfu.is_some() {
        "As given, with what is computed again on top."
    } else {
        "What published runs of this framework, device and precision show."
    };
    let products = part(
        time.compute_at_peak,
        "products at the peak",
        "All matrix products and attention of the slowest stage at the device's peak rate.",
    )
    .over(Traced::constant(time.efficiency.middle).named("share of the peak", share))
    .named("matrix products", "At the share of the peak that they reach.")
    .in_unit(Unit::Seconds);
    if setup.scenario.training.mfu.is_some() {
        return Some(products);
    }
    let elements = part(
        time.elementwise,
        "element by element",
        "Norms, activations and sums at full bandwidth.",
    );
    let mut all = products.plus(elements);
    if time.bubble > 0.0 {
        let factor =
            Traced::constant(1.0 + time.bubble).named("bubble", "A pipeline stands still while it fills and drains.");
        all = all.times(factor);
    }
    for one in time.communication.iter().filter(|one| one.exposed > 0.0) {
        all = all.plus(part(
            one.exposed,
            one.traffic.label(),
            "Traffic between devices that no other work hides.",
        ));
    }
    all = all.plus(part(
        time.optimizer,
        "optimizer",
        "Weights, gradients and optimizer states read and written once.",
    ));
    let floor = part(
        time.compute_at_peak,
        "least",
        "No step is faster than its products at the peak.",
    );
    Some(all.most(floor))
}

/// Tokens of a step, all devices together.
pub fn tokens(setup: &Setup) -> Option<Traced<f64>> {
    let plan = TrainingPlan::of(&setup.blueprint, &setup.scenario).ok()?;
    let sequences = Quantity::choice("global batch", plan.global_batch, "Workload");
    let length = Quantity::choice("sequence", plan.sequence, "Workload");
    Some(Traced::input(&sequences).times(Traced::input(&length)))
}
