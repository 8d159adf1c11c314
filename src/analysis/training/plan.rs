//! A training run with nothing left open: what the scenario says, and the framework's habits for the rest.

use super::habits::{Habits, habits};
use super::parameter_bytes::{ParameterBytes, parameter_bytes};
use crate::analysis::error::AnalysisError;
use crate::model::blueprint::Reading;
use crate::model::{Blueprint, Purpose};
use crate::scenario::training::{
    BaseWeights, Framework, LoraTargets, Loss, Optimizer, Reinforcement, Schedule, Switch, TrainingPrecision, Zero,
};
use crate::scenario::{AttentionKernel, Mode, Recompute, Scenario};
use crate::units::{Quantity, grouped};

/// Adapters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adapters {
    /// Their rank.
    pub rank: u64,
    /// Where they stand.
    pub targets: LoraTargets,
    /// Whether they have magnitudes (DoRA).
    pub magnitudes: bool,
    /// Format of the frozen base.
    pub base: BaseWeights,
}

/// A run, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingPlan {
    /// The framework.
    pub framework: Framework,
    /// Devices in all.
    pub devices: u64,
    /// Devices that share each layer.
    pub tensor: u64,
    /// Stages of the pipeline.
    pub pipeline: u64,
    /// Devices that share a sequence.
    pub context: u64,
    /// Devices that share the experts.
    pub expert: u64,
    /// Replicas of data parallelism.
    pub data: u64,
    /// Whether norms and residuals are split over the tensor group.
    pub sequence_parallel: bool,
    /// Chunks of layers a pipeline rank has.
    pub virtual_stages: u64,
    /// Order of the pipeline.
    pub schedule: Schedule,
    /// What data-parallel ranks shard.
    pub zero: Zero,
    /// Ranks over which they shard it.
    pub shard_group: u64,
    /// Sequences of a micro-batch.
    pub micro_batch: u64,
    /// Tokens of a sequence; of an encoder-decoder those that the decoder learns to write.
    pub sequence: u64,
    /// Tokens that an encoder beside a decoder reads of each sequence; 0 without one.
    pub encoder: u64,
    /// Micro-batches of an optimizer step on one replica.
    pub accumulation: u64,
    /// Sequences of an optimizer step.
    pub global_batch: u64,
    /// Number formats.
    pub precision: TrainingPrecision,
    /// Bytes a trained parameter.
    pub bytes: ParameterBytes,
    /// What is computed again.
    pub recompute: Recompute,
    /// Attention kernel.
    pub attention: AttentionKernel,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// Whether each parameter is updated during the backward pass.
    pub in_backward: bool,
    /// How the loss is computed.
    pub loss: Loss,
    /// Adapters; `None` trains all parameters.
    pub adapters: Option<Adapters>,
    /// Whether the model is compiled.
    pub compiled: bool,
    /// Whether optimizer states lie in RAM.
    pub optimizer_offload: bool,
    /// Whether kept activations lie in RAM.
    pub activation_offload: bool,
    /// Memory of a device, bytes, where one is chosen.
    pub room: Option<u64>,
    /// Tokens of the whole run.
    pub tokens: Option<u64>,
    /// Share of calendar time in which the run moves on.
    pub goodput: f64,
}

fn on(choice: Option<Switch>, otherwise: bool) -> bool {
    choice.map_or(otherwise, |switch| switch == Switch::On)
}

/// A layout that cannot be.
pub(super) fn refused(words: String) -> AnalysisError {
    AnalysisError::Layout(words)
}

