//! Multi-head latent attention (MLA): keys and values are made from one small latent per token.

use super::super::component::Component;
use super::super::operator::{
    Attention, Block, Cache, CacheRole, CacheWidth, Kind, Latent, Live, Operator, Role, Span, Step,
};
use super::super::tensor::{Sharding, Tensor};
use super::{Norm, linear};
use crate::units::Quantity;

/// Dimensions of latent attention.
#[derive(Clone, Debug)]
pub struct LatentAttention {
    /// Heads.
    pub heads: Quantity,
    /// Rank of the queries' low-rank form (`q_lora_rank`); none is a full matrix.
    pub q_rank: Option<Quantity>,
    /// Rank of the latent (`kv_lora_rank`).
    pub kv_rank: Quantity,
    /// Width per head without a position (`qk_nope_head_dim`).
    pub nope: Quantity,
    /// Width with a position (`qk_rope_head_dim`), shared by all heads for keys.
    pub rope: Quantity,
    /// Width of a value (`v_head_dim`).
    pub value_dim: Quantity,
    /// Whether q_a, kv_a and o have a bias.
    pub bias: bool,
}

/// Builds the block. Source: DeepSeek-V2, arXiv 2405.04434, section 2.1 and appendix C.
///
/// Shapes: `q_a [q_rank, hidden]`, `q_b [heads·(nope+rope), q_rank]`, `kv_a [kv_rank+rope, hidden]`,
/// `kv_b [heads·(nope+value), kv_rank]`, `o [hidden, heads·value]`.
pub fn latent(hidden: &Quantity, style: &LatentAttention) -> Block {
    let LatentAttention {
        heads,
        q_rank,
        kv_rank,
        nope,
        rope,
        value_dim,
        bias,
    } = style;
    let projection = Component::Projection;
    let key_dim = Quantity::sum("qk_head_dim", &[nope, rope]);
    let q_width = Quantity::product("q_width", &[heads, &key_dim]);
    let o_width = Quantity::product("o_width", &[heads, value_dim]);
    let latent_width = Quantity::sum("latent_width", &[kv_rank, rope]);
    let head_output = Quantity::sum("nope_and_value", &[nope, value_dim]);
    let expanded_width = Quantity::product("kv_width", &[heads, &head_output]);
    let mut operators = Vec::new();
    let mut saved = vec![Live::new("attention input", hidden)];
    match q_rank {
        Some(rank) => {
            operators.push(
                linear("q_a_proj", "self_attn.q_a_proj", projection, rank, hidden, *bias).sharded(Sharding::Replicated),
            );
            operators.push(rank_norm("q_a_layernorm", "self_attn.q_a_layernorm", rank));
            operators.push(linear(
                "q_b_proj",
                "self_attn.q_b_proj",
                projection,
                &q_width,
                rank,
                false,
            ));
            saved.push(Live::new(
                "query latent, before and after its norm",
                &rank.times("2 × q_lora_rank", 2),
            ));
        }
        None => operators.push(linear(
            "q_proj",
            "self_attn.q_proj",
            projection,
            &q_width,
            hidden,
            false,
        )),
    }
    operators.push(
        linear(
            "kv_a_proj_with_mqa",
            "self_attn.kv_a_proj_with_mqa",
            projection,
            &latent_width,
            hidden,
            *bias,
        )
        .sharded(Sharding::Replicated),
    );
    operators.push(rank_norm("kv_a_layernorm", "self_attn.kv_a_layernorm", kv_rank));
    let shape = Latent {
        rank: kv_rank.clone(),
        rope: rope.clone(),
        nope: nope.clone(),
    };
    operators.push(Operator {
        name: "kv_b_proj",
        component: projection,
        kind: Kind::Expand {
            heads: heads.clone(),
            output: head_output,
            latent: Box::new(shape.clone()),
            value_dim: value_dim.clone(),
            span: Span::Full,
        },
        tensors: vec![Tensor::matrix(
            "self_attn.kv_b_proj.weight",
            projection,
            &expanded_width,
            kv_rank,
        )],
    });
    let rotated = Quantity::sum("rotated", &[&Quantity::product("q_rope", &[heads, rope]), rope]);
    operators.push(Operator::elementwise(
        "rotary positions",
        projection,
        &rotated,
        Step::Rotary,
        1,
    ));
    let attention = Attention {
        heads: heads.clone(),
        kv_heads: heads.clone(),
        key_dim: key_dim.clone(),
        value_dim: value_dim.clone(),
        span: Span::Full,
        latent: Some(shape),
    };
    operators.push(Operator {
        name: "scores and values",
        component: Component::Attention,
        kind: Kind::Attention(Box::new(attention)),
        tensors: Vec::new(),
    });
    operators.push(linear("o_proj", "self_attn.o_proj", projection, hidden, &o_width, *bias).sharded(Sharding::Rows));
    let k_expanded = Quantity::product("k_width", &[heads, &key_dim]);
    let v_expanded = Quantity::product("v_width", &[heads, value_dim]);
    let kept = |role, name, latent: &Quantity, expanded: &Quantity| Cache {
        role,
        name,
        width: CacheWidth::Latent {
            latent: latent.clone(),
            expanded: expanded.clone(),
        },
        span: Span::Full,
    };
    saved.extend([
        Live::new(
            "latent, before and after its norm",
            &Quantity::sum("latent twice", &[&latent_width, kv_rank]),
        ),
        Live::new("queries", &q_width),
        Live::new("keys", &k_expanded),
        Live::new("values", &v_expanded),
        Live::new("attention output", &o_width),
    ]);
    Block {
        operators,
        caches: vec![
            kept(CacheRole::Keys, "latent | keys", kv_rank, &k_expanded),
            kept(CacheRole::Values, "rotary key | values", rope, &v_expanded),
        ],
        live: vec![
            Live::new("attention input", hidden),
            Live::new("queries", &q_width),
            Live::new("latent", &latent_width),
            Live::new("keys", &k_expanded),
            Live::new("values", &v_expanded),
            Live::new("attention output", &o_width),
        ],
        saved,
        scores: Some(heads.clone()),
        ..Block::new("Multi-head latent attention", Role::TokenMixer)
    }
}

/// The same within a window: what lies before it is neither kept nor expanded.
pub fn within(mut block: Block, window: &Span) -> Block {
    for operator in &mut block.operators {
        match &mut operator.kind {
            Kind::Attention(attention) => attention.span = window.clone(),
            Kind::Expand { span, .. } => *span = window.clone(),
            _ => {}
        }
    }
    for cache in &mut block.caches {
        cache.span = window.clone();
    }
    block
}

fn rank_norm(name: &'static str, module: &'static str, width: &Quantity) -> Operator {
    let mut operator = Operator::elementwise(name, Component::Norm, width, Step::Norm(Norm::Rms), 1);
    operator.tensors = Norm::Rms.tensors(module, Component::Norm, &[width]);
    operator
}
