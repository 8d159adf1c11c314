//! The steady state of a server: as many requests come as go.

use super::server::Server;
use super::step::Mix;
use crate::hardware::serving::Coefficients;

/// A server under a load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Steady {
    /// Requests in flight; infinite for an endless queue.
    pub requests: f64,
    /// Sequences that run.
    pub running: f64,
    /// Requests that end, a second.
    pub requests_per_second: f64,
    /// Output tokens a second, all users and devices.
    pub tokens_per_second: f64,
    /// Seconds between two tokens of one answer.
    pub tpot: f64,
    /// Seconds to the first token once the request runs.
    pub first: f64,
    /// Seconds from one step of a stage to the next.
    pub step: f64,
    /// Share of that time which prompts take, the rest is for answers.
    pub prompts: f64,
}

impl Steady {
    /// Requests that wait.
    pub fn queued(&self) -> f64 {
        (self.requests - self.running).max(0.0)
    }
    /// Seconds to the first token, the wait in the queue included (Little's law); infinite for an endless queue.
    pub fn ttft(&self) -> f64 {
        if self.queued() > 0.0 && self.requests_per_second > 0.0 {
            self.queued() / self.requests_per_second + self.first
        } else {
            self.first
        }
    }
}

impl Server {
    /// Sequences that run at most: what memory carries and the engine allows; zero where not even one fits.
    pub fn capacity(&self) -> u64 {
        self.carried.min(self.limits.most(&self.layout))
    }

    /// The steady state with so many requests in flight; none where not even one fits.
    pub fn steady(&self, requests: f64, shares: &Coefficients) -> Option<Steady> {
        let running = requests.min(self.capacity() as f64);
        (running >= 1.0).then(|| self.run(requests, running, shares))
    }

    /// The steady state with so many of the requests running.
    ///
    /// Of R running sequences R/G end in each step and as many prompts are read, but no more than the step's budget of
    /// tokens allows. Stages of a pipeline work on R ÷ stages each.
    pub fn run(&self, requests: f64, running: f64, shares: &Coefficients) -> Steady {
        let stages = self.stages();
        let budget = self.limits.tokens * self.groups();
        // Each request needs its prompt and all tokens but the first, which the prompt yields.
        let tokens = self.prompt + self.generated - 1.0;
        let ended = (running / stages / self.generated).min(budget / tokens);
        let mix = Mix {
            decodes: ended * (self.generated - 1.0),
            prompts: ended,
            // Those beyond the budget wait for a step of their own.
            running: ended * self.generated,
            streams: requests.is_finite(),
            ideal: *shares == Coefficients::IDEAL,
        };
        let step = self.step(mix, shares);
        let rate = ended / step;
        // What the step's budget leaves to prompts decides how many steps one takes.
        let chunks = (self.prompt / (budget - mix.decodes).max(1.0)).max(1.0);
        Steady {
            requests,
            running,
            requests_per_second: rate,
            tokens_per_second: rate * self.generated,
            tpot: step * stages,
            first: step * stages * (chunks + 0.5),
            step,
            prompts: self.of_prompts(mix, shares),
        }
    }

    /// Share of a step that its prompts take: they and the answers each weighed alone.
    fn of_prompts(&self, mix: Mix, shares: &Coefficients) -> f64 {
        let prompts = self.step(Mix { decodes: 0.0, running: 0.0, ..mix }, shares);
        let answers = self.step(Mix { prompts: 0.0, ..mix }, shares);
        if prompts + answers > 0.0 && mix.decodes > 0.0 {
            prompts / (prompts + answers)
        } else {
            1.0
        }
    }
}
