//! The scale of a slider: logarithmic, over round numbers.

use weighbridge::units::sort_few;

/// Steps of an octave: 8,192 · 9,216 · 10,240 · … · 16,384.
const STEPS: u64 = 8;

/// The numbers a slider from `least` to `most` stops at, smallest first: every whole number while they are small, then
/// eighths of an octave. Both ends are among them.
pub fn stops(least: u64, most: u64) -> Vec<u64> {
    let mut all = vec![least];
    let mut octave = 1_u64;
    while octave < most {
        all.extend((0..STEPS).map(|step| octave.saturating_add(octave.saturating_mul(step) / STEPS)));
        octave = octave.saturating_mul(2);
    }
    all.push(most);
    all.retain(|stop| (least..=most).contains(stop));
    sort_few(&mut all, |stop| *stop);
    all.dedup();
    all
}

/// The place of a value among the stops: of the nearest one below it, or the last.
pub fn place(stops: &[u64], value: u64) -> usize {
    stops.partition_point(|stop| *stop <= value).saturating_sub(1)
}

/// The stop above or below a value.
pub fn step(stops: &[u64], value: u64, up: bool) -> Option<u64> {
    if up {
        stops.iter().find(|stop| **stop > value).copied()
    } else {
        stops.iter().rev().find(|stop| **stop < value).copied()
    }
}
