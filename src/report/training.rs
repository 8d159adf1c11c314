//! A training run in words: the layout, the step, the run, the law.

use crate::analysis::Analysis;
use crate::analysis::training::law::LAWS;
use crate::analysis::training::{Training, TrainingPlan};
use crate::scenario::training::{Task, Zero};
use crate::units::{counted, decimal, grouped, percent, seconds, short_count};

/// Lines that say how a run goes: each a sentence or part of one.
pub fn training_lines(analysis: &Analysis) -> Vec<String> {
    let Some(training) = &analysis.training else {
        return Vec::new();
    };
    let plan = &training.plan;
    let mut lines = vec![what(analysis, training), layout(plan)];
    let Some(time) = &training.time else {
        lines.push("Choose a device with --hardware: then this says how long a step takes.".to_owned());
        return lines;
    };
    let (low, high) = time.between;
    let (slow, fast) = time.tokens_between(plan);
    lines.push(format!(
        "about {} a step ({} to {}), {} tokens/s ({} to {}), {} a device",
        seconds(time.seconds),
        seconds(low),
        seconds(high),
        grouped(time.tokens_per_second(plan).round() as u64),
        grouped(slow.round() as u64),
        grouped(fast.round() as u64),
        grouped((time.tokens_per_second(plan) / plan.devices.max(1) as f64).round() as u64),
    ));
    let (mfu_low, mfu_high) = time.mfu_between(plan);
    lines.push(format!(
        "MFU {} ({} to {}), HFU {} of {} {}",
        percent(time.mfu(plan)),
        percent(mfu_low),
        percent(mfu_high),
        percent(time.hfu(plan)),
        crate::units::rate(time.peak, "FLOP"),
        time.peak_name,
    ));
    if time.efficiency.is_far() && analysis.setup.scenario.training.mfu.is_none() {
        lines.push(format!(
            "few runs of {} on this kind of device in {} are published, so the interval is wide",
            plan.framework.label(),
            plan.precision.label()
        ));
    }
    let Some(run) = training.run(&analysis.setup) else {
        return lines;
    };
    let (days_low, days_high) = run.days_between;
    let mut whole = format!(
        "{} tokens in {} steps: {} days ({} to {}), {} device hours",
        short_count(run.tokens as f64),
        grouped(run.steps),
        decimal(run.days),
        decimal(days_low),
        decimal(days_high),
        grouped(run.device_hours.round() as u64),
    );
    if let Some(cost) = run.cost_usd {
        whole.push_str(&format!(", ${}", grouped(cost.round() as u64)));
    }
    if let Some(energy) = run.energy_kwh {
        whole.push_str(&format!(", {} kWh", grouped(energy.round() as u64)));
    }
    lines.push(whole);
    let [law, _] = LAWS;
    let parameters = analysis.parameters.total.0 as f64;
    let best = law.best(run.flops);
    lines.push(format!(
        "a loss of {:.2} is predicted; best for this compute would be {} parameters on {} tokens ({:.2}) ({})",
        law.loss(parameters, run.tokens as f64),
        short_count(best.parameters),
        short_count(best.tokens),
        best.loss,
        law.source
    ));
    lines
}

/// What is trained, what for, and how.
fn what(analysis: &Analysis, training: &Training) -> String {
    let plan = &training.plan;
    let all = analysis.parameters.total.0;
    let trained = training.trainable(&analysis.setup);
    let what = match &plan.adapters {
        None => "all parameters are trained".to_owned(),
        Some(adapters) => format!(
            "{} parameters in adapters of rank {}{} ({} of the model) are trained beside the base in {}",
            grouped(trained),
            adapters.rank,
            if training.trains_head(&analysis.setup) {
                " and the head"
            } else {
                ""
            },
            percent(trained as f64 / all.max(1) as f64),
            adapters.base.label()
        ),
    };
    let task = analysis.setup.blueprint.purpose.and_then(Task::of);
    let task = task
        .map(|task| format!(" for {}", task.label().to_lowercase()))
        .unwrap_or_default();
    format!(
        "{}: {what}{task}, {} in {}, {}",
        plan.framework.label(),
        plan.optimizer.label(),
        plan.precision.label(),
        plan.attention.label()
    )
}

/// How many devices share what.
fn layout(plan: &TrainingPlan) -> String {
    let mut line = format!(
        "{} of {}, {} a step: micro-batch {} × {} × {}",
        counted(plan.global_batch, "sequence"),
        counted(plan.sequence, "token"),
        counted(plan.step_tokens(), "token"),
        plan.micro_batch,
        counted(plan.data, "replica"),
        counted(plan.accumulation, "accumulation step")
    );
    if plan.devices > 1 {
        line.push_str(&format!("; parallel: {}", plan.degrees().join(", ")));
        if plan.zero != Zero::None {
            line.push_str(&format!("; ZeRO-{} over {} devices", plan.zero.key(), plan.shard_group));
        }
    }
    line
}
