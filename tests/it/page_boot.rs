//! A page whose program does not come says so, whatever was lost.

use crate::support;

use std::time::Duration;

use support::browser::Browser;
use support::server::Server;

/// A copy of the built page without one of its files.
fn without(suffix: &str, name: &str) -> std::path::PathBuf {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dist");
    let to = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let file = entry.file_name().into_string().unwrap();
        if entry.path().is_file() && !file.ends_with(suffix) {
            std::fs::copy(entry.path(), to.join(file)).unwrap();
        }
    }
    to
}

#[test]
fn a_page_without_its_boot_script_says_that_it_did_not_start() {
    let (browser, server) = (Browser::start(), Server::start(without("boot.js", "no-boot"), "/"));
    browser.goto(&format!("{}?m=Qwen/Qwen3-8B&hw=rtx-4090", server.url()));
    let shown = "getComputedStyle(document.querySelector('#boot-late')).visibility === 'visible'";
    browser.wait_for(shown, Duration::from_secs(40));
    assert_eq!(browser.text("#boot-late .what"), "Weighbridge did not start yet.");
}

#[test]
fn a_page_without_its_program_says_that_it_did_not_load() {
    let (browser, server) = (Browser::start(), Server::start(without(".wasm", "no-program"), "/"));
    browser.goto(&format!("{}?m=Qwen/Qwen3-8B&hw=rtx-4090", server.url()));
    browser.wait_for("!document.querySelector('#boot-error').hidden", Duration::from_secs(20));
    assert!(
        browser
            .text("#boot-error")
            .contains("Weighbridge could not start: its program did not load."),
        "{}",
        browser.text("#boot-error")
    );
}
