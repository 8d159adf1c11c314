//! What holds for the whole page, whichever case it shows: units, settings, what is open.

use leptos::prelude::*;
use weighbridge::units::UnitSystem;

use super::settings::{self, Settings};
use super::toasts::Toast;

/// Tabs of the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumIter, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
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
    /// Of a training run: its layout, and other ways to train.
    Plan,
    /// Of a training run: where the time of a step goes.
    Time,
    /// Of a training run: the loss that a law predicts, the learning rate.
    Loss,
    /// Of a training run: the stages of reinforcement learning.
    Rl,
}

/// What the page shows below its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString)]
#[strum(serialize_all = "lowercase")]
pub enum Shows {
    /// One case: what is asked, and the answer.
    #[default]
    Answer,
    /// All cases side by side.
    Compare,
    /// What runs on the devices of the case.
    Models,
    /// Past calculations.
    History,
    /// Models of the Hub.
    Search,
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
    /// The answer in all forms in which it leaves the page.
    Share,
    /// Why calculators disagree.
    Calculators,
    /// A log beside the estimate.
    Log,
    /// Everything that can be done.
    Palette,
    /// What the newest version brought.
    News,
}

/// What holds for all cases. Cheap to copy; components take it from context, or from their case.
#[derive(Clone, Copy)]
pub struct Page {
    /// GiB or GB.
    pub units: RwSignal<UnitSystem>,
    /// What is shown below the header.
    pub shows: RwSignal<Shows>,
    /// How often an answer was handed out: copied, saved.
    pub handed_out: RwSignal<u32>,
    /// The open tab.
    pub tab: RwSignal<Tab>,
    /// The open dialog.
    pub dialog: RwSignal<Option<Dialog>>,
    /// Short notes that come and go.
    pub toasts: RwSignal<Vec<Toast>>,
    /// The log of an engine that was dropped or pasted.
    pub log: RwSignal<Option<String>>,
    /// The search of the Hub, as the address has it.
    pub search: RwSignal<String>,
    /// What of the architecture is looked at, as the address has it.
    pub explored: RwSignal<String>,
    /// Endpoint, token, colour scheme.
    pub settings: Settings,
}

impl Page {
    /// A page on a tab, with the settings that the browser keeps.
    pub fn new(shows: Shows, tab: Tab, search: String, explored: String) -> Self {
        Self {
            units: RwSignal::new(settings::units()),
            shows: RwSignal::new(shows),
            handed_out: RwSignal::new(0),
            tab: RwSignal::new(tab),
            dialog: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
            log: RwSignal::new(None),
            search: RwSignal::new(search),
            explored: RwSignal::new(explored),
            settings: Settings::load(),
        }
    }
    /// Goes to a place, or back from it.
    pub fn toggle(self, place: Shows) {
        self.shows
            .update(|shows| *shows = if *shows == place { Shows::Answer } else { place });
    }
    /// An answer was handed out: such a one is kept.
    pub fn hand_out(self) {
        self.handed_out.update(|count| *count = count.wrapping_add(1));
    }
    /// The page from context.
    pub fn here() -> Self {
        expect_context()
    }
}
