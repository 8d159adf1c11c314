//! Training runs on the page: the modes, the card, the plan with other ways, and the way of a keyboard.

use serde_json::json;

use crate::support;
use support::browser::Browser;
use support::page::{MOUNTED, SOON, copy_without, open};
use support::server::Server;

/// Presses a button by its words.
fn press(browser: &Browser, css: &str, words: &str) {
    browser.script(
        "[...document.querySelectorAll(arguments[0])].find((one) => one.innerText.trim() === arguments[1]).click()",
        json!([css, words]),
    );
}

fn waits(browser: &Browser, css: &str, words: &str) {
    let (css, words) = (json!(css), json!(words));
    browser.wait_for(
        &format!("document.querySelector({css})?.innerText.replaceAll('\u{a0}', ' ').includes({words})"),
        SOON,
    );
}

/// Only what counts in a run is there, under the names a run gives it.
#[test]
fn a_mode_that_trains_has_controls_of_its_own() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    press(&browser, "#sheet-workload .segments button", "Fine-tune");
    waits(&browser, "h1", "out of memory");
    assert_eq!(browser.text("label[for=prompt]"), "Sequence length");
    assert_eq!(browser.text("label[for=batch]"), "Micro-batch");
    for gone in ["#generate", "#kv-cache", "#engine", "#tab-speed", "#tab-fit"] {
        assert_eq!(browser.count(gone), 0, "{gone}");
    }
    browser.wait_for("document.querySelector('#tab-plan[aria-selected=true]')", SOON);
    browser.wait_for("document.querySelector('.strategies .button')", SOON);
    press(&browser, "#sheet-workload .segments button", "Decode");
    browser.wait_for(
        "document.querySelector('#engine') && document.querySelector('#tab-speed')",
        SOON,
    );
    assert_eq!(browser.text("label[for=prompt]"), "Prompt tokens");
    assert_eq!(browser.errors(), []);
}

/// QLoRA of an 8B on a card for games: three deeds, and the address holds all of it.
#[test]
fn qlora_on_one_card_and_its_link() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    press(&browser, "#sheet-workload .segments button", "Fine-tune");
    browser.wait_for("document.querySelector('#sheet-training .segments')", SOON);
    press(&browser, "#sheet-training .segments button", "QLoRA");
    browser.set_input("#prompt", "4096");
    waits(&browser, "h1", "trains with QLoRA of rank 16 on one RTX 4090 at about");
    browser.wait_for(
        "['p=4096', 'lr=16', 'bw=nf4-dq'].every((one) => location.search.includes(one))",
        SOON,
    );
    let said = browser.text("h1");
    let address = browser.script("return location.search", json!([]));
    open(&browser, &server.at(address.as_str().unwrap()));
    browser.wait_for("document.querySelector('#lora-rank')", SOON);
    assert_eq!(browser.text("h1"), said);
    assert_eq!(browser.errors(), []);
}

/// Another way is one click, and one click back.
#[test]
fn another_way_to_train_is_taken_and_undone() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=finetune&hw=rtx-4090&p=2048&tab=plan"),
    );
    waits(&browser, "h1", "out of memory");
    browser.wait_for("document.querySelector('.strategies .button')", SOON);
    browser.click(".strategies .button[aria-label^='Use QLoRA']");
    waits(&browser, "h1", "trains with QLoRA");
    press(&browser, ".changed .link", "Undo");
    waits(&browser, "h1", "out of memory");
    browser.click("#tab-memory");
    browser.wait_for("document.querySelector('#moments-title')", SOON);
    browser.click("#tab-time");
    browser.wait_for("document.querySelector('#step-title')", SOON);
    assert_eq!(browser.errors(), []);
}

/// The tabs of a run are those of a keyboard too.
#[test]
fn keys_open_the_tabs_of_a_run() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=pretrain&hw=h100-sxm&n=64&p=8192&pp=4&gb=512"),
    );
    browser.wait_for("document.querySelector('#tab-time')", SOON);
    browser.keys(&["3"]);
    browser.wait_for(
        "document.activeElement.id === 'tab-time' && document.querySelector('#pipeline-title')",
        SOON,
    );
    browser.keys(&["ArrowLeft"]);
    browser.wait_for(
        "document.activeElement.id === 'tab-memory' && document.querySelector('#stages-title')",
        SOON,
    );
    assert_eq!(browser.errors(), []);
}

