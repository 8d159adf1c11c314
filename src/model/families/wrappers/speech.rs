//! Language models that hear speech: Granite Speech (arXiv 2505.08699), VibeVoice ASR, MOSS Transcribe.

use super::{Around, qformer};
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Audio;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, tower};
use crate::units::Quantity;

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// Whisper's tower, a few positions side by side, two layers and a norm.
pub fn moss(around: &Around<'_>) -> Parts {
    let audio = around.config.part("audio_config");
    let hidden = audio.size("audio_hidden", &["d_model", "hidden_size"])?;
    let side = around.whole.size("joined", &["audio_merge_size"])?;
    let joined = Quantity::product("joined positions", &[&hidden, &side]);
    let bias = around.whole.flag("projector_bias", true)?;
    let mut parts = tower(&audio, "model.audio_tower.")?;
    parts.push(
        Stack::once(Audio, "Projector", "model.multi_modal_projector.")
            .over(Stage::Squares(side))
            .linear("linear_1", around.text, &joined, bias)
            .activation(around.text)
            .linear("linear_2", around.text, around.text, bias)
            .norm("norm", Norm::Layer, around.text)
            .finish(),
    );
    Ok(parts)
}

/// Granite Speech: a conformer whose positions see their own block, then a small BERT that reads windows of them.
pub fn granite(around: &Around<'_>) -> Parts {
    let encoder = around.config.part("encoder_config");
    let mut parts = conformer(&encoder)?;
    let config = around.config.part("projector_config");
    if config.model_type() != "blip_2_qformer" {
        return Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: "Another projector than BLIP-2's (projector_config)".to_owned(),
        });
    }
    let window = around.whole.size("window", &["window_size"])?;
    let rate = around.whole.size("rate", &["downsample_rate"])?;
    let queries = Quantity::quotient("queries", &window, &rate);
    let hidden = config.size("hidden", &["hidden_size"])?;
    let reads = config.flag("use_qformer_text_input", false)?;
    let seen = config.size("read width", &["encoder_hidden_size"])?;
    joined(&encoder, &seen)?;
    let one = fixed("one", 1);
    let prefix = "model.projector.qformer.";
    let first = Stack::once(Audio, "Queries", "model.projector.")
        .over(Stage::Tokens)
        .tensor("query", &[&one, &queries, &hidden])
        .norm("qformer.layernorm", Norm::Layer, &hidden);
    parts.push(first.finish());
    let stages = [Stage::Patches, Stage::Tokens];
    parts.extend(qformer::layers(&config, Audio, prefix, &seen, stages, reads)?);
    parts.push(
        Stack::once(Audio, "Projector", "model.projector.")
            .over(Stage::Tokens)
            .linear("linear", around.text, &hidden, true)
            .finish(),
    );
    Ok(parts)
}

/// Granite Speech Plus joins outputs of some layers with that of the last: the projector has to read all of them.
fn joined(encoder: &Config, seen: &Quantity) -> Result<(), ModelError> {
    let Some(layers) = encoder.numbers("cat_hidden_layers")? else {
        return Ok(());
    };
    let hidden = encoder.size("audio_hidden", &["hidden_size", "hidden_dim"])?;
    let count = encoder.size("layers", &["num_hidden_layers", "num_layers"])?;
    let width = hidden.value.saturating_mul(layers.len() as u64 + 1);
    if layers.iter().any(|&layer| layer >= count.value) || width != seen.value {
        return Err(ModelError::Inconsistent(format!(
            "cat_hidden_layers joins {} outputs of {} each; encoder_hidden_size of the projector is {}.",
            layers.len() + 1,
            hidden.value,
            seen.value
        )));
    }
    Ok(())
}

fn conformer(config: &Config) -> Parts {
    const PREFIX: &str = "model.encoder.";
    let hidden = config.size("audio_hidden", &["hidden_size", "hidden_dim"])?;
    let layers = config.size("layers", &["num_hidden_layers", "num_layers"])?;
    let heads = config.size("heads", &["num_attention_heads", "num_heads"])?;
    let dim = config.size_or("head_dim", &["dim_head"], || {
        Quantity::quotient("head_dim", &hidden, &heads)
    })?;
    let bins = config.size("bins", &["num_mel_bins", "input_dim"])?;
    let out = config.size("letters", &["output_dim"])?;
    let kernel = config.size("kernel", &["conv_kernel_size"])?;
    let wide = Quantity::product(
        "intermediate",
        &[&hidden, &config.size("times", &["feedforward_mult"])?],
    );
    let inner = Quantity::product("inner", &[&hidden, &config.size("times", &["conv_expansion_factor"])?]);
    let queries = Quantity::product("q_width", &[&heads, &dim]);
    let furthest = config.size("furthest", &["max_pos_emb"])?;
    let block = config.size("block", &["context_size"])?;
    if block.value > furthest.value {
        return Err(ModelError::Inconsistent(format!(
            "context_size is {} and max_pos_emb {}; the class refuses a block that reaches further.",
            block.value, furthest.value
        )));
    }
    let one = fixed("one", 1);
    let distances = Quantity::sum("distances", &[&furthest.times("both sides", 2), &one]);
    let span = Span::Squares {
        side: block.clone(),
        whole: fixed("layers that see all", 0),
        layers: layers.clone(),
    };
    let first = Stack::once(Audio, "Audio input", PREFIX)
        .patches()
        .linear("input_linear", &hidden, &bins, true);
    let half = |stack: Stack, name: &str| {
        stack
            .block("MLP")
            .norm(&format!("{name}.pre_norm"), Norm::Layer, &hidden)
            .linear(&format!("{name}.up_proj"), &wide, &hidden, true)
            .activation(&wide)
            .linear(&format!("{name}.down_proj"), &hidden, &wide, true)
    };
    let layer = Stack::repeated(Audio, "Conformer layers", format!("{PREFIX}layers.{{i}}."), &layers).patches();
    let layer = half(layer, "ff1")
        .block("Attention")
        .norm("attn.pre_norm", Norm::Layer, &hidden)
        .tensor("attn.rel_pos_emb.weight", &[&distances, &dim])
        .linear("attn.to_q", &queries, &hidden, false)
        .linear("attn.to_kv", &queries.times("kv_width", 2), &hidden, false)
        .attend(Some(&heads), &queries, &queries, span)
        .compared("relative scores", &block, &queries)
        .linear("attn.to_out", &hidden, &queries, true)
        .block("Convolution")
        .norm("conv.norm", Norm::Layer, &hidden)
        .kernel("conv.up_conv", &[&inner.times("gated", 2), &hidden, &one], true)
        .gated(&inner, None)
        .kernel("conv.depth_conv.conv", &[&inner, &one, &kernel], false)
        .norm("conv.batch_norm", Norm::Layer, &inner)
        .activation(&inner)
        .kernel("conv.down_conv", &[&hidden, &inner, &one], true);
    let layer = half(layer, "ff2").norm("post_norm", Norm::Layer, &hidden);
    let letters = Stack::once(Audio, "Letters halfway", PREFIX)
        .patches()
        .linear("out", &out, &hidden, true)
        .linear("out_mid", &hidden, &out, true);
    Ok(vec![first.finish(), layer.finish(), letters.finish()])
}

