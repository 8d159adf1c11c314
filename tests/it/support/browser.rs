//! A browser for the tests: Chromium, driven over WebDriver through chromedriver; `BROWSER=firefox` takes Firefox and
//! geckodriver, for tests that use nothing of [`view`].
//!
//! An own client, although fantoccini and thirtyfour are well kept. They cost 99 and 147 crates and an async runtime
//! for tests that do one thing after another, and what these tests need beyond the common part (console log, emulated
//! media, viewport, network) goes through raw commands in either. `ureq` and `serde_json` are here anyway.
//!
//! * This file: start and end of a session, addresses, scripts, waiting, the console.
//! * [`input`]: mouse, keys, forms, files, paste.
//! * [`view`]: viewport, colour scheme, motion, network, downloads, screenshots.

mod input;
mod session;
mod view;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use session::Session;

/// One browser with a profile of its own. Dropping it ends it; a test that panics leaves a screenshot in
/// `target/browser-failures/`.
#[derive(Debug)]
pub struct Browser {
    session: Session,
    log: RefCell<Vec<Entry>>,
    media: RefCell<view::Media>,
    reported: Cell<bool>,
}

/// One line of the browser's console.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// `SEVERE`, `WARNING`, `INFO` or `DEBUG`.
    pub level: String,
    /// `javascript` (uncaught), `console-api`, `network`, `security`, ...
    pub source: String,
    pub text: String,
}

impl Browser {
    /// Starts chromedriver and Chromium, or panics with what is missing.
    pub fn start() -> Self {
        Self {
            session: Session::start(),
            log: RefCell::default(),
            media: RefCell::default(),
            reported: Cell::new(false),
        }
    }

    /// The folder of the profile, removed at the end.
    pub fn profile(&self) -> &std::path::Path {
        self.session.profile()
    }

    /// Opens an address and waits until the page has loaded.
    #[track_caller]
    pub fn goto(&self, url: &str) {
        self.must("POST", "/url", json!({ "url": url }));
    }

    #[track_caller]
    pub fn reload(&self) {
        // Firefox's own command goes past the offline worker, which a user's press of the key does not.
        if self.session.kind() == session::Kind::Firefox {
            return self.goto(&self.url());
        }
        self.must("POST", "/refresh", json!({}));
    }

    #[track_caller]
    pub fn back(&self) {
        self.must("POST", "/back", json!({}));
    }

    #[track_caller]
    pub fn forward(&self) {
        self.must("POST", "/forward", json!({}));
    }

