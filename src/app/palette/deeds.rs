//! Everything that can be done on the page, each as a line that does it.

use std::rc::Rc;

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::hub::search::HubQuery;
use weighbridge::model::catalogue;
use weighbridge::naming::{Candidate, Class, words};
use weighbridge::scenario::{KNOBS, KnobId, KnobKind, Mode};
use weighbridge::units::UnitSystem;

use super::undo;
use crate::app::case::Case;
use crate::app::copy::copy;
use crate::app::dialogs::share::{Form, address, written};
use crate::app::first_choice;
use crate::app::hardware::{choose, facts};
use crate::app::page::{Choosing, Dialog, Shows, Tab};
use crate::app::settings::{Theme, keep_units};
use crate::app::source;
use crate::app::state::State;
use crate::app::suggest::{named_devices, size};
use crate::app::tabs;
use crate::app::toasts;

/// Something to do.
#[derive(Clone)]
pub struct Deed {
    /// Its heading.
    pub group: &'static str,
    /// What it does.
    pub words: String,
    /// Beside it.
    pub note: String,
    /// Keys that do it too.
    pub keys: &'static [&'static str],
    /// Further words by which it is found.
    beside: &'static str,
    /// Does it.
    pub run: Rc<dyn Fn()>,
}

/// How many of a group are offered while something is typed.
const MOST: usize = 6;

/// What is offered for what was typed; all that stands fast where nothing is.
pub fn offered(case: Case, state: State, typed: &str) -> Vec<Deed> {
    let typed = typed.trim();
    let fast = standing(case, state);
    if typed.is_empty() {
        return fast;
    }
    let query = words(typed);
    let mut groups = vec![
        ranked(fast, &query),
        ranked(choices(case), &query),
        models(case, state, typed),
        devices(case, typed),
    ];
    groups.extend(number(case, typed).map(|deed| (Some(Class::Exact), vec![deed])));
    // The group that is surest first; of those alike the order above.
    groups.sort_by_key(|(class, _)| std::cmp::Reverse(*class));
    let mut all: Vec<Deed> = groups.into_iter().flat_map(|(_, deeds)| deeds).collect();
    let asked = HubQuery::of(typed);
    if asked.is_worth_asking() {
        let link = asked.to_link();
        all.push(deed(
            "The Hub",
            format!("Search the Hub for “{typed}”"),
            &[],
            "",
            move || {
                case.page.search.set(link.clone());
                case.page.shows.set(Shows::Search);
            },
        ));
    }
    all
}

fn deed(
    group: &'static str,
    words: impl Into<String>,
    keys: &'static [&'static str],
    beside: &'static str,
    run: impl Fn() + 'static,
) -> Deed {
    Deed {
        group,
        words: words.into(),
        note: String::new(),
        keys,
        beside,
        run: Rc::new(run),
    }
}

fn ranked(all: Vec<Deed>, query: &[String]) -> (Option<Class>, Vec<Deed>) {
    let mut found: Vec<_> = all
        .into_iter()
        .filter_map(|deed| Some((Candidate::new(&[&deed.words], deed.beside, 0).rank(query)?, deed)))
        .collect();
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let class = found.first().map(|(rank, _)| rank.class);
    (class, found.into_iter().take(MOST).map(|(_, deed)| deed).collect())
}

