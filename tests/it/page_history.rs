//! Past calculations in the built page: what rested is kept, whatever the storage answers; named, found, compared, handed out.

use std::path::Path;

use serde_json::json;
use weighbridge::analysis::analyse;
use weighbridge::export::history::{Kept, file, key};
use weighbridge::scenario::from_query;

use crate::support;
use support::browser::Browser;
use support::hub::{GOOD, Hub};
use support::page::{SOON, WHOLE, open, use_hub};
use support::server::Server;

const LLAMA: &str = "m=meta-llama/Llama-3.1-8B-Instruct&hw=rtx-4090&p=8192&g=512";

/// A row of a built-in model under the question of a link.
fn row(time: u64, query: &str, name: &str) -> Kept {
    let (scenario, errors) = from_query(query);
    assert_eq!(errors, [], "{query}");
    let weighbridge::scenario::ModelSource::Id(id) = &scenario.model.source else {
        panic!("{query}")
    };
    let analysis = analyse(&support::engine::blueprint(id), &scenario).unwrap();
    Kept::new(time, 1, (id, name), None, &analysis)
}

/// Three rows, in the order of time.
fn three() -> Vec<Kept> {
    let base = 1_700_000_000_000;
    vec![
        row(base, LLAMA, "Llama 3.1 8B Instruct"),
        row(base + 1, "m=openai/gpt-oss-20b&hw=h100-sxm", "gpt-oss 20B"),
        row(base + 2, "m=Qwen/Qwen3-30B-A3B&hw=rtx-4090", "Qwen3 30B-A3B"),
    ]
}

/// The page at the place, with rows that a file brought.
fn with_rows(rows: &[Kept]) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at("?place=history"));
    browser.wait_for(WHOLE, SOON);
    browser.wait_for("document.querySelector('.past-place .empty')", SOON);
    add(&browser, &file(rows.iter()));
    wait_for_rows(&browser, rows.len().min(50));
    (browser, server)
}

/// Drops a file, and adds what is new in it.
fn add(browser: &Browser, text: &str) {
    assert!(browser.drop_file("body", "calculations.json", text));
    browser.click(".imp .primary");
}

#[track_caller]
fn wait_for_rows(browser: &Browser, count: usize) {
    browser.wait_for(
        &format!("document.querySelectorAll('.past tr[data-id]').length === {count}"),
        SOON,
    );
}

/// Names of the rows that are shown, in order.
fn names(browser: &Browser) -> Vec<String> {
    browser.texts(".past .open")
}

/// Waits until the rows that are shown have these names.
#[track_caller]
fn wait_for_names(browser: &Browser, names: &[&str]) {
    let names = json!(names);
    browser.wait_for(
        &format!("JSON.stringify([...document.querySelectorAll('.past .open')].map((one) => one.innerText)) === JSON.stringify({names})"),
        SOON,
    );
}

fn fine(browser: &Browser) {
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn a_question_that_rested_is_kept_once() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.at("?m=Qwen/Qwen3-8B&hw=rtx-4090"));
    browser.click("#history");
    wait_for_rows(&browser, 1);
    let said = browser.text(".past tr[data-id]");
    assert!(said.contains("Qwen3 8B") && said.contains("RTX 4090"), "{said}");
    assert!(
        browser.url().ends_with("?m=Qwen/Qwen3-8B&hw=rtx-4090&place=history"),
        "{}",
        browser.url()
    );
    // Another question is another row, and opens again where it was asked.
    browser.click("#history");
    browser.set_input("#prompt", "1024");
    browser.click("#history");
    wait_for_rows(&browser, 2);
    browser.click(".past tr[data-id]:last-of-type .open");
    browser.wait_for("document.querySelector('#prompt')?.value === '512'", SOON);
    // Back is the list, once the address has followed.
    browser.wait_for("!location.search.includes('place=')", SOON);
    browser.script("history.back()", json!([]));
    browser.wait_for("document.querySelector('.past')", SOON);
    wait_for_rows(&browser, 2);
    browser.reload();
    wait_for_rows(&browser, 2);
    fine(&browser);
}

#[test]
fn the_untouched_example_is_no_question_until_it_is_asked() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.click("#history");
    browser.wait_for("document.querySelector('.past-place .empty')", SOON);
    assert!(browser.text(".past-place .empty").contains("Nothing weighed yet."));
    browser.click(".past-place .empty .primary");
    browser.wait_for("document.querySelector('.numbers')", SOON);
    browser.click("#history");
    wait_for_rows(&browser, 1);
    fine(&browser);
}

