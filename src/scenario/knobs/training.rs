//! A training run: framework, batch, layout, precision, optimizer, adapters. A line a knob.

use strum::IntoEnumIterator;

use super::read::{choose, optional, optional_percent, short, trained_tokens, unknown};
use super::{
    AUTO, Group, Knob, KnobError, KnobId, KnobKind, MOST_BATCH, MOST_DEVICES, MOST_TOKENS, OptionRow, TRAINING,
};
use crate::scenario::training::{
    BaseWeights, Framework, GradientFormat, LoraTargets, Loss, MasterFormat, Optimizer, RateSchedule, Reinforcement,
    Schedule, StateFormat, Switch, Target, Task, TrainingPrecision, Zero,
};

/// One of a list, or as the framework does.
macro_rules! pick {
    ($id:ident, $key:literal, $flag:literal, $label:literal, $field:ident: $type:ty, $help:literal) => {
        Knob {
            id: KnobId::$id,
            key: $key,
            flag: $flag,
            label: $label,
            help: $help,
            group: Group::Training,
            kind: KnobKind::Choice(|| {
                let own = <$type>::iter().map(|one| OptionRow {
                    key: one.key(),
                    label: one.label().to_owned(),
                    help: one.help().to_owned(),
                });
                std::iter::once(automatic()).chain(own).collect()
            }),
            modes: TRAINING,
            get: |s| s.training.$field.map_or("auto", |value| value.key()).to_owned(),
            set: |s, text| {
                if text.eq_ignore_ascii_case("auto") {
                    s.training.$field = None;
                    return Ok(());
                }
                let mut value = <$type>::default();
                choose($label, text, &mut value, <$type>::iter().map(<$type>::key))?;
                s.training.$field = Some(value);
                Ok(())
            },
        }
    };
}

/// A share in percent, or what is usual.
macro_rules! percent {
    ($id:ident, $key:literal, $flag:literal, $label:literal, $field:ident, $help:literal) => {
        Knob {
            id: KnobId::$id,
            key: $key,
            flag: $flag,
            label: $label,
            help: $help,
            group: Group::Training,
            kind: KnobKind::WholeOr {
                words: AUTO,
                least: 1,
                most: 100,
                unit: "%",
            },
            modes: TRAINING,
            get: |s| {
                s.training
                    .$field
                    .map_or_else(|| "auto".to_owned(), |value| value.to_string())
            },
            set: |s, text| {
                s.training.$field = optional_percent($label, text)?;
                Ok(())
            },
        }
    };
}

/// A whole number, or as the framework does.
macro_rules! count {
    ($id:ident, $key:literal, $flag:literal, $label:literal, $field:ident, $least:expr, $most:expr, $unit:literal, $help:literal) => {
        Knob {
            id: KnobId::$id,
            key: $key,
            flag: $flag,
            label: $label,
            help: $help,
            group: Group::Training,
            kind: KnobKind::WholeOr {
                words: AUTO,
                least: $least,
                most: $most,
                unit: $unit,
            },
            modes: TRAINING,
            get: |s| {
                s.training
                    .$field
                    .map_or_else(|| "auto".to_owned(), |value| value.to_string())
            },
            set: |s, text| {
                s.training.$field = optional($label, text, $least, $most)?;
                Ok(())
            },
        }
    };
}

fn automatic() -> OptionRow {
    OptionRow {
        key: "auto",
        label: "Automatic".to_owned(),
        help: "As the framework does.".to_owned(),
    }
}

