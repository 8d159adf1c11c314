//! Building blocks of vision and audio towers: counted, but idle in a pass over text.

use super::super::blueprint::Tower;
use super::super::component::Component;
use super::super::operator::{Block, Kind, Operator, Role, Routing, Rows};
use super::super::tensor::{Tensor, TensorKind};
use super::Norm;
use crate::units::Quantity;

/// A part of a tower in the making. Module names are relative to its prefix; `{i}` stands for the index of a repeat.
#[derive(Clone, Debug)]
pub struct Stack {
    tower: Tower,
    component: Component,
    prefix: String,
    operators: Vec<Operator>,
}

/// A transformer layer of a tower, and how it differs from others.
#[derive(Clone, Debug)]
pub struct Vit<'a> {
    /// Width of the residual stream.
    pub hidden: &'a Quantity,
    /// Width of the queries, all heads.
    pub queries: &'a Quantity,
    /// Width of keys and of values, all heads.
    pub keys: &'a Quantity,
    /// Width of the MLP.
    pub width: &'a Quantity,
    /// Modules of q, k and v, or one of all three.
    pub qkv: &'a [&'static str],
    /// Module of the output projection.
    pub output: &'static str,
    /// Modules of the MLP: up and down, or gate, up and down.
    pub mlp: &'a [&'static str],
    /// Modules of the norms.
    pub norms: &'a [&'static str],
    /// Kind of those norms.
    pub norm: Norm,
    /// Norms of queries and keys, with their kind and width.
    pub head_norm: Option<([&'static str; 2], Norm, &'a Quantity)>,
    /// Tensors that scale what each half of the layer adds.
    pub scales: &'a [&'static str],
    /// Which matrices have biases.
    pub bias: Biases,
}

impl<'a> Vit<'a> {
    /// The layer of CLIP's image tower, by the names SigLIP and others took over: full heads, two norms, biases everywhere.
    pub fn clip(hidden: &'a Quantity, width: &'a Quantity) -> Self {
        Self {
            hidden,
            queries: hidden,
            keys: hidden,
            width,
            qkv: &["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
            output: "self_attn.out_proj",
            mlp: &["mlp.fc1", "mlp.fc2"],
            norms: &["layer_norm1", "layer_norm2"],
            norm: Norm::Layer,
            head_norm: None,
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
    /// A part that occurs once.
    pub fn once(component: Component, title: &'static str, prefix: impl Into<String>) -> Self {
        Self {
            tower: Tower {
                title,
                blocks: Vec::new(),
                count: None,
            },
            component,
            prefix: prefix.into(),
            operators: Vec::new(),
        }
    }
    /// A part that repeats.
    pub fn repeated(component: Component, title: &'static str, prefix: impl Into<String>, count: &Quantity) -> Self {
        let mut stack = Self::once(component, title, prefix);
        stack.tower.count = Some(count.clone());
        stack
    }

    fn hold(mut self, name: &'static str, tensors: Vec<Tensor>) -> Self {
        if !tensors.is_empty() {
            self.operators.push(Operator {
                name,
                component: self.component,
                kind: Kind::Idle,
                tensors,
            });
        }
        self
    }

    /// A linear layer `[out, in]`, with or without a bias `[out]`.
    pub fn linear(mut self, module: &str, out: &Quantity, input: &Quantity, bias: bool) -> Self {
        let name = format!("{}{module}", self.prefix);
        let weight = Tensor::matrix(format!("{name}.weight"), self.component, out, input);
        let bias = bias.then(|| Tensor::vector(format!("{name}.bias"), self.component, out));
        self.operators
            .push(Operator::linear("projection", weight, bias, Rows::Idle, out, input));
        self
    }
    /// One matrix `[out, in]` of each expert, of which a patch passes some.
    pub fn expert(mut self, module: &str, out: &Quantity, input: &Quantity, routing: &Routing) -> Self {
        let name = format!("{}{module}.weight", self.prefix);
        let weight = Tensor::matrix(name, self.component, out, input).each(&routing.experts);
        let mut operator = Operator::linear("projection", weight, None, Rows::Idle, out, input);
        if let Kind::Linear { routing: chosen, .. } = &mut operator.kind {
            *chosen = Some(routing.clone());
        }
        self.operators.push(operator);
        self
    }
    /// The kernel of a convolution, outermost dimension first, with or without a bias. Formats leave it alone.
    pub fn kernel(self, module: &str, dims: &[&Quantity], bias: bool) -> Self {
        let name = format!("{}{module}", self.prefix);
        let component = self.component;
        let mut tensors = vec![Tensor::new(
            format!("{name}.weight"),
            TensorKind::Vector,
            component,
            dims,
        )];
        if let Some(out) = dims.first().filter(|_| bias) {
            tensors.push(Tensor::vector(format!("{name}.bias"), component, out));
        }
        self.hold("convolution", tensors)
    }
    /// A norm.
    pub fn norm(self, module: &str, kind: Norm, width: &Quantity) -> Self {
        let tensors = kind.tensors(&format!("{}{module}", self.prefix), self.component, &[width]);
        self.hold("norm", tensors)
    }
    /// Any other tensor: a class token, a table of positions, a scale.
    pub fn tensor(self, name: &str, dims: &[&Quantity]) -> Self {
        let name = format!("{}{name}", self.prefix);
        let component = self.component;
        self.hold("table", vec![Tensor::new(name, TensorKind::Vector, component, dims)])
    }
    /// A layer of the tower's transformer. Source: Dosovitskiy 2020, arXiv 2010.11929.
    pub fn vit(mut self, layer: &Vit<'_>) -> Self {
        for module in layer.norms {
            self = self.norm(module, layer.norm, layer.hidden);
        }
        let bias = layer.bias;
        self = match layer.qkv {
            [q, k, v] => self
                .linear(q, layer.queries, layer.hidden, bias.qv)
                .linear(k, layer.keys, layer.hidden, bias.k)
                .linear(v, layer.keys, layer.hidden, bias.qv),
            fused => {
                let all = Quantity::sum("qkv_width", &[layer.queries, layer.keys, layer.keys]);
                fused
                    .iter()
                    .fold(self, |stack, module| stack.linear(module, &all, layer.hidden, bias.qv))
            }
        };
        if let Some((modules, kind, width)) = &layer.head_norm {
            for module in modules {
                self = self.norm(module, *kind, width);
            }
        }
        self = self.linear(layer.output, layer.hidden, layer.queries, bias.output);
        if let Some((down, ups)) = layer.mlp.split_last() {
            for up in ups {
                self = self.linear(up, layer.width, layer.hidden, bias.mlp);
            }
            self = self.linear(down, layer.hidden, layer.width, bias.mlp);
        }
        for name in layer.scales {
            self = self.tensor(name, &[layer.hidden]);
        }
        self
    }
    /// The finished part.
    pub fn finish(mut self) -> Tower {
        self.tower.blocks = vec![Block {
            operators: self.operators,
            ..Block::new(self.tower.title, Role::Tower)
        }];
        self.tower
    }
}
