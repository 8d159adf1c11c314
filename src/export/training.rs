//! A training run as JSON.

use serde_json::{Map, Value, json};

use crate::analysis::Analysis;
use crate::analysis::training::launch::programs_for;
use crate::analysis::training::law::LAWS;
use crate::analysis::training::schedule::schedule;
use crate::analysis::training::{StageMemory, Training, planner};
use crate::scenario::training::Task;
use crate::units::Exact;

/// The keys of a training run.
pub fn training(analysis: &Analysis, training: &Training) -> Value {
    let plan = &training.plan;
    let sum = |of: fn(&StageMemory<Exact>) -> u64| {
        let each = training.stages.iter().map(|(_, memory)| of(memory));
        let devices = plan.devices / plan.pipeline.max(1);
        each.fold(0_u64, |all, bytes| all.saturating_add(bytes.saturating_mul(devices)))
    };
    let (rate, warm) = schedule(&analysis.setup.scenario.training);
    let mut answer = json!({
        "framework": plan.framework.key(),
        "precision": plan.precision.key(),
        "activations": {
            "layers_bytes": sum(|memory| memory.layers.0),
            "loss_bytes": sum(|memory| memory.loss.0),
            "other_bytes": sum(|memory| memory.other.0),
        },
        "layout": {
            "devices": plan.devices, "data": plan.data, "tensor": plan.tensor, "pipeline": plan.pipeline,
            "context": plan.context, "expert": plan.expert, "zero": plan.zero.key(), "shard_group": plan.shard_group,
            "micro_batch": plan.micro_batch, "accumulation": plan.accumulation, "global_batch": plan.global_batch,
            "sequence": plan.sequence, "encoder_tokens": (plan.encoder > 0).then_some(plan.encoder), "schedule": plan.schedule.key(), "virtual_stages": plan.virtual_stages,
        },
        "learning_rate": {"schedule": rate.key(), "warm_up": warm},
        "moments": training.stages.iter().max_by_key(|(_, memory)| memory.peak).map(|(_, memory)| {
            memory.moments.iter().map(|moment| json!({
                "when": moment.when, "activation_bytes": moment.activations.0, "gradient_bytes": moment.gradients.0,
                "transient_bytes": moment.transient.0, "total_bytes": moment.total.0,
            })).collect::<Vec<_>>()
        }),
    });
    let task = analysis.setup.blueprint.purpose.and_then(Task::of);
    if let (Value::Object(out), Some(task)) = (&mut answer, task) {
        out.insert("task".to_owned(), json!(task.key()));
    }
    if let (Value::Object(out), false) = (&mut answer, training.rl_stages.is_empty()) {
        out.insert("stages".to_owned(), json!(training.rl_stages));
    }
    let (Value::Object(out), Some(time)) = (&mut answer, &training.time) else {
        return answer;
    };
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    let between = |put: &mut dyn FnMut(&str, Value), key: &str, middle: f64, ends: (f64, f64)| {
        put(key, json!(middle));
        put(&format!("{key}_low"), json!(ends.0));
        put(&format!("{key}_high"), json!(ends.1));
    };
    let mut put_one = |key: &str, value: Value| {
        put(key, value);
    };
    between(&mut put_one, "step_seconds", time.seconds, time.between);
    let (low, high) = time.tokens_between(plan);
    let devices = plan.devices.max(1) as f64;
    between(
        &mut put_one,
        "tokens_per_second",
        time.tokens_per_second(plan),
        (low, high),
    );
    between(
        &mut put_one,
        "tokens_per_second_per_device",
        time.tokens_per_second(plan) / devices,
        (low / devices, high / devices),
    );
    let mfu = time.mfu(plan);
    let hfu = time.hfu(plan);
    let (mfu_low, mfu_high) = time.mfu_between(plan);
    between(&mut put_one, "mfu", mfu, (mfu_low, mfu_high));
    let times = if mfu > 0.0 { hfu / mfu } else { 0.0 };
    between(&mut put_one, "hfu", hfu, (mfu_low * times, mfu_high * times));
    put_one("model_flops", json!(time.model_flops));
    put_one("hardware_flops", json!(time.hardware_flops));
    put_one("bubble", json!(time.bubble));
    put_one(
        "parts",
        json!({
            "compute_seconds": time.compute, "compute_at_peak_seconds": time.compute_at_peak,
            "elementwise_seconds": time.elementwise, "optimizer_seconds": time.optimizer,
            "exposed_communication_seconds": time.exposed(), "efficiency": time.efficiency.middle,
            "peak": time.peak, "peak_name": time.peak_name,
        }),
    );
    let mut communication: Map<String, Value> = Map::new();
    for one in &time.communication {
        let key: &str = one.traffic.into();
        let entry = communication
            .entry(key.to_owned())
            .or_insert_with(|| json!({"bytes": 0.0, "seconds": 0.0, "exposed_seconds": 0.0}));
        for (name, value) in [
            ("bytes", one.bytes),
            ("seconds", one.seconds),
            ("exposed_seconds", one.exposed),
        ] {
            if let Some(slot) = entry.get_mut(name) {
                *slot = json!(slot.as_f64().unwrap_or(0.0) + value);
            }
        }
    }
    put_one("communication", Value::Object(communication));
    if let Some(run) = training.run(&analysis.setup) {
        put_one("tokens", json!(run.tokens));
        put_one("steps", json!(run.steps));
        put_one("days_low", json!(run.days_between.0));
        put_one("days_high", json!(run.days_between.1));
        let [law, printed] = LAWS;
        let parameters = analysis.parameters.total.0 as f64;
        let best = law.best(run.flops);
        put_one(
            "law",
            json!({
                "optimal_parameters": best.parameters, "optimal_tokens": best.tokens,
                "loss": law.loss(parameters, run.tokens as f64), "source": law.source,
                "as_printed": {"optimal_parameters": printed.best(run.flops).parameters, "optimal_tokens": printed.best(run.flops).tokens,
                    "loss": printed.loss(parameters, run.tokens as f64), "source": printed.source},
            }),
        );
        put_one("days", json!(run.days));
        put_one("device_hours", json!(run.device_hours));
        put_one("cost_usd", json!(run.cost_usd));
        put_one("energy_kwh", json!(run.energy_kwh));
    }
    answer
}

/// The command that starts a run in each program that can, the usual one first; without one why.
pub fn start(analysis: &Analysis, training: &Training, name: &str) -> Value {
    // In the published page the texts come with the planner.
    let launch = match planner() {
        Ok(planner) => planner.launch,
        Err(error) => return json!({"command": null, "why": error.to_string()}),
    };
    let mut all = programs_for(&analysis.setup, training).iter().map(|program| {
        let known = program.known();
        let mut made = match launch(analysis, name, Some(*program)) {
            Ok(made) => json!(made),
            Err(why) => json!({"command": null, "why": why}),
        };
        if let Value::Object(made) = &mut made {
            made.insert("program".to_owned(), json!(program.key()));
            made.insert(
                "options_of".to_owned(),
                json!({"repository": known.repository, "version": known.version, "date": known.date}),
            );
        }
        made
    });
    let Some(mut first) = all.next() else {
        let why = launch(analysis, name, None).err();
        return json!({"command": null, "why": why});
    };
    if let Value::Object(first) = &mut first {
        first.insert("also".to_owned(), json!(all.collect::<Vec<_>>()));
    }
    first
}
