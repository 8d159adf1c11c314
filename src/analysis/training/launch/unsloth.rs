//! Unsloth, as a Python script.
//!
//! Arguments: `unsloth/models/loader.py` (`FastLanguageModel.from_pretrained`), `unsloth/models/llama.py`
//! (`get_peft_model`); TRL `trainer/sft_config.py`.

use super::basis::{RunBasis, Shares};
use crate::analysis::launch::quote::python;
use crate::analysis::launch::{Flag, Language, Launch};
use crate::scenario::Recompute;
use crate::scenario::training::{BaseWeights, Loss, TrainingPrecision};

/// Arguments of one call.
struct Call {
    name: &'static str,
    flags: Vec<Flag>,
}

impl Call {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
            flags: Vec::new(),
        }
    }
    fn add(&mut self, flag: &'static str, value: impl ToString, why: impl Into<String>) -> &mut Self {
        self.flags.push(Flag {
            flag,
            value: value.to_string(),
            why: why.into(),
        });
        self
    }
    /// The arguments, one a line.
    fn written(&self) -> String {
        self.flags
            .iter()
            .map(|flag| {
                format!(
                    "    {}={},\n",
                    flag.flag.trim_start_matches(self.name).trim_start_matches('.'),
                    flag.value
                )
            })
            .collect()
    }
}

const fn truth(holds: bool) -> &'static str {
    if holds { "True" } else { "False" }
}

