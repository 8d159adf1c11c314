//! What of the page comes after its first answer, in files of their own: when it is asked for, or when the browser is idle.
//!
//! A part is a table of functions ([`tables`]); whatever only they reach lies in the part's file. The first load knows a part
//! by its name alone: a view of it is a [`Later`], a deed of it waits in [`then`]. A part that does not come says so, and can
//! be asked for again. Builds that are not published (`cfg(not(split))`) have all of it in one file.

mod idle;
mod lost;
mod omnibox;
pub mod reader;
pub mod sheet;
mod tables;
mod view;

use std::cell::{OnceCell, RefCell};

use leptos::prelude::*;
use leptos::task::spawn_local;
use strum::{EnumCount, IntoEnumIterator};

use super::slices::breath;
use super::state::State;

pub use idle::fetch_when_idle;
pub use lost::LostLine;
pub use omnibox::{OmniboxSoon, focus_search};
pub use tables::{Charts, Checks, Compare, Dialogs, Explorer, History, Models, Reader, Tabs, Training, View};
pub use view::{ExplanationSoon, Later, Quietly, Waiting};

/// A part of the program, in the order in which idle time fetches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumCount, strum::EnumIter)]
pub enum Part {
    /// Charts.
    Charts,
    /// What the engine knows of other models than the worked example's: its [library](weighbridge::model::library).
    Library,
    /// Search, files, the Hub, headers of weight files.
    Reader,
    /// Tabs but the first, and ways to make it fit.
    Tabs,
    /// Dialogs and explanations.
    Dialogs,
    /// Rules of other calculators, logs of engines.
    Checks,
    /// Cases side by side.
    Compare,
    /// Models on a device, models of the Hub.
    Models,
    /// Past calculations.
    History,
    /// The architecture of a model.
    Explorer,
    /// The [planner](weighbridge::analysis::training) of training runs, its card and its tabs.
    Training,
}

/// How far a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Not asked for.
    Away,
    /// On its way.
    Coming,
    /// There.
    Here,
    /// It did not come.
    Lost,
}

impl Part {
    /// What is missing without it, as the beginning of a sentence.
    const fn words(self) -> &'static str {
        match self {
            Self::Charts => "The charts",
            Self::Library => "What this page knows of other models",
            Self::Reader => "The search for models and the reading of files",
            Self::Tabs | Self::Dialogs | Self::Checks | Self::Compare | Self::Models => "This view",
            Self::Explorer => "The explorer of the architecture",
            Self::History => "The list of past calculations",
            Self::Training => "The planner of training runs",
        }
    }
    /// Whether it, or what must be there before it, was asked for and did not come.
    fn is_lost(self) -> bool {
        let lost = |part| arrival(part).get_untracked() == Arrival::Lost;
        lost(self) || self.file().needs().is_some_and(lost)
    }
    /// The file it comes in, with all others of that file.
    const fn file(self) -> File {
        match self {
            Self::Charts => File::Charts,
            Self::Library | Self::Reader => File::Reader,
            Self::Tabs | Self::Dialogs | Self::Checks | Self::Explorer => File::Views,
            Self::Compare | Self::Models | Self::History => File::Places,
            Self::Training => File::Training,
        }
    }
}

/// A file of parts that are needed together, or soon after one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Charts,
    Reader,
    Views,
    Places,
    Training,
}

impl File {
    /// What must be there before it.
    const fn needs(self) -> Option<Part> {
        match self {
            Self::Charts | Self::Reader | Self::Training => None,
            Self::Views | Self::Places => Some(Part::Reader),
        }
    }
    fn parts(self) -> impl Iterator<Item = Part> {
        Part::iter().filter(move |part| part.file() == self)
    }
}

/// A deed that waits for its part.
type Deed = Box<dyn FnOnce()>;

thread_local! {
    static ARRIVALS: [ArcRwSignal<Arrival>; Part::COUNT] = std::array::from_fn(|_| ArcRwSignal::new(Arrival::Away));
    static WAITING: RefCell<Vec<(Part, Deed)>> = RefCell::default();
}

