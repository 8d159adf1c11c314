//! Built-in models: config facts with their source, so that the page works before anything is fetched.

use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use super::library;
use crate::naming::{self, Candidate, Class, Meant, Rank, ranked, words};

/// One model a line. Part of the [library].
pub const TABLE: &str = include_str!("../../data/catalogue.jsonl");

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

/// The model of the worked example, which is always at hand.
const FIRST: &str = include_str!(concat!(env!("OUT_DIR"), "/first_model.jsonl"));

/// Every built-in model that is at hand, in the order of the table: by family.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    static ONE: LazyLock<Vec<Entry>> = LazyLock::new(|| read(FIRST));
    match library::at_hand() {
        Some(library) => ENTRIES.get_or_init(|| read(library.catalogue)),
        None => &ONE,
    }
}

fn read(table: &str) -> Vec<Entry> {
    // A line that does not parse is left out; a test counts them.
    let mut all: Vec<Entry> = table
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    all.sort_by_key(|entry| entry.family.to_lowercase());
    all
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

/// Every model as it can be named.
static NAMES: LazyLock<Vec<(&'static Entry, Candidate)>> = LazyLock::new(|| {
    let candidate = |entry: &'static Entry| {
        let tail = entry.id.rsplit('/').next().unwrap_or(&entry.id);
        // Of two that are called alike, people mean the one that talks.
        let talks = words(&entry.name)
            .iter()
            .any(|word| word == "instruct" || word == "chat");
        let usual = naming::everyday("model", &entry.id).map_or(0, |row| 2 * row.usual) + u32::from(talks);
        let beside = format!("{} {} instruct chat it base", entry.id, entry.family);
        // The line is a name too: `qwen` is Qwen3 rather than a model distilled into an older one.
        let line = format!("{} {}", entry.family, entry.name);
        (entry, Candidate::new(&[&entry.name, tail, &line], &beside, usual))
    };
    entries().iter().map(candidate).collect()
});

/// Models that a query may mean, best first.
pub fn named(query: &str) -> Vec<(Rank, &'static Entry)> {
    let found = ranked(query, NAMES.iter().map(|(entry, candidate)| (entry, candidate)));
    found.into_iter().map(|(rank, entry)| (rank, *entry)).collect()
}

/// Whether a model answers to every word of a query; to none it does too.
pub fn answers(entry: &Entry, query: &str) -> bool {
    let query = words(query);
    let mut all = NAMES.iter();
    let own = all.find(|(one, _)| one.id == entry.id);
    query.is_empty() || own.is_some_and(|(_, names)| names.rank(&query).is_some_and(|rank| rank.class > Class::Close))
}

/// The one model that is taken by a name as people type it, or those that may be meant.
pub fn meant(query: &str) -> Result<&'static Entry, Vec<&'static Entry>> {
    match naming::meant(query, NAMES.iter().map(|(entry, candidate)| (entry, candidate))) {
        Meant::One(one, _, true) => Ok(*one),
        Meant::One(one, others, false) => Err(std::iter::once(*one).chain(others.into_iter().copied()).collect()),
        Meant::Perhaps(near) => Err(near.into_iter().copied().collect()),
    }
}
