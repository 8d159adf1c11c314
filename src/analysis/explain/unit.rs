//! How values of a figure are written.

use crate::units::{UnitSystem, count, decimal, grouped, seconds};

/// How values of a figure are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Count,
    Flops,
    Seconds,
    Intensity,
    Rate,
    Tokens,
}

impl Unit {
    /// A value with its unit.
    pub fn write(self, value: f64, units: UnitSystem) -> String {
        match self {
            Self::Bytes => units.bytes(value),
            Self::Count | Self::Tokens => whole(value),
            Self::Flops => count(value, "FLOP"),
            Self::Seconds => seconds(value),
            Self::Intensity => format!("{} FLOP/byte", decimal(value)),
            Self::Rate => format!("{} tokens/s", decimal(value)),
        }
    }
    /// The exact value, for the line of values.
    pub fn exact(self, value: f64) -> String {
        match self {
            Self::Bytes => format!("{} B", whole(value)),
            Self::Flops => format!("{} FLOP", whole(value)),
            _ => self.write(value, UnitSystem::default()),
        }
    }
}

/// A whole number as it is, as far as it is exact.
pub fn whole(value: f64) -> String {
    // Beyond 2^53 digits would be made up.
    if value.is_finite() && (0.0..=9.0e15).contains(&value) {
        grouped(value.round() as u64)
    } else {
        decimal(value)
    }
}
