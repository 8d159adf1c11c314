//! Encoders of speech as samples: wav2vec 2.0 (Baevski 2020, arXiv 2006.11477), HuBERT, WavLM, UniSpeech, data2vec. A token
//! is a position behind the convolutions. Counts checked against transformers' classes.

use super::Family;
use super::assembly::Assembly;
use super::encoder::not_built;
use super::encoding::{dense, labels};
use super::luke::waiting;
use super::pairing::convolution;
use super::vision::{own, purpose};
use super::{Decoder, Names};
use crate::model::blocks::{norm, positions};
use crate::model::blueprint::{Blueprint, Reading};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Operator, Role, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    own(&["wav2vec2"], "wav2vec 2.0", |config, title| {
        build(config, title, &WAV2VEC)
    }),
    own(&["hubert"], "HuBERT", |config, title| build(config, title, &HUBERT)),
    own(&["wavlm"], "WavLM", |config, title| build(config, title, &WAVLM)),
    own(&["unispeech"], "UniSpeech", |config, title| {
        build(config, title, &UNISPEECH)
    }),
    own(&["unispeech-sat"], "UniSpeech-SAT", |config, title| {
        build(config, title, &SAT)
    }),
    own(&["data2vec-audio"], "data2vec audio", |config, title| {
        build(config, title, &DATA2VEC)
    }),
];

/// How the relatives differ.
struct Kin {
    /// The name of its classes, without what each is for.
    class: &'static str,
    /// Matrices of the class for pretraining behind the quantiser: none where it has no such class or is not built.
    trained: Option<&'static [Project]>,
    /// Whether the class that is loaded where none is named is that for pretraining.
    pretrains: bool,
    /// Norms on every convolution, and several convolutions for positions.
    data2vec: bool,
    /// A gate of relative positions in each layer.
    gates: bool,
    /// Whether the vector of masked frames is always there.
    masks: bool,
}

