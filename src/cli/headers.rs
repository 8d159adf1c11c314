//! Headers of weight files, from a disk or the Hub. Of no file more than its header is read.

use std::collections::HashMap;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::export::Sheet;
use crate::hardware::file_formats::{Held, recognise};
use crate::hub::HubError;
use crate::limits;
use crate::model::headers::select::{Selection, select};
use crate::model::headers::{
    FileKind, Header, HeaderError, Limits, Need, TensorList, assumed, compare, gguf, index, logical, safetensors,
};
use crate::model::{Blueprint, Notice};
use crate::units::{UnitSystem, count, grouped};
use serde_json::{Value, json};

use super::fetch::Parts;
use super::local::{self, unreadable};
use super::output::{Failure, tell, tell_over};

/// Requests at once.
const AT_ONCE: usize = 8;

/// What the headers of a model say.
#[derive(Debug)]
pub struct Checkpoint {
    /// Every tensor.
    pub list: TensorList,
    /// Unpacked.
    pub count: logical::Count,
    /// What the index claims and the shards do not hold.
    pub notices: Vec<Notice>,
    /// Whether the config is a GGUF's own metadata.
    pub own: bool,
    /// Formats of the files beside it, where they were listed.
    pub files: Vec<Held>,
}

impl Checkpoint {
    fn new(list: TensorList, notices: Vec<Notice>, config: Option<&Value>) -> Self {
        let count = logical::count(&list, config);
        Self {
            list,
            count,
            notices,
            own: false,
            files: Vec::new(),
        }
    }
    /// Beside these files.
    fn beside<'a>(self, files: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            files: recognise(files),
            ..self
        }
    }
    /// Against a blueprint.
    pub fn compare(&self, blueprint: &Blueprint) -> compare::Comparison {
        let names = if self.own {
            compare::Names::own_metadata()
        } else {
            compare::Names::config(self.list.described())
        };
        compare::compare_as(blueprint, &self.count, &names)
    }
    /// Against a blueprint, which takes its bytes from the files where the two agree.
    pub fn adopt(&self, blueprint: &mut Blueprint) -> compare::Comparison {
        let comparison = self.compare(blueprint);
        if compare::adopt(blueprint, &comparison) {
            if self.list.kind == FileKind::Gguf
                && let Some(most) = self.count.types.first()
            {
                blueprint.published.method = format!("GGUF (mostly {})", most.dtype);
            }
        } else {
            blueprint.notices.push(Notice::new(
                "headers_not_adopted",
                "The headers do not account for every tensor of the config, so bytes are those of its number formats, not of the files.",
            ));
        }
        comparison
    }
    /// Without one.
    pub fn summary(&self) -> assumed::Summary {
        let mut summary = assumed::summarise(&self.list, &self.count);
        summary.notices.extend(self.notices.iter().cloned());
        summary
    }
    /// Every tensor as JSON.
    pub fn tensors(&self) -> Vec<Value> {
        let pairs = self.list.tensors.iter().zip(&self.count.tensors);
        pairs
            .map(|(stored, logical)| {
                json!({"name": stored.name, "dtype": stored.dtype.name, "shape": stored.shape, "bytes": stored.bytes,
                       "parameters": logical.elements, "scale": logical.scale, "part": assumed::part_of(&stored.name)})
            })
            .collect()
    }
    /// What `estimate` says of them.
    pub fn json(&self, comparison: &compare::Comparison) -> Value {
        json!({
            "read": self.list.described(),
            "formats": self.files,
            "tensors": self.list.tensors.len(),
            "parameters": self.count.parameters,
            "bytes": self.count.bytes,
            "scale_bytes": self.count.scale_bytes,
            "types": self.count.types,
            "packed": self.count.methods,
            "comparison": comparison,
            "notices": self.count.notices.iter().chain(&self.notices).collect::<Vec<_>>(),
        })
    }
}

/// Whether a path is a weight file or an index of some.
pub fn is_weights(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.ends_with(".safetensors") || name.ends_with(".gguf") || name.ends_with(".safetensors.index.json")
}

/// Headers of a weight file, with all its shards, or of an index.
pub fn of_file(path: &Path, config: Option<&Value>) -> Result<Checkpoint, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    if name.ends_with(".json") {
        return of_index(path, config);
    }
    let names = gguf::split_names(name).map_err(|error| failure(path, &error))?;
    of_files(names.iter().map(|name| folder.join(name)), config)
}

/// Headers of the weights in a folder; none where it has no weights.
pub fn of_folder(folder: &Path, config: Option<&Value>) -> Result<Option<Checkpoint>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let read = match select(names.iter().map(String::as_str)).map_err(|error| failure(folder, &error))? {
        Selection::Index(name) => of_index(&folder.join(name), config).map(Some),
        Selection::Safetensors(names) | Selection::Gguf(names) => {
            of_files(names.iter().map(|name| folder.join(name)), config).map(Some)
        }
        Selection::Several(_) | Selection::Nothing => Ok(None),
    }?;
    Ok(read.map(|found| found.beside(names.iter().map(String::as_str))))
}

