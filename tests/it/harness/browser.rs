//! The browser, and the Hub as a page in it sees it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::browser::{Browser, Entry};
use super::support::hub::{CONFIG, Hub, sha};
use super::support::server::Server;
use super::{PAGE, SOON, site, support};

fn png_size(file: &Path) -> (u32, u32) {
    let bytes = std::fs::read(file).unwrap();
    assert!(bytes.starts_with(b"\x89PNG"), "{} is no PNG", file.display());
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn takes_what_a_user_does() {
    let folder = site(&[("index.html", PAGE), ("note.txt", "from a file")]);
    let server = Server::start(&folder, "/");
    let browser = Browser::start();
    browser.goto(&server.at("?m=1#x"));
    assert_eq!(browser.url(), server.at("?m=1#x"));

    browser.click("#name");
    browser.type_text("ab+");
    browser.keys(&["Shift+ArrowLeft", "c", "Control+a"]);
    assert_eq!(browser.value("#name"), "abc");
    assert_eq!(browser.script("return getSelection().toString()", json!([])), "abc");
    browser.keys(&["Backspace"]);
    browser.type_into("#name", "xyz");
    assert_eq!(browser.value("#name"), "xyz");
    // By keyboard alone: over the slider to the button and back.
    browser.keys(&["Tab", "ArrowRight"]);
    assert_eq!(browser.text("#out"), "range 2");
    browser.keys(&["Tab", "Enter"]);
    assert_eq!(
        (browser.focused().as_str(), browser.text("#out").as_str()),
        ("button#go \"Go\"", "went")
    );
    browser.keys(&["Shift+Tab"]);
    assert_eq!(browser.focused(), "input#range");
    let typed = browser.script("return typed.slice(0, 6)", json!([]));
    assert_eq!(typed, json!(["a", "b", "+", "Shift", "ArrowLeft", "c"]));

    browser.set_input("#range", "7");
    assert_eq!(browser.text("#out"), "range 7");
    browser.click("#go");
    assert_eq!(browser.text("#out"), "went");
    browser.upload("#file", &folder.join("note.txt"));
    browser.wait_for("out.textContent === 'from a file'", SOON);
    assert!(browser.drop_file("#drop", "config.json", "{}"));
    browser.wait_for("out.textContent === 'config.json: {}'", SOON);
    assert!(
        !browser.drop_file("#shut", "config.json", "{}"),
        "nothing there accepts files"
    );
    browser.paste("#paste", "two\nlines");
    assert_eq!(
        browser.script("return [pasted, paste.value]", json!([])),
        json!([["two\nlines"], "two\nlines"])
    );

    let saved = support::fresh_folder("downloads");
    browser.downloads(&saved);
    browser.click("#save");
    let file = browser.wait_for_download(&saved, "a.txt", SOON);
    assert_eq!(std::fs::read_to_string(file).unwrap(), "saved");
    assert_eq!(browser.errors(), []);
    assert_eq!(browser.count("input"), 3);
}

#[test]
fn shows_what_the_user_prefers() {
    let server = Server::start(site(&[("index.html", PAGE)]), "/");
    let browser = Browser::start();
    browser.goto(&server.url());
    let matches = |query: &str| browser.script("return matchMedia(arguments[0]).matches", json!([query])) == true;
    browser.scheme("dark");
    browser.reduced_motion(true);
    assert!(matches("(prefers-color-scheme: dark)") && matches("(prefers-reduced-motion: reduce)"));
    browser.scheme("light");
    browser.reload();
    assert!(matches("(prefers-color-scheme: light)") && matches("(prefers-reduced-motion: reduce)"));
    browser.reduced_motion(false);
    assert!(!matches("(prefers-reduced-motion: reduce)"));

    let folder = support::fresh_folder("pictures");
    browser.viewport(360, 800, 2.0, true);
    assert!(matches("(pointer: coarse)"));
    assert_eq!(
        browser.script("return [screen.width, devicePixelRatio]", json!([])),
        json!([360, 2])
    );
    browser.screenshot(&folder.join("phone.png"));
    // The page is too wide for a phone, so the phone zooms out: only the ratio of the picture is certain.
    let (width, height) = png_size(&folder.join("phone.png"));
    assert!(
        width > 0 && (f64::from(height) / f64::from(width) - 800.0 / 360.0).abs() < 0.05,
        "{width}×{height}"
    );
    browser.viewport(1000, 700, 1.0, false);
    assert_eq!(
        browser.script("return [innerWidth, innerHeight]", json!([])),
        json!([1000, 700])
    );
    browser.screenshot(&folder.join("desk.png"));
    assert_eq!(png_size(&folder.join("desk.png")), (1000, 700));
    browser.screenshot_of_page(&folder.join("page.png"));
    let (width, height) = png_size(&folder.join("page.png"));
    assert!(width >= 2000 && height >= 3000, "{width}×{height}");
}

#[test]
fn reports_errors() {
    let server = Server::start(site(&[("index.html", PAGE)]), "/");
    let browser = Browser::start();
    browser.goto(&server.url());
    assert_eq!(
        browser.script("return arguments[0] + await Promise.resolve(2)", json!([1])),
        3
    );
    let error = browser
        .try_script("throw new TypeError('no such thing')", json!([]))
        .unwrap_err();
    assert!(error.contains("no such thing"), "{error}");
    assert_eq!(browser.errors(), []);

    browser.script(
        "console.log('a word'); console.error('a complaint'); setTimeout(() => { throw new Error('uncaught') })",
        json!([]),
    );
    browser.script("await fetch('/absent')", json!([]));
    let start = Instant::now();
    while browser.errors().len() < 3 && start.elapsed() < SOON {}
    let texts = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.text).collect::<String>();
    let all = texts(browser.errors());
    assert!(
        all.contains("a complaint") && all.contains("uncaught") && all.contains("404"),
        "{all}"
    );
    assert!(!all.contains("a word") && texts(browser.console()).contains("a word"));
    assert_eq!(browser.errors_of_page().len(), 2);
    browser.forget_console();
    assert_eq!(browser.console(), []);

    let picture = support::target().join("browser-failures/harness-browser-reports_errors.png");
    let _ = std::fs::remove_file(&picture);
    browser.script("console.warn('a hint for the reader')", json!([]));
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        browser.wait_for("document.querySelector('#never')", Duration::from_millis(100));
    }));
    let message = failed.unwrap_err().downcast::<String>().unwrap();
    for part in [
        "#never",
        "a hint for the reader",
        "harness-browser-reports_errors.png",
        &server.url(),
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
    assert!(png_size(&picture).0 > 0);
    let _ = std::fs::remove_file(&picture);
}

