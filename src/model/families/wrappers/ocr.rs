//! DeepSeek OCR 2: SAM's tower, two more convolutions, and a small language model that turns patches into queries.

use super::Around;
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::{Config, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::{Parts, sam};
use crate::units::Quantity;

const PREFIX: &str = "model.vision_tower.";

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// Patches see each other, queries the patches and those before them; the queries are what the language model reads.
pub fn deepseek(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let (small, reader) = (vision.part("sam_config"), vision.part("encoder_config"));
    let mut parts = sam::tower(&small, &format!("{PREFIX}sam_encoder."))?;
    let [first, second] = narrowed(&small)?;
    let output = small.size("output", &["output_channels"])?;
    let (two, four, three) = (fixed("side", 2), fixed("side", 4), fixed("kernel", 3));
    parts.push(
        Stack::once(Vision, "Downsampling", format!("{PREFIX}sam_encoder.proj."))
            .over(Stage::Squares(two))
            .kernel("conv1", &[&first, &output, &three, &three], false)
            .over(Stage::Squares(four.clone()))
            .kernel("conv2", &[&second, &first, &three, &three], false)
            .finish(),
    );
    let hidden = reader.size("hidden", &["hidden_size"])?;
    if hidden.value != second.value {
        return Err(ModelError::Inconsistent(format!(
            "hidden_size of the encoder ({}) must be the last of downsample_channels ({}).",
            hidden.value, second.value
        )));
    }
    let heads = reader.size("heads", &["num_attention_heads"])?;
    let keys = reader.size_or("kv_heads", &["num_key_value_heads"], || heads.clone())?;
    let dim = reader.size_or("head_dim", &["head_dim"], || {
        Quantity::quotient("head_dim", &hidden, &heads)
    })?;
    let width = reader.size("intermediate", &["intermediate_size"])?;
    let layers = reader.size("layers", &["num_hidden_layers"])?;
    let (queries, keys) = (
        Quantity::product("q_width", &[&heads, &dim]),
        Quantity::product("kv_width", &[&keys, &dim]),
    );
    let known = Some(heads);
    let layer = Vit {
        queries: &queries,
        keys: &keys,
        output: "self_attn.o_proj",
        mlp: &["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
        norms: &["input_layernorm", "post_attention_layernorm"],
        norm: Norm::Rms,
        bias: Biases {
            output: false,
            mlp: false,
            ..Biases::ALL
        },
        ..Vit::clip(&hidden, &known, &width)
    };
    let inside = format!("{PREFIX}vision_encoder.");
    parts.push(
        Stack::repeated(Vision, "Query layers", format!("{inside}layers.{{i}}."), &layers)
            .over(Stage::Squares(four))
            .vit(&layer)
            .finish(),
    );
    let (near, far) = (
        fixed("queries at 768 pixels", 144),
        fixed("queries at 1024 pixels", 256),
    );
    parts.push(
        Stack::once(Vision, "Queries", PREFIX)
            .over(Stage::Tokens)
            .norm("vision_encoder.norm", Norm::Rms, &hidden)
            .tensor("query_768_resolution.weight", &[&near, &hidden])
            .tensor("query_1024_resolution.weight", &[&far, &hidden])
            .finish(),
    );
    parts.push(
        Stack::once(Vision, "Projector", "model.")
            .over(Stage::Tokens)
            .linear("multi_modal_projector", around.text, &hidden, true)
            .tensor("view_separator", &[around.text])
            .finish(),
    );
    Ok(parts)
}

/// Channels after each of the two convolutions.
fn narrowed(config: &Config) -> Result<[Quantity; 2], ModelError> {
    const KEY: &str = "downsample_channels";
    let list = config.counts(KEY)?;
    let [first, second] = *list.as_slice() else {
        let value = config.get(KEY).cloned().unwrap_or_default();
        return Err(wrong(KEY, &value, "two numbers of channels"));
    };
    Ok([first, second].map(|channels| Quantity::config("channels", KEY, channels)))
}
