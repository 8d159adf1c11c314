//! The browser's database of past calculations: one text a row under its key. Each deed is one transaction, so that tabs which
//! write at once lose nothing.

use std::cell::RefCell;
use std::rc::Rc;

use idb::{
    CursorDirection, Database, DatabaseEvent as _, Error, Factory, KeyRange, ObjectStore, ObjectStoreParams, Query,
    TransactionMode, TransactionResult,
};
use wasm_bindgen::JsValue;
use weighbridge::export::history::{Figures, Kept, MOST_ROWS, surplus};

const DATABASE: &str = "weighbridge-history";
const STORE: &str = "kept";
/// Old rows read at once when some have to go.
const BATCH: u32 = 64;

/// Why the database did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot be opened: a private window, a setting, a browser without it.
    Denied,
    /// No room is left.
    Full,
    /// Anything else, in the browser's words.
    Other(String),
}

/// All that is stored.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// Rows, in the order of time.
    pub rows: Vec<Kept>,
    /// Keys of what cannot be read.
    pub unreadable: Vec<String>,
    /// Bytes of all texts.
    pub bytes: usize,
}

thread_local! {
    static OPEN: RefCell<Option<Rc<Database>>> = const { RefCell::new(None) };
}

fn trouble(error: &Error) -> Trouble {
    let words = error.to_string();
    if words.contains("Quota") {
        Trouble::Full
    } else {
        Trouble::Other(words)
    }
}

async fn open() -> Result<Rc<Database>, Trouble> {
    if let Some(database) = OPEN.with_borrow(Clone::clone) {
        return Ok(database);
    }
    let denied = |error: Error| match trouble(&error) {
        Trouble::Full => Trouble::Full,
        _ => Trouble::Denied,
    };
    let mut request = Factory::new()
        .and_then(|factory| factory.open(DATABASE, Some(1)))
        .map_err(denied)?;
    request.on_upgrade_needed(|event| {
        if let Ok(database) = event.database() {
            let _ = database.create_object_store(STORE, ObjectStoreParams::new());
        }
    });
    let mut database = request.await.map_err(denied)?;
    // A later version of the page may need to change it, and the browser may close it.
    let forget = || OPEN.with_borrow_mut(Option::take);
    database.on_version_change(move |_| {
        if let Some(open) = forget() {
            open.close();
        }
    });
    database.on_close(move |_| drop(forget()));
    let database = Rc::new(database);
    OPEN.with_borrow_mut(|open| *open = Some(database.clone()));
    Ok(database)
}

async fn within<T>(
    mode: TransactionMode,
    deed: impl AsyncFnOnce(&ObjectStore) -> Result<T, Error>,
) -> Result<T, Trouble> {
    let begin = |database: &Database| database.transaction(&[STORE], mode);
    let mut transaction = begin(&*open().await?);
    if transaction.is_err() {
        // Closed behind our back: opened once more.
        OPEN.with_borrow_mut(Option::take);
        transaction = begin(&*open().await?);
    }
    let transaction = transaction.map_err(|error| trouble(&error))?;
    let store = transaction.object_store(STORE).map_err(|error| trouble(&error))?;
    match deed(&store).await {
        Ok(value) => match transaction.await {
            Ok(TransactionResult::Committed) => Ok(value),
            // Without a request that failed, it was the commit: no room.
            Ok(TransactionResult::Aborted) => Err(Trouble::Full),
            Err(error) => Err(trouble(&error)),
        },
        Err(error) => {
            let _ = transaction.abort();
            Err(trouble(&error))
        }
    }
}

fn text(value: &JsValue) -> Option<String> {
    value.as_string()
}

fn row(value: &JsValue) -> Option<Kept> {
    Kept::read(&text(value)?).ok()
}

/// All of it.
pub async fn all() -> Result<Stored, Trouble> {
    let (keys, values) = within(TransactionMode::ReadOnly, async |store| {
        let keys = store.get_all_keys(None, None)?.await?;
        Ok((keys, store.get_all(None, None)?.await?))
    })
    .await?;
    let mut stored = Stored::default();
    for (key, value) in keys.iter().zip(&values) {
        stored.bytes += text(value).map_or(0, |text| text.len());
        let key = text(key).unwrap_or_default();
        match row(value).filter(|row| row.id == key) {
            Some(row) => stored.rows.push(row),
            None => stored.unreadable.push(key),
        }
    }
    Ok(stored)
}

