//! Inkling 2: Inkling with a gate and sinks that each token makes for itself, attention over depth before each mixer, and in layers
//! without a window an input of its own for queries, keys and values and convolutions whose weights each token makes.
//!
//! Source: `modeling_inkling2.py` of transformers 5.23, on which its counts were checked.

use super::super::blocks::{Norm, depth_mixing, depth_queries, depth_reads, norm, output_gate};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Rows, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::assembly::Assembly;
use super::inkling::{self, KERNEL, WINDOW, convolved, keys_convolved, plain_layers, relative, windowed_heads};
use super::{Build, Changes, Decoder, Experts, Family, MoeLayers, Names, Pattern, Place, Windows, adjust};
use crate::units::Quantity;

/// The first layer reads nothing from depth: a mark of this description, no key of a file.
const FIRST: &str = "reads nothing from depth";

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["inkling2_text"],
    title: "Inkling 2",
    build: Build::Decoder(INKLING),
}];

/// What Inkling 2 and its looped form have in common.
pub const INKLING: Decoder = Decoder {
    rotary: false,
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, _| (layer + 1).is_multiple_of(inkling::EVERY)),
        switch: None,
    },
    window_keys: WINDOW,
    experts: Some(Experts {
        layers: MoeLayers::All,
        shared: super::Shared::None,
        ..Experts::DEEPSEEK
    }),
    sparse: |_, _, layers| Ok(vec![true; layers as usize]),
    names: Names {
        stem_norm: "embed_tokens.embed_norm",
        ..Names::LLAMA
    },
    // Both tables are in its checkpoints, whatever a config says.
    tie: |_, _| Ok(false),
    translate: plain_layers,
    changes: |config, windowed| {
        let mut all: Vec<Changes> = windowed_heads(config, windowed)?;
        first(&mut all);
        Ok(all)
    },
    adjust_layer,
    adjust_ends,
    ..Decoder::UNBIASED
};

/// Marks the layer that reads nothing from depth.
pub fn first(layers: &mut [Changes]) {
    if let Some(first) = layers.first_mut() {
        first.push((FIRST, true.into()));
    }
}

/// The gate, sinks, convolutions and reading from depth of a layer.
pub fn adjust_layer(
    config: &Config,
    hidden: &Quantity,
    place: Place,
    blocks: Vec<Block>,
) -> Result<Vec<Block>, ModelError> {
    let windowed = place.windowed();
    let reach = inkling::reach(config, place)?;
    let kernel = config.size("conv_kernel", KERNEL)?;
    let states = config.size("relative_width", &["d_rel"])?;
    let inputs = Quantity::architecture(
        "inputs",
        if windowed { 1 } else { 3 },
        "queries, keys and values may have one each",
    );
    let one = Quantity::architecture("queries", 1, "one query over depth");
    let reads = config.get(FIRST).is_none();
    let mut blocks = adjust::mixer(blocks, |block| {
        let width = adjust::output_width(&block);
        let heads = adjust::query_heads(&block);
        let mut block = match windowed {
            true => keys_convolved(block, &kernel),
            false => keys_weighed(block, hidden, &kernel),
        };
        block = relative(clipped(block, &width, &states), hidden, &states, &reach);
        block = adjust::before(block, "scores and values", sinks(&heads, hidden));
        block = output_gate(block, "self_attn.gate_proj", &width, hidden, &width);
        block = convolved(block, "post_attention_convolution.conv1d", hidden, &kernel);
        if reads {
            block
                .operators
                .insert(0, depth_queries("attention_input", hidden, &inputs));
        }
        block
    });
    blocks = adjust::channel(blocks, |mut block| {
        block.operators.insert(0, depth_queries("mlp_input", hidden, &one));
        convolved(block, "post_mlp_convolution.conv1d", hidden, &kernel)
    });
    if !windowed && blocks.first().is_some_and(|block| block.role == Role::Norm) {
        let own = ["q_input_layernorm", "k_input_layernorm", "v_input_layernorm"];
        blocks.splice(0..1, own.map(|module| norm(Norm::Rms, module, hidden)));
    }
    Ok(blocks)
}

fn adjust_ends(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let layers = all.layers.value;
    let windowed = super::layers::windowed_layers(config, &INKLING, layers, true)?;
    let runs: Vec<_> = (0..layers).zip(windowed).collect();
    let weights = final_queries(&all.hidden);
    all.tail
        .insert(0, reading(config, &all.hidden, weights, &runs, [0, 0])?);
    Ok(())
}

