//! The looks of the page: nothing is cut, nothing jumps, charts are crisp.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::page::{SOON, open};
use crate::support::server::Server;

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
    // A chart is drawn when it comes near the window.
    let sizes = browser.script(
        "for (const one of document.querySelectorAll('#app canvas')) {
            one.scrollIntoView({ block: 'center' });
            await new Promise(r => setTimeout(r, 300));
        }
        await new Promise(r => setTimeout(r, 300)); return [...document.querySelectorAll('#app canvas')].map((one) => [one.width, Math.round(one.getBoundingClientRect().width * devicePixelRatio), one.ariaLabel ?? one.parentElement.ariaLabel ?? ''])",
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
fn nothing_scrolls_sideways_on_the_narrowest_phone() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(320, 640, 1.0, true);
    for query in [
        "",
        "?m=meta-llama/Llama-3.1-8B-Instruct&hw=rtx-3060-12gb&mode=serve&b=64",
    ] {
        open(&browser, &server.at(query));
        for tab in ["memory", "compute", "speed", "fit", "architecture"] {
            browser.script(
                "const tab = document.getElementById(`tab-${arguments[0]}`); tab.scrollIntoView({ block: 'center' }); tab.click()",
                json!([tab]),
            );
            browser.wait_for(&format!("document.getElementById('tab-{tab}').ariaSelected === 'true' && !document.querySelector('#tabpanel .coming')"), SOON);
            let wide = browser.script("return document.documentElement.scrollWidth", json!([]));
            assert!(wide.as_u64().unwrap() <= 320, "{tab} of {query} is {wide} px wide");
        }
    }
}

#[test]
fn the_longest_names_take_two_lines_at_most() {
    let mut names: Vec<(&str, &str)> = weighbridge::model::catalogue::entries()
        .iter()
        .map(|entry| (entry.name.as_str(), entry.id.as_str()))
        .collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.chars().count()));
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(1440, 900, 1.0, false);
    for (name, id) in names.into_iter().take(20) {
        browser.goto(&server.at(&format!("?m={id}&hw=rtx-4090")));
        browser.wait_for(
            &format!(
                "document.querySelector('.model-name')?.innerText === {} && document.querySelector('h1')?.innerText",
                json!(name)
            ),
            SOON,
        );
        let lines = browser.script(
            "const h1 = document.querySelector('h1'), range = document.createRange(); range.selectNodeContents(h1);
            return [new Set([...range.getClientRects()].map((one) => Math.round(one.bottom / 8))).size, h1.innerText]",
            json!([]),
        );
        assert!(lines[0].as_u64().unwrap() <= 2, "{name}: {lines}");
    }
}
