//! Decoders with experts and ordinary attention, each with a touch of its own: gates, sinks, lists by layer.

use serde_json::{Value, json};

use super::super::blocks::{Indexer, Norm, QkNorm, add_biases, indexed, latent_experts, latent_norm};
use super::super::blueprint::Blueprint;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Role};
use super::super::tensor::Tensor;
use super::assemble::assemble;
use super::channel::routed_style;
use super::{
    Build, Changes, Correction, Decoder, Experts, Family, Flag, HeadNorm, MoeLayers, Names, Pattern, Place, Shared,
    Windows, touch,
};
use crate::units::Quantity;

const SANDWICH: [&str; 4] = [
    "input_layernorm",
    "post_attention_layernorm",
    "pre_mlp_layernorm",
    "post_mlp_layernorm",
];
const MUSE_NORMS: [&str; 4] = [
    "input_layernorm",
    "post_attention_layernorm",
    "pre_feedforward_layernorm",
    "post_feedforward_layernorm",
];
const WQKV: &str = "norm_attn_norm.attn.Wqkv";

/// Granite with windows: a sink on each head of every layer.
const GRANITE_SWA: Decoder = Decoder {
    sinks: [Flag::Yes, Flag::Yes],
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, _| layer % 4 == 0),
        switch: None,
    },
    ..Decoder::LLAMA
};
/// Muse: norms of q and k have no weights, a gate for each element of attention's output.
const MUSE: Decoder = Decoder {
    mlp_bias: Flag::No,
    windows: Windows {
        pattern: Pattern::FullWhere(|layer, layers| (layers - 1 - layer) % 4 == 0),
        switch: None,
    },
    names: Names {
        norms: MUSE_NORMS,
        ..Names::LLAMA
    },
    touch: |_, hidden, _, blocks| Ok(touch::gate(blocks, "self_attn.gate_proj", hidden)),
    ..Decoder::LLAMA
};
/// MiniMax M3: dense layers first, an indexer on the sparse layers.
const MINIMAX_M3: Decoder = Decoder {
    head_norm: HeadNorm::PER_HEAD,
    dense_width: &["dense_intermediate_size"],
    experts: Some(Experts {
        width: &["intermediate_size"],
        layers: MoeLayers::Listed("moe_layer_freq"),
        shared: Shared::Width(&["shared_intermediate_size"]),
        router: "block_sparse_moe.gate",
        shared_module: [
            "block_sparse_moe.shared_experts.gate_proj",
            "block_sparse_moe.shared_experts.up_proj",
            "block_sparse_moe.shared_experts.down_proj",
        ],
        correction: Correction::Buffer("block_sparse_moe.e_score_correction_bias"),
        modules: [
            "block_sparse_moe.experts.{e}.w1",
            "block_sparse_moe.experts.{e}.w3",
            "block_sparse_moe.experts.{e}.w2",
        ],
        ..Experts::PLAIN
    }),
    touch: minimax_indexer,
    ..Decoder::UNBIASED
};

