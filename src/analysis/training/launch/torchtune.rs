//! torchtune: one of its own configurations with the values that differ.
//!
//! Keys: `recipes/configs`, `recipes/full_finetune_distributed.py`, `recipes/lora_finetune_distributed.py`.

use super::basis::{RunBasis, Shares};
use crate::analysis::launch::{Draft, Launch};
use crate::scenario::Recompute;
use crate::scenario::training::{BaseWeights, LoraTargets, Loss, Optimizer, Target, TrainingPrecision, Zero};

/// Folders of configurations by what a model's name has in it, the longest first.
const MODELS: &[(&str, &str)] = &[
    ("llama-3.3-70b", "llama3_3/70B"),
    ("llama-3.2-1b", "llama3_2/1B"),
    ("llama-3.2-3b", "llama3_2/3B"),
    ("llama-3.1-8b", "llama3_1/8B"),
    ("llama-3.1-70b", "llama3_1/70B"),
    ("llama-3.1-405b", "llama3_1/405B"),
    ("llama-3-8b", "llama3/8B"),
    ("llama-3-70b", "llama3/70B"),
    ("llama-2-7b", "llama2/7B"),
    ("llama-2-13b", "llama2/13B"),
    ("llama-2-70b", "llama2/70B"),
    ("mistral-7b", "mistral/7B"),
    ("qwen2.5-0.5b", "qwen2_5/0.5B"),
    ("qwen2.5-1.5b", "qwen2_5/1.5B"),
    ("qwen2.5-3b", "qwen2_5/3B"),
    ("qwen2.5-7b", "qwen2_5/7B"),
    ("qwen2.5-14b", "qwen2_5/14B"),
    ("qwen2.5-32b", "qwen2_5/32B"),
    ("qwen2.5-72b", "qwen2_5/72B"),
    ("qwen3-0.6b", "qwen3/0.6B"),
    ("qwen3-1.7b", "qwen3/1.7B"),
    ("qwen3-4b", "qwen3/4B"),
    ("qwen3-8b", "qwen3/8B"),
    ("qwen3-14b", "qwen3/14B"),
    ("qwen3-32b", "qwen3/32B"),
    ("gemma-2-2b", "gemma2/2B"),
    ("gemma-2-9b", "gemma2/9B"),
    ("gemma-2-27b", "gemma2/27B"),
    ("phi-4", "phi4/14B"),
];

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let several = plan.devices > 1;
    let (method, recipe) = match (&plan.adapters, several) {
        (None, false) => ("full_single_device", "full_finetune_single_device"),
        (None, true) => ("full", "full_finetune_distributed"),
        (Some(_), false) if plan.is_quantised() => ("qlora_single_device", "lora_finetune_single_device"),
        (Some(_), true) if plan.is_quantised() => ("qlora", "lora_finetune_distributed"),
        (Some(_), false) => ("lora_single_device", "lora_finetune_single_device"),
        (Some(_), true) => ("lora", "lora_finetune_distributed"),
    };
    let name = run.basis.stem().to_ascii_lowercase().replace("meta-", "");
    let folder = MODELS
        .iter()
        .find(|(part, _)| name.contains(part))
        .map(|(_, folder)| *folder);
    let processes = match (several, run.nodes) {
        (false, _) => String::new(),
        (true, 1) => format!(" --nproc_per_node {}", run.per_node),
        (true, nodes) => format!(
            " --nnodes {nodes} --nproc_per_node {} --rdzv_backend c10d --rdzv_endpoint \"$HEAD_NODE:29500\"",
            run.per_node
        ),
    };
    let config = format!("{}_{method}", folder.unwrap_or("CONFIG"));
    let mut out = Draft::with(format!("tune run{processes} {recipe} --config {config}"));
    out.assigns();
    let folder_of_weights = format!("/tmp/{}", run.basis.stem());
    out.before(format!(
        "tune download {} --output-dir {}",
        crate::analysis::launch::quote::shell(&run.basis.model),
        crate::analysis::launch::quote::shell(&folder_of_weights)
    ));
    out.flag(
        "checkpointer.checkpoint_dir",
        &folder_of_weights,
        "Where the weights lie.",
    )
    .flag("tokenizer.max_seq_len", plan.sequence, "Tokens of a sequence.")
    .flag(
        "dataset.packed",
        "True",
        "Sequences are filled up, as the estimate takes them.",
    )
    .flag("batch_size", plan.micro_batch, "Sequences at once on each device.")
    .flag("gradient_accumulation_steps", plan.accumulation, run.why_accumulation());
    if let Some(steps) = run.steps {
        out.flag("max_steps_per_epoch", steps, run.why_steps());
    }
    let fits = matches!(plan.precision, TrainingPrecision::Bf16 | TrainingPrecision::Fp32);
    out.flag(
        "dtype",
        if plan.precision == TrainingPrecision::Fp32 {
            "fp32"
        } else {
            "bf16"
        },
        "Format of weights, gradients and states.",
    );
    if !fits {
        out.note(format!(
            "torchtune trains in BF16 or FP32 throughout: {} is not to be had, and what is started needs less than was weighed.",
            plan.precision.label()
        ));
    }
    memory(run, &mut out);
    adapters(run, &mut out);
    if several {
        parallel(run, &mut out);
    }
    if folder.is_none() {
        out.note(format!(
            "torchtune has no configuration of {}: `tune ls` lists them; put one in the place of {config}.",
            run.basis.stem()
        ));
    } else {
        out.note(format!(
            "Whether torchtune has {config}, `tune ls` says; not every size has every method."
        ));
    }
    if !run.finetunes() {
        out.note("torchtune fine-tunes: it goes on from the weights of a checkpoint.");
    }
    if let Some(note) = run.formats_apart("torchtune") {
        out.note(note);
    }
    out.note("Data and learning rate are those of the configuration: they are no part of the estimate.");
    out.finish()
}

