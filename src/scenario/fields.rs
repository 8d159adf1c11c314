//! The editor's fields: keys of a config that a person may change, declared once.
//!
//! A value that makes no sense is kept as it was typed: the engine refuses it and names the key, so the page shows one
//! and the same error as the command line.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use crate::model::ModelError;
use crate::model::families::{self, AttentionForm, Decoder, Flag, Pattern, Shared, defaults};

/// Where a field stands in the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum FieldGroup {
    /// Layers, width, vocabulary, context.
    Size,
    /// Heads, windows, latent ranks.
    Attention,
    /// The dense MLP.
    Mlp,
    /// Routed and shared experts.
    Experts,
    /// Biases, tying, format, kind of model.
    Advanced,
}

impl FieldGroup {
    /// Heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Size => "Size",
            Self::Attention => "Attention",
            Self::Mlp => "MLP",
            Self::Experts => "Experts",
            Self::Advanced => "Advanced",
        }
    }
}

/// How a field is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// A whole number.
    Whole,
    /// Yes or no.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A model type the engine knows.
    ModelType,
}

/// A key that can be edited.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The key and its other names; the first is the usual one.
    pub keys: &'static [&'static str],
    /// Name for people.
    pub label: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// Where it stands.
    pub group: FieldGroup,
    /// How it is typed.
    pub kind: FieldKind,
    /// Whether models of this description read it.
    applies: fn(&Decoder) -> bool,
}

/// Where the value of a field comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldOrigin {
    /// Changed by hand; the value of the config before, if it had one.
    Edited(Option<Value>),
    /// The config.
    Config,
    /// The configuration class of transformers.
    ClassDefault,
    /// Nothing says it; the engine derives or leaves it out.
    NotSet,
}

/// What a field shows.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldValue {
    /// The name of the key in this config.
    pub key: String,
    /// The value, if there is one.
    pub value: Option<Value>,
    /// Where it comes from.
    pub origin: FieldOrigin,
}

const fn always(_: &Decoder) -> bool {
    true
}
fn grouped(decoder: &Decoder) -> bool {
    decoder.attention == AttentionForm::Grouped
}
fn latent(decoder: &Decoder) -> bool {
    decoder.attention == AttentionForm::Latent
}
fn windows(decoder: &Decoder) -> bool {
    decoder.windows.pattern != Pattern::Never
}
fn experts(decoder: &Decoder) -> bool {
    decoder.experts.is_some()
}
/// Whether any of the family's keys for something is among these.
fn reads(keys: &[&str], wanted: &[&str]) -> bool {
    keys.iter().any(|key| wanted.contains(key))
}
fn asks(flag: Flag, wanted: &str) -> bool {
    matches!(flag, Flag::Key(key, _) if key == wanted)
}

use FieldGroup::{Advanced, Attention, Experts, Mlp, Size};
use FieldKind::{Flag as YesNo, ModelType, Whole, Word};

