//! chromedriver or geckodriver as a process, one WebDriver session in it, and the commands over HTTP.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

/// In the profile: what the driver writes.
const OUTPUT: &str = "driver.log";

/// The browsers that the tests know. Only Chromium speaks the DevTools protocol, so only tests that need no more than
/// WebDriver run in both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Chromium,
    Firefox,
}

impl Kind {
    /// What the environment asks for: `BROWSER=firefox`, or Chromium.
    fn wanted() -> Self {
        match std::env::var("BROWSER").as_deref() {
            Ok("firefox") => Self::Firefox,
            _ => Self::Chromium,
        }
    }

    fn driver(self) -> PathBuf {
        match self {
            Self::Chromium => program("CHROMEDRIVER", &["chromedriver"]),
            Self::Firefox => program("GECKODRIVER", &["geckodriver"]),
        }
    }

    fn browser(self) -> PathBuf {
        match self {
            Self::Chromium => program(
                "CHROMIUM",
                &[
                    "chromium",
                    "chromium-browser",
                    "google-chrome",
                    "google-chrome-stable",
                    "chrome",
                ],
            ),
            Self::Firefox => program("FIREFOX", &["firefox", "firefox-esr"]),
        }
    }
}

/// A driver with a session; dropping it closes the browser, ends the driver and removes the profile.
#[derive(Debug)]
pub struct Session {
    kind: Kind,
    driver: Child,
    agent: Agent,
    root: String,
    /// `/session/ID`; empty until there is one.
    path: String,
    profile: PathBuf,
}

impl Session {
    pub fn start() -> Self {
        let kind = Kind::wanted();
        let (driver, browser) = (kind.driver(), kind.browser());
        // Another process may take the free port before the driver does: then once more.
        for _ in 0..3 {
            if let Some(session) = Self::try_start(kind, &driver, &browser) {
                return session;
            }
        }
        panic!("{} ended at once, three times; try its --version", driver.display());
    }

    fn try_start(kind: Kind, driver: &Path, browser: &Path) -> Option<Self> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = free.expect("cannot find a free port").port();
        let profile = super::super::fresh_folder("profile");
        // Firefox says what its console says on its output alone.
        let log = std::fs::File::create(profile.join(OUTPUT)).expect("the profile's folder was just made");
        let child = Command::new(driver)
            .args(
                ["--port".to_owned(), port.to_string()]
                    .iter()
                    .take(if kind == Kind::Firefox { 2 } else { 0 }),
            )
            .args((kind == Kind::Chromium).then(|| format!("--port={port}")))
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_or_else(|_| Stdio::null(), Stdio::from))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", driver.display()));
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .proxy(None)
            .build()
            .into();
        let mut session = Self {
            kind,
            driver: child,
            agent,
            root: format!("http://127.0.0.1:{port}"),
            path: String::new(),
            profile,
        };
        if !session.ready() {
            return None;
        }
        let made = session.call("POST", "/session", session.capabilities(browser));
        let made = made.unwrap_or_else(|error| {
            panic!(
                "the browser did not start: {error}\nIs {} of the version that {} asks for?",
                driver.display(),
                browser.display()
            )
        });
        session.path = format!("/session/{}", made["sessionId"].as_str().expect("a session has an id"));
        Some(session)
    }

    pub fn profile(&self) -> &Path {
        &self.profile
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the driver and Firefox have written so far.
    pub fn output(&self) -> String {
        std::fs::read(self.profile.join(OUTPUT))
            .map_or_else(|_| String::new(), |all| String::from_utf8_lossy(&all).into_owned())
    }

    /// Waits until the driver answers; false if it has ended.
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
        panic!("the driver did not answer within 20 s");
    }

    fn capabilities(&self, browser: &Path) -> Value {
        let timeouts = json!({ "script": 30_000, "pageLoad": 30_000, "implicit": 0 });
        if self.kind == Kind::Firefox {
            // Firefox makes a profile of its own under the temporary folder, and removes it.
            return json!({ "capabilities": { "alwaysMatch": {
                "browserName": "firefox",
                "timeouts": timeouts,
                "moz:firefoxOptions": {
                    "binary": browser,
                    "args": ["-headless"],
                    "prefs": { "devtools.console.stdout.content": true, "dom.ipc.processCount": 1 },
                },
            } } });
        }
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
            "timeouts": timeouts,
            "goog:chromeOptions": { "binary": browser, "args": args },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } })
    }

    /// One command, with its path below the session. The error is the driver's own, without its stack trace.
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
        // The browser ends with its session; killing the driver alone would leave it running.
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
            "no {} on PATH. The browser tests need Chromium and the chromedriver of the same version (Debian: apt-get \
             install chromium chromium-driver), or with BROWSER=firefox Firefox and geckodriver: install both or set \
             {variable}.",
            names.join(" or ")
        )
    })
}
