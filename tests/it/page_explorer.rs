//! The explorer of the architecture in the built page: drawn, moved through with the keyboard, linked, searched, followed,
//! changed, saved.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support;
use support::browser::Browser;
use support::page::{SOON, WHOLE};
use support::server::Server;

const DEEPSEEK: &str = "?m=deepseek-ai/DeepSeek-V3.1&hw=h200-sxm&n=8&tab=architecture";

fn start(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at(query));
    browser.wait_for(WHOLE, SOON);
    browser.wait_for("document.querySelector('.architecture .card')", SOON);
    (browser, server)
}

/// Waits until the inspector tells of a part of this name.
#[track_caller]
fn wait_for_part(browser: &Browser, title: &str) {
    let quoted = serde_json::to_string(title).unwrap();
    browser.wait_for(
        &format!("document.querySelector('.inspector h2')?.innerText === {quoted}"),
        SOON,
    );
}

/// Goes to a view.
#[track_caller]
fn see(browser: &Browser, words: &str) {
    browser.script(
        "[...document.querySelectorAll('.explorer-bar [aria-label=View] button')].find((one) => one.innerText === arguments[0]).click()",
        json!([words]),
    );
}

/// What the inspector says beside a label.
fn figure(browser: &Browser, label: &str) -> String {
    let found = browser.script(
        "return [...document.querySelectorAll('.inspector dt')].find((one) => one.innerText.startsWith(arguments[0]))?.nextElementSibling.innerText ?? ''",
        json!([label]),
    );
    found.as_str().unwrap_or_default().to_owned()
}

