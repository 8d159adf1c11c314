//! ZAYA: queries and keys are mixed by two short convolutions, half of each value comes from the token before, a small
//! network routes each token to one expert or to none. Source: arXiv 2510.04476; counts checked against transformers'
//! class.

use super::super::blocks::{GroupedAttention, Norm, QkNorm, embedding, grouped, head, norm, routed};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Rows, Span, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::assemble::tied;
use super::assembly::Assembly;
use super::channel::routed_style;
use super::{Build, Decoder, Experts, Family, adjust};
use crate::units::{Quantity, grouped as thousands};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["zaya"],
    title: "ZAYA",
    build: Build::Own(build),
}];

const HEADS: Decoder = Decoder {
    kv_heads: &["num_key_value_heads"],
    head_dim: &["head_dim"],
    ..Decoder::READER
};

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let layers = all.layers.value;
    let types = config.names("layer_types")?;
    if types.as_ref().is_some_and(|types| (types.len() as u64) < layers) {
        return Err(ModelError::Inconsistent(format!(
            "layer_types has fewer entries than the {layers} layers."
        )));
    }
    let keys: Vec<(bool, bool)> = (0..layers)
        .map(|layer| {
            let name = types.as_ref().and_then(|types| types.get(layer as usize));
            let windowed = match name {
                None | Some(&"hybrid") => false,
                Some(&"hybrid_sliding") => true,
                Some(other) => {
                    return Err(ModelError::NotBuilt {
                        model_type: config.model_type().to_owned(),
                        what: format!("The layer type \"{}\"", other.chars().take(40).collect::<String>()),
                    });
                }
            };
            Ok((windowed, layer == 0))
        })
        .collect::<Result<_, _>>()?;
    let (mut words, mut heads) = (None, String::new());
    all.layers_by(&keys, |&(windowed, first)| {
        let span = if windowed {
            Span::Window(config.size("window", &["sliding_window"])?)
        } else {
            Span::Full
        };
        let mixer = attention(config, &hidden, span)?;
        heads = HEADS.words(config, &hidden)?;
        let (experts, chosen) = mixture(config, &hidden, first)?;
        words = Some(chosen);
        let blocks = vec![
            norm(Norm::Rms, "input_layernorm", &hidden),
            mixer,
            scales("post_attention_residual_scale", &hidden),
            norm(Norm::Rms, "post_attention_layernorm", &hidden),
            experts,
            scales("post_mlp_residual_scale", &hidden),
        ];
        let seen = if windowed { "window" } else { "full attention" };
        let place = if first { " · first router" } else { "" };
        Ok((format!("{seen} · experts{place}"), blocks))
    })?;
    all.attention = heads;
    all.experts = words;
    all.tied = tied(config, true)?;
    all.stem.push(embedding("embed_tokens", &all.vocabulary, &hidden));
    let ends = ["input_hidden_states_scale", "input_hidden_states_bias"];
    let ends = ends.map(|name| Tensor::vector(name, Component::Norm, &hidden));
    all.stem.push(Block {
        operators: vec![adjust::vectors(
            "scale and bias",
            Component::Norm,
            &hidden,
            ends.to_vec(),
        )],
        ..Block::new("Scale of the stream", Role::Embedding)
    });
    all.tail.push(norm(Norm::Rms, "norm", &hidden));
    let bias = config.flag("lm_head_bias", false)?;
    all.tail.push(head("lm_head", &all.vocabulary, &hidden, all.tied, bias));
    all.finish()
}

/// What scales the stream and what is added to it.
fn scales(module: &str, hidden: &Quantity) -> Block {
    let names = [
        "hidden_states_scale",
        "hidden_states_bias",
        "residual_scale",
        "residual_bias",
    ];
    let vectors = names.map(|name| Tensor::vector(format!("{module}.{name}"), Component::Norm, hidden));
    Block {
        operators: vec![adjust::vectors(
            "scales and biases",
            Component::Norm,
            hidden,
            vectors.to_vec(),
        )],
        ..Block::new("Scale of the stream", Role::Norm)
    }
}

