//! The explanation of a number: formula, values, where each came from, what is not counted.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use weighbridge::analysis::{Explanation, Piece, Question, explain};
use weighbridge::units::percent;

use super::icon::Icon;
use super::state::{Opened, State};

/// Distance kept from the edges of the window, in CSS pixels.
const MARGIN: f64 = 12.0;

/// The popover; on a phone the stylesheet makes it a sheet at the bottom.
#[component]
pub fn ExplanationPopover() -> impl IntoView {
    let state = State::here();
    let popover = NodeRef::<leptos::html::Div>::new();
    let back_to = StoredValue::new_local(None::<web_sys::HtmlElement>);
    let place = RwSignal::new((0.0, 0.0));
    let words = Memo::new(move |_| {
        let opened = state.opened.get()?;
        let units = state.units.get();
        state.shown.with(|shown| {
            let answer = shown.as_ref()?;
            let question = Question::new(&answer.blueprint, &answer.scenario).ok()?;
            let trail: Vec<Explanation> = (0..=opened.path.len())
                .filter_map(|depth| explain(&question, opened.figure, opened.path.get(..depth)?, units))
                .collect();
            Some(trail)
        })
    });
    let open = Memo::new(move |_| state.opened.with(Option::is_some));
    Effect::new(move |_| {
        let Some(element) = popover.get() else { return };
        if open.get() {
            back_to.set_value(document().active_element().and_then(|element| element.dyn_into().ok()));
            let _ = element.show_popover();
            request_animation_frame(move || {
                settle(state, &element, place);
                focus_close(&element);
            });
        } else if element.matches(":popover-open").unwrap_or(false) {
            let _ = element.hide_popover();
        }
    });
    // Closed by the browser (Esc, a click beside it): the state follows and the focus goes back.
    let toggled = move |event: web_sys::Event| {
        let now = js_sys::Reflect::get(&event, &"newState".into())
            .ok()
            .and_then(|value| value.as_string());
        if now.as_deref() == Some("closed") {
            state.opened.set(None);
            if let Some(element) = back_to.get_value().filter(|element| element.is_connected()) {
                let _ = element.focus();
            }
        }
    };
    view! {
        <div class="explain" popover="auto" role="dialog" aria-label="Explanation" node_ref=popover on:toggle=toggled
            style:--x=move || format!("{:.0}", place.get().0) style:--y=move || format!("{:.0}", place.get().1)>
            {move || words.get().map(|trail| body(state, trail))}
        </div>
    }
}

/// Moves the popover to where it was opened, inside the window.
fn settle(state: State, element: &web_sys::HtmlElement, place: RwSignal<(f64, f64)>) {
    let Some(Opened { at, .. }) = state.opened.get_untracked() else {
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

fn focus_close(element: &web_sys::HtmlElement) {
    if let Some(button) = element
        .query_selector(".title .icon-button")
        .ok()
        .flatten()
        .and_then(|found| found.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = button.focus();
    }
}

fn body(state: State, mut trail: Vec<Explanation>) -> impl IntoView {
    let last = trail.pop()?;
    let title = |text: &str| text.split(':').next().unwrap_or_default().to_owned();
    let crumbs = (!trail.is_empty()).then(|| {
        view! {
            <nav class="crumbs" aria-label="Opened from">
                {trail.iter().enumerate().map(|(depth, one)| view! {
                    <button class="link" type="button" on:click=move |_| state.opened.update(|opened| if let Some(opened) = opened { opened.path.truncate(depth) })>{title(&one.title)}</button>
                    " › "
                }).collect_view()}
            </nav>
        }
    });
    let formula = last.formula.clone();
    let parts = last.parts.clone();
    let inputs = last.inputs.clone();
    Some(view! {
        {crumbs}
        <div class="title">
            <h2>{last.title.clone()}</h2>
            <button class="icon-button" type="button" aria-label="Close" on:click=move |_| state.opened.set(None)><Icon name="cross"/></button>
        </div>
        {(!last.about.is_empty()).then(|| view! { <p>{last.about.clone()}</p> })}
        <div class="formula num">
            {formula.into_iter().map(|piece| match piece {
                Piece::Name(name) => view! { <var>{name}</var> }.into_any(),
                Piece::Plain(text) => view! { {text} }.into_any(),
            }).collect_view()}
            <span class="values">{last.values.clone()}</span>
        </div>
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
                            <button type="button" on:click=move |_| state.opened.update(|opened| if let Some(opened) = opened { opened.path.push(at) })>
                                {part.key.is_some().then(|| view! { <i class="dot"></i> })}
                                <span>{part.name}</span>
                                <span class="value">{part.value}" "{share}</span>
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