fn fine(browser: &Browser) {
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[test]
fn the_drawing_is_moved_through_with_the_keyboard() {
    let (browser, _server) = start("?m=meta-llama/Llama-3.1-8B-Instruct&tab=architecture");
    browser.wait_for("document.querySelector('.drawing .part')", SOON);
    // One part of the drawing can be reached with Tab.
    let reached = browser.script(
        "return document.querySelectorAll('.drawing [tabindex=\"0\"]').length",
        json!([]),
    );
    assert_eq!(reached, 1);
    // A link leads past all buttons.
    browser.script("document.querySelector('.explorer-bar .skip').focus()", json!([]));
    browser.keys(&["Enter"]);
    browser.wait_for("document.activeElement.matches('.drawing [tabindex=\"0\"]')", SOON);
    browser.keys(&["Enter"]);
    wait_for_part(&browser, "Token embedding");
    browser.keys(&["ArrowDown"]);
    wait_for_part(&browser, "Layers 1–32");
    // Its link is in the address.
    browser.wait_for("location.search.includes('at-part=layers-1')", SOON);
    // Left closes it, left again leads nowhere, right opens it with all that is in it.
    browser.keys(&["ArrowLeft"]);
    browser.wait_for("document.querySelectorAll('.drawing .frame').length === 0", SOON);
    browser.keys(&["ArrowRight"]);
    browser.wait_for("document.querySelectorAll('.drawing .frame').length === 3", SOON);
    browser.keys(&["ArrowDown"]);
    wait_for_part(&browser, "RMSNorm");
    browser.keys(&["ArrowDown"]);
    wait_for_part(&browser, "Grouped-query attention");
    browser.keys(&["ArrowDown"]);
    wait_for_part(&browser, "Queries");
    browser.keys(&["ArrowLeft"]);
    wait_for_part(&browser, "Grouped-query attention");
    browser.keys(&["End"]);
    wait_for_part(&browser, "LM head");
    fine(&browser);
}

/// Source of the figures: DeepSeek-V3 report (arXiv 2412.19437), 256 experts of 2,048 in 58 layers.
#[test]
fn a_link_leads_to_its_part_and_back() {
    let (browser, server) = start(&format!("{DEEPSEEK}&at-part=layers-2.4.3"));
    wait_for_part(&browser, "Routed experts");
    assert!(browser.text(".formula").contains("= 653,908,770,816"));
    assert_eq!(
        browser.texts(".crumbs button"),
        ["The whole model", "Layers 4–61", "Mixture of experts"]
    );
    assert_eq!(
        browser.texts(".keys th").first().map(String::as_str),
        Some("n_routed_experts")
    );
    browser.script("document.querySelectorAll('.crumbs button')[2].click()", json!([]));
    wait_for_part(&browser, "Mixture of experts");
    browser.wait_for(
        "location.search.includes('at-part=layers-2.4&') || location.search.endsWith('at-part=layers-2.4')",
        SOON,
    );
    browser.reload();
    browser.wait_for("document.querySelector('.inspector h2')", SOON);
    wait_for_part(&browser, "Mixture of experts");
    // A part that no model has is the whole model.
    browser.goto(&server.at(&format!(
        "{DEEPSEEK}&at-part=layers-99.7.18446744073709551616&at-view=nothing&at-show=%00"
    )));
    browser.wait_for("document.querySelector('.drawing')", SOON);
    wait_for_part(&browser, "The whole model");
    fine(&browser);
}

#[test]
fn parts_are_found_by_key_tensor_and_width() {
    let (browser, _server) = start(&format!("{DEEPSEEK}&at-view=parts"));
    browser.wait_for("document.querySelector('.part-rows button')", SOON);
    let find = |words: &str| {
        browser.set_input(".find-part input", words);
        browser.wait_for(
            "document.querySelector('.explorer [role=status]').innerText.includes(' of ')",
            SOON,
        );
        browser.texts(".part-rows [aria-pressed] > span")
    };
    let by_key = find("moe_intermediate_size");
    assert!(
        by_key.iter().any(|one| one.starts_with("Routed experts")) && by_key.len() < 6,
        "{by_key:?}"
    );
    let by_tensor = find("kv_a_proj");
    assert!(by_tensor.iter().any(|one| one.starts_with("KV down")), "{by_tensor:?}");
    let by_width = find("18,432");
    assert!(by_width.iter().any(|one| one.starts_with("Gate")), "{by_width:?}");
    browser.script("document.querySelector('.part-rows [aria-pressed]').click()", json!([]));
    browser.wait_for(
        "document.querySelector('.inspector h2').innerText !== 'The whole model'",
        SOON,
    );
    fine(&browser);
}

#[test]
fn a_token_is_followed_and_sizes_are_shown_by_time() {
    let (browser, _server) = start(&format!("{DEEPSEEK}&at-view=walk"));
    browser.wait_for("document.querySelectorAll('.steps > li').length === 13", SOON);
    for _ in 0..3 {
        browser.script(
            "[...document.querySelectorAll('.walk button')].find((one) => one.innerText === 'Next').click()",
            json!([]),
        );
    }
    wait_for_part(&browser, "Multi-head latent attention");
    assert!(browser.text(".steps .now").contains("writes 576 numbers"));
    // What is inside is listed in the order it runs, of this step alone.
    let inside = browser.texts(".steps .inside li");
    assert_eq!(inside.first().map(String::as_str), Some("Q down\n7,168 → 1,536"));
    assert_eq!(browser.count(".steps .inside"), 1);
    // A training step needs a run, and says so with a way to one.
    browser.script("[...document.querySelectorAll('.walk .segments button')].find((one) => one.innerText === 'Training step').click()", json!([]));
    browser.wait_for(
        "document.querySelector('.walk').innerText.includes('needs a run')",
        SOON,
    );
    see(&browser, "Diagram");
    browser.wait_for("document.querySelector('.drawing')", SOON);
    browser.script("[...document.querySelectorAll('[aria-label=\"Show by\"] button')].find((one) => one.innerText === 'Time').click()", json!([]));
    browser.wait_for("location.search.includes('at-show=time')", SOON);
    browser.wait_for(
        "[...document.querySelectorAll('.drawing .figure')].some((one) => one.textContent.includes('ms'))",
        SOON,
    );
    fine(&browser);
}

/// Halving the KV heads halves the cache of every token, and nothing else of memory but their matrices.
#[test]
fn surgery_says_what_it_changes_and_undoes_it() {
    let (browser, _server) =
        start("?m=meta-llama/Llama-3.1-8B-Instruct&hw=rtx-4090&p=8192&tab=architecture&at-view=surgery");
    browser.wait_for("document.querySelectorAll('.surgery tbody tr').length > 5", SOON);
    let rows = || browser.texts(".surgery tbody tr");
    assert!(rows().iter().all(|row| row.ends_with("same")), "{:?}", rows());
    let press = |words: &str| {
        browser.script(
            "[...document.querySelectorAll('.surgery button')].find((one) => one.innerText === arguments[0]).click()",
            json!([words]),
        );
    };
    press("Halve the KV heads");
    browser.wait_for(
        "[...document.querySelectorAll('.surgery tbody tr')].some((row) => row.innerText.includes('−50'))",
        SOON,
    );
    let changed = rows();
    let cache = changed.iter().find(|row| row.starts_with("Cache")).unwrap();
    assert!(cache.ends_with("−50.0 %"), "{cache}");
    press("Undo");
    browser.wait_for(
        "[...document.querySelectorAll('.surgery tbody tr')].every((row) => row.innerText.endsWith('same'))",
        SOON,
    );
    fine(&browser);
}

#[test]
fn drawings_and_counts_are_saved() {
    let (browser, _server) = start("?m=meta-llama/Llama-3.1-8B-Instruct&tab=architecture");
    browser.wait_for("document.querySelector('.drawing')", SOON);
    let folder = folder("explorer-saved");
    browser.downloads(&folder);
    let save = |label: &str, what: &str, ending: &str| {
        browser.script(
            "[...document.querySelectorAll('.explorer-bar .deeds button')].find((one) => (one.getAttribute('aria-label') ?? one.innerText) === arguments[0]).click()",
            json!([label]),
        );
        let name = format!(
            "llama-3.1-8b-instruct-{what}-weighbridge-{}.{ending}",
            weighbridge::export::VERSION
        );
        std::fs::read(browser.wait_for_download(&folder, &name, SOON)).unwrap()
    };
    let svg = String::from_utf8(save("Save as SVG", "architecture", "svg")).unwrap();
    assert!(svg.starts_with("<svg") && svg.contains("Grouped-query attention"));
    assert_eq!(
        save("Save as PNG", "architecture", "png").get(..4),
        Some(&b"\x89PNG"[..])
    );
    let counts: Value = serde_json::from_slice(&save("Save as JSON", "model_analysis", "json")).unwrap();
    let parts = counts["structure"].as_array().unwrap().iter();
    let sum: u64 = parts.map(|group| group["parameters"].as_u64().unwrap()).sum();
    assert_eq!(sum, 8_030_261_248);
    assert_eq!(counts["parameters"], sum);
    fine(&browser);
}

/// No drawing is wider than the room a phone gives it without a way to the rest of it, and the page itself is never wider.
#[test]
fn a_phone_shows_every_view() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(360, 740, 2.0, true);
    for view in ["diagram", "parts", "spread", "walk", "surgery", "beside", "tensors"] {
        browser.goto(&server.at(&format!(
            "?m=Qwen/Qwen3-Next-80B-A3B-Instruct&tab=architecture&at-view={view}"
        )));
        browser.wait_for("document.querySelector('.architecture .card')", SOON);
        browser.wait_for("document.documentElement.scrollWidth <= 360", SOON);
    }
    assert_eq!(figure(&browser, "Nothing of this name"), "");
    // The drawing needs no scrolling sideways; what is chosen comes up over it, and goes.
    browser.goto(&server.at("?m=meta-llama/Llama-3.1-8B-Instruct&tab=architecture"));
    browser.wait_for("document.querySelector('.drawing .part')", SOON);
    browser.wait_for(
        "(() => { const one = document.querySelector('.canvas'); return one.scrollWidth <= one.clientWidth; })()",
        SOON,
    );
    browser.script(
        "const one = [...document.querySelectorAll('.drawing .part')].find((one) => one.textContent.includes('Queries')); one.scrollIntoView({block: 'center'}); one.dispatchEvent(new MouseEvent('click', {bubbles: true}))",
        json!([]),
    );
    wait_for_part(&browser, "Queries");
    let over = "(() => { const place = document.querySelector('.inspector').getBoundingClientRect(); return place.top > 0 && place.bottom <= innerHeight + 1; })()";
    browser.wait_for(over, SOON);
    browser.click(".inspector .done");
    browser.wait_for("!document.querySelector('.inspector.chosen')", SOON);
    fine(&browser);
}
