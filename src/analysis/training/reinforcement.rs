//! Reinforcement learning as stages of an update: answers are written, weighed, and the policy is trained on them.
//!
//! Sources: Shao 2024 (arXiv 2402.03300) for GRPO, which has no critic; Schulman 2017 (arXiv 1707.06347) and Ouyang 2022
//! (arXiv 2203.02155) for PPO with a critic as large as the policy. Answers are written by the serving model of this engine.

use serde::Serialize;

use super::passes::Passes;
use super::plan::TrainingPlan;
use super::time::{StepTime, Work};
use crate::analysis::setup::Setup;
use crate::analysis::summary::analyse_setup;
use crate::scenario::training::{Reinforcement, Switch};
use crate::scenario::{Mode, Scenario};

/// A stage of an update.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RlStage {
    /// Its key.
    pub name: &'static str,
    /// In words.
    pub label: &'static str,
    /// Bytes of the fullest device.
    pub memory_bytes: u64,
    /// Operations of all devices.
    pub flops: f64,
    /// Seconds, where a device is chosen.
    pub seconds: Option<f64>,
}

/// The stages of one update, in order; none where nothing is reinforced.
///
/// An update takes the global batch of sequences: prompts times answers to each. Stages take turns on the same devices, so
/// the largest of them must fit.
pub fn rl_stages(setup: &Setup, plan: &TrainingPlan, time: Option<&StepTime>, peak: u64) -> Vec<RlStage> {
    let choice = &setup.scenario.training;
    let Some(method) = choice.reinforcement.filter(|method| *method != Reinforcement::None) else {
        return Vec::new();
    };
    let answer = choice
        .answer_tokens
        .unwrap_or(plan.sequence / 2)
        .clamp(1, plan.sequence.max(2) - 1);
    let work = Work::of(setup);
    let sequences = plan.global_batch as f64;
    let forward = work.forward_flops() * sequences;
    let trained = Passes::of_model(&setup.scenario).linear / 3.0;
    // A pass forward at the pace of training: the same products, no backward pass.
    let pass = time.map(|time| time.seconds * forward / time.hardware_flops.max(1.0));
    let weights = frozen_bytes(setup, plan);
    let mut stages = vec![rollout(setup, plan, answer)];
    if choice.reference_model != Some(Switch::Off) {
        stages.push(RlStage {
            name: "reference",
            label: "Reference log-probabilities",
            memory_bytes: weights,
            flops: forward,
            seconds: pass,
        });
    }
    stages.push(RlStage {
        name: "old_log_probabilities",
        label: "Log-probabilities of the policy that answered",
        memory_bytes: weights,
        flops: forward,
        seconds: pass,
    });
    stages.push(RlStage {
        name: "reward",
        label: "Rewards by rules",
        memory_bytes: 0,
        flops: 0.0,
        seconds: Some(0.0),
    });
    let update = |name, label| RlStage {
        name,
        label,
        memory_bytes: peak,
        flops: 3.0 * trained * forward,
        seconds: time.map(|time| time.seconds),
    };
    if method == Reinforcement::Ppo {
        stages.push(update("critic", "Critic, trained beside the policy"));
    }
    stages.push(update("update", "Policy update"));
    stages
}

/// Weights of a frozen copy on a rank, shared as those that are trained.
fn frozen_bytes(setup: &Setup, plan: &TrainingPlan) -> u64 {
    let all = setup.blueprint.parameters().saturating_mul(2);
    let ranks = plan
        .tensor
        .saturating_mul(plan.pipeline)
        .saturating_mul(plan.weight_shards());
    all / ranks.max(1)
}

/// Writing the answers: as many servers as fit on the devices, each of as few devices as hold the model.
fn rollout(setup: &Setup, plan: &TrainingPlan, answer: u64) -> RlStage {
    let mut stage = RlStage {
        name: "rollout",
        label: "Answers written by the policy",
        memory_bytes: 0,
        flops: 0.0,
        seconds: None,
    };
    let sizes = std::iter::successors(Some(1_u64), |one| one.checked_mul(2));
    for devices in sizes.take_while(|one| *one <= plan.devices.min(64)) {
        let servers = (plan.devices / devices).max(1);
        let mine = plan.global_batch.div_ceil(servers).max(1);
        let asked = setup.with(|scenario: &mut Scenario| {
            scenario.workload.mode = Mode::Serve;
            scenario.workload.batch = mine;
            scenario.workload.requests = Some(mine);
            scenario.workload.prompt = plan.sequence.saturating_sub(answer).max(1);
            scenario.workload.generate = Some(answer);
            scenario.hardware.devices = devices;
            scenario.hardware.mixed = Vec::new();
            scenario.hardware.tensor = None;
            scenario.hardware.pipeline = 1;
            scenario.hardware.expert = 1;
        });
        let Ok(found) = asked.and_then(analyse_setup) else {
            continue;
        };
        let runs = found
            .fit
            .as_ref()
            .is_some_and(|fit| fit.verdict == crate::analysis::Verdict::Fits);
        if !runs && setup.device().is_some() {
            continue;
        }
        stage.memory_bytes = found.held().total_bytes;
        let tokens = plan.global_batch as f64 * answer as f64;
        // The prompt once for each answer, and a pass for each token.
        stage.flops = found.flops / found.setup.scenario.workload.batch.max(1) as f64 * tokens;
        stage.seconds = found
            .serving
            .as_ref()
            .map(|serving| tokens / (serving.tokens_per_second * servers as f64));
        break;
    }
    stage
}
