//! The HTTP/1.1 that the test servers speak, on `std::net` with one thread per connection.
//!
//! A ready server crate hides the connection, and half of what is tested here are bad connections: answers that
//! drip, stop half-way or never come. One request per connection (`Connection: close`) keeps that small. This file holds requests and answers, [`service`] the port.

mod service;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub use service::Service;

/// One request, as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Without the query, still percent-encoded.
    pub path: String,
    /// What follows the `?`, or nothing.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The decoded parameters of the query, in order.
    pub fn params(&self) -> Vec<(String, String)> {
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(key, value)| (decode(&key.replace('+', " ")), decode(&value.replace('+', " "))))
            .collect()
    }

    fn read(stream: &mut TcpStream) -> Option<Request> {
        let mut bytes = Vec::new();
        let mut part = [0; 4096];
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            // A browser opens connections ahead of need: no bytes is not an error.
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return None,
                Ok(count) => bytes.extend_from_slice(&part[..count]),
            }
        };
        let mut body = bytes.split_off(end + 4);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let mut lines = head.lines();
        let mut first = lines.next()?.split(' ');
        let method = first.next()?.to_owned();
        let (path, query) = first
            .next()
            .map(|target| target.split_once('?').unwrap_or((target, "")))?;
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.trim().to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            body: Vec::new(),
        };
        let length: usize = request
            .header("content-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        while body.len() < length {
            match stream.read(&mut part) {
                Ok(0) | Err(_) => return None,
                Ok(count) => body.extend_from_slice(&part[..count]),
            }
        }
        request.body = body;
        Some(request)
    }
}

/// How an answer travels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delivery {
    Whole,
    /// So many bytes of the body, a pause, the next.
    Drip {
        bytes: usize,
        pause: Duration,
    },
    /// So many bytes of the body, then the connection is closed; the length promised more.
    CutAfter(usize),
    /// So many bytes of the body, then silence until the other side gives up.
    HangAfter(usize),
    /// Not even a status line.
    Hang,
}

/// One answer; `Content-Length` and `Connection` are added on sending.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub delivery: Delivery,
}

impl Answer {
    pub fn new(status: u16, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        let answer = Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            delivery: Delivery::Whole,
        };
        if kind.is_empty() {
            answer
        } else {
            answer.with("Content-Type", kind)
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn delivered(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Cuts a whole answer down to the single range that was asked for: 206, or 416 if nothing lies there.
    /// Other forms (several ranges, another unit) are ignored, as the standard allows.
    pub fn ranged(mut self, request: &Request) -> Self {
        self = self.with("Accept-Ranges", "bytes");
        let size = self.body.len();
        let Some((from, to)) = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="))
            .and_then(|range| range.trim().split_once('-'))
            .filter(|_| self.status == 200)
        else {
            return self;
        };
        let (start, end) = match (from.parse::<usize>(), to.parse::<usize>()) {
            (Ok(start), Ok(last)) if start <= last => (start, last.saturating_add(1).min(size)),
            (Ok(start), Err(_)) if to.is_empty() => (start, size),
            (Err(_), Ok(last)) if from.is_empty() => (if last == 0 { size } else { size.saturating_sub(last) }, size),
            _ => return self,
        };
        if start >= size {
            self.status = 416;
            self.body.clear();
            return self.with("Content-Range", format!("bytes */{size}"));
        }
        self.status = 206;
        self.body = self.body[start..end].to_vec();
        self.with("Content-Range", format!("bytes {start}-{}/{size}", end - 1))
    }

    fn send(&self, stream: &mut TcpStream, bodiless: bool) -> std::io::Result<()> {
        if self.delivery == Delivery::Hang {
            return wait_for_close(stream);
        }
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nConnection: close\r\n",
            self.status,
            reason(self.status)
        );
        if !matches!(self.status, 204 | 304) {
            head.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        if bodiless {
            return Ok(());
        }
        let part = |count: usize| self.body.get(..count).unwrap_or(&self.body);
        match self.delivery {
            Delivery::Drip { bytes, pause } => {
                for piece in self.body.chunks(bytes.max(1)) {
                    stream.write_all(piece)?;
                    std::thread::sleep(pause);
                }
                Ok(())
            }
            Delivery::CutAfter(count) => stream.write_all(part(count)),
            Delivery::HangAfter(count) => {
                stream.write_all(part(count))?;
                wait_for_close(stream)
            }
            Delivery::Whole | Delivery::Hang => stream.write_all(&self.body),
        }
    }
}

/// Reads until the other side, or [`Service::stop`], closes the connection.
fn wait_for_close(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(None)?;
    let mut part = [0; 256];
    while stream.read(&mut part)? > 0 {}
    Ok(())
}

/// Undoes percent-encoding; what is not UTF-8 is replaced.
pub fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let pair = tail.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match pair
            .and_then(|two| u8::from_str_radix(two, 16).ok())
            .filter(|_| first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Percent-encodes everything but letters, digits and `-_.~`.
pub fn encode(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    text.bytes()
        .map(|byte| {
            if plain(&byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        206 => "Partial Content",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        416 => "Range Not Satisfiable",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Other",
    }
}
