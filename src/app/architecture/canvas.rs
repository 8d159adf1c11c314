//! The drawing in the page: boxes that can be pressed, moved through with the keyboard, zoomed and dragged.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::chart::architecture::{
    Plan, Scene, SceneBox, SceneFrame, WireKind, cells, heads, heat, opens, rounded, scene,
};
use weighbridge::model::flow::{Look, PartId};

use super::looking::Looking;
use crate::app::charts::size_of;

/// Steps of the zoom.
const ZOOMS: [f64; 7] = [0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0];
/// As drawn.
const WHOLE: usize = 3;
/// No drawing is narrower.
const LEAST: f64 = 300.0;

/// The drawing as it is now.
pub fn scene_of(looking: Looking, width: f64) -> Option<Scene> {
    let open = looking.opened();
    let (show, units) = (looking.show.get(), looking.case.page.units.get());
    looking.shown.with(|shown| {
        let shown = shown.as_ref()?;
        Some(scene(&Plan {
            blueprint: shown.blueprint(),
            anatomy: &shown.anatomy,
            show,
            open: &open,
            width,
            units,
        }))
    })
}

/// The drawing with its zoom.
#[component]
pub fn Canvas() -> impl IntoView {
    let looking = Looking::here();
    let frame = NodeRef::<html::Div>::new();
    let width = RwSignal::new(720.0_f64);
    Effect::new(move |_| {
        let Some(element) = frame.get() else { return };
        let size = size_of(&element);
        Effect::new(move |_| {
            let wide = size.get().0;
            if wide > 1.0 {
                // A scroll bar that comes and goes must not draw everything again.
                width.set(((wide - 2.0) / 8.0).floor() * 8.0);
            }
        });
    });
    let zoom = RwSignal::new(WHOLE);
    let factor = move || ZOOMS.get(zoom.get()).copied().unwrap_or(1.0);
    let drawn = Memo::new(move |_| scene_of(looking, width.get().max(LEAST)));
    let keys = move |event: web_sys::KeyboardEvent| key(looking, drawn, &event);
    let dragged = StoredValue::new_local(None::<(i32, i32, i32, i32)>);
    let grab = move |event: web_sys::MouseEvent| {
        if let Some(element) = frame.get_untracked().filter(|_| event.button() == 0) {
            dragged.set_value(Some((
                event.client_x(),
                event.client_y(),
                element.scroll_left(),
                element.scroll_top(),
            )));
        }
    };
    let pull = move |event: web_sys::MouseEvent| {
        let from = dragged.get_value().filter(|_| event.buttons() & 1 == 1);
        if let (Some((x, y, left, top)), Some(element)) = (from, frame.get_untracked()) {
            element.set_scroll_left(left - (event.client_x() - x));
            element.set_scroll_top(top - (event.client_y() - y));
        }
    };
    // A link to a part leads to it.
    let linked = looking.part.get_untracked();
    Effect::new(move |done: Option<bool>| {
        let there = drawn.with(Option::is_some);
        if there && done != Some(true) && linked != PartId::Model {
            request_animation_frame(move || {
                if let Some(element) = document().get_element_by_id(&id(linked)) {
                    let options = web_sys::ScrollIntoViewOptions::new();
                    options.set_block(web_sys::ScrollLogicalPosition::Center);
                    element.scroll_into_view_with_scroll_into_view_options(&options);
                }
            });
        }
        there || done == Some(true)
    });
    view! {
        <div class="canvas-bar">
            <span class="hint">"Arrow keys move, → opens, ← closes"</span>
            <button class="button small" type="button" aria-label="Smaller" disabled=move || zoom.get() == 0 on:click=move |_| zoom.update(|at| *at = at.saturating_sub(1))>"−"</button>
            <button class="button small" type="button" aria-label=move || format!("{:.0} %, back to as drawn", factor() * 100.0) on:click=move |_| zoom.set(WHOLE)>{move || format!("{:.0} %", factor() * 100.0)}</button>
            <button class="button small" type="button" aria-label="Larger" disabled=move || zoom.get() + 1 == ZOOMS.len() on:click=move |_| zoom.update(|at| *at = (*at + 1).min(ZOOMS.len() - 1))>"+"</button>
            <button class="button small" type="button" on:click=move |_| looking.open.set(Some(std::collections::BTreeSet::new()))>"Close all"</button>
        </div>
        <div
            class="canvas"
            node_ref=frame
            on:keydown=keys
            on:mousedown=grab
            on:mousemove=pull
            on:mouseup=move |_| dragged.set_value(None)
            on:mouseleave=move |_| dragged.set_value(None)
        >
            {move || drawn.get().map(|scene| draw(looking, &scene, factor()))}
        </div>
    }
}

