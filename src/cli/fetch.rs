//! Fetches a model's config from the Hub, natively. What an answer means is decided in [`crate::hub`].

use std::io::{IsTerminal, Read};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::hub::{
    Endpoint, HubError, Locator, RepoId, ResponseFacts, Token, TreeEntry, adapter_base, classify,
    explain_without_config, read_tree, redact,
};
use crate::limits::{self, Limit};
use crate::units::grouped;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, Proxy};

use super::output::{tell, tell_over};

/// The Hub needs one hop, a renamed model two.
const MAX_REDIRECTS: usize = 5;

/// A config as the Hub sent it, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The file's text, for [`crate::hub::read_config`].
    pub text: String,
    /// The commit that the revision stood for, if the Hub told.
    pub commit: Option<String>,
    /// The repository's present name: another one than asked for if it was renamed.
    pub id: RepoId,
}

/// How long to wait, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, its name look-up and its encryption.
    pub connect: Duration,
    /// For everything together: redirects, bodies, retries and the pauses between them.
    pub total: Duration,
    /// The pauses before each retry of an answer 500, 502, 503 or 504.
    pub pauses: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(30),
            pauses: [1, 2, 4].map(Duration::from_secs).to_vec(),
        }
    }
}

/// Fetches the config of `locator` within `timeout` in all, with the usual retries.
pub fn fetch_config(
    endpoint: &Endpoint,
    locator: &Locator,
    token: Option<&Token>,
    timeout: Duration,
) -> Result<Fetched, HubError> {
    fetch_patiently(
        endpoint,
        locator,
        token,
        &Patience {
            total: timeout,
            ..Patience::default()
        },
    )
}

/// As [`fetch_config`], with the waits spelt out.
///
/// If the file is missing, the listing of the repository is asked for, to say what it holds instead.
pub fn fetch_patiently(
    endpoint: &Endpoint,
    locator: &Locator,
    token: Option<&Token>,
    patience: &Patience,
) -> Result<Fetched, HubError> {
    let call = Call::new(endpoint, locator, token, patience)?;
    let url = endpoint.config_url(locator);
    match call.get(&url, &locator.config_path(), &Wish::Text(limits::CONFIG)) {
        Ok(mut answer) => {
            let text = String::from_utf8(std::mem::take(&mut answer.bytes)).map_err(|_| HubError::NotJson {
                repo: locator.id().to_string(),
                file: locator.config_path(),
                what: "bytes that are no text".to_owned(),
            })?;
            // The last hop that names a repository: the address of a content network names none.
            let last = answer
                .hops
                .iter()
                .rev()
                .find_map(|hop| Locator::parse_at(hop, endpoint).ok());
            let commit = answer.commit.or_else(|| {
                let sha = last.as_ref()?.revision()?;
                (sha.len() == 40 && sha.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| sha.to_owned())
            });
            let id = last.map_or_else(|| locator.id().clone(), |it| it.id().clone());
            Ok(Fetched { text, commit, id })
        }
        Err(HubError::FileNotFound { repo, file }) => {
            Err(call.explain(endpoint, HubError::FileNotFound { repo, file }))
        }
        Err(error) => Err(error),
    }
}

/// A repository whose files are read in parts, or by name.
///
/// Shared by threads; each request has the whole patience for itself, because a large model has many files.
#[allow(missing_debug_implementations, reason = "an agent of ureq has none")]
pub struct Parts<'a> {
    call: Call<'a>,
    endpoint: &'a Endpoint,
}

