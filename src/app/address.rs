//! The address bar follows the scenario. `source::start` follows the address when Back or Forward change it.

use std::time::Duration;

use super::state::State;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// How long the scenario must rest before the address changes: a slider passes many values.
const REST: Duration = Duration::from_millis(200);

/// Keeps the address and the scenario together.
pub fn follow(state: State) {
    let pending = StoredValue::new(None::<TimeoutHandle>);
    Effect::new(move |first: Option<()>| {
        let query = state.query();
        if first.is_none() {
            return;
        }
        if let Some(timer) = pending.get_value() {
            timer.clear();
        }
        pending.set_value(set_timeout_with_handle(move || write(&query), REST).ok());
    });
}

fn write(query: &str) {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let hash = location.hash().unwrap_or_default();
    let address = if query.is_empty() {
        format!("{path}{hash}")
    } else {
        format!("{path}?{query}{hash}")
    };
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&address));
    }
}
