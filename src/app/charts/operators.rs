//! The tab "Compute" as charts: the roofline with the operators of both passes, and operations and time by component.

use leptos::prelude::*;
use weighbridge::analysis::Fit;
use weighbridge::analysis::time::{Pass, operator_times};
use weighbridge::chart::{BarsChart, RooflineChart};

use super::choice::Choice;
use super::figure::{ChartFigure, draw_of, table_of};
use crate::app::case::Case;

/// Which chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    Roofline,
    Components(Pass),
}

/// The card; in training the bars alone.
#[component]
pub fn OperatorCharts() -> impl IntoView {
    let case = Case::here();
    let shown = RwSignal::new(Shown::Roofline);
    let roofline = Memo::new(move |_| case.shown.with(|shown| RooflineChart::of(&shown.as_ref()?.analysis)));
    let bars = Memo::new(move |_| {
        let chosen = shown.get();
        case.shown.with(|answer| {
            let analysis = &answer.as_ref()?.analysis;
            let host = analysis.fit.as_ref().map(Fit::host).unwrap_or_default();
            let pass = match chosen {
                Shown::Components(pass) => pass,
                Shown::Roofline => Pass::Decode,
            };
            match operator_times(&analysis.setup, &host, pass) {
                Some(times) => Some(BarsChart::of_pass(&times)),
                None => Some(BarsChart::of_step(&analysis.components)),
            }
        })
    });
    let has_roof = Memo::new(move |_| roofline.with(Option::is_some));
    let roofline_words =
        Signal::derive(move || roofline.with(|chart| chart.as_ref().map_or_else(String::new, RooflineChart::words)));
    let roofline_label = Signal::derive(move || format!("Roofline. {}", roofline_words.get()));
    let words = Signal::derive(move || {
        let what = match (has_roof.get(), shown.get()) {
            (true, Shown::Components(Pass::Prefill)) => {
                "One step that reads the prompt. Launches and communication are not counted."
            }
            (true, _) => "One step that writes a token for each sequence. Launches and communication are not counted.",
            (false, _) => "The pass of the table above, with the least time that a device could take.",
        };
        what.to_owned()
    });
    let label = Signal::derive(move || format!("Bars of operations and time by component. {}", words.get()));
    let choices = vec![
        (Shown::Roofline, "Roofline"),
        (Shown::Components(Pass::Prefill), "Prefill by component"),
        (Shown::Components(Pass::Decode), "Decode by component"),
    ];
    view! {
        {move || has_roof.get().then(|| view! { <Choice label="Chart" chosen=shown choices=choices.clone()/> })}
        {move || if has_roof.get() && shown.get() == Shown::Roofline {
            view! { <ChartFigure title="Roofline" label=roofline_label caption=roofline_words draw=draw_of(roofline) table=table_of(roofline) tall=true/> }.into_any()
        } else {
            view! { <ChartFigure title="Operations and time" label=label caption=words draw=draw_of(bars) table=table_of(bars) tall=true/> }.into_any()
        }}
    }
}
