//! Liquid's LFM 2 and 3: short convolutions with some attention.

use super::super::blocks::{Mlp, ShortConvolution, mlp, output_gate, short_convolution};
use super::super::component::Component;
use super::super::config::{Config, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Kind};
use super::assemble::tied;
use super::hybrid::{ChannelMixer, HybridDecoder, MixerKind, by, named};
use super::{Build, Correction, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Names};
use crate::units::Quantity;

const MLP: [&str; 3] = ["feed_forward.w1", "feed_forward.w3", "feed_forward.w2"];

const LFM2: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        tied: true,
        head_norm: HeadNorm::PER_HEAD,
        names: Names {
            attention: [
                "self_attn.q_proj",
                "self_attn.k_proj",
                "self_attn.v_proj",
                "self_attn.out_proj",
            ],
            qk_norm: ["self_attn.q_layernorm", "self_attn.k_layernorm"],
            mlp: MLP,
            norms: ["operator_norm", "", "ffn_norm", ""],
            final_norm: "embedding_norm",
            ..Names::LLAMA
        },
        ..Decoder::UNBIASED
    },
    order: |config, layers| {
        if let Some(mixes) = named(config, "layer_types", layers)? {
            return Ok(mixes);
        }
        Ok(match config.numbers("full_attn_idxs")? {
            Some(attends) => by(layers, |layer| attends.contains(&layer)),
            None => vec![MixerKind::Full; layers as usize],
        })
    },
    linear: |config, hidden| {
        let style = ShortConvolution {
            kernel: config.size("conv_kernel", &["conv_L_cache"])?,
            bias: config.flag("conv_bias", false)?,
        };
        Ok(short_convolution(hidden, &style))
    },
    channel: adjusted,
    tie: |config, otherwise| match config.get("tie_embedding") {
        Some(_) => config.flag("tie_embedding", otherwise),
        None => tied(config, otherwise),
    },
    ..HybridDecoder::PLAIN
};

const LFM2_MOE: HybridDecoder = HybridDecoder {
    decoder: Decoder {
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
        ..LFM2.decoder
    },
    channel: HybridDecoder::PLAIN.channel,
    ..LFM2
};

const LFM3: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        qkv_bias: Flag::Key("attention_bias", false),
        output_bias: Flag::Key("attention_bias", false),
        names: Names {
            attention: Names::LLAMA.attention,
            qk_norm: Names::LLAMA.qk_norm,
            norms: ["operator_norm", "post_operator_norm", "ffn_norm", "post_ffn_norm"],
            ..LFM2.decoder.names
        },
        ..LFM2.decoder
    },
    order: |config, layers| {
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
    attention: gate,
    channel: HybridDecoder::PLAIN.channel,
    ..LFM2
};

/// LFM 3 without the norms after its mixers.
const LFM3_PRE: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        names: Names {
            norms: LFM2.decoder.names.norms,
            ..LFM3.decoder.names
        },
        ..LFM3.decoder
    },
    ..LFM3
};

/// LFM 2 narrows its MLP by a rule; LFM 3 gates each head and has norms after the mixers as well.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["lfm2"],
        title: "LFM2",
        build: Build::Own(|config, title| LFM2.build(config, title)),
    },
    Family {
        types: &["lfm2_moe"],
        title: "LFM2 MoE",
        build: Build::Own(|config, title| LFM2_MOE.build(config, title)),
    },
    Family {
        types: &["lfm3"],
        title: "LFM3",
        build: Build::Own(|config, title| {
            let family = if config.flag("use_sandwich_norm", true)? {
                LFM3
            } else {
                LFM3_PRE
            };
            family.build(config, title)
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

/// One gate for each head.
fn gate(config: &Config, hidden: &Quantity, block: Block) -> Result<Block, ModelError> {
    if !config.flag("use_attention_gate", true)? {
        return Ok(block);
    }
    let found = block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Attention(attention) => {
            let width = Quantity::product("o_width", &[&attention.heads, &attention.value_dim]);
            Some((attention.heads.clone(), width))
        }
        _ => None,
    });
    let Some((heads, output)) = found else { return Ok(block) };
    Ok(output_gate(block, "self_attn.g_proj", &heads, hidden, &output))
}
