//! Muse: a gate for each element of attention's output.

use super::super::blocks::{latent_experts, latent_norm};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Role};
use super::super::tensor::Tensor;
use super::channel::routed_style;
use super::names::FOUR_NORMS;
use super::{Build, Correction, Decoder, Experts, Family, Flag, Names, Pattern, Place, Windows, adjust};
use crate::units::Quantity;

/// Muse: norms of q and k have no weights, a gate for each element of attention's output.
const MUSE: Decoder = Decoder {
    mlp_bias: Flag::No,
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, layers| (layers - 1 - layer) % 4 == 0),
        switch: None,
    },
    names: Names {
        norms: FOUR_NORMS,
        ..Names::LLAMA
    },
    adjust_layer: |_, hidden, _, blocks| Ok(adjust::gate(blocks, "self_attn.gate_proj", hidden)),
    ..Decoder::LLAMA
};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["muse_glimmer_text"],
        title: "Muse Glimmer",
        build: Build::Decoder(MUSE),
    },
    Family {
        types: &["muse_spark_text"],
        title: "Muse Spark",
        build: Build::Decoder(Decoder {
            names: Names {
                norms: [
                    "input_layernorm",
                    "",
                    "pre_feedforward_layernorm",
                    "post_feedforward_layernorm",
                ],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            adjust_layer: spark,
            ..MUSE
        }),
    },
];

/// Experts in a narrower space between two projections and two norms; a gate on each residual sum.
fn spark(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let mut blocks = adjust::gate(blocks, "self_attn.gate_proj", hidden);
    if let (true, Some(experts)) = (place.sparse, &SPARK_EXPERTS) {
        let inner = config.size("moe_hidden", &["moe_hidden_size"])?;
        let style = routed_style(config, experts)?;
        let mut within = latent_experts(
            hidden,
            Some(&inner),
            ["mlp.pre_expert_proj", "mlp.post_expert_proj"],
            false,
            &style,
        );
        for module in ["mlp.pre_expert_norm", "mlp.experts.post_expert_norm"] {
            within = latent_norm(within, module, &inner);
        }
        blocks = adjust::channel(blocks, |_| within.clone());
    }
    for (role, module) in [
        (Role::TokenMixer, "post_attention_residual_gate.gate"),
        (Role::ChannelMixer, "post_feedforward_residual_gate.gate"),
    ] {
        for block in blocks.iter_mut().filter(|block| block.role == role) {
            let gate = Tensor::vector(module, Component::Norm, hidden);
            block
                .operators
                .push(adjust::vectors("residual gate", Component::Norm, hidden, vec![gate]));
        }
    }
    Ok(blocks)
}

const SPARK_EXPERTS: Option<Experts> = Some(Experts {
    correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
    ..Experts::PLAIN
});
