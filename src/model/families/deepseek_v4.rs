//! DeepSeek V4: one vector a token as key and value, windows of 128, compressed entries for what lies further back,
//! hyper-connections, experts on every layer.

use serde_json::Value;

use super::super::blocks::{
    CompressedAttention, Compression, compressed, embedding, head, hyper_connection, hyper_head,
};
use super::super::blocks::{Norm, norm, routed};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::assemble::tied;
use super::assembly::Assembly;
use super::channel::routed_style;
use super::keys::HEADS;
use super::sparse::streams;
use super::{Build, Experts, Family};
use crate::units::{Quantity, grouped as thousands};

/// `deepseek_ref` is the same in files of other converters.
pub const FAMILIES: &[Family] = &[Family {
    types: &["deepseek_v4", "deepseek_ref"],
    title: "DeepSeek V4",
    build: Build::Own(build),
}];

/// How a layer looks further back than its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Far {
    /// Not at all.
    Nothing,
    /// Chosen entries, one for a few tokens.
    Sparse,
    /// All entries, one for many tokens.
    Heavy,
}

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let layers = layer_types(config, all.layers.value)?;
    let size = |name: &'static str| config.size(name, std::slice::from_ref(&name));
    let style = CompressedAttention {
        heads: config.size("heads", HEADS)?,
        dim: size("head_dim")?,
        rotary: config.size_or("rotary", &["qk_rope_head_dim"], || {
            Quantity::architecture("rotary", 64, "the rotary part of DeepSeek V4")
        })?,
        q_rank: size("q_lora_rank")?,
        groups: size("o_groups")?,
        o_rank: size("o_lora_rank")?,
        window: size("sliding_window")?,
        index_heads: size("index_n_heads")?,
        index_dim: size("index_head_dim")?,
        chosen: size("index_topk")?,
    };
    let streams = streams(config)?;
    let experts = routed_style(config, &Experts::DEEPSEEK)?;
    let rates = [
        rate(config, "compressed_sparse_attention", "compress_rate_csa", 4)?,
        rate(config, "heavily_compressed_attention", "compress_rate_hca", 128)?,
    ];
    let [few, many] = &rates;
    all.layers_by(&layers, |far| {
        let (words, compression) = match far {
            Far::Nothing => (String::new(), Compression::None),
            Far::Sparse => (
                format!(", chosen entries of {}", few.value),
                Compression::Sparse(few.clone()),
            ),
            Far::Heavy => (format!(", entries of {}", many.value), Compression::Heavy(many.clone())),
        };
        let title = format!("window of {}{words} · experts", thousands(style.window.value));
        let blocks = vec![
            hyper_connection("attn_hc", &hidden, &streams, true),
            norm(Norm::Rms, "input_layernorm", &hidden),
            compressed(&hidden, &style, &compression),
            hyper_connection("ffn_hc", &hidden, &streams, true),
            norm(Norm::Rms, "post_attention_layernorm", &hidden),
            routed(&hidden, &experts),
        ];
        Ok((title, blocks))
    })?;
    all.attention = format!("shared key-value, {} heads", style.heads.value);
    all.experts = Some(format!(
        "{} of {} experts, and shared ones",
        experts.routing.top_k.value,
        thousands(experts.routing.experts.value)
    ));
    all.tied = tied(config, false)?;
    all.stem.push(embedding("embed_tokens", &all.vocabulary, &hidden));
    all.tail.push(hyper_head("hc_head", &hidden, &streams));
    all.tail.push(norm(Norm::Rms, "norm", &hidden));
    all.tail
        .push(head("lm_head", &all.vocabulary, &hidden, all.tied, false));
    all.finish()
}

/// Tokens of one entry: `compress_rates`, an older key, or the class default.
fn rate(config: &Config, kind: &str, older: &'static str, otherwise: u64) -> Result<Quantity, ModelError> {
    if let Some(value) = config.object("compress_rates").and_then(|rates| rates.get(kind)) {
        let rate = super::super::config::whole("compress_rates", value, 1, 1 << 32)?;
        return Ok(Quantity::config(
            "compress_rate",
            format!("compress_rates.{kind}"),
            rate,
        ));
    }
    config.size_or("compress_rate", std::slice::from_ref(&older), || {
        Quantity::architecture("compress_rate", otherwise, "the compression of DeepSeek V4")
    })
}

/// `layer_types`, or `compress_ratios` (0, 4 or 128, one entry a layer and maybe more), or the class's own order.
fn layer_types(config: &Config, layers: u64) -> Result<Vec<Far>, ModelError> {
    let refuse = |found: String| ModelError::NotBuilt {
        model_type: config.model_type().to_owned(),
        what: format!("The layer type {found}"),
    };
    let kinds: Vec<Far> = if let Some(names) = config.names("layer_types")? {
        let kind = |name: &&str| match *name {
            "sliding_attention" => Ok(Far::Nothing),
            "compressed_sparse_attention" => Ok(Far::Sparse),
            "heavily_compressed_attention" => Ok(Far::Heavy),
            other => Err(refuse(other.chars().take(40).collect())),
        };
        names.iter().take(layers as usize).map(kind).collect::<Result<_, _>>()?
    } else if let Some(Value::Array(_)) = config.get("compress_ratios") {
        let ratios = config.numbers("compress_ratios")?.unwrap_or_default();
        let kind = |&ratio: &u64| match ratio {
            0 => Ok(Far::Nothing),
            4 => Ok(Far::Sparse),
            128 => Ok(Far::Heavy),
            other => Err(refuse(format!("with a compression of {other}"))),
        };
        ratios
            .iter()
            .take(layers as usize)
            .map(kind)
            .collect::<Result<_, _>>()?
    } else {
        let kind = |layer: u64| {
            if layer > 2 && layer % 2 == 1 {
                Far::Sparse
            } else {
                Far::Heavy
            }
        };
        (0..layers).map(kind).collect()
    };
    if (kinds.len() as u64) < layers {
        return Err(ModelError::Inconsistent(format!(
            "The list of layer types has {} entries for {layers} layers.",
            kinds.len()
        )));
    }
    Ok(kinds)
}
