//! `weighbridge search` against a local Hub.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use crate::support;

use serde_json::{Value, json};
use support::command::{NOWHERE, run_with};
use support::hub::{CONFIG, Hub};

fn hub() -> Hub {
    let hub = Hub::with([("acme/weigh-1b", CONFIG), ("acme/weigh-70b", CONFIG)]);
    let of = |count: u64| json!({"parameters": {"BF16": count}, "total": count});
    for (id, count, licence) in [
        ("acme/weigh-1b", 1_100_048_384_u64, "license:mit"),
        ("acme/weigh-70b", 70_000_000_000, "license:other"),
    ] {
        let info = json!({"safetensors": of(count), "tags": ["safetensors", licence]});
        hub.info(id, info.as_object().unwrap().clone());
    }
    hub
}

fn rows(hub: &Hub, arguments: &[&str]) -> Value {
    let output = run_with(&hub.url(), &[&["search"], arguments, &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn words_filters_and_a_device() {
    let hub = hub();
    let all = rows(&hub, &["weigh", "--hardware", "4090"]);
    assert_eq!(all.as_array().unwrap().len(), 2);
    assert_eq!(all[0]["id"], "acme/weigh-1b");
    assert_eq!(
        (&all[0]["parameters"], &all[0]["licence"], &all[0]["formats"]),
        (&json!(1_100_048_384_u64), &json!("mit"), &json!(["BF16"]))
    );
    // 2.2 GB of weights, half as much again, on 24 GiB; 70 B fit in no usual width.
    assert_eq!(
        all[0]["rough"],
        json!({"verdict": "fits", "bits": null, "needed_bytes": 3_300_145_152_u64})
    );
    assert_eq!(all[1]["rough"]["verdict"], "does_not_fit");
    let one = rows(
        &hub,
        &["weigh", "--licence", "other", "--author", "acme", "--limit", "5"],
    );
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(
        (&one[0]["id"], &one[0]["rough"]),
        (&json!("acme/weigh-70b"), &Value::Null)
    );
    let asked = hub.seen().last().unwrap().query.clone();
    assert!(
        asked.starts_with("search=weigh&author=acme&filter=license%3Aother&sort=downloads&limit=5&expand="),
        "{asked}"
    );
}

#[test]
fn what_is_no_search_is_refused_before_anything_is_sent() {
    let hub = hub();
    for arguments in [
        &["search"][..],
        &["search", "q"],
        &["search", "hf_abcdefghij"],
        &["search", "weigh", "--author", "a/b"],
        &["search", "weigh", "--task", "cooking"],
    ] {
        assert_eq!(run_with(&hub.url(), arguments).status.code(), Some(2), "{arguments:?}");
    }
    assert_eq!(hub.seen(), []);
    // Nobody is told of a repository that was not asked for.
    hub.refuse_listings(Some(429));
    let output = run_with(&hub.url(), &["search", "weigh"]);
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        words.contains("Too many requests") && !words.contains("search/models"),
        "{words}"
    );
    let output = run_with(NOWHERE, &["search", "weigh", "--format", "json"]);
    let failure: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(failure["error"]["code"], "unreachable");
}
