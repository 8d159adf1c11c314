//! The row of filters: menus from the table of [`Filter`], the author, and only what fits.

use leptos::prelude::*;
use strum::IntoEnumIterator;
use weighbridge::hub::search::Filter;

use super::Place;

/// The filters.
#[component]
pub fn Filters() -> impl IntoView {
    let place = Place::here();
    let desk = place.desk;
    let menu = move |filter: Filter| {
        let now = Memo::new(move |_| desk.query.with(|query| query.get(filter).key));
        let options = filter.choices().iter().map(|choice| view! { <option value=choice.key selected=move || now.get() == choice.key>{choice.label}</option> });
        view! {
            <label class="pickone" class:on=move || !now.get().is_empty() class:last=filter == Filter::Sort><i>{filter.label()}</i>
                <select id=format!("find-{}", filter.key()) prop:value=move || now.get() on:change:target=move |event| {
                    let key = event.target().value();
                    desk.change(|query| { query.set(filter, &key); });
                }>{options.collect_view()}</select></label>
        }
    };
    let refused = RwSignal::new(false);
    view! {
        <div class="row narrow-by" role="group" aria-label="Filters">
            {Filter::iter().filter(|filter| *filter != Filter::Sort).map(menu).collect_view()}
            <label class="pickone by" class:on=move || desk.query.with(|query| !query.author.is_empty())><i>"Author"</i>
                <input id="find-author" autocomplete="off" autocapitalize="off" spellcheck="false" placeholder="any" aria-invalid=move || refused.get().to_string()
                    prop:value=move || desk.query.with(|query| query.author.clone())
                    on:change:target=move |event| {
                        let author = event.target().value();
                        desk.change(|query| refused.set(!query.set_author(&author)));
                    }/></label>
            <label class="tick"><input type="checkbox" id="find-fits" prop:checked=move || desk.query.with(|query| query.fits)
                on:change:target=move |event| { let on = event.target().checked(); desk.change(|query| query.fits = on); }/>"Only what fits"</label>
            {menu(Filter::Sort)}
        </div>
    }
}
