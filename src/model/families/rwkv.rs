//! RWKV 4.

use super::super::blocks::{Norm, channel_mix, embedding, head, norm, time_mix};
use super::super::blueprint::Blueprint;
use super::super::config::Config;
use super::super::error::ModelError;
use super::assemble::tied;
use super::assembly::Assembly;
use super::{Build, Family};

/// LayerNorms before each mixer, one more after the embedding.
pub const FAMILIES: &[Family] = &[Family {
    types: &["rwkv"],
    title: "RWKV 4",
    build: Build::Own(build),
}];

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let width = config.size_or("attention_hidden_size", &["attention_hidden_size"], || {
        hidden.renamed("attention_hidden_size")
    })?;
    let inner = config.size_or("intermediate", &["intermediate_size"], || {
        hidden.times("intermediate", 4)
    })?;
    let same = vec![(); all.layers.value as usize];
    all.layers_by(&same, |()| {
        let blocks = vec![
            norm(Norm::Layer, "ln1", &hidden),
            time_mix(&hidden, &width),
            norm(Norm::Layer, "ln2", &hidden),
            channel_mix(&hidden, &inner),
        ];
        Ok(("time mix and channel mix".to_owned(), blocks))
    })?;
    all.attention = "RWKV".to_owned();
    all.tied = tied(config, false)?;
    all.stem.push(embedding("rwkv.embeddings", &all.vocabulary, &hidden));
    all.stem.push(norm(Norm::Layer, "rwkv.blocks.0.pre_ln", &hidden));
    all.tail.push(norm(Norm::Layer, "rwkv.ln_out", &hidden));
    all.tail.push(head("head", &all.vocabulary, &hidden, all.tied, false));
    all.finish()
}
