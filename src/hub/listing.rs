//! Models that a search finds, as the Hub lists them.

use serde_json::Value;

use super::RepoId;
use crate::units::commands;

/// Most characters of a search that are sent.
pub(super) const LONGEST: usize = 96;
/// Most characters of a tag that is shown.
const LONGEST_TAG: usize = 120;

/// A model of a listing. What is not listed, or makes no sense, is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub id: RepoId,
    /// Parameters, as the headers of its safetensors were counted, or of the GGUF that stands for the repository.
    pub parameters: Option<u64>,
    /// Bytes of its safetensors, by those counts.
    pub bytes: Option<u64>,
    /// The type that most of them have: `BF16`.
    pub dtype: Option<String>,
    /// Downloads of the last 30 days.
    pub downloads: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// The day of its last change, `2026-11-20`.
    pub updated: Option<String>,
    /// What it is for.
    pub task: Option<String>,
    /// Whether its licence must be accepted first.
    pub gated: bool,
    /// Whether only some may see it.
    pub private: bool,
    /// Its tags.
    pub tags: Vec<String>,
}

impl Listed {
    /// Its licence, where a tag tells: `apache-2.0`.
    pub fn licence(&self) -> Option<&str> {
        self.tags.iter().find_map(|tag| tag.strip_prefix("license:"))
    }
    /// The model it was made from, and how (`quantized`, `finetune`), where a tag tells.
    pub fn base(&self) -> Option<(&str, &str)> {
        let pairs = self
            .tags
            .iter()
            .filter_map(|tag| tag.strip_prefix("base_model:")?.split_once(':'));
        pairs.into_iter().find(|(_, id)| id.parse::<RepoId>().is_ok())
    }
    /// Whether a tag is among its own.
    pub fn is_tagged(&self, tag: &str) -> bool {
        self.tags.iter().any(|one| one.eq_ignore_ascii_case(tag))
    }
}

/// Whether a text is worth a search: two characters of a name at least, and no address, config or token.
#[must_use]
pub fn searchable(text: &str) -> bool {
    let text = text.trim();
    let name = |sign: char| sign.is_alphanumeric() || matches!(sign, '-' | '_' | '.' | '/' | ' ');
    let fits = text.len() <= LONGEST && !text.to_ascii_lowercase().contains("hf_");
    fits && text.chars().filter(|sign| sign.is_alphanumeric()).count() >= 2 && text.chars().all(name)
}

/// Reads a listing; entries that make no sense are left out, as are models that write no text. A text that is no listing
/// gives none.
#[must_use]
pub fn read_listing(text: &str) -> Vec<Listed> {
    let entries: Vec<Value> = serde_json::from_str(text).unwrap_or_default();
    entries.iter().filter_map(read).collect()
}

fn read(entry: &Value) -> Option<Listed> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    let id = text("id").or_else(|| text("modelId"))?.parse().ok()?;
    if !text("pipeline_tag").is_none_or(writes_text) {
        return None;
    }
    let tags = entry.get("tags").and_then(Value::as_array).into_iter().flatten();
    let plain = |tag: &&str| tag.len() <= LONGEST_TAG && !tag.chars().any(commands);
    let tags: Vec<String> = tags
        .filter_map(Value::as_str)
        .filter(plain)
        .map(str::to_owned)
        .collect();
    let gguf = entry
        .get("gguf")
        .and_then(|gguf| gguf.get("total")?.as_u64())
        .filter(|count| *count > 0);
    let counted = entry.get("safetensors").filter(|counted| counted.is_object());
    let number = |key: &str| counted?.get(key)?.as_u64().filter(|count| *count > 0);
    let types = counted.and_then(|counted| counted.get("parameters")?.as_object());
    let bytes = types.and_then(|types| {
        types.iter().try_fold(0_u64, |sum, (dtype, count)| {
            let bits = bits(dtype, &tags)?;
            let bytes = u64::try_from(u128::from(count.as_u64()?) * u128::from(bits) / 8).ok()?;
            sum.checked_add(bytes)
        })
    });
    let most = types.and_then(|types| types.iter().max_by_key(|(_, count)| count.as_u64()));
    let dtype = most.map(|(name, _)| name.clone()).filter(|name| {
        // A name of a type is short and plain; packed numbers say nothing.
        bits(name, &[]).is_some() && !name.starts_with(['I', 'U'])
    });
    Some(Listed {
        id,
        dtype,
        parameters: number("total").or(gguf),
        bytes: number("totalFileSize").or(bytes).filter(|bytes| *bytes > 0),
        downloads: entry.get("downloads").and_then(Value::as_u64),
        likes: entry.get("likes").and_then(Value::as_u64),
        updated: text("lastModified").and_then(day).map(str::to_owned),
        task: text("pipeline_tag").map(str::to_owned),
        private: entry.get("private").and_then(Value::as_bool).unwrap_or(false),
        gated: entry
            .get("gated")
            .is_some_and(|gated| !matches!(gated, Value::Bool(false) | Value::Null)),
        tags,
    })
}

/// The day of a moment as the Hub writes it.
fn day(moment: &str) -> Option<&str> {
    let day = moment.get(..10)?;
    let shaped = day.bytes().enumerate().all(|(at, sign)| match at {
        4 | 7 => sign == b'-',
        _ => sign.is_ascii_digit(),
    });
    shaped.then_some(day)
}