/// Keeps a row that rested, unless the newest says the same; lets the oldest go that are not pinned where there are too many.
pub async fn add(new: &Kept) -> Result<bool, Trouble> {
    within(TransactionMode::ReadWrite, async |store| {
        let newest = store.open_cursor(None, Some(CursorDirection::Prev))?.await?;
        let newest = newest
            .and_then(|cursor| cursor.value().ok())
            .and_then(|value| row(&value));
        if newest.is_some_and(|newest| newest.same(new)) {
            return Ok(false);
        }
        put_into(store, new).await?;
        make_room(store, MOST_ROWS).await?;
        Ok(true)
    })
    .await
}

/// Keeps rows as they are, new ones and others anew.
pub async fn put(rows: &[Kept]) -> Result<(), Trouble> {
    within(TransactionMode::ReadWrite, async |store| {
        for row in rows {
            put_into(store, row).await?;
        }
        make_room(store, MOST_ROWS).await
    })
    .await
}

/// Changes a row as it is now, whoever changed it before; whether it is still there.
pub async fn change(id: &str, change: impl FnOnce(&mut Kept)) -> Result<bool, Trouble> {
    within(TransactionMode::ReadWrite, async |store| {
        let found = store.get(Query::Key(id.into()))?.await?;
        let Some(mut row) = found.and_then(|value| row(&value)) else {
            return Ok(false);
        };
        change(&mut row);
        put_into(store, &row).await?;
        Ok(true)
    })
    .await
}

/// Gives rows the figures of this version, as they are now, whoever changed them meanwhile.
pub async fn weigh_anew(figures: &[(String, Figures)]) -> Result<(), Trouble> {
    within(TransactionMode::ReadWrite, async |store| {
        for (id, figures) in figures {
            let found = store.get(Query::Key(id.into()))?.await?;
            if let Some(row) = found.and_then(|value| row(&value)) {
                put_into(store, &row.weighed_anew(figures.clone())).await?;
            }
        }
        Ok(())
    })
    .await
}

/// Removes rows by their keys.
pub async fn remove(ids: &[String]) -> Result<(), Trouble> {
    within(TransactionMode::ReadWrite, async |store| {
        for id in ids {
            store.delete(Query::Key(id.into()))?.await?;
        }
        Ok(())
    })
    .await
}

/// Lets the oldest go that are not pinned, a twentieth of all, so that there is room again.
pub async fn shrink() -> Result<(), Trouble> {
    within(TransactionMode::ReadWrite, async |store| {
        let count = store.count(None)?.await? as usize;
        make_room(store, count - count.div_ceil(20).min(count)).await
    })
    .await
}

async fn put_into(store: &ObjectStore, row: &Kept) -> Result<(), Error> {
    let key: JsValue = row.id.as_str().into();
    store.put(&row.write().into(), Some(&key))?.await.map(drop)
}

async fn make_room(store: &ObjectStore, most: usize) -> Result<(), Error> {
    let mut count = store.count(None)?.await? as usize;
    let mut after: Option<JsValue> = None;
    while count > most {
        let range = || -> Result<Option<Query>, Error> {
            let lower = after.as_ref().map(|key| KeyRange::lower_bound(key, Some(true)));
            Ok(lower.transpose()?.map(Query::KeyRange))
        };
        let keys = store.get_all_keys(range()?, Some(BATCH))?.await?;
        let values = store.get_all(range()?, Some(BATCH))?.await?;
        let Some(last) = keys.last().cloned() else { break };
        let pinned = values.iter().map(|value| row(value).is_some_and(|row| row.pinned));
        let go = surplus(keys.iter().zip(pinned), count, most);
        for key in &go {
            store.delete(Query::Key((*key).clone()))?.await?;
        }
        count -= go.len();
        after = Some(last);
    }
    Ok(())
}
