//! The model in hand: who made it, what it is, where it was read; what is on its way; what went wrong.

use leptos::prelude::*;
use weighbridge::analysis::Figure;
use weighbridge::hardware::file_formats::any_read_by;
use weighbridge::hub::{HubError, Locator};
use weighbridge::model::catalogue;
use weighbridge::scenario::ModelSource;
use weighbridge::units::{grouped, short_count};

use super::case::{Answer, Case};
use super::header_check::CheckButton;
use super::icon::Icon;
use super::loaded::Loaded;
use super::page::Dialog;
use super::panel::Sheet;
use super::parts::{self, LostLine, Part, Quietly, reader_part};
use super::source;

/// The model: one pick, what it is, where it was read.
#[component]
pub fn ModelCard() -> impl IntoView {
    let case = Case::here();
    let any = Memo::new(move |_| case.model.with(Option::is_some));
    let edited = Memo::new(move |_| case.scenario.with(|scenario| !scenario.model.edits.is_empty()));
    let aside = view! {
        <Show when=move || any.get()>
            <button class="link" id="edit-model" type="button" aria-haspopup="dialog" on:click=move |_| case.page.dialog.set(Some(Dialog::Editor))>"Edit"</button>
        </Show>
        <CheckButton />
    }
    .into_any();
    let name = move || case.model_name().unwrap_or_else(|| "Choose a model".to_owned());
    view! {
        <Sheet id="sheet-model" title="Model" aside=aside>
            <button class="pick" class:model-name=move || any.get() id="model" type="button" aria-haspopup="dialog" aria-label=move || format!("Model: {}", name())
                on:click=move |_| case.page.dialog.set(Some(Dialog::Picker))>{name}</button>
            {move || case.shown.get().filter(|_| any.get()).map(|answer| facts(case, &answer))}
            {move || case.model.get().map(|model| source_line(case, &model))}
            <Show when=move || edited.get()>
                <p class="source" data-state="warn"><Icon name="alert" />
                    <span>"Changed by hand: " {move || case.scenario.with(|scenario| scenario.model.edits.keys().cloned().collect::<Vec<_>>().join(", "))} ". "
                        <button class="link" type="button" on:click=move |_| case.scenario.update(|scenario| scenario.model.edits.clear())>"Reset edits"</button>
                    </span>
                </p>
            </Show>
            <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.files) />
            <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.headers) />
            <LoadingLine />
            <LostLine part=Part::Reader />
            <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.problem) />
            <Quietly part=Part::Reader view=|| reader_part().map(|reader| reader.outline) />
        </Sheet>
    }
}

/// Owner, kind, licence, gate: what is known of them.
fn by_line(case: Case, model: &Loaded) -> Vec<String> {
    let mut parts = Vec::new();
    if let (ModelSource::Id(_), Some((owner, _))) = (&model.asked, model.facts.id.split_once('/')) {
        parts.push(owner.to_owned());
    }
    if let Ok(blueprint) = case.blueprint.get() {
        parts.push(blueprint.model_type.clone());
    }
    // A model read from the Hub may have changed since the catalogue was made.
    if let Some(entry) = catalogue::find(&model.facts.id).filter(|entry| entry.id == model.facts.id) {
        parts.extend(entry.licence.as_ref().map(|licence| format!("{licence} licence")));
        if entry.gated == Some(true) {
            parts.push("gated".to_owned());
        }
    }
    parts
}

/// Sizes and kinds in a line. Counts open their explanation.
fn facts(case: Case, answer: &Answer) -> impl IntoView + use<> {
    let blueprint = answer.blueprint.clone();
    let parameters = &answer.analysis.parameters;
    let (total, active) = (parameters.total.0, parameters.active.0);
    let count = move |figure: Figure, text: String, label: String| {
        view! { <button class="why" type="button" title=label on:click=move |event| case.open(figure, &event)>{text}</button> }
    };
    let layers = blueprint.layers.value;
    let mut words = vec![format!(
        "{} {}",
        grouped(layers),
        if layers == 1 { "layer" } else { "layers" }
    )];
    words.push(blueprint.attention.clone());
    words.extend(blueprint.experts.clone());
    words.extend(blueprint.max_context.as_ref().map(|most| short_context(most.value)));
    words.push(blueprint.published.method.to_string());
    view! {
        <p class="line num facts">
            {count(Figure::Parameters, short_count(total as f64), format!("{} parameters", grouped(total)))}
            {(active != total).then(|| view! { ", "{count(Figure::ActiveParameters, format!("{} active", short_count(active as f64)), grouped(active))} })}
            {words.into_iter().map(|word| format!(" · {word}")).collect::<String>()}
        </p>
    }
}

