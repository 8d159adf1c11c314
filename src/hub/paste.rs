//! Reads whatever a user pastes as a [`Locator`].

use percent_encoding::percent_decode_str;

use super::locator::MAIN;
use super::repo_id::{HUB_HOSTS, short};
use super::token::holds_token;
use super::{Endpoint, Locator, LocatorError, RepoId};

/// The longest text looked at.
pub(super) const MAX_INPUT_CHARS: usize = 4096;

/// Third segments of Hub addresses: what is shown of the repository, mostly at a revision.
const VERBS: [&str; 10] = [
    "blame",
    "blob",
    "commit",
    "commits",
    "discussions",
    "edit",
    "raw",
    "resolve",
    "revision",
    "tree",
];

/// Tells the forms apart: `hf://…`, an address, a path on this machine, a name.
pub(super) fn read(text: &str, endpoint: &Endpoint) -> Result<Locator, LocatorError> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "\"'`<>“”‘’«»".contains(c));
    if text.is_empty() {
        return Err(LocatorError::Empty);
    }
    if text.chars().count() > MAX_INPUT_CHARS {
        return Err(LocatorError::TooLong);
    }
    if holds_token(text) {
        return Err(LocatorError::LooksLikeToken);
    }
    let text = text.split(['?', '#']).next().unwrap_or_default();
    if let Some((scheme, rest)) = text.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "hf" => from_hf(rest),
            "http" | "https" => from_url(rest, endpoint),
            "file" => Err(LocatorError::LocalPath(short(rest))),
            _ => Err(LocatorError::OtherSite(short(
                rest.split('/').next().unwrap_or_default(),
            ))),
        };
    }
    if let Some(rest) = text.strip_prefix("git@hf.co:") {
        return from_bare(rest);
    }
    let first = text.split('/').next().unwrap_or_default().to_ascii_lowercase();
    let drive = text.chars().nth(1) == Some(':') && text.chars().nth(2).is_some_and(|c| c == '/');
    if text.starts_with(['/', '~']) || first == "." || first == ".." || text.contains('\\') || drive {
        return Err(LocatorError::LocalPath(short(text)));
    }
    let host = endpoint.place().split('/').next().unwrap_or_default();
    if HUB_HOSTS.contains(&first.as_str()) || first == host {
        from_url(text, endpoint)
    } else {
        from_bare(text)
    }
}

/// `owner/name@revision`, where all that follows the `@` is the revision, or a page's path without its host.
fn from_bare(text: &str) -> Result<Locator, LocatorError> {
    let mut parts = segments(text);
    if let ["models", _, _, ..] = parts.as_slice() {
        parts.remove(0);
    }
    let shows = |at: usize| parts.get(at).is_some_and(|it| VERBS.contains(it));
    let in_id = parts.iter().take(2).any(|it| it.contains('@'));
    if parts.len() >= 3 && !in_id {
        return match parts.first() {
            Some(&("datasets" | "spaces")) => from_page(&parts),
            _ if shows(2) || shows(1) => from_page(&parts),
            Some(first) if first.contains('.') => Err(LocatorError::OtherSite(short(first))),
            _ => Err(LocatorError::TooManyParts(short(text))),
        };
    }
    let joined = parts.join("/");
    let (id, revision) = match joined.split_once('@') {
        Some((id, revision)) => (id, Some(decode(revision)?)),
        None => (joined.as_str(), None),
    };
    Locator::new(decode(id)?.parse()?, revision.as_deref(), None)
}

/// What follows `hf://`: `owner/name@revision/path`, `owner/name/path` or `name@revision/path`.
fn from_hf(rest: &str) -> Result<Locator, LocatorError> {
    let mut parts = segments(rest);
    if let ["models", _, _, ..] = parts.as_slice() {
        parts.remove(0);
    }
    let id_parts = if parts.first().is_some_and(|it| it.contains('@')) {
        1
    } else {
        parts.len().min(2)
    };
    let (id, path) = parts.split_at_checked(id_parts).unwrap_or_default();
    let id = id.join("/");
    match id.split_once('@') {
        None => Locator::new(
            decode(&id)?.parse()?,
            None,
            file_path(path, rest.ends_with('/'))?.as_deref(),
        ),
        Some((id, revision)) => {
            let at: Vec<&str> = std::iter::once(revision).chain(path.iter().copied()).collect();
            let (revision, path) = take_revision(&at);
            let path = file_path(path, rest.ends_with('/'))?;
            Locator::new(decode(id)?.parse()?, Some(&decode(&revision)?), path.as_deref())
        }
    }
}