/// Every field, in the order of the editor.
pub const FIELDS: &[Field] = &[
    Field {
        keys: &["num_hidden_layers", "n_layer", "n_layers", "num_layers"],
        label: "Layers",
        help: "How many blocks of attention and MLP follow one another.",
        group: Size,
        kind: Whole,
        applies: always,
    },
    Field {
        keys: &["hidden_size", "n_embd", "d_model"],
        label: "Width",
        help: "Numbers that stand for each token between the layers.",
        group: Size,
        kind: Whole,
        applies: always,
    },
    Field {
        keys: &["vocab_size", "padded_vocab_size"],
        label: "Vocabulary",
        help: "Different tokens; rows of the embedding and of the output head.",
        group: Size,
        kind: Whole,
        applies: always,
    },
    Field {
        keys: &["max_position_embeddings", "n_positions", "max_seq_len", "seq_length"],
        label: "Context",
        help: "Longest sequence the model was made for, in tokens.",
        group: Size,
        kind: Whole,
        applies: always,
    },
    Field {
        keys: &["num_attention_heads", "n_head", "n_heads"],
        label: "Heads",
        help: "Query heads of each attention.",
        group: Attention,
        kind: Whole,
        applies: always,
    },
    Field {
        keys: &["num_key_value_heads", "num_kv_heads", "n_head_kv"],
        label: "KV heads",
        help: "Heads whose keys and values are cached; fewer than query heads make the cache smaller.",
        group: Attention,
        kind: Whole,
        applies: grouped,
    },
    Field {
        keys: &["head_dim", "attention_head_dim"],
        label: "Head width",
        help: "Width of one head; left out, it is width / heads.",
        group: Attention,
        kind: Whole,
        applies: grouped,
    },
    Field {
        keys: &["q_lora_rank"],
        label: "Query rank",
        help: "Rank of the compressed queries; left out, queries are not compressed.",
        group: Attention,
        kind: Whole,
        applies: latent,
    },
    Field {
        keys: &["kv_lora_rank"],
        label: "KV rank",
        help: "Width of the latent that is cached instead of keys and values.",
        group: Attention,
        kind: Whole,
        applies: latent,
    },
    Field {
        keys: &["qk_nope_head_dim"],
        label: "Key width without position",
        help: "Part of each query and key head that carries no position.",
        group: Attention,
        kind: Whole,
        applies: latent,
    },
    Field {
        keys: &["qk_rope_head_dim"],
        label: "Key width with position",
        help: "Part of each query and key head that is rotated; cached once for all heads.",
        group: Attention,
        kind: Whole,
        applies: latent,
    },
    Field {
        keys: &["v_head_dim"],
        label: "Value width",
        help: "Width of a head's values.",
        group: Attention,
        kind: Whole,
        applies: latent,
    },
    Field {
        keys: &["sliding_window", "sliding_window_size"],
        label: "Window",
        help: "Tokens back that a windowed layer sees.",
        group: Attention,
        kind: Whole,
        applies: windows,
    },
    Field {
        keys: &["use_sliding_window"],
        label: "Windows on",
        help: "Whether windows are used at all.",
        group: Attention,
        kind: YesNo,
        applies: |decoder| decoder.windows.switch == Some("use_sliding_window"),
    },
    Field {
        keys: &["max_window_layers"],
        label: "Full layers first",
        help: "Layers before the first windowed one.",
        group: Attention,
        kind: Whole,
        applies: |decoder| matches!(decoder.windows.pattern, Pattern::From(_)),
    },
    Field {
        keys: &["sliding_window_pattern"],
        label: "Full layer every",
        help: "Each so many layers one sees everything; the others see the window.",
        group: Attention,
        kind: Whole,
        applies: |decoder| matches!(decoder.windows.pattern, Pattern::FullEvery(keys, _) if reads(keys, &["sliding_window_pattern"])),
    },
    Field {
        keys: &["intermediate_size", "ffn_dim", "n_inner"],
        label: "MLP width",
        help: "Width inside the MLP of a dense layer (of an expert in the Mixtral family).",
        group: Mlp,
        kind: Whole,
        applies: always,
    },
    Field {
        keys: &[
            "num_experts",
            "num_local_experts",
            "n_routed_experts",
            "moe_num_experts",
            "num_routed_experts",
        ],
        label: "Experts",
        help: "Routed experts of a layer.",
        group: Experts,
        kind: Whole,
        applies: experts,
    },
    Field {
        keys: &[
            "num_experts_per_tok",
            "num_experts_per_token",
            "experts_per_token",
            "moe_topk",
            "moe_k",
            "top_k_experts",
        ],
        label: "Experts per token",
        help: "Experts the router chooses for each token.",
        group: Experts,
        kind: Whole,
        applies: experts,
    },
    Field {
        keys: &["moe_intermediate_size"],
        label: "Expert width",
        help: "Width inside each routed expert.",
        group: Experts,
        kind: Whole,
        applies: |decoder| {
            decoder
                .experts
                .is_some_and(|experts| reads(experts.width, &["moe_intermediate_size"]))
        },
    },
    Field {
        keys: &["n_shared_experts", "num_shared_experts"],
        label: "Shared experts",
        help: "Experts that every token passes.",
        group: Experts,
        kind: Whole,
        applies: |decoder| matches!(decoder.experts.map(|experts| experts.shared), Some(Shared::Count(_))),
    },
    Field {
        keys: &["shared_expert_intermediate_size"],
        label: "Shared width",
        help: "Width of the shared expert.",
        group: Experts,
        kind: Whole,
        applies: |decoder| matches!(decoder.experts.map(|experts| experts.shared), Some(Shared::Width(keys)) if reads(keys, &["shared_expert_intermediate_size"])),
    },
    Field {
        keys: &["first_k_dense_replace"],
        label: "Dense layers first",
        help: "Layers at the beginning that have an MLP instead of experts.",
        group: Experts,
        kind: Whole,
        applies: |decoder| {
            use crate::model::families::MoeLayers::After;
            matches!(decoder.experts.map(|experts| experts.layers), Some(After(keys)) if reads(keys, &["first_k_dense_replace"]))
        },
    },
    Field {
        keys: &["decoder_sparse_step"],
        label: "Experts every",
        help: "Each so many layers one has experts; 1 is every layer.",
        group: Experts,
        kind: Whole,
        applies: |decoder| {
            matches!(
                decoder.experts.map(|experts| experts.layers),
                Some(crate::model::families::MoeLayers::Sparse)
            )
        },
    },
    Field {
        keys: &["model_type"],
        label: "Kind of model",
        help: "Which family it is built as: the other keys are read by its rules.",
        group: Advanced,
        kind: ModelType,
        applies: always,
    },
    Field {
        keys: &["torch_dtype", "dtype"],
        label: "Number format",
        help: "The format the weights are published in.",
        group: Advanced,
        kind: Word(&["bfloat16", "float16", "float32"]),
        applies: always,
    },
    Field {
        keys: &["tie_word_embeddings"],
        label: "Tied head",
        help: "Whether the output head is the embedding, stored once.",
        group: Advanced,
        kind: YesNo,
        applies: always,
    },
    Field {
        keys: &["attention_bias"],
        label: "Attention biases",
        help: "Whether the projections of attention have biases.",
        group: Advanced,
        kind: YesNo,
        applies: |decoder| asks(decoder.qkv_bias, "attention_bias") || asks(decoder.output_bias, "attention_bias"),
    },
    Field {
        keys: &["qkv_bias"],
        label: "Q, K, V biases",
        help: "Whether queries, keys and values have biases.",
        group: Advanced,
        kind: YesNo,
        applies: |decoder| asks(decoder.qkv_bias, "qkv_bias"),
    },
    Field {
        keys: &["mlp_bias"],
        label: "MLP biases",
        help: "Whether the matrices of the MLP have biases.",
        group: Advanced,
        kind: YesNo,
        applies: |decoder| asks(decoder.mlp_bias, "mlp_bias"),
    },
];

