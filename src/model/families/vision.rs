//! Encoders of images and of sound alone, and of texts beside images. A token is a patch. Counts checked against
//! transformers' classes.

use serde_json::Value;

use super::assembly::Assembly;
use super::bert::row;
use super::decoder::Flag;
use super::decoder::Table;
use super::encoder::{Encoder, Pretraining, Purpose, Sorting, not_built, table};
use super::encoding::{dense, labels};
use super::names::{FEED_FORWARD, OUT_PROJ};
use super::{Build, Decoder, Family, Names};
use crate::model::blocks::{Norm, norm};
use crate::model::blueprint::{Blueprint, Reading};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::media::ImageRule;
use crate::model::operator::{Block, Kind, Operator, Role, Rows, Span};
use crate::model::tensor::{Tensor, TensorKind};
use crate::model::towers::{channels, pair};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    own(
        &["audio-spectrogram-transformer"],
        "Audio spectrogram transformer",
        spectrogram,
    ),
    own(&["pixtral"], "Pixtral's tower", pixtral),
    row(&["siglip_text_model"], "SigLIP", text("Siglip", "head")),
    row(&["siglip2_text_model"], "SigLIP 2", text("Siglip2", "head")),
    row(&["clip_text_model"], "CLIP", text("CLIP", "")),
    row(&["metaclip_2_text_model"], "MetaCLIP 2", text("MetaClip2", "")),
    row(&["chinese_clip_text_model"], "Chinese CLIP", CHINESE),
    row(&["altclip_text_model"], "AltCLIP", ALT),
];

pub const fn own(
    types: &'static [&'static str],
    title: &'static str,
    build: fn(&Config, &'static str) -> Result<Blueprint, ModelError>,
) -> Family {
    Family {
        types,
        title,
        build: Build::Own(build),
    }
}

const PLACES: &[Table] = &[table("embeddings.position_embedding", &["max_position_embeddings"])];

/// The text side of CLIP and SigLIP; both sides together are read by their wrappers.
const fn text(class: &'static str, pooler: &'static str) -> Encoder {
    Encoder {
        class,
        usual: Purpose::Plain,
        stack: Decoder {
            names: Names {
                attention: OUT_PROJ,
                mlp: ["", "mlp.fc1", "mlp.fc2"],
                norms: ["layer_norm1", "", "layer_norm2", ""],
                ..Decoder::BERT.names
            },
            ..Decoder::BERT
        },
        tokens: "embeddings.token_embedding",
        tables: PLACES,
        stem_norm: "",
        final_norm: "final_layer_norm",
        pooler,
        sorting: Sorting::Unknown,
        pretraining: Pretraining::Unknown,
        adjust_ends: |config, purpose, all| {
            let hidden = all.hidden.value;
            if config
                .optional("projection", &["projection_size"])?
                .is_some_and(|size| size.value != hidden)
            {
                return not_built(config, "A projection of another width (projection_size)");
            }
            match purpose {
                Purpose::Plain => Ok(()),
                _ => not_built(config, "A class without both sides"),
            }
        },
        ..Encoder::BERT
    }
}

/// BERT without a pooler.
const CHINESE: Encoder = Encoder {
    class: "ChineseCLIPText",
    usual: Purpose::Plain,
    pooler: "",
    ..Encoder::BERT
};
/// The same, a norm and a matrix to another width.
const ALT: Encoder = Encoder {
    class: "AltCLIPText",
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.clone();
        let out = config.size("text width", &["project_dim"])?;
        all.tail.push(norm(Norm::Layer, "pre_LN", &hidden));
        let part = Component::LmHead;
        all.tail
            .push(dense("transformation", &out, &hidden, true, Rows::Tokens, part));
        Ok(())
    },
    ..CHINESE
};

/// Layers of a vision transformer (Dosovitskiy 2020, arXiv 2010.11929).
pub const VIT: Decoder = Decoder {
    names: Names {
        attention: [
            "attention.q_proj",
            "attention.k_proj",
            "attention.v_proj",
            "attention.o_proj",
        ],
        mlp: ["", "mlp.fc1", "mlp.fc2"],
        norms: ["layernorm_before", "", "layernorm_after", ""],
        ..Decoder::BERT.names
    },
    qkv_bias: Flag::Key("qkv_bias", true),
    ..Decoder::BERT
};

/// What a config's class is for, without its name; the plain model where none is named.
pub fn purpose<'c>(config: &'c Config, class: &str) -> &'c str {
    let named = config.get_anywhere("architectures").and_then(Value::as_array);
    let names = named.into_iter().flatten().filter_map(Value::as_str);
    names
        .filter_map(|name| name.strip_prefix(class))
        .next()
        .unwrap_or("Model")
}

