//! What a newcomer sees of the page, and what used to make them stumble: verdicts, dialogs, assumptions, tables, files.

use serde_json::json;

use crate::support;
use support::browser::Browser;
use support::page::{SOON, WHOLE, open};
use support::server::Server;

const LLAMA: &str = "?m=meta-llama/Llama-3.1-8B-Instruct";

fn start(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.at(query));
    (browser, server)
}

/// A place of full width, which shows no model.
fn place(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at(query));
    browser.wait_for(WHOLE, SOON);
    (browser, server)
}

fn waits(browser: &Browser, css: &str, words: &str) {
    let (css, words) = (json!(css), json!(words));
    browser.wait_for(
        &format!("document.querySelector({css})?.innerText.includes({words})"),
        SOON,
    );
}

/// A number that a script returns.
fn number(browser: &Browser, script: &str) -> f64 {
    browser.script(script, json!([])).as_f64().unwrap()
}

/// A server that is too slow fits, but not as it was asked: amber, and the sentence says which target is missed.
#[test]
fn a_missed_target_is_amber() {
    let (browser, _server) = start(&format!("{LLAMA}&mode=serve&hw=h100-sxm&b=50&p=1000&g=400&tpot=1"));
    waits(&browser, ".verdict", "Misses its target");
    waits(&browser, ".verdict .lead", "Each further token takes");
    assert_eq!(
        browser.script("return document.querySelector('.verdict').dataset.verdict", json!([])),
        "offload"
    );
    assert_eq!(browser.errors(), []);
}

/// A file of one's own comes before the list of all models, and a list that shrinks moves nothing above it.
#[test]
fn the_dialog_begins_with_ones_own_file_and_stays_where_it_is() {
    let (browser, _server) = start("");
    browser.click("#model");
    browser.wait_for("document.querySelector('dialog.picker .family')", SOON);
    let before =
        "return document.querySelector('#paste').compareDocumentPosition(document.querySelector('dialog .family')) & 4";
    assert_eq!(number(&browser, before), 4.0);
    let inside = "const r = document.querySelector('dialog .drop-zone').getBoundingClientRect(); return r.bottom < innerHeight ? 1 : 0";
    assert_eq!(number(&browser, inside), 1.0);
    let top = "return document.querySelector('dialog[open]').getBoundingClientRect().top";
    let was = number(&browser, top);
    browser.set_input("#filter", "smollm");
    browser.wait_for("document.querySelectorAll('dialog .family').length < 3", SOON);
    assert_eq!(number(&browser, top), was);
    assert_eq!(browser.errors(), []);
}

/// "Automatic" says what it is, assumptions stand in groups, and the price belongs to the hardware.
#[test]
fn assumptions_say_what_automatic_is() {
    let (browser, _server) = start(&format!("{LLAMA}&hw=h100-sxm&e=vllm"));
    browser.click("#sheet-assumptions summary");
    browser.wait_for("document.querySelector('[data-automatic=memory-fraction]')", SOON);
    assert_eq!(browser.text("[data-automatic=memory-fraction]"), "Automatic: 90 %");
    assert_eq!(
        browser.texts("#sheet-assumptions h3"),
        ["Memory", "Speed", "Attention and counting"]
    );
    // None is lost between the groups.
    let said = browser.script(
        "return [document.querySelectorAll('#sheet-assumptions .assumption').length, document.querySelector('#sheet-assumptions summary .now').textContent]",
        json!([]),
    );
    assert_eq!(said[1], format!("{} defaults", said[0]));
    assert_eq!(browser.count("#sheet-assumptions #price"), 0);
    browser.script(
        "document.querySelectorAll('#sheet-hardware details').forEach((one) => { one.open = true })",
        json!([]),
    );
    browser.wait_for("document.querySelector('#sheet-hardware [data-automatic=price]')", SOON);
    assert_eq!(
        browser.text("#sheet-hardware [data-automatic=price]"),
        "Automatic: $4.09"
    );
    assert_eq!(browser.errors(), []);
}

/// The explanation of memory is its parts, not "peak".
#[test]
fn memory_is_explained_by_its_parts() {
    let (browser, _server) = start(LLAMA);
    browser.click(".number:first-child");
    browser.wait_for("document.querySelector('.explain:popover-open h2')", SOON);
    let words = browser.text(".explain").to_lowercase();
    for part in ["weights", "kv cache", "activations", "overhead"] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert_eq!(browser.errors(), []);
}

