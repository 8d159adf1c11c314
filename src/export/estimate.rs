//! The answer of `estimate` as JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::analysis::{Analysis, RankMemory, Ranks, Roof, Seen, cost, launch, nearest_measurements, table_bytes};
use crate::scenario::{Mode, Scenario, link};
use crate::units::UnitSystem;

/// What is known of a model beside its blueprint.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ModelFacts {
    /// Hub id, path or catalogue name.
    pub id: String,
    /// `catalogue`, `config.json`, `hub`, `form`.
    pub source: String,
}

/// What images, a video or sound become.
fn seen(seen: &Seen) -> Value {
    json!({
        "what": seen.what,
        "count": seen.count,
        "tokens_each": seen.each.tokens,
        "tokens": seen.tokens(),
        "crops_each": seen.each.crops,
        "patches_per_crop": seen.each.patches(),
    })
}

/// The answer with the keys of the contract, SI base units, integers where exact.
pub fn estimate(facts: &ModelFacts, analysis: &Analysis) -> Value {
    let setup = &*analysis.setup;
    let (blueprint, scenario) = (&setup.blueprint, &*setup.requested);
    let memory = &analysis.memory;
    let by_component: Map<String, Value> = analysis
        .parameters
        .by_component
        .iter()
        .map(|(component, count)| (component.key().to_owned(), json!(count.0)))
        .collect();
    let ranks = &analysis.ranks;
    let weights: Map<String, Value> = memory
        .weights_by_component
        .iter()
        .map(|(component, _)| {
            let of = |rank: &RankMemory| {
                let found = rank.weights_by_component.iter().find(|(known, _)| known == component);
                found.map_or(0, |(_, bytes)| *bytes)
            };
            let elsewhere = memory.off_device(Some(*component));
            (
                component.key().to_owned(),
                json!(ranks.sum(of).saturating_add(elsewhere)),
            )
        })
        .collect();
    // Weights that are on no device are the model's all the same.
    let apart = memory.off_device(None);
    let mut answer = json!({
        "weighbridge": super::VERSION,
        "link": link(scenario).ok().map(|query| format!("?{query}")),
        "model": {
            "id": facts.id,
            "model_type": blueprint.model_type,
            "family": blueprint.family,
            "layers": blueprint.layers.value,
            "hidden": blueprint.hidden.value,
            "vocabulary": blueprint.vocabulary.value,
            "max_context": blueprint.max_context.as_ref().map(|most| most.value),
            "attention": blueprint.attention,
            "experts": blueprint.experts,
            "tied": blueprint.tied,
            "source": facts.source,
        },
        "mode": scenario.workload.mode.key(),
        "engine": setup.engine.key(),
        "formats": {
            "weights": setup.weights.format.id,
            "weights_method": setup.weights.method,
            "kept_in": setup.weights.base.id,
            "kv_cache": setup.kv.id,
            "value_cache": setup.kv_values.id,
            "activations": if setup.engine.computes_in_fp32() { "fp32" } else { &setup.activation.id },
        },
        "parameters": {
            "total": analysis.parameters.total.0,
            "active": analysis.parameters.active.0,
            "trainable": analysis.training.as_ref().map(|training| training.trainable(setup)),
            "by_component": by_component,
            "beside": blueprint.beside.iter().map(|one| json!({"name": one.name, "elements": one.elements})).collect::<Vec<_>>(),
        },
        "memory": {
            "weights_bytes": ranks.sum(|rank| rank.weights_bytes).saturating_add(apart),
            "weights_by_component": weights,
            "kv_cache_bytes": ranks.sum(|rank| rank.kv_cache_bytes),
            "kv_cache_bytes_per_token": memory.kv_cache_per_token.0,
            "state_bytes_per_sequence": memory.state_per_sequence.0,
            "state_cache_bytes": ranks.sum(|rank| rank.state_cache_bytes),
            "activation_bytes": ranks.sum(|rank| rank.activation_bytes),
            "gradient_bytes": ranks.sum(|rank| rank.gradient_bytes),
            "optimizer_bytes": ranks.sum(|rank| rank.optimizer_bytes),
            "transient_bytes": ranks.sum(|rank| rank.transient_bytes),
            "peak_bytes": ranks.sum(|rank| rank.peak_bytes),
            "overhead_bytes": ranks.sum(|rank| rank.overhead_bytes),
            "total_bytes": ranks.sum(|rank| rank.total_bytes),
            "host_bytes": host_bytes(analysis),
            "per_rank": per_rank(&analysis.ranks_as_they_lie()),
        },
        "prompt": {
            "tokens": setup.prompt().value,
            "media": setup.media.seen.iter().map(seen).collect::<Vec<_>>(),
        },
        "compute": compute(analysis),
        "notices": analysis.notices,
    });
    if let Value::Object(answer) = &mut answer {
        if let (Some(fit), Some(device)) = (&analysis.fit, setup.device()) {
            answer.insert(
                "hardware".to_owned(),
                json!({"id": device.id, "name": device.name, "memory_bytes": device.memory_bytes, "devices": setup.layout.devices, "layout": setup.layout}),
            );
            answer.insert("fit".to_owned(), json!(fit));
        }
        answer.insert("cost".to_owned(), json!(cost(setup, analysis.speed.as_ref())));
        answer.insert("launch".to_owned(), start(analysis, &facts.id));
        if analysis.speed.is_some() {
            answer.insert("speed".to_owned(), speed(scenario, analysis));
        }
        if let Some(serving) = &analysis.serving {
            answer.insert("serving".to_owned(), json!(serving));
        }
        if let Some(training) = &analysis.training {
            answer.insert("training".to_owned(), super::training::training(analysis, training));
        }
    }
    answer
}

