//! The style sheets and the script that chooses the colours stand in the page itself: the first paint then waits for no
//! request but the page's own, and gzip sees all of it.

use std::{fs, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::index::{Index, attribute};

/// The script as the source of the page names it.
const THEME: &str = "<script src=\"theme.js\"></script>";

pub fn inline(staging: &Path, index: &mut Index) -> Outcome<()> {
    let mut all = String::new();
    for tag in index.take_links("rel=\"stylesheet\"") {
        let name = attribute(&tag, "href")
            .ok_or("a style sheet without an address")?
            .trim_start_matches("./");
        all.push_str(&smaller(&fs::read_to_string(staging.join(name))?));
        fs::remove_file(staging.join(name))?;
    }
    if all.is_empty() {
        return Err("index.html has no style sheet".into());
    }
    index.add_to_head(&format!("  <style>{all}</style>"))?;
    allow(index, "style-src", &all)?;

    let place = staging.join("theme.js");
    let script = without_comments(&fs::read_to_string(&place)?);
    fs::remove_file(place)?;
    index.replace(THEME, &format!("<script>{script}</script>"))?;
    allow(index, "script-src", &script)
}

/// Lets the page's policy accept an inline text, and no other, by its hash.
fn allow(index: &mut Index, directive: &str, text: &str) -> Outcome<()> {
    let hash = STANDARD.encode(Sha256::digest(text));
    index.replace(
        &format!("{directive} 'self'"),
        &format!("{directive} 'self' 'sha256-{hash}'"),
    )
}

/// A script without the lines that are comments, and without what sets lines in.
fn without_comments(script: &str) -> String {
    let lines = script.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .collect();
    lines.join("\n")
}

/// Without comments and without blanks that part nothing. Texts in quotes stay as they are.
fn smaller(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if matches!(first, '"' | '\'') {
            let end = rest
                .get(1..)
                .and_then(|text| text.find(first))
                .map_or(rest.len(), |end| end + 2);
            let (text, after) = rest.split_at(end);
            out.push_str(text);
            rest = after;
        } else if first.is_whitespace() {
            rest = rest.trim_start();
            let parted = rest.starts_with(['{', '}', ';', ',', '>']) || out.ends_with(['{', '}', ';', ',', '>', ' ']);
            if !parted && !rest.is_empty() && !out.is_empty() {
                out.push(' ');
            }
        } else {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    out
}
