//! Which type llama.cpp's quantiser gives a tensor, by what it is for and where its layer stands.
//!
//! Source: `llama_tensor_get_type` in llama.cpp's `src/llama-quant.cpp`; see [`Mix`] for what is assumed.

use super::class::Class;
use super::ggml::GgmlType::{self, *};
use super::mix::{Condition, Mix};

/// What a model is, as far as the rules ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Query heads that share a key and value head, in the first layer.
    pub gqa: u64,
    /// Routed experts of a layer; zero without any.
    pub experts: u64,
    /// Whether llama.cpp knows it as a model of 70 billion parameters.
    pub seventy: bool,
    /// Whether it is a Falcon, which has rules of its own.
    pub falcon: bool,
    /// Whether the token table is the output head as well.
    pub tied: bool,
}

/// Types of a tensor: where a condition holds the first, and so on; each condition implies the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Conditions, the narrowest first.
    pub when: Vec<(Condition, GgmlType)>,
    /// Everywhere else.
    pub otherwise: GgmlType,
}

impl Rule {
    const fn all(otherwise: GgmlType) -> Self {
        Self {
            when: Vec::new(),
            otherwise,
        }
    }
    fn when(condition: Condition, then: GgmlType, otherwise: GgmlType) -> Self {
        Self {
            when: vec![(condition, then)],
            otherwise,
        }
    }
    /// The same with each type changed.
    pub fn map(mut self, change: impl Fn(GgmlType) -> GgmlType) -> Self {
        for (_, one) in &mut self.when {
            *one = change(*one);
        }
        self.otherwise = change(self.otherwise);
        self
    }
}

impl Mix {
    /// The rule for a tensor of this class whose rows are `row` long.
    pub fn rule(self, class: Class, facts: &Facts, row: u64, stacked: bool) -> Rule {
        let base = self.base();
        if class == Class::Small {
            return Rule::all(F32);
        }
        if base.block() == 1 {
            return Rule::all(base);
        }
        let head = class == Class::Output || (class == Class::TokenTable && facts.tied);
        let rule = match self {
            _ if head => Rule::all(self.head(facts, row)),
            Self::MXFP4_MOE => Rule::all(if stacked { MXFP4 } else { Q8_0 }),
            _ if class == Class::TokenTable => Rule::all(self.table()),
            Self::IQ1_S | Self::IQ1_M | Self::IQ2_XXS | Self::IQ2_XS | Self::IQ2_S | Self::IQ2_M => {
                self.rule_low(class, facts)
            }
            _ => self.rule_common(class, facts),
        };
        rule.map(|one| one.fitting(row))
    }

    /// The output head.
    fn head(self, facts: &Facts, row: u64) -> GgmlType {
        let base = self.base();
        match self {
            Self::MXFP4_MOE => Q8_0,
            _ if facts.falcon || !row.is_multiple_of(base.block()) => Q8_0,
            Self::IQ1_S | Self::IQ1_M | Self::IQ2_XXS | Self::IQ2_XS | Self::IQ2_S | Self::IQ2_M | Self::IQ3_XXS => {
                Q5_K
            }
            _ if base == Q8_0 => Q8_0,
            _ => Q6_K,
        }
    }

    /// The token table of a model with a head of its own.
    const fn table(self) -> GgmlType {
        match self {
            Self::IQ1_S | Self::IQ1_M | Self::IQ2_XXS | Self::IQ2_XS => Q2_K,
            Self::IQ2_S | Self::IQ2_M | Self::IQ3_XXS => IQ3_S,
            Self::TQ1_0 | Self::TQ2_0 => Q4_K,
            _ => self.base(),
        }
    }

    /// Mixes of about two bits and fewer.
    fn rule_low(self, class: Class, facts: &Facts) -> Rule {
        let base = self.base();
        let better = if matches!(self, Self::IQ2_S | Self::IQ2_M) {
            IQ3_S
        } else {
            Q2_K
        };
        match class {
            Class::Value => Rule::all(if facts.gqa >= 4 || facts.experts >= 4 {
                Q4_K
            } else {
                better
            }),
            Class::Key if facts.experts == 8 => Rule::all(Q4_K),
            Class::Down | Class::SharedDown => Rule::when(Condition::Eighth, better, base),
            Class::AttentionOutput => Rule::all(match self {
                _ if facts.experts == 8 => Q5_K,
                Self::IQ1_S | Self::IQ1_M => IQ2_XXS,
                Self::IQ2_S | Self::IQ2_M => IQ3_S,
                _ => base,
            }),
            _ => Rule::all(base),
        }
    }

