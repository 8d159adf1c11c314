//! LongCat-Flash: two attentions and two MLPs a layer, with experts beside them, some of which compute nothing.

use std::borrow::Cow;

use super::super::blocks::{LatentAttention, Mlp, Norm, embedding, head, latent, mlp, norm, routed};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Kind};
use super::assemble::tied;
use super::assembly::Assembly;
use super::channel::routed_style;
use super::keys::HEADS;
use super::{Build, Experts, Family};
use crate::units::{Quantity, grouped as thousands};

/// Source: LongCat-Flash report (arXiv 2509.01322) and transformers `modeling_longcat_flash.py`.
pub const FAMILIES: &[Family] = &[Family {
    types: &["longcat_flash"],
    title: "LongCat-Flash",
    build: Build::Own(build),
}];

const EXPERTS: Experts = Experts {
    width: &["expert_ffn_hidden_size", "moe_intermediate_size"],
    router: "mlp.router.classifier",
    ..Experts::PLAIN
};

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    // Some files count attentions: two a layer.
    let layers = if config.get("num_layers").is_none() && config.get("num_hidden_layers").is_some() {
        let two = Quantity::architecture("two", 2, "two attentions a layer");
        Quantity::quotient("layers", &config.size("attentions", &["num_hidden_layers"])?, &two)
    } else {
        config.size("layers", &["num_layers"])?
    };
    if layers.value == 0 {
        return Err(ModelError::Inconsistent(
            "num_hidden_layers counts two attentions a layer, so it must be at least 2.".to_owned(),
        ));
    }
    let mut all = Assembly::with_layers(config, title, layers)?;
    let hidden = all.hidden.clone();
    let size = |name: &'static str| config.size(name, std::slice::from_ref(&name));
    let attention = LatentAttention {
        heads: config.size("heads", HEADS)?,
        q_rank: config
            .optional("q_lora_rank", &["q_lora_rank"])?
            .filter(|rank| rank.value > 0),
        kv_rank: size("kv_lora_rank")?,
        nope: size("qk_nope_head_dim")?,
        rope: size("qk_rope_head_dim")?,
        value_dim: size("v_head_dim")?,
        bias: config.flag("attention_bias", false)?,
    };
    let dense = Mlp {
        width: config.size("intermediate", &["ffn_hidden_size", "intermediate_size"])?,
        gate: Some("mlps.gate_proj"),
        up: "mlps.up_proj",
        down: "mlps.down_proj",
        bias: false,
        component: Component::Mlp,
    };
    let mut style = routed_style(config, &EXPERTS)?;
    let real = style.routing.experts.clone();
    let zero = config.optional("zero_experts", &["zero_expert_num"])?;
    let choices = style.routing.top_k.clone();
    if let Some(zero) = zero.as_ref().filter(|zero| zero.value > 0) {
        let places = Quantity::sum("experts and zero experts", &[&real, zero]);
        let weighed = Quantity::product("choices × experts", &[&choices, &real]);
        style.routing.top_k = Quantity::quotient("experts a token computes", &weighed, &places);
        config.notice(
            "zero_experts",
            format!(
                "{} of a token's {} choices compute something on average: {} of {} experts are empty.",
                style.routing.top_k.value,
                choices.value,
                thousands(zero.value),
                thousands(places.value)
            ),
        );
    }
    let mut experts = routed(&hidden, &style);
    if let Some(zero) = &zero {
        widen_router(&mut experts, &Quantity::sum("router_width", &[&real, zero]), config)?;
    }
    let count = usize::try_from(all.layers.value).unwrap_or(usize::MAX);
    all.layers_by(&vec![(); count], |()| {
        let mut blocks = Vec::new();
        for (from, to) in [("self_attn.", "self_attn.0."), ("self_attn.", "self_attn.1.")] {
            let index = if to.ends_with("0.") { 0 } else { 1 };
            let [before, between] = if index == 0 {
                ["input_layernorm.0", "post_attention_layernorm.0"]
            } else {
                ["input_layernorm.1", "post_attention_layernorm.1"]
            };
            blocks.push(norm(Norm::Rms, before, &hidden));
            blocks.push(renamed(latent(&hidden, &attention), from, to));
            blocks.push(norm(Norm::Rms, between, &hidden));
            if index == 0 {
                blocks.push(experts.clone());
            }
            let to = if index == 0 { "mlps.0." } else { "mlps.1." };
            blocks.push(renamed(mlp(&hidden, &dense), "mlps.", to));
        }
        Ok(("two attentions, two MLPs and experts".to_owned(), blocks))
    })?;
    all.attention = format!("MLA {} heads, twice a layer", attention.heads.value);
    all.experts = Some(format!("{} of {} experts", choices.value, thousands(real.value)));
    all.tied = tied(config, false)?;
    all.stem.push(embedding("embed_tokens", &all.vocabulary, &hidden));
    all.tail.push(norm(Norm::Rms, "norm", &hidden));
    all.tail
        .push(head("lm_head", &all.vocabulary, &hidden, all.tied, false));
    all.finish()
}

/// The router also scores experts that compute nothing.
fn widen_router(block: &mut Block, width: &Quantity, config: &Config) -> Result<(), ModelError> {
    let bias = config.flag("router_bias", false)?;
    let Some(router) = block.operators.first_mut() else {
        return Ok(());
    };
    if let Kind::Linear { output, .. } = &mut router.kind {
        *output = width.clone();
    }
    for tensor in &mut router.tensors {
        if let Some(first) = tensor.dims.first_mut() {
            *first = width.clone();
        }
    }
    if bias {
        router.tensors.push(super::super::tensor::Tensor::vector(
            "mlp.router.classifier.bias",
            Component::Router,
            width,
        ));
    }
    router.tensors.push(super::super::tensor::Tensor::new(
        "mlp.router.e_score_correction_bias",
        super::super::tensor::TensorKind::Buffer,
        Component::Router,
        &[width],
    ));
    Ok(())
}

/// The block with another prefix for its tensors.
fn renamed(mut block: Block, from: &str, to: &str) -> Block {
    for tensor in block.operators.iter_mut().flat_map(|operator| &mut operator.tensors) {
        if let Some(rest) = tensor.name.strip_prefix(from) {
            tensor.name = Cow::Owned(format!("{to}{rest}"));
        }
    }
    block
}