/// A matrix behind the quantiser: module, key of its output, key of its input; the stream's width where a key is empty.
type Project = (&'static str, &'static str, &'static str);

const WAV2VEC: Kin = Kin {
    class: "Wav2Vec2",
    trained: Some(&[
        ("project_hid", "proj_codevector_dim", ""),
        ("project_q", "proj_codevector_dim", "codevector_dim"),
    ]),
    pretrains: true,
    data2vec: false,
    gates: false,
    masks: false,
};
const HUBERT: Kin = Kin {
    class: "Hubert",
    trained: None,
    pretrains: false,
    ..WAV2VEC
};
const WAVLM: Kin = Kin {
    class: "WavLM",
    gates: true,
    ..HUBERT
};
const UNISPEECH: Kin = Kin {
    class: "UniSpeech",
    trained: Some(&[
        ("project_q", "proj_codevector_dim", "codevector_dim"),
        ("project_hid", "", "proj_codevector_dim"),
        ("ctc_proj", "num_ctc_classes", ""),
    ]),
    ..WAV2VEC
};
const SAT: Kin = Kin {
    class: "UniSpeechSat",
    trained: Some(&[
        ("project_q", "proj_codevector_dim", "codevector_dim"),
        ("project_hid", "proj_codevector_dim", ""),
        ("speaker_proj", "codevector_dim", ""),
    ]),
    masks: true,
    ..WAV2VEC
};
const DATA2VEC: Kin = Kin {
    class: "Data2VecAudio",
    data2vec: true,
    ..HUBERT
};

/// BERT's layers with other names.
const LAYER: Decoder = Decoder {
    names: Names {
        attention: [
            "attention.q_proj",
            "attention.k_proj",
            "attention.v_proj",
            "attention.out_proj",
        ],
        mlp: ["", "feed_forward.intermediate_dense", "feed_forward.output_dense"],
        norms: ["", "layer_norm", "", "final_layer_norm"],
        ..Decoder::BERT.names
    },
    ..Decoder::BERT
};

fn build(config: &Config, title: &'static str, kin: &Kin) -> Result<Blueprint, ModelError> {
    for key in ["add_adapter", "use_weighted_layer_sum"] {
        if config.flag(key, false)? {
            return not_built(config, format!("More behind the layers ({key})"));
        }
    }
    if config.get("adapter_attn_dim").is_some() {
        return not_built(config, "Adapters in the layers (adapter_attn_dim)");
    }
    let before = config.flag("do_stable_layer_norm", false)?;
    let side = Decoder {
        names: Names {
            norms: match before {
                true => ["layer_norm", "", "final_layer_norm", ""],
                false => LAYER.names.norms,
            },
            ..LAYER.names
        },
        ..LAYER
    };
    let hidden = config.size("hidden", &["hidden_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let words = config.size("vocabulary", &["vocab_size"])?;
    let mut all = Assembly::of(config, title, hidden.clone(), layers, words)?;
    all.reading = Reading::Encodes;
    let heads = config.size("heads", &["num_attention_heads"])?;
    let first = |layer| (Span::Both, kin.gates && layer == 0);
    let keys: Vec<(Span, bool)> = (0..all.layers.value).map(first).collect();
    all.layers_seeing(config, &side, &keys, |first, mut blocks| {
        if kin.gates {
            blocks.push(gates(&hidden, &heads));
        }
        if *first {
            let rows = config.size("buckets", &["num_buckets"])?;
            blocks.push(positions("attention.rel_attn_embed", &rows, &heads));
        }
        Ok(blocks)
    })?;
    let last = convolutions(config, kin, &mut all)?;
    if config.flag("feat_proj_layer_norm", true)? {
        all.stem.push(norm(side.norm, "feature_projection.layer_norm", &last));
    }
    let module = "feature_projection.projection";
    all.stem
        .push(dense(module, &hidden, &last, true, Rows::Tokens, Component::Embedding));
    let masked = |key: &'static str, usual: f64| {
        let value = config.get(key).or_else(|| config.class_default(key));
        value.and_then(serde_json::Value::as_f64).unwrap_or(usual) > 0.0
    };
    if kin.masks || masked("mask_time_prob", 0.05) || masked("mask_feature_prob", 0.0) {
        let mark = Tensor::vector("masked_spec_embed", Component::Embedding, &hidden);
        all.stem.push(waiting("Masked frames", vec![mark]));
    }
    places(config, kin, &hidden, &mut all)?;
    let normed = norm(side.norm, "encoder.layer_norm", &hidden);
    if before {
        all.tail.push(normed);
    } else {
        all.stem.push(normed);
    }
    ends(config, kin, &last, &mut all)?;
    all.finish()
}

/// A convolution of the stem.
fn conv(module: &str, dims: [&Quantity; 3], frames: u64, bias: bool) -> Operator {
    let mut operator = convolution(module, dims, frames, bias);
    operator.component = Component::Embedding;
    for tensor in &mut operator.tensors {
        tensor.component = Component::Embedding;
    }
    operator
}

/// Convolutions over samples; the number of channels of the last.
fn convolutions(config: &Config, kin: &Kin, all: &mut Assembly<'_>) -> Result<Quantity, ModelError> {
    const MOST: usize = 32;
    let (widths, strides, kernels) = (
        config.counts("conv_dim")?,
        config.counts("conv_stride")?,
        config.counts("conv_kernel")?,
    );
    if widths.is_empty() || widths.len() > MOST || [strides.len(), kernels.len()] != [widths.len(); 2] {
        return Err(ModelError::Inconsistent(
            "conv_dim, conv_stride and conv_kernel must be equally long; the class refuses anything else.".to_owned(),
        ));
    }
    if widths.contains(&0) {
        return not_built(config, "A convolution without channels (conv_dim)");
    }
    let each = kin.data2vec
        || match config.text("feat_extract_norm").unwrap_or("group") {
            "group" => false,
            "layer" => true,
            _ => return not_built(config, "Another norm of the convolutions (feat_extract_norm)"),
        };
    let bias = config.flag("conv_bias", false)?;
    let channels = |at: usize| Quantity::config("channels", "conv_dim", widths.get(at).copied().unwrap_or(1));
    let one = Quantity::architecture("one", 1, "one channel of sound");
    for (at, kernel) in kernels.iter().enumerate() {
        let out = channels(at);
        let input = at.checked_sub(1).map_or_else(|| one.clone(), channels);
        let kernel = Quantity::config("kernel", "conv_kernel", *kernel);
        let name = format!("feature_extractor.conv_layers.{at}.conv");
        let after = strides
            .iter()
            .skip(at + 1)
            .fold(1, |all: u64, by| all.saturating_mul(*by));
        let operator = conv(&name, [&out, &input, &kernel], after, bias);
        all.stem.push(Block {
            operators: vec![operator],
            ..Block::new("Convolution of samples", Role::Embedding)
        });
        if each || at == 0 {
            let module = "feature_extractor.conv_layers.{e}.layer_norm";
            all.stem.push(norm(LAYER.norm, module, &out));
        }
    }
    Ok(channels(widths.len() - 1))
}

/// Positions from a convolution over neighbours, whose weight is kept as a length and a direction.
fn places(config: &Config, kin: &Kin, hidden: &Quantity, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    const PREFIX: &str = "encoder.pos_conv_embed.";
    if config.flag("conv_pos_batch_norm", false)? {
        return not_built(config, "A batch norm in place of a kept length (conv_pos_batch_norm)");
    }
    let groups = config.size("groups", &["num_conv_pos_embedding_groups"])?;
    if !hidden.value.is_multiple_of(groups.value) {
        return Err(ModelError::Inconsistent(format!(
            "{} groups do not divide a width of {}; the class refuses that.",
            groups.value, hidden.value
        )));
    }
    let under = Quantity::quotient("channels of a group", hidden, &groups);
    let count = config.size("positions", &["num_conv_pos_embeddings"])?;
    if kin.data2vec {
        let kernel = config.size("kernel", &["conv_pos_kernel_size"])?;
        for at in 0..count.value.min(1000) {
            let module = format!("{PREFIX}layers.{at}.conv");
            let operator = conv(&module, [hidden, &under, &kernel], 1, true);
            all.stem.push(Block {
                operators: vec![operator],
                ..Block::new("Positions", Role::Embedding)
            });
        }
        return Ok(());
    }
    let mut operator = conv(&format!("{PREFIX}conv"), [hidden, &under, &count], 1, true);
    let length = format!("{PREFIX}conv.weight_g");
    operator
        .tensors
        .push(Tensor::new(length, TensorKind::Vector, Component::Embedding, &[&count]));
    all.stem.push(Block {
        operators: vec![operator],
        ..Block::new("Positions", Role::Embedding)
    });
    Ok(())
}

/// A gate of the relative positions of each head (Chen 2021, arXiv 2110.13900).
fn gates(hidden: &Quantity, heads: &Quantity) -> Block {
    let part = Component::Attention;
    let dim = Quantity::quotient("head_dim", hidden, heads);
    let eight = Quantity::architecture("eight", 8, "two gates of four values each");
    let module = "attention.gru_rel_pos_linear";
    let weight = Tensor::matrix(format!("{module}.weight"), part, &eight, &dim);
    let bias = Tensor::vector(format!("{module}.bias"), part, &eight);
    // Every head passes the same matrix.
    let output = Quantity::product("gates", &[&eight, heads]);
    let mut operator = Operator::linear("gates", weight, Some(bias), Rows::Tokens, &output, &dim);
    let scale = Tensor::vector("attention.gru_rel_pos_const", part, heads);
    operator.tensors.push(scale);
    Block {
        operators: vec![operator],
        ..Block::new("Gates of positions", Role::TokenMixer)
    }
}

/// What the class has after the layers.
fn ends(config: &Config, kin: &Kin, last: &Quantity, all: &mut Assembly<'_>) -> Result<(), ModelError> {
    let hidden = all.hidden.clone();
    let named = config.get_anywhere("architectures").is_some();
    let what = match purpose(config, kin.class) {
        "Model" if kin.pretrains && !named => "ForPreTraining",
        other => other,
    };
    let part = Component::LmHead;
    let head = |module: &str, out: &Quantity, input: &Quantity, rows| dense(module, out, input, true, rows, part);
    match (what, kin.trained) {
        ("Model", _) => {}
        ("ForCTC", _) => {
            let words = all.vocabulary.clone();
            all.tail.push(head("lm_head", &words, &hidden, Rows::Tokens));
        }
        ("ForSequenceClassification", _) => {
            let inner = config.size("projection", &["classifier_proj_size"])?;
            all.tail.push(head("projector", &inner, &hidden, Rows::Tokens));
            all.tail
                .push(head("classifier", &labels(config)?, &inner, Rows::Sequences));
        }
        ("ForAudioFrameClassification", _) if kin.class != "Hubert" => {
            all.tail
                .push(head("classifier", &labels(config)?, &hidden, Rows::Tokens));
        }
        ("ForPreTraining", Some(projects)) => {
            let groups = config.size("groups of codes", &["num_codevector_groups"])?;
            let each = config.size("codes of a group", &["num_codevectors_per_group"])?;
            let codes = Quantity::product("codes", &[&groups, &each]);
            let wide = config.size("code", &["codevector_dim"])?;
            if !wide.value.is_multiple_of(groups.value) {
                return Err(ModelError::Inconsistent(format!(
                    "{} groups do not divide codes of {}; the class refuses that.",
                    groups.value, wide.value
                )));
            }
            let code = Quantity::quotient("code of a group", &wide, &groups);
            let table = Tensor::new("quantizer.codevectors", TensorKind::Vector, part, &[&codes, &code]);
            all.tail.push(waiting("Codes", vec![table]));
            let read = if kin.masks { &hidden } else { last };
            all.tail.push(head("quantizer.weight_proj", &codes, read, Rows::Tokens));
            let width = |key: &'static str| match key {
                "" => Ok(hidden.clone()),
                key => config.size("projection", &[key]),
            };
            for (module, out, input) in projects {
                all.tail.push(head(module, &width(out)?, &width(input)?, Rows::Tokens));
            }
            if kin.masks {
                let clusters = config.size("clusters", &["num_clusters"])?;
                let table = Tensor::new("label_embeddings_concat", TensorKind::Vector, part, &[&clusters, &wide]);
                all.tail.push(waiting("Clusters", vec![table]));
                all.tail.push(norm(LAYER.norm, "layer_norm_for_extract", &hidden));
            }
        }
        _ => {
            return not_built(
                config,
                format!("The class {}{}", kin.class, what.chars().take(40).collect::<String>()),
            );
        }
    }
    Ok(())
}
