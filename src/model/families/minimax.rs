//! MiniMax 01, M1 and M2.

use super::super::blocks::{Lightning, lightning};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::{Hybrid, MixerKind};
use super::hybrid::{by, named};
use super::keys::HEADS;
use super::names::MIXTRAL_EXPERTS;
use super::{Build, Correction, Decoder, Experts, Family, HeadNorm};
use crate::units::Quantity;

const EXPERTS: Experts = Experts {
    width: &["intermediate_size"],
    router: "block_sparse_moe.gate",
    modules: MIXTRAL_EXPERTS,
    ..Experts::PLAIN
};

/// M2: experts on every layer, q and k normed over all heads. Before it: lightning attention in most layers.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["minimax"],
        title: "MiniMax 01",
        build: Build::Decoder(Decoder {
            experts: Some(EXPERTS),
            hybrid: Hybrid::of(order, mixer),
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["minimax_m2"],
        title: "MiniMax M2",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::FULL_WIDTH,
            experts: Some(Experts {
                correction: Correction::Buffer("block_sparse_moe.e_score_correction_bias"),
                ..EXPERTS
            }),
            ..Decoder::UNBIASED
        }),
    },
];

fn order(config: &Config, layers: u64) -> Result<Vec<MixerKind>, ModelError> {
    if let Some(mixes) = named(config, "layer_types", layers)? {
        return Ok(mixes);
    }
    if let Some(types) = config.numbers("attn_type_list")? {
        if (types.len() as u64) < layers {
            let found = types.len();
            return Err(ModelError::Inconsistent(format!(
                "attn_type_list has {found} entries for {layers} layers."
            )));
        }
        return Ok(types
            .iter()
            .take(layers as usize)
            .map(|&kind| {
                if kind == 0 {
                    MixerKind::Recurrent
                } else {
                    MixerKind::Full
                }
            })
            .collect());
    }
    Ok(by(layers, |layer| layer % 2 == 0))
}

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let heads = config.size("heads", HEADS)?;
    let style = Lightning {
        head_dim: config.size_or("head_dim", &["head_dim"], || {
            Quantity::quotient("head_dim", hidden, &heads)
        })?,
        heads,
        block: config.size_or("block_size", &["block_size"], || {
            Quantity::assumed("block_size", 256, "tokens of a block of lightning attention")
        })?,
    };
    Ok(lightning(hidden, &style))
}
