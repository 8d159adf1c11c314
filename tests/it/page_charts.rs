//! Charts of the built page: which there are, read with the keyboard and the pointer, as tables, saved as PNG, SVG and CSV, on a
//! phone and in both schemes.

use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support;
use support::browser::Browser;
use support::page::{SOON, WHOLE};
use support::server::Server;

const SERVED: &str = "?m=meta-llama/Llama-3.1-8B-Instruct&mode=serve&hw=h100-sxm&b=16&tpot=30&tab=speed";

fn start(query: &str) -> (Browser, Server) {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.goto(&server.at(query));
    browser.wait_for(WHOLE, SOON);
    (browser, server)
}

/// Goes to the chart of a card, which is drawn when it comes near the window, and waits until it can be read.
#[track_caller]
fn wait_for_chart(browser: &Browser, card: &str) {
    wait_for_drawn(browser, &format!("[aria-labelledby={card}] .plot"));
}

#[track_caller]
fn wait_for_drawn(browser: &Browser, plot: &str) {
    // What comes above it moves it away again.
    let shown = format!("document.querySelector('{plot}')?.scrollIntoView({{ block: 'center' }})");
    browser.wait_for(&format!("({shown}, document.querySelector('{plot} .reader'))"), SOON);
}

/// Presses one of several charts of a card.
#[track_caller]
fn choose(browser: &Browser, card: &str, words: &str) {
    let press = "[...document.querySelectorAll(`[aria-labelledby=${arguments[0]}] .segments button`)].find((one) => one.innerText === arguments[1]).click()";
    browser.script(press, json!([card, words]));
    browser.wait_for(
        &format!(
            "document.querySelector('[aria-labelledby={card}] .segments [aria-pressed=true]').innerText === '{words}'"
        ),
        SOON,
    );
    wait_for_chart(browser, card);
}

/// Focuses the chart of a card, presses keys, and gives what it reads.
fn read(browser: &Browser, card: &str, keys: &[&str]) -> String {
    browser.script(
        &format!("document.querySelector('[aria-labelledby={card}] .reader').focus()"),
        json!([]),
    );
    browser.keys(keys);
    let words =
        format!("return document.querySelector('[aria-labelledby={card}] .reader').getAttribute('aria-valuetext')");
    browser.script(&words, json!([])).as_str().unwrap().to_owned()
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[track_caller]
fn saved(browser: &Browser, folder: &Path, button: &str, of: &str, ending: &str) -> Vec<u8> {
    browser.script("document.querySelector(arguments[0]).click()", json!([button]));
    let name = format!("{of}-weighbridge-{}.{ending}", weighbridge::export::VERSION);
    std::fs::read(browser.wait_for_download(folder, &name, SOON)).unwrap()
}

fn fine(browser: &Browser) {
    assert!(browser.errors_of_page().is_empty(), "{:?}", browser.errors_of_page());
}

#[test]
fn the_roofline_is_read_and_saved() {
    let (browser, _server) = start("?m=meta-llama/Llama-3.1-8B-Instruct&hw=h100-sxm&tab=compute");
    let card = "operators-title";
    wait_for_chart(&browser, card);
    let first = read(&browser, card, &["ArrowRight"]);
    assert!(first.contains("FLOP/byte") && first.contains("limited by"), "{first}");
    let next = read(&browser, card, &["ArrowRight"]);
    assert_ne!(first, next);
    assert!(
        browser.text(".plot .tip").contains("of the pass"),
        "{}",
        browser.text(".plot .tip")
    );
    assert_eq!(read(&browser, card, &["Escape"]), "none chosen");
    // The pointer reads too.
    let hover = "const reader = document.querySelector('[aria-labelledby=operators-title] .reader'); const box = reader.getBoundingClientRect();
        reader.dispatchEvent(new MouseEvent('mousemove', { bubbles: true, clientX: box.left + box.width * 0.8, clientY: box.top + 40 }));";
    browser.script(hover, json!([]));
    browser.wait_for("document.querySelector('.plot .tip')", SOON);
    let folder = folder("charts-roofline");
    browser.downloads(&folder);
    let of = "llama-3.1-8b-instruct-roofline";
    let within = |what: &str| format!("[aria-labelledby=operators-title] {what}");
    let svg = saved(&browser, &folder, &within("[aria-label='Save as SVG']"), of, "svg");
    let svg = String::from_utf8(svg).unwrap();
    assert!(
        svg.starts_with("<svg") && svg.contains("Roofline: Llama 3.1 8B Instruct") && svg.contains("ridge: "),
        "{svg}"
    );
    // A picture says of what it is: format, engine, devices, and where the question is.
    let caption =
        "Decode · 512 tokens read, 128 written · 1 sequence · BF16 · vLLM · one H100 SXM5 80GB · Weighbridge ";
    assert!(svg.contains(caption) && svg.contains("hw=h100-sxm"), "{svg}");
    let csv = String::from_utf8(saved(
        &browser,
        &folder,
        &within("[aria-label='Save as CSV']"),
        of,
        "csv",
    ))
    .unwrap();
    assert!(
        csv.starts_with("Operator,Pass,\"Operations, FLOP\",\"Bytes, bytes\""),
        "{csv}"
    );
    assert!(csv.lines().any(|line| line.starts_with("gate_proj,prefill,")), "{csv}");
    let png = saved(&browser, &folder, &within(".deeds button:nth-child(2)"), of, "png");
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000);
    browser.click(&within(".deeds button"));
    browser.wait_for(
        "document.querySelectorAll('[aria-labelledby=operators-title] .chart tbody tr').length > 20",
        SOON,
    );
    browser.click(&within(".deeds button"));
    choose(&browser, card, "Decode by component");
    let bar = read(&browser, card, &["Home"]);
    assert!(bar.contains("Operations: ") && bar.contains("Expected time: "), "{bar}");
    fine(&browser);
}