/// Where the table of a part is kept once it came, and the way to it.
macro_rules! kept {
    ($($(#[$about:meta])* $place:ident $get:ident $table:ident;)*) => {
        thread_local! {
            $(static $place: OnceCell<&'static $table> = const { OnceCell::new() };)*
        }
        $(
            $(#[$about])*
            pub fn $get() -> Option<&'static $table> {
                $place.with(|cell| cell.get().copied())
            }
        )*
    };
}

kept! {
    /// The charts, once they are there.
    CHARTS charts Charts;
    /// The reader, once it is there.
    READER reader_part Reader;
    /// The tabs, once they are there.
    TABS tabs Tabs;
    /// The dialogs, once they are there.
    DIALOGS dialogs Dialogs;
    /// The checks, once they are there.
    CHECKS checks Checks;
    /// The comparison, once it is there.
    COMPARE compare Compare;
    /// Past calculations, once they are there.
    HISTORY history_part History;
    /// Models on a device, once they are there.
    MODELS models Models;
    /// The explorer, once it is there.
    EXPLORER explorer Explorer;
    /// Training runs, once they are there.
    TRAINING training Training;
}

/// How far a part is.
pub fn arrival(part: Part) -> ArcRwSignal<Arrival> {
    let at = Part::iter().position(|one| one == part).unwrap_or_default();
    ARRIVALS
        .with(|all| all.get(at).cloned())
        .unwrap_or_else(|| ArcRwSignal::new(Arrival::Away))
}

/// Keeps questions that rest, as soon as the part is there.
pub fn keep_history(state: State) {
    put_off(Part::History, move || {
        if let Some(history) = history_part() {
            (history.follow)(state);
        }
    });
}

/// Remembers what is changed, as soon as the part is there.
pub fn keep_deeds(state: State) {
    put_off(Part::Dialogs, move || {
        if let Some(dialogs) = dialogs() {
            (dialogs.follow)(state);
        }
    });
}

/// Asks for a part, if it is neither there nor on its way.
pub fn want(part: Part) {
    if matches!(arrival(part).get_untracked(), Arrival::Away | Arrival::Lost) {
        spawn_local(async move {
            // To ask for a dozen files takes a while.
            breath().await;
            if matches!(arrival(part).get_untracked(), Arrival::Away | Arrival::Lost) {
                bring(part).await;
            }
        });
    }
}

/// Does something with a part: at once, or when it comes. What waits for a lost part is done when another try brings it.
pub fn then(part: Part, deed: impl FnOnce() + 'static) {
    if arrival(part).get_untracked() == Arrival::Here {
        return deed();
    }
    put_off(part, deed);
    want(part);
}

/// The same, but nobody waits for it: the part comes when the browser is idle.
pub fn put_off(part: Part, deed: impl FnOnce() + 'static) {
    if arrival(part).get_untracked() == Arrival::Here {
        return deed();
    }
    let owner = Owner::current();
    let deed: Deed = match owner {
        Some(owner) => Box::new(move || owner.with(deed)),
        None => Box::new(deed),
    };
    WAITING.with_borrow_mut(|all| all.push((part, deed)));
}

/// Fetches the file of a part and what it needs; whether it is there.
async fn bring(part: Part) -> bool {
    let file = part.file();
    if arrival(part).get_untracked() == Arrival::Here {
        return true;
    }
    for one in file.parts() {
        // Set once: whoever watches does not look twice.
        if arrival(one).get_untracked() != Arrival::Coming {
            arrival(one).set(Arrival::Coming);
        }
    }
    let ready = match file.needs() {
        Some(other) => Box::pin(bring(other)).await,
        None => true,
    };
    let came = ready
        && match file {
            File::Charts => tables::charts().await.map(|charts| keep(&CHARTS, charts)).is_ok(),
            File::Reader => tables::reader().await.map(|reader| keep(&READER, reader)).is_ok(),
            File::Views => tables::views()
                .await
                .map(|(tabs, dialogs, checks, explorer)| {
                    keep(&EXPLORER, explorer);
                    keep(&TABS, tabs);
                    keep(&DIALOGS, dialogs);
                    keep(&CHECKS, checks);
                })
                .is_ok(),
            File::Places => tables::places()
                .await
                .map(|(compare, models, history)| {
                    keep(&COMPARE, compare);
                    keep(&MODELS, models);
                    keep(&HISTORY, history);
                })
                .is_ok(),
            File::Training => tables::training()
                .await
                .map(|training| keep(&TRAINING, training))
                .is_ok(),
        };
    for one in file.parts() {
        // Asked for twice, it comes twice.
        if arrival(one).get_untracked() == Arrival::Here {
            continue;
        }
        arrival(one).set(if came { Arrival::Here } else { Arrival::Lost });
        if came {
            breath().await;
            let due = WAITING.with_borrow_mut(|all| {
                let (due, rest) = std::mem::take(all).into_iter().partition(|(waits, _)| *waits == one);
                *all = rest;
                let due: Vec<(Part, Deed)> = due;
                due
            });
            due.into_iter().for_each(|(_, deed)| deed());
        }
    }
    came
}

/// The same table, should it come twice.
fn keep<T>(place: &'static std::thread::LocalKey<OnceCell<&'static T>>, table: &'static T) {
    let _ = place.with(|cell| cell.set(table));
}
