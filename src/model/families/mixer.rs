//! The token mixer of a layer: attention with keys and values, or from a latent.

use super::super::blocks::{
    GroupedAttention, Heads, LatentAttention, QkNorm, grouped, latent, within, without_positions,
};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Rows, Span};
use super::decoder::{AttentionForm, Decoder};
use crate::units::{Quantity, grouped as thousands};

/// The token mixer of every layer.
pub enum Mixer {
    /// Keys and values per head.
    Grouped(Grouped),
    /// From a latent.
    Latent(LatentAttention),
}

/// Attention with keys and values per head.
pub struct Grouped {
    /// Its form.
    pub style: GroupedAttention,
    /// Whether there are sinks, in full and in windowed layers.
    sinks: [bool; 2],
    rotary: bool,
    /// Whether keys lack the bias that queries and values have.
    bare_keys: bool,
}

impl Decoder {
    /// Heads and their widths.
    ///
    /// # Errors
    /// A key that is missing or impossible, or heads that do not divide the stream where the class says nothing else.
    pub fn read_heads(&self, config: &Config, hidden: &Quantity) -> Result<Heads, ModelError> {
        let heads = config.size("heads", self.heads)?;
        let kv = config.size_or("kv_heads", self.kv_heads, || heads.renamed("kv_heads"))?;
        let divided = || Quantity::quotient("head_dim", hidden, &heads);
        let key_dim = if self.exact {
            if self.head_dim.is_empty() && !hidden.value.is_multiple_of(heads.value) {
                return Err(ModelError::Inconsistent(format!(
                    "{} heads do not divide a width of {}; the class refuses that.",
                    heads.value, hidden.value
                )));
            }
            let given = config.optional("head_dim", self.head_dim)?;
            let dim = given.filter(|dim| dim.value > 0).unwrap_or_else(divided);
            if dim.value == 0 {
                return Err(ModelError::Inconsistent(format!(
                    "{} heads are more than a width of {} has room for.",
                    heads.value, hidden.value
                )));
            }
            dim
        } else {
            if !heads.value.is_multiple_of(kv.value) {
                config.notice(
                    "uneven_heads",
                    format!("{} query heads cannot share {} KV heads evenly; num_attention_heads should be a multiple of num_key_value_heads.", heads.value, kv.value),
                );
            }
            config.size_or("head_dim", self.head_dim, || {
                let derived = divided();
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
            })?
        };
        Ok(Heads {
            value_dim: config.size_or("v_head_dim", self.value_dim, || key_dim.clone())?,
            queries: heads,
            kv,
            key_dim,
        })
    }
}

impl Mixer {
    /// Reads its dimensions.
    ///
    /// # Errors
    /// A dimension that is missing or impossible.
    pub fn read(config: &Config, decoder: &Decoder, hidden: &Quantity) -> Result<Self, ModelError> {
        if decoder.attention == AttentionForm::Latent {
            return Ok(Self::Latent(LatentAttention {
                heads: config.size("heads", decoder.heads)?,
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
            }));
        }
        let heads = decoder.read_heads(config, hidden)?;
        let qk_norm = if config.decide(decoder.head_norm.when)? {
            decoder.head_norm.form
        } else {
            QkNorm::None
        };
        let [full, windowed] = decoder.sinks;
        let qkv_bias = config.decide(decoder.qkv_bias)?;
        let key_bias = decoder.key_bias.map_or(Ok(qkv_bias), |flag| config.decide(flag))?;
        Ok(Self::Grouped(Grouped {
            style: GroupedAttention {
                heads,
                modules: decoder.names.attention,
                norm_modules: decoder.names.qk_norm,
                qkv_bias,
                output_bias: config.decide(decoder.output_bias)?,
                qk_norm,
                sinks: false,
                span: Span::Full,
            },
            sinks: [config.decide(full)?, config.decide(windowed)?],
            rotary: decoder.rotary,
            bare_keys: qkv_bias && !key_bias,
        }))
    }

    /// The block for a span.
    pub fn block(&self, hidden: &Quantity, span: Span) -> Block {
        match self {
            Self::Grouped(grouped) => grouped.block(hidden, grouped.style.modules, span),
            Self::Latent(style) => match span {
                Span::Window(_) => within(latent(hidden, style), &span),
                _ => latent(hidden, style),
            },
        }
    }

    /// The block of attention to an encoder, under other names.
    pub fn across(&self, hidden: &Quantity, modules: [&'static str; 4]) -> Option<Block> {
        match self {
            Self::Grouped(grouped) => Some(grouped.block(hidden, modules, Span::Cross)),
            Self::Latent(_) => None,
        }
    }

    /// Heads in words.
    pub fn words(&self) -> String {
        match self {
            Self::Latent(style) => format!("MLA {} heads", style.heads.value),
            Self::Grouped(Grouped { style, .. }) => {
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

impl Grouped {
    fn block(&self, hidden: &Quantity, modules: [&'static str; 4], span: Span) -> Block {
        let [full, windowed] = self.sinks;
        let (ahead, cross) = (span.sees_ahead(), span == Span::Cross);
        let mut block = grouped(
            hidden,
            &GroupedAttention {
                modules,
                sinks: if span == Span::Full { full } else { windowed },
                span,
                ..self.style.clone()
            },
        );
        // What sees ahead is read once, as a whole.
        if ahead {
            block.caches.clear();
        }
        for operator in &mut block.operators {
            let makes_keys = operator.name == "k_proj";
            if makes_keys && self.bare_keys {
                operator.tensors.truncate(1);
            }
            if let Kind::Linear { rows, .. } = &mut operator.kind
                && cross
                && (makes_keys || operator.name == "v_proj")
            {
                *rows = Rows::Encoder;
            }
        }
        if cross {
            block.title = "Attention to the encoder";
        }
        if self.rotary && !cross {
            block
        } else {
            without_positions(block)
        }
    }
}
