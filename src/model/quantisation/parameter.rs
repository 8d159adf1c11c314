//! Formats with a number in their name: `exl2-4.25`, `mlx-q4-g32`, `hqq-4`, `aqlm-2`, `gptq-8-g32`.

use std::collections::BTreeSet;
use std::sync::{Mutex, OnceLock};

use super::super::format::{Format, Scales};
use super::super::tensor::TensorKind;
use super::catalogue::{Choice, WeightFileKind};
use super::{Scope, Special};

/// Larger than any row: one group a row.
pub const WHOLE_ROW: u64 = 1 << 32;

/// Groups of `size` weights with so many bits beside them.
pub const fn group(size: u64, bits: u64) -> Scales {
    Scales::Group {
        size,
        bits,
        column_bits: 0,
        tensor_bits: 0,
    }
}

/// Reads a name with a number in it. Names of one format are one: `exl2-4` is `exl2-4.0`.
pub fn choice(name: &str) -> Option<Choice> {
    let (method, rest) = name.split_once('-')?;
    match method {
        "exl2" | "exl3" => exl(method, hundredths(rest)?),
        "mlx" => mlx(rest),
        "hqq" => {
            let (bits, size) = bits_and_group(rest, 64)?;
            [1, 2, 4, 8].contains(&bits).then(|| hqq(bits, size))
        }
        "aqlm" => (rest == "2").then(aqlm),
        "gptq" => {
            let (bits, size) = bits_and_group(rest, 128)?;
            [2, 3, 4, 8].contains(&bits).then(|| gptq(bits, size))
        }
        "awq" => {
            let (bits, size) = bits_and_group(rest, 128)?;
            (bits == 4).then(|| awq(bits, size))
        }
        _ => None,
    }
}

/// A key that lives as long as the program: scenarios are compared and copied by it.
///
/// There are few distinct ones: each parameter has a narrow range.
pub fn intern(key: &str) -> &'static str {
    static KEYS: OnceLock<Mutex<BTreeSet<&'static str>>> = OnceLock::new();
    let mut keys = KEYS
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(known) = keys.get(key) {
        return known;
    }
    let new: &'static str = Box::leak(key.to_owned().into_boxed_str());
    keys.insert(new);
    new
}

/// Bits and group size as in `4` and `4-g32`.
fn bits_and_group(text: &str, otherwise: u64) -> Option<(u64, u64)> {
    let (bits, size) = match text.split_once("-g") {
        Some((bits, size)) => (bits, small(size)?),
        None => (text, otherwise),
    };
    let known = [16, 32, 64, 128, 256, 512, 1024].contains(&size);
    known.then_some((small(bits)?, size))
}

