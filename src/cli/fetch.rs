//! Carries an exchange with the Hub out, natively. What is asked and what an answer means is decided in
//! [`crate::hub::loader`].

use std::collections::HashMap;
use std::io::{self, ErrorKind, IsTerminal, Read};
use std::sync::mpsc;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use crate::hub::Endpoint;
use crate::hub::loader::{Answer, Doing, Exchange, Failed, Get, Reply, Step, Want};
use crate::limits;
use crate::units::grouped;
use ureq::{Agent, Body, Proxy};

use super::output::{tell, tell_over};

/// How long to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// For a connection, its name look-up and its encryption.
    pub connect: Duration,
    /// For one errand: redirects, bodies, retries and the pauses between them.
    pub total: Duration,
    /// How long a second before a retry lasts.
    pub second: Duration,
}

impl Patience {
    /// The usual one with this much time for each errand.
    #[must_use]
    pub const fn of(total: Duration) -> Self {
        Self {
            connect: Duration::from_secs(10),
            total,
            second: Duration::from_secs(1),
        }
    }
}

/// Carries an exchange out to its end, with progress on standard error.
pub fn run<T>(endpoint: &Endpoint, patience: &Patience, mut exchange: Exchange<T>) -> T {
    let client = Client::new(endpoint, patience);
    let mut errands = HashMap::new();
    let (done, replies) = mpsc::channel();
    let live = io::stderr().is_terminal();
    scope(|scope| {
        loop {
            let wants = match exchange.step() {
                Step::Done(end) => {
                    if let Doing::Headers { done, of } = exchange.doing() {
                        let words = format!("headers {done} of {of}");
                        tell(if live { "" } else { &words });
                    }
                    return end;
                }
                Step::Wants(wants) => wants,
            };
            for (ticket, want) in wants {
                let deadline = |errand| client.deadline(errand);
                match want {
                    Want::Get(get) => {
                        let until = *errands.entry(get.errand).or_insert_with(|| deadline(Instant::now()));
                        let (client, done) = (&client, done.clone());
                        scope.spawn(move || done.send((ticket, Reply::Got(client.get(&get, until)))));
                    }
                    // Nothing else is under way where a single file is waited for.
                    Want::Wait { seconds } => {
                        let pause = patience
                            .second
                            .saturating_mul(u32::try_from(seconds).unwrap_or(u32::MAX));
                        let until = errands
                            .values()
                            .max()
                            .copied()
                            .unwrap_or_else(|| deadline(Instant::now()));
                        let left = until.saturating_duration_since(Instant::now());
                        let done = done.clone();
                        scope.spawn(move || {
                            if left > pause {
                                sleep(pause);
                            }
                            done.send((ticket, Reply::Waited(left > pause)))
                        });
                    }
                }
            }
            // This side holds a sender too, so there is always one.
            if let Ok((ticket, reply)) = replies.recv() {
                exchange.reply(ticket, reply);
            }
            if let (true, Doing::Headers { done, of }) = (live, exchange.doing()) {
                tell_over(&format!("headers {done} of {of}"));
            }
        }
    })
}

/// A client for one wish, shared by threads.
struct Client<'a> {
    agent: Agent,
    patience: &'a Patience,
    begun: Instant,
}

impl<'a> Client<'a> {
    fn new(endpoint: &Endpoint, patience: &'a Patience) -> Self {
        let proxy = (!endpoint.is_local()).then(Proxy::try_from_env).flatten();
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!endpoint.is_local())
            // The exchange follows them: it sees the headers of each hop and decides where the token goes.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_connect(Some(patience.connect))
            .user_agent(concat!("weighbridge/", env!("CARGO_PKG_VERSION")))
            .accept("application/json, text/plain, */*")
            .proxy(proxy);
        Self {
            agent: config.build().new_agent(),
            patience,
            begun: Instant::now(),
        }
    }
    /// When an errand that begins now must be over.
    fn deadline(&self, now: Instant) -> Instant {
        let whole = self.begun.checked_add(Duration::from_secs(limits::WHOLE_SECONDS));
        let own = now.checked_add(self.patience.total);
        own.into_iter().chain(whole).min().unwrap_or(now)
    }
    fn get(&self, get: &Get, until: Instant) -> Result<Answer, Failed> {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.timed_out());
        }
        let mut request = self.agent.get(&get.url).config().timeout_global(Some(left)).build();
        if let Some(token) = get.authorization() {
            request = request.header("authorization", token);
        }
        if let Some(range) = get.range() {
            // Compressed bytes would be counted otherwise than the file's own.
            request = request.header("range", range).header("accept-encoding", "identity");
        }
        let mut answer = request.call().map_err(|error| self.no_answer(error))?;
        let status = answer.status().as_u16();
        let head = get.head(status, &get.url, |name| {
            Some(answer.headers().get(name)?.to_str().ok()?.to_owned())
        });
        let body = match read(answer.body_mut(), get.body_bytes(&head)) {
            Ok(body) => body,
            // Words that cannot be read say nothing, but the status still does.
            Err(_) if !(200..300).contains(&status) => Vec::new(),
            Err(error) => return Err(self.no_end(error)),
        };
        Ok(Answer { head, body })
    }
    fn no_answer(&self, error: ureq::Error) -> Failed {
        let because = |words: &str| Failed::Unreachable(Some(words.to_owned()));
        match error {
            ureq::Error::Timeout(_) => self.timed_out(),
            ureq::Error::HostNotFound => because("there is no such host, or you are offline"),
            ureq::Error::RequireHttpsOnly(_) => because("it redirects to an address without encryption"),
            ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => self.timed_out(),
            ureq::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => Failed::BrokenOff,
            ureq::Error::Io(error) => because(&error.to_string()),
            other => because(&other.to_string()),
        }
    }
    fn no_end(&self, error: io::Error) -> Failed {
        match ureq::Error::from(error) {
            ureq::Error::Timeout(_) => self.timed_out(),
            _ => Failed::BrokenOff,
        }
    }
    fn timed_out(&self) -> Failed {
        Failed::TimedOut {
            seconds: self.patience.total.as_secs().max(1),
        }
    }
}

/// Reads a body as far as it is wanted, measured as it unpacks.
fn read(body: &mut Body, most: u64) -> io::Result<Vec<u8>> {
    let (begun, live) = (Instant::now(), io::stderr().is_terminal());
    let (mut bytes, mut piece, mut told) = (Vec::new(), vec![0_u8; 16 << 10], 0);
    let mut reader = body.as_reader().take(most);
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
