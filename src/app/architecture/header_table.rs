//! The blueprint against the headers of its files: what was found and how, what is missing, what is more.

use leptos::prelude::*;
use weighbridge::model::headers::compare::Row;
use weighbridge::units::grouped;

use super::super::case::Case;
use super::blocks::breakable;

/// More rows than these say no more.
const MOST_ROWS: usize = 200;

/// The comparison, where headers were read.
#[component]
pub fn HeaderTable() -> impl IntoView {
    let case = Case::here();
    move || {
        case.comparison.get().map(|comparison| {
            let matched = [
                ("Found by name", comparison.by_name),
                ("Found by role: renamed, fused or split", comparison.by_role),
                ("Found by shape alone", comparison.by_shape),
                ("Found by number of elements alone", comparison.by_number),
            ];
            let matched = matched.into_iter().filter(|(_, tensors)| *tensors > 0);
            let matched: Vec<_> = matched
                .map(|(how, tensors)| view! { <tr class="sum"><th scope="row">{how}</th><td>{grouped(tensors)}</td><td></td><td class="text"></td><td class="text"></td></tr> })
                .collect();
            let groups = [
                ("Missing: in the config, not in the files", &comparison.missing),
                ("Of another shape", &comparison.differing),
                ("Extra: only in the files", &comparison.extra),
            ];
            let groups: Vec<_> = groups
                .into_iter()
                .filter(|(_, rows)| !rows.is_empty())
                .map(|(title, rows)| {
                    let more = rows.len().saturating_sub(MOST_ROWS);
                    let title = if more > 0 { format!("{title}; the first {MOST_ROWS} of {} names", rows.len()) } else { title.to_owned() };
                    let rows: Vec<_> = rows.iter().take(MOST_ROWS).map(row).collect();
                    view! { <tr class="group"><th scope="rowgroup" colspan="5">{title}</th></tr> {rows} }
                })
                .collect();
            view! {
                <h3 style:margin-top="16px">"Against the file headers"</h3>
                <p>{comparison.line.clone()}</p>
                <div class="table" id="header-table">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Tensor"</th>
                                <th scope="col">"How many"</th>
                                <th scope="col">"Elements"</th>
                                <th scope="col" class="text">"By the config"</th>
                                <th scope="col" class="text">"In the files"</th>
                            </tr>
                        </thead>
                        <tbody>{matched}{groups}</tbody>
                    </table>
                </div>
            }
        })
    }
}

fn row(row: &Row) -> impl IntoView + use<> {
    let shape = |shape: &Option<Vec<u64>>| {
        shape.as_ref().map_or_else(String::new, |shape| {
            shape.iter().map(|&size| grouped(size)).collect::<Vec<_>>().join(" × ")
        })
    };
    view! {
        <tr>
            <th scope="row"><code>{breakable(&row.name)}</code>{row.reason.map(|reason| view! { " " <small>{reason}</small> })}</th>
            <td>{grouped(row.tensors)}</td>
            <td>{grouped(row.elements)}</td>
            <td class="text shape">{shape(&row.expected)}</td>
            <td class="text shape">{shape(&row.found)}</td>
        </tr>
    }
}
