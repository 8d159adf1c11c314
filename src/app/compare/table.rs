//! The table: a column a case, labels that stay, what differs from the first in grey, the best as a word, bars in the cells.

use leptos::prelude::*;
use weighbridge::report::compare::{Cell, Group, Head, Row};

use super::bars::Bar;
use super::deeds;
use super::shown::Shown;
use crate::app::case::{Case, CaseId};
use crate::app::icon::Icon;
use crate::app::page::Shows;
use crate::app::state::State;
use crate::app::verdict::{look, sign};

/// The table. Roles are written out: on a phone its rows are grids, which browsers would no longer call rows.
#[component]
pub fn Table(shown: Memo<Shown>, only_differences: RwSignal<bool>) -> impl IntoView {
    view! {
        <section class="card sheet-of" aria-label="Side by side, as a table">
            <div class="sides" tabindex="0" role="region" aria-label="Columns; scrolls sideways">
                {move || {
                    let shown = shown.get();
                    let only = only_differences.get() && shown.cases.len() > 1;
                    body(shown, only)
                }}
            </div>
        </section>
    }
}

fn body(shown: Shown, only: bool) -> impl IntoView {
    let width = shown.cases.len();
    let same = if only { shown.beside.same() } else { Vec::new() };
    // The column that is being dragged; one of another page is none of these.
    let dragged = RwSignal::new(None::<CaseId>);
    let heads = shown
        .cases
        .iter()
        .zip(shown.beside.heads.clone())
        .enumerate()
        .map(|(at, (case, head))| view! { <Column case=*case head=head at=at width=width dragged=dragged/> })
        .collect_view();
    let sections = shown
        .beside
        .sections
        .into_iter()
        // The heads say it.
        .filter(|section| section.group != Group::Verdict)
        .filter_map(|section| {
            let rows: Vec<Row> = section.rows.into_iter().filter(|row| !(only && row.same)).collect();
            (!rows.is_empty()).then(|| part(section.group, rows, width))
        })
        .collect_view();
    view! {
        <table class="cmp num" role="table" style:--columns=width.to_string()>
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col" class="corner">
                        {(!same.is_empty()).then(|| view! { <b>"The same in all"</b> })}
                        {same.into_iter().map(|(label, value)| view! { <span>{format!("{label} {value}")}</span> }).collect_view()}
                    </th>
                    {heads}
                </tr>
            </thead>
            {sections}
        </table>
    }
}

#[component]
fn Column(case: Case, head: Head, at: usize, width: usize, dragged: RwSignal<Option<CaseId>>) -> impl IntoView {
    let state = State::here();
    let open = move |_| {
        state.show(case.id);
        state.page.shows.set(Shows::Answer);
    };
    let keys = move |event: web_sys::KeyboardEvent| {
        match (event.alt_key(), event.key().as_str()) {
            (true, "ArrowLeft") => deeds::shift(state, case.id, -1),
            (true, "ArrowRight") => deeds::shift(state, case.id, 1),
            (false, "Delete") => deeds::remove(state, case.id),
            _ => return,
        }
        event.prevent_default();
    };
    let name = head.named.clone();
    let begin = move |event: web_sys::DragEvent| {
        // Firefox drags nothing that has no data.
        if let Some(data) = event.data_transfer() {
            let _ = data.set_data("text/plain", &head.named);
        }
        dragged.set(Some(case.id));
    };
    let aimed = RwSignal::new(false);
    let over = move |event: web_sys::DragEvent| {
        if dragged.get_untracked().is_some() {
            event.prevent_default();
            aimed.set(true);
        }
    };
    let drop = move |event: web_sys::DragEvent| {
        aimed.set(false);
        if let Some(id) = dragged.get_untracked() {
            event.prevent_default();
            event.stop_propagation();
            dragged.set(None);
            deeds::put(state, id, at);
        }
    };
    view! {
        <th role="columnheader" scope="col" data-case=case.id.to_string() class:aimed=move || aimed.get() draggable=(width > 1).then_some("true")
            on:keydown=keys on:dragstart=begin on:dragover=over on:dragleave=move |_| aimed.set(false) on:dragend=move |_| dragged.set(None) on:drop=drop>
            <span class="cl"><i class="let">{head.letter}</i><button class="link name" type="button" id=format!("column-{}", case.id) aria-keyshortcuts="Alt+ArrowLeft Alt+ArrowRight Delete" title="Opens this question" on:click=open>{head.model}</button></span>
            <span class="cs">{head.on}</span>
            <span class="pill" data-verdict=look(head.verdict)>{sign(head.verdict)}{head.pill}</span>
            {(at == 0 && width > 1).then(|| view! { <span class="bs">"reference"</span> })}
            <span class="moves">
                <button class="icon-button" type="button" id=format!("left-{}", case.id) disabled={at == 0} aria-label=format!("Move {name} to the left") on:click=move |_| deeds::shift_by_arrow(state, case.id, -1)>"←"</button>
                <button class="icon-button" type="button" id=format!("right-{}", case.id) disabled={at + 1 == width} aria-label=format!("Move {name} to the right") on:click=move |_| deeds::shift_by_arrow(state, case.id, 1)>"→"</button>
                <button class="icon-button" type="button" disabled={width == 1} aria-label=format!("Remove {name}") on:click=move |_| deeds::remove(state, case.id)><Icon name="cross"/></button>
            </span>
        </th>
    }
}

fn part(group: Group, rows: Vec<Row>, width: usize) -> impl IntoView {
    view! {
        <tbody role="rowgroup">
            <tr role="row" class="grp"><th role="rowheader" scope="rowgroup" colspan=(width + 1).to_string()>{group.title()}</th></tr>
            {rows.into_iter().map(|row| view! {
                <tr role="row" data-row=row.key>
                    <th role="rowheader" scope="row">{row.label}{(!row.note.is_empty()).then(|| view! { <small>{row.note}</small> })}</th>
                    {row.cells.into_iter().map(cell).collect_view()}
                </tr>
            }).collect_view()}
        </tbody>
    }
}

fn cell(cell: Cell) -> impl IntoView {
    let bar = cell.bar.is_some().then(|| view! { <Bar cell=cell.clone()/> });
    let likely =
        (!cell.likely.is_empty()).then(|| view! { <span class="unseen">{format!(", {} likely", cell.likely)}</span> });
    view! {
        <td role="cell" class:differs=cell.differs class:best=cell.best class:none=cell.none title=cell.likely.clone()>
            <span class="v">{cell.text}{(!cell.unit.is_empty()).then(|| view! { " "<small>{cell.unit}</small> })}</span>
            {likely}
            {(!cell.relation.is_empty()).then(|| view! { " "<span class="rel">{cell.relation}</span> })}
            {cell.best.then(|| view! { " "<span class="bt">"best"</span> })}
            {cell.if_it_ran.then(|| view! { " "<span class="rel">"if it ran"</span> })}
            {bar}
        </td>
    }
}
