//! C-RADIO (Ranzinger 2023, arXiv 2312.06709) as in Nemotron Omni: several class tokens and registers, layers whose
//! halves are scaled.

use super::{Parts, channels, scaled};
use crate::model::blocks::{Biases, Stack, Vit};
use crate::model::component::Component::Vision;
use crate::model::config::Config;
use crate::model::media::Stage;
use crate::units::Quantity;

/// Patches come as flat rows; pairs of video frames have a matrix of their own.
pub fn tower(config: &Config, prefix: &str) -> Parts {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let wide = scaled(config, &hidden, "mlp_ratio")?;
    // With a gate, two thirds of the width, up to a multiple of eight.
    let gated = config.flag("use_swiglu_ffn", false)?;
    let (width, mlp): (_, &[&'static str]) = if gated {
        let thirds = wide.value.saturating_mul(2) / 3;
        let width = Quantity::config("intermediate", "mlp_ratio", thirds.div_ceil(8).saturating_mul(8));
        (width, &["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"])
    } else {
        (wide, &["mlp.fc1", "mlp.fc2"])
    };
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let patch = config.size("patch", &["patch_size"])?;
    let side = Quantity::quotient("patches of a side", &config.size("image", &["max_img_size"])?, &patch);
    let places = Quantity::product("positions", &[&side, &side]);
    let classes = config.size("class tokens", &["num_cls_tokens"])?;
    let registers = config.size_or("registers", &["num_registers"], || {
        Quantity::architecture("registers", 0, "no registers")
    })?;
    let flat = Quantity::product("patch_values", &[&channels(config)?, &patch, &patch]);
    let one = Quantity::architecture("one", 1, "one for every image");
    let marks = Quantity::sum("marks", &[&classes, &registers]);
    let mut first = Stack::once(Vision, "Patch embedding", prefix)
        .patches()
        .tensor("embeddings.position_embedding", &[&one, &places, &hidden])
        .tensor("embeddings.cls_register_token", &[&marks, &hidden])
        .linear("embeddings.patch_projection", &hidden, &flat, false);
    if let Some(frames) = config.optional("frames", &["video_temporal_patch_size"])? {
        let frames = Quantity::product("video_values", &[&frames, &flat]);
        first = first
            .over(Stage::Still)
            .linear("embeddings.video_patch_projection", &hidden, &frames, false);
    }
    let heads = config.size("heads", &["num_attention_heads"])?;
    let dim = config.size_or("head_dim", &["head_dim"], || {
        Quantity::quotient("head_dim", &hidden, &heads)
    })?;
    let queries = Quantity::product("q_width", &[&heads, &dim]);
    let bias = config.flag("qkv_bias", true)?;
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{prefix}encoder.layer.{{i}}."),
        &layers,
    );
    let known = Some(heads);
    let layer = layer.over(Stage::Plus(marks)).vit(&Vit {
        qkv: &["attention.q_proj", "attention.k_proj", "attention.v_proj"],
        output: "attention.o_proj",
        norms: &["norm1", "norm2"],
        mlp,
        scales: &["layer_scale1.lambda1", "layer_scale2.lambda1"],
        bias: Biases {
            qv: bias,
            k: bias,
            ..Biases::ALL
        },
        queries: &queries,
        keys: &queries,
        ..Vit::clip(&hidden, &known, &width)
    });
    Ok(vec![first.finish(), layer.finish()])
}
