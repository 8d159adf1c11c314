//! The indexer of sparse attention: it scores every earlier token cheaply and attention looks at the best only.

use super::super::component::Component;
use super::super::operator::{Block, Cache, CacheRole, CacheWidth, Index, Kind, Live, Operator, Rows, Span, Step};
use super::super::tensor::{Sharding, Tensor, TensorKind};
use super::{Norm, linear};
use crate::units::Quantity;

/// What varies between families.
#[derive(Clone, Debug)]
pub struct Indexer {
    /// Query heads.
    pub heads: Quantity,
    /// Width of a head and of the key.
    pub dim: Quantity,
    /// Width that queries are made from: the queries' latent, or the hidden state.
    pub input: Quantity,
    /// Modules of queries and key.
    pub modules: [&'static str; 2],
    /// Norms over a head of queries or key: module and kind.
    pub norms: &'static [(&'static str, Norm)],
    /// Module of the heads' weights `[heads, hidden]`, if scores are weighted.
    pub weights: Option<&'static str>,
    /// Tokens that attention looks at.
    pub chosen: Quantity,
}

/// Puts an indexer into an attention block, before its scores. Its key is cached beside the block's own caches.
///
/// Shapes: queries `[heads·dim, input]`, key `[dim, hidden]`, weights `[heads, hidden]`. Source: DeepSeek-V3.2-Exp report,
/// section 1; its scores are `2·pairs·heads·(dim + 1)` operations.
pub fn indexed(block: Block, hidden: &Quantity, style: &Indexer) -> Block {
    let Indexer {
        heads,
        dim,
        input,
        modules: [queries, key],
        norms,
        weights,
        chosen,
    } = style;
    let projection = Component::Projection;
    let width = Quantity::product("index_width", &[heads, dim]);
    let mut operators = vec![
        linear("index queries", queries, projection, &width, input, false).sharded(Sharding::Replicated),
        linear("index key", key, projection, dim, hidden, false).sharded(Sharding::Replicated),
    ];
    for (module, kind) in *norms {
        let mut operator = Operator::elementwise("index norm", Component::Norm, dim, Step::Norm(*kind), 1);
        operator.tensors = kind.tensors(module, Component::Norm, &[dim]);
        operators.push(operator);
    }
    let rotated = Quantity::sum("index_rotated", &[&width, dim]);
    operators.push(Operator::elementwise(
        "index positions",
        projection,
        &rotated,
        Step::Rotary,
        1,
    ));
    if let Some(weights) = weights {
        operators
            .push(linear("index weights", weights, projection, heads, hidden, false).sharded(Sharding::Replicated));
    }
    operators.push(Operator {
        name: "index scores",
        component: Component::Attention,
        kind: Kind::Index(Box::new(Index {
            heads: heads.clone(),
            dim: dim.clone(),
            weighted: weights.is_some(),
            span: Span::Full,
        })),
        tensors: Vec::new(),
    });
    let mut block = choosing(block, chosen);
    let at = block
        .operators
        .iter()
        .position(|operator| operator.name == "scores and values")
        .unwrap_or(block.operators.len());
    block.operators.splice(at..at, operators);
    block.caches.push(Cache {
        role: CacheRole::Index,
        name: "index keys",
        width: CacheWidth::Plain(dim.clone()),
        span: Span::Full,
    });
    let live = [Live::new("index queries", &width), Live::new("index key", dim)];
    block.live.extend(live.clone());
    block.saved.extend(live);
    block
}

/// An indexer that scores pools of so many tokens, each a mean of keys weighted by a softmax over gates: `{module}_gate`
/// `[dim, hidden]`, `{module}_ape` `[pool, dim]`. Key, gate and whether it counts are cached for each token.
///
/// Source: `modeling_glm5_next.py` of transformers 5.23. Attention also sees the tokens of a pool that is not full yet, which is left out.
pub fn pooled(mut block: Block, hidden: &Quantity, module: &str, pool: &Quantity) -> Block {
    let dim = block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Index(index) => Some(index.dim.clone()),
        _ => None,
    });
    let Some(dim) = dim else {
        return block;
    };
    let projection = Component::Projection;
    let weight = Tensor::matrix(format!("{module}_gate"), projection, &dim, hidden);
    let gate = Operator::linear("index gate", weight, None, Rows::Tokens, &dim, hidden).sharded(Sharding::Replicated);
    let mut means = Operator::elementwise("pools", projection, &dim, Step::Softmax, 2);
    let places = Tensor::new(format!("{module}_ape"), TensorKind::Vector, projection, &[pool, &dim]);
    means.tensors.push(places);
    block = scoring_pools(block, pool, [gate, means]);
    let two = dim.times("key and gate", 2);
    let one = Quantity::architecture("mark", 1, "whether the token counts");
    for cache in &mut block.caches {
        if cache.role == CacheRole::Index {
            cache.width = CacheWidth::Plain(Quantity::sum("index_cached", &[&two, &one]));
        }
    }
    block.live.push(Live::new("index gate", &dim));
    block
}

/// An indexer that scores one key for so many tokens, which the operators make.
pub fn scoring_pools(mut block: Block, pool: &Quantity, means: impl IntoIterator<Item = Operator>) -> Block {
    for operator in &mut block.operators {
        if let Kind::Index(index) = &mut operator.kind {
            index.span = Span::Every {
                ratio: pool.clone(),
                chosen: None,
            };
        }
    }
    let at = block
        .operators
        .iter()
        .position(|operator| operator.name == "index scores");
    let at = at.unwrap_or(block.operators.len());
    block.operators.splice(at..at, means);
    block
}

/// Attention that looks at what an indexer chose, in this layer or an earlier one.
pub fn choosing(mut block: Block, chosen: &Quantity) -> Block {
    for operator in &mut block.operators {
        if let Kind::Attention(attention) = &mut operator.kind {
            attention.span = Span::Chosen(chosen.clone());
        }
    }
    block
}

/// Learned vectors beside the operator of the given name, such as scales and biases of a softmax.
pub fn with_vectors(mut block: Block, operator: &str, vectors: impl IntoIterator<Item = Tensor>) -> Block {
    if let Some(found) = block.operators.iter_mut().find(|known| known.name == operator) {
        found.tensors.extend(vectors);
    }
    block
}
