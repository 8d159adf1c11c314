//! Which engine runs which kind of file.

use crate::hardware::Engine;
use crate::model::quantisation::WeightFileKind;

/// The engine most used for a kind of file.
pub const fn usual_engine(container: WeightFileKind) -> Engine {
    match container {
        WeightFileKind::Safetensors => Engine::Vllm,
        WeightFileKind::Gguf => Engine::LlamaCpp,
        WeightFileKind::Mlx => Engine::Mlx,
        WeightFileKind::Exl2 => Engine::ExLlamaV2,
        WeightFileKind::Exl3 => Engine::ExLlamaV3,
    }
}

/// The kind of file an engine is made for.
pub const fn usual_container(engine: Engine) -> WeightFileKind {
    match engine {
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm | Engine::Transformers => WeightFileKind::Safetensors,
        Engine::LlamaCpp => WeightFileKind::Gguf,
        Engine::Mlx => WeightFileKind::Mlx,
        Engine::ExLlamaV2 => WeightFileKind::Exl2,
        Engine::ExLlamaV3 => WeightFileKind::Exl3,
    }
}
