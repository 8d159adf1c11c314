//! Attention with explicit keys and values: multi-head, grouped-query, multi-query.

use super::super::component::Component;
use super::super::operator::{Attention, Block, Cache, CacheRole, CacheWidth, Kind, Live, Operator, Role, Span, Step};
use super::super::tensor::{Sharding, Tensor, TensorKind};
use super::{Norm, linear};
use crate::units::Quantity;

/// Heads and their widths.
#[derive(Clone, Debug, PartialEq)]
pub struct Heads {
    /// Query heads.
    pub queries: Quantity,
    /// Heads of keys and values.
    pub kv: Quantity,
    /// Width of a query and a key.
    pub key_dim: Quantity,
    /// Width of a value.
    pub value_dim: Quantity,
}

/// Norms of queries and keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QkNorm {
    /// None.
    None,
    /// One weight vector for all heads: `[head_dim]`.
    PerHead(Norm),
    /// Over all heads together: `[heads × head_dim]`.
    FullWidth,
    /// A weight vector of its own for each head: `[heads, head_dim]`.
    EachHead,
}

/// What varies between families.
#[derive(Clone, Debug)]
pub struct GroupedAttention {
    /// Heads.
    pub heads: Heads,
    /// Module names of q, k, v and o inside the layer; one name for q, k and v is one matrix `[q + k + v, hidden]`.
    pub modules: [&'static str; 4],
    /// Module names of the q and k norms.
    pub norm_modules: [&'static str; 2],
    /// Whether q, k and v have a bias.
    pub qkv_bias: bool,
    /// Whether o has a bias.
    pub output_bias: bool,
    /// Norms of queries and keys.
    pub qk_norm: QkNorm,
    /// Whether each head has a learned sink.
    pub sinks: bool,
    /// What a token sees.
    pub span: Span,
}

/// Builds the block.
///
/// Shapes: q `[heads·key_dim, hidden]`, k `[kv_heads·key_dim, hidden]`, v `[kv_heads·value_dim, hidden]`,
/// o `[hidden, heads·value_dim]`. Source: Vaswani 2017; Ainslie 2023 (arXiv 2305.13245) for grouped queries.
pub fn grouped(hidden: &Quantity, style: &GroupedAttention) -> Block {
    let Heads {
        queries,
        kv,
        key_dim,
        value_dim,
    } = &style.heads;
    let q_width = Quantity::product("q_width", &[queries, key_dim]);
    let k_width = Quantity::product("k_width", &[kv, key_dim]);
    let v_width = Quantity::product("v_width", &[kv, value_dim]);
    let o_width = Quantity::product("o_width", &[queries, value_dim]);
    let [q, k, v, o] = style.modules;
    let projection = Component::Projection;
    let mut operators = if q == k && k == v {
        let width = Quantity::sum("qkv_width", &[&q_width, &k_width, &v_width]);
        vec![linear("qkv_proj", q, projection, &width, hidden, style.qkv_bias)]
    } else {
        vec![
            linear("q_proj", q, projection, &q_width, hidden, style.qkv_bias),
            linear("k_proj", k, projection, &k_width, hidden, style.qkv_bias).sharded(Sharding::KvHeads),
            linear("v_proj", v, projection, &v_width, hidden, style.qkv_bias).sharded(Sharding::KvHeads),
        ]
    };
    let mut saved = vec![
        Live::new("attention input", hidden),
        Live::new("queries", &q_width),
        Live::new("keys", &k_width),
        Live::new("values", &v_width),
        Live::new("attention output", &o_width),
    ];
    if style.qk_norm != QkNorm::None {
        for (name, module, heads, width) in [
            ("q_norm", style.norm_modules[0], queries, &q_width),
            ("k_norm", style.norm_modules[1], kv, &k_width),
        ] {
            let kind = match style.qk_norm {
                QkNorm::PerHead(kind) => kind,
                // Cohere and StableLM: mean and variance of each head.
                QkNorm::EachHead => Norm::LayerWithoutBias,
                QkNorm::None | QkNorm::FullWidth => Norm::Rms,
            };
            let mut operator = Operator::elementwise(name, Component::Norm, width, Step::Norm(kind), 1);
            operator.tensors = match style.qk_norm {
                QkNorm::PerHead(kind) => kind.tensors(module, Component::Norm, &[key_dim]),
                QkNorm::EachHead => vec![Tensor::new(
                    format!("{module}.weight"),
                    TensorKind::Vector,
                    Component::Norm,
                    &[heads, key_dim],
                )],
                _ => kind.tensors(module, Component::Norm, &[width]),
            };
            operators.push(operator);
            saved.push(Live::new("norm input of queries and keys", width));
        }
    }
    operators.push(Operator::elementwise(
        "rotary positions",
        projection,
        &Quantity::sum("q_and_k", &[&q_width, &k_width]),
        Step::Rotary,
        1,
    ));
    let attention = Attention {
        heads: queries.clone(),
        kv_heads: kv.clone(),
        key_dim: key_dim.clone(),
        value_dim: value_dim.clone(),
        span: style.span.clone(),
        latent: None,
    };
    let sinks = style
        .sinks
        .then(|| Tensor::vector("self_attn.sinks", Component::Attention, queries));
    operators.push(Operator {
        name: "scores and values",
        component: Component::Attention,
        kind: Kind::Attention(Box::new(attention)),
        tensors: sinks.into_iter().collect(),
    });
    operators.push(linear("o_proj", o, projection, hidden, &o_width, style.output_bias).sharded(Sharding::Rows));
    let cache = |role, name, width| Cache {
        role,
        name,
        width: CacheWidth::Plain(width),
        span: style.span.clone(),
    };
    Block {
        operators,
        caches: vec![
            cache(CacheRole::Keys, "keys", k_width.clone()),
            cache(CacheRole::Values, "values", v_width.clone()),
        ],
        live: vec![
            Live::new("attention input", hidden),
            Live::new("queries", &q_width),
            Live::new("keys", &k_width),
            Live::new("values", &v_width),
            Live::new("attention output", &o_width),
        ],
        saved,
        scores: Some(queries.clone()),
        ..Block::new(title(queries.value, kv.value), Role::TokenMixer)
    }
}

const fn title(queries: u64, kv: u64) -> &'static str {
    match kv {
        1 if queries > 1 => "Multi-query attention",
        _ if kv == queries => "Multi-head attention",
        _ => "Grouped-query attention",
    }
}
