//! The built page's comparison: added to from several places, put in order and thinned by keys, carried by its link, read on a phone.

use crate::support;

use serde_json::json;
use support::browser::Browser;
use support::page::{SOON, WHOLE, open};
use support::server::Server;
use weighbridge::units::UnitSystem;

/// Two models on one card, and one in another format.
const THREE: &str = "?compare=m=meta-llama/Llama-3.1-8B-Instruct%26hw=rtx-4090&compare=m=openai/gpt-oss-20b%26hw=rtx-4090&compare=m=meta-llama/Llama-3.1-8B-Instruct%26w=q4_k_m%26hw=rtx-4090";

fn start(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at(query));
    browser.wait_for(WHOLE, SOON);
    (browser, server)
}

/// Names of the columns, in their order.
fn columns(browser: &Browser) -> Vec<String> {
    browser.texts(".cmp thead .name")
}

#[track_caller]
fn wait_for_columns(browser: &Browser, count: usize) {
    browser.wait_for(
        &format!("document.querySelectorAll('.cmp thead .name').length === {count}"),
        SOON,
    );
}

fn fine(browser: &Browser) {
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn a_link_opens_the_whole_comparison() {
    let (browser, server) = start(THREE);
    wait_for_columns(&browser, 3);
    assert_eq!(
        columns(&browser),
        ["Llama 3.1 8B Instruct", "gpt-oss 20B", "Llama 3.1 8B Instruct"]
    );
    assert!(browser.text("h1").contains("of three"), "{}", browser.text("h1"));
    // What the link says is what the address says: nothing is lost on the way.
    let address = browser.url();
    assert!(address.ends_with(THREE), "{address}");
    // The same rows as the command line's.
    let said = support::command::text(&["compare", &THREE.replace("?compare", "compare"), "--format", "csv"]);
    let row = |name: &str| -> Vec<f64> {
        let values = said.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        values.split(',').map(|bytes| bytes.parse().unwrap()).collect()
    };
    let (held, usable) = (row("Memory,bytes,"), row("\"Memory, usable\",bytes,"));
    let cells = browser.texts(".cmp [data-row=memory] .v");
    let words = |(held, usable): (&f64, &f64)| {
        let usable = UnitSystem::Gib.bytes(*usable);
        format!(
            "{} of {}",
            UnitSystem::Gib.bytes(*held),
            usable.trim_end_matches(" GiB")
        )
    };
    let words: Vec<String> = held.iter().zip(&usable).map(words).collect();
    assert_eq!(words, cells);
    // Opening a column, and the way back.
    browser.click("#column-1");
    browser.wait_for(
        "document.querySelector('.model-name')?.innerText === 'gpt-oss 20B'",
        SOON,
    );
    browser.wait_for("location.search === '?m=openai/gpt-oss-20b&hw=rtx-4090'", SOON);
    browser.back();
    wait_for_columns(&browser, 3);
    fine(&browser);
    // More than may stand side by side, or nonsense: said, not lost in.
    for wrong in [
        "?compare&".repeat(13),
        format!("?compare={}", "%".repeat(40)),
        "?compare=m=%2525&compare=b=x".to_owned(),
    ] {
        browser.goto(&server.at(&wrong.replace("&?", "&")));
        browser.wait_for(
            "document.querySelector('#app') && !document.querySelector('#app').ariaBusy",
            SOON,
        );
        browser.wait_for(WHOLE, SOON);
        assert!(
            browser.count(".callout") + browser.count(".waiting .line") > 0,
            "{wrong}"
        );
    }
}

#[test]
fn cases_are_added_from_the_answer_and_from_the_search() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    assert_eq!(browser.text("#compare .badge"), "1");
    // A copy beside the answer.
    browser.click(".verdict .deeds button");
    browser.wait_for("document.querySelector('#compare .badge').innerText === '2'", SOON);
    browser.click("#compare");
    wait_for_columns(&browser, 2);
    assert_eq!(browser.text("h1"), "The two come to the same.");
    // Another model from the search.
    browser.click("#add-model");
    browser.wait_for("document.activeElement.id === 'find'", SOON);
    browser.type_text("Qwen/Qwen3-8B");
    browser.keys(&["Enter"]);
    wait_for_columns(&browser, 3);
    browser.wait_for(
        "document.querySelectorAll('.cmp thead .name')[2].innerText === 'Qwen3 8B'",
        SOON,
    );
    assert!(
        browser.text(".archs").contains("Qwen3 8B"),
        "{}",
        browser.text(".archs")
    );
    browser.wait_for("location.search.split('compare=').length === 4", SOON);
    // What every column has is said once, and all rows are there when asked for.
    assert!(
        browser.text(".corner").contains("RTX 4090"),
        "{}",
        browser.text(".corner")
    );
    assert_eq!(browser.count("[data-row=hardware]"), 0);
    browser.click(".tick input");
    browser.wait_for("document.querySelector('[data-row=hardware]')", SOON);
    fine(&browser);
}

