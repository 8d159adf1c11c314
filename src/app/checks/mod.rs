//! The estimate beside what others say: the rules of other calculators, and the log of an engine. Part of [`Part::Checks`].
//!
//! [`Part::Checks`]: super::parts::Part::Checks

mod calculators;
mod log;

pub use calculators::Calculators;
pub use log::LogCheck;

use leptos::prelude::*;

/// A row of four cells and, below it, the sentence that explains it.
pub fn row(key: &'static str, cells: [AnyView; 4], same: bool, why: AnyView) -> AnyView {
    let [name, theirs, ours, off] = cells;
    view! {
        <tbody data-row=key class:same=same>
            <tr><th scope="row">{name}</th><td>{theirs}</td><td>{ours}</td><td class="off">{off}</td></tr>
            <tr class="why-row"><td colspan="4">{why}</td></tr>
        </tbody>
    }
    .into_any()
}