fn truth(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

fn memory(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    out.flag(
        "enable_activation_checkpointing",
        truth(plan.recompute == Recompute::Full),
        run.why_recompute(),
    )
    .flag(
        "enable_activation_offloading",
        truth(plan.activation_offload),
        "Whether what is kept lies in RAM.",
    )
    .flag(
        "compile",
        truth(plan.compiled),
        "Whether elementwise operators are fused.",
    );
    if plan.recompute == Recompute::Selective {
        out.flag("ac_mode", "selective", "Some layers are computed again.")
            .flag("ac_option", 2, "Every second one.");
    }
    let name = match plan.optimizer {
        Optimizer::Adamw => Some("torch.optim.AdamW"),
        Optimizer::Adamw8bit => Some("bitsandbytes.optim.AdamW8bit"),
        Optimizer::PagedAdamw => Some("bitsandbytes.optim.PagedAdamW"),
        Optimizer::PagedAdamw8bit => Some("bitsandbytes.optim.PagedAdamW8bit"),
        Optimizer::Lion => Some("bitsandbytes.optim.Lion"),
        Optimizer::Lion8bit => Some("bitsandbytes.optim.Lion8bit"),
        Optimizer::Adafactor => Some("torch.optim.Adafactor"),
        Optimizer::Sgd | Optimizer::SgdMomentum => Some("torch.optim.SGD"),
        Optimizer::Muon => None,
    };
    match name {
        Some(name) => {
            out.flag("optimizer._component_", name, plan.optimizer.label());
        }
        None => {
            out.note(format!("torchtune's recipes do not run {}.", plan.optimizer.label()));
        }
    }
    if plan.optimizer != Optimizer::Adamw {
        out.note(
            "Arguments of another optimizer that this one lacks (`fused`) are to be taken out of the configuration.",
        );
    }
    if plan.optimizer == Optimizer::SgdMomentum {
        out.note("Add `momentum` to the optimizer of the configuration.");
    }
    if plan.adapters.is_none() {
        out.flag(
            "optimizer_in_bwd",
            truth(plan.in_backward),
            "Whether each parameter is updated during the backward pass.",
        );
    }
    match plan.loss {
        Loss::Chunked => {
            out.flag(
                "loss._component_",
                "torchtune.modules.loss.LinearCrossEntropyLoss",
                "Logits of a chunk of tokens at a time.",
            );
        }
        Loss::Full | Loss::Fused => {
            out.note(format!(
                "torchtune computes the loss in chunks, not {}.",
                plan.loss.label().to_lowercase()
            ));
        }
    }
}

fn adapters(run: &RunBasis<'_>, out: &mut Draft) {
    let Some(adapters) = &run.plan.adapters else { return };
    let of = |target: Target| match &adapters.targets {
        LoraTargets::AllLinear => target != Target::Head,
        LoraTargets::Attention => matches!(target, Target::Q | Target::K | Target::V | Target::O),
        LoraTargets::List(list) => list.contains(&target),
    };
    let attention = [
        (Target::Q, "q_proj"),
        (Target::K, "k_proj"),
        (Target::V, "v_proj"),
        (Target::O, "output_proj"),
    ];
    let names: Vec<_> = attention
        .iter()
        .filter(|(target, _)| of(*target))
        .map(|(_, name)| *name)
        .collect();
    out.flag("model.lora_rank", adapters.rank, "Rank of adapters.")
        .flag(
            "model.lora_alpha",
            run.alpha(),
            "Their scale: usually twice the rank, no part of the estimate.",
        )
        .flag(
            "model.lora_attn_modules",
            format!("[{}]", names.join(",")),
            "Layers of attention that get adapters.",
        )
        .flag(
            "model.apply_lora_to_mlp",
            truth(of(Target::Up)),
            "Whether the MLP gets them.",
        )
        .flag(
            "model.apply_lora_to_output",
            truth(of(Target::Head)),
            "Whether the head gets them.",
        );
    if (of(Target::Gate), of(Target::Down)) != (of(Target::Up), of(Target::Up)) {
        out.note("torchtune gives adapters to all of an MLP or to none of it.");
    }
    if adapters.magnitudes {
        out.flag("model.use_dora", "True", "Adapters with magnitudes.");
    }
    if matches!(
        adapters.base,
        BaseWeights::Int4 | BaseWeights::Int8 | BaseWeights::Fp8 | BaseWeights::Nf4
    ) {
        out.note(format!(
            "torchtune's quantised base is NF4 with quantised scales, not {}.",
            adapters.base.label()
        ));
    }
}

fn parallel(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    let (replicas, shards) = run.replicas_and_shards();
    if plan.adapters.is_none() {
        out.flag("data_parallel_replicate_dim", replicas, "Copies.")
            .flag(
                "data_parallel_shard_dim",
                shards,
                "Ranks among which weights and states are sharded.",
            )
            .flag("tensor_parallel_dim", plan.tensor, "Devices that share each layer.")
            .flag("context_parallel_dim", plan.context, "Devices that share a sequence.");
    }
    out.flag(
        "fsdp_reshard_after_forward",
        truth(plan.zero == Zero::Weights),
        "Whether gathered weights are given back until the backward pass (ZeRO-3).",
    )
    .flag(
        "fsdp_cpu_offload",
        truth(plan.optimizer_offload),
        "Whether shards and states lie in RAM.",
    );
    if plan.zero == Zero::States {
        out.note("FSDP shards gradients with the optimizer's states: it has no ZeRO-1.");
    }
    let whole = plan.adapters.is_none();
    for note in run.beyond(
        "torchtune",
        Shares {
            tensor: whole,
            context: whole,
            hybrid: whole,
            ..Shares::default()
        },
    ) {
        out.note(note);
    }
}
