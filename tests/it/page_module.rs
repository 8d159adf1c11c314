//! The JavaScript module as `./dev module` builds it: in Chromium, and in node where there is one, against a local Hub. What it
//! answers is what the command line answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use support::browser::Browser;
use support::command::run_with;
use support::hub::{GOOD, Hub};
use support::made::{rows_of, safetensors_header};
use support::server::Server;
use weighbridge::model::Blueprint;

fn built() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("dist-module");
    assert!(
        folder.join("engine_bg.wasm").is_file(),
        "dist-module/ holds no built module: run ./dev module, or ./dev test, which builds it before it tests it"
    );
    folder
}

/// A Hub with a model whose weights lie beside its config.
fn hub() -> Hub {
    let config = json!({
        "model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 1024,
        "max_position_embeddings": 2048, "tie_word_embeddings": false, "torch_dtype": "bfloat16"
    });
    let hub = Hub::with([("test/small", config.to_string().as_str())]);
    let rows = rows_of(&Blueprint::from_value(config).unwrap(), "BF16");
    let (mut bytes, size) = safetensors_header(&rows);
    bytes.resize(size as usize, 0);
    hub.file("test/small", "model.safetensors", bytes.clone());
    hub.file("test/no-range", "model.safetensors", bytes);
    hub
}

