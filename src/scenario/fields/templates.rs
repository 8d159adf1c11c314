//! Small models to start from.

use serde_json::{Value, json};

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
