//! One step of a pipeline as its schedule runs it: which stage works on which micro-batch, and when it waits.

use std::collections::{HashMap, VecDeque};

use crate::scenario::training::Schedule;

/// A pass of a micro-batch through the layers of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pass {
    /// Forward.
    Forward,
    /// Backward: gradients of the inputs, and of the weights where they are not apart.
    Backward,
    /// Gradients of the weights, where the schedule does them when it likes.
    Weights,
}

/// A piece of work of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// The stage, from 0.
    pub stage: usize,
    /// The micro-batch, from 0.
    pub batch: usize,
    /// Which of the stage's chunks of layers, from 0.
    pub chunk: usize,
    /// What is done.
    pub pass: Pass,
    /// When it begins, the forward pass of a stage being one long.
    pub start: f64,
    /// When it ends.
    pub end: f64,
}

/// What is done when: stage, pass, chunk, micro-batch.
type Done<T> = HashMap<(usize, Pass, usize, usize), T>;

/// A backward pass takes twice a forward pass.
const BACKWARD: f64 = 2.0;
/// More is not drawn.
const MOST: u64 = 4096;

/// The slots of a step and its length; none for schedules that are not followed slot by slot, and for very long steps.
///
/// 1F1B and its interleaved form by Narayanan 2021 (arXiv 2104.04473), figure 4; GPipe by Huang 2019 (arXiv 1811.06965),
/// figure 2; zero bubble as ZB-H1 of Qi 2024 (arXiv 2401.10241), figure 3.
pub fn slots(schedule: Schedule, stages: u64, batches: u64, chunks: u64) -> Option<(Vec<Slot>, f64)> {
    let many = stages.saturating_mul(batches).saturating_mul(chunks);
    if stages < 2 || batches == 0 || chunks == 0 || many > MOST {
        return None;
    }
    let (stages, batches, chunks) = (stages as usize, batches as usize, chunks as usize);
    let ahead = |stage: usize| match schedule {
        Schedule::Gpipe => batches,
        Schedule::Interleaved => 2 * (stages - stage - 1) + (chunks - 1) * stages + 1,
        _ => stages - stage,
    };
    let all = match schedule {
        Schedule::Dualpipe => return None,
        Schedule::ZeroBubble => zero_bubble(stages, batches),
        Schedule::OneForwardOneBackward | Schedule::Gpipe | Schedule::Interleaved => {
            let orders: Vec<_> = (0..stages)
                .map(|stage| order(stages, batches, chunks, ahead(stage)))
                .collect();
            in_order(&orders, chunks)
        }
    };
    let length = all.iter().map(|slot| slot.end).fold(0.0, f64::max);
    Some((all, length))
}

/// What a stage does, one after the other: so many forward passes first, then one backward and one forward in turn. Chunks
/// take turns for as many micro-batches as there are stages.
fn order(stages: usize, batches: usize, chunks: usize, ahead: usize) -> Vec<(Pass, usize, usize)> {
    let rounds = (0..batches).step_by(if chunks > 1 { stages } else { batches });
    let turns: Vec<(usize, usize)> = rounds
        .flat_map(|from| {
            let until = batches.min(if chunks > 1 { from + stages } else { batches });
            (0..chunks).flat_map(move |chunk| (from..until).map(move |batch| (chunk, batch)))
        })
        .collect();
    let forward = |&(chunk, batch): &(usize, usize)| (Pass::Forward, chunk, batch);
    let mut list: Vec<_> = turns.iter().take(ahead).map(forward).collect();
    for (at, (chunk, batch)) in turns.iter().enumerate() {
        list.push((Pass::Backward, chunks - 1 - chunk, *batch));
        list.extend(turns.get(at + ahead).map(forward));
    }
    list
}