/// The object of a config in which keys of the language model live, and its model type.
pub fn language_model(config: &Value) -> (Option<&Map<String, Value>>, &str) {
    let nested = ["text_config", "llm_config", "language_config"]
        .iter()
        .find_map(|name| config.get(name).and_then(Value::as_object));
    let kind = |map: &Map<String, Value>| map.contains_key("model_type");
    let from = nested.filter(|map| kind(map)).or(config.as_object());
    let model_type = from
        .and_then(|map| map.get("model_type"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    (nested.or(config.as_object()), model_type)
}

impl Field {
    /// The usual name of the key.
    pub fn key(&self) -> &'static str {
        self.keys.first().copied().unwrap_or_default()
    }
    /// Whether this config can say something by it: its family reads it, or it is there already.
    pub fn applies(&self, config: &Value) -> bool {
        let (map, model_type) = language_model(config);
        // A nested language model keeps its kind: the whole around it has another.
        if self.kind == ModelType {
            return !["text_config", "llm_config", "language_config"]
                .iter()
                .any(|name| config.get(name).is_some_and(Value::is_object));
        }
        let known = families::known().find(|(name, _)| *name == model_type);
        known.is_some_and(|(_, family)| family.decoder().is_none_or(|decoder| (self.applies)(decoder)))
            || map.is_some_and(|map| self.keys.iter().any(|key| map.contains_key(*key)))
    }
    /// What it shows: the edit, else the config, else the class default.
    pub fn read(&self, config: &Value, edits: &BTreeMap<String, Value>) -> FieldValue {
        let (map, model_type) = language_model(config);
        let defaults = defaults::of(model_type);
        let said = |key: &str| {
            map.and_then(|map| map.get(key))
                .or_else(|| config.get(key))
                .filter(|value| !value.is_null())
        };
        let default = |key: &str| defaults.get(key).filter(|value| !value.is_null());
        let edited = self.keys.iter().find(|key| edits.contains_key(**key));
        let key = edited
            .or_else(|| self.keys.iter().find(|key| said(key).is_some()))
            .or_else(|| self.keys.iter().find(|key| default(key).is_some()))
            .copied()
            .unwrap_or(self.key());
        let (value, origin) = match (edits.get(key), said(key), default(key)) {
            (Some(edit), before, _) => (
                Some(edit.clone()).filter(|value| !value.is_null()),
                FieldOrigin::Edited(before.cloned()),
            ),
            (None, Some(value), _) => (Some(value.clone()), FieldOrigin::Config),
            (None, None, Some(value)) => (Some(value.clone()), FieldOrigin::ClassDefault),
            (None, None, None) => (None, FieldOrigin::NotSet),
        };
        FieldValue {
            key: key.to_owned(),
            value,
            origin,
        }
    }
}

/// Keys of the language model that no field of [`FIELDS`] shows, in the order of the config.
pub fn other_keys<'a>(config: &'a Value, edits: &'a BTreeMap<String, Value>) -> Vec<&'a str> {
    let (map, _) = language_model(config);
    let shown = |key: &str| FIELDS.iter().any(|field| field.keys.contains(&key));
    let mut keys: Vec<&str> = map.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    for key in edits.keys() {
        if !keys.contains(&key.as_str()) {
            keys.push(key);
        }
    }
    keys.retain(|key| !shown(key));
    keys
}

/// What a person typed into a field, as JSON. Empty is none. What is no number stays text, for the engine to refuse.
pub fn typed(kind: FieldKind, text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    Some(match kind {
        FieldKind::Whole => {
            let plain: String = text
                .chars()
                .filter(|sign| !matches!(sign, ',' | ' ' | '_' | '\u{a0}' | '\u{202f}'))
                .collect();
            plain
                .parse::<Number>()
                .map_or_else(|_| Value::from(text), Value::Number)
        }
        FieldKind::Flag => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::from(other),
        },
        FieldKind::Word(_) | FieldKind::ModelType => Value::from(text),
    })
}

