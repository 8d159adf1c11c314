//! What can be said from tensor names and shapes alone, for a model whose type is not known.
//!
//! Parameters and bytes are exact. Which part of the model a tensor belongs to is read from its name, and said so;
//! FLOPs are those of the linear layers only.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::logical::{Count, Logical, TypeRow};
use super::names;
use super::tensor_list::TensorList;
use crate::model::Notice;

/// The part of a model a name points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Part {
    /// Token and position tables.
    Embedding,
    /// Projections of attention.
    Attention,
    /// Recurrences and convolutions over time.
    Recurrent,
    /// Dense feed-forward layers.
    Mlp,
    /// Routed experts.
    Experts,
    /// Experts of every token.
    SharedExperts,
    /// Choice of experts.
    Router,
    /// Norms.
    Norm,
    /// The output head.
    LmHead,
    /// Vision tower and its projector.
    Vision,
    /// Audio tower.
    Audio,
    /// Multi-token prediction.
    Mtp,
    /// Names that say nothing.
    Other,
}

impl Part {
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Embedding => "Embedding",
            Self::Attention => "Attention projections",
            Self::Recurrent => "Recurrent layers",
            Self::Mlp => "MLP",
            Self::Experts => "Routed experts",
            Self::SharedExperts => "Shared experts",
            Self::Router => "Router",
            Self::Norm => "Norms",
            Self::LmHead => "LM head",
            Self::Vision => "Vision",
            Self::Audio => "Audio",
            Self::Mtp => "Multi-token prediction",
            Self::Other => "Other",
        }
    }
}

/// One part with its sums.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartRow {
    /// Which, by tensor names.
    pub part: Part,
    /// Tensors, scales included.
    pub tensors: u64,
    /// Parameters.
    pub parameters: u64,
    /// Bytes, scales included.
    pub bytes: u64,
}

/// Everything that can be said without a config.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// safetensors or GGUF.
    pub kind: &'static str,
    /// Files.
    pub files: u64,
    /// Bytes of headers read.
    pub header_bytes: u64,
    /// Tensors.
    pub tensors: u64,
    /// Parameters, packed formats unpacked.
    pub parameters: u64,
    /// Bytes of all tensors.
    pub bytes: u64,
    /// Bytes of scales and zero points among them.
    pub scale_bytes: u64,
    /// Layers of the language model, by tensor names.
    pub layers: u64,
    /// Parts, by tensor names.
    pub parts: Vec<PartRow>,
    /// By type in the file.
    pub types: Vec<TypeRow>,
    /// Packed formats that were recognised.
    pub packed: BTreeSet<&'static str>,
    /// Multiply-adds of the dense linear layers of the language model for one token, times two.
    pub dense_linear_flops_per_token: f64,
    /// The same if a token passed every routed expert; what it really passes is not in the files.
    pub all_experts_flops_per_token: f64,
    /// What cannot be known.
    pub notices: Vec<Notice>,
}

