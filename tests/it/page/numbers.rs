//! The numbers of the page: those of the command line, of a link, and what they open.

use serde_json::json;
use weighbridge::units::{UnitSystem, count, decimal, grouped, seconds};

use super::{explanation, figure};
use crate::support::browser::Browser;
use crate::support::command::estimate;
use crate::support::page::{SOON, open};
use crate::support::server::Server;

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
        // Images become tokens, and their tower works.
        &[
            "Qwen/Qwen2.5-VL-3B-Instruct",
            "--images",
            "3",
            "--image-size",
            "1024x768",
            "--mode",
            "prefill",
            "--hardware",
            "rtx-4090",
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
        // The Compute tab; a long table may have left it under the header.
        browser.script("scrollTo(0, 0)", json!([]));
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
