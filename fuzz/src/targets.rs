//! What hostile bytes may reach: each target reads them as the page and the command line would, and goes on with what
//! comes of it. None may panic, take a second or 256 MiB.

use std::sync::Arc;

use weighbridge::analysis::analyse;
use weighbridge::export;
use weighbridge::hub::model_list::read_list;
use weighbridge::hub::{Locator, read_config, read_json, read_listing, read_names, read_tree};
use weighbridge::logs;
use weighbridge::model::headers::{Limits, Need, TensorList, assumed, gguf, gguf_config, index, logical, safetensors};
use weighbridge::model::{Blueprint, ModelError};
use weighbridge::scenario::{Mode, Scenario, from_query, to_query};

/// A target and its name.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 7] = [
    ("config", config),
    ("safetensors", safetensors),
    ("gguf", gguf),
    ("link", link),
    ("paste", paste),
    ("log", log),
    ("import", import),
];

/// The modes a model is asked in, and a device.
fn scenarios() -> [Scenario; 3] {
    let of = |mode, prompt, device: &str| {
        Scenario::default().with(|s| {
            s.workload.mode = mode;
            s.workload.prompt = prompt;
            s.workload.batch = 3;
            s.hardware.device = Some(device.to_owned());
        })
    };
    [
        of(Mode::Prefill, 1000, "rtx-4090"),
        of(Mode::Decode, 100_000, "h100-sxm"),
        of(Mode::Finetune, 512, "h100-sxm"),
    ]
}

fn go_on(blueprint: Result<Blueprint, ModelError>) {
    let Ok(blueprint) = blueprint.map(Arc::new) else { return };
    for scenario in scenarios() {
        let _ = analyse(&blueprint, &scenario).map(|analysis| analysis.held().parts().len());
    }
    let _ = export::inspection(&blueprint);
    let _ = export::tree(&blueprint);
}

/// A `config.json`.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = read_json(text);
    if let Ok(locator) = Locator::parse("owner/name") {
        let _ = read_config(text, &locator);
    }
    go_on(Blueprint::from_text(text));
}

/// A safetensors file's beginning, and an index.
pub fn safetensors(bytes: &[u8]) {
    let limits = Limits::local(1 << 40);
    if let Ok(Need::Done(header)) = safetensors::read(bytes, &limits)
        && let Ok(list) = TensorList::new(vec![header])
    {
        let count = logical::count(&list, None);
        let _ = assumed::summarise(&list, &count);
    }
    let _ = index::read(bytes);
}

/// A GGUF file's beginning, in two steps, and the config in it.
pub fn gguf(bytes: &[u8]) {
    let mut reader = gguf::Reader::new(Limits::local(1 << 40));
    let _ = reader.read(bytes.get(..bytes.len() / 2).unwrap_or_default());
    if let Ok(Need::Done(header)) = reader.read(bytes)
        && let Ok(list) = TensorList::new(vec![header])
    {
        let _ = assumed::summarise(&list, &logical::count(&list, None));
        if let Ok(config) = gguf_config::config(&list) {
            go_on(Blueprint::from_value(config));
        }
    }
}

/// The part of an address after `?`: read, written again, read again: the same.
pub fn link(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (scenario, _) = from_query(text);
    let written = to_query(&scenario);
    let (again, faults) = from_query(&written);
    assert!(faults.is_empty(), "a link of its own is not read: {faults:?}");
    assert_eq!(to_query(&again), written, "a link comes back as another");
}

/// What people paste: a name, an address, a list of models; and what a Hub answers.
pub fn paste(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(locator) = Locator::parse(text) {
        let _ = locator.config_path();
    }
    let _ = read_list(text, None);
    let _ = read_listing(text);
    let _ = read_names(text);
    let _ = read_tree(text);
}

/// What an engine prints.
pub fn log(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(log) = logs::read(text) {
        let _ = log.fullest();
        let _ = log.devices();
    }
}

/// A file of past calculations.
pub fn import(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(import) = export::history::read(text, 1_700_000_000_000) {
        let rows = import.beside(&[]).new;
        let _ = export::history::file(rows.iter());
        for row in &rows {
            let _ = row.scenario();
        }
        let _ = export::history::headline(&rows);
    }
}
