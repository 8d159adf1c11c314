//! What a tensor is to llama.cpp, from its name in the checkpoint.

use super::super::component::Component;
use super::super::tensor::{Tensor, TensorKind};

/// A class of tensors that the quantiser treats alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Never quantised: norms, biases, routers, positions, small convolutions.
    Small,
    /// The token table.
    TokenTable,
    /// The output head.
    Output,
    /// Queries.
    Query,
    /// Keys.
    Key,
    /// Values.
    Value,
    /// Queries, keys and values in one matrix.
    FusedQueryKeyValue,
    /// Keys' and values' expansion from a latent; llama.cpp stores it as two.
    LatentExpansion,
    /// Out of attention.
    AttentionOutput,
    /// Gate, up, or both in one.
    GateOrUp,
    /// Down: dense or routed experts.
    Down,
    /// Down of shared experts beside routed ones.
    SharedDown,
    /// Any other matrix.
    Other,
}

/// Names of the second and the last matrix of an MLP, as checkpoints have them.
const DOWN: &[&str] = &[
    "down_proj",
    "w2",
    "fc2",
    "fc_out",
    "dense_4h_to_h",
    "c_proj",
    "wo",
    "proj_2",
    "output_linear",
    "linear_fc2",
    "lin2",
];
const QUERY: &[&str] = &["q_proj", "wq", "q_lin", "query", "q"];
const KEY: &[&str] = &["k_proj", "wk", "k_lin", "key", "k"];
const VALUE: &[&str] = &["v_proj", "wv", "v_lin", "value", "v"];
const FUSED: &[&str] = &[
    "qkv_proj",
    "query_key_value",
    "wqkv",
    "c_attn",
    "w_pack",
    "qkv",
    "in_proj_qkv",
    "attn_qkv",
];
const OUTPUT: &[&str] = &["o_proj", "out_proj", "wo", "dense", "c_proj", "out_lin", "o"];

/// The class of a tensor. `fused` says that llama.cpp joins this model's queries, keys and values.
pub fn class(tensor: &Tensor, fused: bool) -> Class {
    let module = tensor.module().to_ascii_lowercase();
    let last = module.rsplit('.').next().unwrap_or_default();
    match tensor.kind {
        TensorKind::Table if module.contains("pos") || module.contains("type") || last == "wpe" => return Class::Small,
        TensorKind::Table => return Class::TokenTable,
        TensorKind::Head => return Class::Output,
        TensorKind::Router | TensorKind::Vector | TensorKind::Buffer => return Class::Small,
        TensorKind::Matrix => {}
    }
    // Small by rule or by shape: convolutions, altup, laurel, a projection per layer.
    let small = [
        "conv",
        "altup",
        "laurel",
        "per_layer_model_projection",
        "relative_attention_bias",
    ];
    if tensor.dims.len() < 2 || small.iter().any(|name| module.contains(name)) {
        return Class::Small;
    }
    let is = |names: &[&str]| names.contains(&last);
    match tensor.component {
        Component::Mlp | Component::Experts if is(DOWN) => Class::Down,
        Component::SharedExperts if is(DOWN) => Class::SharedDown,
        Component::Mlp | Component::Experts | Component::SharedExperts => Class::GateOrUp,
        Component::Projection | Component::Attention if last == "kv_b_proj" => Class::LatentExpansion,
        Component::Projection | Component::Attention if is(QUERY) || is(KEY) || is(VALUE) => match () {
            () if fused => Class::FusedQueryKeyValue,
            () if is(QUERY) => Class::Query,
            () if is(KEY) => Class::Key,
            () => Class::Value,
        },
        Component::Projection | Component::Attention | Component::StateSpace if is(FUSED) => Class::FusedQueryKeyValue,
        Component::Projection | Component::Attention if is(OUTPUT) => Class::AttentionOutput,
        _ => Class::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Quantity;

    #[test]
    fn names_of_checkpoints() {
        let width = Quantity::architecture("width", 256, "test");
        let of = |name: &'static str, component| class(&Tensor::matrix(name, component, &width, &width), false);
        for (name, component, expected) in [
            ("self_attn.q_proj.weight", Component::Projection, Class::Query),
            ("self_attn.v_proj.weight", Component::Projection, Class::Value),
            (
                "self_attn.query_key_value.weight",
                Component::Projection,
                Class::FusedQueryKeyValue,
            ),
            ("attn.c_proj.weight", Component::Projection, Class::AttentionOutput),
            ("mlp.c_proj.weight", Component::Mlp, Class::Down),
            ("mlp.gate_up_proj.weight", Component::Mlp, Class::GateOrUp),
            (
                "block_sparse_moe.experts.{e}.w2.weight",
                Component::Experts,
                Class::Down,
            ),
            (
                "mlp.shared_experts.down_proj.weight",
                Component::SharedExperts,
                Class::SharedDown,
            ),
            ("self_attn.q_a_proj.weight", Component::Projection, Class::Other),
            (
                "self_attn.kv_b_proj.weight",
                Component::Projection,
                Class::LatentExpansion,
            ),
            ("mixer.conv1d.weight", Component::StateSpace, Class::Small),
            ("mixer.in_proj.weight", Component::StateSpace, Class::Other),
        ] {
            assert_eq!(of(name, component), expected, "{name}");
        }
    }
}
