//! What requests keep: keys and values of their tokens, states of recurrences.

use super::forward_pass::entries;
use super::memory::{KEPT_PROMPTS, MemoryPart};
use super::setup::Setup;
use crate::hardware::Windows;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Block, Cache, CacheRole, CacheWidth, Span, State};
use crate::units::{Exact, Number, Quantity, Unit};

/// Elements a token and layer, in the form that is kept.
pub(super) fn width<'a>(setup: &Setup, width: &'a CacheWidth) -> &'a Quantity {
    match width {
        CacheWidth::Plain(width) => width,
        CacheWidth::Latent { latent, .. } if setup.keeps_latent() => latent,
        CacheWidth::Latent { expanded, .. } => expanded,
        CacheWidth::Copied { copies, .. } if setup.engine.stores_copies() => copies,
        CacheWidth::Copied { once, .. } => once,
    }
}

/// A page that holds either a block of tokens of one layer or the state of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatePage {
    tokens: u64,
    bytes: u64,
}

impl StatePage {
    /// Where the engine pages states: the fewest whole blocks of the layer with the smallest tokens that hold the largest
    /// state. None where there are not both.
    pub(super) fn of(setup: &Setup) -> Option<Self> {
        if !setup.engine.pages_states() {
            return None;
        }
        let kinds = || setup.blueprint.kinds.iter();
        let states = kinds().map(|kind| {
            let states = kind.blocks.iter().flat_map(|block| &block.states);
            let bytes = states.map(|state| state_bytes::<Exact>(setup, state).1.0);
            bytes.fold(0, u64::saturating_add)
        });
        let state = states.max().filter(|bytes| *bytes > 0)?;
        let tokens = kinds().map(|kind| {
            let caches = kind
                .blocks
                .iter()
                .flat_map(|block| block.caches.iter().map(move |cache| (block, cache)));
            let full = caches.filter(|(_, cache)| matches!(cache.span, Span::Full));
            let bytes = full.map(|(block, cache)| {
                let width = Exact(width(setup, &cache.width).value);
                setup.cache_bytes(width, Stored::of(setup, block, cache)).0
            });
            bytes.fold(0, u64::saturating_add)
        });
        let token = tokens.filter(|bytes| *bytes > 0).min()?;
        let block = setup.engine.block();
        let blocks = state.div_ceil(token.saturating_mul(block));
        let tokens = blocks.saturating_mul(block);
        Some(Self {
            tokens,
            bytes: tokens.saturating_mul(token),
        })
    }
}

/// Tokens of a block of the engine's paged cache: its own, or as many as a state takes the room of.
fn block_tokens(setup: &Setup) -> u64 {
    setup
        .state_page
        .map_or_else(|| setup.engine.block(), |page| page.tokens)
}

/// The same with where it comes from.
fn block_size(tokens: u64) -> Quantity {
    Quantity::assumed("block", tokens, "tokens in a block of the engine's paged cache")
}

/// So many tokens in whole blocks.
fn in_blocks<N: Number>(block: &Quantity, tokens: N) -> N {
    tokens.over_ceiling(N::input(block)).times(N::input(block))
}

/// Tokens a full layer keeps: a paged cache hands out whole blocks.
fn kept_tokens<N: Number>(setup: &Setup, block: &Quantity) -> N {
    let tokens = setup.tokens();
    if tokens.value.is_multiple_of(block.value) {
        return N::input(&tokens);
    }
    in_blocks(block, N::input(&tokens))
}

/// The whole cache: for each kind of layer, sequences × tokens kept × elements × bytes.
pub(super) fn kv_cache<N: Number>(setup: &Setup) -> N {
    let places = setup.blueprint.blocks();
    let parts = places.flat_map(|place| kv_of_block::<N>(setup, place));
    N::sum(parts.collect::<Vec<_>>())
        .named(MemoryPart::KvCache.label(), MemoryPart::KvCache.about())
        .without(KEPT_PROMPTS)
}

/// What one block of all its layers keeps for every sequence.
pub(super) fn kv_of_block<N: Number>(setup: &Setup, place: Repeated<'_>) -> Vec<N> {
    if place.block.caches.is_empty() || setup.media.leaves_idle(place.block) {
        return Vec::new();
    }
    if let Some(pages) = setup
        .packed_pages
        .as_ref()
        .filter(|_| place.block.shared_rotary.is_some())
    {
        return pages.of_block(setup, place);
    }
    let block = block_size(block_tokens(setup));
    let tokens = kept_tokens::<N>(setup, &block);
    // What is stored alike and reaches equally far is one part.
    let mut parts: Vec<(&Span, Stored, N)> = Vec::new();
    for cache in &place.block.caches {
        let width = N::input(width(setup, &cache.width));
        let stored = Stored::of(setup, place.block, cache);
        match parts
            .iter_mut()
            .find(|(span, known, _)| *span == &cache.span && *known == stored)
        {
            Some((.., sum)) => *sum = sum.clone().plus(width),
            None => parts.push((&cache.span, stored, width)),
        }
    }
    let of_part = |(span, stored, widths): (&Span, Stored, N)| {
        let all = kept_in_all(setup, &block, span, tokens.clone());
        let bytes = setup.cache_bytes(all.times(widths), stored);
        place
            .times(bytes)
            .named(kind_of(setup, place), "Keys and values of the layers of this kind.")
    };
    parts.into_iter().map(of_part).collect()
}