#[test]
fn a_reload_brings_all_cases_back() {
    let (browser, server) = start(THREE);
    wait_for_columns(&browser, 3);
    browser.click("#column-1");
    browser.wait_for("location.search === '?m=openai/gpt-oss-20b&hw=rtx-4090'", SOON);
    browser.reload();
    let shown = "document.querySelector('.cases .go[aria-current]')?.innerText.includes('gpt-oss 20B')";
    browser.wait_for(
        &format!("document.querySelectorAll('.cases .go').length === 3 && {shown}"),
        SOON,
    );
    // In their order.
    let names = browser.texts(".cases .go b");
    assert_eq!(names, ["Llama 3.1 8B Instruct", "gpt-oss 20B", "Llama 3.1 8B Instruct"]);
    // Another link in the same tab of the browser is a page of its own.
    browser.goto(&server.at("?m=openai/gpt-oss-20b&hw=h100-sxm"));
    browser.wait_for(WHOLE, SOON);
    assert_eq!(browser.text("#compare .badge"), "1");
    fine(&browser);
}

#[test]
fn columns_are_put_in_order_and_removed_with_keys() {
    let (browser, _server) = start(THREE);
    wait_for_columns(&browser, 3);
    browser.script("document.getElementById('column-1').focus()", json!([]));
    browser.keys(&["Alt+ArrowLeft"]);
    browser.wait_for(
        "document.querySelector('.cmp thead .name').innerText === 'gpt-oss 20B'",
        SOON,
    );
    browser.wait_for("document.activeElement.id === 'column-1'", SOON);
    browser.wait_for("location.search.startsWith('?compare=m=openai/gpt-oss-20b')", SOON);
    // The first is the base now.
    assert!(!browser.text(".cmp [data-row=memory] td").contains('%'));
    browser.keys(&["Delete"]);
    wait_for_columns(&browser, 2);
    browser.wait_for("document.activeElement.id === 'column-0'", SOON);
    assert!(
        browser.text(".toast").contains("gpt-oss 20B removed."),
        "{}",
        browser.text(".toast")
    );
    browser.click(".toast .button");
    wait_for_columns(&browser, 3);
    assert_eq!(columns(&browser)[0], "gpt-oss 20B");
    // All in one format, and back.
    browser.set_input(".acts select", "q4_k_m");
    browser.wait_for(
        "document.querySelector('.corner').innerText.includes('Weights in Q4_K_M')",
        SOON,
    );
    browser.click(".toast .button");
    browser.wait_for(
        "!document.querySelector('.corner').innerText.includes('Weights in')",
        SOON,
    );
    // The key goes there and back.
    browser.script("document.activeElement.blur()", json!([]));
    browser.keys(&["c"]);
    browser.wait_for("document.querySelector('.model-name')", SOON);
    assert_eq!(browser.count(".cases .case"), 3);
    browser.keys(&["c"]);
    wait_for_columns(&browser, 3);
    fine(&browser);
}

