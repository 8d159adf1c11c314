//! The blueprint: the order of layers, what each kind of layer is made of, every tensor.

mod blocks;
mod header_table;
mod tensor_table;

use std::sync::Arc;

use leptos::prelude::*;
use weighbridge::export::inspection;
use weighbridge::model::quantisation::Quantisation;
use weighbridge::model::{Blueprint, Component};
use weighbridge::units::{grouped, percent, short_count};

use super::case::Case;
use super::charts::{file_name, save_text};
use blocks::Blocks;
use header_table::HeaderTable;
use tensor_table::TensorTable;

/// Above this many layers the stripe shows runs instead of layers.
const MOST_LAYERS: u64 = 256;

/// What is drawn: the model, and the rule that gives each tensor its bytes in this scenario.
#[derive(Clone, Debug)]
struct Shown {
    blueprint: Arc<Blueprint>,
    rule: Arc<Quantisation>,
}

impl PartialEq for Shown {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.blueprint, &other.blueprint) && self.rule == other.rule
    }
}

/// The architecture of the model in hand.
#[component]
pub fn Architecture() -> impl IntoView {
    let case = Case::here();
    // The workload changes none of it: only another model or format draws it again.
    let shown = Memo::new(move |_| {
        let answer = case.shown.get()?;
        let rule = answer.analysis.setup.weights.clone();
        Some(Shown {
            blueprint: answer.blueprint.clone(),
            rule,
        })
    });
    let save = move |_| {
        let Some(shown) = shown.get_untracked() else { return };
        let name = case.model.with_untracked(|model| {
            model
                .as_ref()
                .map_or_else(|| "model".to_owned(), |model| model.name.clone())
        });
        if let Ok(text) = serde_json::to_string_pretty(&inspection(&shown.blueprint)) {
            save_text(&file_name(&name, "architecture", "json"), "application/json", &text);
            case.page.hand_out();
        }
    };
    move || {
        shown.get().map(|shown| {
            let blueprint = shown.blueprint;
            view! {
                <p>{sentence(&blueprint)}</p>
                {stripe(&blueprint)}
                {facts(&blueprint)}
                <Blocks blueprint=blueprint.clone() rule=shown.rule.clone() units=case.page.units.into() />
                <HeaderTable />
                <TensorTable blueprint=blueprint rule=shown.rule units=case.page.units.into() />
                <div class="row" style:margin-top="12px">
                    <button class="button small" type="button" on:click=save>
                        <svg class="icon" aria-hidden="true"><use href="#i-download"></use></svg>
                        "Download as JSON"
                    </button>
                </div>
            }
        })
    }
}

/// The order of layers in words.
fn sentence(blueprint: &Blueprint) -> String {
    let layers = blueprint.layers.value;
    let kinds = blueprint.kinds.len();
    match blueprint.kinds.as_slice() {
        [only] => format!(
            "A token passes {} layers, all of one kind: {}.",
            grouped(layers),
            only.title
        ),
        _ => format!(
            "A token passes {} layers of {kinds} kinds: {}.",
            grouped(layers),
            order(blueprint)
        ),
    }
}

/// The order of kinds, run-length: `3 × latent attention · MLP, then 58 × latent attention · experts`.
fn order(blueprint: &Blueprint) -> String {
    let name = |kind: usize| blueprint.kinds.get(kind).map_or("layer", |kind| kind.title.as_str());
    let groups = blueprint.layout.groups.iter().map(|group| {
        let runs: Vec<String> = group
            .runs
            .iter()
            .map(|&(kind, count)| format!("{count} × {}", name(kind)))
            .collect();
        match (group.repeat, runs.as_slice()) {
            (1, _) => runs.join(", then "),
            (repeat, _) => format!("{repeat} × ({})", runs.join(", then ")),
        }
    });
    groups.collect::<Vec<_>>().join(", then ")
}

