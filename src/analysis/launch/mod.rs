//! The command that runs what was weighed, each flag with its reason.

mod exllama;
mod llama_cpp;
mod mlx;
mod quote;
mod sglang;
mod tensorrt_llm;
mod transformers;
mod vllm;

use std::borrow::Cow;

use serde::Serialize;

use super::fit::Verdict;
use super::placement::Plan;
use super::question::Question;
use super::summary::Analysis;
use crate::hardware::Engine;
use crate::model::quantisation::Container;
use crate::scenario::{Mode, ModelSource};
use crate::units::grouped;

/// A part of the command: a flag with its value, or a line of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// As it is typed, quoted where a shell needs it.
    pub text: String,
    /// Why it is there, with what the analysis says.
    pub why: Cow<'static, str>,
}

/// A command or a short program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Launch {
    /// `shell` or `python`.
    pub language: &'static str,
    /// The whole of it, ready to be pasted.
    pub command: String,
    /// Its parts in order.
    pub flags: Vec<Flag>,
}

/// Parts as they are gathered.
#[derive(Debug, Default)]
struct Parts(Vec<Flag>);

impl Parts {
    fn add(&mut self, text: impl Into<String>, why: impl Into<Cow<'static, str>>) {
        self.0.push(Flag {
            text: text.into(),
            why: why.into(),
        });
    }
    /// The floats that weights become on loading, as vLLM and SGLang name them.
    fn dtype(&mut self, facts: &Facts<'_>) {
        let (name, why) = match facts.weights() {
            "bf16" => ("bfloat16", "weights in BF16"),
            "fp16" => ("float16", "weights in FP16"),
            "fp32" => ("float32", "weights in FP32"),
            _ => return,
        };
        self.add_if(facts.converted, format!("--dtype {name}"), why);
    }
    /// Weights in RAM, as vLLM and SGLang are told.
    fn offload(&mut self, facts: &Facts<'_>) {
        let Some(plan) = facts.plan else { return };
        let devices = facts.question.layout.devices.max(1);
        let each = plan.host_bytes.div_ceil(devices).div_ceil(1 << 30);
        self.add(
            format!("--cpu-offload-gb {each}"),
            "GiB of weights of each device that stay in RAM and are copied for each pass",
        );
    }
    fn add_if(&mut self, holds: bool, text: impl Into<String>, why: impl Into<Cow<'static, str>>) {
        if holds {
            self.add(text, why);
        }
    }
}

/// What engines take from the analysis.
struct Facts<'a> {
    question: &'a Question<'a>,
    /// The model's name or path.
    model: String,
    /// Tokens of the longest sequence asked for.
    tokens: u64,
    /// Longest that would fit.
    longest: u64,
    /// Sequences at once.
    sequences: u64,
    /// What lies in RAM.
    plan: Option<&'a Plan>,
    /// Weights in another format than published.
    converted: bool,
}

impl Facts<'_> {
    fn length(&self) -> String {
        format!(
            "prompt and answer together; up to {} would fit with this load",
            grouped(self.longest)
        )
    }
    /// Key of the weights' format.
    fn weights(&self) -> &str {
        &self.question.weights.format.id
    }
    fn kv(&self) -> &str {
        &self.question.kv.id
    }
    fn fraction(&self) -> f64 {
        let question = self.question;
        let percent = question.scenario.memory_fraction;
        percent.unwrap_or_else(|| question.engine.memory_percent()) as f64 / 100.0
    }
}

/// The command for a question that was analysed.
///
/// # Errors
/// Why there is none: no device, training, it does not fit, or the engine does not run it there.
pub fn launch(question: &Question<'_>, analysis: &Analysis) -> Result<Launch, Cow<'static, str>> {
    let scenario = &*question.scenario;
    if scenario.mode == Mode::Pretrain {
        return Err("Training is not started by these engines.".into());
    }
    let Some(fit) = &analysis.fit else {
        return Err("A command needs a device: its values follow from what fits there.".into());
    };
    match fit.verdict {
        Verdict::Unsupported => {
            return Err(format!("{} does not run it there: {}.", question.engine.label(), fit.why).into());
        }
        Verdict::DoesNotFit => return Err("It does not fit, so no command would run.".into()),
        Verdict::Fits | Verdict::Offload => {}
    }
    let facts = Facts {
        question,
        model: match &scenario.model {
            ModelSource::Id(id) if !id.is_empty() => id.clone(),
            _ => "./model".to_owned(),
        },
        tokens: scenario.prompt.saturating_add(scenario.generated()),
        longest: fit.max_context,
        sequences: scenario.batch,
        plan: fit.offload.as_ref().filter(|_| fit.verdict == Verdict::Offload),
        converted: question.weights.format != question.blueprint.published.format,
    };
    let (language, parts) = match question.engine {
        Engine::Vllm => ("shell", vllm::parts(&facts)),
        Engine::Sglang => ("shell", sglang::parts(&facts)),
        Engine::TensorRtLlm => ("shell", tensorrt_llm::parts(&facts)),
        Engine::LlamaCpp => ("shell", llama_cpp::parts(&facts)),
        Engine::Mlx => ("shell", mlx::parts(&facts)),
        Engine::Transformers => ("python", transformers::parts(&facts)),
        Engine::ExLlamaV2 => ("python", exllama::parts(&facts, 2)),
        Engine::ExLlamaV3 => ("python", exllama::parts(&facts, 3)),
    };
    let join = if language == "shell" { " \\\n  " } else { "\n" };
    let texts: Vec<&str> = parts.0.iter().map(|part| part.text.as_str()).collect();
    Ok(Launch {
        language,
        command: texts.join(join),
        flags: parts.0,
    })
}

/// Why the name of a model may have to be another: formats that are made before a model is published.
fn checkpoint(facts: &Facts<'_>, made_on_load: &[&str]) -> Cow<'static, str> {
    let container = facts.question.weights.container;
    if !facts.converted || made_on_load.contains(&facts.weights()) {
        return "the model".into();
    }
    let label = &facts.question.weights.format.label;
    match container {
        Container::Gguf => format!("a GGUF of the model in {label}; llama-quantize makes one").into(),
        _ => format!("take a checkpoint of this model published in {label} instead; it is not converted on loading")
            .into(),
    }
}
