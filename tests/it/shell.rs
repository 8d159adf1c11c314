//! The worked example in `index.html`, written anew from what the program renders: `./dev shell`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

use std::fs;
use std::path::Path;

use crate::support::browser::Browser;
use crate::support::page::open;
use crate::support::server::Server;
use serde_json::json;

/// Markup without what a static page may not carry (styles, canvases, comments), and the styles as rules.
const TAKE: &str = r"
const app = document.getElementById('app'), copy = app.cloneNode(true), rules = [];
const live = [...app.querySelectorAll('*')];
copy.querySelectorAll('*').forEach((one, at) => {
  one.live = live[at];
});
copy.querySelectorAll('canvas, .reader').forEach((one) => one.remove());
let n = 0;
copy.querySelectorAll('*').forEach((one) => {
  const was = one.live;
  if (was.localName === 'input') one.setAttribute('value', was.value);
  if (was.localName === 'select') {
    const option = document.createElement('option');
    option.textContent = was.selectedOptions[0]?.textContent ?? '';
    one.replaceChildren(option);
  }
  const style = one.getAttribute('style');
  one.removeAttribute('style');
  const own = (style ?? '').split(';').map((rule) => rule.trim()).filter((rule) => rule.startsWith('--'));
  if (own.length) {
    one.dataset.at = ++n;
    rules.push(`  & [data-at='${n}'] { ${own.join('; ')} }`);
  }
});
const walker = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT), comments = [];
while (walker.nextNode()) comments.push(walker.currentNode);
comments.forEach((one) => one.remove());
copy.normalize();
return [copy.innerHTML, rules.join('\n')];
";

#[test]
#[ignore = "writes index.html and style/shell.css: ./dev shell"]
fn write() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (browser, server) = (Browser::start(), Server::dist("/"));
    browser.viewport(1440, 1120, 1.0, false);
    open(&browser, &server.url());
    let taken = browser.script(TAKE, json!([]));
    let mut markup = taken[0].as_str().unwrap().to_owned();
    // A line for each larger piece, so that changes can be read.
    for piece in [
        "<header",
        "<main",
        "<section",
        "<nav",
        "<footer",
        "<div class=\"sheet",
        "<tr",
        "<li",
        "</main",
    ] {
        markup = markup.replace(piece, &format!("\n{piece}"));
    }
    let page = fs::read_to_string(root.join("index.html")).unwrap();
    let start = page.find("<div id=\"app\"").unwrap();
    let end = start + page[start..].find("\n  </div>\n").unwrap();
    let page = format!(
        "{}<div id=\"app\" aria-busy=\"true\">{markup}{}",
        &page[..start],
        &page[end..]
    );
    fs::write(root.join("index.html"), page).unwrap();
    let sheet = fs::read_to_string(root.join("style/shell.css")).unwrap();
    let from = sheet.find("{\n").unwrap() + 2;
    let to = from + sheet[from..].find("\n}\n").unwrap();
    let sheet = format!("{}{}{}", &sheet[..from], taken[1].as_str().unwrap(), &sheet[to..]);
    fs::write(root.join("style/shell.css"), sheet).unwrap();
}