/// What can be done whatever is typed.
fn standing(case: Case, state: State) -> Vec<Deed> {
    let page = case.page;
    let go = move |words: &'static str, keys: &'static [&'static str], beside: &'static str, place: Shows| {
        deed("Go to", words, keys, beside, move || page.shows.set(place))
    };
    let open = move |words: &'static str, keys: &'static [&'static str], beside: &'static str, dialog: Dialog| {
        deed("Open", words, keys, beside, move || page.dialog.set(Some(dialog)))
    };
    let mut all = vec![
        go("The answer", &[], "back question estimate", Shows::Answer),
        go("Compare", &["C"], "side by side", Shows::Compare),
        go("What runs here", &["M"], "models list device", Shows::Models),
        go("History", &["H"], "past calculations", Shows::History),
        go("Search the Hub", &["S"], "find model", Shows::Search),
    ];
    let keys: [&'static [&'static str]; 5] = [&["1"], &["2"], &["3"], &["4"], &["5"]];
    all.extend(Tab::iter().zip(keys).map(|(tab, keys)| {
        deed("Go to", format!("{} tab", tab.label()), keys, "", move || {
            page.shows.set(Shows::Answer);
            tabs::open(page, tab);
        })
    }));
    all.extend(Mode::iter().map(|mode| {
        deed("Mode", mode.label(), &[], "mode workload", move || {
            case.take(case.scenario.get_untracked().with(|s| s.workload.mode = mode));
        })
    }));
    all.extend([
        open("Choose a model", &["/"], "pick", Dialog::Picker),
        open(
            "Choose a device",
            &[],
            "hardware gpu card pick",
            Dialog::Devices(Choosing::Device),
        ),
        open(
            "Compare with another device",
            &[],
            "hardware gpu beside",
            Dialog::Devices(Choosing::Beside),
        ),
        open("Edit the architecture", &[], "config layers", Dialog::Editor),
        open("How is this calculated?", &[], "formula explain", Dialog::Worked),
        open("Why do calculators disagree?", &[], "rules others", Dialog::Calculators),
        open("Check against a log", &[], "vllm llama.cpp engine", Dialog::Log),
        open("Share this answer", &[], "export save print pdf png svg", Dialog::Share),
        open(
            "Settings",
            &[],
            "endpoint token mirror history preferences",
            Dialog::Settings,
        ),
        open("Keys and help", &["?"], "shortcuts keyboard", Dialog::Keys),
        open("What is new", &[], "version changelog news", Dialog::News),
    ]);
    all.push(deed(
        "Hand over",
        "Copy the link",
        &[],
        "share url address",
        move || {
            match address(case) {
                Ok(link) => copy(page, &link, "Link copied: it holds the whole question."),
                Err(why) => toasts::say(page, why),
            }
            page.hand_out();
        },
    ));
    for (form, words, beside) in [
        (Form::Text, "Copy as text", "message share"),
        (Form::Markdown, "Copy as Markdown", "table share"),
        (Form::Csv, "Copy as CSV", "spreadsheet share export"),
        (Form::Json, "Copy as JSON", "share export"),
        (Form::Command, "Copy the command", "command line terminal share"),
    ] {
        all.push(deed("Hand over", words, &[], beside, move || {
            match written(case, form) {
                Some(text) => copy(page, &text, "Copied."),
                None => toasts::say(page, "There is no answer yet."),
            }
            page.hand_out();
        }));
    }
    all.push(deed("Change", "Undo", &["Ctrl", "Z"], "take back", move || {
        undo::undo(state)
    }));
    all.push(deed(
        "Change",
        "Redo",
        &["Ctrl", "Shift", "Z"],
        "again bring back",
        move || undo::redo(state),
    ));
    all.push(deed(
        "Change",
        "Keep this, try another",
        &[],
        "copy duplicate compare beside",
        move || {
            page.shows.set(Shows::Answer);
            state.keep(case);
        },
    ));
    all.push(deed(
        "Change",
        "Estimate without a device",
        &[],
        "hardware none",
        move || case.scenario.update(|scenario| scenario.hardware.device = None),
    ));
    for (theme, words) in [
        (Theme::System, "Colours of the system"),
        (Theme::Light, "Light colours"),
        (Theme::Dark, "Dark colours"),
    ] {
        all.push(deed("Show", words, &[], "theme scheme dark light mode", move || {
            page.settings.set_theme(theme)
        }));
    }
    // A search does not tell GiB from GB: only the other one is offered.
    let now = page.units.get_untracked();
    for units in UnitSystem::iter().filter(|units| *units != now) {
        all.push(deed(
            "Show",
            format!("Memory in {units}"),
            &[],
            "units gib gb",
            move || {
                page.units.set(units);
                keep_units(units);
            },
        ));
    }
    all
}

/// Every choice of every knob that matters in the mode.
fn choices(case: Case) -> Vec<Deed> {
    let mode = case.scenario.with_untracked(|scenario| scenario.workload.mode);
    let knobs = KNOBS
        .iter()
        .filter(|knob| knob.applies(mode) && knob.id != KnobId::Mode);
    let mut all = Vec::new();
    for knob in knobs {
        let KnobKind::Choice(rows) = knob.kind else { continue };
        for row in rows() {
            all.push(deed(
                "Set",
                format!("{}: {}", knob.label, row.label),
                &[],
                "",
                move || {
                    let mut scenario = case.scenario.get_untracked();
                    match (knob.set)(&mut scenario, row.key) {
                        Ok(()) => case.take(scenario),
                        Err(why) => toasts::say(case.page, why.to_string()),
                    }
                },
            ));
        }
    }
    all
}

/// `batch 8`, `prompt 32k`: a knob by its name, and a number.
fn number(case: Case, typed: &str) -> Option<Deed> {
    let (name, value) = typed.rsplit_once(' ')?;
    if !value.starts_with(|sign: char| sign.is_ascii_digit()) {
        return None;
    }
    let query = words(name);
    let mode = case.scenario.with_untracked(|scenario| scenario.workload.mode);
    let held = |kind: KnobKind| {
        matches!(
            kind,
            KnobKind::Whole { .. }
                | KnobKind::WholeOr { .. }
                | KnobKind::Bytes { .. }
                | KnobKind::BytesOr { .. }
                | KnobKind::RealOr { .. }
                | KnobKind::Pixels { .. }
        )
    };
    let mut found: Vec<_> = KNOBS
        .iter()
        .filter(|knob| knob.applies(mode) && held(knob.kind))
        .filter_map(|knob| Some((Candidate::new(&[knob.label, knob.flag], "", 0).rank(&query)?, knob)))
        .filter(|(rank, _)| rank.class > Class::Close)
        .collect();
    found.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let (_, knob) = found.first()?;
    let mut scenario = case.scenario.get_untracked();
    (knob.set)(&mut scenario, value).ok()?;
    Some(deed("Set", format!("{}: {value}", knob.label), &[], "", move || {
        case.take(scenario.clone())
    }))
}

fn models(case: Case, state: State, typed: &str) -> (Option<Class>, Vec<Deed>) {
    let found = catalogue::named(typed);
    let class = found.first().map(|(rank, _)| rank.class);
    let deeds = found.into_iter().take(MOST).map(|(_, entry)| {
        let mut deed = deed("Models", entry.name.clone(), &[], "", move || {
            source::load(state.for_another(case), &entry.id)
        });
        deed.note = size(entry);
        deed
    });
    (class, deeds.collect())
}

fn devices(case: Case, typed: &str) -> (Option<Class>, Vec<Deed>) {
    let found: Vec<_> = named_devices(typed).take(MOST).collect();
    let class = found.first().map(|(class, _)| *class);
    let units = case.page.units.get_untracked();
    let deeds = found.into_iter().map(|(_, device)| {
        let id = device.id.clone();
        let mut deed = deed("Devices", format!("On {}", device.name), &[], "", move || {
            let id = id.clone();
            first_choice::for_device(case, |scenario| choose(scenario, id, false));
        });
        deed.note = facts::memory(&device, units);
        deed
    });
    (class, deeds.collect())
}