/// Runs the stages' orders: each pass as soon as its stage is free and what it reads is there.
fn in_order(orders: &[Vec<(Pass, usize, usize)>], chunks: usize) -> Vec<Slot> {
    let last = orders.len().saturating_sub(1);
    let each = 1.0 / chunks as f64;
    let mut done: Done<f64> = HashMap::new();
    let mut state = vec![(0_usize, 0.0_f64); orders.len()];
    let mut all = Vec::new();
    loop {
        let before = all.len();
        for (stage, (order, (next, free))) in orders.iter().zip(&mut state).enumerate() {
            let Some(&(pass, chunk, batch)) = order.get(*next) else {
                continue;
            };
            let reads = match (pass, stage) {
                (Pass::Forward, 0) => chunk.checked_sub(1).map(|one| (last, pass, one, batch)),
                (Pass::Forward, _) => Some((stage - 1, pass, chunk, batch)),
                (_, at) if at < last => Some((stage + 1, pass, chunk, batch)),
                _ if chunk + 1 < chunks => Some((0, pass, chunk + 1, batch)),
                _ => Some((stage, Pass::Forward, chunk, batch)),
            };
            let ready = reads.map_or(Some(0.0), |one| done.get(&one).copied());
            let Some(ready) = ready else { continue };
            let start = free.max(ready);
            let end = start + if pass == Pass::Backward { BACKWARD * each } else { each };
            (*free, *next) = (end, *next + 1);
            done.insert((stage, pass, chunk, batch), end);
            all.push(Slot {
                stage,
                batch,
                chunk,
                pass,
                start,
                end,
            });
        }
        if all.len() == before {
            return all;
        }
    }
}

