//! Names of modules that a quantiser leaves alone, as configs write them.
//!
//! Exact names, parts of names, globs and the few regular expressions in use are all reduced to a glob that must begin
//! and end at a dot or at an end of the name. Nothing is run as a regular expression: a hostile one may never finish.

use std::collections::{BTreeMap, BTreeSet};

/// A pattern over module names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    glob: String,
    /// The layers it speaks of, if it names any.
    pub layers: Option<BTreeSet<u64>>,
}

/// Longer patterns are no module names.
const LONGEST: usize = 300;
/// Alternatives `(a|b)` are written out up to this many patterns.
const MOST_ALTERNATIVES: usize = 64;
/// No model has so many layers.
const MOST_LAYERS: u64 = 1000;
/// Lists in use reduce to a few dozen patterns once layers are taken out.
const MOST: usize = 1000;

impl Pattern {
    /// Reads lists such as `modules_to_not_convert`, `ignore`, `exclude_modules`.
    pub fn read<'a>(entries: impl Iterator<Item = &'a str>) -> Vec<Self> {
        let mut all: BTreeMap<String, Option<BTreeSet<u64>>> = BTreeMap::new();
        for entry in entries.filter(|entry| entry.len() <= LONGEST) {
            let text = match entry.strip_prefix("re:") {
                // An escaped dot is set aside first, so that `\d+` before it does not read as "anything".
                Some(regex) => regex
                    .trim_start_matches('^')
                    .trim_end_matches('$')
                    .replace("\\.", "\u{1}")
                    .replace(".*", "*")
                    .replace("\\d+", "*")
                    .replace("[0-9]+", "*")
                    .replace('\u{1}', "."),
                None => entry.to_owned(),
            };
            let text = inside(&text);
            for one in alternatives(&text) {
                let (glob, named) = split(&one);
                if all.len() >= MOST && !all.contains_key(&glob) {
                    continue;
                }
                let known = all.entry(glob).or_insert_with(|| Some(BTreeSet::new()));
                match known {
                    _ if named.is_empty() => *known = None,
                    Some(layers) => layers.extend(named),
                    None => {}
                }
            }
        }
        all.into_iter().map(|(glob, layers)| Self { glob, layers }).collect()
    }

    /// Whether a module is meant. `module` is its name inside the layer, or the whole name outside of layers.
    pub fn matches(&self, module: &str, in_layer: bool) -> bool {
        self.matches_name(&if in_layer {
            format!("model.layers.#.{module}")
        } else {
            format!("model.{module}")
        })
    }

    /// Whether a module of this whole name is meant; `#` stands for the index of a layer.
    pub fn matches_name(&self, full: &str) -> bool {
        let glob = self.glob.trim_matches('.').as_bytes();
        let open = [glob, b".*"].concat();
        // A match may begin and end at any dot: `lm_head`, `self_attn`, `model.layers.3.mlp.gate`.
        let bytes = full.as_bytes();
        let starts = (0..bytes.len()).filter(|&at| at == 0 || bytes.get(at - 1) == Some(&b'.'));
        starts
            .into_iter()
            .filter_map(|at| bytes.get(at..))
            .any(|rest| is_match(glob, rest) || is_match(&open, rest))
    }
}

/// Modules that only wrap a language model, one inside the other.
const WRAPPERS: &[&str] = &[
    "model",
    "language_model",
    "text_model",
    "backbone",
    "transformer",
    "thinker",
    "llm",
    "decoder",
    "base_model",
];

/// The name as a language model on its own has it, `model.layers.3.mlp`, whatever wraps it:
/// `model.language_model.layers.3.mlp`, `backbone.layers.3.mlp`, `transformer.h.3.mlp`.
fn inside(text: &str) -> String {
    let mut rest = text;
    let mut model = false;
    while let Some((word, more)) = rest.split_once('.').filter(|(word, _)| WRAPPERS.contains(word)) {
        model |= word == "model";
        rest = more;
    }
    let stack = ["layers.", "blocks.", "h."];
    let unwrapped = rest.len() < text.len();
    match stack.iter().find_map(|stack| rest.strip_prefix(stack)) {
        Some(layer) if unwrapped => format!("model.layers.{layer}"),
        _ if model => format!("model.{rest}"),
        _ => rest.to_owned(),
    }
}

