//! Zamba 1 and 2: Mamba in every layer, and now and then an attention block whose weights are shared.

use super::super::blocks::{
    GroupedAttention, Heads, Mamba1, Mamba2, Mlp, Norm, QkNorm, embedding, grouped, head, mamba1, mamba2, mlp, norm,
    shared_block, step,
};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Span};
use super::assemble::tied;
use super::assembly::Assembly;
use super::decoder::MixerKind;
use super::encoder::not_built;
use super::hybrid::named;
use super::keys::{HEADS, INTERMEDIATE, KV_HEADS};
use super::mamba::rank;
use super::{Build, Family};
use crate::units::Quantity;

/// The shared block reads the residual stream and the token embedding side by side.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["zamba"],
        title: "Zamba",
        build: Build::Own(|config, title| build(config, title, &ONE)),
    },
    Family {
        types: &["zamba2"],
        title: "Zamba 2",
        build: Build::Own(|config, title| build(config, title, &TWO)),
    },
];

/// How the two generations differ.
struct Generation {
    /// Module of the shared block.
    module: [&'static str; 9],
    order: fn(&Config, u64) -> Result<Vec<MixerKind>, ModelError>,
    mixer: fn(&Config, &Quantity, bool) -> Result<Block, ModelError>,
    second: bool,
}

const ONE: Generation = Generation {
    module: [
        "shared_transf.self_attn.q_proj",
        "shared_transf.self_attn.k_proj",
        "shared_transf.self_attn.v_proj",
        "shared_transf.self_attn.o_proj",
        "shared_transf.feed_forward.gate_proj",
        "shared_transf.feed_forward.up_proj",
        "shared_transf.feed_forward.down_proj",
        "shared_transf.input_layernorm",
        "shared_transf.pre_ff_layernorm",
    ],
    order: |config, layers| {
        let period = config.size("period", &["attn_layer_period"])?.value;
        let offset = config
            .optional("offset", &["attn_layer_offset"])?
            .map_or(0, |found| found.value);
        Ok((0..layers)
            .map(|layer| match layer {
                0 | 1 => MixerKind::Recurrent,
                2 => MixerKind::Both,
                later if (later - 3) % period == offset => MixerKind::Both,
                _ => MixerKind::Recurrent,
            })
            .collect())
    },
    mixer: first,
    second: false,
};

const TWO: Generation = Generation {
    module: [
        "shared_transformer.self_attn.q_proj",
        "shared_transformer.self_attn.k_proj",
        "shared_transformer.self_attn.v_proj",
        "shared_transformer.self_attn.o_proj",
        "shared_transformer.feed_forward.gate_proj",
        "shared_transformer.feed_forward.up_proj",
        "shared_transformer.feed_forward.down_proj",
        "shared_transformer.input_layernorm",
        "shared_transformer.pre_ff_layernorm",
    ],
    order: |config, layers| {
        // The class default, or the older key.
        let listed = config.numbers("hybrid_layer_ids")?;
        let default = [6, 12, 18, 24, 30, 36, 42, 47, 51];
        let shared = listed.as_deref().unwrap_or(&default);
        Ok((0..layers)
            .map(|layer| {
                if shared.contains(&layer) {
                    MixerKind::Both
                } else {
                    MixerKind::Recurrent
                }
            })
            .collect())
    },
    mixer: second,
    second: true,
};

fn build(config: &Config, title: &'static str, generation: &Generation) -> Result<Blueprint, ModelError> {
    let mut all = Assembly::new(config, title)?;
    let hidden = all.hidden.clone();
    let layers = all.layers.value;
    let mut mixes = None;
    for key in ["layers_block_type", "layer_types"] {
        if mixes.is_none() {
            mixes = named(config, key, layers)?;
        }
    }
    let mixes = match mixes {
        Some(mixes) => mixes,
        None => (generation.order)(config, layers)?,
    };
    let positions = mixes.iter().filter(|mix| **mix == MixerKind::Both).count() as u64;
    let heads = heads(config, &hidden)?;
    all.attention = format!("shared attention of {} heads + Mamba", heads.queries.value);
    all.layers_by(&mixes, |&mix| {
        let mamba = |inside| -> Result<[Block; 2], ModelError> {
            let module = if inside {
                "mamba_decoder.input_layernorm"
            } else {
                "input_layernorm"
            };
            Ok([
                norm(Norm::Rms, module, &hidden),
                (generation.mixer)(config, &hidden, inside)?,
            ])
        };
        match mix {
            MixerKind::Recurrent => Ok(("Mamba".to_owned(), mamba(false)?.into())),
            MixerKind::Both => {
                let mut blocks = shared(config, &hidden, generation, &heads, positions)?;
                blocks.extend(mamba(true)?);
                Ok(("shared attention and Mamba".to_owned(), blocks))
            }
            _ => Err(ModelError::Inconsistent(
                "A layer of this family is Mamba alone or with the shared block.".to_owned(),
            )),
        }
    })?;
    all.tied = tied(config, true)?;
    all.stem.push(embedding("embed_tokens", &all.vocabulary, &hidden));
    all.tail.push(norm(Norm::Rms, "final_layernorm", &hidden));
    all.tail
        .push(head("lm_head", &all.vocabulary, &hidden, all.tied, false));
    all.finish()
}

/// Heads over the doubled width.
fn heads(config: &Config, hidden: &Quantity) -> Result<Heads, ModelError> {
    let queries = config.size("heads", HEADS)?;
    let derived = || Quantity::quotient("head_dim", &hidden.times("2 × hidden", 2), &queries);
    let dim = config.size_or("head_dim", &["attention_head_dim"], derived)?;
    let width = config.optional("width of attention", &["attention_hidden_size"])?;
    if width.is_some_and(|width| width.value != hidden.value.saturating_mul(2)) {
        let words = "attention_hidden_size must be twice hidden_size: attention reads two states side by side.";
        return Err(ModelError::Inconsistent(words.to_owned()));
    }
    Ok(Heads {
        kv: config.size_or("kv_heads", KV_HEADS, || queries.renamed("kv_heads"))?,
        key_dim: dim.clone(),
        value_dim: dim,
        queries,
    })
}

/// The shared attention and MLP, their adapters, and the matrix that brings the result to the Mamba layer.
fn shared(
    config: &Config,
    hidden: &Quantity,
    generation: &Generation,
    heads: &Heads,
    positions: u64,
) -> Result<Vec<Block>, ModelError> {
    let [q, k, v, o, gate, up, down, before, between] = generation.module;
    let doubled = hidden.times("2 × hidden", 2);
    let style = GroupedAttention {
        heads: heads.clone(),
        modules: [q, k, v, o],
        norm_modules: ["", ""],
        qkv_bias: false,
        output_bias: false,
        qk_norm: QkNorm::None,
        sinks: false,
        span: Span::Full,
    };
    let mut attention = shared_block::narrowed(grouped(&doubled, &style), o, hidden, heads);
    let width = config.size_or("intermediate", INTERMEDIATE, || hidden.times("intermediate", 4))?;
    let mlp_style = Mlp {
        width: width.clone(),
        gate: Some(gate),
        up,
        down,
        bias: generation.second && config.flag("add_bias_linear", false)?,
        component: Component::Mlp,
    };
    let mut channel = mlp(hidden, &mlp_style);
    let mut norms = [norm(Norm::Rms, before, &doubled), norm(Norm::Rms, between, hidden)];
    let blocks = if generation.second {
        config.optional("shared_blocks", &["num_mem_blocks"])?
    } else {
        None
    };
    let one = Quantity::architecture("shared_blocks", 1, "one block serves all positions");
    let mut physical = blocks.filter(|found| found.value > 0).unwrap_or(one);
    if physical.value > positions {
        physical = Quantity::assumed("shared_blocks", positions, "no more blocks than positions");
    }
    // What ties the head ties these blocks too.
    if !tied(config, true)? {
        if generation.second {
            return not_built(config, "Shared blocks that are kept apart (tie_word_embeddings)");
        }
        physical = Quantity::assumed(
            "shared_blocks",
            positions,
            "each has weights of its own without tie_word_embeddings",
        );
    }
    for block in [&mut attention, &mut channel].into_iter().chain(&mut norms) {
        shared_block::share(block, &physical);
    }
    if generation.second {
        let rank = config.size("adapter_rank", &["adapter_rank"])?;
        let both = width.times("gate and up", 2);
        shared_block::adapt(
            &mut channel,
            "shared_transformer.feed_forward.gate_up_proj_adapter",
            [hidden, &rank, &both],
        );
        if config.flag("use_shared_attention_adapter", false)? {
            for module in [
                "shared_transformer.self_attn.linear_q_adapter",
                "shared_transformer.self_attn.linear_k_adapter",
                "shared_transformer.self_attn.linear_v_adapter",
            ] {
                shared_block::adapt(&mut attention, module, [&doubled, &rank, &doubled]);
            }
        }
    }
    let [first, second] = norms;
    Ok(vec![
        first,
        attention,
        second,
        channel,
        step("Linear", "linear", hidden),
    ])
}

fn first(config: &Config, hidden: &Quantity, inside: bool) -> Result<Block, ModelError> {
    let style = Mamba1 {
        module: if inside { "mamba_decoder.mamba" } else { "mamba" },
        inner: Quantity::product("inner", &[&config.size("mamba_expand", &["mamba_expand"])?, hidden]),
        state: config.size("mamba_d_state", &["mamba_d_state"])?,
        kernel: config.size("mamba_d_conv", &["mamba_d_conv"])?,
        rank: rank(config, "mamba_dt_rank", hidden)?,
        conv_bias: config.flag("mamba_conv_bias", true)?,
        bias: config.flag("mamba_proj_bias", false)?,
        norms: false,
        heads: Some(config.size("n_mamba_heads", &["n_mamba_heads"])?),
    };
    Ok(mamba1(hidden, &style))
}

fn second(config: &Config, hidden: &Quantity, inside: bool) -> Result<Block, ModelError> {
    let inner = Quantity::product("inner", &[&config.size("mamba_expand", &["mamba_expand"])?, hidden]);
    let heads = config.size("n_mamba_heads", &["n_mamba_heads"])?;
    let bias = config.flag("add_bias_linear", false)?;
    let style = Mamba2 {
        module: if inside { "mamba_decoder.mamba" } else { "mamba" },
        head_dim: Quantity::quotient("head_dim", &inner, &heads),
        heads,
        inner,
        groups: config.size("mamba_ngroups", &["mamba_ngroups"])?,
        state: config.size("mamba_d_state", &["mamba_d_state"])?,
        kernel: config.size("mamba_d_conv", &["mamba_d_conv"])?,
        chunk: config.size("chunk_size", &["chunk_size"])?,
        conv_bias: true,
        input_bias: bias,
        output_bias: bias,
        norm: true,
    };
    Ok(mamba2(hidden, &style))
}
