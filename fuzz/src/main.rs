//! Runs the targets over changed seeds on any toolchain: `cargo run --release -- SECONDS [TARGET] [START]`.
//!
//! It stops at the first input that panics, takes more than a second or more than 256 MiB, and writes it to
//! `found/TARGET-NUMBER`.

use std::alloc::{GlobalAlloc, Layout, System};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use weighbridge_fuzz::mutate::{Random, mutate};
use weighbridge_fuzz::{seeds, targets};

/// Counts what is held.
struct Counted;

static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(HELD.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counted = Counted;

const MOST_BYTES: usize = 256 << 20;
const MOST_TIME: Duration = Duration::from_secs(1);

/// Runs one target for a while; how many inputs, or the first that fails.
fn turn(
    name: &str,
    target: fn(&[u8]),
    seeds: &[Vec<u8>],
    random: &mut Random,
    time: Duration,
) -> Result<(u64, Duration, usize), String> {
    let (begun, mut count, mut slowest, mut largest) = (Instant::now(), 0, Duration::ZERO, 0);
    while begun.elapsed() < time {
        let input = mutate(random, seeds);
        let before = HELD.load(Relaxed);
        MOST.store(before, Relaxed);
        let one = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| target(&input)));
        let (took, held) = (one.elapsed(), MOST.load(Relaxed).saturating_sub(before));
        count += 1;
        slowest = slowest.max(took);
        largest = largest.max(held);
        let why = match done {
            Err(_) => "panics",
            Ok(()) if took > MOST_TIME => "takes more than a second",
            Ok(()) if held > MOST_BYTES => "takes more than 256 MiB",
            Ok(()) => continue,
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("found");
        let path = folder.join(format!("{name}-{count}"));
        let _ = std::fs::create_dir_all(&folder);
        let _ = std::fs::write(&path, &input);
        return Err(format!("{name}: input {count} {why}: {}", path.display()));
    }
    Ok((count, slowest, largest))
}

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(10);
    let only = arguments.get(1).filter(|name| *name != "all");
    let start = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(1);
    let chosen = targets::TARGETS
        .iter()
        .filter(|(name, _)| only.is_none_or(|only| only == name));
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut all, mut failed) = (0, false);
    for (name, target) in chosen {
        let seeds = seeds::seeds(name, &here.join(".."));
        match turn(name, *target, &seeds, &mut Random(start), Duration::from_secs(seconds)) {
            Ok((count, slowest, largest)) => {
                all += count;
                println!(
                    "{name}: {count} inputs from {} seeds, the slowest {slowest:.1?}, the largest {} MiB",
                    seeds.len(),
                    largest >> 20
                );
            }
            Err(words) => {
                failed = true;
                println!("{words}");
            }
        }
    }
    println!("{all} inputs in all");
    if failed {
        std::process::ExitCode::FAILURE
    } else {
        std::process::ExitCode::SUCCESS
    }
}
