//! Headers of weight files: what a checkpoint really holds, read without its weights.
//!
//! Nothing here opens a file or a connection. A caller gives the first bytes of a file and is told whether more are
//! needed ([`Need`]); the same readers serve files, HTTP Range and a page.
//!
//! 1. [`select::select`] picks the weight files of a folder or repository; [`index::read`] and [`gguf::split`] name the
//!    other shards. [`FileKind::of`] tells the kind of a file by its name.
//! 2. [`Prefix`] reads one file's [`Header`] ([`safetensors::read`], [`gguf::Reader`]).
//! 3. [`Checkpoint::new`]: all shards together ([`TensorList`]), packed formats unpacked to parameters
//!    ([`logical::count`]).
//! 4. [`Checkpoint::compare`]: against the blueprint of a config; [`Checkpoint::summary`]: without one;
//!    [`gguf_config::config`]: the config a GGUF holds.

pub mod assumed;
mod checkpoint;
pub mod compare;
mod error;
mod expected;
mod extra_tensors;
mod fusion;
pub mod ggml_types;
pub mod gguf;
pub mod gguf_config;
mod gguf_value;
pub mod index;
pub mod logical;
mod names;
mod packing;
mod prefix;
pub mod safetensors;
pub mod select;
mod tensor_list;

pub use checkpoint::Checkpoint;
pub use error::HeaderError;
pub use gguf_value::GgufValue;
pub use prefix::Prefix;
pub use tensor_list::{FileKind, Header, Stored, StoredType, TensorList};

/// The answer to "is this enough?".
#[derive(Clone, Debug, PartialEq)]
pub enum Need<T> {
    /// Ask again with this many bytes from the start of the file, all of them.
    More {
        /// Bytes from the start.
        upto: u64,
    },
    /// Read.
    Done(T),
}

use crate::limits;

/// What a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the whole file, where it is known: offsets are checked against it.
    pub file_bytes: Option<u64>,
    /// The longest header read.
    pub header_bytes: u64,
}

impl Limits {
    /// For a file at hand.
    pub const fn local(file_bytes: u64) -> Self {
        Self {
            file_bytes: Some(file_bytes),
            header_bytes: limits::HEADER.bytes,
        }
    }
    /// For a file far away.
    pub const fn remote(kind: FileKind, file_bytes: Option<u64>) -> Self {
        Self {
            file_bytes,
            header_bytes: match kind {
                FileKind::Safetensors => limits::HEADER_FAR.bytes,
                FileKind::Gguf => limits::GGUF_HEADER_FAR.bytes,
            },
        }
    }
}
