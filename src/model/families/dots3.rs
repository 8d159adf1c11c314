//! dots3: latent attention of two shapes - an indexer over everything, or a window - with a gate for each head.

use serde_json::{Value, json};

use super::super::config::{Config, MOST_DIMENSION, whole};
use super::super::error::ModelError;
use super::super::operator::Block;
use super::super::tensor::Tensor;
use super::sparse::{LATENT, indexer};
use super::{Build, Changes, Decoder, Experts, Family, Pattern, Place, Shared, Windows, adjust};
use crate::model::component::Component;
use crate::units::Quantity;

/// Counts checked against transformers' class.
pub const FAMILIES: &[Family] = &[Family {
    types: &["dots3_note_text"],
    title: "dots3",
    build: Build::Decoder(Decoder {
        experts: Some(Experts {
            shared: Shared::Count(&["n_shared_experts"]),
            shared_width: &[
                "moe_shared_expert_intermediate_size",
                "shared_experts_intermediate_size",
            ],
            ..Experts::DEEPSEEK
        }),
        windows: Windows {
            pattern: Pattern::FullWhere(|layer, _| layer < 2 || layer % 4 == 1),
            switch: None,
        },
        changes: shapes,
        adjust_layer: layer,
        adjust_ends: |config, _| {
            for (key, usual) in [("use_dsa", true), ("use_sliding_window", true)] {
                if config.flag(key, usual)? != usual {
                    return refused(config, key);
                }
            }
            match config.optional("every", &["moe_layer_freq"])? {
                Some(every) if every.value != 1 => refused(config, "moe_layer_freq"),
                _ => Ok(()),
            }
        },
        ..LATENT
    }),
}];

fn refused<T>(config: &Config, key: &str) -> Result<T, ModelError> {
    Err(ModelError::NotBuilt {
        model_type: config.model_type().to_owned(),
        what: format!("Another order of layers ({key})"),
    })
}

/// What a windowed layer has of its own: keys, their older names, and what the class takes where neither is there.
const OWN: [(&str, &str, u64); 6] = [
    ("num_attention_heads", "swa_num_attention_heads", 64),
    ("q_lora_rank", "swa_q_lora_rank", 1024),
    ("kv_lora_rank", "swa_kv_lora_rank", 1024),
    ("qk_nope_head_dim", "swa_qk_nope_head_dim", 192),
    ("v_head_dim", "swa_v_head_dim", 128),
    ("qk_rope_head_dim", "swa_qk_rope_head_dim", 64),
];

fn shapes(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let each = config.object("per_layer_config");
    let types = config.names("layer_types")?;
    let older: Changes = OWN
        .iter()
        .map(|&(key, alias, otherwise)| {
            let value = config.get(alias).cloned();
            let own = match value {
                Some(value) => json!(whole(key, &value, 0, MOST_DIMENSION)?),
                // Positions take what of a head the other part leaves.
                None if key == "qk_rope_head_dim" => {
                    let number = |alias: &'static str, otherwise: u64| match config.get(alias) {
                        Some(value) => whole(alias, value, 0, MOST_DIMENSION),
                        None => Ok(otherwise),
                    };
                    let head = number("swa_head_dim", 256)?;
                    json!(head.saturating_sub(number("swa_qk_nope_head_dim", 192)?))
                }
                None => json!(otherwise),
            };
            Ok((key, own))
        })
        .collect::<Result<_, ModelError>>()?;
    let of = |layer: usize, windowed: bool| -> Result<Changes, ModelError> {
        let mut own = Changes::new();
        if let Some(each) = each {
            let found = each
                .iter()
                .find(|(key, _)| key.parse::<usize>().is_ok_and(|index| index == layer));
            if let Some(Value::Object(values)) = found.map(|(_, values)| values) {
                for (key, ..) in OWN {
                    if let Some(value) = values.get(key).filter(|value| !value.is_null()) {
                        own.push((key, json!(whole(key, value, 0, MOST_DIMENSION)?)));
                    }
                }
            }
        } else if windowed {
            own.clone_from(&older);
        }
        // A file in the newer form names layers that look at everything; without an indexer they have none.
        let plain = types.as_ref().and_then(|types| types.get(layer)) == Some(&"full_attention");
        if each.is_some() && plain {
            own.push(("plain", json!(true)));
        }
        Ok(own)
    };
    windowed
        .iter()
        .enumerate()
        .map(|(layer, &windowed)| of(layer, windowed))
        .collect()
}

fn layer(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let blocks = if place.windowed() || config.flag("plain", false)? {
        blocks
    } else {
        indexer(config, hidden, place, blocks)?
    };
    let rope = config.size("qk_rope_head_dim", &["qk_rope_head_dim"])?;
    let blocks = adjust::head_gate(blocks, "self_attn.g_proj", hidden);
    Ok(adjust::mixer(blocks, |block| {
        let norm = vec![Tensor::vector(
            "self_attn.k_rope_only_layernorm.weight",
            Component::Norm,
            &rope,
        )];
        let norm = adjust::vectors("norm of the rotary key", Component::Norm, &rope, norm);
        adjust::before(block, "rotary positions", norm)
    }))
}
