//! LLaMA-Factory: one file.
//!
//! Keys: `src/llamafactory/hparams` (`model_args.py`, `data_args.py`, `finetuning_args.py`, `training_args.py`) and
//! transformers `training_args.py`; DeepSpeed's and accelerate's files: `examples`.

use super::basis::{RunBasis, Shares};
use super::lines::Yaml;
use crate::analysis::launch::{Language, Launch};
use crate::scenario::training::{BaseWeights, Framework, Loss, Optimizer, TrainingPrecision, Zero};
use crate::scenario::{AttentionKernel, Recompute};

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut out = Yaml::default();
    let mut notes = Vec::new();
    out.text("model_name_or_path", &run.basis.model, "The model.");
    if let Some(revision) = &run.basis.revision {
        out.text("model_revision", revision, "The revision the estimate is of.");
    }
    out.text(
        "stage",
        if run.finetunes() { "sft" } else { "pt" },
        if run.finetunes() {
            "Answers to prompts."
        } else {
            "Plain text."
        },
    )
    .plain("do_train", true, "It trains.");
    adapters(run, &mut out, &mut notes);
    if !run.finetunes() {
        out.plain("train_from_scratch", true, "Weights begin at random.");
    }
    out.text(
        "dataset",
        "DATASET",
        "What is trained on: a name in `data/dataset_info.json`.",
    )
    .text(
        "template",
        "TEMPLATE",
        "The model's way to write turns: a name of `src/llamafactory/data/template.py`.",
    )
    .plain("cutoff_len", plan.sequence, "Tokens of a sequence.")
    .plain("packing", true, "Sequences are filled up, as the estimate takes them.")
    .plain(
        "per_device_train_batch_size",
        plan.micro_batch,
        "Sequences at once on each device.",
    )
    .plain("gradient_accumulation_steps", plan.accumulation, run.why_accumulation());
    match run.steps {
        Some(steps) => out.plain("max_steps", steps, run.why_steps()),
        None => out.plain("num_train_epochs", 1, "Once over the data: no tokens were given."),
    };
    out.plain(
        "learning_rate",
        run.usual_rate(),
        "A usual value; no part of the estimate.",
    )
    .text("lr_scheduler_type", run.trainer_schedule().0, run.trainer_schedule().1);
    if let Some(warm) = run.warm_up() {
        out.plain("warmup_steps", warm, "Share of the steps that warm up.");
    }
    precision(run, &mut out, &mut notes);
    memory(run, &mut out, &mut notes);
    let start = parallel(run, &mut out, &mut notes);
    out.text("output_dir", "out", "Where checkpoints go.");
    notes.extend(run.formats_apart("LLaMA-Factory"));
    notes.push("Put your data set and the model's template in the places of DATASET and TEMPLATE.".to_owned());
    Launch {
        command: format!("{}\n{start}", out.written_to("run.yaml")),
        language: Language::Shell,
        flags: out.flags,
        notes,
    }
}

fn adapters(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let Some(adapters) = &run.plan.adapters else {
        out.text("finetuning_type", "full", "All parameters are trained.");
        return;
    };
    out.text("finetuning_type", "lora", "Adapters are trained beside a frozen base.")
        .plain("lora_rank", adapters.rank, "Their rank.")
        .plain(
            "lora_alpha",
            run.alpha(),
            "Their scale: usually twice the rank, no part of the estimate.",
        )
        .text(
            "lora_target",
            &if run.targets_all() {
                "all".to_owned()
            } else {
                run.targets().join(",")
            },
            "Layers that get adapters.",
        )
        .plain_if(adapters.magnitudes, "use_dora", true, "Adapters with magnitudes.");
    let bits = match adapters.base {
        BaseWeights::Nf4 | BaseWeights::Nf4Double => 4,
        BaseWeights::Int8 => 8,
        BaseWeights::Int4 | BaseWeights::Fp8 => {
            notes.push(format!(
                "LLaMA-Factory does not make {} of a base: load a checkpoint that is quantised so.",
                adapters.base.label()
            ));
            return;
        }
        BaseWeights::Bf16 | BaseWeights::Fp32 => return,
    };
    out.text(
        "quantization_method",
        "bnb",
        "bitsandbytes quantises the base while it is loaded.",
    )
    .plain("quantization_bit", bits, "Bits of a weight.");
    if bits == 4 {
        out.text("quantization_type", "nf4", "NormalFloat in blocks of 64.")
            .plain(
                "double_quantization",
                adapters.base == BaseWeights::Nf4Double,
                "Whether its scales are quantised too.",
            );
    }
}

