//! The words around a figure: what it is, what is not counted, where the formula comes from.

use super::super::memory::MemoryPart;
use super::super::setup::Setup;
use super::figure::Figure;
use crate::scenario::Mode;

/// Title, what is not counted, source.
pub struct Words {
    /// What it is called.
    pub title: String,
    /// What it is.
    pub about: String,
    /// What is left out.
    pub not_counted: &'static str,
    /// Where the formula is from.
    pub source: &'static str,
}

/// Where shares of peak are from.
const MEASURED: &str = "Roofline of each operator (Williams, Waterman, Patterson 2009) at the share of peak that published measurements show.";

/// The words of a figure.
pub fn words(question: &Setup, figure: Figure) -> Words {
    let words = |title: &str, about: &str, not_counted, source| Words {
        title: title.to_owned(),
        about: about.to_owned(),
        not_counted,
        source,
    };
    let rule = "A multiply-add is 2 FLOP; a linear layer of rows × in × out is 2 · rows · in · out.";
    match figure {
        Figure::Parameters => words(
            "Parameters",
            "Every tensor of the model, each once. A head that shares the token table is not counted again.",
            "Buffers and multi-token-prediction layers that a checkpoint may hold besides.",
            "Tensor shapes of the model's class in transformers.",
        ),
        Figure::ActiveParameters => words(
            "Active parameters",
            "What one token passes: everything but the routed experts it does not use. Token table and head are included.",
            "Some publishers leave the token table, the head or both out.",
            "Tensor shapes; experts a token uses from the config.",
        ),
        Figure::ComponentParameters(component) => words(
            component.label(),
            component.about(),
            "",
            "Tensor shapes of the model's class in transformers.",
        ),
        Figure::Memory if question.layout.devices > 1 => words(
            "Memory of the fullest device",
            "What must fit on it at the same time: its shard of the model, and what every device holds whole.",
            "Allocator fragmentation and communication buffers.",
            "",
        ),
        Figure::Memory => words(
            "Memory",
            "What must fit on the device at the same time.",
            "Allocator fragmentation.",
            "",
        ),
        Figure::Weights => words("Weights", "Every tensor in its number format, scales included.", "", ""),
        Figure::ComponentWeights(component) => words(component.label(), component.about(), "", ""),
        Figure::Part(part) => words(part.label(), part.about(), not_counted(part), source(part)),
        Figure::KvPerToken => words(
            "Cache growth per token",
            "What each further token of one sequence adds. Layers with a window have stopped growing by then.",
            "",
            "",
        ),
        Figure::Flops => words("Operations", pass_words(question), "Table look-ups cost none.", rule),
        Figure::ComponentFlops(component) => words(
            &format!("{}: operations", component.label()),
            component.about(),
            "",
            rule,
        ),
        Figure::Traffic => words(
            "Bytes moved",
            "What crosses the device's memory bus: weights, activations and cache, read and written.",
            "Re-reads that a small on-chip memory forces.",
            "",
        ),
        Figure::ComponentTraffic(component) => words(
            &format!("{}: bytes moved", component.label()),
            component.about(),
            "",
            "",
        ),
        Figure::Intensity => words(
            "Arithmetic intensity",
            "Operations for each byte moved. Below the device's ridge point bandwidth is the limit, above it arithmetic.",
            "",
            "Williams, Waterman, Patterson 2009: Roofline.",
        ),
        Figure::ComponentIntensity(component) => {
            words(&format!("{}: intensity", component.label()), component.about(), "", "")
        }
        Figure::Time if question.scenario.mode == Mode::Pretrain => words(
            "Least time",
            pass_words(question),
            "Launches, synchronisation, anything below peak.",
            "Williams, Waterman, Patterson 2009: Roofline.",
        ),
        Figure::Time => words(
            "Time",
            pass_words(question),
            "Sampling, scheduling, the network.",
            MEASURED,
        ),
        Figure::ComponentTime(component) => words(
            &format!("{}: least time", component.label()),
            component.about(),
            "Anything below peak.",
            "",
        ),
        Figure::TokensPerSecond if question.scenario.mode == Mode::Pretrain => words(
            "Tokens a second, at most",
            "Tokens of a step divided by its least time. No device can do better; real ones do worse.",
            "Launches, scheduling, anything below peak.",
            "",
        ),
        Figure::TokensPerSecond => words(
            "Tokens a second",
            "Tokens of the pass divided by its time.",
            "Sampling, scheduling, the network.",
            MEASURED,
        ),
        Figure::FirstToken => words(
            "First token",
            "Time to read the whole prompt.",
            "Queueing, tokenising, the network.",
            MEASURED,
        ),
        Figure::LongestContext => words(
            "Longest context",
            "The most tokens of one sequence, prompt and generated, whose memory fits with this batch; found by search.",
            "",
            "",
        ),
        Figure::LargestBatch => words(
            "Largest batch",
            "The most sequences of this length whose memory fits; found by search.",
            "",
            "",
        ),
    }
}

fn pass_words(question: &Setup) -> &'static str {
    match question.scenario.mode {
        Mode::Prefill => "One forward pass over the prompt.",
        Mode::Decode | Mode::Serve => "One forward pass for one new token of each sequence.",
        Mode::Pretrain => "Forward, backward at twice its cost, what is computed again, and the optimizer.",
    }
}

const fn not_counted(part: MemoryPart) -> &'static str {
    match part {
        MemoryPart::KvCache | MemoryPart::StateCache => "Cached prompts of finished requests.",
        MemoryPart::Activations => "Workspace of matrix libraries, fragmentation.",
        MemoryPart::Gradients | MemoryPart::Optimizer => "Sharding over several devices.",
        MemoryPart::Overhead => "Other programs on the device.",
    }
}

const fn source(part: MemoryPart) -> &'static str {
    match part {
        MemoryPart::Activations => "Training: Korthikanti 2022 (arXiv 2205.05198), by operator and without dropout.",
        MemoryPart::Gradients | MemoryPart::Optimizer => {
            "Mixed precision with AdamW: Rajbhandari 2020 (arXiv 1910.02054), 3.1."
        }
        MemoryPart::KvCache | MemoryPart::StateCache | MemoryPart::Overhead => "",
    }
}