fn of_index(path: &Path, config: Option<&Value>) -> Result<Checkpoint, Failure> {
    let text = local::read(path, limits::INDEX)?;
    let index = index::read(&text).map_err(|error| failure(path, &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut found = of_files(index.shards.iter().map(|name| folder.join(name)), config)?;
    check(&index, &mut found).map_err(|error| failure(path, &error))?;
    Ok(found)
}

/// The index must list as many tensors as the shards hold; its sizes are its own claim and only remarked on.
fn check(index: &index::Index, found: &mut Checkpoint) -> Result<(), HeaderError> {
    let has = found.list.tensors.len() as u64;
    if has != index.tensors {
        return Err(HeaderError::IndexDiffers {
            says: index.tensors,
            has,
        });
    }
    let bytes = found.list.bytes();
    if let Some(claimed) = index.total_size.filter(|claimed| *claimed != bytes) {
        found.notices.push(Notice::new(
            "index_total_size",
            format!(
                "The index claims {} bytes, but the shards hold {}; the shards are believed.",
                grouped(claimed),
                grouped(bytes)
            ),
        ));
    }
    Ok(())
}

fn of_files(paths: impl Iterator<Item = PathBuf>, config: Option<&Value>) -> Result<Checkpoint, Failure> {
    let headers = paths.map(|path| of_one(&path)).collect::<Result<Vec<_>, _>>()?;
    let list = TensorList::new(headers).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    Ok(Checkpoint::new(list, Vec::new(), config))
}

/// The header of one file on disk.
fn of_one(path: &Path) -> Result<Header, Failure> {
    let (mut file, size) = local::open(path)?;
    let mut reader = Reading::new(kind_of(path), Limits::local(size));
    let mut bytes = Vec::new();
    loop {
        match reader.read(&bytes).map_err(|error| failure(path, &error))? {
            Need::Done(header) => return Ok(header),
            Need::More { upto } => {
                let more = upto.saturating_sub(bytes.len() as u64);
                let read = (&mut file).take(more).read_to_end(&mut bytes);
                if read.map_err(|error| unreadable(path, &error))? == 0 {
                    return Err(failure(path, &HeaderError::Truncated(bytes.len() as u64)));
                }
            }
        }
    }
}

fn kind_of(path: &Path) -> FileKind {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("gguf") => FileKind::Gguf,
        _ => FileKind::Safetensors,
    }
}

/// Either reader.
enum Reading {
    Safetensors(Limits),
    Gguf(Box<gguf::Reader>),
}

impl Reading {
    fn new(kind: FileKind, limits: Limits) -> Self {
        match kind {
            FileKind::Safetensors => Self::Safetensors(limits),
            FileKind::Gguf => Self::Gguf(Box::new(gguf::Reader::new(limits))),
        }
    }
    fn read(&mut self, prefix: &[u8]) -> Result<Need<Header>, HeaderError> {
        match self {
            Self::Safetensors(limits) => safetensors::read(prefix, limits),
            Self::Gguf(reader) => reader.read(prefix),
        }
    }
}

/// Headers of a model on the Hub, several at once, with progress on standard error.
pub fn of_hub(parts: &Parts<'_>, config: Option<&Value>) -> Result<Checkpoint, Failure> {
    let hub = |error: HubError| Failure::new(error.code(), error.to_string());
    let files = parts.files().map_err(hub)?;
    let sizes: HashMap<&str, u64> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    let size_of = |name: &str| sizes.get(name).copied();
    let wrong = |error: HeaderError| Failure::new(error.code(), error.to_string());
    let (names, index) = match select(files.iter().map(|file| file.path.as_str())).map_err(wrong)? {
        Selection::Index(name) => {
            let text = parts.whole(&name, limits::INDEX).map_err(hub)?;
            let index = index::read(&text).map_err(|error| failure(Path::new(&name), &error))?;
            (index.shards.clone(), Some(index))
        }
        Selection::Safetensors(names) | Selection::Gguf(names) => (names, None),
        Selection::Several(names) => {
            let list: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
            return Err(Failure::new(
                "several_models",
                format!(
                    "The repository holds {} GGUF models ({}, …); give the address of one file.",
                    names.len(),
                    list.join(", ")
                ),
            ));
        }
        Selection::Nothing => {
            return Err(Failure::new(
                "no_headers",
                "The repository holds no safetensors or GGUF weights whose headers could be read.",
            ));
        }
    };
    let headers = all(parts, &names, size_of)?;
    let list = TensorList::new(headers).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let mut found = Checkpoint::new(list, Vec::new(), config);
    if let Some(index) = index {
        check(&index, &mut found).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    }
    Ok(found.beside(files.iter().map(|file| file.path.as_str())))
}

fn all(
    parts: &Parts<'_>,
    names: &[String],
    size_of: impl Fn(&str) -> Option<u64> + Sync,
) -> Result<Vec<Header>, Failure> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::new(), None::<Failure>));
    let locked = || done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let live = std::io::stderr().is_terminal();
    let work = || loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        // The first failure ends it: half a model is no answer.
        let Some(name) = names.get(at).filter(|_| locked().1.is_none()) else {
            return;
        };
        let one = far(parts, name, size_of(name));
        let mut done = locked();
        match one {
            Ok(header) => done.0.push((at, header)),
            Err(error) => done.1 = done.1.take().or(Some(error)),
        }
        if live {
            tell_over(&format!("headers {} of {}", done.0.len(), names.len()));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(names.len()) {
            scope.spawn(work);
        }
    });
    tell(&if live {
        String::new()
    } else {
        format!("headers {} of {}", locked().0.len(), names.len())
    });
    let (mut headers, failed) = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(failed) = failed {
        return Err(failed);
    }
    headers.sort_by_key(|(at, _)| *at);
    Ok(headers.into_iter().map(|(_, header)| header).collect())
}

