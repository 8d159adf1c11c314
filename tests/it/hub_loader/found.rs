//! Models that are found: renamed, in shards, as GGUF, on a mirror.

use std::sync::Arc;

use serde_json::{Value, json};
use weighbridge::hub::loader::{LoadError, LoadedModel, Source, Wanted, model};
use weighbridge::hub::{Endpoint, Locator, Token};

use super::written::{CONFIG, HUB, Hub, Manner, SECRET, file, gguf, ok, sharded, status, to, tree, weights};

/// What can be compared of a model.
fn told(loaded: &LoadedModel) -> Value {
    let weights = loaded.weights.as_ref();
    json!({
        "id": loaded.id.to_string(),
        "commit": loaded.commit,
        "config": loaded.config,
        "tensors": weights.map(|read| read.checkpoint.tensors()),
        "pieces": weights.map(|read| read.pieces.iter().map(|it| (it.name.clone(), it.size, it.bytes.clone())).collect::<Vec<_>>()),
        "files": weights.map(|read| read.files.iter().map(|it| it.path.clone()).collect::<Vec<_>>()),
    })
}

#[test]
fn both_transports_find_the_same_model() {
    let sha = "607a30d783dfa663caf39e06633721c8d4cfcd7e";
    let renamed = || {
        let cached = format!("/api/resolve-cache/models/newer/name/{sha}/config.json");
        vec![
            (file("config.json"), to("/newer/name/resolve/main/config.json")),
            (format!("{HUB}/newer/name/resolve/main/config.json"), to(&cached)),
            (format!("{HUB}{cached}"), ok(CONFIG)),
            (
                format!("{HUB}/api/models/newer/name/tree/{sha}?recursive=true&expand=false"),
                ok(r#"[{"type": "file", "path": "model.safetensors", "size": 200071}]"#),
            ),
            (
                format!("{HUB}/newer/name/resolve/{sha}/model.safetensors"),
                to("https://cdn.example/x?signed=1"),
            ),
            ("https://cdn.example/x?signed=1".to_owned(), ok(weights("w", 200_000))),
        ]
    };
    let only_gguf = || {
        let body = gguf();
        vec![
            tree(&[("X-Q4_K_M.GGUF", body.len())]),
            (file("X-Q4_K_M.GGUF"), ok(body)),
        ]
    };
    for (name, pages) in [("renamed", renamed()), ("sharded", sharded(13)), ("gguf", only_gguf())] {
        let load = |manner| {
            let mut hub = Hub::new(pages.clone());
            let loaded = hub.load_as("a/b", Wanted::ConfigAndHeaders, None, manner);
            (loaded.as_ref().map(told).map_err(Clone::clone), hub)
        };
        let ((native, hub), (page, _)) = (load(Manner::Native), load(Manner::Page));
        assert!(native == page, "{name}: {native:?}\n{page:?}");
        let (mute, _) = load(Manner::Mute);
        assert_eq!(mute.unwrap()["tensors"], native.as_ref().unwrap()["tensors"], "{name}");
        assert!(native.is_ok(), "{name}: {native:?} {:?}", hub.log);
        match name {
            "renamed" => {
                let native = native.unwrap();
                assert_eq!((&native["id"], &native["commit"]), (&json!("newer/name"), &json!(sha)));
                assert_eq!(native["tensors"][0]["bytes"], 200_000);
            }
            "sharded" => {
                assert_eq!(native.unwrap()["tensors"].as_array().unwrap().len(), 13);
                assert!((2..=6).contains(&hub.most_at_once), "{}", hub.most_at_once);
                // Of no file more than its header.
                assert!(
                    hub.log
                        .iter()
                        .all(|(url, range, _)| !url.ends_with(".safetensors") || range.is_some())
                );
            }
            _ => assert!(native.unwrap()["config"].is_null()),
        }
    }
}

#[test]
fn a_mirror_below_a_path() {
    let endpoint = Endpoint::parse("https://proxy.example:8443/hub").unwrap();
    let url = "https://proxy.example:8443/hub/a/b/resolve/main/config.json".to_owned();
    let source = Source {
        endpoint,
        token: Some(Token::parse(SECRET).unwrap()),
    };
    let mut hub = Hub::new([(url.clone(), ok(CONFIG))]);
    let exchange = model(source, Locator::parse("a/b").unwrap(), Wanted::Config);
    assert!(hub.run(exchange, Manner::Native).is_ok());
    assert_eq!(hub.log, [(url, None, true)]);
}

#[test]
fn files_beside_the_config() {
    let at = |path: &str| format!("{HUB}/nvidia/X-FP8/resolve/main/{path}");
    let side = r#"{"quantization": {"quant_algo": "FP8", "kv_cache_quant_algo": "FP8"}}"#;
    for (path, text, method) in [
        ("hf_quant_config.json", side, "modelopt"),
        ("quantize_config.json", r#"{"bits": 4, "group_size": 128}"#, "gptq"),
        ("quant_config.json", r#"{"w_bit": 4, "q_group_size": 128}"#, "awq"),
    ] {
        let mut hub = Hub::new([(at("config.json"), ok(CONFIG)), (at(path), ok(text))]);
        let loaded = hub.load("nvidia/X-FP8", Wanted::Config).unwrap();
        assert_eq!(loaded.config.unwrap()["quantization_config"]["quant_method"], method);
    }
    // None of them there: as the config says. One that cannot be read: no wrong number.
    let mut hub = Hub::new([(at("config.json"), ok(CONFIG))]);
    let loaded = hub.load("nvidia/X-FP8", Wanted::Config).unwrap();
    assert_eq!(loaded.config, serde_json::from_str(CONFIG).ok());
    let limited = (at("hf_quant_config.json"), status(429, &[], ""));
    let mut hub = Hub::new([(at("config.json"), ok(CONFIG)), limited]);
    assert_eq!(
        hub.load("nvidia/X-FP8", Wanted::Config).unwrap_err().code(),
        "rate_limited"
    );
}

#[test]
fn repositories_of_gguf_files() {
    let one = gguf();
    let size = one.len();
    let hub = || {
        Hub::new([
            tree(&[("Y.GGUF", size), ("mmproj-Y.gguf", 7)]),
            (file("Y.GGUF"), ok(one.clone())),
        ])
    };
    assert_eq!(hub().error(Wanted::Config).code(), "only_gguf");
    let loaded = hub().load("a/b", Wanted::ConfigAndHeaders).unwrap();
    assert!(loaded.config.is_none());
    assert_eq!(loaded.weights.unwrap().pieces[0].name, "Y.GGUF");
    // Several: one is to be named, by its address.
    let several = || {
        Hub::new([
            tree(&[
                ("b-Q8_0.gguf", 9000),
                ("a-Q4_K_M-00001-of-00002.gguf", 100),
                ("a-Q4_K_M-00002-of-00002.gguf", 200),
            ]),
            (file("b-Q8_0.gguf"), ok(one.clone())),
        ])
    };
    let error = several().error(Wanted::Headers(None));
    let LoadError::Several { models, .. } = &error else {
        panic!("{error}")
    };
    let expected = [
        ("a-Q4_K_M-00001-of-00002.gguf".to_owned(), 300),
        ("b-Q8_0.gguf".to_owned(), 9000),
    ];
    assert_eq!(models, &expected);
    let mut hub = several();
    let loaded = hub.load("hf://a/b/b-Q8_0.gguf", Wanted::ConfigAndHeaders).unwrap();
    assert!(loaded.weights.unwrap().checkpoint.list.tensors.len() > 1);
    assert!(hub.log.iter().all(|(url, ..)| !url.contains("a-Q4")));
    // A split model whose second half is missing.
    let mut hub = Hub::new([
        tree(&[("s-00001-of-00002.gguf", size)]),
        (file("s-00001-of-00002.gguf"), ok(one.clone())),
    ]);
    let error = hub.error(Wanted::Headers(None));
    assert!(error.to_string().contains("s-00002-of-00002.gguf"), "{error}");
}

#[test]
fn a_known_config_is_not_asked_for() {
    let mut hub = Hub::new(sharded(2));
    let known = Arc::new(json!({"model_type": "llama"}));
    let loaded = hub.load("a/b", Wanted::Headers(Some(known))).unwrap();
    assert!(loaded.config.is_none() && loaded.weights.is_some());
    assert!(hub.log.iter().all(|(url, ..)| !url.ends_with("/config.json")));
}
