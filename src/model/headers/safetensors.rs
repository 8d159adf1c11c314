//! The header of a safetensors file: eight bytes of length, then JSON, then data.
//!
//! Format: <https://huggingface.co/docs/safetensors>. Nothing after the header is ever read.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::error::{HeaderError, cut};
use super::tensor_list::{FileKind, Header, Stored, StoredType, elements};
use super::{Limits, Need};
use crate::limits::TENSORS;

/// What nearly every header fits in, so that one request is enough.
pub const FIRST_BYTES: u64 = 100_001;
/// No tensor has more dimensions.
const MOST_DIMENSIONS: usize = 16;

/// Reads a header from the first bytes of a file, or says how many of them it needs.
///
/// # Errors
/// What [`HeaderError`] lists: a length beyond the limit, broken JSON, entries that contradict each other or the file.
pub fn read(prefix: &[u8], limits: &Limits) -> Result<Need<Header>, HeaderError> {
    let whole = limits.file_bytes;
    let need = |upto: u64| match whole {
        Some(size) if upto > size => Err(HeaderError::Truncated(size)),
        _ => Ok(Need::More { upto }),
    };
    let Some((length, rest)) = prefix.split_first_chunk::<8>() else {
        return need(whole.map_or(FIRST_BYTES, |size| size.clamp(8, FIRST_BYTES)));
    };
    let length = u64::from_le_bytes(*length);
    // A wrong kind of file is told before its "length" is: `<htm`, `PK`, pickles.
    if rest.first().is_some_and(|&first| first != b'{') {
        return Err(HeaderError::NotSafetensors);
    }
    if length > limits.header_bytes {
        return Err(HeaderError::TooLarge {
            bytes: length,
            limit: limits.header_bytes,
        });
    }
    let data_start = length.saturating_add(8);
    let text = usize::try_from(length).ok().and_then(|length| rest.get(..length));
    let Some(text) = text else { return need(data_start) };
    if text.is_empty() {
        return Err(HeaderError::NotSafetensors);
    }
    let raw: RawHeader = serde_json::from_slice(text).map_err(|error| HeaderError::Json(cut(&error.to_string())))?;
    let mut tensors = Vec::with_capacity(raw.entries.len());
    let mut names = HashSet::with_capacity(raw.entries.len());
    for (name, _) in &raw.entries {
        if !names.insert(name.as_str()) {
            return Err(HeaderError::Duplicate(cut(name)));
        }
    }
    drop(names);
    for (name, entry) in raw.entries {
        tensors.push(stored(name, entry, data_start)?);
    }
    check_places(&tensors, data_start, whole)?;
    Ok(Need::Done(Header {
        kind: FileKind::Safetensors,
        tensors,
        metadata: raw.metadata,
        keys: BTreeMap::new(),
        data_start,
    }))
}

/// A type by its name in the header. Bits are those of the reference reader, and of the names the Hub also meets.
pub fn dtype(name: &str) -> StoredType {
    let bits = match name {
        "F4" | "FP4" => Some(4),
        "F6_E2M3" | "F6_E3M2" => Some(6),
        "BOOL" | "U8" | "I8" | "F8_E5M2" | "F8_E4M3" | "F8_E5M2FNUZ" | "F8_E4M3FNUZ" | "F8_E8M0" | "E8M0" | "UE8" => {
            Some(8)
        }
        "I16" | "U16" | "F16" | "BF16" => Some(16),
        "I32" | "U32" | "F32" => Some(32),
        "I64" | "U64" | "F64" | "C64" => Some(64),
        _ => None,
    };
    StoredType {
        name: cut(name).into(),
        block: bits.map(|bits| (1, bits)),
    }
}

