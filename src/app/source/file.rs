//! Files from this machine: dropped or chosen. They are read here and sent nowhere.

use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use weighbridge::hub::MAX_CONFIG_BYTES;

use super::super::state::{Problem, State};
use super::{fail, load_config};

/// What the file chooser offers.
pub const CHOOSE: &str = ".json,application/json";

/// Reads a file as a config. What cannot be read yet is said plainly.
pub fn read_file(state: State, file: web_sys::File) {
    let name = file.name();
    if let Some(words) = not_built(&name) {
        return fail(state, Problem::Browser(words));
    }
    if file.size() > MAX_CONFIG_BYTES as f64 {
        let words = format!(
            "{name} is larger than any config.json. Drop the config.json of the model: it lies beside the weights."
        );
        return fail(state, Problem::Browser(words));
    }
    spawn_local(async move {
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        match text {
            Some(text) => load_config(state, &text, Some(&name)),
            None => {
                let words = format!("The browser could not read {name}. Choose it again, or paste its text.");
                fail(state, Problem::Browser(words));
            }
        }
    });
}

/// What to say about a kind of file whose header is not read yet.
fn not_built(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let kind = if lower.ends_with(".index.json") {
        "Reading an index of weights"
    } else if lower.ends_with(".safetensors") {
        "Reading the header of a .safetensors file"
    } else if lower.ends_with(".gguf") {
        "Reading the header of a .gguf file"
    } else {
        return None;
    };
    Some(format!(
        "{kind} is not built yet, so {name} was not read. Drop the config.json of the model instead: it lies beside the weights."
    ))
}
