//! Past calculations: each question that rested is kept by this browser, and a place shows them.
//!
//! 1. [`store`]: the browser's database, whatever it answers. 2. [`shelf`]: what the page knows of it, in every tab.
//! 3. [`keep`]: what comes into it. 4. [`anew`]: answers of an earlier version. 5. [`place`] with its table and plot.
//!
//! The form of a row, search and order are [`weighbridge::export::history`].

mod anew;
mod deeds;
mod filters;
mod import;
mod keep;
mod markup;
mod place;
mod plot;
pub mod prefs;
mod shelf;
mod store;
mod table;
mod when;

pub use import::read_files;
pub use keep::follow;
pub use place::HistoryPlace;
