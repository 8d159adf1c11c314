//! The native fetcher against a small server that answers as the Hub was recorded to answer.
// The helpers outside test functions may stop a test too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use weighbridge::cli::fetch::{self, Patience};
use weighbridge::hub::loader::{self, LoadError, LoadedModel, Source, Wanted};
use weighbridge::hub::{Endpoint, HubError, Locator, MAX_CONFIG_BYTES, Token};

const SHA: &str = "607a30d783dfa663caf39e06633721c8d4cfcd7e";
const SECRET: &str = "hf_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789";

/// `{"model_type":"gpt2"}`, compressed with gzip.
const ZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 205, 79, 73, 205, 137, 47, 169, 44, 72, 85, 178, 82, 74, 47, 40, 49,
    82, 170, 5, 0, 119, 168, 88, 211, 21, 0, 0, 0,
];

/// One request as it arrived: the path and the headers, in lower case.
#[derive(Clone, Debug)]
struct Seen {
    path: String,
    headers: String,
}

/// A server for one test. `answer` maps a path and the count of requests before to the bytes to send;
/// `None` keeps the connection open in silence.
struct Server {
    base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn start(answer: impl Fn(&str, usize) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            let mut held = Vec::new();
            for stream in listener.incoming().map_while(Result::ok) {
                let Some(request) = read_request(&stream) else {
                    continue;
                };
                let before = log.lock().unwrap().len();
                log.lock().unwrap().push(request.clone());
                match answer(&request.path, before) {
                    Some(bytes) => drop((&stream).write_all(&bytes)),
                    None => held.push(stream),
                }
            }
        });
        Self { base, seen }
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::parse(&self.base).unwrap()
    }

    fn paths(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|it| it.path.clone()).collect()
    }

    fn had_token(&self) -> Vec<bool> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|it| it.headers.contains("authorization:"))
            .collect()
    }
}

fn read_request(stream: &TcpStream) -> Option<Seen> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut lines = BufReader::new(stream.take(64 * 1024)).lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let headers: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    Some(Seen {
        path,
        headers: headers.join("\n").to_ascii_lowercase(),
    })
}

fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let body = body.as_ref();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n",
        body.len()
    );
    Some([head.as_bytes(), body].concat())
}

fn at(text: &str) -> Locator {
    Locator::parse(text).unwrap()
}

fn quick(total: Duration) -> Patience {
    Patience {
        connect: Duration::from_secs(2),
        total,
        second: Duration::from_millis(5),
    }
}

fn fetch(server: &Server, model: &str, token: Option<&Token>) -> Result<LoadedModel, HubError> {
    fetch_from(server.endpoint(), model, token, Duration::from_secs(10))
}

fn fetch_from(
    endpoint: Endpoint,
    model: &str,
    token: Option<&Token>,
    total: Duration,
) -> Result<LoadedModel, HubError> {
    let source = Source {
        endpoint: endpoint.clone(),
        token: token.cloned(),
    };
    let exchange = loader::model(source, at(model), Wanted::Config);
    fetch::run(&endpoint, &quick(total), exchange).map_err(|error| match error {
        LoadError::Hub(error) => error,
        other => panic!("{other}"),
    })
}

#[test]
fn a_renamed_model_is_followed_to_its_config() {
    let server = Server::start(|path, _| match path {
        "/gpt2/resolve/main/config.json" => answer(
            "307 Temporary Redirect",
            "Location: /openai-community/gpt2/resolve/main/config.json\r\n",
            "",
        ),
        "/openai-community/gpt2/resolve/main/config.json" => {
            let to = format!(
                "Location: /api/resolve-cache/models/openai-community/gpt2/{SHA}/config.json?x=1&etag=%22a%22\r\n"
            );
            answer("307 Temporary Redirect", &to, "")
        }
        _ => answer(
            "200 OK",
            "Content-Type: application/json\r\n",
            r#"{"model_type":"gpt2","n_layer":12}"#,
        ),
    });
    let token = Token::parse(SECRET).unwrap();
    let fetched = fetch(&server, "gpt2", Some(&token)).unwrap();
    assert_eq!(fetched.commit.as_deref(), Some(SHA));
    assert_eq!(fetched.id.to_string(), "openai-community/gpt2");
    assert_eq!(fetched.config.unwrap()["n_layer"], 12);
    assert_eq!(
        server.had_token(),
        [true, true, true],
        "the same origin keeps the token"
    );
    assert!(server.seen.lock().unwrap()[0].headers.contains("accept-encoding: gzip"));
}