/// Tokens that a layer of this span keeps of all sequences; a full one keeps `tokens` of each.
fn kept_in_all<N: Number>(setup: &Setup, block: &Quantity, span: &Span, tokens: N) -> N {
    let batch = || N::input(&setup.batch());
    let each = match span {
        Span::Full
        | Span::Both
        | Span::Around(_)
        | Span::Chunks { .. }
        | Span::Beside { .. }
        | Span::Near(_)
        | Span::Distances
        | Span::Blocks { .. }
        | Span::Squares { .. }
        | Span::Part(_)
        | Span::Chosen(_) => tokens,
        // Kept once for each sequence, however much is written.
        Span::Cross => N::input(&setup.encoder_tokens()),
        Span::Every { ratio, .. } => entries(tokens, ratio),
        Span::Window(_) if setup.keeps_whole_windows() => tokens,
        Span::Window(window) | Span::Chunk(window) => match (setup.engine.windows(), span) {
            (Windows::MicroBatch, Span::Window(_)) => tokens.least(padded_window(setup, block, window)),
            (Windows::Budget, _) => return scheduled_window(setup, block, window),
            _ => tokens.least(N::input(window)),
        },
    };
    batch().times(each)
}

/// Cells of a layer with a window: the window and one micro-batch, in whole blocks.
fn padded_window<N: Number>(setup: &Setup, block: &Quantity, window: &Quantity) -> N {
    let chunk = setup.chunk().unwrap_or(0);
    let chunk = Quantity::assumed("micro-batch", chunk, "tokens the engine runs at once");
    in_blocks(block, N::input(window).plus(N::input(&chunk)))
}

/// Tokens of all sequences in a layer with a window under a scheduler that shares the tokens of a step among them.
///
/// A sequence alone keeps `min(window − 1 + step, tokens)` in whole blocks and one block more. Of several each keeps its
/// window, and the step's tokens are divided among them.
pub(super) fn scheduled_window<N: Number>(setup: &Setup, block: &Quantity, window: &Quantity) -> N {
    let tokens = || N::input(&setup.tokens());
    let step = setup.chunk().unwrap_or(0);
    let step = || {
        N::input(&Quantity::assumed(
            "step",
            step,
            "tokens the engine runs at once (max_num_batched_tokens)",
        ))
    };
    let before = || N::input(window).minus(N::constant(1.0));
    let blocks = |kept: N| in_blocks(block, kept.least(tokens())).plus(N::input(block));
    let alone = || blocks(before().plus(step()));
    let running = blocks(before());
    let batch = || N::input(&setup.batch());
    let shared = alone().minus(running.clone());
    // Ranks with sequences of their own have a step each.
    let shared = if setup.layout.attention_dp {
        let steps = Quantity::choice("steps at once", setup.layout.tensor, "Devices");
        N::input(&steps).times(shared)
    } else {
        shared
    };
    let room = batch().times(running).plus(shared);
    // A step's tokens are no more than those of the sequences.
    room.least(batch().times(alone()))
}

/// The title of the kind of layer a block is in.
fn kind_of<'a>(setup: &'a Setup, place: Repeated<'a>) -> &'a str {
    let kind = place.kind.and_then(|at| setup.blueprint.kinds.get(at));
    kind.map_or(place.block.title, |kind| kind.title.as_str())
}

/// Whether a cache holds values; a latent serves as both and counts as keys.
fn holds_values(setup: &Setup, cache: &Cache) -> bool {
    let latent = matches!(cache.width, CacheWidth::Latent { .. }) && setup.keeps_latent();
    !latent && cache.role == CacheRole::Values
}

/// How a cache is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In the cache's format; keys, or values where they have the same.
    Keys,
    /// In the format of values.
    Values,
    /// As the latent of a sparse record.
    SparseLatent,
    /// As the rotary key of a sparse record.
    SparseRotary,
    /// As keys of an indexer.
    Index,
    /// As a record of so many bytes for so many elements.
    Record {
        /// Elements.
        elements: u64,
        /// Bytes.
        bytes: u64,
    },
}

impl Stored {
    pub(super) fn of(setup: &Setup, block: &Block, cache: &Cache) -> Self {
        if block.shared_rotary.is_some() {
            return match Self::record(setup, block, width(setup, &cache.width).value) {
                Some(_) if cache.role == CacheRole::Index => Self::Index,
                Some(record) => record,
                None => Self::Keys,
            };
        }
        let latent = matches!(cache.width, CacheWidth::Latent { .. });
        match cache.role {
            CacheRole::Index => Self::Index,
            CacheRole::Keys if latent && is_sparse(block) => Self::SparseLatent,
            CacheRole::Values if latent && is_sparse(block) => Self::SparseRotary,
            CacheRole::Values if !setup.one_kv_format() && holds_values(setup, cache) => Self::Values,
            CacheRole::Keys | CacheRole::Values => Self::Keys,
        }
    }
}

