//! A canvas that is drawn again when its size, the screen, the colour scheme or its data change, and whose points are read with
//! the pointer, a touch or the arrow keys.

use std::time::Duration;

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::MouseEvent;
use weighbridge::chart::{Mark, Reading, Stop};

use super::canvas::{Canvas, Paper};
use super::figure::Draw;
use super::screen;
use crate::app::sight;
use crate::app::slices::breath;

/// When a chart is drawn that did not come near the window.
const LATER: Duration = Duration::from_secs(10);
/// How near to the window a chart is drawn, CSS pixels.
const NEAR: u32 = 300;

/// The canvas in its frame; `label` says in words what it shows.
#[component]
pub fn Plot(
    /// What the picture shows, in a sentence.
    label: Signal<String>,
    /// Draws it; what it reads makes it draw again.
    draw: Draw,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    let canvas = NodeRef::<html::Canvas>::new();
    let (density, scheme) = (screen::density(), screen::scheme());
    let reading = RwSignal::new(Reading::default());
    let read = RwSignal::new(None::<usize>);
    let wide = RwSignal::new((0.0, 0.0));
    // Drawn when it comes near the window; each in its own task, lest several charts that come at once keep the page from what
    // else is due.
    let ready = RwSignal::new(false);
    let printed = window_event_listener(leptos::ev::Custom::<web_sys::Event>::new("beforeprint"), move |_| {
        ready.set(true)
    });
    on_cleanup(move || printed.remove());
    Effect::new(move |_| {
        let Some(frame) = frame.get() else { return };
        let draw = move || {
            if ready.try_get_untracked() == Some(false) {
                spawn_local(async move {
                    breath().await;
                    let _ = ready.try_set(true);
                });
            }
        };
        let told = sight::watch(&frame, NEAR, move |seen| {
            if seen {
                draw();
            }
        });
        // A picture of the whole page has all of them.
        let later = if told { LATER } else { Duration::ZERO };
        set_timeout(draw, later);
    });
    Effect::new(move |_| {
        let (Some(frame), true) = (frame.get(), ready.get()) else {
            return;
        };
        let size = screen::size_of(&frame);
        let draw = draw.clone();
        Effect::new(move |_| {
            let (Some(canvas), (width, height), scale) = (canvas.get(), size.get(), density.get()) else {
                return;
            };
            // Setting the size empties the canvas.
            canvas.set_width((width * scale).round() as u32);
            canvas.set_height((height * scale).round() as u32);
            if let Some(backend) = Canvas::new(canvas) {
                let drawn = draw(Paper::Canvas(backend), scheme.get(), scale, None);
                if read.get_untracked().is_some_and(|at| at >= drawn.stops.len()) {
                    read.set(None);
                }
                wide.set((width, height));
                reading.set(drawn);
            }
        });
    });
    let point = move |event: &MouseEvent| {
        let Some(frame) = frame.get_untracked() else { return };
        let edge = frame.get_bounding_client_rect();
        let place = (
            f64::from(event.client_x()) - edge.left(),
            f64::from(event.client_y()) - edge.top(),
        );
        let found = reading.with_untracked(|reading| reading.nearest(place));
        if read.get_untracked() != found {
            read.set(found);
        }
    };
    let keys = move |event: KeyboardEvent| {
        if event.key() == "Escape" && read.get_untracked().is_some() {
            return read.set(None);
        }
        let to = reading.with_untracked(|reading| reading.step(read.get_untracked(), &event.key()));
        if let Some(to) = to {
            event.prevent_default();
            read.set(Some(to));
        }
    };
    let shown = Memo::new(move |_| {
        let at = read.get()?;
        reading.with(|reading| reading.stops.get(at).cloned())
    });
    let readable = Memo::new(move |_| reading.with(|reading| !reading.stops.is_empty()));
    let words = move || shown.with(|stop| stop.as_ref().map_or_else(|| "none chosen".to_owned(), Stop::words));
    view! {
        <div class="plot" node_ref=frame>
            <canvas node_ref=canvas role="img" aria-label=label></canvas>
            {move || readable.get().then(|| view! {
                <div class="reader" role="slider" tabindex="0" aria-label="Values, point by point" aria-valuemin="1"
                    aria-valuemax=move || reading.with(|reading| reading.stops.len()).to_string()
                    aria-valuenow=move || read.get().map_or(1, |at| at + 1).to_string() aria-valuetext=words
                    on:mousemove=move |event| point(&event) on:click=move |event| point(&event)
                    on:mouseleave=move |_| read.set(None) on:blur=move |_| read.set(None) on:keydown=keys></div>
            })}
            {move || shown.get().map(|stop| tip(stop, wide.get()))}
        </div>
    }
}

/// The point that is read, marked, and what it says beside it.
fn tip(stop: Stop, (width, height): (f64, f64)) -> impl IntoView {
    let (x, y) = stop.at;
    let pixels = |value: f64| format!("{value:.1}px");
    let mark = match stop.mark {
        Mark::Line(frame) | Mark::Area(frame) => Some(frame),
        Mark::Dot => None,
    };
    let line = matches!(stop.mark, Mark::Line(_));
    let area = matches!(stop.mark, Mark::Area(_));
    let mark = mark.map(|frame| {
        view! {
            <i class="mark" class:line=line style:left=pixels(frame.left) style:top=pixels(frame.top)
                style:width=pixels(frame.right - frame.left) style:height=pixels(frame.bottom - frame.top)></i>
        }
    });
    let ring = (!area).then(|| view! { <i class="ring" style:left=pixels(x) style:top=pixels(y)></i> });
    // Beside the point, on the side where there is more room; never outside of the frame.
    let share = if width > 0.0 { (x / width).clamp(0.0, 1.0) } else { 0.5 };
    let below = y < height / 2.0;
    let shift = format!(
        "translate({:.1}%, {})",
        share * -100.0,
        if below { "14px" } else { "calc(-100% - 14px)" }
    );
    let lines = stop
        .lines
        .into_iter()
        .map(|line| view! { <span>{line}</span> })
        .collect_view();
    view! {
        {mark}{ring}
        <p class="tip num" aria-hidden="true" style:left=pixels(x) style:top=pixels(y) style:transform=shift><b>{stop.title}</b>{lines}</p>
    }
}