/// A matrix over the values of each patch, whose weight is the kernel of a convolution, and tables that are added.
pub fn patches(module: &str, dims: &[&Quantity], bias: bool, tables: Vec<Tensor>, marks: u64) -> Block {
    let component = Component::Embedding;
    let weight = Tensor::new(format!("{module}.weight"), TensorKind::Vector, component, dims);
    let (out, values) = match dims {
        [out, values @ ..] => ((*out).clone(), Quantity::product("patch_values", values)),
        [] => return Block::new("Patch embedding", Role::Embedding),
    };
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, &out));
    let project = Operator::linear("patches", weight, bias, Rows::Patches(marks), &out, &values);
    let held = Operator {
        name: "tables",
        component,
        kind: Kind::Idle,
        tensors: tables,
    };
    Block {
        operators: vec![project, held],
        ..Block::new("Patch embedding", Role::Embedding)
    }
}

/// The layers between what stands before and after them.
pub fn around<'c>(
    config: &'c Config,
    title: &'static str,
    side: &Decoder,
    positions: Option<Quantity>,
) -> Result<Assembly<'c>, ModelError> {
    let hidden = config.size("hidden", &["hidden_size"])?;
    let layers = config.size("layers", &["num_hidden_layers"])?;
    let mut all = Assembly::of(config, title, hidden.clone(), layers, labels(config)?)?;
    all.reading = Reading::Encodes;
    all.max_context = positions;
    let keys = vec![(Span::Both, ()); all.layers.value as usize];
    all.layers_seeing(config, side, &keys, |(), blocks| Ok(blocks))?;
    Ok(all)
}

/// Images of one size: so many rows and columns of patches, so many marks beside them.
pub fn alone([rows, columns]: [&Quantity; 2], marks: u64) -> (ImageRule, u64) {
    let rule = ImageRule::Fixed {
        rows: rows.value,
        columns: columns.value,
        tokens: 0,
    };
    (rule, marks)
}

pub fn table_of(name: &str, rows: &Quantity, width: &Quantity) -> Tensor {
    Tensor::new(
        name.to_owned(),
        TensorKind::Vector,
        Component::Embedding,
        &[rows, width],
    )
}

pub fn one(name: &'static str, value: u64) -> Quantity {
    Quantity::architecture(name, value, "tokens besides the patches")
}

/// Patches of a spectrogram that overlap (Gong 2021, arXiv 2104.01778).
fn spectrogram(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let patch = config.size("patch", &["patch_size"])?;
    let steps = |size: &'static str, stride: &'static str| {
        let (size, stride) = (config.size("size", &[size])?, config.size("stride", &[stride])?);
        let Some(rest) = size.value.checked_sub(patch.value) else {
            return not_built(config, "A spectrogram smaller than a patch");
        };
        Ok(one("patches", rest / stride.value + 1))
    };
    let grid = [
        &steps("num_mel_bins", "frequency_stride")?,
        &steps("max_length", "time_stride")?,
    ];
    let places = Quantity::sum("positions", &[&Quantity::product("patches", &grid), &one("tokens", 2)]);
    let mut all = around(config, title, &VIT, Some(places.clone()))?;
    let hidden = all.hidden.clone();
    let tables = vec![
        table_of("embeddings.cls_token", &one("class token", 1), &hidden),
        table_of("embeddings.distillation_token", &one("class token", 1), &hidden),
        table_of("embeddings.position_embeddings", &places, &hidden),
    ];
    let dims = [&hidden, &one("channels", 1), &patch, &patch];
    all.stem.push(patches(
        "embeddings.patch_embeddings.projection",
        &dims,
        true,
        tables,
        2,
    ));
    all.alone = Some(alone(grid, 2));
    all.tail.push(norm(Norm::Layer, "layernorm", &hidden));
    match purpose(config, "AST") {
        "Model" => {}
        "ForAudioClassification" => {
            let labels = all.vocabulary.clone();
            all.tail.push(norm(Norm::Layer, "classifier.layernorm", &hidden));
            let head = dense(
                "classifier.dense",
                &labels,
                &hidden,
                true,
                Rows::Sequences,
                Component::LmHead,
            );
            all.tail.push(head);
        }
        _ => return not_built(config, "Another class than the plain one and that for sound"),
    }
    all.finish()
}

/// Rotary positions, gated layers, no biases (Agrawal 2024, arXiv 2410.07073).
fn pixtral(config: &Config, title: &'static str) -> Result<Blueprint, ModelError> {
    let side = Decoder {
        names: Names {
            attention: [
                "attention.q_proj",
                "attention.k_proj",
                "attention.v_proj",
                "attention.o_proj",
            ],
            mlp: FEED_FORWARD,
            norms: ["attention_norm", "", "ffn_norm", ""],
            ..Names::LLAMA
        },
        ..Decoder::READER
    };
    let mut all = around(config, title, &side, None)?;
    let hidden = all.hidden.clone();
    let (down, across) = pair(config, "patch_size")?;
    let dims = [&hidden, &channels(config)?, &down, &across];
    all.stem.push(patches("patch_conv", &dims, false, Vec::new(), 0));
    all.stem.push(norm(Norm::Rms, "ln_pre", &hidden));
    let side = config.size("image", &["image_size"])?.value;
    let rule = ImageRule::LongestSide {
        sides: [side, side],
        patch: down.value,
        merge: 1,
        ends: false,
    };
    all.alone = Some((rule, 0));
    all.finish()
}
