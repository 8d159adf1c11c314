//! A static server for the built page: the types a browser insists on, an optional sub-path, a log of requests.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::http::{Answer, Request, Service, decode};

/// Serves a folder at `http://localhost:PORT/` or below a prefix. `localhost` is a secure context, so workers run.
#[derive(Debug)]
pub struct Server {
    service: Service,
    prefix: String,
    hits: Arc<Mutex<Vec<Hit>>>,
}

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub method: String,
    /// As it was asked for, prefix included, decoded, without the query.
    pub path: String,
    pub query: String,
    pub status: u16,
}

impl Server {
    /// Serves `root` below `prefix`, which begins and ends with a slash: `/`, `/sub/`.
    pub fn start(root: impl Into<PathBuf>, prefix: &str) -> Self {
        assert!(
            prefix.starts_with('/') && prefix.ends_with('/'),
            "the prefix must be like / or /sub/, not {prefix}"
        );
        let hits: Arc<Mutex<Vec<Hit>>> = Arc::default();
        let (root, inside, log) = (root.into(), prefix.to_owned(), hits.clone());
        let service = Service::start(|_| {
            move |request: &Request| {
                let path = decode(&request.path);
                // A browser asks for it beside files that are no page; a site has one.
                let answer = match path.as_str() {
                    "/favicon.ico" => Answer::new(204, "image/x-icon", ""),
                    _ => answer(&root, &inside, &request.method, &path),
                };
                log.lock().unwrap().push(Hit {
                    method: request.method.clone(),
                    path,
                    query: request.query.clone(),
                    status: answer.status,
                });
                answer
            }
        });
        Self {
            service,
            prefix: prefix.to_owned(),
            hits,
        }
    }

    /// Serves the built page.
    pub fn dist(prefix: &str) -> Self {
        let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
        assert!(
            dist.join("index.html").is_file(),
            "dist/ holds no built page: run ./dev test, which builds the page before it tests it"
        );
        Self::start(dist, prefix)
    }

    /// The address of the page, with the prefix and a slash at the end.
    pub fn url(&self) -> String {
        format!("http://localhost:{}{}", self.service.port(), self.prefix)
    }

    /// The address of something below the page: `at("?m=1#x")`, `at("sw.js")`.
    pub fn at(&self, rest: &str) -> String {
        self.url() + rest.trim_start_matches('/')
    }

    /// The server goes away; what is under way is cut.
    pub fn stop(&mut self) {
        self.service.stop();
    }

    /// It comes back at the same address.
    pub fn restart(&mut self) {
        self.service.restart();
    }

    /// All requests so far, in the order of their arrival.
    pub fn hits(&self) -> Vec<Hit> {
        self.hits.lock().unwrap().clone()
    }

    /// How often `path` (below the prefix) was asked for: `count("")` is the page, `count("sw.js")` a file.
    pub fn count(&self, path: &str) -> usize {
        let path = format!("{}{}", self.prefix, path.trim_start_matches('/'));
        self.hits().iter().filter(|hit| hit.path == path).count()
    }
}

fn answer(root: &Path, prefix: &str, method: &str, path: &str) -> Answer {
    if !matches!(method, "GET" | "HEAD") {
        return Answer::new(405, "text/plain; charset=utf-8", "Method not allowed");
    }
    if format!("{path}/") == prefix {
        return Answer::new(302, "", "").with("Location", prefix);
    }
    let missing = || Answer::new(404, "text/plain; charset=utf-8", "Not found");
    let Some(inside) = path
        .strip_prefix(prefix)
        .filter(|inside| !inside.split(['/', '\\']).any(|part| part == ".."))
    else {
        return missing();
    };
    let mut file = root.join(inside.trim_start_matches('/'));
    if file.is_dir() {
        file.push("index.html");
    }
    match std::fs::read(&file) {
        // Each load asks again, so that a test can replace files.
        Ok(body) => Answer::new(200, content_type(&file), body).with("Cache-Control", "no-cache"),
        Err(_) => missing(),
    }
}

fn content_type(file: &Path) -> &'static str {
    match file
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
    {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "md" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
