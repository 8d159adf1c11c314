//! Granite 4 Vision: small Q-Formers read windows of patches. Source: `modeling_granite4_vision.py` of transformers 5.23.

use serde_json::Value;

use super::{Around, qformer};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::{Parts, tower};
use crate::units::Quantity;

/// Q-Formers over windows of patches: one for each pair of layers of tower and language
/// model and one for each corner of a square of four patches.
pub fn granite(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = tower(&vision, "model.vision_tower.")?;
    let pairs = match around.whole.get("deepstack_layer_map") {
        Some(Value::Array(pairs)) if pairs.iter().all(is_pair) => pairs.len() as u64,
        _ => {
            return Err(ModelError::Inconsistent(
                "deepstack_layer_map must list pairs of a layer of the tower and one of the language model.".to_owned(),
            ));
        }
    };
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let (queries, window) = sides(&around.whole)?;
    // The class gives it the tower's width and heads of 64, whatever the config says.
    if !hidden.value.is_multiple_of(64) {
        return Err(ModelError::Inconsistent(format!(
            "hidden_size of the tower is {}; its Q-Formers need a multiple of 64.",
            hidden.value
        )));
    }
    let heads = hidden.value / 64;
    let former = around.config.part("qformer_config");
    if former.size("layers", &["num_hidden_layers"])?.value != 1 {
        return Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: "A Q-Former of several layers".to_owned(),
        });
    }
    let reads = former.flag("use_qformer_text_input", false)?;
    let former = former
        .with("hidden_size", Value::from(hidden.value))
        .with("num_attention_heads", Value::from(heads));
    let fixed = |name, value| Quantity::architecture(name, value, "the same in every such model");
    let one = fixed("one", 1);
    let newline = Stack::once(Vision, "End of a row", "model.").tensor("image_newline", &[around.text]);
    parts.push(newline.finish());
    let pairs = Quantity::config("pairs of layers", "deepstack_layer_map", pairs);
    for (name, count) in [
        ("layerwise_projectors", pairs),
        ("spatial_projectors", fixed("corners", 4)),
    ] {
        if count.value == 0 {
            continue;
        }
        let prefix = format!("model.{name}.{{i}}.");
        let first = Stack::repeated(Vision, "Windows and queries", prefix.as_str(), &count)
            .over(Stage::Patches)
            .norm("norm", Norm::Layer, &hidden)
            .tensor("image_positions", &[&one, &window, &hidden])
            .over(Stage::Tokens)
            .tensor("query", &[&one, &queries, &hidden])
            .norm("qformer.layernorm", Norm::Layer, &hidden);
        parts.push(first.finish());
        let under = format!("{prefix}qformer.encoder.layer.0.");
        let stages = [Stage::Patches, Stage::Tokens];
        parts.extend(qformer::layer(
            &former,
            Vision,
            &under,
            [&count, &count],
            &hidden,
            stages,
            reads,
        )?);
        let last = Stack::repeated(Vision, "Projector", prefix, &count).over(Stage::Tokens);
        parts.push(last.linear("out_linear", around.text, &hidden, true).finish());
    }
    Ok(parts)
}

/// A layer of the tower, which may be counted from its end, and one of the language model.
fn is_pair(pair: &Value) -> bool {
    let whole = |at: usize| pair.get(at).is_some_and(Value::is_i64);
    pair.as_array().is_some_and(|pair| pair.len() == 2) && whole(0) && whole(1)
}

/// Queries and patches of a window, from `downsample_rate`: the sides of both, as "4/8".
fn sides(whole: &Config) -> Result<(Quantity, Quantity), ModelError> {
    const KEY: &str = "downsample_rate";
    let said = whole.get(KEY).cloned().unwrap_or_default();
    let text = said.as_str().unwrap_or_default();
    let side = |text: &str| text.trim().parse::<u64>().ok().filter(|side| (1..=1024).contains(side));
    let sides = text.split_once('/').and_then(|(one, other)| side(one).zip(side(other)));
    let Some((query, window)) = sides else {
        return Err(ModelError::Inconsistent(format!(
            "{KEY} must name two sides, as \"4/8\", not {}.",
            said.to_string().chars().take(40).collect::<String>()
        )));
    };
    let squared = |name, side: u64| Quantity::config(name, KEY, side.saturating_mul(side));
    Ok((squared("queries", query), squared("patches of a window", window)))
}
