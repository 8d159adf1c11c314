//! Megatron-LM.
//!
//! Options: `megatron/training/arguments.py`, `megatron/training/config/training_config.py`,
//! `megatron/core/transformer/transformer_config.py`, `megatron/core/model_parallel_config.py`; shapes as in
//! `examples/post_training/modelopt/conf`.

use super::basis::{RunBasis, Shares};
use crate::analysis::launch::{Draft, Launch};
use crate::model::operator::Kind;
use crate::scenario::training::{Loss, Optimizer, RateSchedule, Schedule, StateFormat, TrainingPrecision, Zero};
use crate::scenario::{AttentionKernel, Recompute};

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut out = Draft::with(format!("{} pretrain_gpt.py", run.torchrun()));
    out.before("export CUDA_DEVICE_MAX_CONNECTIONS=1");
    shape(run, &mut out);
    out.flag("--seq-length", plan.sequence, "Tokens of a sequence.")
        .flag(
            "--micro-batch-size",
            plan.micro_batch,
            "Sequences at once on each replica.",
        )
        .flag("--global-batch-size", plan.global_batch, run.why_accumulation());
    let steps = run.steps.map_or_else(|| "STEPS".to_owned(), |steps| steps.to_string());
    out.flag(
        "--train-iters",
        &steps,
        run.steps.map_or_else(
            || "Optimizer steps: no tokens were given.".to_owned(),
            |_| run.why_steps(),
        ),
    )
    .flag("--lr-decay-style", decay_style(run), run.trainer_schedule().1)
    .flag_if(
        run.warm_up().is_some(),
        "--lr-warmup-fraction",
        run.rate().1,
        "Share of the steps that warm up.",
    )
    .flag("--lr", run.usual_rate(), "A usual value; no part of the estimate.");
    parallel(run, &mut out);
    precision(run, &mut out);
    memory(run, &mut out);
    out.flag(
        "--data-path",
        "DATASET",
        "What is trained on, as `tools/preprocess_data.py` writes it.",
    )
    .flag("--tokenizer-type", "HuggingFaceTokenizer", "The model's own.")
    .flag("--tokenizer-model", &run.basis.model, "Where it lies.")
    .flag("--save", "out", "Where checkpoints go.");
    if run.finetunes() {
        out.switch_if(true, "--finetune", "Weights are loaded, steps begin at nought.")
            .flag("--load", "CHECKPOINT", "The model in Megatron's form.")
            .note("Megatron Bridge turns a checkpoint of the Hub into Megatron's: put its folder in the place of CHECKPOINT.");
    }
    if plan.adapters.is_some() {
        out.note("Megatron-LM trains no adapters: Megatron Bridge does. What is started trains all parameters.");
    }
    if let Some(note) = run.formats_apart("Megatron-LM").filter(|_| {
        let choice = &run.basis.setup.scenario.training;
        choice.master_weights.is_some()
    }) {
        out.note(note);
    }
    out.finish()
}

