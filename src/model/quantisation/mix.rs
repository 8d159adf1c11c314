//! The mixes of llama.cpp's quantiser by name, and the layers that get more bits.
//!
//! Source: `llama_tensor_get_type` in llama.cpp's `src/llama-quant.cpp`, as of 2025 and without an override. Where a rule
//! asks for an importance matrix, the file is taken as written without one, as the tool does by itself. The smallest
//! mixes cannot be written without; none of their rules asks.

use strum::IntoEnumIterator;

use super::ggml::GgmlType;

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
                "This mix is counted as written without an importance matrix. With one some matrices of the MLPs get fewer bits: up to 1 % less in all, for IQ3_XXS 4 %.",
            ),
            Self::Q4_0 | Self::Q5_0 => Some(
                "This mix is counted as written without an importance matrix. With one an eighth of the down projections gets more bits: up to 1 % more in all.",
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
}
