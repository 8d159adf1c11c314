//! Names that the same dimension has in different configs.

/// Width of the residual stream.
pub const HIDDEN: &[&str] = &["hidden_size", "n_embd", "d_model"];
/// Number of layers.
pub const LAYERS: &[&str] = &["num_hidden_layers", "n_layer", "n_layers", "num_layers"];
/// Query heads.
pub const HEADS: &[&str] = &[
    "num_attention_heads",
    "n_head",
    "n_heads",
    "num_heads",
    "attention_heads",
];
/// Width of a head.
pub const HEAD_DIM: &[&str] = &["head_dim", "attention_head_dim", "kv_channels"];
/// Heads of keys and values.
pub const KV_HEADS: &[&str] = &[
    "num_key_value_heads",
    "num_kv_heads",
    "n_head_kv",
    "multi_query_group_num",
    "num_attention_groups",
];
/// Width of a dense MLP.
pub const INTERMEDIATE: &[&str] = &["intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"];
/// Experts of a layer.
pub const EXPERTS: &[&str] = &[
    "num_experts",
    "num_local_experts",
    "n_routed_experts",
    "moe_num_experts",
    "num_routed_experts",
];
/// Experts a token uses.
pub const TOP_K: &[&str] = &[
    "num_experts_per_tok",
    "num_experts_per_token",
    "experts_per_token",
    "moe_topk",
    "moe_k",
    "top_k_experts",
    "moe_top_k",
];
/// Longest context.
pub const POSITIONS: &[&str] = &[
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "n_ctx",
    "max_sequence_length",
    "model_max_length",
];
/// Rows of the token table.
pub const VOCABULARY: &[&str] = &["vocab_size", "padded_vocab_size", "tgt_vocab_size"];
/// Whether the output head is the token table.
pub const TIE: &str = "tie_word_embeddings";
/// Names of one thing in different classes, of which a class has some.
pub const GROUPS: &[&[&str]] = &[
    HIDDEN,
    LAYERS,
    HEADS,
    HEAD_DIM,
    KV_HEADS,
    INTERMEDIATE,
    EXPERTS,
    TOP_K,
    POSITIONS,
    VOCABULARY,
];
