use serde_json::{Value, json};

use super::*;
use crate::ask::{LLAMA_CPP_OWN, flag_names};
use crate::scenario::{KNOBS, KnobKind, Scenario, to_query};

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

fn answer(options: &Value) -> Result<Value, Failure> {
    calculate(&options.to_string()).map(|text| serde_json::from_str(&text).unwrap())
}

#[track_caller]
fn refused(options: &Value) -> (String, String) {
    let failure = answer(options).expect_err("it was answered");
    (failure.code().to_owned(), failure.line())
}

fn link(options: &Value) -> String {
    answer(options).unwrap()["link"].as_str().unwrap().to_owned()
}

/// The same question by flags, by numbers and lists of JavaScript, and by a link.
#[test]
fn one_question_however_it_is_asked() {
    let by_text =
        json!({"model": LLAMA, "flags": {"hardware": "4090", "prompt": "8k", "weights": "Q4_K_M", "kv-cache": "q8_0"}});
    let expected = format!("?m={LLAMA}&p=8192&w=q4_k_m&kv=q8_0&hw=rtx-4090");
    assert_eq!(link(&by_text), expected);
    let by_numbers = json!({"model": "llama 3.1 8b instruct", "flags": {"hardware": ["4090"], "prompt": 8192, "weights": "q4-k-m", "cache-type-k": "q8_0", "batch": null}});
    assert_eq!(link(&by_numbers), expected);
    for link in [
        expected.clone(),
        expected.replace('?', ""),
        format!("https://example.org/page/{expected}#speed"),
    ] {
        assert_eq!(
            answer(&json!({"link": link})).unwrap(),
            answer(&by_text).unwrap(),
            "{link}"
        );
    }
    // Flags change what the link asks.
    let changed = json!({"link": expected, "flags": {"prompt": 4096, "weights": "fp8"}});
    assert_eq!(link(&changed), format!("?m={LLAMA}&p=4096&w=fp8&kv=q8_0&hw=rtx-4090"));
}

/// Each flag has the value here that it has on the command line and in links: the knob's own.
#[test]
fn every_flag_sets_its_knob() {
    for knob in KNOBS.iter() {
        let text = match knob.kind {
            // Training asks for longer sequences where none are given.
            _ if knob.flag == "mode" => "serve".to_owned(),
            KnobKind::Choice(rows) => rows().last().unwrap().key.to_owned(),
            KnobKind::Device => "h100-sxm".to_owned(),
            KnobKind::Devices => "rtx-4090,l40s".to_owned(),
            KnobKind::Shares => "3,1".to_owned(),
            KnobKind::Host => "none".to_owned(),
            KnobKind::Bytes { .. } | KnobKind::BytesOr { .. } => "1 GiB".to_owned(),
            _ => "2".to_owned(),
        };
        let mut direct = Scenario::default();
        let direct = knob.read(&mut direct, &text).map(|()| to_query(&direct));
        let options = json!({"flags": {knob.flag: text}}).to_string();
        let asked = Options::read(&options, &["flags"]).and_then(|options| options.scenario());
        match (direct, asked) {
            (Ok(direct), Ok(asked)) => assert_eq!(direct, to_query(&asked), "{}", knob.flag),
            (Err(direct), Err(asked)) => assert_eq!(asked.line(), format!("--{}: {direct}", knob.flag)),
            (direct, asked) => panic!("--{} {text}: {direct:?} but {asked:?}", knob.flag),
        }
    }
}

#[test]
fn switches_contexts_and_edits() {
    let asked = json!({"model": LLAMA, "flags": {"context": "32k", "generate": 768, "no-kv-offload": true, "swa-full": false}, "edit": {"num_hidden_layers": 16}});
    let found = answer(&asked).unwrap();
    assert_eq!(found["model"]["layers"], 16);
    let link = found["link"].as_str().unwrap();
    assert!(link.contains("p=32000&g=768"), "{link}");
    let plain = answer(&json!({"model": LLAMA})).unwrap();
    assert!(plain.get("answers").is_none());
    let answers = answer(&json!({"model": LLAMA, "answers": true, "flags": {"hardware": "h100"}})).unwrap();
    assert!(answers["answers"]["context"]["tokens"].as_u64() > Some(100_000));
}

