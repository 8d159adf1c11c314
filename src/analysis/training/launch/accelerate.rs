//! What accelerate is configured with: plain copies, FSDP or DeepSpeed.
//!
//! Keys: accelerate `commands/config/config_args.py` (`ClusterConfig`) and `commands/launch.py`; the examples of TRL,
//! `trl/accelerate_configs`.

use super::basis::RunBasis;
use super::lines::Yaml;
use crate::scenario::Recompute;
use crate::scenario::training::{Framework, TrainingPrecision, Zero};

/// The file, and what it cannot say.
pub(super) fn config(run: &RunBasis<'_>) -> (Yaml, Vec<String>) {
    let plan = run.plan;
    let mut out = Yaml::default();
    let mut notes = Vec::new();
    let sharded = plan.zero != Zero::None && plan.devices > 1;
    let kind = match plan.framework {
        _ if plan.devices == 1 && plan.framework != Framework::Deepspeed => "NO",
        Framework::Deepspeed => "DEEPSPEED",
        _ if sharded => "FSDP",
        _ => "MULTI_GPU",
    };
    out.plain(
        "compute_environment",
        "LOCAL_MACHINE",
        "It runs on machines of your own.",
    )
    .plain("distributed_type", scalar_kind(kind), why_kind(kind))
    .plain("num_processes", plan.devices, "Devices in all.")
    .plain("num_machines", run.nodes, "Machines.")
    .plain_if(
        run.nodes > 1,
        "machine_rank",
        0,
        "Another number on each machine, from 0.",
    )
    .plain_if(
        run.nodes > 1,
        "main_process_ip",
        "HEAD_NODE",
        "Address of the first machine.",
    )
    .plain_if(run.nodes > 1, "main_process_port", 29500, "A free port of it.")
    .plain("mixed_precision", mixed(run), "Format of the matrix products.");
    if plan.precision == TrainingPrecision::Fp8Mixed {
        out.plain("fp8_config.backend", "TE", "Products in FP8 by Transformer Engine.");
    }
    match kind {
        "FSDP" => fsdp(run, &mut out, &mut notes),
        "DEEPSPEED" => deepspeed(run, &mut out, &mut notes),
        _ => {}
    }
    parallel(run, kind, &mut out, &mut notes);
    (out, notes)
}

fn scalar_kind(kind: &str) -> String {
    // A bare NO would be false.
    if kind == "NO" {
        "\"NO\"".to_owned()
    } else {
        kind.to_owned()
    }
}

fn why_kind(kind: &str) -> &'static str {
    match kind {
        "NO" => "One device.",
        "DEEPSPEED" => "DeepSpeed's ZeRO shares states among the devices.",
        "FSDP" => "PyTorch's fully sharded data parallel shares states among the devices.",
        _ => "Each device has a copy of everything.",
    }
}

/// accelerate's name of the precision.
fn mixed(run: &RunBasis<'_>) -> &'static str {
    match run.plan.precision {
        TrainingPrecision::Fp32 => "\"no\"",
        // DeepSpeed keeps masters in FP32 behind BF16 weights by itself.
        TrainingPrecision::Bf16 => "\"no\"",
        TrainingPrecision::Fp16Mixed => "fp16",
        TrainingPrecision::Fp8Mixed | TrainingPrecision::Mxfp8Mixed | TrainingPrecision::Nvfp4Mixed => "fp8",
        TrainingPrecision::Bf16Mixed => "bf16",
    }
}

fn fsdp(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    out.plain(
        "fsdp_config.fsdp_version",
        2,
        "FSDP2, which keeps shards tensor by tensor.",
    )
    .plain(
        "fsdp_config.fsdp_reshard_after_forward",
        plan.zero == Zero::Weights,
        if plan.zero == Zero::Weights {
            "Weights are sharded too and gathered for each layer (ZeRO-3)."
        } else {
            "Gathered weights stay until the backward pass (ZeRO-2)."
        },
    )
    .plain(
        "fsdp_config.fsdp_auto_wrap_policy",
        "TRANSFORMER_BASED_WRAP",
        "A layer is gathered at a time.",
    )
    .plain(
        "fsdp_config.fsdp_activation_checkpointing",
        plan.recompute == Recompute::Full,
        run.why_layers(),
    )
    .plain(
        "fsdp_config.fsdp_offload_params",
        plan.optimizer_offload,
        if plan.optimizer_offload {
            "Shards and the optimizer's states lie in RAM."
        } else {
            "Shards stay on the devices."
        },
    )
    .plain(
        "fsdp_config.fsdp_cpu_ram_efficient_loading",
        true,
        "One process reads the weights and sends them to the others.",
    )
    .plain(
        "fsdp_config.fsdp_state_dict_type",
        "FULL_STATE_DICT",
        "Checkpoints are saved whole.",
    );
    if plan.zero == Zero::States {
        notes.push(
            "FSDP shards gradients with the optimizer's states: it has no ZeRO-1, and needs less than was weighed."
                .to_owned(),
        );
    }
}

fn deepspeed(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    out.plain("deepspeed_config.zero_stage", plan.zero.key(), plan.zero.label())
        .plain(
            "deepspeed_config.gradient_accumulation_steps",
            plan.accumulation,
            run.why_accumulation(),
        )
        .plain(
            "deepspeed_config.offload_optimizer_device",
            if plan.optimizer_offload { "cpu" } else { "none" },
            if plan.optimizer_offload {
                "The optimizer's states and its update are in RAM."
            } else {
                "The optimizer's states stay on the devices."
            },
        )
        .plain(
            "deepspeed_config.offload_param_device",
            "none",
            "Weights stay on the devices.",
        );
    if plan.zero == Zero::Weights {
        out.plain(
            "deepspeed_config.zero3_init_flag",
            true,
            "Weights are sharded while they are loaded.",
        )
        .plain(
            "deepspeed_config.zero3_save_16bit_model",
            true,
            "Checkpoints are saved whole, in 16 bits.",
        );
    }
    if run.is_hybrid() {
        notes.push(format!(
            "DeepSpeed shards over all ranks (`zero_hpz_partition_size` keeps second copies of weights only), not inside groups of {}.",
            plan.shard_group
        ));
    }
}

fn parallel(run: &RunBasis<'_>, kind: &str, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    let (replicas, shards) = run.replicas_and_shards();
    let hybrid = kind == "FSDP" && run.is_hybrid();
    if kind == "FSDP" && (hybrid || plan.tensor > 1 || plan.context > 1) {
        out.plain(
            "parallelism_config.parallelism_config_dp_replicate_size",
            replicas,
            "Groups that hold the same shards.",
        )
        .plain(
            "parallelism_config.parallelism_config_dp_shard_size",
            shards,
            "Ranks among which data is shared and states are sharded.",
        )
        .plain(
            "parallelism_config.parallelism_config_tp_size",
            plan.tensor,
            "Devices that share each layer.",
        )
        .plain(
            "parallelism_config.parallelism_config_cp_size",
            plan.context,
            "Devices that share a sequence.",
        );
    } else if kind == "DEEPSPEED" && plan.context > 1 {
        out.plain(
            "parallelism_config.parallelism_config_sp_size",
            plan.context,
            "Devices that share a sequence (Ulysses).",
        )
        .plain(
            "parallelism_config.parallelism_config_sp_backend",
            "deepspeed",
            "DeepSpeed's Ulysses.",
        );
        notes.push("DeepSpeed shares a sequence by heads (Ulysses); the estimate is of a ring.".to_owned());
    }
}
