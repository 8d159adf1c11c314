//! The configuration and the command that start a run as it was weighed, each value explained.
//!
//! What a program has no option for is said in a note. Learning rates are not part of an estimate: where a program demands
//! one, a usual value stands there and says so.

mod accelerate;
mod axolotl;
mod basis;
mod examples;
mod lines;
mod litgpt;
mod llama_factory;
mod llm_foundry;
mod maxtext;
mod megatron;
mod program;
mod torchtitan;
mod torchtune;
mod trl;
mod trl_grpo;
mod unsloth;

pub use program::{Known, Program, programs, programs_for};

use basis::RunBasis;

use crate::analysis::fit::Verdict;
use crate::analysis::launch::Launch;
use crate::analysis::summary::Analysis;
use crate::scenario::training::{Framework, Reinforcement};
use crate::units::UnitSystem;

/// The command that starts a run, in the words of a program; without one in those of the framework's own.
///
/// `name` is the model as it was found.
///
/// # Errors
/// A sentence: it does not fit, or no program here runs it.
pub fn launch(analysis: &Analysis, name: &str, program: Option<Program>) -> Result<Launch, String> {
    let Some(training) = &analysis.training else {
        return Err("It is no training run.".to_owned());
    };
    let framework = training.plan.framework;
    if let (Some(fit), Some(device)) = (&analysis.fit, analysis.setup.device())
        && fit.verdict != Verdict::Fits
    {
        return Err(format!(
            "There is no command: it does not fit on {}, {} are missing.",
            device.name,
            UnitSystem::Gib.bytes(fit.missing_bytes as f64)
        ));
    }
    let known = programs_for(&analysis.setup, training);
    if let Some(one) = program.filter(|one| analysis.setup.reads_apart() && *one != Program::Examples) {
        return Err(format!(
            "{} is written here for decoders alone: a model with an encoder is trained by transformers' own scripts.",
            one.label()
        ));
    }
    let rewards = analysis.setup.scenario.training.reinforcement.unwrap_or_default();
    match rewards {
        Reinforcement::None => {}
        Reinforcement::Grpo if known.contains(&Program::Trl) && program.is_none_or(|one| one == Program::Trl) => {}
        Reinforcement::Grpo => {
            return Err(
                "For GRPO there is TRL's command alone here: choose TRL, on Transformers, DeepSpeed or FSDP."
                    .to_owned(),
            );
        }
        Reinforcement::Ppo => {
            return Err("There is no command for PPO: TRL has it as a class among its experiments, to be called from Python with a value model of your own.".to_owned());
        }
    }
    let program = match program {
        Some(Program::Examples) if !known.contains(&Program::Examples) => {
            return Err(
                "Transformers' own scripts are written here for models with an encoder: choose another program for a decoder."
                    .to_owned(),
            );
        }
        Some(one) if !known.contains(&one) => {
            return Err(format!(
                "{} does not run {}: choose another framework.",
                one.label(),
                framework.label()
            ));
        }
        Some(one) => one,
        None => *known.first().ok_or_else(|| no_command(framework))?,
    };
    let basis = RunBasis::new(analysis, training, name);
    let mut made = match program {
        Program::Examples => examples::launch(&basis)?,
        Program::Trl if rewards == Reinforcement::Grpo => trl_grpo::launch(&basis),
        Program::Trl => trl::launch(&basis),
        Program::Torchtitan => torchtitan::launch(&basis),
        Program::Megatron => megatron::launch(&basis),
        Program::Torchtune => torchtune::launch(&basis),
        Program::Axolotl => axolotl::launch(&basis),
        Program::LlamaFactory => llama_factory::launch(&basis),
        Program::Unsloth => unsloth::launch(&basis),
        Program::Litgpt => litgpt::launch(&basis),
        Program::LlmFoundry => llm_foundry::launch(&basis),
        Program::Maxtext => maxtext::launch(&basis),
    };
    made.notes.extend(basis.unwritten_rate(program));
    made.notes.extend(basis.notes());
    let known = program.known();
    made.notes.push(format!(
        "Options are those of {} {} of {}.",
        program.label(),
        known.version,
        known.date
    ));
    Ok(made)
}

/// Why a framework has no command.
fn no_command(framework: Framework) -> String {
    let why = match framework {
        Framework::Internevo => {
            "a run is a file of Python with the sizes of a model of InternLM's own, which other models have no words for"
        }
        Framework::Colossalai => "a run is a program of your own that calls its plugins",
        _ => "none is known",
    };
    format!("There is no command for {} here: {why}.", framework.label())
}
