//! Finds a token in a text, also where it is encoded: percent, JSON, HTML, base64, hexadecimal, one inside the other.

/// What stands in place of a token.
const HIDDEN: &str = "(hidden)";
/// Encodings inside encodings that are looked through.
const DEEPEST: usize = 3;
/// Shorter runs hold no token.
const SHORTEST_RUN: usize = 16;
/// A known token that is shorter would be found in every text.
const SHORTEST_KNOWN: usize = 6;

/// A character as it reads once decoded, and where it stands in the text, in bytes.
#[derive(Clone, Copy, Debug)]
struct Sign {
    sign: char,
    from: usize,
    to: usize,
}

/// `text` without tokens: those of the usual form, and `known` whatever its form.
pub(super) fn hide(text: &str, known: Option<&str>) -> String {
    let known = known.filter(|known| known.len() >= SHORTEST_KNOWN);
    let mut signs: Vec<Sign> = text
        .char_indices()
        .map(|(from, sign)| Sign {
            sign,
            from,
            to: from.saturating_add(sign.len_utf8()),
        })
        .collect();
    let mut spans = Vec::new();
    for _ in 0..=DEEPEST {
        let place = |(from, to): (usize, usize)| {
            let inside = signs.get(from..to)?;
            Some((inside.first()?.from, inside.last()?.to))
        };
        spans.extend(plain(&signs, known).into_iter().filter_map(place));
        spans.extend(packed(&signs, known).into_iter().filter_map(place));
        let inner = decoded(&signs);
        if inner.len() == signs.len() {
            break;
        }
        signs = inner;
    }
    spans.sort_unstable();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to) in spans {
        if from >= at {
            out.push_str(text.get(at..from).unwrap_or_default());
            out.push_str(HIDDEN);
        }
        at = at.max(to);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Tokens that can be read as they stand: `hf_` and twenty or more letters and digits, `hf_oauth_` and a web token, or
/// the known one.
fn plain(signs: &[Sign], known: Option<&str>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = signs.get(at..).filter(|rest| !rest.is_empty()) {
        let length = token(rest, known);
        if length > 0 {
            found.push((at, at.saturating_add(length)));
        }
        at = at.saturating_add(length.max(1));
    }
    found
}

/// Length of the token at the beginning; 0 where there is none.
fn token(signs: &[Sign], known: Option<&str>) -> usize {
    let starts = |word: &str| {
        let mut signs = signs.iter();
        word.chars()
            .all(|sign| signs.next().is_some_and(|one| one.sign == sign))
    };
    if let Some(known) = known.filter(|known| starts(known)) {
        return known.chars().count();
    }
    if !starts("hf_") {
        return 0;
    }
    let oauth = starts("hf_oauth_");
    let prefix = if oauth { 9 } else { 3 };
    let belongs = |one: &&Sign| one.sign.is_ascii_alphanumeric() || (oauth && matches!(one.sign, '_' | '-' | '.'));
    let rest = signs.get(prefix..).unwrap_or_default();
    let length = rest.iter().take_while(belongs).count();
    let ends = rest.get(..length).unwrap_or_default().iter().rev();
    let length = length.saturating_sub(ends.take_while(|one| !one.sign.is_ascii_alphanumeric()).count());
    if length >= 20 { prefix.saturating_add(length) } else { 0 }
}

/// Runs of base64 or hexadecimal digits that hold a token once unpacked.
fn packed(signs: &[Sign], known: Option<&str>) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < signs.len() {
        let run = signs.get(at..).unwrap_or_default().iter();
        let run: Vec<char> = run
            .map(|one| one.sign)
            .take_while(|sign| sextet(*sign).is_some())
            .collect();
        if run.len() >= SHORTEST_RUN {
            let base64 = |skip: usize| unpack(run.get(skip..)?.iter().filter_map(|sign| sextet(*sign)), 6);
            let hexadecimal = || unpack(run.iter().map_while(|sign| sign.to_digit(16)), 4);
            let mut all = (0..4).map(base64).chain(std::iter::once_with(hexadecimal)).flatten();
            if all.any(|inside| !plain(&inside, known).is_empty()) {
                let padding = signs.get(at.saturating_add(run.len())..).unwrap_or_default();
                let padding = padding.iter().take_while(|one| one.sign == '=').count();
                found.push((at, at.saturating_add(run.len()).saturating_add(padding)));
            }
        }
        at = at.saturating_add(run.len()).saturating_add(1);
    }
    found
}

/// The six bits of a digit of base64, of either alphabet.
fn sextet(sign: char) -> Option<u32> {
    Some(match sign {
        'A'..='Z' => u32::from(sign) - u32::from('A'),
        'a'..='z' => u32::from(sign) - u32::from('a') + 26,
        '0'..='9' => u32::from(sign) - u32::from('0') + 52,
        '+' | '-' => 62,
        '/' | '_' => 63,
        _ => return None,
    })
}

/// Digits of so many bits as bytes, each read as a character.
fn unpack(digits: impl Iterator<Item = u32>, bits: u32) -> Option<Vec<Sign>> {
    let (mut held, mut count) = (0_u32, 0_u32);
    let mut out = Vec::new();
    for digit in digits {
        held = (held << bits) | digit;
        count += bits;
        if count >= 8 {
            count -= 8;
            let byte = char::from_u32(held >> count)?;
            out.push(Sign {
                sign: byte,
                from: 0,
                to: 0,
            });
            held &= (1 << count) - 1;
        }
    }
    Some(out)
}

/// One layer of escapes taken off.
fn decoded(signs: &[Sign]) -> Vec<Sign> {
    let mut out = Vec::with_capacity(signs.len());
    let mut at = 0;
    while let Some(&one) = signs.get(at) {
        let (sign, length) = escape(signs.get(at..).unwrap_or_default()).unwrap_or((one.sign, 1));
        let to = signs
            .get(at.saturating_add(length).saturating_sub(1))
            .map_or(one.to, |last| last.to);
        out.push(Sign {
            sign,
            from: one.from,
            to,
        });
        at = at.saturating_add(length);
    }
    out
}

/// The character an escape stands for, and how long the escape is: `%5f`, `\u005f`, `\x5f`, `\/`, `&#95;`, `&#x5f;`.
fn escape(signs: &[Sign]) -> Option<(char, usize)> {
    let sign = |at: usize| signs.get(at).map(|one| one.sign);
    let number = |from: usize, count: usize, base: u32| {
        let digits = signs.get(from..from + count)?;
        let value = digits
            .iter()
            .try_fold(0_u32, |all, one| Some(all * base + one.sign.to_digit(base)?))?;
        char::from_u32(value)
    };
    match (sign(0)?, sign(1)?) {
        ('%', _) => Some((number(1, 2, 16)?, 3)),
        ('\\', 'u') => Some((number(2, 4, 16)?, 6)),
        ('\\', 'x') => Some((number(2, 2, 16)?, 4)),
        ('\\', next) if !next.is_ascii_alphanumeric() => Some((next, 2)),
        ('&', '#') => {
            let (from, base) = if matches!(sign(2)?, 'x' | 'X') {
                (3, 16)
            } else {
                (2, 10)
            };
            let count = (1..=6).find(|count| sign(from + count) == Some(';'))?;
            Some((number(from, count, base)?, from + count + 1))
        }
        _ => None,
    }
}
