//! The steady state of a server: as many requests come as go.

use super::server::Server;
use crate::analysis::time::TimeParts;

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

/// What a step of one stage works on in steady state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLoad {
    /// Tokens written.
    pub decodes: f64,
    /// Tokens of prompts read.
    pub tokens: f64,
    /// Requests that end.
    pub ended: f64,
}

impl Server<'_> {
    /// The steady state with so many requests in flight; none where not even one fits.
    pub fn steady(&self, requests: f64) -> Option<Steady> {
        let running = requests.min(self.capacity);
        (running >= 1.0).then(|| self.run(requests, running))
    }
    /// As if one sequence fitted: for rows whose memory the rules get wrong.
    pub fn least(&self) -> Steady {
        self.run(1.0, 1.0)
    }
    /// Of R running sequences of a stage R/G end in each step and as many prompts are read, but no more than the step's budget
    /// of tokens allows: each request needs its prompt and all tokens but the first, which the prompt yields.
    pub(super) fn load(&self, running: f64) -> StepLoad {
        let batch = running / self.stages();
        let ended = (batch / self.generated).min(self.budget / (self.prompt + self.generated - 1.0));
        StepLoad {
            decodes: ended * (self.generated - 1.0),
            tokens: ended * self.prompt,
            ended,
        }
    }
    /// Where the seconds of a step go in steady state.
    pub(super) fn steady_parts(&self, running: f64) -> TimeParts {
        let load = self.load(running);
        self.parts(load.decodes, load.tokens)
    }
    /// Share of the time that goes to prompts: what steps would be shorter by without them.
    pub(super) fn prompt_share(&self, running: f64) -> f64 {
        let load = self.load(running);
        let whole = self.seconds(load.decodes, load.tokens);
        if whole > 0.0 {
            (1.0 - self.seconds(load.decodes, 0.0) / whole).clamp(0.0, 1.0)
        } else {
            0.0
        }
    }

    pub(super) fn run(&self, requests: f64, running: f64) -> Steady {
        let load = self.load(running);
        let stages = self.stages();
        let seconds = self.seconds(load.decodes, load.tokens);
        let rate = self.handed_out(load.ended * self.generated / seconds) / self.generated;
        // A step that reads a prompt is longer than the mean of those with and without.
        let chunk = self.chunk(load.decodes);
        let chunks = (self.prompt / chunk).max(1.0);
        let decodes = if self.separate { 0.0 } else { load.decodes };
        let reading = self.seconds(decodes, load.tokens.max(chunk));
        Steady {
            requests,
            running,
            requests_per_second: rate,
            tokens_per_second: rate * self.generated,
            tpot: seconds * stages,
            first: reading * stages * chunks + seconds * stages * 0.5,
        }
    }
}
