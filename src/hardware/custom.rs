//! A device described in words that fit a link: `custom:memory=24GiB,bandwidth=900GB,fp16=80T`.

use std::fmt::Write as _;

use thiserror::Error;

use super::device::Device;
use super::kind::{Segment, Vendor};
use crate::units::number_and_unit;

/// What a description begins with.
pub const PREFIX: &str = "custom:";
/// Fields of a description: key, what it is, unit.
pub const FIELDS: &[(&str, &str, &str)] = &[
    ("name", "Name", ""),
    ("memory", "Memory", "GiB"),
    ("bandwidth", "Memory bandwidth", "GB/s"),
    ("fp16", "FP16 rate, dense", "TFLOP/s"),
    ("bf16", "BF16 rate, dense", "TFLOP/s"),
    ("fp8", "FP8 rate, dense", "TFLOP/s"),
    ("int8", "INT8 rate, dense", "TOP/s"),
    ("fp4", "FP4 rate, dense", "TFLOP/s"),
    ("fp32", "FP32 rate", "TFLOP/s"),
    ("link", "Link to other devices, one direction", "GB/s"),
    ("tdp", "Power", "W"),
    ("price", "Price an hour", "$"),
    ("unified", "Shares its memory with the processor", ""),
];
/// Largest of each number, in its field's unit: far beyond any device, far below overflow.
const MOST: f64 = 1e7;
/// Longest name.
const LONGEST: usize = 60;

/// Why a description of a device is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CustomError {
    /// A field nobody knows.
    #[error(
        "A device of your own has no field \"{0}\". Fields: name, memory, bandwidth, fp16, bf16, fp8, int8, fp4, fp32, link, tdp, price, unified."
    )]
    Field(String),
    /// A number that is none, or beyond reason.
    #[error("{field} of your device is \"{found}\"; it must be a number above 0 and up to ten million {unit}.")]
    Number {
        /// The field.
        field: &'static str,
        /// What was given.
        found: String,
        /// Its unit.
        unit: &'static str,
    },
    /// A field that must be there.
    #[error("Your device needs its {0}.")]
    Missing(&'static str),
}

/// Reads a description; numbers are in the units of [`FIELDS`].
///
/// # Errors
/// Unknown fields, numbers beyond reason, no memory or no bandwidth.
pub fn parse(text: &str) -> Result<Device, CustomError> {
    let text = text.strip_prefix(PREFIX).unwrap_or(text);
    let mut device = empty();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let (key, value) = (key.trim(), value.trim());
        let Some(&(key, label, unit)) = FIELDS.iter().find(|field| field.0 == key) else {
            return Err(CustomError::Field(key.chars().take(LONGEST).collect()));
        };
        let number = || number(label, value, unit);
        match key {
            "name" => device.name = value.chars().filter(|sign| !sign.is_control()).take(LONGEST).collect(),
            "unified" => device.unified = matches!(value, "yes" | "true" | "1"),
            "memory" => device.memory_bytes = (number()? * GIB) as u64,
            "bandwidth" => device.bandwidth_bytes_per_s = number()? * 1e9,
            "link" => device.link_bytes_per_s = Some(number()? * 1e9),
            "tdp" => device.tdp_w = Some(number()?),
            "price" => {
                device.price_low = Some(number()?);
                device.price_high = device.price_low;
            }
            _ => {
                let rate = Some(number()? * 1e12);
                match key {
                    "fp16" => device.fp16_flops = rate,
                    "bf16" => device.bf16_flops = rate,
                    "fp8" => device.fp8_flops = rate,
                    "int8" => device.int8_ops = rate,
                    "fp4" => device.fp4_flops = rate,
                    _ => device.fp32_flops = rate,
                }
            }
        }
    }
    if device.memory_bytes == 0 {
        return Err(CustomError::Missing("memory"));
    }
    if device.bandwidth_bytes_per_s <= 0.0 {
        return Err(CustomError::Missing("bandwidth"));
    }
    device.nominal_bytes = device.memory_bytes;
    device.id = describe(&device);
    Ok(device)
}

/// Writes a device as a description, fields in the order of [`FIELDS`].
pub fn describe(device: &Device) -> String {
    let mut out = PREFIX.to_owned();
    let mut add = |key: &str, value: String| {
        if out.len() > PREFIX.len() {
            out.push(',');
        }
        // Writing to a string does not fail.
        let _ = write!(out, "{key}={value}");
    };
    let name: String = device.name.chars().filter(|sign| !matches!(sign, ',' | '=')).collect();
    if name != NAME {
        add("name", name);
    }
    add("memory", exact(device.memory_bytes as f64, GIB));
    let numbers = [
        ("bandwidth", Some(device.bandwidth_bytes_per_s), 1e9),
        ("fp16", device.fp16_flops, 1e12),
        ("bf16", device.bf16_flops, 1e12),
        ("fp8", device.fp8_flops, 1e12),
        ("int8", device.int8_ops, 1e12),
        ("fp4", device.fp4_flops, 1e12),
        ("fp32", device.fp32_flops, 1e12),
        ("link", device.link_bytes_per_s, 1e9),
        ("tdp", device.tdp_w, 1.0),
        ("price", device.price_low, 1.0),
    ];
    for (key, value, scale) in numbers {
        if let Some(value) = value {
            add(key, exact(value, scale));
        }
    }
    if device.unified {
        add("unified", "yes".to_owned());
    }
    out
}

const NAME: &str = "Your device";

/// Bytes of a GiB.
const GIB: f64 = (1u64 << 30) as f64;

