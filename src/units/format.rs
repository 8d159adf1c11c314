//! How numbers are written: bytes in GiB or GB (never mixed), counts, rates, times.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::marks::{apart, pointed};

/// Which unit bytes are written in: one choice for everything on the page.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumIter,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::Display,
)]
#[serde(rename_all = "lowercase")]
pub enum UnitSystem {
    /// GiB = 2^30 bytes, as drivers report memory.
    #[default]
    #[strum(to_string = "GiB", serialize = "gib")]
    Gib,
    /// GB = 10^9 bytes, as files and bandwidths are sold.
    #[strum(to_string = "GB", serialize = "gb")]
    Gb,
}

impl UnitSystem {
    const fn steps(self) -> (f64, [&'static str; 6]) {
        match self {
            Self::Gib => (1024.0, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]),
            Self::Gb => (1000.0, ["B", "kB", "MB", "GB", "TB", "PB"]),
        }
    }
    /// Bytes in one GiB or GB.
    pub const fn giga(self) -> f64 {
        match self {
            Self::Gib => 1_073_741_824.0,
            Self::Gb => 1e9,
        }
    }
    /// Bytes with the unit that suits them: `17.6 GiB`, `512 B`.
    pub fn bytes(self, bytes: f64) -> String {
        let (number, unit) = self.split(bytes);
        format!("{number} {unit}")
    }
    /// As [`Self::bytes`], number and unit apart.
    pub fn split(self, bytes: f64) -> (String, &'static str) {
        let (value, unit) = self.scale(bytes);
        let number = if unit == "B" {
            format!("{value:.0}")
        } else {
            decimal(value)
        };
        (number, unit)
    }
    /// The number that stands before the unit of [`Self::split`].
    pub fn split_value(self, bytes: f64) -> f64 {
        self.scale(bytes).0
    }
    fn scale(self, bytes: f64) -> (f64, &'static str) {
        let (step, units) = self.steps();
        let mut value = bytes;
        let mut chosen = "B";
        for unit in units {
            chosen = unit;
            // Below this the next unit would not read better: 999.95 KiB, not 0.98 MiB.
            if value.abs() < step * 0.9765 || unit == "PiB" || unit == "PB" {
                break;
            }
            value /= step;
        }
        (value, chosen)
    }
}

