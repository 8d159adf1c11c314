//! Janus (Wu 2024, arXiv 2410.13848): one tower to see, a quantiser of images to draw.

use super::Around;
use crate::model::blocks::{Biases, Norm, Stack, Vit};
use crate::model::blueprint::Tower;
use crate::model::component::Component::Vision;
use crate::model::config::{Config, MOST_DIMENSION, whole, wrong};
use crate::model::error::ModelError;
use crate::model::media::Stage;
use crate::model::towers::{Parts, channels, heads, pair, patches, scaled};
use crate::units::Quantity;

fn fixed(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "the same in every such model")
}

/// Both sides, each with layers into the language model, and the head that draws.
pub fn janus(around: &Around<'_>) -> Parts {
    let vision = around.config.part("vision_config");
    let mut parts = eye(&vision)?;
    let width = vision.size("vision_hidden", &["hidden_size"])?;
    let inner = vision.size("projection", &["projection_dim"])?;
    let depth = vision.size("depth", &["depth"])?;
    parts.push(aligner("model.aligner.", &inner, &width, depth.value, Stage::Patches));
    let drawer = around.config.part("vq_config");
    let codes = drawer.size("codes", &["num_embeddings"])?;
    let code = drawer.size("code", &["embed_dim"])?;
    let inner = drawer.size("projection", &["projection_dim"])?;
    let token = drawer.size("image token", &["image_token_embed_dim"])?;
    let depth = drawer.size("depth", &["num_hidden_layers"])?;
    let quantiser = Stack::once(Vision, "Codes of images", "model.")
        .tensor("vqmodel.quantize.embedding.weight", &[&codes, &code])
        .tensor("generation_embeddings.weight", &[&codes, &code])
        .linear("generation_head.proj_out", &inner, &token, true)
        .linear("generation_head.vision_head", &codes, &inner, true);
    parts.push(quantiser.finish());
    parts.push(aligner(
        "model.generation_aligner.",
        &inner,
        &code,
        depth.value,
        Stage::Still,
    ));
    parts.push(halves(&drawer, &code)?);
    Ok(parts)
}

/// A layer to the projection's width and as many more as the depth says.
fn aligner(prefix: &'static str, out: &Quantity, input: &Quantity, depth: u64, stage: Stage) -> Tower {
    let mut stack = Stack::once(Vision, "Aligner", prefix)
        .over(stage)
        .linear("fc1", out, input, true);
    for layer in 1..depth.min(1000) {
        stack = stack
            .activation(out)
            .linear(&format!("hidden_layers.{}", layer - 1), out, out, true);
    }
    stack.finish()
}

fn eye(config: &Config) -> Parts {
    const PREFIX: &str = "model.vision_model.";
    let hidden = config.size("hidden", &["hidden_size"])?;
    let width = scaled(config, &hidden, "mlp_ratio")?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let positions = patches(config, "image_size", "patch_size")?;
    let (down, across) = pair(config, "patch_size")?;
    let bias = config.flag("attention_bias", true)?;
    let norms =
        config
            .flag("use_qk_norm", false)?
            .then_some((["self_attn.q_norm", "self_attn.k_norm"], Norm::Layer, &hidden));
    let first = Stack::once(Vision, "Patch embedding", PREFIX)
        .patches()
        .kernel(
            "embeddings.patch_embedding",
            &[&hidden, &channels(config)?, &down, &across],
            true,
        )
        .tensor("embeddings.position_embedding.weight", &[&positions, &hidden]);
    let layer = Stack::repeated(
        Vision,
        "Vision layers",
        format!("{PREFIX}encoder.layers.{{i}}."),
        &layers,
    );
    let heads = heads(config)?;
    let layer = layer.patches().vit(&Vit {
        output: "self_attn.projection_layer",
        head_norm: norms,
        bias: Biases {
            qv: bias,
            k: bias,
            ..Biases::ALL
        },
        ..Vit::clip(&hidden, &heads, &width)
    });
    let last = Stack::once(Vision, "Vision norm", PREFIX)
        .patches()
        .norm("post_layernorm", Norm::Layer, &hidden);
    Ok(vec![first.finish(), layer.finish(), last.finish()])
}

/// Convolutions of the quantiser, which shrink an image and make one of codes.
#[derive(Debug)]
pub struct Convolutions {
    stack: Stack,
    three: Quantity,
    one: Quantity,
}

