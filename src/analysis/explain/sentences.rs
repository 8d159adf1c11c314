//! The words around a figure: what it is, where the formula comes from. What is not counted the formula says itself.

use super::super::cost::price;
use super::super::fit::share_words;
use super::super::memory::MemoryPart;
use super::super::setup::Setup;
use super::figure::Figure;
use crate::scenario::Mode;
use crate::units::{UnitSystem, capital};

/// Title, what it is, source.
pub struct Words {
    /// What it is called.
    pub title: String,
    /// What it is.
    pub about: String,
    /// Where the formula is from.
    pub source: &'static str,
}

/// Where shares of peak are from.
const MEASURED: &str = "Roofline of each operator (Williams, Waterman, Patterson 2009) at the share of peak that published measurements show.";

/// The same for training.
const RUNS: &str =
    "The share of the peak that published training runs show; docs/training.md says how far that is off.";

/// The words of a figure.
pub fn words(setup: &Setup, figure: Figure) -> Words {
    let words = |title: &str, about: &str, source| Words {
        title: title.to_owned(),
        about: about.to_owned(),
        source,
    };
    let rule = "A multiply-add is 2 FLOP; a linear layer of rows × in × out is 2 · rows · in · out.";
    match figure {
        Figure::Parameters => words(
            "Parameters",
            "Every tensor of the model, each once. A head that shares the token table is not counted again.",
            "Tensor shapes of the model's class in transformers.",
        ),
        Figure::ActiveParameters => words(
            "Active parameters",
            "What one token passes: everything but the routed experts it does not use. Token table and head are included; some publishers leave one or both out.",
            "Tensor shapes; experts a token uses from the config.",
        ),
        Figure::ComponentParameters(component) => words(
            component.label(),
            component.about(),
            "Tensor shapes of the model's class in transformers.",
        ),
        Figure::Memory if setup.layout.devices > 1 => words(
            "Memory of the fullest device",
            &format!(
                "What must fit on it at the same time: its shard of the model, and what every device holds whole.{}",
                room(setup)
            ),
            "",
        ),
        Figure::Memory => words(
            "Memory",
            &format!("What must fit on the device at the same time.{}", room(setup)),
            "",
        ),
        Figure::Weights => words("Weights", "Every tensor in its number format, scales included.", ""),
        Figure::ComponentWeights(component) => words(component.label(), component.about(), ""),
        Figure::Part(part) => words(part.label(), part.about(), source(part)),
        Figure::KvPerToken => words(
            "Cache growth per token",
            "What each further token of one sequence adds. Layers with a window have stopped growing by then.",
            "",
        ),
        Figure::Flops => words("Operations", pass_words(setup), rule),
        Figure::ComponentFlops(component) => {
            words(&format!("{}: operations", component.label()), component.about(), rule)
        }
        Figure::Traffic => words(
            "Bytes moved",
            "What crosses the device's memory bus: weights, activations and cache, read and written.",
            "",
        ),
        Figure::ComponentTraffic(component) => {
            words(&format!("{}: bytes moved", component.label()), component.about(), "")
        }
        Figure::Intensity => words(
            "Arithmetic intensity",
            "Operations for each byte moved. Below the device's ridge point a pass is memory-bound, above it compute-bound.",
            "Williams, Waterman, Patterson 2009: Roofline.",
        ),
        Figure::ComponentIntensity(component) => {
            words(&format!("{}: intensity", component.label()), component.about(), "")
        }
        Figure::Time if setup.scenario.workload.mode.trains() => words(
            "Step",
            "Forward, backward, what is computed again, traffic and the optimizer.",
            RUNS,
        ),
        Figure::Time if setup.scenario.workload.mode == Mode::Serve => words(
            "Time",
            "The average step of the server: a new token of each running sequence, and the prompts read beside them.",
            MEASURED,
        ),
        Figure::Time => words("Time", pass_words(setup), MEASURED),
        Figure::ComponentTime(component) => words(
            &format!("{}: least time", component.label()),
            component.about(),
            "Williams, Waterman, Patterson 2009: Roofline.",
        ),
        Figure::TokensPerSecond if setup.scenario.workload.mode.trains() => words(
            "Tokens a second",
            "Tokens of a step divided by its time, all devices together.",
            RUNS,
        ),
        Figure::TokensPerSecond => match setup.scenario.workload.mode {
            Mode::Serve => words("Tokens a second", "Output tokens of all users together.", MEASURED),
            _ => words("Tokens a second", "Tokens of the pass divided by its time.", MEASURED),
        },
        Figure::FirstToken if setup.admission.is_some() => words(
            "First token",
            "Time from a request's arrival to its first token, the wait in the queue included.",
            MEASURED,
        ),
        Figure::FirstToken => words("First token", "Time to read the whole prompt.", MEASURED),
        Figure::Cost if setup.scenario.workload.mode.trains() => Words {
            title: "Cost of the run".to_owned(),
            about: format!(
                "The price of an hour times the hours of the run. {}",
                price(setup).map(|price| price.basis).unwrap_or_default()
            ),
            source: "",
        },
        Figure::Mfu => words(
            "Model FLOP utilisation",
            "The model's own operations, without what is computed again, as a share of what the devices could do at their peak.",
            "Chowdhery 2022 (PaLM, arXiv 2204.02311), appendix B.",
        ),
        Figure::Trainable => words(
            "Trainable parameters",
            "Parameters of the adapters; the model beside them is frozen.",
            "Hu 2021 (arXiv 2106.09685): rank × (inputs + outputs) of each adapted layer.",
        ),
        Figure::RunTime => words(
            "Whole run",
            "All tokens at the rate of the estimate, by the calendar.",
            RUNS,
        ),
        Figure::Cost => Words {
            title: "Cost of a million tokens".to_owned(),
            about: format!(
                "The price of an hour divided by the tokens of an hour, all sequences together. {}",
                price(setup).map(|price| price.basis).unwrap_or_default()
            ),
            source: "",
        },
        Figure::LongestContext => words(
            "Longest context",
            "The most tokens of one sequence, prompt and generated, whose memory fits with this batch; found by search.",
            "",
        ),
        Figure::LargestBatch => words(
            "Largest batch",
            "The most sequences of this length whose memory fits; found by search.",
            "",
        ),
    }
}

/// Where the room comes from: ` vLLM takes 90 % of the 24.0 GiB.`
fn room(setup: &Setup) -> String {
    let device = setup.device();
    device.map_or_else(String::new, |device| {
        format!(" {}.", capital(&share_words(setup, device, UnitSystem::default())))
    })
}

fn pass_words(setup: &Setup) -> &'static str {
    match setup.scenario.workload.mode {
        Mode::Prefill => "One forward pass over the prompt.",
        Mode::Decode => "One forward pass for one new token of each sequence.",
        Mode::Serve => "One forward pass for one new token of each running sequence.",
        Mode::Pretrain | Mode::Finetune => {
            "Forward, backward at twice its cost, what is computed again, and the optimizer."
        }
    }
}

const fn source(part: MemoryPart) -> &'static str {
    match part {
        MemoryPart::Activations => {
            "Training: what autograd keeps of each operator; fused layers by Korthikanti 2022 (arXiv 2205.05198)."
        }
        MemoryPart::Gradients | MemoryPart::Optimizer => {
            "Mixed precision with AdamW: Rajbhandari 2020 (arXiv 1910.02054), 3.1."
        }
        MemoryPart::Transient => {
            "Counted on the classes of transformers and on fused layers; docs/training.md lists the moments."
        }
        MemoryPart::KvCache | MemoryPart::StateCache | MemoryPart::Overhead => "",
    }
}
