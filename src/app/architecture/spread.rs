//! Where parameters, bytes, operations and caches are: by component, by depth, as areas.

use leptos::prelude::*;
use weighbridge::chart::architecture::{Show, text_width};
use weighbridge::model::Component;
use weighbridge::model::flow::{Group, PartId, group_words};
use weighbridge::report::spread::{Area, DepthLayer, Kept, areas, by_component, by_depth};
use weighbridge::units::{counted, grouped, percent};

use super::inspector::Inspector;
use super::looking::{Looking, Shown};

/// Width and height of the drawings in their own units.
const WIDE: f64 = 720.0;
/// Width on a phone: drawn in its pixels, so that words stay readable.
const NARROW: f64 = 310.0;
const TREE: f64 = 340.0;
const DEPTH: f64 = 150.0;

/// Width of the pictures on this screen.
fn wide() -> f64 {
    let room = window().inner_width().ok().and_then(|width| width.as_f64());
    if room.is_some_and(|room| room <= 720.0) {
        NARROW
    } else {
        WIDE
    }
}

/// All of it, for the model in hand.
#[component]
pub fn Spread() -> impl IntoView {
    let looking = Looking::here();
    view! {
        <div class="explorer">
            <div class="spread">
                <section class="card" aria-labelledby="by-component"><h2 id="by-component">"By component"</h2>{move || with(looking, components)}</section>
                <section class="card" aria-labelledby="by-depth"><h2 id="by-depth">"By depth"</h2>{move || with(looking, depth)}</section>
                <section class="card" aria-labelledby="as-areas"><h2 id="as-areas">"Every part as an area"</h2>{move || with(looking, tree)}</section>
                <section class="card" aria-labelledby="cache-by-layer"><h2 id="cache-by-layer">"Cache and states by layer"</h2>{move || with(looking, kept)}</section>
                {move || with(looking, formats)}
                <section class="card" aria-labelledby="sizes"><h2 id="sizes">"Models on this page"</h2>{move || sizes(looking)}</section>
            </div>
            <Inspector/>
        </div>
    }
}

fn with<V: IntoView + 'static>(looking: Looking, view: fn(Looking, &Shown, Show) -> V) -> Option<V> {
    let show = looking.show.get();
    looking
        .shown
        .with(|shown| shown.as_ref().map(|shown| view(looking, shown, show)))
}

fn components(looking: Looking, shown: &Shown, show: Show) -> impl IntoView + use<> {
    let units = looking.case.page.units.get();
    let all = by_component(shown.blueprint(), &shown.anatomy);
    let sum: f64 = all.iter().map(|one| show.of(&one.figures)).sum();
    let most = all.iter().map(|one| show.of(&one.figures)).fold(0.0, f64::max);
    let rows = all
        .iter()
        .filter(|one| show.of(&one.figures) > 0.0)
        .map(|one| {
            let own = show.of(&one.figures);
            let wide = if most > 0.0 { own / most * 100.0 } else { 0.0 };
            let share = if sum > 0.0 { percent(own / sum) } else { String::new() };
            view! {
                <tr data-component=one.component.key()>
                    <th scope="row"><i class="dot"></i>{one.component.label()}</th>
                    <td class="bar-cell"><span class="bar-line" style:width=format!("{wide:.2}%")></span></td>
                    <td>{show.words(own, units)}</td>
                    <td>{share}</td>
                </tr>
            }
        })
        .collect_view();
    view! { <div class="table"><table class="shares"><tbody>{rows}</tbody></table></div> }
}

