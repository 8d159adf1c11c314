//! Qwen3-Next and Qwen3.5: Gated DeltaNet in three of four layers, gated attention in the fourth.

use super::super::blocks::{DeltaNames, GatedDelta, gated_delta, query_gate};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind};
use super::hybrid::HybridDecoder;
use super::{Build, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Shared};
use crate::units::Quantity;

const EXPERTS: Experts = Experts {
    layers: MoeLayers::All,
    shared: Shared::Width(&["shared_expert_intermediate_size"]),
    shared_module: [
        "mlp.shared_expert.gate_proj",
        "mlp.shared_expert.up_proj",
        "mlp.shared_expert.down_proj",
    ],
    shared_gate: Some("mlp.shared_expert_gate"),
    ..Experts::PLAIN
};

const DENSE: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        head_norm: HeadNorm::PER_HEAD,
        mlp_bias: Flag::No,
        ..Decoder::LLAMA
    },
    linear: |config, hidden| mixer(config, hidden, DeltaNames::Parted),
    attention: gate,
    ..HybridDecoder::PLAIN
};

const MOE: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        experts: Some(EXPERTS),
        ..DENSE.decoder
    },
    ..DENSE
};

const NEXT: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        experts: Some(Experts {
            layers: MoeLayers::Sparse,
            ..EXPERTS
        }),
        ..DENSE.decoder
    },
    linear: |config, hidden| mixer(config, hidden, DeltaNames::Fused),
    ..DENSE
};

/// The text parts of Qwen3.5 and 3.6; their whole has a vision tower.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["qwen3_next"],
        title: "Qwen3-Next",
        build: Build::Own(|config, title| NEXT.build(config, title)),
    },
    Family {
        types: &["qwen3_5_text"],
        title: "Qwen3.5",
        build: Build::Own(dense_text),
    },
    Family {
        types: &["qwen3_5_moe_text"],
        title: "Qwen3.5 MoE",
        build: Build::Own(moe_text),
    },
];

/// The text part of a dense Qwen3.5, for those that wrap it.
///
/// # Errors
/// See [`ModelError`].
pub fn dense_text(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    DENSE.build(config, title)
}

/// The text part of a Qwen3.5 with experts, for those that wrap it.
///
/// # Errors
/// See [`ModelError`].
pub fn moe_text(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    MOE.build(config, title)
}

/// Attention whose queries come with a gate for the output.
fn gate(config: &Config, hidden: &Quantity, block: Block) -> Result<Block, ModelError> {
    let queries = block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Linear { output, .. } if operator.name == "q_proj" => Some(output.clone()),
        _ => None,
    });
    let Some(queries) = queries else { return Ok(block) };
    let bias = config.flag("attention_bias", false)?;
    Ok(query_gate(block, "self_attn.q_proj", &queries, hidden, bias))
}

fn mixer(config: &Config, hidden: &Quantity, names: DeltaNames) -> Result<Block, ModelError> {
    let style = GatedDelta {
        key_heads: config.size("key_heads", &["linear_num_key_heads"])?,
        value_heads: config.size("value_heads", &["linear_num_value_heads"])?,
        key_dim: config.size("key_dim", &["linear_key_head_dim"])?,
        value_dim: config.size("value_dim", &["linear_value_head_dim"])?,
        kernel: config.size("conv_kernel", &["linear_conv_kernel_dim"])?,
        names,
    };
    Ok(gated_delta(hidden, &style))
}