/// The legend sums up to what lies on the scale, however small its parts.
#[test]
fn the_legend_leaves_nothing_out() {
    let (browser, _server) = start("?m=deepseek-ai/DeepSeek-V3.1&hw=h200-sxm&n=8&p=4096");
    browser.wait_for("document.querySelector('.legend .dot.other')", SOON);
    let sum = number(
        &browser,
        "const size = (text) => { const [n, unit] = text.trim().split(' '); return Number(n.replaceAll(',', '')) / ({ MiB: 1024, KiB: 1048576 }[unit] ?? 1) };
         return [...document.querySelectorAll('.legend .entry:not(.none, .too-much) b')].reduce((all, one) => all + size(one.textContent), 0)",
    );
    let side = browser.text("[data-figure='bridge.side']");
    let total: f64 = side.split(' ').next().unwrap().parse().unwrap();
    assert!((sum - total).abs() <= 0.004 * total, "{sum} {side}");
    assert_eq!(browser.errors(), []);
}

/// The table of all devices opens at the one in hand, with its format and the best one there in the first columns.
#[test]
fn the_matrix_opens_at_the_chosen_device() {
    let (browser, _server) = start("?m=Qwen/Qwen3-32B&hw=rtx-4090&w=iq2_xxs&p=4096&tab=fit");
    browser.wait_for("document.querySelector('.matrix tr.now')", SOON);
    let seen = "const frame = document.querySelector('.matrix-frame').getBoundingClientRect(), row = document.querySelector('.matrix tr.now').getBoundingClientRect();
        return row.top > frame.top && row.bottom < frame.top + 200 ? 1 : 0";
    browser.wait_for(&format!("(() => {{ {seen} }})() === 1"), SOON);
    assert!(number(&browser, "return document.querySelector('.matrix-frame').scrollTop") > 0.0);
    let heads = browser.texts(".matrix thead th");
    assert!(heads[1].starts_with("IQ2_XXS"), "{heads:?}");
    assert!(
        heads[2].starts_with("Q5_K_M") && !heads[3].starts_with("Q5_K_M"),
        "{heads:?}"
    );
    assert_eq!(
        browser.count(".matrix thead th") - 1,
        browser.count(".matrix tr.now td")
    );
    assert_eq!(browser.errors(), []);
}

/// What may change the verdict is amber beside it.
#[test]
fn weighty_notices_are_amber() {
    let (browser, _server) = start(&format!("{LLAMA}&hw=h100-sxm&p=200000&g=512"));
    browser.wait_for("document.querySelector('.verdict .notices .notice')", SOON);
    let colours = browser.script(
        "const probe = document.createElement('i'); probe.style.background = 'var(--offload-bg)'; document.body.append(probe);
         return [getComputedStyle(document.querySelector('.verdict .notice')).backgroundColor, getComputedStyle(probe).backgroundColor]",
        json!([]),
    );
    assert_eq!(colours[0], colours[1]);
    assert_eq!(browser.errors(), []);
}

/// No sideways scroll down to 280 pixels; on a wide screen the header ends where the page does.
#[test]
fn narrow_and_wide_windows_hold_the_page() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    for query in ["", "?m=meta-llama/Llama-3.1-8B-Instruct&hw=rtx-4090&p=200000&tab=fit"] {
        browser.viewport(280, 653, 1.0, true);
        open(&browser, &server.at(query));
        assert_eq!(
            number(&browser, "return document.documentElement.scrollWidth"),
            280.0,
            "{query}"
        );
    }
    browser.viewport(2560, 1300, 1.0, false);
    open(&browser, &server.url());
    let left = |css: &str| {
        number(
            &browser,
            &format!("return document.querySelector('{css}').getBoundingClientRect().left"),
        )
    };
    assert!((left(".top .mark") - left("#sheet-model .card")).abs() <= 1.0);
    assert_eq!(browser.errors(), []);
}

