//! Latent attention with differences: indexers (DeepSeek V3.2, GLM-5, Hunyuan 4, Mistral Large 4), further norms, or
//! no experts at all.

use serde_json::{Value, json};

use super::super::blocks::{
    Indexer, Norm, choosing, hyper_connection, hyper_head, indexed, norm, output_gate, with_vectors,
};
use super::super::component::Component;
use super::super::config::{Config, MOST_LAYERS};
use super::super::error::ModelError;
use super::super::operator::Block;
use super::super::tensor::Tensor;
use super::{AttentionForm, Build, Changes, Decoder, Experts, Family, Flag, Place, adjust};
use crate::units::Quantity;

/// DeepSeek V3.
pub const LATENT: Decoder = Decoder {
    attention: AttentionForm::Latent,
    mlp_bias: Flag::No,
    experts: Some(Experts::DEEPSEEK),
    ..Decoder::LLAMA
};
/// Latent attention without experts.
const DENSE: Decoder = Decoder {
    tied: true,
    mlp_bias: Flag::Key("mlp_bias", false),
    experts: None,
    ..LATENT
};
const INDEX_MODULES: [&str; 2] = ["self_attn.indexer.wq_b", "self_attn.indexer.wk"];
const INDEX_NORM: &[(&str, Norm)] = &[("self_attn.indexer.k_norm", Norm::Layer)];
const INDEX_WEIGHTS: &str = "self_attn.indexer.weights_proj";

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["glm4_moe_lite"],
        title: "GLM-4.7 Flash",
        build: Build::Decoder(LATENT),
    },
    Family {
        types: &["mistral4"],
        title: "Mistral 4",
        build: Build::Decoder(Decoder {
            experts: Some(Experts::UNCORRECTED),
            ..LATENT
        }),
    },
    Family {
        types: &["minicpm3"],
        title: "MiniCPM 3",
        build: Build::Decoder(DENSE),
    },
    Family {
        types: &["youtu"],
        title: "Youtu",
        build: Build::Decoder(DENSE),
    },
    Family {
        types: &["axk1"],
        title: "A.X K1",
        build: Build::Decoder(Decoder {
            translate: every_so_often,
            // A norm follows the experts of sparse layers.
            adjust_layer: |_, hidden, place, mut blocks| {
                if place.sparse {
                    blocks.push(norm(Norm::Rms, "mlp.post_mlp_layernorm", hidden));
                }
                Ok(blocks)
            },
            ..LATENT
        }),
    },
    Family {
        types: &["deepseek_v32"],
        title: "DeepSeek V3.2",
        build: Build::Decoder(Decoder {
            adjust_layer: indexer,
            ..LATENT
        }),
    },
    Family {
        types: &["glm_moe_dsa"],
        title: "GLM-5",
        build: Build::Decoder(Decoder {
            changes: |config, windowed| own_indexers(config, windowed.len()),
            adjust_layer: indexer,
            ..LATENT
        }),
    },
    Family {
        types: &["hy_v4", "hy_v4_vl_text"],
        title: "Hunyuan 4",
        build: Build::Decoder(HUNYUAN4),
    },
    Family {
        types: &["mistral_large4_text"],
        title: "Mistral Large 4",
        build: Build::Decoder(Decoder {
            experts: Some(Experts::UNCORRECTED),
            changes: without_positions,
            adjust_layer: large4,
            ..LATENT
        }),
    },
];

/// Experts in each layer after the dense ones whose index `moe_layer_freq` divides.
fn every_so_often(config: &Config) -> Result<Changes, ModelError> {
    let every = config.optional("layers between experts", &["moe_layer_freq"])?;
    let Some(every) = every.filter(|every| every.value > 1 && config.get("mlp_layer_types").is_none()) else {
        return Ok(Changes::new());
    };
    let layers = config.size("layers", &["num_hidden_layers"])?.value.min(MOST_LAYERS);
    let dense = config.optional("dense layers", &["first_k_dense_replace"])?;
    let dense = dense.map_or(1, |dense| dense.value);
    let kind = |layer: u64| {
        if layer >= dense && layer.is_multiple_of(every.value) {
            "sparse"
        } else {
            "dense"
        }
    };
    Ok(vec![("mlp_layer_types", (0..layers).map(kind).collect())])
}

