//! Number formats of weights: bits a weight and what scales cost besides.

use std::borrow::Cow;

use super::tensor::Tensor;
use crate::units::{Number, Quantity};

/// How scales and zero points are stored beside the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scales {
    /// None.
    None,
    /// So many bits for each tensor.
    Tensor(u64),
    /// So many bits for each output row.
    Row(u64),
    /// For each group of `size` weights along the input: bits of scale and zero point together.
    Group {
        /// Weights in a group.
        size: u64,
        /// Bits a group.
        bits: u64,
        /// Bits for each input column besides (GPTQ's `g_idx`).
        column_bits: u64,
        /// Bits for each tensor besides (NVFP4's second scale).
        tensor_bits: u64,
    },
    /// For each run of `size` weights, rows joined: blocks do not end where a row does.
    Flat {
        /// Weights in a run.
        size: u64,
        /// Bits a run.
        bits: u64,
    },
    /// Several widths mixed inside a matrix: so many hundredths of a bit a weight on average, everything included.
    Average {
        /// Hundredths of a bit.
        hundredths: u64,
    },
    /// For each block of rows × columns.
    Block {
        /// Rows of a block.
        rows: u64,
        /// Columns of a block.
        columns: u64,
        /// Bits a block.
        bits: u64,
    },
}

/// A number format of a tensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Its key: `bf16`, `awq`.
    pub id: Cow<'static, str>,
    /// Its name for people.
    pub label: Cow<'static, str>,
    /// Bits a weight, scales apart.
    pub bits: u64,
    /// Scales.
    pub scales: Scales,
}

impl Format {
    /// A format without scales.
    pub const fn plain(id: &'static str, label: &'static str, bits: u64) -> Self {
        Self {
            id: Cow::Borrowed(id),
            label: Cow::Borrowed(label),
            bits,
            scales: Scales::None,
        }
    }
    /// A format with scales.
    pub const fn scaled(id: &'static str, label: &'static str, bits: u64, scales: Scales) -> Self {
        Self {
            id: Cow::Borrowed(id),
            label: Cow::Borrowed(label),
            bits,
            scales,
        }
    }
    /// 32-bit floating point.
    pub const FP32: Self = Self::plain("fp32", "FP32", 32);
    /// bfloat16.
    pub const BF16: Self = Self::plain("bf16", "BF16", 16);
    /// 16-bit floating point.
    pub const FP16: Self = Self::plain("fp16", "FP16", 16);

    /// The format a `dtype` or `torch_dtype` names.
    pub fn from_dtype(name: &str) -> Option<Self> {
        match name.trim_start_matches("torch.") {
            "float32" | "float" | "fp32" => Some(Self::FP32),
            "bfloat16" | "bf16" => Some(Self::BF16),
            "float16" | "half" | "fp16" => Some(Self::FP16),
            "float8_e4m3fn" | "float8_e5m2" => Some(Self::plain("fp8", "FP8", 8)),
            _ => None,
        }
    }

    /// Bytes of a tensor in this format, scales included.
    ///
    /// `elements × bits ÷ 8`, plus for each group, row or block of every copy its scale.
    pub fn bytes<N: Number>(&self, tensor: &Tensor) -> N {
        let data = Self::data_bytes(self.bits, tensor.elements::<N>());
        match self.scale_bytes::<N>(tensor) {
            Some(scales) => data.plus(scales.named("scales", "Scales and zero points stored beside the weights.")),
            None => data,
        }
    }

    /// Bytes of so many values of the given width.
    pub fn data_bytes<N: Number>(bits: u64, elements: N) -> N {
        let whole = Quantity::assumed("bytes", bits / 8, "the number format");
        if bits.is_multiple_of(8) {
            return elements.times(N::input(&whole));
        }
        let bits = Quantity::assumed("bits", bits, "the number format");
        elements.times(N::input(&bits)).over_ceiling(N::constant(8.0))
    }

    fn scale_bytes<N: Number>(&self, tensor: &Tensor) -> Option<N> {
        let copies = || tensor.copies.as_ref().map_or_else(|| N::constant(1.0), N::input);
        let outer = || {
            N::product(
                tensor
                    .dims
                    .split_last()
                    .map_or(&[][..], |(_, outer)| outer)
                    .iter()
                    .map(N::input),
            )
        };
        let inner = || tensor.inner().map_or_else(|| N::constant(1.0), N::input);
        let eighth = |bits: N| bits.over_ceiling(N::constant(8.0));
        let constant = |value: u64| N::constant(value as f64);
        Some(match self.scales {
            Scales::None => return None,
            Scales::Tensor(bits) => eighth(copies().times(constant(bits))),
            Scales::Row(bits) => eighth(copies().times(outer()).times(constant(bits))),
            Scales::Group {
                size,
                bits,
                column_bits,
                tensor_bits,
            } => {
                let groups = copies().times(outer()).times(inner().over_ceiling(constant(size)));
                let mut all = eighth(groups.times(constant(bits)));
                if column_bits > 0 {
                    all = all.plus(eighth(copies().times(inner()).times(constant(column_bits))));
                }
                if tensor_bits > 0 {
                    all = all.plus(eighth(copies().times(constant(tensor_bits))));
                }
                all
            }
            Scales::Flat { size, bits } => {
                let runs = tensor.one::<N>().over_ceiling(constant(size));
                eighth(copies().times(runs).times(constant(bits)))
            }
            Scales::Average { hundredths } => {
                let more = hundredths.saturating_sub(self.bits.saturating_mul(100));
                tensor.elements::<N>().times(constant(more)).over_ceiling(constant(800))
            }
            Scales::Block { rows, columns, bits } => {
                let down = outer().over_ceiling(constant(rows));
                let across = inner().over_ceiling(constant(columns));
                eighth(copies().times(down).times(across).times(constant(bits)))
            }
        })
    }

    /// Bytes of so many values in a row, scales included: a cache of keys or values.
    pub fn row_bytes<N: Number>(&self, elements: N) -> N {
        let data = Self::data_bytes(self.bits, elements.clone());
        match self.scales {
            Scales::Group { size, bits, .. } | Scales::Flat { size, bits } => {
                let groups = elements.over_ceiling(N::constant(size as f64));
                let scales = groups.times(N::constant(bits as f64)).over_ceiling(N::constant(8.0));
                data.plus(scales.named("scales", "Scales and zero points stored beside the values."))
            }
            _ => data,
        }
    }

    /// Weights that share a scale, where they are groups of one row.
    pub const fn group(&self) -> Option<u64> {
        match self.scales {
            Scales::Group { size, .. } => Some(size),
            _ => None,
        }
    }

    /// Bits a weight with its scales, for a large matrix.
    pub fn bits_per_weight(&self) -> f64 {
        let bits = self.bits as f64;
        match self.scales {
            Scales::Group { size, bits: group, .. } => bits + group as f64 / size.max(1) as f64,
            Scales::Flat { size, bits: run } => bits + run as f64 / size.max(1) as f64,
            Scales::Average { hundredths } => hundredths as f64 / 100.0,
            Scales::Block {
                rows,
                columns,
                bits: block,
            } => bits + block as f64 / (rows.max(1) * columns.max(1)) as f64,
            _ => bits,
        }
    }
}
