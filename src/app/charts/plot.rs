//! A canvas that is drawn again when its size, the screen, the colour scheme or its data change.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::canvas::Canvas;
use super::figure::Draw;
use super::screen;
use crate::app::slices::breath;

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
    // Each in its own task, lest several charts that come at once keep the page from what else is due.
    let ready = RwSignal::new(false);
    spawn_local(async move {
        breath().await;
        let _ = ready.try_set(true);
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
                draw(backend, scheme.get(), scale, None);
            }
        });
    });
    view! {
        <div class="plot" node_ref=frame>
            <canvas node_ref=canvas role="img" aria-label=label></canvas>
        </div>
    }
}
