//! What a run would take: the fewest devices, the cheapest hardware, the longest sequence, full training against adapters.

use super::plan::TrainingPlan;
use super::search::{Candidate, search};
use crate::analysis::setup::Setup;
use crate::analysis::{capacity, price};
use crate::hardware::{Device, Segment, devices};
use crate::scenario::training::{BaseWeights, LoraTargets};
use crate::scenario::{Mode, Recompute, Scenario};

/// A way to fine-tune on what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Its name.
    pub name: &'static str,
    /// The scenario.
    pub scenario: Scenario,
    /// Bytes of the fullest rank.
    pub total_bytes: u64,
    /// Whether it fits.
    pub fits: bool,
    /// The longest sequence that fits, tokens; zero if none does.
    pub longest: u64,
}

/// Adapters beside a packed base, adapters, all parameters: each on the devices of a setup, with layers recomputed where
/// that is needed.
pub fn ways(setup: &Setup) -> Vec<Way> {
    let Some(device) = setup.device() else {
        return Vec::new();
    };
    let room = capacity(setup, device);
    let rank = setup.requested.training.lora_rank.unwrap_or(16);
    let each: [(&'static str, Option<BaseWeights>); 3] = [
        ("QLoRA (4-bit base)", Some(BaseWeights::Nf4Double)),
        ("LoRA (16-bit base)", Some(BaseWeights::Bf16)),
        ("All parameters", None),
    ];
    let way = |(name, base): (&'static str, Option<BaseWeights>)| {
        let scenario = setup.requested.as_ref().clone().with(|scenario| {
            scenario.workload.mode = Mode::Finetune;
            scenario.training.lora_rank = base.map(|_| rank);
            scenario.training.base_weights = base;
            if base.is_some() && scenario.training.lora_targets.is_none() {
                scenario.training.lora_targets = Some(LoraTargets::AllLinear);
            }
        });
        let kept = weigh(setup, &scenario)?;
        // Layers are computed again only where keeping everything does not fit.
        let scenario = if kept <= room {
            scenario
        } else {
            scenario.with(|scenario| scenario.workload.recompute = Recompute::Full)
        };
        let total_bytes = weigh(setup, &scenario)?;
        Some(Way {
            name,
            fits: total_bytes <= room,
            total_bytes,
            longest: longest(setup, &scenario, room),
            scenario,
        })
    };
    each.into_iter().filter_map(way).collect()
}

/// Bytes of the fullest rank of another scenario of the same model and devices.
fn weigh(setup: &Setup, scenario: &Scenario) -> Option<u64> {
    TrainingPlan::of(&setup.blueprint, scenario).ok()?;
    let memory = super::memory::<crate::units::Exact>(&setup.working(|own| *own = scenario.clone()));
    Some(memory.total.0)
}

/// The longest sequence of a run with which it fits the setup's devices, tokens; zero if none does, nothing without a device.
pub fn longest_sequence(setup: &Setup, scenario: &Scenario) -> Option<u64> {
    let room = capacity(setup, setup.device()?);
    Some(longest(setup, scenario, room))
}

/// The longest sequence that fits, in steps of 256 tokens, up to what the model was made for.
fn longest(setup: &Setup, scenario: &Scenario, room: u64) -> u64 {
    let most = setup.blueprint.max_context.as_ref().map_or(1 << 20, |most| most.value) / 256;
    let fits = |steps: u64| {
        let longer = scenario.clone().with(|scenario| scenario.workload.prompt = steps * 256);
        weigh(setup, &longer).is_some_and(|bytes| bytes <= room)
    };
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    low * 256
}

/// What a run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Budget {
    /// Days of calendar time.
    pub days: Option<f64>,
    /// US dollars.
    pub dollars: Option<f64>,
}

impl Budget {
    /// Whether a plan keeps to it; what is not known is no reason against one.
    fn allows(self, setup: &Setup, plan: &Candidate) -> bool {
        let within = |most: Option<f64>, needs: Option<f64>| match (most, needs) {
            (Some(most), Some(needs)) => needs <= most,
            _ => true,
        };
        within(self.days, plan.days()) && within(self.dollars, plan.dollars(setup))
    }
}

/// The best plan on each number of devices of the same kind, doubling from one. Where a global batch is given a step takes the
/// same sequences on each, so that what is learned stays the same; else as many as the answer on so many devices does.
fn by_number(setup: &Setup) -> impl Iterator<Item = Candidate> {
    let counts = std::iter::successors(Some(1_u64), |count| count.checked_mul(2)).take_while(|count| *count <= 65_536);
    counts.filter_map(move |count| {
        let asked = setup.with(|scenario| {
            scenario.hardware.devices = count;
            scenario.hardware.mixed = Vec::new();
        });
        search(&asked.ok()?).ok()?.best.into_iter().next()
    })
}

/// The fewest devices of the same kind on which some plan fits and keeps to a budget.
pub fn fewest(setup: &Setup, budget: Budget) -> Option<Candidate> {
    by_number(setup).find(|best| budget.allows(setup, best))
}

/// The plan that is done first within a budget of dollars, on as many devices of the same kind as that pays for.
pub fn quickest(setup: &Setup, budget: Budget) -> Option<Candidate> {
    let mut found: Option<Candidate> = None;
    for best in by_number(setup) {
        // The more devices, the more traffic: once it is too dear it stays so.
        match (budget.allows(setup, &best), &found) {
            (true, _) => found = Some(best),
            (false, Some(_)) => break,
            (false, None) => {}
        }
    }
    found
}

/// A device and what training a million tokens on as many of them costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// The device.
    pub device: Device,
    /// The best plan there.
    pub candidate: Candidate,
    /// US dollars for a million tokens.
    pub usd_per_million_tokens: f64,
}

/// The devices on which the run costs least, of those that fit in the same number and have a price, cheapest first.
pub fn cheapest(setup: &Setup) -> Vec<Priced> {
    let trainable = |device: &&Device| {
        matches!(
            device.segment,
            Segment::Datacenter | Segment::Consumer | Segment::Workstation | Segment::Tpu
        ) && device.bf16_flops.is_some()
    };
    let on = |device: &Device| {
        let asked = setup.on(device).ok()?;
        // By the one rule of prices, before the search, which takes longer.
        let hour = price(&asked)?.usd_per_hour;
        let best = search(&asked).ok()?.best.into_iter().next()?;
        let tokens = best.tokens_per_second() * 3600.0;
        Some(Priced {
            device: device.clone(),
            usd_per_million_tokens: hour / tokens * 1e6,
            candidate: best,
        })
    };
    let mut all: Vec<Priced> = devices().iter().filter(trainable).filter_map(on).collect();
    all.sort_by(|one, other| one.usd_per_million_tokens.total_cmp(&other.usd_per_million_tokens));
    all
}
