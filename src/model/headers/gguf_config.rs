//! The config a GGUF holds: its keys under the names of `config.json`, for architectures whose model type is known.
//!
//! Keys: ggml `docs/gguf.md` and gguf-py `constants.py`. What the keys leave open (biases, a tied head) the tensors say.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::gguf_value::GgufValue;
use super::tensor_list::{Stored, TensorList};
use crate::model::ModelError;

/// Keys of an architecture that have the same meaning everywhere, and their names in a config.
const COMMON: &[(&str, &str)] = &[
    ("embedding_length", "hidden_size"),
    ("context_length", "max_position_embeddings"),
    ("attention.sliding_window", "sliding_window"),
    ("attention.q_lora_rank", "q_lora_rank"),
    ("attention.kv_lora_rank", "kv_lora_rank"),
    ("expert_used_count", "num_experts_per_tok"),
    ("leading_dense_block_count", "first_k_dense_replace"),
];

/// Architectures of llama.cpp and the model type of each.
const TYPES: &[(&str, &str)] = &[
    ("llama", "llama"),
    ("mistral3", "llama"),
    ("qwen2", "qwen2"),
    ("qwen2moe", "qwen2_moe"),
    ("qwen3", "qwen3"),
    ("qwen3moe", "qwen3_moe"),
    ("gemma", "gemma"),
    ("gemma2", "gemma2"),
    ("gemma3", "gemma3_text"),
    ("phi3", "phi3"),
    ("deepseek2", "deepseek_v3"),
    ("gpt-oss", "gpt_oss"),
    ("olmo2", "olmo2"),
    ("olmoe", "olmoe"),
    ("granite", "granite"),
    ("granitemoe", "granitemoe"),
    ("command-r", "cohere"),
    ("cohere2", "cohere2"),
    ("glm4", "glm4"),
    ("glm4moe", "glm4_moe"),
    ("smollm3", "smollm3"),
    ("seed_oss", "seed_oss"),
    ("minimax-m2", "minimax_m2"),
    ("starcoder2", "starcoder2"),
    ("stablelm", "stablelm"),
    ("internlm2", "internlm2"),
    ("ernie4_5", "ernie4_5"),
    ("dots1", "dots1"),
    ("exaone4", "exaone4"),
];

/// Architectures with a mapping, for lists.
pub fn architectures() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|(architecture, _)| *architecture)
}

/// The config of a GGUF.
///
/// # Errors
/// No or an unknown architecture; values that differ from layer to layer in ways a config of its type cannot say.
pub fn config(list: &TensorList) -> Result<Value, ModelError> {
    let architecture = list
        .keys
        .get("general.architecture")
        .and_then(GgufValue::as_text)
        .ok_or(ModelError::NoModelType)?;
    let shown = || architecture.chars().take(80).collect::<String>();
    let Some((_, model_type)) = TYPES.iter().find(|(name, _)| *name == architecture) else {
        return Err(ModelError::UnknownModelType(format!("{} (GGUF)", shown())));
    };
    let source = Source {
        list,
        architecture,
        tensors: list.tensors.iter().map(|one| (one.name.as_str(), one)).collect(),
    };
    source.build(model_type).map(Value::Object)
}

struct Source<'a> {
    list: &'a TensorList,
    architecture: &'a str,
    tensors: HashMap<&'a str, &'a Stored>,
}

