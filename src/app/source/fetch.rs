//! Asks the Hub, with the browser's `fetch`. What an answer means is decided in [`weighbridge::hub`].

mod parts;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gloo_net::http::{RequestBuilder, Response};
use js_sys::{Date, Promise, Reflect, Uint8Array};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, ReferrerPolicy, RequestCredentials};
use weighbridge::hub::{
    Endpoint, HubError, Locator, RepoId, ResponseFacts, Token, adapter_base, classify, explain_without_config,
    read_tree,
};
use weighbridge::limits::{self, Limit};

/// How long nothing may come before the Hub is given up.
const PATIENCE: Duration = Duration::from_secs(limits::SILENCE_SECONDS);
/// The pauses before each retry of an answer 500, 502, 503 or 504, in milliseconds.
const PAUSES: [i32; 3] = [1000, 2000, 4000];

/// Bytes read and, if known, of how many.
pub type Read = Option<(u64, Option<u64>)>;

/// A config as the Hub sent it.
#[derive(Debug)]
pub struct Fetched {
    /// The file.
    pub text: String,
    /// The commit that the revision stood for, if the Hub told.
    pub commit: Option<String>,
    /// The repository's present name, if another one than asked for: it was renamed.
    pub id: Option<RepoId>,
}

/// A request that can be stopped. Clones are the same request.
#[derive(Clone, Debug)]
pub struct Request {
    endpoint: Endpoint,
    token: Option<Token>,
    controller: AbortController,
    /// Seconds it was given, once they are over.
    expired: Rc<Cell<Option<u64>>>,
    /// When it began, in milliseconds.
    begun: f64,
    timer: Rc<RefCell<Option<TimeoutHandle>>>,
}

/// An answer with its body read.
struct Answer {
    status: u16,
    facts: ResponseFacts,
    url: String,
    text: String,
}

