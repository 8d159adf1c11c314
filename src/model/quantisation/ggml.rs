//! Number formats of llama.cpp: every type of its tensor library, in blocks of values with their scales.

use super::super::format::{Format, Scales};

/// One row for each type: variant, key, name, values in a block, bits of one value, bits of a block besides.
macro_rules! types {
    ($($name:ident, $key:literal, $label:literal, $block:literal, $bits:literal, $extra:literal, $doc:literal;)+) => {
        /// A type of a tensor in a GGUF file.
        ///
        /// Source: block structures of llama.cpp's `ggml-common.h`, whose sizes it asserts itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::EnumIter)]
        #[allow(non_camel_case_types, reason = "the names llama.cpp gives them")]
        pub enum GgmlType {
            $(#[doc = $doc] $name,)+
        }

        impl GgmlType {
            /// Its number format.
            pub fn format(self) -> &'static Format {
                match self {
                    $(Self::$name => {
                        static FORMAT: Format = Format::scaled($key, $label, $bits, scales($block, $extra));
                        &FORMAT
                    })+
                }
            }
            /// Values in one block; a row must hold whole blocks.
            pub const fn block(self) -> u64 {
                match self { $(Self::$name => $block,)+ }
            }
            /// Bytes of one block.
            pub const fn block_bytes(self) -> u64 {
                match self { $(Self::$name => ($block * $bits + $extra) / 8,)+ }
            }
        }
    };
}

const fn scales(block: u64, extra: u64) -> Scales {
    if extra == 0 {
        Scales::None
    } else {
        Scales::Group {
            size: block,
            bits: extra,
            column_bits: 0,
            tensor_bits: 0,
        }
    }
}

types! {
    F32, "fp32", "FP32", 1, 32, 0, "32-bit floating point.";
    F16, "fp16", "FP16", 1, 16, 0, "16-bit floating point.";
    BF16, "bf16", "BF16", 1, 16, 0, "bfloat16.";
    Q4_0, "q4_0", "Q4_0", 32, 4, 16, "4 bits, one scale for 32.";
    Q4_1, "q4_1", "Q4_1", 32, 4, 32, "4 bits, scale and minimum for 32.";
    Q5_0, "q5_0", "Q5_0", 32, 5, 16, "5 bits, one scale for 32.";
    Q5_1, "q5_1", "Q5_1", 32, 5, 32, "5 bits, scale and minimum for 32.";
    Q8_0, "q8_0", "Q8_0", 32, 8, 16, "8 bits, one scale for 32.";
    Q8_1, "q8_1", "Q8_1", 32, 8, 32, "8 bits, scale and sum for 32; never in files.";
    Q2_K, "q2_k", "Q2_K", 256, 2, 160, "2 bits, 4-bit scales and minima for 16.";
    Q3_K, "q3_k", "Q3_K", 256, 3, 112, "3 bits, 6-bit scales for 16.";
    Q4_K, "q4_k", "Q4_K", 256, 4, 128, "4 bits, 6-bit scales and minima for 32.";
    Q5_K, "q5_k", "Q5_K", 256, 5, 128, "5 bits, 6-bit scales and minima for 32.";
    Q6_K, "q6_k", "Q6_K", 256, 6, 144, "6 bits, 8-bit scales for 16.";
    Q8_K, "q8_k", "Q8_K", 256, 8, 288, "8 bits, scale and sums for 256; never in files.";
    IQ1_S, "iq1_s", "IQ1_S", 256, 1, 144, "a lattice of 1.56 bits.";
    IQ1_M, "iq1_m", "IQ1_M", 256, 1, 192, "a lattice of 1.75 bits.";
    IQ2_XXS, "iq2_xxs", "IQ2_XXS", 256, 2, 16, "a lattice of 2.06 bits.";
    IQ2_XS, "iq2_xs", "IQ2_XS", 256, 2, 80, "a lattice of 2.31 bits.";
    IQ2_S, "iq2_s", "IQ2_S", 256, 2, 144, "a lattice of 2.56 bits.";
    IQ3_XXS, "iq3_xxs", "IQ3_XXS", 256, 3, 16, "a lattice of 3.06 bits.";
    IQ3_S, "iq3_s", "IQ3_S", 256, 3, 112, "a lattice of 3.44 bits.";
    IQ4_NL, "iq4_nl", "IQ4_NL", 32, 4, 16, "4 bits on an uneven grid, one scale for 32.";
    IQ4_XS, "iq4_xs", "IQ4_XS", 256, 4, 64, "4 bits on an uneven grid, 6-bit scales for 32.";
    TQ1_0, "tq1_0", "TQ1_0", 256, 1, 176, "three values in 1.69 bits.";
    TQ2_0, "tq2_0", "TQ2_0", 256, 2, 16, "three values in 2.06 bits.";
    MXFP4, "mxfp4", "MXFP4", 32, 4, 8, "4-bit floating point, one 8-bit exponent for 32.";
    NVFP4, "nvfp4", "NVFP4", 64, 4, 32, "4-bit floating point, one FP8 scale for 16.";
    Q1_0, "q1_0", "Q1_0", 128, 1, 16, "1 bit, one scale for 128.";
    Q2_0, "q2_0", "Q2_0", 64, 2, 16, "2 bits, one scale for 64.";
}

