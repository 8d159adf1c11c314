//! The parts. Each is one function that gives a table; all that only the table reaches is in the part's file.

use leptos::prelude::*;
use weighbridge::units::UnitSystem;

use crate::app::case::{Answer, Case};
use crate::app::page::Dialog;
use crate::app::state::State;
use crate::app::ways::Ways;
use crate::app::{
    architecture, charts as charts_of, checks as checks_of, compare as compare_of, compute_table,
    dialogs as dialogs_of, drop, explanation, finder as finder_of, fit, hardware, header_check, history as history_of,
    model_card, models as models_of, omnibox, palette as palette_of, problem, source, speed, training as training_of,
    ways,
};

/// A view, as a function of the context.
pub type View = fn() -> AnyView;

/// Charts of the first tab.
#[derive(Debug)]
pub struct Charts {
    /// Memory over context.
    pub context: View,
    /// Memory of other formats.
    pub memory: View,
}

/// What gets a model into the page.
#[derive(Debug)]
pub struct Reader {
    /// [`source::follow`].
    pub follow: fn(Case),
    /// [`source::load`].
    pub load: fn(Case, &str),
    /// [`source::check`].
    pub check: fn(Case),
    /// [`source::cancel`].
    pub cancel: fn(Case),
    /// The search.
    pub omnibox: View,
    /// The formats in a model's repository.
    pub files: View,
    /// What the headers say.
    pub headers: View,
    /// What went wrong.
    pub problem: View,
    /// What weight files hold by themselves.
    pub outline: View,
    /// The window as a place to drop files on.
    pub drop: View,
}

/// Tabs but the first.
#[derive(Debug)]
pub struct Tabs {
    /// "Compute".
    pub compute: View,
    /// "Speed".
    pub speed: View,
    /// "Hardware fit".
    pub fit: View,
    /// Devices side by side.
    pub beside: View,
    /// What would make it fit.
    pub ways: View,
    /// Finds the ways of an answer.
    pub find_ways: fn(&Answer, UnitSystem) -> Ways,
}

/// Cases side by side.
#[derive(Debug)]
pub struct Compare {
    /// The whole place.
    pub place: View,
}

/// Past calculations.
#[derive(Debug)]
pub struct History {
    /// Keeps what rests.
    pub follow: fn(State),
    /// The whole place.
    pub place: View,
    /// Looks into files that were dropped there.
    pub read_files: fn(Vec<web_sys::File>),
}

/// Dialogs.
#[derive(Debug)]
pub struct Dialogs {
    /// Any of them.
    pub open: fn(Dialog) -> AnyView,
    /// The explanation of a number.
    pub explanation: View,
    /// Remembers changes, prints the report, tells what is new, keeps the focus in the page.
    pub follow: fn(State),
}

/// The estimate beside what others say.
#[derive(Debug)]
pub struct Checks {
    /// Rules of other calculators.
    pub calculators: View,
    /// A log of an engine.
    pub log: View,
}

/// Models on a device, models of the Hub.
#[derive(Debug)]
pub struct Models {
    /// What runs on a device.
    pub place: View,
    /// The search of the Hub.
    pub search: View,
}

/// The architecture of a model.
#[derive(Debug)]
pub struct Explorer {
    /// The whole tab.
    pub tab: View,
}

static EXPLORER: Explorer = Explorer {
    tab: || view! { <architecture::Architecture/> }.into_any(),
};

/// Training runs.
#[derive(Debug)]
pub struct Training {
    /// The card of the panel.
    pub card: View,
    /// How devices share the model.
    pub layout: View,
    /// "Plan".
    pub plan: View,
    /// Memory of a rank over the step.
    pub memory: View,
    /// "Time".
    pub time: View,
    /// "Loss".
    pub loss: View,
    /// "RL".
    pub rl: View,
}

static TRAINING: Training = Training {
    card: || view! { <training_of::TrainingCard/> }.into_any(),
    layout: || view! { <training_of::LayoutKnobs/> }.into_any(),
    plan: || view! { <training_of::PlanTab/> }.into_any(),
    memory: || view! { <training_of::MemoryTab/> }.into_any(),
    time: || view! { <training_of::TimeTab/> }.into_any(),
    loss: || view! { <training_of::LossTab/> }.into_any(),
    rl: || view! { <training_of::RlTab/> }.into_any(),
};

