//! One model repository, its revision and a file in it.

use std::fmt;
use std::str::FromStr;

use super::endpoint::{encode_path, encode_segment};
use super::paste::read;
use super::token::holds_token;
use super::{Endpoint, LocatorError, RepoId};

const MAX_REVISION_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 768;

/// The branch every repository of the Hub starts with.
pub(super) const MAIN: &str = "main";

/// JSON files beside a config that are not one.
const NOT_CONFIGS: [&str; 9] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "special_tokens_map.json",
    "vocab.json",
    "added_tokens.json",
    "preprocessor_config.json",
    "processor_config.json",
    "chat_template.json",
];

/// Which repository, at which revision, and which file of it.
///
/// `Display` writes the shortest form that [`Locator::parse`] reads back as the same locator:
/// `owner/name`, `owner/name@revision`, or `hf://owner/name@revision/path` where a path is set.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Locator {
    id: RepoId,
    revision: Option<String>,
    path: Option<String>,
}

impl Locator {
    /// Checks the parts. `main` is the default and is not kept; a path that ends in `/` is a folder.
    pub fn new(id: RepoId, revision: Option<&str>, path: Option<&str>) -> Result<Self, LocatorError> {
        let revision = revision.filter(|it| *it != MAIN);
        let path = path.map(|it| it.trim_start_matches('/')).filter(|it| !it.is_empty());
        revision.map_or(Ok(()), check_revision)?;
        path.map_or(Ok(()), check_path)?;
        // Nothing secret may come back out of a locator, escaped in the input or not.
        if [revision, path].into_iter().flatten().any(holds_token) {
            return Err(LocatorError::LooksLikeToken);
        }
        Ok(Self {
            id,
            revision: revision.map(str::to_owned),
            path: path.map(str::to_owned),
        })
    }

    /// Reads a name, a name with `@revision`, any address of a model or of a file in it, or `hf://…`.
    pub fn parse(text: &str) -> Result<Self, LocatorError> {
        Self::parse_at(text, &Endpoint::default())
    }

    /// As [`Locator::parse`]; addresses at `endpoint` are the Hub's too.
    pub fn parse_at(text: &str, endpoint: &Endpoint) -> Result<Self, LocatorError> {
        read(text, endpoint)
    }

    /// The repository.
    #[must_use]
    pub fn id(&self) -> &RepoId {
        &self.id
    }

    /// The branch, tag or commit; none for `main`.
    #[must_use]
    pub fn revision(&self) -> Option<&str> {
        self.revision.as_deref()
    }

    /// The branch, tag or commit, `main` by default.
    #[must_use]
    pub fn revision_or_main(&self) -> &str {
        self.revision.as_deref().unwrap_or(MAIN)
    }

    /// The file or, with a `/` at its end, the folder that was pasted, from the repository's root.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Where the config is: the pasted file if it is JSON and can be one, else `config.json` in the same folder.
    #[must_use]
    pub fn config_path(&self) -> String {
        let path = self.path.as_deref().unwrap_or_default();
        let (folder, file) = path
            .rsplit_once('/')
            .map_or(("", path), |(folder, file)| (folder, file));
        if file.ends_with(".json") && !file.ends_with(".index.json") && !NOT_CONFIGS.contains(&file) {
            path.to_owned()
        } else if folder.is_empty() {
            "config.json".to_owned()
        } else {
            format!("{folder}/config.json")
        }
    }
}

impl fmt::Display for Locator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, &self.revision) {
            (None, None) => write!(f, "{}", self.id),
            (None, Some(revision)) => write!(f, "{}@{}", self.id, encode_path(revision)),
            (Some(path), Some(revision)) => {
                write!(f, "hf://{}@{}/{}", self.id, encode_segment(revision), encode_path(path))
            }
            // Without an owner the revision says where the name ends.
            (Some(path), None) if self.id.owner().is_none() => {
                write!(f, "hf://{}@{MAIN}/{}", self.id, encode_path(path))
            }
            (Some(path), None) => write!(f, "hf://{}/{}", self.id, encode_path(path)),
        }
    }
}

impl FromStr for Locator {
    type Err = LocatorError;

    fn from_str(text: &str) -> Result<Self, LocatorError> {
        Self::parse(text)
    }
}

/// The rules of git for the names of references, as far as they can do harm in an address.
fn check_revision(text: &str) -> Result<(), LocatorError> {
    let bad = |why| Err(LocatorError::BadRevision(why));
    if text.is_empty() {
        bad("is empty")
    } else if text.len() > MAX_REVISION_BYTES {
        bad("is too long")
    } else if text.contains("..") {
        bad("holds “..”")
    } else if text
        .chars()
        .any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c))
    {
        bad("holds a character that no revision has")
    } else if text.starts_with(['/', '-', '.']) || text.ends_with('/') || text.contains("//") || text == "refs" {
        bad("is not complete")
    } else {
        Ok(())
    }
}

fn check_path(text: &str) -> Result<(), LocatorError> {
    let bad = |why| Err(LocatorError::BadPath(why));
    let parts = text.strip_suffix('/').unwrap_or(text);
    if text.len() > MAX_PATH_BYTES {
        bad("is too long")
    } else if parts.split('/').any(|it| it == "." || it == "..") {
        bad("holds “.” or “..”")
    } else if parts.split('/').any(str::is_empty) {
        bad("has an empty part")
    } else if text.chars().any(|c| c.is_control() || c == '\\') {
        bad("holds a character that no file of the Hub has")
    } else {
        Ok(())
    }
}
