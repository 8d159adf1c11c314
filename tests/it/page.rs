//! The built page in a real browser: its numbers, its link, its use offline and under a sub-path, its looks and keys.

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
use support::hub::Hub;
use support::page::{MOUNTED, SOON, open, use_hub};
use support::server::Server;
use weighbridge::units::{UnitSystem, count, decimal, grouped, seconds};

/// The text of the element that shows this figure.
fn figure(browser: &Browser, name: &str) -> String {
    // A tile may show the same figure without its unit; a table shows it whole.
    let cell = format!("#app td [data-figure='{name}']");
    let whole = if browser.count(&cell) > 0 {
        cell
    } else {
        format!("#app [data-figure='{name}']")
    };
    browser.text(&whole)
}

/// Opens the explanation behind an element, reads it and closes it.
fn explanation(browser: &Browser, css: &str) -> String {
    browser.click(css);
    browser.wait_for("document.querySelector('.explain:popover-open h2')", SOON);
    let text = browser.text(".explain");
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('.explain:popover-open')", SOON);
    text
}

#[test]
fn the_page_says_what_the_command_line_says() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    for arguments in [
        &[
            "meta-llama/Llama-3.1-8B-Instruct",
            "--hardware",
            "rtx-4090",
            "--prompt",
            "8192",
        ][..],
        &[
            "deepseek-ai/DeepSeek-V3.1-Terminus",
            "--mode",
            "prefill",
            "--prompt",
            "4096",
            "--hardware",
            "h200-sxm",
        ],
        &[
            "openai/gpt-oss-20b",
            "--batch",
            "16",
            "--prompt",
            "2048",
            "--weights",
            "bf16",
            "--hardware",
            "rtx-5090",
        ],
        &[
            "Qwen/Qwen2.5-7B-Instruct",
            "--mode",
            "pretrain",
            "--batch",
            "4",
            "--prompt",
            "2048",
            "--recompute",
            "full",
            "--hardware",
            "h100-sxm",
        ],
        &[
            "google/gemma-2-2b-it",
            "--kv-cache",
            "fp8",
            "--attention",
            "eager",
            "--edit",
            "num_hidden_layers=12",
        ],
    ] {
        let answer = estimate(arguments);
        open(&browser, &server.at(answer["link"].as_str().unwrap()));
        let about = format!("{arguments:?}");
        let bytes = |path: &str| UnitSystem::Gib.bytes(answer.pointer(path).unwrap().as_f64().unwrap());
        assert_eq!(
            figure(&browser, "memory.total"),
            bytes("/memory/total_bytes"),
            "{about}"
        );
        assert_eq!(
            figure(&browser, "memory.overhead"),
            bytes("/memory/overhead_bytes"),
            "{about}"
        );
        for (component, weight) in answer["memory"]["weights_by_component"].as_object().unwrap() {
            let shown = browser.text(&format!("#app td [data-figure='memory.{component}']"));
            assert_eq!(
                shown,
                UnitSystem::Gib.bytes(weight.as_f64().unwrap()),
                "{about} {component}"
            );
        }
        // To the last byte and the last parameter, in the explanations.
        let total = grouped(answer["memory"]["total_bytes"].as_u64().unwrap());
        let said = explanation(&browser, "#app td [data-figure='memory.total']");
        assert!(said.contains(&format!("= {total} B")), "{about}: {total} in {said}");
        let parameters = grouped(answer["parameters"]["total"].as_u64().unwrap());
        let said = explanation(&browser, "#app td [data-figure='parameters.total']");
        assert!(said.contains(&parameters), "{about}: {parameters} in {said}");
        // The Compute tab.
        browser.click("#tab-compute");
        for (component, cost) in answer["compute"]["by_component"].as_object().unwrap() {
            let shown = |key: &str| browser.text(&format!("#app [data-figure='compute.{component}.{key}']"));
            assert_eq!(
                shown("flops"),
                count(cost["flops"].as_f64().unwrap(), "FLOP"),
                "{about} {component}"
            );
            assert_eq!(
                shown("intensity"),
                decimal(cost["intensity"].as_f64().unwrap()),
                "{about} {component}"
            );
            if let Some(time) = cost["seconds"].as_f64() {
                assert_eq!(shown("seconds"), seconds(time), "{about} {component}");
            }
        }
        assert!(
            browser.errors_of_page().is_empty(),
            "{about}: {:?}",
            browser.errors_of_page()
        );
    }
}

