//! Headers that were read, kept by the browser, so that a model has its exact counts without a network too.
//!
//! One entry a model: the beginnings of its files as they came, read anew each time. What a token opened is not kept.

use js_sys::{Array, Reflect, Uint8Array};
use leptos::prelude::window;
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Request, Response};
use weighbridge::hub::loader::Piece;
use weighbridge::hub::{Endpoint, Locator};
use weighbridge::model::headers::{Checkpoint, FileKind, Limits, Prefix, index::Index};

use serde_json::Value;

const NAME: &str = "weighbridge-headers";
/// Bytes of all entries together; the oldest go first.
const MOST_BYTES: u64 = 64 << 20;
/// Bytes of one entry: headers of a model of 200 shards have about half of it.
const MOST_ENTRY: u64 = 32 << 20;
/// Models in all.
const MOST_ENTRIES: usize = 24;

/// What stands before the beginnings.
#[derive(Debug, Deserialize, Serialize)]
struct Contents {
    /// Name, size of the file where it is known, and bytes of its beginning.
    files: Vec<(String, Option<u64>, u64)>,
    /// Tensors, bytes and parameters as an index claims them.
    index: Option<(u64, Option<u64>, Option<u64>)>,
}

/// The address under which the headers of a model are kept; its size follows behind `?`.
fn key(endpoint: &Endpoint, locator: &Locator) -> String {
    let path = js_sys::encode_uri_component(locator.path().unwrap_or_default());
    format!("{}{path}", prefix(endpoint, locator))
}

fn prefix(endpoint: &Endpoint, locator: &Locator) -> String {
    let revision = js_sys::encode_uri_component(locator.revision_or_main());
    format!("{endpoint}/{}/headers/{revision}/", locator.id())
}

/// Keeps the headers of a model, and lets go of the oldest where there are too many.
pub async fn keep(endpoint: &Endpoint, locator: &Locator, pieces: &[Piece], index: Option<&Index>) {
    // Storage may be full or refused; then the model is read from the Hub the next time.
    let _ = put(&key(endpoint, locator), &packed(pieces, index)).await;
}

/// The headers of a model as they were read; of the file read last, if no file is named.
pub async fn find(endpoint: &Endpoint, locator: &Locator, config: Option<&Value>) -> Option<Checkpoint> {
    let cache = open().await?;
    let exact = key(endpoint, locator);
    let prefix = prefix(endpoint, locator);
    let requests = requests(&cache).await?;
    let of = |request: &Request| request.url().split('?').next().map(str::to_owned).unwrap_or_default();
    let latest = || {
        let mut like = requests.iter().rev();
        like.find(|request| locator.path().is_none() && of(request).starts_with(&prefix))
    };
    let request = requests.iter().find(|request| of(request) == exact).or_else(latest)?;
    let response: Response = JsFuture::from(cache.match_with_request(request))
        .await
        .ok()?
        .dyn_into()
        .ok()?;
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    unpack(&Uint8Array::new(&buffer).to_vec(), config)
}

async fn put(key: &str, bytes: &[u8]) -> Option<()> {
    let size = bytes.len() as u64;
    if size > MOST_ENTRY {
        return None;
    }
    let cache = open().await?;
    let mut others = Vec::new();
    for request in requests(&cache).await? {
        if request.url().split('?').next() == Some(key) {
            JsFuture::from(cache.delete_with_request(&request)).await.ok()?;
        } else {
            others.push(request);
        }
    }
    // Entries come in the order in which they were put.
    let mut sum = size;
    let fits = |request: &&Request| {
        sum = sum.saturating_add(size_of(&request.url()));
        sum <= MOST_BYTES
    };
    let kept = others.iter().rev().take(MOST_ENTRIES - 1).take_while(fits).count();
    for request in others.iter().rev().skip(kept) {
        JsFuture::from(cache.delete_with_request(request)).await.ok()?;
    }
    let response = Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(bytes))).ok()?;
    JsFuture::from(cache.put_with_str(&format!("{key}?{size}"), &response))
        .await
        .ok()?;
    Some(())
}

fn size_of(url: &str) -> u64 {
    let told = url.split_once('?').and_then(|(_, size)| size.parse().ok());
    told.unwrap_or(MOST_ENTRY)
}

async fn open() -> Option<Cache> {
    // Absent where the page came over plain http.
    let storage = Reflect::get(&window(), &JsValue::from_str("caches")).ok()?;
    let storage: CacheStorage = storage.dyn_into().ok()?;
    JsFuture::from(storage.open(NAME)).await.ok()?.dyn_into().ok()
}

async fn requests(cache: &Cache) -> Option<Vec<Request>> {
    let all: Array = JsFuture::from(cache.keys()).await.ok()?.dyn_into().ok()?;
    Some(all.iter().filter_map(|one| one.dyn_into().ok()).collect())
}

/// Length of the contents, contents, beginnings.
fn packed(pieces: &[Piece], index: Option<&Index>) -> Vec<u8> {
    let contents = Contents {
        files: pieces
            .iter()
            .map(|piece| (piece.name.clone(), piece.size, piece.bytes.len() as u64))
            .collect(),
        index: index.map(|index| (index.tensors, index.total_size, index.total_parameters)),
    };
    let contents = serde_json::to_vec(&contents).unwrap_or_default();
    let mut all = (contents.len() as u32).to_le_bytes().to_vec();
    all.extend(contents);
    for piece in pieces {
        all.extend(&piece.bytes);
    }
    all
}

/// Reads the headers again; none where what is kept makes no sense.
fn unpack(bytes: &[u8], config: Option<&Value>) -> Option<Checkpoint> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (contents, mut rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let contents: Contents = serde_json::from_slice(contents).ok()?;
    let mut headers = Vec::new();
    for (name, size, length) in &contents.files {
        let (one, others) = rest.split_at_checked(usize::try_from(*length).ok()?)?;
        rest = others;
        let kind = FileKind::of(name)?;
        let mut prefix = Prefix::new(kind, Limits::remote(kind, *size));
        // They were cut where the header ends.
        headers.push(prefix.take(one).ok()??);
    }
    let index = contents.index.map(|(tensors, total_size, total_parameters)| Index {
        shards: contents.files.iter().map(|(name, ..)| name.clone()).collect(),
        tensors,
        total_size,
        total_parameters,
    });
    Checkpoint::new(headers, index.as_ref(), config).ok()
}