/// Where the system chooses the colours, the part in RAM is still hatched.
#[test]
fn forced_colours_keep_the_hatch() {
    let (browser, _server) = start("?m=Qwen/Qwen3-32B&hw=rtx-4090&p=4096");
    browser.wait_for("document.querySelector('.over')", SOON);
    browser.cdp(
        "Emulation.setEmulatedMedia",
        json!({"features": [{"name": "forced-colors", "value": "active"}]}),
    );
    let image = browser.script(
        "return getComputedStyle(document.querySelector('.over')).backgroundImage",
        json!([]),
    );
    assert!(image.as_str().unwrap().contains("gradient"), "{image}");
    assert_eq!(browser.errors(), []);
}

/// On a phone the table of all devices is the list of one device's formats, and a sheet's deeds are not under "Done".
#[test]
fn a_phone_lists_the_formats_of_one_device() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(360, 800, 1.0, true);
    open(&browser, &server.at("?m=Qwen/Qwen3-32B&hw=rtx-4090&p=4096&tab=fit"));
    browser.wait_for("document.querySelector('.matrix tr.now td[data-label]')", SOON);
    let seen = "return [...document.querySelectorAll('.matrix [role=gridcell]')].filter((one) => one.checkVisibility()).length";
    assert_eq!(
        number(&browser, seen),
        number(&browser, "return document.querySelectorAll('.matrix tr.now td').length")
    );
    let wide = "return document.querySelector('.matrix-frame').scrollWidth - document.querySelector('.matrix-frame').clientWidth";
    assert_eq!(number(&browser, wide), 0.0);
    browser.script(
        "document.querySelector('.chip[popovertarget=sheet-hardware]').click()",
        json!([]),
    );
    browser.wait_for("document.querySelector('#sheet-hardware:popover-open')", SOON);
    assert!(
        browser
            .text(".chip[popovertarget=sheet-hardware]")
            .starts_with("RTX 4090, ")
    );
    let apart = "const box = (css) => document.querySelector(`#sheet-hardware ${css}`).getBoundingClientRect(); return box('.done').left - box('.title .link').right";
    assert!(number(&browser, apart) >= 0.0);
    assert_eq!(browser.errors(), []);
}

/// What runs here says how it is sorted, with the way back to the usual order and to the answer.
#[test]
fn what_runs_here_goes_back() {
    let (browser, _server) = place("?place=models");
    browser.wait_for("document.querySelectorAll('.models-table tbody tr').length > 20", SOON);
    let first = "return document.querySelector('.models-table tbody tr').dataset.model";
    let usual = browser.script(first, json!([]));
    browser.script(
        "[...document.querySelectorAll('.sort')].find((one) => one.textContent === 'Memory').click()",
        json!([]),
    );
    waits(&browser, ".order", "Sorted by memory, greatest first.");
    assert_ne!(browser.script(first, json!([])), usual);
    browser.click("#usual-order");
    browser.wait_for("!document.querySelector('#usual-order')", SOON);
    assert_eq!(browser.script(first, json!([])), usual);
    browser.click("#back-to-answer");
    browser.wait_for(
        "document.querySelector('.verdict') && !location.search.includes('place')",
        SOON,
    );
    assert_eq!(browser.errors(), []);
}

/// The example that nobody touched makes room for the first model to compare.
#[test]
fn the_example_is_no_column_of_a_comparison() {
    let (browser, _server) = place("?place=compare");
    browser.wait_for("document.querySelector('#add-model')", SOON);
    browser.click("#add-model");
    browser.wait_for("document.activeElement.id === 'find'", SOON);
    browser.type_text("Qwen/Qwen3-8B");
    browser.keys(&["Enter"]);
    waits(&browser, ".cmp thead", "Qwen3 8B");
    assert!(!browser.text(".beside").contains("Llama 3.1 8B"));
    assert_eq!(browser.errors(), []);
}

/// Numbers are written as one chose, also after the page was loaded again.
#[test]
fn numbers_are_written_as_one_likes() {
    let (browser, _server) = start("");
    browser.script(
        "document.querySelector('[aria-label=Settings], .tool[title=Settings]')?.click()",
        json!([]),
    );
    browser.wait_for("document.querySelector('[aria-labelledby=digits-label]')", SOON);
    browser.script(
        "[...document.querySelectorAll('[aria-labelledby=digits-label] button')].find((one) => one.textContent === '1.234,5').click()",
        json!([]),
    );
    waits(&browser, "[data-figure='answer.max_context']", "39.472");
    assert_eq!(browser.errors(), []);
}
