//! The built page's hardware: picker, matrix, answers, command, a server, a device of one's own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use serde_json::json;
use support::browser::Browser;
use support::command::estimate;
use support::page::{SOON, open};
use support::server::Server;
use weighbridge::units::decimal;

const MATRIX: &str = "document.querySelectorAll('.matrix-card [role=gridcell]').length > 2000";

fn fit_tab(browser: &Browser) {
    browser.script("document.getElementById('tab-fit').click()", json!([]));
    browser.wait_for(MATRIX, SOON);
}

fn fine(browser: &Browser) {
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn a_device_is_found_and_taken_with_keys_alone() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.script("document.getElementById('hardware').focus()", json!([]));
    browser.keys(&["Enter"]);
    browser.wait_for("document.activeElement.id === 'device-filter'", SOON);
    browser.set_input("#device-filter", "h200");
    browser.wait_for("document.querySelectorAll('#device-list .choice').length < 12", SOON);
    let first = browser.text("#device-list .choice[aria-selected=true] .name");
    browser.keys(&["ArrowDown"]);
    browser.wait_for(
        &format!("document.querySelector('#device-list .choice[aria-selected=true] .name').innerText !== '{first}'"),
        SOON,
    );
    browser.keys(&["ArrowUp", "Enter"]);
    browser.wait_for(
        "!document.querySelector('dialog[open]') && location.search.includes('hw=h200')",
        SOON,
    );
    assert_eq!(browser.text("#hardware"), first);
    fine(&browser);
}

#[test]
fn the_matrix_is_read_with_arrows_and_pressed_to_choose() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    fit_tab(&browser);
    let said = browser.text(".matrix-card .reading").replace('\n', " ");
    assert!(said.starts_with("GeForce RTX 4090, BF16: fits, "), "{said}");
    browser.script(
        "document.querySelector('.matrix-card [role=gridcell][tabindex=\"0\"]').focus()",
        json!([]),
    );
    browser.keys(&["ArrowRight"]);
    browser.wait_for(
        "document.querySelector('.reading b').innerText.startsWith('GeForce RTX 4090, Q8_0')",
        SOON,
    );
    browser.keys(&["Enter"]);
    browser.wait_for("location.search.includes('w=q8_0')", SOON);
    // What does not run says why, in words.
    let why = browser.script(
        "for (let turn = 0; turn < 40; turn++) { document.querySelector('.matrix-card [data-verdict=unsupported][role=gridcell]')?.focus(); await new Promise((done) => setTimeout(done, 150)); if (document.querySelector('.reading').innerText.includes('not supported')) break; } return document.querySelector('.reading').innerText",
        json!([]),
    );
    assert!(why.as_str().unwrap().contains("not supported: "), "{why}");
    browser.set_input("#matrix-filter", "blackwell");
    browser.wait_for(
        "document.querySelectorAll('.matrix-card [role=gridcell]').length < 700",
        SOON,
    );
    fine(&browser);
}

#[test]
fn answers_and_the_command_follow_the_question() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=Qwen/Qwen2.5-72B-Instruct&hw=rtx-4090&w=q4_k_m&p=4096"),
    );
    let address = [
        "Qwen/Qwen2.5-72B-Instruct",
        "--hardware",
        "rtx-4090",
        "--weights",
        "q4_k_m",
        "--prompt",
        "4096",
    ];
    let answer = estimate(&address);
    assert_eq!(answer["fit"]["verdict"], "offload");
    assert_eq!(browser.text("#app [data-figure='fit.verdict']"), "Fits with offload");
    browser.script("document.getElementById('tab-fit').click()", json!([]));
    browser.wait_for("document.querySelector('[data-figure=\"launch.command\"]')", SOON);
    let command = browser.text("[data-figure='launch.command']");
    assert_eq!(command, answer["launch"]["command"].as_str().unwrap());
    assert!(command.contains("-ngl "), "{command}");
    // Two of these cards, or more, hold it whole: one press makes it so.
    assert!(
        browser
            .text("[data-figure='answer.degree']")
            .contains("have room for the whole model")
    );
    browser.click("[data-figure='answer.degree'] button");
    browser.wait_for("document.querySelector('.verdict').dataset.verdict === 'fits'", SOON);
    assert!(browser.text("[data-figure='answer.cheapest']").contains("an hour"));
    fine(&browser);
}

