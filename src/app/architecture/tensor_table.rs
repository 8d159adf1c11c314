//! Every tensor in one table, as the inspection writes it.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::export::inspection;
use weighbridge::model::Blueprint;
use weighbridge::model::quantisation::Quantisation;
use weighbridge::units::{UnitSystem, grouped, short_count};

use super::blocks::breakable;

/// Tensors, all layers of a kind together, in the formats of the scenario. Built when it is opened.
#[component]
pub fn TensorTable(
    /// The model.
    blueprint: Arc<Blueprint>,
    /// The format of each tensor.
    rule: Arc<Quantisation>,
    /// GiB or GB.
    units: Signal<UnitSystem>,
) -> impl IntoView {
    let opened = RwSignal::new(false);
    let method = if *rule == blueprint.published {
        format!("{} as published", rule.method)
    } else {
        rule.method.clone()
    };
    let kinds = blueprint.tensors().count();
    let inspected = StoredValue::new(
        inspection(&Blueprint {
            published: Quantisation::clone(&rule),
            ..Blueprint::clone(&blueprint)
        })
        .tensors,
    );
    let rows = move || {
        let units = units.get();
        let row = |tensor: &weighbridge::export::TensorRow| {
            let shape = tensor
                .shape
                .iter()
                .map(|&width| grouped(width))
                .collect::<Vec<_>>()
                .join(" × ");
            let note = if tensor.tied {
                Some("tied")
            } else if tensor.buffer {
                Some("buffer")
            } else {
                None
            };
            view! {
                <tr data-component=tensor.component>
                    <th scope="row"><i class="dot"></i><code>{breakable(&tensor.name)}</code></th>
                    <td class="text shape" title=tensor.dims.join(" × ")>{shape}</td>
                    <td>{grouped(tensor.count)}</td>
                    <td>{short_count(tensor.parameters as f64)}</td>
                    <td class="text">{note.map_or_else(|| tensor.dtype.clone(), |note| format!("{}, {note}", tensor.dtype))}</td>
                    <td>{units.bytes(tensor.bytes as f64)}</td>
                </tr>
            }
        };
        inspected.with_value(|tensors| tensors.iter().map(row).collect::<Vec<_>>())
    };
    view! {
        <details
            class="block"
            style:margin-top="16px"
            on:toggle=move |event| {
                let details: web_sys::HtmlDetailsElement = event_target(&event);
                opened.set(details.open());
            }
        >
            <summary>"Every tensor"<span class="side">{format!("{kinds} names, {method}")}</span></summary>
            <Show when=move || opened.get()>
                <div class="table tall" tabindex="0" role="region" aria-label="Every tensor">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Tensor"</th>
                                <th scope="col" class="text">"Shape"</th>
                                <th scope="col">"How many"</th>
                                <th scope="col">"Parameters"</th>
                                <th scope="col" class="text">"Format"</th>
                                <th scope="col">"Bytes"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Show>
        </details>
    }
}