/// Which layers have an indexer of their own; the others use the choice of the last one before them.
fn owners(own: &[bool], layers: usize) -> Result<Vec<Changes>, ModelError> {
    if own.len() < layers {
        return Err(ModelError::Inconsistent(format!(
            "indexer_types has {} entries for {layers} layers.",
            own.len()
        )));
    }
    let change = |&own: &bool| {
        if own {
            Vec::new()
        } else {
            vec![("shared_index", json!(true))]
        }
    };
    Ok(own.iter().take(layers).map(change).collect())
}

/// GLM-5: layers that `indexer_types` or a schedule gives an indexer of their own.
pub fn own_indexers(config: &Config, layers: usize) -> Result<Vec<Changes>, ModelError> {
    let own = match config.names("indexer_types")? {
        Some(names) => names.iter().map(|&name| name != "shared").collect(),
        None => scheduled(config, layers as u64)?,
    };
    owners(&own, layers)
}

/// Letters F and S, or every `index_topk_freq`-th layer after an offset.
fn scheduled(config: &Config, layers: u64) -> Result<Vec<bool>, ModelError> {
    match config.get("index_topk_pattern") {
        Some(Value::String(letters)) => return Ok(letters.chars().map(|letter| letter == 'F').collect()),
        Some(Value::Array(names)) => return Ok(names.iter().map(|name| name != "shared").collect()),
        _ => {}
    }
    let number = |key: &'static str, otherwise: u64| -> Result<u64, ModelError> {
        Ok(config
            .optional(key, std::slice::from_ref(&key))?
            .map_or(otherwise, |found| found.value))
    };
    let every = number("index_topk_freq", 1)?.max(1);
    let offset = number("index_skip_topk_offset", 2)?;
    Ok((0..layers)
        .map(|layer| (layer + 1).saturating_sub(offset) % every == 0)
        .collect())
}

/// The indexer of DeepSeek V3.2: queries from the queries' latent.
pub fn indexer(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let chosen = config.size("index_topk", &["index_topk"])?;
    if config.flag("shared_index", false)? {
        return Ok(adjust::mixer(blocks, |block| choosing(block, &chosen)));
    }
    let style = Indexer {
        heads: config.size("index_heads", &["index_n_heads"])?,
        dim: config.size("index_dim", &["index_head_dim"])?,
        input: match config.optional("q_lora_rank", &["q_lora_rank"])? {
            Some(rank) if rank.value > 0 => rank,
            _ => hidden.clone(),
        },
        modules: INDEX_MODULES,
        norms: INDEX_NORM,
        weights: Some(INDEX_WEIGHTS),
        chosen,
    };
    Ok(adjust::mixer(blocks, |block| indexed(block, hidden, &style)))
}

/// A gate, sinks, shared indexers and hyper-connections without mixing between streams.
const HUNYUAN4: Decoder = Decoder {
    translate: |config| {
        let said = config.get("first_k_dense_replace").or(config.get("mlp_layer_types"));
        Ok(match said {
            None => vec![("first_k_dense_replace", json!(1))],
            Some(_) => Vec::new(),
        })
    },
    changes: |config, windowed| {
        let kinds: Vec<bool> = match config.names("indexer_types")? {
            Some(names) => names.iter().map(|&name| name != "shared").collect(),
            None => (0..windowed.len()).map(|layer| layer == 0 || layer % 4 == 1).collect(),
        };
        owners(&kinds, windowed.len())
    },
    adjust_layer: |config, hidden, place, blocks| {
        let mut blocks = indexer(config, hidden, place, blocks)?;
        blocks = adjust::mixer(blocks, |block| {
            let (heads, width) = (adjust::query_heads(&block), adjust::output_width(&block));
            let sinks = Tensor::vector("self_attn.sinks", Component::Attention, &heads);
            let block = with_vectors(block, "scores and values", [sinks]);
            output_gate(block, "self_attn.gate_proj", &width, hidden, &width)
        });
        connected(config, hidden, blocks, ["attn_hc.", "ffn_hc."], false)
    },
    adjust_ends: |config, all| {
        let head = hyper_head("hc_head", &all.hidden, &streams(config)?);
        all.tail.insert(0, head);
        Ok(())
    },
    ..LATENT
};