/// What a person typed as the raw value of a key: JSON, else a text.
pub fn typed_raw(text: &str) -> Option<Value> {
    let text = text.trim();
    (!text.is_empty()).then(|| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)))
}

/// Sets or clears an edit so that edits hold only differences from the config.
pub fn set_edit(config: &Value, edits: &mut BTreeMap<String, Value>, key: &str, value: Option<Value>) {
    let (map, _) = language_model(config);
    let before = map.and_then(|map| map.get(key));
    if value.as_ref() == before.filter(|value| !value.is_null()) {
        edits.remove(key);
    } else {
        edits.insert(key.to_owned(), value.unwrap_or(Value::Null));
    }
}

/// The key an error is about, if it is about one.
pub fn blamed(error: &ModelError) -> Option<&str> {
    match error {
        ModelError::NoModelType | ModelError::UnknownModelType(_) => Some("model_type"),
        // Several names of one key stand with "or" between them.
        ModelError::Missing { key, .. } | ModelError::WrongType { key, .. } | ModelError::OutOfRange { key, .. } => {
            key.split(" or ").next()
        }
        ModelError::Inconsistent(words) => {
            let named = words
                .split(|sign: char| !(sign.is_ascii_alphanumeric() || sign == '_'))
                .find(|word| word.contains('_'));
            named.filter(|word| FIELDS.iter().any(|field| field.keys.contains(word)))
        }
        _ => None,
    }
}

/// A small dense model to start from: a Llama of one billion parameters.
pub fn dense_template() -> Value {
    json!({
        "model_type": "llama", "num_hidden_layers": 16, "hidden_size": 2048, "intermediate_size": 8192, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128_256, "max_position_embeddings": 131_072,
        "tie_word_embeddings": true, "attention_bias": false, "mlp_bias": false, "torch_dtype": "bfloat16",
    })
}

/// A model with experts to start from: 64 experts, 8 for each token.
pub fn moe_template() -> Value {
    json!({
        "model_type": "qwen3_moe", "num_hidden_layers": 24, "hidden_size": 2048, "intermediate_size": 6144, "num_attention_heads": 32,
        "num_key_value_heads": 4, "head_dim": 128, "num_experts": 64, "num_experts_per_tok": 8, "moe_intermediate_size": 768,
        "decoder_sparse_step": 1, "mlp_only_layers": [], "vocab_size": 151_936, "max_position_embeddings": 40_960,
        "tie_word_embeddings": false, "attention_bias": false, "torch_dtype": "bfloat16",
    })
}

#[cfg(test)]
mod tests {
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
            for key in ["num_hidden_layers", "hidden_size", "vocab_size", "num_attention_heads"] {
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
}