/// Without its part a run has no answer, never another one; what was there stays and says so.
#[test]
fn a_run_waits_for_its_planner() {
    let gone = |file: &str| file.starts_with("part-training");
    let server = Server::start(copy_without("no-planner", gone), "/");
    let browser = Browser::start();
    browser.goto(&server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=pretrain&hw=h100-sxm&p=8192"));
    browser.wait_for(MOUNTED, SOON);
    waits(
        &browser,
        "#sheet-training",
        "The planner of training runs did not load.",
    );
    assert_eq!(browser.count(".numbers"), 0);
}

/// What a law predicts, the learning rate, the stages of reinforcement learning, and the command that starts it.
#[test]
fn loss_stages_and_command_of_a_run() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at(
            "?m=meta-llama/Llama-3.1-8B-Instruct&mode=pretrain&hw=h100-sxm&n=64&p=8192&tt=2e12&recompute=full&tab=plan",
        ),
    );
    waits(&browser, "[data-figure='launch.command']", "distributed_type: FSDP");
    press(&browser, ".programs button", "Axolotl");
    waits(&browser, "[data-figure='launch.command']", "axolotl train");
    browser.click("#tab-loss");
    waits(&browser, "[aria-labelledby=loss-title]", "Besiroglu 2024");
    waits(&browser, "[aria-labelledby=loss-title]", "a prediction, no measurement");
    press(&browser, "[aria-labelledby=rate-title] button", "Linear");
    waits(&browser, "[aria-labelledby=rate-title]", "ends at 0");
    browser.wait_for("location.search.includes('ls=linear')", SOON);
    browser.click("#tab-rl");
    press(&browser, "[aria-labelledby=rl-title] button", "PPO");
    waits(&browser, "#rl-title", "PPO: what one update does");
    waits(&browser, "[aria-labelledby=rl-title]", "Critic");
    browser.wait_for("location.search.includes('rl=ppo')", SOON);
    assert_eq!(browser.errors(), []);
}

/// The search beside an answer takes as many sequences a step, and says so: below a plan that fits it finds one.
#[test]
fn the_search_takes_the_batch_of_the_answer() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=pretrain&hw=h100-sxm&n=8&p=4096&tab=plan"),
    );
    waits(&browser, "h1", "trains on 8 × H100");
    browser.wait_for("document.querySelector('#find-plans')", SOON);
    browser.click("#find-plans");
    waits(
        &browser,
        "[aria-labelledby=plans-title]",
        "with 8 sequences of 4,096 tokens a step",
    );
    assert!(!browser.text("[aria-labelledby=plans-title]").contains("none fits"));
    // The attention kernel writes no scores: Selective is no way of its own.
    assert!(
        !browser
            .texts(".strategies tbody th")
            .iter()
            .any(|name| name.starts_with("Selective"))
    );
    assert_eq!(browser.errors(), []);
}

/// What does not fit names the fastest way that does, one press away, with cards of what it would take; bars that go on are torn.
#[test]
fn a_run_that_does_not_fit_has_a_way_out() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=finetune&hw=rtx-4090&p=2048&tab=plan"),
    );
    waits(&browser, "h1", "out of memory");
    waits(&browser, "[data-figure='sentence.way']", "it fits and trains at about");
    let cards = browser.texts(".ways .way");
    for what in [
        "Missing",
        "Same training, split differently",
        "Longest sequence as it is",
    ] {
        assert!(cards.iter().any(|card| card.contains(what)), "{what}: {cards:?}");
    }
    browser.wait_for(
        "document.querySelector('.strategies .rank-bar.torn') && document.querySelector('.goes-on')",
        SOON,
    );
    press(&browser, ".lead .link", "Use it");
    waits(&browser, "h1", "trains with ");
    browser.wait_for("document.querySelector('.verdict').dataset.verdict === 'fits'", SOON);
    press(&browser, ".changed .link", "Undo");
    waits(&browser, "h1", "out of memory");
    assert_eq!(browser.errors(), []);
}

/// What a method changes besides is said, and goes back with it.
#[test]
fn a_method_says_what_it_changes() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at("?m=meta-llama/Llama-3.1-8B-Instruct&mode=finetune&hw=rtx-4090&p=2048&tab=plan"),
    );
    browser.wait_for("document.querySelector('#sheet-training .segments')", SOON);
    press(&browser, "#sheet-training .segments button", "QLoRA");
    waits(&browser, ".changed", "Recomputation Full");
    browser.wait_for("location.search.includes('recompute=full')", SOON);
    press(&browser, "#sheet-training .segments button", "All parameters");
    browser.wait_for(
        "!location.search.includes('recompute') && !location.search.includes('lr=')",
        SOON,
    );
    assert_eq!(browser.errors(), []);
}

/// One price, whether one device is rented or eight, with what it is the middle of.
#[test]
fn one_price_for_one_and_for_eight() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(
        &browser,
        &server.at(
            "?m=meta-llama/Llama-3.1-8B-Instruct&mode=pretrain&hw=h100-sxm&n=8&p=4096&tt=1e9&recompute=full&tab=plan",
        ),
    );
    waits(&browser, ".numbers", "device hours at $4.09");
    waits(
        &browser,
        "#sheet-hardware [data-figure='device.facts']",
        "$4.09 an hour (clouds ask $2.69 to $5.49)",
    );
    assert_eq!(browser.errors(), []);
}
