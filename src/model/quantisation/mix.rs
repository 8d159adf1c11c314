//! The mixes of llama.cpp's quantiser: which type a tensor gets, by what it is for and where its layer stands.
//!
//! Source: `llama_tensor_get_type` in llama.cpp's `src/llama-quant.cpp`, as of 2025 and without an override. Where a rule
//! asks for an importance matrix, the file is taken as written without one, as the tool does by itself. The smallest
//! mixes cannot be written without; none of their rules asks.

use strum::IntoEnumIterator;

use super::class::Class;
use super::ggml::GgmlType::{self, *};

macro_rules! mixes {
    ($($name:ident, $key:literal, $label:literal, $base:ident;)+) => {
        /// A mix: the name a GGUF file carries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::EnumIter)]
        #[allow(non_camel_case_types, reason = "the names llama.cpp gives them")]
        pub enum Mix {
            $(#[doc = $label] $name,)+
        }
        impl Mix {
            /// Its key: `q4_k_m`.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key,)+ }
            }
            /// Its name for people.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)+ }
            }
            /// The type most tensors get.
            pub const fn base(self) -> GgmlType {
                match self { $(Self::$name => GgmlType::$base,)+ }
            }
        }
    };
}

mixes! {
    F32, "gguf-f32", "GGUF F32", F32;
    F16, "gguf-f16", "GGUF F16", F16;
    BF16, "gguf-bf16", "GGUF BF16", BF16;
    Q8_0, "q8_0", "Q8_0", Q8_0;
    Q6_K, "q6_k", "Q6_K", Q6_K;
    Q5_K_M, "q5_k_m", "Q5_K_M", Q5_K;
    Q5_K_S, "q5_k_s", "Q5_K_S", Q5_K;
    Q5_1, "q5_1", "Q5_1", Q5_1;
    Q5_0, "q5_0", "Q5_0", Q5_0;
    Q4_K_M, "q4_k_m", "Q4_K_M", Q4_K;
    Q4_K_S, "q4_k_s", "Q4_K_S", Q4_K;
    Q4_1, "q4_1", "Q4_1", Q4_1;
    Q4_0, "q4_0", "Q4_0", Q4_0;
    IQ4_NL, "iq4_nl", "IQ4_NL", IQ4_NL;
    IQ4_XS, "iq4_xs", "IQ4_XS", IQ4_XS;
    MXFP4_MOE, "mxfp4_moe", "MXFP4 MoE", MXFP4;
    Q3_K_L, "q3_k_l", "Q3_K_L", Q3_K;
    Q3_K_M, "q3_k_m", "Q3_K_M", Q3_K;
    Q3_K_S, "q3_k_s", "Q3_K_S", Q3_K;
    IQ3_M, "iq3_m", "IQ3_M", IQ3_S;
    IQ3_S, "iq3_s", "IQ3_S", IQ3_S;
    IQ3_XS, "iq3_xs", "IQ3_XS", IQ3_S;
    IQ3_XXS, "iq3_xxs", "IQ3_XXS", IQ3_XXS;
    Q2_K, "q2_k", "Q2_K", Q2_K;
    Q2_K_S, "q2_k_s", "Q2_K_S", Q2_K;
    IQ2_M, "iq2_m", "IQ2_M", IQ2_S;
    IQ2_S, "iq2_s", "IQ2_S", IQ2_XS;
    IQ2_XS, "iq2_xs", "IQ2_XS", IQ2_XS;
    IQ2_XXS, "iq2_xxs", "IQ2_XXS", IQ2_XXS;
    TQ2_0, "tq2_0", "TQ2_0", TQ2_0;
    TQ1_0, "tq1_0", "TQ1_0", TQ1_0;
    IQ1_M, "iq1_m", "IQ1_M", IQ1_M;
    IQ1_S, "iq1_s", "IQ1_S", IQ1_S;
}

impl Mix {
    /// The mix a name means inside llama.cpp, where `bf16`, `fp16` and `mxfp4` are kinds of GGUF files as well.
    pub fn named(name: &str) -> Option<Self> {
        let key = match name {
            "fp32" | "f32" => "gguf-f32",
            "fp16" | "f16" => "gguf-f16",
            "bf16" => "gguf-bf16",
            "mxfp4" => "mxfp4_moe",
            // Without a suffix llama.cpp's names mean the middle one.
            "q3_k" => "q3_k_m",
            "q4_k" => "q4_k_m",
            "q5_k" => "q5_k_m",
            other => other,
        };
        Self::iter().find(|one| one.key() == key)
    }
}

impl Mix {
    /// What is assumed of the importance matrix, where the rules ask for it.
    pub const fn importance_note(self) -> Option<&'static str> {
        match self {
            Self::IQ4_NL | Self::IQ4_XS | Self::IQ3_XXS => Some(
                "This mix is weighed as written without an importance matrix. With one some matrices of the MLPs get fewer bits: up to 1 % less in all, for IQ3_XXS 4 %.",
            ),
            Self::Q4_0 | Self::Q5_0 => Some(
                "This mix is weighed as written without an importance matrix. With one an eighth of the matrices down gets more bits: up to 1 % more in all.",
            ),
            _ => None,
        }
    }
}

/// Which layers get more bits. Of n layers, counted from zero; divisions are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum Condition {
    /// The first eighth, the last eighth, and each third between.
    More,
    /// The first eighth.
    Eighth,
    /// The first sixteenth.
    Sixteenth,
    /// All but the first and the last eighth.
    Middle,
    /// The first two.
    Two,
    /// The first four.
    Four,
}

impl Condition {
    /// Whether it holds for one of `n` layers.
    pub const fn holds(self, layer: u64, n: u64) -> bool {
        let (first, last) = (n / 8, 7 * n / 8);
        match self {
            Self::More => layer < first || layer >= last || (layer - first) % 3 == 2,
            Self::Eighth => layer < first,
            Self::Sixteenth => layer < n / 16,
            Self::Middle => layer >= first && layer < last,
            Self::Two => layer < 2,
            Self::Four => layer < 4,
        }
    }
}

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
    fn more_bits_at_the_ends_and_each_third() {
        let of = |n| {
            (0..n)
                .filter(|&layer| Condition::More.holds(layer, n))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            of(32),
            [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24, 27, 28, 29, 30, 31],
            "the sixteen of Llama 8B"
        );
        assert_eq!(of(0), Vec::<u64>::new());
        for condition in [Condition::Eighth, Condition::Sixteenth] {
            for n in 0..200 {
                assert!(
                    (0..n).all(|layer| !condition.holds(layer, n) || Condition::More.holds(layer, n)),
                    "each implies More"
                );
            }
        }
    }

    #[test]
    fn names_inside_llama_cpp() {
        assert_eq!(Mix::named("bf16"), Some(Mix::BF16));
        assert_eq!(Mix::named("mxfp4"), Some(Mix::MXFP4_MOE));
        assert_eq!(Mix::named("iq3_xs"), Some(Mix::IQ3_XS));
        assert_eq!(Mix::named("awq"), None);
    }

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
