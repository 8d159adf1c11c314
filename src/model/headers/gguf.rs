//! The header of a GGUF file: keys with values, then the tensors' names, shapes and places.
//!
//! Format: ggml `docs/gguf.md`, versions 1 to 3, either byte order. Token lists are walked over, not kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::error::{HeaderError, cut};
use super::gguf_value::{Cursor, GgufValue, Stop};
use super::tensor_list::{FileKind, Header, Stored, StoredType, elements};
use super::{Limits, Need, ggml_types};
use crate::limits;

/// A first helping: the keys of most files without their token lists.
pub const FIRST_BYTES: u64 = 1 << 20;
const MOST_DIMENSIONS: u32 = 8;
const ALIGNMENT: u64 = 32;

/// Reads a header from a growing prefix; what was read stays read.
#[derive(Clone, Debug)]
pub struct Reader {
    limits: Limits,
    at: u64,
    start: Option<Start>,
    keys: BTreeMap<String, GgufValue>,
    keys_read: u64,
    tensors: Vec<Info>,
    names: HashSet<String>,
}

#[derive(Clone, Copy, Debug)]
struct Start {
    version: u32,
    big: bool,
    tensors: u64,
    keys: u64,
}

#[derive(Clone, Debug)]
struct Info {
    name: String,
    dtype: StoredType,
    shape: Vec<u64>,
    elements: u64,
    offset: u64,
}

impl Reader {
    /// A reader that has seen nothing.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            at: 0,
            start: None,
            keys: BTreeMap::new(),
            keys_read: 0,
            tensors: Vec::new(),
            names: HashSet::new(),
        }
    }

    /// Reads on. `prefix` is the file from its first byte, at least as long as the time before.
    ///
    /// # Errors
    /// What [`HeaderError`] lists.
    pub fn read(&mut self, prefix: &[u8]) -> Result<Need<Header>, HeaderError> {
        match self.advance(prefix) {
            Ok(()) => self.finish().map(Need::Done),
            Err(Stop::Wrong(error)) => Err(error),
            Err(Stop::More(end)) => self.more(prefix.len() as u64, end).map(|upto| Need::More { upto }),
        }
    }

    /// How much to ask for: what is needed, and at least twice what was there.
    fn more(&self, had: u64, end: u64) -> Result<u64, HeaderError> {
        if let Some(size) = self.limits.file_bytes
            && end > size
        {
            return Err(HeaderError::Truncated(size));
        }
        if end > self.limits.header_bytes {
            return Err(HeaderError::TooLarge {
                bytes: end,
                limit: self.limits.header_bytes,
            });
        }
        let ample = end.max(had.saturating_mul(2)).max(FIRST_BYTES);
        Ok(ample
            .min(self.limits.file_bytes.unwrap_or(u64::MAX))
            .min(self.limits.header_bytes))
    }

    fn advance(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let start = match self.start {
            Some(start) => start,
            None => {
                let mut cursor = Cursor {
                    bytes,
                    at: 0,
                    big: false,
                    short: false,
                };
                let start = begin(&mut cursor)?;
                self.at = cursor.at;
                self.start = Some(start);
                start
            }
        };
        let mut cursor = Cursor {
            bytes,
            at: self.at,
            big: start.big,
            short: start.version == 1,
        };
        while self.keys_read < start.keys {
            let key = String::from_utf8_lossy(cursor.text()?).into_owned();
            let kind = cursor.u32()?;
            let value = cursor.value(&key, kind, 0)?;
            if self.keys.contains_key(&key) {
                return Err(HeaderError::Duplicate(cut(&key)).into());
            }
            self.keys.insert(key, value);
            self.keys_read += 1;
            self.at = cursor.at;
        }
        while (self.tensors.len() as u64) < start.tensors {
            let info = info(&mut cursor)?;
            if !self.names.insert(info.name.clone()) {
                return Err(HeaderError::Duplicate(cut(&info.name)).into());
            }
            self.tensors.push(info);
            self.at = cursor.at;
        }
        Ok(())
    }

    fn finish(&self) -> Result<Header, HeaderError> {
        let alignment = match self.keys.get("general.alignment") {
            None => ALIGNMENT,
            Some(value) => value
                .as_whole()
                .filter(|size| *size > 0 && size.is_multiple_of(8) && *size <= 1 << 32)
                .ok_or_else(|| HeaderError::Alignment(value.as_whole().unwrap_or(0)))?,
        };
        let data_start = self.at.div_ceil(alignment).saturating_mul(alignment);
        let size = self.limits.file_bytes;
        let mut order: Vec<usize> = (0..self.tensors.len()).collect();
        order.sort_by_key(|&at| self.tensors.get(at).map_or(0, |info| info.offset));
        let mut bytes = vec![0_u64; self.tensors.len()];
        let mut end = 0_u64;
        let mut rest = order.iter().peekable();
        while let Some(&at) = rest.next() {
            let Some(info) = self.tensors.get(at) else { continue };
            let name = || cut(&info.name);
            if !info.offset.is_multiple_of(alignment) {
                return Err(HeaderError::Misaligned(name()));
            }
            if info.offset < end {
                return Err(HeaderError::Overlap(name()));
            }
            let has = match info.dtype.bytes(info.elements) {
                Some(has) => has,
                // The places of its neighbours tell how long it is, padding included.
                None if info.dtype.block.is_none() => rest
                    .peek()
                    .and_then(|&&next| self.tensors.get(next))
                    .map(|next| next.offset)
                    .or_else(|| size.map(|size| size.saturating_sub(data_start)))
                    .unwrap_or(info.offset)
                    .saturating_sub(info.offset),
                None => return Err(HeaderError::Overflow(name())),
            };
            end = info
                .offset
                .checked_add(has)
                .ok_or_else(|| HeaderError::Overflow(name()))?;
            let in_file = data_start
                .checked_add(end)
                .ok_or_else(|| HeaderError::Overflow(name()))?;
            if let Some(size) = size
                && in_file > size
            {
                return Err(HeaderError::Outside {
                    tensor: name(),
                    end: in_file,
                    size,
                });
            }
            if let Some(slot) = bytes.get_mut(at) {
                *slot = has;
            }
        }
        let tensors = self.tensors.iter().zip(bytes).map(|(info, bytes)| Stored {
            name: info.name.clone(),
            dtype: info.dtype.clone(),
            shape: info.shape.clone(),
            elements: info.elements,
            bytes,
            offset: data_start.saturating_add(info.offset),
        });
        Ok(Header {
            kind: FileKind::Gguf,
            tensors: tensors.collect(),
            metadata: BTreeMap::new(),
            keys: self.keys.clone(),
            data_start,
        })
    }
}

