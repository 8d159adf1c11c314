//! Decoders with experts and ordinary attention, near a Llama.

use super::super::blocks::Norm;
use super::super::config::Config;
use super::super::error::ModelError;
use super::layers::layer_kinds;
use super::{
    Build, Changes, Correction, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Names, Pattern, Shared, Windows,
    adjust,
};

const SANDWICH: [&str; 4] = [
    "input_layernorm",
    "post_attention_layernorm",
    "pre_mlp_layernorm",
    "post_mlp_layernorm",
];

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["solar_open"],
        title: "Solar Open",
        build: Build::Decoder(Decoder {
            output_bias: Flag::No,
            mlp_bias: Flag::No,
            experts: Some(Experts::DEEPSEEK),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["exaone_moe"],
        title: "K-EXAONE",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern"], 4),
                switch: None,
            },
            experts: Some(Experts::DEEPSEEK),
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["afmoe"],
        title: "Trinity",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&["global_attn_every_n_layers"], 4),
                switch: None,
            },
            names: Names {
                norms: SANDWICH,
                ..Names::LLAMA
            },
            experts: Some(Experts {
                layers: MoeLayers::After(&["num_dense_layers"]),
                router: "mlp.router.gate",
                correction: Correction::Parameter("mlp.expert_bias"),
                ..Experts::DEEPSEEK
            }),
            adjust_layer: |_, hidden, _, blocks| Ok(adjust::gate(blocks, "self_attn.gate_proj", hidden)),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["cohere2_moe"],
        title: "Command A MoE",
        build: Build::Decoder(Decoder {
            tied: true,
            norm: Norm::LayerWithoutBias,
            parallel: Flag::Yes,
            mlp_bias: Flag::No,
            dense_width: &["prefix_dense_intermediate_size", "intermediate_size"],
            translate: prefixed,
            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern"], 4),
                switch: None,
            },
            names: Names {
                norms: ["input_layernorm", "", "", ""],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                width: &["intermediate_size"],
                layers: MoeLayers::After(&["first_k_dense_replace"]),
                shared: Shared::Count(&["num_shared_experts"]),
                ..Experts::PLAIN
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["kolibri1"],
        title: "Kolibri",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&[], 5),
                switch: None,
            },
            names: Names {
                norms: [
                    "input_layernorm",
                    "post_self_attn_layernorm",
                    "post_attention_layernorm",
                    "post_mlp_layernorm",
                ],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                shared: Shared::Width(&["shared_expert_intermediate_size"]),
                correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            ..Decoder::UNBIASED
        }),
    },
];

/// The dense layers at the beginning have a pattern of windows of their own, and that of the others begins after them.
fn prefixed(config: &Config) -> Result<Changes, ModelError> {
    let dense = config.optional("dense layers", &["first_k_dense_replace"])?;
    let Some(dense) = dense.filter(|dense| dense.value > 0 && config.get("layer_types").is_none()) else {
        return Ok(Changes::new());
    };
    let every = |key: &'static str| Ok::<_, ModelError>(config.size("pattern", std::slice::from_ref(&key))?.value);
    let (first, rest) = (
        every("prefix_dense_sliding_window_pattern")?,
        every("sliding_window_pattern")?,
    );
    layer_kinds(config, |layer| match layer.checked_sub(dense.value) {
        None => (layer + 1).is_multiple_of(first),
        Some(layer) => (layer + 1).is_multiple_of(rest),
    })
}
