//! One style sheet instead of many: one request, and gzip sees all of it.

use std::{fs, path::Path};

use crate::index::{Index, attribute};
use crate::{Outcome, short_hash};

pub fn join(staging: &Path, index: &mut Index) -> Outcome<()> {
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
    let name = format!("style-{}.css", short_hash(&[all.as_bytes()]));
    fs::write(staging.join(&name), all)?;
    index.link(staging, &name, "rel=\"stylesheet\"")
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
