//! Built-in models: config facts with their source, so that the page works before anything is fetched.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

/// One model a line.
const TABLE: &str = include_str!("../../data/catalogue.jsonl");

/// A built-in model.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// Hub id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Group in lists.
    pub family: String,
    /// Licence, where it is known.
    pub licence: Option<String>,
    /// Whether the Hub asks for consent first, where it is known.
    pub gated: Option<bool>,
    /// Month of release, where it is known.
    pub released: Option<String>,
    /// Where the config's facts come from.
    pub source: String,
    /// The config, without keys that change nothing here.
    pub config: Value,
}

/// Every built-in model, in the order of the table: by family.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
        // A line that does not parse is left out; a test counts them.
        let mut all: Vec<Entry> = TABLE
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        all.sort_by_key(|entry| entry.family.to_lowercase());
        all
    });
    &ENTRIES
}

/// The entry with this Hub id, or this name without its owner where only one has it.
pub fn find(id: &str) -> Option<&'static Entry> {
    let exact = entries().iter().find(|entry| entry.id.eq_ignore_ascii_case(id));
    exact.or_else(|| {
        let mut named = entries().iter().filter(|entry| {
            entry
                .id
                .rsplit('/')
                .next()
                .is_some_and(|name| name.eq_ignore_ascii_case(id))
                || entry.name.eq_ignore_ascii_case(id)
        });
        named.next().filter(|_| named.next().is_none())
    })
}
