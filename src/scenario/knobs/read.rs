//! Values of knobs, read from what people type.

use super::KnobError;

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

pub(super) fn whole(label: &'static str, text: &str, least: u64, most: u64) -> Result<u64, KnobError> {
    // Thousands may be set apart as people type them.
    let digits: String = text
        .chars()
        .filter(|sign| !matches!(sign, ',' | ' ' | '_' | '\u{a0}' | '\u{202f}'))
        .collect();
    if digits.is_empty() || !digits.chars().all(|sign| sign.is_ascii_digit()) {
        return Err(KnobError::NotANumber {
            label,
            found: short(text),
        });
    }
    digits
        .parse()
        .ok()
        .filter(|value| (least..=most).contains(value))
        .ok_or(KnobError::OutOfRange {
            label,
            found: short(text),
            least,
            most,
        })
}

/// Bytes: `512MiB`, `64 GB`, or a whole number.
pub(super) fn bytes(label: &'static str, text: &str, most: u64) -> Result<u64, KnobError> {
    let text = text.trim();
    let at = text.find(|sign: char| sign.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let scale: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => {
            return Err(KnobError::NotASize {
                label,
                found: short(text),
            });
        }
    };
    let value: f64 = number
        .trim()
        .replace(',', "")
        .parse()
        .map_err(|_| KnobError::NotASize {
            label,
            found: short(text),
        })?;
    let bytes = value * scale as f64;
    if (0.0..=most as f64).contains(&bytes) {
        Ok(bytes.round() as u64)
    } else {
        Err(KnobError::OutOfRange {
            label,
            found: short(text),
            least: 0,
            most,
        })
    }
}

/// A whole number, or a word for none.
pub(super) fn optional(label: &'static str, text: &str, least: u64, most: u64) -> Result<Option<u64>, KnobError> {
    match text {
        "auto" | "none" => Ok(None),
        text => whole(label, text, least, most).map(Some),
    }
}

/// A number that need not be whole, from zero up.
pub(super) fn real(label: &'static str, text: &str, most: f64) -> Result<f64, KnobError> {
    let value: f64 = text.trim().parse().map_err(|_| KnobError::NotAReal {
        label,
        found: short(text),
    })?;
    if (0.0..=most).contains(&value) {
        Ok(value)
    } else {
        Err(KnobError::OutOfRange {
            label,
            found: short(text),
            least: 0,
            most: most as u64,
        })
    }
}