/// What was handed out is kept at once.
#[test]
fn an_answer_that_was_handed_out_is_kept() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.click(".verdict .deeds button:last-child");
    browser.click("dialog .button.go");
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('dialog')", SOON);
    browser.click("#history");
    wait_for_rows(&browser, 1);
}

#[test]
fn a_row_is_named_pinned_removed_and_brought_back_by_keys() {
    let (browser, _server) = with_rows(&three());
    assert_eq!(
        names(&browser),
        ["Qwen3 30B-A3B", "gpt-oss 20B", "Llama 3.1 8B Instruct"]
    );
    let focus = |deed: &str| {
        let script =
            "document.querySelectorAll('.past tr[data-id]')[2].querySelector(`[data-deed=${arguments[0]}]`).focus()";
        browser.script(script, json!([deed]));
    };
    focus("rename");
    browser.keys(&["Enter"]);
    browser.wait_for("document.activeElement.dataset.deed === 'name'", SOON);
    browser.type_text("<b>Laptop</b> & more");
    browser.keys(&["Enter"]);
    wait_for_names(&browser, &["Qwen3 30B-A3B", "gpt-oss 20B", "<b>Laptop</b> & more"]);
    // Escape keeps nothing.
    focus("rename");
    browser.keys(&["Enter"]);
    browser.wait_for("document.activeElement.dataset.deed === 'name'", SOON);
    browser.type_text("other");
    browser.keys(&["Escape"]);
    browser.wait_for("document.activeElement.dataset.deed === 'rename'", SOON);
    wait_for_names(&browser, &["Qwen3 30B-A3B", "gpt-oss 20B", "<b>Laptop</b> & more"]);
    focus("pin");
    browser.keys(&["Enter"]);
    wait_for_names(&browser, &["<b>Laptop</b> & more", "Qwen3 30B-A3B", "gpt-oss 20B"]);
    assert!(browser.text(".past .group").contains("Pinned"));
    // Arrows go from row to row, Delete removes, the toast brings back.
    browser.script("document.querySelector('.past .open').focus()", json!([]));
    browser.keys(&["ArrowDown"]);
    browser.keys(&["Delete"]);
    wait_for_names(&browser, &["<b>Laptop</b> & more", "gpt-oss 20B"]);
    assert!(
        browser
            .text(".toast:last-child")
            .contains("Deleted “Qwen3 30B-A3B on RTX 4090”.")
    );
    browser.script("document.querySelector('.toast:last-child .button').focus()", json!([]));
    browser.keys(&["Enter"]);
    wait_for_names(&browser, &["<b>Laptop</b> & more", "Qwen3 30B-A3B", "gpt-oss 20B"]);
    // The button has gone: the list has the focus, not nothing.
    browser.wait_for("document.activeElement.id === 'answer'", SOON);
    browser.script(
        "document.querySelector('.past-place [aria-label^=Clear]').focus()",
        json!([]),
    );
    browser.keys(&["Enter"]);
    browser.wait_for("!document.querySelector('.past tr[data-id]')", SOON);
    browser.wait_for("document.querySelector('main').contains(document.activeElement)", SOON);
    fine(&browser);
}

#[test]
fn rows_are_found_and_sorted() {
    let (browser, _server) = with_rows(&three());
    browser.type_into("#history-filter", "4090 llama");
    wait_for_names(&browser, &["Llama 3.1 8B Instruct"]);
    assert_eq!(browser.text(".past-place .count"), "1 of 3 shown");
    browser.type_into("#history-filter", " mistral");
    browser.wait_for("document.querySelector('.past-card .empty')", SOON);
    let said = browser.text(".past-card .empty");
    assert!(
        said.contains("No “4090 llama mistral” here.") && said.contains("3 calculations are hidden by one filter."),
        "{said}"
    );
    browser.click(".past-card .empty .button");
    wait_for_rows(&browser, 3);
    let rows = three();
    let mut by_memory: Vec<(u64, &str)> = rows
        .iter()
        .map(|row| (row.answer.memory_bytes, row.model_name.as_str()))
        .collect();
    by_memory.sort_unstable();
    let smallest_first: Vec<&str> = by_memory.iter().map(|(_, name)| *name).collect();
    let largest_first: Vec<&str> = smallest_first.iter().rev().copied().collect();
    browser.click(".h-memory .so");
    wait_for_names(&browser, &largest_first);
    assert_eq!(browser.count("[aria-sort=descending]"), 1);
    browser.script("document.querySelector('.h-memory .so').focus()", json!([]));
    browser.keys(&["Enter"]);
    wait_for_names(&browser, &smallest_first);
    fine(&browser);
}

