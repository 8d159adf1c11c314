//! Asking for files of one repository: redirects, retries, parts, and what each answer means.

use std::cell::Cell;

use super::exchange::{Doing, Line};
use super::origin::resolve;
use super::request::{Failed, Get, Wish};
use super::{LoadError, Source};
use crate::hub::{HubError, Locator, classify};
use crate::limits::Limit;

/// The Hub needs one hop, a renamed model two.
const MAX_REDIRECTS: usize = 5;
/// Seconds before each retry of an answer 500, 502, 503 or 504, as the Hub's own clients wait.
const PAUSES: [u64; 3] = [1, 2, 4];

/// Asks one server, about one repository if any.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) line: Line,
    pub(super) source: Source,
    /// Whom messages are about.
    pub(super) locator: Locator,
    errands: Cell<u64>,
}

/// A success, read to its end.
#[derive(Debug)]
pub(super) struct Success {
    pub(super) bytes: Vec<u8>,
    /// Size of the whole file where only a part was asked for.
    pub(super) size: Option<u64>,
    pub(super) commit: Option<String>,
    /// The mark of a listing's next page.
    pub(super) next: Option<String>,
    /// Every address that answered, in order.
    pub(super) hops: Vec<String>,
}

impl Asker {
    pub(super) fn new(line: Line, source: Source, locator: Locator) -> Self {
        let errands = Cell::new(0);
        Self {
            line,
            source,
            locator,
            errands,
        }
    }
    /// An errand of its own time.
    pub(super) fn errand(&self) -> u64 {
        self.errands.set(self.errands.get().wrapping_add(1));
        self.errands.get()
    }
    /// A whole file of the repository.
    pub(super) async fn file(&self, path: &str, limit: Limit, errand: u64) -> Result<Success, LoadError> {
        let url = self.source.endpoint.file_url(&self.locator, path);
        self.patiently(&url, path, Wish::Whole(limit), errand).await
    }
    /// A part of a file of the repository: fewer bytes if it ends before.
    pub(super) async fn part(&self, path: &str, from: u64, upto: u64) -> Result<Success, LoadError> {
        let url = self.source.endpoint.file_url(&self.locator, path);
        self.patiently(&url, path, Wish::Part(from, upto), self.errand()).await
    }
    /// Gets an address, with retries while the server is at fault. `file` is its name in messages.
    pub(super) async fn patiently(&self, url: &str, file: &str, wish: Wish, errand: u64) -> Result<Success, LoadError> {
        let before = self.line.doing();
        for (at, seconds) in PAUSES.into_iter().enumerate() {
            let answer = self.follow(url, file, wish, errand).await;
            let Err(LoadError::Hub(HubError::Server {
                status: status @ (500 | 502 | 503 | 504),
                ..
            })) = answer
            else {
                return answer;
            };
            // Of many files one may be late; only where there is one thing to wait for it is said.
            if matches!(before, Doing::Reading) {
                let (retry, of) = (at.saturating_add(1), PAUSES.len());
                self.line.tell(Doing::Again { status, retry, of });
            }
            let waited = self.line.wait(seconds).await;
            if matches!(before, Doing::Reading) {
                self.line.tell(before);
            }
            if !waited {
                return answer;
            }
        }
        self.follow(url, file, wish, errand).await
    }
    /// Asks for an address and for whatever it redirects to.
    async fn follow(&self, url: &str, file: &str, wish: Wish, errand: u64) -> Result<Success, LoadError> {
        let mut at = url.to_owned();
        let mut hops = Vec::new();
        let mut commit = None;
        for _ in 0..=MAX_REDIRECTS {
            let get = Get {
                url: at.clone(),
                errand,
                wish,
                token: self.source.token.clone(),
                endpoint: self.source.endpoint.clone(),
            };
            let answer = self.line.get(get.clone()).await.map_err(|failed| self.failed(failed))?;
            let head = answer.head;
            commit = commit.or_else(|| head.facts.commit.clone());
            hops.push(head.url.clone());
            match head.status {
                200 | 206 => {
                    let told = get.is_the_part(&head).map_err(|sent| self.no_parts(sent))?;
                    let (bytes, size) = self.cut(answer.body, file, wish, told)?;
                    return Ok(Success {
                        bytes,
                        size,
                        commit,
                        next: head.next.clone(),
                        hops,
                    });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let next = head.location.as_deref().and_then(|to| resolve(&at, to));
                    at = next.ok_or_else(|| self.failed(because("it redirects nowhere")))?;
                }
                status => {
                    let words = get.without_token(&String::from_utf8_lossy(&answer.body));
                    let sent = self.source.token.is_some();
                    let mut error = classify(status, &head.facts, &words, &self.locator, sent);
                    if let HubError::FileNotFound { file: named, .. } = &mut error {
                        file.clone_into(named);
                    }
                    return Err(error.into());
                }
            }
        }
        Err(self.failed(because("it redirects in a circle")))
    }
    /// Holds a body against what was wanted.
    fn cut(
        &self,
        mut body: Vec<u8>,
        file: &str,
        wish: Wish,
        told: Option<u64>,
    ) -> Result<(Vec<u8>, Option<u64>), LoadError> {
        match wish {
            Wish::Whole(limit) if limit.is_passed_by(&body) => Err(self.too_large(file, limit)),
            Wish::Whole(_) => Ok((body, None)),
            Wish::Part(from, upto) => {
                let asked = upto.saturating_sub(from);
                body.truncate(usize::try_from(asked).unwrap_or(usize::MAX));
                let came = body.len() as u64;
                let due = told.map_or(0, |size| asked.min(size.saturating_sub(from)));
                if came < due {
                    return Err(self.failed(Failed::BrokenOff));
                }
                // Who does not tell the size and sends less has no more.
                let end = (came < asked).then(|| from.saturating_add(came));
                Ok((body, told.or(end)))
            }
        }
    }
    pub(super) fn too_large(&self, file: &str, limit: Limit) -> LoadError {
        LoadError::Hub(HubError::TooLarge {
            repo: self.locator.id().to_string(),
            file: file.to_owned(),
            limit,
        })
    }
    fn no_parts(&self, sent: &'static str) -> LoadError {
        LoadError::NoParts {
            host: self.host(),
            sent,
        }
    }
    /// A failure of the way, in the Hub's terms.
    fn failed(&self, failed: Failed) -> LoadError {
        let host = self.host();
        LoadError::Hub(match failed {
            Failed::Unreachable(reason) => HubError::Unreachable {
                host,
                reason: reason.map(|words| match &self.source.token {
                    Some(token) => token.hide_in(&words),
                    None => crate::hub::redact(&words),
                }),
            },
            Failed::TimedOut { seconds } => HubError::TimedOut { host, seconds },
            Failed::BrokenOff => HubError::BrokenOff { host },
            Failed::Cancelled => HubError::Cancelled,
        })
    }
    fn host(&self) -> String {
        self.source.endpoint.place().to_owned()
    }
}

fn because(words: &str) -> Failed {
    Failed::Unreachable(Some(words.to_owned()))
}
