//! What each model does otherwise than the first, part by part, with what it costs.

use leptos::prelude::*;
use weighbridge::report::compare::{Difference, differences};

use super::shown::Shown;
use crate::app::page::Page;

/// A card for all; nothing where all columns are one model.
#[component]
pub fn Architectures(shown: Memo<Shown>) -> impl IntoView {
    let page = Page::here();
    let found = Memo::new(move |_| {
        let (shown, units) = (shown.get(), page.units.get());
        let first = shown.answers.first()?.blueprint.clone();
        let mut told = vec![first.clone()];
        let mut all: Vec<(char, String, Vec<Difference>)> = Vec::new();
        for (answer, head) in shown.answers.iter().zip(&shown.beside.heads) {
            // The same model twice is said once.
            if told.contains(&answer.blueprint) {
                continue;
            }
            told.push(answer.blueprint.clone());
            all.push((
                head.letter,
                head.model.clone(),
                differences(&answer.blueprint, &first, units),
            ));
        }
        let base = shown.beside.heads.first()?.model.clone();
        (!all.is_empty()).then_some((base, all))
    });
    move || {
        found.get().map(|(base, all)| {
            let models = all.into_iter().map(|(letter, model, found)| {
                let lines = found.into_iter().map(|one| {
                    let cost = (!one.cost.is_empty()).then(|| view! { <b>{one.cost.clone()}</b> });
                    view! { <dt>{one.part}</dt><dd>{one.what.clone()}{cost.is_some().then_some(": ")}{cost}</dd> }
                }).collect_view();
                view! { <div class="arch"><h3><i class="let">{letter}</i>{model}</h3><dl>{lines}</dl></div> }
            }).collect_view();
            view! {
                <section class="card archs num" aria-labelledby="arch-title">
                    <div class="head"><h2 id="arch-title">"Architectures, part by part"</h2><span class="side">{format!("beside {base}; computed from the configs, cache in 16 bits")}</span></div>
                    <div class="archgrid">{models}</div>
                </section>
            }
        })
    }
}
