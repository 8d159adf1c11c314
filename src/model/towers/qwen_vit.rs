//! Qwen's vision towers: 2-VL (arXiv 2409.12191), 2.5-VL (arXiv 2502.13923), 3-VL and 3.5. Each ends in a merger that
//! joins `spatial_merge_size`² patches and projects them to the language model.

use super::{Parts, channels, heads, list};
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::blueprint::Tower;
use crate::model::component::Component::Vision;
use crate::model::config::{Config, whole, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::{Quantity, grouped};

/// What all of them share.
struct Common {
    hidden: Quantity,
    heads: Option<Quantity>,
    merged: Quantity,
    side: Quantity,
    layers: Quantity,
    patch: Vec<Quantity>,
}

fn common(config: &Config, width: &'static [&'static str]) -> Result<Common, ModelError> {
    let hidden = config.size("hidden", width)?;
    let side = config.size("merge", &["spatial_merge_size"])?;
    let patch = config.size("patch", &["patch_size", "spatial_patch_size"])?;
    let frames = config.size("frames", &["temporal_patch_size"])?;
    Ok(Common {
        heads: heads(config)?,
        merged: Quantity::product("merged", &[&hidden, &side, &side]),
        side,
        layers: config.size("layers", &["depth"])?,
        patch: vec![channels(config)?, frames, patch.clone(), patch],
        hidden,
    })
}

fn patch(of: &Common, prefix: &str, bias: bool) -> Stack {
    let dims: Vec<&Quantity> = std::iter::once(&of.hidden).chain(&of.patch).collect();
    Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .kernel("patch_embed.proj", &dims, bias)
}

/// A norm of each patch, then squares of them side by side through two layers.
fn merger(of: &Common, prefix: &str, norm: Norm, out: &Quantity) -> Stack {
    Stack::once(Vision, "Merger", format!("{prefix}merger."))
        .patches()
        .norm("ln_q", norm, &of.hidden)
        .over(Stage::Squares(of.side.clone()))
        .linear("mlp.0", &of.merged, &of.merged, true)
        .activation(&of.merged)
        .linear("mlp.2", out, &of.merged, true)
}

/// Qwen 2-VL: `embed_dim` wide; `hidden_size` is the width of the language model.
pub fn second(config: &Config, prefix: &str) -> Parts {
    let of = common(config, &["embed_dim"])?;
    let ratio = config.size("mlp_ratio", &["mlp_ratio"])?;
    let width = Quantity::product("intermediate", &[&of.hidden, &ratio]);
    let out = config.size("output", &["hidden_size"])?;
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}blocks.{{i}}."), &of.layers)
        .patches()
        .vit(&Vit {
            width: &width,
            mlp: &["mlp.fc1", "mlp.fc2"],
            ..plain(&of)
        });
    let merger = merger(&of, prefix, Norm::Layer, &out);
    Ok(vec![
        patch(&of, prefix, false).finish(),
        layer.finish(),
        merger.finish(),
    ])
}