impl Source<'_> {
    fn value(&self, key: &str) -> Option<&GgufValue> {
        self.list.keys.get(&format!("{}.{key}", self.architecture))
    }
    /// A number, or the one number all layers share.
    fn number(&self, key: &str) -> Result<Option<u64>, ModelError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        if let Some(number) = value.as_whole() {
            return Ok(Some(number));
        }
        let all: Option<Vec<u64>> = value
            .as_list()
            .map(|items| items.iter().map(GgufValue::as_whole).collect())
            .unwrap_or_default();
        match all.as_deref() {
            Some([first, rest @ ..]) if rest.iter().all(|one| one == first) => Ok(Some(*first)),
            _ => Err(ModelError::NotBuilt {
                model_type: self.architecture.chars().take(80).collect(),
                what: format!("A {key} that differs from layer to layer"),
            }),
        }
    }
    fn rows(&self, tensor: &str) -> Option<u64> {
        self.tensors.get(tensor).and_then(|one| one.shape.first().copied())
    }
    fn has(&self, tensor: &str) -> bool {
        self.tensors.contains_key(tensor)
    }

    fn build(&self, model_type: &str) -> Result<Map<String, Value>, ModelError> {
        let mut out = Map::new();
        let mut put = |key: &str, value: Option<u64>| {
            if let Some(value) = value {
                out.insert(key.to_owned(), value.into());
            }
        };
        for (from, to) in COMMON {
            put(to, self.number(from)?);
        }
        // Multi-token-prediction blocks are counted among the blocks.
        let beyond = self.number("nextn_predict_layers")?.unwrap_or(0);
        let layers = self.number("block_count")?.map(|all| all.saturating_sub(beyond));
        put("num_hidden_layers", layers);
        let heads = self.number("attention.head_count")?;
        put("num_attention_heads", heads);
        let latent = self.number("attention.kv_lora_rank")?.is_some();
        // With a latent cache the file writes one head of keys: the model has as many as queries.
        let kv = if latent {
            heads
        } else {
            self.number("attention.head_count_kv")?.or(heads)
        };
        put("num_key_value_heads", kv);
        let key_length = self.number("attention.key_length")?;
        if !latent {
            put("head_dim", key_length);
        }
        let vocabulary = self.rows("token_embd.weight").or(self.number("vocab_size")?);
        let tokens = || self.list.keys.get("tokenizer.ggml.tokens").and_then(GgufValue::length);
        put("vocab_size", vocabulary.or_else(tokens));
        let width = self.number("feed_forward_length")?;
        put("intermediate_size", width);

        let experts = self.number("expert_count")?.filter(|count| *count > 0);
        if experts.is_some() {
            for key in ["num_experts", "num_local_experts", "n_routed_experts"] {
                put(key, experts);
            }
            let each = self.number("expert_feed_forward_length")?;
            put("moe_intermediate_size", each.or(width));
            put(
                "shared_expert_intermediate_size",
                self.number("expert_shared_feed_forward_length")?,
            );
            put("n_shared_experts", self.number("expert_shared_count")?);
            if matches!(model_type, "gpt_oss" | "llama" | "minimax_m2" | "olmoe" | "granitemoe") {
                put("intermediate_size", each.or(width));
            }
        }
        if latent {
            let rope = self.number("rope.dimension_count")?;
            // Old files write the expanded heads under the plain keys.
            let key = self.number("attention.key_length_mla")?.or(key_length);
            put("qk_rope_head_dim", rope);
            put(
                "qk_nope_head_dim",
                key.zip(rope).map(|(key, rope)| key.saturating_sub(rope)),
            );
            let value = self
                .number("attention.value_length_mla")?
                .or(self.number("attention.value_length")?);
            put("v_head_dim", value);
            if self.number("attention.q_lora_rank")?.is_none() {
                out.insert("q_lora_rank".to_owned(), Value::Null);
            }
        }
        let model_type = self.refined(model_type, experts)?;
        out.insert("model_type".to_owned(), model_type.into());
        let tied = !self.has("output.weight");
        out.insert("tie_word_embeddings".to_owned(), tied.into());
        let bias = self.has("blk.0.attn_q.bias") || self.has("blk.0.attn_qkv.bias");
        out.insert("attention_bias".to_owned(), bias.into());
        if matches!(model_type, "llama" | "mixtral") {
            // The plain keys of a window mean a Mistral; llama.cpp itself ignores it.
            out.remove("sliding_window");
            out.insert("mlp_bias".to_owned(), self.has("blk.0.ffn_up.bias").into());
        }
        out.insert("dtype".to_owned(), self.dtype().into());
        if let Some(theta) = self.value("rope.freq_base").and_then(GgufValue::as_float) {
            out.insert("rope_theta".to_owned(), json!(theta));
        }
        Ok(out)
    }

    /// Model types that share an architecture.
    fn refined(&self, model_type: &str, experts: Option<u64>) -> Result<&'static str, ModelError> {
        Ok(match model_type {
            "llama" if experts.is_some() => "mixtral",
            // Sigmoid scores came with V3; before it they were a softmax.
            "deepseek_v3" if self.number("expert_gating_func")?.unwrap_or(1) == 1 => "deepseek_v2",
            other => TYPES
                .iter()
                .find(|(_, name)| *name == other)
                .map_or("llama", |(_, name)| name),
        })
    }

    /// The 16-bit type of the file; what is packed is computed in FP16.
    fn dtype(&self) -> &'static str {
        let most = |name: &str| {
            let all = self.list.tensors.iter().filter(|one| one.dtype.name == name);
            all.map(|one| one.bytes).sum::<u64>()
        };
        let all = self.list.bytes();
        if most("BF16").saturating_mul(2) > all {
            "bfloat16"
        } else if most("F32").saturating_mul(2) > all {
            "float32"
        } else {
            "float16"
        }
    }
}
