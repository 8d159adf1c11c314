//! How much a number differs from the base's, in a few signs.

/// `3.3 ×`, `+21 %`, `−49 %`, `0.3 ×`: in percent between a loss of 60 and a doubling, beyond as a multiple. Nothing where they are
/// the same to half a percent, or either is zero.
pub fn relation(value: f64, base: f64) -> String {
    let ratio = value / base;
    if !ratio.is_finite() || ratio <= 0.0 || (ratio - 1.0).abs() < 0.005 {
        return String::new();
    }
    if (0.4..1.995).contains(&ratio) {
        let percent = (ratio - 1.0) * 100.0;
        let sign = if percent < 0.0 { '−' } else { '+' };
        return format!("{sign}{:.0} %", percent.abs());
    }
    format!("{} ×", times(ratio))
}

/// A multiple with the digits that are worth reading: 12, 3.3, 0.3, 0.04.
pub fn times(ratio: f64) -> String {
    if ratio >= 99.5 {
        crate::units::grouped(ratio.round() as u64)
    } else if ratio >= 9.95 {
        format!("{ratio:.0}")
    } else if ratio >= 0.095 {
        format!("{ratio:.1}")
    } else {
        let places = (-ratio.max(1e-9).log10().floor()).clamp(1.0, 9.0) as usize;
        format!("{ratio:.places$}")
    }
}

/// `93 % less`, `2.1 × the`, `8 % more`: of something whose name follows.
pub fn less_or_more(ratio: f64) -> Option<String> {
    if !ratio.is_finite() || ratio <= 0.0 || (ratio - 1.0).abs() < 0.005 {
        return None;
    }
    let percent = (ratio - 1.0) * 100.0;
    Some(if ratio >= 1.995 {
        format!("{} × the", times(ratio))
    } else if percent > 0.0 {
        format!("{percent:.0} % more")
    } else if percent > -99.5 {
        format!("{:.0} % less", -percent)
    } else {
        format!("{:.1} % less", (-percent).min(99.9))
    })
}

/// A share as whole percent, with a digit more below one percent: `9 %`, `0.4 %`.
pub fn share(part: f64) -> String {
    let percent = part * 100.0;
    if percent < 0.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}

/// Two shares with as many digits as tell them apart, two after the point at most: `5.2 %` and `4.8 %`. None where no reader would
/// care: they are the same to half a percent of themselves, or still read alike.
pub fn shares_apart(one: f64, other: f64) -> Option<(String, String)> {
    if (one - other).abs() <= 0.005 * one.abs().max(other.abs()) {
        return None;
    }
    let digits = |places: usize| move |part: f64| format!("{:.places$} %", part * 100.0);
    let (one_digit, two_digits) = (digits(1), digits(2));
    let ways: [&dyn Fn(f64) -> String; 3] = [&share, &one_digit, &two_digits];
    let said = ways.into_iter().map(|way| (way(one), way(other)));
    said.into_iter().find(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_read_as_people_say_them() {
        let said = [
            (104.0, 53.0, "+96 %"),
            (175.0, 53.0, "3.3 ×"),
            (0.91, 1.78, "−49 %"),
            (0.54, 1.78, "0.3 ×"),
            (5.36, 53.0, "0.1 ×"),
            (2.0, 53.0, "0.04 ×"),
            (53.1, 53.0, ""),
            (53.0, 0.0, ""),
            (f64::NAN, 1.0, ""),
            (12_345.0, 1.0, "12,345 ×"),
        ];
        for (value, base, words) in said {
            assert_eq!(relation(value, base), words, "{value} {base}");
        }
        assert_eq!(less_or_more(0.067).as_deref(), Some("93 % less"));
        assert_eq!(less_or_more(0.0009).as_deref(), Some("99.9 % less"));
        assert_eq!(less_or_more(4.71).as_deref(), Some("4.7 × the"));
        assert_eq!(less_or_more(1.002), None);
        let apart = |one, other| shares_apart(one, other);
        let said = |one: &str, other: &str| Some((one.to_owned(), other.to_owned()));
        assert_eq!(apart(0.052, 0.048), said("5.2 %", "4.8 %"));
        assert_eq!(apart(0.12, 0.05), said("12 %", "5 %"));
        assert_eq!(apart(0.0541, 0.0538), said("5.41 %", "5.38 %"));
        assert_eq!(apart(0.0501, 0.05), None);
        assert_eq!(apart(0.0, 0.0), None);
        assert_eq!((share(0.092), share(0.004)), ("9 %".to_owned(), "0.4 %".to_owned()));
    }
}
