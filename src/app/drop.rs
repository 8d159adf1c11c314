//! The whole window takes files, and pastes that no field wants.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, EventTarget, HtmlElement};

use super::case::Case;
use super::page::{Dialog, Page, Shows};
use super::parts;
use super::source;
use super::state::State;
use super::suggest::on_the_hub;
use weighbridge::logs::source_of;

/// Shown over the page while a file is dragged; also listens for pastes.
#[component]
pub fn DropTarget() -> impl IntoView {
    let (case, state) = (Case::here(), State::here());
    let over = RwSignal::new(false);
    let holds_files = |event: &DragEvent| {
        event
            .data_transfer()
            .is_some_and(|data| data.types().includes(&"Files".into(), 0))
    };
    let listeners = [
        window_event_listener(ev::dragenter, move |event| {
            if holds_files(&event) {
                event.prevent_default();
                over.set(true);
            }
        }),
        window_event_listener(ev::dragover, move |event| {
            if holds_files(&event) {
                event.prevent_default();
            }
        }),
        window_event_listener(ev::dragleave, move |event| {
            // Leaving an element for another inside the window names the other.
            if event.related_target().is_none() {
                over.set(false);
            }
        }),
        window_event_listener(ev::drop, move |event| {
            over.set(false);
            let Some(data) = event.data_transfer() else { return };
            let Some(files) = data.files().filter(|files| files.length() > 0) else {
                return;
            };
            event.prevent_default();
            let all = (0..files.length()).filter_map(|at| files.get(at)).collect();
            close_picker(case);
            // There a file is one of calculations.
            if state.page.shows.get_untracked() == Shows::History {
                return parts::then(parts::Part::History, move || {
                    if let Some(history) = parts::history_part() {
                        (history.read_files)(all);
                    }
                });
            }
            source::read_files(state.for_another(case), all);
        }),
        window_event_listener(ev::paste, move |event| {
            if event.default_prevented() || in_field(event.target()) {
                return;
            }
            let text = event
                .clipboard_data()
                .and_then(|data| data.get_data("text").ok())
                .unwrap_or_default();
            let text = text.trim();
            if source_of(text).is_some() {
                event.prevent_default();
                return show_log(case.page, text.to_owned());
            }
            // A sentence from somewhere is no wish for a model.
            let named = !text.contains(char::is_whitespace) && text.contains('/');
            let address = named
                && case
                    .page
                    .settings
                    .endpoint
                    .with_untracked(|endpoint| on_the_hub(text, endpoint).is_some());
            if source::is_json(text) || address || (text.contains("://") && text.contains("huggingface.co")) {
                event.prevent_default();
                close_picker(case);
                source::load(state.for_another(case), text);
            }
        }),
    ];
    on_cleanup(move || listeners.into_iter().for_each(WindowListenerHandle::remove));
    view! {
        <Show when=move || over.get()>
            <div class="drop">
                <div>
                    <b>"Drop it on the scale"</b>
                    <span>"a config.json, .safetensors or .gguf, or the log of an engine"</span>
                    <span>"It is read here, of weights only the header; nothing is sent."</span>
                </div>
            </div>
        </Show>
    }
}

/// Opens a log beside the estimate.
pub fn show_log(page: Page, text: String) {
    page.log.set(Some(text));
    page.dialog.set(Some(Dialog::Log));
}

/// Whether something that is typed into has the event.
pub fn in_field(target: Option<EventTarget>) -> bool {
    let element = target.and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| {
        element.is_content_editable() || matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
    })
}

fn close_picker(case: Case) {
    if case.page.dialog.get_untracked() == Some(Dialog::Picker) {
        case.page.dialog.set(None);
    }
}
