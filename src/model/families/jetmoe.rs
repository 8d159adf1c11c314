//! JetMoE: experts in attention too, each with queries and an output of its own over shared keys and values.

use super::super::blocks::{Heads, expert_attention};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Step};
use super::super::tensor::Tensor;
use super::channel::{plain_channel, routed_style};
use super::decoder::Hybrid;
use super::keys::KV_HEADS;
use super::{Build, Decoder, Experts, Family, adjust};
use crate::units::Quantity;

/// Source: Shen 2024 (arXiv 2404.07413) and transformers `modeling_jetmoe.py`.
pub const FAMILIES: &[Family] = &[Family {
    types: &["jetmoe"],
    title: "JetMoE",
    build: Build::Decoder(Decoder {
        tied: true,
        heads: &[],
        head_dim: &["kv_channels"],
        dense_width: &[],
        hybrid: Hybrid::alone(mixer),
        experts: Some(EXPERTS),
        sparse: |_, _, layers| Ok(vec![true; layers as usize]),
        channel: |config, decoder, hidden, sparse| {
            let (mut experts, words) = plain_channel(config, decoder, hidden, sparse)?;
            let bias = vec![Tensor::vector("mlp.bias", Component::Experts, hidden)];
            experts.operators.extend([
                adjust::vectors("expert bias", Component::Experts, hidden, bias),
                Operator::elementwise("experts joined", Component::Experts, hidden, Step::Rotary, 1),
            ]);
            Ok((experts, words))
        },
        title: |_, _, _| "attention experts · experts".to_owned(),
        adjust_ends: |config, all| {
            let routing = routed_style(config, &EXPERTS)?.routing;
            let (top_k, experts) = (routing.top_k.value, routing.experts.value);
            all.attention = format!("{top_k} of {experts} attention experts");
            Ok(())
        },
        ..Decoder::LLAMA
    }),
}];

const EXPERTS: Experts = Experts {
    width: &["intermediate_size"],
    router: "mlp.router.layer",
    modules: [
        "mlp.input_linear.{e}.gate",
        "mlp.input_linear.{e}.up",
        "mlp.output_linear.{e}",
    ],
    ..Experts::PLAIN
};

fn mixer(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let routing = routed_style(config, &EXPERTS)?.routing;
    let kv = config.size("kv_heads", KV_HEADS)?;
    let dim = config.size("head_dim", &["kv_channels"])?;
    let heads = Heads {
        queries: Quantity::product("heads", &[&routing.top_k, &kv]),
        kv,
        value_dim: dim.clone(),
        key_dim: dim,
    };
    Ok(expert_attention(hidden, &heads, &routing))
}
