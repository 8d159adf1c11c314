//! Dory: layers in the middle run several times, on states of length one.
//!
//! Source: `modeling_dory.py` and `configuration_dory.py` of transformers 5.24, on which its counts were checked.

use serde_json::json;

use super::super::blocks::{Norm, QkNorm, norm};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Role};
use super::super::tensor::Tensor;
use super::assembly::Assembly;
use super::loops::{Loops, weighed, weights};
use super::names::FOUR_NORMS;
use super::{Build, Changes, Decoder, Family, Flag, HeadNorm, Names, Pattern, Place, Windows, adjust};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["dory"],
    title: "Dory",
    build: Build::Decoder(DORY),
}];

/// Whether a run leaves the cache to the last one.
const READS: &str = "reads the last run's cache";
/// Layers that run once before the others, and those that run again, as the builder counts them.
const BEFORE: &[&str] = &["n_input_layers"];
const MIDDLE: &[&str] = &["n_recurrent_layers"];
const RUNS: &[&str] = &["n_recurrent_loops"];

const DORY: Decoder = Decoder {
    norm: Norm::Plain,
    head_norm: HeadNorm {
        form: QkNorm::PerHead(Norm::Plain),
        when: Flag::Yes,
    },
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, _| (layer + 1).is_multiple_of(4)),
        switch: None,
    },
    names: Names {
        norms: FOUR_NORMS,
        ..Names::LLAMA
    },
    translate: unfolded,
    changes,
    adjust_layer,
    adjust_ends,
    ..Decoder::LLAMA
};

/// Each run of a layer is a layer of its own. Published files count attention and MLP as two layers, of which one is called
/// "mlp".
fn unfolded(config: &Config) -> Result<Changes, ModelError> {
    let types = config.names("layer_types")?.unwrap_or_default();
    let halves = if types.contains(&"mlp") { 2 } else { 1 };
    let layers = config.size("layers", &["num_hidden_layers"])?.value / halves;
    let number = |keys| Ok::<_, ModelError>(config.optional("layers", keys)?.map_or(0, |found| found.value) / halves);
    let (before, after) = (number(BEFORE)?, number(&["n_output_layers"])?);
    let rest = layers.checked_sub(before.saturating_add(after));
    let middle = match config.get("n_recurrent_layers") {
        Some(_) => Some(number(MIDDLE)?),
        None => rest,
    };
    let Some(middle) = middle.filter(|_| middle == rest) else {
        return Err(ModelError::Inconsistent(format!(
            "n_input_layers, n_recurrent_layers and n_output_layers are not {layers} in all (num_hidden_layers)."
        )));
    };
    let runs = config.size("runs", RUNS)?.value;
    let loops = Loops {
        layers,
        before,
        middle,
        runs,
    };
    let order = loops.order(config)?;
    loops.say(config, order.len());
    let kinds: Vec<&str> = (0..layers)
        .map(|layer| {
            let named = types.get((layer * halves) as usize).copied();
            let usual = if (layer + 1).is_multiple_of(4) {
                "full_attention"
            } else {
                "sliding_attention"
            };
            named.unwrap_or(usual)
        })
        .collect();
    let unfolded: Vec<_> = order
        .iter()
        .filter_map(|&(layer, _)| kinds.get(layer as usize))
        .collect();
    Ok(vec![
        ("num_hidden_layers", json!(order.len())),
        ("layer_types", json!(unfolded)),
        ("n_input_layers", json!(before)),
        ("n_recurrent_layers", json!(middle)),
    ])
}

fn changes(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let number = |keys| Ok::<_, ModelError>(config.optional("layers", keys)?.map_or(0, |found| found.value));
    let (before, middle, runs) = (number(BEFORE)?, number(MIDDLE)?, number(RUNS)?.max(1));
    let last_alone = config.text("recurrent_kv_cache_mode") == Some("last_loop");
    let more = (runs - 1).saturating_mul(middle);
    let loops = Loops {
        layers: (windowed.len() as u64).saturating_sub(more),
        before,
        middle,
        runs,
    };
    let order = loops.order(config)?;
    let alike = loops.alike(&order, windowed);
    let all = order.iter().zip(windowed).map(|(&(layer, run), &windowed)| {
        if runs < 2 || !loops.middle().contains(&layer) {
            return Vec::new();
        }
        // Weights are counted where the last run is a kind of its own.
        match last_alone && run + 1 < runs {
            true => [weights(0), vec![(READS, true.into())]].concat(),
            false => weights(alike.of(windowed)),
        }
    });
    Ok(all.collect())
}

/// A gate over the heads' output, norms without weights inside both halves, and rates per channel: of queries, of the gate, of gate
/// and up, and of the way from the state to what each half gives.
fn adjust_layer(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let part = Component::Norm;
    let wide = config.size("intermediate", super::keys::INTERMEDIATE)?;
    let rates = |block: Block, name: &'static str, before: &str, width: &Quantity, modules: &[&'static str]| {
        let tensors = modules
            .iter()
            .map(|module| Tensor::vector(*module, part, width))
            .collect();
        adjust::before(block, before, adjust::vectors(name, part, width, tensors))
    };
    let reads = config.get(READS).is_some();
    let blocks = adjust::mixer(adjust::gate(blocks, "self_attn.gate_proj", hidden), |block| {
        let heads = adjust::output_width(&block);
        let block = rates(
            block,
            "rates of queries",
            "scores and values",
            &heads,
            &["self_attn.sqk"],
        );
        let block = rates(block, "rates of the gate", "o_proj", &heads, &["self_attn.s_gate"]);
        let block = adjust::inner_norm(block, "o_proj", "self_attn.attn_sub_norm", Norm::Plain, &heads);
        let mut block = rates(block, "rate of the step", "", hidden, &["lambda_1"]);
        if reads {
            block.caches.clear();
            block.title = "Attention over the last run's cache";
        }
        block
    });
    let blocks = adjust::channel(blocks, |block| {
        let block = rates(
            block,
            "rates of gate and up",
            "down_proj",
            &wide,
            &["mlp.suv_gate", "mlp.suv_up"],
        );
        let block = adjust::inner_norm(block, "down_proj", "mlp.ffn_sub_norm", Norm::Plain, &wide);
        rates(block, "rate of the step", "", hidden, &["lambda_2"])
    });
    weighed(config, blocks)
}

/// A scale of each logit, and a norm before every run and before the first.
fn adjust_ends(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let scale = Tensor::vector("lm_head.logit_scale", Component::LmHead, &all.vocabulary);
    let head = all.tail.iter_mut().find(|block| block.role == Role::Head);
    if let Some(operator) = head.and_then(|block| block.operators.first_mut()) {
        operator.tensors.push(scale);
    }
    let runs = config.size("runs", RUNS)?.value.saturating_add(1);
    let between = all.hidden.times("states between runs", runs);
    all.tail.insert(0, norm(Norm::Plain, "norm", &between));
    Ok(())
}
