//! The rows, in the order of certainty: yours, built in, the Hub's.

use std::sync::Arc;

use serde_json::Value;
use weighbridge::analysis::Verdict;
use weighbridge::hardware::Device;
use weighbridge::hub::Listed;
use weighbridge::hub::search::{Filter, HubQuery};
use weighbridge::model::Blueprint;
use weighbridge::model::catalogue::{self, Entry};
use weighbridge::naming::words;
use weighbridge::report::hub_row::HubRow;
use weighbridge::report::model_rows::ModelRow;
use weighbridge::scenario::{ModelSource, Scenario};
use weighbridge::units::UnitSystem;

use crate::app::hardware::facts::resolve;
use crate::app::models::board::{Weighable, of_entry, weigh};
use crate::app::source::recent;
use crate::app::suggest;

/// How many built-in models are shown while words are typed.
const MOST_BUILT_IN: usize = 8;

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum From {
    /// Pinned or opened lately.
    Yours,
    /// Built in.
    BuiltIn,
    /// Listed by the Hub.
    Hub,
}

/// A model that can be opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Where it comes from.
    pub from: From,
    /// What stands below its name.
    pub note: String,
    /// Parameters.
    pub parameters: Option<u64>,
    /// Parameters of a token, where those are fewer.
    pub active: Option<u64>,
    /// Formats of its files and numbers.
    pub formats: Vec<String>,
    /// Its licence.
    pub licence: Option<String>,
    /// Downloads of the last 30 days.
    pub downloads: Option<u64>,
    /// The day of its last change.
    pub updated: Option<String>,
    /// Whether its terms must be accepted first.
    pub gated: bool,
    /// Whether only some may see it: its name is not kept.
    pub private: bool,
    /// Whether it is pinned.
    pub pinned: bool,
    /// Whether it holds GGUF files, one of which may be chosen.
    pub gguf: bool,
    /// Whether it fits, in a few words, and what that rests on.
    pub verdict: Option<(Verdict, String, String)>,
}

/// What rows are made under.
#[derive(Clone, Debug, PartialEq)]
pub struct Under {
    /// The question without its model and format.
    pub question: Scenario,
    /// GiB or GB.
    pub units: UnitSystem,
}

impl Under {
    fn device(&self) -> Option<std::borrow::Cow<'static, Device>> {
        resolve(self.question.hardware.device.as_deref()?)
    }
    /// The row of a listed model; exact if it was opened before.
    pub fn of_listed(&self, listed: &Listed) -> Row {
        let row = HubRow::of(listed, self.device().as_deref(), self.question.hardware.devices);
        let exact = self.opened(&row.id);
        Row {
            from: From::Hub,
            note: row.note(),
            parameters: exact.as_ref().map_or(row.parameters, |exact| Some(exact.parameters)),
            active: exact.as_ref().and_then(fewer),
            verdict: exact.map(|exact| self.exact(&exact)).or_else(|| {
                row.rough.as_ref().map(|rough| {
                    let (short, about) = rough.words(self.units);
                    (rough.verdict, short, about)
                })
            }),
            id: row.id,
            formats: row.formats,
            licence: row.licence,
            downloads: row.downloads,
            updated: row.updated,
            gated: row.gated,
            private: listed.private,
            pinned: false,
            gguf: row.gguf,
        }
    }
    /// The rows of built-in models that words and filters mean.
    pub fn built_in(&self, query: &HubQuery, besides: &[Row]) -> Vec<Row> {
        let named = if query.words.trim().is_empty() {
            catalogue::entries().iter().collect()
        } else {
            let found = catalogue::named(&query.words);
            let sure = found.iter().any(|(rank, _)| rank.class.is_sure());
            let all = found
                .into_iter()
                .filter(|(rank, _)| !sure || rank.class > weighbridge::naming::Class::Close);
            all.map(|(_, entry)| entry).collect::<Vec<_>>()
        };
        let others = named
            .into_iter()
            .filter(|entry| !besides.iter().any(|row| row.id == entry.id));
        let rows = others
            .filter_map(|entry| self.of_entry(entry, From::BuiltIn))
            .filter(|row| lets(query, row));
        rows.take(MOST_BUILT_IN).collect()
    }
    /// The rows of pinned models and of those opened lately, as far as words mean them.
    pub fn yours(&self, query: &HubQuery) -> Vec<Row> {
        let pinned = recent::pinned();
        let lately = recent::list()
            .into_iter()
            .filter(|id| !pinned.contains(id))
            .take(6)
            .collect::<Vec<_>>();
        let asked = words(&query.words);
        let means = |id: &&String| {
            let name = id.to_lowercase();
            asked.iter().all(|word| name.contains(word.as_str()))
        };
        let rows = pinned
            .iter()
            .chain(&lately)
            .filter(means)
            .map(|id| match catalogue::find(id) {
                Some(entry) => self.of_entry(entry, From::Yours),
                None => self.of_id(id),
            });
        let rows = rows.flatten().filter(|row| lets(query, row));
        rows.map(|row| Row {
            pinned: pinned.contains(&row.id),
            ..row
        })
        .collect()
    }
    fn of_entry(&self, entry: &Entry, from: From) -> Option<Row> {
        let row = weigh(&of_entry(entry)?, &self.question).ok()?;
        Some(Row {
            id: entry.id.clone(),
            from,
            note: reads(&row),
            parameters: Some(row.parameters),
            active: fewer(&row),
            formats: vec![published(entry)],
            licence: entry.licence.clone(),
            downloads: None,
            updated: entry.released.clone(),
            gated: false,
            private: false,
            pinned: false,
            gguf: false,
            verdict: Some(self.exact(&row)).filter(|_| self.question.hardware.device.is_some()),
        })
    }
    /// A model of which only the name is known, unless it was opened before.
    fn of_id(&self, id: &str) -> Option<Row> {
        let exact = self.opened(id);
        Some(Row {
            id: id.to_owned(),
            from: From::Yours,
            note: if exact.is_some() {
                "opened here".to_owned()
            } else {
                "read before".to_owned()
            },
            parameters: exact.as_ref().map(|row| row.parameters),
            active: exact.as_ref().and_then(fewer),
            formats: Vec::new(),
            licence: None,
            downloads: None,
            updated: None,
            gated: false,
            private: false,
            pinned: false,
            gguf: false,
            verdict: match &exact {
                Some(row) => Some(self.exact(row)),
                None => self.by_name(id),
            },
        })
    }
    fn by_name(&self, id: &str) -> Option<(Verdict, String, String)> {
        let listed = weighbridge::hub::read_listing(&serde_json::json!([{ "id": id }]).to_string());
        let row = HubRow::of(
            listed.first()?,
            self.device().as_deref(),
            self.question.hardware.devices,
        );
        let rough = row.rough?;
        let (short, about) = rough.words(self.units);
        Some((rough.verdict, short, about))
    }
    /// The exact row of a model that was opened since the page was.
    fn opened(&self, id: &str) -> Option<ModelRow> {
        self.question.hardware.device.as_ref()?;
        let config = recent::config(id)?;
        let blueprint = Blueprint::from_value(Value::clone(&config)).ok()?;
        let model = Weighable {
            id: id.to_owned(),
            name: id.to_owned(),
            source: ModelSource::Id(id.to_owned()),
            blueprint: Arc::new(blueprint),
        };
        weigh(&model, &self.question).ok()
    }
    fn exact(&self, row: &ModelRow) -> (Verdict, String, String) {
        let of = format!(
            "{} of {}",
            self.units.bytes(row.needed_bytes as f64),
            self.units.bytes(row.capacity_bytes as f64)
        );
        match row.verdict {
            Verdict::Fits => (row.verdict, format!("fits in {}", row.method), of),
            Verdict::Offload => (row.verdict, "part in RAM".to_owned(), of),
            Verdict::DoesNotFit => (row.verdict, "too large".to_owned(), row.verdict_in_words(self.units)),
            Verdict::Unsupported => (row.verdict, "not supported".to_owned(), row.why.to_owned()),
        }
    }
}