/// Whether a pipeline is of models that write text, or of their like (encoders have the same blueprint).
fn writes_text(pipeline: &str) -> bool {
    let known = [
        "text-generation",
        "text2text-generation",
        "any-to-any",
        "summarization",
        "translation",
        "question-answering",
        "visual-question-answering",
        "document-question-answering",
        "feature-extraction",
        "fill-mask",
        "conversational",
    ];
    known.contains(&pipeline) || pipeline.ends_with("-to-text")
}

/// Bits of a type of safetensors. Whole numbers hold packed weights, which the Hub counts one by one where tags tell how
/// they are packed.
fn bits(dtype: &str, tags: &[String]) -> Option<u64> {
    let tagged = |name: &str| tags.iter().any(|tag| tag == name);
    Some(match dtype {
        "F64" => 64,
        "F32" => 32,
        "F16" | "BF16" => 16,
        _ if dtype.starts_with("F8") => 8,
        _ if dtype.starts_with("F4") => 4,
        "I64" | "U64" | "I32" | "U32" | "I16" | "U16" | "I8" | "U8" if tagged("4-bit") => 4,
        "I64" | "U64" => 64,
        "I32" | "U32" if tagged("8-bit") => 8,
        "I32" | "U32" => 32,
        "I16" | "U16" => 16,
        "I8" | "U8" | "BOOL" => 8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_is_read() {
        let text = r#"[
            {"_id": "6", "id": "Qwen/Qwen3-8B", "downloads": 12, "gated": false, "tags": ["safetensors"],
             "pipeline_tag": "text-generation", "safetensors": {"parameters": {"BF16": 8190735360}, "total": 8190735360}},
            {"id": "meta-llama/Llama-3.2-1B", "gated": "manual", "pipeline_tag": "text-generation"},
            {"id": "a/awq", "tags": ["4-bit"], "safetensors": {"parameters": {"I32": 6000000000, "F16": 1000000000}, "total": 7000000000}},
            {"id": "a/sized", "safetensors": {"parameters": {"F32": 10}, "total": 10, "totalFileSize": 4000}},
            {"id": "a/picture", "pipeline_tag": "text-to-image"},
            {"id": "a/speech", "pipeline_tag": "automatic-speech-recognition"},
            {"id": "a/seeing", "pipeline_tag": "image-text-to-text", "safetensors": null},
            {"id": "../evil"}, {"id": 7}, null, {"id": "a/odd", "downloads": -1, "tags": [1, null], "safetensors": {"parameters": {"BF16": 1e30}, "total": "x"}}
        ]"#;
        let found = read_listing(text);
        let names: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
        assert_eq!(
            names,
            [
                "Qwen/Qwen3-8B",
                "meta-llama/Llama-3.2-1B",
                "a/awq",
                "a/sized",
                "a/seeing",
                "a/odd"
            ]
        );
        assert_eq!(
            (found[0].parameters, found[0].bytes, found[0].gated),
            (Some(8_190_735_360), Some(16_381_470_720), false)
        );
        assert!(found[1].gated && found[1].bytes.is_none());
        assert_eq!(found[2].bytes, Some(3_000_000_000 + 2_000_000_000));
        assert_eq!(found[3].bytes, Some(4000));
        assert_eq!(
            (found[5].downloads, found[5].bytes, found[5].parameters),
            (None, None, None)
        );
        for other in ["", "{}", "<html>", "null", "[[[[", "[1]"] {
            assert_eq!(read_listing(other), [], "{other}");
        }
    }

    #[test]
    fn what_a_row_says_is_read_or_unknown() {
        let text = r#"[
            {"id": "unsloth/Qwen3-8B-GGUF", "likes": 7, "lastModified": "2026-11-02T10:00:00.000Z", "private": true,
             "gguf": {"total": 8190735360, "architecture": "qwen3", "chat_template": "{{ x }}"},
             "tags": ["gguf", "license:apache-2.0", "base_model:Qwen/Qwen3-8B", "base_model:quantized:Qwen/Qwen3-8B", "bad\u202etag"]},
            {"id": "a/odd", "likes": -1, "lastModified": "yesterday", "gguf": {"total": "x"}, "private": "yes", "tags": ["base_model:quantized:../x", "license:"]},
            {"id": "a/cut", "lastModified": "2026-1", "gguf": 7, "pipeline_tag": 3}
        ]"#;
        let found = read_listing(text);
        let first = &found[0];
        assert_eq!(
            (first.parameters, first.bytes, first.likes),
            (Some(8_190_735_360), None, Some(7))
        );
        assert_eq!(
            (first.updated.as_deref(), first.licence(), first.private),
            (Some("2026-11-02"), Some("apache-2.0"), true)
        );
        assert_eq!(first.base(), Some(("quantized", "Qwen/Qwen3-8B")));
        assert!(first.is_tagged("GGUF") && first.tags.len() == 4);
        assert_eq!(
            (
                found[1].likes,
                found[1].updated.clone(),
                found[1].parameters,
                found[1].base()
            ),
            (None, None, None, None)
        );
        assert_eq!((found[2].updated.clone(), found[2].task.clone()), (None, None));
    }

    #[test]
    fn what_is_worth_a_search() {
        for (text, worth) in [
            ("qwen3", true),
            ("llama 3.1 8b", true),
            ("Qwen/Qwen3-8B", true),
            ("通义", true),
            ("q", false),
            ("- -", false),
            ("https://huggingface.co/a/b", false),
            ("{\"model_type\"", false),
            ("hf_abcdefgh", false),
        ] {
            assert_eq!(searchable(text), worth, "{text}");
        }
        assert!(!searchable(&"a".repeat(LONGEST + 1)));
    }
}
