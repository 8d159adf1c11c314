//! chromedriver as a process, one WebDriver session in it, and the commands over HTTP.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

/// chromedriver with a session; dropping it closes Chromium, ends chromedriver and removes the profile.
#[derive(Debug)]
pub struct Session {
    driver: Child,
    agent: Agent,
    root: String,
    /// `/session/ID`; empty until there is one.
    path: String,
    profile: PathBuf,
}

impl Session {
    pub fn start() -> Self {
        let driver = program("CHROMEDRIVER", &["chromedriver"]);
        let chromium = program(
            "CHROMIUM",
            &[
                "chromium",
                "chromium-browser",
                "google-chrome",
                "google-chrome-stable",
                "chrome",
            ],
        );
        // Another process may take the free port before chromedriver does: then once more.
        for _ in 0..3 {
            if let Some(session) = Self::try_start(&driver, &chromium) {
                return session;
            }
        }
        panic!(
            "chromedriver ended at once, three times; try {} --version",
            driver.display()
        );
    }

    fn try_start(driver: &Path, chromium: &Path) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = free.expect("cannot find a free port").port();
        let child = Command::new(driver)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", driver.display()));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .proxy(None)
            .build()
            .into();
        let profile = super::super::fresh_folder("profile");
        let mut session = Self {
            driver: child,
            agent,
            root: format!("http://127.0.0.1:{port}"),
            path: String::new(),
            profile,
        };
        if !session.ready() {
            return None;
        }
        let made = session.call("POST", "/session", session.capabilities(chromium));
        let made = made.unwrap_or_else(|error| {
            panic!(
                "Chromium did not start: {error}\nIs chromedriver of the same version as {}?",
                chromium.display()
            )
        });
        session.path = format!("/session/{}", made["sessionId"].as_str().expect("a session has an id"));
        Some(session)
    }

    pub fn profile(&self) -> &Path {
        &self.profile
    }

    /// Waits until chromedriver answers; false if it has ended.
    fn ready(&mut self) -> bool {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(20) {
            if self
                .call("GET", "/status", Value::Null)
                .is_ok_and(|status| status["ready"] == true)
            {
                return true;
            }
            if self.driver.try_wait().is_ok_and(|ended| ended.is_some()) {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("chromedriver did not answer within 20 s");
    }

    fn capabilities(&self, chromium: &Path) -> Value {
        let profile = format!("--user-data-dir={}", self.profile.display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-dev-shm-usage",
            "--disable-sync",
            "--window-size=1280,800",
            &profile,
        ];
        json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "timeouts": { "script": 30_000, "pageLoad": 30_000, "implicit": 0 },
            "goog:chromeOptions": { "binary": chromium, "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } })
    }

    /// One command, with its path below the session. The error is chromedriver's own, without its stack trace.
    pub fn call(&self, method: &str, path: &str, body: Value) -> Result<Value, String> {
        let url = format!("{}{}{path}", self.root, self.path);
        let answer = match method {
            "GET" => self.agent.get(&url).call(),
            "DELETE" => self.agent.delete(&url).call(),
            _ => self.agent.post(&url).send_json(&body),
        };
        let mut answer = answer.map_err(|error| error.to_string())?;
        // Screenshots are larger than the client's own limit.
        let text = answer
            .body_mut()
            .with_config()
            .limit(1 << 28)
            .read_to_string()
            .map_err(|error| error.to_string())?;
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(kind) if value["stacktrace"].is_string() => {
                let message = value["message"].as_str().unwrap_or_default();
                let message = message.split("\n  (Session info").next().unwrap_or(message);
                Err(if message.starts_with(kind) {
                    message.to_owned()
                } else {
                    format!("{kind}: {message}")
                })
            }
            _ => Ok(value),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Chromium ends with its session; killing chromedriver alone would leave it running.
        if !self.path.is_empty() {
            let _ = self.call("DELETE", "", Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        // The last of its processes may still be writing.
        for _ in 0..50 {
            if std::fs::remove_dir_all(&self.profile).is_ok() || !self.profile.exists() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// A program by an environment variable or by the first of its names on PATH.
fn program(variable: &str, names: &[&str]) -> PathBuf {
    if let Some(path) = std::env::var_os(variable) {
        return path.into();
    }
    let folders: Vec<PathBuf> = std::env::var_os("PATH")
        .iter()
        .flat_map(std::env::split_paths)
        .collect();
    let suffix = std::env::consts::EXE_SUFFIX;
    let found = names.iter().find_map(|name| {
        folders
            .iter()
            .map(|folder| folder.join(format!("{name}{suffix}")))
            .find(|file| file.is_file())
    });
    found.unwrap_or_else(|| {
        panic!(
            "no {} on PATH. The browser tests need Chromium and the chromedriver of the same version: install both \
             (Debian: apt-get install chromium chromium-driver) or set {variable}, then run ./dev test.",
            names.join(" or ")
        )
    })
}
