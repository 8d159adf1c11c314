//! ZAYA: queries and keys are mixed by two short convolutions, half of each value comes from the token before, a small
//! network routes each token to one expert or to none. Source: arXiv 2510.04476; counts checked against transformers'
//! class.

use super::super::blocks::{GroupedAttention, Norm, QkNorm, grouped, routed};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Rows, Span, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::channel::routed_style;
use super::decoder::{ChannelMixer, Hybrid};
use super::encoder::not_built;
use super::mixer::Mixer;
use super::{Build, Changes, Decoder, Experts, Family, Flag, adjust};
use crate::units::{Quantity, grouped as thousands};

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["zaya"],
    title: "ZAYA",
    build: Build::Decoder(ZAYA),
}];

const ZAYA: Decoder = Decoder {
    exact: true,
    tied: true,
    kv_heads: &["num_key_value_heads"],
    head_dim: &["head_dim"],
    dense_width: &[],
    head_bias: Flag::Key("lm_head_bias", false),
    hybrid: Hybrid::alone(attention),
    experts: Some(Experts::PLAIN),
    sparse: |_, _, layers| Ok(vec![true; layers as usize]),
    channel: |config, _, hidden, _| mixture(config, hidden),
    changes: kinds,
    title: |config, _, _| {
        let seen = if windowed(config) { "window" } else { "full attention" };
        let place = if first(config) { " · first router" } else { "" };
        format!("{seen} · experts{place}")
    },
    adjust_layer: |_, hidden, _, mut blocks| {
        blocks.insert(blocks.len().min(2), scales("post_attention_residual_scale", hidden));
        blocks.push(scales("post_mlp_residual_scale", hidden));
        Ok(blocks)
    },
    adjust_ends: |config, all| {
        all.attention = Mixer::read(config, &ZAYA, &all.hidden)?.words();
        let ends = ["input_hidden_states_scale", "input_hidden_states_bias"];
        let ends = ends.map(|name| Tensor::vector(name, Component::Norm, &all.hidden));
        let scale = adjust::vectors("scale and bias", Component::Norm, &all.hidden, ends.to_vec());
        all.stem.push(Block {
            operators: vec![scale],
            ..Block::new("Scale of the stream", Role::Embedding)
        });
        Ok(())
    },
    ..Decoder::LLAMA
};

/// Which layers see a window, and which has the first router: marks of this description, no keys of a file.
const WINDOWED: &str = "sees a window";
const FIRST: &str = "has the first router";

fn windowed(config: &Config) -> bool {
    config.get(WINDOWED).is_some()
}

fn first(config: &Config) -> bool {
    config.get(FIRST).is_some()
}

fn kinds(config: &Config, layers: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let types = config.names("layer_types")?;
    if types.as_ref().is_some_and(|types| types.len() < layers.len()) {
        return Err(ModelError::Inconsistent(format!(
            "layer_types has fewer entries than the {} layers.",
            layers.len()
        )));
    }
    let kind = |layer: usize| {
        let mut own = Changes::new();
        match types.as_ref().and_then(|types| types.get(layer)) {
            None | Some(&"hybrid") => {}
            Some(&"hybrid_sliding") => own.push((WINDOWED, true.into())),
            Some(other) => {
                let other = other.chars().take(40).collect::<String>();
                return not_built(config, format!("The layer type \"{other}\""));
            }
        }
        own.extend((layer == 0).then(|| (FIRST, true.into())));
        Ok(own)
    };
    (0..layers.len()).map(kind).collect()
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

fn attention(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let span = if windowed(config) {
        Span::Window(config.size("window", &["sliding_window"])?)
    } else {
        Span::Full
    };
    let bias = config.flag("attention_bias", false)?;
    let heads = ZAYA.read_heads(config, hidden)?;
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
fn mixture(config: &Config, hidden: &Quantity) -> Result<ChannelMixer, ModelError> {
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
    if !first(config) {
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
    Ok((block, Some(words)))
}
