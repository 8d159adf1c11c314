//! Transformers' own scripts for encoders and encoder-decoders, on accelerate: the Trainer with the class that was weighed.
//!
//! Options: transformers `examples/pytorch` (`language-modeling/run_mlm.py`, `text-classification/run_classification.py`,
//! `token-classification/run_ner.py`, `question-answering/run_qa.py`, `summarization/run_summarization.py`,
//! `translation/run_translation.py`, `speech-recognition/run_speech_recognition_seq2seq.py`) and `training_args.py`.

use super::accelerate;
use super::basis::{RunBasis, Shares};
use super::trl;
use crate::analysis::launch::{Draft, Launch};
use crate::model::blueprint::Reading;
use crate::model::{Blueprint, Purpose};
use crate::scenario::AttentionKernel;
use crate::scenario::training::{Framework, TrainingPrecision, Zero};

const MASKED: &str = "language-modeling/run_mlm.py";
const SUMMARIES: &str = "summarization/run_summarization.py";
const TRANSLATIONS: &str = "translation/run_translation.py";
const SPEECH: &str = "speech-recognition/run_speech_recognition_seq2seq.py";

/// The script for a model, inside the folder of examples. Encoder-decoders without languages of their own get that of
/// summaries, which takes any two columns of text.
fn script(blueprint: &Blueprint) -> Option<&'static str> {
    if matches!(blueprint.reading, Reading::Both(_)) {
        return Some(match blueprint.model_type.as_str() {
            "whisper" => SPEECH,
            "marian" | "mbart" | "m2m_100" => TRANSLATIONS,
            _ => SUMMARIES,
        });
    }
    match blueprint.purpose? {
        Purpose::Masked => Some(MASKED),
        Purpose::Texts => Some("text-classification/run_classification.py"),
        Purpose::Tokens => Some("token-classification/run_ner.py"),
        Purpose::Answers => Some("question-answering/run_qa.py"),
        Purpose::Plain | Purpose::Pretraining => None,
    }
}

/// How long the sequences are, and what else a script asks of its data.
fn data(run: &RunBasis<'_>, script: &str, out: &mut Draft) {
    let plan = run.plan;
    out.flag("--dataset_name", "DATASET", "What is trained on.");
    match script {
        SPEECH => {
            out.flag(
                "--freeze_feature_encoder",
                false,
                "The whole encoder is trained, its convolutions too.",
            )
            .flag(
                "--max_duration_in_seconds",
                30,
                "Longer recordings are left out: the encoder reads 30 seconds.",
            );
            out.note(format!(
                "The script pads the words of a batch to its longest; what was weighed are {} tokens of each.",
                plan.sequence
            ));
        }
        SUMMARIES | TRANSLATIONS => {
            if script == TRANSLATIONS {
                out.flag(
                    "--source_lang",
                    "SOURCE",
                    "The language that is read, by the tokenizer's name for it.",
                )
                .flag("--target_lang", "TARGET", "The language that is written.");
            }
            out.flag("--max_source_length", plan.encoder, "Tokens that the encoder reads.")
                .flag("--max_target_length", plan.sequence, "Tokens that the decoder writes.")
                .flag(
                    "--pad_to_max_length",
                    true,
                    "All sequences are as long, as the estimate takes them.",
                );
        }
        _ => {
            out.flag("--max_seq_length", plan.sequence, "Tokens of a sequence.")
                .flag_if(
                    script != MASKED,
                    "--pad_to_max_length",
                    true,
                    "All sequences are as long, as the estimate takes them.",
                );
        }
    }
    if script == SUMMARIES && run.basis.setup.blueprint.model_type == "t5" {
        out.note("T5 was trained with a word for its task before each text: --source_prefix 'summarize: '.");
    }
}

/// The command, or why there is none.
///
/// # Errors
/// A sentence.
pub(super) fn launch(run: &RunBasis<'_>) -> Result<Launch, String> {
    let plan = run.plan;
    let Some(script) = script(&run.basis.setup.blueprint) else {
        return Err(format!(
            "There is no command for embeddings: sentence-transformers is called from Python (SentenceTransformerTrainer with MultipleNegativesRankingLoss; per_device_train_batch_size counts pairs, here {}).",
            (plan.micro_batch / 2).max(1)
        ));
    };
    if plan.adapters.is_some() {
        return Err(format!(
            "There is no command for adapters here: transformers' script (examples/pytorch/{script}) trains all parameters. Put PEFT's get_peft_model around its model."
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
    data(run, script, &mut out);
    out.switch_if(true, "--do_train", "It trains.");
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
    let labels = matches!(run.basis.setup.blueprint.purpose, Some(one) if one != Purpose::Masked);
    if matches!(run.basis.setup.blueprint.reading, Reading::Both(_)) {
        if script != SPEECH {
            out.note("Sequences that are padded keep a mask besides, in each layer.");
        }
    } else if labels {
        out.note("Labels are those of the data set, whatever the config says. Sequences that are padded keep a mask besides, in each layer.");
    }
    out.note(
        "Put your data set in the place of DATASET; examples/pytorch is a folder of transformers' repository. The learning rate is the trainer's own: it is no part of the estimate.",
    );
    let mut made = out.finish();
    made.flags.splice(0..0, config.flags);
    Ok(made)
}
