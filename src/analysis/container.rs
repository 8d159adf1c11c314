//! Which engine runs which kind of file.

use crate::hardware::Engine;
use crate::model::quantisation::Container;

/// The engine most used for a kind of file.
pub const fn usual_engine(container: Container) -> Engine {
    match container {
        Container::Safetensors => Engine::Vllm,
        Container::Gguf => Engine::LlamaCpp,
        Container::Mlx => Engine::Mlx,
        Container::Exl2 => Engine::ExLlamaV2,
        Container::Exl3 => Engine::ExLlamaV3,
    }
}

/// The kind of file an engine is made for.
pub const fn usual_container(engine: Engine) -> Container {
    match engine {
        Engine::Vllm | Engine::Sglang | Engine::TensorRtLlm | Engine::Transformers => Container::Safetensors,
        Engine::LlamaCpp => Container::Gguf,
        Engine::Mlx => Container::Mlx,
        Engine::ExLlamaV2 => Container::Exl2,
        Engine::ExLlamaV3 => Container::Exl3,
    }
}
