//! Flags by name, as the command line and scripts give them: the knobs, what engines call the same, the context.

use super::Failure;
use crate::scenario::{KNOBS, Knob, KnobError, KnobId, Mode, Scenario, set_context};

/// What engines call the same setting.
pub const ENGINES_OWN: &[(KnobId, &[&str])] = &[
    (KnobId::MaxBatchedTokens, &["max-num-batched-tokens"]),
    (KnobId::MaxSequences, &["max-num-seqs"]),
    (KnobId::MicroBatch, &["ubatch-size"]),
    (
        KnobId::MemoryFraction,
        &["gpu-memory-utilization", "mem-fraction-static"],
    ),
    (KnobId::KvCache, &["kv-cache-dtype", "cache-type-k"]),
    (KnobId::Prompt, &["sequence"]),
    (KnobId::ValueCache, &["cache-type-v"]),
];

/// A flag as llama.cpp has it, and the knob it sets.
#[derive(Clone, Copy, Debug)]
pub struct LlamaCppOwn {
    /// Its name, without dashes.
    pub flag: &'static str,
    /// The knob.
    pub sets: KnobId,
    /// The knob's value; of a flag with a number, what stands before that.
    pub value: &'static str,
    /// Whether a number follows; otherwise it is a switch.
    pub takes_number: bool,
    /// What it does.
    pub help: &'static str,
}

/// The flags of llama.cpp that set a knob to one value.
pub const LLAMA_CPP_OWN: &[LlamaCppOwn] = &[
    LlamaCppOwn {
        flag: "n-cpu-moe",
        sets: KnobId::Offload,
        value: "experts:",
        takes_number: true,
        help: "llama.cpp's: the experts of so many layers stay in RAM (--offload experts:N)",
    },
    LlamaCppOwn {
        flag: "swa-full",
        sets: KnobId::WindowCache,
        value: "full",
        takes_number: false,
        help: "llama.cpp's: layers with a window keep all tokens (--window-cache full)",
    },
    LlamaCppOwn {
        flag: "no-kv-offload",
        sets: KnobId::CachePlace,
        value: "ram",
        takes_number: false,
        help: "llama.cpp's: the cache lies in RAM (--cache-place ram)",
    },
];

/// Prompt and answer together.
const CONTEXT: &str = "context";

/// All names a knob has as a flag.
fn names(knob: &Knob) -> impl Iterator<Item = &'static str> {
    let id = knob.id;
    let own = ENGINES_OWN.iter().filter(move |(known, _)| *known == id);
    std::iter::once(knob.flag).chain(own.flat_map(|(_, own)| own.iter().copied()))
}

/// Every flag that [`set_flags`] takes.
pub fn flag_names() -> impl Iterator<Item = &'static str> {
    let own = LLAMA_CPP_OWN.iter().map(|own| own.flag);
    KNOBS.iter().flat_map(names).chain(own).chain([CONTEXT])
}

/// The knob that a flag sets, by any of its names.
pub fn knob_of(flag: &str) -> Option<&'static Knob> {
    KNOBS.iter().find(|knob| names(knob).any(|name| name == flag))
}

/// Sets flags, given by name with their values as text, in the order of the knobs, whatever theirs. A switch has any value.
///
/// # Errors
/// A flag that there is not, one given twice, one that another excludes, or a value that its knob refuses.
pub fn set_flags(scenario: &mut Scenario, given: &[(String, String)]) -> Result<(), Failure> {
    let given = &in_training(scenario, given);
    if let Some((name, _)) = given.iter().find(|(name, _)| flag_names().all(|known| known != name)) {
        return Err(unknown(name));
    }
    let bad = |flag: &str, words: String| Failure::new("bad_value", format!("--{flag}: {words}"));
    let both =
        |one: &str, other: &str| Failure::new("bad_value", format!("--{one} and --{other} say the same: give one."));
    let of = |flag: &str| given.iter().find(|(name, _)| name == flag);
    for knob in KNOBS.iter() {
        let mut said = names(knob).filter_map(of);
        let Some((flag, text)) = said.next() else { continue };
        if let Some((other, _)) = said.next() {
            return Err(both(flag, other));
        }
        knob.read(scenario, text).map_err(|error| {
            let more = match error {
                KnobError::UnknownDevice { .. } => " `weighbridge hardware` lists the ids.",
                _ => "",
            };
            bad(flag, format!("{error}{more}"))
        })?;
    }
    for own in LLAMA_CPP_OWN {
        if let (Some((_, text)), Some(knob)) = (of(own.flag), own.sets.knob()) {
            let value = if own.takes_number {
                format!("{}{text}", own.value)
            } else {
                own.value.to_owned()
            };
            knob.read(scenario, &value)
                .map_err(|error| bad(own.flag, error.to_string()))?;
        }
    }
    if let Some((_, text)) = of(CONTEXT) {
        if of("prompt").is_some() {
            return Err(both(CONTEXT, "prompt"));
        }
        set_context(scenario, text).map_err(|error| bad(CONTEXT, error.to_string()))?;
    }
    Ok(())
}

/// The flags of a training run: its micro-batch is the batch, and sequences are 4,096 tokens long unless said otherwise.
fn in_training(scenario: &Scenario, given: &[(String, String)]) -> Vec<(String, String)> {
    let mode = given.iter().find(|(name, _)| name == "mode");
    let trains = match mode.map(|(_, text)| text.parse::<Mode>()) {
        Some(Ok(mode)) => mode.trains(),
        _ => scenario.workload.mode.trains(),
    };
    if !trains {
        return given.to_vec();
    }
    let batch = given.iter().any(|(name, _)| name == "batch");
    let renamed = given.iter().map(|(name, value)| {
        let name = if name == "micro-batch" && !batch {
            "batch"
        } else {
            name.as_str()
        };
        (name.to_owned(), value.clone())
    });
    let mut all: Vec<_> = renamed.collect();
    let length = ["prompt", "sequence", CONTEXT];
    let said = all.iter().any(|(name, _)| length.contains(&name.as_str()));
    if !said && mode.is_some() && scenario.workload.prompt == Scenario::default().workload.prompt {
        all.push(("prompt".to_owned(), "4096".to_owned()));
    }
    all
}

fn unknown(name: &str) -> Failure {
    let name: String = name.chars().take(60).collect();
    let mut near: Vec<(usize, &str)> = flag_names()
        .map(|known| (strsim::damerau_levenshtein(&name.to_ascii_lowercase(), known), known))
        .filter(|(off, _)| *off <= 2)
        .collect();
    near.sort_unstable();
    let meant: Vec<&str> = near.iter().take(3).map(|(_, known)| *known).collect();
    let meant = match meant.as_slice() {
        [] => "`weighbridge estimate --help` lists them.".to_owned(),
        some => format!("Did you mean {}?", some.join(", ")),
    };
    Failure::new("unknown_flag", format!("There is no flag \"{name}\". {meant}"))
}
