//! Layouts that an engine does not start, whatever the memory.

use crate::analysis::setup::Setup;
use crate::hardware::{Compatibility, Engine, Support};
use crate::model::{Component, Scales, Sharding, Tensor, TensorKind};

/// vLLM `ModelConfig.verify_with_parallel_config`; SGLang and TensorRT-LLM assert the same when they split layers;
/// transformers' `tp_plan` shards by equal parts.
static HEADS: Compatibility = Compatibility {
    support: Support::No,
    words: "the heads of attention do not divide by the devices that share a layer: use another number, or pipeline parallel",
    source: "vLLM config/model.py verify_with_parallel_config",
};
/// vLLM `QKVParallelLinear`: heads of keys are split evenly or repeated evenly.
static KV_HEADS: Compatibility = Compatibility {
    support: Support::No,
    words: "the heads of keys and values neither divide by the devices that share a layer nor repeat evenly on them: use another number, or pipeline parallel",
    source: "vLLM layers/linear.py QKVParallelLinear",
};
static BLOCKS: Compatibility = Compatibility {
    support: Support::No,
    words: "the slices of its networks cut blocks that share a scale: use fewer devices for a layer, or expert parallel",
    source: "vLLM layers/quantization/utils/fp8_utils.py validate_fp8_block_shape, fp8.py Fp8MoEMethod.create_weights",
};
static SEVERAL_MACS: Compatibility = Compatibility {
    support: Support::No,
    words: "several machines with MLX are not modelled",
    source: "mlx-lm README (distributed inference is an example there)",
};

/// Why an engine does not start a setup's layout; none where it does.
pub fn refusal(setup: &Setup) -> Option<&'static Compatibility> {
    let layout = setup.layout;
    if setup.scenario.workload.mode.trains() {
        return (layout.tensor > 1).then(|| heads(setup)).flatten();
    }
    match setup.engine {
        Engine::Mlx => return (layout.devices > 1).then_some(&SEVERAL_MACS),
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm | Engine::Transformers => {}
        // They split by rows or by layers, unevenly where they must.
        Engine::LlamaCpp | Engine::ExLlamaV2 | Engine::ExLlamaV3 => return None,
    }
    if layout.tensor <= 1 || layout.attention_dp || layout.by_layers {
        return None;
    }
    if matches!(setup.engine, Engine::Vllm | Engine::Sglang) && cuts_blocks(setup) {
        return Some(&BLOCKS);
    }
    heads(setup)
}

/// Heads of attention that do not divide by the devices that share a layer.
fn heads(setup: &Setup) -> Option<&'static Compatibility> {
    let layout = setup.layout;
    let blocks = setup.blueprint.blocks().filter(|place| place.kind.is_some());
    let mut found = blocks.flat_map(|place| place.block.attentions());
    found.find_map(|attention| {
        let (heads, stored) = (attention.heads.value, attention.kv_heads.value.max(1));
        let even = stored.is_multiple_of(layout.tensor) || layout.tensor.is_multiple_of(stored);
        if !heads.is_multiple_of(layout.tensor) {
            Some(&HEADS)
        } else if attention.latent.is_none() && !even {
            Some(&KV_HEADS)
        } else {
            None
        }
    })
}

/// Whether a slice of a feed-forward network ends inside a block of weights that share a scale.
fn cuts_blocks(setup: &Setup) -> bool {
    // What is quantised while it is loaded has a scale a tensor or a row.
    if *setup.weights != setup.blueprint.published {
        return false;
    }
    let layout = setup.layout;
    let Scales::Block { rows, columns, .. } = setup.weights.format.scales else {
        return false;
    };
    // Whole experts are sharded under expert parallel.
    let sliced = |tensor: &&Tensor| match tensor.component {
        Component::Mlp | Component::SharedExperts => true,
        Component::Experts => layout.expert <= 1,
        _ => false,
    };
    let cut = |tensor: &Tensor| {
        let (place, block) = match tensor.sharding {
            Sharding::Columns if tensor.kind == TensorKind::Matrix => (tensor.dims.len().checked_sub(2), rows),
            Sharding::Rows => (tensor.dims.len().checked_sub(1), columns),
            _ => return false,
        };
        let size = place.and_then(|at| tensor.dims.get(at)).map_or(0, |dim| dim.value);
        // What is smaller than a slice has other reasons not to run.
        !(size / layout.tensor).is_multiple_of(block.max(1))
    };
    let places = setup.blueprint.blocks().filter(|place| place.kind.is_some());
    let mut tensors = places.flat_map(|place| place.block.tensors());
    tensors.any(|tensor| sliced(&tensor) && cut(tensor))
}