/// The shortest number that, times `scale`, gives `value` again.
fn exact(value: f64, scale: f64) -> String {
    let near = value / scale;
    let gives = |text: &str| text.parse::<f64>().is_ok_and(|number| number * scale == value);
    let rounded = (0..17).map(|digits| format!("{near:.digits$e}"));
    // A quotient may be off by its last bit.
    let others = [near, near.next_up(), near.next_down()].map(|one| format!("{one:e}"));
    let plain = |text: String| {
        let number: f64 = text.parse().unwrap_or(near);
        let decimal = number.to_string();
        if decimal.len() <= 24 { decimal } else { text }
    };
    rounded
        .chain(others)
        .find(|text| gives(text))
        .map_or_else(|| near.to_string(), plain)
}

/// A number above zero in its field's unit; another prefix behind it is taken into account: `24`, `24 GB`, `1.8 TB/s`, `80T`.
/// Memory is sold in binary gigabytes whatever the box says, so GB is read as GiB there, as in the table.
fn number(field: &'static str, text: &str, unit: &'static str) -> Result<f64, CustomError> {
    let wrong = || CustomError::Number {
        field,
        found: text.chars().take(LONGEST).collect(),
        unit,
    };
    let (value, written) = number_and_unit(text.trim_start_matches('$')).ok_or_else(wrong)?;
    let scale = scale(unit, &written).ok_or_else(wrong)?;
    let value = value * scale;
    if value > 0.0 && value <= MOST {
        Ok(value)
    } else {
        Err(wrong())
    }
}

/// What a unit as written, in small letters, is of a field's unit; none where it is of another kind.
fn scale(unit: &str, written: &str) -> Option<f64> {
    let (bases, own, step): (&[&str], char, f64) = match unit {
        "GiB" => (&["b", "ib", ""], 'g', 1024.0),
        "GB/s" => (&["b/s", "b", "bps", ""], 'g', 1000.0),
        "W" => (&["w"], ' ', 1000.0),
        "$" => return matches!(written, "" | "$" | "$/h" | "/h" | "usd" | "usd/h").then_some(1.0),
        _ => (&["flop/s", "flops", "flop", "op/s", "ops", "op", ""], 't', 1000.0),
    };
    if written.is_empty() {
        return Some(1.0);
    }
    let prefix = |sign: char| " kmgtp".find(sign).map(|place| place as f64);
    let first = written.chars().next()?;
    let (sign, rest) = match prefix(first) {
        Some(_) => (first, written.get(first.len_utf8()..)?),
        None => (' ', written),
    };
    // Without a prefix only watts are written.
    (bases.contains(&rest) && (sign != ' ' || own == ' ')).then_some(())?;
    Some(step.powf(prefix(sign)? - prefix(own)?))
}

fn empty() -> Device {
    Device {
        id: String::new(),
        name: NAME.to_owned(),
        vendor: Vendor::Custom,
        family: "custom".to_owned(),
        segment: Segment::Custom,
        year: None,
        memory_bytes: 0,
        memory_basis: "as you described it".to_owned(),
        visible_bytes: None,
        visible_basis: String::new(),
        nominal_bytes: 0,
        memory_options_gib: String::new(),
        memory_type: String::new(),
        unified: false,
        bandwidth_bytes_per_s: 0.0,
        fp32_flops: None,
        tf32_flops: None,
        fp16_flops: None,
        fp16_acc16_flops: None,
        bf16_flops: None,
        fp8_flops: None,
        fp8_acc16_flops: None,
        int8_ops: None,
        fp4_flops: None,
        int4_ops: None,
        link_bytes_per_s: None,
        link_name: String::new(),
        pcie_bytes_per_s: None,
        link_domain: None,
        tdp_w: None,
        compute_capability: String::new(),
        price_low: None,
        price_high: None,
        price_source: "as you described it".to_owned(),
        confidence: String::new(),
        source: "as you described it".to_owned(),
        note: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_survives_writing() {
        let device =
            parse("custom:memory=24GiB,bandwidth=900GB/s,fp16=80T,unified=yes,name=My card,price=1.25").unwrap();
        assert_eq!(device.memory_bytes, 24 << 30);
        assert_eq!(device.fp16_flops, Some(80e12));
        assert_eq!(
            device.id,
            "custom:name=My card,memory=24,bandwidth=900,fp16=80,price=1.25,unified=yes"
        );
        assert_eq!(parse(&device.id).unwrap(), device);
    }

    #[test]
    fn units_are_read_and_other_prefixes_too() {
        for text in [
            "custom:memory=24,bandwidth=1800,fp16=80,tdp=350",
            "custom:memory=24 GB,bandwidth=1.8 TB/s,fp16=80 TFLOPS,tdp=350 W",
            "custom:memory=24576MiB,bandwidth=1800 GB/s,fp16=0.08P,tdp=0.35 kW",
        ] {
            let device = parse(text).unwrap();
            let found = (
                device.memory_bytes,
                device.bandwidth_bytes_per_s,
                device.fp16_flops,
                device.tdp_w,
            );
            assert_eq!(found, (24 << 30, 1.8e12, Some(80e12), Some(350.0)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_in_words() {
        for text in [
            "custom:",
            "custom:memory=24",
            "custom:memory=-1,bandwidth=1",
            "custom:memory=1e300,bandwidth=1",
            "custom:memory=NaN,bandwidth=1",
            "custom:memory=24,bandwidth=900,wings=2",
            "custom:memory=24,bandwidth=fast",
            "custom:memory=24 W,bandwidth=900",
            "custom:memory=24,bandwidth=900,fp16=80 GB",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