impl<'a> Parts<'a> {
    /// Nothing is asked yet.
    pub fn new(
        endpoint: &'a Endpoint,
        locator: &'a Locator,
        token: Option<&'a Token>,
        patience: &'a Patience,
    ) -> Result<Self, HubError> {
        let call = Call::new(endpoint, locator, token, patience)?;
        Ok(Self { call, endpoint })
    }
    /// The files of the repository with their sizes: the first page, which is enough for a model.
    pub fn files(&self) -> Result<Vec<TreeEntry>, HubError> {
        let url = self.endpoint.tree_url(self.call.locator);
        let answer = self
            .call
            .again()?
            .get(&url, "the listing", &Wish::Text(limits::LISTING))?;
        Ok(read_tree(&String::from_utf8_lossy(&answer.bytes)))
    }
    /// A whole file within a limit.
    pub fn whole(&self, path: &str, limit: Limit) -> Result<Vec<u8>, HubError> {
        let url = self.endpoint.file_url(self.call.locator, path);
        Ok(self.call.again()?.get(&url, path, &Wish::Text(limit))?.bytes)
    }
    /// The bytes `from..upto` of a file, fewer if it ends before, and its size.
    pub fn part(&self, path: &str, from: u64, upto: u64) -> Result<(Vec<u8>, Option<u64>), HubError> {
        let url = self.endpoint.file_url(self.call.locator, path);
        let answer = self.call.again()?.get(&url, path, &Wish::Part(from, upto))?;
        Ok((answer.bytes, answer.size))
    }
}

/// How much of a file is wanted.
enum Wish {
    /// All of it, within a limit.
    Text(Limit),
    /// From one byte to another, the second not included.
    Part(u64, u64),
}

/// A success, read to its end.
struct Answer {
    bytes: Vec<u8>,
    /// Size of the whole file where only a part was asked for.
    size: Option<u64>,
    commit: Option<String>,
    /// Every address asked, in order.
    hops: Vec<String>,
}

/// One user's wish: a model, with a deadline for all the requests it takes.
struct Call<'a> {
    agent: Agent,
    locator: &'a Locator,
    token: Option<&'a Token>,
    patience: &'a Patience,
    host: String,
    begun: Instant,
    deadline: Instant,
}

