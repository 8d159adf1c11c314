//! Headers on the command line: files, folders, and the Hub by Range.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may panic as tests do"
)]

use crate::support;

use std::fs::File;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use support::command::{json, run, run_with, text};
use support::fresh_folder;
use support::hub::{Fault, Hub};
use support::made::{Row, llama_gguf, rows_of, safetensors_header};
use weighbridge::model::{Blueprint, catalogue};

/// A file with a header and a body of holes: reading the body would take minutes, having it costs nothing.
fn sparse(path: &Path, (bytes, size): &(Vec<u8>, u64)) {
    let mut file = File::create(path).unwrap();
    file.write_all(bytes).unwrap();
    file.set_len(*size).unwrap();
}

fn shards(folder: &Path, rows: &[Row], count: usize) {
    let mut map = serde_json::Map::new();
    let mut total = 0;
    for (at, part) in rows.chunks(rows.len().div_ceil(count)).enumerate() {
        let name = format!("model-{:05}-of-{count:05}.safetensors", at + 1);
        let (bytes, size) = safetensors_header(part);
        total += size - bytes.len() as u64;
        sparse(&folder.join(&name), &(bytes, size));
        map.extend(part.iter().map(|row| (row.0.clone(), json!(name))));
    }
    let index = json!({"metadata": {"total_size": total}, "weight_map": map});
    std::fs::write(folder.join("model.safetensors.index.json"), index.to_string()).unwrap();
}

