//! What Kimi K3 adds to Kimi Linear: experts in a latent space, attention over depth, padded decays.
//!
//! Its config says `kimi_linear` for the language model, so each difference is read from its own key. Shapes as the
//! headers of moonshotai/Kimi-K3 have them: with them the whole has the published 2,779,931,837,184 elements.

use super::super::blocks::{
    RoutedExperts, SharedExperts, depth_mixing, depth_rows, depth_weights, latent_experts, latent_norm,
};
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Routing};
use super::super::tensor::TensorKind;
use super::assembly::Assembly;
use super::channel::plain_channel;
use super::decoder::{ChannelMixer, Decoder};
use super::keys::{EXPERTS, TOP_K};
use super::names::MIXTRAL_EXPERTS;
use crate::units::Quantity;

/// Key of the distance between stored outputs.
const DEPTH: &str = "attn_res_block_size";
/// Key of the width in which the routed experts work.
const LATENT: &str = "routed_expert_hidden_size";

/// Whether the output gate of the delta rule is one matrix.
pub fn full_gate(config: &Config) -> bool {
    let object = config.object("linear_attn_config");
    object.and_then(|object| object.get("use_full_rank_gate")) == Some(&serde_json::Value::Bool(true))
}

/// The decays of K3 are stored for a multiple of the head's width, 128 for 96 heads; the rest is padding.
pub fn decays(config: &Config, heads: &Quantity, head_dim: &Quantity) -> Option<Quantity> {
    config.get(DEPTH)?;
    let width = head_dim.value.max(1);
    let padded = heads.value.div_ceil(width).saturating_mul(width);
    (padded != heads.value).then(|| Quantity::assumed("decays", padded, "heads, padded to a multiple of head_dim"))
}

/// Adds the weights with which a token mixer reads earlier outputs.
pub fn reading(config: &Config, hidden: &Quantity, mut block: Block) -> Block {
    if config.get(DEPTH).is_some() {
        block.operators.insert(0, depth_weights("self_attention_res", hidden));
    }
    block
}

/// The channel mixer: dense, experts of full width, or experts in a latent space.
pub fn channel(
    config: &Config,
    decoder: &Decoder,
    hidden: &Quantity,
    sparse: bool,
) -> Result<ChannelMixer, ModelError> {
    let latent = config.optional("routed_expert_hidden_size", &[LATENT])?;
    let (mut block, words) = match latent.filter(|latent| sparse && latent.value > 0) {
        Some(latent) => experts(config, hidden, &latent)?,
        None => plain_channel(config, decoder, hidden, sparse)?,
    };
    if config.get(DEPTH).is_some() {
        block.operators.insert(0, depth_weights("mlp_res", hidden));
    }
    Ok((block, words))
}

fn experts(config: &Config, hidden: &Quantity, latent: &Quantity) -> Result<ChannelMixer, ModelError> {
    let routing = Routing {
        experts: config.size("experts", EXPERTS)?,
        top_k: config.size("top_k", TOP_K)?,
    };
    let (top_k, all) = (routing.top_k.value, routing.experts.value);
    if top_k > all {
        return Err(ModelError::Inconsistent(format!(
            "A token cannot use {top_k} of {all} experts: num_experts_per_token exceeds the number of experts."
        )));
    }
    let width = config.size("expert_width", &["moe_intermediate_size"])?;
    let shared = config
        .optional("shared_experts", &["num_shared_experts"])?
        .filter(|count| count.value > 0)
        .map(|count| SharedExperts {
            width: Quantity::product("shared_width", &[&count, &width]),
            module: [
                "block_sparse_moe.shared_experts.gate_proj",
                "block_sparse_moe.shared_experts.up_proj",
                "block_sparse_moe.shared_experts.down_proj",
            ],
            gate: None,
        });
    let style = RoutedExperts {
        routing,
        width,
        router: "block_sparse_moe.gate",
        router_bias: false,
        correction: Some("block_sparse_moe.gate.e_score_correction_bias"),
        modules: MIXTRAL_EXPERTS,
        bias: false,
        shared,
    };
    let names = [
        "block_sparse_moe.routed_expert_down_proj",
        "block_sparse_moe.routed_expert_up_proj",
    ];
    let mut block = latent_experts(hidden, Some(latent), names, false, &style);
    for operator in &mut block.operators {
        let around = operator.name.starts_with("latent ");
        for tensor in &mut operator.tensors {
            tensor.kind = match tensor.kind {
                // The checkpoint keeps the way into and out of the latent space in 16 bits.
                TensorKind::Matrix if around => TensorKind::Router,
                // The published class counts the correction as a parameter.
                TensorKind::Buffer => TensorKind::Vector,
                kind => kind,
            };
        }
    }
    if config.flag("latent_moe_use_norm", false)? {
        block = latent_norm(block, "block_sparse_moe.routed_expert_norm", latent);
    }
    Ok((block, Some(format!("{top_k} of {all} experts, and shared ones"))))
}

/// Reading from depth at all places, and the weights of the last.
pub fn after(config: &Config, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let Some(block) = config.optional("block", &[DEPTH])? else {
        return Ok(());
    };
    let rows = Quantity::assumed(
        "outputs read",
        depth_rows(all.layers.value, block.value),
        "all places together: one output is stored every attn_res_block_size layers",
    );
    let weights = depth_weights("output_attn_res", &all.hidden);
    all.tail.insert(0, depth_mixing(weights, &all.hidden, &rows, &rows));
    Ok(())
}
