//! What the Hub was recorded to answer, and configs good and bad, as tables.
// The helpers outside test functions may stop a test too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use proptest::prelude::*;
use weighbridge::hub::{
    HubError, Locator, MAX_CONFIG_BYTES, ResponseFacts, classify, explain_without_config, read_config, read_tree,
};

fn at(text: &str) -> Locator {
    Locator::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Status, X-Error-Code, X-Error-Message, body, whether a token was sent, and the code of the verdict.
type Answer = (u16, &'static str, &'static str, &'static str, bool, &'static str);

const ANSWERS: &[Answer] = &[
    (
        401,
        "",
        "Invalid username or password.",
        r#"{"error":"Invalid username or password."}"#,
        false,
        "not_found_or_private",
    ),
    (
        401,
        "",
        "",
        r#"{"error":"Invalid username or password."}"#,
        false,
        "not_found_or_private",
    ),
    (404, "RepoNotFound", "Repository not found", "", true, "not_found"),
    (
        404,
        "RepoNotFound",
        "Repository not found",
        "",
        false,
        "not_found_or_private",
    ),
    (404, "", "", "<html>nginx</html>", false, "not_found_or_private"),
    (401, "", "Invalid username or password.", "", true, "not_found"),
    (
        401,
        "",
        "Invalid credentials in Authorization header",
        "",
        true,
        "bad_token",
    ),
    (
        401,
        "",
        "",
        r#"{"error":"Invalid credentials in Authorization header"}"#,
        true,
        "bad_token",
    ),
    (
        401,
        "GatedRepo",
        "Access to model a/b is restricted. You must have access to it and be authenticated to access it. Please log in.",
        "",
        false,
        "gated_sign_in",
    ),
    (401, "GatedRepo", "Please log in.", "", true, "bad_token"),
    (
        403,
        "GatedRepo",
        "Access to model a/b is restricted and you are not in the authorized list. Visit https://huggingface.co/a/b to ask for access.",
        "",
        true,
        "gated_not_granted",
    ),
    (
        403,
        "GatedRepo",
        "Your request to access model a/b is awaiting a review from the repo authors.",
        "",
        true,
        "gated_pending",
    ),
    (
        403,
        "GatedRepo",
        "",
        r#"{"error":"Your request to access this repo has been rejected by the repo's authors"}"#,
        true,
        "gated_rejected",
    ),
    (
        403,
        "GatedRepo",
        "Please enable access to public gated repositories in your fine-grained token settings to view this repository.",
        "",
        true,
        "token_lacks_gated_permission",
    ),
    (
        403,
        "",
        "",
        r#"{"error":"Please enable access to public gated repositories in your fine-grained token settings"}"#,
        true,
        "token_lacks_gated_permission",
    ),
    (
        403,
        "",
        "Access to this resource is disabled.",
        "",
        false,
        "repo_disabled",
    ),
    (
        401,
        "GatedRepo",
        "Access to this resource is disabled.",
        "",
        false,
        "repo_disabled",
    ),
    (403, "", "Forbidden", "", true, "forbidden"),
    (
        404,
        "RevisionNotFound",
        "Invalid rev id: x",
        "",
        false,
        "revision_not_found",
    ),
    (404, "", "", "Invalid rev id: x", false, "revision_not_found"),
    (
        404,
        "EntryNotFound",
        "Entry not found",
        "Entry not found",
        false,
        "file_not_found",
    ),
    (404, "", "", "Entry not found", false, "file_not_found"),
    (
        429,
        "",
        "",
        "<h1>429</h1><p>We had to rate limit you.</p>",
        false,
        "rate_limited",
    ),
    (
        429,
        "",
        "",
        r#"{"error":"We had to rate limit you, you hit the quota of 2500 api requests per 5 minutes period."}"#,
        true,
        "rate_limited",
    ),
    (500, "", "", "", false, "server_error"),
    (503, "", "", "<html>", true, "server_error"),
    (599, "", "", "", false, "server_error"),
    (
        400,
        "",
        "",
        r#"{"error":["\"expand\" must be one of", "x"]}"#,
        false,
        "unexpected_answer",
    ),
    (
        416,
        "",
        "",
        r#"{"errors":[{"message":"no such range"}]}"#,
        false,
        "unexpected_answer",
    ),
    (0, "", "", "", false, "unexpected_answer"),
];

fn facts(pairs: &[(&str, &str)]) -> ResponseFacts {
    ResponseFacts::read(|name| {
        pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| (*value).to_owned())
    })
}

#[test]
fn recorded_answers_are_told_apart() {
    for (status, error_code, error_message, body, token_sent, code) in ANSWERS {
        let facts = facts(&[("x-error-code", error_code), ("x-error-message", error_message)]);
        let error = classify(*status, &facts, body, &at("a/b@x"), *token_sent);
        assert_eq!(error.code(), *code, "{status} {error_code} {error_message} {body}");
    }
}

