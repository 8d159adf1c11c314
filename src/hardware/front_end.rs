//! Programs that people call their engine and that run one of ours: the engine decides memory and speed, the program has
//! words of its own for the same settings.

use super::engine::Engine;

/// A program around an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum FrontEnd {
    /// Ollama.
    Ollama,
    /// LM Studio.
    LmStudio,
    /// KoboldCpp.
    KoboldCpp,
}

impl FrontEnd {
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ollama => "Ollama",
            Self::LmStudio => "LM Studio",
            Self::KoboldCpp => "KoboldCpp",
        }
    }
    /// What runs inside.
    pub const fn engine(self) -> Engine {
        match self {
            Self::Ollama | Self::LmStudio | Self::KoboldCpp => Engine::LlamaCpp,
        }
    }
    /// By the name people give it.
    pub fn named(text: &str) -> Option<Self> {
        match plain(text).as_str() {
            "ollama" => Some(Self::Ollama),
            "lmstudio" | "lms" => Some(Self::LmStudio),
            "koboldcpp" | "kobold" => Some(Self::KoboldCpp),
            _ => None,
        }
    }
}

/// An engine by the names people give it: its own, its command's, or that of a program around it.
pub fn engine_named(text: &str) -> Option<Engine> {
    if let Ok(engine) = text.trim().parse() {
        return Some(engine);
    }
    if let Some(program) = FrontEnd::named(text) {
        return Some(program.engine());
    }
    Some(match plain(text).as_str() {
        "vllm" => Engine::Vllm,
        "sglang" | "sgl" => Engine::Sglang,
        "tensorrtllm" | "trtllm" | "tensorrt" | "trt" => Engine::TensorRtLlm,
        "transformers" | "hf" | "huggingface" | "pytorch" => Engine::Transformers,
        "llamacpp" | "llama" | "llamaserver" | "llamacli" | "gguf" | "llamafile" | "jan" | "llamacpppython" => {
            Engine::LlamaCpp
        }
        "mlx" | "mlxlm" => Engine::Mlx,
        "exllamav2" | "exllama2" | "exl2" => Engine::ExLlamaV2,
        "exllamav3" | "exllama3" | "exl3" => Engine::ExLlamaV3,
        _ => return None,
    })
}

/// Letters and digits alone, small.
fn plain(text: &str) -> String {
    let signs = text.chars().take(60).filter(|sign| sign.is_ascii_alphanumeric());
    signs.map(|sign| sign.to_ascii_lowercase()).collect()
}
