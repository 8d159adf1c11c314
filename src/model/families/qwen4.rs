//! Qwen4-Exp: Gated DeltaNet in most layers, attention to blocks that an indexer chooses in the others, several residual streams
//! with gates, and in some layers tables of token n-grams.
//!
//! Source: `modeling_qwen4_exp.py` and `configuration_qwen4_exp.py` of transformers 5.24, on which its counts were checked.

use serde_json::{Value, json};

use super::super::blocks::{DeltaNames, Indexer, NGrams, Norm, gated_streams, indexed, ngrams, scoring_pools};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::Block;
use super::assembly::Assembly;
use super::decoder::Hybrid;
use super::encoder::not_built;
use super::qwen_hybrid::{EXPERTS, gate, mixer, order};
use super::{Build, Changes, Decoder, Family, Flag, HeadNorm, Names, Place, adjust};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[Family {
    types: &["qwen4_exp_text"],
    title: "Qwen4-Exp",
    build: Build::Decoder(QWEN4),
}];

/// Which of the layers with a table of n-grams a layer is: a mark of this description, no key of a file.
const TABLE: &str = "table of n-grams";
/// No model has more of such layers, hashes in all, or rows for a hash: the size of each table is found by looking for primes.
const MOST: [u64; 3] = [16, 512, 1 << 28];

const QWEN4: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    mlp_bias: Flag::No,
    experts: Some(EXPERTS),
    hybrid: Hybrid::of(order, |config, hidden| mixer(config, hidden, DeltaNames::Parted)),
    // Norms stand in the hyper-connections.
    names: Names {
        norms: [""; 4],
        final_norm: "",
        ..Names::LLAMA
    },
    changes,
    adjust_layer,
    adjust_ends: |config, all: &mut Assembly<'_>| {
        let (streams, rank) = streams(config)?;
        let join = gated_streams("hyper_connection_mixer", &all.hidden, &streams, &rank, false);
        all.tail.insert(0, join);
        Ok(())
    },
    ..Decoder::LLAMA
};

/// Residual streams, and the rank of their gates.
fn streams(config: &Config) -> Result<(Quantity, Quantity), ModelError> {
    let streams = config.size("streams", &["hc_count"])?;
    if streams.value < 2 {
        return Err(ModelError::Inconsistent("hc_count must be above 1.".to_owned()));
    }
    Ok((streams, config.size("rank of gates", &["hc_lowrank"])?))
}

/// Layers with a table of n-grams: `ple_layer_ids` counts from 1.
fn changes(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    let mut ids = config.numbers("ple_layer_ids")?.unwrap_or_default();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ends = match config.get("eos_token_id") {
        Some(Value::Array(ids)) => !ids.is_empty(),
        found => found.is_some(),
    };
    if !ends {
        let words = "ple_layer_ids needs eos_token_id: n-grams end at the end of a text.";
        return Err(ModelError::Inconsistent(words.to_owned()));
    }
    let mixers = order(config, windowed.len() as u64)?;
    let recurrent = |id: &u64| {
        let mixer = id.checked_sub(1).and_then(|layer| mixers.get(layer as usize));
        mixer.is_some_and(|&mixer| !(Place { mixer, sparse: false }).attends())
    };
    if !ids.iter().all(recurrent) {
        let words = "ple_layer_ids must name layers with linear attention, the first of them as 1.";
        return Err(ModelError::Inconsistent(words.to_owned()));
    }
    config.notice(
        "ngram_tables",
        "The tables of n-grams are counted beside the other weights on the device. A token reads a few of their rows, so an engine may keep them in RAM.",
    );
    let mark = |layer: u64| ids.binary_search(&layer).ok();
    let layers = 1..=windowed.len() as u64;
    Ok(layers
        .map(|layer| mark(layer).map(|table| (TABLE, json!(table))).into_iter().collect())
        .collect())
}

fn adjust_layer(
    config: &Config,
    hidden: &Quantity,
    place: Place,
    blocks: Vec<Block>,
) -> Result<Vec<Block>, ModelError> {
    let (streams, rank) = streams(config)?;
    let mut blocks = gate(config, hidden, place, blocks)?;
    if place.attends() {
        blocks = chosen(config, hidden, blocks)?;
    }
    let connect = |module| gated_streams(module, hidden, &streams, &rank, true);
    blocks.insert(blocks.len().min(1), connect("mlp_hyper_connection"));
    blocks.insert(0, connect("attn_hyper_connection"));
    if let Some(table) = config.optional("table", &[TABLE])? {
        blocks.insert(0, ngrams(hidden, &table_of(config, hidden, streams, table.value)?));
    }
    Ok(blocks)
}

