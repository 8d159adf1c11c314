//! Where in its row each box stands: near to what it is joined to, wires that pass straight down.

use super::rows::{Rows, Slot, joins};
use crate::model::flow::BlockDrawing;

/// Middles of all slots: each as near to what it is joined to as its neighbours allow.
pub(super) fn centres(
    drawing: &BlockDrawing,
    rows: &Rows,
    (wide, gap): (f64, f64),
    width_of: &dyn Fn(&Slot) -> f64,
) -> Vec<Vec<f64>> {
    let spread = |row: &[Slot], wanted: &[f64]| -> Vec<f64> {
        // Places that keep their order and their distance, nearest to what is wanted: pooled neighbours.
        let mut offsets = Vec::with_capacity(row.len());
        let mut offset = 0.0;
        for (at, slot) in row.iter().enumerate() {
            if let Some(before) = at.checked_sub(1).and_then(|at| row.get(at)) {
                offset += (width_of(before) + width_of(slot)) / 2.0 + gap;
            }
            offsets.push(offset);
        }
        let mut pools: Vec<(f64, usize)> = Vec::new();
        for (want, offset) in wanted.iter().zip(&offsets) {
            pools.push((want - offset, 1));
            while let [.., (first, many), (second, more)] = pools.as_slice()
                && first > second
            {
                let joined = (
                    (first * *many as f64 + second * *more as f64) / (many + more) as f64,
                    many + more,
                );
                pools.truncate(pools.len() - 2);
                pools.push(joined);
            }
        }
        let starts = pools
            .iter()
            .flat_map(|(value, many)| std::iter::repeat_n(*value, *many));
        starts.zip(&offsets).map(|(start, offset)| start + offset).collect()
    };
    let middle = wide / 2.0;
    let mut all: Vec<Vec<f64>> = rows
        .rows
        .iter()
        .map(|row| spread(row, &vec![middle; row.len()]))
        .collect();
    for sweep in 0..8 {
        let down = sweep % 2 == 0;
        let count = rows.rows.len();
        for step in 0..count {
            let at = if down { step } else { count - 1 - step };
            let Some(row) = rows.rows.get(at) else { continue };
            let other = if down { at.checked_sub(1) } else { Some(at + 1) };
            let beside = other.and_then(|other| rows.rows.get(other).zip(all.get(other)));
            let wanted: Vec<f64> = row
                .iter()
                .enumerate()
                .map(|(index, slot)| {
                    let own = all.get(at).and_then(|row| row.get(index)).copied().unwrap_or(middle);
                    let Some((slots, places)) = beside else {
                        return if down || row.len() == 1 { middle } else { own };
                    };
                    let joined: Vec<f64> = slots
                        .iter()
                        .zip(places)
                        .filter(|(one, _)| {
                            if down {
                                joins(drawing, one, slot)
                            } else {
                                joins(drawing, slot, one)
                            }
                        })
                        .map(|(_, place)| *place)
                        .collect();
                    if joined.is_empty() {
                        own
                    } else {
                        joined.iter().sum::<f64>() / joined.len() as f64
                    }
                })
                .collect();
            let placed = spread(row, &wanted);
            if let Some(places) = all.get_mut(at) {
                *places = placed;
            }
        }
    }
    straighten(rows, &mut all, width_of);
    // All together in the middle.
    let (left, right) = edges(rows, &all, width_of);
    let shift = middle - f64::midpoint(left, right);
    for row in &mut all {
        for place in row {
            *place += shift;
        }
    }
    all
}

/// Wires that pass several rows run straight down where there is room.
fn straighten(rows: &Rows, centres: &mut [Vec<f64>], width_of: &dyn Fn(&Slot) -> f64) {
    let mut chains: Vec<(Slot, Vec<(usize, usize)>)> = Vec::new();
    for (row, slots) in rows.rows.iter().enumerate() {
        for (at, slot) in slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| matches!(slot, Slot::Pass { .. }))
        {
            match chains.iter_mut().find(|(known, _)| known == slot) {
                Some((_, places)) => places.push((row, at)),
                None => chains.push((*slot, vec![(row, at)])),
            }
        }
    }
    for (_, places) in chains.iter().filter(|(_, places)| places.len() > 1) {
        let x = |(row, at): &(usize, usize)| centres.get(*row).and_then(|row| row.get(*at)).copied().unwrap_or(0.0);
        let all: Vec<f64> = places.iter().map(x).collect();
        let most = all.iter().copied().fold(f64::MIN, f64::max);
        let least = all.iter().copied().fold(f64::MAX, f64::min);
        let fits = |wanted: f64| {
            places.iter().all(|(row, at)| {
                let Some((slots, xs)) = rows.rows.get(*row).zip(centres.get(*row)) else {
                    return false;
                };
                let clear = |beside: usize| match slots.get(beside).zip(xs.get(beside)) {
                    Some((slot, x)) if beside < *at => wanted - x >= width_of(slot) / 2.0 + 10.0,
                    Some((slot, x)) => x - wanted >= width_of(slot) / 2.0 + 10.0,
                    None => true,
                };
                at.checked_sub(1).is_none_or(clear) && clear(at + 1)
            })
        };
        let Some(wanted) = [most, least].into_iter().find(|wanted| fits(*wanted)) else {
            continue;
        };
        for (row, at) in places {
            if let Some(x) = centres.get_mut(*row).and_then(|row| row.get_mut(*at)) {
                *x = wanted;
            }
        }
    }
}

pub(super) fn edges(rows: &Rows, centres: &[Vec<f64>], width_of: &dyn Fn(&Slot) -> f64) -> (f64, f64) {
    let all = rows.rows.iter().zip(centres).flat_map(|(row, places)| {
        row.iter()
            .zip(places)
            .map(|(slot, place)| (place - width_of(slot) / 2.0, place + width_of(slot) / 2.0))
    });
    all.fold((f64::MAX, f64::MIN), |(left, right), (from, to)| {
        (left.min(from), right.max(to))
    })
}
