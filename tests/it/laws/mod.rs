//! Invariants, each as a property over generated models, workloads and layouts.

mod agreement;
mod explanations;
mod hostile;
mod monotone;
mod physics;
mod round_trips;
mod sums;
mod training;
mod ways_out;

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::{Value, json};
use weighbridge::hardware::{devices, hosts};
use weighbridge::model::families::{Build, Family};
use weighbridge::model::{Blueprint, catalogue, families};
use weighbridge::scenario::{KNOBS, Knob, KnobId, KnobKind, Scenario};

/// Whether a family writes token by token, with nothing beside its decoder.
fn writes(name: &str, family: &Family) -> bool {
    // Encoders of images, sound and characters alone, and of more than one form, are built by hand; so are decoders
    // beside an encoder of images, whose heads must divide the stream.
    let by_hand = [
        "vit",
        "deit",
        "vit_msn",
        "ijepa",
        "dinov3_vit",
        "wav2vec2",
        "hubert",
        "wavlm",
        "unispeech",
        "unispeech-sat",
        "data2vec-audio",
        "trocr",
        "blip_text_model",
        "audio-spectrogram-transformer",
        "pixtral",
        "dinov2",
        "dinov2_with_registers",
        "canine",
        "esm",
        "xmod",
    ];
    !matches!(family.build, Build::Encoder(_) | Build::Pair(_)) && !by_hand.contains(&name)
}

/// A config of any family that writes, with small random dimensions.
pub fn any_config() -> impl Strategy<Value = Value> {
    let types: Vec<&'static str> = families::known()
        .filter(|(name, family)| writes(name, family))
        .map(|(name, _)| name)
        .collect();
    (proptest::sample::select(types), 1u64..40, 1u64..9, 1u64..5, 4u64..64, 1u64..400, 1u64..9, any::<bool>()).prop_map(
        |(model_type, layers, kv, per, dim, vocab, experts, tied)| {
            // One mixture has two widths, one for each kind of input.
            let width = if model_type == "ernie4_5_vl_moe_text" { json!([4 * dim, 2 * dim]) } else { json!(4 * dim) };
            // Another's router gives a token one.
            let chosen = if model_type == "zaya" { 1 } else { 1 + experts / 3 };
            // One has no positions, and a key and value head for each query head.
            let (rotary, per) = if model_type == "glm5_next_text" { (0, 1) } else { (dim, per) };
            // Three take all heads to be as wide as the stream.
            let hidden = if ["olmoe", "bitnet", "helium"].contains(&model_type) { kv * per * dim } else { 8 * dim };
            // And one with windows is refused.
            let window = (model_type != "doge").then_some(64);
            let blocks: Vec<Value> = (0..60)
                .map(|layer| json!({"attention": {"n_heads_in_group": 1, "no_op": layer % 3 == 1}, "ffn": {"ffn_mult": 0.5}}))
                .collect();
            let mut config = json!({
                "model_type": model_type, "num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": kv * per,
                "num_key_value_heads": kv, "head_dim": dim, "intermediate_size": 16 * dim, "vocab_size": vocab, "tie_word_embeddings": tied || model_type == "zamba2",
                "moe_intermediate_size": width, "n_shared_experts": 1, "shared_expert_intermediate_size": 4 * dim, "first_k_dense_replace": layers / 3,
                "q_lora_rank": 8 * dim, "kv_lora_rank": 4 * dim, "qk_nope_head_dim": dim, "qk_rope_head_dim": rotary, "v_head_dim": dim,
                "expand": 2, "num_heads": 16, "mamba_expand": 2, "mamba_n_heads": 16, "mamba_d_ssm": 16 * dim, "hybrid_override_pattern": "MEM*-E",
                "num_kv_shared_layers": layers / 3, "num_layers": layers,
                "block_configs": blocks,
                "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": dim, "indexer_budget": 64, "indexer_compress_ratio": 4,
                "n_input_layers": layers / 4, "n_output_layers": layers / 3,
                "n_layers_per_attn_res_block": 1, "loop_layer_index_start": (layers / 3).max(1),
                "loop_layer_index_end": (2 * layers / 3).max(1), "loop_num_passes": 1 + experts % 3,
                "sliding_window": window, "max_position_embeddings": 4096, "torch_dtype": "bfloat16",
            });
            // Its class has no layers of its own choice.
            if model_type == "deepseek_ocr2_text" {
                config["mlp_layer_types"] = json!(vec!["sparse"; 60]);
            }
            for name in ["num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts", "num_routed_experts"] {
                config[name] = json!(experts);
            }
            for name in [
                "num_experts_per_tok",
                "num_experts_per_token",
                "experts_per_token",
                "moe_topk",
                "moe_k",
                "moe_top_k",
                "top_k_experts",
            ] {
                config[name] = json!(chosen);
            }
            config
        },
    )
}

