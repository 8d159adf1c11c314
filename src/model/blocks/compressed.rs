//! Attention of DeepSeek V4: one vector a token serves all heads as key and value; far tokens are kept compressed.

use super::super::component::Component;
use super::super::operator::{
    Attention, Block, Cache, CacheRole, CacheWidth, Compressor, Index, Kind, Latent, Live, Operator, Role, Rows, Span,
    State, Step,
};
use super::super::tensor::{Sharding, Tensor, TensorKind};
use super::{Norm, linear};
use crate::units::Quantity;

/// Dimensions.
#[derive(Clone, Debug)]
pub struct CompressedAttention {
    /// Query heads.
    pub heads: Quantity,
    /// Width of a head and of the shared vector.
    pub dim: Quantity,
    /// Elements of that vector that are rotary.
    pub rotary: Quantity,
    /// Rank of the queries' low-rank form.
    pub q_rank: Quantity,
    /// Groups of heads in the output projection.
    pub groups: Quantity,
    /// Rank of each group's output.
    pub o_rank: Quantity,
    /// Tokens of the window.
    pub window: Quantity,
    /// Heads of the indexer.
    pub index_heads: Quantity,
    /// Width of the indexer's keys.
    pub index_dim: Quantity,
    /// Entries the indexer chooses.
    pub chosen: Quantity,
}

/// What is kept of tokens beyond the window.
#[derive(Clone, Debug)]
pub enum Compression {
    /// Nothing.
    None,
    /// An entry for so many tokens, made of two overlapping groups; an indexer chooses among them.
    Sparse(Quantity),
    /// An entry for so many tokens; all are seen.
    Heavy(Quantity),
}

/// Builds the block. Source: DeepSeek-V4 report, section 2.3; shapes as transformers has them in `modeling_deepseek_v4.py`.
///
/// Shapes: `q_a [q_rank, hidden]`, `q_b [heads·dim, q_rank]`, `kv [dim, hidden]`, `o_a [groups·o_rank, heads·dim/groups]`
/// (each group on its own), `o_b [hidden, groups·o_rank]`; compressor: kv and gate `[dim, hidden]` (twice as wide where
/// groups overlap), position bias `[ratio, dim]`.
pub fn compressed(hidden: &Quantity, style: &CompressedAttention, compression: &Compression) -> Block {
    let projection = Component::Projection;
    let CompressedAttention { heads, dim, q_rank, .. } = style;
    let q_width = Quantity::product("q_width", &[heads, dim]);
    let group_input = Quantity::quotient("group_input", &q_width, &style.groups);
    let o_width = Quantity::product("o_width", &[&style.groups, &style.o_rank]);
    let mut block = Block {
        operators: vec![
            linear("q_a_proj", "self_attn.q_a_proj", projection, q_rank, hidden, false).sharded(Sharding::Replicated),
            weighted_norm("q_a_norm", "self_attn.q_a_norm", q_rank),
            linear("q_b_proj", "self_attn.q_b_proj", projection, &q_width, q_rank, false),
            Operator::elementwise("q_b_norm", Component::Norm, &q_width, Step::Norm(Norm::Rms), 1),
            linear("kv_proj", "self_attn.kv_proj", projection, dim, hidden, false).sharded(Sharding::Replicated),
            weighted_norm("kv_norm", "self_attn.kv_norm", dim),
            Operator::elementwise("rotary positions", projection, &q_width, Step::Rotary, 1),
            attend(style, "scores and values", Span::Window(style.window.clone())),
        ],
        caches: vec![Cache {
            role: CacheRole::Keys,
            name: "key and value, one vector",
            width: CacheWidth::Copied {
                once: dim.clone(),
                copies: dim.times("key and value", 2),
            },
            span: Span::Window(style.window.clone()),
        }],
        live: vec![
            Live::new("attention input", hidden),
            Live::new("query latent", q_rank),
            Live::new("queries", &q_width),
            Live::new("key and value", dim),
            Live::new("attention output", &q_width),
            Live::new("grouped output", &o_width),
        ],
        scores: Some(heads.clone()),
        shared_rotary: Some(style.rotary.clone()),
        ..Block::new("Compressed attention", Role::TokenMixer)
    };
    if let Some(operator) = block.operators.last_mut() {
        operator
            .tensors
            .push(Tensor::vector("self_attn.sinks", Component::Attention, heads));
    }
    match compression {
        Compression::None => {}
        Compression::Heavy(ratio) => far(&mut block, hidden, style, ratio, None),
        Compression::Sparse(ratio) => far(&mut block, hidden, style, ratio, Some(&style.chosen)),
    }
    let grouped = Tensor::matrix("self_attn.o_a_proj.weight", projection, &o_width, &group_input);
    block.operators.extend([
        Operator::linear("o_a_proj", grouped, None, Rows::Tokens, &o_width, &group_input),
        linear("o_b_proj", "self_attn.o_b_proj", projection, hidden, &o_width, false),
    ]);
    block.saved = block.live.clone();
    block
}

