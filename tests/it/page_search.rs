//! The search of the Hub while somebody types, the rough verdicts beside it, and the formats of a repository's files.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use std::time::Duration;

use serde_json::{Map, Value, json};
use support::hub::{CONFIG, Hub};
use support::page::{SOON, start};

const SMALL: &str = "acme/Tiny-Weigh";
const LARGE: &str = "acme/Weigh-Large";

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// A Hub with a small and a large model, and one that draws.
fn hub() -> Hub {
    let hub = Hub::with([(SMALL, CONFIG), (LARGE, CONFIG), ("acme/weigh-draws", CONFIG)]);
    for file in [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
        "onnx/model.onnx",
    ] {
        hub.file(SMALL, file, "weights");
    }
    let of = |count: u64| json!({"parameters": {"BF16": count}, "total": count});
    let text = "text-generation";
    hub.info(
        SMALL,
        fields(json!({"safetensors": of(1_100_048_384), "pipeline_tag": text, "tags": ["safetensors", "onnx"]})),
    );
    hub.info(
        LARGE,
        fields(
            json!({"safetensors": of(70_000_000_000), "pipeline_tag": text, "tags": ["safetensors"], "gated": "auto"}),
        ),
    );
    hub.info("acme/weigh-draws", fields(json!({"pipeline_tag": "text-to-image"})));
    hub
}

fn searches(hub: &Hub) -> Vec<String> {
    let seen = hub.seen().into_iter();
    let lists = seen.filter(|one| one.path == "/api/models" && one.method == "GET");
    lists.map(|one| one.query).collect()
}

#[test]
fn models_of_the_hub_are_found_with_a_rough_verdict() {
    let hub = hub();
    let (browser, _server) = start(&hub, "?m=test/dense&hw=rtx-4090");
    browser.click("#find");
    browser.type_into("#find", "weigh");
    browser.wait_for("document.querySelectorAll('#find-list .choice').length >= 2", SOON);
    let rows = browser.texts("#find-list .choice");
    let row = |name: &str| {
        let found = rows.iter().find(|row| row.contains(name));
        found.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    // 2.2 GB and 140 GB of files, half as much again, against 24 GiB.
    assert_eq!(
        row(SMALL).unwrap(),
        format!("{SMALL} should fit 1.10 B · safetensors · ONNX")
    );
    assert_eq!(
        row(LARGE).unwrap(),
        format!("{LARGE} too large? 70.0 B · safetensors · gated")
    );
    assert!(row("weigh-draws").is_none(), "{rows:?}");
    // Typing is one question, without a token.
    let asked = searches(&hub);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("search=weigh&sort=downloads&"), "{asked:?}");
    // The keyboard takes one, and its config is then weighed exactly.
    let at = rows.iter().position(|row| row.contains(SMALL)).unwrap();
    for _ in 0..at {
        browser.keys(&["ArrowDown"]);
    }
    browser.keys(&["Enter"]);
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'Tiny-Weigh'",
        SOON,
    );
    browser.wait_for("document.querySelector('[data-figure=files]')", SOON);
    assert_eq!(browser.text("[data-figure=files]"), "Files: 2 safetensors, 1 ONNX");
    hub.assert_no_token_in_addresses();
}

#[test]
fn an_engine_that_loads_none_of_the_files_is_told() {
    let hub = hub();
    let (browser, _server) = start(&hub, &format!("?m={SMALL}&e=exllamav3"));
    browser.wait_for("document.querySelector('[data-figure=files]')", SOON);
    assert_eq!(browser.text("[data-figure=files]"), "Files: 2 safetensors, 1 ONNX");
    let (browser, _server) = start(&hub, &format!("?m={SMALL}&e=llama.cpp"));
    browser.wait_for("document.querySelector('[data-figure=files]')", SOON);
    let words = browser.text("[data-figure=files]");
    assert!(words.contains("llama.cpp cannot load these files"), "{words}");
}

#[test]
fn what_is_no_name_is_not_sent_and_silence_is_told() {
    let mut hub = hub();
    let (browser, _server) = start(&hub, "");
    for text in ["q", "https://example.com/a/b", "hf_abcdefghijkl", "{\"model_type\": 1}"] {
        browser.set_input("#find", text);
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(searches(&hub), Vec::<String>::new());
    // Nothing found is said; so is a Hub that is away, and built-in models are still there.
    browser.click("#find");
    browser.set_input("#find", "no-such-model-anywhere");
    browser.wait_for(
        "document.querySelector('.searched')?.innerText.includes('no other model')",
        SOON,
    );
    hub.stop();
    browser.set_input("#find", "qwen");
    browser.wait_for(
        "document.querySelector('.searched')?.innerText.includes('does not answer')",
        SOON,
    );
    assert!(browser.texts("#find-list .choice").len() > 3);
}

#[test]
fn the_search_knows_devices_addresses_of_built_in_models_and_where_else_to_ask() {
    let mut hub = hub();
    let (browser, _server) = start(&hub, "?m=Qwen/Qwen3-8B&hw=h100-sxm");
    hub.stop();
    // A device, for the model in hand.
    browser.click("#find");
    browser.type_into("#find", "4090");
    browser.wait_for(
        "document.querySelector('#find-list .choice')?.innerText.startsWith('On GeForce RTX 4090')",
        SOON,
    );
    browser.keys(&["Enter"]);
    browser.wait_for("location.search.includes('hw=rtx-4090')", SOON);
    assert_eq!(browser.text(".model-name"), "Qwen3 8B");
    // The list is gone; what follows is the answer.
    browser.wait_for("document.activeElement.id === 'verdict'", SOON);
    // The address of a built-in model needs no Hub.
    browser.click("#find");
    browser.type_into("#find", "https://huggingface.co/Qwen/Qwen3-32B/blob/main/config.json");
    browser.keys(&["Enter"]);
    browser.wait_for("document.querySelector('.model-name')?.innerText === 'Qwen3 32B'", SOON);
    assert_eq!(browser.count(".panel .callout[role=alert]"), 0);
    // Words that name nothing built in are asked of the Hub.
    browser.click("#find");
    browser.type_into("#find", "nothing of that kind");
    browser.keys(&["Enter"]);
    browser.wait_for("location.search.includes('place=search')", SOON);
}
