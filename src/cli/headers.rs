//! Headers of weight files on this machine, and what is printed of headers. Of no file more than its header is read.

use std::io::Read;
use std::path::Path;

use crate::export::Sheet;
use crate::hardware::file_formats::{Held, recognise};
use crate::limits;
use crate::model::headers::select::{Selection, select};
use crate::model::headers::{Checkpoint, FileKind, Header, HeaderError, Limits, Prefix, assumed, gguf, index};
use crate::units::{UnitSystem, count, grouped};
use serde_json::Value;

use super::local::{self, unreadable};
use super::output::Failure;

/// Whether a path is a weight file or an index of some.
pub fn is_weights(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    FileKind::of(name).is_some() || index::is_index(name)
}

/// Headers of a weight file, with all its shards, or of an index.
pub fn of_file(path: &Path, config: Option<&Value>) -> Result<Checkpoint, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    if index::is_index(name) {
        return of_index(path, config);
    }
    let names = gguf::split_names(name).map_err(|error| failure(path, &error))?;
    of_files(folder, &names, None, config)
}

/// Headers of the weights in a folder; none where it has no weights.
///
/// Beside them the formats of all files there.
pub fn of_folder(folder: &Path, config: Option<&Value>) -> Result<Option<(Checkpoint, Vec<Held>)>, Failure> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let read = match select(names.iter().map(String::as_str)).map_err(|error| failure(folder, &error))? {
        Selection::Index(name) => of_index(&folder.join(name), config).map(Some),
        Selection::Safetensors(names) | Selection::Gguf(names) => of_files(folder, &names, None, config).map(Some),
        Selection::Several(_) | Selection::Nothing => Ok(None),
    }?;
    Ok(read.map(|found| (found, recognise(names.iter().map(String::as_str)))))
}

fn of_index(path: &Path, config: Option<&Value>) -> Result<Checkpoint, Failure> {
    let text = local::read(path, limits::INDEX)?;
    let index = index::read(&text).map_err(|error| failure(path, &error))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    of_files(folder, &index.shards, Some(&index), config)
}

fn of_files(
    folder: &Path,
    names: &[String],
    index: Option<&index::Index>,
    config: Option<&Value>,
) -> Result<Checkpoint, Failure> {
    let headers: Result<_, _> = names.iter().map(|name| of_one(&folder.join(name))).collect();
    Checkpoint::new(headers?, index, config).map_err(|error| match index {
        Some(_) => failure(folder, &error),
        None => Failure::new(error.code(), error.to_string()),
    })
}

/// The header of one file on disk.
fn of_one(path: &Path) -> Result<Header, Failure> {
    let (mut file, size) = local::open(path)?;
    let kind = FileKind::of(&path.to_string_lossy()).unwrap_or(FileKind::Safetensors);
    let mut prefix = Prefix::new(kind, Limits::local(size));
    loop {
        let (from, upto) = prefix.wanted();
        let mut bytes = Vec::new();
        let read = (&mut file).take(upto.saturating_sub(from)).read_to_end(&mut bytes);
        read.map_err(|error| unreadable(path, &error))?;
        if let Some(header) = prefix.take(&bytes).map_err(|error| failure(path, &error))? {
            return Ok(header);
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
