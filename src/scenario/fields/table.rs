//! The table of fields, in the order of the editor, and which families read them.

use super::Field;
use super::FieldGroup::{Advanced, Attention, Experts, Mlp, Size};
use super::FieldKind::{Flag as YesNo, ModelType, Whole, Word};
use crate::model::families::MoeLayers;
use crate::model::families::{AttentionForm, Decoder, Flag, Pattern, Shared};

const LAYERS: &[&str] = &["num_hidden_layers", "n_layer", "n_layers", "num_layers"];
const HIDDEN: &[&str] = &["hidden_size", "n_embd", "d_model"];
const HEADS: &[&str] = &["num_attention_heads", "n_head", "n_heads"];
const KV_HEADS: &[&str] = &["num_key_value_heads", "num_kv_heads", "n_head_kv"];
const HEAD_DIM: &[&str] = &["head_dim", "attention_head_dim"];
const WIDTH: &[&str] = &["intermediate_size", "ffn_dim", "n_inner"];

const fn always(_: &Decoder) -> bool {
    true
}
fn latent(decoder: &Decoder) -> bool {
    decoder.attention == AttentionForm::Latent
}
fn windows(decoder: &Decoder) -> bool {
    !matches!(decoder.windows.pattern, Pattern::Never)
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

/// Every field, in the order of the editor.
pub const FIELDS: &[Field] = &[
    Field {
        keys: LAYERS,
        label: "Layers",
        help: "How many blocks of attention and MLP follow one another.",
        group: Size,
        kind: Whole,
        applies: |decoder| reads(decoder.layers, LAYERS),
    },
    Field {
        keys: HIDDEN,
        label: "Width",
        help: "Numbers that stand for each token between the layers.",
        group: Size,
        kind: Whole,
        applies: |decoder| reads(decoder.hidden, HIDDEN),
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
        keys: HEADS,
        label: "Heads",
        help: "Query heads of each attention.",
        group: Attention,
        kind: Whole,
        applies: |decoder| reads(decoder.heads, HEADS),
    },
    Field {
        keys: KV_HEADS,
        label: "KV heads",
        help: "Heads whose keys and values are cached; fewer than query heads make the cache smaller.",
        group: Attention,
        kind: Whole,
        applies: |decoder| !latent(decoder) && reads(decoder.kv_heads, KV_HEADS),
    },
    Field {
        keys: HEAD_DIM,
        label: "Head width",
        help: "Width of one head; left out, it is width / heads.",
        group: Attention,
        kind: Whole,
        applies: |decoder| !latent(decoder) && reads(decoder.head_dim, HEAD_DIM),
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
        applies: |decoder| latent(decoder) || reads(decoder.value_dim, &["v_head_dim"]),
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
        keys: WIDTH,
        label: "MLP width",
        help: "Width inside the MLP of a dense layer (of an expert in the Mixtral family).",
        group: Mlp,
        kind: Whole,
        applies: |decoder| {
            let experts = decoder.experts.as_ref();
            let dense = experts.is_none_or(|experts| experts.layers != MoeLayers::All);
            dense && reads(decoder.dense_width, WIDTH) || experts.is_some_and(|experts| reads(experts.width, WIDTH))
        },
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
        applies: |decoder| matches!(decoder.experts.map(|experts| experts.layers), Some(MoeLayers::After(keys)) if reads(keys, &["first_k_dense_replace"])),
    },
    Field {
        keys: &["decoder_sparse_step"],
        label: "Experts every",
        help: "Each so many layers one has experts; 1 is every layer.",
        group: Experts,
        kind: Whole,
        applies: |decoder| matches!(decoder.experts.map(|experts| experts.layers), Some(MoeLayers::Sparse)),
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