/// Counts checked against transformers' classes.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["ernie4_5_moe"],
        title: "ERNIE 4.5 MoE",
        build: Build::Decoder(Decoder {
            tied: true,
            qkv_bias: Flag::Key("use_bias", false),
            output_bias: Flag::Key("use_bias", false),
            mlp_bias: Flag::Key("use_bias", false),
            head_bias: Flag::Key("use_bias", false),
            touch: |config, _, _, blocks| {
                let bias = config.flag("use_bias", false)?;
                Ok(touch::channel(blocks, |mut block| {
                    add_biases(&mut block, bias);
                    block
                }))
            },
            experts: Some(Experts {
                layers: MoeLayers::Interval,
                shared: Shared::Count(&["moe_num_shared_experts"]),
                correction: Correction::Parameter("mlp.moe_statics.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["hunyuan_v1_moe"],
        title: "Hunyuan MoE",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            head_norm: HeadNorm {
                form: QkNorm::PerHead(Norm::Rms),
                when: Flag::Key("use_qk_norm", true),
            },
            names: Names {
                qk_norm: ["self_attn.query_layernorm", "self_attn.key_layernorm"],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                width: &["moe_intermediate_size", "intermediate_size"],
                shared: Shared::Count(&["num_shared_expert"]),
                shared_module: [
                    "mlp.shared_mlp.gate_proj",
                    "mlp.shared_mlp.up_proj",
                    "mlp.shared_mlp.down_proj",
                ],
                router: "mlp.gate.wg",
                ..Experts::PLAIN
            }),
            changes: |config, windowed| {
                let keys = ["moe_topk", "moe_intermediate_size", "num_shared_expert", "num_experts"];
                let mut all = listed(config, windowed.len(), &keys)?;
                if config.get("num_shared_expert").is_none() {
                    all.iter_mut().for_each(|own| own.push(("num_shared_expert", json!(1))));
                }
                Ok(all)
            },
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["hy_v3"],
        title: "Hunyuan 3",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            experts: Some(Experts {
                correction: Correction::Buffer("mlp.e_score_correction_bias"),
                ..Experts::DEEPSEEK
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["solar_open"],
        title: "Solar Open",
        build: Build::Decoder(Decoder {
            output_bias: Flag::No,
            mlp_bias: Flag::No,
            experts: Some(Experts::DEEPSEEK),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["exaone_moe"],
        title: "K-EXAONE",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern"], 4),
                switch: None,
            },
            experts: Some(Experts::DEEPSEEK),
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["afmoe"],
        title: "Trinity",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&["global_attn_every_n_layers"], 4),
                switch: None,
            },
            names: Names {
                norms: SANDWICH,
                ..Names::LLAMA
            },
            experts: Some(Experts {
                layers: MoeLayers::After(&["num_dense_layers"]),
                router: "mlp.router.gate",
                correction: Correction::Parameter("mlp.expert_bias"),
                ..Experts::DEEPSEEK
            }),
            touch: |_, hidden, _, blocks| Ok(touch::gate(blocks, "self_attn.gate_proj", hidden)),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["laguna"],
        title: "Laguna",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            head_norm: HeadNorm::PER_HEAD,
            experts: Some(Experts {
                layers: MoeLayers::After(&["first_k_dense_replace"]),
                shared: Shared::Width(&["shared_expert_intermediate_size"]),
                correction: Correction::Parameter("mlp.gate.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            changes: |config, windowed| {
                let Some(list) = config.numbers("num_attention_heads_per_layer")? else {
                    return Ok(Vec::new());
                };
                by_layer(
                    &list,
                    windowed.len(),
                    "num_attention_heads_per_layer",
                    "num_attention_heads",
                )
            },
            touch: laguna_gate,
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["cohere2_moe"],
        title: "Command A MoE",
        build: Build::Decoder(Decoder {
            tied: true,
            norm: Norm::LayerWithoutBias,
            parallel: Flag::Yes,
            mlp_bias: Flag::No,
            dense_width: &["prefix_dense_intermediate_size", "intermediate_size"],
            windows: Windows {
                pattern: Pattern::FullEvery(&["sliding_window_pattern"], 4),
                switch: None,
            },
            names: Names {
                norms: ["input_layernorm", "", "", ""],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                width: &["intermediate_size"],
                layers: MoeLayers::After(&["first_k_dense_replace"]),
                shared: Shared::Count(&["num_shared_experts"]),
                ..Experts::PLAIN
            }),
            ..Decoder::LLAMA
        }),
    },
    Family {
        types: &["kolibri1"],
        title: "Kolibri",
        build: Build::Decoder(Decoder {
            head_norm: HeadNorm::PER_HEAD,
            windows: Windows {
                pattern: Pattern::FullEvery(&[], 5),
                switch: None,
            },
            names: Names {
                norms: [
                    "input_layernorm",
                    "post_self_attn_layernorm",
                    "post_attention_layernorm",
                    "post_mlp_layernorm",
                ],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                shared: Shared::Width(&["shared_expert_intermediate_size"]),
                correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            ..Decoder::UNBIASED
        }),
    },
    Family {
        types: &["flint"],
        title: "Flint",
        build: Build::Own(flint),
    },
    Family {
        types: &["granite_swa"],
        title: "Granite with windows",
        build: Build::Decoder(Decoder {
            tied: true,
            ..GRANITE_SWA
        }),
    },
    Family {
        types: &["granitemoe_swa"],
        title: "Granite MoE with windows",
        build: Build::Decoder(Decoder {
            mlp_bias: Flag::No,
            experts: Some(Experts {
                width: &["intermediate_size"],
                shared: Shared::Width(&["shared_intermediate_size"]),
                router: "block_sparse_moe.router",
                shared_module: [
                    "shared_mlp.input_linear",
                    "shared_mlp.input_linear",
                    "shared_mlp.output_linear",
                ],
                ..Experts::PLAIN
            }),
            ..GRANITE_SWA
        }),
    },
    Family {
        types: &["muse_glimmer_text"],
        title: "Muse Glimmer",
        build: Build::Decoder(MUSE),
    },
    Family {
        types: &["muse_spark_text"],
        title: "Muse Spark",
        build: Build::Decoder(Decoder {
            names: Names {
                norms: [
                    "input_layernorm",
                    "",
                    "pre_feedforward_layernorm",
                    "post_feedforward_layernorm",
                ],
                ..Names::LLAMA
            },
            experts: Some(Experts {
                correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
                ..Experts::PLAIN
            }),
            touch: spark,
            ..MUSE
        }),
    },
    Family {
        types: &["minimax_m3", "minimax_m3_vl_text"],
        title: "MiniMax M3",
        build: Build::Own(minimax_m3),
    },
    Family {
        types: &["dbrx"],
        title: "DBRX",
        build: Build::Own(dbrx),
    },
];

/// For each layer, the values of keys that hold a list with one entry a layer.
fn listed(config: &Config, layers: usize, keys: &[&'static str]) -> Result<Vec<Changes>, ModelError> {
    let mut all = vec![Changes::new(); layers];
    for &key in keys {
        if !matches!(config.get(key), Some(Value::Array(_))) {
            continue;
        }
        let list = config.numbers(key)?.unwrap_or_default();
        for (own, found) in all.iter_mut().zip(by_layer(&list, layers, key, key)?) {
            own.extend(found);
        }
    }
    Ok(all)
}

/// One change a layer from a list, which must be long enough.
fn by_layer(list: &[u64], layers: usize, from: &str, key: &'static str) -> Result<Vec<Changes>, ModelError> {
    if list.len() < layers {
        return Err(ModelError::Inconsistent(format!(
            "{from} has {} entries for {layers} layers.",
            list.len()
        )));
    }
    Ok(list
        .iter()
        .take(layers)
        .map(|&value| vec![(key, json!(value))])
        .collect())
}

/// A gate for each head, or for each element where `gating` says `per-element`.
fn laguna_gate(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    Ok(match config.get("gating").or_else(|| config.class_default("gating")) {
        Some(Value::Bool(false)) | None => blocks,
        Some(Value::String(form)) if form == "per-element" => touch::gate(blocks, "self_attn.g_proj", hidden),
        _ => touch::head_gate(blocks, "self_attn.g_proj", hidden),
    })
}

/// Full on the first two layers, every fourth and the last; the first two are dense.
fn flint(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let decoder = Decoder {
        sinks: [Flag::Yes, Flag::Yes],
        mlp_bias: Flag::No,
        head_norm: HeadNorm::PER_HEAD,
        windows: Windows {
            pattern: Pattern::FullWhere(|layer, layers| layer < 2 || layer % 4 == 1 || layer + 1 == layers),
            switch: None,
        },
        experts: Some(Experts {
            layers: MoeLayers::Sparse,
            shared: Shared::Width(&["shared_expert_intermediate_size"]),
            shared_module: [
                "mlp.shared_expert.gate_proj",
                "mlp.shared_expert.up_proj",
                "mlp.shared_expert.down_proj",
            ],
            correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
            ..Experts::PLAIN
        }),
        ..Decoder::LLAMA
    };
    if config.get("mlp_only_layers").is_none() {
        return assemble(&config.changed(&[("mlp_only_layers", json!([0, 1]))]), title, &decoder);
    }
    assemble(config, title, &decoder)
}

/// Experts in a narrower space between two projections and two norms; a gate on each residual sum.
fn spark(config: &Config, hidden: &Quantity, place: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let mut blocks = touch::gate(blocks, "self_attn.gate_proj", hidden);
    if let (true, Some(experts)) = (place.sparse, &SPARK_EXPERTS) {
        let inner = config.size("moe_hidden", &["moe_hidden_size"])?;
        let style = routed_style(config, experts)?;
        let mut within = latent_experts(
            hidden,
            Some(&inner),
            ["mlp.pre_expert_proj", "mlp.post_expert_proj"],
            false,
            &style,
        );
        for module in ["mlp.pre_expert_norm", "mlp.experts.post_expert_norm"] {
            within = latent_norm(within, module, &inner);
        }
        blocks = touch::channel(blocks, |_| within.clone());
    }
    for (role, module) in [
        (Role::TokenMixer, "post_attention_residual_gate.gate"),
        (Role::ChannelMixer, "post_feedforward_residual_gate.gate"),
    ] {
        for block in blocks.iter_mut().filter(|block| block.role == role) {
            let gate = Tensor::vector(module, Component::Norm, hidden);
            block
                .operators
                .push(touch::vectors("residual gate", Component::Norm, hidden, vec![gate]));
        }
    }
    Ok(blocks)
}

const SPARK_EXPERTS: Option<Experts> = Some(Experts {
    correction: Correction::Buffer("mlp.gate.e_score_correction_bias"),
    ..Experts::PLAIN
});

/// The indexer's sizes may lie in `sparse_attention_config`, and so may the list of its layers.
fn minimax_m3(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let mut changes: Changes = Vec::new();
    let nested = config.object("sparse_attention_config");
    for (key, nested_key) in [
        ("index_n_heads", "sparse_num_index_heads"),
        ("index_head_dim", "sparse_index_dim"),
        ("index_block_size", "sparse_block_size"),
        ("index_topk_blocks", "sparse_topk_blocks"),
        ("sparse_layers", "sparse_attention_freq"),
    ] {
        if let Some(value) = nested.and_then(|inner| inner.get(nested_key)) {
            changes.push((key, value.clone()));
        }
    }
    if let Some(types) = config.names("layer_types")? {
        let sparse: Vec<u64> = types
            .iter()
            .map(|&name| u64::from(name == "minimax_m3_sparse"))
            .collect();
        changes.push(("sparse_layers", json!(sparse)));
        changes.push(("layer_types", Value::Null));
    }
    let decoder = Decoder {
        changes: |config, windowed| match config.numbers("sparse_layers")? {
            Some(list) => by_layer(&list, windowed.len(), "sparse_attention_freq", "indexer"),
            None => Ok(Vec::new()),
        },
        ..MINIMAX_M3
    };
    assemble(&config.changed(&changes), title, &decoder)
}

fn minimax_indexer(config: &Config, hidden: &Quantity, _: Place, blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if !config.flag("indexer", false)? {
        return Ok(blocks);
    }
    let block = config.size("index_block_size", &["index_block_size"])?;
    let most = config.size("index_topk_blocks", &["index_topk_blocks"])?;
    let style = Indexer {
        heads: config.size("index_heads", &["index_n_heads"])?,
        dim: config.size("index_dim", &["index_head_dim"])?,
        input: hidden.clone(),
        modules: ["self_attn.index_q_proj", "self_attn.index_k_proj"],
        norms: &[
            ("self_attn.index_q_norm", Norm::Rms),
            ("self_attn.index_k_norm", Norm::Rms),
        ],
        weights: None,
        chosen: Quantity::product("index_topk", &[&most, &block]),
    };
    Ok(touch::mixer(blocks, |block| indexed(block, hidden, &style)))
}

/// Sizes lie in `attn_config` and `ffn_config`; every norm is a LayerNorm without bias.
fn dbrx(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
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
    let decoder = Decoder {
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
        ..Decoder::UNBIASED
    };
    assemble(&config.changed(&changes), title, &decoder)
}
