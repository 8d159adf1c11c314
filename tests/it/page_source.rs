//! Every way a model comes into the built page, and everything that can go wrong on it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use std::time::Duration;

use serde_json::json;
use support::hub::{BAD, CONFIG, GOOD, Hub, UNGRANTED};
use support::page::{Page, SOON};

/// Parameters of the repositories of `test/`, as the model card says them.
const FACT: &str = "1.10 B";
const EXAMPLE: &str = "Llama 3.1 8B Instruct";

/// The page at this query, with a local Hub as its endpoint.
fn open(query: &str) -> Page {
    Page::open(Hub::start(), query)
}

impl Page {
    /// Waits for the problem with this code and gives its words.
    #[track_caller]
    fn problem(&self, code: &str) -> String {
        self.browser.wait_for(
            &format!("document.querySelector('#app .callout[data-code={code}]')"),
            SOON,
        );
        self.browser.text("#app .callout")
    }
    fn facts(&self) -> String {
        self.browser.texts(".facts").join(" | ")
    }
    fn settings(&self, token: &str, trust: bool) {
        self.browser.click(".tool[aria-label=Settings]");
        self.browser.set_input("#token", token);
        if trust
            && self
                .browser
                .script("return !document.querySelector('#trust').checked", json!([]))
                == true
        {
            self.browser.click("#trust");
        }
        self.browser.keys(&["Escape"]);
        self.browser.wait_for("!document.querySelector('dialog')", SOON);
    }
    /// The token stands in no address, no lasting store and nowhere on the page.
    #[track_caller]
    fn assert_token_is_kept(&self) {
        self.hub.assert_no_token_in_addresses();
        let seen = self.browser.script(
            "return location.href + JSON.stringify({ ...localStorage }) + document.body.innerHTML",
            json!([]),
        );
        assert!(!seen.as_str().unwrap().contains("hf_"), "the token shows: {seen}");
        let hits = self.server.hits();
        assert!(
            hits.iter()
                .all(|hit| !hit.query.contains("hf_") && !hit.path.contains("hf_")),
            "{hits:?}"
        );
    }
}

#[test]
fn a_model_of_the_hub_is_read() {
    let page = open("");
    assert_eq!(page.name(), EXAMPLE);
    page.find("test/plain");
    page.wait_for_name("plain");
    page.told(".facts", FACT);
    assert!(page.facts().contains("GQA 32 : 4"), "{}", page.facts());
    let source = page.browser.text(".by");
    assert!(
        source.contains(&format!("commit {}", &support::hub::sha("test/plain")[..7])),
        "{source}"
    );
    let asked = page
        .hub
        .seen()
        .into_iter()
        .find(|seen| seen.path.ends_with("/config.json"))
        .unwrap();
    assert!(!asked.authorised && asked.referer.is_none(), "{asked:?}");
    // By its address, with a revision, and by its old name.
    page.hub.revision("test/plain", "v2");
    page.find(&format!("{}/test/plain/tree/v2", page.hub.url()));
    page.browser.wait_for(
        "document.querySelector('.loading') === null && document.querySelector('.model-name').innerText === 'plain'",
        SOON,
    );
    assert!(page.hub.seen().iter().any(|seen| seen.path.contains("/resolve/v2/")));
    page.find("test/old");
    page.browser.wait_for("!document.querySelector('.loading')", SOON);
    assert_eq!(page.browser.errors_of_page(), []);
}

#[test]
fn the_catalogue_needs_no_network() {
    let page = open("");
    page.find("qwen3-8b");
    page.wait_for_name("Qwen3 8B");
    page.browser.click("#find");
    page.browser.type_into("#find", "gemma");
    page.browser
        .wait_for("document.querySelectorAll('[role=option]').length > 2", SOON);
    page.browser.keys(&["ArrowDown", "ArrowUp", "ArrowDown"]);
    let second = page.browser.text("[role=option][aria-selected=true] .name");
    page.browser.keys(&["Enter"]);
    page.wait_for_name(&second);
    page.browser.click("#find");
    page.browser.keys(&["x", "Escape"]);
    page.browser
        .wait_for("document.querySelector('#find').ariaExpanded === 'false'", SOON);
    // One click in the picker.
    page.browser.click("#model");
    page.browser.click("dialog .choice[title='openai/gpt-oss-20b']");
    page.wait_for_name("gpt-oss 20B");
    assert!(page.hub.seen().is_empty(), "{:?}", page.hub.seen());
    assert_eq!(page.browser.errors(), []);
}

