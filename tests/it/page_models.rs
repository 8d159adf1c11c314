//! What runs here and lists of models, and the answer handed over, in a real browser.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use serde_json::json;
use support::browser::Browser;
use support::hub::{CONFIG, Fault, Hub};
use support::page::{Page, SOON};
use support::server::Server;

/// All built-in models are weighed.
const WEIGHED: &str = "document.querySelectorAll('.models-table tbody tr').length > 150";

fn start(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at(query));
    browser.wait_for(support::page::WHOLE, SOON);
    (browser, server)
}

#[test]
fn what_runs_here_is_found_filtered_and_opened() {
    let (browser, _server) = start("?m=Qwen/Qwen3-8B&hw=rtx-4090");
    browser.click("#runs-here");
    browser.wait_for(WEIGHED, SOON);
    // The sentence of the command line, over the same models.
    let said = support::command::text(&["fit", "--hardware", "rtx-4090", "--models", "all"]);
    assert_eq!(
        said.lines().next(),
        Some(browser.text("[data-figure='models.sentence']").as_str())
    );
    assert!(
        browser.url().ends_with("?m=Qwen/Qwen3-8B&hw=rtx-4090&place=models"),
        "{}",
        browser.url()
    );
    browser.set_input("#models-filter", "gemma 3 27");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length === 1", SOON);
    assert_eq!(
        browser.text(".models-table tbody td[data-label='Best format']"),
        "Q6_K\nalmost no loss"
    );
    browser.click(".models-table tbody th button");
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'Gemma 3 27B Instruct'",
        SOON,
    );
    browser.wait_for(
        "document.querySelector(\"[data-figure='fit.verdict']\")?.innerText === 'Fits'",
        SOON,
    );
    // Back is the list again, once the address has followed.
    browser.wait_for("location.search.startsWith('?m=google/gemma-3-27b-it')", SOON);
    browser.back();
    browser.wait_for(WEIGHED, SOON);
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn rows_sort_and_go_into_the_comparison() {
    let (browser, _server) = start("?m=Qwen/Qwen3-8B&hw=rtx-4090&place=models");
    browser.wait_for(WEIGHED, SOON);
    let first = "document.querySelector('.models-table tbody tr')?.dataset.model";
    browser.click(".models-table thead th:nth-child(2) button");
    browser.wait_for(
        "document.querySelector('.models-table thead th:nth-child(2)').ariaSort === 'descending'",
        SOON,
    );
    let largest = browser.script(&format!("return {first}"), json!([]));
    browser.click(".models-table thead th:nth-child(2) button");
    browser.wait_for(&format!("{first} !== {largest}"), SOON);
    browser.click(".models-table tbody tr:first-child td:last-child button");
    browser.wait_for("document.querySelector('#compare .badge').innerText === '2'", SOON);
    // No sideways scroll on a phone.
    browser.viewport(360, 800, 1.0, true);
    browser.wait_for("document.documentElement.scrollWidth <= 360", SOON);
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn a_list_is_read_row_by_row_and_what_fails_can_be_tried_again() {
    let hub = Hub::with([("team/own", CONFIG)]);
    let page = Page::open(hub, "?m=Qwen/Qwen3-8B&hw=rtx-4090&place=models");
    let browser = &page.browser;
    browser.wait_for(WEIGHED, SOON);
    page.press(".segments button", "Your list");
    browser.wait_for("document.querySelector('#model-list')", SOON);
    browser.set_input("#model-list", "# ours\nQwen/Qwen3-32B\nteam/own\nnobody/has-this\n");
    browser.click("#list-take");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length === 2", SOON);
    browser.wait_for(
        "document.querySelector('.list-box .failed li b')?.innerText === 'nobody/has-this'",
        SOON,
    );
    assert_eq!(browser.text("[data-figure='models.progress']"), "2 of 3 read.");
    browser.click("#list-retry");
    browser.wait_for(
        "document.querySelector('.list-box .failed li b')?.innerText === 'nobody/has-this'",
        SOON,
    );
    // Not a list: said, and nothing is lost.
    browser.set_input("#model-list", "# nothing\n");
    browser.click("#list-take");
    browser.wait_for(
        "document.querySelector('.list-box .problem')?.innerText === 'The list names no model.'",
        SOON,
    );
    assert_eq!(browser.count(".models-table tbody tr"), 2);
}

#[test]
fn a_network_cut_in_the_middle_of_a_list_costs_only_what_was_under_way() {
    let names: Vec<String> = (1..=6).map(|number| format!("team/m{number}")).collect();
    let mut hub = Hub::with(names.iter().map(|name| (name.as_str(), CONFIG)));
    for name in &names[2..] {
        hub.fault(name, Fault::Slow);
    }
    hub.drip(64, std::time::Duration::from_millis(400));
    let (browser, _server) = support::page::start(&hub, "?m=Qwen/Qwen3-8B&hw=rtx-4090&place=models");
    browser.wait_for(WEIGHED, SOON);
    browser.script(
        "[...document.querySelectorAll('.segments button')].find((one) => one.innerText === 'Your list').click()",
        json!([]),
    );
    browser.wait_for("document.querySelector('#model-list')", SOON);
    browser.set_input("#model-list", &names.join("\n"));
    browser.click("#list-take");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length === 2", SOON);
    browser.wait_for("document.querySelectorAll('.list-box .reading').length === 4", SOON);
    hub.stop();
    browser.wait_for(
        "document.querySelectorAll('.list-box .failed li:not(.reading)').length === 4",
        SOON,
    );
    assert_eq!(browser.count(".models-table tbody tr"), 2);
    assert_eq!(browser.text("[data-figure='models.progress']"), "2 of 6 read.");
    // One row by itself, then the others.
    hub.restart();
    for name in &names[2..] {
        hub.fault(name, Fault::None);
    }
    browser.click("[aria-label='Try team/m4 again']");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length === 3", SOON);
    browser.click("#list-retry");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length === 6", SOON);
    assert_eq!(browser.count(".list-box .failed li"), 0);
}

#[test]
fn what_a_search_of_the_hub_lists_is_ranked_with_the_built_in_models() {
    let hub = Hub::with([("acme/weigh-one", CONFIG), ("acme/weigh-two", CONFIG)]);
    hub.file("acme/weigh-files", "weigh-Q4_K_M.gguf", vec![0_u8; 9]);
    hub.info(
        "acme/weigh-files",
        json!({"tags": ["gguf"]}).as_object().unwrap().clone(),
    );
    let (browser, _server) = support::page::start(&hub, "?hw=rtx-4090&place=search&find=weigh");
    browser.wait_for(
        "document.querySelectorAll('.rows > li[data-from=hub]').length === 3",
        SOON,
    );
    browser.click("#find-rank");
    browser.wait_for(WEIGHED, SOON);
    let said = "document.querySelector(\"[data-figure='models.hub']\")?.innerText ?? ''";
    browser.wait_for(&format!("{said}.includes('2 models of the Hub read.')"), SOON);
    browser.wait_for(
        &format!("{said}.includes('1 model of GGUF files alone left out')"),
        SOON,
    );
    browser.set_input("#models-filter", "acme");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length === 2", SOON);
}

#[test]
fn print_without_the_dialog_gives_the_report_on_every_paper() {
    let (browser, _server) = start("?m=Qwen/Qwen3-8B&hw=rtx-4090");
    browser.wait_for("document.querySelector('.number')", SOON);
    for (width, height, landscape) in [
        (8.27, 11.69, false),
        (8.27, 11.69, true),
        (8.5, 11.0, false),
        (8.5, 11.0, true),
    ] {
        let options =
            json!({"paperWidth": width, "paperHeight": height, "landscape": landscape, "preferCSSPageSize": false});
        let printed = browser.cdp("Page.printToPDF", options);
        let bytes = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            printed["data"].as_str().unwrap(),
        )
        .unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let pages = text
            .matches("/Type /Page\n")
            .count()
            .max(text.matches("/Type /Page ").count());
        assert!(
            (1..=2).contains(&pages),
            "{pages} pages of {width} × {height}, landscape: {landscape}"
        );
    }
    // What printing made is gone.
    assert_eq!(browser.count(".paper"), 0);
}

