//! The GGUF models side by side in one repository: the same model in several formats, each with the real size of its files.

use std::collections::BTreeMap;

use crate::hub::TreeEntry;
use crate::model::headers::FileKind;
use crate::model::headers::gguf::{sizes, split_names};
use crate::model::quantisation;

/// A model among the GGUF files of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its file; of a model in parts the first.
    pub path: String,
    /// What its name says of its format: `Q4_K_M`; else the name without what all have in common.
    pub label: String,
    /// Bytes of all its parts together.
    pub bytes: u64,
    /// In how many files it lies.
    pub files: u64,
}

/// The models among the GGUF files of a listing, smallest first. What belongs to a model without being one (the projector of
/// a vision tower, an importance matrix) is left out, as are models of which parts are missing.
#[must_use]
pub fn variants(files: &[TreeEntry]) -> Vec<Variant> {
    let gguf = |file: &&TreeEntry| FileKind::of(&file.path) == Some(FileKind::Gguf) && !is_aside(&file.path);
    let all: BTreeMap<&str, u64> = files
        .iter()
        .filter(gguf)
        .map(|file| (file.path.as_str(), file.size))
        .collect();
    let sums = sizes(all.iter().map(|(path, size)| (*path, *size)));
    let mut found: Vec<Variant> = all
        .keys()
        .filter_map(|path| {
            let parts = split_names(path).ok()?;
            let first = parts.first()? == path;
            let whole = parts.iter().all(|part| all.contains_key(part.as_str()));
            let bytes = sums.get(&crate::model::headers::gguf::model_of(path)).copied()?;
            (first && whole && bytes > 0).then(|| Variant {
                path: (*path).to_owned(),
                label: label(path),
                bytes,
                files: parts.len() as u64,
            })
        })
        .collect();
    found.sort_by(|one, other| one.bytes.cmp(&other.bytes).then_with(|| one.path.cmp(&other.path)));
    found
}

fn is_aside(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.contains("mmproj") || name.contains("imatrix")
}

/// The format that a file's name tells: the last word of it that is one.
fn label(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.get(..name.len().saturating_sub(".gguf".len())).unwrap_or(name);
    let words = stem.split(['-', '.']).rev();
    let known = |word: &&str| {
        let key = word.to_ascii_lowercase();
        let key = key
            .strip_prefix("ud")
            .map_or(key.as_str(), |rest| rest.trim_start_matches('_'));
        quantisation::choice(key).is_some() || is_ggml_type(key)
    };
    words.clone().find(known).map_or_else(
        || stem.to_owned(),
        |word| {
            let ud = stem.to_ascii_lowercase().contains("ud-");
            if ud {
                format!("UD-{}", word.to_ascii_uppercase())
            } else {
                word.to_ascii_uppercase()
            }
        },
    )
}

/// `q4_k_m`, `iq2_xxs`, `bf16`: a letter or two, bits, and what follows.
fn is_ggml_type(word: &str) -> bool {
    let rest = ["iq", "tq", "q"].iter().find_map(|start| word.strip_prefix(start));
    let numbered = rest.is_some_and(|rest| {
        let mut parts = rest.split('_');
        let bits = parts
            .next()
            .is_some_and(|bits| matches!(bits, "1" | "2" | "3" | "4" | "5" | "6" | "8"));
        bits && parts.all(|part| matches!(part, "0" | "1" | "k" | "s" | "m" | "l" | "xl" | "xs" | "xxs" | "nl"))
    });
    numbered || matches!(word, "f16" | "bf16" | "f32" | "mxfp4" | "nvfp4" | "mxfp4_moe")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64) -> TreeEntry {
        TreeEntry {
            path: path.to_owned(),
            size,
            kind: "file".to_owned(),
        }
    }

    #[test]
    fn each_format_once_with_all_its_parts() {
        let files = [
            file("README.md", 5),
            file("Qwen3-30B-A3B-Q4_K_M.gguf", 18_600_000_000),
            file("Qwen3-30B-A3B-UD-IQ2_XXS.gguf", 9_000_000_000),
            file("BF16/Qwen3-30B-A3B-BF16-00001-of-00002.gguf", 49_000_000_000),
            file("BF16/Qwen3-30B-A3B-BF16-00002-of-00002.gguf", 12_000_000_000),
            file("Q8_0/half-Q8_0-00002-of-00002.gguf", 1),
            file("mmproj-F16.gguf", 800_000_000),
            file("imatrix_unsloth.gguf", 4_000_000),
            file("odd.name.gguf", 3),
            file("empty-Q4_0.gguf", 0),
        ];
        let found = variants(&files);
        let said: Vec<(&str, u64, u64)> = found
            .iter()
            .map(|one| (one.label.as_str(), one.bytes, one.files))
            .collect();
        assert_eq!(
            said,
            [
                ("odd.name", 3, 1),
                ("UD-IQ2_XXS", 9_000_000_000, 1),
                ("Q4_K_M", 18_600_000_000, 1),
                ("BF16", 61_000_000_000, 2),
            ]
        );
        assert_eq!(found[3].path, "BF16/Qwen3-30B-A3B-BF16-00001-of-00002.gguf");
    }

    #[test]
    fn hostile_names_are_no_models_or_plain_ones() {
        let files = [
            file(".gguf", 1),
            file("a-00001-of-99999.gguf", 1),
            file("a-00000-of-00000.gguf", 1),
            file("é.gguf", 2),
            file(&format!("{}.gguf", "a".repeat(5_000)), 1),
            file("max-Q4_0.gguf", u64::MAX),
        ];
        for one in variants(&files) {
            assert!(one.bytes > 0 && !one.path.is_empty(), "{one:?}");
        }
        assert!(variants(&[]).is_empty());
    }
}
