//! DeepSeek V4: one vector a token as key and value, windows of 128, compressed entries for what lies further back,
//! hyper-connections, experts on every layer.

use serde_json::Value;

use super::super::blocks::{CompressedAttention, Compression, compressed, hyper_head};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::decoder::Hybrid;
use super::deepseek::shared_biases;
use super::keys::HEADS;
use super::sparse::{connected, streams};
use super::{Build, Changes, Decoder, Experts, Family};
use crate::units::{Quantity, grouped as thousands};

/// `deepseek_ref` is the same in files of other converters.
pub const FAMILIES: &[Family] = &[Family {
    types: &["deepseek_v4", "deepseek_ref"],
    title: "DeepSeek V4",
    build: Build::Decoder(Decoder {
        kv_heads: &[],
        head_dim: &["head_dim"],
        dense_width: &[],
        hybrid: Hybrid::alone(mixer),
        experts: Some(Experts::DEEPSEEK),
        sparse: |_, _, layers| Ok(vec![true; layers as usize]),
        changes: |config, windowed| layer_types(config, windowed.len() as u64),
        title: |config, _, _| title(config).unwrap_or_default(),
        adjust_layer: |config, hidden, place, blocks| {
            let blocks = shared_biases(config, hidden, place, blocks)?;
            connected(config, hidden, blocks, ["attn_hc.", "ffn_hc."], true)
        },
        adjust_ends: |config, all| {
            all.attention = format!("shared key-value, {} heads", config.size("heads", HEADS)?.value);
            let head = hyper_head("hc_head", &all.hidden, &streams(config)?);
            all.tail.insert(0, head);
            Ok(())
        },
        ..Decoder::LLAMA
    }),
}];

/// How a layer looks further back than its window, which it does not where nothing says so: a mark of this description,
/// no key of a file.
const FAR: &str = "further back";
/// Chosen entries, one for a few tokens.
const SPARSE: &str = "sparse";
/// All entries, one for many tokens.
const HEAVY: &str = "heavy";

/// How a layer compresses what lies further back.
fn compression(config: &Config) -> Result<Compression, ModelError> {
    let few = rate(config, "compressed_sparse_attention", "compress_rate_csa", 4)?;
    let many = rate(config, "heavily_compressed_attention", "compress_rate_hca", 128)?;
    Ok(match config.text(FAR) {
        Some(SPARSE) => Compression::Sparse(few),
        Some(HEAVY) => Compression::Heavy(many),
        _ => Compression::None,
    })
}

fn title(config: &Config) -> Result<String, ModelError> {
    let window = config.size("sliding_window", &["sliding_window"])?;
    let words = match compression(config)? {
        Compression::None => String::new(),
        Compression::Sparse(few) => format!(", chosen entries of {}", few.value),
        Compression::Heavy(many) => format!(", entries of {}", many.value),
    };
    Ok(format!("window of {}{words} · experts", thousands(window.value)))
}

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
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
    Ok(compressed(hidden, &style, &compression(config)?))
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
fn layer_types(config: &Config, layers: u64) -> Result<Vec<Changes>, ModelError> {
    let far = |kind: &str| -> Changes { vec![(FAR, kind.into())] };
    let refuse = |found: String| ModelError::NotBuilt {
        model_type: config.model_type().to_owned(),
        what: format!("The layer type {found}"),
    };
    let kinds: Vec<Changes> = if let Some(names) = config.names("layer_types")? {
        let kind = |name: &&str| match *name {
            "sliding_attention" => Ok(Changes::new()),
            "compressed_sparse_attention" => Ok(far(SPARSE)),
            "heavily_compressed_attention" => Ok(far(HEAVY)),
            other => Err(refuse(other.chars().take(40).collect())),
        };
        names.iter().take(layers as usize).map(kind).collect::<Result<_, _>>()?
    } else if let Some(Value::Array(_)) = config.get("compress_ratios") {
        let ratios = config.numbers("compress_ratios")?.unwrap_or_default();
        let kind = |&ratio: &u64| match ratio {
            0 => Ok(Changes::new()),
            4 => Ok(far(SPARSE)),
            128 => Ok(far(HEAVY)),
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
                far(SPARSE)
            } else {
                far(HEAVY)
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
