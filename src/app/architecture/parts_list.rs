//! All parts as a list, by what they are for; found by name, tensor, key of the config, or width.

use std::collections::BTreeSet;

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::analysis::anatomy::PartFigures;
use weighbridge::model::Component;
use weighbridge::model::flow::{Group, PartId, Piece};
use weighbridge::model::operator::Role;
use weighbridge::report::parts::{PartReport, children};
use weighbridge::report::walk::Journey;
use weighbridge::units::UnitSystem;

use super::inspector::Inspector;
use super::looking::{Looking, Shown, View};
use super::walk::journey_of;

/// What parts are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
enum Category {
    Core,
    Layers,
    Attention,
    Mlp,
    Experts,
    StateSpace,
    Towers,
}

impl Category {
    const fn label(self) -> &'static str {
        match self {
            Self::Core => "Core: tables and head",
            Self::Layers => "Layers and norms",
            Self::Attention => "Attention",
            Self::Mlp => "MLP",
            Self::Experts => "Experts",
            Self::StateSpace => "State space and linear attention",
            Self::Towers => "Encoders, vision and audio",
        }
    }
}

#[derive(Clone, PartialEq)]
struct Row {
    part: PartId,
    category: Category,
    title: String,
    place: String,
    shape: String,
    colour: Option<&'static str>,
    figures: PartFigures,
    /// Everything it is found by, in small letters.
    words: String,
}

fn category(shown: &Shown, part: PartId, component: Option<Component>) -> Category {
    match part.group() {
        Some(Group::Stem | Group::Head) => return Category::Core,
        Some(Group::Tower(_)) => return Category::Towers,
        _ => {}
    }
    let block = part.place(shown.blueprint()).map(|place| place.block);
    match (block.map(|block| block.role), component) {
        (None, _) | (Some(Role::Norm), _) => Category::Layers,
        (_, Some(Component::Experts | Component::SharedExperts | Component::Router)) => Category::Experts,
        (_, Some(Component::StateSpace)) => Category::StateSpace,
        (Some(Role::TokenMixer), _) => {
            let recurrent = block.is_some_and(|block| block.attentions().next().is_none() && !block.states.is_empty());
            if recurrent {
                Category::StateSpace
            } else {
                Category::Attention
            }
        }
        (Some(Role::ChannelMixer), _) => {
            let routed =
                block.is_some_and(|block| block.tensors().any(|tensor| tensor.component == Component::Experts));
            if routed { Category::Experts } else { Category::Mlp }
        }
        _ => Category::Layers,
    }
}

/// All parts of a model, in the order of the drawing.
fn rows(shown: &Shown, units: UnitSystem) -> Vec<Row> {
    let blueprint = shown.blueprint();
    let mut out = Vec::new();
    let mut left: Vec<PartId> = vec![PartId::Model];
    while let Some(part) = left.pop() {
        let parts = children(blueprint, &shown.anatomy, part);
        left.extend(parts.iter().rev().map(|child| child.part));
        for child in parts {
            let report = PartReport::of(shown.setup(), &shown.anatomy, child.part, units);
            let Some(report) = report else { continue };
            let mut words = format!("{} {}", child.title, child.shape);
            for tensor in &report.tensors {
                words.push(' ');
                words.push_str(&tensor.name);
                for dim in &tensor.dims {
                    words.push_str(&format!(" {} {}", dim.value, dim.name));
                }
            }
            for key in &report.keys {
                words.push_str(&format!(" {} {}", key.key, key.value));
            }
            let place = report.way.get(1..).unwrap_or_default();
            out.push(Row {
                part: child.part,
                category: category(shown, child.part, child.component),
                title: child.title,
                place: place
                    .iter()
                    .map(|(_, title)| title.clone())
                    .collect::<Vec<_>>()
                    .join(" › "),
                shape: child.shape,
                colour: match child.part {
                    PartId::Piece(_, _, Piece::Cache) => Some("kv_cache"),
                    PartId::Piece(_, _, Piece::State) => Some("state_cache"),
                    _ => child.component.map(Component::key),
                },
                figures: child.figures,
                words: words.to_lowercase(),
            });
        }
    }
    out
}

/// The list beside what is known of the chosen part.
#[component]
pub fn PartsList() -> impl IntoView {
    let looking = Looking::here();
    let wanted = RwSignal::new(String::new());
    let all = Memo::new(move |_| {
        let units = looking.case.page.units.get();
        looking
            .shown
            .with(|shown| shown.as_ref().map(|shown| rows(shown, units)).unwrap_or_default())
    });
    let found = Memo::new(move |_| {
        let wanted = wanted.get().to_lowercase();
        let words: Vec<String> = wanted.split_whitespace().map(|word| word.replace(',', "")).collect();
        all.with(|all| {
            let fits = |row: &Row| words.iter().all(|word| row.words.contains(word.as_str()));
            all.iter().filter(|row| fits(row)).cloned().collect::<Vec<_>>()
        })
    });
    let count = move || {
        let (some, every) = (found.with(Vec::len), all.with(Vec::len));
        if some == every {
            format!("{every} parts")
        } else {
            format!("{some} of {every} parts")
        }
    };
    let sections = move || {
        let found = found.get();
        let mut there = BTreeSet::new();
        Category::iter()
            .filter_map(|category| {
                let rows: Vec<_> = found
                    .iter()
                    .filter(|row| row.category == category)
                    .map(|row| listed(looking, row))
                    .collect();
                let first = there.insert(category.label());
                (first && !rows.is_empty())
                    .then(|| view! { <h3>{category.label()}</h3><ul class="part-rows">{rows}</ul> })
            })
            .collect_view()
    };
    let further = [
        (Journey::Training, "Data loading, tokenisation, forward, loss, backward, optimizer"),
        (Journey::Reinforcement, "Policy, reference, answers written, reward, advantages, update"),
    ]
    .map(|(journey, words)| {
        let go = move |_| {
            journey_of(looking).set(journey);
            looking.see(View::Walk);
        };
        view! { <li><button type="button" on:click=go><span>{journey.label()}</span><small>{words}</small></button></li> }
    })
    .collect_view();
    view! {
        <div class="explorer">
            <section class="card" aria-label="Parts">
                <div class="row">
                    <label class="find-part">"Find a part"<input type="search" placeholder="name, tensor, config key or width" autocomplete="off" spellcheck="false" bind:value=wanted/></label>
                    <span class="num" role="status">{count}</span>
                </div>
                {sections}
                <h3>"Training, data and RL"</h3>
                <ul class="part-rows">{further}</ul>
            </section>
            <Inspector/>
        </div>
    }
}

fn listed(looking: Looking, row: &Row) -> impl IntoView + use<> {
    let part = row.part;
    let figures = row.figures;
    let amount = move || {
        let (show, units) = (looking.show.get(), looking.case.page.units.get());
        let own = show.of(&figures);
        if own > 0.0 {
            show.words(own, units)
        } else {
            String::new()
        }
    };
    view! {
        <li><button type="button" data-component=row.colour aria-pressed=move || (looking.part.get() == part).to_string() on:click=move |_| looking.choose(part)>
            <i class="dot"></i><span>{row.title.clone()}" "<small>{row.shape.clone()}</small></span><small class="place">{row.place.clone()}</small><b>{amount}</b>
        </button></li>
    }
}
