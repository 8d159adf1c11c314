//! The page without a network.

use serde_json::json;

use super::figure;
use crate::support::browser::Browser;
use crate::support::hub::Hub;
use crate::support::page::{MOUNTED, SOON, open, use_hub};
use crate::support::server::Server;

#[test]
fn after_one_visit_it_works_with_the_network_gone() {
    for prefix in ["/", "/sub/"] {
        let (browser, mut server, mut hub) = (Browser::start(), Server::dist(prefix), Hub::start());
        use_hub(&browser, &server, &hub);
        open(&browser, &server.at("?m=test/plain&hw=rtx-4090"));
        browser.wait_for(
            "document.documentElement.dataset.offline === 'ready' && navigator.serviceWorker.controller",
            SOON,
        );
        browser.wait_for("document.querySelector('.model-name')?.innerText === 'plain'", SOON);
        // Asked once more, through the worker this time, which keeps the answer.
        browser.reload();
        browser.wait_for(MOUNTED, SOON);
        browser.wait_for("document.querySelector('.model-name')?.innerText === 'plain'", SOON);
        let before = (figure(&browser, "sentence"), figure(&browser, "memory.total"));
        server.stop();
        hub.stop();
        browser.reload();
        browser.wait_for(MOUNTED, SOON);
        browser.wait_for("document.querySelector('.model-name')?.innerText === 'plain'", SOON);
        assert_eq!(
            (figure(&browser, "sentence"), figure(&browser, "memory.total")),
            before,
            "{prefix}"
        );
        // A built-in model, never opened before.
        open(&browser, &server.at("?m=openai/gpt-oss-120b&hw=h100-sxm"));
        assert_eq!(browser.text(".model-name"), "gpt-oss 120B", "{prefix}");
        // Whole, with its styles.
        let sheets = browser.script(
            "return [...document.styleSheets].filter((one) => one.cssRules.length > 0).length",
            json!([]),
        );
        assert!(sheets.as_u64().unwrap() >= 1, "{prefix}");
        assert_eq!(
            browser.script(
                "return getComputedStyle(document.querySelector('.numbers')).display",
                json!([])
            ),
            "grid",
            "{prefix}"
        );
    }
}

#[test]
fn the_worker_stores_the_page_after_the_page_has_its_parts() {
    let (browser, server) = (Browser::start(), Server::dist("/"));
    open(&browser, &server.url());
    browser.wait_for("document.documentElement.dataset.offline === 'ready'", SOON);
    let asked: Vec<String> = server.hits().into_iter().map(|hit| hit.path).collect();
    let first = |name: &str| asked.iter().position(|path| path.contains(name));
    for part in ["part-charts", "part-reader"] {
        assert!(
            first(part).is_some() && first(part) < first("sw.js"),
            "{part}: {asked:?}"
        );
    }
}
