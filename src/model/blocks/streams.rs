//! Hyper-connections: several residual streams, mixed by small learned matrices around each mixer.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Norm, Operator, Role, Rows, Step};
use super::super::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// The connection before a mixer. With M streams of width H it reads all of them, `[(2 + M)·M, M·H]` (pre, post and
/// mixing weights), and mixes them by an M × M matrix a token; without mixing `[2·M, M·H]`.
///
/// Source: Zhu 2024 (arXiv 2409.19606); manifold-constrained form: Xie 2025 (arXiv 2512.24880); shapes as transformers
/// has them in `modeling_deepseek_v4.py` and `modeling_hy_v4.py`. Tensors are called `fn`, `base` and `scale` after `prefix`.
pub fn hyper_connection(prefix: &'static str, hidden: &Quantity, streams: &Quantity, mixing: bool) -> Block {
    let all = Quantity::product("streams_width", &[streams, hidden]);
    let square = Quantity::product("mixing", &[streams, streams]);
    let twice = streams.times("pre and post", 2);
    let (weights, scales) = if mixing {
        (Quantity::sum("hc_weights", &[&twice, &square]), 3)
    } else {
        (twice, 2)
    };
    let scales = Quantity::architecture("hc_scales", scales, "one scale for each kind of weight");
    let mut project = projection(&format!("{prefix}fn"), &weights, &all, "stream weights");
    project.tensors.extend([
        Tensor::vector(format!("{prefix}base"), Component::Norm, &weights),
        Tensor::vector(format!("{prefix}scale"), Component::Norm, &scales),
    ]);
    let mut operators = vec![
        Operator::elementwise("stream norm", Component::Norm, &all, Step::Norm(Norm::Rms), 1),
        project,
        Operator::elementwise("streams joined", Component::Norm, &all, Step::Plain(2), 1),
    ];
    if mixing {
        operators.push(Operator {
            name: "streams mixed",
            component: Component::Norm,
            kind: Kind::Linear {
                rows: Rows::Tokens,
                input: streams.clone(),
                output: all.clone(),
                routing: None,
            },
            tensors: Vec::new(),
        });
    }
    Block {
        operators,
        ..Block::new("Hyper-connection", Role::Norm)
    }
}

/// Joins the streams after the last layer: `[M, M·H]`.
pub fn hyper_head(module: &'static str, hidden: &Quantity, streams: &Quantity) -> Block {
    let all = Quantity::product("streams_width", &[streams, hidden]);
    let one = Quantity::architecture("hc_scale", 1, "one scale");
    let mut project = projection(&format!("{module}.hc_fn"), streams, &all, "stream weights");
    project.tensors.extend([
        Tensor::vector(format!("{module}.hc_base"), Component::Norm, streams),
        Tensor::vector(format!("{module}.hc_scale"), Component::Norm, &one),
    ]);
    Block {
        operators: vec![
            Operator::elementwise("stream norm", Component::Norm, &all, Step::Norm(Norm::Rms), 1),
            project,
            Operator::elementwise("streams joined", Component::Norm, &all, Step::Plain(2), 1),
        ],
        ..Block::new("Hyper-connection", Role::Head)
    }
}

/// The same before a mixer with a gate for each element of each stream, which comes from a narrow matrix in between: all of M streams of
/// width H are normed, `[rank, M·H]` and `[M·H, rank]` make the gates, `[M, M·H]` the share of each stream in what the mixer
/// gives; after the last layer there is no such share.
///
/// Source: `Qwen4ExpTextGatedResidual` in `modeling_qwen4_exp.py` of transformers 5.24.
pub fn gated_streams(
    module: &'static str,
    hidden: &Quantity,
    streams: &Quantity,
    rank: &Quantity,
    shares: bool,
) -> Block {
    let part = Component::Norm;
    let all = Quantity::product("streams_width", &[streams, hidden]);
    let mut normed = Operator::elementwise("stream norm", part, &all, Step::Norm(Norm::Rms), 1);
    normed.tensors = Norm::Rms.tensors(&format!("{module}.hc_norm"), part, &[&all]);
    let mut operators = vec![
        normed,
        projection(
            &format!("{module}.input_mix_weight_down.weight"),
            rank,
            &all,
            "gates, narrow",
        ),
        Operator::elementwise("activation", part, rank, Step::Plain(4), 1),
        projection(&format!("{module}.input_mix_weight_up.weight"), &all, rank, "gates"),
        Operator::elementwise("streams joined", part, &all, Step::GatedActivation, 2),
    ];
    if shares {
        let name = format!("{module}.block_inject_weight.weight");
        operators.push(projection(&name, streams, &all, "stream weights"));
        operators.push(Operator::elementwise("streams written", part, &all, Step::Plain(2), 1));
    }
    let role = if shares { Role::Norm } else { Role::Head };
    Block {
        operators,
        ..Block::new("Hyper-connection", role)
    }
}

/// The mean of all streams after the last layer, in place of [`hyper_head`].
pub fn streams_mean(hidden: &Quantity, streams: &Quantity) -> Block {
    let all = Quantity::product("streams_width", &[streams, hidden]);
    Block {
        operators: vec![Operator::elementwise(
            "streams joined",
            Component::Norm,
            &all,
            Step::Plain(1),
            1,
        )],
        ..Block::new("Hyper-connection", Role::Head)
    }
}

/// Small and kept in high precision, so no matrix that quantisation converts.
fn projection(name: &str, out: &Quantity, input: &Quantity, label: &'static str) -> Operator {
    let weight = Tensor::new(name.to_owned(), TensorKind::Router, Component::Norm, &[out, input]);
    Operator::linear(label, weight, None, Rows::Tokens, out, input)
}