fn small(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 4 && text.bytes().all(|sign| sign.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Hundredths from one to eight: `4`, `4.0`, `4.65`.
fn hundredths(text: &str) -> Option<u64> {
    let text = text.strip_suffix("bpw").unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part = match part.len() {
        1 => small(part)? * 10,
        2 => small(part)?,
        _ => return None,
    };
    let value = small(whole)?.checked_mul(100)? + part;
    (100..=800).contains(&value).then_some(value)
}

fn named(key: String, label: String, bits: u64, scales: Scales) -> Format {
    Format {
        id: key.into(),
        label: label.into(),
        bits,
        scales,
    }
}

fn matrices(format: Format, source: &'static str) -> Choice {
    Choice::new(format, Scope::Matrices, source)
}

fn exl(method: &str, hundredths: u64) -> Option<Choice> {
    let (whole, part) = (hundredths / 100, hundredths % 100);
    let number = if part % 10 == 0 {
        format!("{whole}.{}", part / 10)
    } else {
        format!("{whole}.{part:02}")
    };
    let upper = method.to_ascii_uppercase();
    let average = |key: String, label: String, hundredths: u64| {
        named(key, label, hundredths / 100, Scales::Average { hundredths })
    };
    let format = average(
        format!("{method}-{number}"),
        format!("{upper} {number} bpw"),
        hundredths,
    );
    let (container, source) = match method {
        "exl2" => (
            WeightFileKind::Exl2,
            "bits a weight as the converter aims at, scales included, the head in 6 bits (ExLlamaV2, -b and -hb)",
        ),
        _ => (
            WeightFileKind::Exl3,
            "bits a weight of its trellis, scales included, the head in 6 bits (ExLlamaV3, -b and -hb)",
        ),
    };
    let head = average(format!("{method}-6.0"), format!("{upper} 6.0 bpw"), 600);
    Some(Choice {
        container,
        special: vec![Special {
            kind: TensorKind::Head,
            format: head,
        }],
        ..matrices(format, source)
    })
}

/// MLX: `q4` or `q4-g32`.
fn mlx(text: &str) -> Option<Choice> {
    let (bits, size) = bits_and_group(text.strip_prefix('q')?, 64)?;
    if ![2, 3, 4, 5, 6, 8].contains(&bits) || ![32, 64, 128].contains(&size) {
        return None;
    }
    let format = mlx_format(bits, size);
    Some(Choice {
        container: WeightFileKind::Mlx,
        special: vec![mlx_router()],
        ..Choice::new(
            format,
            Scope::Layers,
            "groups with a 16-bit scale and a 16-bit bias (MLX quantize); token table and head as well, routers in 8 bits",
        )
    })
}

/// The format of MLX with so many bits and weights in a group.
pub fn mlx_format(bits: u64, size: u64) -> Format {
    let (key, label) = if size == 64 {
        (format!("mlx-q{bits}"), format!("MLX {bits}-bit"))
    } else {
        (
            format!("mlx-q{bits}-g{size}"),
            format!("MLX {bits}-bit (groups of {size})"),
        )
    };
    named(key, label, bits, group(size, 32))
}

/// mlx-lm keeps routers in 8 bits.
pub fn mlx_router() -> Special {
    Special {
        kind: TensorKind::Router,
        format: mlx_format(8, 64),
    }
}

/// HQQ with so many bits and weights in a group.
pub fn hqq(bits: u64, size: u64) -> Choice {
    let tail = if size == 64 { String::new() } else { format!("-g{size}") };
    matrices(
        named(
            format!("hqq-{bits}{tail}"),
            format!("HQQ {bits}-bit"),
            bits,
            group(size, 32),
        ),
        "groups with a 16-bit scale and a 16-bit zero point (HQQ, axis 1, metadata not quantised)",
    )
}

/// AQLM in its common form: one codebook of 16 bits for 8 weights.
pub fn aqlm() -> Choice {
    let codebook = 65_536 * 8 * 16;
    let scales = Scales::Group {
        size: WHOLE_ROW,
        bits: 16,
        column_bits: 0,
        tensor_bits: codebook,
    };
    matrices(
        named("aqlm-2".to_owned(), "AQLM 2-bit (1×16)".to_owned(), 2, scales),
        "16 bits for 8 weights, a codebook of 2^16 × 8 in FP16 for each matrix, an FP16 scale a row (arXiv 2401.06118)",
    )
}

/// GPTQ with so many bits and weights in a group.
pub fn gptq(bits: u64, size: u64) -> Choice {
    let tail = if size == 128 {
        String::new()
    } else {
        format!("-g{size}")
    };
    let scales = Scales::Group {
        size,
        bits: 16 + bits,
        column_bits: 32,
        tensor_bits: 0,
    };
    let key = if bits == 4 && size == 128 {
        "gptq".to_owned()
    } else {
        format!("gptq-{bits}{tail}")
    };
    matrices(
        named(key, format!("GPTQ {bits}-bit"), bits, scales),
        "groups with a 16-bit scale and a zero point, and g_idx for each input (AutoGPTQ qlinear)",
    )
}

/// AWQ with so many bits and weights in a group.
pub fn awq(bits: u64, size: u64) -> Choice {
    let key = if size == 128 {
        "awq".to_owned()
    } else {
        format!("awq-{bits}-g{size}")
    };
    matrices(
        named(key, format!("AWQ {bits}-bit"), bits, group(size, 16 + bits)),
        "groups with a 16-bit scale and a 4-bit zero point (AutoAWQ gemm layout)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_for_one_format() {
        for (given, key) in [
            ("exl2-4", "exl2-4.0"),
            ("exl2-4.65", "exl2-4.65"),
            ("exl3-2.50", "exl3-2.5"),
            ("mlx-q4-g64", "mlx-q4"),
            ("mlx-q4-g32", "mlx-q4-g32"),
            ("hqq-4", "hqq-4"),
            ("gptq-4-g128", "gptq"),
            ("gptq-8", "gptq-8"),
            ("aqlm-2", "aqlm-2"),
        ] {
            assert_eq!(
                choice(given).map(|one| one.format.id.into_owned()),
                Some(key.to_owned())
            );
            let same = choice(key);
            assert!(given.starts_with("gptq-4") || same.is_some(), "{key}");
        }
        for wrong in [
            "exl2-",
            "exl2-99",
            "exl2-4.123",
            "mlx-q7",
            "mlx-4",
            "mlx-q4-g33",
            "hqq-3",
            "aqlm-4",
            "gptq-99999",
            "awq-8",
            "exl2--4",
            "exl2-+4",
        ] {
            assert!(choice(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn bits_a_weight() {
        let of = |name| choice(name).map(|one| one.format.bits_per_weight());
        assert_eq!(of("exl2-4.25"), Some(4.25));
        assert_eq!(of("mlx-q4"), Some(4.5));
        assert_eq!(of("mlx-q4-g32"), Some(5.0));
        assert_eq!(of("hqq-4"), Some(4.5));
        assert!(std::ptr::eq(intern("exl2-4.0"), intern("exl2-4.0")));
    }
}
