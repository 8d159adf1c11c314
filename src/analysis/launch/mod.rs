//! The command that starts an engine as it was weighed, each of its options explained.
//!
//! Names of models come from anywhere: [`quote`] makes words of them that a shell or Python reads as text and nothing else.

mod basis;
mod draft;
mod exllama;
mod front_ends;
mod llama_cpp;
mod mlx;
pub mod quote;
mod sglang;
mod tensorrt_llm;
mod transformers;
mod vllm;

use serde::Serialize;

use super::fit::Verdict;
use super::setup::Setup;
use super::summary::Analysis;
use crate::hardware::{Engine, FrontEnd};
use crate::units::UnitSystem;
pub(in crate::analysis) use basis::Basis;
pub(in crate::analysis) use draft::Draft;

/// What a command is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Language {
    /// A POSIX shell.
    Shell,
    /// Python.
    Python,
}

/// An option of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flag {
    /// The option; empty for what stands without one, such as the model.
    pub flag: &'static str,
    /// Its value, not quoted; empty for a switch.
    pub value: String,
    /// Why it is there, in a sentence.
    pub why: String,
}

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Launch {
    /// The whole of it, ready to be pasted.
    pub command: String,
    /// What it is written in.
    pub language: Language,
    /// Its options in order.
    pub flags: Vec<Flag>,
    /// What to know or do first.
    pub notes: Vec<String>,
}

impl Launch {
    /// The command under an explanation in comments: the same text runs whether they are left in or not.
    pub fn commented(&self) -> String {
        let mut out = String::new();
        let mut comment = |text: &str| {
            out.push_str("# ");
            out.push_str(&quote::clean(text));
            out.push('\n');
        };
        for flag in &self.flags {
            let name = [flag.flag, flag.value.as_str()].join(" ");
            comment(&format!("{}: {}", name.trim(), flag.why));
        }
        for note in &self.notes {
            comment(note);
        }
        out.push_str(&self.command);
        out.push('\n');
        out
    }
}

/// The command for a question, or why there is none.
///
/// `name` is the model as it was found: a Hub id with or without `@revision`, a folder, or a file.
///
/// # Errors
/// A sentence: it does not fit, does not run, or the engine has no option for what was chosen.
pub fn launch(analysis: &Analysis, name: &str) -> Result<Launch, String> {
    let setup = &*analysis.setup;
    if setup.scenario.workload.mode.trains() {
        let planner = super::training::planner().map_err(|error| error.to_string())?;
        return (planner.launch)(analysis, name, None);
    }
    refuse(setup, analysis)?;
    let basis = Basis::new(setup, analysis, name);
    let mut made = match setup.engine {
        Engine::Vllm => vllm::launch(&basis),
        Engine::Sglang => sglang::launch(&basis),
        Engine::TensorRtLlm => tensorrt_llm::launch(&basis),
        Engine::LlamaCpp => llama_cpp::launch(&basis),
        Engine::Mlx => mlx::launch(&basis),
        Engine::Transformers => transformers::launch(&basis),
        Engine::ExLlamaV2 => exllama::launch_v2(&basis),
        Engine::ExLlamaV3 => exllama::launch_v3(&basis),
    }?;
    made.notes.extend(basis.notes());
    Ok(made)
}

/// The command in the words of a program around the engine.
///
/// # Errors
/// As [`launch`], and where the engine is not that of the program.
pub fn launch_in(analysis: &Analysis, name: &str, program: FrontEnd) -> Result<Launch, String> {
    if analysis.setup.engine != program.engine() {
        return Err(format!("{} runs {}.", program.label(), program.engine().label()));
    }
    launch(analysis, name).map(|own| front_ends::translate(&own, program))
}

/// What no engine can start.
fn refuse(setup: &Setup, analysis: &Analysis) -> Result<(), String> {
    let (Some(fit), Some(device)) = (&analysis.fit, setup.device()) else {
        return Ok(());
    };
    match fit.verdict {
        Verdict::Unsupported => Err(format!(
            "There is no command: it does not run on {} with {}: {}.",
            device.name,
            setup.engine.label(),
            fit.why
        )),
        Verdict::DoesNotFit => Err(format!(
            "There is no command: it does not fit on {}, {} are missing.",
            device.name,
            UnitSystem::Gib.bytes(fit.missing_bytes as f64)
        )),
        Verdict::Fits | Verdict::Offload => Ok(()),
    }
}
