//! The search of the Hub as a place: words, filters, the address, further pages, files of a repository, and what is said
//! where nothing comes.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use serde_json::{Value, json};
use support::browser::Browser;
use support::hub::{Access, CONFIG, GOOD, Hub};
use support::page::{SOON, start};

const SMALL: &str = "acme/Weigh-1B";
const LARGE: &str = "acme/Weigh-70B";
const GGUF: &str = "packer/Weigh-1B-GGUF";

fn hub() -> Hub {
    let hub = Hub::with([(SMALL, CONFIG), (LARGE, CONFIG), ("other/weigh-mlx", CONFIG)]);
    hub.file(GGUF, "Weigh-1B-Q4_K_M.gguf", vec![0_u8; 3_000]);
    hub.file(GGUF, "Weigh-1B-Q8_0.gguf", vec![0_u8; 5_000]);
    hub.file(GGUF, "mmproj-F16.gguf", vec![0_u8; 50]);
    let info = |id: &str, fields: Value| hub.info(id, fields.as_object().unwrap().clone());
    let of = |count: u64| json!({"parameters": {"BF16": count}, "total": count});
    info(
        SMALL,
        json!({"safetensors": of(1_100_048_384), "downloads": 386_000, "tags": ["safetensors", "license:apache-2.0"]}),
    );
    info(
        LARGE,
        json!({"safetensors": of(70_000_000_000), "downloads": 5, "tags": ["safetensors", "license:mit"], "gated": "auto"}),
    );
    info(
        GGUF,
        json!({"gguf": {"total": 1_100_048_384, "architecture": "llama"}, "tags": ["gguf", "license:apache-2.0", "base_model:quantized:acme/Weigh-1B"]}),
    );
    info("other/weigh-mlx", json!({"tags": ["mlx", "safetensors", "4-bit"]}));
    hub
}

/// Ids of the rows, in their order; `from` is one of yours, built_in, hub.
fn rows(browser: &Browser, from: &str) -> Vec<String> {
    let all = browser.script(
        "return [...document.querySelectorAll(`.rows > li[data-from=${arguments[0]}]`)].map((row) => row.dataset.model)",
        json!([from]),
    );
    all.as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect()
}

fn wait_for_rows(browser: &Browser, count: usize) {
    browser.wait_for(
        &format!("document.querySelectorAll('.rows > li[data-from=hub]').length === {count}"),
        SOON,
    );
}

fn asked(hub: &Hub) -> Vec<String> {
    let seen = hub.seen().into_iter();
    seen.filter(|one| one.path == "/api/models" && one.method == "GET")
        .map(|one| one.query)
        .collect()
}

