//! Headers of weight files on the built page: of the Hub by Range, of this machine by slices.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use std::time::Duration;

use serde_json::{Value, json};
use support::hub::{Fault, Hub};
use support::made::{Gguf, Key, Row, rows_of, safetensors_header};
use support::page::{Page, SOON};
use weighbridge::model::Blueprint;
use weighbridge::units::grouped;

/// So small that whole files can be made, so large that one is longer than the part that is asked for.
fn config() -> Value {
    json!({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1024,
        "max_position_embeddings": 2048, "tie_word_embeddings": false, "torch_dtype": "bfloat16"
    })
}

fn rows(dtype: &'static str) -> Vec<Row> {
    rows_of(&Blueprint::from_value(config()).unwrap(), dtype)
}

fn parameters() -> String {
    grouped(Blueprint::from_value(config()).unwrap().parameters())
}

fn padded((mut bytes, size): (Vec<u8>, u64)) -> Vec<u8> {
    bytes.resize(size as usize, 0);
    bytes
}

fn file(rows: &[Row]) -> Vec<u8> {
    padded(safetensors_header(rows))
}

/// Id, config, and weight files.
type Repo<'a> = (&'a str, &'a Value, &'a [(&'a str, Vec<u8>)]);

/// The page with a local Hub that holds these repositories.
fn open(repos: &[Repo<'_>]) -> Page {
    let hub = Hub::start();
    for (id, config, files) in repos {
        hub.file(id, "config.json", config.to_string());
        for (path, body) in *files {
            hub.file(id, path, body.clone());
        }
    }
    Page::open(hub, "")
}

impl Page {
    #[track_caller]
    fn load(&self, id: &str) {
        self.find(id);
        self.wait_for_name(id.split('/').nth(1).unwrap());
    }
    #[track_caller]
    fn line(&self, verdict: &str) -> String {
        self.browser.wait_for(
            &format!("document.querySelector('#header-line[data-verdict={verdict}]')"),
            SOON,
        );
        self.browser.text("#header-line")
    }
    fn drop_files(&self, files: &[(&str, Vec<u8>)]) {
        let files: Vec<Value> = files.iter().map(|(name, body)| json!([name, body])).collect();
        let script = "const dataTransfer = new DataTransfer();
            for (const [name, body] of arguments[0]) dataTransfer.items.add(new File([new Uint8Array(body)], name));
            const fire = (name) => document.body.dispatchEvent(
              new DragEvent(name, { bubbles: true, cancelable: true, composed: true, dataTransfer }));
            fire('dragenter'); fire('dragover'); fire('drop');";
        self.browser.script(script, json!([files]));
    }
}

#[test]
fn headers_on_the_hub_agree_or_differ() {
    let rows = rows("F32");
    let (first, second) = rows.split_at(rows.len() / 2);
    let (one, two) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
    let map: serde_json::Map<String, Value> = first
        .iter()
        .map(|row| (row.0.clone(), json!(one)))
        .chain(second.iter().map(|row| (row.0.clone(), json!(two))))
        .collect();
    let index = json!({"metadata": {}, "weight_map": map}).to_string();
    let mut other = rows.clone();
    other.retain(|row| !row.0.ends_with("layers.1.mlp.up_proj.weight"));
    other.push(("model.strange.weight".to_owned(), "F32", vec![3, 5]));
    let config = config();
    let page = open(&[
        (
            "test/agrees",
            &config,
            &[
                (one, file(first)),
                (two, file(second)),
                ("model.safetensors.index.json", index.into_bytes()),
            ],
        ),
        ("test/differs", &config, &[("model.safetensors", file(&other))]),
    ]);
    page.load("test/agrees");
    let before = page.browser.text("[role=tabpanel]");
    page.browser.click("#check-headers");
    let line = page.line("agree");
    assert_eq!(
        line,
        format!(
            "config.json and 2 safetensors headers agree: {} parameters.",
            parameters()
        )
    );
    // The files hold 32 bits where the config says 16: the files are believed.
    assert_ne!(page.browser.text("[role=tabpanel]"), before);
    assert_eq!(page.browser.count("#check-headers"), 0);
    let ranges: Vec<_> = page.hub.seen().into_iter().filter_map(|seen| seen.range).collect();
    assert!(
        !ranges.is_empty() && ranges.iter().all(|range| range == "bytes=0-100000"),
        "{ranges:?}"
    );
    let commit = support::hub::sha("test/agrees");
    let shards = page.hub.seen();
    let mut shards = shards
        .iter()
        .filter(|seen| seen.path.starts_with("/test/") && seen.path.ends_with(".safetensors"));
    assert!(shards.all(|seen| seen.path.contains(&commit) && !seen.authorised));
    page.load("test/differs");
    assert_eq!(page.browser.count("#header-line"), 0);
    page.browser.click("#check-headers");
    let line = page.line("differ");
    assert!(
        line.contains("not in the files") && line.contains("only in the files"),
        "{line}"
    );
    page.browser.script(
        "[...document.querySelectorAll('[role=tab]')].find((tab) => tab.innerText.includes('Architecture')).click()",
        json!([]),
    );
    let table = page.told("#header-table", "strange");
    assert!(
        table.contains("mlp.up_proj.weight") && table.contains("Found by name"),
        "{table}"
    );
    assert_eq!(page.browser.errors_of_page(), []);
}

#[test]
fn whole_files_and_cancelling() {
    let config = config();
    let files = [("model.safetensors", file(&rows("BF16")))];
    let page = open(&[("test/whole", &config, &files), ("test/slow-files", &config, &files)]);
    page.load("test/whole");
    page.hub.fault("test/whole", Fault::NoRange);
    page.browser.click("#check-headers");
    page.told("#app .callout", "a whole file where its beginning was asked for");
    assert_eq!(page.browser.count("#header-line"), 0);
    page.load("test/slow-files");
    page.hub.drip(64, Duration::from_millis(300));
    page.hub.fault("test/slow-files", Fault::Slow);
    page.browser.click("#check-headers");
    page.told(".loading", "reading header 1 of 1");
    page.browser.click(".loading button");
    page.browser.wait_for("!document.querySelector('.loading')", SOON);
    assert_eq!(
        page.browser.count("#app .callout") + page.browser.count("#header-line"),
        0
    );
    // And it can be asked again.
    page.hub.fault("test/slow-files", Fault::None);
    page.browser.click("#check-headers");
    page.line("agree");
}

#[test]
fn an_unknown_type_is_told_by_its_headers() {
    let page = open(&[(
        "test/onyx",
        &json!({"model_type": "onyx"}),
        &[("model.safetensors", file(&rows("BF16")))],
    )]);
    page.find("test/onyx");
    page.told("#app .callout[data-code=unknown_model_type]", "onyx");
    page.press("#app .callout button", "Read the file headers");
    let outline = page.told("#outline", &parameters());
    assert!(
        outline.contains("by tensor names") && outline.contains("cannot be known") && outline.contains("Attention"),
        "{outline}"
    );
    assert_eq!(page.browser.text(".model-name"), "Llama 3.1 8B Instruct");
}

#[test]
fn dropped_files_are_read_by_their_headers() {
    let page = open(&[]);
    let weights = file(&rows("BF16"));
    // Not the model in hand: both are told.
    page.drop_files(&[("model.safetensors", weights.clone())]);
    page.line("differ");
    page.told("#outline", &parameters());
    // With its config it is.
    let text = config().to_string().into_bytes();
    page.drop_files(&[("model.safetensors", weights), ("config.json", text)]);
    page.line("agree");
    assert_eq!(page.browser.count("#outline"), 0);
    // A GGUF is a model by itself.
    page.drop_files(&[("tiny.gguf", padded(tiny_gguf().write()))]);
    page.wait_for_name("tiny.gguf");
    // llama.cpp names every tensor otherwise than checkpoints do.
    assert!(
        page.line("agree")
            .starts_with("The GGUF's own metadata and its tensors agree")
    );
    assert!(page.browser.texts(".facts").join(" ").contains("GGUF (mostly F16)"));
    page.drop_files(&[(
        "model.safetensors.index.json",
        br#"{"weight_map": {"a": "x.safetensors"}}"#.to_vec(),
    )]);
    page.told("#outline", "1 tensor in 1 shard.");
    page.drop_files(&[("broken.safetensors", b"x".to_vec())]);
    page.told("#app .callout", "broken.safetensors");
    assert!(page.hub.seen().is_empty());
    assert_eq!(page.browser.errors_of_page(), []);
}

#[test]
fn headers_read_once_are_there_without_a_network() {
    let config = config();
    let weights = [("model.safetensors", file(&rows("F32")))];
    let gguf = [("tiny-F16.gguf", padded(tiny_gguf().write()))];
    let mut page = open(&[("test/kept", &config, &weights)]);
    page.hub.file("test/kept-gguf", gguf[0].0, gguf[0].1.clone());
    // The worker that keeps configs must be in charge first.
    page.browser.wait_for("navigator.serviceWorker.controller", SOON);
    page.load("test/kept");
    page.browser.click("#check-headers");
    let line = page.line("agree");
    let chips = page.browser.texts(".facts");
    let tiles = page.browser.text("[role=tabpanel]");
    // Another model of which nothing but a GGUF is known.
    page.find("test/kept-gguf");
    page.told("#app .callout[data-code=only_gguf]", "GGUF");
    page.press("#app .callout button", "Read the file headers");
    page.wait_for_name("kept-gguf");
    let own = page.line("agree");
    page.hub.stop();
    page.hub.forget();
    // Anew, without the model in the address; reloading would race with the page, which writes it there.
    page.browser.script("location.assign(location.pathname)", json!([]));
    page.wait_for_name("Llama 3.1 8B Instruct");
    page.browser.wait_for("!document.querySelector('#app').ariaBusy", SOON);
    page.load("test/kept");
    assert_eq!(page.line("agree"), line);
    assert_eq!(page.browser.texts(".facts"), chips);
    assert_eq!(page.browser.text("[role=tabpanel]"), tiles);
    page.find("test/kept-gguf");
    page.wait_for_name("kept-gguf");
    assert_eq!(page.line("agree"), own);
    assert!(page.hub.seen().is_empty());
}

#[test]
fn one_of_several_models_is_chosen() {
    let page = open(&[]);
    let body = padded(tiny_gguf().write());
    for name in ["tiny-F16.gguf", "tiny-Q8_0.gguf", "mmproj-tiny.gguf"] {
        page.hub.file("test/several", name, body.clone());
    }
    page.find("test/several");
    page.told("#app .callout[data-code=only_gguf]", "GGUF");
    page.press("#app .callout button", "Read the file headers");
    let outline = page.told("#outline", "test/several holds 2 GGUF models");
    assert!(!outline.contains("mmproj"), "{outline}");
    let sizes = page.browser.script(
        "return [...document.querySelectorAll('#choices td')].map((cell) => cell.title)",
        json!([]),
    );
    assert_eq!(sizes, json!([grouped(body.len() as u64), grouped(body.len() as u64)]));
    // The keyboard alone chooses.
    page.browser.script(
        "[...document.querySelectorAll('#choices button')].find((b) => b.innerText === 'tiny-Q8_0.gguf').focus()",
        json!([]),
    );
    page.browser.keys(&["Enter"]);
    page.line("agree");
    let read = page.hub.seen();
    let read: Vec<_> = read.iter().filter(|seen| seen.range.is_some()).collect();
    assert!(
        !read.is_empty() && read.iter().all(|seen| seen.path.ends_with("tiny-Q8_0.gguf")),
        "{read:?}"
    );
}

#[test]
fn what_passes_is_tried_again() {
    let config = config();
    let page = open(&[("test/shaky", &config, &[("model.safetensors", file(&rows("BF16")))])]);
    page.load("test/shaky");
    let (status, times) = (503, Some(1));
    page.hub.fault("test/shaky", Fault::Status { status, times });
    page.browser.click("#check-headers");
    page.line("agree");
    assert_eq!(page.browser.count("#app .callout"), 0);
}

fn tiny_gguf() -> Gguf {
    let mut file = Gguf::new(3, false)
        .key("general.architecture", Key::Text("llama"))
        .key("llama.block_count", Key::U32(2))
        .key("llama.context_length", Key::U32(2048))
        .key("llama.embedding_length", Key::U32(64))
        .key("llama.feed_forward_length", Key::U32(128))
        .key("llama.attention.head_count", Key::U32(4))
        .key("llama.attention.head_count_kv", Key::U32(2))
        .key("llama.attention.layer_norm_rms_epsilon", Key::F32(1e-5))
        .key(
            "tokenizer.ggml.tokens",
            Key::Texts((0..1024).map(|at| format!("<{at}>")).collect()),
        )
        .tensor("token_embd.weight", &[1024, 64], 1);
    for layer in 0..2 {
        let name = |what: &str| format!("blk.{layer}.{what}.weight");
        file = file
            .tensor(&name("attn_norm"), &[64], 0)
            .tensor(&name("ffn_norm"), &[64], 0)
            .tensor(&name("attn_q"), &[64, 64], 1)
            .tensor(&name("attn_k"), &[32, 64], 1)
            .tensor(&name("attn_v"), &[32, 64], 1)
            .tensor(&name("attn_output"), &[64, 64], 1)
            .tensor(&name("ffn_gate"), &[128, 64], 1)
            .tensor(&name("ffn_up"), &[128, 64], 1)
            .tensor(&name("ffn_down"), &[64, 128], 1);
    }
    file.tensor("output_norm.weight", &[64], 0)
        .tensor("output.weight", &[1024, 64], 1)
}
