//! Readers of documents and scenes: Granite Docling, MiniCPM-V 4.6 and 4.7, MiniCPM-OCR, PaddleOCR-VL, ERNIE 4.5 VL, dots3.

use serde_json::Value;

use super::Around;
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, channels, heads, list, siglip, tower};
use crate::units::Quantity;

/// Granite Docling: a coarse route for all patches and a fine one, each with mergers of deeper features.
pub fn granite(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.vision_model.";
    if around.whole.get("density_router_hidden_size").is_some() {
        return Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: "A router of dense regions (density_router_hidden_size)".to_owned(),
        });
    }
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let out = vision.size("output", &["out_hidden_size"])?;
    let scale = vision.size("scale", &["scale_factor"])?;
    if out.value != around.text.value {
        return Err(ModelError::Inconsistent(
            "The connector must be as wide as the language model (out_hidden_size); the class refuses anything else."
                .to_owned(),
        ));
    }
    let taps = list(&vision, "deepstack_visual_indexes")?;
    let mut parts = siglip::tower(&vision, PREFIX, siglip::Form::HEADLESS)?;
    let ends = Stack::once(Vision, "Connector", format!("{PREFIX}connector."))
        .patches()
        .norm("ln_in", Norm::Layer, &hidden)
        .over(Stage::Squares(scale.clone()))
        .norm("ln_mid", Norm::Layer, &out)
        .activation(&out)
        .linear("mlp_fc2", &out, &out, false)
        .norm("ln_out", Norm::Layer, &out);
    parts.push(ends.finish());
    let mut routes = vec![("coarse", scale.clone())];
    if vision.flag("use_fine_route", true)? {
        let two = Quantity::architecture("two", 2, "the fine route joins half as many patches on each side");
        let half = Quantity::quotient("scale", &scale, &two);
        if half.value == 0 {
            return Err(ModelError::Inconsistent(
                "scale_factor is 1; the fine route would join no patches.".to_owned(),
            ));
        }
        routes.push(("fine", half));
    }
    for (name, side) in routes {
        // Its processor takes the fine route only where it is told to.
        let seen = match name {
            "fine" => Stage::Still,
            _ => Stage::Squares(side.clone()),
        };
        let merged = Quantity::product("merged", &[&hidden, &side, &side]);
        let prefix = format!("{PREFIX}connector.{name}.");
        let route =
            Stack::once(Vision, "Route", prefix.as_str())
                .over(seen.clone())
                .linear("projection", &out, &merged, false);
        parts.push(route.finish());
        if taps.value > 0 {
            let prefix = format!("{prefix}deepstack_mergers.{{i}}.");
            let merger = Stack::repeated(Vision, "Mergers of deeper features", prefix, &taps)
                .over(seen)
                .norm("layer_norm", Norm::Layer, &merged)
                .linear("linear_1", &out, &merged, true)
                .activation(&out)
                .linear("linear_2", &out, &out, true);
            parts.push(merger.finish());
        }
    }
    Ok(parts)
}

/// MiniCPM: windows of patches are merged halfway through the tower and again behind it.
pub fn minicpm(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.vision_tower.";
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let width = vision.size("intermediate", &["intermediate_size"])?;
    // The class makes one merger where it is told to make none.
    let times = around.whole.optional("mergers", &["merger_times"])?;
    let times = times.map_or(1, |times| times.value);
    let heads = heads(&vision)?;
    let (down, across) = crate::model::towers::pair(&vision, "window_kernel_size")?;
    let window = Quantity::product("window", &[&hidden, &down, &across]);
    let wide = Quantity::product("window_intermediate", &[&width, &down, &across]);
    let layers = vision.size("layers", &["num_hidden_layers"])?.value;
    let before = before_merger(&around.whole, layers);
    let (patches, squares) = match before {
        None => (Stage::Still, Stage::Still),
        Some(_) => (Stage::Patches, Stage::Squares(down.clone())),
    };
    let own = |count: u64| vision.with("num_hidden_layers", count.into());
    let mut parts = siglip::tower(&own(before.unwrap_or(layers)), PREFIX, siglip::Form::HEADLESS)?;
    parts.pop();
    let inner = Stack::once(Vision, "Merger of windows", format!("{PREFIX}vit_merger."))
        .over(patches)
        .vit(&Vit {
            mlp: &[],
            norms: &["layer_norm1"],
            span: Span::Squares {
                side: down.clone(),
                whole: Quantity::architecture("layers that see all", 0, "none of them"),
                layers: Quantity::architecture("layers", 1, "one merger"),
            },
            ..Vit::clip(&hidden, &heads, &width)
        })
        .over(squares)
        .norm("pre_norm", Norm::Layer, &window)
        .linear("linear_1", &wide, &window, true)
        .activation(&wide)
        .linear("linear_2", &hidden, &wide, true);
    parts.push(inner.finish());
    let left = if before.is_some() {
        Stage::Squares(down)
    } else {
        Stage::Patches
    };
    if let Some(after) = before.map(|before| layers - before).filter(|after| *after > 0) {
        let after = Quantity::config("layers", "insert_layer_id", after);
        let prefix = format!("{PREFIX}encoder.layers.{{i}}.");
        let layer = Stack::repeated(Vision, "Vision layers over joined patches", prefix, &after).over(left.clone());
        parts.push(layer.vit(&Vit::clip(&hidden, &heads, &width)).finish());
    }
    let last = Stack::once(Vision, "Vision norm", PREFIX).over(left);
    parts.push(last.norm("post_layernorm", Norm::Layer, &hidden).finish());
    let four = Quantity::architecture("four", 4, "two patches on each side");
    let merged = Quantity::product("merged", &[&hidden, &four]);
    let merger = |stack: Stack, out: &Quantity| {
        stack
            .over(Stage::Tokens)
            .norm("pre_norm", Norm::Layer, &merged)
            .linear("linear_1", &merged, &merged, true)
            .activation(&merged)
            .linear("linear_2", out, &merged, true)
            .finish()
    };
    let prefix = "model.merger.mlp.{i}.";
    if times > 1 {
        let more = Quantity::config("mergers", "merger_times", times - 1);
        parts.push(merger(Stack::repeated(Vision, "Mergers", prefix, &more), &hidden));
    }
    let one = Quantity::architecture("last merger", 1, "the last merger projects");
    parts.push(merger(Stack::repeated(Vision, "Merger", prefix, &one), around.text));
    Ok(parts)
}

