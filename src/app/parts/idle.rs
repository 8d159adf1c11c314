//! Fetches what is still missing when the browser has nothing else to do, so that a click waits for nothing.

use leptos::prelude::*;
use leptos::task::spawn_local;
use strum::IntoEnumIterator;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};

use super::{Arrival, Part, arrival, bring};

/// Tells `boot.js` that nothing more is fetched.
const SETTLED: &str = "weighbridge:settled";

/// Fetches all parts, one after the other; `<html data-parts="here">` says that they are there.
pub fn fetch_when_idle() {
    when_idle(|| {
        spawn_local(async {
            for part in Part::iter() {
                // One that is lost is asked for again by whoever needs it, and when the network comes back.
                if !part.is_lost() {
                    bring(part).await;
                }
            }
            if Part::iter().all(|part| arrival(part).get_untracked() == Arrival::Here)
                && let Some(root) = document().document_element()
            {
                let _ = root.set_attribute("data-parts", "here");
            }
            if let Ok(event) = web_sys::Event::new(SETTLED) {
                let _ = window().dispatch_event(&event);
            }
        });
    });
    let _ = window_event_listener(leptos::ev::online, |_| {
        Part::iter()
            .filter(|part| arrival(*part).get_untracked() == Arrival::Lost)
            .for_each(super::want);
    });
}

/// Not every browser tells when it is idle; there the next moment is taken.
fn when_idle(deed: impl FnOnce() + 'static) {
    let deed = Closure::once_into_js(deed);
    let ask =
        js_sys::Reflect::get(&window(), &"requestIdleCallback".into()).and_then(JsCast::dyn_into::<js_sys::Function>);
    let asked = match &ask {
        Ok(ask) => ask.call1(&JsValue::from(window()), &deed),
        Err(_) => window()
            .set_timeout_with_callback_and_timeout_and_arguments_0(deed.unchecked_ref(), 1)
            .map(JsValue::from),
    };
    if let Err(error) = asked {
        leptos::logging::error!("{error:?}");
    }
}
