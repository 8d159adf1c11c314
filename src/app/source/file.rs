//! Files from this machine: dropped or chosen. They are read here and sent nowhere.

use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;
use weighbridge::hub::{add_side_file, lacks_quantisation, read_json, side_files};
use weighbridge::limits;
use weighbridge::logs::source_of;
use weighbridge::model::headers::FileKind;
use weighbridge::model::headers::index::is_index;

use super::super::case::{Case, Problem};
use super::super::drop::show_log;
use super::local_files::{self, Beside};
use super::{fail, load_config, use_config};

/// What the file chooser offers.
pub const CHOOSE: &str = ".json,.safetensors,.gguf,application/json";

/// Reads what was dropped or chosen together: a config, weight files, or both.
pub fn read_files(case: Case, files: Vec<File>) {
    let (weights, others): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|file| FileKind::of(&file.name()).is_some() || is_index(&file.name()));
    // Of a whole folder's files the config is the one that can be read.
    let config = others.iter().find(|file| file.name() == "config.json");
    let side = others.iter().find(|file| side_files().any(|name| file.name() == name));
    if let [file] = others.as_slice()
        && weights.is_empty()
        && may_be_log(file)
    {
        return read_log(case, file.clone());
    }
    match (config.or(others.first().filter(|_| weights.is_empty())), weights) {
        (Some(config), weights) => read_config(case, config.clone(), side.cloned(), weights),
        (None, weights) if !weights.is_empty() => local_files::read(case, weights, Beside::Nothing),
        (None, _) => {}
    }
}

/// Whether a file is read as a log first: no config is called so.
fn may_be_log(file: &File) -> bool {
    let name = file.name().to_ascii_lowercase();
    !name.ends_with(".json") && file.size() <= limits::LOG.bytes as f64
}

/// Reads a file as the log of an engine; as a config where it is none.
fn read_log(case: Case, file: File) {
    spawn_local(async move {
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        match text.filter(|text| source_of(text).is_some()) {
            Some(text) => show_log(case.page, text),
            None => read_config(case, file, None, Vec::new()),
        }
    });
}

/// Reads a file as a config, with what a file beside it says of its weights, then their headers.
fn read_config(case: Case, file: File, side: Option<File>, weights: Vec<File>) {
    let name = file.name();
    if file.size() > limits::CONFIG.bytes as f64 {
        let words = limits::CONFIG.refusal(&name);
        return fail(
            case,
            Problem::Browser(words + " Drop the config.json of the model: it lies beside the weights."),
        );
    }
    spawn_local(async move {
        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string());
        let Some(text) = text else {
            let words = format!("The browser could not read {name}. Choose it again, or paste its text.");
            return fail(case, Problem::Browser(words));
        };
        let read = match (
            side.filter(|side| side.size() <= limits::CONFIG.bytes as f64),
            read_json(&text),
        ) {
            (Some(side), Ok(mut config)) if lacks_quantisation(&config) => {
                let said = JsFuture::from(side.text()).await.ok().and_then(|text| text.as_string());
                add_side_file(&mut config, &side.name(), &said.unwrap_or_default());
                use_config(case, config, Some(&name))
            }
            _ => load_config(case, &text, Some(&name)),
        };
        if !weights.is_empty() {
            // What is no config known here leaves the weights to speak for themselves.
            local_files::read(case, weights, if read { Beside::Model } else { Beside::Unread });
        }
    });
}
