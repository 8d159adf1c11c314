//! The fuzz targets over their seeds and a bounded number of changes to them, on every run of the tests.

#[path = "../../fuzz/src/mutate.rs"]
mod mutate;
#[path = "../../fuzz/src/seeds.rs"]
mod seeds;
#[path = "../../fuzz/src/targets.rs"]
mod targets;

use std::path::Path;
use std::time::{Duration, Instant};

use mutate::{Random, mutate};

/// A build of tests is slower than the one that fuzzes, and shares its cores.
const MOST_TIME: Duration = Duration::from_secs(5);
const CHANGES: usize = 400;

#[test]
fn hostile_inputs_are_answered() {
    for (name, target) in targets::TARGETS {
        let seeds = seeds::seeds(name, Path::new(env!("CARGO_MANIFEST_DIR")));
        assert!(seeds.iter().any(|seed| !seed.is_empty()), "{name} has no seed");
        let mut random = Random(17);
        let changed: Vec<Vec<u8>> = (0..CHANGES).map(|_| mutate(&mut random, &seeds)).collect();
        for input in seeds.iter().chain(&changed) {
            let begun = Instant::now();
            target(input);
            let took = begun.elapsed();
            assert!(
                took < MOST_TIME,
                "{name} takes {took:?} for {:?}",
                String::from_utf8_lossy(input)
            );
        }
    }
}
