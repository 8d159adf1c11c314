//! In a narrow window the model's card is a sheet: it opens by itself where there is something to read or to choose.

use js_sys::{Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use super::case::Case;
use super::slices;

/// The id of the model's sheet.
const MODEL_SHEET: &str = "sheet-model";
/// As in `style/layout.css`: up to here cards are sheets.
const NARROW: &str = "(max-width: 900px)";

/// Begins to watch. Once, when the page starts.
pub fn watch(case: Case) {
    Effect::new(move |_| {
        let told = case.problem.with(Option::is_some) | case.outline.with(Option::is_some);
        let narrow = || window().match_media(NARROW).ok().flatten();
        if told && slices::placed() && narrow().is_some_and(|query| query.matches()) {
            show(MODEL_SHEET);
        }
    });
}

/// Opens a popover; one that is open stays so.
fn show(id: &str) {
    let Some(sheet) = document().get_element_by_id(id) else {
        return;
    };
    let show = Reflect::get(&sheet, &JsValue::from_str("showPopover"));
    if let Some(show) = show.ok().and_then(|show| show.dyn_into::<Function>().ok()) {
        let _ = show.call0(&sheet);
    }
}
