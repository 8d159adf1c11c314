//! A layer that sees both ways, or a decoder's beside an encoder: attention, attention to the encoder, MLP, and norms.

use super::super::blocks::{GroupedAttention, Heads, Mlp, Norm, QkNorm, grouped, mlp, norm, without_positions};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Input, Kind, Rows, Span};
use super::super::tensor::TensorKind;
use super::decoder::Flag;
use super::keys::{HEADS, HIDDEN, INTERMEDIATE, LAYERS};
use crate::units::Quantity;

/// How the layers of an encoder, or of a decoder beside one, are built. Start from [`Side::BERT`].
#[derive(Clone, Copy, Debug)]
pub struct Side {
    /// Keys of the width of the residual stream.
    pub hidden: &'static [&'static str],
    /// Keys of the number of layers.
    pub layers: &'static [&'static str],
    /// Keys of the heads.
    pub heads: &'static [&'static str],
    /// Keys of the heads of keys and values; none where they are as many as the queries'.
    pub kv_heads: &'static [&'static str],
    /// Keys of the width of a head; none where the heads divide the stream.
    pub head_dim: &'static [&'static str],
    /// Keys of the width of the MLP; none where it is four times that of the stream.
    pub width: &'static [&'static str],
    /// q, k, v, o.
    pub attention: [&'static str; 4],
    /// The same of attention to the encoder.
    pub cross: [&'static str; 4],
    /// Norms of each head of queries and keys; empty names are none.
    pub head_norms: [&'static str; 2],
    /// gate, up, down; an empty gate is none.
    pub mlp: [&'static str; 3],
    /// Norms: before attention, after it, before attention to the encoder, after it, before the MLP, after it. Unused
    /// ones are empty.
    pub norms: [&'static str; 6],
    /// Kind of norm.
    pub norm: Norm,
    /// Biases of q and v.
    pub qkv_bias: Flag,
    /// Bias of k.
    pub key_bias: Flag,
    /// Bias of o.
    pub output_bias: Flag,
    /// Bias of gate and up.
    pub mlp_bias: Flag,
    /// Bias of down.
    pub down_bias: Flag,
    /// Whether queries and keys are rotated.
    pub rotary: bool,
}

impl Side {
    /// BERT's (Devlin 2018, arXiv 1810.04805).
    pub const BERT: Self = Self {
        hidden: HIDDEN,
        layers: LAYERS,
        heads: HEADS,
        kv_heads: &[],
        head_dim: &[],
        width: INTERMEDIATE,
        attention: [
            "attention.self.query",
            "attention.self.key",
            "attention.self.value",
            "attention.output.dense",
        ],
        cross: [""; 4],
        head_norms: [""; 2],
        mlp: ["", "intermediate.dense", "output.dense"],
        norms: ["", "attention.output.LayerNorm", "", "", "", "output.LayerNorm"],
        norm: Norm::Layer,
        qkv_bias: Flag::Yes,
        key_bias: Flag::Yes,
        output_bias: Flag::Yes,
        mlp_bias: Flag::Yes,
        down_bias: Flag::Yes,
        rotary: false,
    };
    /// Names of Llama's layers.
    pub const LLAMA: Self = Self {
        attention: [
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
        ],
        mlp: ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
        norms: ["input_layernorm", "", "", "", "post_attention_layernorm", ""],
        norm: Norm::Rms,
        qkv_bias: Flag::No,
        key_bias: Flag::No,
        output_bias: Flag::No,
        mlp_bias: Flag::No,
        down_bias: Flag::No,
        rotary: true,
        ..Self::BERT
    };

    /// The same with the biases of every matrix as the flag says.
    pub const fn with_biases(self, attention: Flag, mlp: Flag) -> Self {
        Self {
            qkv_bias: attention,
            key_bias: attention,
            output_bias: attention,
            mlp_bias: mlp,
            down_bias: mlp,
            ..self
        }
    }

    /// Heads and their widths.
    ///
    /// # Errors
    /// A key that is missing or impossible, or heads that do not divide the stream.
    pub fn read_heads(&self, config: &Config, hidden: &Quantity) -> Result<Heads, ModelError> {
        let queries = config.size("heads", self.heads)?;
        let kv = config.size_or("kv_heads", self.kv_heads, || queries.renamed("kv_heads"))?;
        let dim = match config.optional("head_dim", self.head_dim)? {
            Some(dim) if dim.value > 0 => dim,
            _ => Quantity::quotient("head_dim", hidden, &queries),
        };
        if self.head_dim.is_empty() && !hidden.value.is_multiple_of(queries.value) {
            return Err(ModelError::Inconsistent(format!(
                "{} heads do not divide a width of {}; the class refuses that.",
                queries.value, hidden.value
            )));
        }
        Ok(Heads {
            queries,
            kv,
            key_dim: dim.clone(),
            value_dim: dim,
        })
    }

    fn attend(
        &self,
        config: &Config,
        hidden: &Quantity,
        modules: [&'static str; 4],
        span: Span,
    ) -> Result<Block, ModelError> {
        let mut block = grouped(
            hidden,
            &GroupedAttention {
                heads: self.read_heads(config, hidden)?,
                modules,
                norm_modules: self.head_norms,
                qkv_bias: config.decide(self.qkv_bias)?,
                output_bias: config.decide(self.output_bias)?,
                qk_norm: match self.head_norms {
                    ["", ""] => QkNorm::None,
                    _ => QkNorm::PerHead(self.norm),
                },
                sinks: false,
                span: span.clone(),
            },
        );
        if span.sees_ahead() {
            block.caches.clear();
        }
        let key_bias = config.decide(self.key_bias)?;
        for operator in &mut block.operators {
            let makes_keys = operator.name == "k_proj";
            if makes_keys && !key_bias {
                operator.tensors.truncate(1);
            }
            if let Kind::Linear { rows, .. } = &mut operator.kind
                && span == Span::Cross
                && (makes_keys || operator.name == "v_proj")
            {
                *rows = Rows::Encoder;
            }
        }
        if span == Span::Cross {
            block.title = "Attention to the encoder";
        }
        Ok(if self.rotary && span != Span::Cross {
            block
        } else {
            without_positions(block)
        })
    }

    /// Heads in words.
    ///
    /// # Errors
    /// As [`read_heads`](Self::read_heads).
    pub fn words(&self, config: &Config, hidden: &Quantity) -> Result<String, ModelError> {
        if self.attention[3].is_empty() {
            return Ok("no attention".to_owned());
        }
        let heads = self.read_heads(config, hidden)?;
        let (queries, kv) = (heads.queries.value, heads.kv.value);
        Ok(if queries == kv {
            format!("MHA {queries}")
        } else {
            format!("GQA {queries} : {kv}")
        })
    }

    /// The channel mixer.
    ///
    /// # Errors
    /// A width that is missing or impossible.
    pub fn channel(&self, config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
        let [gate, up, down] = self.mlp;
        let up_bias = config.decide(self.mlp_bias)?;
        let down_bias = config.decide(self.down_bias)?;
        let mut block = mlp(
            hidden,
            &Mlp {
                width: match self.width {
                    [] => hidden.times("intermediate", 4),
                    keys => config.size("intermediate", keys)?,
                },
                gate: (!gate.is_empty()).then_some(gate),
                up,
                down,
                bias: up_bias || down_bias,
                component: Component::Mlp,
            },
        );
        for operator in &mut block.operators {
            let keeps = if operator.name == "down_proj" {
                down_bias
            } else {
                up_bias
            };
            if !keeps {
                operator.tensors.truncate(1);
            }
        }
        Ok(block)
    }

    /// The blocks of one layer.
    ///
    /// # Errors
    /// A dimension that is missing or impossible.
    pub fn layer(&self, config: &Config, hidden: &Quantity, span: Span) -> Result<Vec<Block>, ModelError> {
        let norm = |at: usize| {
            let name = self.norms.get(at).copied().unwrap_or_default();
            (!name.is_empty()).then(|| norm(self.norm, name, hidden))
        };
        let mut blocks = Vec::with_capacity(9);
        blocks.extend(norm(0));
        if !self.attention[3].is_empty() {
            blocks.push(self.attend(config, hidden, self.attention, span)?);
        }
        blocks.extend(norm(1));
        if !self.cross[3].is_empty() {
            blocks.extend(norm(2));
            blocks.push(self.attend(config, hidden, self.cross, Span::Cross)?);
            blocks.extend(norm(3));
        }
        blocks.extend(norm(4));
        blocks.push(self.channel(config, hidden)?);
        blocks.extend(norm(5));
        Ok(blocks)
    }
}

/// Blocks of an encoder beside a decoder: over its own tokens, all of one component, with whole names.
pub fn of_encoder(blocks: Vec<Block>, prefix: &str) -> Vec<Block> {
    let mut blocks = blocks;
    for block in &mut blocks {
        block.input = Input::Encoder;
        for operator in &mut block.operators {
            operator.component = Component::Encoder;
            for tensor in &mut operator.tensors {
                tensor.name = format!("{prefix}{}", tensor.name).into();
                tensor.component = Component::Encoder;
                if tensor.kind == TensorKind::Head {
                    tensor.kind = TensorKind::Matrix;
                }
            }
        }
    }
    blocks
}
