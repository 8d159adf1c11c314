//! Towers whose patches are joined by convolutions before the language model: Step 3.7, Hunyuan VL, and DeepSeek-VL with
//! two towers. Counts checked against transformers' classes.

use super::Around;
use crate::model::blocks::{Norm, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::{Parts, channels, pair, patches, sam, scaled, tower};
use crate::units::Quantity;

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// Step 3.7: rotary layers that scale what they add, two convolutions that halve each side, one matrix.
pub fn step(around: &Around<'_>) -> Parts {
    const PREFIX: &str = "model.vision_model.";
    // The class reads its tower's object whatever model type it names.
    let vision = around.config.part("vision_config").of_type("step3p5_vision");
    let hidden = vision.size("vision_hidden", &["width", "hidden_size"])?;
    let layers = vision.size("layers", &["layers", "num_hidden_layers"])?;
    let heads = vision.optional("heads", &["heads", "num_attention_heads"])?;
    let width = scaled(&vision, &hidden, "mlp_ratio")?;
    let (down, across) = pair(&vision, "patch_size")?;
    let positions = patches(&vision, "image_size", "patch_size")?;
    let three = fixed("kernel", 3);
    let (two, four) = (fixed("stride", 2), fixed("stride", 4));
    let (twice, wide) = (
        hidden.times("channels twice", 2),
        hidden.times("channels four times", 4),
    );
    let first = Stack::once(Vision, "Patch embedding", PREFIX)
        .patches()
        .kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels(&vision)?, &down, &across],
            false,
        )
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden])
        .norm("pre_layernorm", Norm::Layer, &hidden);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{PREFIX}layers.{{i}}."), &layers)
        .patches()
        .vit(&Vit {
            norms: &["layernorm_before", "layernorm_after"],
            scales: &["lambda_1", "lambda_2"],
            ..Vit::clip(&hidden, &heads, &width)
        });
    let joining = Stack::once(Vision, "Joining of patches", PREFIX)
        .over(Stage::Squares(two))
        .kernel("downsampler1", &[&twice, &hidden, &three, &three], true)
        .over(Stage::Squares(four.clone()))
        .kernel("downsampler2", &[&wide, &twice, &three, &three], true);
    let bias = around.whole.flag("projector_bias", false)?;
    let projector = Stack::once(Vision, "Projector", "model.")
        .over(Stage::Squares(four))
        .linear("multi_modal_projector", around.text, &wide, bias);
    Ok(vec![
        first.finish(),
        layer.finish(),
        joining.finish(),
        projector.finish(),
    ])
}

/// Hunyuan VL: squares of patches by a convolution, a mark at the end of each row, one matrix.
pub fn hunyuan(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let (twice, wide) = (
        hidden.times("channels twice", 2),
        hidden.times("channels four times", 4),
    );
    let merger = squares(&vision, [&hidden, &twice, &wide])?
        .linear("mlp", around.text, &wide, true)
        .tensor("image_begin", &[around.text])
        .tensor("image_end", &[around.text])
        .tensor("image_sep", &[around.text])
        .norm("after_rms", Norm::Rms, around.text);
    hunyuan_tower(&vision, merger)
}

/// Hunyuan 4 VL: the same tower; the convolutions end in the width of the text.
pub fn hunyuan4(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let side = vision.size("merge", &["spatial_merge_size"])?;
    let output = vision.size("output", &["out_hidden_size"])?;
    if output.value != around.text.value {
        return Err(ModelError::Inconsistent(format!(
            "out_hidden_size of the tower ({}) must be the width of the text ({}).",
            output.value, around.text.value
        )));
    }
    let joined = Quantity::product("joined patches", &[&hidden, &side, &side]);
    let merger = squares(&vision, [&hidden, &joined, &output])?;
    hunyuan_tower(&vision, merger)
}

const HUNYUAN: &str = "model.vision_tower.";

