//! HRM-Text: two stacks of layers, one of which runs several times for each run of the other. Counts checked against
//! transformers' class.

use serde_json::json;

use super::super::blocks::Norm;
use super::super::blocks::shared_block::share;
use super::super::component::Component;
use super::super::config::{Config, MOST_LAYERS};
use super::super::error::ModelError;
use super::super::tensor::Tensor;
use super::encoder::not_built;
use super::{Build, Changes, Decoder, Family, adjust};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["hrm_text"],
    title: "HRM-Text",
    build: Build::Decoder(HRM),
}];

/// Which stack a layer belongs to: a mark of this description, no key of a file.
const STACK: &str = "stack of the layer";

/// Unfolds the cycles: each run of a layer is a layer of its own with a cache of its own, whose tensors are those of
/// its stack (Wang 2025, arXiv 2506.21734).
fn unfolded(config: &Config) -> Result<Changes, ModelError> {
    let all = config.size("layers", &["num_hidden_layers"])?;
    let (high, low) = (
        config.size("cycles", &["H_cycles"])?,
        config.size("cycles", &["L_cycles"])?,
    );
    let each = config.optional("layers of a stack", &["num_layers_per_stack"])?;
    let each = each.unwrap_or_else(|| all.renamed("layers of a stack"));
    let runs = low.value.saturating_add(1).saturating_mul(high.value);
    let runs = runs.saturating_mul(each.value);
    if each.value == 0 || runs > MOST_LAYERS {
        return not_built(config, "Cycles that run more layers than any model has");
    }
    Ok(vec![
        ("num_hidden_layers", json!(runs)),
        ("num_layers_per_stack", json!(each.value)),
    ])
}

const HRM: Decoder = Decoder {
    translate: unfolded,
    norm: Norm::Plain,
    names: super::Names {
        final_norm: "H_module.final_norm",
        ..super::Names::LLAMA
    },
    changes: |config, windowed| {
        let each = config
            .size("layers of a stack", &["num_layers_per_stack"])?
            .value
            .max(1);
        let turn = config.size("cycles", &["L_cycles"])?.value.saturating_add(1);
        let stack = |layer: u64| (layer / each % turn + 1 == turn).into();
        Ok((0..windowed.len() as u64)
            .map(|layer| vec![(STACK, stack(layer))])
            .collect())
    },
    adjust_layer: |config, hidden, _, blocks| {
        let each = config.size("layers of a stack", &["num_layers_per_stack"])?;
        let stack = if config.flag(STACK, false)? {
            "H_module"
        } else {
            "L_module"
        };
        let biased = config.flag("attention_bias", false)?;
        let mut blocks = adjust::gate(blocks, "self_attn.gate_proj", hidden);
        let operators = blocks.iter_mut().flat_map(|block| &mut block.operators);
        for operator in operators.filter(|operator| biased && operator.name == "g_proj") {
            if let Some(width) = operator.tensors.first().and_then(|weight| weight.dims.first().cloned()) {
                let bias = Tensor::vector("self_attn.gate_proj.bias", operator.component, &width);
                operator.tensors.push(bias);
            }
        }
        blocks.iter_mut().for_each(|block| share(block, &each));
        for tensor in blocks
            .iter_mut()
            .flat_map(|block| &mut block.operators)
            .flat_map(|operator| &mut operator.tensors)
        {
            tensor.name = format!("{stack}.{}", tensor.name).into();
        }
        Ok(blocks)
    },
    adjust_ends: |_, all| {
        let first = Tensor::vector("z_L_init", Component::Embedding, &all.hidden);
        all.stem.push(super::luke::waiting("First state", vec![first]));
        Ok(())
    },
    ..Decoder::LLAMA
};
