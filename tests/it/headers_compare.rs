//! Config and files side by side: what agrees, what is explained, and what is told as a difference.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use proptest::prelude::*;
use serde_json::json;
use support::engine::{blueprint, config};
use support::made::{Row, rows_of, safetensors_list};
use weighbridge::model::headers::compare::{Verdict, adopt, compare};
use weighbridge::model::headers::{assumed, logical};
use weighbridge::model::{Blueprint, catalogue};

/// Every built-in model agrees with a checkpoint of its own tensors, and no longer once any number is changed.
#[test]
fn built_in_models_agree_with_their_tensors() {
    for entry in catalogue::entries() {
        let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
            continue;
        };
        if blueprint
            .tensors()
            .map(|(place, tensor)| place.copies(tensor) * tensor.copies.as_ref().map_or(1, |n| n.value))
            .sum::<u64>()
            > 20_000
        {
            continue;
        }
        let mut rows = rows_of(&blueprint, "BF16");
        let list = safetensors_list(&rows);
        let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
        assert_eq!(compared.verdict, Verdict::Agree, "{}: {}", entry.id, compared.line);
        assert_eq!(compared.header_parameters, blueprint.parameters(), "{}", entry.id);
        let at = rows.iter().position(|row| row.0.contains(".0.")).unwrap();
        let taken = rows.remove(at);
        let list = safetensors_list(&rows);
        let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
        assert_eq!(compared.verdict, Verdict::Differ, "{} without {}", entry.id, taken.0);
        rows.push((taken.0, "BF16", taken.2.iter().map(|size| size + 1).collect()));
        let list = safetensors_list(&rows);
        let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
        assert_eq!(compared.verdict, Verdict::Differ, "{}", entry.id);
    }
}

/// What checkpoints hold besides is named, not counted: a second prediction layer, correction biases, a tied head.
#[test]
fn explained_extras() {
    let blueprint = blueprint("google/gemma-2-2b-it");
    assert!(blueprint.tied);
    let mut rows = rows_of(&blueprint, "BF16");
    let layers = blueprint.layers.value;
    let table = vec![blueprint.vocabulary.value, blueprint.hidden.value];
    rows.push(("lm_head.weight".to_owned(), "BF16", table.clone()));
    rows.push((
        "model.layers.0.self_attn.rotary_emb.inv_freq".to_owned(),
        "F32",
        vec![64],
    ));
    rows.push((format!("model.layers.{layers}.eh_proj.weight"), "BF16", vec![8, 16]));
    rows.push(("vision_tower.blocks.0.attn.qkv.weight".to_owned(), "BF16", vec![8, 16]));
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(compared.header_parameters, blueprint.parameters());
    assert_eq!(compared.extra.len(), 4);
    assert!(
        compared.line.contains("multi-token prediction (128)"),
        "{}",
        compared.line
    );
    assert_eq!(compared.bytes, blueprint.parameters() * 2);
    // A tensor nobody can explain is no agreement.
    rows.push(("model.layers.0.self_attn.secret.weight".to_owned(), "BF16", vec![7]));
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Differ);
    assert!(
        compared.line.contains("1 tensor only in the files"),
        "{}",
        compared.line
    );
}

/// Fused and split projections are the same model.
#[test]
fn fused_projections() {
    let blueprint = blueprint("meta-llama/Llama-3.2-1B-Instruct");
    let mut rows: Vec<Row> = Vec::new();
    for (name, kind, shape) in rows_of(&blueprint, "BF16") {
        if let Some(layer) = name.strip_suffix("self_attn.q_proj.weight") {
            rows.push((
                format!("{layer}self_attn.qkv_proj.weight"),
                kind,
                vec![shape[0] + 2 * 512, shape[1]],
            ));
        } else if let Some(layer) = name.strip_suffix("mlp.gate_proj.weight") {
            rows.push((
                format!("{layer}mlp.gate_up_proj.weight"),
                kind,
                vec![2 * shape[0], shape[1]],
            ));
        } else if !["k_proj", "v_proj", "up_proj"].iter().any(|part| name.contains(part)) {
            rows.push((name, kind, shape));
        }
    }
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(compared.by_role, 5 * blueprint.layers.value);
}

