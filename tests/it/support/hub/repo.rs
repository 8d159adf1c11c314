//! Repositories: their files, who may read them, what goes wrong with them; and the well-known ones in `test/`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

/// A small, ordinary decoder, for repositories where the config is not the point.
pub const CONFIG: &str = r#"{
  "architectures": ["LlamaForCausalLM"],
  "attention_bias": false,
  "hidden_act": "silu",
  "hidden_size": 2048,
  "intermediate_size": 5632,
  "max_position_embeddings": 2048,
  "model_type": "llama",
  "num_attention_heads": 32,
  "num_hidden_layers": 22,
  "num_key_value_heads": 4,
  "rms_norm_eps": 1e-05,
  "tie_word_embeddings": false,
  "torch_dtype": "bfloat16",
  "vocab_size": 32000
}
"#;

#[derive(Clone, Debug, Default)]
pub struct Repo {
    pub files: BTreeMap<String, Vec<u8>>,
    pub access: Access,
    pub fault: Fault,
    pub info: Map<String, Value>,
    /// Besides `main`, `HEAD` and the sha.
    pub revisions: Vec<String>,
}

/// Who may read a repository.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Access {
    #[default]
    Open,
    /// Only a good token sees that it exists.
    Private,
    /// Info and tree are public, files are for a good token.
    Gated,
    /// Gated, and the request of whoever holds a token waits.
    Pending,
    /// Gated, and the authors have refused.
    Rejected,
    /// Gated, and the fine-grained token lacks the permission.
    FineGrained,
    /// Taken down by the Hub.
    Disabled,
}

/// What goes wrong with a repository that may be read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Fault {
    #[default]
    None,
    /// This status for the first so many requests (`None`: all) for info or for files, counted apart.
    Status { status: u16, times: Option<u32> },
    /// 429 from the edge: without CORS headers a page sees a network error.
    LimitedWithoutCors,
    /// A web page instead of the answer, with status 200, as a captive portal gives it.
    Html,
    /// Every file ends half-way, as a complete answer.
    Truncated,
    /// Files come bit by bit; see `Hub::drip`.
    Slow,
    /// The connection closes half-way through a file.
    Cut,
    /// No answer at all.
    Hang,
    /// A file stops coming half-way, and the connection stays.
    HangMidBody,
    /// `Range` is ignored: 200 and the whole file.
    NoRange,
}

/// The repositories of `test/` where something goes wrong, with what. Files: [`CONFIG`] as config.json.
pub const TROUBLE: &[(&str, Access, Fault)] = &[
    ("test/private", Access::Private, Fault::None),
    ("test/gated", Access::Gated, Fault::None),
    ("test/pending", Access::Pending, Fault::None),
    ("test/rejected", Access::Rejected, Fault::None),
    ("test/fine-grained", Access::FineGrained, Fault::None),
    ("test/disabled", Access::Disabled, Fault::None),
    (
        "test/bad-request",
        Access::Open,
        Fault::Status {
            status: 400,
            times: None,
        },
    ),
    (
        "test/limited",
        Access::Open,
        Fault::Status {
            status: 429,
            times: None,
        },
    ),
    (
        "test/limited-once",
        Access::Open,
        Fault::Status {
            status: 429,
            times: Some(1),
        },
    ),
    ("test/limited-no-cors", Access::Open, Fault::LimitedWithoutCors),
    (
        "test/down",
        Access::Open,
        Fault::Status {
            status: 503,
            times: None,
        },
    ),
    (
        "test/flaky-500",
        Access::Open,
        Fault::Status {
            status: 500,
            times: Some(1),
        },
    ),
    (
        "test/flaky-503",
        Access::Open,
        Fault::Status {
            status: 503,
            times: Some(1),
        },
    ),
    ("test/html", Access::Open, Fault::Html),
    ("test/truncated", Access::Open, Fault::Truncated),
    ("test/slow", Access::Open, Fault::Slow),
    ("test/cut", Access::Open, Fault::Cut),
    ("test/hang", Access::Open, Fault::Hang),
    ("test/hang-mid-body", Access::Open, Fault::HangMidBody),
    ("test/no-range", Access::Open, Fault::NoRange),
];

