//! Stages of a pipeline: which layers a rank has, and how much of each tensor.

use super::plan::TrainingPlan;
use crate::model::blueprint::Repeated;
use crate::model::operator::{Input, Operator, Role};
use crate::model::{Blueprint, Component, Purpose, Sharding, Tensor, TensorKind};
use crate::scenario::training::Schedule;
use crate::units::{Number, Quantity};

/// The layers of one stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its place, from 0.
    pub index: u64,
    /// Layers of each kind.
    pub counts: Vec<u64>,
    /// Whether it has the token table.
    pub first: bool,
    /// Whether it has the head.
    pub last: bool,
}

/// The stages of a plan. Where layers do not divide, the last and the first have one less: they have head and token table.
pub fn stages(plan: &TrainingPlan, blueprint: &Blueprint) -> Vec<Stage> {
    let layers = blueprint.layers.value;
    let count = plan.pipeline.clamp(1, layers.max(1));
    let mut begin = 0_u64;
    (0..count)
        .map(|index| {
            // Whose turn it is to have one more: those in the middle first, the first one, then the last.
            let turn = match index {
                0 if count > 1 => count - 2,
                _ if index + 1 == count => count - 1,
                _ => index - 1,
            };
            let end = begin + layers / count + u64::from(turn < layers % count);
            let counts = blueprint.layout.count_between(begin, end, blueprint.kinds.len());
            begin = end;
            Stage {
                index,
                counts,
                first: index == 0,
                last: index + 1 == count,
            }
        })
        .collect()
}

impl Stage {
    /// How often a block is here; `None` where it is not.
    pub fn copies(&self, place: &Repeated<'_>) -> Option<Quantity> {
        match place.kind {
            Some(kind) => {
                let count = self.counts.get(kind).copied().unwrap_or(0);
                (count > 0).then(|| Quantity::assumed("layers", count, "layers of this kind on the rank"))
            }
            None => {
                let here = match place.block.role {
                    Role::Head => self.last,
                    // Towers stand before the first layer; the norm behind the last layer has the role of a norm.
                    Role::Norm => self.last,
                    _ => self.first,
                };
                here.then(|| match place.count {
                    Some(count) => count.clone(),
                    None => Quantity::architecture("once", 1, "outside the layers"),
                })
            }
        }
    }
    /// Layers of the stage.
    pub fn layers(&self) -> u64 {
        self.counts.iter().fold(0, |all, count| all.saturating_add(*count))
    }
    /// The same with those of an encoder beside its decoder.
    pub fn layers_in_all(&self, blueprint: &Blueprint) -> u64 {
        let read = blueprint.encoder_layers().map(|(_, count)| count.value);
        read.fold(self.layers(), u64::saturating_add)
    }
    /// Layers' worth of activations in flight, over the layers of the stage: a fraction.
    ///
    /// Sources: Narayanan 2021 (arXiv 2104.04473) for 1F1B and interleaving, Korthikanti 2022 section 4.2.3; Qi 2024
    /// (arXiv 2401.10241) for zero bubble; DeepSeek's DualPipe for p + 1.
    pub fn in_flight(&self, plan: &TrainingPlan) -> (u64, u64) {
        let (stages, batches) = (plan.pipeline, plan.accumulation);
        if stages <= 1 {
            return (1, 1);
        }
        let behind = stages.saturating_sub(self.index);
        match plan.schedule {
            Schedule::Gpipe => (batches, 1),
            Schedule::OneForwardOneBackward => (batches.min(behind), 1),
            // Gradients of weights that wait keep what they need: every stage has as many as the first (ZB-H1).
            Schedule::ZeroBubble => (batches.min(stages), 1),
            Schedule::Dualpipe => (batches.min(stages.saturating_add(1)), 1),
            Schedule::Interleaved => {
                let chunks = plan.virtual_stages.max(1);
                let warm = behind.saturating_sub(1).saturating_mul(2);
                let chunked = warm
                    .saturating_add(chunks.saturating_sub(1).saturating_mul(stages))
                    .saturating_add(1);
                (chunked.min(batches.saturating_mul(chunks)), chunks)
            }
        }
    }
}

/// A tensor as a rank of a stage has it.
#[derive(Clone, Debug)]
pub struct Held<'a, N> {
    /// The tensor.
    pub tensor: &'a Tensor,
    /// The operator that reads it.
    pub operator: &'a Operator,
    /// Elements on the rank, before data-parallel sharding.
    pub elements: N,
    /// How often it is there, experts together as one.
    pub copies: N,
    /// Whether it is part of an expert, whose data-parallel group is another.
    pub routed: bool,
    /// Whether no gradient is made of it: part of a tower, which text alone does not reach, or a pooler whose result a loss over
    /// embeddings does not read.
    pub idle: bool,
}

/// Every parameter of a stage, dealt over the tensor and expert groups.
///
/// Sources: Megatron-Core `ColumnParallelLinear`, `RowParallelLinear`, `VocabParallelEmbedding`; routers and norms are
/// copies; experts are whole over the expert group.
pub fn held<'a, N: Number>(plan: &TrainingPlan, blueprint: &'a Blueprint, stage: &Stage) -> Vec<Held<'a, N>> {
    let mut all = Vec::new();
    for place in blueprint.blocks() {
        let table_copy = plan.pipeline > 1 && stage.last && !stage.first;
        let Some(layers) = stage.copies(&place) else {
            continue;
        };
        let whole = stage.copies(&place).map_or(0, |here| here.value) == place.repeats();
        let heads = place
            .block
            .attentions()
            .next()
            .map(|attention| attention.kv_heads.value);
        let pools = blueprint.purpose == Some(Purpose::Plain) && place.block.role == Role::Head;
        for operator in &place.block.operators {
            for tensor in &operator.tensors {
                // A tied head is the table once more, but on another device it has to be there again.
                let again = tensor.tied && (table_copy || plan.habits().unties_head);
                if !(tensor.is_parameter() || again) {
                    continue;
                }
                let routed = tensor.component == Component::Experts && tensor.copies.is_some();
                let times = match &tensor.physical {
                    Some(physical) if whole => N::input(physical),
                    _ => N::input(&layers),
                };
                let among = if routed && plan.expert > 1 {
                    plan.expert
                } else {
                    match tensor.sharding {
                        Sharding::Columns | Sharding::Rows => plan.tensor,
                        Sharding::KvHeads => plan.tensor.min(heads.unwrap_or(plan.tensor)),
                        Sharding::Replicated => 1,
                    }
                };
                let mut elements = times.clone().times(tensor.elements::<N>());
                if among > 1 && place.block.role != Role::Tower {
                    let among = Quantity::choice("devices that share it", among, "Hardware");
                    elements = elements.over(N::input(&among));
                }
                all.push(Held {
                    tensor,
                    operator,
                    elements,
                    copies: times,
                    routed,
                    idle: place.block.role == Role::Tower && place.block.input != Input::Encoder || pools,
                });
            }
        }
    }
    all
}

impl<N> Held<'_, N> {
    /// Whether it is a matrix of a linear layer, which a quantised base packs.
    pub fn is_packed(&self) -> bool {
        self.tensor.kind == TensorKind::Matrix
    }
}
