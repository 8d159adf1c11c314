//! How long an optimizer step takes.
//!
//! step = (products ÷ efficiency + element-wise traffic) × micro-batches × (1 + bubble) + exposed communication + optimizer.
//! Bubbles: Narayanan 2021 (arXiv 2104.04473) for 1F1B, GPipe and interleaving; Qi 2024 (arXiv 2401.10241) for zero bubble.

use super::communication::{Communication, Traffic, communication};
use super::efficiency::{Efficiency, Question};
use super::links::Links;
use super::memory::StageMemory;
use super::passes::Passes;
use super::plan::TrainingPlan;
use super::stage::Stage;
use crate::analysis::compute::{OpCost, costs};
use crate::analysis::setup::Setup;
use crate::hardware::Device;
use crate::model::Component;
use crate::scenario::training::Schedule;
use crate::scenario::{AttentionFlops, Logits, Mode};
use crate::units::Exact;

/// The time of an optimizer step and its parts, seconds on the slowest rank.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTime {
    /// The step.
    pub seconds: f64,
    /// Between which it lies, four times of five.
    pub between: (f64, f64),
    /// Operations of the model itself: forward and backward, without recomputation.
    pub model_flops: f64,
    /// All operations that run.
    pub hardware_flops: f64,
    /// Matrix products and attention, at what the efficiency leaves of the peak.
    pub compute: f64,
    /// The same at the peak.
    pub compute_at_peak: f64,
    /// Work element by element, at the bandwidth.
    pub elementwise: f64,
    /// The optimizer's pass over weights, gradients and states.
    pub optimizer: f64,
    /// Share of the ideal time that a pipeline stands still.
    pub bubble: f64,
    /// Traffic between ranks.
    pub communication: Vec<Communication>,
    /// Share of the peak that products reach.
    pub efficiency: Efficiency,
    /// The peak that shares are of, operations a second and device.
    pub peak: f64,
    /// Which rate that is.
    pub peak_name: &'static str,
}

impl StepTime {
    /// Share of the peak for so many operations of all devices.
    fn share(&self, flops: f64, devices: u64, seconds: f64) -> f64 {
        flops / (seconds * devices.max(1) as f64 * self.peak)
    }
    /// Model FLOP utilisation.
    pub fn mfu(&self, plan: &TrainingPlan) -> f64 {
        self.share(self.model_flops, plan.devices, self.seconds)
    }
    /// The same between its ends.
    pub fn mfu_between(&self, plan: &TrainingPlan) -> (f64, f64) {
        let at = |seconds| self.share(self.model_flops, plan.devices, seconds);
        (at(self.between.1), at(self.between.0))
    }
    /// Hardware FLOP utilisation.
    pub fn hfu(&self, plan: &TrainingPlan) -> f64 {
        self.share(self.hardware_flops, plan.devices, self.seconds)
    }
    /// Tokens a second of all devices.
    pub fn tokens_per_second(&self, plan: &TrainingPlan) -> f64 {
        plan.step_tokens() as f64 / self.seconds
    }
    /// The same between its ends.
    pub fn tokens_between(&self, plan: &TrainingPlan) -> (f64, f64) {
        let tokens = plan.step_tokens() as f64;
        (tokens / self.between.1, tokens / self.between.0)
    }
    /// Seconds of communication that nothing hides.
    pub fn exposed(&self) -> f64 {
        // An empty sum of floats is minus zero.
        self.communication.iter().map(|one| one.exposed).sum::<f64>() + 0.0
    }
}

/// Operations of a forward pass over one micro-batch of one replica: linear layers, attention, head, and bytes of
/// element-wise work; layers apart from what is outside them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Forward {
    linear: f64,
    attention: f64,
    head: f64,
    elementwise: f64,
}

