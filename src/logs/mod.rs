//! What engines print when they start, and what nvidia-smi prints, as figures. Nothing here knows a model or an estimate.
//!
//! Each engine has a reader of its lines in a file of its own, with the place in the engine's source where they come from.
//! Lines may have colours, prefixes of workers, times, and any end; what is on a line besides its message is looked past.

mod line;
mod llama_cpp;
mod mlx;
mod nvidia_smi;
mod ollama;
mod place;
mod sglang;
mod source;
mod vllm;

pub use place::{Card, Part, Place, Printed};
pub use source::{Source, source_of};

use crate::limits;
use line::lines;

/// What a log says of one start of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Whose it is.
    pub source: Source,
    /// Memory by device or rank, and of the machine's RAM.
    pub places: Vec<Place>,
    /// Cards as a driver names them.
    pub cards: Vec<Card>,
    /// How the engine was started.
    pub options: Options,
    /// Tokens the cache has room for, all sequences.
    pub tokens: Option<u64>,
    /// How many requests of that many tokens run at once: `(tokens, requests)`.
    pub concurrency: Option<(u64, f64)>,
    /// Layers on devices, and layers in all, the output counted as one.
    pub layers: Option<(u64, u64)>,
    /// Tokens of a prompt that were read, and how many of them a second.
    pub read: Option<(u64, f64)>,
    /// Tokens that were written, and how many of them a second.
    pub written: Option<(u64, f64)>,
    /// How many starts or models the text holds; this is the last start, or the largest model.
    pub starts: u64,
    /// Why the engine stopped, where it did.
    pub failed: Option<&'static str>,
}

/// How an engine was started, as it prints that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Hub id, path or name of the model.
    pub model: Option<String>,
    /// Version of the engine.
    pub version: Option<String>,
    /// Format of weights and activations.
    pub dtype: Option<String>,
    /// Quantisation of the weights; a file's type.
    pub quantisation: Option<String>,
    /// Format of cached keys, or of both.
    pub keys: Option<String>,
    /// Format of cached values.
    pub values: Option<String>,
    /// Longest sequence, tokens.
    pub context: Option<u64>,
    /// Sequences the cache is cut for.
    pub sequences: Option<u64>,
    /// Most sequences at once.
    pub max_sequences: Option<u64>,
    /// Most tokens of a step.
    pub max_tokens: Option<u64>,
    /// Tokens of a prompt that run at once.
    pub micro_batch: Option<u64>,
    /// Devices that share each layer.
    pub tensor: Option<u64>,
    /// Stages of the pipeline.
    pub pipeline: Option<u64>,
    /// Copies with sequences of their own.
    pub replicas: Option<u64>,
    /// Share of a device's memory, 0 to 1.
    pub fraction: Option<f64>,
    /// Parameters, as printed in billions.
    pub parameters: Option<f64>,
    /// Bits a weight, as printed.
    pub bits: Option<f64>,
    /// Whether drafts of a second model are verified.
    pub speculative: bool,
}

/// Why a text says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Longer than any.
    #[error("{0}")]
    TooLong(String),
    /// Nobody's.
    #[error(
        "This is no log that is known here: none of its lines is one of vLLM, SGLang, llama.cpp, Ollama, MLX or nvidia-smi about memory."
    )]
    Unknown,
    /// Somebody's, without figures.
    #[error(
        "This is a log of {0}, but no line of it says how much memory anything takes. It must reach to the end of the start."
    )]
    Silent(&'static str),
}

impl Log {
    /// A place by its name, made where it is new; none where there are too many.
    fn place(&mut self, name: &str, host: bool) -> Option<&mut Place> {
        if let Some(at) = self.places.iter().position(|place| place.name == name) {
            return self.places.get_mut(at);
        }
        if self.places.len() >= limits::LOG_PLACES {
            return None;
        }
        let name = name.chars().take(limits::NAME).collect();
        self.places.push(Place::new(name, host));
        self.places.last_mut()
    }
    /// Sets what a place holds of something.
    fn put(&mut self, place: &str, part: Part, value: Option<Printed>) {
        if let (Some(value), Some(place)) = (value, self.place(place, false)) {
            place.set(part, value);
        }
    }
    /// The device that holds most; the machine where there is no other place.
    pub fn fullest(&self) -> Option<&Place> {
        let devices = self.places.iter().filter(|place| !place.host && !place.is_empty());
        devices
            .max_by_key(|place| place.bytes())
            .or_else(|| self.places.iter().find(|place| !place.is_empty()))
    }
    /// A part of all devices together, or of the machine.
    pub fn all(&self, part: Part, host: bool) -> Option<Printed> {
        let places = self.places.iter().filter(|place| place.host == host);
        places.filter_map(|place| place.get(part)).reduce(Printed::plus)
    }
    /// Devices that are told of one by one.
    pub fn devices(&self) -> usize {
        self.places
            .iter()
            .filter(|place| !place.host && !place.is_empty())
            .count()
    }
    fn is_empty(&self) -> bool {
        self.places.iter().all(Place::is_empty)
            && self.cards.iter().all(|card| card.used.is_none())
            && self.tokens.is_none()
            && self.written.is_none()
    }
}

/// Reads a log.
///
/// # Errors
/// It is too long, nobody's, or says nothing of memory.
pub fn read(text: &str) -> Result<Log, LogError> {
    if limits::LOG.is_passed_by(text.as_bytes()) {
        return Err(LogError::TooLong(limits::LOG.refusal("This log")));
    }
    let source = source_of(text).ok_or(LogError::Unknown)?;
    let mut log = Log {
        source,
        ..Log::default()
    };
    let mut smi = nvidia_smi::Reader::default();
    let mut gguf = llama_cpp::Reader::default();
    for line in lines(text) {
        match source {
            Source::Vllm => vllm::take(&mut log, &line),
            Source::Sglang => sglang::take(&mut log, &line),
            Source::LlamaCpp => gguf.take(&mut log, &line.text),
            Source::Ollama => {
                gguf.take(&mut log, &line.text);
                ollama::take(&mut log, &line.text);
            }
            Source::Mlx => mlx::take(&mut log, &line.text),
            Source::NvidiaSmi => {}
        }
        smi.take(&mut log, &line.text);
    }
    match source {
        Source::Vllm => vllm::finish(&mut log),
        Source::Sglang => sglang::finish(&mut log),
        Source::LlamaCpp | Source::Ollama => gguf.finish(&mut log),
        Source::Mlx | Source::NvidiaSmi => {}
    }
    log.starts = log.starts.max(1);
    if log.is_empty() && log.failed.is_none() {
        return Err(LogError::Silent(source.label()));
    }
    Ok(log)
}
