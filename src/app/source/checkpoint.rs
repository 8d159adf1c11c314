//! What the headers of weight files say: against a model, and alone.

use std::future::Future;

use serde_json::Value;
use weighbridge::model::headers::assumed::{PartRow, summarise};
use weighbridge::model::headers::{
    FileKind, Header, HeaderError, Limits, Need, TensorList, compare, gguf, index, logical, safetensors,
};
use weighbridge::model::{Blueprint, Notice};
use weighbridge::units::{counted, grouped};

use super::super::case::Problem;

/// What the headers of a model's files say of it. A trait, so that whoever has none does not hold the reader of headers.
pub trait Headers: std::fmt::Debug + Send + Sync {
    /// Against a blueprint; `own` if its config is a GGUF's own metadata.
    fn compare(&self, blueprint: &Blueprint, own: bool) -> compare::Comparison;
    /// Gives a blueprint the files' own bytes where the two agree.
    fn adopt(&self, blueprint: &mut Blueprint, comparison: &compare::Comparison);
}

/// The headers of all files of a model.
#[derive(Debug)]
pub struct Checkpoint {
    /// Every tensor.
    pub list: TensorList,
    /// Unpacked.
    count: logical::Count,
    /// What the index claims and the shards do not hold.
    notices: Vec<Notice>,
}

impl Checkpoint {
    /// Puts headers together; the index must list as many tensors as they hold.
    pub fn new(
        headers: Vec<Header>,
        index: Option<&index::Index>,
        config: Option<&Value>,
    ) -> Result<Self, HeaderError> {
        let list = TensorList::new(headers)?;
        let mut notices = Vec::new();
        if let Some(index) = index {
            let (has, bytes) = (list.tensors.len() as u64, list.bytes());
            if has != index.tensors {
                let says = index.tensors;
                return Err(HeaderError::IndexDiffers { says, has });
            }
            if let Some(claimed) = index.total_size.filter(|claimed| *claimed != bytes) {
                notices.push(Notice::new(
                    "index_total_size",
                    format!(
                        "The index claims {} bytes, but the shards hold {}; the shards are believed.",
                        grouped(claimed),
                        grouped(bytes)
                    ),
                ));
            }
        }
        let count = logical::count(&list, config);
        Ok(Self { list, count, notices })
    }
    /// Without one.
    pub fn outline(&self, title: &str) -> Outline {
        let summary = summarise(&self.list, &self.count);
        let types: Vec<&str> = summary.types.iter().map(|row| row.dtype.as_str()).take(4).collect();
        let all = summary.notices.iter().chain(&self.notices);
        Outline {
            title: format!(
                "{title}: {} parameters, {} bytes",
                grouped(summary.parameters),
                grouped(summary.bytes)
            ),
            lines: vec![format!(
                "{} in {}, {}, in {}. Only the headers were read.",
                counted(summary.tensors, "tensor"),
                self.list.described(),
                counted(summary.layers, "layer"),
                types.join(", ")
            )],
            parts: summary.parts.clone(),
            notices: all.map(|notice| notice.message.clone()).collect(),
            choices: Vec::new(),
        }
    }
}

impl Headers for Checkpoint {
    fn compare(&self, blueprint: &Blueprint, own: bool) -> compare::Comparison {
        let names = if own {
            compare::Names::own_metadata()
        } else {
            compare::Names::config(self.list.described())
        };
        compare::compare_as(blueprint, &self.count, &names)
    }
    fn adopt(&self, blueprint: &mut Blueprint, comparison: &compare::Comparison) {
        blueprint
            .notices
            .extend(self.count.notices.iter().chain(&self.notices).cloned());
        if !compare::adopt(blueprint, comparison) {
            blueprint.notices.push(Notice::new(
                "headers_not_adopted",
                "The headers do not account for every tensor of the config, so bytes are those of its number formats, not of the files.",
            ));
        } else if let (FileKind::Gguf, Some(most)) = (self.list.kind, self.count.types.first()) {
            blueprint.published.method = format!("GGUF (mostly {})", most.dtype);
        }
    }
}

/// What files hold, in words and by part.
#[derive(Clone, Debug, PartialEq)]
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

/// The kind of a weight file, if it is one.
pub fn kind_of(name: &str) -> Option<FileKind> {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with(".gguf") {
        Some(FileKind::Gguf)
    } else {
        lower.ends_with(".safetensors").then_some(FileKind::Safetensors)
    }
}

/// What is wrong with one file.
pub fn wrong(name: &str, error: &HeaderError) -> Problem {
    Problem::Browser(format!("{name}: {error}"))
}

/// The beginning of a weight file: its header, as it came.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The file's name.
    pub name: String,
    /// Bytes of the whole file, if that is known.
    pub size: Option<u64>,
    /// The header's bytes.
    pub bytes: Vec<u8>,
}

/// Reads the header of one file, asking `part` for as much of its beginning as it takes.
///
/// `part` gives bytes from one offset to another and the size of the file, if it knows.
pub async fn header<F, A>(
    name: &str,
    kind: FileKind,
    limits: impl Fn(Option<u64>) -> Limits,
    part: F,
) -> Result<(Header, Piece), Problem>
where
    F: Fn(u64, u64) -> A,
    A: Future<Output = Result<(Vec<u8>, Option<u64>), Problem>>,
{
    let first = match kind {
        FileKind::Safetensors => safetensors::FIRST_BYTES,
        FileKind::Gguf => gguf::FIRST_BYTES,
    };
    let (mut bytes, size) = part(0, first).await?;
    let limits = limits(size);
    let mut reader = gguf::Reader::new(limits);
    loop {
        let read = match kind {
            FileKind::Safetensors => safetensors::read(&bytes, &limits),
            FileKind::Gguf => reader.read(&bytes),
        };
        match read.map_err(|error| wrong(name, &error))? {
            Need::Done(header) => {
                bytes.truncate(usize::try_from(header.data_start).unwrap_or(usize::MAX));
                let name = name.to_owned();
                return Ok((header, Piece { name, size, bytes }));
            }
            Need::More { upto } => {
                let have = bytes.len() as u64;
                let (more, _) = part(have, upto.max(have.saturating_add(1))).await?;
                if more.is_empty() {
                    return Err(wrong(name, &HeaderError::Truncated(have)));
                }
                bytes.extend(more);
            }
        }
    }
}
