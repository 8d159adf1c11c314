//! Liquid's LFM 2 and 3: short convolutions with some attention.

use super::super::blocks::{Mlp, ShortConvolution, mlp, short_convolution};
use super::super::component::Component;
use super::super::config::{Config, wrong};
use super::super::error::ModelError;
use super::super::operator::Block;
use super::assemble::tied;
use super::channel::plain_channel;
use super::decoder::{ChannelMixer, Hybrid, MixerKind, Place};
use super::hybrid::{by, named};
use super::names::OUT_PROJ;
use super::{Build, Correction, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Names, adjust};
use crate::units::Quantity;

const MLP: [&str; 3] = ["feed_forward.w1", "feed_forward.w3", "feed_forward.w2"];

const LFM2: Decoder = Decoder {
    tied: true,
    head_norm: HeadNorm::PER_HEAD,
    names: Names {
        attention: OUT_PROJ,
        qk_norm: ["self_attn.q_layernorm", "self_attn.k_layernorm"],
        mlp: MLP,
        norms: ["operator_norm", "", "ffn_norm", ""],
        final_norm: "embedding_norm",
        ..Names::LLAMA
    },
    hybrid: Hybrid::of(
        |config, layers| {
            if let Some(mixes) = named(config, "layer_types", layers)? {
                return Ok(mixes);
            }
            Ok(match config.numbers("full_attn_idxs")? {
                Some(attends) => by(layers, |layer| attends.contains(&layer)),
                None => vec![MixerKind::Full; layers as usize],
            })
        },
        convolution,
    ),
    channel: adjusted,
    tie: |config, otherwise| match config.get("tie_embedding") {
        Some(_) => config.flag("tie_embedding", otherwise),
        None => tied(config, otherwise),
    },
    ..Decoder::UNBIASED
};

fn convolution(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let style = ShortConvolution {
        kernel: config.size("conv_kernel", &["conv_L_cache"])?,
        bias: config.flag("conv_bias", false)?,
    };
    Ok(short_convolution(hidden, &style))
}

const LFM2_MOE: Decoder = Decoder {
    experts: Some(Experts {
        layers: MoeLayers::After(&["num_dense_layers"]),
        router: "feed_forward.gate",
        modules: [
            "feed_forward.experts.{e}.w1",
            "feed_forward.experts.{e}.w3",
            "feed_forward.experts.{e}.w2",
        ],
        correction: Correction::Buffer("feed_forward.expert_bias"),
        ..Experts::PLAIN
    }),
    channel: plain_channel,
    ..LFM2
};

const LFM3: Decoder = Decoder {
    qkv_bias: Flag::Key("attention_bias", false),
    output_bias: Flag::Key("attention_bias", false),
    names: Names {
        attention: Names::LLAMA.attention,
        qk_norm: Names::LLAMA.qk_norm,
        norms: ["operator_norm", "post_operator_norm", "ffn_norm", "post_ffn_norm"],
        ..LFM2.names
    },
    hybrid: Hybrid::of(
        |config, layers| {
            if let Some(mixes) = named(config, "layer_types", layers)? {
                return Ok(mixes);
            }
            let mix = |layer| match layer % 4 {
                2 => MixerKind::Full,
                0 if layer > 0 => MixerKind::Window,
                _ => MixerKind::Recurrent,
            };
            Ok((0..layers).map(mix).collect())
        },
        convolution,
    ),
    adjust_layer: gate,
    channel: plain_channel,
    ..LFM2
};

/// LFM 3 without the norms after its mixers.
const LFM3_PRE: Decoder = Decoder {
    names: Names {
        norms: LFM2.names.norms,
        ..LFM3.names
    },
    ..LFM3
};

/// LFM 2 narrows its MLP by a rule; LFM 3 gates each head and has norms after the mixers as well.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["lfm2"],
        title: "LFM2",
        build: Build::Decoder(LFM2),
    },
    Family {
        types: &["lfm2_moe"],
        title: "LFM2 MoE",
        build: Build::Decoder(LFM2_MOE),
    },
    Family {
        types: &["lfm3"],
        title: "LFM3",
        build: Build::From(|config| {
            let after = config.flag("use_sandwich_norm", true)?;
            Ok(Build::Decoder(if after { LFM3 } else { LFM3_PRE }))
        }),
    },
];

/// Two thirds of the width, times a multiplier, rounded up to a multiple.
fn adjusted(config: &Config, _: &Decoder, hidden: &Quantity, _: bool) -> Result<ChannelMixer, ModelError> {
    let mut width = config.size("intermediate", &["block_ff_dim", "intermediate_size"])?;
    if config.flag("block_auto_adjust_ff_dim", true)? {
        let three = Quantity::architecture("three", 3, "the gate shares the width of two matrices");
        width = Quantity::quotient("two thirds", &width.times("2 × intermediate", 2), &three);
        let factor = match config.get("block_ffn_dim_multiplier") {
            None if config.has("block_ffn_dim_multiplier") => None,
            None => Some(1.0),
            Some(value) => match value.as_f64() {
                Some(factor) if (0.001..=1000.0).contains(&factor) => Some(factor),
                _ => {
                    return Err(wrong(
                        "block_ffn_dim_multiplier",
                        value,
                        "a number between 0.001 and 1000",
                    ));
                }
            },
        };
        if let Some(factor) = factor {
            let scaled = (width.value as f64 * factor) as u64;
            let multiple = config.size("multiple", &["block_multiple_of"])?;
            let rounded = scaled.div_ceil(multiple.value).saturating_mul(multiple.value);
            width = if rounded == width.value {
                width
            } else {
                Quantity::assumed(
                    "intermediate",
                    rounded,
                    "two thirds of intermediate_size × block_ffn_dim_multiplier, rounded up to block_multiple_of",
                )
            };
        }
    }
    let [gate, up, down] = MLP;
    let style = Mlp {
        width,
        gate: Some(gate),
        up,
        down,
        bias: false,
        component: Component::Mlp,
    };
    Ok((mlp(hidden, &style), None))
}

/// One gate for each head of attention.
fn gate(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    Ok(if place.attends() && config.flag("use_attention_gate", true)? {
        adjust::head_gate(blocks, "self_attn.g_proj", hidden)
    } else {
        blocks
    })
}
