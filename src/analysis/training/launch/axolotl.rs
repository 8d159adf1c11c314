//! Axolotl: one file.
//!
//! Keys: `src/axolotl/utils/schemas` (`config.py`, `model.py`, `peft.py`, `training.py`, `fsdp.py`, `enums.py`) and
//! `integrations/liger/args.py`; DeepSpeed's files: `deepspeed_configs`.

use super::basis::{RunBasis, Shares};
use super::lines::Yaml;
use crate::analysis::launch::{Language, Launch};
use crate::scenario::training::{BaseWeights, Framework, Loss, Optimizer, TrainingPrecision, Zero};
use crate::scenario::{AttentionKernel, Recompute};

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut out = Yaml::default();
    let mut notes = Vec::new();
    out.text("base_model", &run.basis.model, "The model.");
    if let Some(revision) = &run.basis.revision {
        notes.push(format!(
            "The estimate is of the revision {revision}: load it to a folder and name that as `base_model`."
        ));
    }
    adapters(run, &mut out, &mut notes);
    if run.finetunes() {
        out.text("datasets[].path", "DATASET", "What is trained on.").text(
            "datasets[].type",
            "chat_template",
            "How a row of it is made into text.",
        );
    } else {
        out.text("pretraining_dataset[].path", "DATASET", "What is trained on.")
            .text("pretraining_dataset[].type", "pretrain", "Rows of plain text.");
        notes.push("Axolotl goes on from the weights of the checkpoint.".to_owned());
    }
    out.plain("sequence_len", plan.sequence, "Tokens of a sequence.")
        .plain(
            "sample_packing",
            true,
            "Sequences are filled up, as the estimate takes them.",
        )
        .plain(
            "micro_batch_size",
            plan.micro_batch,
            "Sequences at once on each device.",
        )
        .plain("gradient_accumulation_steps", plan.accumulation, run.why_accumulation());
    match run.steps {
        Some(steps) => out.plain("max_steps", steps, run.why_steps()),
        None => out.plain("num_epochs", 1, "Once over the data: no tokens were given."),
    };
    out.plain(
        "learning_rate",
        run.usual_rate(),
        "A usual value; no part of the estimate.",
    )
    .text("lr_scheduler", run.trainer_schedule().0, run.trainer_schedule().1);
    if let Some(warm) = run.warm_up() {
        out.plain("warmup_ratio", warm, "Share of the steps that warm up.");
    }
    precision(run, &mut out, &mut notes);
    memory(run, &mut out, &mut notes);
    parallel(run, &mut out, &mut notes);
    out.text("output_dir", "out", "Where checkpoints go.");
    notes.extend(run.formats_apart("Axolotl"));
    notes.push("Put your data set in the place of DATASET.".to_owned());
    Launch {
        command: format!("{}\naxolotl train axolotl.yaml", out.written_to("axolotl.yaml")),
        language: Language::Shell,
        flags: out.flags,
        notes,
    }
}

fn adapters(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let Some(adapters) = &run.plan.adapters else { return };
    let four = matches!(adapters.base, BaseWeights::Nf4 | BaseWeights::Nf4Double);
    out.text(
        "adapter",
        if four { "qlora" } else { "lora" },
        "Adapters are trained beside a frozen base.",
    )
    .plain("lora_r", adapters.rank, "Their rank.")
    .plain(
        "lora_alpha",
        run.alpha(),
        "Their scale: usually twice the rank, no part of the estimate.",
    );
    if run.targets_all() {
        out.plain("lora_target_linear", true, "Every linear layer but the head.");
    } else {
        out.plain(
            "lora_target_modules",
            format!("[{}]", run.targets().join(", ")),
            "Layers that get adapters.",
        );
    }
    out.plain_if(adapters.magnitudes, "peft_use_dora", true, "Adapters with magnitudes.")
        .plain_if(
            four,
            "load_in_4bit",
            true,
            "The base is quantised to NF4 while it is loaded.",
        )
        .plain_if(
            four,
            "bnb_config_kwargs.bnb_4bit_use_double_quant",
            adapters.base == BaseWeights::Nf4Double,
            "Whether its scales are quantised too.",
        )
        .plain_if(
            adapters.base == BaseWeights::Int8,
            "load_in_8bit",
            true,
            "The base is quantised while it is loaded.",
        );
    if matches!(adapters.base, BaseWeights::Int4 | BaseWeights::Fp8) {
        notes.push(format!(
            "Axolotl does not make {} of a base: load a checkpoint that is quantised so.",
            adapters.base.label()
        ));
    }
}

fn precision(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    match plan.precision {
        TrainingPrecision::Fp32 => out.plain("float32", true, "Everything in FP32."),
        TrainingPrecision::Bf16 => out.plain("bfloat16", true, "Everything in BF16, without casts."),
        TrainingPrecision::Fp16Mixed => out.plain("fp16", true, "Products in FP16 with a scaled loss."),
        TrainingPrecision::Bf16Mixed => out.plain("bf16", true, "Products in BF16."),
        TrainingPrecision::Fp8Mixed => {
            out.plain("bf16", true, "What is not FP8 is in BF16.")
                .plain("fp8", true, "Products in FP8 by torchao.")
        }
        TrainingPrecision::Mxfp8Mixed | TrainingPrecision::Nvfp4Mixed => {
            notes.push(format!("Axolotl has FP8 by torchao, no {}.", plan.precision.label()));
            out.plain("bf16", true, "Products in BF16.")
        }
    };
    if plan.precision == TrainingPrecision::Bf16Mixed
        && plan.framework != Framework::Deepspeed
        && plan.adapters.is_none()
    {
        notes.push("Axolotl loads weights in BF16 where `bf16` is set, without FP32 masters on one device: what is started may need less than was weighed.".to_owned());
    }
}

