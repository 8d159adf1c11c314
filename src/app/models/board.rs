//! The rows and how they come: built-in models in slices, those of a list as they are loaded.

use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use weighbridge::analysis::RunsHere;
use weighbridge::model::Blueprint;
use weighbridge::model::catalogue::{self, Entry};
use weighbridge::report::model_rows::{ModelRow, RowFilter, SortBy, arranged};
use weighbridge::scenario::{ModelSource, Scenario};

use super::list::Item;
use crate::app::case::Case;
use crate::app::parts::{self, Part};
use crate::app::source::Stop;
use crate::app::suggest::blueprint;

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
    /// All that are built in, and what a search of the Hub lists.
    Hub,
}

thread_local! {
    static FIRST: std::cell::Cell<Which> = const { std::cell::Cell::new(Which::BuiltIn) };
}

/// The place opens on these the next time.
pub fn begin_with(which: Which) {
    FIRST.set(which);
}

/// A model that can be weighed.
#[derive(Clone, Debug)]
pub struct Weighable {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// What a scenario calls it.
    pub source: ModelSource,
    /// What it is.
    pub blueprint: Arc<Blueprint>,
}

/// The state of the place. Cheap to copy; its components take it from context.
#[derive(Clone, Copy)]
pub struct Board {
    /// The case whose devices and workload are asked about.
    pub case: Case,
    /// Which models.
    pub which: RwSignal<Which>,
    /// How the search of the Hub went, in words; none before it is asked.
    pub asked: RwSignal<Option<String>>,
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
    /// Places of the rows that are shown, in their order.
    pub shown: Memo<Vec<usize>>,
    /// The question without its model and format.
    question: Memo<Scenario>,
    /// Built-in models weighed so far.
    done: RwSignal<usize>,
    turn: StoredValue<u64>,
}

impl Board {
    /// The board of a case; it begins to weigh.
    pub fn new(case: Case) -> Self {
        let question = Memo::new(move |_| case.scenario.with(question_of));
        let (rows, filter) = (RwSignal::new(Vec::new()), RwSignal::new(RowFilter::default()));
        let order = RwSignal::new((SortBy::Verdict, false));
        let board = Self {
            case,
            which: RwSignal::new(FIRST.take()),
            asked: RwSignal::new(None),
            rows,
            listed: RwSignal::new(Vec::new()),
            stops: StoredValue::new_local(Vec::new()),
            filter,
            order,
            shown: Memo::new(move |_| {
                let (by, down) = order.get();
                filter.with(|filter| rows.with(|rows| arranged(rows, filter, by, down)))
            }),
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
            let due = match which {
                Which::BuiltIn | Which::Hub if question.hardware.device.is_none() => Vec::new(),
                Which::BuiltIn => built_in(),
                Which::Own => board.listed_models(),
                Which::Hub => built_in().into_iter().chain(board.listed_models()).collect(),
            };
            board.slice(board.turn.get_value(), due.into_iter(), Vec::new());
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
    /// Weighs models until the slice is over, and goes on when the browser has had its turn.
    fn slice(self, turn: u64, mut due: std::vec::IntoIter<Weighable>, mut rows: Vec<ModelRow>) {
        set_timeout(
            move || {
                if self.turn.try_get_value() != Some(turn) {
                    return;
                }
                let begun = now();
                for model in due.by_ref() {
                    self.done.update(|done| *done += 1);
                    match self.row(&model) {
                        Ok(row) => rows.push(row),
                        Err(why) => self.refuse(&model, why),
                    }
                    if now() - begun > SLICE {
                        break;
                    }
                }
                if due.len() > 0 {
                    self.slice(turn, due, rows);
                } else {
                    // Beside those of the list that came meanwhile.
                    self.rows.update(|all| all.append(&mut rows));
                }
            },
            Duration::ZERO,
        );
    }
    /// The row of a model.
    ///
    /// # Errors
    /// Why it cannot be weighed, in words.
    pub fn row(self, model: &Weighable) -> Result<ModelRow, String> {
        weigh(model, &self.question.get_untracked())
    }
}

/// A question without its model and format.
pub fn question_of(scenario: &Scenario) -> Scenario {
    scenario.clone().with(|s| {
        s.model = Default::default();
        s.precision = Default::default();
        s.serving.engine = None;
    })
}

/// A model at its best under a question.
///
/// # Errors
/// Why it cannot be weighed, in words.
pub fn weigh(model: &Weighable, question: &Scenario) -> Result<ModelRow, String> {
    let source = model.source.clone();
    let scenario = question.clone().with(|s| s.model.source = source);
    let runs = RunsHere::of(&model.blueprint, &scenario).map_err(|error| error.to_string())?;
    Ok(ModelRow::of(&model.id, &model.name, catalogue::find(&model.id), &runs))
}

/// A built-in model.
pub fn of_entry(entry: &Entry) -> Option<Weighable> {
    Some(Weighable {
        id: entry.id.clone(),
        name: entry.name.clone(),
        source: ModelSource::Id(entry.id.clone()),
        blueprint: blueprint(entry)?.clone(),
    })
}

/// Every built-in model.
fn built_in() -> Vec<Weighable> {
    catalogue::entries().iter().filter_map(of_entry).collect()
}

fn now() -> f64 {
    window().performance().map_or(0.0, |clock| clock.now())
}
