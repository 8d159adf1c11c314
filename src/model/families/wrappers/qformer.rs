//! BLIP-2 (Li 2023, arXiv 2301.12597) and InstructBLIP (Dai 2023, arXiv 2305.06500): a few learned queries read an
//! image through a small BERT, the Q-Former.

use super::Around;
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::{self, Vision};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::operator::Span;
use crate::model::towers::{Parts, and_one, heads, pair, patches, with_class};
use crate::units::Quantity;

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// The image tower: one matrix of queries, keys and values; class token and positions are plain tensors.
///
/// # Errors
/// A dimension that is missing or impossible.
pub fn eye(config: &Config) -> Parts {
    const PREFIX: &str = "vision_model.";
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let (down, across) = pair(config, "patch_size")?;
    let positions = and_one("positions", &patches(config, "image_size", "patch_size")?);
    let (one, colours) = (fixed("one", 1), fixed("colours", 3));
    let bias = config.flag("qkv_bias", true)?;
    let first = Stack::once(Vision, "Patch embedding", PREFIX)
        .patches()
        .tensor("embeddings.class_embedding", &[&one, &one, &hidden])
        .tensor("embeddings.position_embedding", &[&one, &positions, &hidden])
        .kernel("embeddings.patch_embedding", &[&hidden, &colours, &down, &across], true);
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{PREFIX}encoder.layers.{{i}}."),
        &layers,
    );
    let heads = heads(config)?;
    let layer = layer.over(with_class()).vit(&Vit {
        qkv: &["self_attn.qkv"],
        output: "self_attn.projection",
        bias: Biases {
            qv: bias,
            k: bias,
            ..Biases::ALL
        },
        ..Vit::clip(&hidden, &heads, &width)
    });
    let last =
        Stack::once(Vision, "Vision norm", PREFIX)
            .over(with_class())
            .norm("post_layernorm", Norm::Layer, &hidden);
    Ok(vec![first.finish(), layer.finish(), last.finish()])
}

/// Attention and a norm after it, over `from` for keys and values.
fn attention(stack: Stack, module: &str, heads: &Quantity, [hidden, from]: [&Quantity; 2], seen: [Stage; 2]) -> Stack {
    let [read, asking] = seen;
    stack
        .over(read.clone())
        .linear(&format!("{module}.attention.key"), hidden, from, true)
        .linear(&format!("{module}.attention.value"), hidden, from, true)
        .over(asking)
        .linear(&format!("{module}.attention.query"), hidden, hidden, true)
        .attend(Some(heads), hidden, hidden, Span::Part(read))
        .linear(&format!("{module}.output.dense"), hidden, hidden, true)
        .norm(&format!("{module}.output.LayerNorm"), Norm::Layer, hidden)
}

/// An MLP and a norm after it.
fn mlp(stack: Stack, [up, down]: [&str; 2], hidden: &Quantity, width: &Quantity) -> Stack {
    stack
        .block("MLP")
        .linear(&format!("{up}.dense"), width, hidden, true)
        .activation(width)
        .linear(&format!("{down}.dense"), hidden, width, true)
        .norm(&format!("{down}.LayerNorm"), Norm::Layer, hidden)
}

/// Layers of a Q-Former: queries at the second stage read what the first holds, every few layers; with `reads` each has an
/// MLP for text besides, which takes no part.
///
/// # Errors
/// A dimension that is missing or impossible.
pub fn layers(
    config: &Config,
    of: Component,
    prefix: &str,
    eye: &Quantity,
    [read, asking]: [Stage; 2],
    reads: bool,
) -> Parts {
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let every = config.size("cross_every", &["cross_attention_frequency"])?;
    let across = Quantity::config(
        "layers that see the image",
        "cross_attention_frequency",
        layers.value.div_ceil(every.value),
    );
    let prefix = format!("{prefix}encoder.layer.{{i}}.");
    let counts = [&layers, &across];
    layer(config, of, &prefix, counts, eye, [read, asking], reads)
}

/// Such layers under a prefix with `{i}`: how many there are, and how many of them read.
///
/// # Errors
/// A dimension that is missing or impossible.
pub fn layer(
    config: &Config,
    of: Component,
    prefix: &str,
    [layers, across]: [&Quantity; 2],
    eye: &Quantity,
    [read, asking]: [Stage; 2],
    reads: bool,
) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = config.size("intermediate", &["intermediate_size"])?;
    let heads = config.size("heads", &["num_attention_heads"])?;
    if !hidden.value.is_multiple_of(heads.value) {
        return Err(ModelError::Inconsistent(format!(
            "{} heads do not divide a width of {}; the class refuses that.",
            heads.value, hidden.value
        )));
    }
    let mut layer = Stack::repeated(of, "Q-Former layers", prefix, layers);
    layer = attention(
        layer,
        "attention",
        &heads,
        [&hidden, &hidden],
        [asking.clone(), asking.clone()],
    );
    // The MLP for text sees the instruction, which is not counted.
    if reads {
        layer = mlp(layer.over(Stage::Still), ["intermediate", "output"], &hidden, &width).over(asking.clone());
    }
    layer = mlp(layer, ["intermediate_query", "output_query"], &hidden, &width);
    let seeing = Stack::repeated(of, "Q-Former's attention to what it reads", prefix, across);
    let seeing = attention(seeing, "crossattention", &heads, [&hidden, eye], [read, asking]);
    Ok(vec![layer.finish(), seeing.finish()])
}

/// The queries and the Q-Former, which reads text beside them where `reads` says so.
fn former(around: &Around<'_>, eye: &Quantity, reads: bool, words: bool) -> Parts {
    let config = around.config.part("qformer_config");
    let hidden = config.size("hidden", &["hidden_size"])?;
    let queries = around.whole.size("queries", &["num_query_tokens"])?;
    let one = fixed("one", 1);
    let asking = Stage::Each(queries.clone());
    let mut first = Stack::once(Vision, "Queries", "")
        .over(asking.clone())
        .tensor("query_tokens", &[&one, &queries, &hidden]);
    let norm = if words {
        let vocabulary = config.size("vocabulary", &["vocab_size"])?;
        let positions = config.size("positions", &["max_position_embeddings"])?;
        first = first
            .tensor("qformer.embeddings.word_embeddings.weight", &[&vocabulary, &hidden])
            .tensor("qformer.embeddings.position_embeddings.weight", &[&positions, &hidden]);
        "qformer.embeddings.layernorm"
    } else {
        "qformer.layernorm"
    };
    let mut parts = vec![first.norm(norm, Norm::Layer, &hidden).finish()];
    parts.extend(layers(
        &config,
        Vision,
        "qformer.",
        eye,
        [with_class(), asking.clone()],
        reads,
    )?);
    parts.push(
        Stack::once(Vision, "Projector", "")
            .over(asking)
            .linear("language_projection", around.text, &hidden, true)
            .finish(),
    );
    Ok(parts)
}

/// BLIP-2: its Q-Former has an MLP for text only where it is told so.
pub fn blip2(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let reads = around
        .config
        .part("qformer_config")
        .flag("use_qformer_text_input", false)?;
    let mut parts = eye(&vision)?;
    parts.extend(former(
        around,
        &vision.size("vision_hidden", &["hidden_size"])?,
        reads,
        false,
    )?);
    Ok(parts)
}

/// InstructBLIP: its Q-Former reads the instruction too.
pub fn instruct(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = eye(&vision)?;
    parts.extend(former(
        around,
        &vision.size("vision_hidden", &["hidden_size"])?,
        true,
        true,
    )?);
    Ok(parts)
}
