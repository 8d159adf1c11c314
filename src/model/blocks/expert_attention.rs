//! Attention whose queries and outputs come from routed experts, over keys and values that all share.

use super::super::component::Component;
use super::super::operator::{
    Attention, Block, Cache, CacheRole, CacheWidth, Kind, Live, Operator, Role, Routing, Rows, Span, Step,
};
use super::super::tensor::{Tensor, TensorKind};
use super::attention::Heads;
use super::linear;
use crate::units::Quantity;

/// Builds the block. `heads.queries` are those of all experts a token uses.
///
/// Shapes: router `[experts, hidden]`; each expert queries `[kv_width, hidden]` and output `[hidden, kv_width]`; keys and
/// values together `[2·kv_width, hidden]`; one bias `[hidden]`. Source: Mixture of Attention heads, arXiv 2210.05144.
pub fn expert_attention(hidden: &Quantity, heads: &Heads, routing: &Routing) -> Block {
    let width = Quantity::product("kv_width", &[&heads.kv, &heads.key_dim]);
    let queries = Quantity::product("q_width", &[&heads.queries, &heads.key_dim]);
    let both = width.times("keys and values", 2);
    let router = Tensor::new(
        "self_attention.experts.router.layer.weight",
        TensorKind::Router,
        Component::Router,
        &[&routing.experts, hidden],
    );
    let expert = |name, module: &str, out: &Quantity, input: &Quantity| {
        let weight =
            Tensor::matrix(format!("{module}.weight"), Component::Projection, out, input).each(&routing.experts);
        let mut operator = Operator::linear(name, weight, None, Rows::Tokens, out, input);
        if let Kind::Linear { routing: own, .. } = &mut operator.kind {
            *own = Some(routing.clone());
        }
        operator
    };
    let mut output = expert("o_proj", "self_attention.experts.output_linear.{e}", hidden, &width);
    output.tensors.push(Tensor::vector(
        "self_attention.experts.bias",
        Component::Projection,
        hidden,
    ));
    let attention = Attention {
        heads: heads.queries.clone(),
        kv_heads: heads.kv.clone(),
        key_dim: heads.key_dim.clone(),
        value_dim: heads.value_dim.clone(),
        span: Span::Full,
        latent: None,
    };
    let cache = |role, name| Cache {
        role,
        name,
        width: CacheWidth::Plain(width.clone()),
        span: Span::Full,
    };
    let live = vec![
        Live::new("attention input", hidden),
        Live::new("queries", &queries),
        Live::new("keys and values", &both),
        Live::new("attention output", &queries),
    ];
    Block {
        operators: vec![
            Operator::linear("router", router, None, Rows::Tokens, &routing.experts, hidden),
            expert("q_proj", "self_attention.experts.input_linear.{e}", &width, hidden),
            linear(
                "kv_proj",
                "self_attention.kv_proj",
                Component::Projection,
                &both,
                hidden,
                false,
            ),
            Operator::elementwise("rotary positions", Component::Projection, &queries, Step::Rotary, 1),
            Operator {
                name: "scores and values",
                component: Component::Attention,
                kind: Kind::Attention(Box::new(attention)),
                tensors: Vec::new(),
            },
            output,
        ],
        caches: vec![cache(CacheRole::Keys, "keys"), cache(CacheRole::Values, "values")],
        saved: live.clone(),
        live,
        scores: Some(heads.queries.clone()),
        ..Block::new("Mixture of attention heads", Role::TokenMixer)
    }
}
