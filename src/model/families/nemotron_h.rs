//! Nemotron-H: each layer is one mixer - Mamba 2, attention, an MLP or experts - in an order of its own.

use serde_json::Value;

use super::super::blocks::{
    Mamba2, Mlp, Norm, RoutedExperts, SharedExperts, embedding, head, latent_experts, mamba2, mlp, norm,
    without_positions,
};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::{Config, whole, wrong};
use super::super::error::ModelError;
use super::super::operator::{Block, Routing, Span};
use super::assembly::Assembly;
use super::keys::{EXPERTS, TOP_K};
use super::mixer::Mixer;
use super::{Build, Decoder, Family, Flag, Names};
use crate::units::{Exact, Number, Quantity};

/// Nemotron-H, Nemotron Nano 2 and Nemotron 3.
pub const FAMILIES: &[Family] = &[Family {
    types: &["nemotron_h"],
    title: "Nemotron-H",
    build: Build::Own(build),
}];

const ATTENTION: Decoder = Decoder {
    qkv_bias: Flag::No,
    output_bias: Flag::No,
    names: Names {
        attention: ["mixer.q_proj", "mixer.k_proj", "mixer.v_proj", "mixer.o_proj"],
        ..Names::LLAMA
    },
    ..Decoder::LLAMA
};

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Mamba,
    Attention,
    Mlp,
    Experts,
}

impl Part {
    const fn words(self) -> &'static str {
        match self {
            Self::Mamba => "Mamba 2",
            Self::Attention => "full attention",
            Self::Mlp => "MLP",
            Self::Experts => "experts",
        }
    }
}

fn build(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let keys = ["layers_block_type", "layer_types", "hybrid_override_pattern"];
    let Some((key, parts)) = order(config, keys)? else {
        return Err(ModelError::Missing {
            key: keys.join(" or "),
            model_type: config.model_type().to_owned(),
        });
    };
    let layers = Quantity::config("layers", key, parts.len() as u64);
    // The order decides how many layers there are, whatever num_hidden_layers says.
    if let Some(stated) = config.get("num_hidden_layers")
        && whole("num_hidden_layers", stated, 0, u64::MAX)? != layers.value
    {
        config.notice(
            "layers_by_pattern",
            format!(
                "num_hidden_layers differs from the {} layers that {key} lists; the list decides.",
                parts.len()
            ),
        );
    }
    let mut all = Assembly::with_layers(config, title, layers)?;
    let hidden = all.hidden.clone();
    let attention = if parts.contains(&Part::Attention) {
        Some(Mixer::read(config, &ATTENTION, &hidden)?)
    } else {
        None
    };
    let mut words = None;
    let mut make = |part: Part| -> Result<Vec<Block>, ModelError> {
        let block = match part {
            Part::Mamba => mamba(config, &hidden)?,
            Part::Attention => {
                let mixer = match &attention {
                    Some(mixer) => mixer.block(&hidden, Span::Full),
                    None => Mixer::read(config, &ATTENTION, &hidden)?.block(&hidden, Span::Full),
                };
                without_positions(mixer)
            }
            Part::Mlp => dense(config, &hidden)?,
            Part::Experts => {
                let (block, found) = experts(config, &hidden)?;
                words = Some(found);
                block
            }
        };
        Ok(vec![norm(Norm::Rms, "norm", &hidden), block])
    };
    all.layers_by(&parts, |&part| Ok((part.words().to_owned(), make(part)?)))?;
    all.predictor = predictor(config, &mut make)?;
    let heads = attention.as_ref().map(Mixer::words);
    let mamba = parts.contains(&Part::Mamba).then_some("Mamba 2");
    all.attention = [heads.as_deref(), mamba]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" + ");
    all.experts = words;
    all.stem
        .push(embedding("backbone.embeddings", &all.vocabulary, &hidden));
    all.tail.push(norm(Norm::Rms, "backbone.norm_f", &hidden));
    all.tail.push(head("lm_head", &all.vocabulary, &hidden, false, false));
    all.finish()
}

