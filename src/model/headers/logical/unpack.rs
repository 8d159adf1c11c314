//! What a packed tensor holds, by its neighbours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::{Logical, plain, scale};
use crate::model::headers::packing::Packing;
use crate::model::headers::tensor_list::{Stored, TensorList};

/// Last parts of names that never are weights.
const NEVER: &[&str] = &[
    "weight_scale",
    "weight_scale_inv",
    "weight_scale_2",
    "weight_global_scale",
    "weight_zero_point",
    "weight_shape",
    "weight_g_idx",
    "input_scale",
    "input_global_scale",
    "input_zero_point",
    "output_scale",
    "activation_scale",
    "k_scale",
    "v_scale",
    "q_scale",
    "absmax",
    "quant_map",
    "nested_absmax",
    "nested_quant_map",
    "SCB",
    "qzeros",
    "g_idx",
    "gate_up_proj_scale_inv",
    "down_proj_scale_inv",
];

/// Reads one tensor after the other beside its neighbours.
pub(super) struct Unpacker<'a> {
    names: HashMap<&'a str, &'a Stored>,
    packing: Packing,
    /// Packed formats that were recognised.
    pub(super) methods: BTreeSet<&'static str>,
    /// What had to be assumed: code and words.
    pub(super) notices: BTreeMap<&'static str, String>,
}

impl<'a> Unpacker<'a> {
    pub(super) fn of(list: &'a TensorList, config: Option<&Value>) -> Self {
        Self {
            names: list.tensors.iter().map(|one| (one.name.as_str(), one)).collect(),
            packing: config.map(Packing::of).unwrap_or_default(),
            methods: BTreeSet::new(),
            notices: BTreeMap::new(),
        }
    }

