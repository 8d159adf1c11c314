//! The rows and how they come: built-in models in slices, those of a list as they are loaded.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use weighbridge::analysis::RunsHere;
use weighbridge::model::catalogue::{self, Entry};
use weighbridge::model::{Blueprint, ModelError};
use weighbridge::report::model_rows::{ModelRow, RowFilter, SortBy, arranged};
use weighbridge::scenario::{ModelSource, Scenario};

use super::list::Item;
use crate::app::case::Case;
use crate::app::parts::{self, Part};
use crate::app::source::Stop;

/// Milliseconds of a slice: half a frame.
const SLICE: f64 = 8.0;

/// Which models are asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// All that are built in.
    #[default]
    BuiltIn,
    /// Those of the user's list.
    Own,
}

/// The state of the place. Cheap to copy; its components take it from context.
#[derive(Clone, Copy)]
pub struct Board {
    /// The case whose devices and workload are asked about.
    pub case: Case,
    /// Which models.
    pub which: RwSignal<Which>,
    /// Rows as far as they are there.
    pub rows: RwSignal<Vec<ModelRow>>,
    /// The user's list.
    pub listed: RwSignal<Vec<Item>>,
    /// What stops the models under way.
    pub stops: StoredValue<Vec<Stop>, LocalStorage>,
    /// Which rows are asked for.
    pub filter: RwSignal<RowFilter>,
    /// Their order: by what, and whether the greatest comes first.
    pub order: RwSignal<(SortBy, bool)>,
    /// The question without its model and format.
    question: Memo<Scenario>,
    /// Built-in models weighed so far.
    done: RwSignal<usize>,
    turn: StoredValue<u64>,
}

impl Board {
    /// The board of a case; it begins to weigh.
    pub fn new(case: Case) -> Self {
        let question = Memo::new(move |_| {
            case.scenario.with(|scenario| {
                scenario.clone().with(|s| {
                    s.model = Default::default();
                    s.precision = Default::default();
                    s.serving.engine = None;
                })
            })
        });
        let board = Self {
            case,
            which: RwSignal::new(Which::default()),
            rows: RwSignal::new(Vec::new()),
            listed: RwSignal::new(Vec::new()),
            stops: StoredValue::new_local(Vec::new()),
            filter: RwSignal::new(RowFilter::default()),
            order: RwSignal::new((SortBy::Verdict, false)),
            question,
            done: RwSignal::new(0),
            turn: StoredValue::new(0),
        };
        let library = parts::arrival(Part::Library);
        parts::want(Part::Library);
        Effect::new(move |_| {
            library.track();
            let (question, which) = (question.get(), board.which.get());
            board.turn.update_value(|turn| *turn += 1);
            board.done.set(0);
            board.rows.set(Vec::new());
            match which {
                Which::BuiltIn if question.hardware.device.is_some() => {
                    board.slice(board.turn.get_value(), 0, Vec::new())
                }
                Which::BuiltIn => {}
                Which::Own => board.weigh_listed(),
            }
        });
        on_cleanup(move || {
            board.turn.try_update_value(|turn| *turn += 1);
        });
        board
    }
    /// The board from context.
    pub fn here() -> Self {
        expect_context()
    }
    /// Models weighed, and in all.
    pub fn progress(self) -> (u64, u64) {
        (self.done.get() as u64, catalogue::entries().len() as u64)
    }
    /// Places of the rows that are shown, in their order; tracked.
    pub fn arranged(self) -> Vec<usize> {
        let (by, down) = self.order.get();
        self.filter
            .with(|filter| self.rows.with(|rows| arranged(rows, filter, by, down)))
    }
    /// Weighs built-in models until the slice is over, and goes on when the browser has had its turn.
    fn slice(self, turn: u64, from: usize, mut rows: Vec<ModelRow>) {
        set_timeout(
            move || {
                if self.turn.try_get_value() != Some(turn) {
                    return;
                }
                let begun = now();
                let mut at = from;
                let all = catalogue::entries();
                while let Some(entry) = all.get(at) {
                    rows.extend(self.built_in(entry));
                    at += 1;
                    if now() - begun > SLICE {
                        break;
                    }
                }
                self.done.set(at);
                if at < all.len() {
                    self.slice(turn, at, rows);
                } else {
                    self.rows.set(rows);
                }
            },
            Duration::ZERO,
        );
    }
    fn built_in(self, entry: &Entry) -> Option<ModelRow> {
        let blueprint = Arc::new(Blueprint::from_value(entry.config.clone()).ok()?);
        self.row(&entry.id, &entry.name, ModelSource::Id(entry.id.clone()), &blueprint)
            .ok()
    }
    /// The row of a model.
    ///
    /// # Errors
    /// Why it cannot be weighed, in words.
    pub fn row(
        self,
        id: &str,
        name: &str,
        source: ModelSource,
        blueprint: &Arc<Blueprint>,
    ) -> Result<ModelRow, String> {
        let scenario = self.question.get_untracked().with(|s| s.model.source = source);
        let runs = RunsHere::of(blueprint, &scenario).map_err(|error| error.to_string())?;
        Ok(ModelRow::of(id, name, catalogue::find(id), &runs))
    }
    /// The row of a config.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub fn row_of_config(self, id: &str, source: ModelSource, config: &serde_json::Value) -> Result<ModelRow, String> {
        let blueprint = Blueprint::from_value(config.clone()).map_err(|error: ModelError| error.to_string())?;
        let name = id.rsplit('/').next().unwrap_or(id);
        self.row(id, name, source, &Arc::new(blueprint))
    }
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