/// Columns of all layers; a press chooses the kind.
fn columns(
    looking: Looking,
    layers: &[DepthLayer],
    height: f64,
    label: &str,
    cells: impl Fn(&DepthLayer) -> Vec<(&'static str, f64)>,
    title: impl Fn(&DepthLayer) -> String,
) -> AnyView {
    let all: u64 = layers.iter().map(|layer| layer.layers).sum();
    let whole = wide();
    let each = whole / all.max(1) as f64;
    let most = layers
        .iter()
        .map(|layer| cells(layer).iter().map(|cell| cell.1).sum::<f64>())
        .fold(0.0, f64::max);
    let mut x = 0.0;
    let drawn = layers
        .iter()
        .map(|layer| {
            let wide = each * layer.layers as f64;
            let gap = if each > 4.0 { 1.0 } else { 0.1 };
            let left = x;
            x += wide;
            let mut base = height;
            let rects = cells(layer)
                .into_iter()
                .filter(|cell| cell.1 > 0.0 && most > 0.0)
                .map(|(key, amount)| {
                    let high = amount / most * height;
                    base -= high;
                    view! { <rect data-component=key class="cell" x=format!("{left:.2}") y=format!("{base:.2}") width=format!("{:.2}", (wide - gap).max(0.2)) height=format!("{high:.2}")></rect> }
                })
                .collect_view();
            let part = PartId::Group(Group::Kind(layer.kind));
            view! { <g class="column" class:on=move || looking.part.get() == part on:click=move |_| looking.choose(part)><title>{title(layer)}</title><rect class="whole" x=format!("{left:.2}") y="0" width=format!("{wide:.2}") height=format!("{height:.2}")></rect>{rects}</g> }
        })
        .collect_view();
    let view_box = format!("0 0 {whole} {:.0}", height + 16.0);
    view! {
        <svg class="depth" viewBox=view_box role="img" aria-label=label.to_owned()>
            {drawn}
            <text class="word" x="0" y=format!("{:.0}", height + 13.0)>"layer 1"</text>
            <text class="word" x=format!("{whole}") y=format!("{:.0}", height + 13.0) text-anchor="end">{grouped(all)}</text>
        </svg>
    }
    .into_any()
}

fn depth(looking: Looking, shown: &Shown, show: Show) -> impl IntoView + use<> {
    let units = looking.case.page.units.get();
    let layers = by_depth(shown.setup(), &shown.anatomy);
    let amount = |layer: &DepthLayer| layer.parts.iter().map(|part| show.of(&part.1)).sum::<f64>();
    let words: Vec<String> = kinds(&layers)
        .iter()
        .map(|layer| {
            let (place, _) = group_words(shown.blueprint(), Group::Kind(layer.kind));
            format!("{place}: {} each", show.words(amount(layer), units))
        })
        .collect();
    let picture = columns(
        looking,
        &layers,
        DEPTH,
        &format!("{} by layer. {}", show.label(), words.join(". ")),
        |layer| {
            layer
                .parts
                .iter()
                .map(|(component, figures)| (component.key(), show.of(figures)))
                .collect()
        },
        |layer| format!("Layer {}: {}", layer.first, show.words(amount(layer), units)),
    );
    view! { {picture}<p>{words.join("; ")}"."</p> }
}

/// The first layer of each kind.
fn kinds(layers: &[DepthLayer]) -> Vec<&DepthLayer> {
    let mut seen = Vec::new();
    layers
        .iter()
        .filter(|layer| {
            let new = !seen.contains(&layer.kind);
            seen.push(layer.kind);
            new
        })
        .collect()
}

fn kept(looking: Looking, shown: &Shown, _: Show) -> impl IntoView + use<> {
    let units = looking.case.page.units.get();
    let layers = by_depth(shown.setup(), &shown.anatomy);
    let all = Kept::of(shown.setup(), &shown.anatomy);
    let (all, full) = (all.all(), all.if_alike());
    if all <= 0.0 {
        return view! { <p>"Nothing is kept: no token is written after another."</p> }.into_any();
    }
    let workload = &shown.setup().scenario.workload;
    let saved = if all < full * 0.995 {
        format!(
            " If every layer kept as much as the largest, it would be {}: windows and states save {}, {}.",
            units.bytes(full),
            units.bytes(full - all),
            percent(1.0 - all / full)
        )
    } else {
        String::new()
    };
    let words = format!(
        "{} in all, for {} of {}.{saved}",
        units.bytes(all),
        counted(workload.batch, "sequence"),
        counted(shown.setup().tokens().value, "token")
    );
    let picture = columns(
        looking,
        &layers,
        80.0,
        &format!("What each layer keeps. {words}"),
        |layer| vec![("kv_cache", layer.kept)],
        |layer| format!("Layer {}: {}", layer.first, units.bytes(layer.kept)),
    );
    view! { {picture}<p>{words}</p> }.into_any()
}

fn formats(looking: Looking, shown: &Shown, _: Show) -> Option<impl IntoView + use<>> {
    let layers = by_depth(shown.setup(), &shown.anatomy);
    let most = layers.iter().map(|layer| layer.bits).fold(0.0, f64::max);
    let rule = &shown.setup().weights;
    let picture = columns(
        looking,
        &layers,
        48.0,
        "Bits of a weight in each layer",
        |layer| vec![("projection", layer.bits)],
        |layer| format!("Layer {}: {:.2} bits a weight", layer.first, layer.bits),
    );
    let mut by_format: Vec<(String, u64, u64)> = Vec::new();
    for (place, tensor) in shown.blueprint().tensors().filter(|(_, tensor)| tensor.is_parameter()) {
        for part in rule.parts(place, tensor) {
            let elements = part.layers.saturating_mul(part.tensor.count());
            let label = part.format.label.to_string();
            match by_format.iter_mut().find(|(known, ..)| *known == label) {
                Some((_, sum, tensors)) => {
                    *sum = sum.saturating_add(elements);
                    *tensors += 1;
                }
                None => by_format.push((label, elements, 1)),
            }
        }
    }
    // All in one format is said where the weights are.
    if by_format.len() < 2 {
        return None;
    }
    by_format.sort_by_key(|one| std::cmp::Reverse(one.1));
    let all: u64 = by_format.iter().map(|one| one.1).fold(0, u64::saturating_add);
    let rows = by_format
        .into_iter()
        .map(|(label, elements, tensors)| {
            view! { <tr><th scope="row">{label}</th><td>{counted(tensors, "name")}</td><td>{percent(elements as f64 / all.max(1) as f64)}</td></tr> }
        })
        .collect_view();
    Some(view! {
        <section class="card" aria-labelledby="formats-by-layer">
            <h2 id="formats-by-layer">"Number formats"</h2>
            {picture}<p>{format!("{}; the tallest column is {most:.2} bits a weight.", rule.method)}</p>
            <div class="table"><table class="shares"><tbody>{rows}</tbody></table></div>
        </section>
    })
}

fn tree(looking: Looking, shown: &Shown, show: Show) -> impl IntoView + use<> {
    let units = looking.case.page.units.get();
    let all = areas(
        shown.blueprint(),
        &shown.anatomy,
        |figures| show.of(figures),
        wide() / TREE,
    );
    if all.is_empty() {
        return view! { <p>{format!("{} is not known here.", show.label())}</p> }.into_any();
    }
    let drawn = all
        .iter()
        .map(|area| tile(looking, area, show.words(area.amount, units)))
        .collect_view();
    let view_box = format!("0 0 {} {TREE}", wide());
    view! { <svg class="tree" viewBox=view_box role="group" aria-label=format!("{} of every part as areas", show.label())>{drawn}</svg> }.into_any()
}

fn tile(looking: Looking, area: &Area, amount: String) -> impl IntoView + use<> {
    let (x, y, width, height) = area.place;
    let across = wide();
    let (x, y, width, height) = (x * across, y * TREE, width * across, height * TREE);
    let part = area.part;
    let roomy = height > 18.0 && text_width(&area.title, 12.0) + 10.0 < width;
    let title = roomy.then(|| view! { <text class="on-part" x=format!("{:.1}", x + 6.0) y=format!("{:.1}", y + 15.0)>{area.title.clone()}</text> });
    let second = (roomy && height > 34.0 && text_width(&amount, 11.0) + 10.0 < width)
        .then(|| view! { <text class="on-part small" x=format!("{:.1}", x + 6.0) y=format!("{:.1}", y + 30.0)>{amount.clone()}</text> });
    let words = format!("{}, {}: {amount}", area.title, area.of);
    view! {
        <g class="tile" data-component=area.component.map(Component::key) class:on=move || looking.part.get() == part on:click=move |_| looking.choose(part)>
            <title>{words}</title>
            <rect x=format!("{x:.2}") y=format!("{y:.2}") width=format!("{:.2}", (width - 1.0).max(0.5)) height=format!("{:.2}", (height - 1.0).max(0.5))></rect>
            {title}{second}
        </g>
    }
}

/// The models of all cases of the page, by size.
fn sizes(looking: Looking) -> impl IntoView + use<> {
    let units = looking.case.page.units.get();
    let state = crate::app::state::State::here();
    let all: Vec<(String, u64, f64)> = state
        .cases()
        .into_iter()
        .filter_map(|case| {
            let answer = case.shown.get()?;
            let weights: f64 = answer.analysis.memory.weights.0 as f64;
            Some((case.model_name()?, answer.analysis.parameters.total.0, weights))
        })
        .collect();
    let most = all.iter().map(|one| one.1).max().unwrap_or(1).max(1);
    let alone = all.len() < 2;
    let rows = all
        .into_iter()
        .map(|(name, parameters, weights)| {
            let wide = parameters as f64 / most as f64 * 100.0;
            view! {
                <tr data-component="projection"><th scope="row">{name}</th><td class="bar-cell"><span class="bar-line" style:width=format!("{wide:.2}%")></span></td>
                <td>{weighbridge::units::short_count(parameters as f64)}</td><td>{units.bytes(weights)}</td></tr>
            }
        })
        .collect_view();
    let more = alone.then(|| view! { <p>"\"Keep, try another\" above sets a second model beside it."</p> });
    view! { <div class="table"><table class="shares"><tbody>{rows}</tbody></table></div>{more} }
}
