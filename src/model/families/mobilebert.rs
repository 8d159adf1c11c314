//! MobileBERT. Counts checked against transformers' class.

use super::Decoder;
use super::Family;
use super::bert::row;
use super::encoder::{Encoder, POSITIONS, Pretraining, Purpose, Sorting, TYPES, not_built};
use super::encoding::dense;
use crate::model::blocks::{Norm, norm, positions};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Operator, Role, Rows, Span, Step};
use crate::model::tensor::Tensor;
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["mobilebert"], "MobileBERT", MOBILE)];

/// Thin layers between wide streams (Sun 2020, arXiv 2004.02984).
const MOBILE: Encoder = Encoder {
    class: "MobileBert",
    stack: Decoder::BERT,
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    adjust_layer: thin,
    adjust_ends: |config, purpose, all| {
        let hidden = all.hidden.clone();
        let narrow = config.size("embedding width", &["embedding_size"])?;
        let three = config.flag("trigram_input", true)?;
        let joined = narrow.times("neighbours", if three { 3 } else { 1 });
        all.stem.clear();
        all.stem.push(super::super::blocks::embedding(
            "embeddings.word_embeddings",
            &all.vocabulary,
            &narrow,
        ));
        for table in [POSITIONS, TYPES] {
            all.stem
                .push(positions(table.module, &config.size("rows", table.rows)?, &hidden));
        }
        let module = "embeddings.embedding_transformation";
        let transform = dense(module, &hidden, &joined, true, Rows::Tokens, Component::Embedding);
        all.stem.push(transform);
        all.stem.push(norm(Norm::Layer, "embeddings.LayerNorm", &hidden));
        match purpose {
            Purpose::Masked => {
                let Some(rest) = hidden.value.checked_sub(narrow.value).filter(|rest| *rest > 0) else {
                    return not_built(config, "A table as wide as the layers (embedding_size)");
                };
                let rest = Quantity::architecture("rest", rest, "width less that of the table");
                let words = all.vocabulary.clone();
                if let Some(operator) = all.tail.last_mut().and_then(|block| block.operators.first_mut()) {
                    if let Some(weight) = operator.tensors.first_mut() {
                        weight.dims = vec![words.clone(), narrow.clone()];
                    }
                    let more = Tensor::matrix("cls.predictions.dense.weight", Component::LmHead, &rest, &words);
                    operator.tensors.push(more);
                }
                Ok(())
            }
            Purpose::Plain if !config.flag("classifier_activation", true)? => {
                all.tail.clear();
                Ok(())
            }
            Purpose::Plain => Ok(()),
            _ => not_built(config, "Another class than that for masked words"),
        }
    },
    ..Encoder::BERT
};

/// A layer of MobileBERT.
fn thin(config: &Config, hidden: &Quantity, _: u64, _: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    let plain = config
        .text("normalization_type")
        .is_none_or(|name| matches!(name, "no_norm" | "layer_norm"));
    if !plain || !config.flag("use_bottleneck", true)? || config.flag("use_bottleneck_attention", false)? {
        return not_built(config, "A bottleneck of another kind");
    }
    if !config.flag("key_query_shared_bottleneck", true)? {
        return not_built(
            config,
            "Keys and queries without a bottleneck (key_query_shared_bottleneck)",
        );
    }
    let inner = config.size("bottleneck", &["intra_bottleneck_size"])?;
    // A file's own word wins over the width of the bottleneck, which other parts keep.
    if config
        .optional("width", &["true_hidden_size"])?
        .is_some_and(|width| width.value != inner.value)
    {
        return not_built(config, "Another width than that of the bottleneck (true_hidden_size)");
    }
    let width = config.size("intermediate", &["intermediate_size"])?;
    let networks = config.size("networks", &["num_feedforward_networks"])?;
    if networks.value > 1000 {
        return not_built(config, "More than a thousand networks in a layer");
    }
    let linear = |module: &str, out: &Quantity, input: &Quantity, component| {
        dense(module, out, input, true, Rows::Tokens, component)
    };
    let mut blocks = Vec::new();
    for module in ["input", "attention"] {
        let dense = format!("bottleneck.{module}.dense");
        blocks.push(linear(&dense, &inner, hidden, Component::Projection));
        blocks.push(named_norm(&format!("bottleneck.{module}.LayerNorm"), &inner));
    }
    let mut attention = Decoder::BERT.layer(config, &inner, Span::Both)?.remove(0);
    for operator in &mut attention.operators {
        if operator.name == "v_proj" {
            *operator = linear("attention.self.value", &inner, hidden, Component::Projection)
                .operators
                .remove(0);
        }
    }
    blocks.push(attention);
    blocks.push(named_norm("attention.output.LayerNorm", &inner));
    for network in 1..networks.value {
        let prefix = format!("ffn.{}", network - 1);
        blocks.push(linear(
            &format!("{prefix}.intermediate.dense"),
            &width,
            &inner,
            Component::Mlp,
        ));
        blocks.push(linear(
            &format!("{prefix}.output.dense"),
            &inner,
            &width,
            Component::Mlp,
        ));
        blocks.push(named_norm(&format!("{prefix}.output.LayerNorm"), &inner));
    }
    blocks.push(linear("intermediate.dense", &width, &inner, Component::Mlp));
    blocks.push(linear("output.dense", &inner, &width, Component::Mlp));
    blocks.push(named_norm("output.LayerNorm", &inner));
    blocks.push(linear("output.bottleneck.dense", hidden, &inner, Component::Mlp));
    blocks.push(named_norm("output.bottleneck.LayerNorm", hidden));
    Ok(blocks)
}

/// A norm whose module is made up of names.
fn named_norm(module: &str, width: &Quantity) -> Block {
    let mut operator = Operator::elementwise("norm", Component::Norm, width, Step::Norm(Norm::Layer), 1);
    operator.tensors = Norm::Layer.tensors(module, Component::Norm, &[width]);
    Block {
        operators: vec![operator],
        ..Block::new("LayerNorm", Role::Norm)
    }
}
