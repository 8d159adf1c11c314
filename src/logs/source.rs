//! Whose log a text is: by phrases that nothing else prints.

use super::line::lines;

/// Who printed a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// vLLM.
    #[default]
    Vllm,
    /// SGLang.
    Sglang,
    /// llama.cpp, and whatever is built on it.
    #[strum(serialize = "llama.cpp")]
    LlamaCpp,
    /// Ollama, whose log holds that of llama.cpp.
    Ollama,
    /// mlx-lm.
    Mlx,
    /// NVIDIA's tool: no engine.
    NvidiaSmi,
}

impl Source {
    /// Its key.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Its name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Vllm => "vLLM",
            Self::Sglang => "SGLang",
            Self::LlamaCpp => "llama.cpp",
            Self::Ollama => "Ollama",
            Self::Mlx => "MLX",
            Self::NvidiaSmi => "nvidia-smi",
        }
    }
    /// The engine's key; none of what is no engine.
    pub const fn engine(self) -> Option<&'static str> {
        match self {
            Self::Vllm => Some("vllm"),
            Self::Sglang => Some("sglang"),
            Self::LlamaCpp | Self::Ollama => Some("llama.cpp"),
            Self::Mlx => Some("mlx"),
            Self::NvidiaSmi => None,
        }
    }
}

/// Phrases by which a log is known.
const MARKS: &[(Source, &str)] = &[
    (Source::Vllm, "Model loading took "),
    (Source::Vllm, "Loading model weights took "),
    (Source::Vllm, "GPU KV cache size: "),
    (Source::Vllm, "Available KV cache memory: "),
    (Source::Vllm, "LLM engine (v"),
    (Source::Vllm, " GiB for peak activation"),
    (Source::Vllm, "Graph capturing finished in "),
    (Source::Vllm, "vLLM API server version"),
    (Source::Sglang, "Load weight end."),
    (Source::Sglang, "KV Cache is allocated."),
    (Source::Sglang, "max_total_num_tokens="),
    (Source::Sglang, "server_args=ServerArgs("),
    (Source::Sglang, "Memory pool end."),
    (Source::LlamaCpp, " model buffer size = "),
    (Source::LlamaCpp, " KV buffer size = "),
    (Source::LlamaCpp, " compute buffer size = "),
    (Source::LlamaCpp, "load_tensors: "),
    (Source::LlamaCpp, "llama_context: "),
    (Source::LlamaCpp, "llama_model_loader: "),
    (Source::LlamaCpp, "memory breakdown [MiB]"),
    (Source::Ollama, " source=sched.go:"),
    (Source::Ollama, " source=server.go:"),
    (Source::Ollama, " source=llama_server.go:"),
    (Source::Ollama, " source=device.go:"),
    (Source::Ollama, " source=types.go:"),
    (Source::Mlx, "tokens-per-sec"),
    (Source::Mlx, "Peak memory: "),
    (Source::NvidiaSmi, "NVIDIA-SMI "),
    (Source::NvidiaSmi, "MiB / "),
    (Source::NvidiaSmi, "memory.used"),
];

/// Whose log a text is, if it is one. Ollama's is Ollama's whatever its runner prints; an engine's with nvidia-smi's table below
/// is the engine's.
pub fn source_of(text: &str) -> Option<Source> {
    let mut seen: Vec<(Source, u32)> = Vec::new();
    for line in lines(text) {
        for (source, _) in MARKS.iter().filter(|(_, mark)| line.text.contains(mark)) {
            match seen.iter_mut().find(|(known, _)| known == source) {
                Some((_, count)) => *count = count.saturating_add(1),
                None => seen.push((*source, 1)),
            }
        }
    }
    let has = |source: Source| seen.iter().any(|(known, _)| *known == source);
    if has(Source::Ollama) {
        return Some(Source::Ollama);
    }
    let engines = seen.iter().filter(|(source, _)| *source != Source::NvidiaSmi);
    let best = engines.max_by_key(|(_, count)| *count).map(|(source, _)| *source);
    best.or_else(|| has(Source::NvidiaSmi).then_some(Source::NvidiaSmi))
}