pub(super) fn launch(run: &RunBasis<'_>) -> Launch {
    let plan = run.plan;
    let mut notes = Vec::new();
    let load = load(run, &mut notes);
    let adapt = adapt(run, &mut notes);
    let train = train(run, &mut notes);
    notes.extend(run.beyond("Unsloth", Shares::default()));
    if plan.optimizer_offload {
        notes.push("Unsloth moves no optimizer to RAM: a paged one may go there where it does not fit.".to_owned());
    }
    if plan.loss != Loss::Fused {
        notes.push(format!(
            "Unsloth's loss is fused, not {}.",
            plan.loss.label().to_lowercase()
        ));
    }
    notes.extend(run.formats_apart("Unsloth"));
    notes.push("Put your data set in the place of DATASET. The learning rate is the trainer's own: it is no part of the estimate.".to_owned());
    let adapted = adapt.as_ref().map_or_else(String::new, |call| {
        format!(
            "model = FastLanguageModel.get_peft_model(\n    model,\n{})\n",
            call.written()
        )
    });
    let command = format!(
        "from unsloth import FastLanguageModel
from datasets import load_dataset
from trl import SFTConfig, SFTTrainer

model, tokenizer = FastLanguageModel.from_pretrained(
{})
{adapted}trainer = SFTTrainer(
    model=model,
    processing_class=tokenizer,
    train_dataset=load_dataset(\"DATASET\", split=\"train\"),
    args=SFTConfig(
{}    ),
)
trainer.train()",
        load.written(),
        train.written().replace("    ", "        ")
    );
    let mut flags = load.flags;
    flags.extend(adapt.into_iter().flat_map(|call| call.flags));
    flags.extend(train.flags);
    if plan.devices > 1 {
        notes.push(format!(
            "Save it as run.py and start it with `{} run.py`.",
            run.torchrun()
        ));
    }
    Launch {
        command,
        language: Language::Python,
        flags,
        notes,
    }
}

fn load(run: &RunBasis<'_>, notes: &mut Vec<String>) -> Call {
    let plan = run.plan;
    let mut out = Call::new("from_pretrained");
    out.add("from_pretrained.model_name", python(&run.basis.model), "The model.");
    if let Some(revision) = &run.basis.revision {
        out.add(
            "from_pretrained.revision",
            python(revision),
            "The revision the estimate is of.",
        );
    }
    let four = matches!(run.base(), Some(BaseWeights::Nf4 | BaseWeights::Nf4Double));
    out.add("from_pretrained.max_seq_length", plan.sequence, "Tokens of a sequence.")
        .add(
            "from_pretrained.load_in_4bit",
            truth(four),
            "Whether the base is NF4 with quantised scales.",
        )
        .add(
            "from_pretrained.load_in_8bit",
            truth(run.base() == Some(BaseWeights::Int8)),
            "Whether the base is INT8.",
        )
        .add(
            "from_pretrained.load_in_fp8",
            truth(run.base() == Some(BaseWeights::Fp8)),
            "Whether the base is FP8.",
        )
        .add(
            "from_pretrained.full_finetuning",
            truth(plan.adapters.is_none()),
            "Whether all parameters are trained.",
        )
        .add(
            "from_pretrained.use_gradient_checkpointing",
            checkpointing(run),
            run.why_recompute(),
        );
    if plan.adapters.is_none() {
        out.add(
            "from_pretrained.float32_mixed_precision",
            truth(plan.precision.is_mixed()),
            "Whether FP32 masters stand behind BF16 products.",
        );
    }
    match run.base() {
        Some(BaseWeights::Nf4) => {
            notes.push("Unsloth quantises the scales of NF4 too: it needs less than was weighed.".to_owned())
        }
        Some(base @ BaseWeights::Int4) => notes.push(format!("Unsloth does not make {} of a base.", base.label())),
        _ => {}
    }
    if run.is_narrow() {
        notes.push(format!("Unsloth has no products in {}.", plan.precision.label()));
    }
    out
}

fn checkpointing(run: &RunBasis<'_>) -> &'static str {
    match (run.plan.recompute, run.plan.activation_offload) {
        (Recompute::Full, true) => "\"unsloth\"",
        (Recompute::Full, false) => "True",
        _ => "False",
    }
}

fn adapt(run: &RunBasis<'_>, notes: &mut Vec<String>) -> Option<Call> {
    let adapters = run.plan.adapters.as_ref()?;
    let mut out = Call::new("get_peft_model");
    let names: Vec<String> = run.targets().iter().map(|name| python(name)).collect();
    out.add("get_peft_model.r", adapters.rank, "Rank of adapters.")
        .add(
            "get_peft_model.target_modules",
            format!("[{}]", names.join(", ")),
            "Layers that get adapters.",
        )
        .add(
            "get_peft_model.lora_alpha",
            run.alpha(),
            "Their scale: usually twice the rank, no part of the estimate.",
        )
        .add(
            "get_peft_model.use_gradient_checkpointing",
            checkpointing(run),
            run.why_recompute(),
        );
    if adapters.magnitudes {
        notes.push("Unsloth's kernels have no magnitudes (DoRA): adapters are plain.".to_owned());
    }
    Some(out)
}

fn train(run: &RunBasis<'_>, notes: &mut Vec<String>) -> Call {
    let plan = run.plan;
    let mut out = Call::new("SFTConfig");
    out.add("SFTConfig.max_length", plan.sequence, "Tokens of a sequence.")
        .add(
            "SFTConfig.packing",
            "True",
            "Sequences are filled up, as the estimate takes them.",
        )
        .add(
            "SFTConfig.per_device_train_batch_size",
            plan.micro_batch,
            "Sequences at once on each device.",
        )
        .add(
            "SFTConfig.gradient_accumulation_steps",
            plan.accumulation,
            run.why_accumulation(),
        );
    if let Some(steps) = run.steps {
        out.add("SFTConfig.max_steps", steps, run.why_steps());
    }
    match run.trainer_optimizer() {
        Some(name) => {
            out.add("SFTConfig.optim", python(name), plan.optimizer.label());
        }
        None => notes.push(format!("The trainer has no {} by a name.", plan.optimizer.label())),
    }
    if let Some(warm) = run.warm_up() {
        out.add(
            "SFTConfig.warmup_steps",
            warm.to_string(),
            "Share of the steps that warm up.",
        );
    }
    out.add(
        "SFTConfig.lr_scheduler_type",
        python(run.trainer_schedule().0),
        run.trainer_schedule().1,
    )
    .add(
        if plan.precision == TrainingPrecision::Fp16Mixed {
            "SFTConfig.fp16"
        } else {
            "SFTConfig.bf16"
        },
        truth(plan.precision != TrainingPrecision::Fp32),
        "Format of the products.",
    )
    .add("SFTConfig.output_dir", python("out"), "Where checkpoints go.");
    out
}
