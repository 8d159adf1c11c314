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
        &format!("document.querySelector({css})?.innerText.includes({words})"),
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
        "location.search.includes('lr=16') && location.search.includes('bw=nf4-dq')",
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
    browser.click("#tab-rl");
    press(&browser, "[aria-labelledby=rl-title] button", "PPO");
    waits(&browser, "#rl-title", "PPO: what one update does");
    waits(&browser, "[aria-labelledby=rl-title]", "Critic");
    browser.wait_for("location.search.includes('rl=ppo')", SOON);
    assert_eq!(browser.errors(), []);
}