#[test]
fn the_token_goes_to_no_other_host() {
    let other = Server::start(|_, _| answer("200 OK", "", "{}"));
    let to = format!("Location: {}/signed?X=1\r\nX-Repo-Commit: {SHA}\r\n", other.base);
    let hub = Server::start(move |_, _| answer("302 Found", &to, ""));
    let token = Token::parse(SECRET).unwrap();
    let fetched = fetch(&hub, "a/b", Some(&token)).unwrap();
    assert_eq!((hub.had_token(), other.had_token()), (vec![true], vec![false]));
    assert_eq!(fetched.commit.as_deref(), Some(SHA), "told by the first hop");
    assert_eq!(fetched.id.to_string(), "a/b");
}

#[test]
fn refusals_are_told_apart() {
    for (status, headers, body, signed_in, code) in [
        (
            "401 Unauthorized",
            "X-Error-Code: GatedRepo\r\n",
            "Access to model a/b is restricted.",
            false,
            "gated_sign_in",
        ),
        (
            "403 Forbidden",
            "X-Error-Code: GatedRepo\r\n",
            "you are not in the authorized list",
            true,
            "gated_not_granted",
        ),
        (
            "401 Unauthorized",
            "",
            r#"{"error":"Invalid username or password."}"#,
            false,
            "not_found_or_private",
        ),
        (
            "401 Unauthorized",
            "",
            r#"{"error":"Invalid credentials in Authorization header"}"#,
            true,
            "bad_token",
        ),
        ("404 Not Found", "X-Error-Code: RepoNotFound\r\n", "", true, "not_found"),
        (
            "404 Not Found",
            "X-Error-Code: RevisionNotFound\r\n",
            "Invalid rev id: x",
            false,
            "revision_not_found",
        ),
        ("418 I'm a teapot", "", "short and stout", false, "unexpected_answer"),
    ] {
        let server = Server::start(move |_, _| answer(status, headers, body));
        let token = signed_in.then(|| Token::parse(SECRET).unwrap());
        let error = fetch(&server, "a/b@x", token.as_ref()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(!format!("{error} {error:?}").contains("AbCd"));
        assert_eq!(server.paths(), ["/a/b/resolve/x/config.json"], "asked once");
    }
}

#[test]
fn a_rate_limit_is_reported_with_its_wait_and_not_retried() {
    let headers =
        "RateLimit: \"resolvers\";r=0;t=55\r\nRateLimit-Policy: \"fixed window\";\"resolvers\";q=3000;w=300\r\n";
    let server = Server::start(move |_, _| {
        answer(
            "429 Too Many Requests",
            headers,
            "<h1>429</h1><p>We had to rate limit you.</p>",
        )
    });
    let error = fetch(&server, "a/b", None).unwrap_err();
    assert_eq!(
        error,
        HubError::RateLimited {
            wait_seconds: 55,
            token_sent: false
        }
    );
    assert_eq!(server.paths().len(), 1);
}

#[test]
fn a_server_at_fault_is_asked_again() {
    let recovers = Server::start(|_, before| {
        if before < 2 {
            answer("503 Service Unavailable", "", "busy")
        } else {
            answer("200 OK", "", "{}")
        }
    });
    assert_eq!(
        fetch(&recovers, "a/b", None).unwrap().config,
        Some(serde_json::json!({}))
    );
    assert_eq!(recovers.paths().len(), 3);

    let stays = Server::start(|_, _| answer("502 Bad Gateway", "X-Request-Id: Root=1-2\r\n", "<html>no</html>"));
    let error = fetch(&stays, "a/b", None).unwrap_err();
    assert_eq!(
        error,
        HubError::Server {
            status: 502,
            said: None,
            request_id: Some("Root=1-2".into())
        }
    );
    assert_eq!(stays.paths().len(), 4);
}

#[test]
fn a_missing_config_is_explained_by_the_listing() {
    let file = |path: &str| format!(r#"{{"type":"file","oid":"x","size":9,"path":"{path}"}}"#);
    for (files, code) in [
        (vec!["README.md", "a-Q4_K_M.gguf", "a-Q8_0.gguf"], "only_gguf"),
        (vec!["params.json", "consolidated.safetensors"], "only_params"),
        (
            vec!["adapter_config.json", "adapter_model.safetensors"],
            "not_a_transformer_adapter",
        ),
        (
            vec!["model_index.json", "unet/config.json"],
            "not_a_transformer_diffusers",
        ),
        (vec!["modules.json", "model.safetensors"], "not_a_transformer_modules"),
        (vec![".gitattributes", "README.md"], "no_weights"),
        (vec!["8bit/config.json", "8bit/model.safetensors"], "config_elsewhere"),
        (vec!["pytorch_model.bin"], "file_not_found"),
    ] {
        let listing = format!("[{}]", files.iter().map(|it| file(it)).collect::<Vec<_>>().join(","));
        let server = Server::start(move |path, _| {
            if path.ends_with("/adapter_config.json") {
                answer(
                    "200 OK",
                    "",
                    r#"{"peft_type":"LORA","base_model_name_or_path":"meta-llama/Llama-3.1-8B"}"#,
                )
            } else if path.starts_with("/api/models/a/b/tree/main?") {
                answer("200 OK", "", &listing)
            } else {
                answer(
                    "404 Not Found",
                    "X-Error-Code: EntryNotFound\r\nX-Error-Message: Entry not found\r\n",
                    "Entry not found",
                )
            }
        });
        let error = fetch(&server, "a/b", None).unwrap_err();
        assert_eq!(error.code(), code, "{files:?}");
        if let HubError::Adapter { base, .. } = error {
            assert_eq!(base.as_deref(), Some("meta-llama/Llama-3.1-8B"));
        }
    }
    // The listing fails too: the first finding stands.
    let server = Server::start(|_, _| answer("404 Not Found", "X-Error-Code: EntryNotFound\r\n", ""));
    assert_eq!(fetch(&server, "a/b", None).unwrap_err().code(), "file_not_found");
}

#[test]
fn a_compressed_config_is_unpacked() {
    let server = Server::start(|_, _| answer("200 OK", "Content-Encoding: gzip\r\n", ZIPPED));
    assert_eq!(
        fetch(&server, "a/b", None).unwrap().config,
        Some(serde_json::json!({"model_type": "gpt2"}))
    );
    let cut = Server::start(|_, _| answer("200 OK", "Content-Encoding: gzip\r\n", &ZIPPED[..20]));
    assert_eq!(fetch(&cut, "a/b", None).unwrap_err().code(), "broken_off");
}

#[test]
fn bodies_that_are_no_config_are_named() {
    let page = Server::start(|_, _| {
        answer(
            "200 OK",
            "Content-Type: text/html\r\n",
            "<!DOCTYPE html><title>Log in</title>",
        )
    });
    let error = fetch(&page, "a/b", None).unwrap_err();
    assert_eq!(error.code(), "not_json");
    assert!(error.message().contains("an HTML page"), "{error}");

    let bytes = Server::start(|_, _| answer("200 OK", "", [0xff, 0xfe, 0x00]));
    assert_eq!(fetch(&bytes, "a/b", None).unwrap_err().code(), "not_json");

    let huge = Server::start(|_, _| answer("200 OK", "", vec![b' '; MAX_CONFIG_BYTES + 1]));
    assert_eq!(fetch(&huge, "a/b", None).unwrap_err().code(), "too_large");
}

#[test]
fn a_body_that_ends_early_is_told() {
    let short = Server::start(|_, _| {
        Some(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{\"model_type\":".to_vec())
    });
    assert_eq!(fetch(&short, "a/b", None).unwrap_err().code(), "broken_off");
    let chunked =
        Server::start(|_, _| Some(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{\"a\":".to_vec()));
    assert_eq!(fetch(&chunked, "a/b", None).unwrap_err().code(), "broken_off");
    let nothing = Server::start(|_, _| Some(Vec::new()));
    assert_eq!(fetch(&nothing, "a/b", None).unwrap_err().code(), "broken_off");
}

#[test]
fn silence_times_out() {
    for start in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"] {
        // The listener's thread holds the connection after the first bytes.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            read_request(&stream);
            stream.write_all(start.as_bytes()).unwrap();
            thread::sleep(Duration::from_secs(20));
        });
        let begun = Instant::now();
        let error = fetch_from(endpoint, "a/b", None, Duration::from_millis(300)).unwrap_err();
        assert_eq!(error.code(), "timed_out", "{start:?}: {error:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[test]
fn a_closed_door_and_a_circle_are_unreachable() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::parse(&format!("http://{}", gone.local_addr().unwrap())).unwrap();
    drop(gone);
    let error = fetch_from(endpoint, "a/b", None, Duration::from_secs(5)).unwrap_err();
    assert_eq!(error.code(), "unreachable");

    let circle = Server::start(|path, _| answer("302 Found", &format!("Location: {path}\r\n"), ""));
    assert_eq!(fetch(&circle, "a/b", None).unwrap_err().code(), "unreachable");
    for bad in ["", "ftp://x/y", "//evil.example/x", "relative"] {
        let server = Server::start(move |_, _| answer("302 Found", &format!("Location: {bad}\r\n"), ""));
        assert_eq!(fetch(&server, "a/b", None).unwrap_err().code(), "unreachable", "{bad}");
    }
}
