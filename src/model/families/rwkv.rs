//! RWKV 4.

use super::super::blocks::{Norm, channel_mix, time_mix};
use super::decoder::Hybrid;
use super::{Build, Decoder, Family, Names};

/// LayerNorms before each mixer, one more after the embedding.
pub const FAMILIES: &[Family] = &[Family {
    types: &["rwkv"],
    title: "RWKV 4",
    build: Build::Decoder(Decoder {
        heads: &[],
        kv_heads: &[],
        head_dim: &[],
        norm: Norm::Layer,
        hybrid: Hybrid::alone(|config, hidden| {
            let width = config.size_or("attention_hidden_size", &["attention_hidden_size"], || {
                hidden.renamed("attention_hidden_size")
            })?;
            Ok(time_mix(hidden, &width))
        }),
        channel: |config, _, hidden, _| {
            let inner = config.size_or("intermediate", &["intermediate_size"], || {
                hidden.times("intermediate", 4)
            })?;
            Ok((channel_mix(hidden, &inner), None))
        },
        title: |_, _, _| "time mix and channel mix".to_owned(),
        names: Names {
            embedding: "rwkv.embeddings",
            stem_norm: "rwkv.blocks.0.pre_ln",
            norms: ["ln1", "", "ln2", ""],
            final_norm: "rwkv.ln_out",
            head: "head",
            ..Names::LLAMA
        },
        adjust_ends: |_, all| {
            all.attention = "RWKV".to_owned();
            Ok(())
        },
        ..Decoder::LLAMA
    }),
}];