/// What follows `https://`.
fn from_url(rest: &str, endpoint: &Endpoint) -> Result<Locator, LocatorError> {
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    // A name or password before the host is nobody's business here.
    let host = authority.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    let place = format!("{host}/{path}");
    if let Some(path) = place
        .strip_prefix(endpoint.place())
        .filter(|it| it.is_empty() || it.starts_with('/'))
    {
        return from_page(&segments(path));
    }
    let parts = segments(path);
    // No other site is known to write addresses of these kinds; /blob/, /raw/ and /tree/ are GitHub's too.
    let hub_like = match parts.as_slice() {
        ["api", "models" | "resolve-cache", ..] | [_, "resolve", _, ..] => true,
        ["models" | "datasets" | "spaces", ..] => false,
        [_, _, "resolve", _, ..] => true,
        _ => false,
    };
    if HUB_HOSTS.contains(&host.strip_suffix(":443").unwrap_or(&host)) || hub_like {
        from_page(&parts)
    } else {
        Err(LocatorError::OtherSite(short(&host)))
    }
}

/// The path of a Hub address, in its segments.
fn from_page(parts: &[&str]) -> Result<Locator, LocatorError> {
    match parts {
        [] => Err(LocatorError::NoModel),
        ["api", "resolve-cache", "models", owner, name, revision, path @ ..] => Locator::new(
            repo(&[owner, name])?.0,
            Some(&decode(revision)?),
            file_path(path, false)?.as_deref(),
        ),
        ["api", "models", rest @ ..] if !rest.is_empty() => from_repo(rest),
        ["api", rest @ ..] => match rest {
            ["datasets" | "spaces", ..] => from_page(rest),
            _ => Err(LocatorError::NotAModelPage(short(&parts.join("/")))),
        },
        ["datasets", rest @ ..] => Err(LocatorError::Dataset(short_id(rest))),
        ["spaces", rest @ ..] => Err(LocatorError::Space(short_id(rest))),
        _ => from_repo(parts),
    }
}

/// `owner/name`, or `name`, and what is shown of it.
fn from_repo(parts: &[&str]) -> Result<Locator, LocatorError> {
    let shows = |at: usize| parts.get(at).is_some_and(|it| VERBS.contains(it));
    let nameless_owner = parts.len() >= 3 && shows(1) && !(parts.len() >= 4 && shows(2));
    let id_parts = if nameless_owner { 1 } else { parts.len().min(2) };
    let (id, rest) = parts.split_at_checked(id_parts).unwrap_or_default();
    let (id, revision) = repo(id)?;
    match rest {
        ["blob" | "resolve" | "raw" | "blame" | "edit", at @ ..] if !at.is_empty() => {
            let (revision, path) = take_revision(at);
            Locator::new(id, Some(&decode(&revision)?), file_path(path, false)?.as_deref())
        }
        ["tree", at @ ..] if !at.is_empty() => {
            let (revision, path) = take_revision(at);
            Locator::new(id, Some(&decode(&revision)?), file_path(path, true)?.as_deref())
        }
        ["commit" | "commits" | "revision", at @ ..] if !at.is_empty() => {
            Locator::new(id, Some(&decode(&take_revision(at).0)?), None)
        }
        // Discussions, settings and whatever the Hub adds: the repository is clear.
        _ => Locator::new(id, revision.as_deref(), None),
    }
}

/// The id in one or two segments, escaped or not, and the revision if `@revision` follows it.
fn repo(parts: &[&str]) -> Result<(RepoId, Option<String>), LocatorError> {
    let joined = parts.join("/");
    match joined.split_once('@') {
        Some((id, revision)) => Ok((decode(id)?.parse()?, Some(decode(revision)?))),
        None => Ok((decode(&joined)?.parse()?, None)),
    }
}

/// The revision at the front of `parts` and what follows. `refs/pr/1` is one revision, though unescaped it has slashes.
fn take_revision<'a, 'b>(parts: &'b [&'a str]) -> (String, &'b [&'a str]) {
    match parts {
        ["refs", kind @ ("pr" | "convert"), which, rest @ ..] => (format!("refs/{kind}/{which}"), rest),
        [revision, rest @ ..] => ((*revision).to_owned(), rest),
        [] => (MAIN.to_owned(), &[]),
    }
}

/// The segments without empty ones: a doubled or trailing slash is forgiven.
fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|it| !it.is_empty()).collect()
}

fn file_path(parts: &[&str], folder: bool) -> Result<Option<String>, LocatorError> {
    if parts.is_empty() {
        return Ok(None);
    }
    let path = decode(&parts.join("/"))?;
    Ok(Some(if folder && !path.ends_with('/') {
        path + "/"
    } else {
        path
    }))
}

fn decode(text: &str) -> Result<String, LocatorError> {
    percent_decode_str(text)
        .decode_utf8()
        .map(Into::into)
        .map_err(|_| LocatorError::BadEscape)
}

fn short_id(parts: &[&str]) -> String {
    short(&parts.iter().take(2).copied().collect::<Vec<_>>().join("/"))
}
