//! Doge: keys are kept or dropped by what their values say, and experts are single neurons. Counts checked against
//! transformers' class.

use super::super::blocks::with_vectors;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind, Operator, Role, Routing, Rows};
use super::super::tensor::Tensor;
use super::encoder::not_built;
use super::{Build, Decoder, Family, HeadNorm, adjust};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["doge"],
    title: "Doge",
    build: Build::Decoder(Decoder {
        head_norm: HeadNorm::PER_HEAD,
        adjust_layer: |config, hidden, _, blocks| {
            if config
                .optional("window", &["sliding_window"])?
                .is_some_and(|window| window.value > 0)
            {
                return not_built(config, "A window beside the dynamic mask (sliding_window)");
            }
            let (heads, mask) = dynamic_mask(config, hidden)?;
            let mut blocks = adjust::mixer(blocks, |block| {
                let decay = Tensor::vector("self_attn.A", Component::Attention, &heads);
                let block = with_vectors(block, "scores and values", [decay]);
                adjust::before(block, "scores and values", mask.clone())
            });
            if config.flag("is_moe", false)? {
                blocks.push(neurons(config, hidden)?);
            }
            let weights = ["input_residual", "post_attention_residual"];
            let weights = weights.map(|name| Tensor::vector(name, Component::Norm, hidden));
            blocks.push(Block {
                operators: vec![adjust::vectors(
                    "weighted residuals",
                    Component::Norm,
                    hidden,
                    weights.into(),
                )],
                ..Block::new("Weighted residuals", Role::Norm)
            });
            Ok(blocks)
        },
        ..Decoder::LLAMA
    }),
}];

/// What is made of each value in the cache, anew at every step: how much its key counts, of each head (Shi 2024, arXiv 2412.11834).
fn dynamic_mask(config: &Config, hidden: &Quantity) -> Result<(Quantity, Operator), ModelError> {
    let queries = config.size("heads", super::keys::HEADS)?;
    let heads = config.size_or("kv_heads", super::keys::KV_HEADS, || queries.renamed("kv_heads"))?;
    let dim = config.size_or("head_dim", &["head_dim"], || {
        Quantity::quotient("head_dim", hidden, &queries)
    })?;
    let values = Quantity::product("v_width", &[&heads, &dim]);
    let weight = Tensor::matrix("self_attn.dt_proj.weight", Component::Attention, &heads, &values);
    let bias = config
        .flag("attention_bias", false)?
        .then(|| Tensor::vector("self_attn.dt_proj.bias", Component::Attention, &heads));
    let mask = Operator::linear("dynamic mask", weight, bias, Rows::Keys, &heads, &values);
    Ok((heads, mask))
}

/// Experts of one neuron, chosen by the products of two halves of a key, beside the dense MLP.
fn neurons(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let routing = Routing {
        experts: config.size("experts", super::keys::EXPERTS)?,
        top_k: config.size("top_k", super::keys::TOP_K)?,
    };
    if routing.top_k.value > routing.experts.value {
        return Err(ModelError::Inconsistent(
            "num_experts_per_tok exceeds the number of experts.".to_owned(),
        ));
    }
    let side = Quantity {
        name: "halves of keys".into(),
        value: routing.experts.value.isqrt(),
        ..routing.experts.clone()
    };
    let both = side.times("keys", 2);
    let router = Tensor::matrix("mlp.router_gate.weight", Component::Router, &both, hidden);
    let one = Quantity::architecture("neuron", 1, "an expert is one neuron");
    let expert = |name: &'static str, input: &Quantity, output: &Quantity| Operator {
        name,
        component: Component::Experts,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: input.clone(),
            output: output.clone(),
            routing: Some(routing.clone()),
        },
        tensors: vec![Tensor::vector(format!("mlp.{name}.weight"), Component::Experts, hidden).each(&routing.experts)],
    };
    Ok(Block {
        operators: vec![
            Operator::linear("router", router, None, Rows::Tokens, &both, hidden),
            expert("down_embed", hidden, &one),
            expert("up_embed", &one, hidden),
        ],
        ..Block::new("Experts of one neuron", Role::ChannelMixer)
    })
}
