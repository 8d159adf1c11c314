//! DeBERTa 1 and 2: positions relative to each other, compared with words. Counts checked against transformers' classes.

use serde_json::Value;

use super::Family;
use super::bert::row;
use super::decoder::Flag;
use super::decoder::Table;
use super::encoder::{Encoder, POSITIONS, Pretraining, Purpose, Sorting, TYPES, not_built};
use super::encoding::with_positions;
use super::{Decoder, Names};
use crate::model::blocks::{Norm, norm, positions};
use crate::model::component::Component;
use crate::model::config::{Config, wrong};
use crate::model::error::ModelError;
use crate::model::families::assembly::Assembly;
use crate::model::operator::{Attention, Block, Kind, Operator, Role, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["deberta-v2"], "DeBERTa 2", DEBERTA2),
    row(&["deberta"], "DeBERTa", DEBERTA),
];

/// Which of positions' parts DeBERTa compares: `c2p`, `p2c`.
fn compares(config: &Config, what: &str) -> Result<bool, ModelError> {
    match config.get("pos_att_type") {
        None => Ok(false),
        // Whole names in a list, or a text of names.
        Some(Value::Array(names)) => Ok(names.iter().any(|name| name.as_str() == Some(what))),
        Some(Value::String(names)) => Ok(names.to_lowercase().split('|').any(|name| name.trim() == what)),
        Some(other) => Err(wrong("pos_att_type", other, "names")),
    }
}

/// Relative positions on each side: as many as buckets, else as said, else as the longest context.
fn reach(config: &Config, buckets: bool) -> Result<Quantity, ModelError> {
    let positive = |key: &'static str| {
        let value = config.get(key).and_then(Value::as_i64).filter(|value| *value > 0);
        value.map(|value| Quantity::config("relative positions", key, value.unsigned_abs()))
    };
    let bucketed = buckets.then(|| positive("position_buckets")).flatten();
    match bucketed.or_else(|| positive("max_relative_positions")) {
        Some(reach) if reach.value <= 1 << 24 => Ok(reach),
        Some(reach) => Err(ModelError::OutOfRange {
            key: "max_relative_positions".to_owned(),
            found: reach.value.to_string(),
            least: 1,
            most: 1 << 24,
        }),
        None => config.size("relative positions", &["max_position_embeddings"]),
    }
}

/// A matrix over the table of relative positions.
fn over_positions(module: &str, hidden: &Quantity, rows: Rows, tensors: bool, bias: bool) -> Operator {
    let component = Component::Projection;
    let weight = Tensor::matrix(format!("{module}.weight"), component, hidden, hidden);
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, hidden));
    let mut operator = Operator::linear("positions", weight, bias, rows, hidden, hidden);
    if !tensors {
        operator.tensors.clear();
    }
    operator
}

const DEBERTA_TABLES: &[Table] = &[
    Table {
        when: Flag::Key("position_biased_input", true),
        ..POSITIONS
    },
    TYPES,
];

