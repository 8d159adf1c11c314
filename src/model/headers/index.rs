//! `model.safetensors.index.json`: which shards make up a model.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::FileKind;
use super::error::{HeaderError, cut};
use crate::limits;

/// What an index says. The names of the tensors are not kept: the shards know them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// File names beside the index, in order.
    pub shards: Vec<String>,
    /// How many tensors it lists.
    pub tensors: u64,
    /// Bytes of all tensors, as it claims.
    pub total_size: Option<u64>,
    /// Parameters, as it claims.
    pub total_parameters: Option<u64>,
}

/// Reads an index.
///
/// # Errors
/// Too long, not JSON, no `weight_map`, or a shard name that is no plain file name.
pub fn read(text: &[u8]) -> Result<Index, HeaderError> {
    if limits::INDEX.is_passed_by(text) {
        return Err(HeaderError::TooLarge {
            bytes: text.len() as u64,
            limit: limits::INDEX.bytes,
        });
    }
    let raw: RawIndex = serde_json::from_slice(text).map_err(|error| HeaderError::Json(cut(&error.to_string())))?;
    let Some(map) = raw.weight_map else {
        return Err(HeaderError::NotAnIndex("it has no weight_map"));
    };
    if map.shards.is_empty() {
        return Err(HeaderError::NotAnIndex("its weight_map is empty"));
    }
    if let Some(bad) = map.shards.iter().find(|name| !is_plain(name)) {
        return Err(HeaderError::ShardName(cut(bad)));
    }
    let claim = |key: &str| {
        let value = raw.metadata.as_ref()?.get(key)?;
        // Some tools wrote the number as a text or with a fraction of zero.
        value.as_u64().or_else(|| value.as_str()?.parse().ok()).or_else(|| {
            value
                .as_f64()
                .filter(|size| *size >= 0.0 && *size < 1e18)
                .map(|size| size as u64)
        })
    };
    Ok(Index {
        total_size: claim("total_size"),
        total_parameters: claim("total_parameters"),
        shards: map.shards.into_iter().collect(),
        tensors: map.tensors,
    })
}

/// Whether a file is an index of shards, by its name.
pub fn is_index(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".safetensors.index.json")
}

/// A file of its own folder, or of one below, and a safetensors file.
fn is_plain(name: &str) -> bool {
    FileKind::of(name) == Some(FileKind::Safetensors)
        && name.len() <= 512
        && !name.contains("://")
        && !name.contains(['\\', ':', '?', '#'])
        && !name.chars().any(char::is_control)
        && name
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
}

#[derive(serde::Deserialize)]
struct RawIndex {
    metadata: Option<Value>,
    weight_map: Option<Shards>,
}

struct Shards {
    shards: BTreeSet<String>,
    tensors: u64,
}

impl<'de> Deserialize<'de> for Shards {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Shards;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object from tensor to file name")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shards, A::Error> {
                let mut all = Shards {
                    shards: BTreeSet::new(),
                    tensors: 0,
                };
                while let Some((_, shard)) =
                    map.next_entry::<std::borrow::Cow<'de, str>, std::borrow::Cow<'de, str>>()?
                {
                    all.tensors += 1;
                    if all.tensors > limits::TENSORS {
                        return Err(A::Error::custom("more tensors than any model has"));
                    }
                    if !all.shards.contains(shard.as_ref()) {
                        if all.shards.len() as u64 >= limits::SHARDS {
                            return Err(A::Error::custom("more shards than any model has"));
                        }
                        all.shards.insert(shard.into_owned());
                    }
                }
                Ok(all)
            }
        }
        from.deserialize_map(Seen)
    }
}