/// The order of layers: a list of names, or one sign a layer.
fn order(config: &Config, keys: [&'static str; 3]) -> Result<Option<(&'static str, Vec<Part>)>, ModelError> {
    for key in keys {
        let found = match config.get(key) {
            None => continue,
            Some(Value::String(signs)) => signs.chars().map(|sign| part(config, &sign.to_string())).collect(),
            Some(Value::Array(names)) => names
                .iter()
                .map(|name| match name.as_str() {
                    Some(name) => part(config, name),
                    None => Err(wrong(key, name, "a list of names")),
                })
                .collect(),
            Some(other) => Err(wrong(key, other, "a list of names or a row of signs")),
        };
        let parts: Vec<Part> = found?;
        if parts.is_empty() {
            return Err(ModelError::Inconsistent(format!(
                "{key} is empty: there must be a layer."
            )));
        }
        return Ok(Some((key, parts)));
    }
    Ok(None)
}

fn part(config: &Config, name: &str) -> Result<Part, ModelError> {
    match name {
        "M" | "mamba" | "mamba2" | "linear_attention" => Ok(Part::Mamba),
        "*" | "attention" | "full_attention" => Ok(Part::Attention),
        "-" | "mlp" => Ok(Part::Mlp),
        "E" | "moe" => Ok(Part::Experts),
        other => Err(ModelError::NotBuilt {
            model_type: config.model_type().to_owned(),
            what: format!("The layer type \"{}\"", other.chars().take(40).collect::<String>()),
        }),
    }
}

fn mamba(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let heads = config.size("mamba_num_heads", &["mamba_num_heads"])?;
    let head_dim = config.size("mamba_head_dim", &["mamba_head_dim"])?;
    let bias = config.flag("use_bias", false)?;
    let style = Mamba2 {
        module: "mixer",
        // Not expand × hidden: the heads decide.
        inner: Quantity::product("inner", &[&heads, &head_dim]),
        heads,
        head_dim,
        groups: config.size("n_groups", &["mamba_n_groups", "n_groups"])?,
        state: config.size("ssm_state_size", &["ssm_state_size"])?,
        kernel: config.size("conv_kernel", &["mamba_d_conv", "conv_kernel"])?,
        chunk: config.size("chunk_size", &["mamba_chunk_size", "chunk_size"])?,
        conv_bias: match config.get("mamba_conv_bias") {
            Some(_) => config.flag("mamba_conv_bias", true)?,
            None => config.flag("use_conv_bias", true)?,
        },
        input_bias: bias,
        output_bias: bias,
        norm: true,
    };
    Ok(mamba2(hidden, &style))
}

fn dense(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    let style = Mlp {
        width: config.size("intermediate", &["intermediate_size"])?,
        gate: None,
        up: "mixer.up_proj",
        down: "mixer.down_proj",
        bias: config.flag("mlp_bias", false)?,
        component: Component::Mlp,
    };
    Ok(mlp(hidden, &style))
}

/// Experts of two matrices, in a narrower space where `moe_latent_size` says so.
fn experts(config: &Config, hidden: &Quantity) -> Result<(Block, String), ModelError> {
    let routing = Routing {
        experts: config.size("experts", EXPERTS)?,
        top_k: config.size("top_k", TOP_K)?,
    };
    if routing.top_k.value > routing.experts.value {
        let (top_k, all) = (routing.top_k.value, routing.experts.value);
        return Err(ModelError::Inconsistent(format!(
            "A token cannot use {top_k} of {all} experts: num_experts_per_tok exceeds the number of experts."
        )));
    }
    let words = format!(
        "{} of {} experts, and shared ones",
        routing.top_k.value, routing.experts.value
    );
    let bias = config.flag("mlp_bias", false)?;
    let style = RoutedExperts {
        routing,
        width: config.size("expert_width", &["moe_intermediate_size"])?,
        router: "mixer.gate",
        router_bias: false,
        correction: Some("mixer.gate.e_score_correction_bias"),
        modules: ["", "mixer.experts.{e}.up_proj", "mixer.experts.{e}.down_proj"],
        bias: false,
        shared: Some(SharedExperts {
            width: config.size("shared_width", &["moe_shared_expert_intermediate_size"])?,
            module: ["", "mixer.shared_experts.up_proj", "mixer.shared_experts.down_proj"],
            gate: None,
        }),
    };
    let latent = config.optional("moe_latent_size", &["moe_latent_size"])?;
    let names = ["mixer.fc1_latent_proj", "mixer.fc2_latent_proj"];
    Ok((latent_experts(hidden, latent.as_ref(), names, bias, &style), words))
}

/// Parameters of the layers of one multi-token predictor.
fn predictor(
    config: &Config,
    make: &mut impl FnMut(Part) -> Result<Vec<Block>, ModelError>,
) -> Result<Option<u64>, ModelError> {
    if config
        .get("num_nextn_predict_layers")
        .is_none_or(|count| count.as_u64() == Some(0))
    {
        return Ok(None);
    }
    let listed = order(config, ["mtp_layers_block_type", "mtp_hybrid_override_pattern", ""])?;
    let parts = listed.map_or_else(|| vec![Part::Attention, Part::Experts], |(_, parts)| parts);
    let mut all = Exact::zero();
    // Hostile lists may be long, but have four kinds at most.
    for kind in [Part::Mamba, Part::Attention, Part::Mlp, Part::Experts] {
        let count = parts.iter().filter(|part| **part == kind).count();
        if count > 0 {
            let blocks = make(kind)?;
            let tensors = blocks
                .iter()
                .flat_map(Block::tensors)
                .filter(|tensor| tensor.is_parameter());
            let one = Exact::sum(tensors.map(|tensor| tensor.elements::<Exact>()));
            all = all.plus(one.times(Exact::constant(count as f64)));
        }
    }
    Ok(Some(all.0))
}
