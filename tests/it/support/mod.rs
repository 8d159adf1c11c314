//! What tests share: questions to the engine, made headers, the command line, the page in a browser, its server and a local Hub.
//!
//! A test file includes it with `mod support;` and begins with `#![cfg(not(target_arch = "wasm32"))]`.
//! Everything here panics with a readable message: a helper that fails is a failed test.

#![allow(
    dead_code,
    unused_imports,
    reason = "each test crate uses its own part of the shared support"
)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a panic is the report; the lints' own exception covers #[test] functions only"
)]

pub mod browser;
pub mod checkpoint;
// Without the feature cargo builds no binary to run.
#[cfg(feature = "cli")]
pub mod command;
pub mod engine;
pub mod http;
pub mod hub;
pub mod made;
pub mod page;
pub mod server;

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The build's `target` folder.
pub fn target() -> PathBuf {
    let tmp = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().map(PathBuf::from).unwrap_or(tmp)
}

/// A fresh, empty folder under `target/tmp/support`, its own for each call. What old runs left there goes after an hour.
pub fn fresh_folder(purpose: &str) -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static TIDY: Once = Once::new();
    let all = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("support");
    TIDY.call_once(|| remove_old(&all));
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let folder = all.join(format!("{purpose}-{}-{number}", std::process::id()));
    // Process ids come round again, so an old run may have left one of this name.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot create {}: {error}", folder.display()));
    folder
}

fn remove_old(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let age = entry
            .metadata()
            .and_then(|data| data.modified())
            .ok()
            .and_then(|time| time.elapsed().ok());
        if age.is_some_and(|age| age > Duration::from_secs(3600)) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
