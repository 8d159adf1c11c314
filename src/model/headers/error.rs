//! Why a header could not be read. Each says what is wrong with the file and, where it helps, what to do.

use thiserror::Error;

use crate::limits::NAME;

/// A file whose header cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// The file ends inside its header.
    #[error("The file ends after {0} bytes, inside its header. It is cut short; fetch it again.")]
    Truncated(u64),
    /// A header longer than any in use.
    #[error("The header says it has {bytes} bytes; more than {limit} is refused.")]
    TooLarge {
        /// What the file says.
        bytes: u64,
        /// What is allowed.
        limit: u64,
    },
    /// The first bytes are no safetensors header.
    #[error("This is no safetensors file: its header does not begin with a brace.")]
    NotSafetensors,
    /// The first bytes are no GGUF header.
    #[error("This is no GGUF file: it does not begin with the letters GGUF.")]
    NotGguf,
    /// The JSON of a header or index is broken.
    #[error("The header is no valid JSON: {0}.")]
    Json(String),
    /// A tensor's entry lacks something or holds something else.
    #[error("The entry of {tensor} is not valid: {what}.")]
    Entry {
        /// Name, shortened.
        tensor: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The same name twice.
    #[error("The name {0} occurs twice, so one of the two would not be counted.")]
    Duplicate(String),
    /// More of something than any file has.
    #[error("The header announces {count} {what}; more than {limit} is refused.")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A name longer than any in use: names are compared piece by piece.
    #[error("The name {0} has more than {NAME} letters, which no name has.")]
    LongName(String),
    /// A dimension beyond 2^32.
    #[error("{tensor} has a dimension of {size}; more than 2^32 is refused.")]
    Dimension {
        /// Name, shortened.
        tensor: String,
        /// The dimension.
        size: u64,
    },
    /// The product of the dimensions leaves 64 bits.
    #[error("The dimensions of {0} multiply to more than 2^64.")]
    Overflow(String),
    /// The bytes of a tensor are not those of its shape.
    #[error("{tensor} takes {has} bytes in the file, but its shape and type need {needs}.")]
    WrongSize {
        /// Name, shortened.
        tensor: String,
        /// End less begin.
        has: u64,
        /// By shape and type.
        needs: u64,
    },
    /// A tensor beyond the end of the file.
    #[error("{tensor} ends at byte {end}, but the file has {size}. It is cut short; fetch it again.")]
    Outside {
        /// Name, shortened.
        tensor: String,
        /// Where it ends, from the start of the file.
        end: u64,
        /// Size of the file.
        size: u64,
    },
    /// Two tensors in the same place.
    #[error("{0} lies where another tensor lies.")]
    Overlap(String),
    /// Bytes between tensors that belong to none.
    #[error("Before {0} there are bytes that belong to no tensor.")]
    Hole(String),
    /// The file is longer than its header says.
    #[error("The file has {has} bytes, but its header accounts for {says}.")]
    Surplus {
        /// Size of the file.
        has: u64,
        /// Header and data.
        says: u64,
    },
    /// A GGUF version that is not known.
    #[error("GGUF version {0} is not known; 1, 2 and 3 are.")]
    Version(u32),
    /// A GGUF value of an unknown type.
    #[error("The GGUF key {key} has a value of type {kind}, which does not exist.")]
    ValueType {
        /// Key, shortened.
        key: String,
        /// The number.
        kind: u32,
    },
    /// Lists inside lists inside lists.
    #[error("The GGUF key {0} nests lists too deeply.")]
    Nesting(String),
    /// An alignment that is none.
    #[error("The alignment is {0}; it must be a multiple of 8.")]
    Alignment(u64),
    /// A tensor off the alignment.
    #[error("{0} does not begin at a multiple of the file's alignment.")]
    Misaligned(String),
    /// A row that is not a whole number of blocks.
    #[error("The rows of {tensor} have {inner} elements, not a multiple of the {block} that {kind} packs together.")]
    Blocks {
        /// Name, shortened.
        tensor: String,
        /// Row length.
        inner: u64,
        /// Elements of a block.
        block: u64,
        /// The type.
        kind: String,
    },
    /// An index without what makes it one.
    #[error("This is no index of shards: {0}.")]
    NotAnIndex(&'static str),
    /// A shard name that leads elsewhere.
    #[error("The index names the shard \"{0}\", which is no plain file name beside it.")]
    ShardName(String),
    /// A shard holds fewer or more tensors than its index says.
    #[error("The index lists {says} tensors, but the shards hold {has}.")]
    IndexDiffers {
        /// By the index.
        says: u64,
        /// In the shards.
        has: u64,
    },
}

impl HeaderError {
    /// Stable name, for scripts.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Truncated(_) => "header_truncated",
            Self::TooLarge { .. } => "header_too_large",
            Self::NotSafetensors => "not_safetensors",
            Self::NotGguf => "not_gguf",
            Self::Json(_) => "header_not_json",
            Self::Entry { .. } => "header_entry",
            Self::Duplicate(_) => "header_duplicate",
            Self::TooMany { .. } => "header_too_many",
            Self::LongName(_) => "header_long_name",
            Self::Dimension { .. } => "header_dimension",
            Self::Overflow(_) => "header_overflow",
            Self::WrongSize { .. } => "header_wrong_size",
            Self::Outside { .. } => "header_outside",
            Self::Overlap(_) => "header_overlap",
            Self::Hole(_) => "header_hole",
            Self::Surplus { .. } => "header_surplus",
            Self::Version(_) => "gguf_version",
            Self::ValueType { .. } => "gguf_value_type",
            Self::Nesting(_) => "gguf_nesting",
            Self::Alignment(_) => "gguf_alignment",
            Self::Misaligned(_) => "gguf_misaligned",
            Self::Blocks { .. } => "gguf_blocks",
            Self::NotAnIndex(_) => "not_an_index",
            Self::ShardName(_) => "index_shard_name",
            Self::IndexDiffers { .. } => "index_differs",
        }
    }
}

/// A name short and plain enough for a message.
pub(super) fn cut(name: &str) -> String {
    let plain = name.chars().map(|sign| if sign.is_control() { ' ' } else { sign });
    if name.chars().count() > 80 {
        plain.take(79).chain(['…']).collect()
    } else {
        plain.collect()
    }
}
