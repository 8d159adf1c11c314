//! What a million tokens cost, in money and in energy.

use serde::Serialize;

use super::server::Server;
use super::steady::Steady;
use crate::analysis::cost::price;
use crate::analysis::setup::Setup;

/// Cost of a million tokens.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TokenCost {
    /// US dollars an hour, all devices.
    pub price_usd_per_hour: f64,
    /// Who asks that, and when.
    pub price_basis: String,
    /// US dollars for a million tokens of prompts: their share of the time.
    pub usd_per_million_input: f64,
    /// US dollars for a million tokens of answers: the rest of the time.
    pub usd_per_million_output: f64,
    /// US dollars for a million tokens of answers when prompts are charged to them too.
    pub usd_per_million_output_all_in: f64,
}

/// Energy of a million tokens of answers, prompts included, at the devices' rated power.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// Watts of all devices.
    pub watts: f64,
    /// Kilowatt-hours.
    pub kwh_per_million_output: f64,
}

/// Cost of a steady state; none without a price.
pub(super) fn cost(setup: &Setup, server: &Server<'_>, steady: &Steady) -> Option<TokenCost> {
    let price = price(setup)?;
    let hour = price.usd_per_hour;
    let rate = steady.requests_per_second;
    if rate <= 0.0 {
        return None;
    }
    let read = server.prompt_share(steady.running);
    let million = |tokens: f64, share: f64| hour / 3600.0 * share / (rate * tokens) * 1e6;
    Some(TokenCost {
        price_usd_per_hour: hour,
        price_basis: price.basis,
        usd_per_million_input: million(server.prompt, read),
        usd_per_million_output: million(server.generated, 1.0 - read),
        usd_per_million_output_all_in: million(server.generated, 1.0),
    })
}

/// Energy of a steady state; none where the power is not known.
pub(super) fn energy(setup: &Setup, steady: &Steady) -> Option<Energy> {
    let watts = setup.device()?.tdp_w? * setup.layout.devices as f64;
    (steady.tokens_per_second > 0.0).then(|| Energy {
        watts,
        kwh_per_million_output: watts / steady.tokens_per_second * 1e6 / 3.6e6,
    })
}
