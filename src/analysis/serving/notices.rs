//! What to know about a server's figures.

use super::answer::Serving;
use crate::analysis::question::Question;
use crate::hardware::serving::Level;
use crate::model::Notice;
use crate::scenario::Mode;

/// Notices of the mode that serves.
pub fn notices(question: &Question<'_>, serving: Option<&Serving>) -> Vec<Notice> {
    if question.scenario.mode != Mode::Serve || question.device().is_none() {
        return Vec::new();
    }
    let engine = question.engine.label();
    let Some(serving) = serving else {
        let text = match question.load {
            Some(load) if load.capacity == 0 => {
                "Not even one sequence fits beside the weights, so there is no server to speak of; the speed is that of one sequence at a time."
            }
            _ => {
                "The rate of this device in this format is not known, so there is no throughput; the speed is that of one step."
            }
        };
        return vec![Notice::new("no_server", text)];
    };
    let mut all = vec![Notice::new(
        "steady_state",
        "A server in steady state: prompts and answers all of the same length, a new request as soon as one ends. Speculative decoding, cached prompts and prefill on other devices are not modelled. Much of what it is fitted on are finite runs with a ramp and a tail; under steady load a server may be faster.",
    )];
    if serving.level == Level::All {
        all.push(Notice::new(
            "serving_not_measured",
            format!("No published throughput of {engine} is in the fit; what other servers reach is assumed."),
        ));
    } else if serving.level == Level::Engine {
        all.push(Notice::new(
            "serving_not_measured",
            format!("No published throughput of {engine} on this generation of devices is in the fit; what it reaches on others is assumed."),
        ));
    }
    all
}