/// Repositories of `test/` that are in order but hold something else than one ordinary config: id, file, text.
const ODD: &[(&str, &str, &str)] = &[
    ("test/plain", "config.json", CONFIG),
    ("test/plain", "README.md", "---\nlicense: apache-2.0\n---\n"),
    ("test/no-config", "README.md", "Only words here.\n"),
    ("test/empty", "config.json", "{}"),
    ("test/array", "config.json", "[1, 2, 3]"),
    (
        "test/diffusers",
        "model_index.json",
        r#"{"_class_name": "FluxPipeline", "transformer": ["diffusers", "FluxTransformer2DModel"]}"#,
    ),
    (
        "test/diffusers",
        "transformer/config.json",
        r#"{"_class_name": "FluxTransformer2DModel", "num_layers": 19}"#,
    ),
    (
        "test/gguf-only",
        "model-Q4_K_M.gguf",
        "GGUF\u{3}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    ),
];

/// Old ids of a Hub just started.
pub const RENAMES: [(&str, &str); 2] = [("test/old", "test/plain"), ("plain", "test/plain")];

pub fn well_known() -> BTreeMap<String, Repo> {
    let mut repos: BTreeMap<String, Repo> = BTreeMap::new();
    for (id, access, fault) in TROUBLE {
        let files = BTreeMap::from([("config.json".to_owned(), CONFIG.as_bytes().to_vec())]);
        repos.insert(
            (*id).to_owned(),
            Repo {
                files,
                access: *access,
                fault: *fault,
                ..Repo::default()
            },
        );
    }
    for (id, file, text) in ODD {
        repos
            .entry((*id).to_owned())
            .or_default()
            .files
            .insert((*file).to_owned(), text.as_bytes().to_vec());
    }
    repos
}

impl Repo {
    pub fn knows(&self, id: &str, revision: &str) -> bool {
        matches!(revision, "main" | "HEAD") || revision == sha(id) || self.revisions.iter().any(|own| own == revision)
    }

    /// The model info with every field a test may ask for by `expand`.
    pub fn describe(&self, id: &str, blobs: bool) -> Map<String, Value> {
        let siblings: Vec<Value> = self
            .files
            .iter()
            .map(|(path, body)| sibling(path, body, blobs))
            .collect();
        let config: Value = self
            .files
            .get("config.json")
            .and_then(|text| serde_json::from_slice(text).ok())
            .unwrap_or_default();
        let mut excerpt = Map::new();
        for name in ["architectures", "model_type", "quantization_config"] {
            if let Some(value) = config.get(name) {
                excerpt.insert(name.to_owned(), value.clone());
            }
        }
        let gated = match self.access {
            Access::Gated | Access::FineGrained => json!("auto"),
            Access::Pending | Access::Rejected => json!("manual"),
            _ => json!(false),
        };
        let fields = json!({
            "_id": &file_hash(id.as_bytes())[..24], "id": id, "modelId": id, "author": id.split('/').next(),
            "sha": sha(id), "createdAt": "2025-01-02T03:04:05.000Z", "lastModified": "2025-06-07T08:09:10.000Z",
            "private": self.access == Access::Private, "disabled": self.access == Access::Disabled, "gated": gated,
            "downloads": 12, "likes": 3, "tags": ["transformers", "region:us"], "library_name": "transformers",
            "pipeline_tag": "text-generation", "config": excerpt, "siblings": siblings, "usedStorage": 0,
        });
        let Value::Object(mut fields) = fields else {
            return Map::new();
        };
        fields.extend(self.info.clone());
        fields
    }
}

fn sibling(path: &str, body: &[u8], blobs: bool) -> Value {
    match (blobs, is_large(path)) {
        (false, _) => json!({ "rfilename": path }),
        (true, false) => json!({ "rfilename": path, "size": body.len(), "blobId": file_hash(body) }),
        (true, true) => {
            let lfs = json!({ "size": body.len(), "sha256": large_hash(body), "pointerSize": 134 });
            json!({ "rfilename": path, "size": body.len(), "blobId": file_hash(body), "lfs": lfs })
        }
    }
}

/// Whether the Hub keeps a file of this name outside git and gives it from its CDN.
pub fn is_large(path: &str) -> bool {
    let extension = Path::new(path)
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default();
    matches!(extension, "safetensors" | "gguf" | "bin" | "pt" | "pth" | "onnx" | "h5")
}

/// The commit that `main` of a repository stands at.
pub fn sha(id: &str) -> String {
    digits(id.as_bytes(), 40)
}

/// Stands for the git hash of a file: 40 digits.
pub fn file_hash(body: &[u8]) -> String {
    digits(body, 40)
}

/// Stands for the SHA-256 of a large file: 64 digits.
pub fn large_hash(body: &[u8]) -> String {
    digits(body, 64)
}

/// Hexadecimal digits that depend on the bytes (FNV-1a, continued).
fn digits(bytes: &[u8], count: usize) -> String {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    let mut hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| step(hash, *byte));
    let mut text = String::new();
    while text.len() < count {
        text.push_str(&format!("{hash:016x}"));
        hash = step(hash, 0x5a);
    }
    text.truncate(count);
    text
}

/// Reads `owner__name/`, `owner/name/` and `owner__name.json`.
pub fn read_folder(folder: &Path) -> BTreeMap<String, Repo> {
    let mut repos: BTreeMap<String, Repo> = BTreeMap::new();
    for (name, path) in entries(folder) {
        match name.split_once("__") {
            Some((owner, rest)) if path.is_file() => {
                if let Some(rest) = rest.strip_suffix(".json") {
                    let repo = repos.entry(format!("{owner}/{rest}")).or_default();
                    repo.files.insert("config.json".to_owned(), read(&path));
                }
            }
            Some((owner, rest)) => {
                let repo = repos.entry(format!("{owner}/{rest}")).or_default();
                add_files(repo, "", &path);
            }
            None if path.is_dir() => {
                for (rest, path) in entries(&path).into_iter().filter(|(_, path)| path.is_dir()) {
                    add_files(repos.entry(format!("{name}/{rest}")).or_default(), "", &path);
                }
            }
            None => {}
        }
    }
    repos
}

fn add_files(repo: &mut Repo, inside: &str, folder: &Path) {
    for (name, path) in entries(folder) {
        if path.is_dir() {
            add_files(repo, &format!("{inside}{name}/"), &path);
        } else {
            repo.files.insert(format!("{inside}{name}"), read(&path));
        }
    }
}

fn entries(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let list = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()));
    list.flatten()
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
        .collect()
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}
