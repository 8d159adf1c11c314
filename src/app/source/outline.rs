//! What weight files hold that belong to no model in hand, in words.

use weighbridge::hub::RepoId;
use weighbridge::model::headers::assumed::PartRow;
use weighbridge::model::headers::{Checkpoint, index::Index};
use weighbridge::units::{counted, grouped};

/// What files hold, in words and by part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outline {
    /// Name and totals.
    pub title: String,
    /// More about them.
    pub lines: Vec<String>,
    /// Parts, by tensor names.
    pub parts: Vec<PartRow>,
    /// What cannot be known.
    pub notices: Vec<String>,
    /// Models of which one is to be chosen: the path of its first file, and bytes of all its files.
    pub choices: Vec<(String, u64)>,
}

impl Outline {
    /// Of headers.
    pub fn of(found: &Checkpoint, title: &str) -> Self {
        let summary = found.summary();
        let types: Vec<&str> = summary.types.iter().map(|row| row.dtype.as_str()).take(4).collect();
        Self {
            title: format!(
                "{title}: {} parameters, {} bytes",
                grouped(summary.parameters),
                grouped(summary.bytes)
            ),
            lines: vec![format!(
                "{} in {}, {}, in {}. Only the headers were read.",
                counted(summary.tensors, "tensor"),
                found.list.described(),
                counted(summary.layers, "layer"),
                types.join(", ")
            )],
            notices: summary.notices.iter().map(|notice| notice.message.clone()).collect(),
            parts: summary.parts,
            choices: Vec::new(),
        }
    }
    /// Of an index without its shards.
    pub fn of_index(index: &Index) -> Self {
        let claims = |what: &str, claim: Option<u64>| Some(format!("{} {what}, as it claims.", grouped(claim?)));
        let held = format!(
            "{} in {}.",
            counted(index.tensors, "tensor"),
            counted(index.shards.len() as u64, "shard")
        );
        let claimed = [
            claims("bytes", index.total_size),
            claims("parameters", index.total_parameters),
        ];
        Self {
            title: "An index without its shards".to_owned(),
            lines: std::iter::once(held).chain(claimed.into_iter().flatten()).collect(),
            notices: vec![
                "What the shards hold is in their own headers: drop the index and all its shards together.".to_owned(),
            ],
            ..Self::default()
        }
    }
    /// Of the models of a repository, of which one is to be chosen.
    pub fn of_several(repo: &RepoId, choices: Vec<(String, u64)>) -> Self {
        Self {
            title: format!("{repo} holds {}", counted(choices.len() as u64, "GGUF model")),
            lines: vec!["Choose one. Only its header is read.".to_owned()],
            choices,
            ..Self::default()
        }
    }
}
