//! The answer as a printed page: black on white, parts with their names, so that it reads without colour. Only print shows it.

use leptos::portal::Portal;
use leptos::prelude::*;
use weighbridge::export::answer::AnswerSheet;
use weighbridge::units::{UnitSystem, capital};

/// The page, beside everything else of the document.
#[component]
pub fn Paper(sheet: AnswerSheet, units: UnitSystem) -> impl IntoView {
    let sheet = StoredValue::new(sheet);
    view! { <Portal>{move || page(&sheet.get_value(), units)}</Portal> }
}

/// The page itself.
pub fn page(sheet: &AnswerSheet, units: UnitSystem) -> impl IntoView + use<> {
    let numbers = sheet.tiles.iter().filter(|tile| !tile.none).map(|tile| {
        view! { <li><span>{tile.what}</span><b>{tile.value.clone()}" "<small>{tile.unit.clone()}</small></b><i>{tile.note.clone()}</i></li> }
    });
    let parts = sheet.parts.iter().map(|(name, size, share)| {
        view! { <tr><th scope="row">{*name}</th><td>{size.clone()}</td><td>{share.clone()}</td></tr> }
    });
    let asked = sheet
        .asked
        .iter()
        .map(|(name, value)| view! { <dt>{*name}</dt><dd>{value.clone()}</dd> });
    let list = |title: &'static str, lines: &[String]| {
        let lines: Vec<_> = lines.iter().map(|line| view! { <li>{capital(line)}</li> }).collect();
        (!lines.is_empty()).then(|| view! { <section><h2>{title}</h2><ul class="lines">{lines}</ul></section> })
    };
    let unit = match units {
        UnitSystem::Gib => "GiB: 1,024³ bytes",
        UnitSystem::Gb => "GB: 1,000³ bytes",
    };
    view! {
        <article class="paper">
            <header><b>"Weighbridge"</b><span>{format!("{} · version {}", sheet.date, sheet.version)}</span></header>
            <p class="stamp">{sheet.sentence.pill}</p>
            <h1>{sheet.sentence.main.clone()}</h1>
            <p class="lead">{sheet.sentence.rest.clone()}</p>
            <ul class="figures">{numbers.collect::<Vec<_>>()}</ul>
            {on_scale(sheet)}
            <div class="columns">
                <section><h2>"By component"</h2><table><tbody>{parts.collect::<Vec<_>>()}</tbody><tfoot><tr><th scope="row">"Total"</th><td>{sheet.total.clone()}</td><td>"100 %"</td></tr></tfoot></table></section>
                <section><h2>"What was asked"</h2><dl>{asked.collect::<Vec<_>>()}</dl></section>
            </div>
            <div class="columns">{list("What was assumed", &sheet.assumed)}{list("Where it comes from", &sheet.sources)}</div>
            <footer><span class="address">{sheet.link.clone()}</span><span>{unit}</span></footer>
        </article>
    }
}

/// The scale: each part as long as it is, named where its name fits.
fn on_scale(sheet: &AnswerSheet) -> impl IntoView + use<> {
    let scale = &sheet.scale;
    let end = scale.end.max(1.0);
    let share = move |bytes: f64| bytes / end * 100.0;
    let parts = scale.pieces.iter().map(|piece| {
        let width = share(piece.bytes);
        let fits = |name: &str| width > 1.3 * name.len() as f64;
        let name = [piece.name, piece.short]
            .into_iter()
            .find(|name| fits(name))
            .unwrap_or_default();
        view! { <span class:beyond=piece.mute style:width=format!("{width:.3}%")>{name}</span> }
    });
    let ticks = scale
        .ticks
        .iter()
        .map(|(at, figure)| view! { <span style:left=format!("{at:.2}%")>{figure.clone()}</span> });
    let limit = scale
        .capacity
        .map(|capacity| view! { <b class="limit" style:left=format!("{:.2}%", share(capacity))></b> });
    let line = scale.capacity.map_or("", |_| "; the line: what may be used");
    view! {
        <section class="on-scale">
            <h2>"On the scale "<small>{scale.side.clone()}{line}</small></h2>
            <div class="load">{parts.collect::<Vec<_>>()}{limit}</div>
            <div class="marks">{ticks.collect::<Vec<_>>()}</div>
        </section>
    }
}
