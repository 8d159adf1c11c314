//! A page whose program does not come says so, whatever was lost.

use crate::support;

use std::time::Duration;

use support::browser::Browser;
use support::page::copy_without;
use support::server::Server;

#[test]
fn a_page_without_its_boot_script_says_that_it_did_not_start() {
    let (browser, server) = (
        Browser::start(),
        Server::start(copy_without("no-boot", |file| file == "boot.js"), "/"),
    );
    browser.goto(&format!("{}?m=Qwen/Qwen3-8B&hw=rtx-4090", server.url()));
    let shown = "getComputedStyle(document.querySelector('#boot-late')).visibility === 'visible'";
    browser.wait_for(shown, Duration::from_secs(40));
    assert_eq!(browser.text("#boot-late .what"), "Weighbridge did not start yet.");
}

#[test]
fn a_page_without_its_program_says_that_it_did_not_load() {
    let (browser, server) = (
        Browser::start(),
        Server::start(copy_without("no-program", |file| file.ends_with(".wasm")), "/"),
    );
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