#[test]
fn a_server_is_drawn_against_latency_and_as_a_map() {
    let (browser, _server) = start(SERVED);
    let card = "serving-title";
    wait_for_chart(&browser, card);
    let over = read(&browser, card, &["End"]);
    choose(&browser, card, "Against time per token");
    let caption = browser.text("[aria-labelledby=serving-title] figcaption");
    assert!(caption.contains("meet the targets"), "{caption}");
    assert!(read(&browser, card, &["Home"]).starts_with("1 request: "));
    choose(&browser, card, "Against first token");
    assert!(over.contains("tokens/s in all"), "{over}");
    let map = "phases-title";
    wait_for_chart(&browser, map);
    let first = read(&browser, map, &["Home"]);
    assert!(first.starts_with("1,024 sequences of 512 tokens: "), "{first}");
    let below = read(&browser, map, &["ArrowDown"]);
    assert!(below.starts_with("512 sequences of 512 tokens: "), "{below}");
    let last = read(&browser, map, &["End"]);
    assert!(
        last.starts_with("1 sequence of 128k tokens: ") && last.contains("limited by"),
        "{last}"
    );
    fine(&browser);
}

#[test]
fn memory_over_sequences_and_formats() {
    let (browser, _server) = start("?m=meta-llama/Llama-3.1-8B-Instruct&w=q4_k_m&hw=rtx-4090");
    wait_for_chart(&browser, "context-title");
    choose(&browser, "context-title", "Over sequences");
    let caption = browser.text("[aria-labelledby=context-title] figcaption");
    assert!(
        caption.contains("each sequence more takes about") && caption.contains("is full at"),
        "{caption}"
    );
    assert!(read(&browser, "context-title", &["Home"]).starts_with("1 sequence: "));
    choose(&browser, "formats-title", "Size, speed, loss");
    let now = read(&browser, "formats-title", &["Home"]);
    assert!(
        now.starts_with("Q4_K_M, now: Memory: ") && now.contains("Loss: 0.0"),
        "{now}"
    );
    fine(&browser);
}

/// As many pixels as the screen has, no wider than a phone, in both schemes.
#[test]
fn crisp_and_never_too_wide() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    for (scheme, width, scale) in [("light", 360, 3.0), ("dark", 768, 1.5), ("dark", 1440, 1.0)] {
        browser.viewport(width, 900, scale, false);
        browser.scheme(scheme);
        for query in ["?m=meta-llama/Llama-3.1-8B-Instruct&hw=h100-sxm&tab=compute", SERVED] {
            browser.goto(&server.at(query));
            wait_for_drawn(&browser, ".plot");
            let sharp = browser.script(
                "const canvas = document.querySelector('.plot canvas');
                 return [canvas.width - Math.round(canvas.clientWidth * devicePixelRatio), document.documentElement.scrollWidth - innerWidth]",
                json!([]),
            );
            assert!(
                sharp[0].as_i64().unwrap().abs() <= 1,
                "{scheme} {width} {query}: {sharp}"
            );
            assert!(sharp[1].as_i64().unwrap() <= 0, "{scheme} {width} {query}: {sharp}");
        }
    }
    fine(&browser);
}
