//! What a number is of, and so how it is written.

use super::format::{UnitSystem, count, decimal, dollars, grouped, rate, seconds};

/// What a number is of, and so how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A bare number: a factor, a share, a count of something that need not be whole.
    Plain,
    /// Things that are counted: parameters, tokens, sequences.
    Count,
    /// Bytes.
    Bytes,
    /// Operations.
    Flops,
    /// Seconds.
    Seconds,
    /// Operations for each byte.
    Intensity,
    /// Tokens a second.
    TokensPerSecond,
    /// Bytes a second.
    BytesPerSecond,
    /// Operations a second.
    FlopsPerSecond,
    /// US dollars.
    Dollars,
}

impl Unit {
    /// A value with its unit.
    pub fn write(self, value: f64, units: UnitSystem) -> String {
        match self {
            Self::Plain => number(value),
            Self::Count => whole(value),
            Self::Bytes => units.bytes(value),
            Self::Flops => count(value, "FLOP"),
            Self::Seconds => seconds(value),
            Self::Intensity => format!("{} FLOP/byte", decimal(value)),
            Self::TokensPerSecond => format!("{} tokens/s", decimal(value)),
            Self::BytesPerSecond => rate(value, "B"),
            Self::FlopsPerSecond => rate(value, "FLOP"),
            Self::Dollars => dollars(value),
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

/// Whole numbers in full, others with three digits.
pub fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        whole(value)
    } else {
        decimal(value)
    }
}

/// A whole number as it is, as far as it is exact.
fn whole(value: f64) -> String {
    // Beyond 2^53 digits would be made up.
    if value.is_finite() && (0.0..=9.0e15).contains(&value) {
        grouped(value.round() as u64)
    } else {
        decimal(value)
    }
}

#[cfg(test)]
mod tests {
    use super::Unit;
    use crate::units::UnitSystem;

    #[test]
    fn each_unit_is_written_as_people_write_it() {
        let written = |unit: Unit, value| unit.write(value, UnitSystem::Gib);
        assert_eq!(written(Unit::Plain, 0.1234), "0.12");
        assert_eq!(written(Unit::Plain, 131_072.0), "131,072");
        assert_eq!(written(Unit::Count, 8_030_261_248.0), "8,030,261,248");
        assert_eq!(written(Unit::Bytes, 1_073_741_824.0), "1.00 GiB");
        assert_eq!(written(Unit::Seconds, 0.0184), "18.4 ms");
        assert_eq!(written(Unit::Intensity, 2.0), "2.00 FLOP/byte");
        assert_eq!(written(Unit::TokensPerSecond, 53.2), "53.2 tokens/s");
        assert_eq!(written(Unit::BytesPerSecond, 1.008e12), "1.01 TB/s");
        assert_eq!(written(Unit::FlopsPerSecond, 165.2e12), "165 TFLOP/s");
        assert_eq!(written(Unit::Dollars, 0.567), "$0.57");
        assert_eq!(Unit::Bytes.exact(1_073_741_824.0), "1,073,741,824 B");
    }
}
