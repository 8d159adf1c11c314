//! What to know about a server's figures.

use super::answer::Serving;
use crate::analysis::setup::Setup;
use crate::hardware::evidence::Seen;
use crate::model::Notice;
use crate::scenario::{Lengths, Mode};

/// Notices of the mode that serves.
pub fn notices(setup: &Setup, serving: Option<&Serving>) -> Vec<Notice> {
    if setup.scenario.workload.mode != Mode::Serve || setup.device().is_none() {
        return Vec::new();
    }
    let Some(serving) = serving else {
        let text = match setup.admission {
            Some(load) if load.max_running == 0 => {
                "Not even one sequence fits beside the weights, so throughput cannot be estimated; the speed shown is for one sequence."
            }
            _ => {
                "This device's peak rate in this format is unknown, so throughput cannot be estimated; the speed shown is that of one step."
            }
        };
        return vec![Notice::new("no_server", text)];
    };
    let scenario = &*setup.scenario;
    let what = match (scenario.workload.requests, scenario.workload.lengths) {
        (None, Lengths::Fixed) => {
            "A server in steady state: all prompts and answers equally long, a new request as soon as one ends."
        }
        (None, Lengths::Spread) => {
            "A server in steady state: lengths differ as in chats, a new request as soon as one ends."
        }
        (Some(_), _) => "A run that ends: all requests are sent at once, so it includes filling up and running empty.",
    };
    let mut all = vec![Notice::new(
        "steady_state",
        format!("{what} Speculative decoding, cached prompts and prefill on other devices are not modelled."),
    )];
    let evidence = &serving.evidence;
    if let (true, Some(device)) = (evidence.level > Seen::Generation, setup.device()) {
        all.push(Notice::new(
            "serving_not_measured",
            format!("Shares of peak are {}.", evidence.words(setup.engine, device)),
        ));
    }
    all
}
