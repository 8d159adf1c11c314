//! The largest workload that fits: the longest context, the largest batch.

use super::capacity::capacity;
use crate::analysis::error::AnalysisError;
use crate::analysis::memory::{Memory, memory, memory_beside, weights};
use crate::analysis::placement::{Ranks, Shard, ranks_of, weight_shards, with_caches};
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::model::Component;
use crate::scenario::Scenario;
use crate::units::Exact;

/// Sequences the devices carry whole, nothing in RAM; zero where not even one fits.
pub(in crate::analysis) fn max_by_memory(setup: &Setup, device: &Device) -> u64 {
    let fixed = Fixed::of(setup);
    let needed = |setup: &Setup| fixed.needed(setup);
    let whole = capacity(setup, device);
    let share = setup.engine.cache_percent();
    if share >= 100 {
        return widest(setup, whole, &needed);
    }
    // The cache gets a share of what is left beside everything else: what one sequence more needs tells its part.
    let one = after(setup, &needed, |scenario| scenario.workload.batch = 1);
    let two = after(setup, &needed, |scenario| scenario.workload.batch = 2);
    let none = one.saturating_sub(two.saturating_sub(one));
    let free = u128::from(whole.saturating_sub(none)) * u128::from(share) / 100;
    let room = none.saturating_add(u64::try_from(free).unwrap_or(u64::MAX));
    widest(setup, room.min(whole).max(one.min(whole)), &needed)
}

/// What a search for the workload that fits leaves alone: the weights, and how they are shared.
pub(super) struct Fixed {
    weights: Vec<(Component, Exact)>,
    shards: Vec<Shard>,
}

impl Fixed {
    pub(super) fn of(setup: &Setup) -> Self {
        let several = setup.layout.devices > 1;
        Self {
            weights: weights(setup),
            shards: if several { weight_shards(setup) } else { Vec::new() },
        }
    }
    pub(super) fn memory(&self, setup: &Setup) -> Memory<Exact> {
        memory_beside(setup, self.weights.clone())
    }
    pub(super) fn ranks(&self, setup: &Setup, memory: &Memory<Exact>) -> Result<Ranks, AnalysisError> {
        ranks_of(setup, memory, || with_caches(setup, self.shards.clone()))
    }
    /// What the fullest device must hold, bytes; the largest number there is where it cannot be shared so.
    pub(super) fn needed(&self, setup: &Setup) -> u64 {
        if setup.scenario.workload.mode.trains() {
            // Beyond 64 bits, and where the layout cannot be, nothing fits.
            let held = memory::<Exact>(setup).total.0;
            return if held == setup.scenario.assumptions.overhead {
                u64::MAX
            } else {
                held
            };
        }
        let memory = self.memory(setup);
        if setup.layout.devices == 1 {
            return memory.total.0;
        }
        let ranks = self.ranks(setup, &memory).ok();
        let Some(group) = ranks.as_ref().and_then(Ranks::fullest_group) else {
            return u64::MAX;
        };
        let total = group.memory.total_bytes;
        // Searches ask by the first device's room: what another holds is as far from its own.
        match group.room.zip(setup.device()) {
            Some((own, device)) => total.saturating_add(capacity(setup, device)).saturating_sub(own),
            None => total,
        }
    }
}

/// What a question needs when something of its scenario changes.
fn after(setup: &Setup, bytes: &impl Fn(&Setup) -> u64, change: impl FnOnce(&mut Scenario)) -> u64 {
    bytes(&setup.working(change))
}

/// Longest context that fits: the model's own limit, or what memory allows.
pub(super) fn longest(setup: &Setup, room: u64, bytes: &impl Fn(&Setup) -> u64) -> u64 {
    let most = setup
        .blueprint
        .max_context
        .as_ref()
        .map_or(10_000_000, |found| found.value.max(1));
    // Generated tokens are part of the context; the shortest prompt is one token beside what images take.
    let seen = setup.media.tokens();
    if seen >= most {
        return 0;
    }
    let at = |context: u64| {
        let (text, _) = setup.split(context);
        let all = |scenario: &mut Scenario| {
            scenario.workload.prompt = text.saturating_add(seen);
            scenario.workload.generate = Some(context.saturating_sub(scenario.workload.prompt));
        };
        after(setup, bytes, all)
    };
    largest(most, room, at)
}

/// Largest batch that fits.
pub(super) fn widest(setup: &Setup, room: u64, bytes: &impl Fn(&Setup) -> u64) -> u64 {
    largest(1_000_000, room, |batch| {
        after(setup, bytes, |scenario| scenario.workload.batch = batch)
    })
}

/// The largest number up to `most` at which no more than `room` bytes are needed; zero if not even one.
///
/// What is needed never falls when the number rises and is nearly a straight line in it, so the place is guessed between
/// two known ones; each third guess is the middle, in case it is not.
fn largest(most: u64, room: u64, bytes: impl Fn(u64) -> u64) -> u64 {
    let first = bytes(1);
    if first > room {
        return 0;
    }
    let last = bytes(most);
    if most <= 1 || last <= room {
        return most.max(1);
    }
    let ((mut low, mut below), (mut high, mut above)) = ((1, first), (most, last));
    for turn in 1_u32.. {
        let gap = high - low;
        if gap <= 1 {
            break;
        }
        let middle = low + gap / 2;
        let guess = if turn.is_multiple_of(3) || above == u64::MAX || above <= below {
            middle
        } else {
            let step = u128::from(room - below) * u128::from(gap) / u128::from(above - below);
            low.saturating_add(u64::try_from(step).unwrap_or(u64::MAX))
                .clamp(low + 1, high - 1)
        };
        let needed = bytes(guess);
        if needed <= room {
            (low, below) = (guess, needed);
        } else {
            (high, above) = (guess, needed);
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::largest;

    proptest! {
        /// Straight, bent and stepped needs, and needs beyond all numbers.
        #[test]
        fn the_largest_that_fits_is_found(
            most in 1_u64..100_000,
            base in 0_u64..1_000,
            slope in 0_u64..50,
            bend in 1_u64..100_000,
            step in 1_u64..300,
            room in 0_u64..1_000_000,
            overflow in 1_u64..200_000,
        ) {
            let bytes = |at: u64| {
                let at = at.div_ceil(step) * step;
                if at >= overflow { u64::MAX } else { base + slope * at.min(bend) + at.saturating_sub(bend) / 7 }
            };
            let found = largest(most, room, bytes);
            let slow = (1..=most).take_while(|at| bytes(*at) <= room).last().unwrap_or(0);
            prop_assert_eq!(found, slow);
        }
    }

    #[test]
    fn few_guesses_are_enough() {
        let count = std::cell::Cell::new(0);
        let bytes = |at: u64| {
            count.set(count.get() + 1);
            5_000_000_000 + at.div_ceil(16) * 16 * 131_072
        };
        assert_eq!(largest(10_000_000, 24_000_000_000, bytes), 144_944);
        assert!(count.get() < 12, "{}", count.get());
    }
}
