//! Activations: the peak of live tensors over a forward pass. What training keeps is the planner's.

use super::forward_pass::ForwardPass;
use super::memory::MemoryPart;
use super::setup::Setup;
use crate::hardware::Engine;
use crate::model::blueprint::Reading;
use crate::model::operator::{Block, Input, Live, Span};
use crate::model::{Component, TensorKind};
use crate::scenario::{AttentionKernel, Logits, Mode};
use crate::units::{Number, Quantity};

/// Bytes of activations at their peak.
pub fn activations<N: Number>(setup: &Setup) -> N {
    let mut bytes: N = match set_aside(setup) {
        Some(kept) => N::input(&kept).most(inference(setup)),
        None => inference(setup),
    };
    // Towers run before the prompt is read, never beside it.
    for tower in towers(setup) {
        bytes = bytes.most(tower);
    }
    bytes
        .named(MemoryPart::Activations.label(), MemoryPart::Activations.about())
        .without("Workspace of matrix libraries.")
}

/// What each tower has alive at its fullest, for as much of a batch's images or sound as runs at once.
fn towers<N: Number>(setup: &Setup) -> Vec<N> {
    let parts = setup.blueprint.blocks().flat_map(|place| {
        let seen = setup.media.of_block(place.block);
        seen.map(move |(seen, stage)| (place.block, seen, stage))
    });
    let mut fullest: Vec<(Component, N)> = Vec::new();
    for (block, seen, stage) in parts {
        let extent = stage.of(&seen.each);
        let rows = setup
            .engine
            .seen_at_once(setup.batch().value, seen.count, setup.chunk(), seen.each.tokens);
        let rows = Quantity::assumed("at once", rows, "images or clips that the engine reads at once");
        let each = extent.sequences.saturating_mul(extent.rows);
        let each = Quantity::assumed("rows", each, "patches or frames of each");
        let live = N::sum(block.live.iter().map(width::<N>));
        let mut all = N::product([
            N::input(&rows),
            N::input(&each),
            live,
            N::input(setup.activation_bytes()),
        ]);
        if setup.scenario.assumptions.attention == AttentionKernel::Eager
            && let Some(attention) = block.attentions().next()
        {
            let pass = ForwardPass::prompt(setup, N::constant(1.0)).at(seen, stage);
            let score = setup.engine.score_bytes(setup.activation_bytes().value);
            let score = Quantity::assumed("bytes of a score", score, "as attention's softmax leaves them");
            let sequences = Quantity::assumed("sequences", extent.sequences, "that do not see each other");
            let pairs = N::product([N::input(&sequences), pass.pairs(&attention.span)]);
            all = all.plus(N::product([
                N::input(&rows),
                pairs,
                N::input(&attention.heads),
                N::input(&score),
            ]));
        }
        let all = all.named(
            seen.tower.label(),
            "Activations while the widest part of the tower runs.",
        );
        match fullest.iter_mut().find(|(known, _)| *known == seen.tower) {
            Some((_, known)) if known.value() < all.value() => *known = all,
            Some(_) => {}
            None => fullest.push((seen.tower, all)),
        }
    }
    fullest.into_iter().map(|(_, bytes)| bytes).collect()
}

/// What the engine leaves of the device beside weights and caches, whatever the model needs.
fn set_aside(setup: &Setup) -> Option<Quantity> {
    let kept = 1000_u64.saturating_sub(setup.static_thousandths()?);
    let all = setup.device()?.usable_bytes();
    let bytes = u64::try_from(u128::from(all) * u128::from(kept) / 1000).unwrap_or(all);
    Some(Quantity::assumed(
        "set aside",
        bytes,
        "what the engine leaves to activations and captured graphs before it starts (1 − mem_fraction_static)",
    ))
}

/// Rows that run at once: the whole prompt, or a chunk of it where the engine cuts.
fn rows<N: Number>(setup: &Setup) -> N {
    let chunk = setup.chunk();
    if let Some(chunk) = chunk.filter(|_| setup.engine.profiles()) {
        // Measured with a step as large as may come, whatever the prompts are.
        let step = Quantity::assumed(
            "step",
            chunk.max(setup.scenario.workload.batch),
            "tokens the engine runs at once, set aside before it starts",
        );
        return N::input(&step);
    }
    let all = if setup.engine.reserves_logits() {
        // Laid out for a whole micro-batch, however short the prompt; a shorter context is padded.
        let block = setup.engine.block();
        let padded = setup.tokens().value.div_ceil(block).saturating_mul(block);
        let context = Quantity::assumed("context", padded, "tokens of a sequence, padded as the engine does");
        Quantity::product("rows", &[&setup.batch(), &context])
    } else {
        let (prompt, read) = (setup.prompt(), setup.encoder_tokens());
        let longer = matches!(setup.blueprint.reading, Reading::Both(_)) && read.value > prompt.value;
        Quantity::product("rows", &[&setup.batch(), if longer { &read } else { &prompt }])
    };
    match chunk {
        // A decode step needs a row for each sequence, however short the chunk.
        Some(chunk) if all.value > chunk => {
            let chunk = Quantity::assumed(
                "chunk",
                chunk.max(setup.scenario.workload.batch),
                "tokens the engine runs at once",
            );
            N::input(&chunk)
        }
        _ => N::input(&all),
    }
}

