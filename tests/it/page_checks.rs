//! The estimate beside what others say: rules of other calculators, and the log of an engine.

use serde_json::json;

use crate::support;
use support::browser::Browser;
use support::command;
use support::page::{SOON, open};
use support::server::Server;
use weighbridge::units::UnitSystem;

const LOG: &str = include_str!("../logs/llama.cpp-llama-3.1-8b-4090.log");

fn here(cells: &[String], at: usize) -> String {
    cells.get(at).cloned().unwrap_or_default()
}

/// From the memory tab and from "How is this calculated?"; what it says is what the command line says.
#[test]
fn calculators_disagree_for_reasons() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    let model = "openai/gpt-oss-20b";
    let answer = command::json(&["calculators", model, "--hardware", "rtx-5090", "--prompt", "8192"]);
    open(&browser, &server.at(answer["link"].as_str().unwrap()));
    browser.click("#tabpanel .further button");
    browser.wait_for("document.querySelector('dialog .checks[data-of=speed]')", SOON);
    for rule in answer["rules"].as_array().unwrap() {
        let cells = browser.texts(&format!("dialog [data-row='{}'] td", rule["rule"].as_str().unwrap()));
        if rule["of"] == "memory" {
            assert_eq!(
                here(&cells, 0),
                UnitSystem::Gib.bytes(rule["result"].as_f64().unwrap()),
                "{rule}"
            );
        }
        assert!(here(&cells, 3).contains(rule["why"].as_str().unwrap()), "{cells:?}");
        assert!(here(&cells, 3).contains("Source:"), "{cells:?}");
    }
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('dialog')", SOON);
    browser.click(".foot button[aria-haspopup=dialog]");
    browser.wait_for("document.querySelector('dialog .further button')", SOON);
    browser.click("dialog .further button");
    browser.wait_for("document.querySelector('dialog .checks')", SOON);
    assert_eq!(browser.errors(), []);
}

/// Pasted anywhere: part by part beside the estimate, the question of the log with one click, its figures with another.
#[test]
fn a_pasted_log_is_held_beside_the_estimate() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.paste("body", LOG);
    browser.wait_for("document.querySelector('dialog [data-row=weights]')", SOON);
    let cells = browser.texts("dialog [data-row=weights] td");
    assert_eq!([here(&cells, 0), here(&cells, 1)], ["4.30 GiB", "4.30 GiB"]);
    assert_eq!(here(&cells, 3), "The two agree.");
    assert_eq!(here(&browser.texts("dialog [data-row=runtime] td"), 0), "385 MiB");
    browser.click("#ask-logged");
    browser.wait_for(
        "location.search.includes('w=q4_k_m') && !document.querySelector('#ask-logged')",
        SOON,
    );
    browser.click("#use-these");
    browser.wait_for(
        "location.search.includes('overhead=403701760') && location.search.includes('be=')",
        SOON,
    );
    assert_eq!(browser.texts("dialog [data-row=runtime] .off"), ["+0.0 %"]);
    // Another one, which is none.
    browser.click("dialog .log-head .link");
    browser.wait_for("document.querySelector('#log-text')", SOON);
    browser.script(
        "const field = document.querySelector('#log-text'); field.value = 'no\\nlog'; field.dispatchEvent(new Event('input', {bubbles: true}))",
        json!([]),
    );
    browser.wait_for("document.querySelector('dialog .callout[data-code=unknown_log]')", SOON);
    assert_eq!(browser.errors(), []);
}