#[test]
fn what_is_not_known_is_refused_by_its_name() {
    let model = |flags: Value| json!({"model": LLAMA, "flags": flags});
    for (options, code, words) in [
        (
            json!({"model": LLAMA, "hardwere": "4090"}),
            "bad_option",
            "\"hardwere\"",
        ),
        (
            json!({"model": LLAMA, "hardware": "4090"}),
            "bad_option",
            "\"hardware\" is a flag: write flags: {\"hardware\": …}.",
        ),
        (
            model(json!({"hardwere": "4090"})),
            "unknown_flag",
            "There is no flag \"hardwere\". Did you mean hardware?",
        ),
        (
            model(json!({"kvCache": "fp8"})),
            "unknown_flag",
            "Did you mean kv-cache?",
        ),
        (model(json!({"prompt": -1})), "bad_value", "--prompt: "),
        (model(json!({"prompt": 1.5})), "bad_value", "--prompt: "),
        (model(json!({"prompt": 1e300})), "bad_value", "--prompt: "),
        (model(json!({"prompt": {"a": 1}})), "bad_option", "prompt must be"),
        (model(json!({"prompt": [[1]]})), "bad_option", "prompt must be"),
        (model(json!({"prompt": true})), "bad_value", "--prompt: "),
        (model(json!({"swa-full": "yes"})), "bad_value", "--swa-full: "),
        (model(json!({"hardware": "auto"})), "bad_value", "--hardware: auto asks"),
        (
            model(json!({"kv-cache": "fp8", "kv-cache-dtype": "fp8"})),
            "bad_value",
            "--kv-cache and --kv-cache-dtype say the same",
        ),
        (
            model(json!({"context": 4096, "prompt": 10})),
            "bad_value",
            "--context and --prompt",
        ),
        (
            model(json!({"gpu-memory-utilization": 1})),
            "bad_value",
            "write \"1%\" or \"100%\"",
        ),
        (
            json!({"model": LLAMA, "flags": "prompt"}),
            "bad_option",
            "flags must be",
        ),
        (json!({}), "no_model", "Say which model"),
        (json!([]), "bad_option", "Options are one object"),
        (json!({"model": 3}), "bad_option", "A model is"),
        (json!({"model": LLAMA, "config": {}}), "bad_option", "exclude"),
        (json!({"model": "nobody/nothing"}), "not_built_in", "fetchModel"),
        (json!({"model": {"handle": 99}}), "model_gone", "fetch it again"),
        (json!({"config": "x"}), "bad_option", "config must be"),
        (json!({"config": {}}), "no_model_type", ""),
        (json!({"config": {"x": "y".repeat(2 << 20)}}), "too_large", "1.00 MiB"),
        (json!({"link": "nothing"}), "bad_link", "asks nothing"),
        (json!({"link": "?m=x/y&hw=abacus"}), "bad_link", "abacus"),
        (
            json!({"link": "?compare=m%3Da&compare=m%3Db"}),
            "several_questions",
            "2",
        ),
    ] {
        let (found, line) = refused(&options);
        let shown: String = options.to_string().chars().take(100).collect();
        assert_eq!(found, code, "{shown}: {line}");
        assert!(line.contains(words), "{shown}: {line}");
    }
    assert_eq!(calculate("{").unwrap_err().code(), "bad_option");
    assert_eq!(calculate(&"[".repeat(100_000)).unwrap_err().code(), "bad_option");
}