/// Whether the filters let a row pass that the Hub did not filter itself.
pub fn lets(query: &HubQuery, row: &Row) -> bool {
    let key = |filter: Filter| query.get(filter).key;
    let most = |text: &str| {
        text.trim_end_matches('b')
            .parse::<f64>()
            .map_or(f64::MAX, |billions| billions * 1e9)
    };
    let size = row.parameters.is_none_or(|count| match key(Filter::Size) {
        "" => true,
        "over-250b" => count > 250_000_000_000,
        upto => count as f64 <= most(upto),
    });
    let owner = row.id.split('/').next().unwrap_or_default();
    let licence = key(Filter::Licence).is_empty()
        || row
            .licence
            .as_deref()
            .is_some_and(|name| name.eq_ignore_ascii_case(key(Filter::Licence)));
    let format = match key(Filter::Format) {
        "" | "safetensors" => true,
        wanted => row
            .formats
            .iter()
            .any(|format| format.to_lowercase().starts_with(wanted)),
    };
    let task = match key(Filter::Task) {
        "" => true,
        "text" => !row.note.contains("images") && !row.note.contains("sound"),
        "image-text" => row.note.contains("images"),
        "audio-text" => row.note.contains("sound"),
        _ => false,
    };
    let others = [Filter::Library, Filter::Gated]
        .into_iter()
        .all(|filter| key(filter).is_empty());
    size && licence
        && format
        && task
        && others
        && (query.author.is_empty() || owner.eq_ignore_ascii_case(&query.author))
        && fits(query, row)
}

/// Whether a row passes where only what fits is asked for.
pub fn fits(query: &HubQuery, row: &Row) -> bool {
    !query.fits
        || row
            .verdict
            .as_ref()
            .is_some_and(|(verdict, ..)| *verdict == Verdict::Fits)
}

fn fewer(row: &ModelRow) -> Option<u64> {
    (row.active < row.parameters).then_some(row.active)
}

fn reads(row: &ModelRow) -> String {
    match row.reads.as_slice() {
        [] => "text".to_owned(),
        some => format!("text and {}", some.join(" and ")),
    }
}

/// The format a built-in model is published in.
fn published(entry: &Entry) -> String {
    suggest::blueprint(entry).map_or_else(String::new, |blueprint| blueprint.published.method.to_string())
}