fn width<N: Number>(live: &Live) -> N {
    let width = N::input(&live.width);
    match &live.routing {
        Some(routing) => N::input(&routing.top_k).times(width),
        None => width,
    }
}

/// Residual stream and the widest block, or the logits, whichever is larger.
///
/// The residual stream and the sum it is added to stay; beside them the tensors of one block are alive at a time, and the
/// scores where attention writes them.
fn inference<N: Number>(setup: &Setup) -> N {
    let blueprint = &setup.blueprint;
    let each = || N::input(setup.activation_bytes());
    let residual = N::constant(2.0)
        .times(N::input(&blueprint.hidden))
        .named("residual stream", "The hidden state and the sum it is added to.");
    let mut widest: Option<N> = None;
    let mut scores: Option<N> = None;
    let larger = |one: Option<N>, next: N| match one {
        Some(known) if known.value() >= next.value() => Some(known),
        _ => Some(next),
    };
    // What a tower has alive belongs to its own pass.
    let text = blueprint
        .blocks()
        .filter(|place| !matches!(place.block.input, Input::Tower(_)));
    for place in text {
        let live = N::sum(place.block.live.iter().map(width::<N>))
            .named(place.block.title, "Tensors of this block that are alive together.");
        widest = larger(widest, live);
        if place.kind.is_some()
            && let Some(written) = scores_of::<N>(setup, place.block)
        {
            scores = larger(scores, written);
        }
    }
    let widths = residual.plus(widest.unwrap_or_else(N::zero));
    let mut layer = rows::<N>(setup).times(widths).times(each());
    if let Some(scores) = scores {
        layer = layer.plus(scores);
    }
    let layer = layer.named("widest block", "Activations while the widest block runs.");
    if setup.engine.computes_logits_of_chunk() {
        let logits = rows::<N>(setup)
            .times(N::input(&blueprint.vocabulary))
            .times(each())
            .named(
                "logits",
                "Scores over the vocabulary for every position of the last chunk.",
            );
        return layer.plus(logits);
    }
    if setup.engine.reserves_logits() {
        let widths = N::input(&blueprint.hidden).plus(N::input(&blueprint.vocabulary));
        let logits = rows::<N>(setup).times(widths).times(each()).named(
            "logits",
            "Scores over the vocabulary and the last hidden state, for a whole micro-batch.",
        );
        return layer.most(logits);
    }
    layer.most(logits(setup))
}

/// Scores of a block's attention where they are written: each row against every token before it, for each head.
fn scores_of<N: Number>(setup: &Setup, block: &Block) -> Option<N> {
    let first = block
        .attentions()
        .find(|attention| setup.writes_scores(attention, false))?;
    let each = setup.engine.score_bytes(setup.activation_bytes().value);
    let each = Quantity::assumed("bytes of a score", each, "as attention's softmax leaves them");
    let prompt = N::input(&setup.prompt());
    let keys = match &first.span {
        Span::Window(window) | Span::Chunk(window) => prompt.least(N::input(window).plus(rows(setup))),
        _ => prompt,
    };
    let all = N::product([rows::<N>(setup), N::input(&first.heads), keys, N::input(&each)]);
    Some(all.named(
        "scores",
        "Each token that runs at once against all of its prompt, for each head.",
    ))
}

/// Logits of what is sampled at once, with what the sampler needs beside them.
fn logits<N: Number>(setup: &Setup) -> N {
    let each = || N::input(setup.activation_bytes());
    let batch = || N::input(&setup.batch());
    let vocabulary = || N::input(&setup.blueprint.vocabulary);
    // What writes nothing has scores of words for every token, or none.
    let encodes = setup.blueprint.reading == Reading::Encodes;
    let heads = || {
        setup
            .blueprint
            .tensors()
            .any(|(_, tensor)| tensor.kind == TensorKind::Head)
    };
    if encodes && !heads() {
        return N::zero();
    }
    let all = match (setup.scenario.workload.mode, setup.scenario.assumptions.logits) {
        _ if encodes => batch().times(N::input(&setup.prompt())),
        (Mode::Prefill, Logits::All) => batch().times(N::input(&setup.prompt())),
        _ => batch(),
    };
    let logits = all
        .times(vocabulary())
        .times(each().plus(N::constant(4.0)))
        .named("logits", "Scores over the vocabulary, once more in FP32 for sampling.");
    if !setup.engine.profiles_sampler() {
        return logits;
    }
    let sequences = setup.budget().sequences;
    let sequences = Quantity::assumed(
        "sequences",
        sequences,
        "sequences the engine samples at once (max_num_seqs)",
    );
    let bytes = Engine::sampler_bytes(setup.activation_bytes().value);
    let bytes = Quantity::assumed(
        "bytes of a score",
        bytes,
        "logits, their copy in FP32, sorted values and indices",
    );
    let sampler = N::product([N::input(&sequences), vocabulary(), N::input(&bytes)]).named(
        "sampler",
        "What sampling takes for as many sequences as the engine may run, set aside before it starts.",
    );
    logits.most(sampler)
}
