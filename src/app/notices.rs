//! What was assumed, and what is wrong with the scenario as it stands.

use leptos::prelude::*;
use weighbridge::model::Notice;

use super::case::{Case, NoAnswer, is_coming};
use super::icon::Icon;

/// What may change the verdict, in amber beside it; and what is wrong with the question as it stands.
#[component]
pub fn WeightyNotices() -> impl IntoView {
    let case = Case::here();
    let wrong = move || match case.answer.get() {
        Err(NoAnswer::Model(error)) => Some(error.to_string()),
        Err(NoAnswer::Analysis(error)) if !is_coming(&error) => Some(error.to_string()),
        _ => None,
    };
    let notices = told(case, Notice::is_weighty);
    move || {
        let (wrong, notices) = (wrong(), notices.get());
        (wrong.is_some() || !notices.is_empty()).then(|| view! {
            <ul class="notices weighty" aria-label="What to know about this answer">
                {wrong.map(|message| view! {
                    <li class="notice" data-level="warn" role="alert"><Icon name="alert"/><span>{message}{move || case.shown.with(Option::is_some).then_some(" Still shown is the last good answer.")}</span></li>
                })}
                {notices.into_iter().map(|notice| view! {
                    <li class="notice" data-level="warn" data-code=notice.code><Icon name="alert"/><span>{notice.message}</span></li>
                }).collect_view()}
            </ul>
        })
    }
}

/// Everything else that was assumed.
#[component]
pub fn Notices() -> impl IntoView {
    let case = Case::here();
    let notices = told(case, |notice| !notice.is_weighty());
    view! {
        <ul class="notices" aria-label="Notices">
            <For each=move || notices.get() key=|notice| notice.message.clone() let(notice)>
                <li class="notice" data-code=notice.code.clone()><Icon name="info"/><span>{notice.message.clone()}</span></li>
            </For>
        </ul>
    }
}

fn told(case: Case, which: fn(&Notice) -> bool) -> Memo<Vec<Notice>> {
    Memo::new(move |_| {
        case.shown.with(|shown| {
            let answer = shown.as_ref();
            answer.map_or_else(Vec::new, |answer| {
                answer
                    .analysis
                    .notices
                    .iter()
                    .filter(|notice| which(notice))
                    .cloned()
                    .collect()
            })
        })
    })
}
