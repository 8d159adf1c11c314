//! What is looked at: the view, the part, the measure, the pass. The address carries it.

use std::collections::BTreeSet;
use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::analysis::anatomy::Anatomy;
use weighbridge::analysis::time::Pass;
use weighbridge::analysis::{Setup, host_share};
use weighbridge::chart::architecture::{Show, opened, usually_open};
use weighbridge::model::Blueprint;
use weighbridge::model::flow::PartId;

use crate::app::case::{Answer, Case};

/// Views of a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumIter, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum View {
    /// The drawing.
    #[default]
    Diagram,
    /// All parts as a list that can be searched.
    Parts,
    /// Where parameters and bytes are.
    Spread,
    /// A token on its way.
    Walk,
    /// Another shape of the same model.
    Surgery,
    /// Beside the model of another case.
    Beside,
    /// Every tensor, headers of files.
    Tensors,
}

impl View {
    /// Its name on the page.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Diagram => "Diagram",
            Self::Parts => "Parts",
            Self::Spread => "Where it goes",
            Self::Walk => "Follow a token",
            Self::Surgery => "What if",
            Self::Beside => "Two models",
            Self::Tensors => "Tensors",
        }
    }
}

/// The model in hand with the figures of its parts.
#[derive(Clone, Debug)]
pub struct Shown {
    /// What is asked.
    pub answer: Answer,
    /// Figures of the parts.
    pub anatomy: Arc<Anatomy>,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.anatomy, &other.anatomy)
    }
}

impl Shown {
    /// The model.
    pub fn blueprint(&self) -> &Arc<Blueprint> {
        &self.answer.blueprint
    }
    /// The scenario, resolved.
    pub fn setup(&self) -> &Arc<Setup> {
        &self.answer.analysis.setup
    }
}

/// All of it. Cheap to copy; components take it from context.
#[derive(Clone, Copy)]
pub struct Looking {
    /// The case.
    pub case: Case,
    /// Which view is open.
    pub view: Memo<View>,
    /// The part that is chosen.
    pub part: Memo<PartId>,
    /// What sizes are told in.
    pub show: Memo<Show>,
    /// The model in hand.
    pub shown: Memo<Option<Shown>>,
    /// What is open in the drawing, where it was opened or closed by hand.
    pub open: RwSignal<Option<BTreeSet<PartId>>>,
}

/// The value of a key in what the address has.
fn value<'a>(explored: &'a str, key: &str) -> Option<&'a str> {
    explored
        .split('&')
        .find_map(|pair| pair.strip_prefix("at-")?.strip_prefix(key)?.strip_prefix('='))
}

impl Looking {
    /// Reads the address of the page.
    pub fn new(case: Case) -> Self {
        let explored = case.page.explored;
        let view = Memo::new(move |_| {
            explored.with(|text| {
                value(text, "view")
                    .and_then(|word| word.parse().ok())
                    .unwrap_or_default()
            })
        });
        let show = Memo::new(move |_| {
            explored.with(|text| {
                value(text, "show")
                    .and_then(|word| word.parse().ok())
                    .unwrap_or_default()
            })
        });
        let pass = Memo::new(move |_| {
            explored.with(|text| match value(text, "pass")? {
                "prefill" => Some(Pass::Prefill),
                "decode" => Some(Pass::Decode),
                _ => None,
            })
        });
        let shown = Memo::new(move |_| {
            let answer = case.shown.get()?;
            let setup = &answer.analysis.setup;
            let usual = Anatomy::usual_pass(setup.scenario.workload.mode);
            let pass = pass.get().or(usual).unwrap_or(Pass::Decode);
            let anatomy = Anatomy::of(setup, &host_share(setup), pass);
            Some(Shown {
                answer,
                anatomy: Arc::new(anatomy),
            })
        });
        let part = Memo::new(move |_| {
            let named = explored.with(|text| value(text, "part").and_then(|word| word.parse::<PartId>().ok()));
            // A part that this model does not have is the whole model.
            named
                .filter(|part| shown.with(|shown| shown.as_ref().is_none_or(|shown| part.exists(shown.blueprint()))))
                .unwrap_or(PartId::Model)
        });
        Self {
            case,
            view,
            part,
            show,
            shown,
            open: RwSignal::new(None),
        }
    }
    /// From context.
    pub fn here() -> Self {
        expect_context()
    }
    fn write(self, key: &str, text: Option<String>) {
        self.case.page.explored.update(|explored| {
            let begin = format!("at-{key}=");
            let mut pairs: Vec<String> = explored
                .split('&')
                .filter(|pair| !pair.is_empty() && !pair.starts_with(&begin))
                .map(str::to_owned)
                .collect();
            pairs.extend(text.map(|text| format!("{begin}{text}")));
            *explored = pairs.join("&");
        });
    }
    /// Goes to a view.
    pub fn see(self, view: View) {
        self.write("view", (view != View::default()).then(|| view.to_string()));
    }
    /// Chooses a part.
    pub fn choose(self, part: PartId) {
        self.write("part", (part != PartId::Model).then(|| part.to_string()));
    }
    /// Chooses what sizes are told in.
    pub fn measure(self, show: Show) {
        self.write("show", (show != Show::default()).then(|| show.to_string()));
    }
    /// Chooses a pass.
    pub fn look_at(self, pass: Pass) {
        self.write("pass", Some(pass.word().to_owned()));
    }
    /// What is open in the drawing: by hand, else what usually is and the way to the chosen part.
    pub fn opened(self) -> BTreeSet<PartId> {
        let (by_hand, part) = (self.open.get(), self.part.get());
        self.shown.with(|shown| {
            let Some(shown) = shown else { return BTreeSet::new() };
            let blueprint = shown.blueprint();
            let mut open = by_hand.unwrap_or_else(|| usually_open(blueprint, &shown.anatomy));
            open.extend(
                opened(blueprint, part)
                    .into_iter()
                    .filter(|one| *one != part || matches!(part, PartId::Piece(..))),
            );
            open
        })
    }
    /// Opens or closes a part in the drawing, with what is in it.
    pub fn toggle(self, part: PartId) {
        let mut open = untrack(|| self.opened());
        if open.contains(&part) {
            open.retain(|one| !one.is_in(part));
            // Nothing in what is closed stays chosen.
            if self.part.get_untracked().is_in(part) {
                self.choose(part);
            }
        } else {
            let more = self
                .shown
                .with_untracked(|shown| shown.as_ref().map(|shown| opened(shown.blueprint(), part)));
            open.extend(more.unwrap_or_default());
        }
        self.open.set(Some(open));
    }
}