/// A config of any family that encodes or reads by an encoder, of towers alone too, with small random dimensions under
/// all the names they have. What that leaves impossible is as its class has it, but for the layers.
pub fn any_reader() -> impl Strategy<Value = Value> {
    let types: Vec<&'static str> = families::known()
        .filter(|(name, family)| !writes(name, family))
        .map(|(name, _)| name)
        .collect();
    (
        proptest::sample::select(types),
        1u64..20,
        1u64..9,
        1u64..32,
        1u64..400,
        1u64..9,
        any::<bool>(),
    )
        .prop_map(|(model_type, layers, heads, dim, vocab, experts, tied)| {
            let (dim, each) = (2 * dim, |names: &[&str], value: u64| -> Vec<(String, Value)> {
                names.iter().map(|name| ((*name).to_owned(), json!(value))).collect()
            });
            let depth = each(
                &[
                    "num_hidden_layers",
                    "num_layers",
                    "n_layers",
                    "n_layer",
                    "encoder_layers",
                    "decoder_layers",
                    "num_decoder_layers",
                    "encoder_num_hidden_layers",
                    "decoder_num_hidden_layers",
                ],
                layers,
            );
            let width = each(
                &[
                    "hidden_size",
                    "d_model",
                    "dim",
                    "emb_dim",
                    "embed_dim",
                    "projection_size",
                    "true_hidden_size",
                ],
                heads * dim,
            );
            let split = each(
                &[
                    "num_attention_heads",
                    "num_heads",
                    "n_heads",
                    "n_head",
                    "encoder_attention_heads",
                    "decoder_attention_heads",
                ],
                heads,
            );
            let inner = each(
                &[
                    "intermediate_size",
                    "d_ff",
                    "d_inner",
                    "hidden_dim",
                    "encoder_ffn_dim",
                    "decoder_ffn_dim",
                ],
                4 * dim,
            );
            let small = each(&["num_experts", "num_local_experts"], experts);
            let mut config = serde_json::Map::from_iter([depth, width, split, inner, small].concat());
            config.insert("vocab_size".to_owned(), json!(vocab));
            config.insert("tie_word_embeddings".to_owned(), json!(tied));
            config.insert("model_type".to_owned(), json!(model_type));
            let config = Value::Object(config);
            if Blueprint::from_value(config.clone()).is_ok() {
                return config;
            }
            let fewer = json!({ "model_type": model_type, "num_hidden_layers": layers, "vocab_size": vocab });
            if Blueprint::from_value(fewer.clone()).is_ok() {
                fewer
            } else {
                json!({ "model_type": model_type })
            }
        })
}

/// Built-in models and those of the tables of facts: real ones, and small ones with towers around them.
pub fn published() -> &'static [Value] {
    static ALL: LazyLock<Vec<Value>> = LazyLock::new(|| {
        let facts = [
            include_str!("../../facts/towers.jsonl"),
            include_str!("../../facts/variants_towers.jsonl"),
            include_str!("../../facts/variants_unified.jsonl"),
            include_str!("../../facts/hybrid.jsonl"),
            include_str!("../../facts/variants_hybrid.jsonl"),
            include_str!("../../facts/variants_encoders.jsonl"),
            include_str!("../../facts/variants_readers.jsonl"),
            include_str!("../../facts/variants_wrappers.jsonl"),
        ];
        let rows = facts.into_iter().flat_map(str::lines);
        let config = |row: &str| serde_json::from_str::<Value>(row).unwrap()["config"].clone();
        let built_in = catalogue::entries().iter().map(|entry| entry.config.clone());
        rows.map(config).chain(built_in).collect()
    });
    &ALL
}

/// A model; a failing test shows its config, not the whole blueprint.
#[derive(Clone)]
pub struct Model(Arc<Blueprint>, Value);

impl std::ops::Deref for Model {
    type Target = Arc<Blueprint>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.1)
    }
}

impl From<Value> for Model {
    fn from(config: Value) -> Self {
        Self(Blueprint::from_value(config.clone()).map(Arc::new).unwrap(), config)
    }
}

/// A device of the table by its id.
pub fn any_device() -> impl Strategy<Value = String> {
    proptest::sample::select(devices()).prop_map(|device| device.id)
}

/// Any model: small ones of every family, and published ones with their towers.
pub fn any_model() -> impl Strategy<Value = Model> {
    prop_oneof![
        2 => any_config(),
        1 => any_reader(),
        1 => proptest::sample::select(published()),
    ]
    .prop_map(Model::from)
}

