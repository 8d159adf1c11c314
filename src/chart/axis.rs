//! Ticks and the units of an axis.

use crate::units::{UnitSystem, decimal, grouped};

/// Unit of an axis of bytes up to `most`: bytes in one, and its name.
pub fn byte_unit(units: UnitSystem, most: f64) -> (f64, &'static str) {
    let giga = units.giga();
    let (step, [mega_name, giga_name, tera_name]) = match units {
        UnitSystem::Gib => (1024.0, ["MiB", "GiB", "TiB"]),
        UnitSystem::Gb => (1000.0, ["MB", "GB", "TB"]),
    };
    if most < giga {
        (giga / step, mega_name)
    } else if most < 10.0 * giga * step {
        (giga, giga_name)
    } else {
        (giga * step, tera_name)
    }
}

/// Round values from zero to `most`, at most so many steps: memory comes in powers of two, sold bytes in tens.
pub fn byte_ticks(units: UnitSystem, most: f64, steps: f64) -> Vec<f64> {
    let rough = most / steps.max(1.0);
    if !rough.is_finite() || rough <= 0.0 {
        return vec![0.0];
    }
    let step = match units {
        UnitSystem::Gib => rough.log2().ceil().exp2(),
        UnitSystem::Gb => {
            let ten = 10_f64.powf(rough.log10().floor());
            [1.0, 2.0, 5.0, 10.0]
                .into_iter()
                .map(|round| round * ten)
                .find(|&step| step >= rough * 0.999_999)
                .unwrap_or(10.0 * ten)
        }
    };
    (0..32)
        .map(|at| f64::from(at) * step)
        .take_while(|&value| value <= most * 1.000_001)
        .collect()
}

/// Round numbers of tokens from zero to `most`, at most so many steps.
pub fn token_ticks(most: u64, steps: u64) -> Vec<u64> {
    let step = (most / steps.max(1))
        .max(1)
        .checked_next_power_of_two()
        .unwrap_or(1 << 63);
    (0..32)
        .map_while(|at: u64| at.checked_mul(step))
        .take_while(|&value| value <= most)
        .collect()
}

/// A number of tokens as people say it: `512`, `64k` (of 1,024), `1M`.
pub fn tokens_short(tokens: u64) -> String {
    const K: u64 = 1 << 10;
    const M: u64 = 1 << 20;
    if tokens >= M && tokens.is_multiple_of(M) {
        format!("{}M", grouped(tokens / M))
    } else if tokens >= M {
        format!("{}M", decimal(tokens as f64 / M as f64))
    } else if tokens >= K && tokens.is_multiple_of(K) {
        format!("{}k", tokens / K)
    } else {
        grouped(tokens)
    }
}

/// The texts of ticks, all with as many decimals as their step needs.
pub fn tick_texts(ticks: &[f64], unit: f64) -> Vec<String> {
    let step = ticks.get(1).map_or(1.0, |step| step / unit);
    let whole = |places: &i32| {
        let value = step * 10_f64.powi(*places);
        (value - value.round()).abs() < 1e-6 * value.abs()
    };
    let places = (0..3).find(whole).unwrap_or(3) as usize;
    let text = |value: f64| {
        if places == 0 {
            grouped(value.round() as u64)
        } else {
            format!("{value:.places$}")
        }
    };
    ticks.iter().map(|tick| text(tick / unit)).collect()
}

/// A logarithmic axis between two powers of ten, which need not be whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogAxis {
    /// Its beginning.
    pub low: f64,
    /// Its end.
    pub high: f64,
}

impl LogAxis {
    fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
        let logs = values.filter(|value| value.is_finite() && *value > 0.0).map(f64::log10);
        let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
            (low.min(log), high.max(log))
        });
        if low <= high { (low, high) } else { (0.0, 1.0) }
    }
    /// Whole powers of ten around all values, the highest so many of them at most.
    pub fn over(values: impl Iterator<Item = f64>, most: f64) -> Self {
        let (low, high) = Self::ends(values);
        let high = high.ceil();
        Self {
            low: low.floor().max(high - most).min(high - 1.0),
            high,
        }
    }
    /// A little more than from the least to the greatest.
    pub fn close(values: impl Iterator<Item = f64>) -> Self {
        let (low, high) = Self::ends(values);
        let room = ((high - low) * 0.08).max(0.1);
        Self {
            low: low - room,
            high: high + room,
        }
    }
    /// The place of a value, from 0 to 1.
    pub fn place(self, value: f64) -> f64 {
        let log = if value > 0.0 { value.log10() } else { self.low };
        ((log - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }
    /// Powers of ten on it.
    pub fn decades(self) -> impl Iterator<Item = f64> {
        let (low, high) = (
            self.low.ceil().clamp(-300.0, 300.0),
            self.high.floor().clamp(-300.0, 300.0),
        );
        (low as i32..=high as i32).map(|power| 10_f64.powi(power))
    }
    /// Round values on it, 1, 2 and 5 of each power of ten.
    pub fn ticks(self) -> impl Iterator<Item = f64> {
        let (low, high) = (
            self.low.floor().clamp(-300.0, 300.0),
            self.high.ceil().clamp(-300.0, 300.0),
        );
        let all = (low as i32..=high as i32).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        all.filter(move |value| (self.low..=self.high).contains(&value.log10()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_have_round_ticks() {
        let axis = LogAxis::over([0.3, 400.0].into_iter(), 9.0);
        assert_eq!(axis.decades().collect::<Vec<_>>(), [0.1, 1.0, 10.0, 100.0, 1000.0]);
        assert_eq!(
            [0.0, 0.1, 10.0, 1e9].map(|value| axis.place(value)),
            [0.0, 0.0, 0.5, 1.0]
        );
        assert_eq!(LogAxis::over([1e-9, 400.0].into_iter(), 2.0).decades().count(), 3);
        let close = LogAxis::close([0.02, 0.3].into_iter());
        assert_eq!(close.ticks().collect::<Vec<_>>(), [0.02, 0.05, 0.1, 0.2]);
        // Nothing, and nonsense.
        assert!(LogAxis::over([f64::NAN, -1.0].into_iter(), 9.0).decades().count() > 1);
        assert!(LogAxis::close(std::iter::empty()).ticks().count() > 1);
    }
    #[test]
    fn ticks_are_round() {
        assert_eq!(token_ticks(131_072, 4), [0, 32_768, 65_536, 98_304, 131_072]);
        assert_eq!(byte_ticks(UnitSystem::Gib, 33.0, 6.0), [0.0, 8.0, 16.0, 24.0, 32.0]);
        assert_eq!(byte_ticks(UnitSystem::Gb, 33.0, 6.0), [0.0, 10.0, 20.0, 30.0]);
        assert_eq!(byte_ticks(UnitSystem::Gb, 0.0, 6.0), [0.0]);
        assert_eq!(tick_texts(&[0.0, 0.5, 1.0], 1.0), ["0.0", "0.5", "1.0"]);
        assert_eq!(tick_texts(&[0.0, 1024.0, 2048.0], 1.0), ["0", "1,024", "2,048"]);
        assert!(token_ticks(u64::MAX, 4).len() < 6);
        assert_eq!(
            [512, 8192, 131_072, 1 << 20, 10 << 20].map(tokens_short),
            ["512", "8k", "128k", "1M", "10M"]
        );
    }
}
