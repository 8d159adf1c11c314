//! The dialogs, and the one frame they share: a native `<dialog>`, opened with `showModal`.

mod config_field;
mod editor;
mod how_calculated;
mod keys;
mod paper;
mod picker;
mod settings;
pub mod share;

pub use config_field::{Changes, Property};

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use super::case::Case;
use super::drop::in_field;
use super::hardware::DevicePicker;
use super::icon::Icon;
use super::page::Dialog;
use super::palette::{News, PaletteList};
use super::parts::{Arrival, Later, Part, Waiting, arrival, checks, dialogs, sheet, want};

/// Whichever dialog `case.page.dialog` names. `?` anywhere on the page opens the list of keys.
#[component]
pub fn Dialogs() -> impl IntoView {
    let case = Case::here();
    let keys = window_event_listener(leptos::ev::keydown, move |event| {
        let plain = !(event.ctrl_key() || event.meta_key() || event.alt_key());
        if plain && event.key() == "?" && !in_field(event.target()) && case.page.dialog.get_untracked().is_none() {
            event.prevent_default();
            case.page.dialog.set(Some(Dialog::Keys));
        }
    });
    on_cleanup(move || keys.remove());
    // By key: one dialog after another must not share an element, or the late news that the first was closed closes the second.
    view! { <For each=move || case.page.dialog.get() key=|dialog| *dialog children=|dialog| view! { <Soon dialog=dialog/> } /> }
}

/// A dialog, once its part is there; until then a frame that says so.
#[component]
fn Soon(dialog: Dialog) -> impl IntoView {
    want(Part::Dialogs);
    let arrival = arrival(Part::Dialogs);
    let here = Memo::new(move |_| arrival.get() == Arrival::Here);
    move || {
        // Read before it is asked what is there: what has not come is waited for by this alone.
        let here = here.get();
        match dialogs().filter(|_| here) {
            Some(dialogs) => untrack(|| (dialogs.open)(dialog)),
            None => view! { <Frame title="One moment" class="narrow"><Waiting part=Part::Dialogs/></Frame> }.into_any(),
        }
    }
}

/// Any dialog. Part of [`Part::Dialogs`].
pub fn open(dialog: Dialog) -> AnyView {
    match dialog {
        Dialog::Picker => view! { <picker::Picker /> }.into_any(),
        Dialog::Devices(what) => view! { <DevicePicker what=what /> }.into_any(),
        Dialog::Worked => view! { <how_calculated::Worked /> }.into_any(),
        Dialog::Editor => view! { <editor::Editor /> }.into_any(),
        Dialog::Settings => view! { <settings::SettingsDialog /> }.into_any(),
        Dialog::Keys => view! { <keys::Keys /> }.into_any(),
        Dialog::Share => {
            sheet::adopt(include_str!("../../../style/parts/share.css"));
            view! { <share::Share /> }.into_any()
        }
        Dialog::Calculators => view! {
            <Frame title="Why do calculators disagree?" class="worked"><Later part=Part::Checks view=|| checks().map(|checks| checks.calculators)/></Frame>
        }
        .into_any(),
        Dialog::Log => view! {
            <Frame title="Check against a log" class="worked"><Later part=Part::Checks view=|| checks().map(|checks| checks.log)/></Frame>
        }
        .into_any(),
        Dialog::Palette => view! {
            <Frame title="Do anything" class="palette"><PaletteList/></Frame>
        }
        .into_any(),
        Dialog::News => view! {
            <Frame title="What is new" class="narrow"><News/></Frame>
        }
        .into_any(),
    }
}

/// A dialog: title, body, and a foot where there is one. Escape, the cross and a press beside it close it.
#[component]
pub fn Frame(
    /// Title and accessible name.
    title: &'static str,
    /// A class besides: `narrow`, `picker`.
    #[prop(optional)]
    class: &'static str,
    /// Buttons at the bottom.
    #[prop(optional, into)]
    foot: Option<ViewFn>,
    children: Children,
) -> impl IntoView {
    let case = Case::here();
    let frame = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(frame) = frame.get()
            && !frame.open()
        {
            let _ = frame.show_modal();
        }
    });
    // Taken away while it is open, a dialog gives the focus to nobody: back to where it was.
    let before = StoredValue::new_local(
        document()
            .active_element()
            .and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()),
    );
    on_cleanup(move || {
        let before = before.try_get_value().flatten();
        set_timeout(
            move || {
                if let Some(before) = before.filter(|_| case.page.dialog.try_get_untracked().flatten().is_none()) {
                    let _ = before.focus();
                }
            },
            std::time::Duration::ZERO,
        );
    });
    // The news of a closed dialog comes late: by then another may be open.
    let mine = case.page.dialog.get_untracked();
    let close = move || {
        if case.page.dialog.get_untracked() == mine {
            case.page.dialog.set(None);
        }
    };
    // Only the backdrop is the dialog itself; everything else lies in its parts.
    let beside = move |event: leptos::ev::MouseEvent| {
        let on_frame = event
            .target()
            .zip(frame.get_untracked())
            .is_some_and(|(target, frame)| {
                let frame: &web_sys::EventTarget = frame.as_ref();
                target == *frame
            });
        if on_frame {
            close();
        }
    };
    view! {
        <dialog class=class node_ref=frame aria-labelledby="dialog-title" on:close=move |_| close() on:mousedown=beside>
            <div class="dialog-head">
                <h2 id="dialog-title">{title}</h2>
                <button class="icon-button" type="button" aria-label="Close" on:click=move |_| close()><Icon name="cross" /></button>
            </div>
            <div class="dialog-body">{children()}</div>
            {foot.map(|foot| view! { <div class="dialog-foot">{foot.run()}</div> })}
        </dialog>
    }
}
