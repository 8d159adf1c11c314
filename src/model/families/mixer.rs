//! The token mixer of a decoder: attention with keys and values, or from a latent.

use super::super::blocks::{
    GroupedAttention, Heads, LatentAttention, QkNorm, grouped, latent, within, without_positions,
};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::decoder::{AttentionForm, Decoder};
use super::keys::{HEADS, KV_HEADS};
use crate::units::{Quantity, grouped as thousands};

/// The token mixer of every layer.
pub enum Mixer {
    /// Keys and values per head; with sinks in full and in windowed layers, and without rotary positions.
    Grouped(GroupedAttention, [bool; 2], bool),
    /// From a latent.
    Latent(LatentAttention),
}

impl Mixer {
    /// Reads its dimensions.
    pub fn read(config: &Config, decoder: &Decoder, hidden: &Quantity) -> Result<Self, ModelError> {
        let heads = config.size("heads", HEADS)?;
        if decoder.attention == AttentionForm::Latent {
            return Ok(Self::Latent(LatentAttention {
                q_rank: config
                    .optional("q_lora_rank", &["q_lora_rank"])?
                    .filter(|rank| rank.value > 0),
                kv_rank: config.size("kv_lora_rank", &["kv_lora_rank"])?,
                nope: config.size("qk_nope_head_dim", &["qk_nope_head_dim"])?,
                // Zero where a layer has no positions.
                rope: match config.optional("qk_rope_head_dim", &["qk_rope_head_dim"])? {
                    Some(rope) => rope,
                    None => config.size("qk_rope_head_dim", &["qk_rope_head_dim"])?,
                },
                value_dim: config.size("v_head_dim", &["v_head_dim"])?,
                bias: config.decide(decoder.qkv_bias)?,
                heads,
            }));
        }
        let kv = config.size_or("kv_heads", KV_HEADS, || heads.renamed("kv_heads"))?;
        if !heads.value.is_multiple_of(kv.value) {
            config.notice(
                "uneven_heads",
                format!("{} query heads cannot share {} KV heads evenly; num_attention_heads should be a multiple of num_key_value_heads.", heads.value, kv.value),
            );
        }
        let key_dim = config.size_or("head_dim", &["head_dim", "attention_head_dim", "kv_channels"], || {
            let derived = Quantity::quotient("head_dim", hidden, &heads);
            config.notice(
                "head_dim_derived",
                format!(
                    "head_dim is not in the config; {} ÷ {} = {} is assumed.",
                    thousands(hidden.value),
                    heads.value,
                    derived.value
                ),
            );
            derived
        })?;
        let norm = if config.decide(decoder.head_norm.when)? {
            decoder.head_norm.form
        } else {
            QkNorm::None
        };
        let value_dim = config.size_or("v_head_dim", decoder.value_dim, || key_dim.clone())?;
        let [full, windowed] = decoder.sinks;
        let sinks = [config.decide(full)?, config.decide(windowed)?];
        let style = GroupedAttention {
            heads: Heads {
                queries: heads,
                kv,
                value_dim,
                key_dim,
            },
            modules: decoder.names.attention,
            norm_modules: decoder.names.qk_norm,
            qkv_bias: config.decide(decoder.qkv_bias)?,
            output_bias: config.decide(decoder.output_bias)?,
            qk_norm: norm,
            sinks: false,
            span: Span::Full,
        };
        Ok(Self::Grouped(style, sinks, decoder.rotary))
    }
    /// The block for a span.
    pub fn block(&self, hidden: &Quantity, span: Span) -> Block {
        match self {
            Self::Grouped(style, [full, windowed], rotary) => {
                let sinks = if span == Span::Full { *full } else { *windowed };
                let style = GroupedAttention {
                    span,
                    sinks,
                    ..style.clone()
                };
                let block = grouped(hidden, &style);
                if *rotary { block } else { without_positions(block) }
            }
            Self::Latent(style) => match span {
                Span::Window(_) => within(latent(hidden, style), &span),
                _ => latent(hidden, style),
            },
        }
    }
    /// Heads in words.
    pub fn words(&self) -> String {
        match self {
            Self::Latent(style) => format!("MLA {} heads", style.heads.value),
            Self::Grouped(style, ..) => {
                let (queries, kv) = (style.heads.queries.value, style.heads.kv.value);
                match kv {
                    1 if queries > 1 => format!("MQA {queries} : 1"),
                    _ if queries == kv => format!("MHA {queries}"),
                    _ => format!("GQA {queries} : {kv}"),
                }
            }
        }
    }
}
