//! Hunyuan with experts.

use serde_json::{Value, json};

use super::super::blocks::{Norm, QkNorm};
use super::super::config::Config;
use super::super::error::ModelError;
use super::deepseek::shared_biases;
use super::layers::by_layer;
use super::{Build, Changes, Correction, Decoder, Experts, Family, Flag, HeadNorm, Names, Shared};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["hunyuan_v1_moe"],
        title: "Hunyuan MoE",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            head_norm: HeadNorm {
                form: QkNorm::PerHead(Norm::Rms),
                when: Flag::Key("use_qk_norm", true),
            },
            names: Names {
                qk_norm: ["self_attn.query_layernorm", "self_attn.key_layernorm"],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                width: &["moe_intermediate_size", "intermediate_size"],
                shared: Shared::Count(&["num_shared_expert"]),
                shared_module: [
                    "mlp.shared_mlp.gate_proj",
                    "mlp.shared_mlp.up_proj",
                    "mlp.shared_mlp.down_proj",
                ],
                router: "mlp.gate.wg",
                ..Experts::PLAIN
            }),
            changes: |config, windowed| {
                let keys = ["moe_topk", "moe_intermediate_size", "num_shared_expert", "num_experts"];
                let mut all = listed(config, windowed.len(), &keys)?;
                if config.get("num_shared_expert").is_none() {
                    all.iter_mut().for_each(|own| own.push(("num_shared_expert", json!(1))));
                }
                Ok(all)
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["hy_v3"],
        title: "Hunyuan 3",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            experts: Some(Experts {
                correction: Correction::Buffer("mlp.e_score_correction_bias"),
                ..Experts::DEEPSEEK
            }),
            adjust_layer: shared_biases,
            ..Decoder::LLAMA
        }),
    },
];

/// For each layer, the values of keys that hold a list with one entry a layer.
fn listed(config: &Config, layers: usize, keys: &[&'static str]) -> Result<Vec<Changes>, ModelError> {
    let mut all = vec![Changes::new(); layers];
    for &key in keys {
        if !matches!(config.get(key), Some(Value::Array(_))) {
            continue;
        }
        let list = config.numbers(key)?.unwrap_or_default();
        for (own, found) in all.iter_mut().zip(by_layer(&list, layers, key, key)?) {
            own.extend(found);
        }
    }
    Ok(all)
}