impl TrainingPlan {
    /// The same on a device with so much memory.
    #[must_use]
    pub fn on(mut self, room: Option<u64>) -> Self {
        self.room = room;
        self
    }
    /// Resolves the run of a scenario.
    ///
    /// # Errors
    /// A layout that cannot be: numbers that do not divide, more stages than layers, batches that contradict each other.
    pub fn of(blueprint: &Blueprint, scenario: &Scenario) -> Result<Self, AnalysisError> {
        let choice = &scenario.training;
        let hardware = &scenario.hardware;
        let devices = hardware.devices.max(1);
        let finetune = scenario.workload.mode == Mode::Finetune;
        let framework = choice.framework.unwrap_or(match (devices, finetune) {
            (1, _) => Framework::Transformers,
            (_, false) => Framework::Fsdp,
            (_, true) => Framework::Deepspeed,
        });
        let tensor = hardware.tensor.unwrap_or(1).max(1);
        let pipeline = hardware.pipeline.max(1);
        let context = choice.context_parallel.unwrap_or(1).max(1);
        let expert = hardware.expert.max(1);
        let model = tensor
            .checked_mul(pipeline)
            .and_then(|ranks| ranks.checked_mul(context))
            .unwrap_or(u64::MAX);
        if !devices.is_multiple_of(model) {
            return Err(refused(format!(
                "Tensor {tensor} × pipeline {pipeline} × context parallel {context} is {}, which does not divide the {} devices.",
                grouped(model),
                grouped(devices)
            )));
        }
        let data = devices / model;
        let virtual_stages = choice.virtual_stages.unwrap_or(1).max(1);
        let schedule = choice.schedule.unwrap_or(if virtual_stages > 1 {
            Schedule::Interleaved
        } else {
            Schedule::OneForwardOneBackward
        });
        let micro_batch = scenario.workload.batch.max(1);
        let sequence = scenario.workload.prompt.max(1);
        let rewarded = !matches!(choice.reinforcement, None | Some(Reinforcement::None));
        if rewarded && matches!(blueprint.reading, Reading::Both(_)) {
            return Err(refused(
                "Reinforcement learning is counted for models that write after what they read, not for an encoder-decoder."
                    .to_owned(),
            ));
        }
        let encoder = match blueprint.reading {
            Reading::Both(_) => {
                let prompt = || Quantity::choice("sequence", sequence, "Workload");
                blueprint.encoder_tokens(scenario.workload.encoder_tokens, prompt).value
            }
            _ => 0,
        };
        let (global_batch, accumulation) = batches(choice.global_batch, choice.accumulation, micro_batch, data)?;
        let several = devices > 1;
        let zero = choice.zero.unwrap_or(match framework {
            _ if !several => Zero::None,
            Framework::Fsdp | Framework::Torchtitan | Framework::LlmFoundry | Framework::Maxtext => Zero::Weights,
            Framework::Torchtune | Framework::Litgpt | Framework::Colossalai => Zero::Weights,
            Framework::Megatron | Framework::Internevo => Zero::States,
            Framework::Deepspeed => Zero::Gradients,
            Framework::Transformers | Framework::Unsloth => Zero::None,
        });
        let replicas = data.saturating_mul(context);
        let shard_group = choice.shard_group.unwrap_or(replicas);
        let precision = choice.precision.unwrap_or(match framework {
            Framework::Torchtune | Framework::Litgpt | Framework::Unsloth => TrainingPrecision::Bf16,
            Framework::Transformers | Framework::Deepspeed if choice.lora_rank.is_some() => TrainingPrecision::Bf16,
            _ => TrainingPrecision::Bf16Mixed,
        });
        let rewards = choice.reinforcement.unwrap_or_default();
        if blueprint.reading == Reading::Encodes && rewards != Reinforcement::None {
            return Err(refused(
                "An encoder writes no answers that could be reinforced: take --rl none.".to_owned(),
            ));
        }
        let adapters = match choice.lora_rank {
            Some(_) if !finetune => {
                return Err(refused(
                    "Adapters (LoRA) are trained in the mode finetune; pretraining trains all parameters.".to_owned(),
                ));
            }
            Some(rank) => Some(Adapters {
                rank,
                targets: choice.lora_targets.clone().unwrap_or_default(),
                magnitudes: on(choice.dora, false),
                base: choice.base_weights.unwrap_or_default(),
            }),
            None if choice
                .base_weights
                .is_some_and(|base| !matches!(base, BaseWeights::Bf16 | BaseWeights::Fp32)) =>
            {
                return Err(refused(
                    "Quantised weights cannot be trained themselves: give --lora-rank for adapters beside them."
                        .to_owned(),
                ));
            }
            None => None,
        };
        let plan = Self {
            framework,
            devices,
            tensor,
            pipeline,
            context,
            expert,
            data,
            sequence_parallel: on(choice.sequence_parallel, tensor > 1) && tensor > 1,
            virtual_stages,
            schedule,
            zero,
            shard_group,
            micro_batch,
            sequence,
            encoder,
            accumulation,
            global_batch,
            precision,
            bytes: parameter_bytes(framework, precision, scenario, adapters.is_some()),
            recompute: scenario.workload.recompute,
            attention: scenario.assumptions.attention,
            optimizer: choice.optimizer.unwrap_or_default(),
            in_backward: on(choice.optimizer_in_backward, false),
            loss: choice.loss.unwrap_or(match framework {
                Framework::Torchtune => Loss::Chunked,
                Framework::Litgpt if adapters.is_some() => Loss::Chunked,
                Framework::Unsloth => Loss::Fused,
                _ => Loss::Full,
            }),
            adapters,
            compiled: on(choice.compile, framework == Framework::Maxtext),
            optimizer_offload: on(choice.optimizer_offload, false),
            // Unsloth moves checkpoints to RAM by itself.
            activation_offload: on(
                choice.activation_offload,
                framework == Framework::Unsloth && scenario.workload.recompute == Recompute::Full,
            ),
            room: None,
            tokens: choice.tokens,
            goodput: choice.goodput.unwrap_or(100) as f64 / 100.0,
        };
        plan.check(blueprint)?;
        Ok(plan)
    }