#[test]
fn runs_workers_and_goes_offline() {
    let worker = "self.onfetch = (e) => { if (e.request.url.endsWith('/kept')) e.respondWith(new Response('kept')); };
        self.onactivate = (e) => e.waitUntil(clients.claim());";
    let mut server = Server::start(site(&[("index.html", PAGE), ("sw.js", worker)]), "/sub/");
    let browser = Browser::start();
    browser.goto(&server.url());
    assert_eq!(
        browser.script("return isSecureContext && crossOriginIsolated === false", json!([])),
        true
    );
    browser.script("await navigator.serviceWorker.register('sw.js')", json!([]));
    browser.wait_for("navigator.serviceWorker.controller", SOON);
    assert!(server.count("sw.js") >= 1);
    server.stop();
    assert_eq!(browser.script("return (await fetch('kept')).text()", json!([])), "kept");
    assert!(
        browser.try_script("await fetch('sw.js')", json!([])).is_err(),
        "the server is gone"
    );
    server.restart();
    browser.script("await fetch('sw.js')", json!([]));

    let other = Server::start(site(&[("index.html", PAGE)]), "/");
    browser.goto(&other.url());
    browser.offline(true);
    assert_eq!(browser.script("return navigator.onLine", json!([])), false);
    assert!(
        browser.try_script("await fetch('/')", json!([])).is_err(),
        "the network is still there"
    );
    browser.offline(false);
    assert_eq!(browser.script("return (await fetch('/')).status", json!([])), 200);
}

#[test]
fn sees_the_hub_as_a_page_does() {
    let (server, hub) = (Server::start(site(&[("index.html", PAGE)]), "/"), Hub::start());
    hub.file("acme/one", "model.safetensors", vec![7; 100]);
    let browser = Browser::start();
    browser.goto(&server.url());
    let fetch = |path: &str, headers: Value| {
        let script = "const answer = await fetch(arguments[0], { headers: arguments[1], credentials: 'omit', referrerPolicy: 'no-referrer' });
            const header = (name) => answer.headers.get(name);
            return [answer.status, header('x-error-code'), header('x-repo-commit'), header('ratelimit'), header('content-range'),
              (await answer.text()).length];";
        browser.try_script(script, json!([format!("{}{path}", hub.url()), headers]))
    };
    let plain = fetch("/test/plain/resolve/main/config.json", json!({}));
    assert_eq!(
        plain,
        Ok(json!([200, null, sha("test/plain"), null, null, CONFIG.len()]))
    );
    assert!(
        hub.seen()
            .iter()
            .all(|seen| seen.method == "GET" && seen.referer.is_none()),
        "no preflight without a token"
    );
    let gated = fetch("/test/gated/resolve/main/config.json", json!({})).unwrap();
    assert_eq!((&gated[0], &gated[1]), (&json!(401), &json!("GatedRepo")));
    let opened = fetch(
        "/test/gated/resolve/main/config.json",
        json!({ "Authorization": "Bearer hf_good" }),
    )
    .unwrap();
    assert_eq!((&opened[0], &opened[5]), (&json!(200), &json!(CONFIG.len())));
    assert!(
        hub.seen().iter().any(|seen| seen.method == "OPTIONS"),
        "a token needs a preflight"
    );
    hub.assert_no_token_in_addresses();

    hub.forget();
    let token_and_range = json!({ "Authorization": "Bearer hf_good", "Range": "bytes=0-7" });
    let part = fetch("/acme/one/resolve/main/model.safetensors", token_and_range).unwrap();
    assert_eq!((&part[0], &part[4]), (&json!(206), &json!("bytes 0-7/100")));
    let seen = hub.seen();
    assert!(
        seen.iter()
            .all(|seen| !(seen.path.starts_with("/xet-bridge-us/") && seen.authorised)),
        "{seen:?}"
    );

    assert!(
        fetch("/test/limited-no-cors/resolve/main/config.json", json!({}))
            .unwrap_err()
            .contains("Failed to fetch")
    );
    assert_eq!(
        fetch("/test/limited/resolve/main/config.json", json!({})).unwrap()[0],
        429
    );
    assert!(fetch("/test/cut/resolve/main/config.json", json!({})).is_err());
    let page = fetch("/test/plain", json!({}));
    assert!(page.is_err(), "pages for people have no CORS headers");
}

#[test]
fn leaves_nothing_behind() {
    let browser = Browser::start();
    let profile = browser.script("return 1", json!([]));
    assert_eq!(profile, 1);
    let left = browser.profile().to_owned();
    assert!(left.is_dir());
    drop(browser);
    assert!(!left.exists(), "{} is still there", left.display());
}
