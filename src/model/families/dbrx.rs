//! DBRX.

use super::super::blocks::Norm;
use super::super::config::Config;
use super::super::error::ModelError;
use super::{Build, Changes, Decoder, Experts, Family, Names};

const WQKV: &str = "norm_attn_norm.attn.Wqkv";

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[Family {
    types: &["dbrx"],
    title: "DBRX",
    build: Build::Decoder(DBRX),
}];

/// Sizes lie in `attn_config` and `ffn_config`.
fn sizes(config: &Config) -> Result<Changes, ModelError> {
    let mut changes: Changes = Vec::new();
    for (object, from, key) in [
        ("attn_config", "kv_n_heads", "num_key_value_heads"),
        ("ffn_config", "ffn_hidden_size", "moe_intermediate_size"),
        ("ffn_config", "moe_num_experts", "num_experts"),
        ("ffn_config", "moe_top_k", "num_experts_per_tok"),
    ] {
        let given = config
            .object(object)
            .or_else(|| config.class_default(object)?.as_object());
        if let Some(value) = given.and_then(|inner| inner.get(from)) {
            changes.push((key, value.clone()));
        }
    }
    Ok(changes)
}

/// Every norm is a LayerNorm without bias.
const DBRX: Decoder = Decoder {
    norm: Norm::LayerWithoutBias,
    names: Names {
        embedding: "wte",
        attention: [WQKV, WQKV, WQKV, "norm_attn_norm.attn.out_proj"],
        norms: ["norm_attn_norm.norm_1", "", "norm_attn_norm.norm_2", ""],
        final_norm: "norm_f",
        ..Names::LLAMA
    },
    experts: Some(Experts {
        router: "ffn.router.layer",
        modules: [
            "ffn.experts.mlp.{e}.w1",
            "ffn.experts.mlp.{e}.v1",
            "ffn.experts.mlp.{e}.w2",
        ],
        ..Experts::PLAIN
    }),
    translate: sizes,
    ..Decoder::UNBIASED
};
