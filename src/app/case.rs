//! A question and all that belongs to it: the scenario, the model in hand, and what follows from both.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsCast;
use weighbridge::analysis::{Analysis, AnalysisError, Figure, Setup, analyse_setup};
use weighbridge::hub::HubError;
use weighbridge::model::headers::compare::Comparison;
use weighbridge::model::{Blueprint, ModelError};
use weighbridge::scenario::{KnobId, LinkError, Scenario, apply_changes, link_without_config};

use super::changed::Changed;
use super::loaded::{Loaded, at_hand};
use super::page::Page;
use super::parts;
use super::source::{FROM_GGUF, Outline, Run};

/// A model on its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Loading {
    /// What was asked for.
    pub what: String,
    /// Whether headers of weight files are read, not a config.
    pub headers: bool,
    /// Bytes (of headers: files) read so far and in all, as far as they are known.
    pub read: Option<(u64, Option<u64>)>,
}

/// Why the last request for a model failed; the model in hand stays.
#[derive(Clone, Debug)]
pub enum Problem {
    /// The Hub or the way to it.
    Hub(Box<HubError>),
    /// What was typed is no address of a model.
    Address(String),
    /// A config that cannot be read.
    Model(ModelError),
    /// A config of the Hub that is not understood; the headers of its files still can be read.
    Unread {
        /// Why.
        error: ModelError,
        /// The config.
        config: Arc<Value>,
    },
    /// A link that could not be read whole.
    Link(Vec<LinkError>),
    /// Anything the browser reported, in plain words.
    Browser(String),
}

/// An explanation that is open: which number, the way into its parts, and where on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Opened {
    /// The number.
    pub figure: Figure,
    /// Parts opened one after the other.
    pub path: Vec<usize>,
    /// Where it was clicked, in CSS pixels of the window.
    pub at: (f64, f64),
}

/// An answer: the model with edits, and what follows.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The scenario it is the answer to.
    pub scenario: Arc<Scenario>,
    /// The model.
    pub blueprint: Arc<Blueprint>,
    /// What follows.
    pub analysis: Arc<Analysis>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No model in hand yet.
    NoModel,
    /// The config, or an edit of it.
    Model(ModelError),
    /// The workload.
    Analysis(AnalysisError),
}

/// Whether an answer waits for the planner, which is on its way.
pub const fn is_coming(error: &AnalysisError) -> bool {
    matches!(error, AnalysisError::Model(ModelError::StillLoading))
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.analysis, &other.analysis)
    }
}

/// Which case it is, for as long as the page lives.
pub type CaseId = u64;

/// One question with its model and its answer. Cheap to copy; components take it from context.
#[derive(Clone, Copy)]
pub struct Case {
    /// Which it is.
    pub id: CaseId,
    /// The page it stands on.
    pub page: Page,
    /// What the user chose. The address bar follows it.
    pub scenario: RwSignal<Scenario>,
    /// The model in hand.
    pub model: RwSignal<Option<Loaded>>,
    /// What loads it, and what was asked for last.
    pub run: StoredValue<Run, LocalStorage>,
    /// The model on its way.
    pub loading: RwSignal<Option<Loading>>,
    /// Why the last request failed.
    pub problem: RwSignal<Option<Problem>>,
    /// What weight files hold that belong to no model in hand.
    pub outline: RwSignal<Option<Outline>>,
    /// The blueprint of the model in hand with the user's edits.
    pub blueprint: Memo<Result<Arc<Blueprint>, NoAnswer>>,
    /// The blueprint against the headers of its files, where they were read.
    pub comparison: Memo<Option<Arc<Comparison>>>,
    /// The question with all that is resolved before it is answered.
    pub setup: Memo<Result<Setup, NoAnswer>>,
    /// The answer to the scenario as it stands.
    pub answer: Memo<Result<Answer, NoAnswer>>,
    /// The last good answer: what stays on the page while something is wrong.
    pub shown: Memo<Option<Answer>>,
    /// The open explanation.
    pub opened: RwSignal<Option<Opened>>,
    /// What a button changed last.
    pub changed: RwSignal<Option<Changed>>,
    /// Knobs whose field holds a value they refuse.
    pub refused: RwSignal<BTreeSet<KnobId>>,
    /// The request that the page made shorter by itself for the model in hand.
    pub shortened: StoredValue<Option<(u64, Option<u64>)>>,
    /// How many buttons changed several knobs at once: each is a step that Back takes back.
    pub deeds: RwSignal<u32>,
}

