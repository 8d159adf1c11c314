//! Qwen 1.5 to 3, dense and with experts.

use super::super::config::Config;
use super::super::error::ModelError;
use super::layers::layer_kinds;
use super::names::SHARED_EXPERT;
use super::{Build, Changes, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Pattern, Shared, Windows};

const WINDOWS: Windows = Windows {
    pattern: Pattern::From("max_window_layers"),
    switch: Some("use_sliding_window"),
};

/// Qwen 2: q, k and v always have biases, o never.
const QWEN2: Decoder = Decoder {
    qkv_bias: Flag::Yes,
    output_bias: Flag::No,
    mlp_bias: Flag::No,
    windows: WINDOWS,
    ..Decoder::LLAMA
};
/// Qwen 3: no biases unless asked for, a norm on each head of q and k.
const QWEN3: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    mlp_bias: Flag::No,
    windows: WINDOWS,
    ..Decoder::LLAMA
};

/// Windows need `use_sliding_window` and begin at `max_window_layers`.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["qwen2", "mimo", "qwen2_vl_text", "qwen2_5_vl_text", "qwen2_5_omni_text"],
        title: "Qwen 2",
        build: Build::Decoder(QWEN2),
    },
    Family {
        types: &["qwen2_moe"],
        title: "Qwen 2 MoE",
        build: Build::Decoder(Decoder {
            qkv_bias: Flag::Key("qkv_bias", true),
            experts: Some(Experts {
                layers: MoeLayers::Sparse,
                shared: Shared::Width(&["shared_expert_intermediate_size"]),
                shared_module: SHARED_EXPERT,
                shared_gate: Some("mlp.shared_expert_gate"),
                ..Experts::PLAIN
            }),
            translate: every_second,
            ..QWEN2
        }),
    },
    Family {
        types: &["qwen3", "qwen3_vl_text"],
        title: "Qwen 3",
        build: Build::Decoder(QWEN3),
    },
    Family {
        types: &["qwen3_moe", "qwen3_vl_moe_text", "qwen3_omni_moe_text"],
        title: "Qwen 3 MoE",
        build: Build::Decoder(Decoder {
            experts: Some(Experts {
                layers: MoeLayers::Sparse,
                ..Experts::PLAIN
            }),
            ..QWEN3
        }),
    },
];

/// Windows in every second layer of the first `max_window_layers`, where `use_sliding_window` asks for any.
fn every_second(config: &Config) -> Result<Changes, ModelError> {
    if config.get("layer_types").is_some() || !config.flag("use_sliding_window", false)? {
        return Ok(Changes::new());
    }
    let most = config.optional("windowed layers", &["max_window_layers"])?;
    let most = most.map_or(u64::MAX, |most| most.value);
    layer_kinds(config, |layer| !layer.is_multiple_of(2) || layer >= most)
}
