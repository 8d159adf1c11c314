//! OLMo Hybrid: Gated DeltaNet in three of four layers, OLMo 3's attention in the fourth.

use super::super::blocks::{DeltaNames, GatedDelta, gated_delta};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::{Hybrid, MixerKind};
use super::hybrid::{by, named};
use super::keys::HEADS;
use super::{Build, Decoder, Family, Flag, HeadNorm, Names};
use crate::units::Quantity;

const OLMO: Decoder = Decoder {
    head_norm: HeadNorm::FULL_WIDTH,
    mlp_bias: Flag::No,
    names: Names::POST,
    hybrid: Some(Hybrid {
        order,
        other: mixer,
        norms: Some(Names::LLAMA.norms),
        window: &["sliding_window"],
    }),
    ..Decoder::LLAMA
};

/// Layers with attention have their norms after the mixers, the others before.
pub const FAMILIES: &[Family] = &[Family {
    types: &["olmo_hybrid"],
    title: "OLMo Hybrid",
    build: Build::Decoder(OLMO),
}];

fn order(config: &Config, layers: u64) -> Result<Vec<MixerKind>, ModelError> {
    if let Some(mixes) = named(config, "layer_types", layers)? {
        return Ok(mixes);
    }
    let mut mixes = by(layers, |layer| layer % 4 == 3);
    // There is at least one layer with attention.
    if let Some(last) = mixes.last_mut().filter(|_| layers < 4) {
        *last = MixerKind::Full;
    }
    Ok(mixes)
}

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let heads = config.size("heads", HEADS)?;
    let key_heads = config.size_or("key_heads", &["linear_num_key_heads"], || heads.renamed("key_heads"))?;
    let key_dim = config.size_or("key_dim", &["linear_key_head_dim"], || {
        let four = Quantity::architecture("four", 4, "keys are three quarters of the width");
        let quarters = Quantity::product("four heads", &[&four, &key_heads]);
        Quantity::quotient("key_dim", &hidden.times("3 × hidden", 3), &quarters)
    })?;
    let style = GatedDelta {
        value_heads: config.size_or("value_heads", &["linear_num_value_heads"], || {
            heads.renamed("value_heads")
        })?,
        value_dim: config.size_or("value_dim", &["linear_value_head_dim"], || {
            key_dim.times("value_dim", 2)
        })?,
        key_heads,
        key_dim,
        kernel: config.size("conv_kernel", &["linear_conv_kernel_dim"])?,
        names: DeltaNames::Separate,
    };
    Ok(gated_delta(hidden, &style))
}
