//! A chart with everything around it: sentence, table, picture.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::chart::{Caption, Theme};
use weighbridge::export::VERSION;
use weighbridge::units::{grouped, neutral};

use super::canvas::Canvas;
use super::plot::Plot;
use super::save::{file_name, save_picture};
use super::screen;
use crate::app::case::Case;
use crate::app::hardware::facts::resolve;

/// Draws on a canvas of the given density; with a caption for a picture that leaves the page.
pub type Draw = Arc<dyn Fn(Canvas, Theme, f64, Option<&Caption>) + Send + Sync>;

/// The figure of a chart.
#[component]
pub fn ChartFigure(
    /// The chart's name in words and for its file: `Memory over context`.
    title: &'static str,
    /// What the picture shows, in a sentence for those who do not see it.
    label: Signal<String>,
    /// What it means, in plain words.
    caption: Signal<String>,
    /// Draws it.
    draw: Draw,
    /// The same numbers as a table.
    table: ViewFn,
) -> impl IntoView {
    let case = Case::here();
    let as_table = RwSignal::new(false);
    let scheme = screen::scheme();
    let save = {
        let draw = draw.clone();
        move |_| {
            let model = model_name(case);
            let caption = Caption {
                title: format!("{title}: {model}"),
                source: neutral(|| source(case)),
            };
            let what = title.to_lowercase().replace(' ', "-");
            save_picture(file_name(&model, &what, "png"), &draw, scheme.get_untracked(), &caption);
            case.page.hand_out();
        }
    };
    view! {
        <figure class="chart">
            <Show
                when=move || as_table.get()
                fallback=move || view! { <Plot label=label draw=draw.clone() /> }
            >
                <div class="table tall" tabindex="0" role="region" aria-label=format!("{title}, as a table")>
                    {table.run()}
                </div>
            </Show>
            <figcaption>{caption}</figcaption>
            <div class="deeds">
                <button
                    class="link"
                    type="button"
                    on:click=move |_| as_table.update(|on| *on = !*on)
                >
                    {move || if as_table.get() { "As a chart" } else { "As a table" }}
                </button>
                <button class="link" type="button" on:click=save>
                    "Save as PNG"
                </button>
            </div>
        </figure>
    }
}

/// The model's name for people.
pub fn model_name(case: Case) -> String {
    case.model.with_untracked(|model| {
        model
            .as_ref()
            .map_or_else(|| "model".to_owned(), |model| model.name.clone())
    })
}

/// Scenario and version in a line, for a picture that leaves the page.
fn source(case: Case) -> String {
    let Some(answer) = case.shown.get_untracked() else {
        return format!("Weighbridge {VERSION}");
    };
    let scenario = &answer.scenario;
    let device = scenario
        .hardware
        .device
        .as_deref()
        .and_then(resolve)
        .map(|device| device.name.clone());
    let sequences = if scenario.workload.batch == 1 {
        "1 sequence".to_owned()
    } else {
        format!("{} sequences", grouped(scenario.workload.batch))
    };
    let tokens = format!(
        "{} + {} tokens",
        grouped(scenario.workload.prompt),
        grouped(scenario.generated())
    );
    let parts = [
        Some(scenario.workload.mode.label().to_owned()),
        Some(tokens),
        Some(sequences),
        device,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("{} · Weighbridge {VERSION}", parts.join(" · "))
}