impl GgmlType {
    /// The type a row of this length gets where its blocks would not come out even.
    ///
    /// Types in blocks of 256 fall back to one in blocks of 32, and to 16 bits where that does not fit either.
    pub const fn fitting(self, row: u64) -> Self {
        if row.is_multiple_of(self.block()) {
            return self;
        }
        let instead = match self {
            Self::Q4_K => Self::Q5_0,
            Self::Q5_K => Self::Q5_1,
            Self::Q6_K => Self::Q8_0,
            Self::TQ1_0 | Self::TQ2_0 => Self::Q4_0,
            _ => Self::IQ4_NL,
        };
        if row.is_multiple_of(instead.block()) {
            instead
        } else {
            Self::F16
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    /// Block sizes as `ggml-common.h` asserts them.
    #[test]
    fn blocks_have_the_sizes_of_their_structures() {
        let table = [
            ("fp32", 1, 4),
            ("fp16", 1, 2),
            ("bf16", 1, 2),
            ("q4_0", 32, 18),
            ("q4_1", 32, 20),
            ("q5_0", 32, 22),
            ("q5_1", 32, 24),
            ("q8_0", 32, 34),
            ("q8_1", 32, 36),
            ("q2_k", 256, 84),
            ("q3_k", 256, 110),
            ("q4_k", 256, 144),
            ("q5_k", 256, 176),
            ("q6_k", 256, 210),
            ("q8_k", 256, 292),
            ("iq1_s", 256, 50),
            ("iq1_m", 256, 56),
            ("iq2_xxs", 256, 66),
            ("iq2_xs", 256, 74),
            ("iq2_s", 256, 82),
            ("iq3_xxs", 256, 98),
            ("iq3_s", 256, 110),
            ("iq4_nl", 32, 18),
            ("iq4_xs", 256, 136),
            ("tq1_0", 256, 54),
            ("tq2_0", 256, 66),
            ("mxfp4", 32, 17),
            ("nvfp4", 64, 36),
            ("q1_0", 128, 18),
            ("q2_0", 64, 18),
        ];
        let found: Vec<_> = GgmlType::iter()
            .map(|one| (one.format().id.as_ref(), one.block(), one.block_bytes()))
            .collect();
        assert_eq!(found, table);
        for one in GgmlType::iter() {
            let bits = one.block_bytes() as f64 * 8.0 / one.block() as f64;
            assert!((one.format().bits_per_weight() - bits).abs() < 1e-12, "{one:?}");
        }
    }

    #[test]
    fn odd_rows_fall_back() {
        assert_eq!(GgmlType::Q4_K.fitting(4096), GgmlType::Q4_K);
        assert_eq!(GgmlType::Q4_K.fitting(2880), GgmlType::Q5_0);
        assert_eq!(GgmlType::Q6_K.fitting(128), GgmlType::Q8_0);
        assert_eq!(GgmlType::IQ2_XS.fitting(96), GgmlType::IQ4_NL);
        assert_eq!(GgmlType::Q8_0.fitting(33), GgmlType::F16);
    }
}