/// What would it take, each answer with its words and the link to the scenario after it; null without a device.
pub fn answers(analysis: &Analysis) -> Value {
    let setup = &analysis.setup;
    let Some(found) = crate::analysis::answers(analysis) else {
        return Value::Null;
    };
    let mut answer = json!(found);
    for said in found.said(setup, UnitSystem::Gib) {
        let one = answer.get_mut(said.key);
        let Some(one) = one else { continue };
        if one.is_null() {
            *one = json!({});
        }
        if let Value::Object(one) = one {
            one.insert("words".to_owned(), json!(said.words));
            one.insert("basis_words".to_owned(), json!(said.basis));
            let link = said.deed.and_then(|(_, scenario)| link(&scenario).ok());
            let link = link.map(|query| format!("?{query}"));
            one.insert("link".to_owned(), json!(link));
        }
    }
    answer
}

/// The command that starts it, or why there is none.
fn start(analysis: &Analysis, name: &str) -> Value {
    if let Some(training) = &analysis.training {
        return super::training::start(analysis, training, name);
    }
    match launch(analysis, name) {
        Ok(launch) => json!(launch),
        Err(why) => json!({"command": null, "why": why}),
    }
}

/// Most devices that are listed one by one; those beyond are like the last.
const MOST_RANKS: usize = 1024;

/// What lies in RAM: what the engine keeps there always, and what the plan leaves there.
fn host_bytes(analysis: &Analysis) -> u64 {
    let plan = analysis.offloaded().map_or(0, |plan| plan.host_bytes);
    [table_bytes(&analysis.setup), analysis.cache_in_ram(), plan]
        .into_iter()
        .fold(0, u64::saturating_add)
}

fn per_rank(ranks: &Ranks) -> Vec<Value> {
    let each = ranks.groups.iter().flat_map(|group| {
        (group.first..group.first.saturating_add(group.count)).map(move |rank| (rank, &group.memory))
    });
    let row = |(rank, memory): (u64, &RankMemory)| {
        let mut row = json!(memory);
        if let Value::Object(row) = &mut row {
            row.insert("rank".to_owned(), json!(rank));
        }
        row
    };
    each.take(MOST_RANKS).map(row).collect()
}

fn compute(analysis: &Analysis) -> Value {
    let by_component: Map<String, Value> = analysis
        .components
        .iter()
        .map(|one| {
            let value = json!({
                "flops": one.flops,
                "bytes": one.bytes,
                "intensity": one.intensity(),
                "seconds": one.seconds,
                "bound": one.bound,
            });
            (one.component.key().to_owned(), value)
        })
        .collect();
    json!({
        "flops": analysis.flops,
        "matmul_flops": analysis.matmul_flops,
        "bytes": analysis.bytes,
        "intensity": analysis.intensity(),
        "by_component": by_component,
    })
}

fn speed(scenario: &Scenario, analysis: &Analysis) -> Value {
    let Some(speed) = &analysis.speed else {
        return Value::Null;
    };
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    let Roof { seconds, .. } = speed.roof;
    let basis = if speed.pass.is_some() { "measured" } else { "roofline" };
    put("basis", json!(basis));
    if let Some(prefill) = &speed.prefill {
        put("prefill_seconds", json!(prefill.seconds));
        put("prefill_seconds_low", json!(prefill.low));
        put("prefill_seconds_high", json!(prefill.high));
    }
    match (&speed.pass, scenario.workload.mode) {
        (Some(pass), Mode::Decode | Mode::Serve) => {
            put("decode_seconds_per_token", json!(pass.seconds));
            put("decode_seconds_per_token_low", json!(pass.low));
            put("decode_seconds_per_token_high", json!(pass.high));
        }
        (None, Mode::Decode | Mode::Serve) => {
            put("decode_seconds_per_token", json!(seconds));
        }
        _ => {}
    }
    put("tokens_per_second", json!(speed.tokens_per_second));
    if let Some((low, high)) = speed.tokens_per_second_between {
        put("tokens_per_second_low", json!(low));
        put("tokens_per_second_high", json!(high));
    }
    if let Some(pass) = &speed.pass {
        let fitted = json!({"level": pass.evidence.level, "rows": pass.evidence.rows});
        put("fitted_on", fitted);
    }
    // What nothing can beat, for comparison.
    put("step_seconds", json!(seconds));
    put("bound", json!(speed.roof.bound()));
    put("ridge", json!(speed.ridge));
    let near: Vec<Value> = nearest_measurements(&analysis.setup)
        .iter()
        .map(|row| {
            json!({
                "device": row.device,
                "devices": row.devices,
                "engine": row.engine,
                "model": row.model,
                "weights": row.weights,
                "batch": row.batch.parse::<u64>().ok(),
                "prompt": row.prompt,
                "generate": row.generate,
                "metric": row.metric,
                "value": row.value,
                "source": row.publication(),
            })
        })
        .collect();
    put("nearest", json!(near));
    Value::Object(out)
}
