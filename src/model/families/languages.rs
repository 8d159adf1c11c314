//! BERTs of many languages and scripts: RemBERT, X-MOD, RoCBert. Counts checked against transformers' classes.

use super::super::blocks::norm;
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Block, Operator, Role, Rows};
use super::super::tensor::{Tensor, TensorKind};
use super::bert::{ROBERTA, row};
use super::encoder::{Encoder, Masked, Pretraining, not_built};
use super::encoding::dense;
use super::luke::{idle, waiting};
use super::{Build, Decoder, Family, Names};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["rembert"], "RemBERT", REM),
    Family {
        types: &["xmod"],
        title: "X-MOD",
        build: Build::From(adapted),
    },
    row(&["roc_bert"], "RoCBert", ROC),
];

/// A narrow table and a wide head (Chung 2020, arXiv 2010.12821).
const REM: Encoder = Encoder {
    class: "RemBert",
    narrow: Some(("input_embedding_size", "encoder.embedding_hidden_mapping_in", true)),
    masked: Masked {
        dense: "cls.predictions.dense",
        width: &["output_embedding_size"],
        norm: "cls.predictions.LayerNorm",
        twin: "",
        ..Encoder::BERT.masked
    },
    pretraining: Pretraining::Unknown,
    adjust_ends: |_, _, all| {
        // Whatever is said: the class ties nothing.
        all.tied = false;
        let operators = all.tail.iter_mut().flat_map(|block| &mut block.operators);
        for tensor in operators.flat_map(|operator| &mut operator.tensors) {
            tensor.tied = false;
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// An adapter for each language after each MLP (Pfeiffer 2022, arXiv 2205.06266); a text passes one of them.
const MODULAR: Encoder = Encoder {
    class: "Xmod",
    adjust_layer: |config, hidden, _, mut blocks| {
        let at = blocks.iter().rposition(|block| block.role == Role::ChannelMixer);
        blocks.insert(at.map_or(blocks.len(), |at| at + 1), adapters(config, hidden)?);
        if config.flag("adapter_layer_norm", false)? {
            let extra = norm(Decoder::BERT.norm, "output.adapter_layer_norm", hidden);
            blocks.insert(at.map_or(0, |at| at + 1), extra);
        }
        Ok(blocks)
    },
    ..ROBERTA
};
/// The same with norms before, and one after the layers.
const MODULAR_BEFORE: Encoder = Encoder {
    stack: Decoder {
        names: Names {
            norms: ["attention.output.LayerNorm", "", "output.LayerNorm", ""],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    final_norm: "encoder.LayerNorm",
    ..MODULAR
};

fn adapted(config: &Config) -> Result<Build, ModelError> {
    let before = config.flag("pre_norm", false)?;
    Ok(Build::Encoder(if before { MODULAR_BEFORE } else { MODULAR }))
}

/// The adapter of the text's language, and those of the others.
fn adapters(config: &Config, hidden: &Quantity) -> Result<Block, ModelError> {
    const MOST: usize = 2000;
    let mut languages = config.names("languages")?.unwrap_or_else(|| vec!["en_XX"]);
    let mut seen = std::collections::BTreeSet::new();
    languages.retain(|language| seen.insert(*language));
    if languages.len() > MOST {
        return not_built(config, "More than two thousand languages (languages)");
    }
    let factor = config.size("reduction", &["adapter_reduction_factor"])?;
    let width = Quantity::quotient("adapter width", hidden, &factor);
    if width.value == 0 {
        return Err(ModelError::Inconsistent(
            "adapter_reduction_factor leaves no width for the adapters.".to_owned(),
        ));
    }
    let chosen = config.text("default_language");
    let one = languages
        .iter()
        .position(|language| Some(*language) == chosen)
        .unwrap_or(0);
    let mut operators = Vec::with_capacity(2 * languages.len());
    for (at, language) in languages.iter().enumerate() {
        let module = |part: &str| format!("output.adapter_modules.{language}.{part}");
        for (part, out, input) in [("dense1", &width, hidden), ("dense2", hidden, &width)] {
            let mut operator = idle(&module(part), out, input, true);
            for tensor in &mut operator.tensors {
                tensor.component = Component::Mlp;
            }
            if at == one {
                let mut tensors = operator.tensors.into_iter();
                if let Some(weight) = tensors.next() {
                    operators.push(Operator::linear(
                        "adapter",
                        weight,
                        tensors.next(),
                        Rows::Tokens,
                        out,
                        input,
                    ));
                }
            } else {
                operators.push(Operator {
                    component: Component::Mlp,
                    ..operator
                });
            }
        }
    }
    Ok(Block {
        operators,
        ..Block::new("Adapters of languages", Role::ChannelMixer)
    })
}

/// How a character looks and sounds beside what it is (Su 2022, ACL): a plain text says neither.
const ROC: Encoder = Encoder {
    class: "RoCBert",
    pretraining: Pretraining::Unknown,
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.clone();
        let sound = config.size("width of a sound", &["pronunciation_embed_dim"])?;
        let shape = config.size("width of a shape", &["shape_embed_dim"])?;
        let sounds = config.size("sounds", &["pronunciation_vocab_size"])?;
        let shapes = config.size("shapes", &["shape_vocab_size"])?;
        let table = |name: &str, rows: &Quantity, width: &Quantity| {
            let name = format!("embeddings.{name}.weight");
            Tensor::new(name, TensorKind::Table, Component::Embedding, &[rows, width])
        };
        let tables = vec![
            table("pronunciation_embed", &sounds, &sound),
            table("shape_embed", &shapes, &shape),
        ];
        all.stem.insert(1, waiting("Sounds and shapes", tables));
        if config.flag("concat_input", true)? {
            let mut parts = vec![&hidden];
            for (key, width) in [("enable_pronunciation", &sound), ("enable_shape", &shape)] {
                if config.flag(key, true)? {
                    parts.push(width);
                }
            }
            let wide = Quantity::sum("character, sound and shape", &parts);
            let module = "embeddings.map_inputs_layer";
            all.stem.insert(
                2,
                dense(module, &hidden, &wide, true, Rows::Tokens, Component::Embedding),
            );
        }
        Ok(())
    },
    ..Encoder::BERT
};