fn stored(name: String, entry: RawEntry, data_start: u64) -> Result<Stored, HeaderError> {
    let wrong = |what| HeaderError::Entry {
        tensor: cut(&name),
        what,
    };
    let dtype = dtype(&entry.dtype.ok_or_else(|| wrong("it has no dtype"))?);
    let shape = entry.shape.ok_or_else(|| wrong("it has no shape"))?;
    if shape.len() > MOST_DIMENSIONS {
        return Err(wrong("it has more than 16 dimensions"));
    }
    let shape: Vec<u64> = shape
        .into_iter()
        .map(|size| size.0)
        .collect::<Option<_>>()
        .ok_or_else(|| wrong("a dimension is no whole number"))?;
    let offsets = entry.data_offsets.ok_or_else(|| wrong("it has no data_offsets"))?;
    let [Whole(Some(begin)), Whole(Some(end))] = offsets.as_slice() else {
        return Err(wrong("data_offsets must be two whole numbers"));
    };
    let has = end
        .checked_sub(*begin)
        .ok_or_else(|| wrong("its data ends before it begins"))?;
    let elements = elements(&name, &shape)?;
    if dtype.block.is_some() {
        let needs = dtype.bytes(elements).ok_or_else(|| HeaderError::Overflow(cut(&name)))?;
        if needs != has {
            return Err(HeaderError::WrongSize {
                tensor: cut(&name),
                has,
                needs,
            });
        }
    }
    let offset = data_start
        .checked_add(*begin)
        .filter(|offset| offset.checked_add(has).is_some())
        .ok_or_else(|| HeaderError::Overflow(cut(&name)))?;
    Ok(Stored {
        name,
        dtype,
        shape,
        elements,
        bytes: has,
        offset,
    })
}

/// Tensors follow one another without holes from the start of the data to the end of the file.
fn check_places(tensors: &[Stored], data_start: u64, whole: Option<u64>) -> Result<(), HeaderError> {
    let mut order: Vec<&Stored> = tensors.iter().collect();
    order.sort_by_key(|tensor| (tensor.offset, tensor.bytes));
    let mut at = data_start;
    for tensor in order {
        if tensor.offset < at {
            return Err(HeaderError::Overlap(cut(&tensor.name)));
        }
        if tensor.offset > at {
            return Err(HeaderError::Hole(cut(&tensor.name)));
        }
        at = tensor.offset.saturating_add(tensor.bytes);
        if let Some(size) = whole
            && at > size
        {
            return Err(HeaderError::Outside {
                tensor: cut(&tensor.name),
                end: at,
                size,
            });
        }
    }
    match whole {
        Some(has) if has > at => Err(HeaderError::Surplus { has, says: at }),
        _ => Ok(()),
    }
}

#[derive(Default)]
struct RawHeader {
    metadata: BTreeMap<String, String>,
    entries: Vec<(String, RawEntry)>,
}

#[derive(Default, serde::Deserialize)]
struct RawEntry {
    dtype: Option<String>,
    shape: Option<Vec<Whole>>,
    data_offsets: Option<Vec<Whole>>,
}

/// A whole number; none for a fraction or a negative one, which the caller refuses in its own words.
struct Whole(Option<u64>);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }
            fn visit_u64<E>(self, value: u64) -> Result<Whole, E> {
                Ok(Whole(Some(value)))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Whole, E> {
                Ok(Whole(u64::try_from(value).ok()))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Whole, E> {
                Ok(Whole(None))
            }
            fn visit_str<E>(self, _: &str) -> Result<Whole, E> {
                Ok(Whole(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Whole, E> {
                Ok(Whole(None))
            }
            fn visit_unit<E>(self) -> Result<Whole, E> {
                Ok(Whole(None))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Whole, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Whole(None))
            }
        }
        from.deserialize_any(Seen)
    }
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = RawHeader;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
                let mut header = RawHeader::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        let texts: Option<BTreeMap<String, String>> = map.next_value()?;
                        header.metadata = texts.unwrap_or_default();
                        continue;
                    }
                    header.entries.push((name, map.next_value()?));
                    if header.entries.len() as u64 > TENSORS {
                        return Err(A::Error::custom("more tensors than any file has"));
                    }
                }
                Ok(header)
            }
        }
        from.deserialize_map(Seen)
    }
}