/// Disentangled attention (He 2021, arXiv 2111.09543).
const DEBERTA2: Encoder = Encoder {
    class: "DebertaV2",
    stack: Decoder {
        names: Names {
            attention: [
                "attention.self.query_proj",
                "attention.self.key_proj",
                "attention.self.value_proj",
                "attention.output.dense",
            ],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    tables: DEBERTA_TABLES,
    pooler: "",
    sorting: Sorting::Dense("pooler.dense", "classifier"),
    pretraining: Pretraining::Unknown,
    adjust_layer: |config, hidden, _, mut blocks| {
        if !config.flag("relative_attention", false)? {
            return Ok(blocks);
        }
        let reach = reach(config, true)?;
        let twice = reach.times("relative positions", 2);
        let shared = config.flag("share_att_key", false)?;
        let (c2p, p2c) = (compares(config, "c2p")?, compares(config, "p2c")?);
        if let Some(attention) = blocks.first_mut() {
            if shared || c2p {
                let module = "attention.self.pos_key_proj";
                attention
                    .operators
                    .push(over_positions(module, hidden, Rows::Given(twice.value), !shared, true));
            }
            if shared || p2c {
                let module = "attention.self.pos_query_proj";
                attention
                    .operators
                    .push(over_positions(module, hidden, Rows::Given(twice.value), !shared, true));
            }
            for _ in [c2p, p2c].into_iter().filter(|there| *there) {
                attention
                    .operators
                    .push(with_positions("content and position", hidden, &twice));
            }
        }
        Ok(blocks)
    },
    adjust_ends: |config, purpose, all| {
        deberta_ends(config, purpose, all)?;
        let hidden = all.hidden.clone();
        if config.flag("relative_attention", false)? {
            let rows = reach(config, true)?.times("rows", 2);
            all.stem.push(positions("encoder.rel_embeddings", &rows, &hidden));
        }
        let norms = config.text("norm_rel_ebd").unwrap_or("none").to_lowercase();
        if norms.split('|').any(|name| name.trim() == "layer_norm") {
            all.stem.push(norm(Norm::Layer, "encoder.LayerNorm", &hidden));
        }
        if config
            .get("conv_kernel_size")
            .and_then(Value::as_i64)
            .is_some_and(|size| size > 0)
        {
            let kernel = config.size("kernel", &["conv_kernel_size"])?;
            if config
                .optional("groups", &["conv_groups"])?
                .is_some_and(|groups| groups.value != 1)
            {
                return not_built(config, "A convolution in groups (conv_groups)");
            }
            let weight = Tensor::new(
                "encoder.conv.conv.weight",
                TensorKind::Vector,
                Component::Projection,
                &[&hidden, &hidden, &kernel],
            );
            let bias = Tensor::vector("encoder.conv.conv.bias", Component::Projection, &hidden);
            let wide = Quantity::product("window", &[&hidden, &kernel]);
            let convolution = Operator::linear("convolution", weight, Some(bias), Rows::Tokens, &hidden, &wide);
            all.stem.push(Block {
                operators: vec![convolution],
                ..Block::new("Convolution", Role::Embedding)
            });
            all.stem.push(norm(Norm::Layer, "encoder.conv.LayerNorm", &hidden));
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// What is refused of both.
fn deberta_ends(config: &Config, purpose: Purpose, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.value;
    for key in ["embedding_size", "pooler_hidden_size"] {
        let pools = key != "pooler_hidden_size" || purpose == Purpose::Texts;
        if pools
            && config
                .optional("width", &[key])?
                .is_some_and(|width| width.value != hidden)
        {
            return not_built(config, format!("Another width than that of the layers ({key})"));
        }
    }
    if purpose == Purpose::Masked && !config.flag("legacy", true)? {
        return not_built(config, "The head for masked words that is not the legacy one");
    }
    Ok(())
}

/// He 2020, arXiv 2006.03654: one matrix of q, k and v, biases of q and v.
const DEBERTA: Encoder = Encoder {
    class: "Deberta",
    stack: Decoder {
        names: Names {
            attention: [
                "attention.self.in_proj",
                "attention.self.in_proj",
                "attention.self.in_proj",
                "attention.output.dense",
            ],
            ..Decoder::BERT.names
        },
        qkv_bias: Flag::No,
        ..Decoder::BERT
    },
    tables: DEBERTA_TABLES,
    pooler: "",
    sorting: Sorting::Dense("pooler.dense", "classifier"),
    pretraining: Pretraining::Unknown,
    adjust_layer: |config, hidden, _, mut blocks| {
        if config.flag("talking_head", false)? {
            return not_built(config, "Talking heads (talking_head)");
        }
        let relative = config.flag("relative_attention", false)?;
        let (c2p, p2c) = (compares(config, "c2p")?, compares(config, "p2c")?);
        let reach = reach(config, false)?;
        let heads = DEBERTA.stack.read_heads(config, hidden)?;
        // Scores of words and distances: as many distances on each side as a text is long.
        let compare = Operator {
            name: "content and position",
            component: Component::Attention,
            kind: Kind::Attention(Box::new(Attention {
                heads: heads.queries.clone(),
                kv_heads: heads.queries,
                key_dim: heads.key_dim.times("distances on both sides", 2),
                value_dim: Quantity::architecture("value_dim", 0, "scores only"),
                span: Span::Near(reach.clone()),
                latent: None,
            })),
            tensors: Vec::new(),
        };
        if let Some(attention) = blocks.first_mut() {
            if let Some(first) = attention.operators.first_mut() {
                for name in ["attention.self.q_bias", "attention.self.v_bias"] {
                    first.tensors.push(Tensor::vector(name, Component::Projection, hidden));
                }
            }
            for (there, module, bias) in [
                (c2p, "attention.self.pos_proj", false),
                (p2c, "attention.self.pos_q_proj", true),
            ] {
                if relative && there {
                    attention
                        .operators
                        .push(over_positions(module, hidden, Rows::Reach(reach.value), true, bias));
                    attention.operators.push(compare.clone());
                }
            }
        }
        Ok(blocks)
    },
    adjust_ends: |config, purpose, all| {
        deberta_ends(config, purpose, all)?;
        if config.flag("relative_attention", false)? {
            let rows = reach(config, false)?.times("rows", 2);
            let hidden = all.hidden.clone();
            all.stem.push(positions("encoder.rel_embeddings", &rows, &hidden));
        }
        Ok(())
    },
    ..Encoder::BERT
};
