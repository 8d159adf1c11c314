//! The cache of DeepSeek V4 in vLLM: layers with pages of several sizes share one pool of blocks.

use std::collections::BTreeMap;

use super::cache::{Stored, scheduled_window, width};
use super::setup::Setup;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Block, Span};
use crate::units::{Exact, Number, Quantity};

/// Tokens of a block of compressed entries; kernels have no other.
const ENTRIES: u64 = 256;
/// Tokens of a block of a window.
const WINDOW: u64 = 64;
/// Pages are whole multiples of this.
const ALIGNMENT: u64 = 576;
/// No model has so many layers of one kind that more is worth a search.
const MOST_TUPLES: u64 = 10_000;

/// Layers that need the same blocks: those with compressed entries, or those with one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// Entries of all tokens.
    Entries,
    /// A window.
    Window {
        /// Tokens of a block.
        block: u64,
        /// Tokens of the window.
        window: u64,
    },
}

/// How the pool is cut: a block has room for so many layers of every page size, whichever group takes it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PackedPages {
    /// Layers by page size, of each group.
    groups: BTreeMap<Group, BTreeMap<u64, u64>>,
    /// Layers of each page size that a block has room for.
    tuples: u64,
    /// The page sizes added up.
    tuple_bytes: u64,
}

impl PackedPages {
    /// The pool of a model; none where the engine has no records for its layers, or nothing is compressed.
    ///
    /// Source: vLLM 0.20 `kv_cache_utils.py` (`group_and_unify_kv_cache_specs`, `_get_kv_cache_groups_uniform_groups`,
    /// `_approximate_gcd`): pages of windows are padded to those of entries, and groups to layers that divide all with the
    /// least padding. A log asks for 6.66 GiB for 30,000 tokens of DeepSeek-V4-Flash and 16,384 in a step; this says the same.
    pub(super) fn of(setup: &Setup) -> Option<Self> {
        if !setup.engine.has_shared_records() {
            return None;
        }
        let mut groups: BTreeMap<Group, BTreeMap<u64, u64>> = BTreeMap::new();
        for place in setup.blueprint.blocks() {
            for (group, page) in pages(setup, place.block) {
                let layers = groups.entry(group).or_default().entry(page).or_default();
                *layers = layers.saturating_add(place.repeats());
            }
        }
        let entries: Vec<u64> = groups.get(&Group::Entries)?.keys().copied().collect();
        for (group, pages) in &mut groups {
            if *group != Group::Entries {
                let mut padded = BTreeMap::new();
                for (page, layers) in std::mem::take(pages) {
                    let size = entries.iter().copied().find(|size| *size >= page).unwrap_or(page);
                    let all: &mut u64 = padded.entry(size).or_default();
                    *all = all.saturating_add(layers);
                }
                *pages = padded;
            }
        }
        let depth = |pages: &BTreeMap<u64, u64>| pages.values().copied().max().unwrap_or(0);
        let depths: Vec<u64> = groups.values().map(depth).collect();
        Some(Self {
            tuples: least_padding(&depths, groups.get(&Group::Entries).map_or(1, depth)),
            tuple_bytes: entries.iter().fold(0, |sum, page| sum.saturating_add(*page)),
            groups,
        })
    }
    /// What one block of all its layers keeps for every sequence; nothing where it has no pages here.
    pub(super) fn of_block<N: Number>(&self, setup: &Setup, place: Repeated<'_>) -> Vec<N> {
        let part = |(group, page): (Group, u64)| {
            let (blocks, title) = match group {
                Group::Entries => {
                    let size = block_size(ENTRIES);
                    let each = N::input(&setup.tokens()).over_ceiling(N::input(&size));
                    (N::input(&setup.batch()).times(each), "compressed entries")
                }
                Group::Window { block, window } => {
                    let size = block_size(block);
                    let window = Quantity::assumed("window", window, "tokens that are kept whole");
                    let tokens = scheduled_window::<N>(setup, &size, &window);
                    let title = if block == WINDOW { "window" } else { "compressor states" };
                    (tokens.over_ceiling(N::input(&size)), title)
                }
            };
            let bytes = self.bytes(group, page);
            let page = Quantity::assumed(
                "page",
                bytes,
                "a layer's share of a block, what it is padded with included",
            );
            place
                .times(blocks.times(N::input(&page)))
                .named(title, "Blocks, and a layer's share of each.")
        };
        pages(setup, place.block).into_iter().map(part).collect()
    }
    /// Bytes of a block that a layer with this page answers for: all layers of its group together take whole blocks.
    fn bytes(&self, group: Group, page: u64) -> u64 {
        let Some(pages) = self.groups.get(&group) else { return 0 };
        let page = pages.range(page..).next().map_or(page, |(size, _)| *size);
        let depth = pages.values().copied().max().unwrap_or(0);
        let blocks = u128::from(depth.div_ceil(self.tuples.max(1)));
        let taken = blocks * u128::from(self.tuples) * u128::from(self.tuple_bytes);
        let used = pages
            .iter()
            .map(|(page, layers)| u128::from(*page) * u128::from(*layers))
            .sum::<u128>()
            .max(1);
        let share = taken.saturating_mul(u128::from(page)).saturating_add(used / 2) / used;
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

/// Layers that a block has room for so that all groups together are padded least; the larger of two that are alike.
fn least_padding(depths: &[u64], least: u64) -> u64 {
    let least = least.max(1);
    let most = depths
        .iter()
        .copied()
        .max()
        .unwrap_or(least)
        .min(least.saturating_add(MOST_TUPLES));
    let padding = |tuples: u64| {
        let each = depths
            .iter()
            .map(|depth| depth.next_multiple_of(tuples).saturating_sub(*depth));
        each.fold(0, u64::saturating_add)
    };
    (least..=most)
        .rev()
        .min_by_key(|tuples| padding(*tuples))
        .unwrap_or(least)
}

/// The pages a layer with this block has: what needs the same blocks, and bytes.
fn pages(setup: &Setup, block: &Block) -> Vec<(Group, u64)> {
    if block.shared_rotary.is_none() {
        return Vec::new();
    }
    let aligned = |bytes: u64| bytes.checked_next_multiple_of(ALIGNMENT).unwrap_or(u64::MAX);
    let caches = block.caches.iter().filter_map(|cache| {
        let bytes = setup
            .cache_bytes(Exact(width(setup, &cache.width).value), Stored::of(setup, block, cache))
            .0;
        match &cache.span {
            Span::Every { ratio, .. } => {
                let entries = (ENTRIES / ratio.value.max(1)).max(1);
                Some((Group::Entries, aligned(entries.saturating_mul(bytes))))
            }
            Span::Window(window) => {
                let group = Group::Window {
                    block: WINDOW,
                    window: window.value,
                };
                Some((group, aligned(WINDOW.saturating_mul(bytes))))
            }
            _ => None,
        }
    });
    // Values and gates of each group in FP32 (`deepseek_compressor.py`), in blocks of 4 tokens where two overlap, else of 8.
    let states = block.compressors.iter().map(|compressor| {
        let tokens = if compressor.series > 1 { 4 } else { 8 };
        let group = Group::Window {
            block: tokens,
            window: compressor.series.saturating_mul(compressor.ratio.value),
        };
        let each = compressor
            .width
            .value
            .saturating_mul(2 * 4)
            .saturating_mul(compressor.series);
        (group, aligned(tokens.saturating_mul(each)))
    });
    caches.chain(states).collect()
}

fn block_size(tokens: u64) -> Quantity {
    Quantity::assumed("block", tokens, "tokens in a block of the engine's paged cache")
}

#[cfg(test)]
mod tests {
    use super::least_padding;

    #[test]
    fn groups_are_padded_least() {
        // DeepSeek-V4-Flash: entries 21, windows 43, states 21 and 20: 22 twice pads by 5 layers, 21 three times by 21.
        assert_eq!(least_padding(&[21, 43, 21, 20], 21), 22);
        assert_eq!(least_padding(&[3, 3], 3), 3);
        assert_eq!(least_padding(&[5, 0], 5), 5);
    }
}
