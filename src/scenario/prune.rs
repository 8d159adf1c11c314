//! A config without the keys that can change no figure, so that the link which carries it stays short.

use serde_json::{Map, Value};

/// Keys that name tokens or texts, or steer generation, training or a library's run: none decides a shape, a format,
/// a kind of layer or a length. A key that is not listed stays, so that nothing new is lost by mistake.
pub const DROPPED: &[&str] = &[
    // Tokens and labels.
    "bos_token_id",
    "eos_token_id",
    "pad_token_id",
    "sep_token_id",
    "cls_token_id",
    "decoder_start_token_id",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "image_token_id",
    "image_token_index",
    "video_token_id",
    "video_token_index",
    "audio_token_id",
    "vision_start_token_id",
    "vision_end_token_id",
    "vision_token_id",
    "boi_token_index",
    "eoi_token_index",
    "prefix",
    "id2label",
    "label2id",
    "problem_type",
    "finetuning_task",
    "task_specific_params",
    // Generation.
    "bad_words_ids",
    "suppress_tokens",
    "begin_suppress_tokens",
    "do_sample",
    "early_stopping",
    "temperature",
    "top_k",
    "top_p",
    "typical_p",
    "min_length",
    "max_length",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "repetition_penalty",
    "length_penalty",
    "diversity_penalty",
    "exponential_decay_length_penalty",
    "num_beams",
    "num_beam_groups",
    "num_return_sequences",
    "remove_invalid_values",
    "return_dict_in_generate",
    "output_scores",
    // Training: dropout, initialisation, losses.
    "attention_dropout",
    "attn_pdrop",
    "embd_pdrop",
    "hidden_dropout",
    "resid_pdrop",
    "residual_dropout",
    "embedding_dropout",
    "initializer_range",
    "initializer_factor",
    "router_aux_loss_coef",
    "aux_loss_alpha",
    "seq_aux",
    "router_jitter_noise",
    "input_jitter_noise",
    "output_router_logits",
    "pretraining_tp",
    "use_cache",
    // A library's run.
    "auto_map",
    "chunk_size_feed_forward",
    "output_attentions",
    "output_hidden_states",
    "pruned_heads",
    "return_dict",
    "tf_legacy_loss",
    "tokenizer_class",
    "torchscript",
    "transformers_version",
    "transformers.js_config",
    "use_bfloat16",
    "unsloth_fixed",
    "unsloth_version",
    "_attn_implementation_autoset",
    "_commit_hash",
];

/// Takes the keys of [`DROPPED`] and nulls without meaning out of a config, nested language models included.
///
/// A null stays where it can mean "none" against a class default; only listed keys go.
pub fn prune(config: Value) -> Value {
    match config {
        Value::Object(map) => Value::Object(prune_map(map)),
        other => other,
    }
}

fn prune_map(map: Map<String, Value>) -> Map<String, Value> {
    map.into_iter()
        .filter(|(key, _)| !DROPPED.contains(&key.as_str()))
        .map(|(key, value)| match value {
            Value::Object(inner) if key.ends_with("_config") && key != "quantization_config" => {
                (key, Value::Object(prune_map(inner)))
            }
            value => (key, value),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Blueprint, catalogue};

    #[test]
    fn nothing_that_counts_is_dropped() {
        for entry in catalogue::entries() {
            let whole = Blueprint::from_value(entry.config.clone());
            assert_eq!(
                Blueprint::from_value(prune(entry.config.clone())),
                whole,
                "{}",
                entry.id
            );
        }
    }

    #[test]
    fn nested_models_are_pruned_and_formats_are_not() {
        let config = serde_json::json!({
            "model_type": "x", "id2label": {"0": "a"}, "text_config": {"hidden_size": 8, "bos_token_id": 1},
            "quantization_config": {"quant_method": "gptq", "top_k": 3}, "eos_token_id": [1, 2],
        });
        let left = serde_json::json!({
            "model_type": "x", "text_config": {"hidden_size": 8}, "quantization_config": {"quant_method": "gptq", "top_k": 3},
        });
        assert_eq!(prune(config), left);
    }
}
