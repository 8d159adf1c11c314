//! What the page knows: the scenario, the model in hand, and what follows from both.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsCast;
use weighbridge::analysis::{Analysis, AnalysisError, Figure, Setup, analyse_setup};
use weighbridge::export::ModelFacts;
use weighbridge::hub::HubError;
use weighbridge::model::headers::compare::Comparison;
use weighbridge::model::{Blueprint, ModelError, catalogue};
use weighbridge::scenario::{KnobId, LinkError, ModelSource, Scenario, from_query, link_without_config};
use weighbridge::units::UnitSystem;

use super::settings::{self, Settings};
use super::source::{Checkpoint, FROM_GGUF, Outline, Run};
use super::toasts::Toast;

/// A model in hand.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// Id and source, for people and exports.
    pub facts: ModelFacts,
    /// Name for people: the catalogue's, else the last part of the id.
    pub name: String,
    /// Its config as it came, before edits.
    pub config: Arc<Value>,
    /// Commit it was read at, if the Hub told.
    pub commit: Option<String>,
    /// What a scenario calls it: where this differs from the scenario's, another model is wanted.
    pub asked: ModelSource,
    /// What the headers of its weight files say, once they were read.
    pub headers: Option<Arc<Checkpoint>>,
}

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

/// Tabs of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumIter)]
pub enum Tab {
    /// Memory by component and over context.
    #[default]
    Memory,
    /// Operations, bytes, intensity.
    Compute,
    /// Rates and times with their intervals.
    Speed,
    /// Every device in every format.
    Fit,
    /// The blueprint.
    Architecture,
}

/// What a device is chosen for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choosing {
    /// To carry the model.
    Device,
    /// To be set beside the one that does.
    Beside,
}

/// A dialog of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialog {
    /// Choose a model.
    Picker,
    /// Choose a device.
    Devices(Choosing),
    /// How the figures are calculated, with the user's own.
    Worked,
    /// Edit the architecture.
    Editor,
    /// Hub, token, units, colours.
    Settings,
    /// Keys and help.
    Keys,
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

/// Everything the page knows. Cheap to copy; components take it from context.
#[derive(Clone, Copy)]
pub struct State {
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
    /// The blueprint of the model in hand with the user's edits.
    pub blueprint: Memo<Result<Arc<Blueprint>, NoAnswer>>,
    /// The blueprint against the headers of its files, where they were read.
    pub comparison: Memo<Option<Arc<Comparison>>>,
    /// What weight files hold that belong to no model in hand.
    pub outline: RwSignal<Option<Outline>>,
    /// The answer to the scenario as it stands.
    pub answer: Memo<Result<Answer, NoAnswer>>,
    /// The last good answer: what stays on the page while something is wrong.
    pub shown: RwSignal<Option<Answer>>,
    /// GiB or GB, for the whole page.
    pub units: RwSignal<UnitSystem>,
    /// The open explanation.
    pub opened: RwSignal<Option<Opened>>,
    /// The open tab.
    pub tab: RwSignal<Tab>,
    /// The open dialog.
    pub dialog: RwSignal<Option<Dialog>>,
    /// Short notes that come and go.
    pub toasts: RwSignal<Vec<Toast>>,
    /// Endpoint, token, colour scheme.
    pub settings: Settings,
    /// Keys of the knobs whose field holds a value they refuse.
    pub refused: RwSignal<BTreeSet<KnobId>>,
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.analysis, &other.analysis)
    }
}

impl State {
    /// Reads the address bar (empty: the worked example) and takes a catalogue model at once.
    pub fn new() -> Self {
        let query = window().location().search().unwrap_or_default();
        let (scenario, errors) = if query.trim_start_matches('?').is_empty() {
            (Scenario::example(), Vec::new())
        } else {
            from_query(&query)
        };
        let problem = RwSignal::new((!errors.is_empty()).then_some(Problem::Link(errors)));
        let model = RwSignal::new(at_hand(&scenario.model.source));
        let scenario = RwSignal::new(scenario);
        let edits = Memo::new(move |_| scenario.with(|scenario| scenario.model.edits.clone()));
        let comparison = Memo::new(move |_| {
            let edits = edits.get();
            model.with(|model| {
                let loaded = model.as_ref()?;
                let found = loaded.headers.as_ref()?;
                let mut config = Value::clone(&loaded.config);
                weighbridge::scenario::apply_edits(&mut config, &edits);
                let blueprint = Blueprint::from_value(config).ok()?;
                let own = loaded.facts.source == FROM_GGUF;
                Some(Arc::new(found.compare(&blueprint, own)))
            })
        });
        let blueprint = Memo::new(move |_| {
            let edits = edits.get();
            let comparison = comparison.get();
            model.with(|model| {
                let loaded = model.as_ref().ok_or(NoAnswer::NoModel)?;
                let mut config = Value::clone(&loaded.config);
                weighbridge::scenario::apply_edits(&mut config, &edits);
                let mut blueprint = Blueprint::from_value(config).map_err(NoAnswer::Model)?;
                if let (Some(comparison), Some(found)) = (comparison, &loaded.headers) {
                    found.adopt(&mut blueprint, &comparison);
                }
                Ok(Arc::new(blueprint))
            })
        });
        let answer = Memo::new(move |before: Option<&Result<Answer, NoAnswer>>| {
            let blueprint = blueprint.get()?;
            // What the last answer resolved is taken over where it still holds.
            let known = before
                .and_then(|before| before.as_ref().ok())
                .map(|answer| &answer.analysis.setup)
                .filter(|known| Arc::ptr_eq(&known.blueprint, &blueprint));
            scenario.with(|scenario| {
                let setup = match known {
                    Some(known) => known.under(scenario.clone()),
                    None => Setup::new(&blueprint, scenario),
                };
                let analysis = setup.and_then(analyse_setup).map_err(NoAnswer::Analysis)?;
                Ok(Answer {
                    scenario: Arc::new(scenario.clone()),
                    blueprint: blueprint.clone(),
                    analysis: Arc::new(analysis),
                })
            })
        });
        // Answered at once: the first paint already shows it.
        let shown = RwSignal::new(answer.get_untracked().ok());
        Effect::new(move |_| {
            if let Ok(answer) = answer.get() {
                shown.set(Some(answer));
            }
        });
        Self {
            scenario,
            model,
            run: StoredValue::new_local(Run::default()),
            loading: RwSignal::new(None),
            problem,
            blueprint,
            comparison,
            outline: RwSignal::new(None),
            answer,
            shown,
            units: RwSignal::new(settings::units()),
            opened: RwSignal::new(None),
            tab: RwSignal::new(Tab::default()),
            dialog: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            settings: Settings::load(),
            refused: RwSignal::new(BTreeSet::new()),
        }
    }
    /// The state from context.
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

/// A model that needs no network: from the catalogue, or carried by the link itself.
pub fn at_hand(source: &ModelSource) -> Option<Loaded> {
    match source {
        ModelSource::Id(id) => catalogue::find(id).map(|entry| Loaded {
            facts: ModelFacts {
                id: entry.id.clone(),
                source: "catalogue".to_owned(),
            },
            name: entry.name.clone(),
            config: Arc::new(entry.config.clone()),
            commit: None,
            asked: source.clone(),
            headers: None,
        }),
        ModelSource::Config(config) => Some(Loaded {
            facts: ModelFacts {
                id: "config.json".to_owned(),
                source: "config.json".to_owned(),
            },
            name: "Your config.json".to_owned(),
            config: Arc::new(Value::clone(config)),
            commit: None,
            asked: source.clone(),
            headers: None,
        }),
    }
}
