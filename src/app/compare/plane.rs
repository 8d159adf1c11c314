//! Two planes with their frontiers: memory against speed, cost against latency. Lines of the page itself, so crisp at any size.

use leptos::prelude::*;
use weighbridge::chart::{Dot, RADIUS, Scatter, scatter};
use weighbridge::report::compare::{Column, Plane, SideBySide, letter, points};
use weighbridge::units::{UnitSystem, decimal, dollars, seconds};

use super::shown::Shown;
use crate::app::page::Page;

/// The paper on a wide page and on a phone.
const SIZES: [(f64, f64); 2] = [(560.0, 360.0), (330.0, 280.0)];

/// The card with both.
#[component]
pub fn Planes(shown: Memo<Shown>) -> impl IntoView {
    let page = Page::here();
    let plane = RwSignal::new(Plane::MemorySpeed);
    let as_table = RwSignal::new(false);
    let read = RwSignal::new(None::<usize>);
    let choices = [
        (Plane::MemorySpeed, "Memory against speed"),
        (Plane::CostLatency, "Cost against latency"),
    ];
    let buttons = choices
        .map(|(one, words)| {
            view! { <button type="button" aria-pressed=move || (plane.get() == one).to_string() on:click=move |_| { read.set(None); plane.set(one) }>{words}</button> }
        })
        .collect_view();
    let drawn = Memo::new(move |_| {
        let (shown, units, plane) = (shown.get(), page.units.get(), plane.get());
        let columns: Vec<Column<'_>> = shown
            .beside
            .heads
            .iter()
            .zip(&shown.answers)
            .map(|(head, answer)| Column {
                name: &head.model,
                analysis: &answer.analysis,
            })
            .collect();
        let found = points(&columns, plane);
        SIZES.map(|size| scatter(&found, plane, units, size))
    });
    let said = move |dot: &Dot, beside: &SideBySide| said(dot, beside, plane.get(), page.units.get());
    let read_out = move || {
        let beside = shown.get().beside;
        drawn.with(|[drawn, _]| {
            let dot = read
                .get()
                .and_then(|column| drawn.dots.iter().find(|dot| dot.point.column == column));
            match dot {
                Some(dot) => said(dot, &beside),
                None if drawn.dots.is_empty() => "Nothing here runs, or has a price.".to_owned(),
                None => {
                    let best: Vec<String> = drawn
                        .dots
                        .iter()
                        .filter(|dot| dot.best)
                        .map(|dot| letter(dot.point.column).to_string())
                        .collect();
                    format!(
                        "On the frontier: {}. Shaded: another is better in both.",
                        best.join(", ")
                    )
                }
            }
        })
    };
    view! {
        <section class="card plane" aria-labelledby="plane-title">
            <h2 id="plane-title" class="unseen">"Two measures against each other"</h2>
            <div class="segments" role="group" aria-label="Axes">{buttons}</div>
            {move || {
                let beside = shown.get().beside;
                if as_table.get() {
                    drawn.with(|[drawn, _]| table(drawn, &beside, plane.get(), page.units.get())).into_any()
                } else {
                    drawn.get().into_iter().zip(["onwide", "onphone"])
                        .map(|(drawn, class)| view! { <div class=class>{picture(drawn, &beside, read, plane.get(), page.units.get())}</div> })
                        .collect_view().into_any()
                }
            }}
            <p class="out num" role="status">{read_out}</p>
            <div class="deeds"><button class="link" type="button" on:click=move |_| as_table.update(|on| *on = !*on)>{move || if as_table.get() { "As a chart" } else { "As a table" }}</button></div>
        </section>
    }
}

/// What a point says: `C gpt-oss 20B: 15.9 GiB, 173 tokens/s (93 to 220 likely), on the frontier`.
fn said(dot: &Dot, beside: &SideBySide, plane: Plane, units: UnitSystem) -> String {
    let name = beside
        .heads
        .get(dot.point.column)
        .map_or("", |head| head.named.as_str());
    let best = if dot.best { ", on the frontier" } else { "" };
    let [x, y, likely] = figures(dot, plane, units);
    format!("{} {name}: {x}, {y}{likely}{best}", letter(dot.point.column))
}