/// The model's shape. What the blueprint does not carry is said.
fn shape(run: &RunBasis<'_>, out: &mut Draft) {
    let blueprint = &run.basis.setup.blueprint;
    let mut attentions = blueprint
        .blocks()
        .filter(|place| place.kind.is_some())
        .flat_map(|place| place.block.attentions());
    let attention = attentions.next();
    out.flag("--num-layers", blueprint.layers.value, "Layers.").flag(
        "--hidden-size",
        blueprint.hidden.value,
        "Width of the model.",
    );
    let wide = |routed: bool| {
        run.operators().find_map(|operator| match &operator.kind {
            Kind::Linear { output, routing, .. }
                if operator.name.ends_with("up_proj") && routing.is_some() == routed =>
            {
                Some((output.value, routing.clone()))
            }
            _ => None,
        })
    };
    if let Some((width, _)) = wide(false) {
        out.flag("--ffn-hidden-size", width, "Width of the MLP.");
    }
    if let Some(attention) = attention {
        out.flag("--num-attention-heads", attention.heads.value, "Query heads.");
        match &attention.latent {
            Some(latent) => {
                out.switch_if(
                    true,
                    "--multi-latent-attention",
                    "Keys and values are made from one latent.",
                )
                .flag("--kv-lora-rank", latent.rank.value, "Its width.")
                .flag(
                    "--qk-head-dim",
                    latent.nope.value,
                    "Width of a head without a position.",
                )
                .flag(
                    "--qk-pos-emb-head-dim",
                    latent.rope.value,
                    "Width of the part with one.",
                )
                .flag("--v-head-dim", attention.value_dim.value, "Width of a value.");
            }
            None => {
                out.switch_if(
                    attention.kv_heads.value != attention.heads.value,
                    "--group-query-attention",
                    "Heads share keys and values.",
                )
                .flag(
                    "--num-query-groups",
                    attention.kv_heads.value,
                    "Heads of keys and values.",
                )
                .flag("--kv-channels", attention.key_dim.value, "Width of a head.");
            }
        }
    }
    if let Some((width, Some(routing))) = wide(true) {
        out.flag("--num-experts", routing.experts.value, "Experts of a layer.")
            .flag("--moe-router-topk", routing.top_k.value, "Experts of a token.")
            .flag("--moe-ffn-hidden-size", width, "Width of an expert.")
            .switch_if(true, "--moe-grouped-gemm", "Products of experts in one kernel.");
    }
    let gated = run
        .operators()
        .any(|operator| operator.name.ends_with("gate_proj") || operator.name == "gate_up_proj");
    out.flag("--vocab-size", blueprint.vocabulary.value, "Tokens of the vocabulary.")
        .switch_if(
            !blueprint.tied,
            "--untie-embeddings-and-output-weights",
            "The head is a matrix of its own.",
        )
        .switch_if(gated, "--swiglu", "Gated MLPs.")
        .flag("--max-position-embeddings", run.plan.sequence, "Longest sequence.");
    out.note("Kind and width of norms, positions (`--position-embedding-type`, `--rotary-base`) and biases are the config's and change memory little: add them.");
}

fn parallel(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    let (replicas, _) = run.replicas_and_shards();
    out.flag(
        "--tensor-model-parallel-size",
        plan.tensor,
        "Devices that share each layer.",
    )
    .switch_if(
        plan.sequence_parallel,
        "--sequence-parallel",
        "Norms and residuals are split among them.",
    )
    .flag("--pipeline-model-parallel-size", plan.pipeline, "Stages of layers.");
    match run.schedule() {
        Some(Schedule::Interleaved) => {
            out.flag(
                "--num-virtual-stages-per-pipeline-rank",
                plan.virtual_stages,
                "Chunks of layers a stage has.",
            );
        }
        Some(other @ (Schedule::Gpipe | Schedule::ZeroBubble | Schedule::Dualpipe)) => {
            out.note(format!(
                "Megatron-LM runs 1F1B or interleaved, not {}: what is started is not what was weighed.",
                other.label()
            ));
        }
        _ => {}
    }
    out.flag(
        "--context-parallel-size",
        plan.context,
        "Devices that share a sequence.",
    )
    .flag_if(
        plan.expert > 1,
        "--expert-model-parallel-size",
        plan.expert,
        "Devices among which experts are dealt out.",
    );
    match plan.zero {
        Zero::None => {}
        Zero::States => {
            out.switch_if(true, "--use-distributed-optimizer", "States are sharded (ZeRO-1).")
                .flag_if(
                    run.is_hybrid(),
                    "--num-distributed-optimizer-instances",
                    replicas,
                    "Groups that hold the same shards.",
                );
        }
        Zero::Gradients | Zero::Weights => {
            let (name, why) = if plan.zero == Zero::Weights {
                (
                    "optim_grads_params",
                    "Weights, gradients and states are sharded (ZeRO-3).",
                )
            } else {
                ("optim_grads", "Gradients and states are sharded (ZeRO-2).")
            };
            out.switch_if(true, "--use-megatron-fsdp", "Shards as FSDP keeps them.")
                .switch_if(true, "--use-distributed-optimizer", "Which that needs.")
                .flag("--data-parallel-sharding-strategy", name, why)
                .flag_if(
                    run.is_hybrid(),
                    "--num-distributed-optimizer-instances",
                    replicas,
                    "Groups that hold the same shards.",
                );
        }
    }
    let several = plan.data > 1;
    out.switch_if(
        several,
        "--overlap-grad-reduce",
        "Gradients travel while others are computed.",
    )
    .switch_if(
        several && plan.zero != Zero::None,
        "--overlap-param-gather",
        "Weights are gathered while layers run.",
    );
    for note in run.beyond("Megatron-LM", Shares::ALL) {
        out.note(note);
    }
}

