//! Language models with a way of listening of their own: Fun-ASR and Voxtral as it listens live.

use super::Around;
use crate::model::blocks::{Norm, Stack};
use crate::model::component::Component::Audio;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, heads, spectrum};
use crate::units::Quantity;

fn count(name: &'static str, key: &'static str, value: u64) -> Quantity {
    Quantity::config(name, key, value)
}

/// Attention with biases everywhere, an MLP and two norms; the first layer's input may be of another width.
fn layer(
    stack: Stack,
    heads: Option<&Quantity>,
    [hidden, input, width]: [&Quantity; 3],
    between: impl FnOnce(Stack) -> Stack,
) -> Stack {
    let stack = stack
        .patches()
        .block("Attention")
        .norm("input_layernorm", Norm::Layer, input)
        .linear("self_attn.q_proj", hidden, input, true)
        .linear("self_attn.k_proj", hidden, input, true)
        .linear("self_attn.v_proj", hidden, input, true)
        .attend(heads, hidden, hidden, Span::Both)
        .linear("self_attn.o_proj", hidden, hidden, true);
    between(stack)
        .block("MLP")
        .norm("post_attention_layernorm", Norm::Layer, hidden)
        .linear("mlp.fc1", width, hidden, true)
        .activation(width)
        .linear("mlp.fc2", hidden, width, true)
}

/// Fun-ASR Nano (arXiv 2509.12508): attention beside a memory of neighbouring frames, then an adaptor of a few layers.
pub fn fun(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.audio_tower.layers.{i}.";
    let audio = around.config.part("audio_config");
    let hidden = audio.size("audio_hidden", &["hidden_size"])?;
    let width = audio.size("intermediate", &["intermediate_size"])?;
    let layers = audio.size("layers", &["num_hidden_layers"])?.value;
    let kernel = audio.size("kernel", &["fsmn_kernel_size"])?;
    let input = Quantity::product(
        "stacked frames",
        &[
            &audio.size("mel_bins", &["num_mel_bins"])?,
            &audio.size("frames", &["num_stacked_frames"])?,
        ],
    );
    let one = Quantity::architecture("filter", 1, "a filter for each channel");
    let memory = |stack: Stack| stack.kernel("self_attn.fsmn.conv", &[&hidden, &one, &kernel], false);
    let first = Stack::repeated(
        Audio,
        "First audio layer",
        PREFIX,
        &count("layers", "num_hidden_layers", 1),
    );
    let heads = heads(&audio)?;
    let of = heads.as_ref();
    let mut parts = vec![layer(first, of, [&hidden, &input, &width], memory).finish()];
    if layers > 1 {
        let rest = count("layers", "num_hidden_layers", layers - 1);
        let rest = Stack::repeated(Audio, "Audio layers", PREFIX, &rest);
        parts.push(layer(rest, of, [&hidden, &hidden, &width], memory).finish());
    }
    // The last layer that transcribes has a norm after it, and the last of all.
    let timed = audio.optional("timed", &["num_timestamp_prediction_layers"])?;
    let timed = timed.map_or(0, |timed| timed.value);
    let normed = if timed > 0 && timed < layers { 2 } else { 1 };
    let norms = count("norms", "num_timestamp_prediction_layers", normed);
    let norms =
        Stack::repeated(Audio, "Audio norms", PREFIX, &norms)
            .patches()
            .norm("final_layernorm", Norm::Layer, &hidden);
    parts.push(norms.finish());
    parts.extend(adaptor(around, &hidden)?);
    Ok(parts)
}

fn adaptor(around: &Around<'_>, audio: &Quantity) -> Parts {
    const PREFIX: &str = "model.multi_modal_projector.";
    let config: Config = around
        .config
        .part("adaptor_config")
        .named_if_empty("fun_asr_nano_adaptor");
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let inner = config.size("projector", &["projector_hidden_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    if hidden.value != around.text.value || width.value != around.text.value / 4 {
        return Err(ModelError::Inconsistent(
            "The adaptor must be as wide as the language model, and its MLP a quarter of that; the class refuses \
             anything else."
                .to_owned(),
        ));
    }
    let heads = heads(&config)?;
    let first = Stack::once(Audio, "Projector", PREFIX)
        .over(Stage::Tokens)
        .linear("linear_1", &inner, audio, true)
        .activation(&inner)
        .linear("linear_2", &hidden, &inner, true);
    let stack = Stack::repeated(Audio, "Adaptor layers", format!("{PREFIX}layers.{{i}}."), &layers);
    Ok(vec![
        first.finish(),
        layer(stack, heads.as_ref(), [&hidden, &hidden, &width], |stack| stack).finish(),
    ])
}

/// Voxtral Realtime: causal convolutions and windowed layers, neighbouring frames side by side, two layers.
pub fn live(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.audio_tower.";
    let audio = around.config.part("audio_config");
    let hidden = audio.size("audio_hidden", &["hidden_size"])?;
    let width = audio.size("intermediate", &["intermediate_size"])?;
    let layers = audio.size("layers", &["num_hidden_layers"])?;
    let bins = audio.size("mel_bins", &["num_mel_bins"])?;
    let heads = audio.size("heads", &["num_attention_heads"])?;
    let dim = audio.size_or("head_dim", &["head_dim"], || {
        Quantity::quotient("head_dim", &hidden, &heads)
    })?;
    let queries = Quantity::product("q_width", &[&heads, &dim]);
    let three = Quantity::architecture("kernel", 3, "kernels of 3 frames");
    let first = Stack::once(Audio, "Audio convolutions", format!("{PREFIX}embedder."))
        .over(spectrum(0, 1))
        .kernel("conv1", &[&hidden, &bins, &three], true)
        .activation(&hidden)
        .patches()
        .kernel("conv2", &[&hidden, &hidden, &three], true)
        .activation(&hidden);
    // Each position sees those before it, so many at most.
    let window = audio.optional("window", &["sliding_window"])?;
    let span = window.map_or(Span::Both, Span::Near);
    let layer = Stack::repeated(Audio, "Audio layers", format!("{PREFIX}layers.{{i}}."), &layers)
        .patches()
        .block("Attention")
        .norm("self_attn_layer_norm", Norm::Rms, &hidden)
        .linear("self_attn.q_proj", &queries, &hidden, true)
        .linear("self_attn.k_proj", &queries, &hidden, false)
        .linear("self_attn.v_proj", &queries, &hidden, true)
        .attend(Some(&heads), &queries, &queries, span)
        .linear("self_attn.o_proj", &hidden, &queries, true)
        .block("Gated MLP")
        .norm("final_layer_norm", Norm::Rms, &hidden)
        .linear("mlp.gate_proj", &width, &hidden, false)
        .linear("mlp.up_proj", &width, &hidden, false)
        .gated(&width, None)
        .linear("mlp.down_proj", &hidden, &width, true);
    let last = Stack::once(Audio, "Audio norm", PREFIX)
        .patches()
        .norm("norm", Norm::Rms, &hidden);
    let joined = Quantity::product(
        "joined",
        &[&hidden, &around.whole.size("joined", &["downsample_factor"])?],
    );
    let projector = Stack::once(Audio, "Projector", "model.multi_modal_projector.")
        .over(Stage::Tokens)
        .linear("linear_1", around.text, &joined, false)
        .activation(around.text)
        .linear("linear_2", around.text, around.text, false);
    Ok(vec![first.finish(), layer.finish(), last.finish(), projector.finish()])
}