/// The card "Training".
pub(super) const KNOBS: &[Knob] = &[
    pick!(Framework, "fw", "framework", "Framework", framework: Framework, "Whose habits decide precision, what is kept, the loss and what overlaps. One device: Transformers; several: FSDP to pretrain, DeepSpeed to fine-tune."),
    Knob {
        id: KnobId::Task,
        key: "tk",
        flag: "task",
        label: "Trained for",
        help: "What an encoder of text is trained for: the class that is built and its loss. By itself the class that the config names, mostly the one for masked words. Labels are as many as num_labels or id2label of the config has, else two.",
        group: Group::Training,
        kind: KnobKind::Choice(|| {
            let own = Task::iter().map(|one| OptionRow {
                key: one.key(),
                label: one.label().to_owned(),
                help: one.help().to_owned(),
            });
            let named = OptionRow {
                key: "auto",
                label: "As the config's class".to_owned(),
                help: "What the class is for that the config names (architectures).".to_owned(),
            };
            std::iter::once(named).chain(own).collect()
        }),
        modes: TRAINING,
        get: |s| s.training.task.map_or("auto", Task::key).to_owned(),
        set: |s, text| {
            if text.eq_ignore_ascii_case("auto") {
                s.training.task = None;
                return Ok(());
            }
            let mut value = Task::default();
            choose("Trained for", text, &mut value, Task::iter().map(Task::key))?;
            s.training.task = Some(value);
            Ok(())
        },
    },
    count!(
        GlobalBatch,
        "gb",
        "global-batch",
        "Global batch",
        global_batch,
        1,
        MOST_BATCH,
        "sequences",
        "Sequences of an optimizer step, all devices together."
    ),
    count!(
        GradientAccumulation,
        "ga",
        "gradient-accumulation",
        "Gradient accumulation",
        accumulation,
        1,
        MOST_BATCH,
        "steps",
        "Micro-batches whose gradients are added up before the optimizer runs."
    ),
    Knob {
        id: KnobId::Tokens,
        key: "tt",
        flag: "tokens",
        label: "Tokens trained on",
        help: "Tokens of the whole run, such as 300B or 2T: days, cost, energy and the expected loss follow.",
        group: Group::Training,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: MOST_TRAINED,
            unit: "",
        },
        modes: TRAINING,
        get: |s| {
            s.training
                .tokens
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.training.tokens = trained_tokens("Tokens trained on", text, MOST_TRAINED)?;
            Ok(())
        },
    },
    count!(
        ContextParallel,
        "cp",
        "context-parallel",
        "Context parallel",
        context_parallel,
        1,
        MOST_DEVICES,
        "devices",
        "Devices that share the tokens of a sequence."
    ),
    pick!(SequenceParallel, "sp", "sequence-parallel", "Sequence parallel", sequence_parallel: Switch, "Norms and residuals are split over the devices that share a layer. On where layers are shared."),
    count!(
        VirtualStages,
        "vs",
        "virtual-stages",
        "Chunks of layers a stage",
        virtual_stages,
        1,
        4096,
        "",
        "How many chunks of layers each pipeline device has (interleaving)."
    ),
    pick!(Schedule, "ps", "schedule", "Pipeline schedule", schedule: Schedule, "In which order a pipeline runs its micro-batches."),
    pick!(Zero, "zero", "zero", "Sharded over data-parallel ranks", zero: Zero, "What data-parallel devices share instead of each having a copy (ZeRO, FSDP)."),
    count!(
        ShardGroup,
        "sg",
        "shard-group",
        "Devices of a shard group",
        shard_group,
        1,
        MOST_DEVICES,
        "devices",
        "Devices over which weights and states are sharded; more are replicas of that group (HSDP)."
    ),
    pick!(OptimizerOffload, "oo", "optimizer-offload", "Optimizer in RAM", optimizer_offload: Switch, "Optimizer states lie in the machine's RAM and are updated there."),
    pick!(ActivationOffload, "ao", "activation-offload", "Kept activations in RAM", activation_offload: Switch, "What the backward pass needs is moved to RAM and back."),
    pick!(Precision, "prec", "precision", "Training precision", precision: TrainingPrecision, "Number formats of products, master weights and optimizer states."),
    pick!(MasterWeights, "mw", "master-weights", "Master weights", master_weights: MasterFormat, "Format of the weights that the optimizer updates."),
    pick!(GradFormat, "gf", "grad-format", "Gradients", gradient_format: GradientFormat, "Format in which gradients are kept and added up."),
    pick!(OptimizerFormat, "osf", "optimizer-format", "Optimizer states", optimizer_format: StateFormat, "Format of the optimizer's moments."),
    pick!(Optimizer, "opt", "optimizer", "Optimizer", optimizer: Optimizer, "What updates the weights, and how much it keeps for each."),
    pick!(OptimizerInBackward, "oib", "optimizer-in-backward", "Update during the backward pass", optimizer_in_backward: Switch, "Each parameter is updated as soon as its gradient is there, so that no gradient outlives its layer."),
    pick!(Loss, "loss", "loss", "Loss", loss: Loss, "Whether the scores over the vocabulary are in memory for all tokens at once."),
    Knob {
        id: KnobId::LoraRank,
        key: "lr",
        flag: "lora-rank",
        label: "Adapters (LoRA rank)",
        help: "Rank of the adapters that are trained beside the frozen model; none trains all parameters.",
        group: Group::Training,
        kind: KnobKind::WholeOr {
            words: NO_LORA,
            least: 1,
            most: 65_536,
            unit: "",
        },
        modes: FINE,
        get: |s| {
            s.training
                .lora_rank
                .map_or_else(|| "none".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.training.lora_rank = optional("Adapters (LoRA rank)", text, 1, 65_536)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::LoraTargets,
        key: "lt",
        flag: "lora-targets",
        label: "Adapters stand at",
        help: "Which linear layers have adapters: attention, all-linear (all but the head), or a list of q,k,v,o,gate,up,down,head.",
        group: Group::Training,
        kind: KnobKind::Choice(|| {
            let row = |key, label: &str, help: &str| OptionRow {
                key,
                label: label.to_owned(),
                help: help.to_owned(),
            };
            vec![
                automatic(),
                row("attention", "Attention", "Every linear layer of attention."),
                row("all-linear", "All linear layers", "Every linear layer but the head."),
                row("q,v", "Queries and values", "As in the LoRA paper."),
                row(
                    "q,k,v,o",
                    "Queries, keys, values, output",
                    "The four matrices of attention.",
                ),
                row(
                    "q,k,v,o,gate,up,down",
                    "Attention and MLP",
                    "The matrices of attention and MLP.",
                ),
            ]
        }),
        modes: FINE,
        get: |s| {
            s.training
                .lora_targets
                .as_ref()
                .map_or_else(|| "auto".to_owned(), ToString::to_string)
        },
        set: |s, text| {
            s.training.lora_targets = targets(text)?;
            Ok(())
        },
    },
    pick!(Dora, "dora", "dora", "Magnitudes too (DoRA)", dora: Switch, "Adds a magnitude for each output of an adapted layer."),
    pick!(BaseWeights, "bw", "base-weights", "Frozen base", base_weights: BaseWeights, "Format of the frozen model under adapters; four bits is QLoRA."),
    Knob {
        modes: FINE,
        ..pick!(Rl, "rl", "rl", "Reinforcement", reinforcement: Reinforcement, "Whether answers of the model itself are reinforced, and how: stages, memory and time of an update follow. The global batch is prompts times answers to each.")
    },
    Knob {
        modes: FINE,
        ..count!(
            AnswerTokens,
            "at",
            "answer-tokens",
            "Tokens of an answer",
            answer_tokens,
            1,
            MOST_TOKENS,
            "tokens",
            "Tokens that the policy writes for each sequence; the rest of the sequence is its prompt. Half of it unless given."
        )
    },
    Knob {
        modes: FINE,
        ..pick!(ReferenceModel, "rm", "reference-model", "Reference model", reference_model: Switch, "Whether a frozen copy holds the policy back (a KL term). On unless given.")
    },
    pick!(Compile, "comp", "compile", "Compiled", compile: Switch, "Operators that work element by element are fused and keep less."),
    percent!(
        Mfu,
        "mfu",
        "mfu",
        "Model FLOP utilisation",
        mfu,
        "Share of the peak that the model's own operations reach, such as 0.4; automatic is what published runs show."
    ),
    percent!(
        Goodput,
        "gp",
        "goodput",
        "Goodput",
        goodput,
        "Share of the calendar time in which the run moves on: restarts, evaluation and checkpoints take the rest."
    ),
    pick!(LrSchedule, "ls", "lr-schedule", "Learning-rate schedule", rate_schedule: RateSchedule, "How the learning rate goes after its warm-up. It changes no figure of the estimate; the tab Loss draws it and commands write it."),
    percent!(
        WarmUp,
        "wu",
        "warm-up",
        "Warm-up",
        warm_up,
        "Share of the steps in which the learning rate rises to its peak; 1 % where nothing is given."
    ),
];

/// Most tokens a run trains on.
const MOST_TRAINED: u64 = 1_000_000_000_000_000;
const FINE: &[super::Mode] = &[super::Mode::Finetune];
const NO_LORA: &[super::Word] = &[super::Word {
    key: "none",
    label: "All parameters",
}];

fn targets(text: &str) -> Result<Option<LoraTargets>, KnobError> {
    let label = "Adapters stand at";
    match text.trim().to_ascii_lowercase().as_str() {
        "auto" => return Ok(None),
        "attention" => return Ok(Some(LoraTargets::Attention)),
        "all-linear" => return Ok(Some(LoraTargets::AllLinear)),
        _ => {}
    }
    let mut list = Vec::new();
    for word in text.split(',').take(Target::iter().count().saturating_add(1)) {
        let known = || Target::iter().map(Target::key).chain(["attention", "all-linear"]);
        let one: Target = word.trim().parse().map_err(|_| unknown(label, word, known()))?;
        if list.contains(&one) {
            return Err(KnobError::Refused(format!(
                "{label}: \"{}\" is there twice.",
                short(word)
            )));
        }
        list.push(one);
    }
    list.sort_by_key(|one| Target::iter().position(|known| known == *one));
    Ok(Some(LoraTargets::List(list)))
}
