//! Kimi Linear and Ling hybrids: Kimi Delta Attention in most layers, latent attention in the others.

use super::super::blocks::{KimiDelta, kimi_delta, without_positions};
use super::super::config::{Config, MOST_DIMENSION, whole};
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::{Hybrid, MixerKind, Place};
use super::hybrid::{by, every, named};
use super::keys::HEADS;
use super::{AttentionForm, Build, Decoder, Experts, Family, Flag, adjust, kimi_k3};
use crate::units::Quantity;

const KIMI: Decoder = Decoder {
    attention: AttentionForm::Latent,
    experts: Some(Experts::DEEPSEEK),
    mlp_bias: Flag::No,
    hybrid: Hybrid::of(kimi_order, kimi_mixer),
    adjust_layer: kimi_attention,
    channel: kimi_k3::channel,
    adjust_ends: kimi_k3::after,
    // The classes tie nothing, whatever the config says.
    tie: |_, _| Ok(false),
    ..Decoder::LLAMA
};

const BAILING: Decoder = Decoder {
    hybrid: Hybrid::of(
        |config, layers| every(config, layers, &["layer_group_size"], 6),
        bailing_mixer,
    ),
    // One gate for each head of latent attention.
    adjust_layer: |_, hidden, place, blocks| {
        Ok(if place.attends() {
            adjust::head_gate(blocks, "self_attn.g_proj", hidden)
        } else {
            blocks
        })
    },
    channel: Decoder::LLAMA.channel,
    adjust_ends: Decoder::LLAMA.adjust_ends,
    ..KIMI
};

fn bailing_mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
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
}

/// One dense layer first, experts in the others.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["kimi_linear"],
        title: "Kimi Linear",
        build: Build::Decoder(KIMI),
    },
    Family {
        types: &["bailing_hybrid"],
        title: "Ling hybrid",
        build: Build::Decoder(BAILING),
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

/// Kimi Delta Attention by these keys, with both gates through the width of a head.
pub fn plain_delta(config: &Config) -> Result<KimiDelta, ModelError> {
    Ok(KimiDelta {
        heads: linear_size(config, "heads", "num_heads", "linear_num_heads")?,
        head_dim: linear_size(config, "head_dim", "head_dim", "linear_head_dim")?,
        kernel: linear_size(
            config,
            "conv_kernel",
            "short_conv_kernel_size",
            "linear_conv_kernel_dim",
        )?,
        decays: None,
        full_forget: false,
        full_gate: false,
    })
}

fn kimi_mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let plain = plain_delta(config)?;
    let style = KimiDelta {
        decays: kimi_k3::decays(config, &plain.heads, &plain.head_dim),
        full_gate: kimi_k3::full_gate(config),
        ..plain
    };
    Ok(kimi_k3::reading(config, hidden, kimi_delta(hidden, &style)))
}

/// Latent attention without positions; Kimi K3 gates its output.
fn kimi_attention(
    config: &Config,
    hidden: &Quantity,
    place: Place,
    mut blocks: Vec<Block>,
) -> Result<Vec<Block>, ModelError> {
    if !place.attends() {
        return Ok(blocks);
    }
    blocks = adjust::mixer(blocks, without_positions);
    if config.flag("mla_use_output_gate", false)? {
        blocks = adjust::gate(blocks, "self_attn.g_proj", hidden);
    }
    Ok(adjust::mixer(blocks, |block| kimi_k3::reading(config, hidden, block)))
}
