//! LitGPT: its command for fine-tuning or pretraining.
//!
//! Options: `litgpt/finetune/lora.py`, `finetune/full.py`, `pretrain.py` (arguments of `setup`), `args.py` (`TrainArgs`).

use super::basis::{RunBasis, Shares};
use crate::analysis::launch::quote::shell;
use crate::analysis::launch::{Draft, Launch};
use crate::scenario::Recompute;
use crate::scenario::training::{BaseWeights, LoraTargets, Loss, Optimizer, Target, TrainingPrecision};

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let (command, model) = match (run.finetunes(), &plan.adapters) {
        (false, _) => ("pretrain", run.basis.stem()),
        (true, Some(_)) => ("finetune_lora", &*run.basis.model),
        (true, None) => ("finetune_full", &*run.basis.model),
    };
    let mut out = Draft::with(format!("litgpt {command} {}", shell(model)));
    precision(run, &mut out);
    out.flag("--devices", run.per_node, "Devices of each machine.")
        .flag("--num_nodes", run.nodes, "Machines.")
        .flag(
            "--train.micro_batch_size",
            plan.micro_batch,
            "Sequences at once on each device.",
        )
        .flag(
            "--train.global_batch_size",
            plan.global_batch,
            "Sequences of an optimizer step, all devices together.",
        )
        .flag("--train.max_seq_length", plan.sequence, "Tokens of a sequence.");
    match (run.finetunes(), run.steps, plan.tokens) {
        (true, Some(steps), _) => {
            out.flag("--train.max_steps", steps, run.why_steps());
        }
        (false, _, Some(tokens)) => {
            out.flag("--train.max_tokens", tokens, "Tokens of the whole run.");
        }
        _ => {}
    }
    if let Some(warm) = run.warm_up() {
        out.flag("--train.lr_warmup_fraction", warm, "Share of the steps that warm up.");
    }
    adapters(run, &mut out);
    optimizer(run, &mut out);
    said(run, &mut out);
    out.finish()
}

fn precision(run: &RunBasis<'_>, out: &mut Draft) {
    let precision = run.plan.precision;
    let name = match precision {
        TrainingPrecision::Fp32 => "32-true",
        TrainingPrecision::Bf16 => "bf16-true",
        TrainingPrecision::Fp16Mixed => "16-mixed",
        _ => "bf16-mixed",
    };
    out.flag("--precision", name, precision.label());
    if run.is_narrow() {
        out.note(format!(
            "LitGPT has no {}: what is started is not what was weighed.",
            precision.label()
        ));
    }
}

fn adapters(run: &RunBasis<'_>, out: &mut Draft) {
    let Some(adapters) = &run.plan.adapters else { return };
    match adapters.base {
        BaseWeights::Bf16 | BaseWeights::Fp32 => {}
        BaseWeights::Nf4 => {
            out.flag("--quantize", "bnb.nf4", "The base is quantised while it is loaded.");
        }
        BaseWeights::Nf4Double => {
            out.flag("--quantize", "bnb.nf4-dq", "The same, with quantised scales.");
        }
        BaseWeights::Int8 => {
            out.flag(
                "--quantize",
                "bnb.int8-training",
                "The base in 8 bits; LitGPT asks for FP16 then.",
            );
        }
        BaseWeights::Int4 | BaseWeights::Fp8 => {
            out.note(format!("LitGPT does not make {} of a base.", adapters.base.label()));
        }
    }
    if run.plan.is_quantised() && run.plan.devices > 1 {
        out.note("LitGPT quantises the base on one device only: with several it stops and says so.");
    }
    out.flag("--lora_r", adapters.rank, "Rank of the adapters.").flag(
        "--lora_alpha",
        run.alpha(),
        "Their scale: usually twice the rank, no part of the estimate.",
    );
    let has = |target: Target| match &adapters.targets {
        LoraTargets::AllLinear => target != Target::Head,
        LoraTargets::Attention => matches!(target, Target::Q | Target::K | Target::V | Target::O),
        LoraTargets::List(list) => list.contains(&target),
    };
    let mlp = [Target::Gate, Target::Up, Target::Down];
    let why = "Whether adapters stand there.";
    out.flag("--lora_query", has(Target::Q), why)
        .flag("--lora_key", has(Target::K), why)
        .flag("--lora_value", has(Target::V), why)
        .flag("--lora_projection", has(Target::O), why)
        .flag("--lora_mlp", mlp.into_iter().any(has), why)
        .flag("--lora_head", has(Target::Head), why);
    if mlp.into_iter().any(has) && !mlp.into_iter().all(has) {
        out.note("LitGPT gives adapters to all matrices of the MLP or to none: more is trained than was weighed.");
    }
    if adapters.magnitudes {
        out.note("LitGPT has no adapters with magnitudes (DoRA).");
    }
}

