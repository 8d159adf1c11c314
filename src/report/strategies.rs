//! Other ways to train the same model on the same devices, each weighed.

use crate::analysis::training::{TrainingPlan, UsualWay};
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
    pub note: String,
    /// The same within a sentence, after "with".
    pub how: String,
    /// Whether it may be weighed with layers recomputed where it does not fit: not where what is kept is what is compared.
    pub or_recomputed: bool,
    /// The scenario.
    pub scenario: Scenario,
}

/// Ways that differ in one thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Ways {
    /// What they differ in.
    pub title: &'static str,
    /// Whether each trains the same parameters as the scenario in hand.
    pub same: bool,
    /// The ways.
    pub list: Vec<Strategy>,
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
pub fn strategies(setup: &Setup) -> Vec<Ways> {
    let mut all = Vec::new();
    if setup.requested.workload.mode == Mode::Finetune {
        all.push(trained(&setup.requested));
    }
    if setup.layout.devices > 1 {
        all.push(shared(setup));
    }
    all.push(kept(setup));
    all
}

fn way(
    now: &Scenario,
    name: impl Into<String>,
    note: &str,
    how: impl Into<String>,
    change: impl FnOnce(&mut Scenario),
) -> Strategy {
    Strategy {
        name: name.into(),
        note: note.to_owned(),
        how: how.into(),
        or_recomputed: true,
        scenario: now.clone().with(change),
    }
}

/// One of the list that the search for a plan has, too.
fn usual(now: &Scenario, usual: UsualWay, change: impl FnOnce(&mut Scenario)) -> Strategy {
    way(now, usual.name(), usual.note(), usual.how(), change)
}

/// What is trained: all parameters or adapters.
fn trained(now: &Scenario) -> Ways {
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
    let rank = grouped(rank);
    Ways {
        title: "What is trained",
        same: false,
        list: vec![
            way(
                now,
                "All parameters",
                "AdamW",
                "all parameters trained by AdamW",
                whole(None),
            ),
            way(
                now,
                "All parameters, 8-bit",
                "AdamW with 8-bit moments",
                "all parameters trained by 8-bit AdamW",
                whole(Some(Optimizer::Adamw8bit)),
            ),
            way(
                now,
                format!("LoRA, rank {rank}"),
                "beside a 16-bit base",
                format!("LoRA of rank {rank}"),
                adapters(None),
            ),
            way(
                now,
                format!("QLoRA, rank {rank}"),
                "beside a 4-bit base",
                format!("QLoRA of rank {rank}"),
                adapters(Some(BaseWeights::Nf4Double)),
            ),
        ],
    }
}

/// What devices share instead of copying.
fn shared(setup: &Setup) -> Ways {
    let now = &*setup.requested;
    // What is chosen automatically is the row in hand, too.
    let automatic = TrainingPlan::of(&setup.blueprint, &setup.scenario)
        .ok()
        .filter(|_| now.training.zero.is_none())
        .map(|plan| plan.zero);
    let each = [Zero::None, Zero::States, Zero::Gradients, Zero::Weights];
    let list = each.into_iter().map(|zero| {
        usual(now, UsualWay::Shares(zero), |s| {
            if automatic != Some(zero) {
                s.training.zero = Some(zero);
                s.training.shard_group = None;
            }
        })
    });
    Ways {
        title: "What devices share",
        same: true,
        list: list.collect(),
    }
}

/// What is kept for the backward pass, and what is computed again.
fn kept(setup: &Setup) -> Ways {
    let now = &*setup.requested;
    let again = |recompute| move |s: &mut Scenario| s.workload.recompute = recompute;
    let row = |recompute| usual(now, UsualWay::Recomputes(recompute), again(recompute));
    let mut list = Vec::new();
    if now.selects() {
        list.extend([Recompute::None, Recompute::Selective].map(row));
    } else {
        // One row for both, which is the one in hand whichever of them was chosen.
        let same = match now.workload.recompute {
            Recompute::Full => Recompute::None,
            one => one,
        };
        let kept = UsualWay::Recomputes(Recompute::None);
        let kernel = setup.scenario.assumptions.attention.label();
        list.push(Strategy {
            note: format!("{}; with {kernel} attention Selective is the same", kept.note()),
            ..usual(now, kept, again(same))
        });
    }
    list.push(row(Recompute::Full));
    if setup.layout.devices == 1 {
        list.push(usual(now, UsualWay::RecomputesAndOffloads, |s| {
            s.workload.recompute = Recompute::Full;
            s.training.optimizer_offload = Some(Switch::On);
        }));
    }
    for one in &mut list {
        one.or_recomputed = false;
    }
    Ways {
        title: "What is kept for the backward pass",
        same: true,
        list,
    }
}

/// Weighs a way. One that does not fit is weighed again with its layers recomputed, where it allows that.
///
/// # Errors
/// Why it cannot be.
pub fn judge(setup: &Setup, strategy: &Strategy) -> Result<Judged, String> {
    let weigh = |scenario: &Scenario| {
        let setup = setup.under(scenario.clone()).map_err(|error| error.to_string())?;
        analyse_setup(setup).map_err(|error| error.to_string())
    };
    let fits = |found: &Analysis| found.fit.as_ref().is_some_and(|fit| fit.verdict == Verdict::Fits);
    let mut scenario = strategy.scenario.clone();
    let mut found = weigh(&scenario)?;
    let mut recomputed = false;
    if strategy.or_recomputed && !fits(&found) && scenario.workload.recompute != Recompute::Full {
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
