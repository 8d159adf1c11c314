//! Encoders with convolutions: ConvBERT and SqueezeBERT. Counts checked against transformers' classes.

use super::Family;
use super::bert::{ELECTRA, row};
use super::encoder::{Encoder, Pretraining, Sorting, not_built};
use super::encoding::{dense, with_positions};
use super::{Decoder, Names};
use crate::model::component::Component;
use crate::model::config::Config;
use crate::model::error::ModelError;
use crate::model::operator::{Block, Kind, Operator, Rows};
use crate::model::tensor::{Tensor, TensorKind};
use crate::units::Quantity;

/// Every family of this file.
pub const FAMILIES: &[Family] = &[
    row(&["convbert"], "ConvBERT", CONV),
    row(&["squeezebert"], "SqueezeBERT", SQUEEZE),
];

/// Half of the heads are convolutions whose kernels follow from the tokens (Jiang 2020, arXiv 2008.02496).
const CONV: Encoder = Encoder {
    class: "ConvBert",
    pretraining: Pretraining::Unknown,
    adjust_layer: convolved,
    ..ELECTRA
};

/// A layer of ConvBERT.
fn convolved(config: &Config, hidden: &Quantity, _: u64, mut blocks: Vec<Block>) -> Result<Vec<Block>, ModelError> {
    if config
        .optional("groups", &["num_groups"])?
        .is_some_and(|groups| groups.value != 1)
    {
        return not_built(config, "An MLP in groups (num_groups)");
    }
    let all = config.size("heads", &["num_attention_heads"])?;
    let ratio = config.size("ratio", &["head_ratio"])?;
    let kernel = config.size("kernel", &["conv_kernel_size"])?;
    let heads = Quantity::quotient("heads", &all, &ratio);
    if !all.value.is_multiple_of(ratio.value) || !hidden.value.is_multiple_of(heads.value.saturating_mul(2).max(1)) {
        return not_built(config, "Heads that the ratio does not divide (head_ratio)");
    }
    let two = Quantity::architecture("two", 2, "attention and convolution");
    let dim = Quantity::quotient("head_dim", &Quantity::quotient("width", hidden, &heads), &two);
    let half = Quantity::product("half", &[&heads, &dim]);
    let one = Quantity::architecture("filter", 1, "a filter for each channel");
    let kernels = Quantity::product("kernels", &[&heads, &kernel]);
    let Some(attention) = blocks.first_mut() else {
        return Ok(blocks);
    };
    for operator in &mut attention.operators {
        if let Some(module) = match operator.name {
            "q_proj" => Some("attention.self.query"),
            "k_proj" => Some("attention.self.key"),
            "v_proj" => Some("attention.self.value"),
            _ => None,
        } {
            *operator = dense(module, &half, hidden, true, Rows::Tokens, Component::Projection)
                .operators
                .remove(0);
        }
        if let Kind::Attention(attention) = &mut operator.kind {
            attention.heads = heads.clone();
            attention.kv_heads = heads.clone();
            attention.key_dim = dim.clone();
            attention.value_dim = dim.clone();
        }
    }
    let component = Component::Attention;
    let prefix = "attention.self.key_conv_attn_layer";
    let kernel_of =
        |name: &str, dims: &[&Quantity]| Tensor::new(format!("{prefix}.{name}"), TensorKind::Vector, component, dims);
    let depth = kernel_of("depthwise.weight", &[hidden, &one, &kernel]);
    let point = kernel_of("pointwise.weight", &[&half, hidden, &one]);
    let bias = kernel_of("bias", &[&half, &one]);
    let linear = |module: &str, out: &Quantity, input: &Quantity| {
        dense(module, out, input, true, Rows::Tokens, component)
            .operators
            .remove(0)
    };
    attention.operators.extend([
        Operator::linear("convolution", depth, None, Rows::Tokens, hidden, &kernel),
        Operator::linear("convolution", point, Some(bias), Rows::Tokens, &half, hidden),
        linear("attention.self.conv_kernel_layer", &kernels, &half),
        linear("attention.self.conv_out_layer", &half, hidden),
        with_positions("kernels and values", &kernel, &half),
    ]);
    Ok(blocks)
}

/// Products in groups of channels (Iandola 2020, arXiv 2006.11316).
const SQUEEZE: Encoder = Encoder {
    class: "SqueezeBert",
    stack: Decoder {
        names: Names {
            attention: [
                "attention.query",
                "attention.key",
                "attention.value",
                "post_attention.conv1d",
            ],
            mlp: ["", "intermediate.conv1d", "output.conv1d"],
            norms: ["", "post_attention.layernorm", "", "output.layernorm"],
            ..Decoder::BERT.names
        },
        ..Decoder::BERT
    },
    sorting: Sorting::Pooled,
    pretraining: Pretraining::Unknown,
    always_pools: true,
    adjust_layer: |config, _, _, mut blocks| {
        let keys = [
            ("attention.query.weight", "q_groups"),
            ("attention.key.weight", "k_groups"),
            ("attention.value.weight", "v_groups"),
            ("post_attention.conv1d.weight", "post_attention_groups"),
            ("intermediate.conv1d.weight", "intermediate_groups"),
            ("output.conv1d.weight", "output_groups"),
        ];
        for operator in blocks.iter_mut().flat_map(|block| &mut block.operators) {
            let Some(weight) = operator.tensors.first_mut() else {
                continue;
            };
            let Some((_, key)) = keys.iter().find(|(name, _)| *name == weight.name) else {
                continue;
            };
            let groups = config.size("groups", std::slice::from_ref(key))?;
            let Kind::Linear { input, output, .. } = &mut operator.kind else {
                continue;
            };
            if !input.value.is_multiple_of(groups.value) || !output.value.is_multiple_of(groups.value) {
                return Err(ModelError::Inconsistent(format!(
                    "{key} does not divide the width it groups."
                )));
            }
            *input = Quantity::quotient("channels of a group", input, &groups);
            weight.dims = vec![output.clone(), input.clone()];
        }
        Ok(blocks)
    },
    adjust_ends: |config, _, all| {
        let hidden = all.hidden.value;
        if config
            .optional("width", &["embedding_size"])?
            .is_some_and(|width| width.value != hidden)
        {
            return not_built(config, "Another width than that of the layers (embedding_size)");
        }
        Ok(())
    },
    ..Encoder::BERT
};
