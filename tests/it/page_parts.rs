//! The page in parts: the first load answers by itself, and a part that does not come says so and can be asked for again.

use std::path::Path;

use serde_json::json;

use crate::support;
use support::browser::Browser;
use support::page::{MOUNTED, SOON, WHOLE, copy_without};
use support::server::Server;

/// Files that the first load does without.
fn is_part(file: &str) -> bool {
    file.starts_with("part-") || file.starts_with("shared-")
}

/// Gives a copy of the page the files that it was made without.
fn complete(copy: &Path) {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    for entry in std::fs::read_dir(dist).unwrap().flatten() {
        let file = entry.file_name().into_string().unwrap();
        if is_part(&file) {
            std::fs::copy(entry.path(), copy.join(file)).unwrap();
        }
    }
}

/// What the panel of the tabs says.
fn panel(browser: &Browser) -> String {
    browser.text("#tabpanel")
}

#[test]
fn the_example_answers_before_any_part_is_there() {
    let server = Server::start(copy_without("no-parts", is_part), "/");
    let browser = Browser::start();
    browser.goto(&server.url());
    browser.wait_for(MOUNTED, SOON);
    let figure = "document.querySelector('[data-figure=\"memory.kv_cache\"]').innerText";
    let before = browser.script(&format!("return {figure}"), json!([]));
    browser.set_input("#prompt-range", "119");
    browser.wait_for(&format!("{figure} !== {before}"), SOON);
    let asked: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    assert!(asked.iter().any(|path| path.ends_with(".wasm")), "{asked:?}");
}

#[test]
fn a_part_that_is_gone_says_so_and_comes_when_asked_again() {
    let copy = copy_without("parts-gone", is_part);
    let server = Server::start(&copy, "/");
    let browser = Browser::start();
    browser.goto(&server.url());
    browser.wait_for(MOUNTED, SOON);
    browser.click("#tab-speed");
    browser.wait_for("document.querySelector('#tabpanel .callout')", SOON);
    assert!(
        panel(&browser).contains("This view did not load."),
        "{}",
        panel(&browser)
    );
    assert!(panel(&browser).contains("Reload"), "{}", panel(&browser));
    complete(&copy);
    browser.click("#tabpanel .callout .button");
    browser.wait_for("document.querySelector('#intervals-title')", SOON);
}

#[test]
fn a_search_before_its_part_is_there_waits_for_it() {
    let copy = copy_without("search-gone", is_part);
    let server = Server::start(&copy, "/");
    let browser = Browser::start();
    browser.goto(&server.url());
    browser.wait_for(MOUNTED, SOON);
    browser.click("#find");
    browser.type_into("#find", "Qwen/Qwen3-8B");
    browser.keys(&["Enter"]);
    browser.wait_for("document.querySelector('.panel .callout[data-code=part_lost]')", SOON);
    complete(&copy);
    browser.click(".panel .callout[data-code=part_lost] .button");
    browser.wait_for("document.querySelector('.model-name').innerText === 'Qwen3 8B'", SOON);
}

#[test]
fn a_link_to_another_model_waits_for_what_knows_it() {
    let copy = copy_without("link-gone", is_part);
    let server = Server::start(&copy, "/");
    let browser = Browser::start();
    browser.goto(&server.at("?m=Qwen/Qwen3-8B&hw=rtx-4090"));
    browser.wait_for("document.querySelector('.panel .callout[data-code=part_lost]')", SOON);
    // No wrong answer in the meantime.
    assert_eq!(browser.count(".model-name"), 0);
    assert_eq!(browser.count(".numbers"), 0);
    complete(&copy);
    browser.click(".panel .callout[data-code=part_lost] .button");
    browser.wait_for("document.querySelector('.model-name')?.innerText === 'Qwen3 8B'", SOON);
}

#[test]
fn offline_before_the_whole_page_is_stored_says_so() {
    let server = Server::start(copy_without("offline-early", is_part), "/");
    let browser = Browser::start();
    browser.goto(&server.url());
    browser.wait_for(MOUNTED, SOON);
    browser.offline(true);
    browser.click("#tab-fit");
    browser.wait_for("document.querySelector('#tabpanel .callout')", SOON);
    browser.offline(false);
}

#[test]
fn all_parts_come_by_themselves() {
    let server = Server::dist("/");
    let browser = Browser::start();
    browser.goto(&server.url());
    browser.wait_for(WHOLE, SOON);
    assert_eq!(browser.errors(), []);
}
