//! What each kind of layer is made of: a box for each block, with its tensors.

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::model::blueprint::Repeated;
use weighbridge::model::quantisation::Quantisation;
use weighbridge::model::{Blueprint, Tensor, TensorKind};
use weighbridge::units::{Exact, UnitSystem, grouped, short_count};

/// The blocks of the model, from the token table to the head.
#[component]
pub fn Blocks(
    /// The model.
    blueprint: Arc<Blueprint>,
    /// The format of each tensor.
    rule: Arc<Quantisation>,
    /// GiB or GB.
    units: Signal<UnitSystem>,
) -> impl IntoView {
    let mut sections = Vec::new();
    let once = |block| Repeated {
        block,
        count: None,
        kind: None,
    };
    let boxes =
        |places: Vec<Repeated<'_>>| -> Vec<_> { places.into_iter().map(|place| block(&rule, place, units)).collect() };
    if !blueprint.stem.is_empty() {
        sections.push((
            "Before the layers".to_owned(),
            boxes(blueprint.stem.iter().map(once).collect()),
        ));
    }
    for (at, kind) in blueprint.kinds.iter().enumerate() {
        let places = kind.blocks.iter().map(|block| Repeated {
            block,
            count: Some(&kind.count),
            kind: Some(at),
        });
        let title = if kind.count.value == blueprint.layers.value {
            format!("Each of the {} layers: {}", grouped(kind.count.value), kind.title)
        } else {
            format!(
                "{} of {} layers: {}",
                grouped(kind.count.value),
                grouped(blueprint.layers.value),
                kind.title
            )
        };
        sections.push((title, boxes(places.collect())));
    }
    if !blueprint.head.is_empty() {
        sections.push((
            "After the layers".to_owned(),
            boxes(blueprint.head.iter().map(once).collect()),
        ));
    }
    let sections: Vec<_> = sections
        .into_iter()
        .map(|(title, boxes)| view! { <h3 style:margin-top="16px">{title}</h3> <div class="blocks">{boxes}</div> })
        .collect();
    view! { {sections} }
}

/// One block: closed it says what it is and how large, open it lists its tensors.
fn block(rule: &Quantisation, place: Repeated<'_>, units: Signal<UnitSystem>) -> AnyView {
    let tensors: Vec<&Tensor> = place.block.tensors().collect();
    let component = tensors
        .iter()
        .max_by_key(|tensor| tensor.count())
        .map(|tensor| tensor.component.key());
    let parameters = tensors
        .iter()
        .filter(|tensor| tensor.is_parameter())
        .fold(0_u64, |sum, tensor| sum.saturating_add(tensor.count()));
    let title = place.block.title;
    if tensors.is_empty() {
        return view! { <div class="block"><div class="title">{title}<span class="side">"no weights"</span></div></div> }.into_any();
    }
    let each = if place.kind.is_some() { " in one layer" } else { "" };
    let side = if parameters == 0 {
        "the token table once more".to_owned()
    } else {
        format!("{}{each}", short_count(parameters as f64))
    };
    let rows: Vec<_> = tensors
        .into_iter()
        .map(|tensor| {
            let (format, bytes) = stored(rule, place, tensor);
            let size = move || bytes.map_or_else(|| "shared".to_owned(), |bytes| units.get().bytes(bytes as f64));
            view! {
                <tr>
                    <th scope="row"><code>{breakable(&tensor.name)}</code></th>
                    <td class="text shape">{shape(tensor)}</td>
                    <td>{grouped(tensor.count())}</td>
                    <td class="optional">{format}</td>
                    <td>{size}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <details class="block" data-component=component>
            <summary>{title}<span class="side">{side}</span></summary>
            <div class="table">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Tensor"</th>
                            <th scope="col" class="text">"Shape"</th>
                            <th scope="col">"Parameters"</th>
                            <th scope="col" class="optional">"Format"</th>
                            <th scope="col">"Bytes"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </details>
    }
    .into_any()
}

/// Format and bytes of a tensor in one layer; in the converted format where only some layers are; none where it is shared.
fn stored(rule: &Quantisation, place: Repeated<'_>, tensor: &Tensor) -> (String, Option<u64>) {
    if tensor.tied {
        return ("tied".to_owned(), None);
    }
    if tensor.kind == TensorKind::Buffer {
        return ("FP32".to_owned(), Some(tensor.count().saturating_mul(4)));
    }
    let kept = rule.layers_kept(place, tensor) == place.copies(tensor);
    let format = if kept { &rule.base } else { &rule.format };
    (format.label.to_string(), Some(format.bytes::<Exact>(tensor).0))
}

/// A tensor's name that may break after each dot, for narrow screens.
pub fn breakable(name: &str) -> impl IntoView + use<> {
    name.split_inclusive('.')
        .map(|part| view! { {part.to_owned()} <wbr /> })
        .collect::<Vec<_>>()
}

/// A shape with the names of its dimensions: `256 experts × 2,048 intermediate × 7,168 hidden`.
fn shape(tensor: &Tensor) -> impl IntoView + use<> {
    let dims = tensor.copies.iter().chain(&tensor.dims);
    let parts: Vec<_> = dims
        .enumerate()
        .map(|(at, dim)| {
            let times = if at > 0 { " × " } else { "" };
            view! { {times}{grouped(dim.value)}" "<span class="axis">{dim.name.to_string()}</span> }
        })
        .collect();
    view! { {parts} }
}
