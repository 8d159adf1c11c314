//! The page is built in slices beside the shell of `index.html`, and takes its place when it is whole: between two slices the
//! browser paints, scrolls and takes clicks. What is built later comes at once.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use js_sys::{Function, Reflect};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, HtmlElement, HtmlInputElement};

use super::state::State;

thread_local! {
    /// The page stands in the document.
    static PLACED: ArcRwSignal<bool> = ArcRwSignal::new(false);
    /// Slices whose turn has not come.
    static DUE: RefCell<VecDeque<ArcRwSignal<bool>>> = RefCell::default();
    /// What the page is built in.
    static ROOT: Cell<Option<HtmlElement>> = const { Cell::new(None) };
}

/// Whether the page stands in the document: before, what is looked for by its id is found in the shell; tracked.
pub fn placed() -> bool {
    PLACED.with(Clone::clone).get()
}

/// A view in its turn: all slices of a page that is not placed yet are built one after the other, in their order.
#[component]
pub fn Slice(#[prop(into)] view: ViewFn) -> impl IntoView {
    if untrack(placed) {
        return view.run();
    }
    let turn = ArcRwSignal::new(false);
    DUE.with_borrow_mut(|due| due.push_back(turn.clone()));
    (move || turn.get().then(|| untrack(|| view.run()))).into_any()
}

/// An element like that of the shell, to build the page in. It is not in the document yet.
pub fn beside(shell: &HtmlElement) -> Option<HtmlElement> {
    let root = shell.clone_node().ok()?.dyn_into::<HtmlElement>().ok()?;
    let _ = root.remove_attribute("aria-busy");
    ROOT.set(Some(root.clone()));
    Some(root)
}

/// Works out the first answer and builds what shows it, then puts it in the place of the shell.
pub fn build(state: State, then: fn()) {
    // The whole frame of the page is the first slice; no answer is worked out before it has its turn.
    spawn_local(async move {
        for step in state.first_steps() {
            breath().await;
            step();
        }
        while let Some(turn) = DUE.with_borrow_mut(VecDeque::pop_front) {
            breath().await;
            turn.set(true);
            // What a slice holds joins the queue when the effects have run: in the next breath.
            if DUE.with_borrow(VecDeque::is_empty) {
                breath().await;
            }
        }
        if let Some(root) = ROOT.take() {
            place(&root);
        }
        PLACED.with(Clone::clone).set(true);
        breath().await;
        then();
    });
}

/// What was typed into the shell's search, and the focus, go over to the page.
fn place(root: &HtmlElement) {
    let Some(shell) = document().get_element_by_id("app") else {
        return;
    };
    let focused = document().active_element().map(|element| element.id());
    let typed = find("#find", &shell).map(|field| field.value()).unwrap_or_default();
    let _ = shell.replace_with_with_node_1(root);
    if !typed.is_empty()
        && let Some(field) = find("#find", root)
    {
        field.set_value(&typed);
    }
    if let Some(id) = focused.filter(|id| !id.is_empty())
        && let Some(element) = document().get_element_by_id(&id)
    {
        let _ = element.unchecked_ref::<HtmlElement>().focus();
    }
}

fn find(what: &str, below: &Element) -> Option<HtmlInputElement> {
    below.query_selector(what).ok().flatten()?.dyn_into().ok()
}

/// Lets the browser do what else is due.
pub async fn breath() {
    let pause = js_sys::Promise::new(&mut |done, _| {
        // A timer in a timer waits for milliseconds; a task does not, but not every browser knows tasks.
        if post_task(&done).is_none() {
            let _ = window().set_timeout_with_callback(&done);
        }
    });
    let _ = JsFuture::from(pause).await;
}

fn post_task(task: &Function) -> Option<()> {
    let scheduler = Reflect::get(&window(), &"scheduler".into()).ok()?;
    let post: Function = Reflect::get(&scheduler, &"postTask".into()).ok()?.dyn_into().ok()?;
    post.call1(&scheduler, task).ok().map(drop)
}
