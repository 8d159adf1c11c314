//! What a person does on the page: wrong values, ways out, Back, several cases, keys.

use serde_json::json;

use super::figure;
use crate::support::browser::Browser;
use crate::support::page::{MOUNTED, SOON, open};
use crate::support::server::Server;

#[test]
fn a_wrong_value_is_told_and_the_answer_stays() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    let before = figure(&browser, "memory.total");
    for (value, words) in [
        ("many", "must be a whole number"),
        ("0", "must be 1 to 100,000,000"),
        ("99999999999999999999", "must be 1 to"),
    ] {
        browser.set_input("#prompt", value);
        browser.wait_for("document.querySelector('#sheet-workload .knob.invalid .error')", SOON);
        let said = browser.text("#sheet-workload .knob.invalid .error");
        assert!(said.contains(words), "{value}: {said}");
        assert_eq!(figure(&browser, "memory.total"), before);
    }
    browser.set_input("#prompt", "1,024");
    browser.wait_for("!document.querySelector('#sheet-workload .knob.invalid')", SOON);
    assert_ne!(figure(&browser, "memory.total"), before);
}

#[test]
fn what_does_not_fit_offers_ways_out() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=Qwen/Qwen2.5-72B-Instruct&hw=rtx-4090&off=none"),
    );
    assert_eq!(figure(&browser, "fit.verdict"), "Does not fit");
    // What it would take is found once the question has rested.
    browser.wait_for("document.querySelector('#app .ways button.way')", SOON);
    assert!(
        browser.text(".verdict .lead").contains(" fits whole"),
        "{}",
        browser.text(".verdict .lead")
    );
    browser.click("#app .ways [data-figure='way.format']");
    browser.wait_for("document.querySelector('.verdict').dataset.verdict === 'fits'", SOON);
    // What the button changed is said, and taken back with one press.
    assert!(
        browser.text(".changed").starts_with("Changed: Weights "),
        "{}",
        browser.text(".changed")
    );
    browser.click(".changed button");
    browser.wait_for(
        "document.querySelector('.verdict').dataset.verdict === 'does_not_fit'",
        SOON,
    );
}

/// Back and forward walk through what was done; the tab is in the address; a slider leaves no steps.
#[test]
fn back_and_forward_walk_through_what_was_done() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.click("#tab-compute");
    browser.wait_for("location.search === '?tab=compute'", SOON);
    browser.set_input("#prompt", "4096");
    browser.wait_for("location.search.includes('p=4096')", SOON);
    browser.set_input("#prompt", "2048");
    browser.wait_for("location.search.includes('p=2048')", SOON);
    let steps = browser.script("return history.length", json!([]));
    browser.click("#sheet-workload .segments button:first-child");
    browser.wait_for("location.search.includes('mode=prefill')", SOON);
    assert_eq!(
        browser.script("return history.length", json!([])).as_u64(),
        steps.as_u64().map(|steps| steps + 1)
    );
    browser.script("history.back()", json!([]));
    browser.wait_for(
        "document.querySelector('#sheet-workload .segments [aria-pressed=true]').innerText === 'Decode'",
        SOON,
    );
    assert_eq!(
        browser.script("return document.getElementById('prompt').value", json!([])),
        json!("2,048")
    );
    browser.script("history.back()", json!([]));
    browser.wait_for("document.getElementById('tab-memory').ariaSelected === 'true'", SOON);
    browser.script("history.forward()", json!([]));
    browser.wait_for("document.getElementById('tab-compute').ariaSelected === 'true'", SOON);
    // A reload changes nothing.
    open(
        &browser,
        browser.script("return location.href", json!([])).as_str().unwrap(),
    );
    browser.wait_for("document.getElementById('tab-compute').ariaSelected === 'true'", SOON);
}

/// Several questions stand on one page: one is kept while another is tried.
#[test]
fn a_question_is_kept_while_another_is_tried() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    assert_eq!(browser.count(".cases .case"), 0);
    browser.click(".verdict .deeds button:first-child");
    browser.wait_for("document.querySelectorAll('.cases .case').length === 2", SOON);
    browser.set_input("#prompt", "100000");
    browser.wait_for("document.querySelector('.verdict').dataset.verdict !== 'fits'", SOON);
    // The one that was kept is as it was.
    browser.click(".cases .case:first-child .go");
    browser.wait_for("document.querySelector('.verdict').dataset.verdict === 'fits'", SOON);
    assert_eq!(
        browser.script("return document.getElementById('prompt').value", json!([])),
        json!("8,192")
    );
    browser.click(".cases .case:last-of-type .close");
    browser.wait_for("document.querySelectorAll('.cases .case').length === 0", SOON);
}

#[test]
fn the_keyboard_is_enough_for_the_answer() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.keys(&["2"]);
    browser.wait_for("document.getElementById('tab-compute').ariaSelected === 'true'", SOON);
    browser.keys(&["ArrowRight"]);
    browser.wait_for(
        "document.getElementById('tab-speed').ariaSelected === 'true' && document.activeElement.id === 'tab-speed'",
        SOON,
    );
    browser.keys(&["/"]);
    browser.wait_for("document.activeElement.id === 'find'", SOON);
    browser.keys(&["Escape"]);
    browser.script(
        "document.activeElement.blur(); document.querySelector('#app .number').focus()",
        json!([]),
    );
    browser.keys(&["Enter"]);
    browser.wait_for(
        "document.querySelector('.explain:popover-open')?.contains(document.activeElement)",
        SOON,
    );
    browser.keys(&["Escape"]);
    browser.wait_for("document.activeElement.classList.contains('number')", SOON);
    // Whatever can be pressed or filled in says what it is.
    let nameless = browser.script(
        "return [...document.querySelectorAll('#app button, #app input, #app select, #app a')].filter((one) => one.checkVisibility() && !(one.innerText?.trim() || one.ariaLabel || one.labels?.length || one.title)).map((one) => one.outerHTML.slice(0, 160))",
        json!([]),
    );
    assert_eq!(nameless, json!([]));
}

/// A dialog asked for before its part is there shows itself when it comes.
#[test]
fn a_dialog_pressed_early_opens() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.url());
    browser.wait_for(MOUNTED, SOON);
    browser.click("#hardware");
    browser.wait_for(
        "document.querySelector('dialog[open] [role=listbox], dialog[open] input')",
        SOON,
    );
}

/// A button that changes several knobs is one step of Back, and hands the focus to the answer.
#[test]
fn back_takes_back_what_a_button_changed() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=Qwen/Qwen2.5-72B-Instruct&hw=rtx-4090&off=none"),
    );
    browser.wait_for(
        "document.querySelector('#app .ways [data-figure=\"way.format\"]')",
        SOON,
    );
    browser.click("#app .ways [data-figure='way.format']");
    browser.wait_for("location.search.includes('&w=')", SOON);
    browser.wait_for("document.activeElement.id === 'verdict'", SOON);
    browser.back();
    browser.wait_for("!location.search.includes('&w=')", SOON);
    assert_eq!(figure(&browser, "fit.verdict"), "Does not fit");
}

/// What could not be read leaves the answer, and says that it is the one before.
#[test]
fn a_refused_value_says_what_is_still_shown() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.set_input("#prompt", "many");
    browser.wait_for("document.querySelector('.stale')", SOON);
    assert_eq!(
        browser.text(".stale"),
        "Still shown: Llama 3.1 8B Instruct with the last value that could be read."
    );
    browser.set_input("#prompt", "1,024");
    browser.wait_for("!document.querySelector('.stale')", SOON);
}
