//! What the search for a model offers: pure, without the page.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use weighbridge::analysis::{self, Verdict};
use weighbridge::hardware::file_formats::by_tags;
use weighbridge::hardware::{self, Device, Vendor};
use weighbridge::hub::{Endpoint, Listed, Locator};
use weighbridge::model::catalogue::{self, Entry};
use weighbridge::model::{Blueprint, quantisation};
use weighbridge::naming::{self, Class, Rank};
use weighbridge::report::hub_row::billions;
use weighbridge::scenario::Scenario;
use weighbridge::units::{UnitSystem, short_count};

use super::hardware::facts::{memory, resolve};

/// How many catalogue models are offered while typing.
const MOST: usize = 12;
/// How many devices are offered beside them.
const MOST_DEVICES: usize = 3;

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
    /// What the Hub's listing says of it.
    pub listed: Option<Listed>,
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
    /// Found by a search of the Hub.
    Found,
    /// Hardware, for the model in hand.
    Device,
}

/// Parameters of a built-in model in words: `30.5 B, 3.35 B active`.
pub fn size(entry: &Entry) -> String {
    static SIZES: LazyLock<Vec<String>> = LazyLock::new(|| catalogue::entries().iter().map(weigh).collect());
    let at = catalogue::entries().iter().position(|one| one.id == entry.id);
    at.and_then(|at| SIZES.get(at)).cloned().unwrap_or_default()
}

/// The blueprint of a built-in model, built once.
pub fn blueprint(entry: &Entry) -> Option<&'static Arc<Blueprint>> {
    static ALL: LazyLock<Vec<Option<Arc<Blueprint>>>> = LazyLock::new(|| {
        let entries = catalogue::entries().iter();
        entries
            .map(|entry| Blueprint::from_value(entry.config.clone()).ok().map(Arc::new))
            .collect()
    });
    let at = catalogue::entries().iter().position(|one| one.id == entry.id)?;
    ALL.get(at)?.as_ref()
}

/// Whether a model found would run where this one does.
#[derive(Clone, Debug, PartialEq)]
pub struct Badge {
    /// `fits`, `offload`, `does_not_fit`, `unsupported`.
    pub verdict: &'static str,
    /// The verdict in words, and how sure it is.
    pub words: String,
    /// Whether only its name was known.
    pub rough: bool,
    /// It fits in four bits, not as published.
    pub smaller: bool,
}

/// The badge of a model: exact for a built-in one, by its size for any other whose listing or name tells one.
pub fn badge(name: &str, listed: Option<&Listed>, scenario: &Scenario, units: UnitSystem) -> Option<Badge> {
    let device = resolve(scenario.hardware.device.as_deref()?)?;
    let Some(blueprint) = catalogue::find(name).and_then(blueprint) else {
        return quick(name, listed, scenario, &device, units);
    };
    let one = super::fit::weigh_room(blueprint, scenario, &device)?;
    // A choice of it takes a smaller format where that is what fits: the badge says the same.
    let smaller = scenario.precision.weights.is_none()
        && one.verdict != <&str>::from(Verdict::Fits)
        && analysis::at_best(blueprint, scenario) == Some(Verdict::Fits);
    if smaller {
        return Some(Badge {
            verdict: Verdict::Fits.into(),
            words: format!(
                "As published: {}. In 4 bits (Q4_K_M) it fits.",
                super::fit::verdict_words(&one, units)
            ),
            rough: false,
            smaller,
        });
    }
    Some(Badge {
        verdict: one.verdict,
        words: super::fit::verdict_words(&one, units),
        rough: false,
        smaller,
    })
}

/// Half as much again as its files: those of the listing as they are, else as many as its parameters take in the format
/// that was chosen.
fn quick(
    name: &str,
    listed: Option<&Listed>,
    scenario: &Scenario,
    device: &Device,
    units: UnitSystem,
) -> Option<Badge> {
    if listed.is_some_and(|listed| listed.tags.iter().any(|tag| tag == "mlx")) && device.vendor != Vendor::Apple {
        return Some(Badge {
            verdict: Verdict::Unsupported.into(),
            words: format!("Its files are for MLX, which does not run on {}.", device.name),
            rough: true,
            smaller: false,
        });
    }
    let chosen = scenario.precision.weights.and_then(quantisation::choice);
    let told = listed.and_then(|listed| listed.parameters).map(|count| count as f64);
    let (bytes, whose) = match (&chosen, listed.and_then(|listed| listed.bytes)) {
        (None, Some(bytes)) => (bytes as f64, "the size of its files"),
        (chosen, _) => {
            let bits = chosen.as_ref().map_or(16.0, |choice| choice.format.bits_per_weight());
            let whose = if told.is_some() {
                "the size its parameters imply"
            } else {
                "the size implied by its name"
            };
            (told.or_else(|| Some(billions(name)? * 1e9))? * bits / 8.0, whose)
        }
    };
    // Offload is not for a rough answer: how much may lie in RAM depends on the engine.
    let one = analysis::rough_verdict(bytes as u64, device, scenario.hardware.devices, 0);
    Some(Badge {
        verdict: one.verdict.into(),
        words: format!(
            "Rough: 1.5 × {whose}, {} of {}. Open it for the exact answer.",
            units.bytes(one.needed_bytes as f64),
            units.bytes(one.device_bytes as f64)
        ),
        rough: true,
        smaller: false,
    })
}

fn weigh(entry: &Entry) -> String {
    let Some(blueprint) = blueprint(entry) else {
        return String::new();
    };
    let parameters = weighbridge::analysis::parameters::<weighbridge::units::Exact>(blueprint);
    let total = short_count(parameters.total.0 as f64);
    if blueprint.experts.is_some() {
        format!("{total}, {} active", short_count(parameters.active.0 as f64))
    } else {
        total
    }
}

