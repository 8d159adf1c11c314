//! The static server.

use super::support::server::Server;
use super::{SOON, ask, get, site};

#[test]
fn serves_types_and_prefix_and_comes_back() {
    let folder = site(&[
        ("index.html", "<p>hello"),
        ("sw.js", ""),
        ("a.wasm", ""),
        ("m.webmanifest", "{}"),
        ("i.svg", ""),
    ]);
    let mut server = Server::start(&folder, "/sub/");
    let page = get(&server.url(), &[]);
    assert_eq!(
        (page.status, page.text(), page.header("content-type")),
        (200, "<p>hello", "text/html; charset=utf-8")
    );
    for (name, kind) in [
        ("sw.js", "text/javascript; charset=utf-8"),
        ("a.wasm", "application/wasm"),
        ("m.webmanifest", "application/manifest+json"),
        ("i.svg", "image/svg+xml"),
    ] {
        assert_eq!(get(&server.at(name), &[]).header("content-type"), kind, "{name}");
    }
    assert_eq!(get(&server.at("none.css"), &[]).status, 404);
    assert_eq!(get(&server.at("%2e%2e/Cargo.toml"), &[]).status, 404);
    assert_eq!(get(&server.url().replace("/sub/", "/"), &[]).status, 404);
    assert_eq!(
        ask("HEAD", &server.url(), &[], 0, SOON)
            .unwrap()
            .header("content-length"),
        "8"
    );
    assert_eq!(
        (server.count("sw.js"), server.count(""), server.count("none.css")),
        (1, 2, 1)
    );

    let url = server.url();
    server.stop();
    assert!(ask("GET", &url, &[], 0, SOON).is_err(), "the server is still there");
    server.restart();
    assert_eq!((server.url(), get(&url, &[]).status), (url, 200));
}