#[test]
fn every_failure_is_told_and_the_old_model_stays() {
    let page = open("");
    let cases = [
        ("test/gated", "gated_sign_in", "is gated"),
        ("test/none", "not_found_or_private", "no public model test/none"),
        ("test/private", "not_found_or_private", "private"),
        ("test/disabled", "repo_disabled", "disabled"),
        ("test/limited", "rate_limited", "Wait 5 minutes"),
        ("test/limited-no-cors", "unreachable", "could not be reached"),
        ("test/bad-request", "unexpected_answer", "400"),
        ("test/html", "not_json", "an HTML page"),
        ("test/truncated", "not_json", "breaks off"),
        ("test/cut", "broken_off", ""),
        ("test/array", "not_an_object", "a list"),
        ("test/diffusers", "not_a_transformer_diffusers", ""),
        ("test/gguf-only", "only_gguf", "GGUF"),
        ("test/no-config", "no_weights", ""),
        ("test/plain@nowhere", "revision_not_found", "nowhere"),
        ("test/down", "server_error", "503"),
    ];
    for (id, code, words) in cases {
        page.find(id);
        let told = page.problem(code);
        assert!(told.contains(words), "{id}: {told}");
        assert_eq!(page.name(), EXAMPLE, "{id}");
        assert!(page.facts().contains("8.03 B"), "{id}: {}", page.facts());
    }
    for (text, words) in [
        ("test/empty", "no model_type"),
        ("huggingface.co/datasets/a/b", "is a dataset"),
        ("a/b/c/d", "too many parts"),
    ] {
        page.find(text);
        page.told("#app .callout", words);
    }
    page.press("#app .callout button", "Dismiss");
    page.browser.wait_for("!document.querySelector('#app .callout')", SOON);
    assert_eq!(page.browser.errors_of_page(), []);
}

#[test]
fn a_token_opens_gates_and_is_seen_nowhere() {
    let page = open("");
    // Not to a mirror without leave.
    page.settings(GOOD, false);
    page.find("test/gated");
    page.problem("gated_sign_in");
    assert!(page.hub.seen().iter().all(|seen| !seen.authorised));
    page.settings(GOOD, true);
    page.press("#app .callout button", "Try again");
    page.wait_for_name("gated");
    page.find("test/private");
    page.wait_for_name("private");
    page.assert_token_is_kept();
    // Whoever uses this browser next does not learn which models a token opened.
    let recent = page
        .browser
        .script("return localStorage.getItem('recent') ?? ''", json!([]));
    assert!(!recent.as_str().unwrap().contains("test/"), "{recent}");
    page.settings(BAD, true);
    page.find("test/plain");
    page.problem("bad_token");
    page.assert_token_is_kept();
    page.settings(UNGRANTED, true);
    page.find("test/gated");
    page.problem("gated_not_granted");
    page.find("test/pending");
    page.problem("gated_pending");
    page.find("test/fine-grained");
    page.problem("token_lacks_gated_permission");
    page.assert_token_is_kept();
    page.find("hf_abcdefghijklmnopqrstuvwxyz");
    page.told("#app .callout", "looks like an access token");
    page.hub.assert_no_token_in_addresses();
}

#[test]
fn a_slow_answer_shows_its_progress_and_can_be_stopped() {
    let page = open("");
    page.hub.drip(40, Duration::from_millis(400));
    page.find("test/slow");
    page.told(".loading", " bytes");
    assert_eq!(page.name(), EXAMPLE);
    page.browser.click(".loading button");
    page.browser.wait_for("!document.querySelector('.loading')", SOON);
    assert_eq!(page.browser.count("#app .callout"), 0);
    // The last request wins.
    page.find("test/slow");
    page.browser.wait_for("document.querySelector('.loading')", SOON);
    page.find("test/plain");
    page.wait_for_name("plain");
    std::thread::sleep(Duration::from_secs(6));
    assert_eq!(page.name(), "plain");
    // And a slow one comes in the end.
    page.hub.drip(64, Duration::from_millis(50));
    page.find("test/slow");
    page.wait_for_name("slow");
    page.find("test/flaky-503");
    page.wait_for_name("flaky-503");
}