fn figures(dot: &Dot, plane: Plane, units: UnitSystem) -> [String; 3] {
    let likely = |words: &dyn Fn(f64) -> String| {
        let between = dot.point.between;
        between.map_or_else(String::new, |(low, high)| {
            format!(" ({} to {} likely)", words(low), words(high))
        })
    };
    match plane {
        Plane::MemorySpeed => [
            units.bytes(dot.point.x),
            format!("{} tokens/s", decimal(dot.point.y)),
            likely(&decimal),
        ],
        Plane::CostLatency => [
            format!("{} a million tokens", dollars(dot.point.x)),
            format!("first token after {}", seconds(dot.point.y)),
            likely(&seconds),
        ],
    }
}

fn picture(
    drawn: Scatter,
    beside: &SideBySide,
    read: RwSignal<Option<usize>>,
    plane: Plane,
    units: UnitSystem,
) -> impl IntoView + use<> {
    let (left, top, right, bottom) = drawn.plane;
    let (width, height) = drawn.size;
    let grid = drawn
        .y
        .iter()
        .map(|(y, text)| {
            view! {
                <path class="grid" d=format!("M{left:.1} {y:.1}H{right:.1}")/>
                <text x=format!("{:.1}", left - 7.0) y=format!("{:.1}", y + 4.0) text-anchor="end">{text.clone()}</text>
            }
        })
        .collect_view();
    let ticks = drawn
        .x
        .iter()
        .map(|(x, text)| {
            view! {
                <text x=format!("{x:.1}") y=format!("{:.1}", bottom + 18.0) text-anchor="middle">{text.clone()}</text>
            }
        })
        .collect_view();
    let dots = drawn.dots.iter().map(|dot| {
        let column = dot.point.column;
        let (x, y) = dot.at;
        let words = said(dot, beside, plane, units);
        view! {
            <g class="dot-of" class:best=dot.best tabindex="0" role="img" aria-label=words
                on:mouseenter=move |_| read.set(Some(column)) on:mouseleave=move |_| read.set(None)
                on:focus=move |_| read.set(Some(column)) on:blur=move |_| read.set(None) on:click=move |_| read.set(Some(column))>
                {dot.between.map(|(low, high)| view! { <path class="range" d=format!("M{x:.1} {low:.1}V{high:.1}")/> })}
                <circle class="touch" cx=format!("{x:.1}") cy=format!("{y:.1}") r="14"/>
                <circle class="at" cx=format!("{x:.1}") cy=format!("{y:.1}") r=RADIUS.to_string()/>
                <text class="key" x=format!("{:.1}", dot.letter.0) y=format!("{:.1}", dot.letter.1 + 4.5) text-anchor="middle">{letter(column).to_string()}</text>
            </g>
        }
    }).collect_view();
    let (path, area) = drawn.frontier;
    view! {
        <svg viewBox=format!("0 0 {width} {height}") role="group" aria-label=format!("{} against {}", drawn.names.0, drawn.names.1)>
            {grid}{ticks}
            <text x=format!("{:.1}", f64::midpoint(left, right)) y=format!("{:.1}", height - 4.0) text-anchor="middle">{drawn.names.0.clone()}</text>
            <text x=format!("{left:.1}") y=format!("{:.1}", top - 10.0)>{drawn.names.1}</text>
            <path class="area" d=area/>
            <path class="front" d=path/>
            {dots}
        </svg>
    }
}

fn table(drawn: &Scatter, beside: &SideBySide, plane: Plane, units: UnitSystem) -> impl IntoView + use<> {
    let rows = drawn.dots.iter().map(|dot| {
        let name = beside.heads.get(dot.point.column).map_or("", |head| head.named.as_str());
        let [x, y, likely] = figures(dot, plane, units);
        view! {
            <tr><th scope="row">{format!("{} {name}", letter(dot.point.column))}</th><td>{x}</td><td>{format!("{y}{likely}")}</td><td>{if dot.best { "yes" } else { "no" }}</td></tr>
        }
    }).collect_view();
    view! {
        <div class="table" tabindex="0" role="region" aria-label="The same as a table"><table>
            <thead><tr><th scope="col">"Question"</th><th scope="col">{drawn.names.0.clone()}</th><th scope="col">{drawn.names.1}</th><th scope="col">"On the frontier"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table></div>
    }
}
