//! A chart with everything around it: sentence, table, picture.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::chart::{Caption, Chart, Reading, Table, Theme};
use weighbridge::export::VERSION;
use weighbridge::report::conditions;
use weighbridge::units::neutral;

use super::canvas::Paper;
use super::plot::Plot;
use super::save::{AROUND, PICTURE, file_name, save_picture, save_svg, save_text};
use super::screen;
use crate::app::address::whole;
use crate::app::case::Case;
use crate::app::page::Page;

/// Draws on a sheet of the given density, with a caption for a picture that leaves the page; gives what can be read of it.
pub type Draw = Arc<dyn Fn(Paper, Theme, f64, Option<&Caption>) -> Reading + Send + Sync>;

/// Draws a chart that may not be there; a sheet that cannot be drawn on leaves the table.
pub fn draw_of<C: Chart + Send + Sync + 'static>(data: Memo<Option<C>>) -> Draw {
    Arc::new(move |paper, theme, scale, caption| {
        data.with(|data| {
            let drawn = data.as_ref().map(|data| data.draw(paper, theme, scale, caption));
            drawn.and_then(Result::ok).unwrap_or_default()
        })
    })
}

/// The table of a chart that may not be there.
pub fn table_of<C: Chart + Send + Sync + 'static>(data: Memo<Option<C>>) -> Signal<Table> {
    Signal::derive(move || data.with(|data| data.as_ref().map(Chart::table).unwrap_or_default()))
}

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
    /// The same numbers.
    table: Signal<Table>,
    /// Whether it needs more height than others.
    #[prop(optional)]
    tall: bool,
) -> impl IntoView {
    let case = Case::here();
    let as_table = RwSignal::new(false);
    let named = move || {
        let model = model_name(case);
        HandOut {
            title: format!("{title}: {model}"),
            source: source(case),
            link: whole(&case.query()),
            of: model,
            what: title,
            height: None,
        }
    };
    view! {
        <figure class="chart" class:tall=tall>
            <Show
                when=move || as_table.get()
                fallback={let draw = draw.clone(); move || view! { <Plot label=label draw=draw.clone() /> }}
            >
                <div class="table tall" tabindex="0" role="region" aria-label=format!("{title}, as a table")>
                    {move || markup(&table.get())}
                </div>
            </Show>
            <figcaption>{caption}</figcaption>
            <Deeds as_table=as_table named=named draw=draw table=table/>
        </figure>
    }
}

/// What a picture that leaves the page is called.
pub struct HandOut {
    /// Above the picture.
    pub title: String,
    /// Below it: of which question, by which version.
    pub source: String,
    /// The address of the question; empty where it has none.
    pub link: String,
    /// What it is of, for the name of its file.
    pub of: String,
    /// What it shows, for the name of its file.
    pub what: &'static str,
    /// Height its chart needs, CSS pixels; none where it takes what there is.
    pub height: Option<f64>,
}

/// What can be done with a chart: read as a table, saved as PNG, SVG and CSV.
#[component]
pub fn Deeds<N>(
    /// Whether the table is shown.
    as_table: RwSignal<bool>,
    /// What it is called; asked for in words of programs.
    named: N,
    /// Draws it.
    draw: Draw,
    /// The same numbers.
    table: Signal<Table>,
) -> impl IntoView
where
    N: Fn() -> HandOut + Copy + Send + Sync + 'static,
{
    let page = Page::here();
    let name = |hand: &HandOut, ending: &str| file_name(&hand.of, &hand.what.to_lowercase().replace(' ', "-"), ending);
    let save = move |lines: bool| {
        let hand = neutral(|| untrack(named));
        let caption = Caption {
            title: hand.title.clone(),
            source: hand.source.clone(),
            link: hand.link.clone(),
        };
        let size = (PICTURE.0, hand.height.map_or(PICTURE.1, |height| height + AROUND));
        if lines {
            save_svg(&name(&hand, "svg"), size, &draw, screen::scheme_now(), &caption);
        } else {
            save_picture(name(&hand, "png"), size, &draw, screen::scheme_now(), caption);
        }
        page.hand_out();
    };
    let (png, svg) = (save.clone(), save);
    let csv = move |_| {
        // Writing to memory does not fail.
        if let Ok(text) = neutral(|| table.get_untracked().csv()) {
            save_text(&name(&untrack(named), "csv"), "text/csv", &text);
            page.hand_out();
        }
    };
    view! {
        <div class="deeds">
            <button class="link" type="button" on:click=move |_| as_table.update(|on| *on = !*on)>
                {move || if as_table.get() { "As a chart" } else { "As a table" }}
            </button>
            <button class="link" type="button" on:click=move |_| png(false)>"Save as PNG"</button>
            <button class="link" type="button" aria-label="Save as SVG" on:click=move |_| svg(true)>"SVG"</button>
            <button class="link" type="button" aria-label="Save as CSV" on:click=csv>"CSV"</button>
        </div>
    }
}

/// A table of values.
pub fn markup(table: &Table) -> impl IntoView + use<> {
    let optional: Vec<bool> = table.columns.iter().map(|column| column.optional).collect();
    let heads = table
        .columns
        .iter()
        .map(|column| view! { <th scope="col" class:optional=column.optional>{column.name.clone()}</th> })
        .collect_view();
    let body = table
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().enumerate().map(|(at, value)| {
                let optional = optional.get(at).copied().unwrap_or(false);
                let text = value.text.clone();
                match at {
                    0 => view! { <th scope="row">{text}</th> }.into_any(),
                    _ => view! { <td class:optional=optional>{text}</td> }.into_any(),
                }
            });
            view! { <tr>{cells.collect_view()}</tr> }
        })
        .collect_view();
    view! { <table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table> }
}

/// The model's name for people.
pub fn model_name(case: Case) -> String {
    case.model.with_untracked(|model| {
        model
            .as_ref()
            .map_or_else(|| "model".to_owned(), |model| model.name.clone())
    })
}

/// Scenario and version in a line, for a picture that leaves the page: mode, workload, format, engine, devices.
fn source(case: Case) -> String {
    let Some(answer) = case.shown.get_untracked() else {
        return format!("Weighbridge {VERSION}");
    };
    format!("{} · Weighbridge {VERSION}", conditions(&answer.analysis))
}