#[test]
fn words_and_filters_are_asked_once_and_stand_in_the_address() {
    let hub = hub();
    let (browser, _server) = start(&hub, "?m=Qwen/Qwen3-8B&hw=rtx-4090&place=search");
    browser.wait_for("document.activeElement?.id === 'find-words'", SOON);
    // Nothing is sent before something is typed.
    assert_eq!(asked(&hub), Vec::<String>::new());
    browser.type_text("weigh");
    wait_for_rows(&browser, 4);
    assert_eq!(asked(&hub).len(), 1, "{:?}", asked(&hub));
    let row = |id: &str| {
        browser
            .text(&format!(".rows > li[data-model='{id}']"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    // 2.2 GB of weights, half as much again; 70 B fit in no usual width.
    assert_eq!(
        row(SMALL),
        "acme/Weigh-1B text generation 1.10 B BF16 apache-2.0 386k 2025-06-07 should fit about 3.07 GiB +"
    );
    assert!(
        row(LARGE).contains("gated") && row(LARGE).contains("too large?"),
        "{}",
        row(LARGE)
    );
    assert!(
        row(GGUF).contains("from Weigh-1B") && row(GGUF).contains("GGUF"),
        "{}",
        row(GGUF)
    );
    assert!(
        row("other/weigh-mlx").contains("MLX needs Apple"),
        "{}",
        row("other/weigh-mlx")
    );
    // A filter goes to the Hub and into the address; Back takes none of it for a step of its own.
    browser.script("const one = document.querySelector('#find-licence'); one.value = 'apache-2.0'; one.dispatchEvent(new Event('change', {bubbles: true}))", json!([]));
    wait_for_rows(&browser, 2);
    assert!(
        asked(&hub)[1].contains("filter=license%3Aapache-2.0"),
        "{:?}",
        asked(&hub)
    );
    browser.wait_for(
        "location.search.endsWith('place=search&find=weigh&find-licence=apache-2.0')",
        SOON,
    );
    // The link shows the same.
    let (other, _server) = start(
        &hub,
        "?m=Qwen/Qwen3-8B&hw=rtx-4090&place=search&find=weigh&find-licence=apache-2.0&find-author=packer&find-sort=likes",
    );
    wait_for_rows(&other, 1);
    assert_eq!(
        (
            rows(&other, "hub"),
            other.value("#find-words"),
            other.value("#find-author")
        ),
        (vec![GGUF.to_owned()], "weigh".to_owned(), "packer".to_owned())
    );
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
    hub.assert_no_token_in_addresses();
}

#[test]
fn the_keyboard_alone_finds_compares_and_opens() {
    let hub = hub();
    let (browser, _server) = start(&hub, "?m=Qwen/Qwen3-8B&hw=rtx-4090");
    browser.script("document.activeElement?.blur()", json!([]));
    browser.keys(&["s"]);
    browser.wait_for("document.activeElement?.id === 'find-words'", SOON);
    browser.type_text("weigh-1b");
    wait_for_rows(&browser, 2);
    browser.keys(&["ArrowDown", "Shift+Enter"]);
    browser.wait_for("document.querySelector('#compare .badge').innerText === '2'", SOON);
    browser.wait_for("document.activeElement?.dataset.id === 'acme/Weigh-1B'", SOON);
    // Past the last row it stays; up from the first is the field; Escape on a row is the field too.
    browser.keys(&["ArrowDown", "ArrowDown", "ArrowDown"]);
    browser.wait_for("document.activeElement?.dataset.id === 'packer/Weigh-1B-GGUF'", SOON);
    browser.keys(&["Escape"]);
    browser.wait_for("document.activeElement?.id === 'find-words'", SOON);
    browser.keys(&["ArrowDown", "Enter"]);
    browser.wait_for("document.querySelector('.model-name')?.innerText === 'Weigh-1B'", SOON);
    browser.wait_for("!location.search.includes('place=')", SOON);
    // Opened before: the verdict is exact, and the model is among yours.
    browser.script("document.activeElement?.blur()", json!([]));
    browser.keys(&["s"]);
    browser.wait_for("document.querySelector(\".rows > li[data-from=yours][data-model='acme/Weigh-1B'] .fit\")?.innerText.startsWith('fits in')", SOON);
    browser.keys(&["Escape"]);
    browser.wait_for("document.querySelector('.model-name')", SOON);
}

#[test]
fn further_pages_follow_the_mark_alone() {
    let hub = Hub::start();
    for number in 0..45 {
        hub.file(&format!("many/weigh-{number:02}"), "config.json", CONFIG);
    }
    let (browser, _server) = start(&hub, "?place=search&find=weigh");
    wait_for_rows(&browser, 20);
    browser.click("#find-more");
    wait_for_rows(&browser, 40);
    browser.click("#find-more");
    wait_for_rows(&browser, 45);
    browser.wait_for("!document.querySelector('#find-more')", SOON);
    let asked = asked(&hub);
    assert_eq!(asked.len(), 3);
    assert!(asked[2].contains("&cursor=after-40"), "{asked:?}");
}

#[test]
fn an_older_answer_never_takes_the_place_of_a_newer() {
    let hub = hub();
    hub.slow_listing("weigh");
    let (browser, _server) = start(&hub, "?place=search");
    browser.wait_for("document.activeElement?.id === 'find-words'", SOON);
    browser.type_text("weigh");
    browser.wait_for("document.querySelector('.asking')", SOON);
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert_eq!(asked(&hub).len(), 1);
    browser.type_text("-70");
    wait_for_rows(&browser, 1);
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert_eq!(rows(&browser, "hub"), [LARGE]);
}

#[test]
fn the_files_of_a_repository_have_their_real_sizes() {
    let hub = hub();
    let (browser, _server) = start(&hub, "?hw=rtx-4090&place=search&find=weigh-1b-gguf");
    wait_for_rows(&browser, 1);
    browser.click("[aria-label='Files of packer/Weigh-1B-GGUF']");
    browser.wait_for("document.querySelectorAll('.files li').length === 2", SOON);
    let files = browser.texts(".files li");
    let said: Vec<String> = files
        .iter()
        .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(
        said,
        [
            "Q4_K_M 2.93 KiB should fit about 4.39 KiB",
            "Q8_0 4.88 KiB should fit about 7.32 KiB"
        ]
    );
}

#[test]
fn refused_away_and_empty_are_said_with_a_way_on() {
    let mut hub = hub();
    hub.refuse_listings(Some(429));
    let (browser, _server) = start(&hub, "?hw=rtx-4090&place=search&find=weigh");
    browser.wait_for(
        "document.querySelector('.say.bad')?.innerText.startsWith('Too many requests')",
        SOON,
    );
    browser.wait_for(
        "/^Again in [45]:\\d\\d$/.test(document.querySelector('#find-again')?.innerText)",
        SOON,
    );
    assert_eq!(
        browser.script("return document.querySelector('#find-again').disabled", json!([])),
        json!(true)
    );
    // Built-in models are found meanwhile.
    browser.set_input("#find-words", "qwen3 8b");
    browser.wait_for("document.querySelector('.rows > li[data-from=built_in]')", SOON);
    hub.refuse_listings(None);
    browser.set_input("#find-words", "nothing-is-called-so");
    browser.wait_for(
        "document.querySelector('.say.none')?.innerText.includes('No model of that name')",
        SOON,
    );
    hub.stop();
    browser.set_input("#find-words", "weigh");
    browser.wait_for(
        "document.querySelector('.say')?.innerText.includes('does not answer')",
        SOON,
    );
    browser.offline(true);
    browser.wait_for(
        "document.querySelector('.say')?.innerText.startsWith('No network.')",
        SOON,
    );
    // Back on the network it is asked anew.
    hub.restart();
    browser.offline(false);
    wait_for_rows(&browser, 4);
}

#[test]
fn what_only_a_token_sees_is_not_kept() {
    let hub = hub();
    hub.file("secret/weigh-mine", "config.json", CONFIG);
    hub.access("secret/weigh-mine", Access::Private);
    let (browser, server) = start(&hub, "");
    browser.script(
        "sessionStorage.setItem('token', arguments[0]); sessionStorage.setItem('token-endpoint', arguments[1])",
        json!([GOOD, hub.url()]),
    );
    browser.goto(&server.at("?hw=rtx-4090&place=search&find=weigh-mine"));
    wait_for_rows(&browser, 1);
    browser.click("[aria-label='Pin secret/weigh-mine']");
    browser.wait_for("document.querySelector('.toast')?.innerText.includes('not kept')", SOON);
    browser.click(".rows .rn");
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'weigh-mine'",
        SOON,
    );
    let kept = browser.script("return JSON.stringify({...localStorage})", json!([]));
    assert!(!kept.as_str().unwrap().contains("weigh-mine"), "{kept}");
    hub.assert_no_token_in_addresses();
}

#[test]
fn it_fits_every_screen() {
    let hub = hub();
    let (browser, _server) = start(&hub, "?hw=rtx-4090&place=search&find=weigh");
    for width in [1440, 768, 360] {
        browser.viewport(width, 800, 1.0, width < 500);
        wait_for_rows(&browser, 4);
        browser.wait_for(&format!("document.documentElement.scrollWidth <= {width}"), SOON);
    }
}
