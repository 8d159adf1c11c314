//! The marks between the digits of a number: `65,536` and `17.6`, unless the page was told how its reader writes them.
//!
//! What leaves the page (links, exports, JSON) is written [`neutral`]; the command line and the module never set marks.

use std::cell::Cell;

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marks {
    /// Between groups of digits; none where they are not set apart.
    group: Option<char>,
    /// Before the fraction.
    point: char,
    /// Digits of the groups above the first three: three, or two as in India.
    above: u8,
    /// Fewest digits before the first mark of a number that is set apart: `1.234` or, in Spanish, `1234` but `12.345`.
    least: u8,
}

/// As exports, the command line and English have it.
pub const NEUTRAL: Marks = Marks {
    group: Some(','),
    point: '.',
    above: 3,
    least: 1,
};

thread_local! {
    static MARKS: Cell<Marks> = const { Cell::new(NEUTRAL) };
}

impl Marks {
    /// Learns them from two numbers as the reader's language writes them: 12345678.5 and 1234. None where a sign is none of
    /// these, as where other digits are used.
    pub fn of(large: &str, small: &str) -> Option<Self> {
        let mut signs = large.chars().rev();
        let (five, point) = (signs.next()?, signs.next()?);
        let (mut due, mut run, mut group, mut above) = (8_u32, 0_u8, None, 3);
        for sign in signs {
            if sign.to_digit(10) == Some(due) {
                (due, run) = (due.saturating_sub(1), run.saturating_add(1));
                continue;
            }
            match group {
                None if run == 3 => group = Some(sign),
                Some(known) if known == sign && matches!(run, 2 | 3) => above = run,
                _ => return None,
            }
            run = 0;
        }
        let sign = |sign: char| matches!(sign, ',' | '.' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}');
        let whole = due == 0 && five == '5' && sign(point) && group.is_none_or(|one| sign(one) && one != point);
        whole.then_some(Self {
            group,
            point,
            above,
            least: if small.len() == 4 { 2 } else { 1 },
        })
    }
    /// Writes all further numbers so.
    pub fn set(self) {
        MARKS.set(self);
    }
}

/// Writes numbers with the neutral marks while `write` runs.
pub fn neutral<T>(write: impl FnOnce() -> T) -> T {
    struct Back(Marks);
    impl Drop for Back {
        fn drop(&mut self) {
            MARKS.set(self.0);
        }
    }
    let _back = Back(MARKS.replace(NEUTRAL));
    write()
}

/// A number written with a point, with the reader's own.
pub(super) fn pointed(text: String) -> String {
    let point = MARKS.get().point;
    if point == '.' {
        text
    } else {
        text.replace('.', &point.to_string())
    }
}

/// Digits with their groups set apart.
pub(super) fn apart(digits: &str) -> String {
    let marks = MARKS.get();
    let count = digits.len();
    let mut out = String::with_capacity(count + count / 3);
    for (at, digit) in digits.chars().enumerate() {
        let left = count - at;
        let due = left == 3 || left > 3 && (left - 3).is_multiple_of(usize::from(marks.above));
        if let Some(group) = marks
            .group
            .filter(|_| at > 0 && due && count >= 3 + usize::from(marks.least))
        {
            out.push(group);
        }
        out.push(digit);
    }
    out
}

/// A number as a reader typed it, with neutral marks. Groups are taken only where they are whole: in German `65.536` is a
/// group, `0.9` and `1.5` are not.
pub fn typed_here(text: &str) -> String {
    let marks = MARKS.get();
    let Some(group) = marks.group.filter(|_| marks != NEUTRAL) else {
        return pointless(text, marks);
    };
    let digits = |part: &str| part.bytes().take_while(u8::is_ascii_digit).count();
    let mut parts = text.trim().split(group);
    let first = parts.next().unwrap_or_default();
    let leads = matches!(first.len(), 1..=3) && digits(first) == first.len() && !first.starts_with('0');
    // Of the last one the unit follows.
    if leads && parts.all(|part| digits(part) == 3 || marks.above == 2 && digits(part) == 2) {
        return pointless(&text.replace(group, ""), marks);
    }
    pointless(text, marks)
}

/// The reader's point as a point.
fn pointless(text: &str, marks: Marks) -> String {
    if marks.point == '.' {
        text.to_owned()
    } else {
        text.replace(marks.point, ".")
    }
}

#[cfg(test)]
mod tests {
    use super::super::{decimal, grouped, percent};
    use super::*;

    const GERMAN: (&str, &str) = ("12.345.678,5", "1.234");

    #[test]
    fn marks_are_learnt_from_a_language() {
        for (large, small, written) in [
            ("12,345,678.5", "1,234", "1,234,567"),
            (GERMAN.0, GERMAN.1, "1.234.567"),
            ("12\u{202f}345\u{202f}678,5", "1\u{202f}234", "1\u{202f}234\u{202f}567"),
            ("12’345’678.5", "1’234", "1’234’567"),
            ("1,23,45,678.5", "1,234", "12,34,567"),
            ("12.345.678,5", "1234", "1.234.567"),
        ] {
            let marks = Marks::of(large, small).unwrap_or_else(|| panic!("{large}"));
            marks.set();
            assert_eq!(grouped(1_234_567), written);
            assert_eq!(grouped(12_345_678) + &pointed(".5".to_owned()), large);
            assert_eq!(grouped(1_234), small);
            NEUTRAL.set();
        }
        for odd in [
            "",
            "5",
            "١٢٬٣٤٥٬٦٧٨٫٥",
            "12345678",
            "12.345.678.5",
            "12a345a678,5",
            "12,345,67,8.5",
        ] {
            assert_eq!(Marks::of(odd, "1,234"), None, "{odd}");
        }
    }

    #[test]
    fn what_leaves_is_neutral() {
        Marks::of(GERMAN.0, GERMAN.1).unwrap().set();
        assert_eq!(
            (decimal(17.64), percent(0.596), grouped(65_536)),
            ("17,6".to_owned(), "59,6 %".to_owned(), "65.536".to_owned())
        );
        assert_eq!(
            neutral(|| (decimal(17.64), grouped(65_536))),
            ("17.6".to_owned(), "65,536".to_owned())
        );
        assert_eq!(decimal(1024.0), "1.024");
        NEUTRAL.set();
    }

    #[test]
    fn what_is_typed_is_read_as_it_is_written_here() {
        assert_eq!(typed_here("65,536"), "65,536");
        Marks::of(GERMAN.0, GERMAN.1).unwrap().set();
        for (typed, meant) in [
            ("65.536", "65536"),
            ("1.048.576", "1048576"),
            ("1,5 GiB", "1.5 GiB"),
            ("0.9", "0.9"),
            ("0.125", "0.125"),
            ("1.5", "1.5"),
            ("32k", "32k"),
            ("auto", "auto"),
            ("3,1", "3.1"),
            ("", ""),
        ] {
            assert_eq!(typed_here(typed), meant, "{typed}");
        }
        NEUTRAL.set();
    }
}