    fn beside(&self, module: &str, last: &str) -> Option<&'a Stored> {
        self.names.get(format!("{module}.{last}").as_str()).copied()
    }

    fn assume(&mut self, code: &'static str, text: &str) {
        self.notices.entry(code).or_insert_with(|| text.to_owned());
    }

    /// A matrix `[out, in]` (or more dimensions) under the name `X.weight`.
    fn matrix(&mut self, one: &Stored, method: &'static str, name: String, shape: Vec<u64>) -> Logical {
        self.methods.insert(method);
        let elements = shape.iter().fold(1_u64, |all, size| all.saturating_mul(*size));
        Logical {
            name,
            elements,
            shape: Some(shape),
            ..plain(one)
        }
    }

    /// So many weights for each stored element, along the last dimension.
    fn widened(&mut self, one: &Stored, method: &'static str, name: String, times: (u64, u64)) -> Logical {
        let mut shape = one.shape.clone();
        if let Some(last) = shape.last_mut() {
            *last = scaled(*last, times);
        }
        self.matrix(one, method, name, shape)
    }

    /// A tensor of safetensors as the model sees it.
    pub(super) fn unpack(&mut self, one: &'a Stored) -> Logical {
        // Types that only scales have.
        if matches!(&*one.dtype.name, "F8_E8M0" | "E8M0" | "UE8") {
            return scale(one);
        }
        let (module, last) = one.name.rsplit_once('.').unwrap_or(("", &one.name));
        if let Some(packed) = self.by_neighbours(one, module, last) {
            return packed;
        }
        if NEVER.contains(&last) || last.starts_with("bitsandbytes__") {
            return scale(one);
        }
        plain(one)
    }

    fn by_neighbours(&mut self, one: &'a Stored, module: &str, last: &str) -> Option<Logical> {
        let weight = format!("{module}.weight");
        match last {
            "qweight" => self.words(one, module, weight),
            "qzeros" | "g_idx" | "scales" if self.beside(module, "qweight").is_some() => Some(scale(one)),
            "scales" | "biases" if self.is_mlx(module) => Some(scale(one)),
            "weight" if self.is_mlx(module) => self.mlx(one, module, weight),
            "weight" => self.weight(one, module, weight),
            "scale" | "zero" if self.beside(module, "W_q").is_some() => Some(scale(one)),
            "scale" if self.beside(module, "weight").is_some_and(is_narrow) => Some(scale(one)),
            "W_q" => Some(self.hqq(one, weight)),
            "weight_packed" => Some(self.compressed(one, module, weight)),
            "trellis" => match one.shape.as_slice() {
                // [in/16, out/16, 16 × bits]
                [down, across, _] => {
                    let shape = vec![across.saturating_mul(16), down.saturating_mul(16)];
                    Some(self.matrix(one, "exl3", weight, shape))
                }
                _ => None,
            },
            "suh" | "svh" | "su" | "sv" | "mcg" | "mul1" if self.beside(module, "trellis").is_some() => {
                Some(scale(one))
            }
            "q_weight" => {
                let input = self.beside(module, "q_invperm")?.elements;
                let out = *one.shape.last()?;
                Some(self.matrix(one, "exl2", weight, vec![out, input]))
            }
            "q_scale" | "q_scale_max" | "q_groups" | "q_invperm" | "q_perm" | "q_group_map"
                if self.beside(module, "q_weight").is_some() =>
            {
                Some(scale(one))
            }
            "codes" => {
                let books = self.beside(module, "codebooks")?;
                let ([out, input, _], [_, _, down, across]) = (one.shape.as_slice(), books.shape.as_slice()) else {
                    return None;
                };
                let shape = vec![out.saturating_mul(*down), input.saturating_mul(*across)];
                Some(self.matrix(one, "aqlm", weight, shape))
            }
            "codebooks" | "scales" if self.beside(module, "codes").is_some() => Some(scale(one)),
            _ => self.blocks(one, module, last),
        }
    }

    /// MXFP4 as gpt-oss has it: `X_blocks` `[…, in/32, 16]` of two weights a byte beside `X_scales`.
    fn blocks(&mut self, one: &'a Stored, module: &str, last: &str) -> Option<Logical> {
        let full = |stem: &str| {
            if module.is_empty() {
                stem.to_owned()
            } else {
                format!("{module}.{stem}")
            }
        };
        if let Some(stem) = last.strip_suffix("_scales") {
            return self
                .names
                .contains_key(full(&format!("{stem}_blocks")).as_str())
                .then(|| scale(one));
        }
        let stem = last.strip_suffix("_blocks")?;
        self.names.get(full(&format!("{stem}_scales")).as_str())?;
        let (tail, outer) = one.shape.split_last_chunk::<2>().map(|(outer, tail)| (tail, outer))?;
        let mut shape = outer.to_vec();
        shape.push(tail.iter().fold(2_u64, |all, size| all.saturating_mul(*size)));
        Some(self.matrix(one, "mxfp4", full(stem), shape))
    }

    /// GPTQ `[in × bits/32, out]` or AWQ `[in, out × bits/32]`, told apart by the width of the scales.
    fn words(&mut self, one: &'a Stored, module: &str, weight: String) -> Option<Logical> {
        let scales = self.beside(module, "scales")?;
        let (Some(&[rows, columns]), Some(&out)) = (one.shape.first_chunk::<2>(), scales.shape.last()) else {
            return None;
        };
        if columns == out {
            let input = self.beside(module, "g_idx").filter(|list| list.elements > 0);
            let zeros = self
                .beside(module, "qzeros")
                .and_then(|zeros| zeros.shape.last().copied());
            let input = match input {
                Some(list) => list.elements,
                None => {
                    // Zero points are packed like the weights and tell the width.
                    let bits = zeros
                        .map(|zeros| zeros.saturating_mul(32) / out.max(1))
                        .filter(|bits| *bits > 0);
                    let bits = bits.or(self.packing.bits()).unwrap_or(4);
                    scaled(rows, (32, bits))
                }
            };
            return Some(self.matrix(one, "gptq", weight, vec![out, input]));
        }
        (columns < out).then(|| self.matrix(one, "awq", weight, vec![out, rows]))
    }

    /// A tensor called `weight` beside scales.
    fn weight(&mut self, one: &'a Stored, module: &str, name: String) -> Option<Logical> {
        let kind = &*one.dtype.name;
        let beside = |last: &str| self.beside(module, last);
        let bytes = matches!(kind, "U8" | "I8");
        if bytes && self.names.contains_key(format!("{name}.absmax").as_str()) {
            self.methods.insert("bitsandbytes 4-bit");
            return Some(Logical {
                shape: None,
                elements: one.elements.saturating_mul(2),
                ..plain(one)
            });
        }
        if kind == "I8" && beside("SCB").is_some() {
            return Some(self.widened(one, "bitsandbytes 8-bit", name, (1, 1)));
        }
        if bytes && beside("weight_scale_2").is_some() {
            return Some(self.widened(one, "nvfp4", name, (2, 1)));
        }
        if let (true, Some(scales)) = (bytes, beside("weight_scale").or(beside("scale"))) {
            let (width, groups) = (one.shape.last().copied()?, scales.shape.last().copied().unwrap_or(1));
            // Two weights a byte and a scale for 16 or 32 of them.
            let four = scales.shape.len() == one.shape.len()
                && [8, 16].iter().any(|half| groups.saturating_mul(*half) == width)
                && width > 8;
            let four = four && (kind == "U8" || matches!(&*scales.dtype.name, "F8_E8M0" | "F8_E4M3" | "U8"));
            if four || (self.packing.expert_bits == Some(4) && kind == "I8" && module.contains(".experts.")) {
                return Some(self.widened(one, "fp4 in blocks", name, (2, 1)));
            }
            if kind == "U8" && (self.packing.method() == "bitnet" || scales.elements == 1) {
                let mut shape = one.shape.clone();
                if let Some(first) = shape.first_mut() {
                    *first = first.saturating_mul(4);
                }
                return Some(self.matrix(one, "bitnet", name, shape));
            }
            return Some(self.widened(one, "int8", name, (1, 1)));
        }
        if kind == "U8" && self.packing.bits() == Some(4) {
            return Some(self.widened(one, "4-bit", name, (2, 1)));
        }
        if is_narrow(one) && kind.starts_with("F8") {
            return Some(self.widened(one, "fp8", name, (1, 1)));
        }
        None
    }

    fn compressed(&mut self, one: &'a Stored, module: &str, name: String) -> Logical {
        let container = one.dtype.block.map_or(32, |(_, bits)| bits);
        if let Some(list) = self.beside(module, "weight_g_idx") {
            let mut shape = one.shape.clone();
            if let Some(last) = shape.last_mut() {
                *last = list.elements;
            }
            return self.matrix(one, "compressed-tensors", name, shape);
        }
        // Zero points are packed along the rows and tell the width.
        let zeros = self.beside(module, "weight_zero_point").and_then(|zeros| {
            let (rows, out) = (*zeros.shape.first()?, *one.shape.first()?);
            let bits = rows.checked_mul(32)?.checked_div(out)?;
            (zeros.dtype.name == one.dtype.name && (1..=16).contains(&bits)).then_some(bits)
        });
        let bits = self.packing.compressed_bits(module).or(zeros).unwrap_or_else(|| {
            if container > 8 {
                self.assume(
                    "packing_assumed",
                    "The files do not say how many bits a packed weight has; 4 are assumed. The config.json would say.",
                );
            }
            4
        });
        self.widened(one, "compressed-tensors", name, (container, bits))
    }

    fn hqq(&mut self, one: &'a Stored, name: String) -> Logical {
        let bits = self.packing.bits().unwrap_or_else(|| {
            self.assume(
                "packing_assumed",
                "The files do not say how many bits a packed weight has; 4 are assumed. The config.json would say.",
            );
            4
        });
        self.methods.insert("hqq");
        // Ten 3-bit weights share a 32-bit word; others fill bytes.
        let times = if bits == 3 { (10, 1) } else { (8, bits) };
        Logical {
            name,
            shape: None,
            elements: scaled(one.elements, times),
            ..plain(one)
        }
    }

    fn is_mlx(&self, module: &str) -> bool {
        self.beside(module, "weight")
            .is_some_and(|weight| weight.dtype.name == "U32")
            && self.beside(module, "scales").is_some()
    }

    /// mlx: `[out, in × bits/32]` of U32 beside scales `[out, in/group]`.
    fn mlx(&mut self, one: &'a Stored, module: &str, name: String) -> Option<Logical> {
        let groups = self.beside(module, "scales")?.shape.last().copied()?;
        let group = self.packing.mlx_group(module).unwrap_or_else(|| {
            if !self.packing.is_mlx() {
                self.assume(
                    "packing_assumed",
                    "The files do not say how large a group of packed weights is; 64 is assumed. The config.json would say.",
                );
            }
            64
        });
        let mut shape = one.shape.clone();
        if let Some(last) = shape.last_mut() {
            *last = groups.saturating_mul(group);
        }
        Some(self.matrix(one, "mlx", name, shape))
    }
}

/// Whether it is an 8-bit tensor.
fn is_narrow(one: &Stored) -> bool {
    one.dtype.block == Some((1, 8))
}

fn scaled(value: u64, (times, over): (u64, u64)) -> u64 {
    let all = u128::from(value) * u128::from(times) / u128::from(over.max(1));
    u64::try_from(all).unwrap_or(u64::MAX)
}