/// A hyper-connection before each mixer; a layer is norm, mixer, norm, mixer.
pub fn connected(
    config: &Config,
    hidden: &Quantity,
    mut blocks: Vec<Block>,
    [attention, channel]: [&'static str; 2],
    mixing: bool,
) -> Result<Vec<Block>, ModelError> {
    let streams = streams(config)?;
    let connect = |prefix| hyper_connection(prefix, hidden, &streams, mixing);
    blocks.insert(blocks.len().min(2), connect(channel));
    blocks.insert(0, connect(attention));
    Ok(blocks)
}

/// Residual streams of hyper-connections.
pub fn streams(config: &Config) -> Result<Quantity, ModelError> {
    config.size_or("streams", &["hc_mult"], || {
        Quantity::assumed("streams", 4, "the class default of residual streams")
    })
}

/// Layers without positions give the rotary part of a head to the part without.
fn without_positions(config: &Config, windowed: &[bool]) -> Result<Vec<Changes>, ModelError> {
    if config.numbers("kv_source_layers")?.is_some_and(|sources| {
        sources
            .iter()
            .enumerate()
            .any(|(layer, &source)| layer as u64 != source)
    }) {
        return Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: "A cache that layers share".to_owned(),
        });
    }
    let list = config.numbers("no_rope_layers")?;
    let rotary = |layer: usize| match &list {
        Some(list) => list.get(layer).is_none_or(|&rotary| rotary != 0),
        None => !(layer + 1).is_multiple_of(4),
    };
    let nope = config.size("qk_nope_head_dim", &["qk_nope_head_dim"])?.value;
    let rope = config.size("qk_rope_head_dim", &["qk_rope_head_dim"])?.value;
    let plain: Changes = vec![
        ("qk_nope_head_dim", json!(nope.saturating_add(rope))),
        ("qk_rope_head_dim", json!(0)),
    ];
    let mut all = Vec::with_capacity(windowed.len());
    let shared = config.names("indexer_types")?;
    for layer in 0..windowed.len() {
        let mut own = if rotary(layer) { Vec::new() } else { plain.clone() };
        if shared.as_ref().is_some_and(|types| types.get(layer) == Some(&"shared")) {
            own.push(("shared_index", json!(true)));
        }
        all.push(own);
    }
    Ok(all)
}

/// Scales and biases for the softmax of each head, and an indexer with a norm on its input.
fn large4(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let vectors = |module: &str, width: &Quantity| {
        ["scale", "bias"].map(|part| Tensor::vector(format!("{module}.{part}"), Component::Attention, width))
    };
    let index_heads = config.size("index_heads", &["index_n_heads"])?;
    let blocks = indexer(config, hidden, place, blocks)?;
    Ok(adjust::mixer(blocks, |block| {
        let heads = adjust::query_heads(&block);
        let block = with_vectors(block, "scores and values", vectors("self_attn.softmax_scaling", &heads));
        let block = with_vectors(
            block,
            "index scores",
            vectors("self_attn.indexer.softmax_scaling", &index_heads),
        );
        if !block.operators.iter().any(|operator| operator.name == "index queries") {
            return block;
        }
        let tensors = Norm::Layer.tensors("self_attn.indexer.q_input_norm", Component::Norm, &[hidden]);
        let input = adjust::vectors("index input norm", Component::Norm, hidden, tensors);
        adjust::before(block, "index queries", input)
    }))
}
