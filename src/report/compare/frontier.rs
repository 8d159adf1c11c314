//! The Pareto frontier: answers that no other beats in both of two things.

use super::Column;
use super::measures::Better;
use crate::analysis::cost;

/// The two things a plane has as its axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum Plane {
    /// Bytes of memory against tokens a second.
    MemorySpeed,
    /// Dollars for a million tokens against seconds to the first token.
    CostLatency,
}

impl Plane {
    /// What an answer on the frontier is that none of the others is: better in both.
    pub const fn both(self) -> &'static str {
        match self {
            Self::MemorySpeed => "smaller and faster",
            Self::CostLatency => "cheaper and sooner",
        }
    }
    /// Which way is better, along the first axis and along the second.
    pub const fn better(self) -> (Better, Better) {
        match self {
            Self::MemorySpeed => (Better::Less, Better::More),
            Self::CostLatency => (Better::Less, Better::Less),
        }
    }
}

/// An answer in a plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Which column.
    pub column: usize,
    /// Along the first axis.
    pub x: f64,
    /// Along the second.
    pub y: f64,
    /// The interval along the second.
    pub between: Option<(f64, f64)>,
}

/// The answers that run and have both figures.
pub fn points(columns: &[Column<'_>], plane: Plane) -> Vec<Point> {
    let of = |(column, one): (usize, &Column<'_>)| {
        let analysis = one.analysis;
        let speed = analysis.speed.as_ref()?;
        let (x, y, between) = match plane {
            Plane::MemorySpeed => (
                analysis.held().total_bytes as f64,
                speed.tokens_per_second,
                speed.tokens_per_second_between,
            ),
            Plane::CostLatency => {
                let first = speed.prefill.as_ref()?;
                let each = cost(&analysis.setup, Some(speed))?.usd_per_million_tokens?;
                (each, first.seconds, Some((first.low, first.high)))
            }
        };
        (one.runs() && x.is_finite() && y.is_finite()).then_some(Point { column, x, y, between })
    };
    columns.iter().enumerate().filter_map(of).collect()
}

/// Places of the points that no other beats: at least as good in both and better in one. In the order of the first axis.
pub fn frontier(points: &[(f64, f64)], (first, second): (Better, Better)) -> Vec<usize> {
    let beats = |one: &(f64, f64), other: &(f64, f64)| {
        let (x, y) = (first.compare(one.0, other.0), second.compare(one.1, other.1));
        x.is_ge() && y.is_ge() && (x.is_gt() || y.is_gt())
    };
    let mut all: Vec<usize> = points
        .iter()
        .enumerate()
        .filter(|(_, point)| !points.iter().any(|other| beats(other, point)))
        .map(|(at, _)| at)
        .collect();
    let key = |at: &usize| points.get(*at).copied().unwrap_or_default();
    all.sort_by(|one, other| {
        key(one)
            .0
            .total_cmp(&key(other).0)
            .then(key(one).1.total_cmp(&key(other).1))
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WAYS: (Better, Better) = (Better::Less, Better::More);

    #[test]
    fn what_is_smaller_and_faster_beats() {
        // Llama in BF16 and Q4_K_M, gpt-oss, Qwen3 in four formats: GiB and tokens/s.
        let all = [(17.4, 53.0), (6.39, 104.0), (14.5, 175.0), (18.9, 97.5), (59.0, 5.36)];
        assert_eq!(frontier(&all, WAYS), [1, 2]);
        // Twice the same: neither beats the other.
        assert_eq!(frontier(&[(1.0, 1.0), (1.0, 1.0)], WAYS), [0, 1]);
        assert_eq!(frontier(&[], WAYS), Vec::<usize>::new());
        // Both small is good: the second axis turned.
        assert_eq!(
            frontier(&[(1.0, 2.0), (2.0, 1.0), (2.0, 2.0)], (Better::Less, Better::Less)),
            [0, 1]
        );
    }

    proptest! {
        /// Every point is on the frontier or beaten by one that is; none on it is beaten.
        #[test]
        fn the_frontier_beats_all_else(all in prop::collection::vec((0u8..20, 0u8..20), 0..12)) {
            let points: Vec<(f64, f64)> = all.iter().map(|(x, y)| (f64::from(*x), f64::from(*y))).collect();
            let front = frontier(&points, WAYS);
            let beats = |one: (f64, f64), other: (f64, f64)| one.0 <= other.0 && one.1 >= other.1 && one != other;
            for (at, point) in points.iter().enumerate() {
                let beaten = front.iter().any(|by| beats(points[*by], *point));
                prop_assert_eq!(front.contains(&at), !beaten);
            }
            prop_assert!(front.windows(2).all(|two| points[two[0]].0 <= points[two[1]].0));
        }
    }
}