fn attention(config: &Config, hidden: &Quantity, span: Span) -> Result<Block, ModelError> {
    let bias = config.flag("attention_bias", false)?;
    let heads = HEADS.read_heads(config, hidden)?;
    let (queries, keys) = (
        Quantity::product("q_width", &[&heads.queries, &heads.key_dim]),
        Quantity::product("k_width", &[&heads.kv, &heads.key_dim]),
    );
    let (kv, dim) = (heads.kv.clone(), heads.key_dim.clone());
    let mut block = grouped(
        hidden,
        &GroupedAttention {
            heads,
            modules: [
                "self_attn.qkv_proj.q_proj",
                "self_attn.qkv_proj.k_proj",
                "self_attn.qkv_proj.v_proj_current",
                "self_attn.o_proj",
            ],
            norm_modules: [""; 2],
            qkv_bias: bias,
            output_bias: bias,
            qk_norm: QkNorm::None,
            sinks: false,
            span,
        },
    );
    let two = Quantity::architecture("two", 2, "this token and the one before");
    let half = Quantity::quotient("half of the values", &keys, &two);
    let part = Component::Projection;
    let value = |module: &str| {
        let module = format!("self_attn.qkv_proj.{module}");
        let weight = Tensor::matrix(format!("{module}.weight"), part, &half, hidden);
        let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), part, &half));
        Operator::linear("v_proj", weight, bias, Rows::Tokens, &half, hidden)
    };
    let channels = Quantity::sum("channels", &[&queries, &keys]);
    let (first, second) = (
        config.size("kernel", &["cca_time0"])?,
        config.size("kernel", &["cca_time1"])?,
    );
    let one = Quantity::architecture("one", 1, "each channel is convolved alone");
    let kernel = |name: &str, dims: &[&Quantity]| {
        let name = format!("self_attn.qkv_proj.{name}");
        let weight = Tensor::new(format!("{name}.weight"), TensorKind::Vector, part, dims);
        vec![weight, Tensor::vector(format!("{name}.bias"), part, &channels)]
    };
    let window = Quantity::product("window", &[&dim, &second]);
    let mut mixing = vec![
        Operator {
            name: "convolution of channels",
            component: part,
            kind: Kind::Conv {
                channels: channels.clone(),
                kernel: first.clone(),
            },
            tensors: kernel("conv_qk_depthwise", &[&channels, &one, &first]),
        },
        Operator {
            name: "convolution of heads",
            component: part,
            kind: Kind::Linear {
                rows: Rows::Tokens,
                input: window,
                output: channels.clone(),
                routing: None,
            },
            tensors: kernel("conv_qk_grouped", &[&channels, &dim, &second]),
        },
    ];
    let mut norms = Operator::elementwise(
        "lengths of queries and keys",
        Component::Norm,
        &channels,
        Step::Plain(4),
        1,
    );
    norms.tensors = vec![Tensor::vector("self_attn.qk_norm.temp", Component::Norm, &kv)];
    mixing.push(norms);
    if let Some(at) = block.operators.iter().position(|operator| operator.name == "v_proj") {
        let halves = [value("v_proj_current"), value("v_proj_delayed")];
        block.operators.splice(at..=at, halves.into_iter().chain(mixing));
    }
    // Both convolutions look one kernel back each.
    let back = first.value.saturating_add(second.value).saturating_sub(2);
    let back = Quantity::config("tokens kept", "cca_time0 + cca_time1", back);
    block.states = vec![
        State::Plain {
            elements: Quantity::product("queries and keys of the last tokens", &[&channels, &back]),
        },
        State::Recurrent { elements: half },
    ];
    Ok(block)
}

/// Routed experts behind a small network, which may also choose none; all but the first see what the one before saw.
fn mixture(config: &Config, hidden: &Quantity, first: bool) -> Result<(Block, String), ModelError> {
    let style = routed_style(config, &Experts::PLAIN)?;
    if style.routing.top_k.value != 1 {
        return Err(ModelError::Inconsistent(
            "num_experts_per_tok must be 1; the class refuses anything else.".to_owned(),
        ));
    }
    let words = format!(
        "{} of {} experts or none",
        style.routing.top_k.value,
        thousands(style.routing.experts.value)
    );
    let narrow = config.size("router width", &["router_hidden_size"])?;
    let one = Quantity::architecture("none", 1, "the choice of no expert");
    let choices = Quantity::sum("choices", &[&style.routing.experts, &one]);
    let mut block = routed(hidden, &style);
    let part = Component::Router;
    let linear = |label, module: &str, out: &Quantity, input: &Quantity, bias: bool| {
        let module = format!("mlp.gate.{module}");
        let weight = Tensor::new(format!("{module}.weight"), TensorKind::Router, part, &[out, input]);
        let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), part, out));
        Operator::linear(label, weight, bias, Rows::Tokens, out, input)
    };
    let mut norm = Operator::elementwise("router norm", part, &narrow, Step::Norm(Norm::Rms), 1);
    norm.tensors = Norm::Rms.tensors("mlp.gate.router_mlp.norm", part, &[&narrow]);
    let mut router = vec![linear("router down", "down_proj", &narrow, hidden, true)];
    if !first {
        let scale = vec![Tensor::vector("mlp.gate.router_states_scale", part, &narrow)];
        router.push(adjust::vectors("router before", part, &narrow, scale));
    }
    let mut last = linear("router", "router_mlp.out_proj", &choices, &narrow, false);
    last.tensors.push(Tensor::new(
        "mlp.gate.balancing_biases",
        TensorKind::Buffer,
        part,
        &[&choices],
    ));
    router.extend([
        norm,
        linear("router", "router_mlp.fc1", &narrow, &narrow, true),
        linear("router", "router_mlp.fc2", &narrow, &narrow, true),
        last,
    ]);
    block.operators.splice(0..1, router);
    Ok((block, words))
}