/// Whether a built-in model answers to every word.
pub fn matches(entry: &Entry, query: &str) -> bool {
    catalogue::answers(entry, query)
}

/// Built-in models that a query may mean: the family of the best one first, the best of each first. Misspelt names are
/// offered where nothing else is.
fn by_family(query: &str) -> Vec<&'static Entry> {
    let found = catalogue::named(query);
    let sure = found.iter().any(|(rank, _)| rank.class > Class::Close);
    let lets = |rank: Rank| !sure || rank.class > Class::Close;
    let all = found.into_iter().filter(|(rank, _)| lets(*rank));
    naming::grouped(all.map(|(_, entry)| entry).collect(), |entry: &&Entry| &entry.family)
}

/// The Hub model a text names, if it has the form of one. A bare word is a search of the catalogue first: only the
/// oldest models of the Hub have no owner.
pub fn on_the_hub(query: &str, endpoint: &Endpoint) -> Option<Locator> {
    let named = query.contains('/') || !catalogue::entries().iter().any(|entry| matches(entry, query));
    Locator::parse_at(query, endpoint).ok().filter(|_| named)
}

/// The built-in model that an address of the Hub means: its config as it is on the main branch.
pub fn built_in(locator: &Locator) -> Option<&'static Entry> {
    let plain = locator.revision_or_main() == "main" && locator.path().is_none_or(|path| path == "config.json");
    catalogue::find(&locator.id().to_string()).filter(|_| plain)
}

/// What to offer for a query; the first is what Enter takes.
pub fn suggestions(query: &str, endpoint: &Endpoint, recent: &[String], found: &[Listed]) -> Vec<Suggestion> {
    let query = query.trim();
    let lately = |id: &String| Suggestion {
        group: "Recent".to_owned(),
        text: id.clone(),
        name: id.clone(),
        meta: catalogue::find(id).map(size).unwrap_or_default(),
        kind: Kind::Recent,
        listed: None,
    };
    if query.is_empty() {
        return recent.iter().take(6).map(lately).collect();
    }
    let known = |entry: &Entry| Suggestion {
        group: entry.family.clone(),
        text: entry.id.clone(),
        name: entry.name.clone(),
        meta: size(entry),
        kind: Kind::Catalogue,
        listed: None,
    };
    let mut all: Vec<Suggestion> = by_family(query).into_iter().take(MOST).map(known).collect();
    let devices = devices(query);
    let beside = devices.len();
    all.splice(0..0, devices);
    let hub = on_the_hub(query, endpoint).filter(|_| beside == 0);
    if let Some(entry) = hub.as_ref().and_then(built_in) {
        if !all.iter().any(|one| one.text == entry.id) {
            all.insert(0, known(entry));
        }
    } else if let Some(locator) = hub {
        let name = locator.to_string();
        let hub = Suggestion {
            group: "Hub".to_owned(),
            text: query.to_owned(),
            name,
            meta: String::new(),
            kind: Kind::Hub,
            listed: None,
        };
        // Before longer names of the catalogue that merely hold it.
        all.insert(0, hub);
    }
    let lower = query.to_lowercase();
    let old = recent.iter().filter(|id| id.to_lowercase().contains(&lower));
    let old: Vec<Suggestion> = old
        .filter(|id| !all.iter().any(|one| one.text == **id || one.name == **id))
        .map(lately)
        .collect();
    all.extend(old);
    let others: Vec<Suggestion> = found
        .iter()
        .map(of_listing)
        .filter(|new| !all.iter().any(|one| one.text.eq_ignore_ascii_case(&new.text)))
        .take(MOST)
        .collect();
    all.extend(others);
    all
}

/// The first devices that a query names, each with how well it names it.
pub fn named_devices(query: &str) -> impl Iterator<Item = (Class, Cow<'static, Device>)> {
    hardware::found(query)
        .into_iter()
        .map(|(rank, device)| (rank.class, device))
}

/// Devices that a query names better than any model: "4090" is none.
fn devices(query: &str) -> Vec<Suggestion> {
    if query.contains('/') {
        return Vec::new();
    }
    let model = catalogue::named(query).first().map(|(rank, _)| rank.class);
    let better = |class: Class| class > Class::Close && Some(class) > model;
    let found = named_devices(query)
        .filter(|(class, _)| better(*class))
        .take(MOST_DEVICES);
    let suggested = found.map(|(_, device)| Suggestion {
        group: "Hardware".to_owned(),
        text: device.id.clone(),
        name: device.name.clone(),
        meta: memory(&device, UnitSystem::default()),
        kind: Kind::Device,
        listed: None,
    });
    suggested.collect()
}

/// A model of the Hub's listing.
fn of_listing(listed: &Listed) -> Suggestion {
    let id = listed.id.to_string();
    Suggestion {
        group: "On the Hub".to_owned(),
        text: id.clone(),
        name: id,
        meta: listed_words(listed),
        kind: Kind::Found,
        listed: Some(listed.clone()),
    }
}

/// Size, formats and gate of a listed model: `8.19 B · safetensors · gated`.
pub fn listed_words(listed: &Listed) -> String {
    let size = listed.parameters.map(|count| short_count(count as f64));
    let formats = by_tags(listed.tags.iter().map(String::as_str));
    let formats = formats.iter().take(2).map(|format| format.label.clone());
    let gated = listed.gated.then(|| "gated".to_owned());
    size.into_iter()
        .chain(formats)
        .chain(gated)
        .collect::<Vec<_>>()
        .join(" · ")
}
