//! What a search of the Hub can be narrowed by: one table, from which the address, the request and the menus are made.
//!
//! The parameters are those of `GET /api/models` (huggingface_hub `list_models`): `filter` takes any tag and may stand
//! several times, all of which must hold; `num_parameters` is a range.

use strum::{EnumCount, EnumIter};

/// A narrowing of which one value is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, EnumCount, EnumIter)]
pub enum Filter {
    /// What the model is for.
    Task,
    /// The format of its files, or of its numbers.
    Format,
    /// How many parameters.
    Size,
    /// Its licence.
    Licence,
    /// Which library it was made for.
    Library,
    /// Whether its terms must be accepted.
    Gated,
    /// The order.
    Sort,
}

/// A value of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its key in links and flags; empty is any.
    pub key: &'static str,
    /// Its name.
    pub label: &'static str,
    /// What is sent, `name=value`, without escapes; empty where nothing is.
    pub sent: &'static str,
}

const fn row(key: &'static str, label: &'static str, sent: &'static str) -> Choice {
    Choice { key, label, sent }
}

const TASKS: [Choice; 8] = [
    row("", "any", ""),
    row("text", "text", "pipeline_tag=text-generation"),
    row("image-text", "images and text", "pipeline_tag=image-text-to-text"),
    row("audio-text", "sound and text", "pipeline_tag=audio-text-to-text"),
    row("any-to-any", "any to any", "pipeline_tag=any-to-any"),
    row("text2text", "text to text", "pipeline_tag=text2text-generation"),
    row("embedding", "embeddings", "pipeline_tag=feature-extraction"),
    row("fill-mask", "masked words", "pipeline_tag=fill-mask"),
];
const FORMATS: [Choice; 12] = [
    row("", "any", ""),
    row("gguf", "GGUF", "filter=gguf"),
    row("safetensors", "safetensors", "filter=safetensors"),
    row("mlx", "MLX", "filter=mlx"),
    row("awq", "AWQ", "filter=awq"),
    row("gptq", "GPTQ", "filter=gptq"),
    row("fp8", "FP8", "filter=fp8"),
    row("compressed-tensors", "compressed-tensors", "filter=compressed-tensors"),
    row("bitsandbytes", "bitsandbytes", "filter=bitsandbytes"),
    row("exl2", "EXL2", "filter=exl2"),
    row("exl3", "EXL3", "filter=exl3"),
    row("onnx", "ONNX", "filter=onnx"),
];
const SIZES: [Choice; 8] = [
    row("", "any", ""),
    row("4b", "up to 4 B", "num_parameters=max:4B"),
    row("9b", "up to 9 B", "num_parameters=max:9B"),
    row("15b", "up to 15 B", "num_parameters=max:15B"),
    row("40b", "up to 40 B", "num_parameters=max:40B"),
    row("80b", "up to 80 B", "num_parameters=max:80B"),
    row("250b", "up to 250 B", "num_parameters=max:250B"),
    row("over-250b", "over 250 B", "num_parameters=min:250B"),
];
const LICENCES: [Choice; 11] = [
    row("", "any", ""),
    row("apache-2.0", "Apache 2.0", "filter=license:apache-2.0"),
    row("mit", "MIT", "filter=license:mit"),
    row("bsd-3-clause", "BSD 3-Clause", "filter=license:bsd-3-clause"),
    row("llama3.1", "Llama 3.1", "filter=license:llama3.1"),
    row("llama3.3", "Llama 3.3", "filter=license:llama3.3"),
    row("llama4", "Llama 4", "filter=license:llama4"),
    row("gemma", "Gemma", "filter=license:gemma"),
    row("cc-by-4.0", "CC BY 4.0", "filter=license:cc-by-4.0"),
    row("cc-by-nc-4.0", "CC BY-NC 4.0", "filter=license:cc-by-nc-4.0"),
    row("other", "other", "filter=license:other"),
];
const LIBRARIES: [Choice; 8] = [
    row("", "any", ""),
    row("transformers", "transformers", "filter=transformers"),
    row("vllm", "vLLM", "apps=vllm"),
    row("llama.cpp", "llama.cpp", "apps=llama.cpp"),
    row("ollama", "Ollama", "apps=ollama"),
    row("lmstudio", "LM Studio", "apps=lmstudio"),
    row("mlx-lm", "mlx-lm", "apps=mlx-lm"),
    row(
        "sentence-transformers",
        "sentence-transformers",
        "filter=sentence-transformers",
    ),
];
const GATES: [Choice; 3] = [
    row("", "any", ""),
    row("no", "open to all", "gated=false"),
    row("yes", "after consent", "gated=true"),
];
const SORTS: [Choice; 6] = [
    row("", "downloads", "sort=downloads"),
    row("trending", "trending", "sort=trendingScore"),
    row("likes", "likes", "sort=likes"),
    row("updated", "last changed", "sort=lastModified"),
    row("created", "newest", "sort=createdAt"),
    row("size", "parameters", "sort=num_parameters"),
];

impl Filter {
    /// Its values, the usual one first.
    pub const fn choices(self) -> &'static [Choice] {
        match self {
            Self::Task => &TASKS,
            Self::Format => &FORMATS,
            Self::Size => &SIZES,
            Self::Licence => &LICENCES,
            Self::Library => &LIBRARIES,
            Self::Gated => &GATES,
            Self::Sort => &SORTS,
        }
    }
    /// Its key in links and flags.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Format => "format",
            Self::Size => "size",
            Self::Licence => "licence",
            Self::Library => "library",
            Self::Gated => "gated",
            Self::Sort => "sort",
        }
    }
    /// Its name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Task => "Task",
            Self::Format => "Format",
            Self::Size => "Size",
            Self::Licence => "Licence",
            Self::Library => "Runs with",
            Self::Gated => "Access",
            Self::Sort => "Sort",
        }
    }
    /// The value of a key, or of its name in any case.
    pub fn choice(self, key: &str) -> Option<&'static Choice> {
        let is = |one: &&Choice| one.key.eq_ignore_ascii_case(key) || one.label.eq_ignore_ascii_case(key);
        self.choices().iter().find(is)
    }
}
