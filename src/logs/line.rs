//! Lines of a log without what surrounds their message, and the few ways figures are picked from them.

use std::borrow::Cow;

/// Longest line that is read: what an engine prints of its options has some ten thousand letters.
const LONGEST: usize = 64 << 10;

/// A line.
#[derive(Debug)]
pub struct Line<'a> {
    /// Without colours.
    pub text: Cow<'a, str>,
    /// Who wrote it: `Worker_TP0`, `TP1`; empty where nobody says.
    pub place: String,
}

/// All lines. A carriage return ends one as well: bars of progress are written over.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    text.split(['\n', '\r'])
        .filter(|line| line.len() <= LONGEST && !line.trim().is_empty())
        .map(|line| {
            let text = plain(line);
            let place = place(&text);
            Line { text, place }
        })
}

/// A line without the sequences that colour it.
fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        if sign != '\u{1b}' {
            out.push(sign);
            continue;
        }
        // `ESC [ parameters letter`; of any other the letter after it.
        if signs.next() == Some('[') {
            for sign in signs.by_ref() {
                if sign.is_ascii_alphabetic() || sign == '~' {
                    break;
                }
            }
        }
    }
    Cow::Owned(out)
}

/// Who wrote a line: vLLM puts `(Worker_TP0 pid=12)` in front, SGLang `[2026-02-26 16:41:05 TP1]`.
fn place(text: &str) -> String {
    let text = text.trim_start();
    if let Some((inner, _)) = text.strip_prefix('(').and_then(|rest| rest.split_once(')'))
        && let Some((name, _)) = inner.split_once("pid=")
    {
        return short(name);
    }
    if let Some((inner, _)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let words = inner.split_whitespace();
        let rank = |word: &&str| {
            word.starts_with(|sign: char| sign.is_ascii_uppercase())
                && word.ends_with(|sign: char| sign.is_ascii_digit())
        };
        return short(&words.filter(rank).collect::<Vec<_>>().join(" "));
    }
    String::new()
}

fn short(name: &str) -> String {
    name.trim().chars().take(40).collect()
}

/// What follows a mark.
pub fn after<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    text.split_once(mark).map(|(_, rest)| rest)
}

/// The number a text begins with, spaces before it aside.
pub fn number(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let end = text
        .find(|sign: char| !(sign.is_ascii_digit() || matches!(sign, '.' | ',' | '-')))
        .unwrap_or(text.len());
    // A full stop or comma after the number belongs to the sentence.
    let found = text.get(..end)?.trim_end_matches(['.', ',', '-']);
    found.contains(|sign: char| sign.is_ascii_digit()).then_some(found)
}

/// The number right before a mark.
pub fn number_before<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (before, _) = text.split_once(mark)?;
    let start = before
        .rfind(|sign: char| !(sign.is_ascii_digit() || matches!(sign, '.' | ',')))
        .map_or(0, |at| {
            at + before
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
    let found = before.get(start..)?.trim_start_matches(['.', ',']);
    (!found.is_empty()).then_some(found)
}

/// A whole number, with or without commas.
pub fn whole(text: &str) -> Option<u64> {
    number(text)?.replace(',', "").parse().ok()
}

/// Any number.
pub fn real(text: &str) -> Option<f64> {
    let value: f64 = number(text)?.replace(',', "").parse().ok()?;
    value.is_finite().then_some(value)
}

/// The value of `key=value` or `'key': value` in a list of options; none where it says None.
pub fn option<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut rest = text;
    while let Some(at) = rest.find(key) {
        let (before, found) = rest.split_at(at);
        let own = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '-' | '.');
        let behind = found.get(key.len()..)?;
        let value = behind
            .strip_prefix('=')
            .or_else(|| behind.strip_prefix("': "))
            .or_else(|| behind.strip_prefix("\": "))
            .or_else(|| behind.strip_prefix(':'));
        if let Some(value) = value.filter(|_| !before.ends_with(own)) {
            let value = value.trim_start();
            let quote = value.chars().next().filter(|sign| matches!(sign, '\'' | '"'));
            let value = match quote {
                Some(quote) => value.get(1..)?.split(quote).next()?,
                None => value.split([',', ')', '}', ']', ' ']).next()?,
            };
            return (!value.is_empty() && value != "None" && value != "null").then_some(value);
        }
        rest = behind;
    }
    None
}

/// A name from outside, as it may be kept.
pub fn name(text: &str) -> String {
    let plain = text.trim().chars().filter(|sign| !sign.is_control());
    plain.take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_surrounds_a_message_is_looked_past() {
        let of = |text: &str| {
            lines(text)
                .next()
                .map(|line| (line.text.into_owned(), line.place))
                .unwrap()
        };
        assert_eq!(
            of("\u{1b}[1;36m(EngineCore_0 pid=7)\u{1b}[0;0m INFO x").1,
            "EngineCore_0"
        );
        assert_eq!(of("(VllmWorker rank=1 pid=7) INFO x").1, "VllmWorker rank=1");
        assert_eq!(of("[2026-02-26 16:41:05 DP0 TP1] Load").1, "DP0 TP1");
        assert_eq!(of("[2026-02-26 16:41:05] Load").1, "");
        assert_eq!(of("\u{1b}[32mgreen\u{1b}[0m").0, "green");
        // Hostile: sequences without an end.
        for text in ["\u{1b}", "\u{1b}[", "\u{1b}[999999", "(pid=", "[", "(", "(é pid=1"] {
            let _ = lines(text).count();
        }
    }

    #[test]
    fn figures_are_picked_from_sentences() {
        assert_eq!(number(" 20,992 tokens"), Some("20,992"));
        assert_eq!(number("1.93 GB."), Some("1.93"));
        assert_eq!(number("took"), None);
        assert_eq!(
            number_before("is 0.93 GiB for weight, 1.06 GiB for peak", " GiB for peak"),
            Some("1.06")
        );
        assert_eq!(number_before("é GiB for peak", " GiB for peak"), None);
        assert_eq!(whole("8,192 cells"), Some(8192));
        assert_eq!(real("0.5x"), Some(0.5));
    }

    #[test]
    fn options_are_whole_words() {
        let line =
            "config: model='Qwen/Qwen3-8B', draft_model='x', dtype=torch.bfloat16, quantization=None, tp_size=2)";
        assert_eq!(option(line, "model"), Some("Qwen/Qwen3-8B"));
        assert_eq!(option(line, "dtype"), Some("torch.bfloat16"));
        assert_eq!(option(line, "quantization"), None);
        assert_eq!(option(line, "tp_size"), Some("2"));
        assert_eq!(option("{'max_model_len': 8192, 'x': 1}", "max_model_len"), Some("8192"));
        assert_eq!(option("size", "size"), None);
        assert_eq!(option("x: é='", "é"), None);
    }
}
