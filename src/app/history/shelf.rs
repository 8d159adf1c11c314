//! What the page knows of past calculations. Whoever changes something goes through here; other tabs hear of it.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast as _, JsValue};
use web_sys::BroadcastChannel;
use weighbridge::export::history::{Figures, History, Kept, MOST_ROWS};

use super::store::{self, Stored, Trouble};

const CHANNEL: &str = "weighbridge-history";

/// The shelf. Cheap to copy.
#[derive(Clone)]
pub struct Shelf {
    /// All rows; none until they were read.
    pub history: ArcRwSignal<Option<Arc<History>>>,
    /// Keys of rows that cannot be read.
    pub unreadable: ArcRwSignal<Vec<String>>,
    /// Bytes of all texts.
    pub bytes: ArcRwSignal<usize>,
    /// What the storage refused last.
    pub trouble: ArcRwSignal<Option<Trouble>>,
}

thread_local! {
    static SHELF: Shelf = Shelf {
        history: ArcRwSignal::new(None),
        unreadable: ArcRwSignal::new(Vec::new()),
        bytes: ArcRwSignal::new(0),
        trouble: ArcRwSignal::new(None),
    };
    static OTHERS: RefCell<Option<BroadcastChannel>> = const { RefCell::new(None) };
}

impl Shelf {
    /// The shelf of the page.
    pub fn here() -> Self {
        SHELF.with(Clone::clone)
    }
    /// Begins to listen to other tabs. Once, when the part arrives.
    pub fn listen() {
        let Ok(channel) = BroadcastChannel::new(CHANNEL) else {
            return;
        };
        let mut read_soon = debounce(Duration::from_millis(60), |()| {
            let shelf = Self::here();
            if shelf.history.with_untracked(Option::is_some) {
                shelf.read();
            }
        });
        let heard = Closure::<dyn FnMut()>::new(move || read_soon(()));
        channel.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        heard.forget();
        OTHERS.with_borrow_mut(|others| *others = Some(channel));
    }
    fn tell_others() {
        OTHERS.with_borrow(|others| {
            if let Some(others) = others {
                let _ = others.post_message(&JsValue::from_str("changed"));
            }
        });
    }
    /// Reads all rows anew.
    pub fn read(&self) {
        let shelf = self.clone();
        spawn_local(async move {
            shelf.take(store::all().await);
        });
    }
    fn take(&self, read: Result<Stored, Trouble>) {
        match read {
            Ok(stored) => {
                self.bytes.set(stored.bytes);
                self.unreadable.set(stored.unreadable);
                self.history.set(Some(Arc::new(History::new(stored.rows))));
            }
            Err(trouble) => {
                self.trouble.set(Some(trouble));
                // What this page knows by itself stays.
                self.history.update(|history| {
                    history.get_or_insert_default();
                });
            }
        }
    }
    /// Keeps a question that rested.
    pub fn add(&self, row: Kept) {
        let shelf = self.clone();
        spawn_local(async move {
            let mut done = store::add(&row).await;
            if done == Err(Trouble::Full) && store::shrink().await.is_ok() {
                done = store::add(&row).await;
            }
            match done {
                Ok(false) => {}
                Ok(true) => shelf.changed(),
                Err(trouble) => shelf.without_storage(trouble, vec![row]),
            }
        });
    }
    /// Keeps rows: of a file, of another version, or back from where they were removed.
    pub fn put(&self, rows: Vec<Kept>) {
        let shelf = self.clone();
        spawn_local(async move {
            match store::put(&rows).await {
                Ok(()) => shelf.changed(),
                Err(trouble) => shelf.without_storage(trouble, rows),
            }
        });
    }
    /// Changes a row as it is now.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Kept) + Clone + 'static) {
        let (shelf, id) = (self.clone(), id.to_owned());
        spawn_local(async move {
            match store::change(&id, change.clone()).await {
                Ok(_) => shelf.changed(),
                Err(trouble) => {
                    let rows = shelf.rows();
                    let row = rows.into_iter().find(|row| row.id == id);
                    shelf.without_storage(
                        trouble,
                        row.into_iter()
                            .map(|mut row| {
                                change.clone()(&mut row);
                                row
                            })
                            .collect(),
                    );
                }
            }
        });
    }
    /// Gives rows the figures of this version.
    pub fn weigh_anew(&self, figures: Vec<(String, Figures)>) {
        let shelf = self.clone();
        spawn_local(async move {
            match store::weigh_anew(&figures).await {
                Ok(()) => shelf.changed(),
                // Where nothing is kept, nothing is old either.
                Err(trouble) => shelf.trouble.set(Some(trouble)),
            }
        });
    }
    /// Removes rows by their keys.
    pub fn remove(&self, ids: Vec<String>) {
        let shelf = self.clone();
        spawn_local(async move {
            match store::remove(&ids).await {
                Ok(()) => shelf.changed(),
                Err(trouble) => {
                    shelf.trouble.set(Some(trouble));
                    let mut rows = shelf.rows();
                    rows.retain(|row| !ids.contains(&row.id));
                    shelf.history.set(Some(Arc::new(History::new(rows))));
                }
            }
        });
    }
    /// Rows as they are now, untracked.
    pub fn rows(&self) -> Vec<Kept> {
        self.history
            .with_untracked(|history| history.as_ref().map(|history| history.rows().to_vec()))
            .unwrap_or_default()
    }
    fn changed(&self) {
        self.trouble.set(None);
        Self::tell_others();
        if self.history.with_untracked(Option::is_some) {
            self.read();
        }
    }
    /// Where the browser keeps nothing, rows last as long as the page; where it is full, that is said and they do too.
    fn without_storage(&self, trouble: Trouble, new: Vec<Kept>) {
        self.trouble.set(Some(trouble));
        let mut rows = self.rows();
        for row in new {
            if rows
                .iter()
                .next_back()
                .is_some_and(|last| last.id != row.id && last.same(&row))
            {
                continue;
            }
            match rows.iter_mut().find(|known| known.id == row.id) {
                Some(known) => *known = row,
                None => rows.push(row),
            }
        }
        let surplus = rows.len().saturating_sub(MOST_ROWS);
        rows.drain(..surplus);
        self.history.set(Some(Arc::new(History::new(rows))));
    }
}
