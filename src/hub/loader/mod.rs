//! Loads a model from the Hub: the whole protocol, without a connection.
//!
//! [`model`], [`search`], [`find`] and [`names`] begin an [`Exchange`]. Whoever has a way to the Hub carries it out:
//!
//! 1. [`Exchange::step`] gives wants: addresses to ask ([`Get`]), several at once for the headers of shards, and times to
//!    wait. The transport has the clock, the connection and the limits on time.
//! 2. For each answer [`Get::head`] reads the head and [`Get::body_bytes`] says how much of the body to read: never more,
//!    whatever the server claims. [`Exchange::reply`] takes it.
//! 3. Again, until [`Step::Done`].
//!
//! The page (`app/source/fetch.rs`) and the command line (`cli/fetch.rs`) do so with their own clients.

mod ask;
mod config;
mod error;
mod exchange;
mod origin;
mod request;
mod weights;

use std::sync::Arc;

use serde_json::Value;

pub use error::LoadError;
pub use exchange::{Doing, Exchange, Reply, Step, Ticket, Want};
pub use request::{Answer, Failed, Get, Head};
pub use weights::{Piece, Weights};

use super::search::{FoundPage, HubQuery, Variant, variants};
use super::{Endpoint, HubError, Listed, Locator, RepoId, Token, read_listing, read_names, read_tree};
use crate::limits;
use ask::{Asker, Success};
use request::Wish;

/// Whom to ask, and as whom.
#[derive(Clone, Debug)]
pub struct Source {
    /// The Hub or a mirror.
    pub endpoint: Endpoint,
    /// The token that may go there.
    pub token: Option<Token>,
}

/// What is wanted of a model.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// Its config.
    Config,
    /// Its config, and the headers of its weight files. A GGUF needs no config: it holds its own.
    ConfigAndHeaders,
    /// The headers alone; the config is at hand if there is one.
    Headers(Option<Arc<Value>>),
}

/// A model as the Hub has it.
#[derive(Debug)]
pub struct LoadedModel {
    /// The repository's present name: another one than asked for if it was renamed.
    pub id: RepoId,
    /// The commit it was read at, if the Hub told.
    pub commit: Option<String>,
    /// Its config with what files beside it say, if it was wanted and there is one.
    pub config: Option<Value>,
    /// Its weight files, if they were wanted.
    pub weights: Option<Weights>,
}

/// Loads a model.
#[must_use]
pub fn model(source: Source, locator: Locator, wanted: Wanted) -> Exchange<Result<LoadedModel, LoadError>> {
    Exchange::new(move |line| async move {
        let mut asker = Asker::new(line, source, locator);
        let (config, headers, known) = match wanted {
            Wanted::Config => (true, false, None),
            Wanted::ConfigAndHeaders => (true, true, None),
            Wanted::Headers(known) => (false, true, known),
        };
        let config = match config {
            true => match asker.config().await {
                // A GGUF holds its own.
                Err(LoadError::Hub(error)) if headers && lets_headers_speak(&error, &asker.locator) => None,
                config => Some(config?),
            },
            false => None,
        };
        let mut loaded = LoadedModel {
            id: asker.locator.id().clone(),
            commit: None,
            config: None,
            weights: None,
        };
        if let Some(config) = config {
            loaded = LoadedModel {
                id: config.id,
                commit: config.commit,
                config: Some(config.value),
                weights: None,
            };
        }
        if headers {
            // The very files that the config belongs to, whatever is committed meanwhile.
            let revision = loaded.commit.as_deref().or(asker.locator.revision());
            if let Ok(there) = Locator::new(loaded.id.clone(), revision, asker.locator.path()) {
                asker.locator = there;
            }
            let config = loaded.config.as_ref().or(known.as_deref());
            loaded.weights = Some(asker.weights(config).await?);
        }
        Ok(loaded)
    })
}

/// Whether a model without config may be told by its headers: a GGUF that was named, or a repository of GGUF files.
fn lets_headers_speak(error: &HubError, locator: &Locator) -> bool {
    use crate::model::headers::FileKind;
    let named = locator.path().and_then(FileKind::of) == Some(FileKind::Gguf);
    matches!(error, HubError::OnlyGguf { .. }) || (named && matches!(error, HubError::FileNotFound { .. }))
}

/// Models whose names hold a text, at most so many.
#[must_use]
pub fn search(source: Source, text: &str, most: usize) -> Exchange<Result<Vec<Listed>, LoadError>> {
    let url = source.endpoint.search_url(text, most);
    listing(source, None, url, read_listing)
}

/// A page of a search with its filters; `cursor` is what the page before said of the next.
#[must_use]
pub fn find(
    source: Source,
    query: &HubQuery,
    most: usize,
    cursor: Option<&str>,
) -> Exchange<Result<FoundPage, LoadError>> {
    let url = source.endpoint.find_url(query, most, cursor);
    listed(source, None, url, |success| FoundPage {
        listed: read_listing(&String::from_utf8_lossy(&success.bytes)),
        next: success.next,
    })
}

/// The GGUF models of a repository with the sizes of their files.
#[must_use]
pub fn gguf_variants(source: Source, locator: Locator) -> Exchange<Result<Vec<Variant>, LoadError>> {
    let url = source.endpoint.tree_url(&locator);
    listing(source, Some(locator), url, |text| variants(&read_tree(text)))
}

/// The names of a repository's files.
#[must_use]
pub fn names(source: Source, locator: Locator) -> Exchange<Result<Vec<String>, LoadError>> {
    let url = source.endpoint.info_url(&locator);
    listing(source, Some(locator), url, read_names)
}

fn listing<T: 'static>(
    source: Source,
    locator: Option<Locator>,
    url: String,
    read: fn(&str) -> T,
) -> Exchange<Result<T, LoadError>> {
    listed(source, locator, url, move |success| {
        read(&String::from_utf8_lossy(&success.bytes))
    })
}

fn listed<T: 'static>(
    source: Source,
    locator: Option<Locator>,
    url: String,
    read: impl FnOnce(Success) -> T + 'static,
) -> Exchange<Result<T, LoadError>> {
    Exchange::new(move |line| async move {
        let locator = match locator {
            Some(locator) => locator,
            // Whom messages are about where it is no repository: nobody shows them.
            None => Locator::parse("search/models").map_err(|_| HubError::Cancelled)?,
        };
        let asker = Asker::new(line, source, locator);
        let errand = asker.errand();
        let answer = asker.patiently(&url, "the listing", Wish::Whole(limits::LISTING), errand);
        Ok(read(answer.await?))
    })
}
