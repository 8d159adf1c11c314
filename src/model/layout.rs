//! The order of layers, run-length: `[5 × window, 1 × full] × 10`.

/// A group of consecutive layers that repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How often the whole group occurs in a row.
    pub repeat: u64,
    /// Kinds (by index) and how many of each in a row.
    pub runs: Vec<(usize, u64)>,
}

/// The whole order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Groups in order.
    pub groups: Vec<Group>,
}

/// No pattern in use is longer than this many runs.
const LONGEST: usize = 24;

impl Layout {
    /// Finds the repeats in a list of kinds, one entry a layer.
    pub fn new(kinds: &[usize]) -> Self {
        let mut runs: Vec<(usize, u64)> = Vec::new();
        for &kind in kinds {
            match runs.last_mut() {
                Some((last, count)) if *last == kind => *count += 1,
                _ => runs.push((kind, 1)),
            }
        }
        let mut groups = Vec::new();
        let mut rest = runs.as_slice();
        while !rest.is_empty() {
            let (length, repeat) = best(rest);
            let (group, _) = rest.split_at(length);
            groups.push(Group {
                repeat,
                runs: group.to_vec(),
            });
            rest = rest.get(length * repeat as usize..).unwrap_or_default();
        }
        Self { groups }
    }
    /// The kind of the layer with this index.
    pub fn kind_at(&self, layer: u64) -> Option<usize> {
        let mut left = layer;
        for group in &self.groups {
            let length: u64 = group.runs.iter().map(|run| run.1).sum();
            if left >= length.saturating_mul(group.repeat) {
                left -= length * group.repeat;
                continue;
            }
            left %= length.max(1);
            for &(kind, count) in &group.runs {
                if left < count {
                    return Some(kind);
                }
                left -= count;
            }
        }
        None
    }
    /// The kind of each layer, in order.
    pub fn order(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().flat_map(|group| {
            let runs = || {
                group
                    .runs
                    .iter()
                    .flat_map(|&(kind, count)| (0..count).map(move |_| kind))
            };
            (0..group.repeat).flat_map(move |_| runs())
        })
    }
    /// How many layers of each of so many kinds there are from one layer up to another.
    pub fn count_between(&self, from: u64, to: u64, kinds: usize) -> Vec<u64> {
        let mut counts = vec![0; kinds];
        for (sign, upto) in [(false, from), (true, to)] {
            for (kind, count) in self.count_before(upto) {
                if let Some(sum) = counts.get_mut(kind) {
                    let sum: &mut u64 = sum;
                    *sum = if sign {
                        sum.wrapping_add(count)
                    } else {
                        sum.wrapping_sub(count)
                    };
                }
            }
        }
        counts
    }
    /// Kinds and how many of them come before a layer; a kind may come more than once.
    fn count_before(&self, layer: u64) -> Vec<(usize, u64)> {
        let mut all = Vec::new();
        let mut left = layer;
        for group in &self.groups {
            let length: u64 = group.runs.iter().map(|run| run.1).sum();
            let whole = (left / length.max(1)).min(group.repeat);
            all.extend(group.runs.iter().map(|&(kind, count)| (kind, count * whole)));
            left -= whole * length;
            if whole < group.repeat {
                for &(kind, count) in &group.runs {
                    all.push((kind, count.min(left)));
                    left -= count.min(left);
                }
                break;
            }
        }
        all
    }
    /// How many layers there are in all.
    pub fn layers(&self) -> u64 {
        self.groups
            .iter()
            .map(|group| group.repeat * group.runs.iter().map(|run| run.1).sum::<u64>())
            .sum()
    }
}

/// The prefix whose repetition covers most: its length in runs and how often it occurs.
fn best(runs: &[(usize, u64)]) -> (usize, u64) {
    let mut found = (1, 1);
    for length in 1..=LONGEST.min(runs.len() / 2) {
        let mut chunks = runs.chunks_exact(length);
        let Some(first) = chunks.next() else { break };
        let repeat = 1 + chunks.take_while(|chunk| *chunk == first).count() as u64;
        // The shortest pattern wins where two cover the same.
        if repeat > 1 && length as u64 * repeat > found.0 as u64 * found.1 {
            found = (length, repeat);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_interleaved_windows() {
        let kinds: Vec<usize> = (0..62).map(|layer| usize::from((layer + 1) % 6 == 0)).collect();
        let layout = Layout::new(&kinds);
        assert_eq!(
            layout.groups,
            [
                Group {
                    repeat: 10,
                    runs: vec![(0, 5), (1, 1)]
                },
                Group {
                    repeat: 1,
                    runs: vec![(0, 2)]
                }
            ]
        );
        assert_eq!(layout.layers(), 62);
    }

    #[test]
    fn equal_layers_are_one_run() {
        assert_eq!(
            Layout::new(&[0; 1000]).groups,
            [Group {
                repeat: 1,
                runs: vec![(0, 1000)]
            }]
        );
    }

    #[test]
    fn counts_between_layers() {
        let kinds: Vec<usize> = (0..62).map(|layer| usize::from((layer + 1) % 6 == 0)).collect();
        let layout = Layout::new(&kinds);
        for (from, to) in [(0, 62), (0, 31), (31, 62), (5, 6), (7, 7)] {
            let of = |kind| kinds.iter().take(to).skip(from).filter(|one| **one == kind).count() as u64;
            assert_eq!(
                layout.count_between(from as u64, to as u64, 2),
                [of(0), of(1)],
                "{from} {to}"
            );
        }
    }

    #[test]
    fn dense_first_then_alternating() {
        let layout = Layout::new(&[2, 2, 0, 1, 0, 1, 0, 1]);
        assert_eq!(layout.groups.len(), 2);
        assert_eq!(layout.layers(), 8);
    }
}
