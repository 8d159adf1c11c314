//! What users paste, as tables and as properties.
// The helpers outside test functions may stop a test too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use weighbridge::hub::{Endpoint, Locator, LocatorError};

fn at(text: &str) -> Locator {
    Locator::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is pasted, what it is read as, and where the config then is.
const PASTED: &[(&str, &str, &str)] = &[
    ("Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    ("gpt2", "gpt2", "config.json"),
    ("  \"Qwen/Qwen3-8B\"\n", "Qwen/Qwen3-8B", "config.json"),
    ("`Qwen/Qwen3-8B/`", "Qwen/Qwen3-8B", "config.json"),
    ("“Qwen/Qwen3-8B”", "Qwen/Qwen3-8B", "config.json"),
    ("<https://huggingface.co/Qwen/Qwen3-8B>", "Qwen/Qwen3-8B", "config.json"),
    ("Qwen%2FQwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    ("Qwen/Qwen3-8B@main", "Qwen/Qwen3-8B", "config.json"),
    ("Qwen/Qwen3-8B@v1.0", "Qwen/Qwen3-8B@v1.0", "config.json"),
    ("gpt2@refs/pr/1", "gpt2@refs/pr/1", "config.json"),
    ("gpt2@refs%2Fpr%2F1", "gpt2@refs/pr/1", "config.json"),
    ("a/b@feature/x", "a/b@feature/x", "config.json"),
    ("models/Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    ("Qwen/Qwen3-8B/tree/main", "Qwen/Qwen3-8B", "config.json"),
    ("https://huggingface.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    (
        "HTTPS://HuggingFace.co/Qwen/Qwen3-8B/?library=transformers#usage",
        "Qwen/Qwen3-8B",
        "config.json",
    ),
    ("http://www.huggingface.co/gpt2/", "gpt2", "config.json"),
    ("huggingface.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    ("hf.co/Qwen/Qwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    ("hf.co/Qwen%2FQwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    ("https://hf-mirror.com/Qwen//Qwen3-8B", "Qwen/Qwen3-8B", "config.json"),
    (
        "https://huggingface.co:443/Qwen/Qwen3-8B",
        "Qwen/Qwen3-8B",
        "config.json",
    ),
    (
        "https://huggingface.co/a/b/blob/main/config.json",
        "hf://a/b/config.json",
        "config.json",
    ),
    (
        "https://huggingface.co/a/b/resolve/v2/config.json?download=true",
        "hf://a/b@v2/config.json",
        "config.json",
    ),
    (
        "https://huggingface.co/a/b/raw/refs%2Fpr%2F1/sub%20dir/c.json",
        "hf://a/b@refs%2Fpr%2F1/sub%20dir/c.json",
        "sub dir/c.json",
    ),
    (
        "https://huggingface.co/a/b/blob/refs/pr/1/config.json",
        "hf://a/b@refs%2Fpr%2F1/config.json",
        "config.json",
    ),
    (
        "https://huggingface.co/a/b/blob/main/README.md",
        "hf://a/b/README.md",
        "config.json",
    ),
    (
        "https://huggingface.co/a/b/blob/main/tokenizer.json",
        "hf://a/b/tokenizer.json",
        "config.json",
    ),
    (
        "https://huggingface.co/a/b/blob/main/x/model.safetensors.index.json",
        "hf://a/b/x/model.safetensors.index.json",
        "x/config.json",
    ),
    (
        "https://huggingface.co/a/b/blob/main/original/params.json",
        "hf://a/b/original/params.json",
        "original/params.json",
    ),
    ("https://huggingface.co/a/b/tree/main", "a/b", "config.json"),
    ("https://huggingface.co/a/b/tree/dev/", "a/b@dev", "config.json"),
    (
        "https://huggingface.co/a/b/tree/main/text_encoder",
        "hf://a/b/text_encoder/",
        "text_encoder/config.json",
    ),
    (
        "https://huggingface.co/a/b/commit/607a30d7",
        "a/b@607a30d7",
        "config.json",
    ),
    ("https://huggingface.co/a/b/commits/main", "a/b", "config.json"),
    ("https://huggingface.co/a/b/discussions/3", "a/b", "config.json"),
    ("https://huggingface.co/a/b/settings", "a/b", "config.json"),
    (
        "https://huggingface.co/gpt2/blob/main/config.json",
        "hf://gpt2@main/config.json",
        "config.json",
    ),
    ("https://huggingface.co/gpt2/tree/main", "gpt2", "config.json"),
    ("https://huggingface.co/a/tree", "a/tree", "config.json"),
    ("https://huggingface.co/api/models/a/b", "a/b", "config.json"),
    (
        "https://huggingface.co/api/models/a/b/revision/refs%2Fpr%2F1",
        "a/b@refs/pr/1",
        "config.json",
    ),
    (
        "https://huggingface.co/api/models/a/b/tree/main?recursive=true",
        "a/b",
        "config.json",
    ),
    (
        "https://huggingface.co/api/resolve-cache/models/a/b/607a/config.json?etag=%22x%22",
        "hf://a/b@607a/config.json",
        "config.json",
    ),
    (
        "https://mirror.example/a/b/resolve/main/config.json",
        "hf://a/b/config.json",
        "config.json",
    ),
    ("https://user:pw@huggingface.co/a/b", "a/b", "config.json"),
    ("git@hf.co:a/b", "a/b", "config.json"),
    ("hf://a/b", "a/b", "config.json"),
    ("hf://models/a/b", "a/b", "config.json"),
    ("hf://a/b@v1", "a/b@v1", "config.json"),
    (
        "hf://a/b@v1/dir/config.json",
        "hf://a/b@v1/dir/config.json",
        "dir/config.json",
    ),
    (
        "hf://a/b@refs/pr/1/config.json",
        "hf://a/b@refs%2Fpr%2F1/config.json",
        "config.json",
    ),
    ("hf://a/b/dir/", "hf://a/b/dir/", "dir/config.json"),
    ("hf://gpt2@v1/config.json", "hf://gpt2@v1/config.json", "config.json"),
    ("HF://a/b", "a/b", "config.json"),
];

#[test]
fn everything_a_user_pastes_is_read() {
    for (text, shown, config) in PASTED {
        let locator = at(text);
        assert_eq!(locator.to_string(), *shown, "{text}");
        assert_eq!(locator.config_path(), *config, "{text}");
        assert_eq!(at(shown), locator, "{text}");
    }
}

#[test]
fn the_rest_is_refused_each_for_its_reason() {
    let long = "x".repeat(97);
    let very_long = "x/".repeat(5000);
    for (text, code) in [
        ("", "model_empty"),
        (" \"\" ", "model_empty"),
        (very_long.as_str(), "model_too_long"),
        ("hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345", "model_looks_like_token"),
        (
            "https://me:hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345@huggingface.co/a/b",
            "model_looks_like_token",
        ),
        ("a/b@hf%5FAbCdEfGhIjKlMnOpQrStUvWxYz012345", "model_looks_like_token"),
        ("https://huggingface.co/datasets/rajpurkar/squad", "model_is_dataset"),
        ("datasets/squad", "model_is_dataset"),
        ("datasets/rajpurkar/squad", "model_is_dataset"),
        ("hf://datasets/rajpurkar/squad/x.csv", "model_is_dataset"),
        ("https://huggingface.co/api/datasets/squad", "model_is_dataset"),
        ("https://hf.co/spaces/a/b", "model_is_space"),
        ("spaces/a/b", "model_is_space"),
        ("https://github.com/a/b", "model_other_site"),
        ("https://github.com/a/b/blob/main/config.json", "model_other_site"),
        ("github.com/a/b", "model_other_site"),
        ("https://modelscope.cn/models/Qwen/Qwen3-8B", "model_other_site"),
        ("https://huggingface.co.evil.example/a/b", "model_other_site"),
        ("https://huggingface.co@evil.example/a/b", "model_other_site"),
        ("ftp://huggingface.co/a/b", "model_other_site"),
        ("javascript://huggingface.co/a", "model_other_site"),
        ("https://huggingface.co/models?search=x", "model_not_a_model_page"),
        ("https://huggingface.co/docs/hub/api", "model_not_a_model_page"),
        ("https://huggingface.co/collections/a/b-1", "model_not_a_model_page"),
        ("https://huggingface.co/api/whoami-v2", "model_not_a_model_page"),
        ("https://huggingface.co/", "model_not_named"),
        ("hf.co", "model_not_named"),
        ("/home/me/config.json", "model_local_path"),
        ("./config.json", "model_local_path"),
        ("../a/b", "model_local_path"),
        ("~/models/a", "model_local_path"),
        ("C:\\models\\a", "model_local_path"),
        ("file:///tmp/config.json", "model_local_path"),
        ("a/b/c", "model_too_many_parts"),
        ("bartowski/Qwen-GGUF:Q4_K_M", "model_quantisation_tag"),
        ("hf.co/bartowski/Qwen-GGUF:Q4_K_M", "model_quantisation_tag"),
        ("@main", "model_missing_part"),
        ("a/b c", "model_bad_character"),
        ("a/ключ", "model_bad_character"),
        ("a/b%00", "model_bad_character"),
        ("a/b%FF", "model_bad_escape"),
        ("a/..", "model_bad_name"),
        ("a/b--c", "model_bad_name"),
        ("-a/b", "model_bad_name"),
        ("a/b.", "model_bad_name"),
        ("a/b.git", "model_bad_name"),
        (long.as_str(), "model_name_too_long"),
        ("a/b@", "model_bad_revision"),
        ("a/b@x..y", "model_bad_revision"),
        ("a/b@x y", "model_bad_revision"),
        ("https://huggingface.co/a/b/resolve/main/../../x", "model_bad_path"),
        ("https://huggingface.co/a/b/resolve/main/%2e%2e/x", "model_bad_path"),
        ("https://huggingface.co/a/b/resolve/main/x%00", "model_bad_path"),
    ] {
        let error = Locator::parse(text).expect_err(text);
        assert_eq!(error.code(), code, "{text}: {error}");
        assert!(!error.to_string().contains("AbCd"));
        assert!(error.to_string().chars().count() < 260, "{error}");
    }
}

#[test]
fn the_endpoint_in_use_is_the_hub_too() {
    let mirror = Endpoint::parse("https://proxy.example:8443/hub").unwrap();
    for text in [
        "https://proxy.example:8443/hub/a/b/blob/v1/config.json",
        "https://huggingface.co/a/b/blob/v1/config.json",
    ] {
        assert_eq!(
            Locator::parse_at(text, &mirror).unwrap().to_string(),
            "hf://a/b@v1/config.json"
        );
    }
    let elsewhere = Locator::parse_at("https://proxy.example:8443/hubble/a/b", &mirror);
    assert!(matches!(elsewhere, Err(LocatorError::OtherSite(_))));
    let local = Endpoint::parse("http://localhost:8080").unwrap();
    assert_eq!(
        Locator::parse_at("localhost:8080/a/b", &local).unwrap().to_string(),
        "a/b"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_breaks_the_locator(text in any::<String>()) {
        if let Ok(locator) = Locator::parse(&text) {
            prop_assert_eq!(Locator::parse(&locator.to_string()), Ok(locator));
        }
    }

    /// Texts of the pieces that addresses are made of reach every branch.
    #[test]
    fn what_is_shown_is_read_back(pieces in prop::collection::vec(prop::sample::select(vec![
        "https://", "hf://", "huggingface.co", "hf.co", "/", "/", "/", "/", "@", "a", "b-c", "gpt2", "models", "api", "blob", "tree",
        "resolve", "main", "refs", "pr", "1", "%2F", "%25", "%20", "%40", "x.json", "..", ".", "?", "#", "é", " ", "\"", ":", "-", "commit",
        "discussions", "git", "resolve-cache", "datasets", "%3A", "%E2%80%9D",
    ]), 1..14)) {
        let text = pieces.concat();
        if let Ok(locator) = Locator::parse(&text) {
            let shown = locator.to_string();
            prop_assert_eq!(Locator::parse(&shown), Ok(locator.clone()), "{} -> {}", text, shown);
            let url = Endpoint::default().config_url(&locator);
            prop_assert!(url.is_ascii() && !url.contains("..") && !url.contains(['?', '#', ' ']), "{}", url);
            prop_assert!(Locator::parse(&url).is_ok(), "{}", url);
        }
    }
}
