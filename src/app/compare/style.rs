//! The style sheet of the place comes with its part: the first load carries none of it.

use js_sys::{Array, Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

const SHEET: &str = include_str!("../../../style/parts/compare.css");

thread_local! {
    static ADOPTED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Adopts the sheet, once.
pub fn adopt() {
    if !ADOPTED.replace(true)
        && let Err(error) = sheet()
    {
        leptos::logging::error!("{error:?}");
    }
}

/// Constructed sheets are scripts' own, which the content security policy allows; a `<style>` element is not.
fn sheet() -> Result<(), JsValue> {
    let made: Function = Reflect::get(&window(), &"CSSStyleSheet".into())?.dyn_into()?;
    let sheet = Reflect::construct(&made, &Array::new())?;
    let replace: Function = Reflect::get(&sheet, &"replaceSync".into())?.dyn_into()?;
    replace.call1(&sheet, &SHEET.into())?;
    let document: JsValue = document().into();
    let adopted = Array::from(&Reflect::get(&document, &"adoptedStyleSheets".into())?);
    adopted.push(&sheet);
    Reflect::set(&document, &"adoptedStyleSheets".into(), &adopted)?;
    Ok(())
}
