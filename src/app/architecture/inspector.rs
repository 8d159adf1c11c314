//! The chosen part: what it is for, its shapes, what it costs, the keys it came from.

use leptos::prelude::*;
use weighbridge::model::Component;
use weighbridge::model::flow::PartId;
use weighbridge::report::parts::{Dim, PartChild, PartReport};

use super::looking::Looking;

/// Everything about the chosen part.
#[component]
pub fn Inspector() -> impl IntoView {
    let looking = Looking::here();
    let report = Memo::new(move |_| {
        let (part, units) = (looking.part.get(), looking.case.page.units.get());
        looking.shown.with(|shown| {
            let shown = shown.as_ref()?;
            PartReport::of(shown.setup(), &shown.anatomy, part, units)
        })
    });
    // On a phone what is chosen comes up from below, over the drawing.
    let chosen = move || looking.part.get() != PartId::Model;
    view! {
        <aside class="card inspector" class:chosen=chosen aria-label="The chosen part" aria-live="polite">
            {move || chosen().then(|| view! { <button class="button small done" type="button" on:click=move |_| looking.choose(PartId::Model)>"Done"</button> })}
            {move || report.get().map(|report| told(looking, report))}
        </aside>
    }
}

fn told(looking: Looking, report: PartReport) -> impl IntoView {
    let way = report
        .way
        .into_iter()
        .map(|(part, title)| view! { <li><button class="link" type="button" on:click=move |_| looking.choose(part)>{title}</button></li> })
        .collect_view();
    let tensors = (!report.tensors.is_empty()).then(|| {
        let rows = report
            .tensors
            .iter()
            .take(24)
            .map(|tensor| {
                let note = tensor.note.map(|note| view! { <small>{note}</small> });
                view! { <div><code>{super::blocks::breakable(&tensor.name)}</code> {shape(&tensor.dims)} <small>{tensor.format.clone()}</small> {note}</div> }
            })
            .collect_view();
        view! { <div class="shapes">{rows}</div> }
    });
    let lines = report
        .lines
        .iter()
        .map(|line| view! { <dt>{line.label} " " <small>{line.note.clone()}</small></dt><dd>{line.value.clone()}</dd> })
        .collect_view();
    let formula = report
        .formula
        .map(|formula| view! { <p class="formula"><code>{formula}</code></p> });
    let keys = (!report.keys.is_empty()).then(|| {
        let rows = report
            .keys
            .iter()
            .map(|key| view! { <tr><th scope="row"><code>{key.key.clone()}</code></th><td>{key.value.clone()}</td><td class="text">{key.source.clone()}</td></tr> })
            .collect_view();
        view! { <div><h3>"From these keys"</h3><table class="keys" aria-label="From these keys"><tbody>{rows}</tbody></table></div> }
    });
    let code = report.pseudocode.map(|code| {
        view! { <details><summary>"As pseudocode"</summary><pre tabindex="0">{code}</pre></details> }
    });
    let paper = report.paper.map(|paper| {
        view! { <p class="paper-line">"Paper: "<a href=paper.address target="_blank" rel="noreferrer">{paper.name}</a>", "{paper.title}</p> }
    });
    let linked = |words: &'static str, parts: &[(PartId, String)]| {
        let links = parts
            .iter()
            .map(|(part, title)| {
                let part = *part;
                view! { <button class="link" type="button" on:click=move |_| looking.choose(part)>{title.clone()}</button>" " }
            })
            .collect_view();
        (!parts.is_empty()).then(|| view! { <p class="also">{words}" "{links}</p> })
    };
    let also = [
        linked("Reads:", &report.reads),
        linked("Read by:", &report.read_by),
        linked("Also in:", &report.also),
    ];
    let parts = (!report.parts.is_empty()).then(|| {
        let rows = report.parts.into_iter().map(|child| row(looking, child)).collect_view();
        view! { <div class="made-of"><h3>"Made of"</h3><ul>{rows}</ul></div> }
    });
    view! {
        <ol class="crumbs">{way}</ol>
        <h2>{report.title}</h2>
        <p>{report.about}</p>
        {tensors}
        <dl class="pairs">{lines}</dl>
        {formula}{code}{keys}{paper}{also}{parts}
    }
}

/// A part in another, with what it has of what is shown.
fn row(looking: Looking, child: PartChild) -> impl IntoView {
    let part = child.part;
    let component = child.component.map(Component::key);
    let amount = move || {
        let (show, units) = (looking.show.get(), looking.case.page.units.get());
        let own = show.of(&child.figures);
        if own > 0.0 {
            show.words(own, units)
        } else {
            String::new()
        }
    };
    view! {
        <li><button type="button" data-component=component on:click=move |_| looking.choose(part)><i class="dot"></i><span>{child.title}</span><b>{amount}</b></button></li>
    }
}

/// A shape whose dimensions have one colour each.
pub fn shape(dims: &[Dim]) -> impl IntoView + use<> {
    let parts = dims
        .iter()
        .enumerate()
        .map(|(at, dim)| {
            let times = if at > 0 { " × " } else { "" };
            let title = dim.name.clone();
            view! { {times}<b class="dim" data-dim=dim.of.key()>{weighbridge::units::grouped(dim.value)}" "<span>{title}</span></b> }
        })
        .collect_view();
    view! { <span class="dims">"["{parts}"]"</span> }
}
