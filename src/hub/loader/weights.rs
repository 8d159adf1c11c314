//! Headers of a model's weight files, several at once. Of no file more than its header is read.

use std::cell::Cell;
use std::collections::HashMap;

use serde_json::Value;

use super::ask::Asker;
use super::exchange::{Doing, some_at_once};
use super::{LoadError, request::Wish};
use crate::hub::{TreeEntry, read_tree};
use crate::limits;
use crate::model::headers::select::{Selection, select};
use crate::model::headers::{Checkpoint, FileKind, Header, HeaderError, Limits, Prefix, gguf, index};

/// Requests at once.
const AT_ONCE: usize = 6;

/// The beginning of a weight file: its header, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The file's name.
    pub name: String,
    /// Bytes of the whole file, if that is known.
    pub size: Option<u64>,
    /// The header's bytes.
    pub bytes: Vec<u8>,
}

/// What was read of a model's weight files.
#[derive(Debug)]
pub struct Weights {
    /// All headers together.
    pub checkpoint: Checkpoint,
    /// The headers as they came, in order.
    pub pieces: Vec<Piece>,
    /// What named them, if an index did.
    pub index: Option<index::Index>,
    /// All files of the repository, as far as its first page lists them: enough for a model.
    pub files: Vec<TreeEntry>,
}

impl Asker {
    /// Which files, then the header of each. `config` says how packed weights are unpacked.
    pub(super) async fn weights(&self, config: Option<&Value>) -> Result<Weights, LoadError> {
        let url = self.source.endpoint.tree_url(&self.locator);
        let wish = Wish::Whole(limits::LISTING);
        let listing = self.patiently(&url, "the listing", wish, self.errand()).await?;
        let files = read_tree(&String::from_utf8_lossy(&listing.bytes));
        let (names, index) = self.choose(&files).await?;
        let sizes: HashMap<&str, u64> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
        let of = names.len() as u64;
        self.line.tell(Doing::Headers { done: 0, of });
        let (done, bytes) = (Cell::new(0_u64), Cell::new(0_u64));
        let jobs = names.into_iter().map(|name| {
            // A listing without sizes reads as nothing.
            let listed = sizes.get(name.as_str()).copied().filter(|size| *size > 0);
            let (done, bytes) = (&done, &bytes);
            async move {
                let read = self.header(name, listed, bytes).await?;
                done.set(done.get().saturating_add(1));
                self.line.tell(Doing::Headers { done: done.get(), of });
                Ok::<_, LoadError>(read)
            }
        });
        let (headers, pieces): (Vec<_>, Vec<_>) = some_at_once(AT_ONCE, jobs).await?.into_iter().unzip();
        let wrong = |error| wrong(&self.locator.to_string(), error);
        let checkpoint = Checkpoint::new(headers, index.as_ref(), config).map_err(wrong)?;
        Ok(Weights {
            checkpoint,
            pieces,
            index,
            files,
        })
    }
    /// The names of the weight files, and the index that names them if one does.
    async fn choose(&self, files: &[TreeEntry]) -> Result<(Vec<String>, Option<index::Index>), LoadError> {
        let id = self.locator.id();
        let named = self
            .locator
            .path()
            .filter(|path| FileKind::of(path) == Some(FileKind::Gguf));
        let selection = match named {
            Some(path) => Selection::Gguf(gguf::split_names(path).map_err(|error| wrong(path, error))?),
            None => select(files.iter().map(|file| file.path.as_str())).map_err(|error| wrong(id.name(), error))?,
        };
        match selection {
            Selection::Index(name) => {
                let text = self.file(&name, limits::INDEX, self.errand()).await?.bytes;
                let index = index::read(&text).map_err(|error| wrong(&name, error))?;
                Ok((index.shards.clone(), Some(index)))
            }
            Selection::Safetensors(names) | Selection::Gguf(names) => Ok((names, None)),
            Selection::Several(names) => {
                let sizes = gguf::sizes(files.iter().map(|file| (file.path.as_str(), file.size)));
                let whole = |name: &String| sizes.get(&gguf::model_of(name)).copied().unwrap_or(0);
                let mut models: Vec<(String, u64)> = names.iter().map(|name| (name.clone(), whole(name))).collect();
                models.sort_by(|one, other| one.1.cmp(&other.1).then_with(|| one.0.cmp(&other.0)));
                Err(LoadError::Several {
                    repo: id.clone(),
                    models,
                })
            }
            Selection::Nothing => Err(LoadError::NoHeaders(id.clone())),
        }
    }
    /// The header of one file; `together` counts the bytes of all.
    async fn header(
        &self,
        name: String,
        listed: Option<u64>,
        together: &Cell<u64>,
    ) -> Result<(Header, Piece), LoadError> {
        let kind = FileKind::of(&name).unwrap_or(FileKind::Safetensors);
        let mut prefix = Prefix::new(kind, Limits::remote(kind, None));
        let mut size = None;
        loop {
            let (from, upto) = prefix.wanted();
            let part = self.part(&name, from, upto).await?;
            together.set(together.get().saturating_add(part.bytes.len() as u64));
            if together.get() > limits::HEADERS_TOGETHER.bytes {
                return Err(self.too_large("All headers together", limits::HEADERS_TOGETHER));
            }
            size = size.or(part.size).or(listed);
            prefix.size(size);
            if let Some(header) = prefix.take(&part.bytes).map_err(|error| wrong(&name, error))? {
                let bytes = prefix.into_bytes();
                return Ok((header, Piece { name, size, bytes }));
            }
        }
    }
}

fn wrong(file: &str, error: HeaderError) -> LoadError {
    let file = file.to_owned();
    LoadError::Header { file, error }
}
