//! What a loss law predicts, and what size and length are best for the compute of a run.
//!
//! L(N, D) = E + A/N^α + B/D^β, C = 6·N·D (Hoffmann 2022, arXiv 2203.15556, section 3.3). The constants as printed contradict
//! that paper's own twenty tokens a parameter; Besiroglu 2024 (arXiv 2404.10102) fitted its data anew.

use serde::Serialize;

/// Constants of a law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Law {
    /// Where they are from.
    pub source: &'static str,
    /// The loss that no model passes.
    pub e: f64,
    /// Numerator of the model's term.
    pub a: f64,
    /// Numerator of the data's term.
    pub b: f64,
    /// Exponent of the model's size.
    pub alpha: f64,
    /// Exponent of the tokens.
    pub beta: f64,
}

/// The laws on offer, the one that is used first.
pub const LAWS: [Law; 2] = [
    Law {
        source: "Besiroglu 2024 (arXiv 2404.10102), refitted",
        e: 1.8172,
        a: 482.01,
        b: 2085.43,
        alpha: 0.3478,
        beta: 0.3658,
    },
    Law {
        source: "Hoffmann 2022 (arXiv 2203.15556), as printed",
        e: 1.69,
        a: 406.4,
        b: 410.7,
        alpha: 0.34,
        beta: 0.28,
    },
];

/// A size and a number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Optimum {
    /// Parameters.
    pub parameters: f64,
    /// Tokens.
    pub tokens: f64,
    /// The loss predicted there.
    pub loss: f64,
}

impl Law {
    /// The loss of a model of so many parameters after so many tokens, nats a token.
    pub fn loss(&self, parameters: f64, tokens: f64) -> f64 {
        self.e + self.a / parameters.max(1.0).powf(self.alpha) + self.b / tokens.max(1.0).powf(self.beta)
    }
    /// The best size and length for so many operations: N* = Γ·(C/6)^(β/(α+β)).
    pub fn best(&self, flops: f64) -> Optimum {
        let gamma = (self.alpha * self.a / (self.beta * self.b)).powf(1.0 / (self.alpha + self.beta));
        let parameters = gamma * (flops / 6.0).powf(self.beta / (self.alpha + self.beta));
        let tokens = flops / (6.0 * parameters.max(1.0));
        Optimum {
            parameters,
            tokens,
            loss: self.loss(parameters, tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinchillas_compute() {
        // Besiroglu 2024: 5.76e23 operations; the printed constants ask for 93 tokens a parameter, the refit for 18.
        let at = |law: usize| LAWS[law].best(5.76e23);
        let near = |value: f64, want: f64| assert!((value / want - 1.0).abs() < 0.01, "{value} {want}");
        near(at(0).parameters, 72.3e9);
        near(at(0).tokens, 1.33e12);
        near(at(1).parameters, 32.2e9);
        near(at(1).tokens, 2.98e12);
    }
}