static MODELS: Models = Models {
    place: || view! { <models_of::Models/> }.into_any(),
    search: || view! { <finder_of::Finder/> }.into_any(),
};

static CHARTS: Charts = Charts {
    context: || view! { <charts_of::ContextChart/> }.into_any(),
    memory: || view! { <charts_of::MemoryChart/> }.into_any(),
};

static READER: Reader = Reader {
    follow: source::follow,
    load: source::load,
    check: source::check,
    cancel: source::cancel,
    omnibox: || view! { <omnibox::Omnibox/> }.into_any(),
    files: || view! { <model_card::FilesLine/> }.into_any(),
    headers: || view! { <header_check::HeaderLine/> }.into_any(),
    problem: || view! { <problem::ProblemCallout/> }.into_any(),
    outline: || view! { <header_check::OutlineCallout/> }.into_any(),
    drop: || view! { <drop::DropTarget/> }.into_any(),
};

static TABS: Tabs = Tabs {
    compute: || {
        view! {
            <compute_table::ComputeTable/>
            <section class="card wide" aria-labelledby="operators-title"><h2 id="operators-title">"Where operations and time go"</h2><charts_of::OperatorCharts/></section>
            <section class="card wide" aria-labelledby="intensity-title"><h2 id="intensity-title">"Intensity"</h2><charts_of::IntensityGauge/></section>
        }
        .into_any()
    },
    speed: || view! { <speed::SpeedTab/> }.into_any(),
    fit: || view! { <fit::Answers/><fit::FitMatrix/><fit::LaunchCard/> }.into_any(),
    beside: || view! { <hardware::Beside/> }.into_any(),
    ways: || view! { <ways::WayCards/> }.into_any(),
    find_ways: ways::find,
};

static COMPARE: Compare = Compare {
    place: || view! { <compare_of::Compare/> }.into_any(),
};

static HISTORY: History = History {
    follow: history_of::follow,
    place: || view! { <history_of::HistoryPlace/> }.into_any(),
    read_files: history_of::read_files,
};

static DIALOGS: Dialogs = Dialogs {
    open: dialogs_of::open,
    explanation: || view! { <explanation::ExplanationPopover/> }.into_any(),
    follow: palette_of::follow,
};

static CHECKS: Checks = Checks {
    calculators: || view! { <checks_of::Calculators/> }.into_any(),
    log: || view! { <checks_of::LogCheck/> }.into_any(),
};

#[cfg(split)]
pub use leptos::wasm_split::SplitLoaderError as DidNotCome;

/// A part did not come.
#[cfg(not(split))]
#[derive(Clone, Copy, Debug)]
pub struct DidNotCome;

/// Marks a function as a part of its own. The names of files follow the names of the functions.
macro_rules! part {
    ($name:ident -> $table:ty, $given:expr) => {
        #[cfg(split)]
        #[leptos::wasm_split::wasm_split($name, wasm_split_path = leptos::wasm_split, fallible)]
        pub fn $name() -> Result<$table, DidNotCome> {
            Ok($given)
        }
        #[cfg(not(split))]
        pub async fn $name() -> Result<$table, DidNotCome> {
            Ok($given)
        }
    };
}

/// What comes with the reader, in one file.
pub type Known = &'static Reader;
/// What comes with the tabs, in one file.
pub type Views = (&'static Tabs, &'static Dialogs, &'static Checks, &'static Explorer);
/// Places of full width, in one file.
pub type Places = (&'static Compare, &'static Models, &'static History);

// Few files: what two of them share is a file of its own again, and those multiply.
part!(charts -> &'static Charts, &CHARTS);
part!(reader -> Known, {
    weighbridge::model::library::arrive();
    &READER
});
part!(views -> Views, (&TABS, &DIALOGS, &CHECKS, &EXPLORER));
part!(places -> Places, (&COMPARE, &MODELS, &HISTORY));
part!(training -> &'static Training, {
    weighbridge::analysis::training::arrive();
    weighbridge::report::run::arrive();
    &TRAINING
});