/// Sums up.
pub fn summarise(list: &TensorList, count: &Count) -> Summary {
    let mut parts: BTreeMap<Part, PartRow> = BTreeMap::new();
    let mut layers: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    let (mut dense, mut experts, mut head) = (0.0, 0.0, None);
    let mut table = 0.0;
    for one in &count.tensors {
        let part = part_of(&one.name);
        let row = parts.entry(part).or_insert(PartRow {
            part,
            tensors: 0,
            parameters: 0,
            bytes: 0,
        });
        row.tensors += 1;
        row.parameters = row.parameters.saturating_add(one.elements);
        row.bytes = row.bytes.saturating_add(one.bytes);
        let place = names::place(&one.name);
        if let (Some(layer), false) = (place.layer, matches!(part, Part::Vision | Part::Audio | Part::Mtp)) {
            layers.entry(place.part.clone()).or_default().insert(layer);
        }
        let flops = 2.0 * one.elements as f64;
        match part {
            _ if !is_matrix(one) => {}
            Part::Attention | Part::Recurrent | Part::Mlp | Part::SharedExperts | Part::Router => dense += flops,
            Part::Experts => experts += flops,
            Part::LmHead => head = Some(flops),
            Part::Embedding if names::function(&place.rest).is_some_and(|one| one.role == names::Role::Table) => {
                table = flops;
            }
            _ => {}
        }
    }
    let mut notices = count.notices.clone();
    notices.push(Notice::new(
        "by_tensor_names",
        "There is no config to go by: parameters and bytes are exact, but which part a tensor belongs to is read from its name.",
    ));
    notices.push(Notice::new(
        "linear_only",
        "FLOPs are those of the linear layers; attention scores, caches and recurrences cannot be known from shapes alone.",
    ));
    if experts > 0.0 {
        notices.push(Notice::new(
            "active_experts_unknown",
            "How many experts a token uses is not in the files, so its FLOPs lie between those of the dense layers and those of all experts.",
        ));
    }
    if head.is_none() && table > 0.0 {
        notices.push(Notice::new(
            "head_taken_as_tied",
            "There is no output head in the files; it is taken to be the token table, and its product is counted.",
        ));
    }
    // A head without a tensor of its own is the table.
    let dense = dense + head.unwrap_or(table);
    Summary {
        kind: list.kind.into(),
        files: list.files,
        header_bytes: list.header_bytes,
        tensors: list.tensors.len() as u64,
        parameters: count.parameters,
        bytes: count.bytes,
        scale_bytes: count.scale_bytes,
        // Stacks of several names: the deepest is the model's.
        layers: layers.values().map(BTreeSet::len).max().unwrap_or(0) as u64,
        parts: parts.into_values().collect(),
        types: count.types.clone(),
        packed: count.methods.clone(),
        dense_linear_flops_per_token: dense,
        all_experts_flops_per_token: dense + experts,
        notices,
    }
}

/// At least two dimensions above one: a convolution over time `[channels, 1, width]` is no matrix.
fn is_matrix(one: &Logical) -> bool {
    match &one.shape {
        Some(shape) => shape.iter().filter(|size| **size > 1).count() >= 2 && !one.name.contains("conv1d"),
        None => !one.scale,
    }
}

/// The part a name points to.
pub fn part_of(name: &str) -> Part {
    let lower = name.to_ascii_lowercase();
    let place = names::place(&lower);
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let rest = place.rest.as_str();
    let inside = |words: &[&str]| words.iter().any(|word| rest.contains(word));
    if place.part.starts_with("mtp") || lower.starts_with("mtp.") || has(&[".mtp.", "nextn", "eh_proj", "shared_head"])
    {
        Part::Mtp
    } else if has(&[
        "vision",
        "visual",
        "multi_modal_projector",
        "image_newline",
        "patch_embed",
    ]) || lower.starts_with("v.")
        || lower.starts_with("mm.")
    {
        Part::Vision
    } else if has(&["audio", "speech"]) || lower.starts_with("a.") {
        Part::Audio
    } else if inside(&["norm", "ln_", "layernorm", ".ln", "ln1", "ln2"]) || rest.starts_with("ln") {
        Part::Norm
    } else if inside(&["shared_expert", "shexp", "shared_mlp"]) {
        Part::SharedExperts
    } else if inside(&["experts", "_exps", "block_sparse_moe.input", "block_sparse_moe.output"]) {
        Part::Experts
    } else if inside(&[
        "router",
        "mlp.gate.",
        "ffn_gate_inp",
        "block_sparse_moe.gate",
        "exp_probs_b",
        "moe.gate",
    ]) {
        Part::Router
    } else if place.layer.is_none() && (inside(&["lm_head", "embed_out"]) || rest.starts_with("output.")) {
        Part::LmHead
    } else if inside(&["embed", "wte", "wpe", "embd", "tok_"]) {
        Part::Embedding
    } else if inside(&[
        "mamba",
        "ssm",
        "linear_attn",
        "conv",
        "mixer",
        "time_",
        "short_conv",
        "a_log",
        "dt_",
    ]) {
        Part::Recurrent
    } else if inside(&["attn", "attention", "_proj_q", "q_proj", "k_proj", "v_proj", "o_proj"]) {
        Part::Attention
    } else if inside(&[
        "mlp",
        "ffn",
        "feed_forward",
        "fc1",
        "fc2",
        "gate_proj",
        "up_proj",
        "down_proj",
        "dense_h_to",
        "intermediate.",
    ]) {
        Part::Mlp
    } else if place.layer.is_some() && rest.starts_with("output.dense") {
        // BERT calls the second half of its MLP the output of the layer.
        Part::Mlp
    } else {
        Part::Other
    }
}
