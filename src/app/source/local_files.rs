//! Weight files from this machine: of each only its header is read, whatever its size.

use std::sync::Arc;

use js_sys::Uint8Array;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde_json::Value;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;
use weighbridge::limits;
use weighbridge::model::headers::compare::Verdict;
use weighbridge::model::headers::{Checkpoint, FileKind, HeaderError, Limits, Prefix, index};
use weighbridge::units::counted;

use super::super::case::{Case, Loading, Problem};
use super::fetch::Stop;
use super::load::alone;
use super::{Outline, begin, ended, fail};

/// The config that came along with weight files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// None.
    Nothing,
    /// It is the model in hand now.
    Model,
    /// It could not be read.
    Unread,
}

/// Reads the headers of weight files, all of one model, and an index among them.
pub fn read(case: Case, files: Vec<File>, beside: Beside) {
    let stop = Stop::new();
    begin(case, Some(stop.clone()), None);
    if beside == Beside::Nothing {
        case.problem.set(None);
    }
    case.outline.set(None);
    spawn_local(async move {
        let tell = |name: &str, done: u64, total: u64| {
            if !stop.is_stopped() {
                case.loading.set(Some(Loading {
                    what: name.to_owned(),
                    headers: true,
                    read: Some((done, Some(total))),
                }));
            }
        };
        let config = case
            .model
            .with_untracked(|model| model.as_ref().map(|model| model.config.clone()));
        let read = of_files(files, config.as_deref(), tell, &stop).await;
        if stop.is_stopped() {
            return;
        }
        ended(case);
        match read {
            Ok(Read::Found(name, found)) => show(case, &name, *found, beside),
            Ok(Read::Index(outline)) => case.outline.set(Some(outline)),
            Ok(Read::Stopped) => {}
            Err(problem) => fail(case, problem),
        }
    });
}

enum Read {
    Found(String, Box<Checkpoint>),
    /// An index without its shards.
    Index(Outline),
    Stopped,
}

fn show(case: Case, name: &str, found: Checkpoint, beside: Beside) {
    let in_hand = case.model.with_untracked(Option::is_some);
    // A GGUF alone is a model of its own.
    let own = beside == Beside::Nothing && found.list.kind == FileKind::Gguf;
    if !in_hand || own || beside == Beside::Unread {
        return super::show(case, alone(name, name, found), true);
    }
    let found = Arc::new(found);
    case.model.update(|model| {
        if let Some(model) = model {
            model.headers = Some(found.clone());
        }
    });
    let other = case
        .comparison
        .with_untracked(|one| one.as_ref().is_none_or(|one| one.verdict == Verdict::Differ));
    if other {
        case.outline.set(Some(Outline::of(&found, name)));
    }
}

async fn of_files(
    mut files: Vec<File>,
    config: Option<&Value>,
    tell: impl Fn(&str, u64, u64),
    stop: &Stop,
) -> Result<Read, Problem> {
    files.sort_by_key(File::name);
    let mut listed = None;
    if let Some(file) = files.iter().find(|file| index::is_index(&file.name())) {
        let text = slice(file, 0, limits::INDEX.and_one()).await?;
        listed = Some(index::read(&text).map_err(|error| wrong(&file.name(), &error))?);
    }
    let weights: Vec<&File> = files
        .iter()
        .filter(|file| FileKind::of(&file.name()).is_some())
        .collect();
    if let Some(index) = &listed {
        let there = |shard: &&String| {
            weights
                .iter()
                .any(|file| shard.rsplit('/').next() == Some(&file.name()))
        };
        let held = index.shards.iter().filter(there).count();
        if weights.is_empty() {
            return Ok(Read::Index(Outline::of_index(index)));
        }
        if held < index.shards.len() {
            let missing = index.shards.len() - held;
            return Err(Problem::Browser(format!(
                "{missing} of the {} that the index names {} missing. Drop all of them together.",
                counted(index.shards.len() as u64, "shard"),
                if missing == 1 { "is" } else { "are" }
            )));
        }
    }
    let total = weights.len() as u64;
    let mut headers = Vec::new();
    for (at, file) in weights.iter().enumerate() {
        let name = file.name();
        tell(&name, at as u64, total);
        let kind = FileKind::of(&name).unwrap_or(FileKind::Safetensors);
        let mut prefix = Prefix::new(kind, Limits::local(file.size() as u64));
        let header = loop {
            let (from, upto) = prefix.wanted();
            let bytes = slice(file, from, upto).await?;
            if let Some(header) = prefix.take(&bytes).map_err(|error| wrong(&name, &error))? {
                break header;
            }
        };
        headers.push(header);
        if stop.is_stopped() {
            return Ok(Read::Stopped);
        }
    }
    let name = match weights.as_slice() {
        [one] => one.name(),
        several => format!("{} files", several.len()),
    };
    let found = Checkpoint::new(headers, listed.as_ref(), config).map_err(|error| wrong(&name, &error))?;
    Ok(Read::Found(name, Box::new(found)))
}

fn wrong(name: &str, error: &HeaderError) -> Problem {
    Problem::Browser(format!("{name}: {error}"))
}

/// Some bytes of a file; fewer where it ends before.
async fn slice(file: &File, from: u64, upto: u64) -> Result<Vec<u8>, Problem> {
    let failed = |_| Problem::Browser(format!("The browser could not read {}. Choose it again.", file.name()));
    let piece = file.slice_with_f64_and_f64(from as f64, upto as f64).map_err(failed)?;
    let buffer = JsFuture::from(piece.array_buffer()).await.map_err(failed)?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