#[test]
fn the_servers_words_come_from_any_form_of_body() {
    for (body, words) in [
        (r#"{"error":"one"}"#, Some("one")),
        (r#"{"error":["one","two"]}"#, Some("one two")),
        (r#"{"error":"one","error_description":"two"}"#, Some("one: two")),
        (r#"{"errors":[{"message":"one"},{"message":"two"}]}"#, Some("one two")),
        (r#"{"message":"one"}"#, Some("one")),
        ("plain\r\n\twords", Some("plain words")),
        (
            "token hf_AbCdEfGhIjKlMnOpQrStUvWxYz012345 is bad",
            Some("token (hidden) is bad"),
        ),
        ("<!doctype html><p>no", None),
        ("{}", None),
        ("  ", None),
    ] {
        let error = classify(500, &ResponseFacts::default(), body, &at("a/b"), false);
        let HubError::Server { said, .. } = error else {
            panic!("{body}")
        };
        assert_eq!(said.as_deref(), words, "{body}");
    }
    let HubError::Server { said, .. } = classify(500, &ResponseFacts::default(), &"é".repeat(9999), &at("a/b"), false)
    else {
        panic!("not a server error")
    };
    assert_eq!(said.unwrap().chars().count(), 301);
}

#[test]
fn the_wait_of_a_rate_limit_is_read_where_visible() {
    for (headers, seconds) in [
        (&[][..], 300),
        (&[("ratelimit", "\"api\";r=0;t=55")], 55),
        (&[("retry-after", "7"), ("ratelimit", "\"api\";r=0;t=55")], 7),
        (&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")], 300),
        (&[("ratelimit", "\"api\";r=0;t=-3")], 300),
        (&[("retry-after", "99999999")], 86_400),
        (&[("retry-after", "0")], 1),
    ] {
        assert_eq!(facts(headers).wait_seconds(), seconds, "{headers:?}");
    }
}

#[test]
fn configs_are_read_and_others_named() {
    let model = at("a/b");
    for (text, code) in [
        (r#"{"model_type":"llama"}"#, ""),
        ("\u{feff}{\"model_type\":\"llama\"}", ""),
        (
            r#"{"time_step_limit":[0.0,Infinity],"x":-Infinity,"y":NaN,"z":"NaN \" Infinity"}"#,
            "",
        ),
        (r#"{"model_type":"llama","_diffusers_version":"0.3"}"#, ""),
        ("", "not_json"),
        ("<!DOCTYPE html><html>", "not_json"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:1", "not_json"),
        (r#"{"model_type":"#, "not_json"),
        (r#"{"a":1,}"#, "not_json"),
        ("Entry not found", "not_json"),
        ("[1]", "not_an_object"),
        ("null", "not_an_object"),
        ("\"x\"", "not_an_object"),
        (&"[".repeat(100_000), "not_json"),
        (
            r#"{"_class_name":"FluxPipeline","_diffusers_version":"0.30.0"}"#,
            "not_a_transformer_diffusers",
        ),
        (
            r#"{"peft_type":"LORA","base_model_name_or_path":"x/y"}"#,
            "not_a_transformer_adapter",
        ),
        (
            r#"[{"idx":0,"type":"sentence_transformers.models.Transformer"}]"#,
            "not_a_transformer_modules",
        ),
        (
            r#"{"__version__":{"sentence_transformers":"2.2"}}"#,
            "not_a_transformer_modules",
        ),
        (&" ".repeat(MAX_CONFIG_BYTES + 1), "too_large"),
    ] {
        let read = read_config(text, &model);
        assert_eq!(
            read.as_ref().err().map_or("", HubError::code),
            code,
            "{}",
            text.chars().take(60).collect::<String>()
        );
    }
    let python = read_config(r#"{"a":[0.0,Infinity],"b":"NaN \" Infinity é"}"#, &model).unwrap();
    assert!(python["a"][1].is_null());
    assert_eq!(python["b"], "NaN \" Infinity é");
    let adapter = read_config(
        r#"{"peft_type":"LORA","base_model_name_or_path":"/home/me/llama"}"#,
        &model,
    )
    .unwrap_err();
    assert_eq!(
        adapter,
        HubError::Adapter {
            repo: "a/b".into(),
            base: None
        }
    );
}

#[test]
fn a_listing_is_read_with_its_sizes() {
    let text = r#"[{"type":"directory","oid":"1","size":0,"path":"x"},
        {"type":"file","oid":"2d98cb","size":2508311120,"lfs":{"oid":"3a","size":2508311120,"pointerSize":135},"path":"model.safetensors"},
        {"type":"file","path":7}]"#;
    let files = read_tree(text);
    assert_eq!(files.len(), 1);
    assert_eq!(
        (files[0].path.as_str(), files[0].size),
        ("model.safetensors", 2_508_311_120)
    );
    assert!(read_tree("<html>").is_empty());
    assert_eq!(
        explain_without_config(&at("a/b"), &files, None).code(),
        "file_not_found"
    );
    assert_eq!(explain_without_config(&at("a/b"), &[], None).code(), "no_weights");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_breaks_the_verdict(
        status in any::<u16>(),
        body in any::<String>(),
        header in any::<String>(),
        token in any::<bool>(),
    ) {
        let facts = ResponseFacts::read(|_| Some(header.clone()));
        let error = classify(status, &facts, &body, &at("a/b"), token);
        prop_assert!(!error.message().is_empty() && !error.next_step().is_empty());
        prop_assert!(!error.to_string().contains('\n'));
        let object = body.contains('{');
        prop_assert!(read_config(&body, &at("a/b")).is_err() || object);
    }
}
