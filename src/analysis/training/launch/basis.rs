//! What every program's command is made from.

use super::program::Program;
use crate::analysis::launch::Basis;
use crate::analysis::summary::Analysis;
use crate::analysis::training::adapters::adapts;
use crate::analysis::training::schedule::schedule;
use crate::analysis::training::{Training, TrainingPlan};
use crate::hardware::{find_host, hosts_of};
use crate::model::operator::Operator;
use crate::scenario::training::{
    BaseWeights, LoraTargets, Optimizer, RateSchedule, Schedule, StateFormat, TrainingPrecision, Zero,
};
use crate::scenario::{Mode, Recompute};
use crate::units::{counted, grouped};

/// Devices of the machines that are usual.
const USUAL_MACHINE: u64 = 8;

/// A run, as options want it.
#[derive(Debug)]
pub(super) struct RunBasis<'a> {
    /// The model's name, its question and answer.
    pub basis: Basis<'a>,
    /// The run.
    pub plan: &'a TrainingPlan,
    /// Optimizer steps of the whole run, where its tokens are given.
    pub steps: Option<u64>,
    /// Machines.
    pub nodes: u64,
    /// Devices of each.
    pub per_node: u64,
}

/// What a program can share among devices.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shares {
    pub tensor: bool,
    pub pipeline: bool,
    pub context: bool,
    pub expert: bool,
    /// Shards inside a group, copies between groups.
    pub hybrid: bool,
}

impl Shares {
    /// Every way there is.
    pub(super) const ALL: Self = Self {
        tensor: true,
        pipeline: true,
        context: true,
        expert: true,
        hybrid: true,
    };
}

