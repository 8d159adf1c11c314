//! Inkling 2 with layers in the middle that run several times: from the second run on they read messages of the run before.
//!
//! Source: `modeling_inkling2_loop.py` of transformers 5.24, on which its counts were checked.

use serde_json::json;

use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Rows, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::assembly::Assembly;
use super::inkling::{EVERY, plain_layers, windowed_heads};
use super::inkling2::{INKLING, adjust_layer, final_queries, reading};
use super::loops::{Loops, weighed, weights};
use super::{Build, Changes, Decoder, Family, Place, adjust};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["inkling2_loop_text"],
    title: "Inkling 2 with loops",
    build: Build::Decoder(Decoder {
        translate: unfolded,
        changes,
        adjust_layer: with_gates,
        adjust_ends,
        ..INKLING
    }),
}];

/// What the gates of a layer do: a mark of this description, no key of a file.
const GATES: &str = "gates of messages";
/// They are in memory, but this run has no messages.
const IDLE: &str = "idle";
/// They are in memory, and run.
const READ: &str = "read";
/// How many of the layers of one kind have gates: a mark of this description, no key of a file.
const GATED: &str = "layers with gates of messages";
const START: &str = "loop_layer_index_start";
const END: &str = "loop_layer_index_end";
const PASSES: &str = "loop_num_passes";
const RANK: &str = "loop_gate_rank";
/// Layers, each once, as the config has them: a mark of this description, no key of a file.
const ONCE: &str = "layers before loops";

/// Which layers run again, as `loop_config` or keys of their own say.
fn loops(config: &Config, layers: u64) -> Result<Loops, ModelError> {
    let size = |name, key: &'static str| config.size(name, std::slice::from_ref(&key));
    let (start, end) = (size("first layer of a loop", START)?, size("layer after a loop", END)?);
    let block = config.size("block", &["n_layers_per_attn_res_block"])?.value.max(1);
    let fits = [&start, &end].iter().all(|index| index.value % block == 0);
    if !fits || start.value == 0 || end.value > layers || start.value > end.value {
        return Err(ModelError::Inconsistent(format!(
            "{START} and {END} must be multiples of n_layers_per_attn_res_block ({block}), above 0 and within the layers."
        )));
    }
    Ok(Loops {
        layers,
        before: start.value,
        middle: end.value - start.value,
        runs: size("runs", PASSES)?.value,
    })
}

fn unfolded(config: &Config) -> Result<Changes, ModelError> {
    let mut all = Changes::new();
    if let Some(object) = config.object("loop_config") {
        for (name, key) in [
            ("core_start", START),
            ("core_end", END),
            ("num_passes", PASSES),
            ("gate_rank", RANK),
        ] {
            all.extend(object.get(name).map(|value| (key, value.clone())));
        }
    }
    let config = config.changed(&all);
    let layers = config.size("layers", &["num_hidden_layers"])?.value;
    let loops = loops(&config, layers)?;
    let order = loops.order(&config)?;
    loops.say(&config, order.len());
    let given = plain_layers(&config)?;
    let names = given.first().and_then(|(_, names)| names.as_array());
    let kinds = order.iter().map(|&(layer, _)| match names {
        Some(names) => names.get(layer as usize).cloned().unwrap_or_default(),
        None if (layer + 1).is_multiple_of(EVERY) => json!("full_attention"),
        None => json!("sliding_attention"),
    });
    all.push(("layer_types", kinds.collect()));
    all.push(("num_hidden_layers", json!(order.len())));
    all.push((ONCE, json!(layers)));
    Ok(all)
}

fn changes(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let layers = config.size("layers", &[ONCE])?.value;
    let loops = loops(config, layers)?;
    let order = loops.order(config)?;
    let mut all = windowed_heads(config, windowed)?;
    super::inkling2::first(&mut all);
    let alike = loops.alike(&order, windowed);
    for ((&(layer, run), &windowed), change) in order.iter().zip(windowed).zip(&mut all) {
        if !loops.middle().contains(&layer) {
            continue;
        }
        match (loops.runs > 1, run) {
            (false, _) => change.push((GATES, IDLE.into())),
            // The first run has the weights of all, the gates belong to those that read messages.
            (true, 0) => {}
            (true, _) => {
                change.extend(weights(0));
                change.push((GATES, READ.into()));
                change.push((GATED, json!(alike.of(windowed))));
            }
        }
    }
    Ok(all)
}

