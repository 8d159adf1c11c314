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

#[cfg(test)]
mod tests {
    use super::*;

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
