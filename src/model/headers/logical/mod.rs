//! Parameters behind packed tensors: eight 4-bit weights in a 32-bit word count as eight, scales count as none.
//!
//! A packed tensor is known by its neighbours (`X.qweight` beside `X.qzeros`, `X.weight` beside `X.absmax`), and its
//! logical shape follows from theirs, so most checkpoints are counted exactly without their config. Where several
//! widths are possible the config decides, and without it the usual one is assumed and said.

mod unpack;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::unpack::Unpacker;
use super::tensor_list::{FileKind, Stored, TensorList};
use crate::model::Notice;

/// A tensor as the model sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logical {
    /// Its name, that of an unpacked checkpoint: `X.weight` for `X.qweight`.
    pub name: String,
    /// Its shape, outermost first, where that can be known: bitsandbytes keeps only the number of elements.
    pub shape: Option<Vec<u64>>,
    /// Weights; none for scales, zero points and the like.
    pub elements: u64,
    /// Bytes in the file.
    pub bytes: u64,
    /// Type in the file.
    pub dtype: String,
    /// Whether it only describes how another is packed.
    pub scale: bool,
}

/// All of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct TypeRow {
    /// Type in the file.
    pub dtype: String,
    /// Tensors.
    pub tensors: u64,
    /// Parameters, unpacked.
    pub parameters: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A checkpoint unpacked.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// Every tensor.
    pub tensors: Vec<Logical>,
    /// Parameters in all.
    pub parameters: u64,
    /// Bytes in all, scales included.
    pub bytes: u64,
    /// Bytes of scales, zero points and the like.
    pub scale_bytes: u64,
    /// By type, largest first.
    pub types: Vec<TypeRow>,
    /// Packed formats that were recognised.
    pub methods: BTreeSet<&'static str>,
    /// What had to be assumed.
    pub notices: Vec<Notice>,
}

/// Counts. `config` may be the whole config.json.
pub fn count(list: &TensorList, config: Option<&Value>) -> Count {
    let mut unpacker = Unpacker::of(list, config);
    let tensors: Vec<Logical> = match list.kind {
        // GGUF names logical shapes; its blocks hold their scales.
        FileKind::Gguf => list.tensors.iter().map(plain).collect(),
        FileKind::Safetensors => list.tensors.iter().map(|one| unpacker.unpack(one)).collect(),
    };
    let mut types: BTreeMap<&str, TypeRow> = BTreeMap::new();
    let (mut parameters, mut bytes, mut scale_bytes) = (0_u64, 0_u64, 0_u64);
    for one in &tensors {
        parameters = parameters.saturating_add(one.elements);
        bytes = bytes.saturating_add(one.bytes);
        if one.scale {
            scale_bytes = scale_bytes.saturating_add(one.bytes);
        }
        let row = types.entry(&one.dtype).or_default();
        row.tensors += 1;
        row.parameters = row.parameters.saturating_add(one.elements);
        row.bytes = row.bytes.saturating_add(one.bytes);
    }
    let mut types: Vec<TypeRow> = types
        .into_iter()
        .map(|(dtype, row)| TypeRow {
            dtype: dtype.to_owned(),
            ..row
        })
        .collect();
    types.sort_by_key(|row| std::cmp::Reverse(row.bytes));
    let notices = unpacker
        .notices
        .iter()
        .map(|(code, text)| Notice::new(code, text.clone()));
    Count {
        notices: notices.collect(),
        methods: unpacker.methods,
        parameters,
        bytes,
        scale_bytes,
        types,
        tensors,
    }
}

fn plain(one: &Stored) -> Logical {
    Logical {
        name: one.name.clone(),
        shape: Some(one.shape.clone()),
        elements: one.elements,
        bytes: one.bytes,
        dtype: one.dtype.name.to_string(),
        scale: false,
    }
}

fn scale(one: &Stored) -> Logical {
    Logical {
        shape: None,
        elements: 0,
        scale: true,
        ..plain(one)
    }
}
