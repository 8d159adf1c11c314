//! Kimi Linear and Ling hybrids: Kimi Delta Attention in most layers, latent attention in the others.

use super::super::blocks::{KimiDelta, kimi_delta, output_gate, without_positions};
use super::super::config::{Config, MOST_DIMENSION, whole};
use super::super::error::ModelError;
use super::super::operator::{Block, Kind};
use super::hybrid::{HybridDecoder, MixerKind, by, every, named};
use super::keys::HEADS;
use super::kimi_k3;
use super::{AttentionForm, Build, Decoder, Experts, Family, Flag};
use crate::units::Quantity;

const KIMI: HybridDecoder = HybridDecoder {
    decoder: Decoder {
        attention: AttentionForm::Latent,
        experts: Some(Experts::DEEPSEEK),
        mlp_bias: Flag::No,
        ..Decoder::LLAMA
    },
    order: kimi_order,
    linear: kimi_mixer,
    attention: kimi_attention,
    channel: kimi_k3::channel,
    after: kimi_k3::after,
    // The classes tie nothing, whatever the config says.
    tie: |_, _| Ok(false),
    ..HybridDecoder::PLAIN
};

const BAILING: HybridDecoder = HybridDecoder {
    order: |config, layers| every(config, layers, &["layer_group_size"], 6),
    linear: |config, hidden| {
        let style = KimiDelta {
            heads: match config.optional("heads", &["linear_num_heads"])? {
                Some(heads) => heads,
                None => config.size("heads", HEADS)?,
            },
            head_dim: config.size_or("head_dim", &["linear_head_dim", "head_dim"], || {
                Quantity::assumed("head_dim", 128, "the class default of linear heads")
            })?,
            kernel: config.size("conv_kernel", &["linear_conv_kernel_dim", "short_conv_kernel_size"])?,
            decays: None,
            full_forget: true,
            full_gate: true,
        };
        Ok(kimi_delta(hidden, &style))
    },
    attention: head_gate,
    channel: HybridDecoder::PLAIN.channel,
    after: HybridDecoder::PLAIN.after,
    ..KIMI
};

/// One dense layer first, experts in the others.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["kimi_linear"],
        title: "Kimi Linear",
        build: Build::Own(|config, title| KIMI.build(config, title)),
    },
    Family {
        types: &["bailing_hybrid"],
        title: "Ling hybrid",
        build: Build::Own(|config, title| BAILING.build(config, title)),
    },
];

/// The keys of the linear layers are in an object of their own in published files.
fn linear_size(config: &Config, name: &'static str, inner: &str, key: &'static str) -> Result<Quantity, ModelError> {
    match config.object("linear_attn_config").and_then(|object| object.get(inner)) {
        Some(value) => Ok(Quantity::config(
            name,
            format!("linear_attn_config.{inner}"),
            whole(inner, value, 1, MOST_DIMENSION)?,
        )),
        None => config.size(name, std::slice::from_ref(&key)),
    }
}

/// `layer_types`, else the lists of layers that count from one, else attention in layers 4, 8, 12 ….
fn kimi_order(config: &Config, layers: u64) -> Result<Vec<MixerKind>, ModelError> {
    if let Some(mixes) = named(config, "layer_types", layers)? {
        return Ok(mixes);
    }
    let Some(object) = config.object("linear_attn_config") else {
        return Ok(by(layers, |layer| layer > 0 && layer % 4 == 0));
    };
    let list = |key: &str| -> Result<Option<Vec<u64>>, ModelError> {
        let Some(items) = object.get(key).and_then(serde_json::Value::as_array) else {
            return Ok(None);
        };
        items
            .iter()
            .map(|item| whole(key, item, 1, MOST_DIMENSION))
            .collect::<Result<_, _>>()
            .map(Some)
    };
    let (Some(full), Some(linear)) = (list("full_attn_layers")?, list("kda_layers")?) else {
        return Ok(by(layers, |layer| layer > 0 && layer % 4 == 0));
    };
    let mut mixes = vec![None; layers as usize];
    for (places, mix) in [(full, MixerKind::Full), (linear, MixerKind::Recurrent)] {
        for place in places {
            if let Some(slot) = mixes.get_mut((place - 1) as usize) {
                *slot = Some(mix);
            }
        }
    }
    mixes.into_iter().collect::<Option<_>>().ok_or_else(|| {
        ModelError::Inconsistent(format!(
            "linear_attn_config does not say for each of {layers} layers whether it is in kda_layers or full_attn_layers."
        ))
    })
}

fn kimi_mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let heads = linear_size(config, "heads", "num_heads", "linear_num_heads")?;
    let head_dim = linear_size(config, "head_dim", "head_dim", "linear_head_dim")?;
    let style = KimiDelta {
        decays: kimi_k3::decays(config, &heads, &head_dim),
        heads,
        head_dim,
        kernel: linear_size(
            config,
            "conv_kernel",
            "short_conv_kernel_size",
            "linear_conv_kernel_dim",
        )?,
        full_forget: false,
        full_gate: kimi_k3::full_gate(config),
    };
    Ok(kimi_k3::reading(config, hidden, kimi_delta(hidden, &style)))
}

/// Latent attention without positions; Kimi K3 gates its output.
fn kimi_attention(config: &Config, hidden: &Quantity, block: Block) -> Result<Block, ModelError> {
    let mut block = without_positions(block);
    if config.flag("mla_use_output_gate", false)?
        && let Some((_, output)) = output_of(&block)
    {
        block = output_gate(block, "self_attn.g_proj", &output, hidden, &output);
    }
    Ok(kimi_k3::reading(config, hidden, block))
}

/// One gate for each head of latent attention.
fn head_gate(_: &Config, hidden: &Quantity, block: Block) -> Result<Block, ModelError> {
    let Some((heads, output)) = output_of(&block) else {
        return Ok(block);
    };
    Ok(output_gate(block, "self_attn.g_proj", &heads, hidden, &output))
}

/// Heads of a block's attention and the width of its output.
fn output_of(block: &Block) -> Option<(Quantity, Quantity)> {
    block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Attention(attention) => {
            let width = Quantity::product("o_width", &[&attention.heads, &attention.value_dim]);
            Some((attention.heads.clone(), width))
        }
        _ => None,
    })
}
