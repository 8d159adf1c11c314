//! A.X K2: latent attention with an indexer and a gate from the queries' latent, norms with a gate of low rank.

use super::super::blocks::norm;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Live, Operator, Role, Rows, Step};
use super::super::tensor::Tensor;
use super::sparse::{LATENT, indexer};
use super::{Build, Decoder, Family, Names, Place, adjust};
use crate::model::blocks::Norm;
use crate::units::Quantity;

/// Counts checked against transformers' class.
pub const FAMILIES: &[Family] = &[Family {
    types: &["axk2"],
    title: "A.X K2",
    build: Build::Decoder(Decoder {
        names: Names {
            norms: ["input_layernorm.norm", "", "post_attention_layernorm.norm", ""],
            ..Names::LLAMA
        },
        adjust_layer: layer,
        adjust_ends: |config, _| {
            // Without a list of layers the class counts them by another key as well.
            let every = config.optional("every", &["moe_layer_freq"])?;
            if config.get("mlp_layer_types").is_none() && every.is_some_and(|every| every.value != 1) {
                return Err(ModelError::NotBuilt {
                    model_type: config.model_type().to_owned(),
                    what: "Experts in every n-th layer only (moe_layer_freq)".to_owned(),
                });
            }
            Ok(())
        },
        ..LATENT
    }),
}];

fn layer(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let rank = config.size("q_lora_rank", &["q_lora_rank"])?;
    let nope = config.size("qk_nope_head_dim", &["qk_nope_head_dim"])?;
    let rope = config.size("qk_rope_head_dim", &["qk_rope_head_dim"])?;
    let value = config.size("v_head_dim", &["v_head_dim"])?;
    let narrow = config.size("gated_norm_rank", &["gated_norm_rank"])?;
    let blocks = indexer(config, hidden, place, blocks)?;
    let blocks = adjust::mixer(blocks, |mut block| {
        let heads = adjust::query_heads(&block);
        let width = Quantity::product("q_and_gate", &[&heads, &Quantity::sum("head", &[&nope, &rope, &value])]);
        let twice = rank.times("latent before and after its norm", 2);
        let gated = Quantity::product("o_width", &[&heads, &value]);
        let weight = Tensor::matrix("self_attn.q_gate_proj.weight", Component::Projection, &width, &twice);
        let wide = Operator::linear("q_b_proj", weight, None, Rows::Tokens, &width, &twice);
        for operator in &mut block.operators {
            if operator.name == "q_b_proj" {
                *operator = wide.clone();
            }
        }
        let gate = Operator::elementwise("gate", Component::Projection, &gated, Step::GatedActivation, 2);
        block.live.push(Live::new("output gate", &gated));
        block.saved.push(Live::new("output gate", &gated));
        adjust::before(block, "o_proj", gate)
    });
    let mut all = Vec::with_capacity(blocks.len() + 2);
    let mut norms = ["input_layernorm", "post_attention_layernorm"].into_iter();
    for block in blocks {
        let is_norm = block.role == Role::Norm;
        let name = if is_norm { norms.next() } else { None };
        match name {
            // Dense layers have a plain norm before their MLP.
            Some("post_attention_layernorm") if !place.sparse => {
                all.push(norm(Norm::Rms, "post_attention_layernorm", hidden));
            }
            Some(name) => all.extend([block, gate(name, hidden, &narrow)]),
            None => all.push(block),
        }
    }
    Ok(all)
}

/// A gate over what a norm gives, through a few elements.
fn gate(name: &str, hidden: &Quantity, rank: &Quantity) -> Block {
    let part = Component::Norm;
    let linear = |label, module: &str, out: &Quantity, input: &Quantity| {
        let weight = Tensor::matrix(format!("{name}.mlp.{module}.weight"), part, out, input);
        Operator::linear(label, weight, None, Rows::Tokens, out, input)
    };
    Block {
        operators: vec![
            linear("gate down", "fc1", rank, hidden),
            Operator::elementwise("activation", part, rank, Step::Activation, 1),
            linear("gate up", "fc2", hidden, rank),
            Operator::elementwise("gate", part, hidden, Step::GatedActivation, 2),
        ],
        ..Block::new("Gate of the norm", Role::Norm)
    }
}