    /// All others.
    fn rule_common(self, class: Class, facts: &Facts) -> Rule {
        let base = self.base();
        let grouped = facts.gqa >= 4;
        let eight = facts.experts == 8;
        let plain = Rule::all(base);
        match class {
            Class::Value if eight => Rule::all(Q8_0),
            Class::Value => {
                let rule = match self {
                    Self::Q2_K => Rule::all(if grouped { Q4_K } else { Q3_K }),
                    Self::Q2_K_S | Self::IQ3_XXS | Self::IQ3_XS | Self::IQ3_S if grouped => Rule::all(Q4_K),
                    Self::IQ3_XXS => Rule::all(IQ3_S),
                    Self::IQ3_M => Rule::all(Q4_K),
                    Self::Q3_K_M => Rule::when(Condition::Two, Q5_K, Q4_K),
                    Self::Q3_K_L => Rule::all(Q5_K),
                    Self::IQ4_NL | Self::IQ4_XS if grouped => Rule::all(Q5_K),
                    Self::Q4_K_M | Self::Q5_K_M => Rule::when(Condition::More, Q6_K, base),
                    Self::Q4_K_S => Rule::when(Condition::Four, Q5_K, base),
                    _ => plain,
                };
                // Eight query heads share it in models of this size, so more bits cost next to nothing.
                rule.map(|one| match one {
                    Q3_K | Q4_K if facts.seventy => Q5_K,
                    other => other,
                })
            }
            Class::Key if eight => Rule::all(Q8_0),
            Class::Key | Class::Query => Rule::all(match self {
                Self::IQ3_XS => IQ3_XXS,
                Self::IQ3_XXS => IQ2_S,
                _ => base,
            }),
            Class::Down | Class::SharedDown => match self {
                Self::Q2_K => Rule::all(Q3_K),
                Self::Q2_K_S => Rule::when(Condition::Eighth, Q4_K, base),
                Self::IQ3_XXS => Rule::when(Condition::Eighth, Q4_K, Q3_K),
                Self::IQ4_NL | Self::IQ4_XS => Rule::when(Condition::Eighth, Q5_K, base),
                Self::Q3_K_M if facts.falcon => Rule {
                    when: vec![(Condition::Sixteenth, Q5_K), (Condition::More, Q4_K)],
                    otherwise: Q3_K,
                },
                Self::Q3_K_M => Rule::when(Condition::Sixteenth, Q5_K, Q4_K),
                Self::IQ3_M => Rule::when(if eight { Condition::More } else { Condition::Eighth }, Q4_K, base),
                Self::Q3_K_L => Rule::all(if facts.falcon { Q4_K } else { Q5_K }),
                Self::Q4_K_M if facts.falcon => Rule {
                    when: vec![(Condition::Sixteenth, Q6_K), (Condition::More, Q5_K)],
                    otherwise: Q4_K,
                },
                Self::Q4_K_M | Self::Q5_K_M => Rule::when(Condition::More, Q6_K, base),
                Self::Q4_K_S if !facts.falcon => Rule::when(Condition::Eighth, Q5_K, base),
                _ => plain,
            },
            Class::AttentionOutput if facts.falcon => Rule::all(if self == Self::Q3_K_L { Q4_K } else { base }),
            Class::AttentionOutput => Rule::all(match self {
                Self::Q2_K
                | Self::IQ3_XS
                | Self::IQ3_XXS
                | Self::Q3_K_S
                | Self::Q3_K_M
                | Self::IQ4_NL
                | Self::Q4_K_S
                | Self::Q4_K_M
                | Self::IQ3_S
                | Self::IQ3_M
                | Self::IQ4_XS
                    if eight =>
                {
                    Q5_K
                }
                _ if eight => base,
                Self::Q2_K => Q3_K,
                Self::IQ3_XXS => IQ3_S,
                Self::Q3_K_M | Self::IQ3_M => Q4_K,
                Self::Q3_K_L => Q5_K,
                _ => base,
            }),
            Class::FusedQueryKeyValue => Rule::all(match self {
                Self::Q3_K_M | Self::Q3_K_L | Self::IQ3_M => Q4_K,
                Self::Q4_K_M => Q5_K,
                Self::Q5_K_M => Q6_K,
                _ => base,
            }),
            Class::GateOrUp if self == Self::IQ3_XS => Rule::when(Condition::Middle, IQ3_XXS, base),
            _ => plain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_depend_on_the_model() {
        let facts = Facts {
            gqa: 8,
            seventy: true,
            ..Facts::default()
        };
        let value = Mix::Q4_K_M.rule(Class::Value, &facts, 8192, false);
        assert_eq!(value, Rule::when(Condition::More, Q6_K, Q5_K));
        let mixtral = Facts {
            experts: 8,
            gqa: 4,
            ..Facts::default()
        };
        assert_eq!(Mix::Q4_K_M.rule(Class::Key, &mixtral, 4096, false), Rule::all(Q8_0));
        let odd = Mix::Q4_K_M.rule(Class::Output, &Facts::default(), 2880, false);
        assert_eq!(odd, Rule::all(Q8_0));
        assert_eq!(
            Mix::MXFP4_MOE.rule(Class::GateOrUp, &facts, 2880, true),
            Rule::all(MXFP4)
        );
    }
}
