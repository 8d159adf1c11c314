//! LLM Foundry: one file, started by Composer.
//!
//! Keys: `llmfoundry/utils/config_utils.py` (`TrainConfig`), `models/hf/hf_causal_lm.py` and the files of
//! `scripts/train/yamls`.

use super::basis::{RunBasis, Shares};
use super::lines::Yaml;
use crate::analysis::launch::{Language, Launch};
use crate::scenario::Recompute;
use crate::scenario::training::{Loss, Optimizer, RateSchedule, TrainingPrecision, Zero};

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut out = Yaml::default();
    let mut notes = Vec::new();
    out.plain("max_seq_len", plan.sequence, "Tokens of a sequence.");
    model(run, &mut out, &mut notes);
    out.text("tokenizer.name", &run.basis.model, "Its tokenizer.");
    data(run, &mut out, &mut notes);
    optimizer(run, &mut out, &mut notes);
    out.plain(
        "global_train_batch_size",
        plan.global_batch,
        "Sequences of an optimizer step, all devices together.",
    )
    .plain(
        "device_train_microbatch_size",
        plan.micro_batch,
        "Sequences at once on each device.",
    )
    .text(
        "max_duration",
        &run.steps.map_or_else(|| "1ep".to_owned(), |steps| format!("{steps}ba")),
        run.steps.map_or_else(
            || "Once over the data: no tokens were given.".to_owned(),
            |_| run.why_steps(),
        ),
    )
    .plain("eval_interval", 0, "Nothing is held back to test on.");
    precision(run, &mut out, &mut notes);
    sharding(run, &mut out, &mut notes);
    out.text("save_folder", "out", "Where checkpoints go.");
    said(run, &mut notes);
    let more = match run.nodes {
        0 | 1 => String::new(),
        _ => format!(
            " --world_size {} --node_rank NODE_RANK --master_addr HEAD_NODE --master_port 29500",
            plan.devices
        ),
    };
    Launch {
        command: format!(
            "{}\ncomposer -n {}{more} train.py llm-foundry.yaml",
            out.written_to("llm-foundry.yaml"),
            run.per_node
        ),
        language: Language::Shell,
        flags: out.flags,
        notes,
    }
}

fn model(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    out.text("model.name", "hf_causal_lm", "A class of transformers.")
        .text("model.pretrained_model_name_or_path", &run.basis.model, "The model.")
        .plain(
            "model.pretrained",
            run.finetunes(),
            "Whether its weights are loaded, or made at random.",
        );
    if let Some(adapters) = &run.plan.adapters {
        out.text("model.peft_config.peft_type", "LORA", "Adapters beside a frozen base.")
            .text("model.peft_config.task_type", "CAUSAL_LM", "What the model does.")
            .plain("model.peft_config.r", adapters.rank, "Their rank.")
            .plain(
                "model.peft_config.lora_alpha",
                run.alpha(),
                "Their scale: usually twice the rank, no part of the estimate.",
            );
        if run.targets_all() {
            out.text(
                "model.peft_config.target_modules",
                "all-linear",
                "Every linear layer but the head.",
            );
        } else {
            let names: Vec<String> = run.targets().iter().map(|name| format!("\"{name}\"")).collect();
            out.plain(
                "model.peft_config.target_modules",
                format!("[{}]", names.join(", ")),
                "Layers that get adapters.",
            );
        }
        if adapters.magnitudes {
            notes.push("LLM Foundry's files name no adapters with magnitudes (DoRA).".to_owned());
        }
        if run.plan.is_quantised() {
            notes.push(format!(
                "LLM Foundry quantises no base to {}: what is started needs more than was weighed.",
                adapters.base.label()
            ));
        }
    }
    if let Some(revision) = &run.basis.revision {
        notes.push(format!(
            "The estimate is of the revision {revision}: load it to a folder and name that."
        ));
    }
}

fn data(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    if run.finetunes() {
        out.text("train_loader.name", "finetuning", "Prompts with their answers.")
            .text("train_loader.dataset.hf_name", "DATASET", "What is trained on.");
    } else {
        out.text("train_loader.name", "text", "Text in shards of MosaicML's streaming.")
            .text("train_loader.dataset.local", "DATASET", "What is trained on.");
    }
    out.text("train_loader.dataset.split", "train", "The part of it.")
        .plain(
            "train_loader.dataset.max_seq_len",
            run.plan.sequence,
            "Tokens of a sequence.",
        )
        .plain("train_loader.dataset.shuffle", true, "In another order each time.");
    if run.finetunes() {
        out.text(
            "train_loader.dataset.packing_ratio",
            "auto",
            "Sequences are filled up, as the estimate takes them.",
        );
    }
    out.plain("train_loader.drop_last", true, "All batches are alike.");
    notes.push("Put your data set in the place of DATASET.".to_owned());
}

