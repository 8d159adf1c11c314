//! An exchange with the Hub that JavaScript carries out: what is wanted as JSON, answers as numbers, texts and bytes.
//!
//! 1. [`Courier::step`]: `{"wants": [{ticket, url, headers} or {ticket, seconds}]}`, or `{"done": true}`.
//! 2. Of each request [`Courier::head`], which says how many bytes of the body to read, then [`Courier::body`]; or
//!    [`Courier::failed`]. Of each pause [`Courier::waited`].
//! 3. Again, until it is done: [`Courier::end`].

use std::collections::{BTreeMap, HashMap};

use serde_json::{Map, Value, json};

use crate::ask::Failure;
use crate::hub::loader::{Answer, Exchange, Failed, Get, Head, Reply, Step, Want};

/// A talk with the Hub under way.
#[derive(Debug)]
pub struct Courier {
    exchange: Exchange<Result<Value, Failure>>,
    /// Requests under way, with the head of those that began to answer.
    open: HashMap<u32, (Box<Get>, Option<Box<Head>>)>,
    end: Option<Result<Value, Failure>>,
}

impl Courier {
    pub(super) fn new(exchange: Exchange<Result<Value, Failure>>) -> Self {
        Self {
            exchange,
            open: HashMap::new(),
            end: None,
        }
    }
    /// Goes on as far as the answers reach: what is wanted now, or that it is done.
    pub fn step(&mut self) -> String {
        if self.end.is_none() {
            match self.exchange.step() {
                Step::Done(end) => self.end = Some(end),
                Step::Wants(wants) => {
                    let wants = wants.into_iter().map(|(ticket, want)| self.wanted(ticket, want));
                    return json!({"wants": wants.collect::<Vec<_>>()}).to_string();
                }
            }
        }
        json!({"done": true}).to_string()
    }
    fn wanted(&mut self, ticket: u64, want: Want) -> Value {
        // Numbers of JavaScript; nothing asks so often.
        let ticket = ticket as u32;
        match want {
            Want::Wait { seconds } => json!({"ticket": ticket, "seconds": seconds}),
            Want::Get(get) => {
                let mut headers = Map::new();
                for (name, value) in [("authorization", get.authorization()), ("range", get.range())] {
                    if let Some(value) = value {
                        headers.insert(name.to_owned(), value.into());
                    }
                }
                let url = get.url.clone();
                self.open.insert(ticket, (get, None));
                json!({"ticket": ticket, "url": url, "headers": headers})
            }
        }
    }
    /// The head of an answer, its headers as a JSON object of names in small letters: how much of the body to read at most.
    pub fn head(&mut self, ticket: u32, status: u16, url: &str, headers: &str) -> f64 {
        let Some((get, head)) = self.open.get_mut(&ticket) else {
            return 0.0;
        };
        let headers: BTreeMap<String, String> = serde_json::from_str(headers).unwrap_or_default();
        let read = get.head(status, url, |name| headers.get(&name.to_ascii_lowercase()).cloned());
        let most = get.body_bytes(&read);
        *head = Some(read);
        most as f64
    }
    /// The body, as far as it was wanted.
    pub fn body(&mut self, ticket: u32, body: Vec<u8>) {
        if let Some((_, Some(head))) = self.open.remove(&ticket) {
            self.exchange
                .reply(ticket.into(), Reply::Got(Ok(Answer { head, body })));
        }
    }
    /// No whole answer: `unreachable` (with a reason), `timed_out` (after so many seconds), `broken_off`, `cancelled`.
    pub fn failed(&mut self, ticket: u32, what: &str, reason: Option<String>, seconds: u32) {
        if self.open.remove(&ticket).is_some() {
            let failed = match what {
                "timed_out" => Failed::TimedOut {
                    seconds: seconds.into(),
                },
                "broken_off" => Failed::BrokenOff,
                "cancelled" => Failed::Cancelled,
                _ => Failed::Unreachable(reason),
            };
            self.exchange.reply(ticket.into(), Reply::Got(Err(failed)));
        }
    }
    /// Whether a pause was made.
    pub fn waited(&mut self, ticket: u32, whole: bool) {
        self.exchange.reply(ticket.into(), Reply::Waited(whole));
    }
    /// What it came to.
    ///
    /// # Errors
    /// What went wrong; `unfinished` before it is done.
    pub fn end(&mut self) -> Result<String, Failure> {
        let unfinished = || Failure::new("unfinished", "The exchange with the Hub is not at its end.");
        self.end.take().ok_or_else(unfinished)?.map(|value| value.to_string())
    }
}
