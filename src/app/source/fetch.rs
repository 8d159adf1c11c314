//! Carries an exchange with the Hub out, with the browser's `fetch`. What is asked and what an answer means is decided in
//! [`weighbridge::hub::loader`].

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use gloo_net::http::{RequestBuilder, Response};
use js_sys::{Date, Promise, Reflect, Uint8Array};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::window;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, ReferrerPolicy, RequestCredentials};
use weighbridge::hub::loader::{Answer, Doing, Exchange, Failed, Get, Reply, Step, Want};
use weighbridge::limits;

/// What was read, and of how much if that is known: bytes, or headers of files.
pub type Read = Option<(u64, Option<u64>)>;

/// Stops what is under way. Clones stop the same.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    /// Absent in browsers that cannot stop a request.
    controller: Option<AbortController>,
    stopped: Rc<Cell<bool>>,
    /// Seconds it was given, once they are over.
    expired: Rc<Cell<Option<u64>>>,
}

impl Stop {
    /// For one wish.
    pub fn new() -> Self {
        Self {
            controller: AbortController::new().ok(),
            ..Self::default()
        }
    }
    /// Stops it: its result is not wanted any more.
    pub fn stop(&self) {
        self.stopped.set(true);
        self.abort();
    }
    /// Whether somebody stopped it.
    pub fn is_stopped(&self) -> bool {
        self.stopped.get()
    }
    fn expire(&self, seconds: u64) {
        self.expired.set(Some(seconds));
        self.abort();
    }
    fn abort(&self) {
        if let Some(controller) = &self.controller {
            controller.abort();
        }
    }
    /// Why nothing comes any more, if it was ended from here.
    fn why(&self) -> Option<Failed> {
        let over = self.expired.get().map(|seconds| Failed::TimedOut { seconds });
        over.or_else(|| self.stopped.get().then_some(Failed::Cancelled))
    }
}

/// Carries an exchange out to its end, or until it is stopped; `tell` hears what is being done.
pub async fn run<T>(mut exchange: Exchange<T>, stop: &Stop, tell: impl Fn(Doing, Read)) -> T {
    let begun = Date::now();
    let doing = Cell::new(exchange.doing());
    let progress = |read| tell(doing.get(), read);
    let mut under_way = FuturesUnordered::new();
    loop {
        let wants = match exchange.step() {
            Step::Done(end) => {
                // Where one failed the others are of no use.
                stop.abort();
                return end;
            }
            Step::Wants(wants) => wants,
        };
        if doing.replace(exchange.doing()) != exchange.doing() {
            progress(None);
        }
        for (ticket, want) in wants {
            under_way.push(async move {
                let reply = match want {
                    Want::Get(get) => Reply::Got(send(&get, stop, begun, progress).await),
                    Want::Wait { seconds } => {
                        sleep(seconds).await;
                        Reply::Waited(stop.why().is_none())
                    }
                };
                (ticket, reply)
            });
        }
        if let Some((ticket, reply)) = under_way.next().await {
            exchange.reply(ticket, reply);
        }
    }
}

async fn send(get: &Get, stop: &Stop, begun: f64, progress: impl Fn(Read)) -> Result<Answer, Failed> {
    if let Some(why) = stop.why() {
        return Err(why);
    }
    let silence = Silence::default();
    silence.begin(stop);
    let signal = stop.controller.as_ref().map(AbortController::signal);
    let mut request = RequestBuilder::new(&get.url)
        .credentials(RequestCredentials::Omit)
        .referrer_policy(ReferrerPolicy::NoReferrer)
        .abort_signal(signal.as_ref());
    if let Some(token) = get.authorization() {
        request = request.header("Authorization", &token);
    }
    if let Some(range) = get.range() {
        request = request.header("Range", &range);
    }
    let response = request.send().await.map_err(|_| {
        let offline = !window().navigator().on_line();
        let unreachable = Failed::Unreachable(offline.then(|| "you are offline".to_owned()));
        stop.why().unwrap_or(unreachable)
    })?;
    let headers = response.headers();
    let head = get.head(response.status(), &response.url(), |name| headers.get(name));
    let most = get.body_bytes(&head);
    let started = Date::now();
    let over = |bytes: u64| {
        silence.begin(stop);
        // A byte now and then is no answer either.
        for (since, most) in [(started, limits::REQUEST_SECONDS), (begun, limits::WHOLE_SECONDS)] {
            if Date::now() - since > 1000.0 * most as f64 {
                stop.expire(most);
            }
        }
        // A compressed body is longer than its length says.
        progress(Some((bytes, head.length.filter(|total| *total >= bytes))));
    };
    let body = read(&response, most, over).await;
    let body = body.ok_or_else(|| stop.why().unwrap_or(Failed::BrokenOff))?;
    Ok(Answer { head, body })
}

/// Reads a body as far as it is wanted; none where it breaks off.
async fn read(response: &Response, most: u64, heard: impl Fn(u64)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let Some(stream) = response.body() else {
        return Some(bytes);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    while (bytes.len() as u64) < most {
        let piece = JsFuture::from(reader.read()).await.ok()?;
        if member(&piece, "done").is_truthy() {
            return Some(bytes);
        }
        bytes.extend(Uint8Array::new(&member(&piece, "value")).to_vec());
        heard(bytes.len() as u64);
    }
    bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let rest = reader.cancel();
    spawn_local(async move {
        let _ = JsFuture::from(rest).await;
    });
    Some(bytes)
}

/// Ends everything where nothing is heard for too long.
#[derive(Debug, Default)]
struct Silence(RefCell<Option<TimeoutHandle>>);

impl Silence {
    /// Starts the clock anew.
    fn begin(&self, stop: &Stop) {
        self.end();
        let stop = stop.clone();
        let seconds = limits::SILENCE_SECONDS;
        let timer = set_timeout_with_handle(move || stop.expire(seconds), Duration::from_secs(seconds));
        self.0.replace(timer.ok());
    }
    fn end(&self) {
        if let Some(timer) = self.0.take() {
            timer.clear();
        }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.end();
    }
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from_str(name)).unwrap_or_default()
}

async fn sleep(seconds: u64) {
    let milliseconds = i32::try_from(seconds.saturating_mul(1000)).unwrap_or(i32::MAX);
    let promise = Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}