fn optimizer(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    let name = match plan.optimizer {
        Optimizer::Lion => "decoupled_lionw",
        other => {
            if other != Optimizer::Adamw {
                notes.push(format!(
                    "LLM Foundry has no {} by a name: AdamW stands there, and needs another amount of memory.",
                    other.label()
                ));
            }
            "decoupled_adamw"
        }
    };
    out.text("optimizer.name", name, plan.optimizer.label()).plain(
        "optimizer.lr",
        run.usual_rate(),
        "A usual value; no part of the estimate.",
    );
    let (schedule, warm) = run.rate();
    let name = match schedule {
        RateSchedule::Cosine => "cosine_with_warmup",
        RateSchedule::Linear => "linear_decay_with_warmup",
        RateSchedule::Constant => "constant_with_warmup",
        RateSchedule::InverseSquareRoot => "inv_sqrt_with_warmup",
        RateSchedule::StableDecay => {
            notes.push(
                "LLM Foundry has no rate that is stable and then decays: a constant one stands there.".to_owned(),
            );
            "constant_with_warmup"
        }
    };
    out.text("scheduler.name", name, "How the learning rate goes.").text(
        "scheduler.t_warmup",
        &format!("{warm}dur"),
        "Share of the run that warms up.",
    );
}

fn precision(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let precision = run.plan.precision;
    let name = match precision {
        TrainingPrecision::Fp32 => "fp32",
        TrainingPrecision::Fp16Mixed => "amp_fp16",
        TrainingPrecision::Fp8Mixed => "amp_fp8",
        _ => "amp_bf16",
    };
    out.text("precision", name, precision.label());
    if !matches!(
        precision,
        TrainingPrecision::Fp32
            | TrainingPrecision::Fp16Mixed
            | TrainingPrecision::Fp8Mixed
            | TrainingPrecision::Bf16Mixed
    ) {
        notes.push(format!(
            "LLM Foundry has no {}: masters stay in FP32 behind BF16 products.",
            precision.label()
        ));
    }
}

fn sharding(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    if plan.devices == 1 {
        return;
    }
    let strategy = match plan.zero {
        Zero::Weights if run.is_hybrid() => "HYBRID_SHARD",
        Zero::Weights => "FULL_SHARD",
        Zero::Gradients => "SHARD_GRAD_OP",
        Zero::States | Zero::None => {
            if plan.zero == Zero::States {
                notes.push(
                    "FSDP has no sharding of states alone: plain copies stand there, which need more.".to_owned(),
                );
            }
            "NO_SHARD"
        }
    };
    out.text("fsdp_config.sharding_strategy", strategy, "What ranks share.")
        .text(
            "fsdp_config.mixed_precision",
            "PURE",
            "Weights are gathered and gradients summed in 16 bits.",
        )
        .plain(
            "fsdp_config.activation_checkpointing",
            plan.recompute == Recompute::Full,
            run.why_recompute(),
        )
        .plain(
            "fsdp_config.activation_cpu_offload",
            plan.activation_offload,
            "Whether what is kept lies in RAM.",
        );
    if plan.recompute == Recompute::Selective {
        notes.push("Composer computes whole layers again or none, not a part of them.".to_owned());
    }
}

fn said(run: &RunBasis<'_>, notes: &mut Vec<String>) {
    let plan = run.plan;
    let shares = Shares {
        hybrid: true,
        ..Shares::default()
    };
    notes.extend(run.beyond("LLM Foundry", shares));
    notes.extend(run.formats_apart("LLM Foundry"));
    if plan.devices == 1 && plan.recompute != Recompute::None {
        notes.push("Layers are computed again under FSDP only, which one device does not need.".to_owned());
    }
    if plan.loss != Loss::Full {
        notes.push("Classes of transformers write all logits at once here: more than was weighed.".to_owned());
    }
    if plan.optimizer_offload {
        notes.push("LLM Foundry's files name no optimizer in RAM.".to_owned());
    }
    notes.push("Start it in `scripts/train` of LLM Foundry.".to_owned());
    if run.nodes > 1 {
        notes.push("NODE_RANK is another number on each machine, from 0.".to_owned());
    }
}