#[test]
fn a_link_made_by_hand_gives_the_same_page() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.set_input("#prompt", "20,000");
    browser.set_input("#weights", "int8");
    browser.click("#hardware");
    browser.set_input("#device-filter", "nvidia l4");
    browser.wait_for("document.querySelector('#device-list .choice')", SOON);
    browser.keys(&["Enter"]);
    browser.click("#app .segments button:nth-child(1)");
    browser.wait_for("location.search.includes('hw=l4') && location.search.includes('mode=prefill') && location.search.includes('p=20000')", SOON);
    let (address, sentence, total) = (
        browser.url(),
        figure(&browser, "sentence"),
        figure(&browser, "memory.total"),
    );
    let other = Browser::start();
    open(&other, &address);
    assert_eq!(figure(&other, "sentence"), sentence);
    assert_eq!(figure(&other, "memory.total"), total);
    let query = address.split_once('?').unwrap().1;
    let (scenario, errors) = weighbridge::scenario::from_query(query);
    assert_eq!(
        (errors, scenario.workload.prompt, scenario.precision.weights),
        (vec![], 20_000, Some("int8"))
    );
}

#[test]
fn after_one_visit_it_works_with_the_network_gone() {
    for prefix in ["/", "/sub/"] {
        let (browser, mut server, mut hub) = (Browser::start(), Server::dist(prefix), Hub::start());
        use_hub(&browser, &server, &hub);
        open(&browser, &server.at("?m=test/plain&hw=rtx-4090"));
        browser.wait_for(
            "document.documentElement.dataset.offline === 'ready' && navigator.serviceWorker.controller",
            SOON,
        );
        browser.wait_for("document.querySelector('.model-name')?.innerText === 'plain'", SOON);
        // Asked once more, through the worker this time, which keeps the answer.
        browser.reload();
        browser.wait_for(MOUNTED, SOON);
        browser.wait_for("document.querySelector('.model-name')?.innerText === 'plain'", SOON);
        let before = (figure(&browser, "sentence"), figure(&browser, "memory.total"));
        server.stop();
        hub.stop();
        browser.reload();
        browser.wait_for(MOUNTED, SOON);
        browser.wait_for("document.querySelector('.model-name')?.innerText === 'plain'", SOON);
        assert_eq!(
            (figure(&browser, "sentence"), figure(&browser, "memory.total")),
            before,
            "{prefix}"
        );
        // A built-in model, never opened before.
        open(&browser, &server.at("?m=openai/gpt-oss-120b&hw=h100-sxm"));
        assert_eq!(browser.text(".model-name"), "gpt-oss 120B", "{prefix}");
        // Whole, with its styles.
        let sheets = browser.script(
            "return [...document.styleSheets].filter((one) => one.cssRules.length > 0).length",
            json!([]),
        );
        assert!(sheets.as_u64().unwrap() >= 1, "{prefix}");
        assert_eq!(
            browser.script(
                "return getComputedStyle(document.querySelector('.numbers')).display",
                json!([])
            ),
            "grid",
            "{prefix}"
        );
    }
}

#[test]
fn every_number_opens_and_leads_to_its_inputs() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    let kv = explanation(&browser, "#app td [data-figure='memory.kv_cache']");
    for part in [
        "KV cache: 1.06 GiB",
        "1,140,850,688 B",
        "layers × batch × tokens × (k_width + v_width) × kv_bytes",
        "num_key_value_heads, config.json",
        "head_dim",
        "chosen under Workload",
    ] {
        assert!(kv.contains(part), "{part} in {kv}");
    }
    // Into a part and its inputs, and back.
    browser.click("#app td [data-figure='memory.mlp']");
    browser.click(".explain .parts li:first-child button");
    browser.wait_for("document.querySelector('.explain .crumbs')", SOON);
    let gate = browser.text(".explain");
    for part in ["intermediate", "14,336", "hidden_size, config.json"] {
        assert!(gate.contains(part), "{part} in {gate}");
    }
    browser.click(".explain .crumbs button");
    browser.wait_for("!document.querySelector('.explain .crumbs')", SOON);
    browser.keys(&["Escape"]);
    // Every button that opens an explanation has one.
    let opened = browser.script(
        "const bad = []; for (const tab of ['tab-memory', 'tab-compute']) { document.getElementById(tab).click(); await new Promise(requestAnimationFrame);
           for (const one of document.querySelectorAll('#app .number:not([data-none]), #app .why, #app .part, #app .entry:not(.none)')) {
             one.click(); await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
             const title = document.querySelector('.explain:popover-open h2')?.innerText ?? '';
             if (!/: .*\\d/.test(title)) bad.push(one.outerHTML.slice(0, 120) + ' → ' + title);
             document.querySelector('.explain').hidePopover?.(); await new Promise(requestAnimationFrame); } }
         return bad;",
        json!([]),
    );
    assert_eq!(opened, json!([]), "{opened:#}");
}

