//! Every layout that a framework can run on so many devices.

use crate::model::Blueprint;
use crate::model::operator::Kind;
use crate::scenario::training::{Framework, Schedule, Zero};
use crate::scenario::{Recompute, Scenario};

/// A layout before it is weighed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Layout {
    pub framework: Framework,
    pub tensor: u64,
    pub pipeline: u64,
    pub chunks: u64,
    pub context: u64,
    pub expert: u64,
    pub zero: Zero,
    /// Ranks over which states are sharded; all without one.
    pub group: Option<u64>,
    pub micro_batch: u64,
    pub recompute: Recompute,
}

/// How a framework can share a model: tensor, pipeline, context and expert parallel, and the sharding it runs.
const fn shares(framework: Framework) -> (bool, bool, bool, bool, &'static [Zero]) {
    match framework {
        Framework::Megatron => (true, true, true, true, &[Zero::States]),
        Framework::Torchtitan => (true, true, true, true, &[Zero::Weights]),
        Framework::Maxtext => (true, false, true, true, &[Zero::Weights]),
        Framework::Internevo => (true, true, false, false, &[Zero::States]),
        Framework::Colossalai => (true, true, false, false, &[Zero::States, Zero::Gradients]),
        Framework::Deepspeed => (
            false,
            false,
            false,
            false,
            &[Zero::States, Zero::Gradients, Zero::Weights],
        ),
        Framework::Transformers | Framework::Unsloth => (false, false, false, false, &[Zero::None]),
        Framework::Fsdp | Framework::Torchtune | Framework::Litgpt | Framework::LlmFoundry => {
            (false, false, false, false, &[Zero::Gradients, Zero::Weights])
        }
    }
}

fn divisors(of: u64, most: u64) -> Vec<u64> {
    (1..=of.min(most)).filter(|one| of.is_multiple_of(*one)).collect()
}

pub(super) fn powers(most: u64) -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1_u64), |one| one.checked_mul(2)).take_while(move |one| *one <= most)
}

/// What limits how a model can be shared.
pub(super) struct Shape {
    pub heads: u64,
    pub kv_heads: u64,
    pub experts: u64,
    pub layers: u64,
}

impl Shape {
    pub fn of(blueprint: &Blueprint) -> Self {
        let inside = || blueprint.blocks().filter(|place| place.kind.is_some());
        let attention = || inside().flat_map(|place| place.block.attentions());
        let experts = inside()
            .flat_map(|place| &place.block.operators)
            .filter_map(|operator| match &operator.kind {
                Kind::Linear {
                    routing: Some(routing), ..
                } => Some(routing.experts.value),
                _ => None,
            });
        Self {
            heads: attention().map(|one| one.heads.value).min().unwrap_or(1),
            kv_heads: attention().map(|one| one.kv_heads.value).min().unwrap_or(1),
            experts: experts.max().unwrap_or(0),
            layers: blueprint.layers.value,
        }
    }
}

/// What a framework can share on so many devices.
pub(super) struct Limits<'a> {
    pub framework: Framework,
    pub shape: &'a Shape,
    pub devices: u64,
    /// Devices of a domain of fast links.
    pub node: u64,
    pub sequence: u64,
    pub global: u64,
    /// The order of a pipeline that was asked for.
    pub schedule: Option<Schedule>,
}

/// How many devices share what.
#[derive(Clone, Copy)]
struct Degrees {
    tensor: u64,
    pipeline: u64,
    context: u64,
    expert: u64,
    data: u64,
}

