//! How numbers are written: bytes in GiB or GB (never mixed), counts, rates, times.

use serde::{Deserialize, Serialize};

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

/// Three significant digits, but never fewer than the whole part: 0.98, 17.6, 1,024.
pub fn decimal(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "∞".to_owned()
    } else if size == 0.0 {
        "0".to_owned()
    } else if size >= 100.0 {
        grouped_signed(value.round())
    } else if size >= 9.995 {
        format!("{value:.1}")
    } else if size >= 0.0995 {
        format!("{value:.2}")
    } else if size >= 0.000_995 {
        let places = (2.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.places$}")
    } else {
        format!("{value:.2e}")
    }
}

/// A whole number with its thousands set apart: 8,030,261,248.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of things: 1 tensor, 1,024 tensors.
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

fn grouped_signed(value: f64) -> String {
    let text = grouped(value.abs() as u64);
    if value < 0.0 { format!("−{text}") } else { text }
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
        grouped_signed(value.round())
    }
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
    format!("{:.1} %", share * 100.0)
}

/// Seconds of a year.
const YEAR: f64 = 365.25 * 86_400.0;

/// A time: `1.06 s`, `16.2 ms`, `3.1 h`.
pub fn seconds(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        "∞".to_owned()
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
