//! What a million tokens cost, in money and in energy.

use serde::Serialize;

use super::steady::Steady;
use crate::analysis::question::Question;
use crate::hardware::find_host;

/// Money.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bill {
    /// US dollars an hour for all devices.
    pub usd_per_hour: f64,
    /// Who asks that, and when.
    pub basis: String,
    /// US dollars for a million tokens written, the time which answers take.
    pub usd_per_million_output_tokens: f64,
    /// US dollars for a million tokens read, the time which prompts take.
    pub usd_per_million_input_tokens: f64,
    /// US dollars for a million tokens written, all of the time laid on them.
    pub usd_per_million_output_tokens_alone: f64,
}

/// Energy at the power limit of the devices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Energy {
    /// Power limit of all devices, watts; hosts, network and cooling come on top.
    pub watts: f64,
    /// Kilowatt-hours for a million tokens written, the time which answers take.
    pub kwh_per_million_output_tokens: f64,
    /// Kilowatt-hours for a million tokens read, the time which prompts take.
    pub kwh_per_million_input_tokens: f64,
    /// Kilowatt-hours for a million tokens written, all of the time laid on them.
    pub kwh_per_million_output_tokens_alone: f64,
}

/// What an hour buys, for each hour's unit: output, input, output alone; in units for a million tokens.
fn each(question: &Question<'_>, found: &Steady) -> Option<[f64; 3]> {
    let hourly = found.requests_per_second * 3600.0;
    if hourly <= 0.0 || !hourly.is_finite() {
        return None;
    }
    let of = |share: f64, tokens: u64| share / hourly / tokens.max(1) as f64 * 1e6;
    let (prompt, generated) = (question.scenario.prompt, question.scenario.generated());
    Some([
        of(1.0 - found.prompts, generated),
        of(found.prompts, prompt),
        of(1.0, generated),
    ])
}

/// The bill of a load; none where no price is known.
pub fn bill(question: &Question<'_>, found: &Steady) -> Option<Bill> {
    let device = question.device()?;
    let own = question.scenario.price.map(|price| (price, "as you set it".to_owned()));
    let node = || {
        let host = question.scenario.node.as_deref().and_then(find_host)?;
        Some((host.price_per_device()?, host.price_basis()))
    };
    let row = || Some((device.price()?, device.price_source.clone()));
    let (price, basis) = own.or_else(node).or_else(row)?;
    let hour = price * question.layout.devices as f64;
    let [output, input, alone] = each(question, found)?;
    Some(Bill {
        usd_per_hour: hour,
        basis,
        usd_per_million_output_tokens: hour * output,
        usd_per_million_input_tokens: hour * input,
        usd_per_million_output_tokens_alone: hour * alone,
    })
}

/// The energy of a load; none where the device's power is not known.
pub fn energy(question: &Question<'_>, found: &Steady) -> Option<Energy> {
    let watts = question.device()?.tdp_w? * question.layout.devices as f64;
    let [output, input, alone] = each(question, found)?;
    let kilowatts = watts / 1e3;
    Some(Energy {
        watts,
        kwh_per_million_output_tokens: kilowatts * output,
        kwh_per_million_input_tokens: kilowatts * input,
        kwh_per_million_output_tokens_alone: kilowatts * alone,
    })
}