/// Three significant digits, but never fewer than the whole part: 0.98, 17.6, 1,024. Beyond 10^15 as a power of ten.
pub fn decimal(value: f64) -> String {
    let size = value.abs();
    let text = if value.is_nan() {
        return "unknown".to_owned();
    } else if value.is_infinite() {
        "∞".to_owned()
    } else if size == 0.0 {
        return "0".to_owned();
    } else if size >= 1e15 {
        format!("{size:.2e}")
    } else if size >= 99.95 {
        grouped(size.round() as u64)
    } else if size >= 9.995 {
        format!("{size:.1}")
    } else if size >= 0.0995 {
        format!("{size:.2}")
    } else if size >= 0.000_995 {
        let places = (2.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{size:.places$}")
    } else {
        format!("{size:.2e}")
    };
    let text = if (99.95..1e15).contains(&size) {
        text
    } else {
        pointed(text)
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

/// A whole number with its thousands set apart: 8,030,261,248.
pub fn grouped(value: u64) -> String {
    apart(&value.to_string())
}

/// Whether a character does something instead of showing something: controls, and those that turn or hide what
/// stands beside them.
pub fn commands(sign: char) -> bool {
    sign.is_control()
        || matches!(sign, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A name from somewhere else, with such characters written out: `a\u{1b}[31mb`.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(commands) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        if commands(sign) {
            out.extend(sign.escape_unicode());
        } else {
            out.push(sign);
        }
    }
    Cow::Owned(out)
}

/// A number of things: 1 tensor, 1,024 tensors.
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// So many of a thing: `RTX 4090`, `2 × RTX 4090`.
pub fn times(number: u64, what: &str) -> String {
    match number {
        1 => what.to_owned(),
        some => format!("{} × {what}", grouped(some)),
    }
}

/// The same within a sentence: `one RTX 4090`, `2 × RTX 4090`.
pub fn one_or_times(number: u64, what: &str) -> String {
    match number {
        1 => format!("one {what}"),
        some => times(some, what),
    }
}

/// A count as people say it: 8.03 B, 671 B, 1.03 T, 4,096.
pub fn short_count(value: f64) -> String {
    let size = value.abs();
    if size >= 0.9995e12 {
        format!("{} T", decimal(value / 1e12))
    } else if size >= 0.9995e9 {
        format!("{} B", decimal(value / 1e9))
    } else if size >= 0.9995e6 {
        format!("{} M", decimal(value / 1e6))
    } else {
        whole(value)
    }
}

/// A whole number, rounded: 7, 4,096.
fn whole(value: f64) -> String {
    let text = grouped(value.abs().round() as u64);
    if value <= -0.5 { format!("−{text}") } else { text }
}

/// A count in an SI step with its unit: `16.1 TFLOP`.
pub fn count(value: f64, unit: &str) -> String {
    let size = value.abs();
    let steps = [
        (1e18, "E"),
        (1e15, "P"),
        (1e12, "T"),
        (1e9, "G"),
        (1e6, "M"),
        (1e3, "k"),
    ];
    for (step, prefix) in steps {
        if size >= step * 0.9995 {
            return format!("{} {prefix}{unit}", decimal(value / step));
        }
    }
    format!("{} {unit}", decimal(value))
}

/// A rate in an SI step: `165 TFLOP/s`.
pub fn rate(value: f64, unit: &str) -> String {
    count(value, &format!("{unit}/s"))
}

/// A share of one as a percentage: `59.6 %`.
pub fn percent(share: f64) -> String {
    pointed(format!("{:.1} %", share * 100.0))
}

/// Seconds of a year.
const YEAR: f64 = 365.25 * 86_400.0;

/// A time: `1.06 s`, `16.2 ms`, `3.1 h`.
pub fn seconds(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        decimal(value)
    } else if size >= 1e6 * YEAR {
        format!("{} years", short_count(value / YEAR))
    } else if size >= 3.0 * YEAR {
        format!("{} years", decimal(value / YEAR))
    } else if size >= 2.0 * 86_400.0 {
        format!("{} days", decimal(value / 86_400.0))
    } else if size >= 5400.0 {
        format!("{} h", decimal(value / 3600.0))
    } else if size >= 120.0 {
        format!("{} min", decimal(value / 60.0))
    } else if size >= 0.9995 || size == 0.0 {
        format!("{} s", decimal(value))
    } else if size >= 0.9995e-3 {
        format!("{} ms", decimal(value * 1e3))
    } else if size >= 0.9995e-6 {
        format!("{} µs", decimal(value * 1e6))
    } else {
        format!("{} ns", decimal(value * 1e9))
    }
}

/// With a capital first letter, but for names that are written as they are: vLLM, llama.cpp.
pub fn capital(words: &str) -> String {
    let first = words.split(' ').next().unwrap_or_default();
    if first.contains('.') || first.chars().skip(1).any(char::is_uppercase) {
        return words.to_owned();
    }
    let mut signs = words.chars();
    signs
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// US dollars: cents from a tenth of a dollar up, three digits below, and never a power of ten down to a millionth.
pub fn dollars(value: f64) -> String {
    if value >= 0.1 {
        pointed(format!("${value:.2}"))
    } else if (1e-6..1e-3).contains(&value) {
        // Two digits: more would promise too much.
        let places = (1.0 - value.log10().floor()).max(0.0) as usize;
        pointed(format!("${value:.places$}"))
    } else {
        format!("${}", decimal(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_in_both_systems() {
        for (bytes, gib, gb) in [
            (0.0, "0 B", "0 B"),
            (512.0, "512 B", "512 B"),
            (1024.0, "1.00 KiB", "1.02 kB"),
            (999.95 * 1024.0, "0.98 MiB", "1.02 MB"),
            (1_000_000.0, "977 KiB", "1.00 MB"),
            (1023.99 * 1024.0 * 1024.0, "1.00 GiB", "1.07 GB"),
            (24.0 * 1_073_741_824.0, "24.0 GiB", "25.8 GB"),
            (16_060_522_496.0, "15.0 GiB", "16.1 GB"),
            (642.0e9, "598 GiB", "642 GB"),
            (18_446_744_073_709_551_615.0, "16,384 PiB", "18,447 PB"),
        ] {
            assert_eq!(UnitSystem::Gib.bytes(bytes), gib);
            assert_eq!(UnitSystem::Gb.bytes(bytes), gb);
        }
    }

    #[test]
    fn so_many_of_a_thing() {
        assert_eq!(times(1, "L4"), "L4");
        assert_eq!(times(1_024, "L4"), "1,024 × L4");
        assert_eq!(one_or_times(1, "L4"), "one L4");
        assert_eq!(one_or_times(2, "L4"), "2 × L4");
    }

    #[test]
    fn decimals_have_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1.00"),
            (9.994, "9.99"),
            (9.996, "10.0"),
            (17.64, "17.6"),
            (99.94, "99.9"),
            (99.96, "100"),
            (999.5, "1,000"),
            (1024.0, "1,024"),
            (-1024.4, "−1,024"),
            (-17.64, "−17.6"),
            (0.0995, "0.10"),
            (0.0123, "0.0123"),
            (0.001, "0.00100"),
            (0.000_012, "1.20e-5"),
            (1e30, "1.00e30"),
            (f64::INFINITY, "∞"),
            (f64::NEG_INFINITY, "−∞"),
            (f64::NAN, "unknown"),
        ] {
            assert_eq!(decimal(value), text, "{value}");
        }
    }

    #[test]
    fn counts() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (8_030_261_248, "8,030,261,248"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(grouped(value), text);
        }
        for (value, text) in [
            (0.0, "0"),
            (7.0, "7"),
            (4096.0, "4,096"),
            (999_499.0, "999,499"),
            (999_600.0, "1.00 M"),
            (8_030_261_248.0, "8.03 B"),
            (999.6e9, "1.00 T"),
            (1.03e12, "1.03 T"),
            (-12.0, "−12"),
        ] {
            assert_eq!(short_count(value), text, "{value}");
        }
        assert_eq!(counted(1, "tensor"), "1 tensor");
        assert_eq!(counted(0, "tensor"), "0 tensors");
        assert_eq!(counted(1024, "tensor"), "1,024 tensors");
    }

    #[test]
    fn steps_of_a_thousand() {
        for (value, text) in [
            (0.0, "0 FLOP"),
            (999.0, "999 FLOP"),
            (999.6, "1.00 kFLOP"),
            (16.1e12, "16.1 TFLOP"),
            (2.5e18, "2.50 EFLOP"),
            (7.0e24, "7,000,000 EFLOP"),
        ] {
            assert_eq!(count(value, "FLOP"), text);
        }
        assert_eq!(rate(165.2e12, "FLOP"), "165 TFLOP/s");
        assert_eq!(percent(0.596), "59.6 %");
        assert_eq!(percent(1.0), "100.0 %");
    }

    #[test]
    fn times_in_words() {
        for (value, text) in [
            (0.0, "0 s"),
            (1e-9, "1.00 ns"),
            (16.2e-3, "16.2 ms"),
            (0.9994, "999 ms"),
            (0.9996, "1.00 s"),
            (1.06, "1.06 s"),
            (119.0, "119 s"),
            (120.0, "2.00 min"),
            (5400.0, "1.50 h"),
            (172_800.0, "2.00 days"),
            (4.0 * YEAR, "4.00 years"),
            (2e6 * YEAR, "2.00 M years"),
            (f64::INFINITY, "∞"),
        ] {
            assert_eq!(seconds(value), text, "{value}");
        }
    }

    #[test]
    fn a_sentence_begins_large_unless_it_begins_with_a_name() {
        assert_eq!(capital("the heads do not divide"), "The heads do not divide");
        assert_eq!(capital("vLLM takes 90 %"), "vLLM takes 90 %");
        assert_eq!(capital("llama.cpp takes all"), "llama.cpp takes all");
    }

    #[test]
    fn dollars_have_cents_or_three_digits() {
        assert_eq!(dollars(0.567), "$0.57");
        assert_eq!(dollars(0.0123), "$0.0123");
        assert_eq!(dollars(0.000_449), "$0.00045");
        assert_eq!(dollars(0.000_002), "$0.0000020");
        assert_eq!(dollars(65.0), "$65.00");
    }
}
