//! Values of knobs, read from what people type.

use super::KnobError;
use crate::units::number_and_unit;

pub(super) fn choose<T: std::str::FromStr>(
    label: &'static str,
    text: &str,
    place: &mut T,
    known: impl Iterator<Item = &'static str>,
) -> Result<(), KnobError> {
    *place = text.parse().map_err(|_| unknown(label, text, known))?;
    Ok(())
}

pub(super) fn unknown<'a>(label: &'static str, text: &str, known: impl Iterator<Item = &'a str>) -> KnobError {
    KnobError::Unknown {
        label,
        found: short(text),
        known: known.collect::<Vec<_>>().join(", "),
    }
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

/// A whole number in so many steps of `base`: `4k`, `1m`; units of the knob itself may follow.
fn counted(
    label: &'static str,
    text: &str,
    (least, most): (u64, u64),
    base: u64,
    (unit, words): (&'static str, &[&str]),
) -> Result<u64, KnobError> {
    let found = || short(text);
    let wrong = || KnobError::NotANumber { label, found: found() };
    let outside = || KnobError::OutOfRange {
        label,
        found: found(),
        least,
        most,
        unit,
    };
    // Digits alone are exact, however many they are.
    let digits: String = text
        .chars()
        .filter(|sign| !matches!(sign, ',' | ' ' | '_' | '\u{a0}' | '\u{202f}'))
        .collect();
    let value = if !digits.is_empty() && digits.chars().all(|sign| sign.is_ascii_digit()) {
        digits.parse().map_err(|_| outside())?
    } else {
        let (number, behind) = number_and_unit(text).ok_or_else(wrong)?;
        let step = match words
            .iter()
            .find_map(|word| behind.strip_suffix(word))
            .unwrap_or(&behind)
        {
            "" => 1,
            "k" => base,
            "m" => base.saturating_mul(base),
            _ => return Err(wrong()),
        };
        let value = number * step as f64;
        if value.fract() != 0.0 || !value.is_finite() {
            return Err(wrong());
        }
        if value > most as f64 {
            return Err(outside());
        }
        value as u64
    };
    Some(value)
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(outside)
}

/// What may be counted, as words behind a number.
const COUNTED: &[&str] = &[
    "devices",
    "device",
    "gpus",
    "gpu",
    "requests",
    "request",
    "sequences",
    "sequence",
    "users",
    "layers",
    "layer",
    "x",
    "×",
];

/// A whole number: `64`, `1,024`, `1e6`, `10k`, `20 layers`.
pub(super) fn whole(label: &'static str, text: &str, least: u64, most: u64) -> Result<u64, KnobError> {
    counted(label, text, (least, most), 1000, ("", COUNTED))
}

/// Tokens: as [`whole`], but `4k` is 4,096 and `1m` 1,048,576, as contexts are named.
pub(super) fn tokens(label: &'static str, text: &str, least: u64, most: u64) -> Result<u64, KnobError> {
    counted(label, text, (least, most), 1024, (" tokens", &["tokens", "token", "t"]))
}

/// Width and height in pixels: `1024x768`, or one number for both.
pub(super) fn pixels(label: &'static str, text: &str, most: u64) -> Result<(u64, u64), KnobError> {
    let small = text.to_ascii_lowercase();
    let mut sides = small.split(['x', '×', '*']).map(str::trim);
    let (Some(width), height, None) = (sides.next(), sides.next(), sides.next()) else {
        return Err(KnobError::NotPixels {
            label,
            found: short(text),
        });
    };
    let side = |text: &str| counted(label, text, (1, most), 1000, (" pixels", &["px", "pixels", "pixel"]));
    let width = side(width)?;
    Ok((width, height.map_or(Ok(width), side)?))
}

/// Tokens, or a word for none.
pub(super) fn optional_tokens(
    label: &'static str,
    text: &str,
    least: u64,
    most: u64,
) -> Result<Option<u64>, KnobError> {
    or_none(text, |text| tokens(label, text, least, most))
}

/// Whole percent, or a word for none: `90`, `90%`, and `0.9`, which is a share.
pub(super) fn optional_percent(label: &'static str, text: &str) -> Result<Option<u64>, KnobError> {
    or_none(text, |text| percent(label, text, 1, 100))
}

/// Whole percent: `20`, `20 %`, `0.2`.
pub(super) fn percent(label: &'static str, text: &str, least: u64, most: u64) -> Result<u64, KnobError> {
    let wrong = || KnobError::NotAShare {
        label,
        found: short(text),
    };
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let value = match unit.as_str() {
        // A point makes it a share of one: `0.9`, `1.0`.
        "" if number <= 1.0 && text.contains('.') => number * 100.0,
        "" | "%" | "percent" => number,
        _ => return Err(wrong()),
    };
    if (value - value.round()).abs() > 1e-9 {
        return Err(wrong());
    }
    Some(value.round() as u64)
        .filter(|value| (least..=most).contains(value))
        .ok_or_else(|| KnobError::OutOfRange {
            label,
            found: short(text),
            least,
            most,
            unit: " %",
        })
}

/// A number that was read, whole, from one up to `most`.
fn up_to(label: &'static str, text: &str, value: f64, most: u64, unit: &'static str) -> Result<u64, KnobError> {
    Some(value.round())
        .filter(|value| (1.0..=most as f64).contains(value))
        .map(|value| value as u64)
        .ok_or_else(|| KnobError::OutOfRange {
            label,
            found: short(text),
            least: 1,
            most,
            unit,
        })
}

/// Milliseconds, or a word for none: `500`, `500ms`, `2 s`, `1 min`.
pub(super) fn optional_milliseconds(label: &'static str, text: &str, most: u64) -> Result<Option<u64>, KnobError> {
    or_none(text, |text| {
        let wrong = || KnobError::NotATime {
            label,
            found: short(text),
        };
        let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
        let scale = match unit.as_str() {
            "" | "ms" | "msec" | "milliseconds" => 1.0,
            "s" | "sec" | "secs" | "seconds" | "second" => 1000.0,
            "min" | "minutes" | "minute" => 60_000.0,
            _ => return Err(wrong()),
        };
        up_to(label, text, number * scale, most, " ms")
    })
}

/// Bytes: `512MiB`, `64 GB`, `64G`, `64Gi`, or a whole number.
pub(super) fn bytes(label: &'static str, text: &str, most: u64) -> Result<u64, KnobError> {
    let wrong = || KnobError::NotASize {
        label,
        found: short(text),
    };
    let (value, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let scale: u64 = match unit.as_str() {
        "" | "b" | "bytes" => 1,
        "kb" | "k" => 1000,
        "mb" | "m" => 1_000_000,
        "gb" | "g" => 1_000_000_000,
        "tb" | "t" => 1_000_000_000_000,
        "kib" | "ki" => 1 << 10,
        "mib" | "mi" => 1 << 20,
        "gib" | "gi" => 1 << 30,
        "tib" | "ti" => 1 << 40,
        _ => return Err(wrong()),
    };
    let bytes = value * scale as f64;
    if (0.0..=most as f64).contains(&bytes) {
        Ok(bytes.round() as u64)
    } else {
        Err(KnobError::OutOfRange {
            label,
            found: short(text),
            least: 0,
            most,
            unit: " bytes",
        })
    }
}

fn or_none(text: &str, read: impl FnOnce(&str) -> Result<u64, KnobError>) -> Result<Option<u64>, KnobError> {
    if ["auto", "none"]
        .iter()
        .any(|word| text.trim().eq_ignore_ascii_case(word))
    {
        return Ok(None);
    }
    read(text).map(Some)
}

/// A whole number, or a word for none.
pub(super) fn optional(label: &'static str, text: &str, least: u64, most: u64) -> Result<Option<u64>, KnobError> {
    or_none(text, |text| whole(label, text, least, most))
}

/// Tokens of a whole run, or a word for none: `300B`, `2T`, `2e12`.
pub(super) fn trained_tokens(label: &'static str, text: &str, most: u64) -> Result<Option<u64>, KnobError> {
    or_none(text, |text| {
        let wrong = || KnobError::NotANumber {
            label,
            found: short(text),
        };
        let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
        let scale = match unit.trim_end_matches("tokens").trim() {
            "" => 1.0,
            "k" => 1e3,
            "m" => 1e6,
            "b" | "g" => 1e9,
            "t" => 1e12,
            _ => return Err(wrong()),
        };
        up_to(label, text, number * scale, most, " tokens")
    })
}

/// A number that need not be whole, from zero up.
pub(super) fn real(label: &'static str, text: &str, most: f64) -> Result<f64, KnobError> {
    let wrong = || KnobError::NotAReal {
        label,
        found: short(text),
    };
    let (value, unit) = number_and_unit(text.trim().trim_start_matches('$')).ok_or_else(wrong)?;
    if !matches!(
        unit.as_str(),
        "" | "$" | "$/h" | "/h" | "usd" | "usd/h" | "anhour" | "$anhour" | "perhour"
    ) {
        return Err(wrong());
    }
    if (0.0..=most).contains(&value) {
        Ok(value)
    } else {
        Err(KnobError::OutOfRange {
            label,
            found: short(text),
            least: 0,
            most: most as u64,
            unit: " $/h",
        })
    }
}
