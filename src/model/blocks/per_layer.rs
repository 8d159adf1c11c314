//! Additions of Gemma's edge models: embeddings for each layer, alternating updates, a learned low-rank residual.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, Rows, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::{Norm, linear};
use crate::units::Quantity;

/// The stem of per-layer embeddings: a table `[vocabulary, layers·width]` of which a token reads one row, a projection of
/// the token embedding `[layers·width, hidden]`, and a norm `[width]`.
///
/// Source: transformers `modeling_gemma3n.py`, `get_per_layer_inputs` and `project_per_layer_inputs`.
pub fn per_layer_stem(vocabulary: &Quantity, layers: &Quantity, width: &Quantity, hidden: &Quantity) -> Block {
    let row = Quantity::product("per_layer_row", &[layers, width]);
    let table = Tensor::new(
        "embed_tokens_per_layer.weight",
        TensorKind::Table,
        Component::Embedding,
        &[vocabulary, &row],
    );
    let lookup = Operator {
        name: "per-layer embedding",
        component: Component::Embedding,
        kind: Kind::Lookup { width: row.clone() },
        tensors: vec![table],
    };
    let mut norm = Operator::elementwise(
        "per_layer_projection_norm",
        Component::Norm,
        &row,
        Step::Norm(Norm::Rms),
        2,
    );
    norm.tensors = Norm::Rms.tensors("per_layer_projection_norm", Component::Norm, &[width]);
    Block {
        operators: vec![
            lookup,
            linear(
                "per_layer_model_projection",
                "per_layer_model_projection",
                Component::Projection,
                &row,
                hidden,
                false,
            ),
            norm,
        ],
        live: vec![Live::new("per-layer inputs", &row.times("both", 2))],
        saved: vec![Live::new("per-layer inputs", &row)],
        ..Block::new("Per-layer embedding", Role::Embedding)
    }
}

/// What a layer does with its own embedding: a gate `[width, hidden]`, a projection back `[hidden, width]`, a norm.
pub fn per_layer_input(width: &Quantity, hidden: &Quantity) -> Block {
    let projection = Component::Projection;
    let mut norm = Operator::elementwise(
        "post_per_layer_input_norm",
        Component::Norm,
        hidden,
        Step::Norm(Norm::Rms),
        1,
    );
    norm.tensors = Norm::Rms.tensors("post_per_layer_input_norm", Component::Norm, &[hidden]);
    let live = vec![
        Live::new("per-layer gate", width),
        Live::new("per-layer output", hidden),
    ];
    Block {
        operators: vec![
            linear(
                "per_layer_input_gate",
                "per_layer_input_gate",
                projection,
                width,
                hidden,
                false,
            ),
            Operator::elementwise("activation", projection, width, Step::GatedActivation, 2),
            linear(
                "per_layer_projection",
                "per_layer_projection",
                projection,
                hidden,
                width,
                false,
            ),
            norm,
        ],
        saved: live.clone(),
        live,
        ..Block::new("Per-layer input", Role::ChannelMixer)
    }
}

/// AltUp before a layer: N streams are predicted from the active one and mixed by an N × N matrix a token.
///
/// Shapes: router `[N, hidden]` with a norm, coefficients `[N², N]`. Source: Baykal 2023 (arXiv 2301.13310).
pub fn altup_predict(streams: &Quantity, hidden: &Quantity) -> Block {
    let square = Quantity::product("altup_mixing", &[streams, streams]);
    let all = Quantity::product("altup_width", &[streams, hidden]);
    let mut norm = Operator::elementwise("altup.router_norm", Component::Norm, hidden, Step::Norm(Norm::Rms), 1);
    norm.tensors = Norm::Rms.tensors("altup.router_norm", Component::Norm, &[hidden]);
    Block {
        operators: vec![
            norm,
            small("altup.modality_router", streams, hidden),
            small("altup.prediction_coefs", &square, streams),
            product("streams predicted", streams, &all),
        ],
        live: vec![Live::new("streams", &all)],
        saved: vec![Live::new("streams", &all)],
        ..Block::new("AltUp prediction", Role::Norm)
    }
}

/// AltUp after a layer: the same router once more, then `[N, N]` corrections and a scale `[hidden]`.
pub fn altup_correct(streams: &Quantity, hidden: &Quantity) -> Block {
    let all = Quantity::product("altup_width", &[streams, hidden]);
    let mut scale = Operator::elementwise("altup.correct_output_scale", Component::Norm, hidden, Step::Plain(1), 1);
    scale
        .tensors
        .push(Tensor::vector("altup.correct_output_scale", Component::Norm, hidden));
    Block {
        operators: vec![
            Operator::elementwise("altup.router_norm", Component::Norm, hidden, Step::Norm(Norm::Rms), 1),
            product("altup.modality_router again", hidden, streams),
            small("altup.correction_coefs", streams, streams),
            Operator::elementwise("streams corrected", Component::Norm, &all, Step::Plain(2), 2),
            scale,
        ],
        live: vec![Live::new("streams", &all)],
        saved: vec![Live::new("streams", &all)],
        ..Block::new("AltUp correction", Role::Norm)
    }
}

/// Further streams before the first layer, or their way back after the last: N − 1 matrices `[hidden, hidden]`.
pub fn altup_streams(module: &'static str, role: Role, streams: &Quantity, hidden: &Quantity) -> Block {
    let others = Quantity::difference(
        "altup_others",
        streams,
        &Quantity::architecture("one", 1, "the first stream needs none"),
    );
    let weight = Tensor::matrix(format!("{module}.{{e}}.weight"), Component::Projection, hidden, hidden).each(&others);
    let output = Quantity::product("altup_output", &[&others, hidden]);
    Block {
        operators: vec![Operator::linear(module, weight, None, Rows::Tokens, &output, hidden)],
        live: vec![Live::new("streams", &output)],
        ..Block::new("AltUp streams", role)
    }
}

/// A learned residual of low rank beside attention: `[rank, hidden]`, `[hidden, rank]`, a norm (LAuReL, arXiv 2411.07501).
pub fn laurel(rank: &Quantity, hidden: &Quantity) -> Block {
    let projection = Component::Projection;
    let mut norm = Operator::elementwise(
        "laurel.post_laurel_norm",
        Component::Norm,
        hidden,
        Step::Norm(Norm::Rms),
        1,
    );
    norm.tensors = Norm::Rms.tensors("laurel.post_laurel_norm", Component::Norm, &[hidden]);
    Block {
        operators: vec![
            linear(
                "laurel.linear_left",
                "laurel.linear_left",
                projection,
                rank,
                hidden,
                false,
            ),
            linear(
                "laurel.linear_right",
                "laurel.linear_right",
                projection,
                hidden,
                rank,
                false,
            ),
            norm,
        ],
        live: vec![Live::new("laurel output", hidden)],
        saved: vec![Live::new("laurel", rank)],
        ..Block::new("Low-rank residual", Role::TokenMixer)
    }
}

/// A matrix too small for quantisation.
fn small(module: &'static str, out: &Quantity, input: &Quantity) -> Operator {
    let weight = Tensor::new(
        format!("{module}.weight"),
        TensorKind::Router,
        Component::Projection,
        &[out, input],
    );
    Operator::linear(module, weight, None, Rows::Tokens, out, input)
}

/// A product without weights of its own.
fn product(name: &'static str, input: &Quantity, output: &Quantity) -> Operator {
    Operator {
        name,
        component: Component::Projection,
        kind: Kind::Linear {
            rows: Rows::Tokens,
            input: input.clone(),
            output: output.clone(),
            routing: None,
        },
        tensors: Vec::new(),
    }
}
