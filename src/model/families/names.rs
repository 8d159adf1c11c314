//! Names inside a checkpoint, and the tables that stand before the layers.

use super::decoder::Flag;
use super::keys::POSITIONS;

/// Attention whose output is `out_proj`.
pub const OUT_PROJ: [&str; 4] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.out_proj",
];
/// Attention to an encoder in Llama's names.
pub const ENCODER_ATTENTION: [&str; 4] = [
    "encoder_attn.q_proj",
    "encoder_attn.k_proj",
    "encoder_attn.v_proj",
    "encoder_attn.o_proj",
];
/// Experts in Mixtral's names.
pub const MIXTRAL_EXPERTS: [&str; 3] = [
    "block_sparse_moe.experts.{e}.w1",
    "block_sparse_moe.experts.{e}.w3",
    "block_sparse_moe.experts.{e}.w2",
];
/// Norms before and after each mixer.
pub const FOUR_NORMS: [&str; 4] = [
    "input_layernorm",
    "post_attention_layernorm",
    "pre_feedforward_layernorm",
    "post_feedforward_layernorm",
];
/// An MLP that is called `feed_forward`.
pub const FEED_FORWARD: [&str; 3] = [
    "feed_forward.gate_proj",
    "feed_forward.up_proj",
    "feed_forward.down_proj",
];
/// The only shared expert.
pub const SHARED_EXPERT: [&str; 3] = [
    "mlp.shared_expert.gate_proj",
    "mlp.shared_expert.up_proj",
    "mlp.shared_expert.down_proj",
];

/// Module names inside a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// Token table.
    pub embedding: &'static str,
    /// q, k, v, o; an empty o is no attention.
    pub attention: [&'static str; 4],
    /// The same of attention to an encoder; an empty o is none.
    pub cross: [&'static str; 4],
    /// Norms before and after attention to an encoder. Unused ones are empty.
    pub cross_norms: [&'static str; 2],
    /// Norms of q and k.
    pub qk_norm: [&'static str; 2],
    /// gate, up, down; an empty gate is none.
    pub mlp: [&'static str; 3],
    /// Norms of a layer in order: before attention, after it, before the MLP, after it. Unused ones are empty.
    pub norms: [&'static str; 4],
    /// Norm of what the tables give; empty is none.
    pub stem_norm: &'static str,
    /// Final norm; empty is none.
    pub final_norm: &'static str,
    /// Output head.
    pub head: &'static str,
}

impl Names {
    /// Llama's names.
    pub const LLAMA: Self = Self {
        embedding: "embed_tokens",
        attention: [
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
        ],
        cross: [""; 4],
        cross_norms: [""; 2],
        qk_norm: ["self_attn.q_norm", "self_attn.k_norm"],
        mlp: ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"],
        norms: ["input_layernorm", "", "post_attention_layernorm", ""],
        stem_norm: "",
        final_norm: "norm",
        head: "lm_head",
    };
    /// Names of a post-norm block.
    pub const POST: Self = Self {
        norms: ["", "post_attention_layernorm", "", "post_feedforward_layernorm"],
        ..Self::LLAMA
    };
}

/// A table that is looked up before the layers, besides that of the tokens.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its module.
    pub module: &'static str,
    /// Keys of its rows.
    pub rows: &'static [&'static str],
    /// Rows that are left free besides.
    pub extra: u64,
    /// Whether it must be there; else there is none where nothing says how many rows.
    pub needed: bool,
    /// When it is there.
    pub when: Flag,
}

impl Table {
    /// Learned positions as long as the longest context, and some rows that are left free.
    pub const fn positions(module: &'static str, extra: u64) -> Self {
        Self {
            module,
            rows: POSITIONS,
            extra,
            needed: true,
            when: Flag::Yes,
        }
    }
}
