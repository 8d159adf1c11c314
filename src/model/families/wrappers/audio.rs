//! Language models that listen: Whisper's encoder and a projector.

use super::Around;
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Audio;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::whisper::{convolutions, shape};
use crate::model::towers::{Parts, phi as towers, qwen_audio, tower};
use crate::units::Quantity;

fn fixed(name: &'static str, value: u64, why: &'static str) -> Quantity {
    Quantity::architecture(name, value, why)
}

/// Pairs of positions, averaged before the projector.
fn pairs() -> Stage {
    Stage::Squares(fixed("pooled", 2, "pairs of positions are averaged"))
}

/// Qwen 2-Audio (arXiv 2407.10759): one layer.
pub fn qwen2(around: &Around<'_>) -> Parts {
    let audio = around.config.part("audio_config");
    let width = audio.size("audio_hidden", &["d_model"])?;
    let mut parts = tower(&audio, "audio_tower.")?;
    parts.push(
        Stack::once(Audio, "Projector", "multi_modal_projector.")
            .over(pairs())
            .linear("linear", around.text, &width, true)
            .finish(),
    );
    Ok(parts)
}

/// Audio Flamingo 3 (arXiv 2507.08128): two layers.
pub fn flamingo(around: &Around<'_>) -> Parts {
    let audio = around.config.part("audio_config");
    let width = audio.size("audio_hidden", &["hidden_size", "d_model"])?;
    let bias = around.whole.flag("projector_bias", true)?;
    let mut parts = tower(&audio, "audio_tower.")?;
    parts.push(
        Stack::once(Audio, "Projector", "multi_modal_projector.")
            .over(pairs())
            .linear("linear_1", around.text, &width, bias)
            .activation(around.text)
            .linear("linear_2", around.text, around.text, bias)
            .finish(),
    );
    Ok(parts)
}

/// Voxtral (arXiv 2507.13264): four frames side by side, two layers without a bias.
pub fn voxtral(around: &Around<'_>) -> Parts {
    let audio = around.config.part("audio_config");
    let joined = audio.size("joined", &["intermediate_size"])?;
    let mut parts = tower(&audio, "audio_tower.")?;
    parts.push(
        Stack::once(Audio, "Projector", "multi_modal_projector.")
            .over(Stage::Squares(fixed("joined", 4, "four positions side by side")))
            .linear("linear_1", around.text, &joined, false)
            .activation(around.text)
            .linear("linear_2", around.text, around.text, false)
            .finish(),
    );
    Ok(parts)
}

/// GLM-ASR: Whisper's convolutions, layers with rotary positions, four of their rows side by side.
pub fn glm(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.audio_tower.";
    let audio = around.config.part("audio_config");
    let of = shape(&audio)?;
    let kv = audio.optional("kv_heads", &["num_key_value_heads"])?;
    if kv.is_some_and(|kv| of.heads.as_ref().is_some_and(|heads| heads.value != kv.value)) {
        return Err(ModelError::NotBuilt {
            model_type: String::new(),
            what: "Heads of sound that share keys (num_key_value_heads)".to_owned(),
        });
    }
    let layer = Stack::repeated(Audio, "Audio layers", format!("{PREFIX}layers.{{i}}."), &of.layers)
        .patches()
        .vit(&Vit {
            output: "self_attn.o_proj",
            norms: &["input_layernorm", "post_attention_layernorm"],
            bias: Biases {
                k: false,
                ..Biases::ALL
            },
            ..Vit::clip(&of.hidden, &of.heads, &of.width)
        });
    let last = Stack::once(Audio, "Audio norm", PREFIX)
        .patches()
        .norm("norm", Norm::Layer, &of.hidden);
    let twice = around.text.times("projector", 2);
    let projector = Stack::once(Audio, "Projector", "model.multi_modal_projector.")
        .over(Stage::Squares(fixed("joined", 4, "four positions side by side")))
        .linear("linear_1", &twice, &of.width, true)
        .activation(&twice)
        .linear("linear_2", around.text, &twice, true);
    Ok(vec![
        convolutions(&of, PREFIX).finish(),
        layer.finish(),
        last.finish(),
        projector.finish(),
    ])
}

/// Qwen3-ASR: the tower of Qwen 3-Omni, whose projections stand beside it.
pub fn qwen3(around: &Around<'_>) -> Parts {
    let audio = around.config.part("audio_config");
    let output = audio.size("output", &["output_dim"])?;
    let width = audio.size("audio_hidden", &["d_model"])?;
    let mut parts = qwen_audio::asr(&audio, "model.audio_tower.")?;
    parts.push(
        Stack::once(Audio, "Projector", "model.multi_modal_projector.")
            .patches()
            .linear("linear_1", &width, &width, true)
            .activation(&width)
            .linear("linear_2", &output, &width, true)
            .finish(),
    );
    Ok(parts)
}

/// Phi-4-multimodal in transformers' form: it sees and listens.
pub fn phi(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.embed_tokens_extend.";
    let vision = around.config.part("vision_config");
    let mut parts = towers::vision(&vision, &format!("{PREFIX}image_embed."), around.text)?;
    let audio = around.config.part("audio_config");
    parts.extend(towers::audio(&audio, &format!("{PREFIX}audio_embed."), around.text)?);
    Ok(parts)
}