impl<'a> RunBasis<'a> {
    /// From the name of a model as it was found.
    pub fn new(analysis: &'a Analysis, training: &'a Training, name: &str) -> Self {
        let setup = &*analysis.setup;
        let plan = &training.plan;
        let basis = Basis::new(setup, analysis, name);
        let named = setup.scenario.hardware.host.as_deref().and_then(find_host);
        let largest = |device: &str| hosts_of(device).map(|host| host.device_count).max();
        let each = named
            .map(|host| host.device_count)
            .or_else(|| basis.device().and_then(|device| largest(&device.id)))
            .unwrap_or(USUAL_MACHINE)
            .max(USUAL_MACHINE);
        let per_node = match plan.devices {
            few if few <= each => few,
            many if many.is_multiple_of(each) => each,
            many => (1..=each).rev().find(|one| many.is_multiple_of(*one)).unwrap_or(1),
        };
        Self {
            basis,
            plan,
            steps: training.run(&analysis.setup).map(|run| run.steps).or_else(|| {
                let tokens = plan.tokens?;
                Some(tokens.div_ceil(plan.step_tokens().max(1)))
            }),
            nodes: plan.devices / per_node.max(1),
            per_node,
        }
    }
    /// Whether a checkpoint is trained further.
    pub fn finetunes(&self) -> bool {
        self.basis.setup.scenario.workload.mode == Mode::Finetune
    }
    /// Operators of the model's layers.
    pub fn operators(&self) -> impl Iterator<Item = &'a Operator> {
        let blueprint = &self.basis.setup.blueprint;
        let blocks = blueprint.blocks().filter(|place| place.kind.is_some());
        blocks.flat_map(|place| &place.block.operators)
    }
    /// Names of the modules that get adapters, each once.
    pub fn targets(&self) -> Vec<&'a str> {
        let Some(adapters) = &self.plan.adapters else {
            return Vec::new();
        };
        let mut names: Vec<&str> = Vec::new();
        for place in self.basis.setup.blueprint.blocks() {
            let adapted = place
                .block
                .operators
                .iter()
                .filter(|one| adapts(adapters, place.block, one));
            for operator in adapted {
                let tensor = operator.tensors.first().map_or(operator.name, |tensor| &*tensor.name);
                let module = tensor.trim_end_matches(".weight").rsplit('.').next().unwrap_or(tensor);
                if !names.contains(&module) {
                    names.push(module);
                }
            }
        }
        names
    }
    /// Whether adapters stand at every linear layer.
    pub fn targets_all(&self) -> bool {
        let targets = self.plan.adapters.as_ref().map(|adapters| &adapters.targets);
        targets == Some(&LoraTargets::AllLinear)
    }
    /// Format of a frozen base.
    pub fn base(&self) -> Option<BaseWeights> {
        self.plan.adapters.as_ref().map(|adapters| adapters.base)
    }
    /// Twice the rank, the usual scale of adapters.
    pub fn alpha(&self) -> u64 {
        self.plan
            .adapters
            .as_ref()
            .map_or(0, |adapters| adapters.rank.saturating_mul(2))
    }
    /// Copies between shard groups, and ranks that shard data inside one.
    pub fn replicas_and_shards(&self) -> (u64, u64) {
        let plan = self.plan;
        if plan.zero == Zero::None {
            return (plan.data, 1);
        }
        let shards = (plan.shard_group / plan.context.max(1)).max(1);
        ((plan.data / shards).max(1), shards)
    }
    /// Whether shards stay inside groups that are smaller than all.
    pub fn is_hybrid(&self) -> bool {
        self.plan.zero != Zero::None && self.replicas_and_shards().0 > 1
    }
    /// A learning rate that is usual, which a program asks for.
    pub fn usual_rate(&self) -> &'static str {
        match (self.finetunes(), &self.plan.adapters) {
            (true, Some(_)) => "2e-4",
            (true, None) => "1e-5",
            _ => "3e-4",
        }
    }
    /// The name of the transformers trainer for the optimizer (`OptimizerNames`).
    pub fn trainer_optimizer(&self) -> Option<&'static str> {
        Some(match self.plan.optimizer {
            Optimizer::Adamw => "adamw_torch_fused",
            Optimizer::Adamw8bit => "adamw_bnb_8bit",
            Optimizer::PagedAdamw => "paged_adamw_32bit",
            Optimizer::PagedAdamw8bit => "paged_adamw_8bit",
            Optimizer::Adafactor => "adafactor",
            Optimizer::Lion => "lion_32bit",
            Optimizer::Lion8bit => "lion_8bit",
            Optimizer::Sgd => "sgd",
            Optimizer::SgdMomentum | Optimizer::Muon => return None,
        })
    }
    /// The name of the transformers trainer for the schedule of the learning rate (`SchedulerType`), and why.
    pub fn trainer_schedule(&self) -> (&'static str, &'static str) {
        match self.rate().0 {
            RateSchedule::Cosine => ("cosine", "The learning rate falls like a cosine."),
            RateSchedule::Linear => ("linear", "The learning rate falls in a straight line."),
            RateSchedule::InverseSquareRoot => (
                "inverse_sqrt",
                "The learning rate falls with the square root of the step.",
            ),
            RateSchedule::Constant => ("constant_with_warmup", "The learning rate stays at its peak."),
            RateSchedule::StableDecay => ("warmup_stable_decay", "The learning rate is stable, then decays."),
        }
    }
    /// The schedule of the learning rate, and the share of the steps that warm up.
    pub fn rate(&self) -> (RateSchedule, f64) {
        schedule(&self.basis.setup.scenario.training)
    }
    /// The share of the steps that warm up, where it was chosen.
    pub fn warm_up(&self) -> Option<f64> {
        let chosen = self.basis.setup.scenario.training.warm_up;
        chosen.map(|percent| percent as f64 / 100.0)
    }
    /// A chosen schedule that a program's command does not write.
    pub fn unwritten_rate(&self, program: Program) -> Option<String> {
        let chosen = self.basis.setup.scenario.training.rate_schedule.is_some();
        let missing = match program {
            Program::Torchtitan | Program::Torchtune => chosen || self.warm_up().is_some(),
            // They have a cosine, and nothing else.
            Program::Litgpt => chosen && self.rate().0 != RateSchedule::Cosine,
            _ => false,
        };
        missing.then(|| {
            format!(
                "The schedule of the learning rate that was chosen is not written here: {} has words of its own for it.",
                program.label()
            )
        })
    }
    /// What a program has no option for, each in a sentence.
    pub fn beyond(&self, program: &str, can: Shares) -> Vec<String> {
        let plan = self.plan;
        let mut all = Vec::new();
        let mut miss = |holds: bool, what: String| {
            if holds {
                all.push(format!(
                    "{program} has no option for {what}: what is started is not what was weighed."
                ));
            }
        };
        miss(
            plan.tensor > 1 && !can.tensor,
            format!("tensor parallel ({})", plan.tensor),
        );
        miss(
            plan.pipeline > 1 && !can.pipeline,
            format!("pipeline parallel ({})", plan.pipeline),
        );
        miss(
            plan.context > 1 && !can.context,
            format!("context parallel ({})", plan.context),
        );
        miss(
            plan.expert > 1 && !can.expert,
            format!("expert parallel ({})", plan.expert),
        );
        miss(
            self.is_hybrid() && !can.hybrid,
            format!("shards inside groups of {}", plan.shard_group),
        );
        all
    }
    /// Formats that were chosen by themselves and that a program leaves to the precision.
    pub fn formats_apart(&self, program: &str) -> Option<String> {
        let choice = &self.basis.setup.scenario.training;
        let mut named = Vec::new();
        if choice.master_weights.is_some() {
            named.push("master weights");
        }
        if choice.gradient_format.is_some() {
            named.push("gradients");
        }
        if choice
            .optimizer_format
            .is_some_and(|format| format != StateFormat::Fp32)
        {
            named.push("optimizer states");
        }
        if named.is_empty() {
            return None;
        }
        Some(format!(
            "{program} has no option for a format of {} apart from the precision.",
            named.join(" and ")
        ))
    }
    /// Why so many micro-batches.
    pub fn why_accumulation(&self) -> String {
        format!(
            "Micro-batches of a step on each replica: {} in all over {}.",
            counted(self.plan.global_batch, "sequence"),
            counted(self.plan.data, "replica")
        )
    }
    /// Why so many steps.
    pub fn why_steps(&self) -> String {
        format!(
            "{} tokens in steps of {}.",
            grouped(self.plan.tokens.unwrap_or(0)),
            grouped(self.plan.step_tokens())
        )
    }
    /// What is kept, in words.
    pub fn why_recompute(&self) -> &'static str {
        match self.plan.recompute {
            Recompute::Full => "Only inputs of layers are kept; each layer's forward pass runs again.",
            Recompute::Selective => "What is cheap is computed again.",
            Recompute::None => "Everything is kept for the backward pass: fastest, most memory.",
        }
    }
    /// The same for a program that computes whole layers again or nothing.
    pub fn why_layers(&self) -> &'static str {
        match self.plan.recompute {
            Recompute::Selective => "No layer is computed again.",
            _ => self.why_recompute(),
        }
    }
    /// Whether products are narrower than 16 bits.
    pub fn is_narrow(&self) -> bool {
        matches!(
            self.plan.precision,
            TrainingPrecision::Fp8Mixed | TrainingPrecision::Mxfp8Mixed | TrainingPrecision::Nvfp4Mixed
        )
    }
    /// Whether a schedule is more than the usual order.
    pub fn schedule(&self) -> Option<Schedule> {
        Some(self.plan.schedule).filter(|_| self.plan.pipeline > 1)
    }
    /// The launcher of PyTorch with as many processes as devices.
    pub fn torchrun(&self) -> String {
        if self.nodes > 1 {
            format!(
                "torchrun --nnodes {} --nproc_per_node {} --rdzv_backend c10d --rdzv_endpoint \"$HEAD_NODE:29500\"",
                self.nodes, self.per_node
            )
        } else {
            format!("torchrun --nproc_per_node {}", self.per_node)
        }
    }
    /// What holds for every program.
    pub fn notes(&self) -> Vec<String> {
        let mut all = self.basis.notes_beside_machines();
        if self.nodes > 1 {
            all.push(format!(
                "Start it on each of {} machines with {} devices; HEAD_NODE is the address of the first.",
                grouped(self.nodes),
                self.per_node
            ));
        }
        all
    }
}
