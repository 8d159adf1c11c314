//! Which layouts of a run can be.

use super::plan::{TrainingPlan, refused};
use crate::analysis::error::AnalysisError;
use crate::model::blueprint::Reading;
use crate::model::operator::Kind;
use crate::model::{Blueprint, Purpose};
use crate::scenario::training::{Framework, Loss, Schedule, Zero};
use crate::units::grouped;

impl TrainingPlan {
    /// Whether the layout can be at all.
    pub(super) fn check(&self, blueprint: &Blueprint) -> Result<(), AnalysisError> {
        if blueprint.reading != Reading::Writes && !self.runs_classes() {
            return Err(refused(format!(
                "Training of {} is counted as transformers' own classes run it: with Transformers, FSDP, DeepSpeed or ColossalAI, not compiled and without fused kernels. Asked for was {}{}.",
                match blueprint.reading {
                    Reading::Both(_) => "an encoder-decoder",
                    _ => "an encoder",
                },
                self.framework.label(),
                if self.compiled {
                    ", compiled"
                } else if self.is_patched() {
                    ", with fused kernels"
                } else {
                    ""
                }
            )));
        }
        if matches!(blueprint.reading, Reading::Both(_)) {
            self.check_pair()?;
        }
        let magnitudes = self.adapters.as_ref().is_some_and(|adapters| adapters.magnitudes);
        if blueprint.reading != Reading::Writes && magnitudes {
            return Err(refused(
                "What adapters with magnitudes keep beside an encoder is not counted: take --dora off.".to_owned(),
            ));
        }
        if blueprint.reading != Reading::Writes && self.loss == Loss::Chunked {
            return Err(refused(
                "A loss in chunks is that of TRL, which trains models that only write: take --loss full.".to_owned(),
            ));
        }
        let pairs = blueprint.purpose == Some(Purpose::Plain);
        if pairs && self.micro_batch > 1 && !self.micro_batch.is_multiple_of(2) {
            return Err(refused(format!(
                "Embeddings are trained on pairs of texts, and a micro-batch of {} has half a pair: take an even --micro-batch.",
                self.micro_batch
            )));
        }
        let layers = blueprint.layers.value;
        let chunks = self.pipeline.saturating_mul(self.virtual_stages);
        // Megatron and torchtitan count token table and head as a layer each.
        if self.pipeline > 1 && chunks > layers.saturating_add(2) {
            return Err(refused(format!(
                "{} stages × {} chunks are {}, more than the model's {layers} layers.",
                self.pipeline,
                self.virtual_stages,
                grouped(chunks)
            )));
        }
        if self.virtual_stages > 1 && (self.pipeline == 1 || self.schedule != Schedule::Interleaved) {
            return Err(refused(format!(
                "{} chunks of layers a stage need a pipeline with the interleaved schedule; it is {} with {} stages.",
                self.virtual_stages,
                self.schedule.label(),
                self.pipeline
            )));
        }
        if self.schedule == Schedule::Interleaved && self.virtual_stages < 2 {
            return Err(refused(
                "The interleaved schedule needs two chunks of layers a stage or more (--virtual-stages).".to_owned(),
            ));
        }
        if self.context > 1 && !self.sequence.is_multiple_of(self.context) {
            return Err(refused(format!(
                "A sequence of {} tokens does not divide by context parallel {}.",
                grouped(self.sequence),
                self.context
            )));
        }
        let heads = blueprint.blocks().filter(|place| place.kind.is_some());
        let uneven = heads
            .flat_map(|place| place.block.attentions())
            .find(|attention| !attention.heads.value.is_multiple_of(self.tensor));
        if let Some(attention) = uneven {
            return Err(refused(format!(
                "{} query heads do not divide by tensor parallel {}.",
                attention.heads.value, self.tensor
            )));
        }
        if self.expert > 1 {
            let experts = experts(blueprint);
            if experts == 0 {
                return Err(refused(format!(
                    "Expert parallel is {}, but the model has no experts.",
                    self.expert
                )));
            }
            let among = self.data.saturating_mul(self.context).saturating_mul(self.tensor);
            if !experts.is_multiple_of(self.expert) || !among.is_multiple_of(self.expert) {
                return Err(refused(format!(
                    "Expert parallel is {}; it must divide the {experts} experts and the {} devices of data × context × tensor parallel.",
                    self.expert,
                    grouped(among)
                )));
            }
        }
        let replicas = self.data.saturating_mul(self.context);
        if self.zero != Zero::None && (self.shard_group == 0 || !replicas.is_multiple_of(self.shard_group)) {
            return Err(refused(format!(
                "A shard group of {} does not divide the {} devices of data × context parallel.",
                self.shard_group,
                grouped(replicas)
            )));
        }
        if self.framework == Framework::Deepspeed
            && self.pipeline > 1
            && matches!(self.zero, Zero::Gradients | Zero::Weights)
        {
            return Err(refused(
                "DeepSpeed runs no pipeline with ZeRO-2 or ZeRO-3, which shard the gradients that a pipeline adds up: take --zero 1."
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

impl TrainingPlan {
    /// An encoder with a decoder is counted whole on each device, as its class runs it.
    fn check_pair(&self) -> Result<(), AnalysisError> {
        if self.tensor > 1 || self.pipeline > 1 || self.context > 1 {
            return Err(refused(format!(
                "Training of an encoder-decoder is counted with whole layers and sequences on each device; asked for was tensor parallel {}, pipeline {}, context parallel {}. Weights, gradients and states are shared with --zero.",
                self.tensor, self.pipeline, self.context
            )));
        }
        if self.is_quantised() {
            return Err(refused(
                "Adapters beside packed weights of an encoder-decoder are not counted: take --base-weights bf16."
                    .to_owned(),
            ));
        }
        Ok(())
    }
}

/// Experts of the layers that have some.
fn experts(blueprint: &Blueprint) -> u64 {
    let operators = blueprint.blocks().flat_map(|place| &place.block.operators);
    let of = operators.filter_map(|operator| match &operator.kind {
        Kind::Linear {
            routing: Some(routing), ..
        } => Some(routing.experts.value),
        _ => None,
    });
    of.max().unwrap_or(0)
}
