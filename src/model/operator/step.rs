//! What work element by element does: how many operations an element costs, and what the backward pass needs of it.

/// Kinds of normalisation by their parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Root mean square, one weight an element.
    Rms,
    /// Mean and variance, weight and bias.
    Layer,
    /// Mean and variance, weight only.
    LayerWithoutBias,
    /// Mean and variance, no parameters (OLMo 1).
    Plain,
}

/// A step element by element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Normalisation.
    Norm(Norm),
    /// A nonlinearity.
    Activation,
    /// A nonlinearity times the other half.
    GatedActivation,
    /// Rotation by the position.
    Rotary,
    /// Softmax, of which the best may be picked.
    Softmax,
    /// So many additions and multiplications.
    Plain(u64),
}

impl Step {
    /// Operations an element, by convention one for each addition, multiplication, division, root or exponential.
    pub const fn flops(self) -> u64 {
        match self {
            // Square, sum, scale by the root, weight.
            Self::Norm(Norm::Rms) => 4,
            // Mean, difference, square, sum, scale, weight, bias.
            Self::Norm(_) => 7,
            // Exponential, sum, division, product with the other half.
            Self::GatedActivation => 5,
            // Exponential, sum, division, product.
            Self::Activation => 4,
            // Two products and a sum.
            Self::Rotary => 3,
            // Largest, difference, exponential, sum, division.
            Self::Softmax => 5,
            Self::Plain(flops) => flops,
        }
    }
}
