//! DaViT (Ding 2022, arXiv 2204.03645), the tower of Florence-2: levels of layers that attend within windows, then among
//! channels, with convolutions before each half.

use serde_json::Value;

use super::Parts;
use crate::model::blocks::{Norm, Stack};
use crate::model::blueprint::Tower;
use crate::model::component::Component::Vision;
use crate::model::config::{Config, MOST_DIMENSION, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::units::Quantity;

/// Sizes of one level.
struct Level {
    width: Quantity,
    inner: Quantity,
    heads: Quantity,
    group: Quantity,
    depth: Quantity,
}

/// Convolutions that join patches, and layers, level by level. A patch of the last level is four of the one before it.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    const MOST: usize = 16;
    let lists = ["embed_dim", "num_heads", "num_groups", "depths", "patch_size"].map(|key| config.counts(key));
    let [widths, heads, groups, depths, kernels] = lists;
    let (widths, heads, groups, depths, kernels) = (widths?, heads?, groups?, depths?, kernels?);
    let levels = widths.len();
    let short = [&heads, &groups, &depths, &kernels]
        .iter()
        .any(|list| list.len() < levels);
    let zero = [&widths, &heads, &groups, &kernels]
        .iter()
        .any(|list| list.contains(&0));
    if levels == 0 || levels > MOST || short || zero || heads.len() != levels || groups.len() != levels {
        return Err(ModelError::Inconsistent(
            "embed_dim, num_heads, num_groups, depths and patch_size must have a number for each level.".to_owned(),
        ));
    }
    let before = flags(config, "patch_prenorm")?;
    let mut input = config.size("colours", &["in_channels"])?;
    let window = config.size("window", &["window_size"])?;
    let bias = config.flag("qkv_bias", true)?;
    let at = |list: &[u64], level: usize, key: &'static str| {
        Quantity::config(key, key, list.get(level).copied().unwrap_or(1))
    };
    let mut parts = Vec::new();
    for level in 0..levels {
        let width = at(&widths, level, "embed_dim");
        let kernel = at(&kernels, level, "patch_size");
        let finer = 4_u64.saturating_pow((levels - 1 - level) as u32);
        let rows = Stage::Times(Quantity::architecture(
            "patches",
            finer,
            "patches of this level for one of the last",
        ));
        let first = before.get(level).copied().unwrap_or(false);
        let mut stack = Stack::once(Vision, "Patch embedding", format!("{prefix}convs.{level}.")).over(rows.clone());
        if first {
            stack = stack.norm("norm", Norm::Layer, &input);
        }
        stack = stack.kernel("conv", &[&width, &input, &kernel, &kernel], true);
        if !first {
            stack = stack.norm("norm", Norm::Layer, &width);
        }
        parts.push(stack.finish());
        let of = Level {
            inner: inner(config, &width)?,
            heads: at(&heads, level, "num_heads"),
            group: Quantity::quotient("channels of a group", &width, &at(&groups, level, "num_groups")),
            depth: at(&depths, level, "depths"),
            width: width.clone(),
        };
        if of.depth.value > 0 {
            let name = format!("{prefix}blocks.{level}.{{i}}.");
            parts.extend(layers(&of, &name, &rows, &window, bias));
        }
        input = width;
    }
    Ok(parts)
}

/// Half of a layer: a convolution of each channel, a norm, `mixes`; another convolution, a norm, an MLP.
fn half(of: &Level, prefix: String, rows: &Stage, mixes: impl FnOnce(Stack) -> Stack, title: &'static str) -> Tower {
    let one = Quantity::architecture("filter", 1, "a filter for each channel");
    let three = Quantity::architecture("kernel", 3, "kernels of 3 by 3");
    let dims = [&of.width, &one, &three, &three];
    let stack = Stack::repeated(Vision, title, prefix, &of.depth)
        .over(rows.clone())
        .kernel("conv1", &dims, true)
        .norm("norm1", Norm::Layer, &of.width);
    mixes(stack)
        .block("MLP")
        .kernel("conv2", &dims, true)
        .norm("norm2", Norm::Layer, &of.width)
        .linear("ffn.fc1", &of.inner, &of.width, true)
        .activation(&of.inner)
        .linear("ffn.fc2", &of.width, &of.inner, true)
        .finish()
}

fn layers(of: &Level, prefix: &str, rows: &Stage, window: &Quantity, bias: bool) -> Vec<Tower> {
    let triple = of.width.times("qkv_width", 3);
    let square = Stage::Each(Quantity::product("patches of a window", &[window, window]));
    let within = |stack: Stack| {
        stack
            .linear("window_attn.qkv", &triple, &of.width, bias)
            .attend(Some(&of.heads), &of.width, &of.width, Span::Part(square))
            .linear("window_attn.proj", &of.width, &of.width, true)
    };
    let among = |stack: Stack| {
        stack
            .linear("channel_attn.qkv", &triple, &of.width, bias)
            .compared("scores of channels", &of.group, &of.width)
            .compared("values of channels", &of.group, &of.width)
            .linear("channel_attn.proj", &of.width, &of.width, true)
    };
    vec![
        half(
            of,
            format!("{prefix}spatial_block."),
            rows,
            within,
            "Layers within windows",
        ),
        half(
            of,
            format!("{prefix}channel_block."),
            rows,
            among,
            "Layers among channels",
        ),
    ]
}

fn inner(config: &Config, width: &Quantity) -> Result<Quantity, ModelError> {
    super::scaled(config, width, "mlp_ratio")
}

/// A list of yes and no, of the file or its class.
fn flags(config: &Config, key: &'static str) -> Result<Vec<bool>, ModelError> {
    let value = config.get(key).or_else(|| config.class_default(key));
    let list = value.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let read = |item: &Value| item.as_bool().ok_or_else(|| wrong(key, item, "true or false"));
    list.iter().take(MOST_DIMENSION as usize).map(read).collect()
}
