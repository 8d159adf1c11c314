//! Models that a search finds, as the Hub lists them.

use serde_json::Value;

use super::RepoId;

/// Most characters of a search that are sent.
const LONGEST: usize = 96;

/// A model of a listing. What is not listed, or makes no sense, is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub id: RepoId,
    /// Parameters, as the headers of its safetensors were counted.
    pub parameters: Option<u64>,
    /// Bytes of its safetensors, by those counts.
    pub bytes: Option<u64>,
    /// Downloads of the last 30 days.
    pub downloads: Option<u64>,
    /// Whether its licence must be accepted first.
    pub gated: bool,
    /// Its tags.
    pub tags: Vec<String>,
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
    let tags: Vec<String> = tags.filter_map(Value::as_str).map(str::to_owned).collect();
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
    Some(Listed {
        id,
        parameters: number("total"),
        bytes: number("totalFileSize").or(bytes).filter(|bytes| *bytes > 0),
        downloads: entry.get("downloads").and_then(Value::as_u64),
        gated: entry
            .get("gated")
            .is_some_and(|gated| !matches!(gated, Value::Bool(false) | Value::Null)),
        tags,
    })
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
