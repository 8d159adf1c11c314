//! Style sheets that come with a part: the first load carries none of them.

use js_sys::{Array, Function, Reflect};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

thread_local! {
    static ADOPTED: std::cell::RefCell<Vec<&'static str>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Adopts a sheet, once.
pub fn adopt(text: &'static str) {
    let new = ADOPTED.with_borrow_mut(|all| {
        let new = !all.contains(&text);
        all.extend(new.then_some(text));
        new
    });
    if new && let Err(error) = sheet(text) {
        leptos::logging::error!("{error:?}");
    }
}

/// Constructed sheets are scripts' own, which the content security policy allows; a `<style>` element is not.
fn sheet(text: &str) -> Result<(), JsValue> {
    let made: Function = Reflect::get(&window(), &"CSSStyleSheet".into())?.dyn_into()?;
    let sheet = Reflect::construct(&made, &Array::new())?;
    let replace: Function = Reflect::get(&sheet, &"replaceSync".into())?.dyn_into()?;
    replace.call1(&sheet, &text.into())?;
    let document: JsValue = document().into();
    let adopted = Array::from(&Reflect::get(&document, &"adoptedStyleSheets".into())?);
    adopted.push(&sheet);
    Reflect::set(&document, &"adoptedStyleSheets".into(), &adopted)?;
    Ok(())
}
