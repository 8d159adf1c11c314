//! What a pass spends its time on, by taking one thing after the other away.

use serde::Serialize;

use super::formula::{Setting, seconds};
use super::work::{Work, peak};
use crate::analysis::placement::HostShare;
use crate::analysis::question::Question;
use crate::hardware::efficiency::efficiency;

/// Seconds of a pass by what they go to; they sum to the whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TimeParts {
    /// Reading and writing memory, were arithmetic free.
    pub memory: f64,
    /// Arithmetic that takes longer than the memory it waits for.
    pub compute: f64,
    /// Starting kernels.
    pub launch: f64,
    /// What devices tell each other.
    pub communication: f64,
    /// What is slower because it lies in the machine's RAM.
    pub host: f64,
}

impl TimeParts {
    /// All of it.
    pub fn total(&self) -> f64 {
        self.memory + self.compute + self.launch + self.communication + self.host
    }
}

/// The parts of the pass which the mode names; `None` where there is no time for it.
///
/// Each part is what the same formula gives less once it costs nothing: launches, then RAM, then communication, then
/// arithmetic. What is left is memory.
pub fn parts(question: &Question<'_>, host: &HostShare) -> Option<TimeParts> {
    let device = question.device()?;
    let found = efficiency(question.engine, device)?;
    let mut set: Setting<'_> = super::setting(question, device, &found, host);
    let mut work = Work::<f64>::new(question, device, set.terms.alike);
    if !work.decode && peak(device).is_none() {
        return None;
    }
    let whole = seconds(&work, &set);
    let mut left = whole;
    let mut less = |now: f64| {
        let part = (left - now).max(0.0);
        left = left.min(now);
        part
    };
    set.with.launch_ns = 0.0;
    set.with.prompt_launch_ns = 0.0;
    let launch = less(seconds(&work, &set));
    set.host = HostShare::default();
    let host = less(seconds(&work, &set));
    set.terms.hop_ns = 0.0;
    set.terms.prompt_hop_ns = 0.0;
    set.terms.collective_ns = 0.0;
    set.terms.link = f64::INFINITY;
    let communication = less(seconds(&work, &set));
    for step in &mut work.steps {
        step.rate = None;
    }
    // Scores of a prompt are arithmetic too, though their pace is counted by the bandwidth.
    if !work.decode {
        set.with.attention = f64::INFINITY;
    }
    let compute = less(seconds(&work, &set));
    Some(TimeParts {
        memory: left,
        compute,
        launch,
        communication,
        host,
    })
}