/// VibeVoice ASR: two stacks of convolutions over samples, each with two layers behind it.
pub fn vibevoice(around: &Around<'_>) -> Parts {
    let mut parts = Vec::new();
    for (key, kind) in [
        ("acoustic_tokenizer_encoder_config", "acoustic"),
        ("semantic_tokenizer_encoder_config", "semantic"),
    ] {
        let config = around.config.part(key);
        if config.model_type() != "vibevoice_acoustic_tokenizer_encoder" {
            return Err(ModelError::NotBuilt {
                model_type: String::new(),
                what: format!("Another encoder of sound ({key})"),
            });
        }
        parts.extend(samples(&config, &format!("model.{kind}_tokenizer_encoder."))?);
        let hidden = config.size("audio_hidden", &["hidden_size"])?;
        parts.push(
            Stack::once(Audio, "Projector", "model.multi_modal_projector.")
                .over(Stage::Tokens)
                .linear(&format!("{kind}_linear_1"), around.text, &hidden, true)
                .norm(&format!("{kind}_norm"), Norm::Rms, around.text)
                .linear(&format!("{kind}_linear_2"), around.text, around.text, true)
                .finish(),
        );
    }
    Ok(parts)
}

/// Levels of convolutions, each with twice the channels of the one before it; layers of depthwise convolution and MLP.
fn samples(config: &Config, prefix: &str) -> Parts {
    const MOST: usize = 24;
    let hidden = config.size("audio_hidden", &["hidden_size"])?;
    let filters = config.size("channels", &["num_filters"])?;
    let kernel = config.size("kernel", &["kernel_size"])?;
    let mono = config.size("channels of sound", &["channels"])?;
    let times = config.size("times", &["ffn_expansion"])?;
    let ratios = config.counts("downsampling_ratios")?;
    let depths = config.counts("depths")?;
    if depths.len() <= ratios.len() || ratios.len() > MOST || ratios.contains(&0) {
        return Err(ModelError::Inconsistent(format!(
            "depths has {} entries for {} downsampling_ratios; there must be one more.",
            depths.len(),
            ratios.len()
        )));
    }
    let one = fixed("one", 1);
    let channels = |level: usize| filters.times("channels", 1 << level.min(32));
    let mut parts = Vec::new();
    for (level, depth) in depths.iter().take(ratios.len() + 1).enumerate() {
        let width = channels(level);
        let (name, input, wide) = match level.checked_sub(1) {
            None => ("stem".to_owned(), mono.clone(), kernel.clone()),
            Some(before) => {
                let ratio = ratios.get(before).copied().unwrap_or(1);
                let wide = Quantity::config("kernel", "downsampling_ratios", ratio.saturating_mul(2));
                (format!("conv_layers.{before}"), channels(before), wide)
            }
        };
        let first = Stack::once(Audio, "Convolution of samples", format!("{prefix}{name}."))
            .patches()
            .kernel("conv.conv", &[&width, &input, &wide], true);
        parts.push(first.finish());
        if *depth == 0 {
            continue;
        }
        let count = Quantity::config("layers", "depths", *depth);
        let inner = Quantity::product("intermediate", &[&width, &times]);
        let layer = Stack::repeated(Audio, "Layers of sound", format!("{prefix}{name}.stage.{{i}}."), &count)
            .patches()
            .norm("norm", Norm::Rms, &width)
            .kernel("mixer.conv", &[&width, &one, &kernel], true)
            .scale("gamma", &[&width])
            .norm("ffn_norm", Norm::Rms, &width)
            .linear("ffn.linear1", &inner, &width, true)
            .activation(&inner)
            .linear("ffn.linear2", &width, &inner, true)
            .scale("ffn_gamma", &[&width]);
        parts.push(layer.finish());
    }
    let last = Stack::once(Audio, "Last convolution of samples", prefix)
        .patches()
        .kernel("head.conv", &[&hidden, &channels(ratios.len()), &kernel], true);
    parts.push(last.finish());
    Ok(parts)
}
