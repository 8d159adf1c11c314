//! Models that were loaded, until JavaScript lets go of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use crate::ask::Found;

#[derive(Default)]
struct Shelf {
    last: u32,
    found: HashMap<u32, Arc<Found>>,
}

thread_local! {
    static SHELF: RefCell<Shelf> = RefCell::default();
}

/// Keeps a model and names it.
pub(super) fn put(found: Found) -> u32 {
    SHELF.with_borrow_mut(|shelf| {
        shelf.last = shelf.last.wrapping_add(1);
        shelf.found.insert(shelf.last, Arc::new(found));
        shelf.last
    })
}

/// The model of a name, while it is kept.
pub(super) fn get(handle: u32) -> Option<Arc<Found>> {
    SHELF.with_borrow(|shelf| shelf.found.get(&handle).cloned())
}

/// Lets go of a model.
pub fn forget(handle: u32) {
    SHELF.with_borrow_mut(|shelf| shelf.found.remove(&handle));
}
