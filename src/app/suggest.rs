//! What the search for a model offers: pure, without the page.

use std::sync::LazyLock;

use weighbridge::hub::{Endpoint, Locator};
use weighbridge::model::Blueprint;
use weighbridge::model::catalogue::{self, Entry};
use weighbridge::units::short_count;

/// How many catalogue models are offered while typing.
const MOST: usize = 12;

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// Its heading.
    pub group: String,
    /// What is loaded.
    pub text: String,
    /// What is shown.
    pub name: String,
    /// Beside it: the size.
    pub meta: String,
    /// Where it comes from.
    pub kind: Kind,
}

/// Where a suggestion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Built in.
    Catalogue,
    /// Loaded lately.
    Recent,
    /// To be asked for.
    Hub,
}

/// Parameters of a built-in model in words: `30.5 B, 3.35 B active`.
pub fn size(entry: &Entry) -> String {
    static SIZES: LazyLock<Vec<String>> = LazyLock::new(|| catalogue::entries().iter().map(weigh).collect());
    let at = catalogue::entries().iter().position(|one| one.id == entry.id);
    at.and_then(|at| SIZES.get(at)).cloned().unwrap_or_default()
}

fn weigh(entry: &Entry) -> String {
    let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
        return String::new();
    };
    let parameters = weighbridge::analysis::parameters::<weighbridge::units::Exact>(&blueprint);
    let total = short_count(parameters.total.0 as f64);
    if blueprint.experts.is_some() {
        format!("{total}, {} active", short_count(parameters.active.0 as f64))
    } else {
        total
    }
}

/// Whether a built-in model answers to every word.
pub fn matches(entry: &Entry, query: &str) -> bool {
    let place = format!("{} {} {}", entry.id, entry.name, entry.family).to_lowercase();
    query.to_lowercase().split_whitespace().all(|word| place.contains(word))
}

/// The Hub model a text names, if it has the form of one. A bare word is a search of the catalogue first: only the
/// oldest models of the Hub have no owner.
pub fn on_the_hub(query: &str, endpoint: &Endpoint) -> Option<Locator> {
    let named = query.contains('/') || !catalogue::entries().iter().any(|entry| matches(entry, query));
    Locator::parse_at(query, endpoint).ok().filter(|_| named)
}

/// What to offer for a query; the first is what Enter takes.
pub fn suggestions(query: &str, endpoint: &Endpoint, recent: &[String]) -> Vec<Suggestion> {
    let query = query.trim();
    let lately = |id: &String| Suggestion {
        group: "Recent".to_owned(),
        text: id.clone(),
        name: id.clone(),
        meta: catalogue::find(id).map(size).unwrap_or_default(),
        kind: Kind::Recent,
    };
    if query.is_empty() {
        return recent.iter().take(6).map(lately).collect();
    }
    let mut found: Vec<&Entry> = catalogue::entries()
        .iter()
        .filter(|entry| matches(entry, query))
        .collect();
    found.truncate(MOST);
    let mut all: Vec<Suggestion> = found
        .into_iter()
        .map(|entry| Suggestion {
            group: entry.family.clone(),
            text: entry.id.clone(),
            name: entry.name.clone(),
            meta: size(entry),
            kind: Kind::Catalogue,
        })
        .collect();
    if let Some(locator) = on_the_hub(query, endpoint) {
        let name = locator.to_string();
        let hub = Suggestion {
            group: "Hub".to_owned(),
            text: query.to_owned(),
            name,
            meta: String::new(),
            kind: Kind::Hub,
        };
        if catalogue::find(&locator.to_string()).is_none() {
            // Before longer names of the catalogue that merely hold it.
            all.insert(0, hub);
        }
    }
    let lower = query.to_lowercase();
    let old = recent.iter().filter(|id| id.to_lowercase().contains(&lower));
    let old: Vec<Suggestion> = old
        .filter(|id| !all.iter().any(|one| one.text == **id || one.name == **id))
        .map(lately)
        .collect();
    all.extend(old);
    all
}