/// Layers before windows of patches are merged; none where they never are (`downsample_mode`).
pub fn before_merger(whole: &Config, layers: u64) -> Option<u64> {
    let given = |key| whole.get(key).or_else(|| whole.class_default(key));
    let at = given("insert_layer_id").and_then(Value::as_u64)?.checked_add(1)?;
    let skipped = given("downsample_mode").and_then(Value::as_str) == Some("4x");
    (!skipped && at <= layers).then_some(at)
}

/// ERNIE 4.5 VL: patches come as flat rows; squares of them and pairs of frames are joined in a resampler.
pub fn ernie(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.vision_tower.";
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let width = vision.size("intermediate", &["intermediate_size"])?;
    let layers = vision.size("layers", &["depth"])?;
    let patch = vision.size("patch", &["patch_size"])?;
    let (side, frames) = (
        vision.size("merge", &["spatial_merge_size"])?,
        vision.size("frames", &["temporal_merge_size"])?,
    );
    let flat = Quantity::product("patch_values", &[&channels(&vision)?, &patch, &patch]);
    let first =
        Stack::once(Vision, "Patch embedding", PREFIX)
            .patches()
            .linear("patch_embed.proj", &hidden, &flat, false);
    let heads = heads(&vision)?;
    let layer = Stack::repeated(Vision, "Vision layers", format!("{PREFIX}blocks.{{i}}."), &layers);
    let layer = layer.patches().vit(&Vit {
        qkv: &["attn.qkv"],
        output: "attn.proj",
        norms: &["norm1", "norm2"],
        ..Vit::clip(&hidden, &heads, &width)
    });
    let last = Stack::once(Vision, "Vision norm", PREFIX)
        .patches()
        .norm("ln", Norm::Layer, &hidden);
    let square = Quantity::product("square", &[&hidden, &side, &side]);
    let cube = Quantity::product("square of frames", &[&square, &frames]);
    let resampler = [("spatial_linear", &square), ("temporal_linear", &cube)]
        .into_iter()
        .fold(
            Stack::once(Vision, "Resampler", "model.resampler_model.").over(Stage::Squares(side)),
            |stack, (name, input)| {
                stack
                    .linear(&format!("{name}.fc1"), &square, input, true)
                    .activation(&square)
                    .linear(&format!("{name}.fc2"), &square, &square, true)
                    .norm(&format!("{name}.ln"), Norm::Layer, &square)
            },
        );
    let resampler = resampler
        .linear("mlp", around.text, &square, true)
        .norm("after_norm", Norm::Rms, around.text);
    Ok(vec![first.finish(), layer.finish(), last.finish(), resampler.finish()])
}

/// PaddleOCR-VL (arXiv 2510.14528): SigLIP's tower, squares of patches, two layers.
pub fn paddle(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let side = vision.size("merge", &["spatial_merge_size"])?;
    let merged = Quantity::product("merged", &[&hidden, &side, &side]);
    let mut parts = siglip::tower(&vision, "model.visual.vision_model.", siglip::Form::HEADLESS)?;
    let projector = Stack::once(Vision, "Projector", "model.projector.")
        .patches()
        .norm("pre_norm", Norm::Layer, &hidden)
        .over(Stage::Squares(side))
        .linear("linear_1", &merged, &merged, true)
        .activation(&merged)
        .linear("linear_2", around.text, &merged, true);
    parts.push(projector.finish());
    Ok(parts)
}

/// dots3: its towers end in their own adapters, as wide as the language model.
pub fn dots(around: &Around<'_>) -> Parts {
    let (vision, audio) = (around.config.part("vision_config"), around.config.part("audio_config"));
    for part in [&vision, &audio] {
        if part.size("output", &["adapter_out_dim"])?.value != around.text.value {
            return Err(ModelError::Inconsistent(
                "The adapters must be as wide as the language model (adapter_out_dim); the class refuses anything else."
                    .to_owned(),
            ));
        }
    }
    let mut parts = tower(&vision, "model.vision_tower.")?;
    parts.extend(tower(&audio, "model.audio_tower.")?);
    Ok(parts)
}