/// An indexer that scores blocks of tokens by the mean of their keys, and attention to the best. It also sees the tokens of a block
/// that is not full yet, which is left out.
fn chosen(config: &Config, hidden: &Quantity, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let size = |name, key: &'static str| config.size(name, std::slice::from_ref(&key));
    let ratio = size("index block", "indexer_compress_ratio")?;
    let budget = size("index budget", "indexer_budget")?;
    if size("index keys", "indexer_kv_heads")?.value != 1 {
        return not_built(config, "An indexer with several key heads (indexer_kv_heads)");
    }
    if budget.value % ratio.value.max(1) != 0 {
        let words = "indexer_budget must be a multiple of indexer_compress_ratio.";
        return Err(ModelError::Inconsistent(words.to_owned()));
    }
    let style = Indexer {
        heads: size("index_heads", "indexer_n_heads")?,
        dim: size("index_dim", "indexer_head_dim")?,
        input: hidden.clone(),
        // One matrix for both.
        modules: ["self_attn.indexer.index_qk_proj"; 2],
        norms: &[
            ("self_attn.indexer.q_layernorm", Norm::Rms),
            ("self_attn.indexer.k_layernorm", Norm::Rms),
        ],
        weights: None,
        chosen: budget,
    };
    Ok(adjust::mixer(blocks, |block| {
        let means = adjust::vectors("means of blocks", Component::Projection, &style.dim, Vec::new());
        scoring_pools(indexed(block, hidden, &style), &ratio, [means])
    }))
}

/// The table of a layer: for each order of n-grams some hashes, each into as many rows as a prime says; no prime serves twice.
fn table_of(config: &Config, hidden: &Quantity, streams: Quantity, table: u64) -> Result<NGrams, ModelError> {
    let order = config.size("longest n-gram", &["ngram_size"])?;
    let hashes = config.size("hashes", &["heads_per_ngram"])?;
    let width = config.size_or("n-gram width", &["ple_embed_dim"], || hidden.renamed("n-gram width"))?;
    let kernel = config.size("n-gram kernel", &["ple_conv_kernel_size"])?;
    let heads = order.value.saturating_sub(1).saturating_mul(hashes.value);
    if heads == 0 || width.value % heads != 0 {
        let words = format!(
            "ple_embed_dim ({}) must be a multiple of heads_per_ngram for each order of n-grams ({heads}).",
            width.value
        );
        return Err(ModelError::Inconsistent(words));
    }
    let base = config.size("rows of a hash", &["ngram_vocab_size_base"])?.value;
    let asked = [
        table.saturating_add(1),
        table.saturating_add(1).saturating_mul(heads),
        base,
    ];
    if asked.iter().zip(MOST).any(|(asked, most)| *asked > most) {
        return not_built(config, "More or larger tables of n-grams than any model has");
    }
    let pad = config
        .size("padding", &["make_ngram_vocab_size_divisible_by"])?
        .value
        .max(1);
    let used = table.saturating_mul(heads) as usize;
    let rows: u64 = primes_from(base).skip(used).take(heads as usize).sum();
    let rows = rows.div_ceil(pad).saturating_mul(pad);
    let count = Quantity::architecture(
        "rows of a token",
        heads,
        "orders of n-grams above one · heads_per_ngram",
    );
    let held = kernel.value.saturating_sub(1).saturating_mul(order.value);
    Ok(NGrams {
        rows: Quantity::assumed(
            "n-gram rows",
            rows,
            "primes from ngram_vocab_size_base on, one for each hash of each layer, padded",
        ),
        row: Quantity::quotient("n-gram row", &width, &count),
        width,
        streams,
        kernel,
        held: Quantity::assumed("tokens held", held, "a kernel with gaps of ngram_size"),
    })
}

/// Primes that are no smaller than the number.
fn primes_from(least: u64) -> impl Iterator<Item = u64> {
    let prime = |&number: &u64| {
        let small = |divisor: &u64| divisor.saturating_mul(*divisor) <= number;
        number == 2
            || number > 2 && number % 2 == 1 && (3..).step_by(2).take_while(small).all(|divisor| number % divisor != 0)
    };
    (least..).filter(prime)
}
