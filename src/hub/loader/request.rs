//! One request and its answer, as a transport carries them: what is asked of whom, and how much of the answer is read.

use super::super::search::next_cursor;
use super::super::{Endpoint, ResponseFacts, Token, redact};
use super::origin::same_origin;
use crate::limits::{self, Limit};

/// How much of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// All of it, within a limit.
    Whole(Limit),
    /// From one byte to another, the second not included.
    Part(u64, u64),
}

/// A request: always GET, without cookies or referrer.
#[derive(Clone, Debug)]
pub struct Get {
    /// The address.
    pub url: String,
    /// Requests of one errand (its redirects and retries) share what time it is given.
    pub errand: u64,
    pub(super) wish: Wish,
    pub(super) token: Option<Token>,
    pub(super) endpoint: Endpoint,
}

/// What a server says before the body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The address that answered: another one where the transport followed redirects itself.
    pub url: String,
    /// Why, where it refuses.
    pub facts: ResponseFacts,
    /// Where it leads on.
    pub location: Option<String>,
    /// The mark of a listing's next page.
    pub next: Option<String>,
    /// Bytes of the body as they travel.
    pub length: Option<u64>,
    /// Where a part begins, and the size of the whole file.
    pub part: Option<(Option<u64>, Option<u64>)>,
}

/// An answer with as much of its body as [`Get::body_bytes`] allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What came before the body.
    pub head: Box<Head>,
    /// The body, unpacked.
    pub body: Vec<u8>,
}

/// No whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// No connection; why, where that is known.
    Unreachable(Option<String>),
    /// Too slow.
    TimedOut {
        /// What it was given.
        seconds: u64,
    },
    /// It ended in the middle.
    BrokenOff,
    /// Nobody wants it any more.
    Cancelled,
}

impl Get {
    /// The value of `Authorization`, where the token may go: to the endpoint's own origin, nowhere else.
    pub fn authorization(&self) -> Option<String> {
        let token = self.token.as_ref()?;
        same_origin(&self.url, self.endpoint.as_str()).then(|| token.authorization())
    }
    /// The value of `Range`, where a part is wanted. The bytes must then come as they are, not compressed.
    pub fn range(&self) -> Option<String> {
        match self.wish {
            Wish::Whole(_) => None,
            Wish::Part(from, upto) => Some(format!("bytes={from}-{}", upto.saturating_sub(1))),
        }
    }
    /// Reads the head of an answer; no token is left in it.
    pub fn head(&self, status: u16, url: &str, header: impl Fn(&str) -> Option<String>) -> Box<Head> {
        let range = header("content-range");
        let part = range.as_deref().and_then(|text| {
            let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
            let begins = range.split('-').next().and_then(|from| from.trim().parse().ok());
            Some((begins, size.trim().parse().ok()))
        });
        Box::new(Head {
            status,
            url: url.to_owned(),
            facts: ResponseFacts::read(|name| Some(self.without_token(&header(name)?))),
            location: header("location"),
            next: header("link").as_deref().and_then(next_cursor),
            length: header("content-length").and_then(|text| text.trim().parse().ok()),
            part,
        })
    }
    /// How much of the body is to be read at most. One byte more than is allowed tells what is too large; of a whole file
    /// where a part was asked for, nothing is read: weights have gigabytes.
    pub fn body_bytes(&self, head: &Head) -> u64 {
        match (head.status, self.wish) {
            (200 | 206, Wish::Whole(limit)) => limit.and_one(),
            (200 | 206, Wish::Part(from, upto)) if self.is_the_part(head).is_ok() => upto.saturating_sub(from),
            (200 | 206 | 301..=308, _) => 0,
            _ => limits::WORDS.bytes,
        }
    }
    /// The size of the whole file as a part tells it, or what was sent instead of the part.
    pub(super) fn is_the_part(&self, head: &Head) -> Result<Option<u64>, &'static str> {
        let Wish::Part(from, upto) = self.wish else {
            return Ok(None);
        };
        if head.status == 206 {
            // A mirror may hide the header from pages; what it says must be true.
            return match head.part {
                None => Ok(None),
                Some((Some(begins), size)) if begins == from => Ok(size),
                Some(_) => Err("another part of a file than was asked for"),
            };
        }
        match head.length {
            // A file no longer than what was asked for may come whole.
            Some(length) if from == 0 && length <= upto => Ok(Some(length)),
            _ => Err("a whole file where its beginning was asked for"),
        }
    }
    /// What a server wrote, without the token it may echo.
    pub(super) fn without_token(&self, text: &str) -> String {
        self.token.as_ref().map_or_else(|| redact(text), |it| it.hide_in(text))
    }
}
