//! A part of a tower in the making: blocks in the order in which they run, each over its own rows.

use super::super::blueprint::Tower;
use super::super::component::Component;
use super::super::media::Stage;
use super::super::operator::{Attention, Block, Input, Kind, Live, Operator, Role, Routing, Rows, Span, Step};
use super::super::tensor::{Tensor, TensorKind};
use super::Norm;
use crate::units::Quantity;

/// A part of a tower in the making. Module names are relative to its prefix; `{i}` stands for the index of a repeat.
#[derive(Clone, Debug)]
pub struct Stack {
    tower: Tower,
    pub(super) component: Component,
    prefix: String,
    title: &'static str,
    stage: Stage,
    operators: Vec<Operator>,
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
            title,
            stage: Stage::Still,
            operators: Vec::new(),
        }
    }
    /// A part that repeats.
    pub fn repeated(component: Component, title: &'static str, prefix: impl Into<String>, count: &Quantity) -> Self {
        let mut stack = Self::once(component, title, prefix);
        stack.tower.count = Some(count.clone());
        stack
    }
    /// What follows runs over these rows.
    pub fn over(mut self, stage: Stage) -> Self {
        if self.stage != stage {
            let title = self.tower.title;
            self = self.block(title);
            self.stage = stage;
        }
        self
    }
    /// What follows runs over every patch, or every position of sound.
    pub fn patches(self) -> Self {
        self.over(Stage::Patches)
    }
    /// What follows is a block of its own.
    pub fn block(mut self, title: &'static str) -> Self {
        let operators = std::mem::take(&mut self.operators);
        if !operators.is_empty() {
            let live = live(&operators, self.tower.count.is_some());
            self.tower.blocks.push(Block {
                operators,
                live,
                input: Input::Tower(self.stage.clone()),
                ..Block::new(self.title, Role::Tower)
            });
        }
        self.title = title;
        self
    }
    fn named(&self, module: &str) -> String {
        format!("{}{module}", self.prefix)
    }
    /// A linear layer `[out, in]`, with or without a bias `[out]`.
    pub fn linear(mut self, module: &str, out: &Quantity, input: &Quantity, bias: bool) -> Self {
        let name = self.named(module);
        let weight = Tensor::matrix(format!("{name}.weight"), self.component, out, input);
        let bias = bias.then(|| Tensor::vector(format!("{name}.bias"), self.component, out));
        self.operators
            .push(Operator::linear("projection", weight, bias, Rows::Tokens, out, input));
        self
    }
    /// Keys and values of a matrix `[3 · hidden, hidden]` that makes queries too, its tensors under names of their own.
    pub fn keys_and_values(mut self, [weight, bias]: [&str; 2], hidden: &Quantity) -> Self {
        let (double, triple) = (hidden.times("kv_width", 2), hidden.times("qkv_width", 3));
        let tensor =
            |name: &str, dims: &[&Quantity]| Tensor::new(self.named(name), TensorKind::Vector, self.component, dims);
        let (weight, bias) = (tensor(weight, &[&triple, hidden]), tensor(bias, &[&triple]));
        let made = Operator::linear("projection", weight, Some(bias), Rows::Tokens, &double, hidden);
        self.operators.push(made);
        self
    }
    /// Products of rows with so many vectors that are not stored: distances.
    pub fn compared(mut self, name: &'static str, with: &Quantity, width: &Quantity) -> Self {
        self.operators.push(self.product(name, with, width));
        self
    }
    fn product(&self, name: &'static str, output: &Quantity, input: &Quantity) -> Operator {
        Operator {
            name,
            component: self.component,
            kind: Kind::Linear {
                rows: Rows::Tokens,
                input: input.clone(),
                output: output.clone(),
                routing: None,
            },
            tensors: Vec::new(),
        }
    }
    /// Queries of a matrix that stands where it makes keys and values.
    pub fn queries(mut self, hidden: &Quantity) -> Self {
        self.operators.push(self.product("queries", hidden, hidden));
        self
    }
    /// A linear layer whose one tensor is `[in, out]` under a name of its own.
    pub fn turned(mut self, name: &str, out: &Quantity, input: &Quantity) -> Self {
        let weight = Tensor::new(self.named(name), TensorKind::Vector, self.component, &[input, out]);
        self.operators
            .push(Operator::linear("projection", weight, None, Rows::Tokens, out, input));
        self
    }
    /// One matrix `[out, in]` of each expert, of which a patch passes some.
    pub fn expert(mut self, module: &str, out: &Quantity, input: &Quantity, routing: &Routing) -> Self {
        let name = format!("{}.weight", self.named(module));
        let weight = Tensor::matrix(name, self.component, out, input).each(&routing.experts);
        let mut operator = Operator::linear("projection", weight, None, Rows::Tokens, out, input);
        if let Kind::Linear { routing: chosen, .. } = &mut operator.kind {
            *chosen = Some(routing.clone());
        }
        self.operators.push(operator);
        self
    }
    /// The kernel of a convolution, outermost dimension first, with or without a bias: a product with what lies under it, for
    /// each row that comes out. Formats leave it alone.
    pub fn kernel(mut self, module: &str, dims: &[&Quantity], bias: bool) -> Self {
        let name = self.named(module);
        let component = self.component;
        let [out, under @ ..] = dims else { return self };
        let weight = Tensor::new(format!("{name}.weight"), TensorKind::Vector, component, dims);
        let bias = bias.then(|| Tensor::vector(format!("{name}.bias"), component, out));
        let input = Quantity::product("values under the kernel", under);
        self.operators
            .push(Operator::linear("convolution", weight, bias, Rows::Tokens, out, &input));
        self
    }
    /// A norm.
    pub fn norm(mut self, module: &str, kind: Norm, width: &Quantity) -> Self {
        let tensors = kind.tensors(&self.named(module), self.component, &[width]);
        self.operators.push(Operator {
            tensors,
            ..Operator::elementwise("norm", self.component, width, Step::Norm(kind), 1)
        });
        self
    }
    /// A norm of each head of queries or keys: as wide as all heads, its weights as wide as one where they are shared.
    pub(super) fn head_norm(mut self, module: &str, kind: Norm, weights: &Quantity, all: &Quantity) -> Self {
        let tensors = kind.tensors(&self.named(module), self.component, &[weights]);
        self.operators.push(Operator {
            tensors,
            ..Operator::elementwise("norm", self.component, all, Step::Norm(kind), 1)
        });
        self
    }
    /// Any other tensor: a class token, a table of positions.
    pub fn tensor(mut self, name: &str, dims: &[&Quantity]) -> Self {
        let tensor = Tensor::new(self.named(name), TensorKind::Vector, self.component, dims);
        self.operators.push(Operator {
            name: "table",
            component: self.component,
            kind: Kind::Idle,
            tensors: vec![tensor],
        });
        self
    }
    /// A vector that scales what passes.
    pub fn scale(mut self, name: &str, dims: &[&Quantity]) -> Self {
        let Some(width) = dims.first() else { return self };
        let tensor = Tensor::new(self.named(name), TensorKind::Vector, self.component, dims);
        self.operators.push(Operator {
            tensors: vec![tensor],
            ..Operator::elementwise("scale", self.component, width, Step::Plain(1), 1)
        });
        self
    }
    /// A nonlinearity.
    pub fn activation(mut self, width: &Quantity) -> Self {
        self.operators.push(Operator::elementwise(
            "activation",
            self.component,
            width,
            Step::Activation,
            1,
        ));
        self
    }
    /// A nonlinearity times the other half; of routed experts for each that is chosen.
    pub fn gated(mut self, width: &Quantity, routed: Option<&Routing>) -> Self {
        let mut operator = Operator::elementwise("activation", self.component, width, Step::GatedActivation, 2);
        if let Kind::Elementwise { routing, .. } = &mut operator.kind {
            *routing = routed.cloned();
        }
        self.operators.push(operator);
        self
    }
    /// Scores and values: queries `heads × dim` wide, keys and values as wide as `keys`. Heads that are not known are one: their
    /// products cost the same.
    pub fn attend(mut self, heads: Option<&Quantity>, queries: &Quantity, keys: &Quantity, span: Span) -> Self {
        let one = Quantity::architecture("heads", 1, "heads are not known; their products cost the same");
        let known = heads.filter(|heads| heads.value > 0 && queries.value.is_multiple_of(heads.value));
        let heads = known.cloned().unwrap_or(one);
        let dim = Quantity::quotient("head_dim", queries, &heads);
        let attention = Attention {
            kv_heads: Quantity::quotient("kv_heads", keys, &dim),
            key_dim: dim.clone(),
            value_dim: dim,
            heads,
            span,
            latent: None,
        };
        self.operators.push(Operator {
            name: "scores and values",
            component: self.component,
            kind: Kind::Attention(Box::new(attention)),
            tensors: Vec::new(),
        });
        self
    }
    /// The finished part.
    pub fn finish(self) -> Tower {
        self.block("").tower
    }
}

