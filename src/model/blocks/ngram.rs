//! Tables of token n-grams that some layers read.

use super::super::component::Component;
use super::super::operator::{Block, Kind, Live, Operator, Role, State, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::{Norm, convolution, linear};
use crate::units::Quantity;

/// What a layer reads of the last tokens.
#[derive(Clone, Debug)]
pub struct NGrams {
    /// Rows of the table.
    pub rows: Quantity,
    /// Width of a row; a token reads as many rows as make up `width`.
    pub row: Quantity,
    /// Width of all that a token reads.
    pub width: Quantity,
    /// Residual streams.
    pub streams: Quantity,
    /// Tokens between which the convolution reads.
    pub kernel: Quantity,
    /// Tokens that its state holds.
    pub held: Quantity,
}

/// Adds what a table of n-grams says to every residual stream: rows of a table, chosen by hashes of the last tokens, make a
/// value and a key for each stream; the stream gates the value, and a convolution runs over what is gated.
///
/// Shapes with M streams of width H and W of a token's rows: table `[rows, row]`, key `[M·H, W]`, value `[H, W]`, three norms
/// `[M·H]`, convolution `[M·H, 1, kernel]`. Source: `Qwen4ExpTextPLELayer` in `modeling_qwen4_exp.py` of transformers 5.24.
pub fn ngrams(hidden: &Quantity, style: &NGrams) -> Block {
    let NGrams {
        rows,
        row,
        width,
        streams,
        kernel,
        held,
    } = style;
    let part = Component::Projection;
    let all = Quantity::product("streams_width", &[streams, hidden]);
    let table = "ple.ple_embedding.ngram_embedding.weight";
    let lookup = Operator {
        name: "n-gram embedding",
        component: Component::Embedding,
        kind: Kind::Lookup { width: width.clone() },
        tensors: vec![Tensor::new(
            table,
            TensorKind::Table,
            Component::Embedding,
            &[rows, row],
        )],
    };
    let normed = |name: &'static str| {
        let mut operator = Operator::elementwise("n-gram norm", Component::Norm, &all, Step::Norm(Norm::Rms), 1);
        operator.tensors = Norm::Rms.tensors(&format!("ple.{name}"), Component::Norm, &[&all]);
        operator
    };
    let gated = || Operator::elementwise("gate", part, &all, Step::GatedActivation, 2);
    let live = vec![
        Live::new("n-gram rows", width),
        Live::new("n-gram keys", &all),
        Live::new("n-gram values", &all),
    ];
    Block {
        operators: vec![
            lookup,
            linear("n-gram keys", "ple.key_proj", part, &all, width, false),
            normed("norm_key"),
            linear("n-gram values", "ple.value_proj", part, hidden, width, false),
            normed("norm_query"),
            gated(),
            normed("norm_conv"),
            convolution(&[("ple.conv1d".to_owned(), &all)], &all, kernel, false),
        ],
        states: vec![State::Conv {
            channels: all,
            kernel: held.clone(),
        }],
        saved: live.clone(),
        live,
        ..Block::new("N-gram embedding", Role::Norm)
    }
}