/// Attention to the compressed entries, with what makes them; `chosen` where an indexer picks some.
fn far(block: &mut Block, hidden: &Quantity, style: &CompressedAttention, ratio: &Quantity, chosen: Option<&Quantity>) {
    let overlaps = chosen.is_some();
    let span = Span::Every {
        ratio: ratio.clone(),
        chosen: chosen.cloned(),
    };
    compressor(
        block,
        "self_attn.compressor",
        hidden,
        &style.dim,
        ratio,
        (overlaps, CacheRole::Keys),
    );
    if overlaps {
        let projection = Component::Projection;
        let width = Quantity::product("index_width", &[&style.index_heads, &style.index_dim]);
        let module = "self_attn.compressor.indexer";
        compressor(block, module, hidden, &style.index_dim, ratio, (true, CacheRole::Index));
        block.operators.extend([
            linear(
                "index queries",
                &format!("{module}.q_b_proj"),
                projection,
                &width,
                &style.q_rank,
                false,
            )
            .sharded(Sharding::Replicated),
            linear(
                "index weights",
                &format!("{module}.scorer.weights_proj"),
                projection,
                &style.index_heads,
                hidden,
                false,
            )
            .sharded(Sharding::Replicated),
            Operator {
                name: "index scores",
                component: Component::Attention,
                kind: Kind::Index(Box::new(Index {
                    heads: style.index_heads.clone(),
                    dim: style.index_dim.clone(),
                    // The weighted sum over heads is no matrix product here.
                    weighted: false,
                    span: Span::Every {
                        ratio: ratio.clone(),
                        chosen: None,
                    },
                })),
                tensors: Vec::new(),
            },
        ]);
        block.live.push(Live::new("index queries", &width));
    }
    block
        .operators
        .push(attend(style, "scores and values of compressed entries", span));
}

/// Makes entries of `width` from groups of `ratio` tokens, weighted by a softmax over gates.
fn compressor(
    block: &mut Block,
    module: &str,
    hidden: &Quantity,
    width: &Quantity,
    ratio: &Quantity,
    (overlaps, role): (bool, CacheRole),
) {
    let projection = Component::Projection;
    let wide = if overlaps {
        width.times("two overlapping series", 2)
    } else {
        width.clone()
    };
    let bias = Tensor::new(
        format!("{module}.position_bias"),
        TensorKind::Vector,
        projection,
        &[ratio, &wide],
    );
    let mut pool = Operator::elementwise("entries pooled", projection, &wide, Step::Softmax, 2);
    pool.tensors.push(bias);
    pool.tensors
        .extend(Norm::Rms.tensors(&format!("{module}.kv_norm"), Component::Norm, &[width]));
    block.operators.extend([
        linear(
            "compressor kv_proj",
            &format!("{module}.kv_proj"),
            projection,
            &wide,
            hidden,
            false,
        )
        .sharded(Sharding::Replicated),
        linear(
            "compressor gate_proj",
            &format!("{module}.gate_proj"),
            projection,
            &wide,
            hidden,
            false,
        )
        .sharded(Sharding::Replicated),
        pool,
    ]);
    block.compressors.push(Compressor {
        ratio: ratio.clone(),
        width: width.clone(),
        series: if overlaps { 2 } else { 1 },
    });
    block.caches.push(Cache {
        role,
        name: "compressed entries",
        width: CacheWidth::Plain(width.clone()),
        span: Span::Every {
            ratio: ratio.clone(),
            chosen: None,
        },
    });
    if overlaps {
        // The last group waits for the next one: its values and gates.
        let waiting = Quantity::product("waiting", &[ratio, width]);
        block.states.push(State::Plain {
            elements: waiting.times("values and gates", 2),
        });
    }
    block
        .live
        .push(Live::new("compressor values and gates", &wide.times("kv and gate", 2)));
}

fn attend(style: &CompressedAttention, name: &'static str, span: Span) -> Operator {
    let none = Quantity::architecture("rope", 0, "positions are inside the shared vector");
    let attention = Attention {
        heads: style.heads.clone(),
        kv_heads: Quantity::architecture("kv_heads", 1, "one vector for all heads"),
        key_dim: style.dim.clone(),
        value_dim: style.dim.clone(),
        span,
        // Key and value are one vector, read once, as in absorbed latent attention.
        latent: Some(Latent {
            rank: style.dim.clone(),
            rope: none.clone(),
            nope: none,
        }),
    };
    Operator {
        name,
        component: Component::Attention,
        kind: Kind::Attention(Box::new(attention)),
        tensors: Vec::new(),
    }
}

fn weighted_norm(name: &'static str, module: &str, width: &Quantity) -> Operator {
    let mut operator = Operator::elementwise(name, Component::Norm, width, Step::Norm(Norm::Rms), 1);
    operator.tensors = Norm::Rms.tensors(module, Component::Norm, &[width]);
    operator
}
