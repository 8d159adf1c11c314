//! In which formats weights lie in a repository, told from the names of its files, and which engine reads them:
//! `data/file_formats.csv`.

use std::sync::LazyLock;

use serde::Serialize;

use super::Engine;
use crate::tables;

const TABLE: &str = include_str!("../../data/file_formats.csv");

/// A format of weight files.
#[derive(Debug, PartialEq, Eq)]
pub struct FileFormat {
    /// Its key.
    pub format: String,
    /// Its name.
    pub label: String,
    /// Names of its files in lower case, each with at most one `*`, separated by spaces.
    names: String,
    /// The Hub's tag for repositories that hold it.
    tag: String,
    /// Keys of the engines that load it as it is, separated by spaces.
    engines: String,
    /// Who says so.
    pub source: String,
}

/// A format with the number of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The format's key.
    pub format: &'static str,
    /// Its name.
    pub label: &'static str,
    /// How many files.
    pub files: u64,
}

/// Every format, the one most used first.
pub fn file_formats() -> &'static [FileFormat] {
    static ROWS: LazyLock<Vec<FileFormat>> = LazyLock::new(|| {
        // A row that does not parse is left out; a test counts them.
        tables::read(TABLE, |row| {
            Some(FileFormat {
                format: row.text("format"),
                label: row.text("label"),
                names: row.text("names"),
                tag: row.text("tag"),
                engines: row.text("engines"),
                source: row.text("source"),
            })
        })
    });
    &ROWS
}

impl FileFormat {
    /// Whether an engine loads it as it is.
    pub fn read_by(&self, engine: Engine) -> bool {
        self.engines.split(' ').any(|key| key == engine.key())
    }
    /// Whether a file is of this format; `name` is its last part in lower case.
    fn names(&self, name: &str) -> bool {
        self.names.split(' ').any(|pattern| match pattern.split_once('*') {
            Some((start, end)) => {
                // A name is more than an ending.
                let length = (start.len() + end.len()).max(end.len() + 1);
                name.len() >= length && name.starts_with(start) && name.ends_with(end)
            }
            None => name == pattern,
        })
    }
}

/// The formats that a list of files holds, in the table's order.
pub fn recognise<'a>(paths: impl IntoIterator<Item = &'a str>) -> Vec<Held> {
    let mut counts = vec![0_u64; file_formats().len()];
    for path in paths {
        let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
        let at = file_formats().iter().position(|format| format.names(&name));
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    let rows = file_formats().iter().zip(counts).filter(|(_, files)| *files > 0);
    rows.map(|(row, files)| Held {
        format: &row.format,
        label: &row.label,
        files,
    })
    .collect()
}

/// The formats that a repository's tags tell of, in the table's order.
pub fn by_tags<'a>(tags: impl IntoIterator<Item = &'a str>) -> Vec<&'static FileFormat> {
    let tags: Vec<&str> = tags.into_iter().collect();
    let tagged = |row: &&FileFormat| tags.iter().any(|tag| tag.eq_ignore_ascii_case(&row.tag));
    file_formats().iter().filter(tagged).collect()
}

/// Whether an engine loads one of the formats as it is; nothing is said of an empty list.
pub fn any_read_by(held: &[Held], engine: Engine) -> Option<bool> {
    let mut rows = file_formats()
        .iter()
        .filter(|row| held.iter().any(|one| one.format == row.format))
        .peekable();
    rows.peek()?;
    Some(rows.any(|row| row.read_by(engine)))
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    fn keys(paths: &[&str]) -> Vec<(&'static str, u64)> {
        let held = recognise(paths.iter().copied());
        held.into_iter().map(|one| (one.format, one.files)).collect()
    }

    #[test]
    fn every_row_is_read_and_names_engines_of_ours() {
        assert_eq!(file_formats().len(), TABLE.lines().count() - 1);
        for row in file_formats() {
            assert!(!row.names.is_empty() && row.source.len() > 5, "{}", row.format);
            assert_eq!(row.names, row.names.to_lowercase(), "{}", row.format);
            for key in row.engines.split(' ').filter(|key| !key.is_empty()) {
                assert!(key.parse::<Engine>().is_ok(), "{}: {key}", row.format);
            }
        }
        // Every engine has files to load.
        for engine in Engine::iter() {
            assert!(file_formats().iter().any(|row| row.read_by(engine)), "{engine:?}");
        }
    }

    /// Lists as repositories of the Hub have them.
    #[test]
    fn repositories_are_recognised() {
        for (paths, expected) in [
            (
                &[
                    "config.json",
                    "model-00001-of-00002.safetensors",
                    "model-00002-of-00002.safetensors",
                    "model.safetensors.index.json",
                    "original/consolidated.00.pth",
                    "tokenizer.json",
                ][..],
                &[("safetensors", 2), ("pytorch", 1)][..],
            ),
            (
                &[
                    "Qwen3-8B-Q4_K_M.gguf",
                    "UD/Qwen3-8B-Q8_0.GGUF",
                    "README.md",
                    "imatrix.dat",
                ],
                &[("gguf", 2)],
            ),
            (
                &[
                    "onnx/model_q4.onnx",
                    "onnx/model_q4.onnx_data",
                    "onnx/model_fp16.onnx.data",
                    "config.json",
                ],
                &[("onnx", 3)],
            ),
            // What training leaves behind are no weights of the model.
            (
                &[
                    "training_args.bin",
                    "optimizer.pt",
                    "scheduler.pt",
                    "rng_state.pth.tar",
                    "pytorch_model.bin",
                ],
                &[("pytorch", 1)],
            ),
            (
                &[
                    "pytorch_model.bin",
                    "tf_model.h5",
                    "flax_model.msgpack",
                    "rust_model.ot",
                    "64.tflite",
                ],
                &[("pytorch", 1), ("tensorflow", 1), ("flax", 1), ("tflite", 1)],
            ),
            (
                &[
                    "openvino_model.xml",
                    "openvino_model.bin",
                    "coreml/m.mlpackage/Data/com.apple.CoreML/model.mlmodel",
                ],
                &[("openvino", 2), ("coreml", 1)],
            ),
            (&["params_shard_0.bin", "mlc-chat-config.json"], &[("mlc", 1)]),
            (&["weights.00.npz", "config.json"], &[("mlx", 1)]),
            (&["README.md", "", "/", ".safetensors"], &[]),
        ] {
            assert_eq!(keys(paths), expected, "{paths:?}");
        }
        let tags = ["transformers", "safetensors", "onnx", "license:mit"];
        let tagged: Vec<&str> = by_tags(tags).iter().map(|row| row.label.as_str()).collect();
        assert_eq!(tagged, ["safetensors", "ONNX"]);
    }

    #[test]
    fn engines_read_their_own() {
        let gguf = recognise(["a.gguf"]);
        assert_eq!(any_read_by(&gguf, Engine::LlamaCpp), Some(true));
        assert_eq!(any_read_by(&gguf, Engine::TensorRtLlm), Some(false));
        assert_eq!(any_read_by(&recognise(["a.onnx"]), Engine::Vllm), Some(false));
        assert_eq!(any_read_by(&[], Engine::Vllm), None);
    }
}