fn optimizer(run: &RunBasis<'_>, out: &mut Draft) {
    let name = match run.plan.optimizer {
        Optimizer::Adamw => "AdamW",
        Optimizer::Sgd => "SGD",
        Optimizer::Adafactor => "Adafactor",
        Optimizer::Adamw8bit => "bitsandbytes.optim.AdamW8bit",
        Optimizer::PagedAdamw => "bitsandbytes.optim.PagedAdamW",
        Optimizer::PagedAdamw8bit => "bitsandbytes.optim.PagedAdamW8bit",
        Optimizer::Lion => "bitsandbytes.optim.Lion",
        Optimizer::Lion8bit => "bitsandbytes.optim.Lion8bit",
        Optimizer::Muon => "torch.optim.Muon",
        Optimizer::SgdMomentum => {
            out.note(
                "A momentum takes a configuration of its own: `--optimizer '{class_path: torch.optim.SGD, init_args: {momentum: 0.9}}'`.",
            );
            "SGD"
        }
    };
    out.flag("--optimizer", name, run.plan.optimizer.label());
    if run.plan.is_quantised() && run.plan.optimizer != Optimizer::PagedAdamw {
        out.note("Over a quantised base LitGPT takes bitsandbytes' paged AdamW whatever AdamW is named.");
    }
}

fn said(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    let several = plan.devices > 1;
    match (several, plan.recompute) {
        (true, Recompute::None | Recompute::Selective) if run.finetunes() => {
            out.note(
                "On several devices LitGPT computes each layer again: it is slower and keeps less than was weighed.",
            );
        }
        (false, Recompute::Full | Recompute::Selective) => {
            out.note("On one device LitGPT computes nothing again: it keeps more than was weighed.");
        }
        _ => {}
    }
    if plan.loss == Loss::Fused {
        out.note("LitGPT has no fused loss: logits are in memory.");
    }
    if plan.compiled && run.finetunes() {
        out.note("LitGPT compiles in pretraining only.");
    }
    if plan.optimizer_offload || plan.activation_offload {
        out.note("LitGPT has no option to move states or activations to RAM.");
    }
    for note in run
        .beyond("LitGPT", Shares::default())
        .into_iter()
        .chain(run.formats_apart("LitGPT"))
    {
        out.note(note);
    }
    if run.nodes > 1 {
        out.note("Each machine has MASTER_ADDR=HEAD_NODE, MASTER_PORT and NODE_RANK in its environment.");
    }
    if let Some(revision) = &run.basis.revision {
        out.note(format!(
            "The estimate is of the revision {revision}; LitGPT loads the newest."
        ));
    }
    out.note(if run.finetunes() {
        "Without `--data` it trains on Alpaca: name a data set of your own, such as `--data JSON --data.json_path FILE`. Samples that are longer are cut, shorter ones are padded to the longest of their batch."
    } else {
        "Without `--data` it expects TinyLlama's data: name your own, such as `--data TextFiles --data.train_data_path FOLDER --tokenizer_dir FOLDER`. `litgpt pretrain list` has the names of models."
    });
    out.note("The learning rate is that of the optimizer's own default: it is no part of the estimate.");
}