#[test]
fn silence_ends_after_half_a_minute() {
    let page = open("");
    page.find("test/hang");
    page.browser.wait_for("document.querySelector('.loading')", SOON);
    page.browser.wait_for(
        "document.querySelector('#app .callout[data-code=timed_out]')",
        Duration::from_secs(40),
    );
    assert!(page.browser.text("#app .callout").contains("30 seconds"));
    assert_eq!(page.name(), EXAMPLE);
}

#[test]
fn offline_is_said_and_what_was_read_still_works() {
    let mut page = open("");
    page.browser
        .wait_for("document.documentElement.dataset.offline === 'ready'", SOON);
    page.browser.reload();
    page.browser.wait_for("navigator.serviceWorker.controller", SOON);
    page.find("test/plain");
    page.wait_for_name("plain");
    page.hub.stop();
    page.browser.offline(true);
    page.find("test/flaky-500");
    let told = page.problem("unreachable");
    assert!(
        told.contains("you are offline") && told.contains("still work"),
        "{told}"
    );
    page.find("Qwen3 8B");
    page.wait_for_name("Qwen3 8B");
    page.find("test/plain");
    page.wait_for_name("plain");
}

#[test]
fn files_and_pastes_are_read_here() {
    let page = open("");
    let big = CONFIG.replace(
        "\"hidden_size\": 2048",
        "\"id2label\": {\"0\": \"a\"}, \"hidden_size\": 1024",
    );
    assert!(page.browser.drop_file("body", "config.json", &big));
    page.wait_for_name("config.json");
    assert_eq!(page.browser.count(".drop"), 0);
    assert!(page.browser.text(".by").contains("sent nowhere"));
    // Read by their headers, which these have not.
    for name in ["model.safetensors", "model-Q4_K_M.gguf", "model.safetensors.index.json"] {
        assert!(page.browser.drop_file("body", name, "x"));
        page.told("#app .callout", &format!("{name}: "));
    }
    page.browser.paste("body", CONFIG);
    page.wait_for_name("Your config.json");
    page.browser.paste("body", "{\"model_type\": ");
    page.told("#app .callout", "not JSON");
    page.browser.paste("body", &format!("{}/test/plain", page.hub.url()));
    page.wait_for_name("plain");
    page.browser.paste("#find", CONFIG);
    page.wait_for_name("Your config.json");
    // The picker's paste area.
    page.browser.click("#model");
    page.browser.set_input("#paste", "{\"model_type\": \"strange\"}");
    page.told("dialog .error", "strange");
    page.browser.set_input(
        "#paste",
        &CONFIG.replace("\"num_hidden_layers\": 22", "\"num_hidden_layers\": 11"),
    );
    page.browser.wait_for(
        "!document.querySelector('dialog') && document.querySelector('.facts').innerText.includes('11 layers')",
        SOON,
    );
    let seen = page.hub.seen();
    assert!(
        seen.iter()
            .all(|seen| seen.method == "GET" && seen.path.contains("test/plain")),
        "{seen:?}"
    );
}