#[test]
fn nothing_is_cut_and_nothing_jumps() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    let frames = "return Object.fromEntries(['header.top', '.panel', '#sheet-model', '#sheet-workload', '#sheet-precision', '#sheet-hardware', '.verdict', '.numbers',
        '.bridge', '.tabs', '.tabpanel', '.tabpanel .card:nth-child(2)'].map((css) => { const r = document.querySelector(css).getBoundingClientRect();
        return [css, [r.x, r.y, r.width, r.height].map(Math.round)] }))";
    for (width, height) in [(1440, 1120), (768, 1000), (360, 800)] {
        browser.viewport(width, height, 1.0, width < 500);
        // The shell alone, as it stands before the program arrives.
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({"value": true}));
        browser.goto(&server.url());
        browser.cdp("Emulation.setScriptExecutionDisabled", json!({"value": false}));
        browser.script(
            "document.querySelectorAll('noscript').forEach((one) => one.remove())",
            json!([]),
        );
        // What theme.js does on a first visit.
        browser.script("document.documentElement.dataset.first = ''", json!([]));
        let shell = browser.script(frames, json!([]));
        let words = browser.script("return [...document.querySelectorAll('#app [data-figure]')].map((one) => [one.dataset.figure, one.innerText])", json!([]));
        open(&browser, &server.url());
        browser.wait_for("document.fonts.status === 'loaded'", SOON);
        let mounted = browser.script(frames, json!([]));
        for (css, frame) in shell.as_object().unwrap() {
            for at in 0..4 {
                let (was, is) = (frame[at].as_f64().unwrap(), mounted[css][at].as_f64().unwrap());
                assert!(
                    (was - is).abs() <= 2.0,
                    "{css} at {width}: {frame} became {}",
                    mounted[css]
                );
            }
        }
        // The shell's figures are the engine's.
        for pair in words.as_array().unwrap() {
            let (name, shown) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            let now = browser.script(
                "return [...document.querySelectorAll('#app [data-figure]')].filter((one) => one.dataset.figure === arguments[0]).map((one) => one.innerText)",
                json!([name]),
            );
            assert!(
                now.as_array().unwrap().iter().any(|one| one == shown),
                "{name} at {width}: the shell says {shown}, the page {now}"
            );
        }
        for tab in ["tab-memory", "tab-compute", "tab-speed", "tab-fit", "tab-architecture"] {
            // Wherever the page ends: on a phone the chips lie over its lower edge.
            browser.script(
                &format!("document.getElementById('{tab}').scrollIntoView({{block: 'center'}})"),
                json!([]),
            );
            browser.click(&format!("#{tab}"));
            browser.wait_for(
                &format!("document.getElementById('{tab}').ariaSelected === 'true'"),
                SOON,
            );
            let wide = browser
                .script("return document.documentElement.scrollWidth", json!([]))
                .as_u64()
                .unwrap();
            assert!(wide <= u64::from(width), "{tab} scrolls sideways at {width}: {wide}");
        }
    }
}

#[test]
fn charts_are_crisp_and_have_a_table() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(800, 1200, 2.0, false);
    open(&browser, &server.url());
    browser.wait_for("document.querySelectorAll('#app canvas').length === 2", SOON);
    let sizes = browser.script(
        "await new Promise(r => setTimeout(r, 300)); return [...document.querySelectorAll('#app canvas')].map((one) => [one.width, Math.round(one.getBoundingClientRect().width * devicePixelRatio), one.ariaLabel ?? one.parentElement.ariaLabel ?? ''])",
        json!([]),
    );
    for canvas in sizes.as_array().unwrap() {
        assert!(
            (canvas[0].as_i64().unwrap() - canvas[1].as_i64().unwrap()).abs() <= 2,
            "{canvas}"
        );
    }
    let pixels = "const c = document.querySelector('#app canvas'); return c.toDataURL().length + ':' + c.toDataURL().slice(-200)";
    browser.scheme("light");
    let light = browser.script(
        &format!("await new Promise(r => setTimeout(r, 300)); {pixels}"),
        json!([]),
    );
    browser.scheme("dark");
    let dark = browser.script(
        &format!("await new Promise(r => setTimeout(r, 300)); {pixels}"),
        json!([]),
    );
    assert_ne!(light, dark, "the chart follows the colour scheme");
    let before = browser.count("#app figure table");
    browser.script(
        "document.querySelector('#app figure').scrollIntoView({block: 'center'})",
        json!([]),
    );
    browser.click("#app figure .deeds .link");
    browser.wait_for(
        &format!("document.querySelectorAll('#app figure table').length > {before}"),
        SOON,
    );
}

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
