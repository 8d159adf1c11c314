//! Files the page hands out: pictures of charts and of the answer, JSON.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, BlobPropertyBag, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement, Url};
use weighbridge::chart::{Caption, FINENESS, FONT, Svg, Theme, described};
use weighbridge::export::VERSION;
use weighbridge::units::neutral;

use super::canvas::{Canvas, Paper, measured};
use super::figure::Draw;

/// Size of the picture of a chart in CSS pixels, and the density of all.
pub const PICTURE: (f64, f64) = (960.0, 520.0);
const DENSITY: f64 = 2.0;
/// What a caption and the margins of its chart add to the height of a picture: a title, two lines of source, the link.
pub const AROUND: f64 = 52.0 + 24.0 + 3.0 * 16.0;

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

/// Draws something once more as a picture of so many CSS pixels, and hands it out. What its caption has no room for stands in the
/// description of the file.
pub fn save_picture(name: String, size: (f64, f64), draw: &Draw, theme: Theme, caption: Caption) {
    let draw = draw.clone();
    spawn_local(async move {
        fonts().await;
        let Ok(canvas) = document().create_element("canvas") else {
            return;
        };
        let canvas: HtmlCanvasElement = canvas.unchecked_into();
        canvas.set_width((size.0 * DENSITY) as u32);
        canvas.set_height((size.1 * DENSITY) as u32);
        let Some(backend) = Canvas::new(canvas.clone()) else {
            return;
        };
        neutral(|| draw(Paper::Canvas(backend), theme, DENSITY, Some(&caption)));
        let done = Closure::once_into_js(move |blob: Option<Blob>| {
            let Some(blob) = blob else { return };
            spawn_local(async move { save(&name, &with_words(blob, &caption).await) });
        });
        let _ = canvas.to_blob(done.unchecked_ref());
    });
}

/// Waits for the page's font: a canvas draws with what has come. Without it the system's does.
async fn fonts() {
    // By name: another import would be part of the first load.
    let set = Reflect::get(&document(), &"fonts".into()).unwrap_or_default();
    let load = Reflect::get(&set, &"load".into()).and_then(JsCast::dyn_into::<Function>);
    let Ok(load) = load else { return };
    for weight in ["400", "700"] {
        let loads = load.call1(&set, &format!("{weight} 16px {FONT}").into());
        if let Ok(loads) = loads.and_then(JsCast::dyn_into::<Promise>) {
            let _ = JsFuture::from(loads).await;
        }
    }
}

/// The file with title, source and whole link as its description; as it is where it cannot be read.
async fn with_words(blob: Blob, caption: &Caption) -> Blob {
    let Ok(bytes) = JsFuture::from(blob.array_buffer()).await else {
        return blob;
    };
    let png = described(
        &Uint8Array::new(&bytes).to_vec(),
        &caption.title,
        &caption.description(),
    );
    let options = BlobPropertyBag::new();
    options.set_type("image/png");
    let parts = Array::of1(&Uint8Array::from(png.as_slice()));
    // The same constructor takes bytes.
    Blob::new_with_str_sequence_and_options(&parts, &options).unwrap_or(blob)
}

/// Draws something once more as lines and words of so many CSS pixels, and hands it out.
pub fn save_svg(name: &str, size: (f64, f64), draw: &Draw, theme: Theme, caption: &Caption) {
    let svg = Svg::new(size.0 as u32, size.1 as u32, measured);
    neutral(|| draw(Paper::Svg(svg.clone()), theme, FINENESS, Some(caption)));
    save_text(name, "image/svg+xml", &svg.text(Some(caption)));
}

/// Hands out a drawing of so many CSS pixels as a picture of twice as many.
pub fn save_svg_as_picture(name: String, svg: &str, (width, height): (u32, u32)) {
    let options = BlobPropertyBag::new();
    options.set_type("image/svg+xml");
    let made = Blob::new_with_str_sequence_and_options(&Array::of1(&JsValue::from_str(svg)), &options);
    let address = made.and_then(|blob| Url::create_object_url_with_blob(&blob));
    let (Ok(address), Ok(image)) = (address, HtmlImageElement::new()) else {
        return;
    };
    let drawn = image.clone();
    let source = address.clone();
    let loaded = Closure::once_into_js(move || {
        let _ = Url::revoke_object_url(&source);
        let Some(canvas) = document()
            .create_element("canvas")
            .ok()
            .map(JsCast::unchecked_into::<HtmlCanvasElement>)
        else {
            return;
        };
        canvas.set_width(width.saturating_mul(2));
        canvas.set_height(height.saturating_mul(2));
        let context = canvas.get_context("2d").ok().flatten();
        let Some(context) = context.map(JsCast::unchecked_into::<web_sys::CanvasRenderingContext2d>) else {
            return;
        };
        let (wide, high) = (f64::from(width) * 2.0, f64::from(height) * 2.0);
        let _ = context.draw_image_with_html_image_element_and_dw_and_dh(&drawn, 0.0, 0.0, wide, high);
        let done = Closure::once_into_js(move |blob: Option<Blob>| {
            if let Some(blob) = blob {
                save(&name, &blob);
            }
        });
        let _ = canvas.to_blob(done.unchecked_ref());
    });
    image.set_onload(Some(loaded.unchecked_ref()));
    image.set_src(&address);
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
