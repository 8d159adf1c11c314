//! The command line as scripts run it: the binary that cargo built for these tests.

use std::process::{Command, Output};

use serde_json::Value;

/// Nothing listens here: what needs the network fails at once.
pub const NOWHERE: &str = "http://127.0.0.1:9";

/// Runs it with this address as the Hub, and without the token of whoever runs the tests.
pub fn run_with(hub: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weighbridge"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("HF_ENDPOINT", hub)
        .env_remove("HF_TOKEN")
        .output()
        .unwrap()
}

/// Runs it without a network.
pub fn run(arguments: &[&str]) -> Output {
    run_with(NOWHERE, arguments)
}

/// What it prints, which must be an answer.
#[track_caller]
pub fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// The answer as JSON.
#[track_caller]
pub fn json(arguments: &[&str]) -> Value {
    serde_json::from_str(&text(&[arguments, &["--format", "json"]].concat())).unwrap()
}

/// [`json`] of `estimate`.
#[track_caller]
pub fn estimate(arguments: &[&str]) -> Value {
    json(&[&["estimate"], arguments].concat())
}
