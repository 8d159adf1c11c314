//! torchtitan.
//!
//! Options: `torchtitan/config/configs.py`, `trainer.py`, `components/optimizer/lr_scheduler.py`,
//! `distributed/activation_checkpoint.py`; configurations: `models/*/config_registry.py`; schedules:
//! `torch/distributed/pipelining/schedules.py`.

use super::basis::{RunBasis, Shares};
use crate::analysis::launch::{Draft, Launch};
use crate::scenario::Recompute;
use crate::scenario::training::{Loss, Optimizer, Schedule, TrainingPrecision, Zero};

/// Configurations that torchtitan has: model type, layers, hidden size, module, name.
const CONFIGURATIONS: &[(&str, u64, u64, &str, &str)] = &[
    ("llama", 32, 4096, "llama3", "llama3_8b"),
    ("llama", 80, 8192, "llama3", "llama3_70b"),
    ("llama", 126, 16384, "llama3", "llama3_405b"),
    ("qwen3", 28, 1024, "qwen3", "qwen3_0_6b"),
    ("qwen3", 28, 2048, "qwen3", "qwen3_1_7b"),
    ("qwen3", 40, 5120, "qwen3", "qwen3_14b"),
    ("qwen3", 64, 5120, "qwen3", "qwen3_32b"),
    ("qwen3_moe", 48, 2048, "qwen3", "qwen3_30b_a3b"),
    ("deepseek_v2", 27, 2048, "deepseek_v3", "deepseek_v3_16b"),
    ("deepseek_v3", 61, 7168, "deepseek_v3", "deepseek_v3_671b"),
    ("gpt_oss", 24, 2880, "gpt_oss", "gpt_oss_20b"),
    ("gpt_oss", 36, 2880, "gpt_oss", "gpt_oss_120b"),
];

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut out = Draft::with(format!("{} -m torchtitan.train", run.torchrun()));
    configuration(run, &mut out);
    let tokens = plan.micro_batch.saturating_mul(plan.sequence);
    out.flag("--training.max_context_length", plan.sequence, "Tokens of a sequence.")
        .flag(
            "--training.num_tokens_per_microbatch_per_dp_rank",
            tokens,
            format!("Sequences at once on each replica: {}.", plan.micro_batch),
        )
        .flag(
            "--training.num_tokens_per_train_step",
            plan.step_tokens(),
            run.why_accumulation(),
        );
    if let Some(steps) = run.steps {
        out.flag("--training.steps", steps, run.why_steps());
    }
    let dtype = if plan.precision == TrainingPrecision::Bf16 {
        ("bfloat16", "Weights, gradients and states in 16 bits.")
    } else {
        ("float32", "Shards of weights and their states in 32 bits.")
    };
    out.flag("--training.dtype", dtype.0, dtype.1);
    let products = if plan.precision == TrainingPrecision::Fp32 {
        "float32"
    } else {
        "bfloat16"
    };
    out.flag(
        "--training.mixed_precision_param",
        products,
        "Format of gathered weights and of products.",
    )
    .switch_if(
        plan.optimizer_offload,
        "--training.enable_cpu_offload",
        "Shards and states lie in RAM.",
    );
    parallel(run, &mut out);
    // A list ends at the next option, so it does not stand last.
    out.flag_if(
        plan.compiled && plan.loss == Loss::Full,
        "--compile.components",
        "model",
        "Of blocks, not of the loss, which would take less memory than was weighed.",
    )
    .switch_if(plan.compiled, "--compile.enable", "Elementwise operators are fused.");
    said(run, &mut out);
    // Subcommands stand last.
    match plan.recompute {
        Recompute::Full => out.flag("", "activation-checkpoint:full", run.why_recompute()),
        Recompute::Selective => out.flag("", "activation-checkpoint:selective", run.why_recompute()),
        Recompute::None => out.flag("", "activation-checkpoint:none", run.why_recompute()),
    };
    out.finish()
}

fn configuration(run: &RunBasis<'_>, out: &mut Draft) {
    let blueprint = &run.basis.setup.blueprint;
    let (layers, hidden) = (blueprint.layers.value, blueprint.hidden.value);
    let found = CONFIGURATIONS
        .iter()
        .find(|one| (one.0, one.1, one.2) == (&*blueprint.model_type, layers, hidden));
    let (module, name) = found.map_or(("MODULE", "CONFIG"), |one| (one.3, one.4));
    out.flag("--module", module, "The family of models.")
        .flag("--config", name, "The configuration that the options below change.")
        .flag(
            "--hf_assets_path",
            format!("./assets/hf/{}", run.basis.stem()),
            "Tokenizer and config: `python scripts/download_hf_assets.py` fetches them.",
        );
    if found.is_none() {
        out.note(format!(
            "torchtitan has no configuration of {}: write one in a `config_registry.py` and put its names in the places of MODULE and CONFIG.",
            run.basis.stem()
        ));
    }
}