impl Stored {
    /// As the engine keeps a vector of so many elements that is key and value in one; none where it has no records for it.
    pub fn record(setup: &Setup, block: &Block, elements: u64) -> Option<Self> {
        let rotary = block.shared_rotary.as_ref()?.value;
        let rest = elements.saturating_sub(rotary);
        let bytes = rest
            .saturating_add(rotary.saturating_mul(2))
            .saturating_add(rest / 64)
            .saturating_add(1);
        setup
            .engine
            .has_shared_records()
            .then_some(Self::Record { elements, bytes })
    }
}

/// Whether a block attends to what an indexer chose.
fn is_sparse(block: &Block) -> bool {
    block
        .attentions()
        .any(|attention| matches!(attention.span, Span::Chosen(_)))
}

/// Bytes each further token of one sequence adds: layers without a window only.
pub(super) fn kv_growth<N: Number>(setup: &Setup) -> N {
    let mut parts = Vec::new();
    for place in setup.blueprint.blocks() {
        let mut whole: Vec<(Stored, N)> = Vec::new();
        for cache in &place.block.caches {
            let width = N::input(width(setup, &cache.width));
            let stored = Stored::of(setup, place.block, cache);
            match &cache.span {
                Span::Window(_) | Span::Chunk(_) if !setup.keeps_whole_windows() => {}
                Span::Chunk(_) | Span::Cross => {}
                span if span.sees_ahead() => {}
                Span::Every { ratio, .. } => {
                    // Divided last: one layer's share may be less than a byte.
                    let all = place.times(setup.cache_bytes(width, stored));
                    parts.push(all.over(N::input(ratio)).named(
                        kind_of(setup, place),
                        "A token's share of the compressed entries in the layers of this kind.",
                    ));
                }
                _ => match whole.iter_mut().find(|(known, _)| *known == stored) {
                    Some((_, sum)) => *sum = sum.clone().plus(width),
                    None => whole.push((stored, width)),
                },
            }
        }
        for (stored, widths) in whole {
            let each = setup.cache_bytes(widths, stored);
            parts.push(place.times(each).named(
                kind_of(setup, place),
                "Keys and values of one token in the layers of this kind.",
            ));
        }
    }
    N::sum(parts).named(
        "growth per token",
        "What each further token of a sequence adds; windows have stopped growing by then.",
    )
}

/// States of one sequence: convolutions in the model's format, recurrences in FP32.
pub(super) fn states_of_a_sequence<N: Number>(setup: &Setup) -> N {
    let places = setup.blueprint.blocks();
    let parts = places.flat_map(|place| states_of_block::<N>(setup, place));
    N::sum(parts.collect::<Vec<_>>())
        .named("state per sequence", "What one sequence keeps however long it is.")
        .in_unit(Unit::Bytes)
}

/// What one block of all its layers keeps for a sequence, however long it is.
pub(super) fn states_of_block<N: Number>(setup: &Setup, place: Repeated<'_>) -> Vec<N> {
    // What compressors have not finished lies in the cache there.
    let in_cache = setup.engine.has_shared_records() && !place.block.compressors.is_empty();
    if place.block.states.is_empty() || in_cache {
        return Vec::new();
    }
    if let Some(page) = setup.state_page {
        let page = Quantity::assumed("page", page.bytes, "a state takes a page of the size of attention's");
        return vec![place.times(N::input(&page)).named("state", "")];
    }
    let of_state = |state: &State| {
        let (name, bytes) = state_bytes::<N>(setup, state);
        place.times(bytes).named(name, "")
    };
    place.block.states.iter().map(of_state).collect()
}

/// Bytes of one state in one layer, and what it is: convolutions in the model's format, recurrences in FP32.
fn state_bytes<N: Number>(setup: &Setup, state: &State) -> (&'static str, N) {
    let model = || N::input(setup.activation_bytes());
    let four = || {
        N::input(&Quantity::assumed(
            "state_bytes",
            4,
            "recurrent states are kept in FP32",
        ))
    };
    match state {
        State::Conv { channels, kernel } => {
            // vLLM, SGLang and llama.cpp keep one column less than transformers: the current token is not stored.
            let columns = if setup.engine.keeps_whole_convolution() {
                N::input(kernel)
            } else {
                N::input(kernel).minus(N::constant(1.0))
            };
            ("convolution", N::input(channels).times(columns).times(model()))
        }
        State::Recurrent { elements } => ("recurrent state", N::input(elements).times(four())),
        State::Plain { elements } => ("state", N::input(elements).times(model())),
    }
}