/// The query of the last place that reads from depth.
pub fn final_queries(hidden: &Quantity) -> Operator {
    let one = Quantity::architecture("queries", 1, "one query over depth");
    depth_queries("final_input", hidden, &one)
}

/// All reading from depth, once: of each run of a layer, which may be windowed, and of messages so many outputs and scores. Layers without a
/// window ask three times before their token mixer.
pub fn reading(
    config: &Config,
    hidden: &Quantity,
    weights: Operator,
    runs: &[(u64, bool)],
    messages: [u64; 2],
) -> Result<Block, ModelError> {
    let block = config.size("block", &["n_layers_per_attn_res_block"])?;
    let why = "all places together: one output is stored every n_layers_per_attn_res_block layers";
    let last = runs
        .iter()
        .map(|&(layer, _)| layer)
        .max()
        .unwrap_or(0)
        .saturating_add(1);
    let last = last.div_ceil(block.value.max(1)).saturating_add(1);
    let [mut rows, mut scores] = messages.map(|more| more.saturating_add(last));
    for &(layer, windowed) in runs {
        let (token, channel) = depth_reads(layer, block.value);
        let asked = if windowed { token } else { token.saturating_mul(3) };
        rows = rows.saturating_add(token).saturating_add(channel);
        scores = scores.saturating_add(asked).saturating_add(channel);
    }
    let (rows, scores) = (
        Quantity::assumed("outputs read", rows, why),
        Quantity::assumed("scores over depth", scores, why),
    );
    Ok(depth_mixing(weights, hidden, &rows, &scores))
}

/// Keys and values are convolved with weights of their own `[kernel, width]` and some that each token makes for each of their heads,
/// `[kv_heads·kernel, hidden]`.
fn keys_weighed(mut block: Block, hidden: &Quantity, kernel: &Quantity) -> Block {
    let part = Component::StateSpace;
    let heads = block.operators.iter().find_map(|operator| match &operator.kind {
        Kind::Attention(attention) => Some(attention.kv_heads.clone()),
        _ => None,
    });
    let Some(heads) = heads else { return block };
    let made = Quantity::product("weights of a token", &[&heads, kernel]);
    for (name, module) in [("k_proj", "self_attn.k_sconv"), ("v_proj", "self_attn.v_sconv")] {
        let Some((at, width)) = adjust::made(&block, name) else {
            continue;
        };
        let weight = Tensor::matrix(format!("{module}.weight_proj.weight"), part, &made, hidden);
        let project = Operator::linear("convolution weights", weight, None, Rows::Tokens, &made, hidden);
        let own = Tensor::new(
            format!("{module}.static_weight"),
            TensorKind::Vector,
            part,
            &[kernel, &width],
        );
        // A weighted sum of a few tokens, element by element: no convolution kernel takes weights that differ by token.
        let steps = kernel.value.saturating_mul(2);
        let mut convolve = Operator::elementwise("weighted tokens", part, &width, Step::Plain(steps), 1);
        convolve.tensors = vec![own];
        let after = at.saturating_add(1);
        block.operators.splice(after..after, [project, convolve]);
        block.states.push(State::Conv {
            channels: width,
            kernel: kernel.clone(),
        });
    }
    block
}

/// Lengths of queries, keys and relative states are bounded, queries and states after a learned scale; values are normed.
fn clipped(mut block: Block, width: &Quantity, states: &Quantity) -> Block {
    let (heads, part) = (adjust::query_heads(&block), Component::Norm);
    let bound = |module: &str, each: &Quantity| {
        let all = Quantity::product("bounded", &[&heads, each]);
        let mut bound = Operator::elementwise("bounded lengths", part, &all, Step::Plain(4), 1);
        let name = format!("self_attn.{module}.scale");
        bound.tensors = vec![Tensor::new(name, TensorKind::Vector, part, &[&heads, each])];
        bound
    };
    let each = Quantity::quotient("head_dim", width, &heads);
    for made in [bound("q_l2_clip", &each), bound("rel_l2_clip", states)] {
        block = adjust::before(block, "scores and values", made);
    }
    block
}

/// A sink for each head that the token makes: `[heads, hidden]`.
fn sinks(heads: &Quantity, hidden: &Quantity) -> Operator {
    let part = Component::Projection;
    let weight = Tensor::matrix("self_attn.sink_proj.weight", part, heads, hidden);
    Operator::linear("sink_proj", weight, None, Rows::Tokens, heads, hidden)
}
