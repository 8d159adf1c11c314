//! Building blocks that families share. Each is a function from named dimensions to a [`Block`](super::operator::Block):
//! its operators with their tensors, what it caches, what is alive at its peak and what training saves.

mod attention;
mod attention_variants;
mod compressed;
mod convolution;
mod delta;
mod depth;
mod expert_attention;
mod experts;
mod indexer;
mod latent;
mod latent_experts;
mod lightning;
mod mamba;
mod mlp;
mod mlstm;
mod ngram;
mod norm;
mod per_layer;
mod recurrent;
mod rwkv;
pub mod shared_block;
mod stack;
mod streams;
mod table;
mod vit;

pub use attention::{GroupedAttention, Heads, QkNorm, grouped};
pub use attention_variants::{output_gate, query_gate, without_positions};
pub use compressed::{CompressedAttention, Compression, compressed};
pub use convolution::{ShortConvolution, convolution, short_convolution};
pub use delta::{DeltaNames, GatedDelta, KimiDelta, gated_delta, kimi_delta};
pub use depth::{depth_mixing, depth_queries, depth_reads, depth_rows, depth_weights};
pub use expert_attention::expert_attention;
pub use experts::{RoutedExperts, SharedExperts, routed, routed_within};
pub use indexer::{Indexer, choosing, indexed, pooled, scoring_pools, with_vectors};
pub use latent::{LatentAttention, latent, within};
pub use latent_experts::{add_biases, latent_experts, latent_norm};
pub use lightning::{Lightning, lightning};
pub use mamba::{Mamba1, Mamba2, mamba1, mamba2};
pub use mlp::{Mlp, mlp};
pub use mlstm::{MatrixLstm, matrix_lstm};
pub use ngram::{NGrams, ngrams};
pub use norm::{Norm, norm};
pub use per_layer::{altup_correct, altup_predict, altup_streams, laurel, per_layer_input, per_layer_stem};
pub use recurrent::{Recurrent, recurrent};
pub use rwkv::{channel_mix, time_mix};
pub use shared_block::step;
pub use stack::Stack;
pub use streams::{gated_streams, hyper_connection, hyper_head, streams_mean};
pub use table::{embedding, head, positions};
pub use vit::{Biases, Vit};

use super::component::Component;
use super::operator::{Operator, Rows};
use super::tensor::Tensor;
use crate::units::Quantity;

/// A linear layer of the given module: `{module}.weight` `[out, in]` and, if wanted, `{module}.bias` `[out]`.
fn linear(
    name: &'static str,
    module: &str,
    component: Component,
    out: &Quantity,
    input: &Quantity,
    bias: bool,
) -> Operator {
    let weight = Tensor::matrix(format!("{module}.weight"), component, out, input);
    let bias = bias.then(|| Tensor::vector(format!("{module}.bias"), component, out));
    Operator::linear(name, weight, bias, Rows::Tokens, out, input)
}