/// Arrow keys: up and down to the next box, right opens, left closes or goes to what it is part of.
fn key(looking: Looking, drawn: Memo<Option<Scene>>, event: &web_sys::KeyboardEvent) {
    if event.ctrl_key() || event.meta_key() || event.alt_key() {
        return;
    }
    let now = looking.part.get_untracked();
    let Some(order) = drawn.with_untracked(|scene| scene.as_ref().map(order)) else {
        return;
    };
    let at = order.iter().position(|part| *part == now);
    let next = match event.key().as_str() {
        "ArrowDown" => at
            .map_or(Some(0), |at| Some(at + 1))
            .and_then(|at| order.get(at))
            .copied(),
        "ArrowUp" => at
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| order.get(at))
            .copied(),
        "Escape" => Some(PartId::Model),
        "Home" => order.first().copied(),
        "End" => order.last().copied(),
        "ArrowRight" => {
            if can_open(looking, now) && !untrack(|| looking.opened()).contains(&now) {
                looking.toggle(now);
                Some(now)
            } else {
                at.and_then(|at| order.get(at + 1)).copied()
            }
        }
        "ArrowLeft" => {
            if untrack(|| looking.opened()).contains(&now) {
                looking.toggle(now);
                Some(now)
            } else {
                now.parent().filter(|parent| *parent != PartId::Model)
            }
        }
        _ => return,
    };
    event.prevent_default();
    if let Some(next) = next {
        looking.choose(next);
        focus(next);
    }
}

/// Frames and boxes in reading order.
fn order(scene: &Scene) -> Vec<PartId> {
    let boxes = scene.boxes.iter().map(|one| (one.y, one.x, one.part));
    let frames = scene.frames.iter().map(|one| (one.y, one.x, one.part));
    let mut all: Vec<(f64, f64, PartId)> = boxes.chain(frames).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1)));
    all.into_iter().map(|one| one.2).collect()
}

fn can_open(looking: Looking, part: PartId) -> bool {
    looking.shown.with_untracked(|shown| {
        let Some(shown) = shown else { return false };
        match part {
            PartId::Group(_) => true,
            PartId::Block(..) => part.place(shown.blueprint()).is_some_and(|place| opens(place.block)),
            PartId::Model | PartId::Piece(..) => false,
        }
    })
}

/// Puts the focus on a part, once it is drawn.
fn focus(part: PartId) {
    request_animation_frame(move || {
        let found = document().get_element_by_id(&id(part));
        if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::SvgElement>().ok()) {
            let _ = element.focus();
        }
    });
}

/// Puts the focus on the part that Tab reaches.
pub fn focus_first() {
    let found = document().query_selector(".drawing [tabindex='0']").ok().flatten();
    if let Some(element) = found.and_then(|element| element.dyn_into::<web_sys::SvgElement>().ok()) {
        let _ = element.focus();
    }
}

fn id(part: PartId) -> String {
    format!("at-{part}")
}

