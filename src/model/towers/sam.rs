//! The vision tower of GOT-OCR 2 (arXiv 2409.01704): SAM's encoder (arXiv 2304.02643) with windows and relative positions.

use super::{Parts, channels, fixed, pair, scaled};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::blueprint::Tower;
use crate::model::component::Component::Vision;
use crate::model::config::{Config, whole, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::units::{Origin, Quantity, Unit};

/// Positions over the grid, layers in windows and a few over the whole grid, a neck of two convolutions.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = match config.optional("intermediate", &["mlp_dim"])? {
        Some(width) => width,
        None => scaled(config, &hidden, "mlp_ratio")?,
    };
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let heads = config.size("heads", &["num_attention_heads"])?;
    let output = config.size("output", &["output_channels"])?;
    let ((height, _), (down, across)) = (pair(config, "image_size")?, pair(config, "patch_size")?);
    let grid = Quantity::quotient("grid", &height, &down);
    let window = config.size("window", &["window_size"])?;
    let head = Quantity::quotient("head_dim", &hidden, &heads);
    let one = fixed("one", 1, "one for all");
    let mut embeddings = Stack::once(Vision, "Patch embedding", prefix).patches();
    if config.flag("use_abs_pos", true)? {
        embeddings = embeddings.tensor("pos_embed", &[&one, &grid, &grid, &hidden]);
    }
    let embeddings = embeddings.kernel(
        "patch_embed.projection",
        &[&hidden, &channels(config)?, &down, &across],
        true,
    );
    let mut parts = vec![embeddings.finish()];
    let wide = global(config, layers.value)?;
    let relative = config.flag("use_rel_pos", true)?;
    let bias = config.flag("qkv_bias", true)?;
    let windowed = Quantity {
        value: layers.value.saturating_sub(wide.value),
        ..layers.renamed("windowed layers")
    };
    let known = Some(heads);
    for (title, count, side, seen) in [
        (
            "Windowed vision layers",
            &windowed,
            &window,
            Stage::Windows(window.clone()),
        ),
        ("Global vision layers", &wide, &grid, Stage::Patches),
    ] {
        if count.value == 0 {
            continue;
        }
        let span = Quantity::architecture(
            "relative positions",
            side.value.saturating_mul(2).saturating_sub(1),
            "twice the side of the window, less one",
        );
        let mut layer = Stack::repeated(Vision, title, format!("{prefix}layers.{{i}}."), count).over(seen.clone());
        if relative {
            layer = layer
                .tensor("attn.rel_pos_h", &[&span, &head])
                .tensor("attn.rel_pos_w", &[&span, &head]);
        }
        let both = side.times("distances", 2);
        let style = Vit {
            distances: relative.then_some(&both),
            qkv: &["attn.qkv"],
            output: "attn.proj",
            mlp: &["mlp.lin1", "mlp.lin2"],
            bias: Biases {
                qv: bias,
                k: bias,
                ..Biases::ALL
            },
            ..Vit::clip(&hidden, &known, &width)
        };
        // Windows are filled up before attention; the MLP runs over patches alone.
        let layer = layer.attention_of(&style).patches().mlp_of(&style);
        parts.push(layer.finish());
    }
    parts.push(neck(&hidden, &output, &format!("{prefix}neck.")));
    Ok(parts)
}

/// Two convolutions with a norm after each.
pub fn neck(hidden: &Quantity, output: &Quantity, prefix: &str) -> Tower {
    let (one, three) = (fixed("one", 1, "one for all"), fixed("kernel", 3, "kernels of 3 by 3"));
    Stack::once(Vision, "Neck", prefix)
        .patches()
        .kernel("conv1", &[output, hidden, &one, &one], false)
        .norm("layer_norm1", Norm::Layer, output)
        .kernel("conv2", &[output, output, &three, &three], false)
        .norm("layer_norm2", Norm::Layer, output)
        .finish()
}

/// How many layers see the whole grid.
fn global(config: &Config, layers: u64) -> Result<Quantity, ModelError> {
    const KEY: &str = "global_attn_indexes";
    let given = config.get(KEY);
    let value = given.or_else(|| config.class_default(KEY));
    let Some(list) = value.and_then(serde_json::Value::as_array) else {
        return Err(wrong(
            KEY,
            value.unwrap_or(&serde_json::Value::Null),
            "a list of layers",
        ));
    };
    let mut count = 0;
    for item in list {
        count += u64::from(whole(KEY, item, 0, 100_000)? < layers);
    }
    Ok(Quantity {
        name: "global layers".into(),
        value: count,
        unit: Unit::Count,
        origin: if given.is_some() {
            Origin::Config(KEY.into())
        } else {
            Origin::ClassDefault(KEY.into())
        },
    })
}
