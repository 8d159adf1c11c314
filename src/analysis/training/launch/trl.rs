//! TRL on accelerate: the trainer of transformers for text.
//!
//! Options: TRL `trainer/sft_config.py`, `trainer/model_config.py`, `trainer/base_config.py`, `scripts/sft.py`; transformers
//! `training_args.py` (`OptimizerNames`) and `trainer_utils.py` (`SchedulerType`).

use super::accelerate;
use super::basis::{RunBasis, Shares};
use crate::analysis::launch::{Draft, Launch};
use crate::scenario::training::{BaseWeights, Framework, Loss, RateSchedule, TrainingPrecision, Zero};
use crate::scenario::{AttentionKernel, Recompute};

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let (config, config_notes) = accelerate::config(run);
    let mut out = Draft::new("accelerate launch --config_file accelerate.yaml -m trl.scripts.sft");
    out.before(config.written_to("accelerate.yaml"));
    model(run, &mut out);
    batch(run, &mut out);
    memory(run, &mut out);
    out.flag("--output_dir", "out", "Where checkpoints go.");
    let fsdp = plan.framework == Framework::Fsdp && plan.zero != Zero::None;
    if !run.finetunes() {
        out.note("TRL goes on from the weights of the checkpoint, which pretraining does not: to begin at random make the model with `from_config` and hand it to SFTTrainer.");
    }
    for note in run.beyond(
        "TRL",
        Shares {
            tensor: fsdp,
            context: fsdp || plan.framework == Framework::Deepspeed,
            // accelerate says what DeepSpeed cannot.
            hybrid: true,
            ..Shares::default()
        },
    ) {
        out.note(note);
    }
    for note in config_notes.into_iter().chain(run.formats_apart("TRL")) {
        out.note(note);
    }
    out.note(
        "Put your data set in the place of DATASET. The learning rate is TRL's own: it is no part of the estimate.",
    );
    let mut made = out.finish();
    made.flags.splice(0..0, config.flags);
    made
}

pub(super) fn model(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    out.flag("--model_name_or_path", &run.basis.model, "The model.");
    if let Some(revision) = &run.basis.revision {
        out.flag("--model_revision", revision, "The revision the estimate is of.");
    }
    let (dtype, why) = match plan.precision {
        // A quantised or frozen base, and what DeepSpeed keeps masters of, is 16 bits.
        TrainingPrecision::Bf16 => ("bfloat16", "Weights, and what is made of them, in 16 bits."),
        TrainingPrecision::Bf16Mixed if plan.adapters.is_some() || plan.framework == Framework::Deepspeed => {
            ("bfloat16", "Weights in 16 bits.")
        }
        _ => ("float32", "Weights are their own masters in 32 bits."),
    };
    out.flag("--dtype", dtype, why);
    let kernel = match plan.attention {
        AttentionKernel::Sdpa => "sdpa",
        AttentionKernel::Flash => "flash_attention_2",
        AttentionKernel::Eager => "eager",
    };
    out.flag("--attn_implementation", kernel, "The kernel of attention.");
    let Some(adapters) = &plan.adapters else { return };
    out.switch_if(true, "--use_peft", "Adapters are trained beside a frozen base.")
        .flag("--lora_r", adapters.rank, "Their rank.")
        .flag(
            "--lora_alpha",
            run.alpha(),
            "Their scale: usually twice the rank, no part of the estimate.",
        );
    if run.targets_all() {
        out.flag(
            "--lora_target_modules",
            "all-linear",
            "Every linear layer but the head.",
        );
    } else {
        out.words("--lora_target_modules", &run.targets(), "Layers that get adapters.");
    }
    out.switch_if(adapters.magnitudes, "--use_dora", "Adapters with magnitudes.");
    match adapters.base {
        BaseWeights::Nf4 | BaseWeights::Nf4Double => {
            out.switch_if(true, "--load_in_4bit", "The base is quantised while it is loaded.")
                .flag("--bnb_4bit_quant_type", "nf4", "NormalFloat in blocks of 64.")
                .switch_if(
                    adapters.base == BaseWeights::Nf4Double,
                    "--use_bnb_nested_quant",
                    "Its scales are quantised too.",
                );
        }
        BaseWeights::Int8 => {
            out.switch_if(true, "--load_in_8bit", "The base is quantised while it is loaded.");
        }
        BaseWeights::Int4 | BaseWeights::Fp8 => {
            out.note(format!(
                "TRL does not make {} of a base: load a checkpoint that is quantised so.",
                adapters.base.label()
            ));
        }
        BaseWeights::Bf16 | BaseWeights::Fp32 => {}
    }
}

