//! Programs that start a run, and which state of them the options were read in.

use crate::analysis::setup::Setup;
use crate::analysis::training::Training;
use crate::scenario::training::Framework;

/// A program that trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub enum Program {
    /// TRL on accelerate, with DeepSpeed or FSDP where several devices train.
    Trl,
    /// torchtitan.
    Torchtitan,
    /// Megatron-LM.
    Megatron,
    /// torchtune.
    Torchtune,
    /// Axolotl.
    Axolotl,
    /// LLaMA-Factory.
    LlamaFactory,
    /// Unsloth.
    Unsloth,
    /// LitGPT.
    Litgpt,
    /// LLM Foundry.
    LlmFoundry,
    /// MaxText.
    Maxtext,
    /// Transformers' own scripts, for models with an encoder.
    Examples,
}

/// The state of a program whose options were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its repository on GitHub.
    pub repository: &'static str,
    /// Version, or the beginning of the commit.
    pub version: &'static str,
    /// Day of that commit.
    pub date: &'static str,
}

const fn known(repository: &'static str, version: &'static str, date: &'static str) -> Known {
    Known {
        repository,
        version,
        date,
    }
}

impl Program {
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Trl => "TRL",
            Self::Torchtitan => "torchtitan",
            Self::Megatron => "Megatron-LM",
            Self::Torchtune => "torchtune",
            Self::Axolotl => "Axolotl",
            Self::LlamaFactory => "LLaMA-Factory",
            Self::Unsloth => "Unsloth",
            Self::Litgpt => "LitGPT",
            Self::LlmFoundry => "LLM Foundry",
            Self::Maxtext => "MaxText",
            Self::Examples => "Transformers' scripts",
        }
    }
    /// Its name in JSON.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Trl => "trl",
            Self::Torchtitan => "torchtitan",
            Self::Megatron => "megatron-lm",
            Self::Torchtune => "torchtune",
            Self::Axolotl => "axolotl",
            Self::LlamaFactory => "llama-factory",
            Self::Unsloth => "unsloth",
            Self::Litgpt => "litgpt",
            Self::LlmFoundry => "llm-foundry",
            Self::Maxtext => "maxtext",
            Self::Examples => "transformers-examples",
        }
    }
    /// What its options were read in. TRL's are joined by accelerate 1.15 (16cb6eb, 2026-07-24), DeepSpeed (edaa722,
    /// 2026-08-22) and the trainer of transformers 5.23.
    pub const fn known(self) -> Known {
        match self {
            Self::Trl => known("huggingface/trl", "1.10 (f2cd577)", "2026-07-24"),
            Self::Torchtitan => known("pytorch/torchtitan", "b5bcd76", "2026-08-21"),
            Self::Megatron => known("NVIDIA/Megatron-LM", "d98e8a6", "2026-08-22"),
            Self::Torchtune => known("pytorch/torchtune", "0.7 (bd2a0fc)", "2026-04-23"),
            Self::Axolotl => known("axolotl-ai-cloud/axolotl", "0.18 (067b021)", "2026-07-24"),
            Self::LlamaFactory => known("hiyouga/LLaMA-Factory", "0.9.6 (ff6d4d1)", "2026-08-18"),
            Self::Unsloth => known("unslothai/unsloth", "2026.8.19 (015bdef)", "2026-08-22"),
            Self::Litgpt => known("Lightning-AI/litgpt", "0.5.13 (2685705)", "2026-06-29"),
            Self::LlmFoundry => known("mosaicml/llm-foundry", "8c8dd48", "2025-07-21"),
            Self::Examples => known("huggingface/transformers", "5.8 (049d2bf)", "2026-05-06"),
            Self::Maxtext => known("AI-Hypercomputer/maxtext", "e591f30", "2026-08-22"),
        }
    }
    /// By the name people give it.
    pub fn named(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match plain.to_ascii_lowercase().as_str() {
            "trl" | "accelerate" => Self::Trl,
            "torchtitan" => Self::Torchtitan,
            "megatron" | "megatronlm" => Self::Megatron,
            "torchtune" => Self::Torchtune,
            "axolotl" => Self::Axolotl,
            "llamafactory" => Self::LlamaFactory,
            "unsloth" => Self::Unsloth,
            "litgpt" => Self::Litgpt,
            "llmfoundry" | "composer" => Self::LlmFoundry,
            "maxtext" => Self::Maxtext,
            "transformersexamples" | "examples" => Self::Examples,
            _ => return None,
        })
    }
}

/// Programs that run a framework as it was weighed, the usual one first.
pub const fn programs(framework: Framework) -> &'static [Program] {
    match framework {
        Framework::Transformers | Framework::Deepspeed | Framework::Fsdp => {
            &[Program::Trl, Program::Axolotl, Program::LlamaFactory]
        }
        Framework::Torchtitan => &[Program::Torchtitan],
        Framework::Torchtune => &[Program::Torchtune],
        Framework::Megatron => &[Program::Megatron],
        Framework::Unsloth => &[Program::Unsloth, Program::LlamaFactory],
        Framework::Litgpt => &[Program::Litgpt],
        Framework::LlmFoundry => &[Program::LlmFoundry],
        Framework::Maxtext => &[Program::Maxtext],
        Framework::Internevo | Framework::Colossalai => &[],
    }
}

/// Programs that run what was weighed: a model with an encoder is trained by transformers' own scripts alone.
pub fn programs_for(setup: &Setup, training: &Training) -> &'static [Program] {
    match training.plan.framework {
        Framework::Transformers | Framework::Deepspeed | Framework::Fsdp if setup.reads_apart() => &[Program::Examples],
        framework => programs(framework),
    }
}
