//! How many sequences memory carries at once, by the engine's own memory rules.

use crate::analysis::fit::{capacity as allowed, largest};
use crate::analysis::memory::memory;
use crate::analysis::placement::ranks;
use crate::analysis::question::Question;
use crate::hardware::{Device, Engine};
use crate::scenario::{Mode, Scenario};

use super::server::Limits;
use crate::units::Exact;

/// Most sequences that are looked for.
const MOST: u64 = 1 << 20;

/// Percentage of what weights and activations leave that the engine gives to its cache.
///
/// Source: TensorRT-LLM `KvCacheConfig.free_gpu_memory_fraction` 0.9; vLLM and SGLang divide all the memory they take.
const fn cache_percent(engine: Engine) -> u128 {
    match engine {
        Engine::TensorRtLlm => 90,
        _ => 100,
    }
}

/// The scenario as memory sees it while so many sequences run: spread evenly over their answers they hold
/// (n + 1) ÷ 2n of them on average.
pub fn at_work(scenario: &Scenario, running: u64) -> Scenario {
    let running = running.max(1);
    let generated = u128::from(scenario.generated());
    let mean = (generated * (u128::from(running) + 1)).div_ceil(2 * u128::from(running));
    Scenario {
        batch: running,
        generate: u64::try_from(mean).ok(),
        ..scenario.clone()
    }
}

/// What of a question's requests works at once.
#[derive(Clone, Debug)]
pub struct Load {
    /// As memory sees it.
    pub memory: Scenario,
    /// As a step sees it.
    pub step: Scenario,
}

/// The load of a question: its running sequences in serve mode, all of its batch otherwise.
pub fn load(question: &Question<'_>) -> Load {
    let scenario = question.scenario;
    if scenario.mode != Mode::Serve {
        return Load {
            memory: scenario.clone(),
            step: scenario.clone(),
        };
    }
    let asked = if scenario.endless { MOST } else { scenario.batch };
    let running = match question.device() {
        Some(device) => asked.min(most(question, device)),
        // Without a device nothing limits what runs; an endless queue is weighed as one request.
        None if scenario.endless => 1,
        None => asked,
    };
    Load {
        memory: at_work(scenario, running),
        step: Scenario {
            batch: running.max(1),
            ..scenario.clone()
        },
    }
}

/// Sequences that run at most: what memory carries and the engine allows.
fn most(question: &Question<'_>, device: &Device) -> u64 {
    carried(question, device).min(Limits::of(question, device).most(&question.layout))
}

/// Sequences whose caches fit beside the weights; zero where not even one does.
pub fn carried(question: &Question<'_>, device: &Device) -> u64 {
    let allowed = u128::from(allowed(question, device));
    let share = cache_percent(question.engine);
    largest(MOST, |running| {
        let scenario = at_work(question.scenario, running);
        let question = Question {
            scenario: &scenario,
            ..question.clone()
        };
        let Ok(ranks) = ranks(&question, &memory::<Exact>(&question)) else {
            return false;
        };
        ranks.fullest().is_some_and(|rank| {
            let total = u128::from(rank.total_bytes);
            let cache = u128::from(rank.kv_cache_bytes) + u128::from(rank.state_cache_bytes);
            let free = allowed.saturating_sub(total.saturating_sub(cache));
            total <= allowed && cache <= free * share / 100
        })
    })
}
