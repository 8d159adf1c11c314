//! Names of tensors in checkpoints: the layer taken out, prefixes of wrappers removed, roles recognised.

/// Words after which the number of a layer stands.
const LAYER_WORDS: &[&str] = &["layers", "h", "blocks", "block", "blk", "layer"];
/// Modules that only wrap the language model.
const WRAPPERS: &[&str] = &[
    "model",
    "language_model",
    "transformer",
    "text_model",
    "base_model",
    "backbone",
    "gpt_neox",
    "llm",
    "decoder",
    "rwkv",
];

/// Modules inside a tower that only wrap it: `vision_tower.vision_model.encoder`, `vision_model.model.layers`.
/// Published checkpoints have them where newer ones do not.
const TOWER_WRAPPERS: &[&str] = &["vision_model", "model"];

/// A name taken apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    /// What stands before the layer, without wrappers: empty for the language model, `visual` for a tower.
    pub part: String,
    /// The layer's number.
    pub layer: Option<u64>,
    /// The name inside the layer, `{e}` for an expert.
    pub rest: String,
}

/// Takes a name apart: `model.language_model.layers.3.mlp.experts.7.up_proj.weight` is layer 3,
/// `mlp.experts.{e}.up_proj.weight`.
pub(super) fn place(name: &str) -> Place {
    let parts: Vec<&str> = name.split('.').collect();
    let at = parts.windows(2).position(|pair| match pair {
        [word, number] => LAYER_WORDS.contains(word) && is_number(number),
        _ => false,
    });
    let (before, layer, after) = match at {
        Some(at) => (
            parts.get(..at).unwrap_or_default(),
            parts.get(at + 1).and_then(|number| number.parse().ok()),
            parts.get(at + 2..).unwrap_or_default(),
        ),
        None => (parts.as_slice(), None, &[][..]),
    };
    let wraps = before
        .iter()
        .take_while(|word| WRAPPERS.contains(word))
        .count()
        // A tensor called `model` alone keeps its name.
        .min(if at.is_some() {
            before.len()
        } else {
            before.len().saturating_sub(1)
        });
    let inner = unwrapped(before.get(wraps..).unwrap_or_default());
    match layer {
        Some(layer) => Place {
            part: inner.join("."),
            layer: Some(layer),
            rest: experts(after),
        },
        None => Place {
            part: String::new(),
            layer: None,
            rest: experts(&inner),
        },
    }
}

/// A part's name without the wrappers behind its first word.
fn unwrapped<'a>(parts: &[&'a str]) -> Vec<&'a str> {
    let (first, others) = parts.split_at_checked(1).unwrap_or((parts, &[]));
    let kept = others.iter().filter(|word| !TOWER_WRAPPERS.contains(word));
    first.iter().chain(kept).copied().collect()
}

fn experts(parts: &[&str]) -> String {
    let mut out: Vec<&str> = Vec::with_capacity(parts.len());
    for part in parts {
        // DBRX has its experts one level deeper: `experts.mlp.w1`.
        let inside = out.last().is_some_and(|last| last.ends_with("experts")) || out.ends_with(&["experts", "mlp"]);
        out.push(if inside && is_number(part) { "{e}" } else { part });
    }
    out.join(".")
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 9 && text.bytes().all(|sign| sign.is_ascii_digit())
}

/// What a projection does, by the last part of its module's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Role {
    Query,
    Key,
    Value,
    QueryKeyValue,
    Output,
    Gate,
    Up,
    GateUp,
    Down,
    QueryA,
    QueryB,
    KeyValueA,
    KeyValueB,
    KeyB,
    ValueB,
    Router,
    Table,
    Head,
    /// A router's correction bias.
    Correction,
    /// Attention sinks.
    Sinks,
}

