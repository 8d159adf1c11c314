//! The published measurements nearest to the question.

use leptos::prelude::*;
use weighbridge::analysis::nearest_measurements;
use weighbridge::hardware::measurement::{Measurement, Metric};
use weighbridge::units::{decimal, grouped, times};

use crate::app::case::Case;
use crate::app::hardware::facts::resolve;

/// The list.
#[component]
pub fn Nearest() -> impl IntoView {
    let case = Case::here();
    let found = Memo::new(move |_| {
        case.shown.with(|shown| {
            let analysis = &shown.as_ref()?.analysis;
            analysis.speed.as_ref().map(|_| nearest_measurements(&analysis.setup))
        })
    });
    move || {
        let rows = found.get().unwrap_or_default();
        if rows.is_empty() {
            return view! { <p>"We know of no published measurement on a similar device."</p> }.into_any();
        }
        view! {
            <p>"What others saw, nearest first: device, engine, format and size of the model count in that order."</p>
            <div class="table"><table>
                <thead><tr><th scope="col">"Measured"</th><th scope="col">"Tokens/s"</th></tr></thead>
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table></div>
        }
        .into_any()
    }
}

fn row(one: &'static Measurement) -> impl IntoView {
    let device = resolve(&one.device);
    let devices = times(
        one.devices,
        device.as_ref().map_or(&one.device, |device| device.short_name()),
    );
    let model = one.model.rsplit('/').next().unwrap_or(&one.model).to_owned();
    let what = match one.metric {
        Metric::Decode => "written",
        Metric::Prefill => "read",
        Metric::Throughput => "served",
    };
    let load = match (one.batch.as_str(), one.generate) {
        ("1", Some(generate)) => format!("{} + {} tokens", grouped(one.prompt), grouped(generate)),
        ("1", None) => format!("{} tokens", grouped(one.prompt)),
        (batch, Some(generate)) => format!("{batch} × {} + {} tokens", grouped(one.prompt), grouped(generate)),
        (batch, None) => format!("{batch} × {} tokens", grouped(one.prompt)),
    };
    let publication = one.publication();
    view! {
        <tr>
            <th scope="row" class="wrap">{model}" in "{one.weights.as_str()}" on "{devices}<small>{one.engine.as_str()}", "{load}</small><small>{publication}</small></th>
            <td>{decimal(one.value)}<small>{what}</small></td>
        </tr>
    }
}
