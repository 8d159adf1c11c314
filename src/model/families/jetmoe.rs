//! JetMoE: experts in attention too, each with queries and an output of its own over shared keys and values.

use super::super::blocks::{Heads, Norm, embedding, expert_attention, head, norm, routed};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Operator, Step};
use super::super::tensor::Tensor;
use super::assemble::tied;
use super::assembly::Assembly;
use super::channel::routed_style;
use super::keys::KV_HEADS;
use super::{Build, Experts, Family, adjust};
use crate::units::{Quantity, grouped as thousands};

/// Source: Shen 2024 (arXiv 2404.07413) and transformers `modeling_jetmoe.py`.
pub const FAMILIES: &[Family] = &[Family {
    types: &["jetmoe"],
    title: "JetMoE",
    build: Build::Own(build),
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

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let style = routed_style(config, &EXPERTS)?;
    let kv = config.size("kv_heads", KV_HEADS)?;
    let dim = config.size("head_dim", &["kv_channels"])?;
    let heads = Heads {
        queries: Quantity::product("heads", &[&style.routing.top_k, &kv]),
        kv,
        value_dim: dim.clone(),
        key_dim: dim,
    };
    let mut experts = routed(&hidden, &style);
    let bias = Tensor::vector("mlp.bias", Component::Experts, &hidden);
    experts
        .operators
        .push(adjust::vectors("expert bias", Component::Experts, &hidden, vec![bias]));
    experts.operators.push(Operator::elementwise(
        "experts joined",
        Component::Experts,
        &hidden,
        Step::Rotary,
        1,
    ));
    let count = usize::try_from(all.layers.value).unwrap_or(usize::MAX);
    all.layers_by(&vec![(); count], |()| {
        let blocks = vec![
            norm(Norm::Rms, "input_layernorm", &hidden),
            expert_attention(&hidden, &heads, &style.routing),
            norm(Norm::Rms, "post_attention_layernorm", &hidden),
            experts.clone(),
        ];
        Ok(("attention experts · experts".to_owned(), blocks))
    })?;
    all.attention = format!(
        "{} of {} attention experts",
        style.routing.top_k.value, style.routing.experts.value
    );
    all.experts = Some(format!(
        "{} of {} experts",
        style.routing.top_k.value,
        thousands(style.routing.experts.value)
    ));
    all.tied = tied(config, true)?;
    all.stem.push(embedding("embed_tokens", &all.vocabulary, &hidden));
    all.tail.push(norm(Norm::Rms, "norm", &hidden));
    all.tail
        .push(head("lm_head", &all.vocabulary, &hidden, all.tied, false));
    all.finish()
}