/// A context length as people say it: 128k for 131,072, else the number.
fn short_context(tokens: u64) -> String {
    if tokens >= 1024 && tokens.is_multiple_of(1024) {
        format!("{}k", grouped(tokens / 1024))
    } else {
        grouped(tokens)
    }
}

/// Where it was read, who made it, its licence; of a built-in model also where its figures come from.
fn source_line(case: Case, model: &Loaded) -> impl IntoView + use<> {
    let words = match &model.asked {
        ModelSource::Config(_) => format!("From your {}; it was read here and sent nowhere", model.facts.id),
        ModelSource::Id(_) if model.facts.source == source::FROM_HUB => match &model.commit {
            Some(commit) => format!(
                "From config.json on the Hub at commit {}",
                commit.chars().take(7).collect::<String>()
            ),
            None => "From config.json on the Hub".to_owned(),
        },
        ModelSource::Id(_) => "Built in".to_owned(),
    };
    let words = std::iter::once(words)
        .chain(by_line(case, model))
        .collect::<Vec<_>>()
        .join(" · ");
    let origin = catalogue::find(&model.facts.id)
        .filter(|_| model.facts.source == "catalogue")
        .map(|entry| entry.source.as_str());
    match origin {
        Some(origin) => view! { <details class="by"><summary title="Where its figures come from">{words}</summary><p>{origin}</p></details> }.into_any(),
        None => view! { <p class="by">{words}</p> }.into_any(),
    }
}

/// The formats in the model's repository, and whether the engine in use loads one of them.
#[component]
pub fn FilesLine() -> impl IntoView {
    let case = Case::here();
    let held = source::files::held(case);
    let engine = Memo::new(move |_| {
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            Some(answer.analysis.setup.engine)
        })
    });
    move || {
        let held = held.get();
        let engine = engine.get()?;
        let list: Vec<String> = held
            .iter()
            .map(|one| format!("{} {}", grouped(one.files), one.label))
            .collect();
        let unread = any_read_by(&held, engine) == Some(false);
        let (icon, state) = if unread {
            ("alert", Some("warn"))
        } else {
            ("file", None)
        };
        let words = match unread {
            true => format!(
                "Files: {}. {} cannot load these files: pick a repository in its format, or convert them.",
                list.join(", "),
                engine.label()
            ),
            false => format!("Files: {}", list.join(", ")),
        };
        (!held.is_empty()).then(|| {
            view! { <p class="source" data-state=state data-figure="files"><Icon name=icon /><span>{words}</span></p> }
        })
    }
}

/// What is being read, how far, and a way out.
#[component]
fn LoadingLine() -> impl IntoView {
    let case = Case::here();
    move || {
        case.loading.get().map(|loading| {
            let read = loading.read;
            let bar = match read {
                Some((read, Some(total))) => view! { <progress max=total.to_string() value=read.to_string()></progress> }.into_any(),
                _ => view! { <progress></progress> }.into_any(),
            };
            let words = match read {
                _ if loading.headers => match read {
                    Some((read, Some(total))) => format!("reading header {} of {}", grouped((read + 1).min(total)), grouped(total)),
                    _ => "looking at its files".to_owned(),
                },
                Some((read, Some(total))) => format!("config.json, {} of {} bytes", grouped(read), grouped(total)),
                Some((read, None)) => format!("config.json, {} bytes", grouped(read)),
                None => "config.json".to_owned(),
            };
            view! {
                <div class="loading" aria-live="polite">
                    <div class="line">
                        <span class="what">{loading.what}</span>
                        <button class="button small" type="button" on:click=move |_| parts::reader::cancel(case)>"Cancel"</button>
                    </div>
                    {bar}
                    <span class="num">{words}</span>
                </div>
            }
        })
    }
}

/// The model page at the Hub that an error is about.
pub fn page_of(error: &HubError) -> Option<String> {
    use HubError as E;
    let repo = match error {
        E::GatedSignIn { repo }
        | E::GatedNotGranted { repo }
        | E::TokenLacksGated { repo, .. }
        | E::GatedPending { repo, .. } => repo,
        E::Forbidden { repo, .. }
        | E::RevisionNotFound { repo, .. }
        | E::FileNotFound { repo, .. }
        | E::OnlyGguf { repo, .. } => repo,
        E::OnlyParams { repo }
        | E::SentenceTransformers { repo }
        | E::ConfigElsewhere { repo, .. }
        | E::NoWeights { repo } => repo,
        E::Adapter { repo, .. }
        | E::Diffusers { repo, .. }
        | E::NotJson { repo, .. }
        | E::GatedRejected { repo, .. } => repo,
        _ => return None,
    };
    // Terms are accepted at Hugging Face, whatever mirror serves the files.
    Locator::parse(repo)
        .ok()
        .map(|locator| weighbridge::hub::Endpoint::default().page_url(&locator))
}
