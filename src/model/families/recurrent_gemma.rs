//! RecurrentGemma: Griffin's recurrence in two of three layers, attention within a window in the third.

use super::super::blocks::{Mlp, Recurrent, mlp, recurrent};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::{ChannelMixer, Hybrid, MixerKind};
use super::keys::HEADS;
use super::{Build, Decoder, Family, Flag, Names};
use crate::units::Quantity;

const GEMMA: Decoder = Decoder {
    tied: true,
    output_bias: Flag::Yes,
    names: Names {
        attention: [
            "temporal_block.q_proj",
            "temporal_block.k_proj",
            "temporal_block.v_proj",
            "temporal_block.o_proj",
        ],
        norms: ["temporal_pre_norm", "", "channel_pre_norm", ""],
        final_norm: "final_norm",
        ..Names::LLAMA
    },
    hybrid: Some(Hybrid {
        order,
        other: mixer,
        norms: None,
        window: &["attention_window_size"],
    }),
    channel,
    ..Decoder::LLAMA
};

/// The MLP is half as wide as the config says: gate and up together have that width.
pub const FAMILIES: &[Family] = &[Family {
    types: &["recurrent_gemma"],
    title: "RecurrentGemma",
    build: Build::Decoder(GEMMA),
}];

fn order(config: &Config, layers: u64) -> Result<Vec<MixerKind>, ModelError> {
    let otherwise = vec!["recurrent", "recurrent", "attention"];
    let types = config
        .names("block_types")?
        .filter(|types| !types.is_empty())
        .unwrap_or(otherwise);
    let mixes = types.iter().cycle().take(layers as usize).map(|&name| match name {
        "recurrent" => Ok(MixerKind::Recurrent),
        "attention" => Ok(MixerKind::Window),
        other => Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: format!("The block type \"{}\"", other.chars().take(40).collect::<String>()),
        }),
    });
    mixes.collect()
}

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let style = Recurrent {
        width: config.size_or("lru_width", &["lru_width"], || hidden.renamed("lru_width"))?,
        heads: config.size("heads", HEADS)?,
        kernel: config.size("conv_kernel", &["conv1d_width"])?,
    };
    Ok(recurrent(hidden, &style))
}

fn channel(config: &Config, _: &Decoder, hidden: &Quantity, _: bool) -> Result<ChannelMixer, ModelError> {
    let two = Quantity::architecture("two", 2, "the config states the width of gate and up together");
    let width = config.size("intermediate_size", &["intermediate_size"])?;
    let style = Mlp {
        width: Quantity::quotient("intermediate", &width, &two),
        gate: Some("mlp_block.gate_proj"),
        up: "mlp_block.up_proj",
        down: "mlp_block.down_proj",
        bias: true,
        component: Component::Mlp,
    };
    Ok((mlp(hidden, &style), None))
}