/// What the command line answers, or the code it refuses with.
fn command_line(hub: &Hub, arguments: &[&str]) -> Value {
    let output = run_with(&hub.url(), &[arguments, &["--format", "json"]].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Whether two answers are the same. JavaScript has one kind of number, and powers are the platform's: they may differ in the last bits.
#[track_caller]
fn assert_same(found: &Value, expected: &Value, at: &str) {
    match (found, expected) {
        (Value::Number(one), Value::Number(other)) => {
            let (one, other) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            assert!((one - other).abs() <= 1e-12 * other.abs(), "{at}: {one} {other}");
        }
        (Value::Array(one), Value::Array(other)) => {
            assert_eq!(one.len(), other.len(), "{at}");
            one.iter()
                .zip(other)
                .enumerate()
                .for_each(|(index, (one, other))| assert_same(one, other, &format!("{at}[{index}]")));
        }
        (Value::Object(one), Value::Object(other)) => {
            assert!(one.keys().eq(other.keys()), "{at}: {:?} {:?}", one.keys(), other.keys());
            one.iter()
                .for_each(|(key, value)| assert_same(value, &other[key], &format!("{at}.{key}")));
        }
        _ => assert_eq!(found, expected, "{at}"),
    }
}

/// What a script says everywhere: the example, the answers of each function, and how failures end. `here` is the address of
/// the module's folder, `hub` that of the Hub.
const SCRIPT: &str = r#"
    const module = await import(`${here}index.js`);
    const { example } = await import(`${here}example.mjs`);
    const lines = [];
    const shown = await example("test/small", { endpoint: hub, headers: true }, (line) => lines.push(line));
    const code = async (id, access) => {
        try {
            return (await module.fetchModel(id, { endpoint: hub, ...access })).id;
        } catch (error) {
            if (!(error instanceof module.WeighbridgeError)) throw error;
            return error.code;
        }
    };
    const ids = ["test/old", "test/private", "test/none", "test/no-config", "test/empty", "test/array", "test/cut", "test/limited", "test/html", "test/flaky-503"];
    const codes = {};
    await Promise.all(ids.map(async (id) => (codes[id] = await code(id))));
    // Another thread has a copy of the model, not what the engine read.
    const copied = module.calculate({ model: structuredClone(shown.model), flags: { hardware: "rtx-4090" } });
    return JSON.stringify({
        ...shown,
        lines,
        codes,
        parameters: copied.parameters.total,
        withToken: await code("test/private", { token }),
        noParts: await code("test/no-range", { headers: true }),
        stopped: await code("test/hang", { signal: AbortSignal.timeout(200) }),
        notText: await code(Symbol.iterator),
        search: await module.searchModels("plain", { endpoint: hub }),
        hardware: module.listHardware(),
        models: module.listModels(),
        nodes: module.listHardware({ nodes: true }),
    });
"#;

/// Runs [`SCRIPT`] and holds what it says against the command line.
#[track_caller]
fn check(hub: &Hub, here: &str, run: impl Fn(&str) -> Value) {
    let (url, token) = (json!(hub.url()), json!(GOOD));
    let said = run(&format!(
        "const here = {}, hub = {url}, token = {token};\n{SCRIPT}",
        json!(here)
    ));
    let llama = "meta-llama/Llama-3.1-8B-Instruct";
    let expected = [
        (
            "builtIn",
            vec![
                "estimate",
                llama,
                "--hardware",
                "rtx-4090",
                "--prompt",
                "8192",
                "--weights",
                "q4_k_m",
            ],
        ),
        (
            "elsewhere",
            vec![
                "estimate",
                llama,
                "--hardware",
                "h100-sxm",
                "--prompt",
                "8192",
                "--weights",
                "q4_k_m",
            ],
        ),
        (
            "answer",
            vec!["estimate", "test/small", "--headers", "--hardware", "rtx-4090"],
        ),
        (
            "devices",
            vec!["fit", "test/small", "--headers", "--formats", "fp8,q4_k_m"],
        ),
        ("here", vec!["fit", "--models", "all", "--hardware", "rtx-4090"]),
        ("hardware", vec!["hardware"]),
        ("models", vec!["models"]),
        ("nodes", vec!["hardware", "--nodes"]),
    ];
    for (key, arguments) in expected {
        assert_same(&said[key], &command_line(hub, &arguments), key);
    }
    assert_eq!(said["answer"]["headers"]["comparison"]["verdict"], "agree");
    assert_eq!(said["parameters"], said["answer"]["parameters"]["total"]);
    for (id, code) in said["codes"].as_object().unwrap() {
        let expected = command_line(hub, &["estimate", id]);
        let expected = match &expected["error"]["code"] {
            Value::Null => &expected["model"]["id"],
            // What the config says nothing of is refused when it is asked about.
            Value::String(code) if code == "no_model_type" => &Value::from(id.as_str()),
            code => code,
        };
        assert_eq!(code, expected, "{id}");
    }
    assert_eq!(said["codes"]["test/flaky-503"], "test/flaky-503");
    assert_eq!(said["withToken"], "test/private");
    assert_eq!(said["noParts"], "no_parts");
    assert_eq!(said["stopped"], "cancelled");
    assert_eq!(said["notText"], "bad_option");
    assert_eq!(said["search"][0]["id"], "test/plain");
    let lines: Vec<&str> = said["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert_eq!(lines.len(), 7, "{lines:#?}");
    assert!(
        lines[1].starts_with("meta-llama/Llama-3.1-8B-Instruct: fits, "),
        "{lines:#?}"
    );
    assert_eq!(
        lines[6],
        "unknown_flag: There is no flag \"hardwere\". Did you mean hardware?"
    );
    hub.assert_no_token_in_addresses();
    let seen = hub.seen();
    let private = |path: &str| path.contains("/test/private/");
    assert!(
        seen.iter().all(|one| !one.authorised || private(&one.path)),
        "{seen:#?}"
    );
    assert!(seen.iter().any(|one| one.authorised) && seen.iter().any(|one| one.range.is_some()));
}

#[test]
fn it_answers_in_a_browser_as_the_command_line_does() {
    let (hub, server, browser) = (hub(), Server::start(built(), "/some/where/"), Browser::start());
    browser.goto(&server.at("README.md"));
    check(&hub, &server.url(), |script| {
        let said = browser.script(script, json!([]));
        serde_json::from_str(said.as_str().unwrap()).unwrap()
    });
    let own = server.hits();
    assert!(own.iter().all(|hit| hit.status == 200 || hit.status == 204), "{own:?}");
}

#[test]
fn it_answers_in_node_as_the_command_line_does() {
    let folder = built();
    let node = |arguments: &[&str]| Command::new("node").args(arguments).env_remove("HF_TOKEN").output();
    if node(&["--version"]).is_err() {
        println!("skipped: there is no node here, so the module was tried in the browser only");
        return;
    }
    let hub = hub();
    check(&hub, &format!("file://{}/", folder.display()), |script| {
        let whole = format!("console.log(await (async () => {{ {script} }})())");
        let output = node(&["--input-type=module", "--eval", &whole]).unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {words}"))
    });
    // The example as its first line says.
    let example = folder.join("example.mjs");
    let output = Command::new("node")
        .arg(example)
        .arg("test/small")
        .env("HF_ENDPOINT", hub.url())
        .env_remove("HF_TOKEN")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success() && printed.contains("\ntest/small: "),
        "{printed}"
    );
}
