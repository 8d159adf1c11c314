//! How the blocks of a layer stand to the residual stream.

use crate::model::operator::{Block, Kind, Norm, Role, Step};

/// One way from the residual stream and back: what is added to it once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branch {
    /// Blocks by index, those one after the other in one row: a norm, a mixer, a norm. Two rows are side by side: both read
    /// the stream as it was, and both are added.
    pub rows: Vec<Vec<usize>>,
    /// A norm of the sum, on the stream itself (post-norm, as BERT has it).
    pub after_sum: Option<usize>,
}

/// Norms, and what mixes streams around a mixer (hyper-connections, attention over depth).
fn is_norm(block: &Block) -> bool {
    let alone = || matches!(block.operators.as_slice(), [one] if matches!(one.kind, Kind::Elementwise { step: Step::Norm(_), .. }));
    block.role == Role::Norm || block.role == Role::Tower && alone()
}

/// Norms with mean, variance and a bias come after the sum where a layer begins with its mixer (Vaswani 2017); those of root
/// mean squares before it (OLMo 2).
fn sums_first(block: &Block) -> bool {
    block.operators.iter().any(|operator| {
        matches!(
            operator.kind,
            Kind::Elementwise {
                step: Step::Norm(Norm::Layer),
                ..
            }
        )
    })
}

/// The branches of a layer, in order. `shares_residual` is whether the mixers of the layer read the same stream though each
/// has a norm of its own (GPT-NeoX, Falcon).
///
/// Every block is in exactly one place.
pub fn branches(blocks: &[Block], shares_residual: bool) -> Vec<Branch> {
    let norm = |at: usize| blocks.get(at).is_some_and(is_norm);
    let mixers: Vec<usize> = (0..blocks.len()).filter(|at| !norm(*at)).collect();
    let Some((&first, &last)) = mixers.first().zip(mixers.last()) else {
        let row: Vec<usize> = (0..blocks.len()).collect();
        return if row.is_empty() {
            Vec::new()
        } else {
            vec![Branch {
                rows: vec![row],
                after_sum: None,
            }]
        };
    };
    // Begins with a mixer and ends with a norm: norms come after.
    let post = first == 0 && last + 1 < blocks.len();
    let mut all: Vec<Branch> = Vec::new();
    let mut waiting: Vec<usize> = (0..first).collect();
    for (nth, &mixer) in mixers.iter().enumerate() {
        let until = mixers.get(nth + 1).copied().unwrap_or(blocks.len());
        let between: Vec<usize> = (mixer + 1..until).collect();
        // Of the norms between two mixers the last is the next one's own, unless all come after; what mixes streams begins the
        // next one's part.
        let mixes = |at: &usize| blocks.get(*at).is_some_and(|block| block.operators.len() > 1);
        let own = if post || until == blocks.len() {
            between.len()
        } else {
            let last = between.len().saturating_sub(1);
            between.iter().position(mixes).map_or(last, |at| at.min(last))
        };
        let (after, before) = between.split_at(own);
        let mut row = std::mem::take(&mut waiting);
        let alone = row.is_empty() && !post && nth > 0;
        row.push(mixer);
        let mut after_sum = None;
        for &norm in after {
            if post && after_sum.is_none() && blocks.get(norm).is_some_and(sums_first) {
                after_sum = Some(norm);
            } else {
                row.push(norm);
            }
        }
        waiting = before.to_vec();
        match all.last_mut() {
            // Without a norm of its own it reads what the one before it reads: side by side.
            Some(one) if (alone || shares_residual) && nth > 0 && one.after_sum.is_none() => one.rows.push(row),
            _ => all.push(Branch {
                rows: vec![row],
                after_sum,
            }),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Blueprint, catalogue};

    fn rows(model: &str) -> Vec<Vec<Vec<usize>>> {
        let config = catalogue::find(model).unwrap().config.clone();
        let blueprint = Blueprint::from_value(config).unwrap();
        branches(&blueprint.kinds[0].blocks, blueprint.autograd.shared_residual)
            .into_iter()
            .map(|branch| branch.rows)
            .collect()
    }

    /// Sources: the classes' `forward` in transformers 5.
    #[test]
    fn layers_of_known_shapes() {
        // Before each mixer.
        assert_eq!(
            rows("meta-llama/Llama-3.1-8B-Instruct"),
            [vec![vec![0, 1]], vec![vec![2, 3]]]
        );
        // Before and after each mixer.
        assert_eq!(
            rows("google/gemma-3-27b-it"),
            [vec![vec![0, 1, 2]], vec![vec![3, 4, 5]]]
        );
    }

    #[test]
    fn every_block_of_every_model_has_one_place() {
        for entry in catalogue::entries() {
            let Ok(blueprint) = Blueprint::from_value(entry.config.clone()) else {
                continue;
            };
            for kind in &blueprint.kinds {
                let mut seen: Vec<usize> = Vec::new();
                for branch in branches(&kind.blocks, blueprint.autograd.shared_residual) {
                    seen.extend(branch.rows.into_iter().flatten());
                    seen.extend(branch.after_sum);
                }
                seen.sort_unstable();
                assert_eq!(seen, (0..kind.blocks.len()).collect::<Vec<_>>(), "{}", entry.id);
            }
        }
    }
}
