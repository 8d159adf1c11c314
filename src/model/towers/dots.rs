//! Towers of dots3: images through layers with more and more experts, sound through rotary layers.

use serde_json::Value;

use super::{Parts, channels, fixed, heads as heads_of, spectrum};
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::{Audio, Vision};
use crate::model::config::{Config, MOST_DIMENSION, whole};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::{Routing, Span};
use crate::units::Quantity;

/// Keys of files that were written before the class had its own; they are not read.
const OLDER: [&str; 8] = [
    "pyramid_num_routed",
    "embed_dim",
    "num_heads",
    "use_bias",
    "capacity_factor",
    "whisper_config",
    "whisper_adapter_in_dim",
    "adapter_output_size",
];

fn newer(config: &Config) -> Result<(), ModelError> {
    match OLDER.iter().find(|key| config.get(key).is_some()) {
        Some(key) => Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: format!("A tower in its older form ({key})"),
        }),
        None => Ok(()),
    }
}

/// Experts of the sparse layers, by layer.
fn experts(config: &Config, layers: u64) -> Result<Vec<Option<Quantity>>, ModelError> {
    const KEY: &str = "mlp_layer_types";
    let value = config.get(KEY).or_else(|| config.class_default(KEY));
    let names: Vec<&str> = value
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    if (names.len() as u64) < layers {
        return Err(ModelError::Inconsistent(format!(
            "{KEY} has {} entries for {layers} layers.",
            names.len()
        )));
    }
    let each = config.object("per_layer_config");
    let usual = config.size("experts", &["num_local_experts"])?;
    let own = |layer: usize| -> Result<Option<Quantity>, ModelError> {
        if names.get(layer) != Some(&"sparse") {
            return Ok(None);
        }
        let Some(each) = each else {
            // The class's own pyramid: four more in each of the last layers.
            if config.get(KEY).is_some() {
                return Ok(Some(usual.clone()));
            }
            let count = (layer as u64).saturating_sub(24).saturating_mul(4).clamp(4, 64);
            return Ok(Some(Quantity::assumed(
                "experts",
                count,
                "the class's own number of experts",
            )));
        };
        let found = each
            .iter()
            .find(|(key, _)| key.parse::<usize>().is_ok_and(|index| index == layer));
        match found.and_then(|(_, values)| values.get("num_local_experts")) {
            Some(value) => {
                let count = whole("num_local_experts", value, 1, MOST_DIMENSION)?;
                Ok(Some(Quantity::config("experts", "per_layer_config", count)))
            }
            None => Ok(Some(usual.clone())),
        }
    };
    (0..layers as usize).map(own).collect()
}