/// A norm, a convolution over squares of patches and one over what it gives, and a mark at the end of each row.
fn squares(vision: &Config, [hidden, inner, output]: [&Quantity; 3]) -> Result<Stack, ModelError> {
    let side = vision.size("merge", &["spatial_merge_size"])?;
    let one = fixed("kernel", 1);
    Ok(Stack::once(Vision, "Merger", format!("{HUNYUAN}patch_merger."))
        .patches()
        .norm("before_rms", Norm::Rms, hidden)
        .over(Stage::Squares(side.clone()))
        .kernel("proj_conv", &[inner, hidden, &side, &side], true)
        .activation(inner)
        .kernel("proj_out", &[output, inner, &one, &one], true)
        .over(Stage::Tokens)
        .tensor("image_newline", &[output]))
}

fn hunyuan_tower(vision: &Config, merger: Stack) -> Parts {
    let hidden = vision.size("vision_hidden", &["hidden_size"])?;
    let width = vision.size("intermediate", &["intermediate_size"])?;
    let layers = vision.size("layers", &["num_hidden_layers"])?;
    let count = vision.size("heads", &["attention_heads", "num_attention_heads"])?;
    let dim = vision.size_or("head_dim", &["head_dim"], || {
        Quantity::quotient("head_dim", &hidden, &count)
    })?;
    let queries = Quantity::product("q_width", &[&count, &dim]);
    let patch = vision.size("patch", &["patch_size"])?;
    let edge = Quantity::quotient("patches on a side", &vision.size("image", &["max_image_size"])?, &patch);
    let positions = Quantity::sum(
        "positions",
        &[&Quantity::product("patches", &[&edge, &edge]), &fixed("class token", 1)],
    );
    let heads = Some(count);
    let first = Stack::once(Vision, "Patch embedding", HUNYUAN)
        .patches()
        .kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels(vision)?, &patch, &patch],
            true,
        )
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden]);
    let layer = Stack::repeated(Vision, "Vision layers", format!("{HUNYUAN}layers.{{i}}."), &layers)
        .patches()
        .vit(&Vit {
            queries: &queries,
            keys: &queries,
            output: "self_attn.o_proj",
            ..Vit::clip(&hidden, &heads, &width)
        });
    Ok(vec![first.finish(), layer.finish(), merger.finish()])
}

/// DeepSeek-VL with a second tower for large images (arXiv 2403.05525): SAM's, whose features of two depths are added.
pub fn hybrid(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let large = around.config.part("high_res_vision_config");
    if large.model_type() != "sam_vision_model" {
        return Err(other_tower(&large));
    }
    let small = vision.size("vision_hidden", &["hidden_size"])?;
    let hidden = large.size("vision_hidden", &["hidden_size"])?;
    let output = large.size("output", &["output_channels"])?;
    let (twice, wide) = (
        output.times("channels twice", 2),
        output.times("channels four times", 4),
    );
    let half = Quantity::quotient("half", around.text, &fixed("two", 2));
    let three = fixed("kernel", 3);
    let mut parts = sam::tower(&large, "model.high_res_vision_model.vision_encoder.")?;
    parts.push(sam::neck(&hidden, &output, "model.high_res_vision_neck."));
    let joining = Stack::once(Vision, "Joining of patches", "model.")
        .patches()
        .kernel("high_res_vision_proj.conv1", &[&twice, &output, &three, &three], false)
        .kernel("high_res_vision_proj.conv2", &[&wide, &twice, &three, &three], false)
        .tensor("high_res_vision_alpha", &[&fixed("scale", 1)]);
    parts.push(joining.finish());
    parts.extend(tower(&vision, "model.vision_model.")?);
    let aligner = Stack::once(Vision, "Projector", "model.aligner.")
        .over(Stage::Tokens)
        .linear("vision_proj", &half, &small, true)
        .linear("high_res_vision_proj", &half, &wide, true)
        .activation(around.text)
        .linear("proj", around.text, around.text, true);
    parts.push(aligner.finish());
    Ok(parts)
}

fn other_tower(config: &Config) -> ModelError {
    ModelError::NotBuilt {
        model_type: String::new(),
        what: format!(
            "The tower \"{}\" (high_res_vision_config)",
            config.model_type().chars().take(40).collect::<String>()
        ),
    }
}