#[test]
fn an_answer_is_handed_over() {
    let (browser, server) = start("?m=Qwen/Qwen3-8B&hw=rtx-4090&p=4096");
    browser.click("[aria-label=Share]");
    browser.wait_for("document.querySelector('#share-link')", SOON);
    let link = browser.script("return document.querySelector('#share-link').value", json!([]));
    assert_eq!(
        link.as_str(),
        Some(server.at("?m=Qwen/Qwen3-8B&p=4096&hw=rtx-4090").as_str())
    );
    let preview = browser.text(".preview");
    for needed in [
        "| Verdict | Fits |",
        "| Model | Qwen/Qwen3-8B |",
        "| Engine | vLLM |",
        "Sources:",
        env!("CARGO_PKG_VERSION"),
    ] {
        assert!(preview.contains(needed), "{needed} in {preview}");
    }
    page_without(&browser, "sources", "Sources:");
    // The printed page is there for print alone.
    browser.script("window.print = () => { window.printed = true }", json!([]));
    browser.click("#share-print");
    browser.wait_for("window.printed && document.querySelector('.paper h1')", SOON);
    assert_eq!(
        browser.script(
            "return getComputedStyle(document.querySelector('.paper')).display",
            json!([])
        ),
        json!("none")
    );
    browser.cdp("Emulation.setEmulatedMedia", json!({"media": "print"}));
    assert_eq!(
        browser.script(
            "return getComputedStyle(document.querySelector('.paper')).display",
            json!([])
        ),
        json!("flex")
    );
    let printed = browser.text(".paper");
    assert!(
        printed.contains("Qwen3 8B fits one RTX 4090") && printed.contains("hw=rtx-4090"),
        "{printed}"
    );
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

/// Without a tick a part of the Markdown is left out.
fn page_without(browser: &Browser, tick: &str, words: &str) {
    browser.script(
        "for (const label of document.querySelectorAll('.with label')) if (label.innerText.includes(arguments[0])) label.click()",
        json!([tick]),
    );
    browser.wait_for(
        &format!("!document.querySelector('.preview').innerText.includes('{words}')"),
        SOON,
    );
}
