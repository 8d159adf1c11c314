//! Convolutions and recurrences over tokens, as their chunked forms compute them.
//!
//! Counted as a framework's counter does: matrix products and convolutions; the running sums of a scan are elementwise.

use super::compute::OpCost;
use super::forward_pass::ForwardPass;
use super::setup::Setup;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Rows, Scan};
use crate::units::{Number, Quantity};

/// Tokens of a chunk of the gated delta rule in its chunked form (flash-linear-attention and transformers).
const DELTA_CHUNK: u64 = 64;

/// Operations of a causal convolution of each channel, one sequence.
///
/// Prefill runs over the tokens and the padding before them; a decode step over the window and, in transformers, one more.
pub fn conv<N: Number>(setup: &Setup, pass: &ForwardPass<N>, channels: &Quantity, kernel: &Quantity) -> N {
    let positions = if pass.decode {
        N::constant(if setup.engine.keeps_whole_convolution() {
            2.0
        } else {
            1.0
        })
    } else {
        pass.tokens.clone().plus(N::input(kernel).minus(N::constant(1.0)))
    };
    N::product([N::constant(2.0), N::input(channels), N::input(kernel), positions])
}

/// Cost of a recurrence in all its layers.
pub fn scan<N: Number>(setup: &Setup, pass: &ForwardPass<N>, place: Repeated<'_>, kind: &Scan, cost: &mut OpCost<N>) {
    let input = N::input;
    let constant = N::constant;
    let batch = || pass.batch.clone();
    let tokens = || pass.tokens.clone();
    let (matmul, elementwise, state) = match kind {
        Scan::Mamba1 { inner, state } => {
            let size = input(inner).times(input(state));
            // The state is read by C as a product; making it is elementwise.
            let matmul = N::product([constant(2.0), tokens(), size.clone()]);
            (matmul, N::product([constant(6.0), tokens(), size.clone()]), size)
        }
        Scan::Mamba2 {
            heads,
            head_dim,
            state,
            chunk,
        } => {
            let size = N::product([input(heads), input(head_dim), input(state)]);
            let matmul = if pass.decode {
                constant(2.0).times(size.clone())
            } else {
                // Inside chunks: scores and outputs; between chunks: states made, passed on and read.
                let chunks = || tokens().over_ceiling(input(chunk));
                let padded = chunks().times(input(chunk));
                let inside = input(chunk)
                    .times(input(state))
                    .plus(input(chunk).times(input(head_dim)));
                let states = N::product([constant(2.0), input(head_dim), input(state)]);
                let between = chunks().plus(constant(1.0));
                N::product([constant(2.0), padded, input(heads), inside.plus(states)]).plus(N::product([
                    constant(2.0),
                    size.clone(),
                    between.clone(),
                    between,
                ]))
            };
            (matmul, N::product([constant(4.0), tokens(), size.clone()]), size)
        }
        Scan::Delta {
            heads,
            key_dim,
            value_dim,
        } => {
            let size = N::product([input(heads), input(key_dim), input(value_dim)]);
            let matmul = if pass.decode {
                N::zero()
            } else {
                let chunk = Quantity::assumed("chunk", DELTA_CHUNK, "tokens of a chunk of the delta rule");
                let padded = tokens().over_ceiling(input(&chunk)).times(input(&chunk));
                let inside = N::product([
                    constant(2.0),
                    input(&chunk),
                    constant(2.0).times(input(key_dim)).plus(input(value_dim)),
                ]);
                let states = N::product([constant(6.0), input(key_dim), input(value_dim)]);
                padded.times(input(heads)).times(inside.plus(states))
            };
            (matmul, N::product([constant(6.0), tokens(), size.clone()]), size)
        }
        Scan::Lightning { heads, head_dim, block } => {
            let size = N::product([input(heads), input(head_dim), input(head_dim)]);
            // Each token's key and value make the state, its query reads it.
            let states = N::product([constant(4.0), tokens(), size.clone()]);
            let matmul = if pass.decode {
                states
            } else {
                // Within blocks all pairs are computed; the last block may be shorter.
                let full = || tokens().over_ceiling(input(block)).minus(constant(1.0));
                let rest = || tokens().minus(full().times(input(block)));
                let pairs = N::product([full(), input(block), input(block)]).plus(rest().times(rest()));
                N::product([constant(4.0), input(heads), input(head_dim), pairs]).plus(states)
            };
            (matmul, N::product([constant(2.0), tokens(), size.clone()]), size)
        }
        Scan::MatrixLstm {
            heads,
            key_dim,
            value_dim,
            chunk,
        } => {
            let size = N::product([input(heads), input(key_dim), input(value_dim)]);
            // A single token: the state made and read, the normaliser read.
            let step = || {
                let normaliser = constant(2.0).times(input(heads)).times(input(key_dim));
                constant(4.0).times(size.clone()).plus(normaliser)
            };
            let matmul = if pass.decode {
                step()
            } else {
                // Whole chunks at once, with all their pairs; what is left, token by token.
                let chunks = || {
                    tokens()
                        .plus(constant(1.0))
                        .over_ceiling(input(chunk))
                        .minus(constant(1.0))
                };
                let whole = || chunks().times(input(chunk));
                let widths = input(key_dim).plus(input(value_dim));
                let pairs = N::product([constant(2.0), whole(), input(chunk), input(heads), widths]);
                let rest = tokens().minus(whole());
                whole().times(step()).plus(pairs).plus(rest.times(step()))
            };
            (matmul, N::product([constant(6.0), tokens(), size.clone()]), size)
        }
        Scan::Elementwise { flops } => (N::zero(), tokens().times(input(flops)), N::zero()),
    };
    cost.matmul = place.times(batch().times(matmul));
    cost.elementwise = place.times(batch().times(elementwise));
    // The state is read and written once for each sequence.
    let bytes = Quantity::assumed("state_bytes", 4, "recurrent states are kept in FP32");
    cost.kv_bytes = place.times(N::product([constant(2.0), batch(), state, input(&bytes)]));
    let width = match kind {
        Scan::Mamba1 { inner, .. } => input(inner),
        Scan::Mamba2 { heads, head_dim, .. } | Scan::Lightning { heads, head_dim, .. } => {
            input(heads).times(input(head_dim))
        }
        Scan::Delta { heads, value_dim, .. } | Scan::MatrixLstm { heads, value_dim, .. } => {
            input(heads).times(input(value_dim))
        }
        Scan::Elementwise { .. } => N::zero(),
    };
    let rows = pass.rows(Rows::Tokens);
    cost.activation_bytes = place.times(N::product([
        constant(4.0),
        rows,
        width,
        input(setup.activation_bytes()),
    ]));
    cost.format = Some(setup.activation.id.to_string());
}