fn precision(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    match plan.precision {
        TrainingPrecision::Fp32 => out.plain("bf16", false, "Everything in FP32."),
        TrainingPrecision::Bf16 if plan.adapters.is_none() => {
            out.plain("pure_bf16", true, "Everything in BF16, without casts.")
        }
        TrainingPrecision::Bf16 => {
            notes.push("LLaMA-Factory trains adapters under autocast; the estimate is of none.".to_owned());
            out.plain("bf16", true, "Products in BF16.")
        }
        TrainingPrecision::Fp16Mixed => out.plain("fp16", true, "Products in FP16 with a scaled loss."),
        TrainingPrecision::Bf16Mixed => out.plain("bf16", true, "Products in BF16 on FP32 masters."),
        TrainingPrecision::Fp8Mixed => {
            out.plain("bf16", true, "What is not FP8 is in BF16.")
                .plain("fp8", true, "Products in FP8.")
        }
        TrainingPrecision::Mxfp8Mixed | TrainingPrecision::Nvfp4Mixed => {
            notes.push(format!("LLaMA-Factory has FP8, no {}.", plan.precision.label()));
            out.plain("bf16", true, "Products in BF16.")
        }
    };
}

fn memory(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    match (run.trainer_optimizer(), plan.optimizer) {
        (Some(name), _) => {
            out.text("optim", name, plan.optimizer.label());
        }
        (None, Optimizer::Muon) => {
            out.plain("use_muon", true, plan.optimizer.label());
        }
        (None, other) => notes.push(format!("LLaMA-Factory has no {} by a name.", other.label())),
    }
    out.plain(
        "disable_gradient_checkpointing",
        plan.recompute != Recompute::Full,
        run.why_recompute(),
    );
    if plan.recompute == Recompute::Selective {
        notes.push("LLaMA-Factory computes whole layers again or none: it keeps more than was weighed.".to_owned());
    }
    let unsloth = plan.framework == Framework::Unsloth;
    out.plain_if(unsloth, "use_unsloth", true, "Unsloth's kernels.");
    out.plain_if(
        plan.activation_offload,
        "use_unsloth_gc",
        true,
        "What is kept lies in RAM until the backward pass.",
    );
    let kernel = match plan.attention {
        AttentionKernel::Sdpa => "sdpa",
        AttentionKernel::Flash => "fa2",
        AttentionKernel::Eager => "disabled",
    };
    out.text("flash_attn", kernel, "The kernel of attention.");
    match plan.loss {
        Loss::Full => {}
        Loss::Fused if unsloth => {}
        Loss::Fused => {
            out.plain(
                "enable_liger_kernel",
                true,
                "Head and loss in one kernel, with fused norms and MLPs.",
            );
        }
        Loss::Chunked => {
            notes.push("LLaMA-Factory writes all logits at once: it needs more than was weighed.".to_owned())
        }
    }
    out.plain_if(plan.compiled, "torch_compile", true, "Elementwise operators are fused.");
    if plan.in_backward {
        notes.push("LLaMA-Factory updates parameters after the backward pass, not in it.".to_owned());
    }
}

/// How it is started.
fn parallel(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) -> String {
    let plan = run.plan;
    notes.extend(run.beyond("LLaMA-Factory", Shares::default()));
    let several = match run.nodes {
        1 => "FORCE_TORCHRUN=1 ".to_owned(),
        nodes => {
            format!(
                "FORCE_TORCHRUN=1 NNODES={nodes} NODE_RANK=\"$NODE_RANK\" MASTER_ADDR=\"$HEAD_NODE\" MASTER_PORT=29500 "
            )
        }
    };
    if plan.framework == Framework::Deepspeed && plan.zero != Zero::None {
        let file = match (plan.zero, plan.optimizer_offload) {
            (Zero::Weights, true) => "examples/deepspeed/ds_z3_offload_config.json",
            (Zero::Weights, false) => "examples/deepspeed/ds_z3_config.json",
            (_, true) => "examples/deepspeed/ds_z2_offload_config.json",
            (_, false) => "examples/deepspeed/ds_z2_config.json",
        };
        out.text("deepspeed", file, plan.zero.label());
        if plan.zero == Zero::States {
            notes.push(format!(
                "{file} is ZeRO-2, the nearest that LLaMA-Factory brings: set `stage` to 1 in it."
            ));
        }
        return format!("{several}llamafactory-cli train run.yaml");
    }
    if plan.zero != Zero::None && plan.devices > 1 {
        notes.push(format!(
            "Set `num_processes` to {} and `fsdp_reshard_after_forward` to {} in the file of accelerate.",
            plan.devices,
            plan.zero == Zero::Weights
        ));
        return "accelerate launch --config_file examples/accelerate/fsdp2_config.yaml src/train.py run.yaml"
            .to_owned();
    }
    if plan.optimizer_offload {
        notes.push("Only DeepSpeed moves the optimizer to RAM: choose it as the framework.".to_owned());
    }
    if plan.devices > 1 {
        format!("{several}llamafactory-cli train run.yaml")
    } else {
        "llamafactory-cli train run.yaml".to_owned()
    }
}
