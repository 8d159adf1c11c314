//! A Hub on paper: which address has which answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use weighbridge::hub::loader::{
    Answer, Exchange, Failed, Get, LoadError, LoadedModel, Reply, Source, Step, Want, Wanted, model,
};
use weighbridge::hub::{Endpoint, Locator, Token};

use crate::support::made::{Row, safetensors_header, small_gguf};

pub const HUB: &str = "https://huggingface.co";
pub const SECRET: &str = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
pub const CONFIG: &str = r#"{"model_type": "llama", "hidden_size": 64}"#;

/// An answer as it is written down.
#[derive(Clone, Debug, Default)]
pub struct Written {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The body goes on for ever after what is written.
    pub endless: bool,
    pub no_range: bool,
    /// Only so many bytes of a part come.
    pub short: Option<usize>,
}

pub fn ok(body: impl Into<Vec<u8>>) -> Written {
    Written {
        status: 200,
        body: body.into(),
        ..Written::default()
    }
}

pub fn status(status: u16, headers: &[(&'static str, &str)], body: &str) -> Written {
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    Written {
        status,
        headers,
        ..ok(body)
    }
}

pub fn to(location: &str) -> Written {
    status(307, &[("location", location)], "")
}

pub fn missing() -> Written {
    status(404, &[("x-error-code", "EntryNotFound")], "Entry not found")
}

/// How the transport goes about it, which must make no difference to the model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Manner {
    /// As the command line: hops one by one, answers in the order of asking.
    Native,
    /// As a page: redirects are followed by the browser; answers come last first, without the headers no page sees.
    Page,
    /// As a page before a mirror that hides how long a file is.
    Mute,
}

/// A Hub on paper: address → answers, one after the other, the last one for good.
#[derive(Default)]
pub struct Hub {
    pub pages: BTreeMap<String, Vec<Written>>,
    pub asked: BTreeMap<String, usize>,
    /// Address, range, and whether a token went along.
    pub log: Vec<(String, Option<String>, bool)>,
    pub waits: Vec<u64>,
    pub bytes: u64,
    pub most_at_once: usize,
}

impl Hub {
    pub fn new(pages: impl IntoIterator<Item = (String, Written)>) -> Self {
        let mut hub = Self::default();
        for (url, written) in pages {
            hub.pages.entry(url).or_default().push(written);
        }
        hub
    }
    /// The answer of one hop.
    pub fn hop(&mut self, get: &Get, url: &str, token: bool) -> Result<Written, Failed> {
        self.log.push((url.to_owned(), get.range(), token));
        let times = self.asked.entry(url.to_owned()).or_default();
        *times += 1;
        let Some(pages) = self.pages.get(url) else {
            return Ok(missing());
        };
        let mut written = pages[(*times).min(pages.len()) - 1].clone();
        if written.status == 0 {
            return Err(Failed::Unreachable(None));
        }
        let range = get.range().filter(|_| written.status == 200 && !written.no_range);
        if let Some((from, to)) = range
            .as_deref()
            .and_then(|it| it.strip_prefix("bytes=")?.split_once('-'))
        {
            let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
            let size = written.body.len();
            written.status = 206;
            let end = (to + 1).min(size);
            written
                .headers
                .push(("content-range", format!("bytes {from}-{}/{size}", end - 1)));
            written.body = written.body.get(from..end).unwrap_or_default().to_vec();
            written.body.truncate(written.short.unwrap_or(usize::MAX));
        } else if !written.endless {
            written.headers.push(("content-length", written.body.len().to_string()));
        }
        Ok(written)
    }
    pub fn answer(&mut self, get: &Get, manner: Manner) -> Result<Answer, Failed> {
        let mut url = get.url.clone();
        let mut token = get.authorization().is_some();
        let mut written = self.hop(get, &url, token)?;
        for _ in 0..20 {
            let location = written.headers.iter().find(|(name, _)| *name == "location");
            let Some((_, location)) = location.filter(|_| manner != Manner::Native) else {
                break;
            };
            let home = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            url = if location.starts_with('/') {
                home.clone() + location
            } else {
                location.clone()
            };
            // Browsers leave it off where the origin changes (Fetch, HTTP-redirect fetch, step 13).
            token &= url.starts_with(&(home + "/"));
            written = self.hop(get, &url, token)?;
        }
        let hidden: &[&str] = match manner {
            Manner::Native => &[],
            Manner::Page => &["retry-after", "ratelimit"],
            Manner::Mute => &["retry-after", "ratelimit", "content-range"],
        };
        let head = get.head(written.status, &url, |name| {
            let seen = |known: &str| known == name && !hidden.contains(&known);
            let found = written.headers.iter().find(|(known, _)| seen(known));
            found.map(|(_, value)| value.clone())
        });
        let most = usize::try_from(get.body_bytes(&head)).unwrap();
        let mut body = written.body;
        if written.endless {
            body.resize(most.max(body.len()), b' ');
        }
        body.truncate(most);
        self.bytes += body.len() as u64;
        Ok(Answer { head, body })
    }
    pub fn run<T>(&mut self, mut exchange: Exchange<T>, manner: Manner) -> T {
        let mut open: Vec<(u64, Want)> = Vec::new();
        for _ in 0..20_000 {
            match exchange.step() {
                Step::Done(end) => return end,
                Step::Wants(wants) => open.extend(wants),
            }
            self.most_at_once = self.most_at_once.max(open.len());
            assert!(!open.is_empty(), "it waits for nothing");
            let (ticket, want) = open.remove(if manner == Manner::Page { open.len() - 1 } else { 0 });
            let reply = match want {
                Want::Get(get) => Reply::Got(self.answer(&get, manner)),
                Want::Wait { seconds } => {
                    self.waits.push(seconds);
                    Reply::Waited(true)
                }
            };
            exchange.reply(ticket, reply);
        }
        panic!("it never ends");
    }
    pub fn load(&mut self, id: &str, wanted: Wanted) -> Result<LoadedModel, LoadError> {
        self.load_as(id, wanted, None, Manner::Native)
    }
    pub fn load_as(
        &mut self,
        id: &str,
        wanted: Wanted,
        token: Option<&str>,
        manner: Manner,
    ) -> Result<LoadedModel, LoadError> {
        let source = Source {
            endpoint: Endpoint::default(),
            token: token.map(|token| Token::parse(token).unwrap()),
        };
        self.run(model(source, Locator::parse(id).unwrap(), wanted), manner)
    }
    pub fn error(&mut self, wanted: Wanted) -> LoadError {
        self.load("a/b", wanted).map(|_| ()).unwrap_err()
    }
}

pub fn file(path: &str) -> String {
    format!("{HUB}/a/b/resolve/main/{path}")
}

pub fn tree(files: &[(&str, usize)]) -> (String, Written) {
    let files: Vec<Value> = files
        .iter()
        .map(|(path, size)| json!({"type": "file", "path": path, "size": size}))
        .collect();
    let url = format!("{HUB}/api/models/a/b/tree/main?recursive=true&expand=false");
    (url, ok(Value::from(files).to_string()))
}

pub fn config() -> (String, Written) {
    (file("config.json"), ok(CONFIG))
}

/// A whole safetensors file with one tensor of so many bytes.
pub fn weights(name: &str, bytes: u64) -> Vec<u8> {
    let rows: Vec<Row> = vec![(name.to_owned(), "U8", vec![bytes])];
    let (mut all, size) = safetensors_header(&rows);
    all.resize(usize::try_from(size).unwrap(), 0);
    all
}

/// A whole GGUF.
pub fn gguf() -> Vec<u8> {
    let (mut bytes, size) = small_gguf(3, false).write();
    bytes.resize(usize::try_from(size).unwrap(), 0);
    bytes
}

/// A repository with an index and so many shards.
pub fn sharded(count: usize) -> Vec<(String, Written)> {
    let mut pages = vec![config()];
    let mut map = serde_json::Map::new();
    let mut names = vec!["model.safetensors.index.json".to_owned()];
    for at in 0..count {
        let name = format!("model-{at:05}.safetensors");
        pages.push((file(&name), ok(weights(&format!("layers.{at}.w"), 200_000))));
        map.insert(format!("layers.{at}.w"), json!(name));
        names.push(name);
    }
    let index = json!({"weight_map": map}).to_string();
    pages.push((file("model.safetensors.index.json"), ok(index)));
    let listed: Vec<(&str, usize)> = names.iter().map(|name| (name.as_str(), 0)).collect();
    let (url, mut listing) = tree(&listed);
    // Without sizes, as a mirror may list them.
    let text = String::from_utf8(listing.body)
        .unwrap()
        .replace("\"size\":0", "\"oid\":\"x\"");
    listing.body = text.into_bytes();
    pages.push((url, listing));
    pages
}