fn memory(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    match (run.trainer_optimizer(), plan.optimizer) {
        (Some(name), _) => {
            out.text("optimizer", name, plan.optimizer.label());
        }
        (None, Optimizer::Muon) => {
            out.text("optimizer", "muon", plan.optimizer.label());
        }
        (None, other) => notes.push(format!("Axolotl has no {} by a name.", other.label())),
    }
    let wraps = plan.framework == Framework::Fsdp && plan.zero != Zero::None && plan.devices > 1;
    out.plain(
        "gradient_checkpointing",
        plan.recompute == Recompute::Full && !wraps,
        if wraps { "FSDP sees to it." } else { run.why_recompute() },
    )
    .plain_if(
        plan.recompute == Recompute::Selective,
        "selective_checkpointing",
        true,
        run.why_recompute(),
    )
    .plain_if(
        plan.activation_offload,
        "activation_offloading",
        true,
        "What is kept lies in RAM until the backward pass.",
    );
    let kernel = match plan.attention {
        AttentionKernel::Sdpa => "sdpa",
        AttentionKernel::Flash => "flash_attention_2",
        AttentionKernel::Eager => "eager",
    };
    out.text("attn_implementation", kernel, "The kernel of attention.");
    match plan.loss {
        Loss::Full => {}
        Loss::Chunked => {
            out.plain("chunked_cross_entropy", true, "Logits of a chunk of tokens at a time.");
        }
        Loss::Fused => {
            out.plain("plugins", "[axolotl.integrations.liger.LigerPlugin]", "Fused kernels.")
                .plain("liger_fused_linear_cross_entropy", true, "Head and loss in one kernel.")
                .plain("liger_rms_norm", true, "Fused norms.")
                .plain("liger_glu_activation", true, "Fused MLPs.");
        }
    }
    out.plain_if(plan.compiled, "torch_compile", true, "Elementwise operators are fused.");
    if plan.in_backward {
        notes.push("Axolotl updates parameters after the backward pass, not in it.".to_owned());
    }
}

fn parallel(run: &RunBasis<'_>, out: &mut Yaml, notes: &mut Vec<String>) {
    let plan = run.plan;
    let (replicas, shards) = run.replicas_and_shards();
    let fsdp = plan.framework != Framework::Deepspeed && plan.zero != Zero::None && plan.devices > 1;
    let deepspeed = plan.framework == Framework::Deepspeed && plan.zero != Zero::None;
    if deepspeed {
        let file = match (plan.zero, plan.optimizer_offload) {
            (Zero::Weights, true) => "deepspeed_configs/zero3_bf16_cpuoffload_all.json",
            (Zero::Weights, false) => "deepspeed_configs/zero3_bf16.json",
            (Zero::Gradients, _) => "deepspeed_configs/zero2.json",
            _ => "deepspeed_configs/zero1.json",
        };
        out.text("deepspeed", file, plan.zero.label());
        notes.push("`axolotl fetch deepspeed_configs` puts DeepSpeed's files where they are named.".to_owned());
        if plan.optimizer_offload && plan.zero != Zero::Weights {
            notes.push(format!(
                "{file} leaves the optimizer on the devices: add `offload_optimizer` to it."
            ));
        }
    } else if fsdp {
        out.plain("fsdp_version", 2, "FSDP2, which keeps shards tensor by tensor.")
            .plain(
                "fsdp_config.reshard_after_forward",
                plan.zero == Zero::Weights,
                "Whether gathered weights are given back until the backward pass (ZeRO-3).",
            )
            .text(
                "fsdp_config.auto_wrap_policy",
                "TRANSFORMER_BASED_WRAP",
                "A layer is gathered at a time.",
            )
            .plain(
                "fsdp_config.activation_checkpointing",
                plan.recompute == Recompute::Full,
                run.why_recompute(),
            )
            .plain(
                "fsdp_config.offload_params",
                plan.optimizer_offload,
                "Whether shards and states lie in RAM.",
            )
            .text(
                "fsdp_config.state_dict_type",
                "FULL_STATE_DICT",
                "Checkpoints are saved whole.",
            )
            .plain(
                "dp_shard_size",
                shards,
                "Ranks among which weights and states are sharded.",
            )
            .plain_if(
                replicas > 1,
                "dp_replicate_size",
                replicas,
                "Groups that hold the same shards.",
            );
        if plan.zero == Zero::States {
            notes.push("FSDP shards gradients with the optimizer's states: it has no ZeRO-1.".to_owned());
        }
    } else if plan.optimizer_offload {
        notes.push("On one device only DeepSpeed moves the optimizer to RAM: choose it as the framework.".to_owned());
    }
    out.plain_if(
        plan.context > 1,
        "context_parallel_size",
        plan.context,
        "Devices that share a sequence.",
    )
    .plain_if(
        plan.tensor > 1,
        "tensor_parallel_size",
        plan.tensor,
        "Devices that share each layer.",
    );
    notes.extend(run.beyond(
        "Axolotl",
        Shares {
            tensor: true,
            context: true,
            hybrid: fsdp,
            ..Shares::default()
        },
    ));
}