/// A model that fills devices.
pub fn large_model() -> impl Strategy<Value = Model> {
    let all = catalogue::entries()
        .iter()
        .map(|entry| entry.config.clone())
        .collect::<Vec<_>>();
    proptest::sample::select(all).prop_map(Model::from)
}

/// A value of a knob, by its kind; `None` leaves it as it is.
pub fn value(knob: &Knob, turn: u8, number: u64) -> Option<String> {
    let between = |least: u64, most: u64| {
        let many = (most - least).saturating_add(1);
        let offset = match turn % 3 {
            0 => number % many.min(9),
            1 => number % many.min(2000),
            // Of any size.
            _ => (number >> (number % 60)) % many,
        };
        (least + offset).to_string()
    };
    let pick = |keys: Vec<String>| keys.get(number as usize % keys.len().max(1)).cloned();
    if turn < 110 {
        return None;
    }
    match knob.kind {
        KnobKind::Whole { least, most, .. } => Some(between(least, most)),
        KnobKind::WholeOr { least, most, words, .. } if turn.is_multiple_of(4) => pick(
            words
                .iter()
                .map(|word| word.key.to_owned())
                .chain([between(least, most)])
                .collect(),
        ),
        KnobKind::WholeOr { least, most, .. } => Some(between(least, most)),
        KnobKind::Bytes { most, .. } | KnobKind::BytesOr { most, .. } => {
            Some(((number >> (number % 60)) % (most + 1)).to_string())
        }
        KnobKind::RealOr { most, .. } => Some((number as f64 / u64::MAX as f64 * most).to_string()),
        KnobKind::Choice(rows) => pick(rows().iter().map(|row| row.key.to_owned()).collect()),
        // Some that are not alike.
        KnobKind::Device if number.is_multiple_of(7) => Some(format!("{},{}", device(number / 7), device(number))),
        KnobKind::Device => Some(device(number)),
        KnobKind::Shares => None,
        KnobKind::Devices => Some(format!("{},{}", device(number / 7), device(number))),
        KnobKind::Host => pick(hosts().iter().map(|host| host.id.clone()).collect()),
        KnobKind::Pixels { .. } => pick(["640x480", "1024x1024", "336x1200"].map(str::to_owned).to_vec()),
    }
}

/// A device of the table, or one described by hand.
fn device(number: u64) -> String {
    let all = devices();
    if number.is_multiple_of(5) {
        return format!(
            "custom:name=Mine,memory={},bandwidth={},fp16={}",
            1 + number % 300,
            50 + number % 9000,
            1 + number % 2000
        );
    }
    all[number as usize % all.len()].id.clone()
}

/// Every knob at its default or somewhere else, whatever comes of it.
pub fn any_setting() -> impl Strategy<Value = Scenario> {
    // Shares fit one number of devices only.
    let knobs = || KNOBS.iter().filter(|knob| !matches!(knob.kind, KnobKind::Shares));
    prop::collection::vec((any::<u8>(), any::<u64>()), knobs().count()).prop_map(move |picks| {
        let mut scenario = Scenario::default();
        for (knob, (turn, number)) in knobs().zip(picks) {
            // Devices named one by one are as many as they are.
            if knob.id == KnobId::Devices && scenario.is_mixed() {
                continue;
            }
            if let Some(text) = value(knob, turn, number) {
                (knob.set)(&mut scenario, &text).unwrap_or_else(|error| panic!("{}={text}: {error}", knob.key));
            }
        }
        scenario
    })
}

/// Every knob at its default or somewhere else, on devices that share the model in a way that can be: up to 8 × 4.
pub fn any_scenario() -> impl Strategy<Value = Scenario> {
    let layout = (
        proptest::sample::select(vec![1u64, 1, 2, 3, 4, 8]),
        proptest::sample::select(vec![1u64, 1, 1, 2, 3, 4]),
        any::<prop::sample::Index>(),
        any::<bool>(),
    );
    (any_setting(), layout).prop_map(|(scenario, (tensor, pipeline, expert, told))| {
        let divisors: Vec<u64> = (1..=tensor).filter(|one| tensor.is_multiple_of(*one)).collect();
        scenario.with(|s| {
            s.hardware.devices = tensor * pipeline;
            s.hardware.tensor = told.then_some(tensor);
            s.hardware.pipeline = pipeline;
            s.hardware.expert = divisors[expert.index(divisors.len())];
        })
    })
}

/// So many cases, the same ones in each run: a failure is found where it was made. Another number looks further.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig {
        cases: count,
        rng_seed: RngSeed::Fixed(20_261_129),
        ..ProptestConfig::default()
    }
}
