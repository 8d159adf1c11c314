//! The serving part of `weighbridge estimate`: a sentence and a table.

use weighbridge::analysis::serving::{Interval, Point, Serving};
use weighbridge::export::Sheet;
use weighbridge::units::{decimal, grouped, seconds};

/// What the server does, in sentences of one line each.
pub fn words(serving: &Serving) -> String {
    let rate = |one: &Interval| format!("{} tokens/s ({} to {})", decimal(one.expected), decimal(one.low), decimal(one.high));
    let time = |one: &Interval| format!("{} ({} to {})", seconds(one.expected), seconds(one.low), seconds(one.high));
    let mut out = format!(
        "\nserves about {}, {} requests/s; {} run at once{}, at most {}",
        rate(&serving.tokens_per_second),
        decimal(serving.requests_per_second),
        grouped(serving.running),
        match serving.queued {
            None => ", others queue without end".to_owned(),
            Some(0) => String::new(),
            Some(some) => format!(", {} wait", grouped(some)),
        },
        grouped(serving.capacity),
    );
    let first = serving.ttft_seconds.as_ref().unwrap_or(&serving.first_token_seconds);
    out.push_str(&format!(
        "\nfirst token after {}, then one every {}",
        time(first),
        time(&serving.tpot_seconds)
    ));
    if let Some(knee) = &serving.knee {
        out.push_str(&format!(
            "\nbest balance of throughput and waiting at {} users: {} tokens/s, {} each",
            grouped(knee.requests),
            decimal(knee.tokens_per_second),
            decimal(knee.tokens_per_second_per_user)
        ));
    }
    if let Some(cost) = &serving.cost {
        out.push_str(&format!(
            "\n${:.3} for a million tokens read, ${:.3} for a million written, at ${:.2} an hour ({})",
            cost.usd_per_million_input_tokens, cost.usd_per_million_output_tokens, cost.usd_per_hour, cost.basis
        ));
    }
    if let Some(energy) = &serving.energy {
        out.push_str(&format!(
            "\n{:.3} kWh for a million tokens read, {:.3} kWh for a million written, at the power limit of {} W",
            energy.kwh_per_million_input_tokens,
            energy.kwh_per_million_output_tokens,
            grouped(energy.watts as u64)
        ));
    }
    if let Some(targets) = &serving.targets {
        let met = if targets.met { "met" } else { "not met" };
        out.push_str(&format!(
            "\nthe targets are {met}; at most {} users meet them, with {} tokens/s",
            grouped(targets.most_requests),
            decimal(targets.tokens_per_second)
        ));
    }
    out
}

/// Throughput and latency over users.
pub fn curve(serving: &Serving) -> Sheet {
    let mut sheet = Sheet::new(
        "Users",
        &["users", "running", "tokens/s", "tokens/s each", "first token", "each token"],
    );
    let row = |point: &Point| {
        [
            grouped(point.requests),
            grouped(point.running),
            decimal(point.tokens_per_second),
            decimal(point.tokens_per_second_per_user),
            seconds(point.ttft_seconds),
            seconds(point.tpot_seconds),
        ]
    };
    for point in &serving.curve {
        sheet.push(row(point));
    }
    sheet
}