fn draw(looking: Looking, scene: &Scene, factor: f64) -> impl IntoView + use<> {
    let size = format!("0 0 {:.0} {:.0}", scene.width, scene.height);
    let (wide, high) = (scene.width * factor, scene.height * factor);
    let frames = scene.frames.iter().map(|frame| framed(looking, frame)).collect_view();
    let wires = scene
        .wires
        .iter()
        .map(|wire| {
            let (class, thick) = match wire.kind {
                WireKind::Stream => ("wire stream", 2.0),
                WireKind::Flow => ("wire", 1.3 + 1.7 * wire.share.clamp(0.0, 1.0).sqrt()),
                WireKind::Again => ("wire again", 1.4),
            };
            let end = wire.arrow.then_some("url(#arrow)");
            view! { <path class=class d=rounded(&wire.points) stroke-width=format!("{thick:.1}") marker-end=end></path> }
        })
        .collect_view();
    let sums = scene
        .sums
        .iter()
        .map(|(x, y)| {
            view! {
                <g class="sum" transform=format!("translate({x:.1} {y:.1})")>
                    <circle r="9"></circle><path d="M-4.5 0h9M0 -4.5v9"></path>
                </g>
            }
        })
        .collect_view();
    let boxes = scene.boxes.iter().map(|one| boxed(looking, one)).collect_view();
    let words = scene
        .words
        .iter()
        .map(|words| {
            let anchor = if words.centred { "middle" } else { "start" };
            view! { <text class=if words.strong { "word strong" } else { "word" } x=format!("{:.1}", words.x) y=format!("{:.1}", words.y) text-anchor=anchor>{words.text.clone()}</text> }
        })
        .collect_view();
    let (rail_x, rail_width) = scene.rail_at;
    let rail = scene
        .rail
        .iter()
        .map(|cell| {
            let part = cell.part;
            let words = match cell.layers {
                1 => format!("Layer {}", cell.first),
                more => format!("Layers {} to {}", cell.first, cell.first + more - 1),
            };
            view! {
                <rect class="cell" data-component=cell.component.map(|one| one.key()) x=format!("{rail_x:.1}") y=format!("{:.2}", cell.y)
                    width=format!("{rail_width:.1}") height=format!("{:.2}", cell.height) rx="2" fill-opacity=format!("{:.2}", cell.strength)
                    class:on=move || { looking.part.get().group().map(PartId::Group) == Some(part) }
                    on:click=move |_| press(looking, part, true)><title>{words}</title></rect>
            }
        })
        .collect_view();
    let ends = match (scene.rail.first(), scene.rail.last()) {
        (Some(first), Some(last)) => {
            let x = rail_x + rail_width + 5.0;
            let end = last.first + last.layers - 1;
            Some(view! {
                <text class="word" x=format!("{rail_x:.1}") y="24">"depth"</text>
                <text class="word" x=format!("{x:.1}") y=format!("{:.1}", first.y + 10.0)>"1"</text>
                <text class="word" x=format!("{x:.1}") y=format!("{:.1}", last.y + last.height)>{end.to_string()}</text>
            })
        }
        _ => None,
    };
    view! {
        <svg class="drawing" width=format!("{wide:.0}") height=format!("{high:.0}") viewBox=size role="group" aria-label="The architecture, from the tokens at the top to the scores of words at the bottom. Arrow keys move, right opens, left closes.">
            <defs>
                <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z"></path></marker>
            </defs>
            {rail}{ends}{frames}{wires}{sums}{boxes}{words}
        </svg>
    }
}

/// A press on a part: it is chosen, and a closed one opens.
fn press(looking: Looking, part: PartId, opens: bool) {
    if opens && !untrack(|| looking.opened()).contains(&part) {
        looking.toggle(part);
    }
    looking.choose(part);
    focus(part);
}

/// Which of all parts can be reached with Tab: the chosen one, the first if none is.
fn tab_index(looking: Looking, part: PartId, first: bool) -> impl Fn() -> &'static str {
    move || {
        let chosen = looking.part.get();
        if chosen == part || first && chosen == PartId::Model {
            "0"
        } else {
            "-1"
        }
    }
}

fn framed(looking: Looking, frame: &SceneFrame) -> AnyView {
    let part = frame.part;
    let title = frame.title_x;
    let right = frame.x + frame.width - 40.0;
    let choose = move |_| press(looking, part, false);
    let keys = move |event: web_sys::KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            press(looking, part, false);
        }
    };
    // The words that are seen, in their order.
    let label = format!("{} {}, open", frame.title, frame.figure);
    view! {
        <g class="frame" class:layer=frame.layer class:on=move || looking.part.get() == part data-component=frame.component.map(|one| one.key())>
            <rect class="edge" x=format!("{:.1}", frame.x) y=format!("{:.1}", frame.y) width=format!("{:.1}", frame.width) height=format!("{:.1}", frame.height) rx="10"></rect>
            <g id=id(part) role="button" tabindex=tab_index(looking, part, false) aria-label=label aria-expanded="true" on:click=choose on:keydown=keys>
                <rect class="grip" x=format!("{:.1}", title - 8.0) y=format!("{:.1}", frame.y + 4.0) width=format!("{:.1}", (frame.x + frame.width - title - 24.0).max(10.0)) height="24" rx="6"></rect>
                <text class="title" x=format!("{title:.1}") y=format!("{:.1}", frame.y + 20.5)>{frame.title.clone()}</text>" "
                <text class="figure" x=format!("{right:.1}") y=format!("{:.1}", frame.y + 20.5) text-anchor="end">{frame.figure.clone()}</text>
            </g>
            <g class="close" on:click=move |_| looking.toggle(part) transform=format!("translate({:.1} {:.1})", frame.x + frame.width - 20.0, frame.y + 16.0)>
                <title>"Close"</title><circle r="9"></circle><path d="M-4 2L0 -2L4 2"></path>
            </g>
        </g>
    }
    .into_any()
}

