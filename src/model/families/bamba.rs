//! Bamba, Granite 4 and Falcon-H1: Mamba 2 and attention.

use super::super::blocks::{Mlp, mamba2, mlp, without_positions};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::channel::plain_channel;
use super::decoder::{ChannelMixer, Hybrid, MixerKind};
use super::hybrid::{by, named};
use super::mamba::prefixed;
use super::names::FEED_FORWARD;
use super::{Build, Decoder, Experts, Family, Names, Shared, adjust};
use crate::units::Quantity;

const NAMES: Names = Names {
    mlp: FEED_FORWARD,
    norms: ["input_layernorm", "", "pre_ff_layernorm", ""],
    final_norm: "final_layernorm",
    ..Names::LLAMA
};

const BAMBA: Decoder = Decoder {
    names: NAMES,
    hybrid: Hybrid::of(
        |config, layers| {
            let attends = config.numbers("attn_layer_indices")?.unwrap_or_default();
            Ok(by(layers, |layer| attends.contains(&layer)))
        },
        mixer,
    ),
    ..Decoder::LLAMA
};

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let inner = Quantity::product("inner", &[&config.size("mamba_expand", &["mamba_expand"])?, hidden]);
    let bias = config.flag("mamba_proj_bias", false)?;
    Ok(mamba2(hidden, &prefixed(config, inner, bias, true)?))
}

/// Names of Granite's experts; gate and up are one tensor in its checkpoints (the same count).
pub const GRANITE_EXPERTS: Experts = Experts {
    width: &["intermediate_size"],
    shared: Shared::Width(&["shared_intermediate_size"]),
    shared_module: SHARED_MLP,
    router: "block_sparse_moe.router.layer",
    modules: [
        "block_sparse_moe.experts.{e}.gate_proj",
        "block_sparse_moe.experts.{e}.up_proj",
        "block_sparse_moe.experts.{e}.down_proj",
    ],
    ..Experts::PLAIN
};

const SHARED_MLP: [&str; 3] = ["shared_mlp.gate_proj", "shared_mlp.up_proj", "shared_mlp.output_linear"];

const GRANITE: Decoder = Decoder {
    experts: Some(GRANITE_EXPERTS),
    hybrid: Hybrid::of(
        |config, layers| {
            for key in ["layer_types", "layers_block_type"] {
                if let Some(mixes) = named(config, key, layers)? {
                    return Ok(mixes);
                }
            }
            Ok(vec![MixerKind::Recurrent; layers as usize])
        },
        mixer,
    ),
    sparse: |config, _, layers| {
        let experts = config.optional("experts", &["num_local_experts"])?;
        Ok(vec![experts.is_some_and(|experts| experts.value > 0); layers as usize])
    },
    adjust_layer: |config, _, place, blocks| {
        Ok(match config.text("position_embedding_type") {
            Some("rope") => blocks,
            _ if place.attends() => adjust::mixer(blocks, without_positions),
            _ => blocks,
        })
    },
    channel: granite_channel,
    ..Decoder::LLAMA
};

/// The shared MLP runs in every layer; without experts it is all there is.
fn granite_channel(
    config: &Config,
    decoder: &Decoder,
    hidden: &Quantity,
    sparse: bool,
) -> Result<ChannelMixer, ModelError> {
    if sparse {
        return plain_channel(config, decoder, hidden, true);
    }
    let [gate, up, down] = SHARED_MLP;
    let style = Mlp {
        width: config.size("intermediate", &["shared_intermediate_size"])?,
        gate: Some(gate),
        up,
        down,
        bias: false,
        component: Component::Mlp,
    };
    Ok((mlp(hidden, &style), None))
}

const FALCON: Decoder = Decoder {
    hybrid: Hybrid::of(|_, layers| Ok(vec![MixerKind::Both; layers as usize]), falcon_mixer),
    ..BAMBA
};

fn falcon_mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let inner = match config.optional("inner", &["mamba_d_ssm"])? {
        Some(inner) => inner,
        None => Quantity::product("inner", &[&config.size("mamba_expand", &["mamba_expand"])?, hidden]),
    };
    let output_bias = config.flag("projectors_bias", false)?;
    let norm = config.flag("mamba_rms_norm", false)?;
    Ok(mamba2(hidden, &prefixed(config, inner, output_bias, norm)?))
}

/// Falcon-H1 runs both mixers side by side in every layer.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["bamba"],
        title: "Bamba",
        build: Build::Decoder(BAMBA),
    },
    Family {
        types: &["granitemoehybrid"],
        title: "Granite 4",
        build: Build::Decoder(GRANITE),
    },
    Family {
        types: &["falcon_h1"],
        title: "Falcon-H1",
        build: Build::Decoder(FALCON),
    },
];