    /// What the framework does by itself.
    pub const fn habits(&self) -> &'static Habits {
        habits(self.framework)
    }
    /// Passes in which a micro-batch runs through the layers: both texts of a pair, of which embeddings are learnt, run apart.
    pub fn passes(&self, blueprint: &Blueprint) -> u64 {
        if blueprint.purpose == Some(Purpose::Plain) && self.micro_batch > 1 {
            2
        } else {
            1
        }
    }
    /// Whether the model's classes run under autocast: FP32 weights, each product casts what it reads.
    pub fn autocasts(&self) -> bool {
        self.precision.is_mixed() && self.framework == Framework::Transformers && self.adapters.is_none()
    }
    /// Whether products run under autocast, whatever the weights are.
    pub fn is_under_autocast(&self) -> bool {
        self.precision.is_mixed() && self.framework == Framework::Transformers
    }
    /// Whether layers are transformers' own classes, which keep what Python wrote down.
    pub fn runs_classes(&self) -> bool {
        matches!(
            self.framework,
            Framework::Transformers | Framework::Deepspeed | Framework::Fsdp | Framework::Colossalai
        ) && !self.compiled
            && !self.is_patched()
    }
    /// Whether norms, MLPs and loss of the classes are replaced by fused kernels: those that bring a fused loss (Liger)
    /// bring the others with it.
    pub fn is_patched(&self) -> bool {
        self.loss == Loss::Fused
    }
    /// Whether layers run as Python wrote them, whoever's they are: nothing is fused or computed again by itself.
    pub fn runs_python(&self) -> bool {
        let own = matches!(
            self.framework,
            Framework::Litgpt | Framework::Torchtune | Framework::Torchtitan | Framework::LlmFoundry
        );
        self.runs_classes() || own && !self.compiled
    }
    /// Whether sharded gradients are added up whole before they are summed over the ranks.
    pub fn adds_up_whole(&self) -> bool {
        self.habits().adds_up_whole && self.accumulation > 1 && self.gradient_shards() > 1
    }
    /// Whether weights are gathered a unit at a time, and let go (FSDP).
    pub fn shards_units(&self) -> bool {
        self.zero == Zero::Weights && self.weight_shards() > 1 && self.framework != Framework::Deepspeed
    }
    /// Whether weights and gradients lie in RAM with the optimizer's states: FSDP's offload moves whole shards.
    pub fn offloads_weights(&self) -> bool {
        let fsdp = matches!(
            self.framework,
            Framework::Fsdp | Framework::Torchtitan | Framework::Torchtune | Framework::Litgpt | Framework::LlmFoundry
        );
        self.optimizer_offload && self.zero == Zero::Weights && fsdp
    }
    /// Whether gradients lie in RAM: with FSDP's weights, and where DeepSpeed's optimizer runs there.
    pub fn offloads_gradients(&self) -> bool {
        let sharded = matches!(self.zero, Zero::Gradients | Zero::Weights);
        let deepspeed = self.framework == Framework::Deepspeed && self.optimizer_offload && sharded;
        self.offloads_weights() || deepspeed
    }
    /// Whether the base under adapters is packed in 4 or 8 bits.
    pub fn is_quantised(&self) -> bool {
        let base = self.adapters.as_ref().map(|adapters| adapters.base);
        base.is_some_and(|base| !matches!(base, BaseWeights::Bf16 | BaseWeights::Fp32))
    }
    /// Whether what is not packed was turned to FP32, and the residual stream with it (PEFT
    /// `prepare_model_for_kbit_training`).
    pub fn widens_rest(&self) -> bool {
        self.is_quantised()
            && matches!(
                self.framework,
                Framework::Transformers | Framework::Deepspeed | Framework::Fsdp
            )
    }
    /// Bytes of an element of activations.
    pub fn activation_bytes(&self) -> u64 {
        if self.precision == TrainingPrecision::Fp32 {
            4
        } else {
            2
        }
    }
    /// Whether scores of attention are written.
    pub fn is_eager(&self) -> bool {
        self.attention == AttentionKernel::Eager
    }
    /// Ranks over which optimizer states are sharded.
    pub fn state_shards(&self) -> u64 {
        if self.zero == Zero::None {
            1
        } else {
            self.shard_group.max(1)
        }
    }
    /// Ranks over which gradients are sharded.
    pub fn gradient_shards(&self) -> u64 {
        match self.zero {
            Zero::Gradients | Zero::Weights => self.shard_group.max(1),
            Zero::None | Zero::States => 1,
        }
    }
    /// Ranks over which weights are sharded.
    pub fn weight_shards(&self) -> u64 {
        if self.zero == Zero::Weights {
            self.shard_group.max(1)
        } else {
            1
        }
    }
    /// Ranks that share the states of experts: those of data parallel that hold the same experts.
    pub fn of_experts(&self, shards: u64) -> u64 {
        match shards {
            0 | 1 => 1,
            // Dealt over the tensor group like all else, they have the ranks of all else.
            some if self.expert == 1 => some,
            some => (some.saturating_mul(self.tensor) / self.expert).max(1),
        }
    }
    /// Tokens that a rank of a context group has of a micro-batch.
    pub fn rank_tokens(&self) -> u64 {
        self.micro_batch.saturating_mul(self.sequence) / self.context
    }
    /// How many devices share what: data always, all others where there are several.
    pub fn degrees(&self) -> Vec<String> {
        let mut all = vec![format!("data {}", grouped(self.data))];
        for (name, degree) in [
            ("tensor", self.tensor),
            ("context", self.context),
            ("expert", self.expert),
        ] {
            if degree > 1 {
                all.push(format!("{name} {degree}"));
            }
        }
        match (self.pipeline, self.virtual_stages) {
            (1, _) => {}
            (stages, 1) => all.push(format!("pipeline {stages}")),
            (stages, chunks) => all.push(format!("pipeline {stages} × {chunks} chunks")),
        }
        all
    }
    /// Tokens of an optimizer step.
    pub fn step_tokens(&self) -> u64 {
        self.global_batch.saturating_mul(self.sequence)
    }
}

/// Sequences of a step and micro-batches of it.
fn batches(global: Option<u64>, accumulation: Option<u64>, micro: u64, data: u64) -> Result<(u64, u64), AnalysisError> {
    let once = micro.saturating_mul(data).max(1);
    match (global, accumulation) {
        (None, given) => {
            let steps = given.unwrap_or(1).max(1);
            Ok((once.saturating_mul(steps), steps))
        }
        (Some(global), _) if !global.is_multiple_of(once) => Err(refused(format!(
            "A global batch of {} sequences is no multiple of {} micro-batch × {} data-parallel replicas = {}.",
            grouped(global),
            grouped(micro),
            grouped(data),
            grouped(once)
        ))),
        (Some(global), Some(steps)) if global != once.saturating_mul(steps) => Err(refused(format!(
            "A global batch of {} contradicts {} accumulation steps: {} micro-batch × {} replicas × {} is {}.",
            grouped(global),
            grouped(steps),
            grouped(micro),
            grouped(data),
            grouped(steps),
            grouped(once.saturating_mul(steps))
        ))),
        (Some(global), _) => Ok((global, global / once)),
    }
}