/// As the command line: a list for every device, or for models on one.
#[test]
fn fit_has_both_its_lists() {
    let rows = |options: Value| -> Vec<Value> { serde_json::from_str(&fit(&options.to_string()).unwrap()).unwrap() };
    let devices = rows(json!({"model": LLAMA, "formats": ["fp8", "q4_k_m"]}));
    let table = crate::hardware::devices().len();
    assert!(
        devices.len() >= table && devices.len() <= 2 * table,
        "{}",
        devices.len()
    );
    assert_eq!(devices[0]["verdict"], "fits");
    let small = json!({"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 128, "vocab_size": 1000});
    let models = [json!(LLAMA), json!({"id": "own", "config": small}), json!("no such")];
    let here = rows(json!({"models": models, "flags": {"hardware": "4090"}}));
    assert_eq!(here.len(), 3);
    assert_eq!(here[0]["model"]["id"], LLAMA);
    assert_eq!(here[1]["model"]["id"], "own");
    assert_eq!(here[2]["error"]["code"], "not_built_in");
    for (options, code) in [
        (json!({"models": "all"}), "no_hardware"),
        (json!({"models": []}), "bad_option"),
        (
            json!({"models": "all", "model": LLAMA, "flags": {"hardware": "4090"}}),
            "bad_option",
        ),
        (json!({"model": LLAMA, "formats": "q4_k_n"}), "bad_value"),
    ] {
        assert_eq!(fit(&options.to_string()).unwrap_err().code(), code, "{options}");
    }
}

/// Nothing that JavaScript gives ends the program: each is answered or refused.
#[test]
fn hostile_values_end_in_words() {
    let values = [
        json!(""),
        json!("\u{0}\u{1b}[31m"),
        json!("9".repeat(400)),
        json!("x".repeat(100_000)),
        json!(-0.0),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e308),
        json!(["a", "b", 3]),
        json!("custom:memory=1e99,bandwidth=-1,fp16=nan"),
        json!("💥"),
    ];
    for flag in flag_names() {
        for value in &values {
            if let Err(failure) = answer(&json!({"model": LLAMA, "flags": {flag: value}})) {
                let line = failure.line();
                assert!(!line.is_empty() && !line.contains(['\n', '\u{1b}']), "{flag}: {line}");
                assert!(line.len() < 2_000, "{flag}: {} bytes", line.len());
            }
        }
    }
}

/// Loading as JavaScript carries it out: requests out, answers in, the model kept under a handle.
#[test]
fn a_model_is_loaded_step_by_step() {
    let mut courier =
        fetch_model(r#"{"id": "owner/name", "endpoint": "http://localhost:1", "token": "hf_secret"}"#).unwrap();
    let wants: Value = serde_json::from_str(&courier.step()).unwrap();
    let want = &wants["wants"][0];
    assert_eq!(want["url"], "http://localhost:1/owner/name/resolve/main/config.json");
    assert_eq!(want["headers"]["authorization"], "Bearer hf_secret");
    let ticket = want["ticket"].as_u64().unwrap() as u32;
    assert_eq!(courier.end().unwrap_err().code(), "unfinished");
    // A redirect to another host takes no token along.
    assert_eq!(
        courier.head(ticket, 307, "", r#"{"location": "http://127.0.0.1:2/x"}"#),
        0.0
    );
    courier.body(ticket, Vec::new());
    let wants: Value = serde_json::from_str(&courier.step()).unwrap();
    let want = &wants["wants"][0];
    assert_eq!(want["url"], "http://127.0.0.1:2/x");
    assert_eq!(want["headers"], json!({}));
    let ticket = want["ticket"].as_u64().unwrap() as u32;
    assert_eq!(courier.head(ticket, 200, "", "{}"), f64::from((1 << 20) + 1));
    let config = crate::model::catalogue::find(LLAMA).unwrap().config.to_string();
    courier.body(ticket, config.clone().into_bytes());
    assert_eq!(courier.step(), r#"{"done":true}"#);
    let model: Value = serde_json::from_str(&courier.end().unwrap()).unwrap();
    assert_eq!(
        (model["id"].as_str(), model["source"].as_str()),
        (Some("owner/name"), Some("hub"))
    );
    let found = answer(&json!({"model": {"handle": model["handle"]}, "flags": {"hardware": "4090"}})).unwrap();
    assert_eq!(found["link"], "?m=owner/name&hw=rtx-4090");
    // The same from a copy of what came, and no longer once it is let go.
    let copy = json!({"id": "owner/name", "source": "hub", "config": model["config"]});
    assert_eq!(
        answer(&json!({"model": copy, "flags": {"hardware": "4090"}})).unwrap(),
        found
    );
    forget(model["handle"].as_u64().unwrap() as u32);
    assert_eq!(refused(&json!({"model": {"handle": model["handle"]}})).0, "model_gone");
}

#[test]
fn what_fails_has_a_code() {
    for (options, code) in [
        (json!({"id": "owner/name", "endpoint": "ftp://x"}), "endpoint_no_scheme"),
        (json!({"id": "owner/name", "token": "a b"}), "token_bad_character"),
        (json!({"id": ""}), "no_model"),
        (json!({"id": "owner/name", "tokn": "x"}), "bad_option"),
    ] {
        assert_eq!(fetch_model(&options.to_string()).unwrap_err().code(), code, "{options}");
    }
    assert_eq!(
        search_models(r#"{"text": "hf_secret"}"#).unwrap_err().code(),
        "bad_search"
    );
    let mut courier = fetch_model(r#"{"id": "owner/name"}"#).unwrap();
    courier.step();
    courier.failed(1, "timed_out", None, 30);
    courier.step();
    let failure = courier.end().unwrap_err();
    assert_eq!(failure.code(), "timed_out");
    assert!(failure.line().contains("30"), "{}", failure.line());
}

/// What is written for people and editors knows every flag, and no other.
#[test]
fn the_types_name_every_flag() {
    let types = include_str!("../../module/index.d.ts");
    let flags = types.split_once("export interface Flags {").unwrap().1;
    let flags = flags.split_once("\n}").unwrap().0;
    let mut named: Vec<&str> = flags
        .lines()
        .filter_map(|line| line.trim().split_once("?: "))
        .map(|(name, _)| name.trim_matches('"'))
        .collect();
    let mut known: Vec<&str> = flag_names().collect();
    named.sort_unstable();
    known.sort_unstable();
    assert_eq!(named, known);
    for own in LLAMA_CPP_OWN.iter().filter(|own| !own.takes_number) {
        assert!(flags.contains(&format!("\"{}\"?: boolean", own.flag)), "{}", own.flag);
    }
}

#[test]
fn the_package_has_the_version_of_the_engine() {
    let package: Value = serde_json::from_str(include_str!("../../module/package.json")).unwrap();
    assert_eq!(package["version"], crate::export::VERSION);
}
