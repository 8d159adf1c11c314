//! "Why do calculators disagree?": the common rules on the model in hand, each with its result, ours and the reason.

use leptos::prelude::*;
use strum::IntoEnumIterator as _;
use weighbridge::export::difference;
use weighbridge::report::calculators::{Of, Opinion, opinions};
use weighbridge::units::UnitSystem;

use super::row;
use crate::app::case::Case;

/// The rules, by what they are of.
#[component]
pub fn Calculators() -> impl IntoView {
    let case = Case::here();
    let all = Memo::new(move |_| {
        case.shown.with(|shown| {
            shown
                .as_ref()
                .map(|answer| opinions(&answer.analysis))
                .unwrap_or_default()
        })
    });
    let name = move || case.model_name().unwrap_or_default();
    view! {
        <p>"What the common rules give for "<b>{name}</b>" under your question, the estimate of this page, and the assumption behind each gap. Figures are of all devices together."</p>
        {move || {
            let units = case.page.units.get();
            all.with(|all| Of::iter().filter_map(|of| group(of, all, units)).collect::<Vec<_>>())
        }}
        {move || all.with(Vec::is_empty).then(|| view! { <div class="empty"><b>"No model is loaded yet."</b></div> })}
    }
}

fn group(of: Of, all: &[Opinion], units: UnitSystem) -> Option<AnyView> {
    let some: Vec<&Opinion> = all.iter().filter(|one| one.of == of).collect();
    let ours = of.write(some.first()?.ours, units);
    let rows = some.into_iter().map(|one| {
        let source = match one.source.url {
            Some(url) => view! { <a href=url rel="noreferrer" target="_blank">{one.source.name}</a> }.into_any(),
            None => one.source.name.into_any(),
        };
        let cells = [
            view! { {one.name}<span class="formula-line">{one.formula}</span> }.into_any(),
            of.write(one.theirs, units).into_any(),
            ours.clone().into_any(),
            difference(one.off()).into_any(),
        ];
        let same = one.off().is_some_and(|off| off.abs() <= 0.01);
        let why = view! { {one.why.clone()}" "<span class="cited">"Source: "{source}</span> };
        row(one.key, cells, same, why.into_any())
    });
    Some(
        view! {
            <section class="checks" data-of=of.key()>
                <h3>{of.label()}</h3>
                <div class="table"><table>
                    <thead><tr><th scope="col">"Rule"</th><th scope="col">"Its result"</th><th scope="col">"Here"</th><th scope="col">"Off by"</th></tr></thead>
                    {rows.collect::<Vec<_>>()}
                </table></div>
            </section>
        }
        .into_any(),
    )
}
