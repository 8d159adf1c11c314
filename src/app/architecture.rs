//! The architecture of the model in hand: drawn, listed, followed, changed.

mod beside;
mod blocks;
mod canvas;
mod header_table;
mod inspector;
mod looking;
mod parts_list;
mod spread;
mod surgery;
mod tensor_table;
mod walk;

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::analysis::time::Pass;
use weighbridge::chart::Caption;
use weighbridge::chart::architecture::{Show as Measure, size, svg};
use weighbridge::export::{VERSION, inspection};
use weighbridge::model::Blueprint;
use weighbridge::model::flow::PartId;
use weighbridge::units::{grouped, percent, short_count};

use super::address::whole;
use super::case::Case;
use super::charts::{file_name, save_svg_as_picture, save_text, scheme_now};
use super::parts::sheet::adopt;
use header_table::HeaderTable;
use looking::{Looking, View};
use tensor_table::TensorTable;

/// Width of a drawing that leaves the page, in CSS pixels.
const PICTURE: f64 = 860.0;

/// The tab.
#[component]
pub fn Architecture() -> impl IntoView {
    adopt(include_str!("../../style/parts/explorer.css"));
    let case = Case::here();
    let looking = Looking::new(case);
    provide_context(looking);
    walk::provide_journey();
    // What was opened by hand in one model says nothing of another.
    let model = Memo::new(move |_| case.model_name());
    Effect::new(move |before: Option<Option<String>>| {
        let now = model.get();
        if before.flatten().is_some_and(|before| Some(before) != now) {
            looking.open.set(None);
            looking.choose(PartId::Model);
        }
        now
    });
    view! {
        <section class="architecture" aria-labelledby="architecture-title">
            <h2 id="architecture-title" class="unseen">"Architecture"</h2>
            <p class="sentence">{move || looking.shown.with(|shown| shown.as_ref().map(|shown| sentence(shown.blueprint())))}</p>
            <Bar/>
            {move || match looking.view.get() {
                View::Diagram => view! {
                    <div class="explorer"><section class="card" aria-label="Diagram"><canvas::Canvas/></section><inspector::Inspector/></div>
                    {move || case.comparison.with(Option::is_some).then(|| view! { <section class="card"><HeaderTable/></section> })}
                }.into_any(),
                View::Parts => view! { <parts_list::PartsList/> }.into_any(),
                View::Spread => view! { <spread::Spread/> }.into_any(),
                View::Walk => view! { <div class="explorer"><walk::Walk/><inspector::Inspector/></div> }.into_any(),
                View::Surgery => view! { <surgery::Surgery/> }.into_any(),
                View::Beside => view! { <beside::Beside/> }.into_any(),
                View::Tensors => view! { <Tensors/> }.into_any(),
            }}
        </section>
    }
}

/// Views, what sizes are told in, the pass, and what can be taken along.
#[component]
fn Bar() -> impl IntoView {
    let looking = Looking::here();
    let views = View::iter()
        .map(|view| view! { <button type="button" aria-pressed=move || (looking.view.get() == view).to_string() on:click=move |_| looking.see(view)>{view.label()}</button> })
        .collect_view();
    let measures = Measure::iter()
        .map(|show| {
            let known = move || show != Measure::Time || looking.shown.with(|shown| shown.as_ref().is_some_and(|shown| shown.anatomy.timed));
            view! { <button type="button" disabled=move || !known() aria-pressed=move || (looking.show.get() == show).to_string() on:click=move |_| looking.measure(show)>{show.label()}</button> }
        })
        .collect_view();
    let pass = move || {
        looking
            .shown
            .with(|shown| shown.as_ref().and_then(|shown| shown.anatomy.pass))
    };
    let passes = move || {
        let now = pass()?;
        let of_pass = matches!(looking.show.get(), Measure::Flops | Measure::Traffic | Measure::Time);
        of_pass.then(|| {
            let choice = |one: Pass, words: &'static str| view! { <button type="button" aria-pressed=(now == one).to_string() on:click=move |_| looking.look_at(one)>{words}</button> };
            view! { <div class="segments" role="group" aria-label="Pass">{choice(Pass::Prefill, "Prefill")}{choice(Pass::Decode, "Decode")}</div> }
        })
    };
    let drawing = move |lines: bool| {
        let Some(scene) = untrack(|| canvas::scene_of(looking, PICTURE)) else {
            return;
        };
        let name = looking.case.model_name_untracked();
        let caption = Caption {
            title: format!("{name}: its architecture"),
            source: format!(
                "{} of each part · Weighbridge {VERSION}",
                looking.show.get_untracked().label()
            ),
            link: whole(&looking.case.query()),
        };
        let text = svg(&scene, scheme_now(), &caption);
        if lines {
            save_text(&file_name(&name, "architecture", "svg"), "image/svg+xml", &text);
        } else {
            let (wide, high) = size(&scene);
            let size = (wide as u32, high as u32);
            save_svg_as_picture(file_name(&name, "architecture", "png"), &text, size);
        }
        looking.case.page.hand_out();
    };
    let json = move |_| {
        let Some(blueprint) = looking
            .shown
            .with_untracked(|shown| shown.as_ref().map(|shown| shown.blueprint().clone()))
        else {
            return;
        };
        let name = looking.case.model_name_untracked();
        if let Ok(text) = serde_json::to_string_pretty(&inspection(&blueprint)) {
            save_text(&file_name(&name, "model_analysis", "json"), "application/json", &text);
            looking.case.page.hand_out();
        }
    };
    // Twenty presses of Tab lie between the tabs and the drawing.
    let skip = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        canvas::focus_first();
    };
    view! {
        <div class="explorer-bar">
            {move || (looking.view.get() == View::Diagram).then(|| view! { <a class="skip" href="#tabpanel" on:click=skip>"Skip to the drawing"</a> })}
            <div class="segments" role="group" aria-label="View">{views}</div>
            <div class="row">
                <span class="from">"Show by"</span>
                <div class="segments" role="group" aria-label="Show by">{measures}</div>
                {passes}
                <span class="deeds">
                    <button class="link" type="button" on:click=move |_| drawing(false)>"Save as PNG"</button>
                    <button class="link" type="button" aria-label="Save as SVG" on:click=move |_| drawing(true)>"SVG"</button>
                    <button class="link" type="button" aria-label="Save as JSON" on:click=json>"JSON"</button>
                </span>
            </div>
        </div>
    }
}

