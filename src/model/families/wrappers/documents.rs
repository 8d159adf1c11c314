//! Readers of documents: Granite Docling, MiniCPM-V 4.6 and 4.7 and MiniCPM-OCR.

use super::Around;
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::error::ModelError;
use crate::model::towers::{Parts, list, siglip};
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
    let taps = list(&vision, "deepstack_visual_indexes")?;
    let mut parts = siglip::tower(&vision, PREFIX, siglip::Form::HEADLESS)?;
    let ends = Stack::once(Vision, "Connector", format!("{PREFIX}connector."))
        .norm("ln_in", Norm::Layer, &hidden)
        .norm("ln_mid", Norm::Layer, &out)
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
        let merged = Quantity::product("merged", &[&hidden, &side, &side]);
        let prefix = format!("{PREFIX}connector.{name}.");
        let route = Stack::once(Vision, "Route", prefix.as_str()).linear("projection", &out, &merged, false);
        parts.push(route.finish());
        if taps.value > 0 {
            let prefix = format!("{prefix}deepstack_mergers.{{i}}.");
            let merger = Stack::repeated(Vision, "Mergers of deeper features", prefix, &taps)
                .norm("layer_norm", Norm::Layer, &merged)
                .linear("linear_1", &out, &merged, true)
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
    let times = around.whole.size("mergers", &["merger_times"])?;
    let (down, across) = crate::model::towers::pair(&vision, "window_kernel_size")?;
    let window = Quantity::product("window", &[&hidden, &down, &across]);
    let wide = Quantity::product("window_intermediate", &[&width, &down, &across]);
    let mut parts = siglip::tower(&vision, PREFIX, siglip::Form::HEADLESS)?;
    let inner = Stack::once(Vision, "Merger of windows", format!("{PREFIX}vit_merger."))
        .vit(&Vit {
            mlp: &[],
            norms: &["layer_norm1"],
            ..Vit::clip(&hidden, &width)
        })
        .norm("pre_norm", Norm::Layer, &window)
        .linear("linear_1", &wide, &window, true)
        .linear("linear_2", &hidden, &wide, true);
    parts.push(inner.finish());
    let four = Quantity::architecture("four", 4, "two patches on each side");
    let merged = Quantity::product("merged", &[&hidden, &four]);
    let merger = |stack: Stack, out: &Quantity| {
        stack
            .norm("pre_norm", Norm::Layer, &merged)
            .linear("linear_1", &merged, &merged, true)
            .linear("linear_2", out, &merged, true)
            .finish()
    };
    let prefix = "model.merger.mlp.{i}.";
    if times.value > 1 {
        let more = Quantity::config("mergers", "merger_times", times.value - 1);
        parts.push(merger(Stack::repeated(Vision, "Mergers", prefix, &more), &hidden));
    }
    let one = Quantity::architecture("last merger", 1, "the last merger projects");
    parts.push(merger(Stack::repeated(Vision, "Merger", prefix, &one), around.text));
    Ok(parts)
}
