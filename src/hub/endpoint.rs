//! Where the Hub is, and the addresses of what it offers.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Locator, RepoId};

/// Everything but the characters RFC 3986 calls unreserved: safe for one segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What model info is asked for: parameter counts and shapes, not the chat template or the card.
const INFO_FIELDS: [&str; 9] = [
    "safetensors",
    "config",
    "siblings",
    "gated",
    "tags",
    "sha",
    "library_name",
    "pipeline_tag",
    "baseModels",
];

/// What a search is asked for: enough for a rough verdict.
const LISTED_FIELDS: [&str; 5] = ["downloads", "gated", "pipeline_tag", "safetensors", "tags"];

/// Base address of the Hub or of a mirror with the same paths: https, or http on this machine; no trailing slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// Why a text is no endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Nothing but spaces.
    #[error("The endpoint is empty. Use https://huggingface.co.")]
    Empty,
    /// Longer than any base address.
    #[error("The endpoint is too long for an address.")]
    TooLong,
    /// No `https://` in front.
    #[error("The endpoint must begin with https://, as https://huggingface.co does.")]
    NoScheme,
    /// Plain http to another machine would show the token to everyone on the way.
    #[error("The endpoint must use https; plain http is allowed for localhost alone.")]
    NotEncrypted,
    /// No host name, or one with characters that no host has.
    #[error("The endpoint has no valid host name. It should look like https://huggingface.co.")]
    BadHost,
    /// A name and password, a query, a fragment, or characters that no base address has.
    #[error("The endpoint must be a plain base address without password, query or fragment.")]
    NotABase,
}

impl EndpointError {
    /// A stable name for scripts.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "endpoint_empty",
            Self::TooLong => "endpoint_too_long",
            Self::NoScheme => "endpoint_no_scheme",
            Self::NotEncrypted => "endpoint_not_encrypted",
            Self::BadHost => "endpoint_bad_host",
            Self::NotABase => "endpoint_not_a_base",
        }
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self("https://huggingface.co".to_owned())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Endpoint {
    /// Checks `text`; the scheme and the host become lower case, trailing slashes go.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim().trim_end_matches('/');
        if text.is_empty() {
            return Err(EndpointError::Empty);
        }
        if text.len() > 512 {
            return Err(EndpointError::TooLong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(EndpointError::NoScheme)?;
        let scheme = scheme.to_ascii_lowercase();
        if scheme != "https" && scheme != "http" {
            return Err(EndpointError::NoScheme);
        }
        let (authority, path) = rest
            .find('/')
            .and_then(|at| rest.split_at_checked(at))
            .unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '.' | '_' | '~');
        let dots = path.split('/').any(|part| part == "." || part == "..");
        if authority.contains(['@', '?', '#']) || !path.chars().all(plain) || path.contains("//") || dots {
            return Err(EndpointError::NotABase);
        }
        let authority = authority.to_ascii_lowercase();
        let host = host_of(&authority).ok_or(EndpointError::BadHost)?;
        if scheme == "http" && !is_this_machine(host) {
            return Err(EndpointError::NotEncrypted);
        }
        Ok(Self(format!("{scheme}://{authority}{path}")))
    }

    /// The base address, without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host and port, and the path before the repository's name if there is one: `proxy.example:8443/hub`.
    #[must_use]
    pub fn place(&self) -> &str {
        self.0.split_once("://").map_or(self.0.as_str(), |(_, rest)| rest)
    }

    /// Whether this is Hugging Face itself. A token belongs to it alone: ask the user before one goes to a mirror.
    #[must_use]
    pub fn is_hugging_face(&self) -> bool {
        let place = self.place();
        self.0.starts_with("https://") && (place == "huggingface.co" || place == "hf.co")
    }

    /// Whether the endpoint is on this machine, where a proxy makes no sense.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.place()
            .split('/')
            .next()
            .and_then(host_of)
            .is_some_and(is_this_machine)
    }

    /// The config of the model: [`Locator::config_path`] at its revision (by default `main`).
    #[must_use]
    pub fn config_url(&self, locator: &Locator) -> String {
        self.file_url(locator, &locator.config_path())
    }

    /// The content of any file of the repository at the locator's revision. `path` is relative to the repository's root.
    #[must_use]
    pub fn file_url(&self, locator: &Locator, path: &str) -> String {
        format!(
            "{}/{}/resolve/{}/{}",
            self.0,
            locator.id(),
            encode_segment(locator.revision_or_main()),
            encode_path(path)
        )
    }

    /// Model info, public for gated repositories too: parameters by dtype, an excerpt of the config, the file names.
    #[must_use]
    pub fn info_url(&self, locator: &Locator) -> String {
        let revision = locator
            .revision()
            .map(|it| format!("/revision/{}", encode_segment(it)))
            .unwrap_or_default();
        let fields: Vec<String> = INFO_FIELDS.iter().map(|field| format!("expand={field}")).collect();
        format!("{}/api/models/{}{revision}?{}", self.0, locator.id(), fields.join("&"))
    }

    /// The models most downloaded whose names hold a text ([`super::read_listing`]).
    #[must_use]
    pub fn search_url(&self, text: &str, most: usize) -> String {
        let fields: Vec<String> = LISTED_FIELDS.iter().map(|field| format!("expand={field}")).collect();
        format!(
            "{}/api/models?search={}&sort=downloads&limit={most}&{}",
            self.0,
            encode_segment(text.trim()),
            fields.join("&")
        )
    }

    /// Every file with its size, folders included; further pages follow by the `Link` header.
    #[must_use]
    pub fn tree_url(&self, locator: &Locator) -> String {
        let revision = encode_segment(locator.revision_or_main());
        format!(
            "{}/api/models/{}/tree/{revision}?recursive=true&expand=false",
            self.0,
            locator.id()
        )
    }

    /// The page of the model for a person, at its revision if one is set.
    #[must_use]
    pub fn page_url(&self, locator: &Locator) -> String {
        let revision = locator
            .revision()
            .map(|it| format!("/tree/{}", encode_segment(it)))
            .unwrap_or_default();
        format!("{}{revision}", self.repo_url(locator.id()))
    }

    /// The page of the repository for a person.
    #[must_use]
    pub fn repo_url(&self, id: &RepoId) -> String {
        format!("{}/{id}", self.0)
    }
}

/// `text` as one segment of a path; slashes are escaped.
pub(super) fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// `path` with each part escaped and the slashes kept.
pub(super) fn encode_path(path: &str) -> String {
    path.split('/').map(encode_segment).collect::<Vec<_>>().join("/")
}

/// The host of `host`, `host:port` or `[v6]:port`; `None` if it is malformed.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (
                host,
                if after.is_empty() {
                    None
                } else {
                    Some(after.strip_prefix(':')?)
                },
            )
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let bracketed = authority.starts_with('[');
    let allowed = |c: char| {
        if bracketed {
            c.is_ascii_hexdigit() || matches!(c, ':' | '.')
        } else {
            c.is_ascii_alphanumeric() || matches!(c, '-' | '.')
        }
    };
    let host_ok = !host.is_empty()
        && host.chars().all(allowed)
        && !host.starts_with(['.', '-'])
        && !host.ends_with(['.', '-'])
        && !host.contains("..");
    let port_ok = port.is_none_or(|it| it.parse::<u16>().is_ok_and(|number| number > 0) && !it.starts_with('+'));
    (host_ok && port_ok).then_some(host)
}

fn is_this_machine(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1") || host.ends_with(".localhost")
}