fn batch(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    out.flag("--dataset_name", "DATASET", "What is trained on.")
        .flag("--max_length", plan.sequence, "Tokens of a sequence.")
        .switch_if(
            true,
            "--packing",
            "Sequences are filled up, as the estimate takes them.",
        );
    steps(run, out);
    precision(run, out);
}

/// How many sequences at once and how often, and how the learning rate goes.
pub(super) fn steps(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    out.flag(
        "--per_device_train_batch_size",
        plan.micro_batch,
        "Sequences at once on each device.",
    )
    .flag(
        "--gradient_accumulation_steps",
        plan.accumulation,
        run.why_accumulation(),
    );
    if let Some(steps) = run.steps {
        out.flag("--max_steps", steps, run.why_steps());
    }
    let (name, why) = run.trainer_schedule();
    if run.rate().0 == RateSchedule::StableDecay {
        out.note("The trainer's `warmup_stable_decay` asks for its steps: `--lr_scheduler_kwargs '{\"num_decay_steps\": STEPS}'`.");
    }
    out.flag("--lr_scheduler_type", name, why);
    if let Some(warm) = run.warm_up() {
        out.flag("--warmup_steps", warm, "Share of the steps that warm up.");
    }
}

/// Formats of products.
pub(super) fn precision(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    match plan.precision {
        TrainingPrecision::Fp16Mixed => out.flag("--fp16", true, "Products in FP16 with a scaled loss."),
        TrainingPrecision::Bf16Mixed => out.flag("--bf16", true, "Products in BF16."),
        TrainingPrecision::Bf16 => out.flag("--bf16", false, "No casts: weights are 16 bits already."),
        TrainingPrecision::Fp32 => out.flag("--bf16", false, "Products in FP32."),
        TrainingPrecision::Fp8Mixed => out.flag("--bf16", true, "What is not FP8 is in BF16."),
        TrainingPrecision::Mxfp8Mixed | TrainingPrecision::Nvfp4Mixed => {
            out.note(format!(
                "accelerate has FP8 with one scale a tensor, no {}.",
                plan.precision.label()
            ));
            out.flag("--bf16", true, "What is narrower is left to accelerate.")
        }
    };
}

/// The optimizer and what is computed again.
pub(super) fn optimizer(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    match run.trainer_optimizer() {
        Some(name) => {
            out.flag("--optim", name, plan.optimizer.label());
        }
        None => {
            out.note(format!(
                "The trainer of transformers has no {} by a name: hand it over as `optimizers`.",
                plan.optimizer.label()
            ));
        }
    }
    let wraps = plan.framework == Framework::Fsdp && plan.zero != Zero::None && plan.devices > 1;
    out.flag(
        "--gradient_checkpointing",
        plan.recompute == Recompute::Full && !wraps,
        if wraps { "FSDP sees to it." } else { run.why_layers() },
    );
    // Only where scores are written is there something cheap to compute again.
    if plan.recompute == Recompute::Selective && run.basis.setup.scenario.selects() && !run.basis.setup.encodes() {
        out.note(
            "The trainer computes whole layers again or none, not a part of them: it keeps more than was weighed.",
        );
    }
}

fn memory(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    optimizer(run, out);
    out.flag_if(
        plan.activation_offload,
        "--activation_offloading",
        true,
        "What is kept lies in RAM until the backward pass.",
    );
    match plan.loss {
        Loss::Full => out.flag("--loss_type", "nll", "Logits of all tokens at once."),
        Loss::Chunked => out.flag("--loss_type", "chunked_nll", "Logits of a chunk of tokens at a time."),
        Loss::Fused => out.flag(
            "--use_liger_kernel",
            true,
            "Head and loss in one kernel, with fused norms and MLPs.",
        ),
    };
    out.flag_if(
        plan.compiled,
        "--torch_compile",
        true,
        "Elementwise operators are fused.",
    );
    if plan.in_backward {
        out.note("TRL updates parameters after the backward pass, not in it.");
    }
    if plan.optimizer_offload && plan.devices == 1 && plan.framework != Framework::Deepspeed {
        out.note("On one device only DeepSpeed moves the optimizer to RAM: choose it as the framework.");
    }
}
