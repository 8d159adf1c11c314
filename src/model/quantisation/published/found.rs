//! What a reader makes of a quantisation config, and the formats that several methods share.

use super::super::super::format::{Format, Scales};
use super::super::by_module::{Rules, Then};
use super::super::modules::{Form, Modules};
use super::super::parameter::{WHOLE_ROW, group};
use super::super::{Choice, Scope, Special, WeightFileKind};

/// What a quantisation config says.
#[derive(Debug)]
pub struct Found {
    /// The format of what no rule speaks of.
    pub format: Format,
    /// Which kinds of tensors are converted.
    pub scope: Scope,
    /// Tensors of a kind with a format of their own.
    pub special: Vec<Special>,
    /// Rules for single modules.
    pub rules: Rules,
    /// Whether nothing is converted but what a rule names.
    pub named_only: bool,
    /// Whether the output head is converted.
    pub head: bool,
    /// Whether towers are.
    pub towers: bool,
    /// What kind of file it is.
    pub container: WeightFileKind,
    /// The format of the cache that the checkpoint prescribes.
    pub cache: Option<Cache>,
    /// A name for people, where it is not the format's.
    pub label: Option<String>,
    /// Keys that nobody read, with their place.
    pub unread: Vec<String>,
}

/// A format of the cache as a checkpoint prescribes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Bits of a value: 8 for FP8, 4 for NVFP4.
    pub bits: u64,
    /// The key that says so.
    pub key: &'static str,
    /// Which tool's checkpoint says so.
    pub by: CacheBy,
}

/// Tools whose checkpoints prescribe a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheBy {
    /// NVIDIA Model Optimizer.
    ModelOpt,
    /// llm-compressor.
    CompressedTensors,
    /// AMD Quark.
    Quark,
}

impl Found {
    /// One format for everything in scope.
    pub fn new(format: Format, scope: Scope) -> Self {
        Self {
            format,
            scope,
            special: Vec::new(),
            rules: Rules::default(),
            named_only: false,
            head: false,
            towers: true,
            container: WeightFileKind::Safetensors,
            cache: None,
            label: None,
            unread: Vec::new(),
        }
    }
    /// One format for every matrix of a linear layer.
    pub fn matrices(format: Format) -> Self {
        Self::new(format, Scope::Matrices)
    }
    /// Leaves modules alone.
    pub fn keep(&mut self, modules: Modules) {
        self.rules.add(modules, Then::Kept);
    }
    /// Leaves alone what a list of words of names says, and whether the head is among them decides over the head: so it is
    /// with the loaders of transformers, which keep the head only where no list is given (5.24 `get_modules_to_not_convert`).
    pub fn keep_words(&mut self, listed: Option<&[&str]>) {
        self.head = listed.is_some();
        self.keep(words(listed.unwrap_or_default()));
    }
}

impl From<Choice> for Found {
    fn from(choice: Choice) -> Self {
        Self {
            special: choice.special,
            container: choice.container,
            ..Self::new(choice.format, choice.scope)
        }
    }
}

/// Names, words of names, globs and `re:` patterns, as most lists of exceptions mix them.
pub fn words(entries: &[&str]) -> Modules {
    listed(entries, Form::Words)
}

/// The same with plain names of the given form.
pub fn listed(entries: &[&str], form: Form) -> Modules {
    let mut all = Modules::default();
    for entry in entries {
        match entry.strip_prefix("re:") {
            Some(pattern) => all.regex(pattern, false),
            None => all.add(form, entry),
        }
    }
    all
}

/// A format with a label of its own.
pub fn named(id: &'static str, label: impl Into<String>, bits: u64, scales: Scales) -> Format {
    Format {
        id: id.into(),
        label: label.into().into(),
        bits,
        scales,
    }
}

/// FP8 with the given scales.
pub const fn fp8(scales: Scales) -> Format {
    Format::scaled("fp8", "FP8", 8, scales)
}

/// FP8 with a 32-bit scale for each block.
pub const fn fp8_blocks(rows: u64, columns: u64) -> Format {
    fp8(Scales::Block {
        rows,
        columns,
        bits: 32,
    })
}

/// Blocks of 16 with an FP8 scale, and two FP32 scales a tensor.
pub const fn nvfp4(size: u64) -> Format {
    Format::scaled(
        "nvfp4",
        "NVFP4",
        4,
        Scales::Group {
            size,
            bits: 8,
            column_bits: 0,
            tensor_bits: 64,
        },
    )
}

/// Microscaling formats: an 8-bit exponent for 32 weights.
pub fn microscaled(bits: u64, size: u64) -> Format {
    let id = match bits {
        4 => "mxfp4",
        6 => "mxfp6",
        _ => "mxfp8",
    };
    named(id, format!("MXFP{bits}"), bits, group(size, 8))
}

/// Whole numbers with so many bits beside each group, or each row.
pub fn integers(label: &str, bits: u64, size: u64, beside: u64) -> Format {
    let id = if bits > 4 { "int8" } else { "int4" };
    let scales = if size >= WHOLE_ROW {
        Scales::Row(beside)
    } else {
        group(size, beside)
    };
    named(id, label, bits, scales)
}