fn begin(cursor: &mut Cursor<'_>) -> Result<Start, Stop> {
    if cursor.take(4)? != b"GGUF" {
        return Err(HeaderError::NotGguf.into());
    }
    let version = cursor.u32()?;
    // A small number in the upper half is a small number of the other byte order.
    let big = version & 0xFFFF == 0 && version != 0;
    let version = if big { version.swap_bytes() } else { version };
    if !(1..=3).contains(&version) {
        return Err(HeaderError::Version(version).into());
    }
    cursor.big = big;
    cursor.short = version == 1;
    let tensors = cursor.size()?;
    let keys = cursor.size()?;
    for (what, count, limit) in [("tensors", tensors, limits::TENSORS), ("keys", keys, limits::GGUF_KEYS)] {
        if count > limit {
            return Err(HeaderError::TooMany { what, count, limit }.into());
        }
    }
    Ok(Start {
        version,
        big,
        tensors,
        keys,
    })
}

fn info(cursor: &mut Cursor<'_>) -> Result<Info, Stop> {
    let name = String::from_utf8_lossy(cursor.text()?).into_owned();
    let count = cursor.u32()?;
    if count > MOST_DIMENSIONS {
        return Err(HeaderError::TooMany {
            what: "dimensions for one tensor",
            count: count.into(),
            limit: MOST_DIMENSIONS.into(),
        }
        .into());
    }
    let mut shape = Vec::with_capacity(count as usize);
    for _ in 0..count {
        shape.push(cursor.size()?);
    }
    let dtype = ggml_types::by_id(cursor.u32()?);
    let offset = cursor.u64()?;
    let elements = elements(&name, &shape)?;
    // The fastest dimension comes first and is what blocks are cut from.
    if let (Some((block, _)), Some(&inner)) = (dtype.block, shape.first())
        && !inner.is_multiple_of(block)
    {
        return Err(HeaderError::Blocks {
            tensor: cut(&name),
            inner,
            block,
            kind: dtype.name.to_string(),
        }
        .into());
    }
    shape.reverse();
    Ok(Info {
        name,
        dtype,
        shape,
        elements,
        offset,
    })
}

/// A name like `model-Q4_K_M-00002-of-00005.gguf`: its prefix, number and count.
pub fn split(name: &str) -> Option<(&str, u64, u64)> {
    let (stem, _) = stem_and_end(name)?;
    let (rest, total) = stem.rsplit_once("-of-")?;
    let (prefix, number) = rest.rsplit_once('-')?;
    let five = |text: &str| {
        (text.len() == 5 && text.bytes().all(|sign| sign.is_ascii_digit())).then(|| text.parse::<u64>().ok())?
    };
    let (number, total) = (five(number)?, five(total)?);
    (number >= 1 && number <= total).then_some((prefix, number, total))
}

/// A name without the end that says it is a GGUF, in capitals or not, and that end.
fn stem_and_end(name: &str) -> Option<(&str, &str)> {
    let parts = name.split_at_checked(name.len().checked_sub(".gguf".len())?)?;
    parts.1.eq_ignore_ascii_case(".gguf").then_some(parts)
}

/// The names of all files of a split model; the name itself where it is none.
///
/// # Errors
/// A name that claims more files than any model has, or is longer than any.
pub fn split_names(name: &str) -> Result<Vec<String>, HeaderError> {
    if name.len() > limits::NAME {
        return Err(HeaderError::LongName(cut(name)));
    }
    match split(name) {
        Some((_, _, total)) if total > limits::SHARDS => Err(HeaderError::TooMany {
            what: "files",
            count: total,
            limit: limits::SHARDS,
        }),
        Some((prefix, _, total)) => {
            let end = stem_and_end(name).map_or("", |(_, end)| end);
            let nth = |number| format!("{prefix}-{number:05}-of-{total:05}{end}");
            Ok((1..=total).map(nth).collect())
        }
        None => Ok(vec![name.to_owned()]),
    }
}

/// Bytes of each model among these files, by the name without its number: all parts of a split model together.
pub fn sizes<'a>(files: impl Iterator<Item = (&'a str, u64)>) -> HashMap<(&'a str, u64), u64> {
    let mut all = HashMap::new();
    for (name, bytes) in files {
        let sum: &mut u64 = all.entry(model_of(name)).or_default();
        *sum = sum.saturating_add(bytes);
    }
    all
}

/// Which model a file belongs to, as a key of [`sizes`].
pub fn model_of(name: &str) -> (&str, u64) {
    split(name).map_or((name, 1), |(prefix, _, total)| (prefix, total))
}
