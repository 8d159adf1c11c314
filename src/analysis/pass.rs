//! One pass through the model: how many rows each operator sees.

use super::question::Question;
use crate::model::operator::{Attention, Rows, Span};
use crate::scenario::{AttentionFlops, Logits, Mode};
use crate::units::{Number, Quantity};

/// What runs, per sequence.
#[derive(Clone, Debug)]
pub struct Pass<N> {
    /// Sequences.
    pub batch: N,
    /// New tokens of each sequence.
    pub tokens: N,
    /// Tokens whose keys are seen by the last of them, itself included.
    pub context: N,
    /// Positions of each sequence whose logits are wanted.
    pub logits: N,
    /// Whether one token a sequence is written.
    pub decode: bool,
    /// Count all pairs, as framework counters do.
    full: bool,
}

impl<N: Number> Pass<N> {
    /// The pass which the scenario's mode names.
    pub fn new(question: &Question<'_>) -> Self {
        let scenario = question.scenario;
        let batch = N::input(&question.batch());
        let full = scenario.attention_flops == AttentionFlops::Full;
        if scenario.mode == Mode::Decode {
            // The middle of the generation stands for all of it.
            let half = scenario.generated().div_ceil(2).max(1);
            let middle = Quantity::choice("half of generated", half, "Workload");
            let context = Quantity::sum("context", &[&question.prompt(), &middle]);
            return Self {
                batch,
                tokens: N::constant(1.0),
                context: N::input(&context),
                logits: N::constant(1.0),
                decode: true,
                full,
            };
        }
        let prompt = question.prompt();
        let all = scenario.mode == Mode::Pretrain || scenario.logits == Logits::All;
        Self {
            batch,
            tokens: N::input(&prompt),
            context: N::input(&prompt),
            logits: if all { N::input(&prompt) } else { N::constant(1.0) },
            decode: false,
            full,
        }
    }

    /// Rows of activations an operator sees, all sequences together.
    pub fn rows(&self, rows: Rows) -> N {
        let each = match rows {
            Rows::Tokens if self.decode => return self.batch.clone(),
            Rows::Tokens => self.tokens.clone(),
            Rows::Logits => self.logits.clone(),
            Rows::Keys => self.context.clone(),
            Rows::Encoder if self.decode => return N::zero(),
            Rows::Encoder => self.tokens.clone(),
            Rows::Idle => return N::zero(),
        };
        self.batch.clone().times(each)
    }

    /// Keys a decoded token sees in a layer.
    pub fn keys(&self, span: &Span) -> N {
        match span {
            Span::Full => self.context.clone(),
            Span::Window(window) => self.context.clone().least(N::input(window)),
        }
    }

    /// Pairs of a query and a key it sees, for one sequence and head.
    ///
    /// Decode: the keys. Prefill, causal: S(S+1)/2, with a window W < S: W(W+1)/2 + (S−W)·W. Prefill, full: S².
    pub fn pairs(&self, attention: &Attention) -> N {
        if self.decode {
            return self.keys(&attention.span);
        }
        let tokens = || self.tokens.clone();
        if self.full {
            return tokens().times(tokens());
        }
        let triangle = |side: N| side.clone().times(side.plus(N::constant(1.0))).over(N::constant(2.0));
        match &attention.span {
            Span::Window(window) if (window.value as f64) < self.tokens.value() => {
                let window = || N::input(window);
                triangle(window()).plus(tokens().minus(window()).times(window()))
            }
            _ => triangle(tokens()),
        }
    }
}