#[test]
fn a_folder_with_config_and_shards() {
    let folder = fresh_folder("headers");
    let config = &catalogue::find("meta-llama/Llama-3.1-8B-Instruct").unwrap().config;
    let rows = rows_of(&Blueprint::from_value(config.clone()).unwrap(), "BF16");
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    shards(&folder, &rows, 4);
    let path = folder.to_str().unwrap();

    let answer = json(&["estimate", path]);
    let headers = &answer["headers"];
    assert_eq!(headers["comparison"]["verdict"], "agree");
    assert_eq!(
        headers["comparison"]["line"],
        "config.json and 4 safetensors headers agree: 8,030,261,248 parameters."
    );
    assert_eq!(
        headers["formats"],
        json!([{"format": "safetensors", "label": "safetensors", "files": 4}])
    );
    let llama = text(&["estimate", path, "--engine", "llama.cpp"]);
    assert!(llama.contains("llama.cpp loads none of them"), "{llama}");
    assert!(!text(&["estimate", path]).contains("loads none"));
    assert_eq!(headers["bytes"], 16_060_522_496_u64);
    assert_eq!(headers["bytes"], answer["memory"]["weights_bytes"]);
    assert!(text(&["estimate", path]).contains("headers agree: 8,030,261,248"));
    assert!(text(&["inspect", path]).contains("headers agree: 8,030,261,248"));
    assert_eq!(json(&["inspect", path])["headers"]["tensors"], 291);

    // The same from its index, and one shard alone, which is not the whole model.
    let index = json(&["inspect", folder.join("model.safetensors.index.json").to_str().unwrap()]);
    assert_eq!(index["headers"]["files"], 4);
    assert_eq!(index["comparison"]["verdict"], "agree");
    let one = json(&[
        "inspect",
        folder.join("model-00001-of-00004.safetensors").to_str().unwrap(),
    ]);
    assert_eq!(one["comparison"]["verdict"], "differ");

    // With another config it is not the same model.
    let other = &catalogue::find("meta-llama/Llama-3.2-3B").unwrap().config;
    std::fs::write(folder.join("config.json"), other.to_string()).unwrap();
    assert_eq!(json(&["estimate", path])["headers"]["comparison"]["verdict"], "differ");

    // A type nobody knows: parameters all the same.
    std::fs::write(folder.join("config.json"), r#"{"model_type": "onyx"}"#).unwrap();
    let unknown = json(&["inspect", path]);
    assert_eq!(unknown["headers"]["parameters"], 8_030_261_248_u64);
    assert_eq!(unknown["headers"]["layers"], 32);
    // 2 × (8,030,261,248 − token table − 65 norms)
    let linear = 2.0 * (8_030_261_248_u64 - 128_256 * 4096 - 65 * 4096) as f64;
    assert_eq!(unknown["headers"]["dense_linear_flops_per_token"], linear);
    assert!(unknown["no_blueprint"].as_str().unwrap().contains("onyx"));
    let refused = run(&["estimate", path]);
    assert_eq!(refused.status.code(), Some(2));

    // A missing shard, and a cut one.
    std::fs::remove_file(folder.join("model-00003-of-00004.safetensors")).unwrap();
    let refused = run(&["inspect", path]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("model-00003-of-00004.safetensors cannot be read"));
}

#[test]
fn a_gguf_alone() {
    let folder = fresh_folder("headers");
    let path = folder.join("llama-2-7b.Q4_K_M.gguf");
    let file = llama_gguf(0).write();
    sparse(&path, &file);
    let path = path.to_str().unwrap();
    let answer = json(&["estimate", path]);
    assert_eq!(answer["parameters"]["total"], 6_738_415_616_u64);
    assert_eq!(answer["model"]["source"], "GGUF header");
    assert_eq!(answer["model"]["model_type"], "llama");
    let held: u64 = llama_gguf(0).tensors.iter().map(|tensor| tensor.3).sum();
    assert_eq!(answer["headers"]["bytes"], held);
    assert_eq!(answer["memory"]["weights_bytes"], held, "bytes are those of the file");
    let said = text(&["estimate", path]);
    assert!(said.contains("GGUF (mostly Q4_K) weights"), "{said}");
    let converted = json(&["estimate", path, "--weights", "bf16"]);
    assert_eq!(
        converted["memory"]["weights_bytes"],
        2 * 6_738_415_616_u64,
        "what is chosen wins"
    );
    let inspected = json(&["inspect", path]);
    assert_eq!(inspected["headers"]["parameters"], 6_738_415_616_u64);
    assert_eq!(inspected["keys"]["tokenizer.ggml.tokens"]["length"], 32_000);
    assert_eq!(inspected["config"]["hidden_size"], 4096);
    assert!(text(&["inspect", path]).contains("Q4_K"));
    // Cut short.
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(1_000_000_000)
        .unwrap();
    let refused = run(&["inspect", path]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is cut short"));
}

/// A small Llama, whole, as a repository of the local Hub.
fn on_hub(hub: &Hub, id: &str) -> u64 {
    let config = json!({"model_type": "llama", "vocab_size": 512, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 40,
        "num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128, "tie_word_embeddings": false, "dtype": "bfloat16"});
    let blueprint = Blueprint::from_value(config.clone()).unwrap();
    hub.file(id, "config.json", config.to_string());
    let mut map = serde_json::Map::new();
    for (at, rows) in rows_of(&blueprint, "BF16").chunks(30).enumerate() {
        let name = format!("model-{at:05}.safetensors");
        let (mut bytes, size) = safetensors_header(rows);
        bytes.resize(size as usize, 0);
        hub.file(id, &name, bytes);
        map.extend(rows.iter().map(|row| (row.0.clone(), json!(name))));
    }
    hub.file(
        id,
        "model.safetensors.index.json",
        json!({"weight_map": map}).to_string(),
    );
    blueprint.parameters()
}

#[test]
fn headers_from_the_hub() {
    let hub = Hub::start();
    let parameters = on_hub(&hub, "test/sharded");
    let output = run_with(
        &hub.url(),
        &["estimate", "test/sharded", "--headers", "--format", "json"],
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["headers"]["comparison"]["verdict"], "agree");
    assert_eq!(answer["headers"]["parameters"], parameters);
    assert!(String::from_utf8_lossy(&output.stderr).contains("headers 13 of 13"));
    // Of weights nothing but parts was asked for.
    let weights: Vec<_> = hub
        .seen()
        .into_iter()
        .filter(|one| one.path.ends_with(".safetensors"))
        .collect();
    assert!(!weights.is_empty() && weights.iter().all(|one| one.range.as_deref() == Some("bytes=0-100000")));
    // Without the flag no weights are asked for at all.
    hub.forget();
    assert!(run_with(&hub.url(), &["estimate", "test/sharded"]).status.success());
    assert!(hub.seen().iter().all(|one| !one.path.ends_with(".safetensors")));
}

#[test]
fn a_large_header_takes_a_second_request() {
    let hub = Hub::start();
    hub.file("test/large", "config.json", r#"{"model_type": "nobody"}"#);
    let rows: Vec<Row> = (0..3000)
        .map(|at| (format!("a.long.name.of.a.tensor.number.{at}.weight"), "U8", vec![1]))
        .collect();
    let (mut bytes, size) = safetensors_header(&rows);
    let header = bytes.len();
    bytes.resize(size as usize, 0);
    hub.file("test/large", "model.safetensors", bytes);
    let output = run_with(&hub.url(), &["inspect", "test/large", "--headers", "--format", "json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["headers"]["parameters"], 3000);
    let ranges: std::collections::BTreeSet<_> = hub.seen().into_iter().filter_map(|one| one.range).collect();
    let second = format!("bytes=100001-{}", header - 1);
    assert_eq!(
        ranges.into_iter().collect::<Vec<_>>(),
        ["bytes=0-100000".to_owned(), second]
    );
}

#[test]
fn a_hub_that_sends_whole_files_is_left_alone() {
    let hub = Hub::start();
    on_hub(&hub, "test/whole");
    // A file larger than the first request, so that the answer is not the whole file by right.
    let rows: Vec<Row> = vec![("a".to_owned(), "U8", vec![500_000])];
    let (mut bytes, size) = safetensors_header(&rows);
    bytes.resize(size as usize, 0);
    hub.file("test/whole", "model-00000.safetensors", bytes);
    hub.fault("test/whole", Fault::NoRange);
    let output = run_with(&hub.url(), &["inspect", "test/whole", "--headers"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("whole files only"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
