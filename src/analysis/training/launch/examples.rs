//! Transformers' own scripts for encoders, on accelerate: the Trainer with the class that was weighed.
//!
//! Options: transformers `examples/pytorch` (`language-modeling/run_mlm.py`, `text-classification/run_classification.py`,
//! `token-classification/run_ner.py`, `question-answering/run_qa.py`) and `training_args.py`.

use super::accelerate;
use super::basis::{RunBasis, Shares};
use super::trl;
use crate::analysis::launch::{Draft, Launch};
use crate::model::Purpose;
use crate::scenario::AttentionKernel;
use crate::scenario::training::{Framework, TrainingPrecision, Zero};

/// The script of a purpose, inside the folder of examples.
const fn script(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Masked => Some("language-modeling/run_mlm.py"),
        Purpose::Texts => Some("text-classification/run_classification.py"),
        Purpose::Tokens => Some("token-classification/run_ner.py"),
        Purpose::Answers => Some("question-answering/run_qa.py"),
        Purpose::Plain | Purpose::Pretraining => None,
    }
}

/// The command, or why there is none.
///
/// # Errors
/// A sentence.
pub(super) fn launch(run: &RunBasis<'_>) -> Result<Launch, String> {
    let plan = run.plan;
    let purpose = run.basis.setup.blueprint.purpose;
    let Some(script) = purpose.and_then(script) else {
        return Err(format!(
            "There is no command for embeddings: sentence-transformers is called from Python (SentenceTransformerTrainer with MultipleNegativesRankingLoss; per_device_train_batch_size counts pairs, here {}).",
            (plan.micro_batch / 2).max(1)
        ));
    };
    if plan.adapters.is_some() {
        return Err(format!(
            "There is no command for adapters of an encoder: transformers' script (examples/pytorch/{script}) trains all parameters. Put PEFT's get_peft_model around its model."
        ));
    }
    let (config, config_notes) = accelerate::config(run);
    let mut out = Draft::with(format!(
        "accelerate launch --config_file accelerate.yaml examples/pytorch/{script}"
    ));
    out.before(config.written_to("accelerate.yaml"));
    out.flag("--model_name_or_path", &run.basis.model, "The model.");
    if let Some(revision) = &run.basis.revision {
        out.flag("--model_revision", revision, "The revision the estimate is of.");
    }
    out.flag("--dataset_name", "DATASET", "What is trained on.")
        .flag("--max_seq_length", plan.sequence, "Tokens of a sequence.")
        .flag_if(
            purpose != Some(Purpose::Masked),
            "--pad_to_max_length",
            true,
            "All sequences are as long, as the estimate takes them.",
        )
        .switch_if(true, "--do_train", "It trains.");
    trl::steps(run, &mut out);
    trl::precision(run, &mut out);
    trl::optimizer(run, &mut out);
    out.flag("--output_dir", "out", "Where checkpoints go.");
    if plan.activation_offload {
        out.note(
            "The script has no option to keep activations in RAM: they stay on the device, beside what was weighed.",
        );
    }
    if !run.finetunes() {
        out.note("The script goes on from the weights of the checkpoint, which pretraining does not.");
    }
    if plan.precision == TrainingPrecision::Bf16 {
        out.note("The script has no option for the format of the weights: it takes that of the checkpoint, where 16 bits were weighed.");
    }
    match plan.attention {
        AttentionKernel::Sdpa => {}
        AttentionKernel::Flash => {
            out.note("The script has no option for the kernel of attention: transformers takes SDPA by itself, the same kernel where neither windows nor padding ask for a mask.");
        }
        AttentionKernel::Eager => {
            out.note("The script has no option for the kernel of attention: transformers takes SDPA by itself, which writes no scores.");
        }
    }
    let sharded = plan.framework == Framework::Fsdp && plan.zero != Zero::None;
    let shares = Shares {
        tensor: sharded,
        hybrid: true,
        ..Shares::default()
    };
    let missing = run.beyond("The script", shares).into_iter();
    for note in missing.chain(config_notes).chain(run.formats_apart("The script")) {
        out.note(note);
    }
    if purpose != Some(Purpose::Masked) {
        out.note("Labels are those of the data set, whatever the config says. Sequences that are padded keep a mask besides, in each layer.");
    }
    out.note(
        "Put your data set in the place of DATASET; examples/pytorch is a folder of transformers' repository. The learning rate is the trainer's own: it is no part of the estimate.",
    );
    let mut made = out.finish();
    made.flags.splice(0..0, config.flags);
    Ok(made)
}