/// Published multimodal checkpoints have wrappers of several generations around the same tensors.
#[test]
fn towers_agree_whatever_wraps_them() {
    // What the names of this project become: beginning and replacement, first match counts.
    const SCHEMES: &[&[(&str, &str)]] = &[
        // transformers 5: everything under `model`.
        &[
            ("model.layers.", "model.language_model.layers."),
            ("model.embed_tokens.", "model.language_model.embed_tokens."),
            ("model.norm.", "model.language_model.norm."),
        ],
        // LLaVA, Gemma 3, Mistral 3 as published.
        &[
            ("model.vision_tower.vision_model.", "vision_tower.vision_model."),
            ("model.vision_tower.", "vision_tower.vision_model."),
            ("model.vision_model.", "vision_model."),
            ("model.visual.", "visual."),
            ("model.multi_modal_projector.", "multi_modal_projector."),
            ("model.", "language_model.model."),
            ("lm_head.", "language_model.lm_head."),
        ],
        // Qwen2-VL as published, and towers without their inner wrapper.
        &[
            ("model.visual.", "visual."),
            ("model.vision_tower.vision_model.", "vision_tower."),
            ("model.multi_modal_projector.", "multi_modal_projector."),
        ],
    ];
    let mut seen = 0;
    for entry in catalogue::entries() {
        let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
            continue;
        };
        if blueprint.towers.is_empty() || blueprint.experts.is_some() {
            continue;
        }
        seen += 1;
        for scheme in SCHEMES {
            let rename = |(name, dtype, shape): Row| {
                let new = scheme
                    .iter()
                    .find_map(|(old, new)| name.strip_prefix(old).map(|rest| format!("{new}{rest}")));
                (new.unwrap_or(name), dtype, shape)
            };
            let rows: Vec<Row> = rows_of(&blueprint, "F32").into_iter().map(rename).collect();
            let list = safetensors_list(&rows);
            let count = logical::count(&list, None);
            let compared = compare(&blueprint, &count, &list.described());
            assert_eq!(compared.verdict, Verdict::Agree, "{}: {}", entry.id, compared.line);
            // And every byte of them is the files'.
            let mut blueprint = blueprint.clone();
            assert!(adopt(&mut blueprint, &compared), "{}", entry.id);
            let held: u64 = blueprint.tensors().filter_map(|(_, tensor)| tensor.held).sum();
            assert_eq!(held, 4 * blueprint.parameters(), "{}", entry.id);
        }
    }
    assert!(seen >= 3, "only {seen} multimodal models");
}

/// A router's correction bias is a buffer in one class and a parameter in the next, under several names.
#[test]
fn correction_biases_under_other_names() {
    let entry = catalogue::entries()
        .iter()
        .find(|entry| entry.config["model_type"] == "glm4_moe")
        .expect("a GLM MoE");
    let mut config = entry.config.clone();
    config["num_hidden_layers"] = json!(4);
    config["n_routed_experts"] = json!(16);
    let blueprint = Blueprint::from_value(config).unwrap();
    let rows: Vec<Row> = rows_of(&blueprint, "BF16")
        .into_iter()
        .map(|(name, dtype, shape)| {
            (
                name.replace("mlp.gate.e_score_correction_bias", "mlp.expert_bias"),
                dtype,
                shape,
            )
        })
        .collect();
    assert!(rows.iter().any(|row| row.0.ends_with("mlp.expert_bias")));
    let list = safetensors_list(&rows);
    let compared = compare(&blueprint, &logical::count(&list, None), &list.described());
    assert_eq!(compared.verdict, Verdict::Agree, "{}", compared.line);
    assert_eq!(compared.header_parameters, blueprint.parameters());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any names and shapes can be counted, compared and summed up.
    #[test]
    fn any_tensors(rows in proptest::collection::hash_map(
        "(model\\.)?(layers\\.[0-9]\\.|h\\.[0-9]{1,12}\\.)?(mlp|attn|experts\\.3)?(\\.)?(qweight|scales|qzeros|weight|weight_packed|codes|codebooks|trellis|x_blocks|x_scales|biases|W_q|q_weight|q_invperm|weight_scale)",
        (prop_oneof![Just("U8"), Just("I32"), Just("U32"), Just("BF16"), Just("I16"), Just("I8")], proptest::collection::vec(0_u64..70, 0..4)), 0..12)) {
        let rows: Vec<Row> = rows.into_iter().map(|(name, (kind, shape))| (name, kind, shape)).collect();
        let list = safetensors_list(&rows);
        let id = "HuggingFaceTB/SmolLM2-360M-Instruct";
        let (config, blueprint) = (config(id), blueprint(id));
        for config in [None, Some(config), Some(&json!({"quantization_config": {"bits": 3, "config_groups": {"a": {"weights": {"num_bits": 4}}}}}))] {
            let count = logical::count(&list, config);
            let verdict = compare(&blueprint, &count, "1 safetensors header").verdict;
            prop_assert_eq!(verdict, Verdict::Differ);
            let _ = assumed::summarise(&list, &count);
        }
    }
}