fn forward(setup: &Setup, mode: impl FnOnce(&mut crate::scenario::Scenario)) -> Forward {
    let pass = setup.working(|scenario| {
        scenario.workload.mode = Mode::Prefill;
        scenario.workload.generate = Some(0);
        scenario.assumptions.logits = Logits::All;
        mode(scenario);
    });
    let mut sum = Forward::default();
    for cost in costs::<f64>(&pass) {
        let cost: OpCost<f64> = cost;
        // Layers of an encoder are trained and computed again as those of its decoder.
        let outside = cost.outside && cost.component != Component::Encoder;
        match (cost.format.is_some(), outside, cost.weight_bytes > 0.0) {
            (true, true, _) => sum.head += cost.matmul,
            (true, false, true) => sum.linear += cost.matmul,
            (true, false, false) => sum.attention += cost.matmul,
            (false, ..) => sum.elementwise += cost.activation_bytes,
        }
    }
    sum
}

fn flops(passes: &Passes, forward: &Forward) -> f64 {
    passes.linear * forward.linear + passes.attention * forward.attention + passes.head * forward.head
}

/// Share of the ideal time that the pipeline stands still.
pub fn bubble(plan: &TrainingPlan) -> f64 {
    let (stages, batches) = (plan.pipeline as f64, plan.accumulation.max(1) as f64);
    if plan.pipeline <= 1 {
        return 0.0;
    }
    let idle = match plan.schedule {
        Schedule::OneForwardOneBackward | Schedule::Gpipe => stages - 1.0,
        Schedule::Interleaved => (stages - 1.0) / plan.virtual_stages.max(1) as f64,
        // Forward and the two halves of the backward pass take equally long, so a third stays (ZB-H1); with fewer micro-batches
        // than stages each waits for the last to come back.
        Schedule::ZeroBubble => (stages - 1.0).max(2.0 * stages - 1.0 - batches) / 3.0,
        // (p/2 − 1)(F&B + B − 3W) with F&B = F + B, B = 2F, W = F.
        Schedule::Dualpipe => (stages / 2.0 - 1.0).max(0.0) * 2.0 / 3.0,
    };
    idle / batches
}

/// Operations of a forward pass, found once for a model and a sequence length: those of a micro-batch are as many times more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// As attention is counted.
    counted: Forward,
    /// As it runs.
    run: Forward,
}

impl Work {
    /// Operations of a forward pass over one sequence, as it runs.
    pub const fn forward_flops(&self) -> f64 {
        self.run.linear + self.run.attention + self.run.head
    }
    /// Of one sequence of a setup.
    pub fn of(setup: &Setup) -> Self {
        Self {
            counted: forward(setup, |scenario| scenario.workload.batch = 1),
            run: forward(setup, |scenario| {
                scenario.workload.batch = 1;
                scenario.assumptions.attention_flops = AttentionFlops::Causal;
            }),
        }
    }
}

impl Forward {
    fn times(self, sequences: f64) -> Self {
        Self {
            linear: self.linear * sequences,
            attention: self.attention * sequences,
            head: self.head * sequences,
            elementwise: self.elementwise * sequences,
        }
    }
}