fn parallel(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    let (replicas, shards) = run.replicas_and_shards();
    out.flag("--parallelism.data_parallel_replicate_degree", replicas, "Copies.")
        .flag(
            "--parallelism.data_parallel_shard_degree",
            shards,
            "Ranks among which weights and states are sharded.",
        );
    match plan.zero {
        Zero::Weights => {
            out.flag(
                "--parallelism.fsdp_reshard_after_forward",
                "always",
                "Weights are gathered again for the backward pass (ZeRO-3).",
            );
        }
        Zero::Gradients => {
            out.flag(
                "--parallelism.fsdp_reshard_after_forward",
                "never",
                "Gathered weights stay until the backward pass (ZeRO-2).",
            );
        }
        Zero::States => {
            out.note("torchtitan shards gradients with the optimizer's states: it has no ZeRO-1, and needs less than was weighed.");
        }
        Zero::None => {}
    }
    out.flag(
        "--parallelism.tensor_parallel_degree",
        plan.tensor,
        "Devices that share each layer.",
    );
    if plan.tensor > 1 && !plan.sequence_parallel {
        out.switch_if(
            true,
            "--parallelism.no-enable_sequence_parallel",
            "Norms and residuals are copies.",
        );
    }
    out.flag(
        "--parallelism.context_parallel_degree",
        plan.context,
        "Devices that share a sequence.",
    )
    .flag_if(
        plan.expert > 1,
        "--parallelism.expert_parallel_degree",
        plan.expert,
        "Devices among which experts are dealt out.",
    )
    .flag(
        "--parallelism.pipeline_parallel_degree",
        plan.pipeline,
        "Stages of layers.",
    );
    if let Some(schedule) = run.schedule() {
        let name = match schedule {
            Schedule::OneForwardOneBackward => "1F1B",
            Schedule::Interleaved => "Interleaved1F1B",
            Schedule::Gpipe => "GPipe",
            Schedule::ZeroBubble => "InterleavedZeroBubble",
            Schedule::Dualpipe => "DualPipeV",
        };
        out.flag("--parallelism.pipeline_parallel_schedule", name, schedule.label())
            .flag(
                "--parallelism.num_pp_microbatches",
                plan.accumulation,
                "Micro-batches that run through the pipeline in a step.",
            );
        let layers = run.basis.setup.blueprint.layers.value;
        let chunks = plan.pipeline.saturating_mul(plan.virtual_stages).max(1);
        out.flag(
            "--parallelism.pipeline_parallel_layers_per_stage",
            layers.saturating_add(2).div_ceil(chunks),
            format!(
                "{} chunks a stage; token table and head count as a layer each.",
                plan.virtual_stages
            ),
        );
        if schedule == Schedule::Dualpipe {
            out.note("torchtitan has DualPipeV, which holds one copy of the weights, not two.");
        }
        if schedule == Schedule::ZeroBubble && plan.virtual_stages < 2 {
            out.note("Its zero bubble needs two chunks of layers a stage; the estimate is of one.");
        }
    }
    out.switch_if(
        plan.pipeline > 1 || plan.expert > 1,
        "--training.disable_cuda_graphs",
        "Its CUDA graphs have no pipelines and wait for no experts.",
    );
    for note in run.beyond("torchtitan", Shares::ALL) {
        out.note(note);
    }
}

fn said(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    let (optimizer, precision) = (plan.optimizer, plan.precision);
    if optimizer != Optimizer::Adamw {
        out.note(format!(
            "{} is set in the configuration (`OptimizersContainer.Config`), by no option.",
            optimizer.label()
        ));
    }
    if run.is_narrow() || precision == TrainingPrecision::Fp16Mixed {
        out.note(format!(
            "{} is set in the configuration (a converter such as Float8LinearConverter), by no option.",
            precision.label()
        ));
    }
    if plan.adapters.is_some() {
        out.note("Adapters are set in the configuration (LoRAConverter), by no option.");
    }
    match plan.loss {
        Loss::Full => out.note("Its configurations compute the loss in chunks, which takes less memory than was weighed; CrossEntropyLoss alone writes all logits."),
        Loss::Fused => out.note("torchtitan has no fused loss; its configurations compute it in chunks."),
        Loss::Chunked => out,
    };
    if plan.in_backward {
        out.note("torchtitan updates parameters after the backward pass, not in it.");
    }
    if plan.activation_offload {
        out.note("torchtitan has no option that moves what is kept to RAM.");
    }
    if run.finetunes() {
        out.note("Give the checkpoint to go on from in the configuration (`CheckpointManager.Config`).");
    }
    if let Some(note) = run.formats_apart("torchtitan") {
        out.note(note);
    }
    out.note("Data and learning rate are those of the configuration: they are no part of the estimate.");
}