/// Colour of a kind of layer, and how strong: its largest component; kinds that share one differ in strength.
fn tint(blueprint: &Blueprint, kind: usize) -> (Option<Component>, f64) {
    let largest = |kind: usize| {
        let blocks = blueprint
            .kinds
            .get(kind)
            .map(|kind| kind.blocks.as_slice())
            .unwrap_or_default();
        let tensors = blocks.iter().flat_map(|block| block.tensors());
        tensors
            .max_by_key(|tensor| tensor.count())
            .map(|tensor| tensor.component)
    };
    let own = largest(kind);
    let before = (0..kind).filter(|&other| largest(other) == own).count();
    (
        own,
        match before {
            0 => 1.0,
            1 => 0.55,
            _ => 0.3,
        },
    )
}

/// One stripe a layer.
fn stripe(blueprint: &Blueprint) -> impl IntoView + use<> {
    let single = blueprint.layers.value <= MOST_LAYERS;
    let mut all: Vec<(usize, u64, u64)> = Vec::new();
    let mut first: u64 = 1;
    'groups: for group in &blueprint.layout.groups {
        for _ in 0..group.repeat {
            for &(kind, count) in &group.runs {
                if single {
                    all.extend((first..first.saturating_add(count)).map(|layer| (kind, layer, 1)));
                } else {
                    all.push((kind, first, count));
                }
                first = first.saturating_add(count);
                if all.len() as u64 > 4 * MOST_LAYERS {
                    break 'groups;
                }
            }
        }
    }
    let marks: Vec<_> = all
        .into_iter()
        .map(|(kind, first, count)| {
            let (component, strength) = tint(blueprint, kind);
            let name = blueprint.kinds.get(kind).map_or("", |kind| kind.title.as_str());
            let layers = if count == 1 {
                format!("Layer {first}")
            } else {
                format!("Layers {first} to {}", first + count - 1)
            };
            view! {
                <span
                    data-component=component.map(Component::key)
                    style:opacity=strength.to_string()
                    style:flex-grow=count.to_string()
                    title=format!("{layers}: {name}")
                ></span>
            }
        })
        .collect();
    view! { <div class="stripe" role="img" aria-label=format!("Layers in order: {}", order(blueprint))>{marks}</div> }
}

/// The numbers that name a model's size.
fn facts(blueprint: &Blueprint) -> impl IntoView + use<> {
    let total = blueprint.parameters();
    let active = weighbridge::analysis::parameters::<weighbridge::units::Exact>(blueprint)
        .active
        .0;
    let mut pairs = vec![
        ("Family", blueprint.family.to_owned()),
        (
            "Parameters",
            format!("{} ({})", short_count(total as f64), grouped(total)),
        ),
    ];
    if active != total {
        let share = active as f64 / (total.max(1)) as f64;
        pairs.push((
            "Parameters a token uses",
            format!("{} ({})", short_count(active as f64), percent(share)),
        ));
    }
    pairs.push(("Width of a token's vector", grouped(blueprint.hidden.value)));
    pairs.push(("Attention", blueprint.attention.clone()));
    if let Some(experts) = &blueprint.experts {
        pairs.push(("Experts", experts.clone()));
    }
    pairs.push(("Vocabulary", format!("{} tokens", grouped(blueprint.vocabulary.value))));
    if let Some(most) = &blueprint.max_context {
        pairs.push((
            "Longest context by its config",
            format!("{} tokens", grouped(most.value)),
        ));
    }
    pairs.push((
        "Output head",
        if blueprint.tied {
            "the token table once more"
        } else {
            "a matrix of its own"
        }
        .to_owned(),
    ));
    pairs.push(("Published in", blueprint.published.method.clone()));
    let rows: Vec<_> = pairs
        .into_iter()
        .map(|(name, value)| view! { <dt>{name}</dt><dd>{value}</dd> })
        .collect();
    let beside: Vec<_> = blueprint
        .beside
        .iter()
        .map(|one| view! { <dt>{one.name} " " <small>"in the checkpoint, not counted"</small></dt><dd>{short_count(one.elements as f64)}</dd> })
        .collect();
    view! { <dl class="pairs">{rows}{beside}</dl> }
}
