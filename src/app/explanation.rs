//! The explanation of a number: formula, values, where each came from, what is not counted.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::analysis::{Explanation, Piece, explain};
use weighbridge::units::percent;

use super::case::{Case, Opened};
use super::icon::Icon;

/// Distance kept from the edges of the window, in CSS pixels.
const MARGIN: f64 = 12.0;

/// The popover; on a phone the stylesheet makes it a sheet at the bottom.
#[component]
pub fn ExplanationPopover() -> impl IntoView {
    let case = Case::here();
    let popover = NodeRef::<leptos::html::Div>::new();
    let back_to = StoredValue::new_local(None::<web_sys::HtmlElement>);
    let place = RwSignal::new((0.0, 0.0));
    let words = Memo::new(move |_| {
        let opened = case.opened.get()?;
        let units = case.page.units.get();
        case.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let trail: Vec<Explanation> = (0..=opened.path.len())
                .filter_map(|depth| explain(&answer.analysis, opened.figure, opened.path.get(..depth)?, units))
                .collect();
            Some(trail)
        })
    });
    Effect::new(move |_| {
        let Some(element) = popover.get() else { return };
        let shown = element.matches(":popover-open").unwrap_or(false);
        match (case.opened.with(Option::is_some), shown) {
            (true, false) => {
                back_to.set_value(document().active_element().and_then(|element| element.dyn_into().ok()));
                let _ = element.show_popover();
            }
            (false, true) => {
                let _ = element.hide_popover();
                return;
            }
            (true, true) => element.set_scroll_top(0),
            (false, false) => return,
        }
        // Its size is known once the new words are in it.
        request_animation_frame(move || {
            settle(case, &element, place);
            focus_title(&element);
        });
    });
    // Closed by the browser (Esc, a click beside it): the state follows, and the focus goes back unless it went elsewhere.
    let toggled = move |_| {
        let Some(element) = popover.get_untracked() else { return };
        // The news is late: meanwhile another number may have opened it again.
        if element.matches(":popover-open").unwrap_or(false) {
            return;
        }
        case.opened.set(None);
        let lost = document()
            .active_element()
            .is_none_or(|active| active.tag_name() == "BODY" || element.contains(Some(&active)));
        if let Some(element) = back_to.get_value().filter(|element| lost && element.is_connected()) {
            let _ = element.focus();
        }
    };
    view! {
        <div class="explain" popover="auto" role="dialog" aria-label="Explanation" node_ref=popover on:toggle=toggled
            style:--x=move || format!("{:.0}", place.get().0) style:--y=move || format!("{:.0}", place.get().1)>
            {move || match words.get() {
                Some(trail) if !trail.is_empty() => body(case, trail).into_any(),
                _ => view! {
                    <div class="title"><h2 tabindex="-1">"Nothing to explain yet"</h2></div>
                    <p>"This number needs a model on the scale and a device under it. Choose both, then open it again."</p>
                }.into_any(),
            }}
        </div>
    }
}

/// Moves the popover to where it was opened, inside the window.
fn settle(case: Case, element: &web_sys::HtmlElement, place: RwSignal<(f64, f64)>) {
    let Some(Opened { at, .. }) = case.opened.get_untracked() else {
        return;
    };
    let size = |value: Result<wasm_bindgen::JsValue, wasm_bindgen::JsValue>| {
        value.ok().and_then(|value| value.as_f64()).unwrap_or(0.0)
    };
    let (width, height) = (size(window().inner_width()), size(window().inner_height()));
    let (own_width, own_height) = (f64::from(element.offset_width()), f64::from(element.offset_height()));
    let x = (at.0 - own_width / 3.0).min(width - own_width - MARGIN).max(MARGIN);
    let below = at.1 + MARGIN;
    let y = if below + own_height > height - MARGIN {
        (height - own_height - MARGIN).max(MARGIN)
    } else {
        below
    };
    place.set((x, y));
}

/// The title: a reader hears what was opened, and the next Tab goes to the first button.
fn focus_title(element: &web_sys::HtmlElement) {
    if let Some(title) = element
        .query_selector(".title h2")
        .ok()
        .flatten()
        .and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = title.focus();
    }
}

/// The formula in names and in values, with its result; nothing where there is no more than one name.
pub fn formula(of: &Explanation) -> Option<impl IntoView + use<>> {
    let (steps, result) = match of.values.rsplit_once("= ") {
        Some((steps, result)) => (format!("{steps}= "), result.to_owned()),
        None => (of.values.clone(), String::new()),
    };
    let pieces = of.formula.clone();
    (pieces.len() > 1).then(|| {
        view! {
            <div class="formula num">
                {pieces.into_iter().map(|piece| match piece {
                    Piece::Name(name) => view! { <var>{name}</var> }.into_any(),
                    Piece::Plain(text) => view! { {text} }.into_any(),
                }).collect_view()}
                <span class="values">{steps}<b>{result}</b></span>
            </div>
        }
    })
}

fn body(case: Case, mut trail: Vec<Explanation>) -> impl IntoView {
    let last = trail.pop()?;
    let title = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    let crumbs = (!trail.is_empty()).then(|| {
        view! {
            <nav class="crumbs" aria-label="Opened from">
                {trail.iter().enumerate().map(|(depth, one)| view! {
                    <button class="link" type="button" on:click=move |_| case.opened.update(|opened| if let Some(opened) = opened { opened.path.truncate(depth) })>{title(&one.title)}</button>
                }).collect_view()}
                <span aria-current="true">{title(&last.title)}</span>
            </nav>
        }
    });
    let parts = last.parts.clone();
    let inputs = last.inputs.clone();
    Some(view! {
        {crumbs}
        <div class="title">
            <h2 tabindex="-1">{last.title.clone()}</h2>
            <button class="icon-button" type="button" aria-label="Close" on:click=move |_| case.opened.set(None)><Icon name="cross"/></button>
        </div>
        {(!last.about.is_empty()).then(|| view! { <p>{last.about.clone()}</p> })}
        {formula(&last)}
        {(!inputs.is_empty()).then(|| view! {
            <h3>"Where each comes from"</h3>
            <ul class="inputs num">
                {inputs.into_iter().map(|input| view! { <li><code>{input.name}</code><span class="value">{input.value}</span><span>{input.origin}</span></li> }).collect_view()}
            </ul>
        })}
        {(!parts.is_empty()).then(|| view! {
            <h3>"Parts"</h3>
            <ul class="parts num">
                {parts.into_iter().enumerate().map(|(at, part)| {
                    let share = part.share.map(percent).unwrap_or_default();
                    view! {
                        <li data-component=part.key.clone()>
                            <button type="button" on:click=move |_| case.opened.update(|opened| if let Some(opened) = opened { opened.path.push(at) })>
                                {part.key.is_some().then(|| view! { <i class="dot"></i> })}
                                <span>{part.name}</span>
                                <span class="value">{part.value}" "{(!share.is_empty()).then(|| view! { <small>{share}</small> })}</span>
                            </button>
                        </li>
                    }
                }).collect_view()}
            </ul>
        })}
        {(!last.not_counted.is_empty()).then(|| view! { <p class="without">"Not counted: "{last.not_counted.clone()}</p> })}
        {(!last.source.is_empty()).then(|| view! { <p class="cite">{last.source}</p> })}
    })
}
