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

/// Share of its full length a sequence holds on average: its prompt, and half of its answer.
fn held(prompt: f64, generated: f64) -> f64 {
    (prompt + generated / 2.0) / (prompt + generated)
}

impl Server {
    /// Sequences that run at most: what memory carries and the engine allows; zero where not even one fits.
    pub fn capacity(&self) -> f64 {
        if self.room.sequences(1.0) < 1.0 {
            return 0.0;
        }
        let carried = self.room.sequences(held(self.prompt, self.generated)) * self.groups();
        carried
            .min(self.limits.sequences * self.groups() * self.stages())
            .floor()
    }

    /// The steady state with so many requests in flight; none where not even one fits.
    ///
    /// Of R running sequences R/G end in each step and as many prompts are read, but no more than the step's budget of
    /// tokens allows. Stages of a pipeline work on R ÷ stages each.
    pub fn steady(&self, requests: f64, shares: &Coefficients) -> Option<Steady> {
        let running = requests.min(self.capacity());
        if running < 1.0 {
            return None;
        }
        Some(self.run(requests, running, shares))
    }

    pub(super) fn run(&self, requests: f64, running: f64, shares: &Coefficients) -> Steady {
        let stages = self.stages();
        let batch = running / stages;
        let budget = self.limits.tokens * self.groups();
        // Each request needs its prompt and all tokens but the first, which the prompt yields.
        let tokens = self.prompt + self.generated - 1.0;
        let ended = (batch / self.generated).min(budget / tokens);
        let mix = Mix {
            decodes: ended * (self.generated - 1.0),
            prompts: ended,
            running: batch,
        };
        let seconds = self.step(mix, shares);
        let rate = ended / seconds;
        // What the step's budget leaves to prompts decides how many steps one takes.
        let chunks = (self.prompt / (budget - mix.decodes).max(1.0)).max(1.0);
        Steady {
            requests,
            running,
            requests_per_second: rate,
            tokens_per_second: rate * self.generated,
            tpot: seconds * stages,
            first: seconds * stages * (chunks + 0.5),
        }
    }
}

impl Server {
    /// As if one sequence fitted: for rows whose memory the division here gets wrong.
    pub fn least(&self, shares: &Coefficients) -> Steady {
        self.run(1.0, 1.0, shares)
    }
}
