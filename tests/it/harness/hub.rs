//! The local Hub, asked directly.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support;
use super::support::hub::{Access, BAD, CONFIG, Fault, GOOD, Hub, UNGRANTED, sha};
use super::{Got, SOON, ask, get};

fn config_of(hub: &Hub, id: &str, token: &str) -> Got {
    let bearer = format!("Bearer {token}");
    let headers: &[(&str, &str)] = if token.is_empty() {
        &[]
    } else {
        &[("authorization", &bearer)]
    };
    get(&format!("{}/{id}/resolve/main/config.json", hub.url()), headers)
}

#[test]
fn redirects_small_files_and_sends_its_headers() {
    let hub = Hub::with([("acme/one", r#"{"model_type": "llama"}"#)]);
    let url = format!("{}/acme/one/resolve/main/config.json", hub.url());
    let first = ask("GET", &url, &[("origin", "https://page.example")], 0, SOON).unwrap();
    assert_eq!(first.status, 307);
    let place = format!("/api/resolve-cache/models/acme/one/{}/config.json?", sha("acme/one"));
    assert!(
        first.header("location").starts_with(&place),
        "{}",
        first.header("location")
    );
    assert_eq!(first.header("x-repo-commit"), sha("acme/one"));
    assert_eq!(first.header("access-control-allow-origin"), "https://page.example");
    assert_eq!(first.header("vary"), "Origin");
    assert!(
        first
            .header("access-control-expose-headers")
            .contains("X-Error-Message")
    );
    assert!(!first.header("access-control-expose-headers").contains("RateLimit"));
    assert_eq!(first.header("ratelimit"), "\"resolvers\";r=2999;t=295");
    let whole = get(&url, &[]);
    assert_eq!((whole.status, whole.text()), (200, r#"{"model_type": "llama"}"#));
    assert!(whole.header("etag").starts_with('"') && whole.header("x-repo-commit") == sha("acme/one"));
    assert_eq!(whole.header("access-control-allow-origin"), "https://huggingface.co");

    let part = get(&url, &[("range", "bytes=2-6")]);
    assert_eq!(
        (part.status, part.text(), part.header("content-range")),
        (206, "model", "bytes 2-6/23")
    );
    assert_eq!(get(&url, &[("range", "bytes=-2")]).text(), "\"}");
    assert_eq!(get(&url, &[("range", "bytes=20-99")]).text(), "a\"}");
    let beyond = get(&url, &[("range", "bytes=23-")]);
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */23"));
    let ignored = get(
        &format!("{}/test/no-range/resolve/main/config.json", hub.url()),
        &[("range", "bytes=0-1")],
    );
    assert_eq!((ignored.status, ignored.text()), (200, CONFIG));

    let asked = [
        ("origin", "https://page.example"),
        ("access-control-request-headers", "authorization"),
    ];
    let preflight = ask("OPTIONS", &url, &asked, 0, SOON).unwrap();
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-headers")),
        (204, "authorization")
    );
    assert_eq!(preflight.header("access-control-max-age"), "86400");
}

#[test]
fn gives_weights_from_another_origin_without_the_token() {
    let hub = Hub::start();
    hub.file("acme/one", "model.safetensors", vec![7; 100]);
    let url = format!("{}/acme/one/resolve/main/model.safetensors", hub.url());
    let first = ask("GET", &url, &[], 0, SOON).unwrap();
    assert_eq!((first.status, first.header("x-linked-size")), (302, "100"));
    assert!(
        first.header("location").starts_with("http://127.0.0.1:"),
        "{}",
        first.header("location")
    );
    let part = get(&url, &[("range", "bytes=0-7"), ("authorization", "Bearer hf_good")]);
    assert_eq!((part.status, part.header("content-range")), (206, "bytes 0-7/100"));
    assert_eq!(part.header("access-control-allow-origin"), "*");
    let last = hub.seen().pop().unwrap();
    assert!(
        last.path.starts_with("/xet-bridge-us/") && !last.authorised && last.range.is_some(),
        "{last:?}"
    );
    let about = get(
        &url,
        &[
            ("accept", "application/vnd.xet-fileinfo+json, */*"),
            ("range", "bytes=0-0"),
        ],
    );
    assert_eq!((about.status, about.header("x-linked-size")), (200, "100"));
    let pointer = get(&url.replace("/resolve/", "/raw/"), &[]);
    assert!(pointer.text().ends_with("size 100\n"), "{}", pointer.text());
}

#[test]
fn knows_info_tree_search_and_renames() {
    let hub = Hub::with([("acme/one", r#"{"model_type": "llama", "hidden_size": 8}"#)]);
    hub.file("acme/one", "deep/model.safetensors", vec![0; 9]);
    hub.info(
        "acme/one",
        json!({ "safetensors": { "total": 9 } }).as_object().unwrap().clone(),
    );
    hub.rename("one", "acme/one");
    let api = |rest: &str| get(&format!("{}/api/models{rest}", hub.url()), &[]);

    let info = api("/acme/one").json();
    assert_eq!(
        (&info["id"], &info["gated"], &info["sha"]),
        (&json!("acme/one"), &json!(false), &json!(sha("acme/one")))
    );
    assert_eq!(
        (&info["config"], &info["safetensors"]["total"]),
        (&json!({ "model_type": "llama" }), &json!(9))
    );
    let chosen = api("/acme/one?expand[]=safetensors&expand=sha").json();
    let mut names: Vec<&String> = chosen.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["_id", "id", "safetensors", "sha"]);
    let refused = api("/acme/one?expand=_id");
    assert!(refused.status == 400 && refused.json()["error"].as_str().unwrap().contains("safetensors"));
    assert_eq!(api("/acme/one?blobs=true").json()["siblings"][1]["lfs"]["size"], 9);

    let paths = |list: Value| -> Vec<String> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["path"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(paths(api("/acme/one/tree/main").json()), ["config.json", "deep"]);
    let all = api("/acme/one/tree/main?recursive=true").json();
    assert_eq!(paths(all), ["config.json", "deep", "deep/model.safetensors"]);
    assert_eq!(
        paths(api("/acme/one/tree/main/deep").json()),
        ["deep/model.safetensors"]
    );

    let moved = ask("GET", &format!("{}/api/models/one?expand=sha", hub.url()), &[], 0, SOON).unwrap();
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, "/api/models/acme/one?expand=sha")
    );
    assert_eq!(api("/one").json()["id"], "acme/one");
    assert_eq!(api("/Acme/ONE").json()["id"], "acme/one");
    assert!(config_of(&hub, "one", "").text().contains("hidden_size"));
    assert_eq!(config_of(&hub, "test/old", "").text(), CONFIG);
    assert_eq!(api("?search=ACME").json().as_array().unwrap().len(), 1);
    assert!(!api("").text().contains("test/private"));
}

#[test]
fn refuses_as_the_hub_does() {
    let hub = Hub::start();
    let gated = "Access to model test/gated is restricted. You must have access to it and be authenticated to access it. Please log in.";
    let unlisted = "Access to model test/gated is restricted and you are not in the authorized list. Visit https://huggingface.co/test/gated to ask for access.";
    let pending = "Your request to access model test/pending is awaiting a review from the repo authors.";
    for (id, token, status, code, message) in [
        ("test/missing", "", 401, "", "Invalid username or password."),
        ("test/missing", GOOD, 404, "RepoNotFound", "Repository not found"),
        ("test/private", "", 401, "", "Invalid username or password."),
        ("test/private", UNGRANTED, 404, "RepoNotFound", "Repository not found"),
        (
            "test/plain",
            BAD,
            401,
            "",
            "Invalid credentials in Authorization header",
        ),
        ("test/gated", "", 401, "GatedRepo", gated),
        ("test/gated", UNGRANTED, 403, "GatedRepo", unlisted),
        ("test/pending", GOOD, 403, "GatedRepo", pending),
        ("test/disabled", GOOD, 403, "", "Access to this resource is disabled."),
        ("test/no-config", "", 404, "EntryNotFound", "Entry not found"),
        ("test/diffusers", "", 404, "EntryNotFound", "Entry not found"),
    ] {
        let got = config_of(&hub, id, token);
        let said = (got.status, got.header("x-error-code"), got.header("x-error-message"));
        assert_eq!(said, (status, code, message), "{id} with {token:?}");
        assert_eq!(got.text(), message);
        assert!(
            got.header("access-control-expose-headers").contains("X-Error-Code"),
            "{id}"
        );
        assert_eq!(
            got.header("www-authenticate").is_empty(),
            status != 401 || token == BAD,
            "{id}"
        );
    }
    for (id, token) in [
        ("test/plain", ""),
        ("test/plain", UNGRANTED),
        ("test/gated", GOOD),
        ("test/private", GOOD),
    ] {
        assert_eq!(config_of(&hub, id, token).text(), CONFIG, "{id} with {token:?}");
    }
    let missing = get(&format!("{}/api/models/test/missing", hub.url()), &[]);
    assert_eq!(
        (missing.status, missing.json()),
        (401, json!({ "error": "Invalid username or password." }))
    );
    let info = get(&format!("{}/api/models/test/gated", hub.url()), &[]);
    assert_eq!((info.status, &info.json()["gated"]), (200, &json!("auto")));
    assert_eq!(
        get(&format!("{}/api/models/test/gated/tree/main", hub.url()), &[]).status,
        200
    );
    assert_eq!(
        get(&format!("{}/api/models/test/disabled", hub.url()), &[]).json()["disabled"],
        true
    );
    let revision = |name: &str| get(&format!("{}/test/plain/resolve/{name}/config.json", hub.url()), &[]);
    let unknown = revision("refs%2Fpr%2F1");
    let said = (
        unknown.status,
        unknown.header("x-error-code"),
        unknown.header("x-error-message"),
    );
    assert_eq!(said, (404, "RevisionNotFound", "Invalid rev id: refs/pr/1"));
    hub.revision("test/plain", "refs/pr/1");
    assert_eq!(revision("refs%2Fpr%2F1").text(), CONFIG);
    assert_eq!(revision(&sha("test/plain")).text(), CONFIG);
}

#[test]
fn fails_as_asked() {
    let mut hub = Hub::start();
    for (id, statuses) in [
        ("test/bad-request", [400, 400]),
        ("test/limited", [429, 429]),
        ("test/limited-once", [429, 200]),
        ("test/down", [503, 503]),
        ("test/flaky-500", [500, 200]),
        ("test/flaky-503", [503, 200]),
    ] {
        assert_eq!(statuses.map(|_| config_of(&hub, id, "").status), statuses, "{id}");
    }
    assert!(config_of(&hub, "test/limited", "").header("ratelimit").contains("r=0"));
    let dark = config_of(&hub, "test/limited-no-cors", "");
    assert_eq!((dark.status, dark.header("access-control-allow-origin")), (429, ""));

    let page = config_of(&hub, "test/html", "");
    assert!(
        page.status == 200 && page.text().starts_with("<!doctype html>"),
        "{}",
        page.text()
    );
    let half = config_of(&hub, "test/truncated", "");
    assert!(half.status == 200 && CONFIG.starts_with(half.text()) && half.text().len() < CONFIG.len());
    assert!(
        config_of(&hub, "test/cut", "").body.is_err(),
        "the connection was not cut"
    );

    hub.drip(100, Duration::from_millis(20));
    let start = Instant::now();
    assert_eq!(config_of(&hub, "test/slow", "").text(), CONFIG);
    assert!(
        start.elapsed() > Duration::from_millis(20) * u32::try_from((CONFIG.len() - 1) / 100).unwrap(),
        "{:?}",
        start.elapsed()
    );

    let brief = Duration::from_millis(300);
    let url = |id: &str| format!("{}/{id}/resolve/main/config.json", hub.url());
    assert!(ask("GET", &url("test/hang"), &[], 5, brief).is_err(), "an answer came");
    assert!(
        ask("GET", &url("test/hang-mid-body"), &[], 5, brief)
            .unwrap()
            .body
            .is_err(),
        "the body ended"
    );

    hub.access("acme/later", Access::Open);
    hub.file("acme/later", "config.json", "{}");
    hub.fault(
        "acme/later",
        Fault::Status {
            status: 502,
            times: Some(2),
        },
    );
    assert_eq!(
        [(); 3].map(|()| config_of(&hub, "acme/later", "").status),
        [502, 502, 200]
    );

    // Stopping does not wait for what hangs.
    let (hanging, start) = (url("test/hang"), Instant::now());
    let waiting = std::thread::spawn(move || ask("GET", &hanging, &[], 0, Duration::from_secs(30)).is_err());
    while hub.seen().last().is_none_or(|seen| !seen.path.contains("test/hang/")) {
        assert!(start.elapsed() < SOON);
        std::thread::yield_now();
    }
    hub.stop();
    assert!(waiting.join().unwrap() && start.elapsed() < SOON);
    hub.restart();
    assert_eq!(config_of(&hub, "test/plain", "").status, 200);
}

#[test]
fn reads_folders_and_notes_tokens() {
    let folder = support::fresh_folder("configs");
    for name in ["acme__dirs", "acme/nested"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("config.json"), name).unwrap();
    }
    std::fs::write(folder.join("acme__flat.json"), "flat").unwrap();
    std::fs::write(folder.join("INDEX.csv"), "not a repository").unwrap();
    let hub = Hub::of_folder(&folder);
    assert_eq!(config_of(&hub, "acme/dirs", "").text(), "acme__dirs");
    assert_eq!(config_of(&hub, "acme/nested", "").text(), "acme/nested");
    assert_eq!(config_of(&hub, "acme/flat", GOOD).text(), "flat");
    assert_eq!(
        hub.seen().iter().map(|seen| seen.authorised).collect::<Vec<_>>(),
        [false, false, false, false, true, true]
    );
    hub.assert_no_token_in_addresses();
    get(&format!("{}/api/models?token=hf%5Fgood", hub.url()), &[]);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hub.assert_no_token_in_addresses()));
    assert!(caught.is_err(), "a token in a query was not noticed");
    hub.forget();
    assert!(hub.seen().is_empty());
}
