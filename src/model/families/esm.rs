//! Language models of proteins: ESM-2 and ESM C. Counts checked against transformers' classes.

use super::super::blocks::{Norm, norm};
use super::super::component::Component;
use super::super::config::Config;
use super::super::error::ModelError;
use super::super::operator::{Operator, Step};
use super::super::tensor::Tensor;
use super::bert::{ROBERTA, row};
use super::encoder::{Encoder, Masked, POSITIONS, Pretraining, Purpose, Sorting, not_built};
use super::luke::waiting;
use super::{Build, Decoder, Family, Flag, Names, adjust};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    Family {
        types: &["esm"],
        title: "ESM",
        build: Build::From(positions),
    },
    row(&["esmc"], "ESM C", CAMBRIAN),
];

/// Norms before and after the layers, and a regression from attention to contacts of residues, which reads no text
/// (Lin 2022, bioRxiv 2022.07.20.500902).
const LEARNED: Encoder = Encoder {
    class: "Esm",
    stack: Decoder {
        names: Names {
            norms: ["attention.LayerNorm", "", "LayerNorm", ""],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    tables: &[POSITIONS],
    stem_norm: "",
    final_norm: "encoder.emb_layer_norm_after",
    masked: Masked {
        twin: "",
        ..ROBERTA.masked
    },
    adjust_ends: |config, _, all| {
        if config.flag("emb_layer_norm_before", false)? {
            let norm = norm(Norm::Layer, "embeddings.layer_norm", &all.hidden);
            all.stem.push(norm);
        }
        let heads = config.size("heads", &["num_attention_heads"])?;
        let maps = Quantity::product("attention maps", &[&all.layers, &heads]);
        let one = Quantity::architecture("contact", 1, "whether two residues touch");
        let component = Component::LmHead;
        all.tail.push(waiting(
            "Contacts of residues",
            vec![
                Tensor::matrix("contact_head.regression.weight", component, &one, &maps),
                Tensor::vector("contact_head.regression.bias", component, &one),
            ],
        ));
        // The words' bias is the head's own.
        let operators = all.tail.iter_mut().flat_map(|block| &mut block.operators);
        for tensor in operators.flat_map(|operator| &mut operator.tensors) {
            if tensor.name == "lm_head.decoder.bias" {
                tensor.name = "lm_head.bias".into();
            }
        }
        Ok(())
    },
    ..ROBERTA
};
/// The same with rotated queries and keys.
const ROTARY: Encoder = Encoder {
    stack: Decoder {
        rotary: true,
        ..LEARNED.stack
    },
    tables: &[],
    ..LEARNED
};

fn positions(config: &Config) -> Result<Build, ModelError> {
    match config.text("position_embedding_type").unwrap_or("absolute") {
        "absolute" => Ok(Build::Encoder(LEARNED)),
        "rotary" => Ok(Build::Encoder(ROTARY)),
        _ => not_built(config, "A kind of positions (position_embedding_type)"),
    }
}

/// A Llama's layers with LayerNorm, and one over all queries and one over all keys.
const CAMBRIAN: Encoder = Encoder {
    class: "Esmc",
    stack: Decoder {
        kv_heads: &["num_key_value_heads"],
        head_dim: &["head_dim"],
        norm: Norm::Layer,
        ..Decoder::READER.with_biases(Flag::Key("attention_bias", false), Flag::Key("mlp_bias", false))
    },
    tokens: "embed_tokens",
    tables: &[],
    stem_norm: "",
    pooler: "",
    masked: Masked {
        twin: "",
        ..ROBERTA.masked
    },
    sorting: Sorting::Dense("classifier.dense", "classifier.out_proj"),
    pretraining: Pretraining::Unknown,
    adjust_layer: |_, hidden, _, blocks| {
        Ok(adjust::mixer(blocks, |mut block| {
            let kind = Norm::LayerWithoutBias;
            let normed =
                [("q_norm", "self_attn.q_norm"), ("k_norm", "self_attn.k_norm")].map(|(name, module)| Operator {
                    tensors: kind.tensors(module, Component::Norm, &[hidden]),
                    ..Operator::elementwise(name, Component::Norm, hidden, Step::Norm(kind), 1)
                });
            let at = block
                .operators
                .iter()
                .take_while(|operator| operator.name.ends_with("_proj"))
                .count();
            block.operators.splice(at..at, normed);
            block
        }))
    },
    adjust_ends: |config, purpose, all| {
        let same = |keys| config.optional("heads", keys);
        let queries = same(&["num_attention_heads"])?;
        if same(&["num_key_value_heads"])?.is_some_and(|kv| queries.is_some_and(|queries| queries.value != kv.value)) {
            return Err(ModelError::Inconsistent(
                "num_key_value_heads must be num_attention_heads; the class refuses anything else.".to_owned(),
            ));
        }
        // Whatever is said: the class ties nothing.
        all.tied = false;
        let last = norm(Norm::LayerWithoutBias, "norm", &all.hidden);
        all.tail.insert(0, last);
        let operators = all.tail.iter_mut().flat_map(|block| &mut block.operators);
        for tensor in operators.flat_map(|operator| &mut operator.tensors) {
            tensor.tied = false;
            if purpose == Purpose::Tokens
                && let Some(part) = tensor.name.strip_prefix("classifier.")
            {
                tensor.name = format!("score.{part}").into();
            }
        }
        Ok(())
    },
    ..Encoder::BERT
};
