//! A local Hub that answers as the Hugging Face Hub does: addresses, redirects, headers, errors.
//!
//! Headers and bodies follow recordings of the live Hub (2025-10 to 2026-10). Not recorded, so a guess here: the
//! `Access-Control-Allow-*` of a preflight, and which error bodies are JSON (here: those below `/api/`).
//! `ETag`s have the right length but are not git hashes.
//!
//! * This file: what a test sets up and asks. * [`repo`]: repositories and the well-known ones in `test/`.
//! * [`routes`]: which address gives what, by [`api`] and [`files`]. * [`answers`]: headers and errors.
//!
//! Weights (`.safetensors`, `.gguf`, ...) are redirected to another origin, as the Hub does with its CDN: the page
//! should reach the Hub as `localhost`, for the CDN is the same port at `127.0.0.1`.

mod answers;
mod api;
mod files;
mod repo;
mod routes;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Map, Value};

use super::http::{Request, Service, decode};
use repo::Repo;
pub use repo::{Access, CONFIG, Fault, TROUBLE, file_hash, sha};

/// The Hub knows three kinds of token; every other one is invalid, as `hf_bad` is.
pub const GOOD: &str = "hf_good";
/// A valid token of an account that may see neither the private nor the gated repositories.
pub const UNGRANTED: &str = "hf_ungranted";
pub const BAD: &str = "hf_bad";

/// A Hub on a port of its own.
#[derive(Debug)]
pub struct Hub {
    service: Service,
    state: Arc<Mutex<State>>,
}

/// What the server threads share.
#[derive(Debug, Default)]
struct State {
    repos: BTreeMap<String, Repo>,
    /// Old id → new id.
    renames: BTreeMap<String, String>,
    seen: Vec<Seen>,
    /// Size and distance of the pieces of a slow answer.
    drip: (usize, Duration),
    /// Requests counted against each rate bucket.
    spent: BTreeMap<&'static str, u64>,
    /// How often each (repository, file or api) has been asked, for faults that pass.
    tries: BTreeMap<(String, bool), u32>,
    /// The status of every listing, where none is given.
    refuses: Option<u16>,
    /// The words whose listing comes slowly.
    slow: Option<String>,
}

/// One request as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    pub method: String,
    /// Still percent-encoded, as it was sent.
    pub path: String,
    pub query: String,
    /// Whether an `Authorization` header came along.
    pub authorised: bool,
    pub range: Option<String>,
    pub origin: Option<String>,
    pub referer: Option<String>,
}

impl Hub {
    /// A Hub with the repositories of `test/` only.
    pub fn start() -> Self {
        let drip = (64, Duration::from_millis(100));
        let state = Arc::new(Mutex::new(State {
            repos: repo::well_known(),
            drip,
            ..State::default()
        }));
        for (old, new) in repo::RENAMES {
            state.lock().unwrap().renames.insert(old.to_owned(), new.to_owned());
        }
        let shared = state.clone();
        let service = Service::start(|port| {
            move |request: &Request| {
                let mut state = shared.lock().unwrap();
                state.note(request);
                state.answer(port, request)
            }
        });
        Self { service, state }
    }

    /// A Hub with the repositories of `test/` and these: id → text of config.json.
    pub fn with<'a>(configs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let hub = Self::start();
        for (id, config) in configs {
            hub.file(id, "config.json", config);
        }
        hub
    }

    /// A Hub with the repositories of `test/` and those of a folder; see [`Self::folder`].
    pub fn of_folder(folder: &Path) -> Self {
        let hub = Self::start();
        assert!(hub.folder(folder) > 0, "no repositories in {}", folder.display());
        hub
    }

    /// Adds the repositories of a folder and says how many: `owner__name/` or `owner/name/` with files in it, or
    /// `owner__name.json` for a config alone.
    pub fn folder(&self, folder: &Path) -> usize {
        let found = repo::read_folder(folder);
        let count = found.len();
        self.lock().repos.extend(found);
        count
    }

    /// Adds or replaces one file; the repository is made if there is none.
    pub fn file(&self, id: &str, path: &str, body: impl Into<Vec<u8>>) {
        self.repo(id, |repo| repo.files.insert(path.to_owned(), body.into()));
    }

    /// Who may read the repository.
    pub fn access(&self, id: &str, access: Access) {
        self.repo(id, |repo| repo.access = access);
    }

    /// What goes wrong with it.
    pub fn fault(&self, id: &str, fault: Fault) {
        self.repo(id, |repo| repo.fault = fault);
        self.lock().tries.retain(|(other, _), _| other != id);
    }

    /// Adds or replaces fields of the model info, such as `safetensors` or `gguf`.
    pub fn info(&self, id: &str, fields: Map<String, Value>) {
        self.repo(id, |repo| repo.info.extend(fields));
    }

    /// Adds a branch, tag or `refs/pr/N` with the files of `main`.
    pub fn revision(&self, id: &str, revision: &str) {
        self.repo(id, |repo| repo.revisions.push(revision.to_owned()));
    }

    /// Answers to the old id lead to the new one by 307.
    pub fn rename(&self, old: &str, new: &str) {
        self.lock().renames.insert(old.to_owned(), new.to_owned());
    }

    /// Searches are answered with this status, or as usual.
    pub fn refuse_listings(&self, status: Option<u16>) {
        self.lock().refuses = status;
    }

    /// The answer to a search for these words comes slowly.
    pub fn slow_listing(&self, words: &str) {
        self.lock().slow = Some(words.to_owned());
    }

    /// How slow answers ([`Fault::Slow`]) travel: so many bytes, then a pause.
    pub fn drip(&self, bytes: usize, pause: Duration) {
        self.lock().drip = (bytes, pause);
    }

    /// The endpoint, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.service.port())
    }

    pub fn stop(&mut self) {
        self.service.stop();
    }

    pub fn restart(&mut self) {
        self.service.restart();
    }

    /// All requests so far, preflights (`OPTIONS`) included, noted before they are answered.
    pub fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    pub fn forget(&self) {
        self.lock().seen.clear();
    }

    /// Fails if a token stood in an address, or in the referrer, of any request.
    #[track_caller]
    pub fn assert_no_token_in_addresses(&self) {
        for seen in self.seen() {
            for part in [&seen.path, &seen.query, seen.referer.as_ref().unwrap_or(&String::new())] {
                assert!(!decode(part).contains("hf_"), "a token in the address of {seen:?}");
            }
        }
    }

    fn repo<T>(&self, id: &str, change: impl FnOnce(&mut Repo) -> T) {
        assert_eq!(id.split('/').count(), 2, "a repository is called owner/name, not {id}");
        change(self.lock().repos.entry(id.to_owned()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn note(&mut self, request: &Request) {
        let header = |name| request.header(name).map(str::to_owned);
        self.seen.push(Seen {
            method: request.method.clone(),
            path: request.path.clone(),
            query: request.query.clone(),
            authorised: request.header("authorization").is_some(),
            range: header("range"),
            origin: header("origin"),
            referer: header("referer"),
        });
    }
}
