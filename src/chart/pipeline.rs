//! One step of a pipeline as its schedule runs it: which stage works on which micro-batch, and when it waits.

use crate::scenario::training::Schedule;

/// A piece of work of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// The stage, from 0.
    pub stage: usize,
    /// The micro-batch, from 0.
    pub batch: usize,
    /// Whether it is the backward pass.
    pub backward: bool,
    /// When it begins, forward passes being one long.
    pub start: f64,
    /// When it ends.
    pub end: f64,
}

/// A backward pass takes twice a forward pass.
const BACKWARD: f64 = 2.0;
/// More is not drawn.
const MOST: u64 = 4096;

/// The slots of a step and its length; none for schedules that are not followed slot by slot, and for very long steps.
///
/// 1F1B by Narayanan 2021 (arXiv 2104.04473), figure 4; GPipe by Huang 2019 (arXiv 1811.06965), figure 2.
pub fn slots(schedule: Schedule, stages: u64, batches: u64) -> Option<(Vec<Slot>, f64)> {
    if stages < 2 || batches == 0 || stages.saturating_mul(batches) > MOST {
        return None;
    }
    let (stages, batches) = (stages as usize, batches as usize);
    let order: Vec<Vec<(bool, usize)>> = (0..stages)
        .map(|stage| match schedule {
            Schedule::Gpipe => Some(order(batches, batches)),
            Schedule::OneForwardOneBackward => Some(order(batches, (stages - stage).min(batches))),
            Schedule::Interleaved | Schedule::ZeroBubble | Schedule::Dualpipe => None,
        })
        .collect::<Option<_>>()?;
    let mut done: Vec<[Vec<Option<f64>>; 2]> = vec![[vec![None; batches], vec![None; batches]]; stages];
    let mut next = vec![0; stages];
    let mut free = vec![0.0_f64; stages];
    let mut all = Vec::with_capacity(stages * batches * 2);
    let ended = |done: &[[Vec<Option<f64>>; 2]], stage: usize, backward: bool, batch: usize| -> Option<f64> {
        *done.get(stage)?.get(usize::from(backward))?.get(batch)?
    };
    loop {
        let before = all.len();
        for stage in 0..stages {
            let Some(&(backward, batch)) = order.get(stage).and_then(|list| list.get(*next.get(stage)?)) else {
                continue;
            };
            let ready = match backward {
                false if stage == 0 => Some(0.0),
                false => ended(&done, stage - 1, false, batch),
                true if stage + 1 == stages => ended(&done, stage, false, batch),
                true => ended(&done, stage + 1, true, batch),
            };
            let (Some(ready), Some(at), Some(turn)) = (ready, free.get_mut(stage), next.get_mut(stage)) else {
                continue;
            };
            let start = at.max(ready);
            let end = start + if backward { BACKWARD } else { 1.0 };
            *at = end;
            *turn += 1;
            if let Some(slot) = done
                .get_mut(stage)
                .and_then(|both| both.get_mut(usize::from(backward)))
                .and_then(|list| list.get_mut(batch))
            {
                *slot = Some(end);
            }
            all.push(Slot {
                stage,
                batch,
                backward,
                start,
                end,
            });
        }
        if all.len() == before {
            break;
        }
    }
    let length = free.into_iter().fold(0.0, f64::max);
    Some((all, length))
}

/// What a stage does, one after the other: so many forward passes first, then one backward and one forward in turn.
fn order(batches: usize, ahead: usize) -> Vec<(bool, usize)> {
    let mut list: Vec<(bool, usize)> = (0..ahead).map(|batch| (false, batch)).collect();
    for batch in 0..batches {
        list.push((true, batch));
        if batch + ahead < batches {
            list.push((false, batch + ahead));
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both stand still (p − 1) forward and backward passes of m + p − 1, as the formula of the bubble says.
    #[test]
    fn the_drawn_bubble_is_the_formulas() {
        for schedule in [Schedule::OneForwardOneBackward, Schedule::Gpipe] {
            for (stages, batches) in [(2_u64, 2_u64), (4, 8), (4, 16), (8, 3)] {
                let (all, length) = slots(schedule, stages, batches).unwrap();
                assert_eq!(all.len() as u64, 2 * stages * batches);
                assert_eq!(
                    length,
                    3.0 * (batches + stages - 1) as f64,
                    "{schedule:?} {stages} {batches}"
                );
            }
        }
        assert_eq!(slots(Schedule::Dualpipe, 4, 8), None);
        assert_eq!(slots(Schedule::Gpipe, 1, 8), None);
    }

    /// 1F1B never has more micro-batches in flight than stages behind it; GPipe has all.
    #[test]
    fn in_flight() {
        let most = |schedule| {
            let (all, _) = slots(schedule, 4, 16).unwrap();
            let first: Vec<_> = all.iter().filter(|slot| slot.stage == 0).collect();
            let mut flying = 0_i32;
            let mut most = 0;
            for slot in first {
                flying += if slot.backward { -1 } else { 1 };
                most = most.max(flying);
            }
            most
        };
        assert_eq!(most(Schedule::OneForwardOneBackward), 4);
        assert_eq!(most(Schedule::Gpipe), 16);
    }
}
