//! Files the page hands out: pictures of charts, JSON.

use js_sys::Array;
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, Url};
use weighbridge::chart::{Caption, Theme};
use weighbridge::export::VERSION;

use super::canvas::Canvas;
use super::figure::Draw;

/// Size of a saved picture in CSS pixels, and its density.
const PICTURE: (f64, f64) = (960.0, 520.0);
const DENSITY: f64 = 2.0;

/// `llama-3-1-8b-instruct-memory-weighbridge-0.1.0.png`: the model, what it is, and the version that made it.
pub fn file_name(model: &str, what: &str, ending: &str) -> String {
    let words: Vec<String> = model
        .split(|sign: char| !sign.is_alphanumeric() && sign != '.')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    format!("{}-{what}-weighbridge-{VERSION}.{ending}", words.join("-"))
}

/// Hands out text as a file.
pub fn save_text(name: &str, kind: &str, text: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(text)), &options) {
        save(name, &blob);
    }
}

/// Draws a chart once more, larger and with its captions, and hands it out.
pub fn save_picture(name: String, draw: &Draw, theme: Theme, caption: &Caption) {
    let Ok(canvas) = document().create_element("canvas") else {
        return;
    };
    let canvas: HtmlCanvasElement = canvas.unchecked_into();
    canvas.set_width((PICTURE.0 * DENSITY) as u32);
    canvas.set_height((PICTURE.1 * DENSITY) as u32);
    let Some(backend) = Canvas::new(canvas.clone()) else {
        return;
    };
    draw(backend, theme, DENSITY, Some(caption));
    let done = Closure::once_into_js(move |blob: Option<Blob>| {
        if let Some(blob) = blob {
            save(&name, &blob);
        }
    });
    let _ = canvas.to_blob(done.unchecked_ref());
}

fn save(name: &str, blob: &Blob) {
    let Ok(address) = Url::create_object_url_with_blob(blob) else {
        return;
    };
    if let Ok(anchor) = document().create_element("a") {
        let anchor: HtmlAnchorElement = anchor.unchecked_into();
        anchor.set_href(&address);
        anchor.set_download(name);
        anchor.click();
    }
    // Some browsers read the address after the click has returned.
    set_timeout(
        move || drop(Url::revoke_object_url(&address)),
        std::time::Duration::from_secs(10),
    );
}
