//! What a header lists: tensors with their types, shapes and bytes; of one file or of all shards together.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::error::{HeaderError, cut};
use super::gguf_value::GgufValue;
use crate::limits::NAME;
use crate::model::config::MOST_DIMENSION;

/// The kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum FileKind {
    /// safetensors.
    Safetensors,
    /// GGUF.
    Gguf,
}

impl FileKind {
    /// The kind of a weight file by its name, in capitals or not.
    pub fn of(name: &str) -> Option<Self> {
        let lower = name.to_ascii_lowercase();
        if lower.ends_with(".gguf") {
            Some(Self::Gguf)
        } else {
            lower.ends_with(".safetensors").then_some(Self::Safetensors)
        }
    }
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
        }
    }
}

/// Number format of a tensor as the file names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StoredType {
    /// `BF16`, `F8_E4M3`, `Q4_K`.
    pub name: Cow<'static, str>,
    /// Elements packed together and the bits they take; none where the type is not known.
    pub block: Option<(u64, u64)>,
}

impl StoredType {
    /// Bytes of a shape; none where the type is not known. Rows are whole blocks in GGUF.
    pub fn bytes(&self, elements: u64) -> Option<u64> {
        let (block, bits) = self.block?;
        let all = u128::from(elements).checked_mul(u128::from(bits))?;
        u64::try_from(all.div_ceil(u128::from(block.max(1)) * 8)).ok()
    }
    /// Bits of one element; none where the type is not known.
    pub fn bits(&self) -> Option<f64> {
        self.block.map(|(block, bits)| bits as f64 / block.max(1) as f64)
    }
    /// Whether it holds whole numbers: the containers of packed formats.
    pub fn is_integer(&self) -> bool {
        matches!(&*self.name, "U8" | "I8" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64")
    }
}

/// A tensor as the file holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its name in the file.
    pub name: String,
    /// Number format.
    pub dtype: StoredType,
    /// Shape, outermost first (GGUF's order is turned round).
    pub shape: Vec<u64>,
    /// Elements: the product of the shape.
    pub elements: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Where it begins, from the start of the file.
    pub offset: u64,
}

/// The product of a shape, each dimension checked.
///
/// # Errors
/// A name nobody gives, a dimension beyond 2^32, or a product beyond 2^64.
pub(super) fn elements(name: &str, shape: &[u64]) -> Result<u64, HeaderError> {
    if name.len() > NAME {
        return Err(HeaderError::LongName(cut(name)));
    }
    let mut all = 1_u64;
    for &size in shape {
        if size > MOST_DIMENSION {
            return Err(HeaderError::Dimension {
                tensor: cut(name),
                size,
            });
        }
        all = all.checked_mul(size).ok_or_else(|| HeaderError::Overflow(cut(name)))?;
    }
    Ok(all)
}

/// The header of one file.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Kind of file.
    pub kind: FileKind,
    /// Tensors in the order of the file's header.
    pub tensors: Vec<Stored>,
    /// Texts beside the tensors (`__metadata__`); empty for GGUF.
    pub metadata: BTreeMap<String, String>,
    /// Keys and values of a GGUF; empty for safetensors.
    pub keys: BTreeMap<String, GgufValue>,
    /// Bytes before the first tensor.
    pub data_start: u64,
}

/// The tensors of all files of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorList {
    /// Kind of file.
    pub kind: FileKind,
    /// How many files.
    pub files: u64,
    /// Bytes of the headers, which is all that was read.
    pub header_bytes: u64,
    /// Every tensor.
    pub tensors: Vec<Stored>,
    /// Keys and values of the first GGUF.
    pub keys: BTreeMap<String, GgufValue>,
}

impl TensorList {
    /// Puts the headers of all shards together.
    ///
    /// # Errors
    /// The same tensor in two files, totals beyond 64 bits, or no header at all.
    pub fn new(headers: Vec<Header>) -> Result<Self, HeaderError> {
        let mut list = Self {
            kind: headers.first().map_or(FileKind::Safetensors, |header| header.kind),
            files: headers.len() as u64,
            header_bytes: 0,
            tensors: Vec::new(),
            keys: BTreeMap::new(),
        };
        let mut bytes = 0_u64;
        for header in headers {
            list.header_bytes = list.header_bytes.saturating_add(header.data_start);
            for tensor in &header.tensors {
                bytes = bytes
                    .checked_add(tensor.bytes)
                    .ok_or_else(|| HeaderError::Overflow(cut(&tensor.name)))?;
            }
            list.tensors.extend(header.tensors);
            // The first shard has all keys; the others only say which they are.
            for (key, value) in header.keys {
                list.keys.entry(key).or_insert(value);
            }
        }
        let mut names = HashSet::with_capacity(list.tensors.len());
        if let Some(twice) = list.tensors.iter().find(|tensor| !names.insert(tensor.name.as_str())) {
            return Err(HeaderError::Duplicate(cut(&twice.name)));
        }
        Ok(list)
    }
    /// Bytes of all tensors, headers apart.
    pub fn bytes(&self) -> u64 {
        self.tensors
            .iter()
            .fold(0, |all: u64, tensor| all.saturating_add(tensor.bytes))
    }
    /// What was read, in words: `4 safetensors headers`.
    pub fn described(&self) -> String {
        let kind = self.kind.label();
        match self.files {
            1 => format!("1 {kind} header"),
            files => format!("{files} {kind} headers"),
        }
    }
}