/// The time of a step on a device.
pub fn step_time(
    setup: &Setup,
    plan: &TrainingPlan,
    stages: &[(Stage, StageMemory<Exact>)],
    device: &Device,
    work: &Work,
) -> Option<StepTime> {
    let blueprint = &setup.blueprint;
    let products = plan.precision.products();
    let rate = device.rate(products).or_else(|| device.rate_16(true))?;
    let rate_16 = device.rate_16(true)?;
    let counted_forward = work.counted.times(plan.micro_batch as f64);
    let counted = Passes::of_model(&setup.scenario);
    let run = Passes::of_hardware(&setup.scenario);
    let replicas = plan.global_batch as f64 / plan.micro_batch.max(1) as f64;
    let model_flops = flops(&counted, &counted_forward) * replicas;
    let causal = work.run.times(plan.micro_batch as f64);
    let hardware_flops = flops(&run, &causal) * replicas;
    // The slowest stage sets the pace.
    let layers = blueprint.layers.value.max(1) as f64;
    let ranks = (plan.tensor * plan.context) as f64;
    let batches = plan.accumulation as f64;
    let stage_peak = |stage: &Stage| {
        let share = stage.layers() as f64 / layers;
        let linear = run.linear * causal.linear * share / rate.flops;
        let attention = run.attention * causal.attention * share / rate_16.flops;
        let head = if stage.last {
            run.head * causal.head / rate_16.flops
        } else {
            0.0
        };
        (linear + attention + head) * batches / ranks
    };
    // Of a DualPipe each device has a stage and its mirror image, for half of the micro-batches each.
    let mirrored = plan.schedule == Schedule::Dualpipe && plan.pipeline > 1;
    let own = || stages.iter().map(|(stage, _)| stage_peak(stage));
    let paced = stages.iter().zip(own().zip(own().rev())).map(|(stage, (own, mirror))| {
        let at_peak = if mirrored { (own + mirror) / 2.0 } else { own };
        (stage, at_peak)
    });
    let (slowest, compute_at_peak) = paced.max_by(|(_, one), (_, other)| one.total_cmp(other))?;
    let share = slowest.0.layers() as f64 / layers;
    let bandwidth = device.bandwidth_bytes_per_s.max(1.0);
    let elementwise = 3.0 * causal.elementwise * share * batches / ranks / bandwidth;
    let memory = &slowest.1;
    let touched = 2.0 * memory.states.weights.0 as f64
        + memory.states.gradients.0 as f64
        + 2.0 * memory.states.optimizer.0 as f64;
    let optimizer = if plan.optimizer_offload {
        let pcie = device.pcie_bytes_per_s.unwrap_or(16e9);
        memory.states.optimizer.0 as f64 * 2.0 / HOST_BANDWIDTH + 2.0 * memory.states.gradients.0 as f64 / pcie
    } else {
        touched / bandwidth
    };
    let efficiency = match setup.scenario.training.mfu {
        // The share given is of the model's operations; what is computed again comes on top.
        Some(percent) => Efficiency::given(percent as f64 / 100.0 * hardware_flops / model_flops.max(1.0)),
        None => Efficiency::of(&Question::new(setup, plan, device)),
    };
    let compute = compute_at_peak / efficiency.middle.max(1e-6);
    let links = Links::of(device, setup.scenario.hardware.host.as_deref());
    let mut communication = communication(
        plan,
        blueprint,
        &memory.states,
        slowest.0.layers_in_all(blueprint),
        &links,
    );
    let busy = compute + elementwise;
    for one in &mut communication {
        let hides = match one.traffic {
            // Backward passes hide the gradients, each layer the weights of the next.
            Traffic::Data if plan.zero == crate::scenario::training::Zero::Weights => busy,
            Traffic::Data => busy * 2.0 / 3.0 / batches,
            Traffic::Context => busy * 0.5,
            // DualPipe sends the tokens of one micro-batch while another is computed (DeepSeek-V3 report, section 3.2.1).
            Traffic::Expert if plan.schedule == Schedule::Dualpipe && plan.pipeline > 1 => busy,
            // Dispatch runs beside other work where it can.
            Traffic::Expert => busy * 0.25,
            Traffic::Tensor | Traffic::Sequence => 0.0,
            Traffic::Pipeline => one.seconds,
        };
        one.exposed = (one.seconds - hides).max(0.0);
    }
    let bubble = bubble(plan);
    let exposed: f64 = communication.iter().map(|one| one.exposed).sum();
    let seconds = if setup.scenario.training.mfu.is_some() {
        compute
    } else {
        busy * (1.0 + bubble) + exposed + optimizer
    };
    let (fast, slow) = efficiency.spread;
    // Nothing is faster than the peak.
    let floor = compute_at_peak;
    Some(StepTime {
        seconds: seconds.max(floor),
        between: ((seconds * fast).max(floor), (seconds * slow).max(floor)),
        model_flops,
        hardware_flops,
        compute,
        compute_at_peak,
        elementwise,
        optimizer,
        bubble,
        communication,
        efficiency,
        peak: rate.flops,
        peak_name: rate.name,
    })
}

/// What a machine's processors update optimizer states with, bytes a second and device: a share of its memory's bandwidth.
const HOST_BANDWIDTH: f64 = 25e9;
