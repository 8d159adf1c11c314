//! Numbers that remember how they were computed.

use std::borrow::Cow;
use std::sync::Arc;

use super::number::Number;
use super::quantity::Quantity;
use super::unit::Unit;

/// How a node combines its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Parts added.
    Sum,
    /// The first less the second.
    Difference,
    /// Parts multiplied.
    Product,
    /// The first divided by the second.
    Quotient,
    /// The first divided by the second, rounded up.
    Ceiling,
    /// The smaller.
    Least,
    /// The larger.
    Most,
    /// The first to the power of the second.
    Power,
}

impl Operation {
    /// The sign written between the parts.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Sum => "+",
            Self::Difference => "−",
            Self::Product => "×",
            Self::Quotient | Self::Ceiling => "÷",
            Self::Least | Self::Most => ",",
            Self::Power => "^",
        }
    }
}

/// One step of a computation.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A number of the formula itself.
    Constant,
    /// A named input.
    Input(Quantity),
    /// A combination of parts.
    Combined(Operation, Vec<Trace>),
    /// A result with a name of its own.
    Named {
        /// Its name.
        name: Cow<'static, str>,
        /// What it is, in a sentence; may be empty.
        about: &'static str,
        /// What it is of; none where that is what the number it is a part of is.
        unit: Option<Unit>,
        /// What its formula leaves out, in a sentence; may be empty.
        not_counted: &'static str,
        /// How it was computed.
        inner: Trace,
    },
}

/// A value and the step that made it. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// The value; exact below 2^53.
    pub value: f64,
    /// The step.
    pub node: Arc<Node>,
}

impl Trace {
    /// Its unit, where one of its names says it; the outermost that does.
    pub fn unit(&self) -> Option<Unit> {
        match &*self.node {
            Node::Named { unit, inner, .. } => unit.or_else(|| inner.unit()),
            _ => None,
        }
    }
    /// What its formula leaves out, as the outermost of its names that says it.
    pub fn not_counted(&self) -> &'static str {
        match &*self.node {
            Node::Named {
                not_counted: "", inner, ..
            } => inner.not_counted(),
            Node::Named { not_counted, .. } => not_counted,
            _ => "",
        }
    }
}

/// A number that carries its trace.
#[derive(Clone, Debug, PartialEq)]
pub struct Traced<N> {
    number: N,
    /// How the number was computed.
    pub trace: Trace,
}

impl<N: Number> Traced<N> {
    /// The number itself.
    pub fn number(&self) -> N {
        self.number.clone()
    }
    fn new(number: N, node: Node) -> Self {
        let value = number.value();
        Self {
            number,
            trace: Trace {
                value,
                node: Arc::new(node),
            },
        }
    }
    fn combine(how: Operation, number: N, left: Self, right: Self) -> Self {
        let mut parts = Vec::with_capacity(2);
        for side in [left.trace, right.trace] {
            match &*side.node {
                // Sums and products are flat: a + b + c is one node, not two.
                Node::Combined(inner, nested)
                    if *inner == how && matches!(how, Operation::Sum | Operation::Product) =>
                {
                    parts.extend_from_slice(nested);
                }
                _ => parts.push(side),
            }
        }
        Self::new(number, Node::Combined(how, parts))
    }
}

impl<N: Number> Number for Traced<N> {
    fn constant(value: f64) -> Self {
        Self::new(N::constant(value), Node::Constant)
    }
    fn input(quantity: &Quantity) -> Self {
        let number = N::input(quantity);
        if quantity.name.is_empty() {
            return Self::new(number, Node::Constant);
        }
        Self::new(number, Node::Input(quantity.clone()))
    }
    fn named(self, name: &str, about: &'static str) -> Self {
        let node = Node::Named {
            name: Cow::Owned(name.to_owned()),
            about,
            unit: None,
            not_counted: "",
            inner: self.trace,
        };
        Self::new(self.number, node)
    }
    fn in_unit(mut self, of: Unit) -> Self {
        if let Node::Named { unit, .. } = Arc::make_mut(&mut self.trace.node) {
            *unit = Some(of);
        }
        self
    }
    fn without(mut self, what: &'static str) -> Self {
        if let Node::Named { not_counted, .. } = Arc::make_mut(&mut self.trace.node) {
            *not_counted = what;
        }
        self
    }
    fn value(&self) -> f64 {
        self.number.value()
    }
    fn plus(self, other: Self) -> Self {
        // Nothing is added by zero, and an explanation should not say so.
        if self.value() == 0.0 && matches!(*self.trace.node, Node::Constant) {
            return other;
        }
        if other.value() == 0.0 && matches!(*other.trace.node, Node::Constant) {
            return self;
        }
        Self::combine(
            Operation::Sum,
            self.number.clone().plus(other.number.clone()),
            self,
            other,
        )
    }
    fn minus(self, other: Self) -> Self {
        Self::combine(
            Operation::Difference,
            self.number.clone().minus(other.number.clone()),
            self,
            other,
        )
    }
    fn times(self, other: Self) -> Self {
        Self::combine(
            Operation::Product,
            self.number.clone().times(other.number.clone()),
            self,
            other,
        )
    }
    fn over(self, other: Self) -> Self {
        Self::combine(
            Operation::Quotient,
            self.number.clone().over(other.number.clone()),
            self,
            other,
        )
    }
    fn over_ceiling(self, other: Self) -> Self {
        Self::combine(
            Operation::Ceiling,
            self.number.clone().over_ceiling(other.number.clone()),
            self,
            other,
        )
    }
    fn least(self, other: Self) -> Self {
        Self::combine(
            Operation::Least,
            self.number.clone().least(other.number.clone()),
            self,
            other,
        )
    }
    fn most(self, other: Self) -> Self {
        Self::combine(
            Operation::Most,
            self.number.clone().most(other.number.clone()),
            self,
            other,
        )
    }
    fn power(self, exponent: Self) -> Self {
        Self::combine(
            Operation::Power,
            self.number.clone().power(exponent.number.clone()),
            self,
            exponent,
        )
    }
}
