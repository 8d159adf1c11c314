//! The steady state of a server: as many requests come as go.

use super::server::Server;
use super::step::Mix;
use crate::hardware::serving::Coefficients;

/// A server under a load.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
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
    /// The steady state with so many requests in flight; none where not even one fits.
    ///
    /// Of R running sequences R/G end in each step and as many prompts are read, but no more than the step's budget of
    /// tokens allows. Stages of a pipeline work on R ÷ stages each.
    pub fn steady(&self, requests: f64, shares: &Coefficients) -> Option<Steady> {
        let running = requests.min(self.capacity);
        if running < 1.0 {
            return None;
        }
        Some(self.run(requests, running, shares))
    }

    /// What a step of so many running sequences works on.
    pub(super) fn mix(&self, running: f64) -> Mix {
        let batch = running / self.stages();
        // Each request needs its prompt and all tokens but the first, which the prompt yields.
        let tokens = self.prompt + self.generated - 1.0;
        let ended = (batch / self.generated).min(self.budget() / tokens);
        Mix {
            decodes: ended * (self.generated - 1.0),
            prompts: ended,
            // Those beyond the budget wait for a step of their own.
            running: ended * self.generated,
        }
    }
    /// Tokens of a step at most.
    fn budget(&self) -> f64 {
        self.limits.tokens * self.groups()
    }
    /// Share of the time that goes to prompts: what steps would be shorter by without them.
    pub(super) fn prompt_share(&self, running: f64, shares: &Coefficients) -> f64 {
        let mix = self.mix(running);
        let without = Mix { prompts: 0.0, ..mix };
        let whole = self.step(mix, shares);
        if whole > 0.0 {
            (1.0 - self.step(without, shares) / whole).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    fn run(&self, requests: f64, running: f64, shares: &Coefficients) -> Steady {
        let mix = self.mix(running);
        let (stages, seconds) = (self.stages(), self.step(mix, shares));
        let rate = mix.prompts / seconds;
        // What the step's budget leaves to prompts decides how many steps one takes.
        let chunks = (self.prompt / (self.budget() - mix.decodes).max(1.0)).max(1.0);
        // A step that reads a prompt is longer than the mean of those with and without.
        let reading = Mix {
            prompts: mix.prompts.max((1.0 / chunks).min(1.0)),
            ..mix
        };
        let reading = self.one(reading, shares).total();
        Steady {
            requests,
            running,
            requests_per_second: rate,
            tokens_per_second: rate * self.generated,
            tpot: seconds * stages,
            first: reading * stages * chunks + seconds * stages * 0.5,
        }
    }

    /// As if one sequence fitted: for rows whose memory the rules get wrong.
    pub fn least(&self, shares: &Coefficients) -> Steady {
        self.run(1.0, 1.0, shares)
    }
}