/// A layer of Inkling 2, with gates that mix messages into the inputs of queries, keys, values and MLP: `down_proj [rank, 2·hidden]`,
/// `forget_gate_proj` and `message_gate_proj` `[hidden, rank]` each.
fn with_gates(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let blocks = weighed(config, adjust_layer(config, hidden, place, blocks)?)?;
    let Some(mark) = config.text(GATES) else {
        return Ok(blocks);
    };
    let rank = config.size("gate rank", &[RANK])?;
    let copies = config.optional("layers with gates", &[GATED])?;
    let gates = |modules: &[&str]| -> Vec<Operator> {
        let mut all: Vec<Operator> = modules.iter().flat_map(|module| gate(module, hidden, &rank)).collect();
        for operator in &mut all {
            if mark == IDLE {
                operator.kind = Kind::Idle;
            }
            for tensor in &mut operator.tensors {
                tensor.physical.clone_from(&copies);
            }
        }
        all
    };
    let before = |mut block: Block, modules: &[&str]| {
        block.operators.splice(0..0, gates(modules));
        block
    };
    let blocks = adjust::mixer(blocks, |block| {
        before(block, &["q_message_gate", "k_message_gate", "v_message_gate"])
    });
    Ok(adjust::channel(blocks, |block| before(block, &["mlp_message_gate"])))
}

fn gate(module: &str, hidden: &Quantity, rank: &Quantity) -> [Operator; 4] {
    let part = Component::Norm;
    let both = hidden.times("state and message", 2);
    let linear = |name, module: String, out: &Quantity, input: &Quantity| {
        let weight = Tensor::new(format!("{module}.weight"), TensorKind::Router, part, &[out, input]);
        Operator::linear(name, weight, None, Rows::Tokens, out, input)
    };
    [
        linear("gates, narrow", format!("{module}.down_proj"), rank, &both),
        linear("gate of the state", format!("{module}.forget_gate_proj"), hidden, rank),
        linear(
            "gate of the message",
            format!("{module}.message_gate_proj"),
            hidden,
            rank,
        ),
        Operator::elementwise("messages mixed", part, hidden, Step::Plain(6), 4),
    ]
}

/// Reading from depth of all runs, and messages: four queries of each layer over what the blocks of its loop were in the run before.
fn adjust_ends(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let layers = config.size("layers", &[ONCE])?.value;
    let loops = loops(config, layers)?;
    let order = loops.order(config)?;
    let windowed = super::layers::windowed_layers(config, &INKLING, order.len() as u64, true)?;
    let runs: Vec<_> = order.iter().map(|&(layer, _)| layer).zip(windowed).collect();
    let block = config.size("block", &["n_layers_per_attn_res_block"])?.value.max(1);
    let asking = order.iter().filter(|&&(_, run)| run > 0).count() as u64;
    let read = asking.saturating_mul(loops.middle / block);
    let mut weights = final_queries(&all.hidden);
    let (each, again) = (
        Quantity::architecture("messages", 4, "of queries, keys, values and MLP"),
        Quantity::assumed(
            "layers that run again",
            loops.middle,
            "from loop_layer_index_start to loop_layer_index_end",
        ),
    );
    let queries = Tensor::new(
        "message_input.query",
        TensorKind::Vector,
        Component::Norm,
        &[&again, &each, &all.hidden],
    );
    weights.tensors.push(queries);
    let messages = [read, read.saturating_mul(4)];
    // Rows that only fill up the table in files are dropped from the head.
    adjust::head_rows(config, all, "unpadded_vocab_size")?;
    all.tail
        .insert(0, reading(config, &all.hidden, weights, &runs, messages)?);
    Ok(())
}
