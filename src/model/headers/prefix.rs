//! The beginning of one weight file, read piece by piece until its header is whole.

use super::{FileKind, Header, HeaderError, Limits, Need, gguf, safetensors};

/// What was read of a file so far. Whoever has the file, at hand or far away, brings the bytes that are [`wanted`](Self::wanted).
#[derive(Clone, Debug)]
pub struct Prefix {
    kind: FileKind,
    limits: Limits,
    bytes: Vec<u8>,
    upto: u64,
    gguf: Option<Box<gguf::Reader>>,
}

impl Prefix {
    /// Nothing read yet.
    pub const fn new(kind: FileKind, limits: Limits) -> Self {
        Self {
            kind,
            limits,
            bytes: Vec::new(),
            upto: match kind {
                FileKind::Safetensors => safetensors::FIRST_BYTES,
                FileKind::Gguf => gguf::FIRST_BYTES,
            },
            gguf: None,
        }
    }
    /// The size of the whole file, where it is learnt with its first bytes. What is known already stays.
    pub fn size(&mut self, bytes: Option<u64>) {
        self.limits.file_bytes = self.limits.file_bytes.or(bytes);
    }
    /// The next bytes to bring: from, and up to but not including. A file may end before.
    pub fn wanted(&self) -> (u64, u64) {
        let from = self.bytes.len() as u64;
        (from, self.upto.max(from.saturating_add(1)))
    }
    /// Takes the bytes that were wanted; the header, once it is whole.
    ///
    /// # Errors
    /// A header that cannot be trusted, or a file that ends inside it.
    pub fn take(&mut self, more: &[u8]) -> Result<Option<Header>, HeaderError> {
        if more.is_empty() {
            return Err(HeaderError::Truncated(self.bytes.len() as u64));
        }
        self.bytes.extend_from_slice(more);
        let read = match self.kind {
            FileKind::Safetensors => safetensors::read(&self.bytes, &self.limits),
            FileKind::Gguf => {
                let reader = self
                    .gguf
                    .get_or_insert_with(|| Box::new(gguf::Reader::new(self.limits)));
                reader.read(&self.bytes)
            }
        };
        match read? {
            Need::Done(header) => {
                // What was read beyond the header is of the weights.
                self.bytes
                    .truncate(usize::try_from(header.data_start).unwrap_or(usize::MAX));
                Ok(Some(header))
            }
            Need::More { upto } => {
                self.upto = upto;
                Ok(None)
            }
        }
    }
    /// The header's bytes as they came.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
