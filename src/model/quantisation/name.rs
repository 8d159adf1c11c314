//! Names of modules, whatever wraps the language model: `model.layers.3.mlp`, `model.language_model.layers.3.mlp`,
//! `backbone.layers.3.mlp` and `transformer.h.3.mlp` are one.

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

/// What the layers of a model are kept in.
const STACKS: &[&str] = &["layers.", "blocks.", "h."];

/// How checkpoints begin the names of what is in a language model's layers, the commonest first; expressions that are
/// anchored are held against each.
const IN_LAYERS: &[&str] = &[
    "model.layers.",
    "model.language_model.layers.",
    "language_model.model.layers.",
    "layers.",
    "language_model.layers.",
    "backbone.layers.",
    "transformer.h.",
    "transformer.blocks.",
    "thinker.model.layers.",
];
/// The same for what is in none.
const OUTSIDE: &[&str] = &[
    "model.",
    "",
    "model.language_model.",
    "language_model.model.",
    "language_model.",
];

/// A name without what wraps the language model: `layers.3.mlp.gate`, `lm_head`, `visual.blocks.7.attn`.
pub fn inside(text: &str) -> String {
    let mut rest = text;
    while let Some((_, more)) = rest.split_once('.').filter(|(word, _)| WRAPPERS.contains(word)) {
        rest = more;
    }
    match STACKS.iter().find_map(|stack| rest.strip_prefix(stack)) {
        Some(layer) if layer.starts_with(|first: char| first.is_ascii_digit() || "*#[?".contains(first)) => {
            format!("layers.{layer}")
        }
        _ => rest.to_owned(),
    }
}

/// Takes the first index out of a name: `layers.3.mlp` is `layers.#.mlp` and 3. The index of an expert stays, but as the
/// sign for any: the first expert speaks for all, so others are `None`.
pub fn without_index(name: &str) -> Option<(String, Option<u64>)> {
    let mut index = None;
    let mut key = String::with_capacity(name.len());
    let mut before = "";
    for part in name.split('.') {
        if !key.is_empty() {
            key.push('.');
        }
        let digits = !part.is_empty() && part.bytes().all(|sign| sign.is_ascii_digit());
        match part.parse::<u64>() {
            Ok(number) if digits && before == "experts" => {
                if number > 0 {
                    return None;
                }
                key.push_str("{e}");
            }
            Ok(number) if digits && index.is_none() => {
                index = Some(number);
                key.push('#');
            }
            _ => key.push_str(part),
        }
        before = part;
    }
    Some((key, index))
}

/// The name of a tensor's module without its index, as rules are held against it.
pub fn key(module: &str, in_layer: bool) -> String {
    if in_layer {
        format!("layers.#.{module}")
    } else {
        inside(&module.replace("{i}", "#"))
    }
}

/// A key, and the one it has in checkpoints that keep the experts of a layer in one tensor, or one by one, where ours do not.
pub fn variants(key: &str) -> Vec<String> {
    let joined = |last: &str| {
        if last == "down_proj" {
            "down_proj"
        } else {
            "gate_up_proj"
        }
        .to_owned()
    };
    let other = match key.split_once("experts.") {
        Some((before, rest)) => match rest.strip_prefix("{e}.") {
            Some(last @ ("gate_proj" | "up_proj" | "down_proj")) => Some(format!("{before}experts.{}", joined(last))),
            Some(_) => None,
            None if rest == "gate_up_proj" => Some(format!("{before}experts.{{e}}.gate_proj")),
            None if rest == "down_proj" => Some(format!("{before}experts.{{e}}.down_proj")),
            None => None,
        },
        None => None,
    };
    [Some(key.to_owned()), other].into_iter().flatten().collect()
}

/// The names a checkpoint may give a module with this key in the layer with this index.
pub fn spelled(key: &str, index: u64) -> Vec<String> {
    let begun = |key: String| {
        let name = key.replacen('#', &index.to_string(), 1).replace("{e}", "0");
        let (begins, rest) = match name.strip_prefix("layers.") {
            Some(rest) => (IN_LAYERS, rest),
            None => (OUTSIDE, name.as_str()),
        };
        begins.iter().map(|begin| format!("{begin}{rest}")).collect::<Vec<_>>()
    };
    variants(key).into_iter().flat_map(begun).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_and_indices() {
        for name in [
            "model.layers.3.mlp.gate",
            "model.language_model.layers.3.mlp.gate",
            "language_model.model.layers.3.mlp.gate",
            "backbone.layers.3.mlp.gate",
            "transformer.h.3.mlp.gate",
            "layers.3.mlp.gate",
        ] {
            let found = without_index(&inside(name));
            assert_eq!(found, Some(("layers.#.mlp.gate".to_owned(), Some(3))), "{name}");
        }
        assert_eq!(inside("language_model.lm_head"), "lm_head");
        assert_eq!(inside("model.visual.blocks.7.attn"), "visual.blocks.7.attn");
        assert_eq!(
            without_index("layers.2.mlp.experts.0.up_proj"),
            Some(("layers.#.mlp.experts.{e}.up_proj".to_owned(), Some(2)))
        );
        assert_eq!(without_index("layers.2.mlp.experts.5.up_proj"), None);
        assert_eq!(
            key("model.visual.blocks.{i}.attn.qkv", false),
            "visual.blocks.#.attn.qkv"
        );
    }
}