impl<'a> Call<'a> {
    fn new(
        endpoint: &Endpoint,
        locator: &'a Locator,
        token: Option<&'a Token>,
        patience: &'a Patience,
    ) -> Result<Self, HubError> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!endpoint.is_local())
            // Followed here, to see the headers of each hop and to decide where the token goes.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(patience.connect))
            .user_agent(concat!("weighbridge/", env!("CARGO_PKG_VERSION")))
            .accept("application/json, text/plain, */*");
        if endpoint.is_local() {
            config = config.proxy(None);
        } else {
            config = config.proxy(Proxy::try_from_env());
        }
        let host = endpoint.place().to_owned();
        let begun = Instant::now();
        let deadline = begun.checked_add(patience.total).ok_or(HubError::Cancelled)?;
        Ok(Self {
            begun,
            agent: config.build().new_agent(),
            locator,
            token,
            patience,
            host,
            deadline,
        })
    }

    /// The same, with its time beginning anew, but within that of the whole wish.
    fn again(&self) -> Result<Self, HubError> {
        let anew = |from: Instant, time| from.checked_add(time).ok_or(HubError::Cancelled);
        let whole = anew(self.begun, Duration::from_secs(limits::WHOLE_SECONDS))?;
        let deadline = anew(Instant::now(), self.patience.total)?.min(whole);
        Ok(Self {
            agent: self.agent.clone(),
            host: self.host.clone(),
            deadline,
            ..*self
        })
    }

    /// Gets `url`, with retries while the server is at fault. `file` is its name in messages.
    fn get(&self, url: &str, file: &str, wish: &Wish) -> Result<Answer, HubError> {
        let mut pauses = self.patience.pauses.iter();
        loop {
            let error = match self.follow(url, file, wish) {
                Err(
                    error @ HubError::Server {
                        status: 500 | 502 | 503 | 504,
                        ..
                    },
                ) => error,
                done => return done,
            };
            match pauses.next() {
                Some(pause) if self.left() > *pause => sleep(*pause),
                _ => return Err(error),
            }
        }
    }

    /// Asks for `url` and for whatever it redirects to. The token goes to the first origin only.
    fn follow(&self, url: &str, file: &str, wish: &Wish) -> Result<Answer, HubError> {
        let mut hops = vec![url.to_owned()];
        let mut commit = None;
        let mut at: Uri = url.parse().map_err(|_| self.unreachable("its address is malformed"))?;
        let home = origin(&at);
        for _ in 0..=MAX_REDIRECTS {
            let token = self.token.filter(|_| origin(&at) == home);
            let mut answer = self.ask(&at, token, wish)?;
            let facts = ResponseFacts::read(|name| {
                let text = answer.headers().get(name)?.to_str().ok()?;
                Some(self.without_token(text))
            });
            commit = commit.or_else(|| facts.commit.clone());
            let status = answer.status().as_u16();
            match status {
                200 | 206 => {
                    let (bytes, size) = match wish {
                        Wish::Text(limit) => (self.read(&mut answer, file, *limit)?, None),
                        Wish::Part(from, upto) => self.read_part(&mut answer, *from, *upto)?,
                    };
                    return Ok(Answer {
                        bytes,
                        size,
                        commit,
                        hops,
                    });
                }
                301 | 302 | 303 | 307 | 308 => {
                    let location = answer.headers().get("location").and_then(|it| it.to_str().ok());
                    at = location
                        .and_then(|it| resolve(&at, it))
                        .ok_or_else(|| self.unreachable("it redirects nowhere"))?;
                    hops.push(at.to_string());
                }
                _ => {
                    // Words that cannot be read say nothing, but the status still does.
                    let body = read_up_to(&mut answer, limits::WORDS.bytes).unwrap_or_default();
                    let body = self.without_token(&String::from_utf8_lossy(&body));
                    return Err(classify(status, &facts, &body, self.locator, self.token.is_some()));
                }
            }
        }
        Err(self.unreachable("it redirects in a circle"))
    }

    fn ask(&self, at: &Uri, token: Option<&Token>, wish: &Wish) -> Result<Response<Body>, HubError> {
        let left = self.left();
        if left.is_zero() {
            return Err(self.timed_out());
        }
        let mut request = self.agent.get(at).config().timeout_global(Some(left)).build();
        if let Some(token) = token {
            request = request.header("authorization", token.authorization());
        }
        if let Wish::Part(from, upto) = wish {
            // Compressed bytes would be counted otherwise than the file's own.
            let range = format!("bytes={from}-{}", upto.saturating_sub(1));
            request = request.header("range", range).header("accept-encoding", "identity");
        }
        request.call().map_err(|error| self.explain_transport(error))
    }

    fn read(&self, answer: &mut Response<Body>, file: &str, limit: Limit) -> Result<Vec<u8>, HubError> {
        // One byte more than allowed, counted after decompression, tells a file that is too large from one that just fits.
        let bytes = read_up_to(answer, limit.and_one()).map_err(|error| self.explain_reading(error))?;
        if limit.is_passed_by(&bytes) {
            return Err(HubError::TooLarge {
                repo: self.locator.id().to_string(),
                file: file.to_owned(),
                limit,
            });
        }
        Ok(bytes)
    }

    /// Reads a part. A server that sends the whole file instead is left alone: weights have gigabytes.
    fn read_part(&self, answer: &mut Response<Body>, from: u64, upto: u64) -> Result<(Vec<u8>, Option<u64>), HubError> {
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .and_then(|it| it.to_str().ok())
                .map(str::to_owned)
        };
        let asked = upto.saturating_sub(from);
        let size = if answer.status().as_u16() == 206 {
            let (range, size) = header("content-range")
                .and_then(|it| {
                    it.trim()
                        .strip_prefix("bytes ")?
                        .split_once('/')
                        .map(|(a, b)| (a.to_owned(), b.to_owned()))
                })
                .unwrap_or_default();
            let begins = range.split('-').next().and_then(|it| it.trim().parse::<u64>().ok());
            if begins != Some(from) {
                return Err(self.no_parts("it sent another part of the file than asked for"));
            }
            size.trim().parse().ok()
        } else {
            // A file no longer than what was asked for may come whole.
            let length = header("content-length").and_then(|it| it.parse::<u64>().ok());
            match length {
                Some(length) if from == 0 && length <= asked => Some(length),
                _ => return Err(self.no_parts("it sends whole files only, so headers cannot be read from it")),
            }
        };
        let bytes = read_up_to(answer, asked).map_err(|error| self.explain_reading(error))?;
        let due = size.map_or(asked, |size: u64| asked.min(size.saturating_sub(from)));
        if (bytes.len() as u64) < due {
            return Err(HubError::BrokenOff {
                host: self.host.clone(),
            });
        }
        Ok((bytes, size))
    }

    fn no_parts(&self, why: &str) -> HubError {
        self.unreachable(why)
    }

    fn explain_reading(&self, error: std::io::Error) -> HubError {
        match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => self.timed_out(),
            _ => HubError::BrokenOff {
                host: self.host.clone(),
            },
        }
    }

    /// Says what the repository holds instead of a config; `missing` if that cannot be found out.
    fn explain(&self, endpoint: &Endpoint, missing: HubError) -> HubError {
        if self.locator.path().is_some() {
            return missing;
        }
        let Ok(listing) = self.get(
            &endpoint.tree_url(self.locator),
            "the listing",
            &Wish::Text(limits::CONFIG),
        ) else {
            return missing;
        };
        let adapter = "adapter_config.json";
        let files = read_tree(&String::from_utf8_lossy(&listing.bytes));
        let base = if files.iter().any(|file| file.path == adapter) {
            let url = endpoint.file_url(self.locator, adapter);
            let config = self.get(&url, adapter, &Wish::Text(limits::CONFIG));
            config
                .ok()
                .and_then(|answer| adapter_base(&String::from_utf8_lossy(&answer.bytes)))
        } else {
            None
        };
        explain_without_config(self.locator, &files, base)
    }

    fn explain_transport(&self, error: ureq::Error) -> HubError {
        match error {
            ureq::Error::Timeout(_) => self.timed_out(),
            ureq::Error::HostNotFound => self.unreachable("there is no such host, or you are offline"),
            ureq::Error::RequireHttpsOnly(_) => self.unreachable("it redirects to an address without encryption"),
            ureq::Error::Io(error) => match error.kind() {
                std::io::ErrorKind::TimedOut => self.timed_out(),
                std::io::ErrorKind::UnexpectedEof => HubError::BrokenOff {
                    host: self.host.clone(),
                },
                _ => self.unreachable(&error.to_string()),
            },
            other => self.unreachable(&other.to_string()),
        }
    }

    fn unreachable(&self, reason: &str) -> HubError {
        HubError::Unreachable {
            host: self.host.clone(),
            reason: Some(self.without_token(reason)),
        }
    }

    /// What a server wrote, without the token it may echo.
    fn without_token(&self, text: &str) -> String {
        self.token.map_or_else(|| redact(text), |token| token.hide_in(text))
    }

    fn timed_out(&self) -> HubError {
        HubError::TimedOut {
            host: self.host.clone(),
            seconds: self.patience.total.as_secs().max(1),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

fn read_up_to(answer: &mut Response<Body>, limit: u64) -> std::io::Result<Vec<u8>> {
    let (begun, live) = (Instant::now(), std::io::stderr().is_terminal());
    let (mut bytes, mut piece, mut told) = (Vec::new(), vec![0_u8; 16 << 10], 0);
    let mut reader = answer.body_mut().as_reader().take(limit);
    loop {
        let read = reader.read(&mut piece)?;
        if read == 0 {
            break;
        }
        bytes.extend_from_slice(piece.get(..read).unwrap_or_default());
        // Somebody who waits wants to see that it goes on.
        let seconds = begun.elapsed().as_secs();
        if live && seconds >= 2 && seconds > told {
            told = seconds;
            tell_over(&format!("{} bytes after {seconds} s", grouped(bytes.len() as u64)));
        }
    }
    if told > 0 {
        tell("");
    }
    Ok(bytes)
}

/// Scheme, host and port: the same for all addresses that may see a secret of one of them.
fn origin(uri: &Uri) -> (String, String, u16) {
    let scheme = uri.scheme_str().unwrap_or_default().to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "http" { 80 } else { 443 });
    (scheme, uri.host().unwrap_or_default().to_ascii_lowercase(), port)
}

/// Where `location` leads from `from`. The Hub sends whole addresses or paths from the root; nothing else is followed.
fn resolve(from: &Uri, location: &str) -> Option<Uri> {
    let location = location.split('#').next().unwrap_or_default();
    if location.starts_with('/') && !location.starts_with("//") {
        return format!("{}://{}{location}", from.scheme_str()?, from.authority()?)
            .parse()
            .ok();
    }
    let to: Uri = location.parse().ok()?;
    let encrypted = to.scheme_str() == Some("https");
    (encrypted || (to.scheme_str() == Some("http") && from.scheme_str() == Some("http"))).then_some(to)
}