impl Case {
    /// A case of its own. Without a model in hand, one of the catalogue is taken at once.
    pub fn new(page: Page, id: CaseId, scenario: Scenario, model: Option<Loaded>) -> Self {
        let model = RwSignal::new(model.or_else(|| at_hand(&scenario.model.source)));
        let scenario = RwSignal::new(scenario);
        let changes = Memo::new(move |_| scenario.with(|scenario| (scenario.model.edits.clone(), scenario.task())));
        // Read once; what the files say is compared with it, and what they know better is taken over.
        let described = Memo::new(move |_| {
            changes.track();
            model.with(|model| {
                let loaded = model.as_ref().ok_or(NoAnswer::NoModel)?;
                let mut config = Value::clone(&loaded.config);
                scenario.with_untracked(|scenario| apply_changes(&mut config, scenario));
                let blueprint = Blueprint::from_value(config);
                if blueprint == Err(ModelError::StillLoading) {
                    parts::arrival(parts::Part::Library).track();
                }
                blueprint.map(Arc::new).map_err(NoAnswer::Model)
            })
        });
        let comparison = Memo::new(move |_| {
            let blueprint = described.get().ok()?;
            // A class for another task than the file's has another head.
            if changes.with(|(_, task)| task.is_some()) {
                return None;
            }
            model.with(|model| {
                let loaded = model.as_ref()?;
                let own = loaded.facts.source == FROM_GGUF;
                let found = loaded.headers.as_ref()?;
                Some(Arc::new(found.compare(&blueprint, own)))
            })
        });
        let blueprint = Memo::new(move |_| {
            let described = described.get()?;
            let Some(comparison) = comparison.get() else {
                return Ok(described);
            };
            model.with(|model| {
                let Some(found) = model.as_ref().and_then(|loaded| loaded.headers.as_ref()) else {
                    return Ok(described.clone());
                };
                let mut blueprint = Blueprint::clone(&described);
                found.adopt(&mut blueprint, &comparison);
                Ok(Arc::new(blueprint))
            })
        });
        // A step of its own, so that the first answer is worked out in two tasks.
        let setup = Memo::new_with_compare(
            move |before: Option<&Result<Setup, NoAnswer>>| {
                let blueprint = blueprint.get()?;
                // What was resolved last is taken over where it still holds.
                let known = before.and_then(|before| before.as_ref().ok());
                let known = known.filter(|known| Arc::ptr_eq(&known.blueprint, &blueprint));
                let setup = scenario.with(|scenario| match known {
                    Some(known) => known.under(scenario.clone()),
                    None => Setup::new(&blueprint, scenario),
                });
                setup.map_err(NoAnswer::Analysis)
            },
            |_, _| true,
        );
        let answer = Memo::new(move |_| {
            let analysis = setup
                .get()
                .and_then(|setup| analyse_setup(setup).map_err(NoAnswer::Analysis));
            if matches!(&analysis, Err(NoAnswer::Analysis(error)) if is_coming(error)) {
                // Asked for once: what did not come is tried again by hand.
                if parts::arrival(parts::Part::Training).get() == parts::Arrival::Away {
                    parts::want(parts::Part::Training);
                }
            }
            let analysis = analysis?;
            Ok(Answer {
                scenario: Arc::new(scenario.get()),
                blueprint: analysis.setup.blueprint.clone(),
                analysis: Arc::new(analysis),
            })
        });
        let shown =
            Memo::new(move |before: Option<&Option<Answer>>| answer.get().ok().or_else(|| before.cloned().flatten()));
        Self {
            id,
            page,
            scenario,
            model,
            run: StoredValue::new_local(Run::default()),
            loading: RwSignal::new(None),
            problem: RwSignal::new(None),
            outline: RwSignal::new(None),
            blueprint,
            comparison,
            setup,
            answer,
            shown,
            opened: RwSignal::new(None),
            changed: RwSignal::new(None),
            shortened: StoredValue::new(None),
            refused: RwSignal::new(BTreeSet::new()),
            deeds: RwSignal::new(0),
        }
    }
    /// Whether it trains.
    pub fn trains(&self) -> Memo<bool> {
        let scenario = self.scenario;
        Memo::new(move |_| scenario.with(|scenario| scenario.workload.mode.trains()))
    }
    /// The name of its model, for people.
    pub fn model_name(&self) -> Option<String> {
        self.model.with(|model| model.as_ref().map(|model| model.name.clone()))
    }
    /// The same for a sentence, where there may be none.
    pub fn model_name_untracked(&self) -> String {
        let name = self
            .model
            .with_untracked(|model| model.as_ref().map(|model| model.name.clone()));
        name.unwrap_or_else(|| "This question".to_owned())
    }
    /// The case from context.
    pub fn here() -> Self {
        expect_context()
    }
    /// Opens the explanation of a number where it was clicked.
    pub fn open(&self, figure: Figure, event: &web_sys::MouseEvent) {
        let mut at = (f64::from(event.client_x()), f64::from(event.client_y()));
        // A key press has no place: the button's own is taken.
        if at == (0.0, 0.0)
            && let Some(element) = event
                .current_target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        {
            let frame = element.get_bounding_client_rect();
            at = (frame.left(), frame.bottom());
        }
        self.opened.set(Some(Opened {
            figure,
            path: Vec::new(),
            at,
        }));
    }
    /// The link of the scenario, without the question mark; empty for the worked example. A config that no link carries is
    /// left out: that was said when it was loaded.
    pub fn query(&self) -> String {
        self.scenario.with(|scenario| {
            if *scenario == Scenario::example() {
                String::new()
            } else {
                link_without_config(scenario)
            }
        })
    }
}
