//! A server in plain words.

use crate::analysis::serving::Serving;
use crate::units::{counted, decimal, grouped, seconds};

/// Lines of the headline: what runs, what users see, where the knee is, what it costs.
pub fn lines(serving: &Serving) -> Vec<String> {
    let load = &serving.admission;
    let mut out = vec![match (load.requests, serving.queued) {
        (Some(requests), Some(queued)) if queued > 0 => format!(
            "{} in flight: {} run, {} wait",
            counted(requests, "request"),
            grouped(load.running),
            grouped(queued)
        ),
        (Some(requests), _) => format!("{} in flight, all of them run", counted(requests, "request")),
        (None, _) => format!("an endless queue: {} run at once", counted(load.running, "request")),
    }];
    if let Some(last) = out.last_mut() {
        last.push_str(&if load.max_running < load.max_by_memory {
            format!(
                "; the engine runs {} at most, memory carries {}",
                grouped(load.max_running),
                grouped(load.max_by_memory)
            )
        } else {
            format!("; memory carries {}", grouped(load.max_by_memory))
        });
    }
    let first = serving
        .ttft
        .map_or_else(|| format!("{} once it runs", seconds(serving.first)), seconds);
    out.push(format!(
        "{} requests a second; first token after {first}, then one every {} ({} tokens/s for each user)",
        decimal(serving.requests_per_second),
        seconds(serving.tpot),
        decimal(1.0 / serving.tpot.max(f64::MIN_POSITIVE))
    ));
    if let Some(knee) = serving.curve.get(serving.knee) {
        out.push(format!(
            "the knee is at {}: {} tokens/s, one every {} for each",
            counted(knee.requests, "request"),
            decimal(knee.tokens_per_second),
            seconds(knee.tpot)
        ));
    }
    if let Some(users) = serving.users_within_targets {
        out.push(match users {
            0 => "the targets are not met by a single request".to_owned(),
            some => format!("the targets are met by up to {} in flight", counted(some, "request")),
        });
    }
    if let Some(cost) = &serving.cost {
        out.push(format!(
            "${:.3} a million input tokens, ${:.3} a million output tokens at ${:.2} an hour ({})",
            cost.usd_per_million_input, cost.usd_per_million_output, cost.price_usd_per_hour, cost.price_basis
        ));
    }
    if let Some(energy) = &serving.energy {
        out.push(format!(
            "{:.3} kWh a million output tokens at the rated {} W",
            energy.kwh_per_million_output,
            decimal(energy.watts)
        ));
    }
    out
}
