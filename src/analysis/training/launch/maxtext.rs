//! MaxText: its own configuration with the values that differ.
//!
//! Keys: `src/maxtext/configs/base.yml`; names of models: `src/maxtext/configs/models`.

use super::basis::{RunBasis, Shares};
use crate::analysis::launch::{Draft, Launch};
use crate::hardware::Vendor;
use crate::scenario::Recompute;
use crate::scenario::training::{Loss, Optimizer, RateSchedule, TrainingPrecision};

/// Names of models by what a model's own name has in it, the longest first.
const MODELS: &[(&str, &str)] = &[
    ("llama-3.3-70b", "llama3.3-70b"),
    ("llama-3.1-405b", "llama3.1-405b"),
    ("llama-3.1-70b", "llama3.1-70b"),
    ("llama-3.1-8b", "llama3.1-8b"),
    ("llama-3-70b", "llama3-70b"),
    ("llama-3-8b", "llama3-8b"),
    ("llama-2-70b", "llama2-70b"),
    ("llama-2-13b", "llama2-13b"),
    ("llama-2-7b", "llama2-7b"),
    ("mistral-7b", "mistral-7b"),
    ("mixtral-8x22b", "mixtral-8x22b"),
    ("mixtral-8x7b", "mixtral-8x7b"),
    ("deepseek-v3", "deepseek3-671b"),
    ("gemma-2-27b", "gemma2-27b"),
    ("gemma-2-9b", "gemma2-9b"),
    ("gemma-2-2b", "gemma2-2b"),
    ("gemma-3-27b", "gemma3-27b"),
    ("gemma-3-12b", "gemma3-12b"),
    ("gemma-3-4b", "gemma3-4b"),
    ("gpt-oss-120b", "gpt-oss-120b"),
    ("gpt-oss-20b", "gpt-oss-20b"),
    ("qwen3-235b-a22b", "qwen3-235b-a22b"),
    ("qwen3-30b-a3b", "qwen3-30b-a3b"),
    ("qwen3-32b", "qwen3-32b"),
    ("qwen3-14b", "qwen3-14b"),
    ("qwen3-8b", "qwen3-8b"),
    ("qwen3-4b", "qwen3-4b"),
    ("qwen3-0.6b", "qwen3-0.6b"),
    ("qwen2.5-14b", "qwen2.5-14b"),
    ("qwen2.5-7b", "qwen2.5-7b"),
];

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut out = Draft::new("python3 -m maxtext.trainers.pre_train.train src/maxtext/configs/base.yml");
    out.assigns();
    let name = run.basis.stem().to_ascii_lowercase().replace("meta-", "");
    let known = MODELS.iter().find(|(part, _)| name.contains(part));
    out.flag("run_name", run.basis.stem(), "A name for its checkpoints.")
        .flag("base_output_directory", "out", "Where checkpoints go.")
        .flag(
            "model_name",
            known.map_or("MODEL", |one| one.1),
            "The model, by MaxText's name.",
        );
    if known.is_none() {
        out.note(format!(
            "MaxText has no configuration of {} that is known here: put the name of one in the place of MODEL.",
            run.basis.stem()
        ));
    }
    let google = run.basis.device().is_some_and(|device| device.vendor == Vendor::Google);
    out.flag(
        "hardware",
        match (google, run.nodes) {
            (true, _) => "tpu",
            (false, 1) => "gpu",
            (false, _) => "gpu_multiprocess",
        },
        "What it runs on.",
    );
    batch(run, &mut out);
    precision(run, &mut out);
    parallel(run, &mut out);
    out.flag(
        "remat_policy",
        if plan.recompute == Recompute::Full {
            "full"
        } else {
            "minimal"
        },
        if plan.recompute == Recompute::Full {
            run.why_recompute()
        } else {
            "Results of all products are kept."
        },
    );
    if plan.recompute == Recompute::None {
        out.note("MaxText always computes what is cheap again: it keeps less than was weighed.");
    }
    said(run, &mut out);
    out.finish()
}

fn batch(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    out.flag("max_target_length", plan.sequence, "Tokens of a sequence.");
    // A batch is dealt over all devices, those that share the model too.
    let share = plan.micro_batch as f64 * plan.data as f64 / plan.devices.max(1) as f64;
    out.flag(
        "per_device_batch_size",
        share,
        "Sequences at once over all devices, those that share the model too.",
    )
    .flag("gradient_accumulation_steps", plan.accumulation, run.why_accumulation());
    if let Some(steps) = run.steps {
        out.flag("steps", steps, run.why_steps());
    }
    out.flag(
        "packing",
        "true",
        "Sequences are filled up, as the estimate takes them.",
    );
    let (schedule, warm) = run.rate();
    match schedule {
        RateSchedule::Cosine => {
            out.flag("lr_schedule_type", "cosine", "The learning rate falls like a cosine.");
        }
        RateSchedule::StableDecay => {
            out.flag("lr_schedule_type", "wsd", "The learning rate is stable, then decays.");
        }
        other => {
            out.note(format!(
                "MaxText has a cosine and a stable rate that decays, no {}.",
                other.label().to_lowercase()
            ));
        }
    }
    out.flag("warmup_steps_fraction", warm, "Share of the steps that warm up.");
}

