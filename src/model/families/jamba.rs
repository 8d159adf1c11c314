//! Jamba: Mamba with attention in every eighth layer and experts in every second.

use super::super::blocks::{Mamba1, mamba1};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::{Hybrid, MixerKind};
use super::hybrid::periodic;
use super::keys::EXPERTS;
use super::mamba::rank;
use super::names::FEED_FORWARD;
use super::{Build, Decoder, Experts, Family, Names};
use crate::units::Quantity;

const JAMBA: Decoder = Decoder {
    experts: Some(Experts {
        width: &["intermediate_size"],
        router: "feed_forward.router",
        modules: [
            "feed_forward.experts.{e}.gate_proj",
            "feed_forward.experts.{e}.up_proj",
            "feed_forward.experts.{e}.down_proj",
        ],
        ..Experts::PLAIN
    }),
    names: Names {
        mlp: FEED_FORWARD,
        norms: ["input_layernorm", "", "pre_ff_layernorm", ""],
        final_norm: "final_layernorm",
        ..Names::LLAMA
    },
    hybrid: Hybrid::of(
        |config, layers| {
            let attends = periodic(config, layers, ["attn_layer_period", "attn_layer_offset"])?;
            let mix = |attends| if attends { MixerKind::Full } else { MixerKind::Recurrent };
            Ok(attends.into_iter().map(mix).collect())
        },
        mixer,
    ),
    sparse,
    rotary: false,
    ..Decoder::UNBIASED
};

/// Attention has no positions: the recurrence knows the order.
pub const FAMILIES: &[Family] = &[Family {
    types: &["jamba"],
    title: "Jamba",
    build: Build::Decoder(JAMBA),
}];

fn sparse(config: &Config, _: &Decoder, layers: u64) -> Result<Vec<bool>, ModelError> {
    // One expert is an MLP.
    if config.size("experts", EXPERTS)?.value < 2 {
        return Ok(vec![false; layers as usize]);
    }
    periodic(config, layers, ["expert_layer_period", "expert_layer_offset"])
}

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let style = Mamba1 {
        module: "mamba",
        inner: Quantity::product("inner", &[&config.size("mamba_expand", &["mamba_expand"])?, hidden]),
        state: config.size("mamba_d_state", &["mamba_d_state"])?,
        kernel: config.size("mamba_d_conv", &["mamba_d_conv"])?,
        rank: rank(config, "mamba_dt_rank", hidden)?,
        conv_bias: config.flag("mamba_conv_bias", true)?,
        bias: config.flag("mamba_proj_bias", false)?,
        norms: true,
        heads: None,
    };
    Ok(mamba1(hidden, &style))
}
