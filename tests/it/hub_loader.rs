//! The whole protocol with the Hub, without a connection: a written Hub answers what the exchange asks for.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use weighbridge::hub::loader::{
    Answer, Doing, Exchange, Failed, Get, LoadError, LoadedModel, Reply, Source, Step, Want, Wanted, model,
};
use weighbridge::hub::{Endpoint, HubError, Locator, Token};
use weighbridge::limits;

use crate::support::made::{Row, safetensors_header, small_gguf};

const HUB: &str = "https://huggingface.co";
const SECRET: &str = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";
const CONFIG: &str = r#"{"model_type": "llama", "hidden_size": 64}"#;

/// An answer as it is written down.
#[derive(Clone, Debug, Default)]
struct Written {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// The body goes on for ever after what is written.
    endless: bool,
    no_range: bool,
    /// Only so many bytes of a part come.
    short: Option<usize>,
}

fn ok(body: impl Into<Vec<u8>>) -> Written {
    Written {
        status: 200,
        body: body.into(),
        ..Written::default()
    }
}

fn status(status: u16, headers: &[(&'static str, &str)], body: &str) -> Written {
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

fn to(location: &str) -> Written {
    status(307, &[("location", location)], "")
}

fn missing() -> Written {
    status(404, &[("x-error-code", "EntryNotFound")], "Entry not found")
}

/// How the transport goes about it, which must make no difference to the model.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// As the command line: hops one by one, answers in the order of asking.
    Native,
    /// As a page: redirects are followed by the browser; answers come last first, without the headers no page sees.
    Page,
    /// As a page before a mirror that hides how long a file is.
    Mute,
}

/// A Hub on paper: address → answers, one after the other, the last one for good.
#[derive(Default)]
struct Hub {
    pages: BTreeMap<String, Vec<Written>>,
    asked: BTreeMap<String, usize>,
    /// Address, range, and whether a token went along.
    log: Vec<(String, Option<String>, bool)>,
    waits: Vec<u64>,
    bytes: u64,
    most_at_once: usize,
}

impl Hub {
    fn new(pages: impl IntoIterator<Item = (String, Written)>) -> Self {
        let mut hub = Self::default();
        for (url, written) in pages {
            hub.pages.entry(url).or_default().push(written);
        }
        hub
    }
    /// The answer of one hop.
    fn hop(&mut self, get: &Get, url: &str, token: bool) -> Result<Written, Failed> {
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
    fn answer(&mut self, get: &Get, manner: Manner) -> Result<Answer, Failed> {
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
    fn run<T>(&mut self, mut exchange: Exchange<T>, manner: Manner) -> T {
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
    fn load(&mut self, id: &str, wanted: Wanted) -> Result<LoadedModel, LoadError> {
        self.load_as(id, wanted, None, Manner::Native)
    }
    fn load_as(
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
    fn error(&mut self, wanted: Wanted) -> LoadError {
        self.load("a/b", wanted).map(|_| ()).unwrap_err()
    }
}

fn file(path: &str) -> String {
    format!("{HUB}/a/b/resolve/main/{path}")
}

fn tree(files: &[(&str, usize)]) -> (String, Written) {
    let files: Vec<Value> = files
        .iter()
        .map(|(path, size)| json!({"type": "file", "path": path, "size": size}))
        .collect();
    let url = format!("{HUB}/api/models/a/b/tree/main?recursive=true&expand=false");
    (url, ok(Value::from(files).to_string()))
}

fn config() -> (String, Written) {
    (file("config.json"), ok(CONFIG))
}

/// A whole safetensors file with one tensor of so many bytes.
fn weights(name: &str, bytes: u64) -> Vec<u8> {
    let rows: Vec<Row> = vec![(name.to_owned(), "U8", vec![bytes])];
    let (mut all, size) = safetensors_header(&rows);
    all.resize(usize::try_from(size).unwrap(), 0);
    all
}

/// A whole GGUF.
fn gguf() -> Vec<u8> {
    let (mut bytes, size) = small_gguf(3, false).write();
    bytes.resize(usize::try_from(size).unwrap(), 0);
    bytes
}

/// A repository with an index and so many shards.
fn sharded(count: usize) -> Vec<(String, Written)> {
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

/// What can be compared of a model.
fn told(loaded: &LoadedModel) -> Value {
    let weights = loaded.weights.as_ref();
    json!({
        "id": loaded.id.to_string(),
        "commit": loaded.commit,
        "config": loaded.config,
        "tensors": weights.map(|read| read.checkpoint.tensors()),
        "pieces": weights.map(|read| read.pieces.iter().map(|it| (it.name.clone(), it.size, it.bytes.clone())).collect::<Vec<_>>()),
        "files": weights.map(|read| read.files.iter().map(|it| it.path.clone()).collect::<Vec<_>>()),
    })
}

#[test]
fn both_transports_find_the_same_model() {
    let sha = "607a30d783dfa663caf39e06633721c8d4cfcd7e";
    let renamed = || {
        let cached = format!("/api/resolve-cache/models/newer/name/{sha}/config.json");
        vec![
            (file("config.json"), to("/newer/name/resolve/main/config.json")),
            (format!("{HUB}/newer/name/resolve/main/config.json"), to(&cached)),
            (format!("{HUB}{cached}"), ok(CONFIG)),
            (
                format!("{HUB}/api/models/newer/name/tree/{sha}?recursive=true&expand=false"),
                ok(r#"[{"type": "file", "path": "model.safetensors", "size": 200071}]"#),
            ),
            (
                format!("{HUB}/newer/name/resolve/{sha}/model.safetensors"),
                to("https://cdn.example/x?signed=1"),
            ),
            ("https://cdn.example/x?signed=1".to_owned(), ok(weights("w", 200_000))),
        ]
    };
    let only_gguf = || {
        let body = gguf();
        vec![
            tree(&[("X-Q4_K_M.GGUF", body.len())]),
            (file("X-Q4_K_M.GGUF"), ok(body)),
        ]
    };
    for (name, pages) in [("renamed", renamed()), ("sharded", sharded(13)), ("gguf", only_gguf())] {
        let load = |manner| {
            let mut hub = Hub::new(pages.clone());
            let loaded = hub.load_as("a/b", Wanted::ConfigAndHeaders, None, manner);
            (loaded.as_ref().map(told).map_err(Clone::clone), hub)
        };
        let ((native, hub), (page, _)) = (load(Manner::Native), load(Manner::Page));
        assert!(native == page, "{name}: {native:?}\n{page:?}");
        let (mute, _) = load(Manner::Mute);
        assert_eq!(mute.unwrap()["tensors"], native.as_ref().unwrap()["tensors"], "{name}");
        assert!(native.is_ok(), "{name}: {native:?} {:?}", hub.log);
        match name {
            "renamed" => {
                let native = native.unwrap();
                assert_eq!((&native["id"], &native["commit"]), (&json!("newer/name"), &json!(sha)));
                assert_eq!(native["tensors"][0]["bytes"], 200_000);
            }
            "sharded" => {
                assert_eq!(native.unwrap()["tensors"].as_array().unwrap().len(), 13);
                assert!((2..=6).contains(&hub.most_at_once), "{}", hub.most_at_once);
                // Of no file more than its header.
                assert!(
                    hub.log
                        .iter()
                        .all(|(url, range, _)| !url.ends_with(".safetensors") || range.is_some())
                );
            }
            _ => assert!(native.unwrap()["config"].is_null()),
        }
    }
}

#[test]
fn refusals_of_every_kind() {
    let gated = |status_: u16| status(status_, &[("x-error-code", "GatedRepo")], "restricted");
    let cases: [(&str, Written, &str); 9] = [
        ("gated", gated(401), "gated_sign_in"),
        ("gated, signed in", gated(403), "gated_sign_in"),
        (
            "missing",
            status(401, &[], "Invalid username or password."),
            "not_found_or_private",
        ),
        (
            "revision",
            status(404, &[("x-error-code", "RevisionNotFound")], ""),
            "revision_not_found",
        ),
        ("a page", ok("<!DOCTYPE html><title>Log in</title>"), "not_json"),
        ("no text", ok([0xff, 0xfe, 0]), "not_json"),
        ("teapot", status(418, &[], "short"), "unexpected_answer"),
        (
            "endless",
            Written {
                endless: true,
                ..ok("{")
            },
            "too_large",
        ),
        ("no connection", Written { status: 0, ..ok("") }, "unreachable"),
    ];
    for (name, written, code) in cases {
        let mut hub = Hub::new([(file("config.json"), written)]);
        assert_eq!(hub.error(Wanted::Config).code(), code, "{name}");
        assert_eq!(hub.log.len(), 1, "{name} is asked once");
        assert!(hub.bytes <= limits::CONFIG.and_one(), "{name}");
    }
    // With and without its wait; a page never sees it, and assumes the Hub's window of five minutes.
    for (headers, wait) in [(vec![("retry-after", "17")], 17), (vec![], 300)] {
        let limited = status(429, &headers, "<h1>429</h1>");
        let mut hub = Hub::new([(file("config.json"), limited)]);
        let wait_seconds = wait;
        let token_sent = false;
        let error = HubError::RateLimited {
            wait_seconds,
            token_sent,
        };
        assert_eq!(hub.error(Wanted::Config), LoadError::Hub(error));
        assert_eq!((hub.log.len(), hub.waits.len()), (1, 0));
    }
}

#[test]
fn what_passes_is_asked_again() {
    let down = || (file("config.json"), status(503, &[], "busy"));
    let mut hub = Hub::new([down(), down(), config()]);
    assert!(hub.load("a/b", Wanted::Config).is_ok());
    assert_eq!(hub.waits, [1, 2]);
    let mut hub = Hub::new([down()]);
    assert_eq!(hub.error(Wanted::Config).code(), "server_error");
    assert_eq!((hub.log.len(), hub.waits), (4, vec![1, 2, 4]));
    // Without time left it is not asked again; and meanwhile it is said what goes on.
    let source = Source {
        endpoint: Endpoint::default(),
        token: None,
    };
    let mut exchange = model(source, Locator::parse("a/b").unwrap(), Wanted::Config);
    let mut hub = Hub::new([down()]);
    let Step::Wants(wants) = exchange.step() else {
        panic!("not over")
    };
    let (ticket, Want::Get(get)) = &wants[0] else {
        panic!("an address first")
    };
    exchange.reply(*ticket, Reply::Got(hub.answer(get, Manner::Native)));
    let Step::Wants(wants) = exchange.step() else {
        panic!("not over")
    };
    let (ticket, Want::Wait { seconds: 1 }) = &wants[0] else {
        panic!("a wait then")
    };
    let (status, retry, of) = (503, 1, 3);
    assert_eq!(exchange.doing(), Doing::Again { status, retry, of });
    exchange.reply(*ticket, Reply::Waited(false));
    assert!(matches!(
        exchange.step(),
        Step::Done(Err(LoadError::Hub(HubError::Server { status: 503, .. })))
    ));
    // Once over, it stays over.
    assert!(matches!(exchange.step(), Step::Wants(none) if none.is_empty()));
}

#[test]
fn a_token_goes_to_no_other_origin() {
    let cdn = "https://cdn.example/x";
    let other = "https://huggingface.co.evil.example/a";
    for manner in [Manner::Native, Manner::Page] {
        for elsewhere in [cdn, other] {
            let mut hub = Hub::new([
                config(),
                tree(&[("model.safetensors", 0)]),
                (file("model.safetensors"), to(elsewhere)),
                (elsewhere.to_owned(), ok(weights("w", 200_000))),
            ]);
            hub.load_as("a/b", Wanted::ConfigAndHeaders, Some(SECRET), manner)
                .unwrap();
            for (url, _, token) in &hub.log {
                assert_eq!(*token, url.starts_with("https://huggingface.co/"), "{manner:?} {url}");
                assert!(!url.contains("hf_"));
            }
        }
        // Nor does it come back in words, whatever a server echoes.
        let echo = status(
            403,
            &[("x-error-message", "no hf%5FAbCdEfGhIjKlMnOpQrStUvWxYz0123456789")],
            "",
        );
        let mut hub = Hub::new([(file("config.json"), echo)]);
        let error = hub.load_as("a/b", Wanted::Config, Some(SECRET), manner).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("AbCd"), "{error}");
    }
    // From an encrypted address to one that is not, or in a circle: nowhere.
    for location in [
        "http://huggingface.co/x",
        "//evil.example/x",
        "",
        "/a/b/resolve/main/config.json",
    ] {
        let mut hub = Hub::new([(file("config.json"), to(location))]);
        assert_eq!(hub.error(Wanted::Config).code(), "unreachable", "{location}");
        assert!(hub.log.len() <= 6, "{location}");
    }
}

#[test]
fn a_mirror_below_a_path() {
    let endpoint = Endpoint::parse("https://proxy.example:8443/hub").unwrap();
    let url = "https://proxy.example:8443/hub/a/b/resolve/main/config.json".to_owned();
    let source = Source {
        endpoint,
        token: Some(Token::parse(SECRET).unwrap()),
    };
    let mut hub = Hub::new([(url.clone(), ok(CONFIG))]);
    let exchange = model(source, Locator::parse("a/b").unwrap(), Wanted::Config);
    assert!(hub.run(exchange, Manner::Native).is_ok());
    assert_eq!(hub.log, [(url, None, true)]);
}

#[test]
fn files_beside_the_config() {
    let at = |path: &str| format!("{HUB}/nvidia/X-FP8/resolve/main/{path}");
    let side = r#"{"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}"#;
    for (path, text, method) in [
        ("hf_quant_config.json", side, "modelopt"),
        ("quantize_config.json", r#"{"bits": 4, "group_size": 128}"#, "gptq"),
        ("quant_config.json", r#"{"w_bit": 4, "q_group_size": 128}"#, "awq"),
    ] {
        let mut hub = Hub::new([(at("config.json"), ok(CONFIG)), (at(path), ok(text))]);
        let loaded = hub.load("nvidia/X-FP8", Wanted::Config).unwrap();
        assert_eq!(loaded.config.unwrap()["quantization_config"]["quant_method"], method);
    }
    // None of them there: as the config says. One that cannot be read: no wrong number.
    let mut hub = Hub::new([(at("config.json"), ok(CONFIG))]);
    let loaded = hub.load("nvidia/X-FP8", Wanted::Config).unwrap();
    assert_eq!(loaded.config, serde_json::from_str(CONFIG).ok());
    let limited = (at("hf_quant_config.json"), status(429, &[], ""));
    let mut hub = Hub::new([(at("config.json"), ok(CONFIG)), limited]);
    assert_eq!(
        hub.load("nvidia/X-FP8", Wanted::Config).unwrap_err().code(),
        "rate_limited"
    );
}

#[test]
fn repositories_of_gguf_files() {
    let one = gguf();
    let size = one.len();
    let hub = || {
        Hub::new([
            tree(&[("Y.GGUF", size), ("mmproj-Y.gguf", 7)]),
            (file("Y.GGUF"), ok(one.clone())),
        ])
    };
    assert_eq!(hub().error(Wanted::Config).code(), "only_gguf");
    let loaded = hub().load("a/b", Wanted::ConfigAndHeaders).unwrap();
    assert!(loaded.config.is_none());
    assert_eq!(loaded.weights.unwrap().pieces[0].name, "Y.GGUF");
    // Several: one is to be named, by its address.
    let several = || {
        Hub::new([
            tree(&[
                ("b-Q8_0.gguf", 9000),
                ("a-Q4_K_M-00001-of-00002.gguf", 100),
                ("a-Q4_K_M-00002-of-00002.gguf", 200),
            ]),
            (file("b-Q8_0.gguf"), ok(one.clone())),
        ])
    };
    let error = several().error(Wanted::Headers(None));
    let LoadError::Several { models, .. } = &error else {
        panic!("{error}")
    };
    let expected = [
        ("a-Q4_K_M-00001-of-00002.gguf".to_owned(), 300),
        ("b-Q8_0.gguf".to_owned(), 9000),
    ];
    assert_eq!(models, &expected);
    let mut hub = several();
    let loaded = hub.load("hf://a/b/b-Q8_0.gguf", Wanted::ConfigAndHeaders).unwrap();
    assert!(loaded.weights.unwrap().checkpoint.list.tensors.len() > 1);
    assert!(hub.log.iter().all(|(url, ..)| !url.contains("a-Q4")));
    // A split model whose second half is missing.
    let mut hub = Hub::new([
        tree(&[("s-00001-of-00002.gguf", size)]),
        (file("s-00001-of-00002.gguf"), ok(one.clone())),
    ]);
    let error = hub.error(Wanted::Headers(None));
    assert!(error.to_string().contains("s-00002-of-00002.gguf"), "{error}");
}

#[test]
fn servers_that_do_not_keep_to_what_was_asked() {
    let one = |written| {
        Hub::new([
            tree(&[("model.safetensors", 200_100)]),
            (file("model.safetensors"), written),
        ])
    };
    let body = || ok(weights("w", 200_000));
    // Whole files are left alone; a file no longer than what was asked for may come whole.
    let no_range = true;
    let mut hub = one(Written { no_range, ..body() });
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "no_parts");
    assert!(hub.bytes < 1000, "{}", hub.bytes);
    let small = weights("w", 10);
    let mut hub = one(Written {
        no_range,
        ..ok(small.clone())
    });
    assert!(hub.load("a/b", Wanted::Headers(None)).is_ok());
    // Less than was asked for, and another part.
    let mut hub = one(Written {
        short: Some(50),
        ..body()
    });
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "broken_off");
    let other = status(206, &[("content-range", "bytes 7-100/200")], "xx");
    assert_eq!(one(other).error(Wanted::Headers(None)).code(), "no_parts");
    // A part without a word of its size that ends early is the end of the file.
    let mute = status(206, &[], "\u{1}\0\0");
    let mut hub = Hub::new([tree(&[("model.safetensors", 0)]), (file("model.safetensors"), mute)]);
    assert!(
        hub.error(Wanted::Headers(None))
            .to_string()
            .contains("model.safetensors")
    );
    assert!(hub.log.len() < 5, "{:?}", hub.log);
}

#[test]
fn hostile_servers_cost_little() {
    // A header that claims nearly 2^63 bytes.
    let mut huge = (1_u64 << 62).to_le_bytes().to_vec();
    huge.extend(vec![b'{'; 200_000]);
    let mut hub = Hub::new([
        tree(&[("model.safetensors", 1 << 40)]),
        (file("model.safetensors"), ok(huge)),
    ]);
    let error = hub.error(Wanted::Headers(None));
    assert!(matches!(error, LoadError::Header { .. }), "{error}");
    assert!(
        hub.bytes < 110_000 && hub.log.len() == 2,
        "{} {}",
        hub.bytes,
        hub.log.len()
    );
    // An index that names a million shards.
    let map: String = (0..1_000_000)
        .map(|at| format!(r#""t{at}":"s{at}.safetensors","#))
        .collect();
    let index = format!(r#"{{"weight_map":{{{map}"t":"s.safetensors"}}}}"#);
    let name = "model.safetensors.index.json";
    let mut hub = Hub::new([tree(&[(name, index.len())]), (file(name), ok(index))]);
    let error = hub.error(Wanted::Headers(None));
    assert!(error.to_string().contains("more shards than any model has"), "{error}");
    assert_eq!(hub.log.len(), 2);
    // A name that claims a hundred thousand files, and an endless index and listing.
    let claims = ["m-00001-of-99999.gguf"].map(|name| (name, 1));
    assert_eq!(
        Hub::new([tree(&claims)]).error(Wanted::Headers(None)).code(),
        "header_too_many"
    );
    let endless = |body: &str| Written {
        endless: true,
        ..ok(body)
    };
    let mut hub = Hub::new([tree(&[(name, 9)]), (file(name), endless("{"))]);
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "too_large");
    assert!(hub.bytes <= limits::INDEX.and_one() + 1000);
    let mut hub = Hub::new([(tree(&[]).0, endless("["))]);
    assert_eq!(hub.error(Wanted::Headers(None)).code(), "too_large");
    // Index and shards that do not belong together; a shard that is not there.
    let mut pages = sharded(3);
    pages.retain(|(url, _)| !url.ends_with("00001.safetensors"));
    let error = Hub::new(pages).error(Wanted::Headers(None));
    assert!(error.to_string().contains("model-00001.safetensors"), "{error}");
    let mut pages = sharded(2);
    pages[1].1 = ok(weights("layers.1.w", 200_000));
    assert!(matches!(
        Hub::new(pages).error(Wanted::Headers(None)),
        LoadError::Header { .. }
    ));
}

#[test]
fn a_known_config_is_not_asked_for() {
    let mut hub = Hub::new(sharded(2));
    let known = Arc::new(json!({"model_type": "llama"}));
    let loaded = hub.load("a/b", Wanted::Headers(Some(known))).unwrap();
    assert!(loaded.config.is_none() && loaded.weights.is_some());
    assert!(hub.log.iter().all(|(url, ..)| !url.ends_with("/config.json")));
}
