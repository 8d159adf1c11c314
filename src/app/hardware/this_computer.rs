//! "Use this computer": what the browser says of the graphics card, as a guess to confirm. Nothing is sent, and nothing is asked
//! before the button is pressed.

use std::borrow::Cow;

use js_sys::{Function, Promise, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlCanvasElement, WebGlRenderingContext, WebglDebugRendererInfo};
use weighbridge::hardware::Device;
use weighbridge::hardware::machine::{Renderer, at_least, by_renderer};

use crate::app::icon::Icon;

/// What the browser told.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    /// The renderer's name as it came; empty where there was none.
    text: String,
    found: Renderer,
}

/// A button, and after a press what was found; `take` gets the id of the device that was confirmed.
#[component]
pub fn ThisComputer(take: Callback<String>) -> impl IntoView {
    let told = RwSignal::new(None::<Told>);
    let ask = move |_| {
        spawn_local(async move {
            let found = look().await;
            told.try_set(Some(found));
        });
    };
    view! {
        <div class="this-computer">
            <button class="button" type="button" id="this-computer" on:click=ask><Icon name="search"/>"Use this computer"</button>
            <div role="status" data-figure="this-computer">{move || told.get().map(|told| answer(told, take))}</div>
        </div>
    }
}

fn answer(told: Told, take: Callback<String>) -> AnyView {
    let said = (!told.text.is_empty()).then(|| view! { <p class="help">"Your browser says: " <q>{told.text}</q></p> });
    let inside = match told.found {
        Renderer::Known { devices, .. } => {
            let question = if devices.len() > 1 {
                "It does not say how much memory there is. Which is it?"
            } else {
                "Is that right?"
            };
            let buttons = devices.into_iter().map(|device| {
                let name = name(&device);
                let id = device.id.clone();
                view! { <button class="button small" type="button" on:click=move |_| take.run(id.clone())>{format!("Use {name}")}</button> }
            });
            view! { <p>{question}</p><div class="row">{buttons.collect::<Vec<_>>()}</div> }.into_any()
        }
        Renderer::Unknown { card } => {
            view! { <p>{format!("{card} is not in the table. Choose the device that is nearest to it, or describe it below.")}</p> }.into_any()
        }
        Renderer::Hidden(why) => view! { <p>{why.words()}" Choose it from the list."</p> }.into_any(),
    };
    view! { {said}{inside}<p class="help">"A guess by name; it is sent nowhere."</p> }.into_any()
}

/// A device with the memory that tells it from its like.
fn name(device: &Device) -> String {
    let short = device.short_name();
    if device.memory_sizes().is_empty() || short.contains(" GB") {
        short.to_owned()
    } else {
        format!("{short}, {} GB", device.nominal_bytes >> 30)
    }
}

/// Asks WebGL, and WebGPU where that tells nothing.
async fn look() -> Told {
    let text = webgl().unwrap_or_default();
    let mut told = Told {
        found: by_renderer(&text),
        text,
    };
    if matches!(told.found, Renderer::Hidden(_)) {
        let text = webgpu().await.unwrap_or_default();
        let found = by_renderer(&text);
        if !matches!(found, Renderer::Hidden(_)) {
            told = Told { text, found };
        }
    }
    if let Renderer::Known { card, devices } = told.found {
        let devices: Vec<Cow<'static, Device>> = match memory() {
            Some(gib) => at_least(devices, gib),
            None => devices,
        };
        told.found = Renderer::Known { card, devices };
    }
    told
}

/// The renderer's name. The context is let go at once.
fn webgl() -> Option<String> {
    let canvas: HtmlCanvasElement = document().create_element("canvas").ok()?.dyn_into().ok()?;
    let context: WebGlRenderingContext = canvas.get_context("webgl").ok()??.dyn_into().ok()?;
    // Firefox tells it without the extension, blurred.
    let what = match context.get_extension("WEBGL_debug_renderer_info") {
        Ok(Some(_)) => WebglDebugRendererInfo::UNMASKED_RENDERER_WEBGL,
        _ => WebGlRenderingContext::RENDERER,
    };
    let text = context.get_parameter(what).ok()?.as_string();
    if let Ok(Some(lose)) = context.get_extension("WEBGL_lose_context")
        && let Ok(function) = Reflect::get(&lose, &"loseContext".into()).and_then(|it| it.dyn_into::<Function>())
    {
        let _ = function.call0(&lose);
    }
    text
}

/// What WebGPU's adapter is called, where it says more than its maker.
async fn webgpu() -> Option<String> {
    let gpu = Reflect::get(&window().navigator(), &"gpu".into())
        .ok()
        .filter(JsValue::is_object)?;
    let ask: Function = Reflect::get(&gpu, &"requestAdapter".into()).ok()?.dyn_into().ok()?;
    let asked: Promise = ask.call0(&gpu).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(asked).await.ok().filter(JsValue::is_object)?;
    let info = Reflect::get(&adapter, &"info".into()).ok().filter(JsValue::is_object)?;
    let of = |key: &str| {
        Reflect::get(&info, &key.into())
            .ok()?
            .as_string()
            .filter(|text| !text.is_empty())
    };
    of("description").or_else(|| of("device"))
}

/// GiB of memory the browser admits to: rounded down, and no more than 8 or 32.
fn memory() -> Option<f64> {
    Reflect::get(&window().navigator(), &"deviceMemory".into())
        .ok()?
        .as_f64()
}
