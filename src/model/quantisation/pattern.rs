//! Names of modules that a quantiser leaves alone, as configs write them.
//!
//! Exact names, parts of names, globs and the few regular expressions in use are all reduced to a glob that must begin
//! and end at a dot or at an end of the name. Nothing is run as a regular expression: a hostile one may never finish.

/// A pattern over module names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    glob: String,
    /// The layer it speaks of, if it names one.
    pub layer: Option<u64>,
}

/// Longer patterns are no module names.
const LONGEST: usize = 300;
/// Alternatives `(a|b)` are written out up to this many patterns.
const MOST_ALTERNATIVES: usize = 64;

impl Pattern {
    /// Reads an entry of `modules_to_not_convert`, `ignore`, `exclude_modules`: one pattern, or one for each alternative.
    pub fn read(entry: &str) -> Vec<Self> {
        if entry.len() > LONGEST {
            return Vec::new();
        }
        let text = match entry.strip_prefix("re:") {
            Some(regex) => regex
                .trim_start_matches('^')
                .trim_end_matches('$')
                .replace("\\d+", "*")
                .replace("[0-9]+", "*")
                .replace(".*", "*")
                .replace("\\.", "."),
            None => entry.to_owned(),
        };
        alternatives(&text).into_iter().map(|glob| Self::new(&glob)).collect()
    }

    fn new(text: &str) -> Self {
        // The index of the layer is taken out, so that one comparison serves every layer.
        if let Some((before, after)) = text.split_once("layers.") {
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            if let Ok(layer) = digits.parse() {
                let rest = after.get(digits.len()..).unwrap_or_default();
                return Self {
                    glob: format!("{before}layers.#{rest}"),
                    layer: Some(layer),
                };
            }
        }
        Self {
            glob: text.to_owned(),
            layer: None,
        }
    }

    /// Whether a module is meant. `module` is its name inside the layer, or the whole name outside of layers.
    pub fn matches(&self, module: &str, in_layer: bool) -> bool {
        let full = if in_layer {
            format!("model.layers.#.{module}")
        } else {
            format!("model.{module}")
        };
        let glob = self.glob.trim_matches('.');
        // A match may begin and end at any dot: `lm_head`, `self_attn`, `model.layers.3.mlp.gate`.
        let bytes = full.as_bytes();
        let starts = (0..bytes.len()).filter(|&at| at == 0 || bytes.get(at - 1) == Some(&b'.'));
        starts
            .into_iter()
            .any(|at| bytes.get(at..).is_some_and(|rest| begins(glob.as_bytes(), rest)))
    }
}

/// Whether the glob matches the beginning of the text up to a dot or its end.
fn begins(glob: &[u8], text: &[u8]) -> bool {
    // Positions in the text that the glob read so far can have reached.
    let mut reached = vec![false; text.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for &sign in glob {
        if sign == b'*' {
            let mut open = false;
            for place in &mut reached {
                open |= *place;
                *place = open;
            }
            continue;
        }
        let mut next = vec![false; text.len() + 1];
        for (at, &letter) in text.iter().enumerate() {
            if reached.get(at) == Some(&true)
                && (letter == sign || sign == b'?')
                && let Some(place) = next.get_mut(at + 1)
            {
                *place = true;
            }
        }
        reached = next;
    }
    reached
        .iter()
        .enumerate()
        .any(|(at, &yes)| yes && (at == text.len() || text.get(at) == Some(&b'.')))
}

/// Writes out `(a|b)` groups.
fn alternatives(text: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut open = vec![text.to_owned()];
    while let Some(one) = open.pop() {
        let group = one
            .split_once('(')
            .and_then(|(before, rest)| rest.split_once(')').map(|(inside, after)| (before, inside, after)));
        match group {
            Some((before, inside, after)) if open.len() + done.len() < MOST_ALTERNATIVES => {
                open.extend(
                    inside
                        .trim_start_matches("?:")
                        .split('|')
                        .map(|choice| format!("{before}{choice}{after}")),
                );
            }
            _ => done.push(one),
        }
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn any(entry: &str, module: &str, in_layer: bool) -> bool {
        Pattern::read(entry)
            .iter()
            .any(|pattern| pattern.matches(module, in_layer))
    }

    #[test]
    fn forms_in_use() {
        assert!(any("lm_head", "lm_head", false));
        assert!(any("model.layers.*.self_attn", "self_attn.q_proj", true));
        assert!(any("model.layers.7.mlp.gate", "mlp.gate", true));
        assert!(
            !any("model.layers.7.mlp.gate", "mlp.gate_proj", true),
            "a name ends at a dot"
        );
        assert!(any("re:.*self_attn.*", "self_attn.o_proj", true));
        assert!(any("re:.*mlp\\.(gate|up|down)_proj.*", "mlp.up_proj", true));
        assert!(!any(
            "re:.*mlp\\.(gate|up|down)_proj.*",
            "mlp.experts.{e}.up_proj",
            true
        ));
        assert!(any("gate", "mlp.gate", true));
        assert!(any("re:model\\.layers\\.\\d+\\.mlp\\.router", "mlp.router", true));
    }

    #[test]
    fn layers_are_taken_out() {
        assert_eq!(
            Pattern::read("model.layers.12.mlp.gate")
                .first()
                .and_then(|one| one.layer),
            Some(12)
        );
        assert_eq!(
            Pattern::read("model.layers.*.mlp.gate")
                .first()
                .and_then(|one| one.layer),
            None
        );
    }
}