fn precision(run: &RunBasis<'_>, out: &mut Draft) {
    let precision = run.plan.precision;
    let (products, weights) = match precision {
        TrainingPrecision::Fp32 => ("float32", "float32"),
        TrainingPrecision::Bf16 => ("bfloat16", "bfloat16"),
        _ => ("bfloat16", "float32"),
    };
    out.flag("dtype", products, "Format of activations and products.")
        .flag("weight_dtype", weights, "Format of the weights.")
        .flag_if(
            precision == TrainingPrecision::Fp8Mixed,
            "quantization",
            "fp8",
            "Products in FP8.",
        );
    if matches!(
        precision,
        TrainingPrecision::Fp16Mixed | TrainingPrecision::Mxfp8Mixed | TrainingPrecision::Nvfp4Mixed
    ) {
        out.note(format!(
            "MaxText has no {}: what is started is not what was weighed.",
            precision.label()
        ));
    }
}

/// Axes of the mesh: the product of all is the devices; a part of each lies inside a machine or slice (`ici`), the rest goes
/// between them (`dcn`).
fn parallel(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    let google = run.basis.device().is_some_and(|device| device.vendor == Vendor::Google);
    let (replicas, shards) = run.replicas_and_shards();
    // Ranks that share experts are an axis of their own, beside those that share all else.
    let fsdp = if shards.is_multiple_of(plan.expert) {
        shards / plan.expert
    } else {
        out.note(format!(
            "{} ranks share weights, which the {} that share experts do not divide: the mesh below is not that of the estimate.",
            shards, plan.expert
        ));
        shards
    };
    let mut room = if google { plan.devices } else { run.per_node };
    for (degree, inside, between, why) in [
        (
            plan.tensor,
            "ici_tensor_parallelism",
            "dcn_tensor_parallelism",
            "Devices that share each layer.",
        ),
        (
            plan.context,
            "ici_context_parallelism",
            "dcn_context_parallelism",
            "Devices that share a sequence.",
        ),
        (
            plan.expert,
            "ici_expert_parallelism",
            "dcn_expert_parallelism",
            "Devices that share the experts.",
        ),
        (
            fsdp,
            "ici_fsdp_parallelism",
            "dcn_fsdp_parallelism",
            "Ranks that share weights and states.",
        ),
        (replicas, "ici_data_parallelism", "dcn_data_parallelism", "Copies."),
    ] {
        let here = (1..=degree.min(room))
            .rev()
            .find(|part| degree.is_multiple_of(*part) && room.is_multiple_of(*part))
            .unwrap_or(1);
        room /= here;
        out.flag_if(here > 1, inside, here, why)
            .flag_if(degree > here, between, degree / here, why);
    }
}

fn said(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    match plan.optimizer {
        Optimizer::Adamw => out.flag("opt_type", "adamw", plan.optimizer.label()),
        Optimizer::Sgd => out.flag("opt_type", "sgd", plan.optimizer.label()),
        Optimizer::Muon => out.flag("opt_type", "muon", plan.optimizer.label()),
        other => out.note(format!("MaxText has no {}.", other.label())),
    };
    if plan.loss != Loss::Full {
        out.flag("num_vocab_tiling", 8, "Logits of an eighth of the tokens at a time.");
    }
    out.flag_if(
        plan.optimizer_offload,
        "optimizer_memory_host_offload",
        "true",
        "States lie in RAM.",
    );
    if plan.activation_offload {
        out.note(
            "To keep activations in RAM MaxText has policies of its own, such as `remat_policy=minimal_offloaded`.",
        );
    }
    if plan.adapters.is_some() {
        out.note("This trains all parameters: for adapters MaxText has another command, `maxtext.trainers.post_train.sft.train_sft`.");
    }
    for note in run
        .beyond(
            "MaxText",
            Shares {
                pipeline: false,
                ..Shares::ALL
            },
        )
        .into_iter()
        .chain(run.formats_apart("MaxText"))
    {
        out.note(note);
    }
    if run.finetunes() {
        out.note("To go on from a checkpoint convert it for MaxText and name it with `load_parameters_path`.");
    }
    if run.nodes > 1 {
        out.note("On GPUs each machine has JAX_COORDINATOR_IP=HEAD_NODE, JAX_COORDINATOR_PORT, NNODES and NODE_RANK in its environment; TPUs find each other.");
    }
    out.note("Name data of your own with `dataset_type` and what it asks for, and a tokenizer with `tokenizer_path`.");
    out.note("The learning rate is MaxText's own: it is no part of the estimate.");
}
