//! Everything by typing, every change taken back, what a version brought, and numbers as the reader writes them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use serde_json::json;
use support::browser::Browser;
use support::page::{MOUNTED, SOON, WHOLE};
use support::server::Server;

fn start(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at(query));
    browser.wait_for(MOUNTED, SOON);
    browser.wait_for(WHOLE, SOON);
    (browser, server)
}

/// Opens the palette, types, and takes what is first.
fn do_it(browser: &Browser, typed: &str, first: &str) {
    browser.keys(&["Control+k"]);
    browser.wait_for("document.activeElement?.id === 'palette'", SOON);
    browser.type_text(typed);
    let wanted = json!(first);
    browser.wait_for(
        &format!("document.querySelector('#deed-0 .name')?.innerText === {wanted}"),
        SOON,
    );
    browser.keys(&["Enter"]);
    browser.wait_for("!document.querySelector('dialog.palette')", SOON);
}

#[test]
fn everything_is_done_by_typing() {
    let (browser, _server) = start("?m=Qwen/Qwen3-8B&hw=rtx-4090");
    do_it(&browser, "dark", "Dark colours");
    browser.wait_for("document.documentElement.dataset.theme === 'dark'", SOON);
    do_it(&browser, "4090 d", "On GeForce RTX 4090 D");
    browser.wait_for("location.search.includes('hw=rtx-4090-d')", SOON);
    do_it(&browser, "gemma 3 27", "Gemma 3 27B Instruct");
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'Gemma 3 27B Instruct'",
        SOON,
    );
    do_it(&browser, "engine vllm", "Engine: vLLM");
    browser.wait_for("location.search.includes('e=vllm')", SOON);
    do_it(&browser, "prompt 4k", "Prompt tokens: 4k");
    browser.wait_for("location.search.includes('p=4096')", SOON);
    do_it(&browser, "speed tab", "Speed tab");
    browser.wait_for("document.querySelector('#tab-speed')?.ariaSelected === 'true'", SOON);
    do_it(&browser, "memory in gb", "Memory in GB");
    browser.wait_for("localStorage.getItem('units') === 'GB'", SOON);
    do_it(&browser, "history", "History");
    browser.wait_for("location.search.includes('place=history')", SOON);
    // Arrow keys walk; Escape does nothing but close.
    browser.keys(&["Control+k"]);
    browser.wait_for("document.activeElement?.id === 'palette'", SOON);
    browser.keys(&["ArrowUp"]);
    browser.wait_for(
        "[...document.querySelectorAll('#palette-list [role=option]')].at(-1)?.ariaSelected === 'true'",
        SOON,
    );
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('dialog[open]')", SOON);
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn every_change_is_taken_back_and_brought_again() {
    let (browser, _server) = start("?m=Qwen/Qwen3-8B&hw=rtx-4090&p=8192");
    let prompt = || browser.value("#prompt");
    let wait_for_prompt = |value: &str| {
        let value = json!(value);
        browser.wait_for(&format!("document.querySelector('#prompt')?.value === {value}"), SOON);
    };
    browser.set_input("#prompt", "4096");
    browser.wait_for("location.search.includes('p=4096')", SOON);
    browser.script("document.activeElement?.blur()", json!([]));
    // A tab later another model, and its copy.
    do_it(&browser, "gemma 3 27", "Gemma 3 27B Instruct");
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'Gemma 3 27B Instruct'",
        SOON,
    );
    std::thread::sleep(std::time::Duration::from_millis(600));
    do_it(&browser, "keep this", "Keep this, try another");
    browser.wait_for("document.querySelector('#compare .badge').innerText === '2'", SOON);
    std::thread::sleep(std::time::Duration::from_millis(600));

    browser.keys(&["Control+z"]);
    browser.wait_for("document.querySelector('#compare .badge').innerText === '1'", SOON);
    browser.keys(&["Control+z"]);
    browser.wait_for("document.querySelector('.model-name')?.innerText === 'Qwen3 8B'", SOON);
    browser.wait_for(
        "document.querySelector('.toast:last-child')?.innerText.startsWith('Undone: Qwen3 8B')",
        SOON,
    );
    wait_for_prompt("4,096");
    browser.keys(&["Control+z"]);
    wait_for_prompt("8,192");
    browser.keys(&["Control+z"]);
    browser.wait_for(
        "document.querySelector('.toast:last-child')?.innerText === 'Nothing to take back.'",
        SOON,
    );
    browser.keys(&["Control+Shift+z"]);
    wait_for_prompt("4,096");
    browser.keys(&["Control+y"]);
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'Gemma 3 27B Instruct'",
        SOON,
    );
    // In a text field it is the field's own.
    browser.click("#prompt");
    browser.keys(&["Control+z"]);
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(browser.text(".model-name"), "Gemma 3 27B Instruct");
    assert!(!prompt().is_empty());
    // A new change ends what could be brought again.
    browser.script("document.activeElement?.blur()", json!([]));
    browser.keys(&["Control+z"]);
    browser.wait_for("document.querySelector('.model-name')?.innerText === 'Qwen3 8B'", SOON);
    browser.set_input("#prompt", "2048");
    browser.wait_for("location.search.includes('p=2048')", SOON);
    browser.script("document.activeElement?.blur()", json!([]));
    std::thread::sleep(std::time::Duration::from_millis(600));
    browser.keys(&["Control+y"]);
    browser.wait_for(
        "document.querySelector('.toast:last-child')?.innerText === 'Nothing to bring back.'",
        SOON,
    );
}

#[test]
fn what_is_new_is_told_once_a_version() {
    let (browser, _server) = start("");
    // The first visit has nothing new.
    assert_eq!(browser.count(".news"), 0);
    browser.script("localStorage.setItem('version', '0.0.9')", json!([]));
    browser.reload();
    browser.wait_for("document.querySelector('.news')", SOON);
    browser.click(".news .button");
    browser.wait_for("document.querySelectorAll('dialog .points li').length >= 3", SOON);
    browser.keys(&["Escape"]);
    browser.reload();
    browser.wait_for(WHOLE, SOON);
    assert_eq!(browser.count(".news"), 0);
}

#[test]
fn numbers_are_written_as_the_reader_does_and_handed_out_neutral() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    let agent = browser.script("return navigator.userAgent", json!([]));
    browser.cdp(
        "Network.setUserAgentOverride",
        json!({"userAgent": agent, "acceptLanguage": "de-DE"}),
    );
    browser.goto(&server.at("?m=Qwen/Qwen3-8B&hw=rtx-4090&p=8192"));
    browser.wait_for(MOUNTED, SOON);
    browser.wait_for(WHOLE, SOON);
    browser.wait_for("document.querySelector('#prompt')?.value === '8.192'", SOON);
    // Typed as it is written: groups and a decimal comma.
    browser.set_input("#prompt", "16.384");
    browser.wait_for("location.search.includes('p=16384')", SOON);
    assert!(browser.text("#answer").contains(",") && browser.value("#prompt") == "16.384");
    browser.click("[aria-label=Share]");
    browser.wait_for("document.querySelector('.preview')?.innerText.includes('16,384')", SOON);
    assert!(!browser.text(".preview").contains("16.384"));
}