/// ZB-H1: 1F1B, in which gradients of weights fill what was a wait, and no stage has more micro-batches in flight than there
/// are stages. All three passes take equally long.
fn zero_bubble(stages: usize, batches: usize) -> Vec<Slot> {
    let orders: Vec<_> = (0..stages)
        .map(|stage| order(stages, batches, 1, stages - stage))
        .collect();
    // Of each stage: its place in the order, weights whose gradients are due, micro-batches in flight.
    let mut state = vec![(0_usize, VecDeque::new(), 0_usize); stages];
    let mut done: Done<usize> = HashMap::new();
    let mut all = Vec::with_capacity(stages * batches * 3);
    for now in 0..3 * (batches + stages) {
        for (stage, (order, (next, due, flying))) in orders.iter().zip(&mut state).enumerate() {
            let ready = |reads: (usize, Pass, usize, usize)| done.get(&reads).is_some_and(|end| *end <= now);
            let turn = order.get(*next).copied().filter(|&(pass, chunk, batch)| match pass {
                Pass::Forward if *flying >= stages => false,
                Pass::Forward => stage == 0 || ready((stage - 1, pass, chunk, batch)),
                _ if stage + 1 < stages => ready((stage + 1, pass, chunk, batch)),
                _ => ready((stage, Pass::Forward, chunk, batch)),
            });
            let (pass, batch) = match turn {
                Some((pass, _, batch)) => {
                    *next += 1;
                    match pass {
                        Pass::Forward => *flying += 1,
                        _ => due.push_back(batch),
                    }
                    (pass, batch)
                }
                None => {
                    let Some(batch) = due.pop_front() else { continue };
                    *flying = flying.saturating_sub(1);
                    (Pass::Weights, batch)
                }
            };
            done.insert((stage, pass, 0, batch), now + 1);
            all.push(Slot {
                stage,
                batch,
                chunk: 0,
                pass,
                start: now as f64,
                end: (now + 1) as f64,
            });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(schedule: Schedule, stages: u64, batches: u64, chunks: u64) -> (Vec<Slot>, f64) {
        slots(schedule, stages, batches, chunks).unwrap()
    }

    /// Both stand still (p − 1) forward and backward passes of m + p − 1, as the formula of the bubble says.
    #[test]
    fn the_drawn_bubble_is_the_formulas() {
        for schedule in [Schedule::OneForwardOneBackward, Schedule::Gpipe] {
            for (stages, batches) in [(2_u64, 2_u64), (4, 8), (4, 16), (8, 3)] {
                let (all, length) = drawn(schedule, stages, batches, 1);
                assert_eq!(all.len() as u64, 2 * stages * batches);
                assert_eq!(
                    length,
                    3.0 * (batches + stages - 1) as f64,
                    "{schedule:?} {stages} {batches}"
                );
            }
        }
        assert_eq!(slots(Schedule::Dualpipe, 4, 8, 1), None);
        assert_eq!(slots(Schedule::Gpipe, 1, 8, 1), None);
    }

    /// No stage does two things at once, each pass of each chunk is there once, and none before what it reads.
    #[test]
    fn every_pass_is_there_once_and_in_time() {
        for (schedule, chunks, passes) in [
            (Schedule::OneForwardOneBackward, 1, 2),
            (Schedule::Interleaved, 3, 2),
            (Schedule::ZeroBubble, 1, 3),
        ] {
            for batches in [1, 3, 4, 10] {
                let (all, _) = drawn(schedule, 4, batches, chunks);
                assert_eq!(
                    all.len() as u64,
                    4 * batches * chunks * passes,
                    "{schedule:?} {batches}"
                );
                let at: Done<&Slot> = all
                    .iter()
                    .map(|slot| ((slot.stage, slot.pass, slot.chunk, slot.batch), slot))
                    .collect();
                assert_eq!(at.len(), all.len(), "{schedule:?} {batches}");
                for slot in &all {
                    let same = |one: &&Slot| one.stage == slot.stage && one.start > slot.start - 1e-9;
                    assert!(
                        all.iter()
                            .filter(same)
                            .all(|one| one.start > slot.end - 1e-9 || std::ptr::eq(one, slot)),
                        "{schedule:?} {batches}"
                    );
                    if slot.pass == Pass::Forward && slot.stage > 0 {
                        let before = at[&(slot.stage - 1, Pass::Forward, slot.chunk, slot.batch)];
                        assert!(before.end < slot.start + 1e-9);
                    }
                    if slot.pass == Pass::Backward && slot.stage < 3 {
                        let before = at[&(slot.stage + 1, Pass::Backward, slot.chunk, slot.batch)];
                        assert!(before.end < slot.start + 1e-9);
                    }
                }
            }
        }
    }

    /// As many micro-batches as this stage has in flight, in passes of chunks: 1F1B no more than stages behind it, GPipe
    /// all, the interleaved form what Korthikanti 2022 (section 4.2.3) says, ZB-H1 as many as stages on every stage.
    #[test]
    fn in_flight() {
        let most = |schedule, chunks, stage| {
            let (all, _) = drawn(schedule, 4, 16, chunks);
            let mut mine: Vec<_> = all.iter().filter(|slot| slot.stage == stage).collect();
            mine.sort_by(|one, other| one.start.total_cmp(&other.start));
            let last = if schedule == Schedule::ZeroBubble {
                Pass::Weights
            } else {
                Pass::Backward
            };
            let mut flying = 0_i32;
            let mut most = 0;
            for slot in mine {
                flying += i32::from(slot.pass == Pass::Forward) - i32::from(slot.pass == last);
                most = most.max(flying);
            }
            most
        };
        assert_eq!(most(Schedule::OneForwardOneBackward, 1, 0), 4);
        assert_eq!(most(Schedule::OneForwardOneBackward, 1, 3), 1);
        assert_eq!(most(Schedule::Gpipe, 1, 0), 16);
        assert_eq!(most(Schedule::Interleaved, 2, 0), 11);
        assert_eq!(most(Schedule::Interleaved, 2, 3), 5);
        assert_eq!([0, 1, 2, 3].map(|stage| most(Schedule::ZeroBubble, 1, stage)), [4; 4]);
    }
}
