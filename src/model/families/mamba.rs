//! Mamba 1 and 2 and Falcon Mamba: nothing but state spaces.

use super::super::blocks::{Mamba1, Mamba2, mamba1, mamba2};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::channel::no_channel;
use super::decoder::Hybrid;
use super::{Build, Decoder, Family, Names};
use crate::units::Quantity;

const MAMBA: Decoder = Decoder {
    tied: true,
    heads: &[],
    kv_heads: &[],
    head_dim: &[],
    hybrid: Hybrid::alone(first),
    channel: no_channel,
    names: Names {
        embedding: "backbone.embeddings",
        norms: ["norm", "", "", ""],
        final_norm: "backbone.norm_f",
        ..Names::LLAMA
    },
    ..Decoder::LLAMA
};

/// One norm and one mixer a layer.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["mamba"],
        title: "Mamba",
        build: Build::Decoder(MAMBA),
    },
    Family {
        types: &["falcon_mamba"],
        title: "Falcon Mamba",
        // The norms of time step, B and C have no weights.
        build: Build::Decoder(MAMBA),
    },
    Family {
        types: &["mamba2"],
        title: "Mamba 2",
        build: Build::Decoder(Decoder {
            tied: false,
            heads: &["num_heads"],
            head_dim: &["head_dim"],
            dense_width: &[],
            hybrid: Hybrid::alone(second),
            ..MAMBA
        }),
    },
];

/// Rank of the time step where the config says "auto" or nothing: a sixteenth of the width, rounded up.
pub fn rank(config: &Config, key: &'static str, hidden: &Quantity) -> Result<Quantity, ModelError> {
    if config.get(key).is_none_or(|value| value.as_str() == Some("auto")) {
        let sixteen = Quantity::architecture("sixteen", 16, "rank of the time step: hidden ÷ 16, rounded up");
        let up = Quantity::sum("rounded up", &[hidden, &sixteen.renamed("")]);
        let up = Quantity::difference("rounded up", &up, &Quantity::architecture("", 1, ""));
        return Ok(Quantity::quotient("time_step_rank", &up, &sixteen));
    }
    config.size("time_step_rank", std::slice::from_ref(&key))
}

fn first(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    // A width that is given counts before the factor (transformers `MambaConfig`).
    let inner = match config.optional("intermediate_size", &["intermediate_size"])? {
        Some(given) => given.renamed("inner"),
        None => Quantity::product("inner", &[&config.size("expand", &["expand"])?, hidden]),
    };
    let style = Mamba1 {
        module: "mixer",
        inner,
        state: config.size("state_size", &["state_size"])?,
        kernel: config.size("conv_kernel", &["conv_kernel"])?,
        rank: rank(config, "time_step_rank", hidden)?,
        conv_bias: config.flag("use_conv_bias", true)?,
        bias: config.flag("use_bias", false)?,
        norms: false,
        heads: None,
    };
    Ok(mamba1(hidden, &style))
}

fn second(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let inner = Quantity::product("inner", &[&config.size("expand", &["expand"])?, hidden]);
    let bias = config.flag("use_bias", false)?;
    let heads = config.size("num_heads", &["num_heads"])?;
    let head_dim = config.size("head_dim", &["head_dim"])?;
    heads_fill(&heads, &head_dim, &inner)?;
    let style = Mamba2 {
        module: "mixer",
        heads,
        head_dim,
        inner,
        groups: config.size("n_groups", &["n_groups"])?,
        state: config.size("state_size", &["state_size"])?,
        kernel: config.size("conv_kernel", &["conv_kernel"])?,
        chunk: config.size("chunk_size", &["chunk_size"])?,
        conv_bias: config.flag("use_conv_bias", true)?,
        input_bias: bias,
        output_bias: bias,
        norm: true,
    };
    Ok(mamba2(hidden, &style))
}

/// Refuses heads that do not fill the inner width.
pub fn heads_fill(heads: &Quantity, head_dim: &Quantity, inner: &Quantity) -> Result<(), ModelError> {
    if heads.value.saturating_mul(head_dim.value) == inner.value {
        return Ok(());
    }
    Err(ModelError::Inconsistent(format!(
        "{} Mamba heads of width {} do not fill the inner width {}.",
        heads.value, head_dim.value, inner.value
    )))
}

/// Mamba 2 as Bamba, Granite 4 and Falcon-H1 name its keys.
pub fn prefixed(config: &Config, inner: Quantity, output_bias: bool, norm: bool) -> Result<Mamba2, ModelError> {
    let heads = config.size("mamba_n_heads", &["mamba_n_heads"])?;
    let automatic = config
        .get("mamba_d_head")
        .is_none_or(|value| value.as_str() == Some("auto"));
    let head_dim = if automatic {
        Quantity::quotient("mamba_d_head", &inner, &heads)
    } else {
        config.size("mamba_d_head", &["mamba_d_head"])?
    };
    heads_fill(&heads, &head_dim, &inner)?;
    Ok(Mamba2 {
        module: "mamba",
        heads,
        head_dim,
        inner,
        groups: config.size("mamba_n_groups", &["mamba_n_groups"])?,
        state: config.size("mamba_d_state", &["mamba_d_state"])?,
        kernel: config.size("mamba_d_conv", &["mamba_d_conv"])?,
        chunk: config.size("mamba_chunk_size", &["mamba_chunk_size"])?,
        conv_bias: config.flag("mamba_conv_bias", true)?,
        input_bias: config.flag("mamba_proj_bias", false)?,
        output_bias,
        norm,
    })
}