#[test]
fn points_of_the_plane_can_be_read() {
    let (browser, _server) = start(THREE);
    browser.wait_for("document.querySelectorAll('.onwide .dot-of').length === 3", SOON);
    assert!(
        browser
            .text(".plane .out")
            .starts_with("None of the others is both smaller and faster than "),
        "{}",
        browser.text(".plane .out")
    );
    browser.script(
        "document.querySelector('.plane .segments button:last-child').focus()",
        json!([]),
    );
    browser.keys(&["Tab", "Tab"]);
    browser.wait_for(
        "document.querySelector('.plane .out').innerText.startsWith('B gpt-oss 20B: ')",
        SOON,
    );
    browser.script(
        "document.querySelector('.plane .segments button:last-child').click()",
        json!([]),
    );
    browser.wait_for("document.querySelector('.onwide').innerText.includes('dollars')", SOON);
    browser.script("document.querySelector('.plane .deeds button').click()", json!([]));
    browser.wait_for("document.querySelectorAll('.plane tbody tr').length === 3", SOON);
    fine(&browser);
}

#[test]
fn on_a_phone_two_columns_are_in_sight_and_nothing_scrolls_sideways() {
    let browser = Browser::start();
    browser.viewport(360, 800, 1.0, true);
    let server = Server::dist("/");
    browser.goto(&server.at(THREE));
    browser.wait_for(WHOLE, SOON);
    wait_for_columns(&browser, 3);
    let wide = browser.script("return document.documentElement.scrollWidth", json!([]));
    assert!(wide.as_u64().unwrap() <= 360, "{wide}");
    // The third is a swipe away; the labels stay.
    let seen = browser.script(
        "const box = document.querySelector('.sides').getBoundingClientRect(); return [...document.querySelectorAll('.cmp thead th[data-case]')].map((one) => { const at = one.getBoundingClientRect(); return at.left >= box.left && at.right <= box.right })",
        json!([]),
    );
    assert_eq!(seen, json!([true, true, false]));
    let label = "document.querySelector('[data-row=memory] th').getBoundingClientRect().left";
    let before = browser.script(&format!("return {label}"), json!([]));
    browser.script("document.querySelector('.sides').scrollLeft = 900", json!([]));
    browser.wait_for("document.querySelector('.sides').scrollLeft > 100", SOON);
    assert_eq!(browser.script(&format!("return {label}"), json!([])), before);
    // One measure as a list, the best first.
    assert_eq!(browser.count(".plst li"), 3);
    assert!(
        browser.text(".plst li").contains("best"),
        "{}",
        browser.text(".plst li")
    );
    browser.click(".measure .segments button:nth-child(2)");
    browser.wait_for(
        "document.querySelector('.measure .note').innerText.startsWith('Memory')",
        SOON,
    );
    fine(&browser);
}

/// A column is dragged to another place; the picture, the lines and the values of both cards go out as files.
#[test]
fn columns_are_dragged_and_charts_saved() {
    let (browser, _server) = start(THREE);
    wait_for_columns(&browser, 3);
    let drag = "const heads = [...document.querySelectorAll('.cmp thead th[draggable]')]; const data = new DataTransfer();
        const tell = (one, type) => one.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
        tell(heads[1], 'dragstart'); tell(heads[0], 'dragover'); tell(heads[0], 'drop');";
    browser.script(drag, json!([]));
    browser.wait_for(
        "document.querySelector('.cmp thead .name')?.innerText === 'gpt-oss 20B'",
        SOON,
    );
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare-downloads");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    browser.downloads(&folder);
    let saved = |card: &str, button: &str, what: &str, ending: &str| {
        browser.script(
            "document.querySelector(arguments[0]).click()",
            json!([format!("{card} {button}")]),
        );
        let name = format!(
            "comparison-{what}-weighbridge-{}.{ending}",
            weighbridge::export::VERSION
        );
        std::fs::read(browser.wait_for_download(&folder, &name, SOON)).unwrap()
    };
    for (card, what) in [(".plane", "two-measures"), (".bars", "bars")] {
        let svg = String::from_utf8(saved(card, "[aria-label='Save as SVG']", what, "svg")).unwrap();
        assert!(svg.contains("A gpt-oss 20B"), "{svg}");
        let csv = String::from_utf8(saved(card, "[aria-label='Save as CSV']", what, "csv")).unwrap();
        assert!(csv.starts_with("Question,") && csv.lines().count() == 4, "{csv}");
        assert!(saved(card, ".deeds button:nth-child(2)", what, "png").starts_with(b"\x89PNG"));
    }
    browser.click(".bars .deeds button");
    browser.wait_for("document.querySelectorAll('.bars tbody tr').length === 3", SOON);
    fine(&browser);
}