    /// The address in the address bar, query and fragment included.
    #[track_caller]
    pub fn url(&self) -> String {
        self.must("GET", "/url", Value::Null)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Runs the body of a function and gives what it returns: `script("return arguments[0] + 1", json!([1]))`.
    /// `await` may be used; `args` is an array.
    #[track_caller]
    pub fn script(&self, body: &str, args: Value) -> Value {
        self.try_script(body, args)
            .unwrap_or_else(|error| panic!("the script failed: {error}\n  {body}"))
    }

    /// As [`Self::script`], with the error as a value.
    pub fn try_script(&self, body: &str, args: Value) -> Result<Value, String> {
        // An arrow function sees the arguments of the function around it.
        let script = format!("return (async () => {{ {body}\n }})()");
        self.session
            .call("POST", "/execute/sync", json!({ "script": script, "args": args }))
    }

    /// Polls a JavaScript expression until it is true (or a non-empty value), and gives that value.
    /// After `deadline` it panics with the console log and saves a screenshot.
    #[track_caller]
    pub fn wait_for(&self, condition: &str, deadline: Duration) -> Value {
        let start = Instant::now();
        loop {
            // A page that is being replaced answers with an error: ask again.
            let last = self.try_script(&format!("return (\n{condition}\n)"), json!([]));
            let met = |value: &Value| match value {
                Value::Null | Value::Bool(false) => false,
                Value::String(text) => !text.is_empty(),
                Value::Number(number) => number.as_f64() != Some(0.0),
                _ => true,
            };
            if let Ok(value) = &last
                && met(value)
            {
                return value.clone();
            }
            if start.elapsed() > deadline {
                let last = last.map_or_else(|error| format!("error {error}"), |value| value.to_string());
                self.fail(&format!("not met after {deadline:?}: {condition}\nlast value: {last}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The rendered text of the first element that matches, which must appear within a few seconds.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        let element = self.element(css);
        self.must("GET", &format!("/element/{element}/text"), Value::Null)
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// The rendered texts of all elements that match now.
    #[track_caller]
    pub fn texts(&self, css: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText ?? e.textContent)";
        let found = self.script(script, json!([css]));
        let texts = found.as_array().into_iter().flatten();
        texts
            .map(|text| text.as_str().unwrap_or_default().trim().to_owned())
            .collect()
    }

    /// How many elements match now.
    #[track_caller]
    pub fn count(&self, css: &str) -> usize {
        self.texts(css).len()
    }

    /// Everything the console has said since the start (or [`Self::forget_console`]), network errors included.
    pub fn console(&self) -> Vec<Entry> {
        if self.session.kind() == session::Kind::Firefox {
            return firefox_console(&self.session.output());
        }
        let new = self
            .session
            .call("POST", "/se/log", json!({ "type": "browser" }))
            .unwrap_or_default();
        let field = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let mut log = self.log.borrow_mut();
        log.extend(new.as_array().into_iter().flatten().map(|entry| Entry {
            level: field(entry, "level"),
            source: field(entry, "source"),
            text: field(entry, "message"),
        }));
        log.clone()
    }

    pub fn forget_console(&self) {
        let _ = self.console();
        self.log.borrow_mut().clear();
    }

    /// Entries of level SEVERE: exceptions, `console.error`, refusals by the CSP, and failed requests (any 4xx, too).
    pub fn errors(&self) -> Vec<Entry> {
        self.console()
            .into_iter()
            .filter(|entry| entry.level == "SEVERE")
            .collect()
    }

    /// [`Self::errors`] without the failed requests, for tests that provoke those.
    pub fn errors_of_page(&self) -> Vec<Entry> {
        self.errors()
            .into_iter()
            .filter(|entry| entry.source != "network")
            .collect()
    }

    /// A command of the DevTools protocol: `cdp("Accessibility.getFullAXTree", json!({}))`.
    #[track_caller]
    pub fn cdp(&self, command: &str, params: Value) -> Value {
        self.must("POST", "/goog/cdp/execute", json!({ "cmd": command, "params": params }))
    }

    /// The WebDriver id of the first element that matches; waits for it.
    #[track_caller]
    fn element(&self, css: &str) -> String {
        let start = Instant::now();
        loop {
            let found = self
                .session
                .call("POST", "/element", json!({ "using": "css selector", "value": css }));
            if let Some(id) = found
                .as_ref()
                .ok()
                .and_then(Value::as_object)
                .and_then(|one| one.values().next())
            {
                return id.as_str().unwrap_or_default().to_owned();
            }
            if start.elapsed() > Duration::from_secs(5) {
                self.fail(&format!("no element {css}: {}", found.err().unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[track_caller]
    fn must(&self, method: &str, path: &str, body: Value) -> Value {
        match self.session.call(method, path, body) {
            Ok(value) => value,
            Err(error) => self.fail(&format!("{path}: {error}")),
        }
    }

    /// Panics with the message, the address and the console, after a screenshot.
    #[track_caller]
    fn fail(&self, message: &str) -> ! {
        panic!("{message}\n{}", self.report());
    }

    /// Saves a screenshot and says where, with the address and the console log.
    fn report(&self) -> String {
        self.reported.set(true);
        let test = std::thread::current().name().unwrap_or("unnamed").replace("::", "-");
        let folder = super::target().join("browser-failures");
        let file = folder.join(format!("{test}.png"));
        let saved = std::fs::create_dir_all(&folder).map_err(|error| error.to_string());
        let saved = saved.and_then(|()| self.try_screenshot(&file));
        let picture = saved.map_or_else(|error| format!("none ({error})"), |()| file.display().to_string());
        let url = self.session.call("GET", "/url", Value::Null).unwrap_or_default();
        let mut report = format!("screenshot: {picture}\naddress: {url}\nconsole:\n");
        for Entry { level, source, text } in self.console() {
            report.push_str(&format!("  {level} {source}: {text}\n"));
        }
        report
    }
}

/// The errors in Firefox's output: the rest of it is mostly about Firefox itself. They are all of the session: none can be
/// forgotten.
fn firefox_console(output: &str) -> Vec<Entry> {
    let of_page = |line: &&str| line.starts_with("JavaScript error: http") || line.starts_with("console.error: (new ");
    let entry = |line: &str| Entry {
        level: "SEVERE".to_owned(),
        source: "console-api".to_owned(),
        text: line.to_owned(),
    };
    output.lines().filter(of_page).map(entry).collect()
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.reported.get() {
            eprintln!("{}", self.report());
        }
    }
}
