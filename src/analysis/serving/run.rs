//! A run that ends: so many requests, all at once. It fills up, runs steadily, and runs empty.

use super::server::Server;

/// Points at which the filling and the emptying are looked at.
const RAMP: u32 = 4;
const DRAIN: u32 = 8;
/// Answers of exponential length are looked at up to so many means: beyond, three in a hundred are left.
const TAIL: f64 = 3.5;
/// The least share of a step's budget that is left to prompts while a server fills up.
const LEFT: f64 = 0.25;

/// The middle of each of so many equal parts of one.
fn middles(parts: u32) -> impl Iterator<Item = f64> {
    (0..parts).map(move |part| (f64::from(part) + 0.5) / f64::from(parts))
}

impl Server<'_> {
    /// Output tokens a second over a whole run of so many requests, so many of them in flight.
    ///
    /// While R sequences are admitted, prompts fill the step's budget; then as many come as go; once none is left to admit,
    /// answers of one length end one after the other (a straight line), those of chats exponentially, and steps get shorter.
    /// Where a client sends the next request only when one has ended, the run is long and steady state stands for it.
    pub(super) fn finite(&self, in_flight: f64, all: f64) -> Option<f64> {
        let running = in_flight.min(self.capacity).min(all);
        if running < 1.0 {
            return None;
        }
        if in_flight < all * 0.999 {
            return Some(self.run(in_flight, running).tokens_per_second);
        }
        let stages = self.stages();
        let (batch, budget) = (running / stages, self.budget);
        // Steps to admit the first wave.
        let beside = (budget - batch * 0.5).max(budget * LEFT);
        let filling = (batch * self.prompt / beside).clamp(1.0, self.generated.max(1.0));
        let each = batch * self.prompt / filling;
        let ramp: f64 = middles(RAMP)
            .map(|share| {
                let decodes = batch * share;
                let tokens = (budget - decodes).max(budget * LEFT).min(each);
                self.seconds(decodes, tokens)
            })
            .sum::<f64>()
            / f64::from(RAMP)
            * filling;
        let one_wave = all <= running * 1.0001;
        let drain = |steps: f64, left: &dyn Fn(f64) -> f64| {
            let mean: f64 = middles(DRAIN).map(|share| self.seconds(batch * left(share), 0.0)).sum();
            mean / f64::from(DRAIN) * steps
        };
        let straight = |share: f64| 1.0 - share;
        let (seconds, tokens) = if self.spread {
            let steps = TAIL * self.generated;
            let left = |share: f64| (-share * TAIL).exp();
            (drain(steps, &left), batch * self.generated * (1.0 - (-TAIL).exp()))
        } else if one_wave {
            // All were admitted within the filling, so all end within as many steps; until then all run.
            let full = (self.generated - filling).max(0.0);
            let seconds = drain(filling, &straight) + full * self.seconds(batch, 0.0);
            (seconds, batch * (filling * 0.5 + full))
        } else {
            (drain(self.generated, &straight), batch * self.generated * 0.5)
        };
        let ends = (batch * 0.5 * filling + tokens) * stages;
        let between = (all * self.generated - ends).max(0.0);
        let load = self.load(running);
        let rate = load.ended * self.generated / self.seconds(load.decodes, load.tokens);
        let took = (ramp + seconds) * stages + if between > 0.0 { between / rate } else { 0.0 };
        Some(self.handed_out((ends + between) / took))
    }
}
