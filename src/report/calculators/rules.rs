//! The rules of other calculators, one a row, each with where it is published and the assumption behind its gap.
//!
//! Rules were read in the named tool's source or page; they are recomputed here, not copied.

use super::facts::Facts;
use super::{Of, Source};
use crate::scenario::Mode;
use crate::units::{UnitSystem, decimal, percent};

/// A rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub key: &'static str,
    pub name: &'static str,
    pub formula: &'static str,
    pub of: Of,
    pub source: Source,
    /// What it gives; none where it has nothing to say of this model and question.
    pub value: fn(&Facts<'_>) -> Option<f64>,
    /// The assumption behind the gap, in one sentence.
    pub why: fn(&Facts<'_>) -> String,
}

const GIB: UnitSystem = UnitSystem::Gib;

fn serves(facts: &Facts<'_>) -> Option<()> {
    (!facts.mode().trains()).then_some(())
}

fn trains(facts: &Facts<'_>) -> Option<()> {
    facts.mode().trains().then_some(())
}

/// What is there beside the weights, as a share of them.
fn beside(facts: &Facts<'_>) -> String {
    percent((facts.total() - facts.weights).max(0.0) / facts.weights.max(1.0))
}

/// One sequence that writes, on a device.
fn single(facts: &Facts<'_>) -> Option<f64> {
    let one = facts.mode() == Mode::Decode && facts.batch <= 1.0;
    facts.bandwidth.filter(|bandwidth| one && *bandwidth > 0.0)
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        key: "parameters_and_a_fifth",
        name: "Parameters × bytes × 1.2",
        formula: "parameters × bits ÷ 8 × 1.2",
        of: Of::Memory,
        source: Source {
            name: "Modal, \"How much VRAM do I need for LLM inference?\"; the fifth is EleutherAI's, Transformer Math 101",
            url: Some("https://modal.com/blog/how-much-vram-need-inference"),
        },
        value: |f| serves(f).map(|()| f.parameters * f.nominal * 1.2),
        why: |f| {
            format!(
                "It adds a fifth whatever the context and the engine; here cache, activations and runtime are {} of the weights, which have {} bits each.",
                beside(f),
                decimal(8.0 * f.weights / f.parameters.max(1.0))
            )
        },
    },
    Rule {
        key: "parameters_and_a_tenth",
        name: "Parameters × bytes × 1.1",
        formula: "parameters × bits ÷ 8 × 1.1",
        of: Of::Memory,
        source: Source {
            name: "cloud26's calculator",
            url: None,
        },
        value: |f| serves(f).map(|()| f.parameters * f.nominal * 1.1),
        why: |f| {
            format!(
                "It adds a tenth and no cache; here everything beside the weights is {} of them.",
                beside(f)
            )
        },
    },
    Rule {
        key: "weights_alone",
        name: "Parameters × bytes",
        formula: "parameters × bits ÷ 8",
        of: Of::Memory,
        source: Source {
            name: "Hugging Face accelerate estimate-memory, which counts no cache",
            url: Some("https://huggingface.co/docs/accelerate/usage_guides/model_size_estimator"),
        },
        value: |f| serves(f).map(|()| f.parameters * f.nominal),
        why: |f| {
            let stored = decimal(8.0 * f.weights / f.parameters.max(1.0));
            let scales = if stored == decimal(8.0 * f.nominal) {
                String::new()
            } else {
                format!("scales and what is left in another format make them {stored} bits, and ")
            };
            format!(
                "It counts weights alone, at the bits in the format's name; {scales}a cache of {} is not in it.",
                GIB.bytes(f.caches())
            )
        },
    },
    Rule {
        key: "file_and_a_half",
        name: "File size × 1.5",
        formula: "bytes of the weights × 1.5",
        of: Of::Memory,
        source: Source {
            name: "LLM Lens, \"How is compatibility calculated?\"",
            url: None,
        },
        value: |f| serves(f).map(|()| 1.5 * f.weights),
        why: |f| {
            format!(
                "It takes half of the weights for everything else; here that is {} of them.",
                beside(f)
            )
        },
    },
    Rule {
        key: "percentages",
        name: "Percentages",
        formula: "weights + 5 %, caches + 5 %, activations 10 % of the weights, 5 % of all that",
        of: Of::Memory,
        source: Source {
            name: "Scaling calculators with fixed shares; --memory-rule simple counts so here too",
            url: None,
        },
        value: |f| {
            serves(f)?;
            f.by_percentages()
        },
        why: |f| {
            format!(
                "Its activations grow with the weights, not with the tokens of a step; here they are {}.",
                GIB.bytes(f.analysis.ranks.sum(|held| held.activation_bytes) as f64)
            )
        },
    },
    Rule {
        key: "active_experts",
        name: "Memory by active parameters",
        formula: "active parameters × bits ÷ 8 × 1.2",
        of: Of::Memory,
        source: Source {
            name: "llmfit, which counts the experts of a token as what must be in VRAM",
            url: Some("https://github.com/AlexsJones/llmfit/blob/main/docs/how-it-works.md"),
        },
        value: |f| {
            serves(f)?;
            f.sparse().then_some(f.active * f.nominal * 1.2)
        },
        why: |f| {
            format!(
                "A token uses {} of the parameters, but the next token may need any other expert: all of them must be in memory.",
                percent(f.active / f.parameters.max(1.0))
            )
        },
    },
    Rule {
        key: "cache_of_all_heads",
        name: "Cache as wide as the model",
        formula: "2 × layers × hidden × tokens × sequences × bytes",
        of: Of::KvCache,
        source: Source {
            name: "gpu_poor, which reads no num_key_value_heads",
            url: Some("https://github.com/RahulSChand/gpu_poor/blob/main/src/App.js"),
        },
        value: |f| serves(f).map(|()| 2.0 * f.layers * f.hidden * f.tokens * f.batch * f.element),
        why: |f| {
            format!(
                "It keeps keys and values of every query head in every layer; this model has {}.",
                f.analysis.setup.blueprint.attention
            )
        },
    },
    Rule {
        key: "cache_without_windows",
        name: "Cache without windows",
        formula: "every layer keeps all tokens",
        of: Of::KvCache,
        source: Source {
            name: "hf-mem, whose layers with a window were counted as full ones",
            url: Some("https://github.com/alvarobartt/hf-mem/issues/60"),
        },
        value: |f| {
            serves(f)?;
            f.cache_without_windows().filter(|bytes| *bytes > 1.01 * kv(f))
        },
        why: |f| {
            format!(
                "It lets layers with a window keep all {} tokens; {} lets them forget what is behind the window.",
                crate::units::grouped(f.tokens as u64),
                f.analysis.setup.engine.label()
            )
        },
    },
    Rule {
        key: "cache_expanded",
        name: "Cache of expanded latents",
        formula: "keys and values of every head, made from the latent",
        of: Of::KvCache,
        source: Source {
            name: "hf-mem 0.5.6, which takes latent attention for attention of all heads",
            url: Some("https://github.com/alvarobartt/hf-mem"),
        },
        value: |f| {
            serves(f)?;
            f.cache_expanded().filter(|bytes| *bytes > 1.01 * kv(f))
        },
        why: |_| {
            "Engines keep the latent, one small vector a token for all heads, and expand it when it is needed."
                .to_owned()
        },
    },
    Rule {
        key: "no_gate",
        name: "MLP of two matrices",
        formula: "parameters without the gates of MLPs and experts",
        of: Of::Parameters,
        source: Source {
            name: "reunicles/Model_Calculator, src/transformer_calculator.py",
            url: Some("https://github.com/reunicles/Model_Calculator"),
        },
        value: |f| (f.gates > 0.0).then_some(f.parameters - f.gates),
        why: |f| {
            format!(
                "It counts two matrices an MLP as GPT-2 has them; this model has a third, the gate, with {} of its parameters.",
                percent(f.gates / f.parameters.max(1.0))
            )
        },
    },
    Rule {
        key: "scores_of_all_layers",
        name: "Scores of all layers at once",
        formula: "layers × heads × tokens² × sequences × bytes",
        of: Of::Activations,
        source: Source {
            name: "gpu_poor and reunicles/Model_Calculator, which sum them over layers",
            url: Some("https://github.com/RahulSChand/gpu_poor/blob/main/src/App.js"),
        },
        value: |f| {
            serves(f)?;
            (f.heads > 0.0).then_some(f.layers * f.heads * f.tokens * f.tokens * f.batch * f.activation)
        },
        why: |_| {
            "It holds the scores of all layers at once; a layer's memory is reused by the next, and fused kernels write no scores at all.".to_owned()
        },
    },
    Rule {
        key: "two_operations_a_parameter",
        name: "2 × parameters",
        formula: "2 × active parameters × tokens",
        of: Of::Flops,
        source: Source {
            name: "Kaplan et al. 2020, Scaling Laws for Neural Language Models, 2.1",
            url: Some("https://arxiv.org/abs/2001.08361"),
        },
        value: |f| serves(f).map(|()| 2.0 * f.active * f.computed),
        why: |_| {
            "It counts no attention over the context, and the token table as if it were multiplied; a prompt needs the output head for its last token alone.".to_owned()
        },
    },
    Rule {
        key: "all_experts",
        name: "2 × all parameters",
        formula: "2 × parameters × tokens",
        of: Of::Flops,
        source: Source {
            name: "The same rule with the number in a model's name",
            url: None,
        },
        value: |f| {
            serves(f)?;
            f.sparse().then_some(2.0 * f.parameters * f.computed)
        },
        why: |f| {
            format!(
                "A token passes {} of the parameters: the experts its router chose.",
                percent(f.active / f.parameters.max(1.0))
            )
        },
    },
    Rule {
        key: "six_operations_a_parameter",
        name: "6 × parameters",
        formula: "6 × active parameters × tokens",
        of: Of::Flops,
        source: Source {
            name: "Kaplan et al. 2020, Scaling Laws for Neural Language Models, 2.1",
            url: Some("https://arxiv.org/abs/2001.08361"),
        },
        value: |f| trains(f).map(|()| 6.0 * f.active * f.computed),
        why: |_| {
            "It counts no attention over the sequence and nothing that is computed again in the backward pass."
                .to_owned()
        },
    },
    Rule {
        key: "four_times_the_weights",
        name: "Four times the weights",
        formula: "4 × parameters × bytes",
        of: Of::Memory,
        source: Source {
            name: "Hugging Face accelerate estimate-memory, training with Adam",
            url: Some("https://huggingface.co/docs/accelerate/usage_guides/model_size_estimator"),
        },
        value: |f| trains(f).map(|()| 4.0 * f.parameters * f.nominal),
        why: |_| {
            "It keeps gradients and both moments in the format of the weights and no activations; mixed precision keeps them and a copy of the weights in FP32.".to_owned()
        },
    },
    Rule {
        key: "bandwidth_over_weights",
        name: "Bandwidth ÷ weights",
        formula: "bytes a second ÷ bytes of all weights",
        of: Of::Speed,
        source: Source {
            name: "The usual rule of thumb; llm-inference calculators print it as tokens a second",
            url: None,
        },
        value: |f| single(f).map(|bandwidth| bandwidth / f.weights.max(1.0)),
        why: |f| {
            if f.sparse() {
                "It reads every expert for each token; a token needs those its router chose.".to_owned()
            } else {
                "It reaches all of the bandwidth, reads no cache and starts kernels in no time: nothing can be faster."
                    .to_owned()
            }
        },
    },
    Rule {
        key: "share_of_bandwidth",
        name: "Bandwidth ÷ weights × 0.55",
        formula: "bytes a second ÷ bytes of all weights × 0.55",
        of: Of::Speed,
        source: Source {
            name: "llmfit, how it works",
            url: Some("https://github.com/AlexsJones/llmfit/blob/main/docs/how-it-works.md"),
        },
        value: |f| single(f).map(|bandwidth| 0.55 * bandwidth / f.weights.max(1.0)),
        why: |_| {
            "It takes one share of the bandwidth for every device, engine, format and size; measurements show other shares for each.".to_owned()
        },
    },
    Rule {
        key: "bandwidth_over_active",
        name: "Bandwidth ÷ active weights",
        formula: "bytes a second ÷ (active parameters × bytes)",
        of: Of::Speed,
        source: Source {
            name: "Speed-of-light sums for mixtures of experts",
            url: Some("https://gist.github.com/am17an/6833d30230b877c93abf33ca12a07937"),
        },
        value: |f| {
            let bandwidth = single(f).filter(|_| f.sparse())?;
            Some(bandwidth / (f.active * f.weights / f.parameters.max(1.0)).max(1.0))
        },
        why: |_| {
            "It reads the active weights at full bandwidth and nothing else: many small kernels, the cache and the router come on top.".to_owned()
        },
    },
];

fn kv(facts: &Facts<'_>) -> f64 {
    facts.analysis.ranks.sum(|held| held.kv_cache_bytes) as f64
}
