//! Base addresses that are taken and refused, and the addresses built on them.
// The helpers outside test functions may stop a test too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use weighbridge::hub::{Endpoint, EndpointError, Locator};

#[test]
fn accepts_https_and_local_http() {
    for (text, base) in [
        (" https://huggingface.co/ ", "https://huggingface.co"),
        ("HTTPS://HF-Mirror.com", "https://hf-mirror.com"),
        ("https://proxy.example:8443/Hub//", "https://proxy.example:8443/Hub"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://[::1]:9", "http://[::1]:9"),
    ] {
        assert_eq!(Endpoint::parse(text).unwrap().as_str(), base, "{text}");
    }
}

#[test]
fn refuses_the_rest() {
    use EndpointError::*;
    for (text, error) in [
        ("", Empty),
        ("///", Empty),
        ("hf-mirror.com", NoScheme),
        ("ftp://huggingface.co", NoScheme),
        ("javascript://huggingface.co", NoScheme),
        ("http://hf-mirror.com", NotEncrypted),
        ("http://127.0.0.1.evil.example", NotEncrypted),
        ("http://localhost@evil.example", NotABase),
        ("https://user:secret@huggingface.co", NotABase),
        ("https://huggingface.co/?a=b", NotABase),
        ("https://huggingface.co?a=b", NotABase),
        ("https://huggingface.co#x", NotABase),
        ("https://huggingface.co/a b", NotABase),
        ("https://huggingface.co/../x", NotABase),
        ("https://", NoScheme),
        ("https://a..b", BadHost),
        ("https://host:port", BadHost),
        ("https://host:99999", BadHost),
        ("https://hugging face.co", BadHost),
        ("https://[::1", BadHost),
        (&format!("https://{}.com", "a".repeat(600)), TooLong),
    ] {
        assert_eq!(Endpoint::parse(text), Err(error), "{text}");
    }
}

#[test]
fn builds_addresses() {
    let hub = Endpoint::default();
    let at = |text: &str| Locator::parse(text).unwrap();
    let plain = at("Qwen/Qwen3-8B");
    assert_eq!(
        hub.config_url(&plain),
        "https://huggingface.co/Qwen/Qwen3-8B/resolve/main/config.json"
    );
    assert_eq!(hub.page_url(&plain), "https://huggingface.co/Qwen/Qwen3-8B");
    assert!(
        hub.info_url(&plain)
            .starts_with("https://huggingface.co/api/models/Qwen/Qwen3-8B?expand=safetensors&")
    );
    assert_eq!(
        hub.tree_url(&plain),
        "https://huggingface.co/api/models/Qwen/Qwen3-8B/tree/main?recursive=true&expand=false"
    );
    let pull = at("gpt2@refs/pr/1");
    assert_eq!(
        hub.config_url(&pull),
        "https://huggingface.co/gpt2/resolve/refs%2Fpr%2F1/config.json"
    );
    assert_eq!(hub.page_url(&pull), "https://huggingface.co/gpt2/tree/refs%2Fpr%2F1");
    assert!(hub.info_url(&pull).contains("/api/models/gpt2/revision/refs%2Fpr%2F1?"));
    let odd = at("hf://a/b@v1/sub dir/50%25/ü#1.json".replace('#', "%23").as_str());
    assert_eq!(
        hub.config_url(&odd),
        "https://huggingface.co/a/b/resolve/v1/sub%20dir/50%25/%C3%BC%231.json"
    );
}

#[test]
fn knows_its_own_kind() {
    assert!(Endpoint::default().is_hugging_face());
    assert!(!Endpoint::parse("https://hf-mirror.com").unwrap().is_hugging_face());
    assert!(
        !Endpoint::parse("https://huggingface.co/proxy")
            .unwrap()
            .is_hugging_face()
    );
    assert!(Endpoint::parse("http://127.0.0.1:80/x").unwrap().is_local());
    assert!(!Endpoint::default().is_local());
}
