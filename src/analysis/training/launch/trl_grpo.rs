//! GRPO with TRL on accelerate.
//!
//! Options: TRL `scripts/grpo.py`, `trainer/grpo_config.py`; all others as in `trl.rs`.

use super::basis::RunBasis;
use super::{accelerate, trl};
use crate::analysis::launch::{Draft, Launch};
use crate::scenario::training::Switch;

/// The scale of the distance to a reference model in the paper (Shao 2024, arXiv 2402.03300, section 4.2).
const USUAL_BETA: &str = "0.04";

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let (config, config_notes) = accelerate::config(run);
    let mut out = Draft::new("accelerate launch --config_file accelerate.yaml -m trl.scripts.grpo");
    out.before(config.written_to("accelerate.yaml"));
    trl::model(run, &mut out);
    let choice = &run.basis.setup.scenario.training;
    let answer = choice.answer_tokens.unwrap_or(run.plan.sequence / 2);
    out.flag("--dataset_name", "DATASET", "Prompts.")
        .flag(
            "--reward_funcs",
            "REWARD",
            "Weighs answers: the dotted path of a function of your own, or one of TRL's such as accuracy_reward.",
        )
        .flag("--max_completion_length", answer, "Tokens of an answer at most.");
    let held = choice.reference_model != Some(Switch::Off);
    out.flag(
        "--beta",
        if held { USUAL_BETA } else { "0" },
        if held {
            "A reference model holds the policy back; the value is usual, no part of the estimate."
        } else {
            "No reference model."
        },
    )
    .flag("--use_vllm", true, "Answers are written by vLLM.")
    .flag("--vllm_mode", "colocate", "On the same devices, in turns.")
    .flag(
        "--vllm_enable_sleep_mode",
        true,
        "Its weights and cache make room while the policy is trained.",
    );
    trl::steps(run, &mut out);
    trl::precision(run, &mut out);
    trl::optimizer(run, &mut out);
    out.flag("--output_dir", "out", "Where checkpoints go.");
    for note in config_notes.into_iter().chain(run.formats_apart("TRL")) {
        out.note(note);
    }
    out.note("Put your prompts in the place of DATASET and what weighs an answer in the place of REWARD. A batch counts answers; how many belong to one prompt is TRL's own (`--num_generations`).");
    out.note(format!(
        "Prompts are not cut: those longer than {} tokens need more than was weighed.",
        run.plan.sequence.saturating_sub(answer)
    ));
    let mut made = out.finish();
    made.flags.splice(0..0, config.flags);
    made
}