/// Takes the index of a layer out, so that one comparison serves every layer. `layers.1*` speaks of 1 and 10 to 19 too.
fn split(text: &str) -> (String, Vec<u64>) {
    for stack in ["layers.", "blocks."] {
        let Some((before, after)) = text.split_once(stack) else {
            continue;
        };
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        let Ok(layer) = digits.parse::<u64>() else { continue };
        let rest = after.get(digits.len()..).unwrap_or_default();
        let open = rest.starts_with('*') && (1..MOST_LAYERS).contains(&layer);
        let tens = [1, 10, 100].into_iter().filter(|tens| open || *tens == 1);
        let layers = tens.flat_map(|tens| (0..tens).map(move |more| layer.saturating_mul(tens).saturating_add(more)));
        return (format!("{before}{stack}#{rest}"), layers.collect());
    }
    (text.to_owned(), Vec::new())
}

/// Whether a glob of `*` and `?` matches the whole text: linear but for a step back to the last star.
fn is_match(glob: &[u8], text: &[u8]) -> bool {
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
        Pattern::read(std::iter::once(entry))
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
    fn wrappers_put_names_around() {
        assert!(any("language_model.lm_head", "lm_head", false));
        assert!(any(
            "language_model.model.layers.3.self_attn*",
            "self_attn.q_proj",
            true
        ));
        assert!(any("model.language_model.layers.0.mlp*", "mlp.up_proj", true));
        for layers in [
            "model.layers",
            "language_model.model.layers",
            "model.language_model.layers",
            "model.text_model.layers",
            "backbone.layers",
            "thinker.model.layers",
            "transformer.h",
            "transformer.blocks",
        ] {
            let read = Pattern::read([format!("{layers}.5.mixer.in_proj")].iter().map(String::as_str));
            assert!(read.iter().any(|one| one.matches("mixer.in_proj", true)), "{layers}");
            assert!(
                read.iter().all(|one| one.layers == Some(BTreeSet::from([5]))),
                "{layers}"
            );
        }
        assert!(any("backbone.embeddings", "embeddings", false));
        assert!(any("model.language_model.embed_tokens", "embed_tokens", false));
        let named = |entry: &str, name: &str| {
            Pattern::read(std::iter::once(entry))
                .iter()
                .any(|pattern| pattern.matches_name(name))
        };
        assert!(named("model.visual", "model.visual.blocks.#.attn.qkv"));
        assert!(named("visual.blocks.7.attn.qkv", "model.visual.blocks.#.attn.qkv"));
        assert!(named("vision_tower*", "model.vision_tower.patch_embed.proj"));
        assert!(!named(
            "model.layers.3.self_attn",
            "model.vision_tower.encoder.layers.#.self_attn.q_proj"
        ));
    }

    #[test]
    fn layers_are_taken_out() {
        let read = Pattern::read(["model.layers.12.mlp.gate", "model.layers.3.mlp.gate", "lm_head"].into_iter());
        assert_eq!(read.len(), 2);
        assert!(read.iter().any(|one| one.layers == Some(BTreeSet::from([3, 12]))));
        // A star behind the index goes on with it.
        let read = Pattern::read(["model.layers.2*"].into_iter());
        let layers = read.first().and_then(|one| one.layers.clone()).unwrap_or_default();
        assert!([2, 20, 29, 200].iter().all(|layer| layers.contains(layer)) && !layers.contains(&3));
        assert!(read.first().is_some_and(|one| one.matches("mlp.gate", true)));
        // A glob over the layers says more than an index.
        let read = Pattern::read(["model.layers.*.mlp.gate"].into_iter());
        assert_eq!(read.first().and_then(|one| one.layers.clone()), None);
    }
}
