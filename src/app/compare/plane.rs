//! Two planes with their frontiers: memory against speed, cost against latency. Lines of the page itself, so crisp at any size.

use leptos::prelude::*;
use weighbridge::chart::{Dot, PlaneChart, RADIUS, Scatter, plane_figures as figures, scatter};
use weighbridge::export::VERSION;
use weighbridge::report::compare::{Column, Plane, SideBySide, enumerated, letter, points};
use weighbridge::units::UnitSystem;

use super::shown::Shown;
use crate::app::charts::{Deeds, HandOut, draw_of, markup, table_of};
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
    let chart = Memo::new(move |_| {
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
        Some(PlaneChart {
            points: points(&columns, plane),
            names: shown
                .beside
                .heads
                .iter()
                .map(|head| format!("{} {}", head.letter, head.named))
                .collect(),
            plane,
            units,
        })
    });
    let drawn = Memo::new(move |_| {
        chart.with(|chart| {
            let points = chart.as_ref().map_or(&[][..], |chart| &chart.points);
            SIZES.map(|size| scatter(points, plane.get(), page.units.get(), size))
        })
    });
    let table = table_of(chart);
    let named = move || hand_out("Two measures", &shown.get_untracked().beside);
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
                    let both = plane.get().both();
                    format!(
                        "None of the others is both {both} than {}. Shaded: another is.",
                        enumerated(&best, "or")
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
                    view! { <div class="table" tabindex="0" role="region" aria-label="The same as a table">{markup(&table.get())}</div> }.into_any()
                } else {
                    drawn.get().into_iter().zip(["onwide", "onphone"])
                        .map(|(drawn, class)| view! { <div class=class>{picture(drawn, &beside, read, plane.get(), page.units.get())}</div> })
                        .collect_view().into_any()
                }
            }}
            <p class="out num" role="status">{read_out}</p>
            <Deeds as_table=as_table named=named draw=draw_of(chart) table=table/>
        </section>
    }
}

/// What a point says: `C gpt-oss 20B: 15.9 GiB, 173 tokens/s (93 to 220 likely); none is both smaller and faster`.
fn said(dot: &Dot, beside: &SideBySide, plane: Plane, units: UnitSystem) -> String {
    let name = beside
        .heads
        .get(dot.point.column)
        .map_or("", |head| head.named.as_str());
    let best = if dot.best {
        format!("; none is both {}", plane.both())
    } else {
        String::new()
    };
    let [x, y, likely] = figures(&dot.point, plane, units);
    format!("{} {name}: {x}, {y}{likely}{best}", letter(dot.point.column))
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

/// What pictures of a comparison are called.
pub fn hand_out(what: &'static str, beside: &SideBySide) -> HandOut {
    HandOut {
        title: format!("{what}, side by side"),
        source: format!("{} Weighbridge {VERSION}", beside.main),
        // The address bar has the whole comparison.
        link: window().location().href().unwrap_or_default(),
        of: "comparison".to_owned(),
        what,
        height: None,
    }
}
