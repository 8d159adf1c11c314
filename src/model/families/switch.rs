//! Encoders with a decoder whose layers have experts here and there: Switch Transformers (Fedus 2021, arXiv
//! 2101.03961) and NLLB's mixture (NLLB Team 2022, arXiv 2207.04672). Counts checked against transformers' classes.

use super::Family;
use super::Flag;
use super::bart::{M2M, row};
use super::pair::{Around, Pair, Ties};
use super::t5::{READER, T5, biased};
use super::{Decoder, Names};
use crate::model::blocks::{RoutedExperts, routed};
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Role, Routing};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["switch_transformers"], "Switch Transformers", SWITCH),
    row(&["nllb-moe"], "NLLB MoE", NLLB),
];

/// One expert a token.
const SWITCH: Pair = Pair {
    class: "SwitchTransformers",
    encoder: Decoder {
        names: Names {
            mlp: ["", "layer.1.mlp.wi", "layer.1.mlp.wo"],
            ..READER.names
        },
        hidden: &["hidden_size", "d_model"],
        head_dim: &["d_kv"],
        ..READER
    },
    decoder: Decoder {
        names: Names {
            mlp: ["", "layer.2.mlp.wi", "layer.2.mlp.wo"],
            ..T5.decoder.names
        },
        head_dim: &["d_kv"],
        ..T5.decoder
    },
    ties: Ties::All,
    layer_key: |config, reads, layer| {
        let sparse = switches(config, reads, layer)?;
        Ok(layer.min(1) * 2 + u64::from(sparse))
    },
    adjust_layer: |config, hidden, reads, layer, mut blocks| {
        if switches(config, reads, layer)? {
            let names = if reads {
                Modules {
                    router: "layer.1.mlp.router.classifier",
                    experts: [
                        "",
                        "layer.1.mlp.experts.expert_{e}.wi",
                        "layer.1.mlp.experts.expert_{e}.wo",
                    ],
                }
            } else {
                Modules {
                    router: "layer.2.mlp.router.classifier",
                    experts: [
                        "",
                        "layer.2.mlp.experts.expert_{e}.wi",
                        "layer.2.mlp.experts.expert_{e}.wo",
                    ],
                }
            };
            let experts = mixture(config, hidden, &names, ["d_ff"], 1, false)?;
            replace(&mut blocks, &experts);
        }
        if layer == 0 { biased(config, blocks) } else { Ok(blocks) }
    },
    ..T5
};

/// Two experts a token; matrices have biases.
const NLLB: Pair = Pair {
    class: "NllbMoe",
    encoder: Decoder {
        names: Names {
            mlp: ["", "ffn.fc1", "ffn.fc2"],
            norms: ["self_attn_layer_norm", "", "ff_layer_norm", ""],
            ..M2M.encoder.names
        },
        ..M2M.encoder
    },
    decoder: Decoder {
        names: Names {
            cross: [
                "cross_attention.q_proj",
                "cross_attention.k_proj",
                "cross_attention.v_proj",
                "cross_attention.out_proj",
            ],
            mlp: ["", "ffn.fc1", "ffn.fc2"],
            norms: ["self_attn_layer_norm", "", "ff_layer_norm", ""],
            cross_norms: ["cross_attention_layer_norm", ""],
            ..M2M.decoder.names
        },
        ..M2M.decoder
    },
    before: Around {
        first_norm: "",
        ..M2M.before
    },
    after: Around {
        first_norm: "",
        ..M2M.after
    },
    layer_key: |config, reads, layer| Ok(u64::from(every(config, reads, layer)?)),
    adjust_layer: |config, hidden, reads, layer, mut blocks| {
        if every(config, reads, layer)? {
            let names = Modules {
                router: "ffn.router.classifier",
                experts: ["", "ffn.experts.expert_{e}.fc1", "ffn.experts.expert_{e}.fc2"],
            };
            let width = if reads { "encoder_ffn_dim" } else { "decoder_ffn_dim" };
            let experts = mixture(config, hidden, &names, [width], 2, true)?;
            replace(&mut blocks, &experts);
        }
        Ok(blocks)
    },
    ..M2M
};

/// Names of a mixture.
struct Modules {
    router: &'static str,
    experts: [&'static str; 3],
}

/// A mixture of plain experts.
fn mixture(
    config: &Config,
    hidden: &Quantity,
    names: &Modules,
    width: [&'static str; 1],
    top_k: u64,
    bias: bool,
) -> Result<Block, ModelError> {
    let experts = config.size("experts", &["num_experts"])?;
    let chosen = Quantity::architecture("top_k", top_k.min(experts.value), "experts a token uses");
    let mut block = routed(
        hidden,
        &RoutedExperts {
            routing: Routing {
                experts: experts.clone(),
                top_k: chosen,
            },
            width: config.size("expert_width", &width)?,
            router: names.router,
            router_bias: config.decide(Flag::Key("router_bias", false))?,
            correction: None,
            modules: names.experts,
            bias,
            shared: None,
        },
    );
    block.title = "Mixture of experts";
    Ok(block)
}

/// Puts experts where a layer has its MLP.
fn replace(blocks: &mut [Block], experts: &Block) {
    for block in blocks.iter_mut().filter(|block| block.role == Role::ChannelMixer) {
        *block = experts.clone();
    }
}

fn number(config: &Config, key: &'static str) -> Result<u64, ModelError> {
    Ok(config
        .optional(key, std::slice::from_ref(&key))?
        .map_or(0, |found| found.value))
}

/// Layers 1, 1 + n, 1 + 2n …; all where n is one. A file's own n wins, else there are as many as it says.
fn switches(config: &Config, reads: bool, layer: u64) -> Result<bool, ModelError> {
    let key = if reads {
        "encoder_sparse_step"
    } else {
        "decoder_sparse_step"
    };
    if let Some(step) = config.optional("step", &[key])? {
        return Ok(step.value == 1 || step.value > 0 && layer % step.value == 1);
    }
    let layers = config.size("layers", &["num_hidden_layers", "num_layers"])?.value;
    let (layers, sparse) = if reads {
        (layers, number(config, "num_sparse_encoder_layers")?)
    } else {
        let own = config.optional("layers", &["num_decoder_layers"])?;
        let own = own.map_or(layers, |own| own.value);
        (own, number(config, "num_sparse_decoder_layers")?)
    };
    let step = layers.checked_div(sparse).unwrap_or(layers);
    Ok(step > 0 && (step == 1 || layer % step == 1))
}

/// Every n-th layer.
fn every(config: &Config, reads: bool, layer: u64) -> Result<bool, ModelError> {
    let step = number(
        config,
        if reads {
            "encoder_sparse_step"
        } else {
            "decoder_sparse_step"
        },
    )?;
    Ok(step > 0 && (layer + 1).is_multiple_of(step))
}