#[test]
fn a_parameter_is_edited_by_hand() {
    let page = open("?m=test/plain");
    page.wait_for_name("plain");
    page.browser.click("#edit-model");
    page.told("#edit-count", "1,100,048,384");
    page.browser.set_input("#edit-num_hidden_layers", "44");
    page.told("#edit-count", "2,069,");
    page.told(".prop.changed .from", "Back to 22");
    // Refused by the engine, beside its field; the answer before stays.
    page.browser.set_input("#edit-num_key_value_heads", "many");
    page.told(".prop.invalid .error", "whole number");
    assert!(page.facts().contains("2.07 B"), "{}", page.facts());
    page.press(".dialog-foot button", "Undo");
    page.browser.wait_for("!document.querySelector('.prop.invalid')", SOON);
    // A raw key.
    page.browser
        .script("document.querySelector('#other-keys').open = true", json!([]));
    page.browser.type_into("#new-key", "head_dim_note");
    page.browser.type_into("#new-value", "7");
    page.browser.keys(&["Enter"]);
    page.browser
        .wait_for("document.querySelector('#edit-head_dim_note')?.value === '7'", SOON);
    page.browser.keys(&["Escape"]);
    page.told(".source[data-state=warn]", "num_hidden_layers");
    page.browser.script(
        "[...document.querySelectorAll('button')].find((b) => b.innerText.includes('Reset edits')).click()",
        json!([]),
    );
    page.told(".facts", FACT);
    // From a template with experts.
    page.browser.click("#edit-model");
    page.press("dialog button", "A mixture of experts");
    page.browser
        .wait_for("document.querySelector('#edit-num_experts')?.value === '64'", SOON);
    page.press(".dialog-foot button", "Undo");
    page.wait_for_name("plain");
    page.press("dialog button", "A mixture of experts");
    page.browser.set_input("#edit-num_experts", "128");
    page.told(".facts", "8 of 128");
    // One dialog straight after another.
    page.browser.keys(&["Escape"]);
    page.browser.click("#model");
    page.browser.wait_for("document.querySelector('#filter')", SOON);
    page.browser.keys(&["Escape"]);
    page.browser.click("#edit-model");
    page.browser
        .wait_for("document.querySelector('dialog[open] #edit-count')", SOON);
    assert_eq!(page.browser.errors_of_page(), []);
}

#[test]
fn the_link_names_the_model_back_and_forth() {
    let page = open("?m=test/plain&edit=%7B%22num_hidden_layers%22%3A11%7D");
    page.wait_for_name("plain");
    page.told(".facts", "11 layers");
    page.browser.script(
        "history.pushState(null, '', '?m=Qwen/Qwen3-8B'); dispatchEvent(new PopStateEvent('popstate'))",
        json!([]),
    );
    page.wait_for_name("Qwen3 8B");
    page.browser.back();
    page.wait_for_name("plain");
    page.told(".facts", "11 layers");
    page.browser.goto(&page.server.at("?m=test/none"));
    page.problem("not_found_or_private");
}

#[test]
fn the_keyboard_alone_is_enough() {
    let page = open("");
    page.browser.keys(&["?"]);
    page.browser
        .wait_for("document.querySelector('dialog[open] .keys')", SOON);
    page.browser.keys(&["Escape"]);
    page.browser.wait_for("!document.querySelector('dialog')", SOON);
    page.browser.keys(&["/"]);
    assert!(
        page.browser.focused().starts_with("input#find"),
        "{}",
        page.browser.focused()
    );
    page.browser.type_text("gemma 27b");
    page.browser.keys(&["Enter"]);
    page.wait_for_name("Gemma 3 27B Instruct");
    // The focus comes back from a dialog to the button that opened it.
    page.browser
        .script("document.getElementById('model').focus()", json!([]));
    page.browser.keys(&["Enter"]);
    page.browser.wait_for("document.activeElement.id === 'filter'", SOON);
    page.browser.type_text("test/plain");
    page.browser.keys(&["Enter"]);
    page.wait_for_name("plain");
    page.browser.wait_for("document.activeElement.id === 'model'", SOON);
    assert_eq!(page.browser.errors_of_page(), []);
}

/// GPT-2 was made for 1,024 tokens: the example's 8,192 + 512 are not asked of it, and are again of the next model.
#[test]
fn a_model_is_asked_no_more_than_it_was_made_for() {
    let page = Page::open(Hub::start(), "");
    let asked = |prompt: &str| {
        let prompt = json!(prompt);
        let script = format!("document.getElementById('prompt')?.value === {prompt}");
        page.browser.wait_for(&script, SOON);
    };
    page.find("openai-community/gpt2");
    page.told(".changed", "Prompt tokens 512");
    asked("512");
    page.press(".changed .link", "Undo");
    asked("8,192");
    page.find("openai-community/gpt2-xl");
    page.told(".changed", "Prompt tokens 512");
    asked("512");
    page.find("Qwen/Qwen3-8B");
    asked("8,192");
    assert_eq!(page.browser.errors(), []);
}
