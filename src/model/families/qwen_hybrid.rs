//! Qwen3-Next and Qwen3.5: Gated DeltaNet in three of four layers, gated attention in the fourth. Lara Mini: in two of five, with
//! windows and attention to all.

use super::super::blocks::{DeltaNames, GatedDelta, gated_delta, query_gate, without_positions};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind};
use super::decoder::{Hybrid, MixerKind, Place};
use super::hybrid::{every, named};
use super::names::SHARED_EXPERT;
use super::{Build, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Shared, adjust};
use crate::units::Quantity;

pub const EXPERTS: Experts = Experts {
    layers: MoeLayers::All,
    shared: Shared::Width(&["shared_expert_intermediate_size"]),
    shared_module: SHARED_EXPERT,
    shared_gate: Some("mlp.shared_expert_gate"),
    ..Experts::PLAIN
};

const DENSE: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    mlp_bias: Flag::No,
    hybrid: Hybrid::of(order, |config, hidden| mixer(config, hidden, DeltaNames::Parted)),
    adjust_layer: gate,
    ..Decoder::LLAMA
};

/// The text parts of Qwen3.5 and 3.6; their whole has a vision tower.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["qwen3_next"],
        title: "Qwen3-Next",
        build: Build::Decoder(Decoder {
            experts: Some(Experts {
                layers: MoeLayers::Sparse,
                ..EXPERTS
            }),
            hybrid: Hybrid::of(order, |config, hidden| mixer(config, hidden, DeltaNames::Fused)),
            ..DENSE
        }),
    },
    Family {
        types: &["qwen3_5_text"],
        title: "Qwen3.5",
        build: Build::Decoder(DENSE),
    },
    Family {
        types: &["qwen3_5_moe_text"],
        title: "Qwen3.5 MoE",
        build: Build::Decoder(Decoder {
            experts: Some(EXPERTS),
            ..DENSE
        }),
    },
    Family {
        types: &["lara_mini"],
        title: "Lara Mini",
        build: Build::Decoder(LARA),
    },
];

/// Attention without a gate, to all tokens and without positions once in five layers, in windows twice; an expert that every
/// token takes whole.
const LARA: Decoder = Decoder {
    tied: true,
    experts: Some(Experts {
        shared_gate: None,
        ..EXPERTS
    }),
    hybrid: Hybrid::of(lara_order, |config, hidden| mixer(config, hidden, DeltaNames::Parted)),
    adjust_layer: |_, _, place, blocks| {
        Ok(match place.mixer {
            MixerKind::Full => adjust::mixer(blocks, without_positions),
            _ => blocks,
        })
    },
    ..DENSE
};

fn lara_order(config: &Config, layers: u64) -> Result<Vec<MixerKind>, ModelError> {
    use MixerKind::{Full, Recurrent, Window};
    let usual = [Recurrent, Window, Recurrent, Full, Window];
    let order = named(config, "layer_types", layers)?;
    Ok(order.unwrap_or_else(|| usual.into_iter().cycle().take(layers as usize).collect()))
}

pub fn order(config: &Config, layers: u64) -> Result<Vec<MixerKind>, ModelError> {
    every(config, layers, &["full_attention_interval"], 4)
}

/// Attention whose queries come with a gate for the output.
pub fn gate(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if !place.attends() {
        return Ok(blocks);
    }
    let bias = config.flag("attention_bias", false)?;
    Ok(adjust::mixer(blocks, |block| {
        let queries = block.operators.iter().find_map(|operator| match &operator.kind {
            Kind::Linear { output, .. } if operator.name == "q_proj" => Some(output.clone()),
            _ => None,
        });
        match queries {
            Some(queries) => query_gate(block, "self_attn.q_proj", &queries, hidden, bias),
            None => block,
        }
    }))
}

pub fn mixer(config: &Config, hidden: &Quantity, names: DeltaNames) -> Result<Block, ModelError> {
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