fn precision(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    match plan.precision {
        TrainingPrecision::Fp32 => {}
        TrainingPrecision::Fp16Mixed => {
            out.switch_if(true, "--fp16", "Products in FP16 on FP32 masters.");
        }
        _ => {
            out.switch_if(true, "--bf16", "Products in BF16 on FP32 masters.");
        }
    }
    match plan.precision {
        TrainingPrecision::Bf16 => {
            out.note("Megatron-LM keeps FP32 masters behind BF16 weights: it needs more than was weighed.");
        }
        TrainingPrecision::Fp8Mixed => {
            out.flag("--fp8-format", "hybrid", "E4M3 forward, E5M2 backward.").flag(
                "--fp8-recipe",
                "tensorwise",
                "One scale a tensor.",
            );
        }
        TrainingPrecision::Mxfp8Mixed => {
            out.flag("--fp8-format", "e4m3", "Products in FP8.").flag(
                "--fp8-recipe",
                "mxfp8",
                "One scale for 32 values.",
            );
        }
        TrainingPrecision::Nvfp4Mixed => {
            out.flag("--fp4-format", "e2m1", "Products in NVFP4.");
        }
        _ => {}
    }
    let choice = &run.basis.setup.scenario.training;
    if let Some(format) = choice.optimizer_format.filter(|format| *format != StateFormat::Fp32) {
        let name = match format {
            StateFormat::Bf16 => "bf16",
            StateFormat::Fp8 => "fp8",
            StateFormat::Int8 | StateFormat::Fp32 => {
                out.note("Megatron-LM keeps moments in FP32, FP16, BF16 or FP8, not in INT8.");
                return;
            }
        };
        out.switch_if(
            true,
            "--use-precision-aware-optimizer",
            "Moments in a format of their own.",
        )
        .flag("--exp-avg-dtype", name, "First moment.")
        .flag("--exp-avg-sq-dtype", name, "Second moment.");
    }
    if choice.gradient_format.is_some() && plan.bytes.gradient == 2 {
        out.switch_if(true, "--grad-reduce-in-bf16", "Gradients in BF16.");
    }
}

fn memory(run: &RunBasis<'_>, out: &mut Draft) {
    let plan = run.plan;
    match plan.recompute {
        Recompute::None => {}
        Recompute::Selective => {
            out.flag("--recompute-granularity", "selective", run.why_recompute());
        }
        Recompute::Full => {
            out.flag("--recompute-granularity", "full", run.why_recompute())
                .flag("--recompute-method", "uniform", "All layers alike.")
                .flag("--recompute-num-layers", 1, "A layer at a time.");
        }
    }
    let kernel = match plan.attention {
        AttentionKernel::Sdpa => "fused",
        AttentionKernel::Flash => "flash",
        AttentionKernel::Eager => "unfused",
    };
    out.flag("--attention-backend", kernel, "The kernel of attention.");
    let name = match plan.optimizer {
        Optimizer::Adamw => Some("adam"),
        Optimizer::Sgd | Optimizer::SgdMomentum => Some("sgd"),
        Optimizer::Lion => Some("lion"),
        Optimizer::Muon => Some("muon"),
        _ => None,
    };
    match name {
        Some(name) => {
            out.flag("--optimizer", name, plan.optimizer.label());
        }
        None => {
            out.note(format!("Megatron-LM has no {}.", plan.optimizer.label()));
        }
    }
    out.switch_if(
        plan.optimizer_offload,
        "--optimizer-cpu-offload",
        "States and their update are in RAM.",
    )
    .switch_if(
        plan.loss == Loss::Fused,
        "--cross-entropy-loss-fusion",
        "The loss in one kernel.",
    );
    if plan.loss == Loss::Chunked {
        out.note("Megatron-LM computes the loss of all tokens at once.");
    }
    if plan.activation_offload {
        out.note("What is kept stays on the devices: the estimate has it in RAM.");
    }
    if plan.in_backward {
        out.note("Megatron-LM updates parameters after the backward pass, not in it.");
    }
    if plan.compiled {
        out.note("Megatron-LM fuses what it has kernels for; it compiles no whole model.");
    }
}

/// The schedule of the learning rate by Megatron's names.
fn decay_style(run: &RunBasis<'_>) -> &'static str {
    match run.rate().0 {
        RateSchedule::Cosine => "cosine",
        RateSchedule::Linear => "linear",
        RateSchedule::InverseSquareRoot => "inverse-square-root",
        RateSchedule::Constant => "constant",
        RateSchedule::StableDecay => "WSD",
    }
}
