//! A value of a GGUF key, and how one is read.

use super::error::{HeaderError, cut};

/// Longest text (chat templates have kilobytes).
const MOST_TEXT: u64 = 10_000_000;
/// Longest list that is kept; longer ones are known by their length.
const MOST_KEPT: u64 = 4_096;
/// Longest list that is walked through.
const MOST_LIST: u64 = 10_000_000;
/// Lists inside lists.
const DEEPEST: u32 = 4;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum GgufValue {
    /// A whole number.
    Whole(u64),
    /// A negative one.
    Negative(i64),
    /// A fraction.
    Float(f64),
    /// A flag.
    Flag(bool),
    /// A text.
    Text(String),
    /// A list; `items` is empty where it was only measured.
    List {
        /// How many items.
        length: u64,
        /// The items, if they are few.
        items: Vec<GgufValue>,
    },
}

impl GgufValue {
    /// As a whole number, whichever type it was written in.
    pub fn as_whole(&self) -> Option<u64> {
        match self {
            Self::Whole(value) => Some(*value),
            Self::Float(value) if *value >= 0.0 && value.fract() == 0.0 && *value < 1e18 => Some(*value as u64),
            _ => None,
        }
    }
    /// As a fraction.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Whole(value) => Some(*value as f64),
            Self::Negative(value) => Some(*value as f64),
            Self::Float(value) => Some(*value),
            _ => None,
        }
    }
    /// As a text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
    /// The items of a list that was kept.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List { items, length } if items.len() as u64 == *length => Some(items),
            _ => None,
        }
    }
    /// The length of a list, kept or not.
    pub fn length(&self) -> Option<u64> {
        match self {
            Self::List { length, .. } => Some(*length),
            _ => None,
        }
    }
    /// As JSON, lists that were not kept as their length.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Whole(value) => (*value).into(),
            Self::Negative(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Flag(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List { .. } => match self.as_list() {
                Some(items) => items.iter().map(Self::to_json).collect(),
                None => serde_json::json!({"length": self.length()}),
            },
        }
    }
}

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The bytes given end before this one.
    More(u64),
    /// The file is wrong.
    Wrong(HeaderError),
}

impl From<HeaderError> for Stop {
    fn from(error: HeaderError) -> Self {
        Self::Wrong(error)
    }
}

/// A place in the bytes given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    pub bytes: &'a [u8],
    pub at: u64,
    pub big: bool,
    /// Version 1 wrote lengths in 32 bits.
    pub short: bool,
}

impl<'a> Cursor<'a> {
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], Stop> {
        let end = self.at.saturating_add(count);
        let range = usize::try_from(self.at).ok().zip(usize::try_from(end).ok());
        let found = range.and_then(|(from, to)| self.bytes.get(from..to));
        let found = found.ok_or(Stop::More(end))?;
        self.at = end;
        Ok(found)
    }
    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let mut out = [0; N];
        let bytes = self.take(N as u64)?;
        for (to, from) in out.iter_mut().zip(bytes) {
            *to = *from;
        }
        if self.big {
            out.reverse();
        }
        Ok(out)
    }
    pub fn u32(&mut self) -> Result<u32, Stop> {
        self.fixed().map(u32::from_le_bytes)
    }
    pub fn u64(&mut self) -> Result<u64, Stop> {
        self.fixed().map(u64::from_le_bytes)
    }
    /// A length or dimension, as wide as the version has it.
    pub fn size(&mut self) -> Result<u64, Stop> {
        if self.short {
            self.u32().map(u64::from)
        } else {
            self.u64()
        }
    }
    pub fn text(&mut self) -> Result<&'a [u8], Stop> {
        let length = self.size()?;
        if length > MOST_TEXT {
            return Err(HeaderError::TooMany {
                what: "bytes for one text",
                count: length,
                limit: MOST_TEXT,
            }
            .into());
        }
        self.take(length)
    }

    /// The value of `key`, of the given type.
    pub fn value(&mut self, key: &str, kind: u32, depth: u32) -> Result<GgufValue, Stop> {
        Ok(match kind {
            0 => GgufValue::Whole(u64::from(u8::from_le_bytes(self.fixed()?))),
            1 => signed(i64::from(i8::from_le_bytes(self.fixed()?))),
            2 => GgufValue::Whole(u64::from(u16::from_le_bytes(self.fixed()?))),
            3 => signed(i64::from(i16::from_le_bytes(self.fixed()?))),
            4 => GgufValue::Whole(u64::from(self.u32()?)),
            5 => signed(i64::from(i32::from_le_bytes(self.fixed()?))),
            6 => GgufValue::Float(f64::from(f32::from_le_bytes(self.fixed()?))),
            7 => GgufValue::Flag(self.fixed::<1>()? != [0]),
            8 => GgufValue::Text(String::from_utf8_lossy(self.text()?).into_owned()),
            9 => self.list(key, depth)?,
            10 => GgufValue::Whole(self.u64()?),
            11 => signed(i64::from_le_bytes(self.fixed()?)),
            12 => GgufValue::Float(f64::from_le_bytes(self.fixed()?)),
            kind => return Err(HeaderError::ValueType { key: cut(key), kind }.into()),
        })
    }

    fn list(&mut self, key: &str, depth: u32) -> Result<GgufValue, Stop> {
        if depth >= DEEPEST {
            return Err(HeaderError::Nesting(cut(key)).into());
        }
        let kind = self.u32()?;
        let length = self.size()?;
        if length > MOST_LIST {
            return Err(HeaderError::TooMany {
                what: "items in one list",
                count: length,
                limit: MOST_LIST,
            }
            .into());
        }
        let keep = length <= MOST_KEPT && depth == 0 && !key.starts_with("tokenizer.");
        let mut items = Vec::new();
        if keep {
            for _ in 0..length {
                items.push(self.value(key, kind, depth + 1)?);
            }
            return Ok(GgufValue::List { length, items });
        }
        let width = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            _ => 0,
        };
        if width > 0 {
            self.take(length.saturating_mul(width))?;
        } else if kind == 8 {
            for _ in 0..length {
                self.text()?;
            }
        } else {
            for _ in 0..length {
                self.value(key, kind, depth + 1)?;
            }
        }
        Ok(GgufValue::List { length, items })
    }
}

fn signed(value: i64) -> GgufValue {
    u64::try_from(value).map_or(GgufValue::Negative(value), GgufValue::Whole)
}
