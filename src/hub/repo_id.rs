//! The name of a repository, by the Hub's rules.

use std::fmt;
use std::str::FromStr;

use super::LocatorError;

/// The Hub's limit for an owner and for a name.
pub(super) const MAX_NAME_CHARS: usize = 96;

/// Hosts whose paths are the Hub's.
pub(super) const HUB_HOSTS: [&str; 5] = [
    "huggingface.co",
    "www.huggingface.co",
    "hf.co",
    "hf-mirror.com",
    "hub-ci.huggingface.co",
];

/// First segments of Hub addresses that no owner can have: pages of its own.
const PAGES: [&str; 19] = [
    "api",
    "blog",
    "chat",
    "collections",
    "docs",
    "enterprise",
    "join",
    "learn",
    "login",
    "logout",
    "models",
    "new",
    "oauth",
    "organizations",
    "papers",
    "posts",
    "pricing",
    "settings",
    "tasks",
];

/// A repository's name: `owner/name`, or `name` alone for the oldest models such as `gpt2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoId {
    owner: Option<String>,
    name: String,
}

impl RepoId {
    /// The user or organisation; none for the oldest models.
    #[must_use]
    pub fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// The name without its owner.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.owner {
            Some(owner) => write!(f, "{owner}/{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl FromStr for RepoId {
    type Err = LocatorError;

    /// Reads `owner/name` or `name` by the Hub's rules for repository names.
    fn from_str(text: &str) -> Result<Self, LocatorError> {
        let (owner, name) = match text.split_once('/') {
            Some((owner, name)) => (Some(owner), name),
            None => (None, text),
        };
        match owner {
            Some("datasets") => return Err(LocatorError::Dataset(short(name))),
            Some("spaces") => return Err(LocatorError::Space(short(name))),
            _ => {}
        }
        let first = owner.unwrap_or(name);
        if PAGES.contains(&first) || matches!(first, "datasets" | "spaces") {
            return Err(LocatorError::NotAModelPage(short(text)));
        }
        if HUB_HOSTS.contains(&first) {
            return Err(LocatorError::NoModel);
        }
        if name.contains('/') {
            return Err(LocatorError::TooManyParts(short(text)));
        }
        if let Some((_, tag)) = name
            .split_once(':')
            .filter(|(name, tag)| !name.is_empty() && !tag.is_empty())
        {
            return Err(LocatorError::QuantisationTag(short(tag)));
        }
        if let Some(owner) = owner {
            check_part("owner", owner)?;
        }
        check_part("name", name)?;
        Ok(Self {
            owner: owner.map(str::to_owned),
            name: name.to_owned(),
        })
    }
}

fn check_part(part: &'static str, text: &str) -> Result<(), LocatorError> {
    let bad = |why| Err(LocatorError::BadName { part, why });
    if text.is_empty() {
        return Err(LocatorError::MissingPart(part));
    }
    if let Some(character) = text
        .chars()
        .find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
    {
        return Err(LocatorError::BadCharacter { part, character });
    }
    if text.len() > MAX_NAME_CHARS {
        return Err(LocatorError::NameTooLong(part));
    }
    if text.contains("--") {
        return bad("holds “--”");
    }
    if text.contains("..") {
        return bad("holds “..”");
    }
    if text.starts_with(['-', '.']) {
        return bad("begins with “-” or “.”");
    }
    if text.ends_with(['-', '.']) {
        return bad("ends with “-” or “.”");
    }
    if text.to_ascii_lowercase().ends_with(".git") {
        return bad("ends with “.git”");
    }
    Ok(())
}

/// What was written, cut so that a message stays one line.
pub(super) fn short(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if clean.len() < text.len() { clean + "…" } else { clean }
}