#[test]
fn chosen_rows_are_plotted_and_set_side_by_side() {
    let (browser, _server) = with_rows(&three());
    browser.click(".past tr[data-id]:nth-of-type(2) input");
    browser.click(".past tr[data-id]:last-of-type input");
    browser.wait_for("document.querySelector('.selbar b').innerText === '2 chosen'", SOON);
    browser.click(".selbar .button[aria-pressed]");
    browser.wait_for("document.querySelectorAll('.pr[data-at]').length === 2", SOON);
    browser.script("document.querySelector('.pr[data-at]').focus()", json!([]));
    browser.wait_for("document.querySelector('.read')", SOON);
    let said = browser.text(".read");
    assert!(said.contains("Weights") && said.contains("Together"), "{said}");
    // The same as a table, and as files.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("history-plot");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    browser.downloads(&folder);
    let saved = |button: &str, ending: &str| {
        browser.script(
            "document.querySelector(arguments[0]).click()",
            json!([format!(".plotted {button}")]),
        );
        let name = format!(
            "history-calculations-plotted-weighbridge-{}.{ending}",
            weighbridge::export::VERSION
        );
        std::fs::read(browser.wait_for_download(&folder, &name, SOON)).unwrap()
    };
    assert!(saved(".deeds button:nth-child(2)", "png").starts_with(b"\x89PNG"));
    assert!(
        String::from_utf8(saved("[aria-label='Save as CSV']", "csv"))
            .unwrap()
            .starts_with("Calculation,\"Memory, bytes\"")
    );
    browser.click(".plotted .deeds button");
    browser.wait_for("document.querySelectorAll('.plotted tbody tr').length === 2", SOON);
    browser.script(
        "[...document.querySelectorAll('.selbar .button')].find((one) => one.innerText === 'Compare').focus()",
        json!([]),
    );
    browser.keys(&["Enter"]);
    browser.wait_for("document.querySelectorAll('.cmp thead .name').length === 2", SOON);
    browser.wait_for("document.querySelector('main').contains(document.activeElement)", SOON);
    fine(&browser);
}

#[test]
fn a_file_goes_out_and_comes_back() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("history-downloads");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let rows = three();
    let (browser, _server) = with_rows(&rows);
    browser.downloads(&folder);
    browser.click("[aria-label='Export all']");
    let name = format!("history-calculations-weighbridge-{}.json", weighbridge::export::VERSION);
    let saved = browser.wait_for_download(&folder, &name, SOON);
    let text = std::fs::read_to_string(saved).unwrap();
    assert_eq!(weighbridge::export::history::read(&text, 0).unwrap().rows, rows);
    // What is here already is left as it is.
    assert!(browser.drop_file("body", "calculations.json", &text));
    browser.wait_for("document.querySelector('.imp')", SOON);
    assert!(
        browser.text(".imp").contains("3 are here already, left as they are"),
        "{}",
        browser.text(".imp")
    );
    browser.click(".imp .button");
    browser.click("[aria-label='Clear: delete all']");
    browser.wait_for("document.querySelector('.past-place .empty')", SOON);
    add(&browser, &text);
    wait_for_rows(&browser, 3);
    fine(&browser);
}

/// The command line's answers become rows; what is no answer is told.
#[test]
fn the_command_lines_json_is_dropped_in() {
    let (browser, _server) = with_rows(&three());
    let said = support::command::text(&[
        "estimate",
        "Qwen/Qwen3-8B",
        "--hardware",
        "rtx-4090",
        "--format",
        "json",
    ]);
    add(&browser, &said);
    wait_for_rows(&browser, 4);
    assert!(
        names(&browser).contains(&"Qwen3 8B".to_owned()),
        "{:?}",
        names(&browser)
    );
    assert!(browser.drop_file("body", "config.json", "{\"hidden_size\": 4096}"));
    browser.wait_for("document.querySelector('[data-code=history_import]')", SOON);
    assert!(
        browser
            .text("[data-code=history_import]")
            .contains("holds no calculations")
    );
}

