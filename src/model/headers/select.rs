//! Which files of a folder or repository hold the weights.

use super::{FileKind, HeaderError, gguf};
use crate::limits;

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// An index that names the shards.
    Index(String),
    /// safetensors files, all of one model.
    Safetensors(Vec<String>),
    /// GGUF files, all of one model.
    Gguf(Vec<String>),
    /// Several GGUF models side by side: one must be named. The first file of each.
    Several(Vec<String>),
    /// No weights whose header can be read.
    Nothing,
}

/// Picks the weights among the files of the top folder.
///
/// The index goes first; adapters, consolidated duplicates and variants are left out; of GGUF files those that are
/// no language model (`mmproj`, drafts, `imatrix`) too.
///
/// # Errors
/// A name that claims more files than any model has.
pub fn select<'a>(files: impl Iterator<Item = &'a str> + Clone) -> Result<Selection, HeaderError> {
    let mut top: Vec<&str> = files.clone().filter(|name| !name.contains('/')).collect();
    top.sort_unstable();
    let has = |name: &str| top.contains(&name);
    if let Some(index) = ["model.safetensors.index.json"].iter().find(|name| has(name)) {
        return Ok(Selection::Index((*index).to_owned()));
    }
    if has("model.safetensors") {
        return Ok(Selection::Safetensors(vec!["model.safetensors".to_owned()]));
    }
    let weights = top
        .iter()
        .filter(|name| FileKind::of(name) == Some(FileKind::Safetensors));
    let weights = weights.filter(|name| !name.starts_with("adapter_") && !name.contains(".fp16."));
    let (doubles, mut weights): (Vec<&str>, Vec<&str>) = weights.partition(|name| name.starts_with("consolidated"));
    if weights.is_empty() {
        weights = doubles;
    }
    if !weights.is_empty() {
        if weights.len() as u64 > limits::SHARDS {
            return Err(HeaderError::TooMany {
                what: "files",
                count: weights.len() as u64,
                limit: limits::SHARDS,
            });
        }
        return Ok(Selection::Safetensors(weights.into_iter().map(str::to_owned).collect()));
    }
    // One folder a quantisation is usual, so these may lie below.
    let mut models: Vec<&str> = files.filter(|name| is_model(name)).collect();
    models.sort_unstable();
    models.retain(|name| gguf::split(name).is_none_or(|(_, number, _)| number == 1));
    Ok(match models.as_slice() {
        [] => Selection::Nothing,
        [one] => Selection::Gguf(gguf::split_names(one)?),
        several => Selection::Several(several.iter().map(|&name| name.to_owned()).collect()),
    })
}

fn is_model(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    let other = ["mmproj", "mtp-", "ggml-vocab"]
        .iter()
        .any(|start| name.starts_with(start));
    name.ends_with(".gguf") && !other && !name.contains("imatrix") && !name.contains("lora")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks() {
        let of = |files: &[&str]| select(files.iter().copied()).unwrap();
        assert_eq!(
            of(&[
                "model-00001-of-00002.safetensors",
                "model.safetensors.index.json",
                "consolidated.safetensors"
            ]),
            Selection::Index("model.safetensors.index.json".to_owned())
        );
        assert_eq!(
            of(&[
                "consolidated.safetensors",
                "model.safetensors",
                "original/x.safetensors"
            ]),
            Selection::Safetensors(vec!["model.safetensors".to_owned()])
        );
        assert_eq!(
            of(&["mmproj-F16.gguf", "x-00001-of-00002.gguf", "x-00002-of-00002.gguf"]),
            Selection::Gguf(vec![
                "x-00001-of-00002.gguf".to_owned(),
                "x-00002-of-00002.gguf".to_owned()
            ])
        );
        // Some uploaders write the end of a name in capitals.
        assert_eq!(
            of(&["X-00001-of-00002.GGUF", "X-00002-of-00002.GGUF"]),
            Selection::Gguf(vec![
                "X-00001-of-00002.GGUF".to_owned(),
                "X-00002-of-00002.GGUF".to_owned()
            ])
        );
        assert_eq!(
            of(&["Weights.SafeTensors"]),
            Selection::Safetensors(vec!["Weights.SafeTensors".to_owned()])
        );
        assert!(matches!(of(&["a-Q4_K_M.gguf", "a-Q8_0.gguf"]), Selection::Several(all) if all.len() == 2));
        assert_eq!(of(&["config.json"]), Selection::Nothing);
    }
}
