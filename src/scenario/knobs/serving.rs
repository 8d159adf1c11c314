//! How a server schedules: the length of a run, and what runs at once.

use strum::IntoEnumIterator;

use super::read::{choose, optional, optional_tokens};
use super::{AUTO, Group, Knob, KnobId, KnobKind, MOST_BATCH, MOST_TOKENS, OptionRow, SERVING, Word, rows};
use crate::scenario::choices::{Lengths, Mode};

const STEADY: &[Word] = &[Word {
    key: "steady",
    label: "No end",
}];

fn or(value: Option<u64>, word: &str) -> String {
    value.map_or_else(|| word.to_owned(), |value| value.to_string())
}

/// Of the cards "Workload" and "Hardware".
pub(super) const KNOBS: &[Knob] = &[
    Knob {
        id: KnobId::Requests,
        key: "req",
        flag: "requests",
        label: "Requests in all",
        help: "A benchmark sends so many requests and ends: it fills up first and runs empty at the end. Without a number it goes on without end, in steady state.",
        group: Group::Workload,
        kind: KnobKind::WholeOr {
            words: STEADY,
            least: 1,
            most: MOST_TOKENS,
            unit: "",
        },
        modes: &[Mode::Serve],
        get: |s| or(s.workload.requests, "steady"),
        set: |s, text| {
            s.workload.requests = if text == "steady" {
                None
            } else {
                optional("Requests in all", text, 1, MOST_TOKENS)?
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::Lengths,
        key: "len",
        flag: "lengths",
        label: "Lengths",
        help: "Whether all requests are equally long, or differ as recorded chats do.",
        group: Group::Workload,
        kind: KnobKind::Choice(rows!(Lengths)),
        modes: &[Mode::Serve],
        get: |s| s.workload.lengths.key().to_owned(),
        set: |s, text| {
            choose(
                "Lengths",
                text,
                &mut s.workload.lengths,
                Lengths::iter().map(Lengths::key),
            )
        },
    },
    Knob {
        id: KnobId::MaxSequences,
        key: "seqs",
        flag: "max-sequences",
        label: "Sequences at most",
        help: "Most sequences the engine runs at once, on each device that has its own (vLLM --max-num-seqs, SGLang --max-running-requests, TensorRT-LLM --max_batch_size).",
        group: Group::Hardware,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: MOST_BATCH,
            unit: "",
        },
        modes: &[Mode::Serve],
        get: |s| or(s.serving.max_sequences, "auto"),
        set: |s, text| {
            s.serving.max_sequences = optional("Sequences at most", text, 1, MOST_BATCH)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::MaxBatchedTokens,
        key: "mbt",
        flag: "max-batched-tokens",
        label: "Tokens of a step at most",
        help: "Longer prompts are cut into chunks of so many tokens (vLLM --max-num-batched-tokens, SGLang --chunked-prefill-size, TensorRT-LLM --max_num_tokens).",
        group: Group::Hardware,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: MOST_TOKENS,
            unit: "tokens",
        },
        modes: SERVING,
        get: |s| or(s.serving.max_batched_tokens, "auto"),
        set: |s, text| {
            s.serving.max_batched_tokens = optional_tokens("Tokens of a step at most", text, 1, MOST_TOKENS)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::MicroBatch,
        key: "ub",
        flag: "micro-batch",
        label: "Micro-batch",
        help: "Tokens of a prompt that llama.cpp runs at once (--ubatch-size); other engines ignore it.",
        group: Group::Hardware,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: MOST_TOKENS,
            unit: "tokens",
        },
        modes: SERVING,
        get: |s| or(s.serving.micro_batch, "auto"),
        set: |s, text| {
            s.serving.micro_batch = optional_tokens("Micro-batch", text, 1, MOST_TOKENS)?;
            Ok(())
        },
    },
];