/// What is alive together while a block runs: what it reads, what each operator makes but the last, and in layers the stream
/// beside them with the sum it is added to.
fn live(operators: &[Operator], layers: bool) -> Vec<Live> {
    let mut made: Vec<Quantity> = Vec::new();
    let mut read: Option<Quantity> = None;
    let mut routed = Vec::new();
    for operator in operators {
        match &operator.kind {
            Kind::Linear {
                input, output, routing, ..
            } => {
                read.get_or_insert_with(|| input.clone());
                match routing {
                    Some(routing) => routed.push(Live::routed("experts", output, routing)),
                    None => made.push(output.clone()),
                }
            }
            Kind::Elementwise { width, step, .. } => {
                read.get_or_insert_with(|| width.clone());
                if matches!(step, Step::Activation | Step::GatedActivation) {
                    made.push(width.clone());
                }
            }
            Kind::Attention(attention) => {
                made.push(Quantity::product(
                    "attention output",
                    &[&attention.heads, &attention.value_dim],
                ));
            }
            _ => {}
        }
    }
    let stream = read
        .clone()
        .filter(|_| layers)
        .map(|read| read.times("residual stream", 2));
    if layers {
        made.pop();
    }
    let all = read.into_iter().chain(stream).chain(made);
    let mut all: Vec<Live> = all.map(|width| Live::new("tower", &width)).collect();
    all.extend(routed);
    all
}
