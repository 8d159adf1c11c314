//! What went wrong with the last model asked for, what to do, and buttons that do it.

use leptos::prelude::*;
use weighbridge::hub::HubError;

use super::case::{Case, NoAnswer, Problem};
use super::icon::Icon;
use super::model_card::page_of;
use super::page::Dialog;
use super::source;

/// The words and ways of a problem.
struct Told {
    what: String,
    next: String,
    /// Another try may help.
    retry: bool,
    /// What the settings can do about it.
    settings: Option<&'static str>,
    /// A page to look at.
    page: Option<String>,
    /// Another model to load instead.
    instead: Option<String>,
    code: Option<&'static str>,
    /// The headers of its files may say more.
    headers: bool,
}

/// The message beside the model, if there is one.
#[component]
pub fn ProblemCallout() -> impl IntoView {
    let case = Case::here();
    view! {
        {move || case.problem.get().map(|problem| callout(case, told(&problem)))}
        {move || {
            // An edit that makes no model: the answer shown is the one before.
            let broken = match case.answer.get() {
                Err(error @ (NoAnswer::Model(_) | NoAnswer::Analysis(_))) if case.scenario.with(|scenario| !scenario.model.edits.is_empty()) => Some(words_of(&error)),
                _ => None,
            };
            broken.map(|words| edit_callout(case, words))
        }}
    }
}

fn callout(case: Case, told: Told) -> impl IntoView {
    let offline = told.code == Some("unreachable") && !window().navigator().on_line();
    let load = move |id: String| move |_| source::load(case, &id);
    view! {
        <div class="callout" role="alert" data-code=told.code>
            {if offline { view! { <Icon name="offline" /> } } else { view! { <Icon name="alert" /> } }}
            <p class="what">{told.what}</p>
            <p class="next">{told.next}{offline.then_some(" The catalogue and the models read before still work.")}</p>
            <div class="row">
                {told.headers.then(|| view! { <button class="button small" type="button" on:click=move |_| source::read_headers(case)>"Read the file headers"</button> })}
                {told.retry.then(|| view! { <button class="button small" type="button" on:click=move |_| source::retry(case)>"Try again"</button> })}
                {told.settings.map(|words| view! {
                    <button class="button small" type="button" on:click=move |_| case.page.dialog.set(Some(Dialog::Settings))>{words}</button>
                })}
                {told.instead.map(|id| view! { <button class="button small" type="button" on:click=load(id.clone())>{format!("Load {id}")}</button> })}
                {told.page.map(|page| view! { <a class="button small" href=page target="_blank" rel="noopener noreferrer">"Open model page"</a> })}
                <button class="button small" type="button" on:click=move |_| source::dismiss(case)>"Dismiss"</button>
            </div>
        </div>
    }
}

fn edit_callout(case: Case, words: String) -> impl IntoView {
    view! {
        <div class="callout" data-kind="warn" role="alert">
            <Icon name="alert" />
            <p class="what">{words}</p>
            <p class="next">"What is shown is the answer before this change."</p>
            <div class="row">
                <button class="button small" type="button" on:click=move |_| case.page.dialog.set(Some(Dialog::Editor))>"Edit architecture"</button>
                <button class="button small" type="button" on:click=move |_| case.scenario.update(|scenario| scenario.model.edits.clear())>"Reset edits"</button>
            </div>
        </div>
    }
}

/// What went wrong, in a sentence.
pub fn in_words(problem: &Problem) -> String {
    told(problem).what
}

fn words_of(error: &NoAnswer) -> String {
    match error {
        NoAnswer::NoModel => String::new(),
        NoAnswer::Model(error) => error.to_string(),
        NoAnswer::Analysis(error) => error.to_string(),
    }
}

fn told(problem: &Problem) -> Told {
    let (what, next) = match problem {
        Problem::Hub(error) => return told_by_hub(error),
        Problem::Address(words) | Problem::Browser(words) => parted(words),
        Problem::Model(error) => parted(&error.to_string()),
        Problem::Unread { error, .. } => {
            let (what, next) = parted(&error.to_string());
            let more = "The headers of its files still say exactly how many parameters and bytes it has.";
            (what, format!("{next} {more}").trim().to_owned())
        }
        Problem::Link(errors) => {
            let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
            (
                "The link could not be read whole.".to_owned(),
                format!("{} What could not be read stands at its default.", all.join(" ")),
            )
        }
    };
    Told {
        what,
        next,
        retry: false,
        settings: None,
        page: None,
        instead: None,
        code: match problem {
            Problem::Unread { error, .. } => Some(error.code()),
            _ => None,
        },
        headers: matches!(problem, Problem::Unread { .. }),
    }
}

fn told_by_hub(error: &HubError) -> Told {
    use HubError as E;
    let settings = match error {
        E::NotFoundOrPrivate { .. } | E::GatedSignIn { .. } | E::RateLimited { token_sent: false, .. } => {
            Some("Add token")
        }
        E::BadToken { .. }
        | E::TokenLacksGated { .. }
        | E::NotFound { .. }
        | E::Forbidden { .. }
        | E::GatedNotGranted { .. } => Some("Change token"),
        E::Unreachable { .. } | E::TimedOut { .. } | E::Unexpected { .. } => Some("Settings"),
        _ => None,
    };
    let retry = !matches!(
        error,
        E::Adapter { .. }
            | E::Diffusers { .. }
            | E::OnlyGguf { .. }
            | E::OnlyParams { .. }
            | E::SentenceTransformers { .. }
            | E::NoWeights { .. }
            | E::Disabled { .. }
    );
    let instead = match error {
        E::Adapter { base, .. } => base.clone(),
        E::ConfigElsewhere { repo, config } => Some(format!("hf://{repo}/{config}")),
        _ => None,
    };
    Told {
        what: error.message(),
        next: error.next_step(),
        retry,
        settings,
        page: page_of(error),
        instead,
        code: Some(error.code()),
        headers: matches!(error, E::OnlyGguf { .. } | E::OnlyParams { .. }),
    }
}

/// The first sentence, and the others.
fn parted(words: &str) -> (String, String) {
    let end = words.match_indices(". ").map(|(at, _)| at + 1).find(|at| {
        words
            .get(at + 1..)
            .is_some_and(|rest| rest.starts_with(char::is_uppercase))
    });
    match end.and_then(|at| words.split_at_checked(at)) {
        Some((what, next)) => (what.to_owned(), next.trim().to_owned()),
        None => (words.to_owned(), String::new()),
    }
}
