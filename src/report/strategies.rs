//! Other ways to train the same model on the same devices, each weighed.

use crate::analysis::{Analysis, Setup, Verdict, analyse_setup};
use crate::scenario::training::{BaseWeights, Optimizer, Switch, Zero};
use crate::scenario::{Mode, Recompute, Scenario};
use crate::units::grouped;

/// A way to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Strategy {
    /// Its name.
    pub name: String,
    /// What it does, in a few words.
    pub note: &'static str,
    /// The scenario.
    pub scenario: Scenario,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Bytes of the fullest device, by part.
    pub parts: Vec<(&'static str, &'static str, u64)>,
    /// All of them.
    pub total_bytes: u64,
    /// Whether it fits.
    pub fits: bool,
    /// Seconds of a step, and tokens a second.
    pub speed: Option<(f64, f64)>,
    /// Days of the whole run, where its tokens are given.
    pub days: Option<f64>,
    /// Whether layers are computed again, because keeping them did not fit.
    pub recomputed: bool,
    /// The scenario that was weighed.
    pub scenario: Scenario,
}

/// The ways: what is trained, where adapters may be; and what devices share or compute again.
pub fn strategies(setup: &Setup) -> Vec<(&'static str, Vec<Strategy>)> {
    let now = &*setup.requested;
    let way = |name: &str, note, change: &dyn Fn(&mut Scenario)| Strategy {
        name: name.to_owned(),
        note,
        scenario: now.clone().with(change),
    };
    let mut all = Vec::new();
    if now.workload.mode == Mode::Finetune {
        let rank = now.training.lora_rank.unwrap_or(16);
        let adapters = |base| {
            move |s: &mut Scenario| {
                s.training.lora_rank = Some(rank);
                s.training.base_weights = base;
            }
        };
        let whole = |optimizer| {
            move |s: &mut Scenario| {
                s.training.lora_rank = None;
                s.training.lora_targets = None;
                s.training.dora = None;
                s.training.base_weights = None;
                s.training.optimizer = optimizer;
            }
        };
        all.push((
            "What is trained",
            vec![
                way("All parameters", "AdamW", &whole(None)),
                way(
                    "All parameters, 8-bit",
                    "AdamW with 8-bit moments",
                    &whole(Some(Optimizer::Adamw8bit)),
                ),
                way(
                    &format!("LoRA, rank {}", grouped(rank)),
                    "beside a 16-bit base",
                    &adapters(None),
                ),
                way(
                    &format!("QLoRA, rank {}", grouped(rank)),
                    "beside a 4-bit base",
                    &adapters(Some(BaseWeights::Nf4Double)),
                ),
            ],
        ));
    }
    let again = |recompute| move |s: &mut Scenario| s.workload.recompute = recompute;
    if setup.layout.devices > 1 {
        let shard = |zero| {
            move |s: &mut Scenario| {
                s.training.zero = Some(zero);
                s.training.shard_group = None;
            }
        };
        all.push((
            "What devices share",
            vec![
                way(Zero::None.way(), "each device holds all", &shard(Zero::None)),
                way(Zero::States.way(), "optimizer states sharded", &shard(Zero::States)),
                way(Zero::Gradients.way(), "and gradients", &shard(Zero::Gradients)),
                way(Zero::Weights.way(), "and weights", &shard(Zero::Weights)),
            ],
        ));
    }
    let mut kept = vec![
        way("Keep everything", "nothing is computed again", &again(Recompute::None)),
        way(
            "Selective",
            "what is cheap is computed again",
            &again(Recompute::Selective),
        ),
        way(
            "Layers recomputed",
            "each layer's forward pass runs twice",
            &again(Recompute::Full),
        ),
    ];
    if setup.layout.devices == 1 {
        kept.push(way(
            "Layers recomputed, states in RAM",
            "the optimizer runs on the processor",
            &|s| {
                s.workload.recompute = Recompute::Full;
                s.training.optimizer_offload = Some(Switch::On);
            },
        ));
    }
    all.push(("What is kept for the backward pass", kept));
    all
}

/// Weighs a way. One that does not fit is weighed again with its layers recomputed, where `or_recomputed` allows that.
///
/// # Errors
/// Why it cannot be.
pub fn judge(setup: &Setup, strategy: &Strategy, or_recomputed: bool) -> Result<Judged, String> {
    let weigh = |scenario: &Scenario| {
        let setup = setup.under(scenario.clone()).map_err(|error| error.to_string())?;
        analyse_setup(setup).map_err(|error| error.to_string())
    };
    let fits = |found: &Analysis| found.fit.as_ref().is_some_and(|fit| fit.verdict == Verdict::Fits);
    let mut scenario = strategy.scenario.clone();
    let mut found = weigh(&scenario)?;
    let mut recomputed = false;
    if or_recomputed && !fits(&found) && scenario.workload.recompute != Recompute::Full {
        let again = scenario.clone().with(|s| s.workload.recompute = Recompute::Full);
        let then = weigh(&again)?;
        if fits(&then) {
            (scenario, found, recomputed) = (again, then, true);
        }
    }
    let training = found.training.as_ref();
    let time = training.and_then(|training| Some((training.time.as_ref()?, &training.plan)));
    Ok(Judged {
        parts: found.held().parts(),
        total_bytes: found.held().total_bytes,
        fits: fits(&found),
        speed: time.map(|(time, plan)| (time.seconds, time.tokens_per_second(plan))),
        days: training
            .and_then(|training| training.run(&found.setup))
            .map(|run| run.days),
        recomputed,
        scenario,
    })
}
