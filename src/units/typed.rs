//! Numbers as people type them, and exact sizes as they are shown in a field.

use super::grouped;

/// A number as people type it and the unit behind it: `1,024`, `1e6`, `1.5 k`, `64GiB`, `90 %`.
pub fn number_and_unit(text: &str) -> Option<(f64, String)> {
    // Thousands may be set apart.
    let plain: String = text
        .trim()
        .chars()
        .filter(|sign| !matches!(sign, ',' | ' ' | '_' | '\u{a0}' | '\u{202f}'))
        .collect();
    let digits = |sign: char| sign.is_ascii_digit() || sign == '.';
    let mut at = plain.find(|sign| !digits(sign)).unwrap_or(plain.len());
    // An exponent: `1e6`, but not the `e` of a word.
    if let Some(power) = plain.get(at..).and_then(|rest| rest.strip_prefix(['e', 'E'])) {
        let sign = usize::from(power.starts_with(['+', '-']));
        let digits = power.get(sign..)?.chars().take_while(char::is_ascii_digit).count();
        at += if digits > 0 { 1 + sign + digits } else { 0 };
    }
    let (number, unit) = plain.split_at_checked(at)?;
    let value: f64 = number.parse().ok()?;
    Some((value, unit.to_ascii_lowercase()))
}

/// Bytes as a field shows them: exact, in the largest unit of which they are a whole number.
pub fn exact_size(bytes: u64) -> String {
    const UNITS: &[(u64, &str)] = &[
        (1 << 40, "TiB"),
        (1_000_000_000_000, "TB"),
        (1 << 30, "GiB"),
        (1_000_000_000, "GB"),
        (1 << 20, "MiB"),
        (1_000_000, "MB"),
        (1 << 10, "KiB"),
        (1000, "kB"),
    ];
    let whole = |(size, _): &&(u64, &str)| bytes >= *size && bytes.is_multiple_of(*size);
    match UNITS.iter().find(whole) {
        Some((size, unit)) => format!("{} {unit}", grouped(bytes.checked_div(*size).unwrap_or(bytes))),
        None => format!("{} B", grouped(bytes)),
    }
}