/// The names of each role in checkpoints and GGUF files.
const ROLES: &[(Role, &[&str])] = &[
    (Role::Query, &["q_proj", "wq", "query", "attn_q", "q"]),
    (Role::Key, &["k_proj", "wk", "key", "attn_k", "k"]),
    (Role::Value, &["v_proj", "wv", "value", "attn_v", "v"]),
    (
        Role::QueryKeyValue,
        &[
            "qkv_proj",
            "query_key_value",
            "Wqkv",
            "c_attn",
            "attn_qkv",
            "W_pack",
            "wqkv",
            "qkv",
            "in_proj_qkv",
            "att_proj",
        ],
    ),
    (
        Role::Output,
        &["o_proj", "wo", "out_proj", "attn_output", "dense", "attn_out", "c_proj"],
    ),
    (
        Role::Gate,
        &["gate_proj", "w1", "ffn_gate", "ffn_gate_exps", "ffn_gate_shexp", "wi_0"],
    ),
    (
        Role::Up,
        &[
            "up_proj",
            "w3",
            "ffn_up",
            "ffn_up_exps",
            "ffn_up_shexp",
            "fc1",
            "c_fc",
            "wi_1",
        ],
    ),
    (
        Role::GateUp,
        &[
            "gate_up_proj",
            "ffn_gate_up_exps",
            "gate_and_up_proj",
            "ff_proj",
            "w13",
            "input_linear",
        ],
    ),
    (
        Role::Down,
        &[
            "down_proj",
            "w2",
            "ffn_down",
            "ffn_down_exps",
            "ffn_down_shexp",
            "fc2",
            "output_linear",
            "ff_out",
        ],
    ),
    (Role::QueryA, &["q_a_proj", "attn_q_a"]),
    (Role::QueryB, &["q_b_proj", "attn_q_b"]),
    (Role::KeyValueA, &["kv_a_proj_with_mqa", "attn_kv_a_mqa"]),
    (Role::KeyValueB, &["kv_b_proj", "attn_kv_b"]),
    (Role::KeyB, &["attn_k_b"]),
    (Role::ValueB, &["attn_v_b"]),
    (Role::Router, &["ffn_gate_inp", "router", "gate"]),
    (
        Role::Table,
        &[
            "embed_tokens",
            "wte",
            "token_embd",
            "embed_in",
            "word_embeddings",
            "tok_embeddings",
            "embeddings",
        ],
    ),
    (Role::Head, &["lm_head", "output", "embed_out"]),
    // `e_score_correction_bias`, `expert_bias`, `exp_probs_b.bias`: the bias is taken off before.
    (
        Role::Correction,
        &["e_score_correction", "expert", "exp_probs_b", "router_score_correction"],
    ),
    (Role::Sinks, &["sinks", "attention_sink", "attn_sinks"]),
];

/// Whether a name is that of a norm's weight or bias.
pub(super) fn is_norm(rest: &str) -> bool {
    rest.contains("norm") || rest.split('.').any(|part| part.starts_with("ln"))
}

/// What a tensor of a layer is, as far as its name tells: role, whether it is one of many experts, whether of the
/// shared one, and whether it is a bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Function {
    pub role: Role,
    pub experts: bool,
    pub shared: bool,
    pub bias: bool,
}

/// The function of a name inside its layer.
pub(super) fn function(rest: &str) -> Option<Function> {
    let (module, bias) = match (rest.strip_suffix(".bias"), rest.strip_suffix("_bias")) {
        (Some(module), _) | (None, Some(module)) => (module, true),
        (None, None) => (rest.strip_suffix(".weight").unwrap_or(rest), false),
    };
    let last = module.rsplit('.').next().unwrap_or(module);
    let (role, _) = ROLES.iter().find(|(_, names)| names.contains(&last))?;
    let shared = rest.contains("shared") || rest.contains("_shexp");
    let experts = !shared
        && *role != Role::Correction
        && (rest.contains("experts")
            || rest.contains("_exps")
            || rest.contains("block_sparse_moe.input")
            || rest.contains("block_sparse_moe.output"));
    Some(Function {
        role: *role,
        experts,
        shared,
        bias,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_use() {
        let of = |name: &str| {
            let place = place(name);
            (place.part, place.layer, place.rest)
        };
        let s = str::to_owned;
        assert_eq!(
            of("model.language_model.layers.3.mlp.experts.17.up_proj.weight"),
            (s(""), Some(3), s("mlp.experts.{e}.up_proj.weight"))
        );
        assert_eq!(
            of("transformer.h.0.attn.c_attn.weight"),
            (s(""), Some(0), s("attn.c_attn.weight"))
        );
        assert_eq!(of("blk.12.attn_q.weight"), (s(""), Some(12), s("attn_q.weight")));
        assert_eq!(of("model.embed_tokens.weight"), (s(""), None, s("embed_tokens.weight")));
        assert_eq!(
            of("visual.blocks.5.mlp.fc1.bias"),
            (s("visual"), Some(5), s("mlp.fc1.bias"))
        );
        for name in ["vision_tower.vision_model", "model.vision_tower", "vision_tower"] {
            assert_eq!(
                of(&format!("{name}.encoder.layers.5.mlp.fc1.bias")),
                (s("vision_tower.encoder"), Some(5), s("mlp.fc1.bias"))
            );
            assert_eq!(
                of(&format!("{name}.post_layernorm.bias")).2,
                "vision_tower.post_layernorm.bias"
            );
        }
        assert_eq!(of("mtp.layers.0.mlp.up_proj.weight").0, "mtp");
        assert_eq!(of("lm_head.weight"), (s(""), None, s("lm_head.weight")));
    }

    #[test]
    fn functions() {
        let of = |rest: &str| function(rest).map(|one| (one.role, one.experts, one.shared, one.bias));
        assert_eq!(of("self_attn.q_proj.weight"), of("attn_q.weight"));
        assert_eq!(of("mlp.experts.{e}.up_proj.weight"), of("ffn_up_exps.weight"));
        assert_eq!(of("mlp.shared_expert.up_proj.weight"), of("ffn_up_shexp.weight"));
        assert_eq!(
            of("mlp.experts.gate_up_proj_bias"),
            Some((Role::GateUp, true, false, true))
        );
        assert_eq!(of("input_layernorm.weight"), None);
    }
}
