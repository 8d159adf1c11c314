//! LUKE: entities beside words. Counts checked against transformers' class.

use super::Family;
use super::bert::row;
use super::encoder::{Encoder, Masked, Pretraining, Purpose, Sorting, not_built};
use crate::model::blocks::Norm;
use crate::model::component::Component;
use crate::model::operator::{Block, Kind, Operator, Role};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[row(&["luke"], "LUKE", LUKE)];

/// Entities beside words (Yamada 2020, arXiv 2010.01057): their matrices wait for them.
const LUKE: Encoder = Encoder {
    class: "Luke",
    masked: Masked {
        dense: "lm_head.dense",
        norm: "lm_head.layer_norm",
        decoder: "lm_head.decoder",
        twin: "lm_head.bias",
        ..Encoder::BERT.masked
    },
    sorting: Sorting::Unknown,
    pretraining: Pretraining::Unknown,
    always_pools: true,
    adjust_layer: |config, hidden, _, mut blocks| {
        if config.flag("use_entity_aware_attention", true)?
            && let Some(attention) = blocks.first_mut()
        {
            let modules = ["w2e_query", "e2w_query", "e2e_query"];
            attention
                .operators
                .extend(modules.map(|name| idle(&format!("attention.self.{name}"), hidden, hidden, true)));
        }
        Ok(blocks)
    },
    adjust_ends: |config, purpose, all| {
        let hidden = all.hidden.clone();
        let entities = config.size("entities", &["entity_vocab_size"])?;
        let width = config.size("entity width", &["entity_emb_size"])?;
        let rows = config.size("positions", &["max_position_embeddings"])?;
        let types = config.size("types", &["type_vocab_size"])?;
        let component = Component::Embedding;
        let place = |name: &str, dims: &[&Quantity]| {
            Tensor::new(format!("entity_embeddings.{name}"), TensorKind::Table, component, dims)
        };
        let mut tensors = vec![
            place("entity_embeddings.weight", &[&entities, &width]),
            place("position_embeddings.weight", &[&rows, &hidden]),
            place("token_type_embeddings.weight", &[&types, &hidden]),
        ];
        tensors.extend(Norm::Layer.tensors("entity_embeddings.LayerNorm", component, &[&hidden]));
        if width.value != hidden.value {
            tensors.push(Tensor::matrix(
                "entity_embeddings.entity_embedding_dense.weight",
                component,
                &hidden,
                &width,
            ));
        }
        all.stem.push(waiting("Entities", tensors));
        match purpose {
            Purpose::Plain => {}
            Purpose::Masked => {
                // Words have a matrix of their own; the bias is one.
                for tensor in all
                    .tail
                    .iter_mut()
                    .flat_map(|block| &mut block.operators)
                    .flat_map(|one| &mut one.tensors)
                {
                    if tensor.name == "lm_head.decoder.weight" {
                        tensor.tied = false;
                    }
                }
                let mut tensors = vec![
                    Tensor::matrix(
                        "entity_predictions.transform.dense.weight",
                        Component::LmHead,
                        &width,
                        &hidden,
                    ),
                    Tensor::vector("entity_predictions.transform.dense.bias", Component::LmHead, &width),
                    Tensor::vector("entity_predictions.bias", Component::LmHead, &entities),
                ];
                tensors.extend(Norm::Layer.tensors(
                    "entity_predictions.transform.LayerNorm",
                    Component::LmHead,
                    &[&width],
                ));
                if !all.tied {
                    tensors.push(Tensor::matrix(
                        "entity_predictions.decoder.weight",
                        Component::LmHead,
                        &entities,
                        &width,
                    ));
                }
                all.tail.push(waiting("Entities", tensors));
                all.tied = false;
            }
            _ => return not_built(config, "Another class than that for masked words"),
        }
        Ok(())
    },
    ..Encoder::BERT
};

/// A matrix that no text of plain words passes.
pub fn idle(module: &str, out: &Quantity, input: &Quantity, bias: bool) -> Operator {
    let component = Component::Projection;
    let mut tensors = vec![Tensor::matrix(format!("{module}.weight"), component, out, input)];
    tensors.extend(bias.then(|| Tensor::vector(format!("{module}.bias"), component, out)));
    Operator {
        name: "idle",
        component,
        kind: Kind::Idle,
        tensors,
    }
}

/// Tensors that no text of plain words meets.
pub fn waiting(title: &'static str, tensors: Vec<Tensor>) -> Block {
    let component = tensors.first().map_or(Component::Embedding, |tensor| tensor.component);
    Block {
        operators: vec![Operator {
            name: "idle",
            component,
            kind: Kind::Idle,
            tensors,
        }],
        ..Block::new(title, Role::Embedding)
    }
}