/// Qwen 2.5-VL and its relatives: RMSNorm and a gated MLP; some have fewer heads of keys than of queries.
pub fn gated(config: &Config, prefix: &str) -> Parts {
    let of = common(config, &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let out = config.size("output", &["out_hidden_size"])?;
    let heads = config.size("heads", &["num_heads"])?;
    let groups = config.size_or("kv_heads", &["num_key_value_heads"], || heads.renamed("kv_heads"))?;
    let head = Quantity::quotient("head_dim", &of.hidden, &heads);
    let keys = Quantity::product("k_width", &[&groups, &head]);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}blocks.{{i}}."), &of.layers).patches();
    let span = windows(config, &of)?;
    let style = Vit {
        span,
        keys: &keys,
        width: &width,
        mlp: &["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
        norm: Norm::Rms,
        ..plain(&of)
    };
    let layer = if config.model_type() == "qwen2_5_omni_vision_encoder" {
        layer.vit(&Vit {
            qkv: &["attn.q", "attn.k", "attn.v"],
            ..style
        })
    } else {
        layer.vit(&style)
    };
    let merger = merger(&of, prefix, Norm::Rms, &out);
    Ok(vec![
        patch(&of, prefix, false).finish(),
        layer.finish(),
        merger.finish(),
    ])
}

/// Windows of `window_size` pixels in all layers but some (`fullatt_block_indexes`), rounded to squares of joined patches.
fn windows(config: &Config, of: &Common) -> Result<Span, ModelError> {
    let Some(window) = config.optional("window", &["window_size"])? else {
        return Ok(Span::Both);
    };
    let whole = list(config, "fullatt_block_indexes")?;
    let patch = of.patch.last().map_or(1, |patch| patch.value).max(1);
    let joined = (window.value / of.side.value.max(1) / patch).saturating_mul(of.side.value);
    if joined == 0 {
        return Err(ModelError::Inconsistent(format!(
            "window_size is {}; no square of patches is so small.",
            window.value
        )));
    }
    Ok(Span::Squares {
        side: Quantity::config("window side", "window_size", joined),
        whole,
        layers: of.layers.clone(),
    })
}

/// Mergers that hand deeper features to the language model, by their module names.
#[derive(Clone, Copy, Debug)]
pub struct Deep {
    modules: Option<[&'static str; 4]>,
    last: [&'static str; 4],
}

impl Deep {
    const PLAIN: [&'static str; 4] = ["merger.", "norm", "linear_fc1", "linear_fc2"];
    /// Qwen 3.5: none.
    pub const NONE: Self = Self {
        modules: None,
        last: Self::PLAIN,
    };
    /// Qwen 3-VL.
    pub const VL: Self = Self {
        modules: Some(["deepstack_merger_list.{i}.", "norm", "linear_fc1", "linear_fc2"]),
        last: Self::PLAIN,
    };
    /// Qwen 3-Omni.
    pub const OMNI: Self = Self {
        modules: Some(["merger_list.{i}.", "ln_q", "mlp.0", "mlp.2"]),
        last: ["merger.", "ln_q", "mlp.0", "mlp.2"],
    };
}

/// Qwen 3-VL and 3.5: learned positions, LayerNorm, and for 3-VL a merger for each of `deepstack_visual_indexes`.
pub fn third(config: &Config, prefix: &str, deep: Deep) -> Parts {
    let of = common(config, &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let out = config.size("output", &["out_hidden_size"])?;
    let positions = config.size("positions", &["num_position_embeddings"])?;
    let layer = Stack::repeated(Vision, "Vision layers", format!("{prefix}blocks.{{i}}."), &of.layers)
        .patches()
        .vit(&Vit {
            width: &width,
            ..plain(&of)
        });
    let merger = |stack: Stack, [_, norm, first, second]: [&'static str; 4], normed: &Quantity| -> Tower {
        let whole = normed.value == of.hidden.value;
        let squares = Stage::Squares(of.side.clone());
        stack
            .over(if whole { Stage::Patches } else { squares.clone() })
            .norm(norm, Norm::Layer, normed)
            .over(squares)
            .linear(first, &of.merged, &of.merged, true)
            .activation(&of.merged)
            .linear(second, &out, &of.merged, true)
            .finish()
    };
    let embeddings = patch(&of, prefix, true).tensor("pos_embed.weight", &[&positions, &of.hidden]);
    let mut parts = vec![embeddings.finish(), layer.finish()];
    let [module, ..] = deep.last;
    let last = Stack::once(Vision, "Merger", format!("{prefix}{module}"));
    parts.push(merger(last, deep.last, &of.hidden));
    if let Some(modules) = deep.modules
        && let Some(count) = taps(config)?
    {
        let [module, ..] = modules;
        let stack = Stack::repeated(
            Vision,
            "Mergers of deeper features",
            format!("{prefix}{module}"),
            &count,
        );
        parts.push(merger(stack, modules, &of.merged));
    }
    Ok(parts)
}

/// How many layers are tapped for deeper features.
fn taps(config: &Config) -> Result<Option<Quantity>, ModelError> {
    const KEY: &str = "deepstack_visual_indexes";
    let Some(value) = config.get(KEY).or_else(|| config.class_default(KEY)) else {
        return Ok(None);
    };
    let Some(list) = value.as_array() else {
        return Err(wrong(KEY, value, "a list of layers"));
    };
    for item in list {
        whole(KEY, item, 0, 100_000)?;
    }
    if list.len() > 1000 {
        let count = grouped(list.len() as u64);
        return Err(ModelError::Inconsistent(format!(
            "{KEY} has {count} entries; no tower has so many layers."
        )));
    }
    Ok((!list.is_empty()).then(|| Quantity::config("taps", KEY, list.len() as u64)))
}

/// The layer they share: one matrix for queries, keys and values, biases everywhere.
fn plain(of: &Common) -> Vit<'_> {
    Vit {
        qkv: &["attn.qkv"],
        output: "attn.proj",
        mlp: &["mlp.linear_fc1", "mlp.linear_fc2"],
        norms: &["norm1", "norm2"],
        ..Vit::clip(&of.hidden, &of.heads, &of.hidden)
    }
}