#[test]
fn two_tabs_lose_nothing() {
    let (browser, server) = with_rows(&three());
    let first = browser.tab();
    let second = browser.open_tab();
    browser.show_tab(&second);
    browser.goto(&server.at("?place=history"));
    wait_for_rows(&browser, 3);
    // Both change at once: one names a row, the other pins the same.
    browser.click(".past tr[data-id]:nth-of-type(2) [data-deed=pin]");
    browser.wait_for("document.querySelector('.past .group').innerText === 'Pinned'", SOON);
    browser.show_tab(&first);
    browser.wait_for("document.querySelector('.past .group').innerText === 'Pinned'", SOON);
    browser.click(".past tr[data-id]:last-of-type [data-deed=delete]");
    wait_for_rows(&browser, 2);
    browser.show_tab(&second);
    wait_for_rows(&browser, 2);
    fine(&browser);
}

/// Runs a script before the page's own.
fn before_the_page(browser: &Browser, source: &str) {
    browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source }));
}

#[test]
fn a_browser_that_keeps_nothing_says_so() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    before_the_page(
        &browser,
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };",
    );
    open(&browser, &server.at("?m=Qwen/Qwen3-8B&hw=rtx-4090"));
    browser.click("#history");
    browser.wait_for("document.querySelector('[data-code=history_denied]')", SOON);
    // What is weighed is listed all the same, as long as the page lives.
    wait_for_rows(&browser, 1);
    browser.click(".past [data-deed=delete]");
    browser.wait_for("document.querySelector('.past-place .empty')", SOON);
    fine(&browser);
}

#[test]
fn a_full_storage_says_so() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    before_the_page(
        &browser,
        "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };",
    );
    open(&browser, &server.at("?m=Qwen/Qwen3-8B&hw=rtx-4090"));
    browser.click("#history");
    browser.wait_for("document.querySelector('[data-code=history_full]')", SOON);
    fine(&browser);
}

#[test]
fn a_damaged_entry_is_left_out_and_said() {
    let (browser, _server) = with_rows(&three());
    let damage = "const open = indexedDB.open('weighbridge-history', 1);
        await new Promise((done, fail) => { open.onsuccess = done; open.onerror = fail; });
        const transaction = open.result.transaction('kept', 'readwrite');
        transaction.objectStore('kept').put('{\"id\": ', 'damaged');
        transaction.objectStore('kept').put(7, 'no text');
        await new Promise((done) => { transaction.oncomplete = done; });
        open.result.close();";
    browser.script(damage, json!([]));
    browser.reload();
    browser.wait_for("document.querySelector('[data-code=history_unreadable]')", SOON);
    assert!(
        browser
            .text("[data-code=history_unreadable]")
            .contains("2 entries cannot be read and are left out.")
    );
    wait_for_rows(&browser, 3);
    browser.click("[data-code=history_unreadable] .button");
    browser.wait_for("!document.querySelector('[data-code=history_unreadable]')", SOON);
    browser.reload();
    wait_for_rows(&browser, 3);
    assert_eq!(browser.count("[data-code=history_unreadable]"), 0);
    fine(&browser);
}

/// Figures of another version are weighed anew, those before beside them.
#[test]
fn an_old_answer_is_weighed_anew() {
    let mut old = three().remove(0);
    old.answer.version = "0.0.1".to_owned();
    old.answer.memory_bytes = 10 << 30;
    let (browser, _server) = with_rows(&[old]);
    browser.wait_for("document.querySelector('.past .was')", SOON);
    assert_eq!(browser.text(".past .me .was"), "10.0 in 0.0.1");
    let now = three().remove(0).answer.memory_bytes;
    let words = weighbridge::units::decimal(now as f64 / f64::from(1 << 30));
    assert!(
        browser.text(".past .me").contains(&words),
        "{}",
        browser.text(".past .me")
    );
    fine(&browser);
}

