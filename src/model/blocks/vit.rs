//! The layer of vision and audio towers. Source: Dosovitskiy 2020, arXiv 2010.11929.

use super::super::operator::Span;
use super::{Norm, Stack};
use crate::units::Quantity;

/// A transformer layer of a tower, and how it differs from others.
#[derive(Clone, Debug)]
pub struct Vit<'a> {
    /// Width of the residual stream.
    pub hidden: &'a Quantity,
    /// Query heads, where they are known.
    pub heads: Option<&'a Quantity>,
    /// Width of the queries, all heads.
    pub queries: &'a Quantity,
    /// Width of keys and of values, all heads.
    pub keys: &'a Quantity,
    /// Width of the MLP.
    pub width: &'a Quantity,
    /// What a row sees.
    pub span: Span,
    /// Modules of q, k and v, or one of all three.
    pub qkv: &'a [&'static str],
    /// Module of the output projection.
    pub output: &'static str,
    /// Modules of the MLP: up and down, or gate, up and down.
    pub mlp: &'a [&'static str],
    /// Modules of the norms: before attention and before the MLP, or before and after each.
    pub norms: &'a [&'static str],
    /// Kind of those norms.
    pub norm: Norm,
    /// Norms of queries and keys, with their kind and width.
    pub head_norm: Option<([&'static str; 2], Norm, &'a Quantity)>,
    /// Distances that queries are compared with besides.
    pub distances: Option<&'a Quantity>,
    /// Tensors that scale what each half of the layer adds.
    pub scales: &'a [&'static str],
    /// Which matrices have biases.
    pub bias: Biases,
}

impl<'a> Vit<'a> {
    /// The layer of CLIP's image tower, by the names SigLIP and others took over: full heads, two norms, biases everywhere.
    pub fn clip(hidden: &'a Quantity, heads: &'a Option<Quantity>, width: &'a Quantity) -> Self {
        Self {
            hidden,
            heads: heads.as_ref(),
            queries: hidden,
            keys: hidden,
            width,
            span: Span::Both,
            qkv: &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
            output: "self_attn.out_proj",
            mlp: &["mlp.fc1", "mlp.fc2"],
            norms: &["layer_norm1", "layer_norm2"],
            norm: Norm::Layer,
            head_norm: None,
            distances: None,
            scales: &[],
            bias: Biases::ALL,
        }
    }
}

/// Which matrices of a layer have biases.
#[derive(Clone, Copy, Debug)]
pub struct Biases {
    /// Queries and values.
    pub qv: bool,
    /// Keys.
    pub k: bool,
    /// The output projection.
    pub output: bool,
    /// The MLP.
    pub mlp: bool,
}

impl Biases {
    /// All of them.
    pub const ALL: Self = Self {
        qv: true,
        k: true,
        output: true,
        mlp: true,
    };
    /// None of them.
    pub const NONE: Self = Self {
        qv: false,
        k: false,
        output: false,
        mlp: false,
    };
}

impl Stack {
    /// A layer of the tower's transformer: attention, then an MLP.
    pub fn vit(self, layer: &Vit<'_>) -> Self {
        self.attention_of(layer).mlp_of(layer)
    }
    fn norm_of(self, layer: &Vit<'_>, at: usize) -> Self {
        let title = if layer.norm == Norm::Rms {
            "RMSNorm"
        } else {
            "LayerNorm"
        };
        match layer.norms.get(at) {
            Some(module) => self.block(title).norm(module, layer.norm, layer.hidden),
            None => self,
        }
    }
    /// The first half of a layer, with its norms.
    pub fn attention_of(self, layer: &Vit<'_>) -> Self {
        let bias = layer.bias;
        let mut stack = self.norm_of(layer, 0).block("Attention");
        stack = match layer.qkv {
            [q, k, v] => stack
                .linear(q, layer.queries, layer.hidden, bias.qv)
                .linear(k, layer.keys, layer.hidden, bias.k)
                .linear(v, layer.keys, layer.hidden, bias.qv),
            fused => {
                let all = Quantity::sum("qkv_width", &[layer.queries, layer.keys, layer.keys]);
                fused
                    .iter()
                    .fold(stack, |stack, module| stack.linear(module, &all, layer.hidden, bias.qv))
            }
        };
        if let Some(([of_queries, of_keys], kind, width)) = &layer.head_norm {
            stack = stack
                .head_norm(of_queries, *kind, width, layer.queries)
                .head_norm(of_keys, *kind, width, layer.keys);
        }
        stack = stack.attend(layer.heads, layer.queries, layer.keys, layer.span.clone());
        if let Some(distances) = layer.distances {
            stack = stack.compared("relative scores", distances, layer.queries);
        }
        stack = stack.linear(layer.output, layer.hidden, layer.queries, bias.output);
        if let Some(name) = layer.scales.first() {
            stack = stack.scale(name, &[layer.hidden]);
        }
        if layer.norms.len() == 4 {
            stack.norm_of(layer, 1)
        } else {
            stack
        }
    }
    /// The second half of a layer, with its norms.
    pub fn mlp_of(self, layer: &Vit<'_>) -> Self {
        let sandwiched = layer.norms.len() == 4;
        let mut stack = self.norm_of(layer, if sandwiched { 2 } else { 1 });
        if let Some((down, ups)) = layer.mlp.split_last() {
            stack = stack.block(if ups.len() > 1 { "Gated MLP" } else { "MLP" });
            for up in ups {
                stack = stack.linear(up, layer.width, layer.hidden, layer.bias.mlp);
            }
            stack = if ups.len() > 1 {
                stack.gated(layer.width, None)
            } else {
                stack.activation(layer.width)
            };
            stack = stack.linear(down, layer.hidden, layer.width, layer.bias.mlp);
        }
        if let Some(name) = layer.scales.get(1) {
            stack = stack.scale(name, &[layer.hidden]);
        }
        if sandwiched { stack.norm_of(layer, 3) } else { stack }
    }
}