impl Request {
    /// Prepares one; the token goes along with each call.
    pub fn new(endpoint: Endpoint, token: Option<Token>) -> Result<Self, String> {
        let controller = AbortController::new()
            .map_err(|_| "This browser cannot stop a request. Use a current browser.".to_owned())?;
        Ok(Self {
            endpoint,
            token,
            controller,
            expired: Rc::default(),
            begun: Date::now(),
            timer: Rc::default(),
        })
    }
    /// Where it asks.
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
    /// Whether a token goes along.
    pub const fn has_token(&self) -> bool {
        self.token.is_some()
    }
    /// Stops it.
    pub fn stop(&self) {
        self.disarm();
        self.controller.abort();
    }
    /// Reads the config of a model; `tell` hears what is being done.
    pub async fn config(&self, locator: &Locator, tell: impl Fn(&str, Read)) -> Result<Fetched, HubError> {
        let answer = self.patiently(locator, &tell).await;
        self.disarm();
        let answer = answer?;
        if answer.status == 200 {
            let final_id = Locator::parse_at(&answer.url, &self.endpoint)
                .ok()
                .map(|found| found.id().clone());
            let id = final_id.filter(|id| id != locator.id());
            return Ok(Fetched {
                text: answer.text,
                commit: answer.facts.commit,
                id,
            });
        }
        let error = classify(
            answer.status,
            &answer.facts,
            &self.without_token(&answer.text),
            locator,
            self.token.is_some(),
        );
        if !matches!(error, HubError::FileNotFound { .. }) {
            return Err(error);
        }
        tell(&format!("{locator}: no config.json, looking at its files"), None);
        let explained = self.explain(locator).await;
        self.disarm();
        Err(explained.unwrap_or(error))
    }
    /// A small file beside the config, if there is one.
    pub async fn beside(&self, locator: &Locator, path: &str) -> Option<String> {
        let url = self.endpoint.file_url(locator, path);
        let answer = self.get(&url, locator, &|_: Read| ()).await;
        self.disarm();
        answer
            .ok()
            .filter(|answer| answer.status == 200)
            .map(|answer| answer.text)
    }
    /// Says what a repository without config holds.
    async fn explain(&self, locator: &Locator) -> Option<HubError> {
        let silent = |_: Read| ();
        let tree = self
            .get(&self.endpoint.tree_url(locator), locator, &silent)
            .await
            .ok()
            .filter(|answer| answer.status == 200)?;
        let files = read_tree(&tree.text);
        let mut base = None;
        if files.iter().any(|file| file.path == "adapter_config.json") {
            let url = self.endpoint.file_url(locator, "adapter_config.json");
            let adapter = self
                .get(&url, locator, &silent)
                .await
                .ok()
                .filter(|answer| answer.status == 200);
            base = adapter.and_then(|answer| adapter_base(&answer.text));
        }
        Some(explain_without_config(locator, &files, base))
    }
    /// The config, with retries of what passes.
    async fn patiently(&self, locator: &Locator, tell: &impl Fn(&str, Read)) -> Result<Answer, HubError> {
        let url = self.endpoint.config_url(locator);
        let name = locator.to_string();
        let mut pauses = PAUSES.iter();
        let mut retries = 0;
        loop {
            let answer = self.get(&url, locator, &|read| tell(&name, read)).await?;
            let Some(pause) = pauses.next().filter(|_| passes(answer.status)) else {
                return Ok(answer);
            };
            retries += 1;
            tell(
                &format!(
                    "{name}: the Hub has a fault (status {}), trying again ({retries} of {})",
                    answer.status,
                    PAUSES.len()
                ),
                None,
            );
            self.disarm();
            sleep(*pause).await;
            if self.controller.signal().aborted() {
                return Err(HubError::Cancelled);
            }
        }
    }
    /// As [`Self::send`], with retries of what passes.
    async fn send_patiently(&self, url: &str, range: Option<&str>) -> Result<Response, HubError> {
        for pause in PAUSES {
            let response = self.send(url, range).await?;
            if !passes(response.status()) {
                return Ok(response);
            }
            sleep(pause).await;
            if let Some(stopped) = self.stopped() {
                return Err(stopped);
            }
        }
        self.send(url, range).await
    }
    async fn get(&self, url: &str, locator: &Locator, progress: &impl Fn(Read)) -> Result<Answer, HubError> {
        let response = self.send(url, None).await?;
        let headers = response.headers();
        let facts = ResponseFacts::read(|name| Some(self.without_token(&headers.get(name)?)));
        let bytes = self.body(&response, limits::CONFIG, locator, progress).await?;
        Ok(Answer {
            status: response.status(),
            facts,
            url: response.url(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
    /// Asks; `range` is the header's value where a part is wanted. The body is still to be read.
    async fn send(&self, url: &str, range: Option<&str>) -> Result<Response, HubError> {
        self.arm();
        let mut request = RequestBuilder::new(url)
            .credentials(RequestCredentials::Omit)
            .referrer_policy(ReferrerPolicy::NoReferrer)
            .abort_signal(Some(&self.controller.signal()));
        if let Some(token) = &self.token {
            request = request.header("Authorization", &token.authorization());
        }
        if let Some(range) = range {
            request = request.header("Range", range);
        }
        request
            .send()
            .await
            .map_err(|_| self.stopped().unwrap_or_else(|| self.unreachable()))
    }
    /// Reads a body within a limit; a longer one ends the request.
    async fn body(
        &self,
        response: &Response,
        limit: Limit,
        locator: &Locator,
        progress: &impl Fn(Read),
    ) -> Result<Vec<u8>, HubError> {
        let (repo, file) = (locator.id().to_string(), locator.config_path());
        let bytes = self.bytes(response, limit, progress).await?;
        bytes.ok_or(HubError::TooLarge { repo, file, limit })
    }
    /// A body within a limit; none, and the end of the request, where it is longer.
    async fn bytes(
        &self,
        response: &Response,
        limit: Limit,
        progress: &impl Fn(Read),
    ) -> Result<Option<Vec<u8>>, HubError> {
        let total: Option<u64> = response
            .headers()
            .get("content-length")
            .and_then(|text| text.parse().ok());
        let mut bytes = Vec::new();
        let Some(stream) = response.body() else {
            return Ok(Some(bytes));
        };
        let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
        let begun = Date::now();
        loop {
            let broken = |_| {
                self.stopped()
                    .unwrap_or_else(|| HubError::BrokenOff { host: self.host() })
            };
            let piece = JsFuture::from(reader.read()).await.map_err(broken)?;
            if member(&piece, "done").is_truthy() {
                return Ok(Some(bytes));
            }
            self.arm();
            // A byte now and then is no answer either.
            for (since, most) in [(begun, limits::REQUEST_SECONDS), (self.begun, limits::WHOLE_SECONDS)] {
                if Date::now() - since > 1000.0 * most as f64 {
                    self.expired.set(Some(most));
                    self.controller.abort();
                }
            }
            bytes.extend(Uint8Array::new(&member(&piece, "value")).to_vec());
            if limit.is_passed_by(&bytes) {
                self.controller.abort();
                return Ok(None);
            }
            let read = bytes.len() as u64;
            // A compressed body is longer than its length says.
            progress(Some((read, total.filter(|total| *total >= read))));
        }
    }
    /// Why the controller ended it, if it did.
    fn stopped(&self) -> Option<HubError> {
        if let Some(seconds) = self.expired.get() {
            let host = self.host();
            return Some(HubError::TimedOut { host, seconds });
        }
        self.controller.signal().aborted().then_some(HubError::Cancelled)
    }
    /// What a server wrote, without the token it may echo.
    fn without_token(&self, text: &str) -> String {
        let token = self.token.as_ref();
        token.map_or_else(|| text.to_owned(), |token| token.hide_in(text))
    }
    fn unreachable(&self) -> HubError {
        let offline = !window().navigator().on_line();
        HubError::Unreachable {
            host: self.host(),
            reason: offline.then(|| "you are offline".to_owned()),
        }
    }
    fn host(&self) -> String {
        self.endpoint.place().split('/').next().unwrap_or_default().to_owned()
    }
    /// Starts the clock anew.
    fn arm(&self) {
        self.disarm();
        let (controller, expired) = (self.controller.clone(), self.expired.clone());
        let end = move || {
            expired.set(Some(limits::SILENCE_SECONDS));
            controller.abort();
        };
        *self.timer.borrow_mut() = set_timeout_with_handle(end, PATIENCE).ok();
    }
    /// Stops the clock: nothing is asked for any more.
    pub fn disarm(&self) {
        if let Some(timer) = self.timer.borrow_mut().take() {
            timer.clear();
        }
    }
}

/// Whether an answer's status is a fault that may be gone in a moment.
const fn passes(status: u16) -> bool {
    matches!(status, 500 | 502 | 503 | 504)
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()
}

async fn sleep(milliseconds: i32) {
    let promise = Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}