/// The longest stretch of scripting that each deed causes, in milliseconds: handlers with all that follows of them
/// at once, and each slice that is drawn later.
const FRAMES: &str = r#"
    const wait = (time) => new Promise((done) => setTimeout(done, time));
    window.worst = 0;
    const told = (start) => { window.worst = Math.max(window.worst, performance.now() - start); };
    window.framed ??= (() => {
        const frame = window.requestAnimationFrame.bind(window);
        window.requestAnimationFrame = (then) => frame((time) => { const start = performance.now(); then(time); told(start); });
        return true;
    })();
    const button = (css) => document.querySelector(css);
    const type = (text) => { const field = button('#history-filter'); field.value = text; field.dispatchEvent(new Event('input', { bubbles: true })); };
    const deeds = {
        'filter by words': () => type('row 43'),
        'all again': () => type(''),
        'sort by model': () => button('.past .h-model button').click(),
        'sort by memory': () => button('.past .h-memory button').click(),
        'sort by time': () => button('.past .h-when button').click(),
        'more rows': () => button('.past-card .more .link').click(),
        'choose a row': () => button('.past tr[data-id] input').click(),
    };
    const all = {};
    for (const [name, deed] of Object.entries(deeds)) {
        window.worst = 0;
        const start = performance.now();
        deed();
        // Effects are microtasks: all of them have run after so many, and nothing was laid out or painted in between.
        for (let turn = 0; turn < 100; turn++) await null;
        told(start);
        await wait(400);
        all[name] = Math.round(window.worst * 10) / 10;
    }
    return all;
"#;

/// A browser that keeps 5,000 questions, each another one.
fn with_thousands() -> (Browser, Server) {
    let one = three().remove(0);
    let rows: Vec<Kept> = (0..5_000)
        .map(|at: u64| Kept {
            id: key(at, 0),
            time: 1_700_000_000_000 + at,
            name: format!("row {at}"),
            ..one.clone()
        })
        .collect();
    // In a file of their own: each is another question.
    let rows: Vec<Kept> = rows
        .into_iter()
        .enumerate()
        .map(|(at, mut row)| {
            row.question = format!("{LLAMA}&b={}", at + 1);
            row
        })
        .collect();
    with_rows(&rows)
}

#[test]
fn thousands_of_rows_come_in_pieces() {
    let (browser, _server) = with_thousands();
    assert!(browser.text(".past-head .pill").contains("5,000"));
    browser.click(".past-card .more .link");
    wait_for_rows(&browser, 100);
    browser.type_into("#history-filter", "row 4321");
    wait_for_names(&browser, &["row 4321"]);
    browser.set_input("#history-filter", "");
    wait_for_rows(&browser, 50);
    fine(&browser);
}

/// Told and not tested: what a frame of a slow processor is filled with, `./dev quality frames`.
#[test]
#[ignore = "a measurement"]
fn frames_with_thousands_of_rows() {
    let (browser, _server) = with_thousands();
    browser.slow_processor(4.0);
    // The least disturbed of some turns counts: other programs run on this machine too.
    let turns: Vec<serde_json::Value> = (0..6).map(|_| browser.script(FRAMES, json!([]))).collect();
    let deeds: Vec<(&String, f64)> = turns[0]
        .as_object()
        .unwrap()
        .keys()
        .map(|deed| {
            let times = turns.iter().filter_map(|turn| turn[deed].as_f64());
            (deed, times.fold(f64::INFINITY, f64::min))
        })
        .collect();
    println!("{deeds:?}");
    fine(&browser);
}

/// What a token opened is for nobody else who uses this browser.
#[test]
fn what_a_token_opened_is_kept_only_if_that_is_wanted() {
    let hub = Hub::start();
    let (browser, server) = (Browser::start(), Server::dist("/"));
    use_hub(&browser, &server, &hub);
    let sign_in =
        "sessionStorage.setItem('token', arguments[0]); sessionStorage.setItem('token-endpoint', arguments[1])";
    browser.script(sign_in, json!([GOOD, hub.url()]));
    browser.goto(&server.at("?m=test/private&hw=rtx-4090"));
    browser.wait_for("document.querySelector('.model-name')?.innerText === 'private'", SOON);
    browser.wait_for(WHOLE, SOON);
    // Longer than an answer must stand.
    std::thread::sleep(std::time::Duration::from_secs(4));
    browser.click("#history");
    browser.wait_for("document.querySelector('.past-place .empty')", SOON);
    browser.click(".tool[aria-label=Settings]");
    browser.click("#history-private");
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('dialog')", SOON);
    browser.click("#history");
    browser.set_input("#prompt", "1024");
    browser.click("#history");
    wait_for_names(&browser, &["private"]);
}