/// Images, and what joins a square of patches into the language model.
pub fn vision(config: &Config, prefix: &str) -> Parts {
    newer(config)?;
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let narrow = config.size("expert_width", &["moe_intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    if layers.value > 1000 {
        return Err(ModelError::Inconsistent(
            "No tower has more than a thousand layers.".to_owned(),
        ));
    }
    let patch = config.size("patch", &["patch_size"])?;
    let heads = config.size("heads", &["num_attention_heads"])?;
    let dim = Quantity::quotient("head_dim", &hidden, &heads);
    let known = Some(heads.clone());
    let (side, out) = (
        config.size("merge", &["adapter_merge_size"])?,
        config.size("output", &["adapter_out_dim"])?,
    );
    let chosen = config.size("top_k", &["num_experts_per_tok"])?;
    let (bias, mlp_bias) = (config.flag("attention_bias", false)?, config.flag("mlp_bias", false)?);
    let colours = channels(config)?;
    let first = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .kernel("patch_embed.proj", &[&hidden, &colours, &patch, &patch], true)
        .norm("patch_embed.norm", Norm::Rms, &hidden);
    let each = experts(config, layers.value)?;
    let dense = each.iter().filter(|experts| experts.is_none()).count() as u64;
    let blocks = format!("{prefix}blocks.{{i}}.");
    let style = Vit {
        qkv: &["attn.qkv"],
        output: "attn.proj",
        norms: &["norm1", "norm2"],
        norm: Norm::Rms,
        head_norm: Some((["attn.q_norm", "attn.k_norm"], Norm::Rms, &dim)),
        bias: Biases {
            qv: bias,
            k: bias,
            output: bias,
            mlp: mlp_bias,
        },
        ..Vit::clip(&hidden, &known, &width)
    };
    let mut parts = vec![first.finish()];
    if dense > 0 {
        let count = Quantity::config("layers", "mlp_layer_types", dense);
        let gated = Vit {
            mlp: &["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
            ..style.clone()
        };
        parts.push(
            Stack::repeated(Vision, "Vision layers", blocks.as_str(), &count)
                .patches()
                .vit(&gated)
                .finish(),
        );
    }
    for experts in each.into_iter().flatten() {
        let one = Quantity::config("layers", "mlp_layer_types", 1);
        let routing = Routing {
            top_k: Quantity {
                value: chosen.value.min(experts.value),
                ..chosen.clone()
            },
            experts: experts.clone(),
        };
        let plain = Vit {
            mlp: &[],
            ..style.clone()
        };
        let layer = Stack::repeated(Vision, "Vision layers with experts", blocks.as_str(), &one)
            .patches()
            .vit(&plain)
            .block("Mixture of experts")
            .linear("mlp.gate", &experts, &hidden, false)
            .expert("mlp.experts.{e}.gate_proj", &narrow, &hidden, &routing)
            .expert("mlp.experts.{e}.up_proj", &narrow, &hidden, &routing)
            .gated(&narrow, Some(&routing))
            .expert("mlp.experts.{e}.down_proj", &hidden, &narrow, &routing);
        parts.push(layer.finish());
    }
    let merged = Quantity::product("merged", &[&hidden, &side, &side]);
    let last = Stack::once(Vision, "Merger", prefix)
        .patches()
        .norm("norm", Norm::Rms, &hidden)
        .norm("merger.ln_q", Norm::Layer, &hidden)
        .over(Stage::Squares(side))
        .linear("merger.mlp.0", &merged, &merged, true)
        .activation(&merged)
        .linear("merger.mlp.2", &out, &merged, true);
    parts.push(last.finish());
    Ok(parts)
}

/// Sound: three convolutions that halve both sides, layers, an adapter.
pub fn audio(config: &Config, prefix: &str) -> Parts {
    newer(config)?;
    let hidden = config.size("audio_hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let down = config.size("channels", &["downsample_hidden_size"])?;
    let bins = config.size("bins", &["feature_size"])?;
    let out = config.size("output", &["adapter_out_dim"])?;
    let bias = config.flag("attention_bias", true)?;
    let (one, three) = (
        fixed("one", 1, "one channel of sound"),
        fixed("kernel", 3, "kernels of 3 by 3"),
    );
    // A file's own word wins over what follows from bins and channels.
    let flat = config.size_or("subsampled", &["conv_output_size"], || {
        let left = fixed("bins_left", bins.value.div_ceil(8), "bins after three strides of 2");
        Quantity::product("subsampled", &[&down, &left])
    })?;
    let adapted = config.size_or("adapter input", &["adapter_input_size"], || hidden.clone())?;
    if adapted.value != hidden.value {
        return Err(ModelError::Inconsistent(
            "adapter_input_size must be the width of the layers; the class refuses anything else.".to_owned(),
        ));
    }
    let first = Stack::once(Audio, "Audio convolutions", format!("{prefix}conv_stem."))
        .over(spectrum(1, bins.value))
        .kernel("convs.0", &[&down, &one, &three, &three], true)
        .activation(&down)
        .over(spectrum(2, bins.value))
        .kernel("convs.1", &[&down, &down, &three, &three], true)
        .activation(&down)
        .over(spectrum(3, bins.value))
        .kernel("convs.2", &[&down, &down, &three, &three], true)
        .activation(&down)
        .patches()
        .linear("conv_out", &hidden, &flat, false);
    let layer = Stack::repeated(Audio, "Audio layers", format!("{prefix}layers.{{i}}."), &layers)
        .patches()
        .norm("input_layernorm", Norm::Rms, &hidden)
        .block("Attention")
        .linear("self_attn.q_proj", &hidden, &hidden, bias)
        .linear("self_attn.k_proj", &hidden, &hidden, false)
        .linear("self_attn.v_proj", &hidden, &hidden, bias)
        .attend(heads_of(config)?.as_ref(), &hidden, &hidden, Span::Both)
        .linear("self_attn.o_proj", &hidden, &hidden, bias)
        .block("RMSNorm")
        .norm("post_attention_layernorm", Norm::Rms, &hidden)
        .block("Gated MLP")
        .linear("mlp.gate_up_proj", &width.times("gate_and_up", 2), &hidden, true)
        .gated(&width, None)
        .linear("mlp.down_proj", &hidden, &width, true);
    let last = Stack::once(Audio, "Audio adapter", prefix)
        .patches()
        .norm("layer_norm", Norm::Rms, &hidden)
        .norm("adapter.norm", Norm::Layer, &hidden)
        .linear("adapter.fc1", &out, &hidden, true)
        .activation(&out)
        .linear("adapter.fc2", &out, &out, true);
    Ok(vec![first.finish(), layer.finish(), last.finish()])
}
