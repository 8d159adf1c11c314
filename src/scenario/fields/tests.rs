//! The table against the engine.

use serde_json::json;

use super::*;
use crate::model::{Blueprint, catalogue};
use crate::scenario::apply_edits;

fn field(key: &str) -> &'static Field {
    FIELDS.iter().find(|field| field.key() == key).unwrap()
}

#[test]
fn keys_are_unique() {
    let keys: Vec<_> = FIELDS.iter().flat_map(|field| field.keys).collect();
    assert!(
        keys.iter()
            .enumerate()
            .all(|(at, key)| !keys.iter().skip(at + 1).any(|other| other == key))
    );
}

#[test]
fn templates_are_models() {
    let dense = Blueprint::from_value(dense_template()).unwrap();
    assert_eq!(dense.parameters(), 1_235_814_400);
    assert!(Blueprint::from_value(moe_template()).unwrap().experts.is_some());
}

#[test]
fn every_catalogue_model_shows_its_size() {
    for entry in catalogue::entries() {
        // Mamba has no heads to show.
        let blueprint = Blueprint::from_value(entry.config.clone()).unwrap();
        let attends = blueprint
            .blocks()
            .any(|place| place.kind.is_some() && place.block.scores.is_some());
        let heads = attends.then_some("num_attention_heads");
        // A pattern of layers can stand in for their number.
        let listed = ["layers_block_type", "hybrid_override_pattern"]
            .iter()
            .any(|key| entry.config.get(key).is_some());
        let layers = (!listed).then_some("num_hidden_layers");
        for key in ["hidden_size", "vocab_size"].into_iter().chain(layers).chain(heads) {
            let read = field(key).read(&entry.config, &BTreeMap::new());
            assert!(
                field(key).applies(&entry.config) && read.value.is_some(),
                "{} {key}",
                entry.id
            );
        }
    }
}

#[test]
fn an_edit_is_kept_as_a_difference_and_refused_by_the_engine() {
    let config = dense_template();
    let layers = field("num_hidden_layers");
    let mut edits = BTreeMap::new();
    set_edit(&config, &mut edits, "num_hidden_layers", typed(layers.kind, "1,024"));
    assert_eq!(
        layers.read(&config, &edits).origin,
        FieldOrigin::Edited(Some(json!(16)))
    );
    set_edit(&config, &mut edits, "num_hidden_layers", typed(layers.kind, "16"));
    assert!(edits.is_empty());
    for text in ["many", "-3", "1.5"] {
        set_edit(&config, &mut edits, "num_hidden_layers", typed(layers.kind, text));
        let mut edited = config.clone();
        apply_edits(&mut edited, &edits);
        assert_eq!(
            blamed(&Blueprint::from_value(edited).unwrap_err()),
            Some("num_hidden_layers"),
            "{text}"
        );
    }
}

#[test]
fn fields_follow_the_family() {
    let moe = moe_template();
    assert!(field("num_experts").applies(&moe) && !field("num_experts").applies(&dense_template()));
    let deepseek = &catalogue::find("deepseek-ai/DeepSeek-R1").unwrap().config;
    assert!(field("kv_lora_rank").applies(deepseek) && !field("kv_lora_rank").applies(&moe));
    assert_eq!(
        field("num_experts").read(deepseek, &BTreeMap::new()).key,
        "n_routed_experts"
    );
}

#[test]
fn every_form_of_family_shows_what_it_reads() {
    let shows = |config: &Value, key: &str| field(key).applies(config);
    let of = |model_type: &str| json!({"model_type": model_type});
    // Hybrids, layers of one mixer, encoders, and encoders with a decoder.
    for (model_type, read, unread) in [
        ("qwen3_next", "num_experts", "kv_lora_rank"),
        ("kimi_linear", "kv_lora_rank", "num_key_value_heads"),
        ("mamba", "hidden_size", "num_attention_heads"),
        ("bert", "num_attention_heads", "num_key_value_heads"),
        ("eurobert", "num_key_value_heads", "num_experts"),
        ("fnet", "intermediate_size", "num_attention_heads"),
        ("bart", "num_hidden_layers", "intermediate_size"),
        ("t5gemma", "num_key_value_heads", "num_experts"),
        ("esm", "num_attention_heads", "sliding_window"),
    ] {
        assert!(shows(&of(model_type), read), "{model_type} {read}");
        assert!(!shows(&of(model_type), unread), "{model_type} {unread}");
    }
    // A key decides what the description says.
    let dense = json!({"model_type": "minicpm", "num_hidden_layers": 2});
    let mixture = json!({"model_type": "minicpm", "num_experts": 8});
    assert!(!shows(&dense, "num_experts_per_tok") && shows(&mixture, "num_experts_per_tok"));
}

#[test]
fn defaults_are_told_apart() {
    let bare = json!({"model_type": "llama"});
    let read = field("hidden_size").read(&bare, &BTreeMap::new());
    assert_eq!(
        (read.value, read.origin),
        (Some(json!(4096)), FieldOrigin::ClassDefault)
    );
    let read = field("sliding_window").read(&bare, &BTreeMap::new());
    assert_eq!((read.value, read.origin), (None, FieldOrigin::NotSet));
}