/// The header of one file far away, by Range.
fn far(parts: &Parts<'_>, name: &str, listed: Option<u64>) -> Result<Header, Failure> {
    let kind = kind_of(Path::new(name));
    let first = match kind {
        FileKind::Safetensors => safetensors::FIRST_BYTES,
        FileKind::Gguf => gguf::FIRST_BYTES,
    };
    let hub = |error: HubError| Failure::new(error.code(), error.to_string());
    let (mut bytes, told) = parts.part(name, 0, first).map_err(hub)?;
    let size = told.or(listed);
    let mut reader = Reading::new(kind, Limits::remote(kind, size));
    loop {
        match reader.read(&bytes).map_err(|error| failure(Path::new(name), &error))? {
            Need::Done(header) => return Ok(header),
            Need::More { upto } => {
                let have = bytes.len() as u64;
                let (more, _) = parts.part(name, have, upto).map_err(hub)?;
                if more.is_empty() {
                    return Err(failure(Path::new(name), &HeaderError::Truncated(have)));
                }
                bytes.extend(more);
            }
        }
    }
}

fn failure(path: &Path, error: &HeaderError) -> Failure {
    Failure::new(error.code(), format!("{}: {error}", path.display()))
}

/// A summary as tables: parts, types, and each tensor.
pub fn sheets(found: &Checkpoint, summary: &assumed::Summary) -> Vec<Sheet> {
    let size = |bytes: u64| UnitSystem::Gib.bytes(bytes as f64);
    let mut parts = Sheet::new(
        "Parts, by tensor names",
        &["part", "tensors", "parameters", "bytes", "size"],
    );
    for row in &summary.parts {
        parts.push([
            row.part.label().to_owned(),
            grouped(row.tensors),
            grouped(row.parameters),
            grouped(row.bytes),
            size(row.bytes),
        ]);
    }
    parts.push([
        "total".to_owned(),
        grouped(summary.tensors),
        grouped(summary.parameters),
        grouped(summary.bytes),
        size(summary.bytes),
    ]);
    let mut types = Sheet::new("Types", &["type", "tensors", "parameters", "bytes", "size"]);
    for row in &summary.types {
        types.push([
            row.dtype.clone(),
            grouped(row.tensors),
            grouped(row.parameters),
            grouped(row.bytes),
            size(row.bytes),
        ]);
    }
    let mut tensors = Sheet::new("Tensors", &["name", "type", "shape", "parameters", "bytes"]);
    for (stored, logical) in found.list.tensors.iter().zip(&found.count.tensors) {
        let shape: Vec<_> = stored.shape.iter().map(u64::to_string).collect();
        tensors.push([
            stored.name.clone(),
            stored.dtype.name.to_string(),
            format!("[{}]", shape.join(", ")),
            if logical.scale {
                "scales".to_owned()
            } else {
                grouped(logical.elements)
            },
            grouped(stored.bytes),
        ]);
    }
    vec![parts, types, tensors]
}

/// A summary in a few lines.
pub fn headline(name: &str, found: &Checkpoint, summary: &assumed::Summary) -> String {
    let mut out = format!(
        "{name}: {} parameters, {} bytes ({}), from {}",
        grouped(summary.parameters),
        grouped(summary.bytes),
        UnitSystem::Gib.bytes(summary.bytes as f64),
        found.list.described()
    );
    if !summary.packed.is_empty() {
        let methods: Vec<&str> = summary.packed.iter().copied().collect();
        out.push_str(&format!("; packed as {}, counted unpacked", methods.join(", ")));
    }
    out.push_str(&format!(
        "\nlinear layers: {} a token",
        count(summary.dense_linear_flops_per_token, "FLOP")
    ));
    if summary.all_experts_flops_per_token > summary.dense_linear_flops_per_token {
        out.push_str(&format!(
            " without routed experts, {} with all of them",
            count(summary.all_experts_flops_per_token, "FLOP")
        ));
    }
    out.push('\n');
    out
}