impl Limits<'_> {
    fn degrees(&self) -> impl Iterator<Item = Degrees> {
        let tensors = self.tensors().into_iter();
        let pipelines = tensors.flat_map(|tensor| self.pipelines(tensor).into_iter().map(move |one| (tensor, one)));
        let contexts = pipelines.flat_map(|(tensor, pipeline)| self.contexts(tensor, pipeline));
        contexts.flat_map(|known| self.experts(known))
    }
    /// Tensor groups larger than a domain of fast links are never worth it. Beyond the key heads each rank keeps a copy;
    /// four times as many is the most that is run.
    fn tensors(&self) -> Vec<u64> {
        let (shares, ..) = shares(self.framework);
        let most = if shares {
            self.node.min(self.devices).min(self.shape.heads)
        } else {
            1
        };
        let held = self.shape.kv_heads.saturating_mul(4).max(8);
        let even = |one: &u64| self.shape.heads.is_multiple_of(*one) && *one <= held;
        powers(most).filter(even).collect()
    }
    fn pipelines(&self, tensor: u64) -> Vec<u64> {
        let (_, shares, ..) = shares(self.framework);
        let most = if shares { self.shape.layers.min(64) } else { 1 };
        divisors(self.devices / tensor, most)
    }
    /// Fewer than 4,096 tokens a device are not worth a ring.
    fn contexts(&self, tensor: u64, pipeline: u64) -> Vec<Degrees> {
        let (_, _, shares, ..) = shares(self.framework);
        let most = if shares { 16.min(self.sequence / 4096) } else { 1 };
        let of = |context: u64| {
            let ranks = tensor * pipeline * context;
            (self.devices.is_multiple_of(ranks) && self.sequence.is_multiple_of(context)).then(|| Degrees {
                tensor,
                pipeline,
                context,
                expert: 1,
                data: self.devices / ranks,
            })
        };
        powers(most.max(1)).filter_map(of).collect()
    }
    fn experts(&self, known: Degrees) -> Vec<Degrees> {
        let (_, _, _, shares, _) = shares(self.framework);
        let (among, all) = (known.data * known.context * known.tensor, self.shape.experts);
        let most = if shares && all > 0 { all.min(among) } else { 1 };
        let even = |one: &u64| *one == 1 || all.is_multiple_of(*one) && among.is_multiple_of(*one);
        powers(most)
            .filter(even)
            .map(|expert| Degrees { expert, ..known })
            .collect()
    }
    /// A pipeline with fewer micro-batches than stages stands still most of the time.
    fn micro_batches(&self, known: Degrees) -> impl Iterator<Item = u64> {
        powers(32).filter(move |micro| {
            let once = micro * known.data;
            self.global.is_multiple_of(once) && (known.pipeline == 1 || self.global / once >= known.pipeline)
        })
    }
    /// Chunks of layers a stage; an order that was asked for leaves no choice but among its own.
    fn chunks(&self, pipeline: u64) -> impl Iterator<Item = u64> {
        let all: &[u64] = match self.schedule {
            _ if pipeline == 1 => &[1],
            None => &[1, 2, 4, 8],
            Some(Schedule::Interleaved) => &[2, 4, 8],
            Some(_) => &[1],
        };
        all.iter()
            .copied()
            .filter(move |one| pipeline * one <= self.shape.layers)
    }
    /// What is sharded, and over how many ranks: all, or those of a machine with copies between machines.
    fn shards(&self, known: Degrees) -> Vec<(Zero, Option<u64>)> {
        let (.., zeros) = shares(self.framework);
        let replicas = known.data * known.context;
        if replicas == 1 {
            return vec![(Zero::None, None)];
        }
        let inside = self.node / known.tensor;
        let hybrid = matches!(
            self.framework,
            Framework::Fsdp | Framework::Torchtitan | Framework::Torchtune | Framework::LlmFoundry
        ) && inside > known.context
            && inside < replicas
            && replicas.is_multiple_of(inside)
            && inside.is_multiple_of(known.context);
        let all = zeros.iter().map(|zero| (*zero, None));
        let groups = hybrid.then_some((Zero::Weights, Some(inside)));
        all.chain(groups).collect()
    }
    /// Every layout. Those that differ in micro-batch alone come smallest first, and each before the same with layers
    /// computed again.
    pub fn layouts(&self) -> impl Iterator<Item = Layout> {
        let sized = self
            .degrees()
            .flat_map(|known| self.micro_batches(known).map(move |micro| (known, micro)));
        let chunked = sized.flat_map(|(known, micro)| self.chunks(known.pipeline).map(move |one| (known, micro, one)));
        let sharded = chunked.flat_map(|(known, micro, chunks)| {
            let shards = self.shards(known).into_iter();
            shards.map(move |shard| (known, micro, chunks, shard))
        });
        sharded.flat_map(|(known, micro_batch, chunks, (zero, group))| {
            [Recompute::None, Recompute::Full].map(|recompute| Layout {
                framework: self.framework,
                tensor: known.tensor,
                pipeline: known.pipeline,
                chunks,
                context: known.context,
                expert: known.expert,
                zero,
                group,
                micro_batch,
                recompute,
            })
        })
    }
}

impl Layout {
    pub fn scenario(&self, of: &Scenario, global: u64) -> Scenario {
        of.clone().with(|scenario| {
            scenario.workload.batch = self.micro_batch;
            scenario.workload.recompute = self.recompute;
            scenario.hardware.tensor = Some(self.tensor);
            scenario.hardware.pipeline = self.pipeline;
            scenario.hardware.expert = self.expert;
            let training = &mut scenario.training;
            training.framework = Some(self.framework);
            training.context_parallel = Some(self.context);
            training.virtual_stages = (self.chunks > 1).then_some(self.chunks);
            training.schedule = training.schedule.filter(|_| self.pipeline > 1);
            training.zero = Some(self.zero);
            training.shard_group = self.group;
            training.global_batch = Some(global);
            training.accumulation = None;
        })
    }
}