/// Facts, the headers of files, every tensor.
#[component]
fn Tensors() -> impl IntoView {
    let looking = Looking::here();
    let units = looking.case.page.units;
    move || {
        looking.shown.with(|shown| {
            let shown = shown.as_ref()?;
            let blueprint = shown.blueprint().clone();
            let rule = shown.setup().weights.clone();
            Some(view! {
                <section class="card">
                    {facts(&blueprint)}
                    <HeaderTable/>
                    <TensorTable blueprint=blueprint rule=rule units=units.into()/>
                </section>
            })
        })
    }
}

/// The order of layers in words.
fn sentence(blueprint: &Blueprint) -> String {
    let layers = blueprint.layers.value;
    let kinds = blueprint.kinds.len();
    match blueprint.kinds.as_slice() {
        [only] => format!(
            "A token passes {} layers, all of one kind: {}.",
            grouped(layers),
            only.title
        ),
        _ => format!(
            "A token passes {} layers of {kinds} kinds: {}.",
            grouped(layers),
            order(blueprint)
        ),
    }
}

/// The order of kinds, run-length: `3 × latent attention · MLP, then 58 × latent attention · experts`.
fn order(blueprint: &Blueprint) -> String {
    let name = |kind: usize| blueprint.kinds.get(kind).map_or("layer", |kind| kind.title.as_str());
    let groups = blueprint.layout.groups.iter().map(|group| {
        let runs: Vec<String> = group
            .runs
            .iter()
            .map(|&(kind, count)| format!("{count} × {}", name(kind)))
            .collect();
        match (group.repeat, runs.as_slice()) {
            (1, _) => runs.join(", then "),
            (repeat, _) => format!("{repeat} × ({})", runs.join(", then ")),
        }
    });
    groups.collect::<Vec<_>>().join(", then ")
}

/// The numbers that name a model's size.
fn facts(blueprint: &Blueprint) -> impl IntoView + use<> {
    let total = blueprint.parameters();
    let active = weighbridge::analysis::parameters::<weighbridge::units::Exact>(blueprint)
        .active
        .0;
    let mut pairs = vec![
        ("Family", blueprint.family.to_owned()),
        (
            "Parameters",
            format!("{} ({})", short_count(total as f64), grouped(total)),
        ),
    ];
    if active != total {
        let share = active as f64 / (total.max(1)) as f64;
        pairs.push((
            "Parameters a token uses",
            format!("{} ({})", short_count(active as f64), percent(share)),
        ));
    }
    pairs.push(("Width of a token's vector", grouped(blueprint.hidden.value)));
    pairs.push(("Attention", blueprint.attention.clone()));
    if let Some(experts) = &blueprint.experts {
        pairs.push(("Experts", experts.clone()));
    }
    pairs.push(("Vocabulary", format!("{} tokens", grouped(blueprint.vocabulary.value))));
    if let Some(most) = &blueprint.max_context {
        pairs.push((
            "Longest context by its config",
            format!("{} tokens", grouped(most.value)),
        ));
    }
    pairs.push((
        "Output head",
        if blueprint.tied {
            "the token table once more"
        } else {
            "a matrix of its own"
        }
        .to_owned(),
    ));
    pairs.push(("Published in", blueprint.published.method.clone()));
    let rows: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> })
        .collect();
    let beside: Vec<_> = blueprint
        .beside
        .iter()
        .map(|one| view! { <dt>{one.name} " " <small>"in the checkpoint, not counted"</small></dt><dd>{short_count(one.elements as f64)}</dd> })
        .collect();
    view! { <dl class="pairs">{rows}{beside}</dl> }
}
