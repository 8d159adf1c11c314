//! The built page in a real browser: its numbers, its link, its use offline and under a sub-path, its looks and keys.

mod deeds;
mod looks;
mod numbers;
mod offline;

use crate::support::browser::Browser;
use crate::support::page::SOON;

/// The text of the element that shows this figure.
fn figure(browser: &Browser, name: &str) -> String {
    // A tile may show the same figure without its unit; a table shows it whole.
    let cell = format!("#app td [data-figure='{name}']");
    let whole = if browser.count(&cell) > 0 {
        cell
    } else {
        format!("#app [data-figure='{name}']")
    };
    browser.text(&whole)
}

/// Opens the explanation behind an element, reads it and closes it.
fn explanation(browser: &Browser, css: &str) -> String {
    browser.click(css);
    browser.wait_for("document.querySelector('.explain:popover-open h2')", SOON);
    let text = browser.text(".explain");
    browser.keys(&["Escape"]);
    browser.wait_for("!document.querySelector('.explain:popover-open')", SOON);
    text
}