fn boxed(looking: Looking, one: &SceneBox) -> AnyView {
    let part = one.part;
    let opens = one.opens;
    let small = one.look == Look::Small;
    let component = match one.look {
        Look::Cache => Some("kv_cache"),
        Look::State => Some("state_cache"),
        _ => one.component.map(|component| component.key()),
    };
    let first = one.y < 60.0;
    let radius = if small { "14" } else { "7" };
    let (x, y, width, height) = (one.x, one.y, one.width, one.height);
    let rect = move |class: &'static str, opacity: Option<String>| {
        view! { <rect class=class x=format!("{x:.1}") y=format!("{y:.1}") width=format!("{width:.1}") height=format!("{height:.1}") rx=radius opacity=opacity></rect> }
    };
    let mut base = y + if small { 18.0 } else { 20.0 };
    let title = view! { <text class=if small { "title small" } else { "title" } x=format!("{:.1}", x + one.inset) y=format!("{base:.1}")>{one.title.clone()}</text> };
    let beside = (one.beside && !one.figure.is_empty()).then(|| {
        view! { <text class="figure" x=format!("{:.1}", x + width - one.inset / 2.0) y=format!("{base:.1}") text-anchor="end">{one.figure.clone()}</text> }
    });
    let mut lines = Vec::new();
    for line in &one.detail {
        base += 16.0;
        lines.push(
            view! { " "<text class="figure" x=format!("{:.1}", x + one.inset) y=format!("{base:.1}")>{line.clone()}</text> },
        );
    }
    if !one.beside && !one.figure.is_empty() {
        base += 16.0;
        lines.push(view! { " "<text class="figure" x=format!("{:.1}", x + one.inset) y=format!("{base:.1}")>{one.figure.clone()}</text> });
    }
    let grid = one.grid.map(|(experts, chosen)| {
        cells(one, experts, chosen)
            .into_iter()
            .map(|(x, y, hot)| view! { <rect class=if hot { "expert hot" } else { "expert" } x=format!("{x:.1}") y=format!("{y:.1}") width="5" height="5" rx="1"></rect> })
            .collect_view()
    });
    let squares = heads(one)
        .into_iter()
        .map(|(x, y, stored)| view! { <rect class=if stored { "head stored" } else { "head" } x=format!("{x:.1}") y=format!("{y:.1}") width="5" height="5" rx="1"></rect> })
        .collect_view();
    // The words that are seen, in their order.
    let mut words = vec![one.title.clone()];
    words.extend(one.beside.then(|| one.figure.clone()));
    words.extend(one.detail.iter().cloned());
    words.extend((!one.beside).then(|| one.figure.clone()));
    words.retain(|word| !word.is_empty());
    let keys = move |event: web_sys::KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            event.prevent_default();
            press(looking, part, opens);
        }
    };
    view! {
        <g class="part" id=id(part) role="button" tabindex=tab_index(looking, part, first) aria-label=words.join(" ") aria-expanded=opens.then_some("false")
            data-component=component class:on=move || looking.part.get() == part on:click=move |_| press(looking, part, opens) on:keydown=keys>
            {rect("face", None)}
            {(one.share > 1e-3).then(|| rect("heat", Some(format!("{:.3}", heat(one.share)))))}
            <path class="band" d=format!("M{:.1} {:.1}v{:.1}", x + 7.0, y + 8.0, height - 16.0)></path>
            {title}" "{beside}{lines}{squares}{grid}
        </g>
    }
    .into_any()
}
