//! Tests of names that are no plain names: parts, globs, expressions, and the kinds that classes of modules come to.

use super::Layers;
use crate::model::component::Component;
use crate::model::quantisation::regex::Regex;
use crate::model::tensor::TensorKind;

/// A test of names that is no plain name.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Letters in a name.
    Part(String, Layers),
    /// `*` and `?` over a whole name, or over words of it.
    Glob { glob: String, layers: Layers, words: bool },
    /// A regular expression, from the beginning of a name or anywhere.
    Regex { regex: Regex, anywhere: bool },
    /// Kinds of tensors, which is what classes of modules come to.
    Kinds(Vec<TensorKind>),
    /// Parts of the model, likewise.
    Components(Vec<Component>),
}

/// Joins a test with an equal one that speaks of other layers.
pub fn merge(tests: &mut Vec<Test>, new: Test) {
    let same = |known: &&mut Test| match (&**known, &new) {
        (Test::Part(one, _), Test::Part(other, _)) => one == other,
        (
            Test::Glob { glob: one, words, .. },
            Test::Glob {
                glob: other,
                words: also,
                ..
            },
        ) => one == other && words == also,
        _ => false,
    };
    let Some(known) = tests.iter_mut().find(same) else {
        tests.push(new);
        return;
    };
    if let (
        Test::Part(_, known) | Test::Glob { layers: known, .. },
        Test::Part(_, more) | Test::Glob { layers: more, .. },
    ) = (known, new)
    {
        match (known.as_mut(), more) {
            (Some(known), Some(more)) => known.extend(more),
            _ => *known = None,
        }
    }
}

/// Takes the index of a layer out of a pattern. Where nothing ends it, `layers.1` speaks of 1 and of 10 to 19 too.
pub fn open_index(text: &str) -> (String, Layers) {
    for stack in ["layers.", "blocks.", "h."] {
        let Some(at) = text
            .find(stack)
            .filter(|&at| at == 0 || text.get(..at).is_some_and(|rest| rest.ends_with(['.', '*'])))
        else {
            continue;
        };
        let (before, after) = text.split_at(at + stack.len());
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        let Ok(layer) = digits.parse::<u64>() else { continue };
        let rest = after.get(digits.len()..).unwrap_or_default();
        let open = (rest.is_empty() || rest.starts_with('*')) && (1..1000).contains(&layer);
        let tens = [1, 10, 100].into_iter().filter(|tens| open || *tens == 1);
        let layers = tens.flat_map(|tens| (0..tens).map(move |more| layer.saturating_mul(tens).saturating_add(more)));
        return (format!("{before}#{rest}"), Some(layers.collect()));
    }
    (text.to_owned(), None)
}

/// Whether a glob of `*` and `?` matches the whole text: linear but for a step back to the last star.
pub fn matches_glob(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(sign) if *sign == b'?' || Some(sign) == text.get(read) => {
                at += 1;
                read += 1;
            }
            _ => match &mut star {
                Some((place, from)) => {
                    *from += 1;
                    at = *place + 1;
                    read = *from;
                }
                None => return false,
            },
        }
    }
    glob.get(at..).is_none_or(|rest| rest.iter().all(|sign| *sign == b'*'))
}