#[test]
fn a_server_shows_its_curve_and_says_what_the_command_line_says() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=serve&hw=rtx-4090&b=60&p=1000&g=400"),
    );
    let answer = estimate(&[
        "meta-llama/Llama-3.1-8B-Instruct",
        "--mode",
        "serve",
        "--hardware",
        "rtx-4090",
        "--batch",
        "60",
        "--prompt",
        "1000",
        "--generate",
        "400",
    ]);
    let rate = decimal(answer["serving"]["tokens_per_second"].as_f64().unwrap());
    let sentence = browser.text("#app .verdict");
    assert!(sentence.contains(&format!("{rate} tokens/s")), "{sentence}");
    let waiting = answer["serving"]["queued"].as_u64().unwrap();
    assert!(
        waiting > 0 && sentence.contains(&format!("{waiting} more wait")),
        "{sentence}"
    );
    browser.script("document.getElementById('tab-speed').click()", json!([]));
    browser.wait_for("document.querySelector('#serving-title')", SOON);
    assert!(
        browser
            .text("#app [data-figure='serving.running']")
            .contains(&format!("{waiting} wait"))
    );
    assert!(
        browser
            .text("#app [data-figure='serving.cost']")
            .contains("A million tokens cost $")
    );
    let points = answer["serving"]["curve"].as_array().unwrap().len();
    browser.script(
        "document.querySelector('#serving-title').parentElement.querySelector('.deeds .link').click()",
        json!([]),
    );
    browser.wait_for(
        &format!("document.querySelectorAll('section:has(> #serving-title) tbody tr').length === {points}"),
        SOON,
    );
    fine(&browser);
}

#[test]
fn how_it_is_calculated_shows_the_users_own_numbers() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    let memory = browser.text("#app .numbers [data-figure='answer.memory'], #app .number:first-child");
    browser.script("document.getElementById('tab-speed').click()", json!([]));
    browser.wait_for("document.querySelector('#intervals-title')", SOON);
    browser.script(
        "[...document.querySelectorAll('button.link')].find((one) => one.innerText.startsWith('How is this calculated')).click()",
        json!([]),
    );
    browser.wait_for("document.querySelector('dialog[open] .step')", SOON);
    let text = browser.text("dialog[open]");
    for words in ["Parameters: 8,030,261,248", "Memory: 17.4 GiB", "Tokens a second"] {
        assert!(text.contains(words), "{words} in {text} ({memory})");
    }
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('dialog[open]')", SOON);
    fine(&browser);
}

#[test]
fn on_a_phone_nothing_scrolls_sideways_in_any_mode() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(360, 800, 1.0, true);
    for mode in ["prefill", "decode", "serve", "pretrain"] {
        open(
            &browser,
            &server.at(&format!("?m=meta-llama/Llama-3.1-8B-Instruct&hw=rtx-4090&mode={mode}")),
        );
        let tabs = match mode {
            "pretrain" => ["tab-memory", "tab-plan", "tab-time"],
            _ => ["tab-memory", "tab-speed", "tab-fit"],
        };
        for tab in tabs {
            browser.script(&format!("document.getElementById('{tab}').click()"), json!([]));
            browser.wait_for(
                &format!("document.getElementById('{tab}').ariaSelected === 'true'"),
                SOON,
            );
            let wide = browser.script("return document.documentElement.scrollWidth", json!([]));
            assert!(wide.as_u64().unwrap() <= 360, "{mode}, {tab}: {wide}");
        }
    }
    fine(&browser);
}

/// Several devices: what each holds against what it carries, not the whole model against one of them.
#[test]
fn several_devices_are_weighed_each() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=deepseek-ai/DeepSeek-V3.1&hw=h100-sxm&n=16&e=vllm&p=32768&g=256"),
    );
    let answer = estimate(&[
        "deepseek-ai/DeepSeek-V3.1",
        "--hardware",
        "h100-sxm",
        "--devices",
        "16",
        "--engine",
        "vllm",
        "--prompt",
        "32768",
        "--generate",
        "256",
    ]);
    let held = answer["memory"]["per_rank"].as_array().unwrap().iter();
    let held = held.map(|rank| rank["total_bytes"].as_u64().unwrap()).max().unwrap();
    let gib = |bytes: u64| decimal(bytes as f64 / (1_u64 << 30) as f64);
    assert_eq!(browser.text("[data-figure='answer.memory']"), gib(held));
    let side = browser.text("[data-figure='bridge.side']");
    assert!(side.contains(&gib(held)) && side.contains("fullest of 16 ×"), "{side}");
    assert_eq!(browser.texts("[data-figure='fit.verdict']"), ["Fits"]);
    // Its explanation says the same, and each part opens to that of the whole model.
    browser.click("[data-figure='answer.memory']");
    browser.wait_for("document.querySelector('[role=dialog], .explain')", SOON);
    let text = browser.text("body");
    assert!(
        text.contains(&format!("Memory of the fullest device: {}", gib(held))),
        "{text}"
    );
    fine(&browser);
}
