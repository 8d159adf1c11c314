//! What it costs: the hour, and a million tokens at the speed of the estimate.

use serde::Serialize;

use std::sync::Arc;

use super::placement::named;
use super::setup::Setup;
use super::speed::Speed;
use crate::hardware::{Device, Price, find_host};

/// A price for what was asked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// US dollars an hour for all devices.
    pub usd_per_hour: f64,
    /// US dollars for a million tokens of the pass, all sequences together, with the devices never idle.
    pub usd_per_million_tokens: Option<f64>,
    /// Who asks the price, and when.
    pub basis: String,
}

/// What all devices of a setup cost an hour: the price that was given, else that of its host, else the least that is
/// known; `None` without a device or a price.
pub fn price(setup: &Setup) -> Option<Price> {
    let (scenario, device) = (&*setup.scenario, setup.device()?);
    let devices = setup.layout.devices;
    let of_host = || {
        let host = scenario.hardware.host.as_deref().and_then(find_host)?;
        (host.device_id == device.id)
            .then(|| Price::of_machines(host, devices))
            .flatten()
    };
    match scenario.hardware.price {
        Some(each) => Some(Price::own(each, devices)),
        None if !named(scenario).is_empty() => unlike(&named(scenario)),
        None => of_host().or_else(|| Price::least(device, devices)),
    }
}

/// What devices that are not alike cost, each by itself.
fn unlike(devices: &[Arc<Device>]) -> Option<Price> {
    let each: Option<Vec<Price>> = devices.iter().map(|device| Price::least(device, 1)).collect();
    each?.into_iter().reduce(|all, one| Price {
        usd_per_hour: all.usd_per_hour + one.usd_per_hour,
        basis: if all.basis == one.basis {
            all.basis
        } else {
            format!("{} {}", all.basis, one.basis)
        },
        host: None,
    })
}

/// What a setup costs; `None` without a device or a price.
pub fn cost(setup: &Setup, speed: Option<&Speed>) -> Option<Cost> {
    let price = price(setup)?;
    let rate = speed.filter(|speed| !setup.scenario.workload.mode.trains() && speed.pass.is_some());
    let tokens = rate
        .map(|speed| speed.tokens_per_second * 3600.0)
        .filter(|tokens| *tokens > 0.0);
    Some(Cost {
        usd_per_hour: price.usd_per_hour,
        usd_per_million_tokens: tokens.map(|tokens| price.usd_per_hour / tokens * 1e6),
        basis: price.basis,
    })
}