impl Convolutions {
    /// None yet, under this name.
    pub fn new(prefix: &str) -> Self {
        Self {
            stack: Stack::once(Vision, "Quantiser of images", prefix),
            three: fixed("kernel", 3),
            one: fixed("kernel", 1),
        }
    }
    /// All of them.
    pub fn finish(self) -> Tower {
        self.stack.finish()
    }
    /// A kernel of 3 by 3.
    pub fn conv(mut self, name: &str, out: &Quantity, input: &Quantity) -> Self {
        self.stack = self.stack.kernel(name, &[out, input, &self.three, &self.three], true);
        self
    }
    /// A kernel of one.
    pub fn point(mut self, name: &str, out: &Quantity, input: &Quantity) -> Self {
        self.stack = self.stack.kernel(name, &[out, input, &self.one, &self.one], true);
        self
    }
    /// A norm.
    pub fn norm(mut self, name: &str, width: &Quantity) -> Self {
        self.stack = self.stack.norm(name, Norm::Layer, width);
        self
    }
    /// Two convolutions beside a short way.
    pub fn residual(self, name: &str, out: &Quantity, input: &Quantity) -> Self {
        let one = self
            .norm(&format!("{name}.norm1"), input)
            .conv(&format!("{name}.conv1"), out, input)
            .norm(&format!("{name}.norm2"), out)
            .conv(&format!("{name}.conv2"), out, out);
        if out.value == input.value {
            return one;
        }
        one.point(&format!("{name}.nin_shortcut"), out, input)
    }
    fn attention(self, name: &str, width: &Quantity) -> Self {
        ["q", "k", "v", "proj_out"]
            .into_iter()
            .fold(self.norm(&format!("{name}.norm"), width), |all, part| {
                all.point(&format!("{name}.{part}"), width, width)
            })
    }
    /// What stands between shrinking and enlarging.
    pub fn middle(self, name: &str, width: &Quantity) -> Self {
        self.residual(&format!("{name}.block_1"), width, width)
            .attention(&format!("{name}.attn_1"), width)
            .residual(&format!("{name}.block_2"), width, width)
    }
}

/// Encoder and decoder of the quantiser (Esser 2021, arXiv 2012.09841).
fn halves(config: &Config, code: &Quantity) -> Result<Tower, ModelError> {
    const KEY: &str = "channel_multiplier";
    let base = config.size("channels", &["base_channels"])?;
    let latent = config.size("latent", &["latent_channels"])?;
    let (colours, drawn) = (
        config.size("colours", &["in_channels"])?,
        config.size("drawn", &["out_channels"])?,
    );
    let blocks = config.size("blocks", &["num_res_blocks"])?.value;
    let value = config.get(KEY).or_else(|| config.class_default(KEY));
    let value = value.unwrap_or(&serde_json::Value::Null);
    let Some(list) = value.as_array().filter(|list| (1..=16).contains(&list.len())) else {
        return Err(wrong(KEY, value, "a list of up to sixteen whole numbers"));
    };
    if blocks > 64 {
        return Err(ModelError::Inconsistent(format!(
            "num_res_blocks is {blocks}; no quantiser has so many."
        )));
    }
    let levels: Vec<Quantity> = list
        .iter()
        .map(|item| {
            let times = whole(KEY, item, 1, MOST_DIMENSION)?;
            Ok(Quantity::product(
                "channels",
                &[&base, &Quantity::config("times", KEY, times)],
            ))
        })
        .collect::<Result<_, ModelError>>()?;
    let last = levels.len() - 1;
    let twice = if config.flag("double_latent", false)? { 2 } else { 1 };
    let encoded = latent.times("latent", twice);
    let mut all = Convolutions::new("model.vqmodel.");
    let mut width = base.clone();
    all = all.conv("encoder.conv_in", &base, &colours);
    for (level, out) in levels.iter().enumerate() {
        // A level begins with as many channels as the level before it has.
        width = if level == 0 { base.clone() } else { width };
        for block in 0..blocks {
            let name = format!("encoder.down.{level}");
            all = all.residual(&format!("{name}.block.{block}"), out, &width);
            width = out.clone();
            if level == last {
                all = all.attention(&format!("{name}.attn.{block}"), &width);
            }
        }
        if level != last {
            all = all.conv(&format!("encoder.down.{level}.downsample.conv"), &width, &width);
        }
    }
    all = all
        .middle("encoder.mid", &width)
        .norm("encoder.norm_out", &width)
        .conv("encoder.conv_out", &encoded, &width)
        .point("quant_conv", code, &latent)
        .point("post_quant_conv", &latent, code)
        .conv("decoder.conv_in", &width, &latent)
        .middle("decoder.mid", &width);
    for (at, (level, out)) in levels.iter().enumerate().rev().enumerate() {
        for block in 0..=blocks {
            let name = format!("decoder.up.{at}");
            all = all.residual(&format!("{name}.block.{block}"), out, &width);
            width = out.clone();
            if level == last {
                all = all.attention(&format!("{name}.attn.{block}"), &width);
            }
        }
        if level != 0 {
            all = all.conv(&format!("decoder.up.{at}.upsample.conv"), &width, &width);
        }
    }
    all = all
        .norm("decoder.norm_out", &width)
        .conv("decoder.conv_out", &drawn, &width);
    Ok(all.finish())
}
