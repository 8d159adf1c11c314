//! What was assumed, and what is wrong with the scenario as it stands.

use leptos::prelude::*;

use super::case::{Case, NoAnswer};
use super::icon::Icon;

/// The notices.
#[component]
pub fn Notices() -> impl IntoView {
    let case = Case::here();
    let wrong = move || match case.answer.get() {
        Err(NoAnswer::Model(error)) => Some(error.to_string()),
        Err(NoAnswer::Analysis(error)) => Some(error.to_string()),
        _ => None,
    };
    let notices = Memo::new(move |_| {
        case.shown.with(|shown| {
            shown
                .as_ref()
                .map(|answer| answer.analysis.notices.clone())
                .unwrap_or_default()
        })
    });
    view! {
        <ul class="notices" aria-label="Notices">
            {move || wrong().map(|message| view! {
                <li class="notice" data-level="warn" role="alert"><Icon name="alert"/><span>{message}{move || case.shown.with(Option::is_some).then_some(" The last good answer stays above.")}</span></li>
            })}
            <For each=move || notices.get() key=|notice| notice.message.clone() let(notice)>
                <li class="notice" data-code=notice.code.clone()><Icon name="info"/><span>{notice.message.clone()}</span></li>
            </For>
        </ul>
    }
}
