//! The hardware that carries it whole for the least money.

use serde::Serialize;

use crate::analysis::fit::Verdict;
use crate::analysis::matrix::Matrix;
use crate::analysis::setup::Setup;
use crate::hardware::{Engine, Price, devices};
use crate::scenario::Scenario;

/// How many devices of a kind are tried.
const COUNTS: [u64; 4] = [1, 2, 4, 8];

/// So many devices at a price.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cheapest {
    /// Id of the device.
    pub hardware: String,
    /// Its name.
    pub name: String,
    /// How many of them.
    pub devices: u64,
    /// The engine it is weighed for.
    pub engine: Engine,
    /// The price, with who asks it and when.
    #[serde(flatten)]
    pub price: Price,
    /// The scenario with it.
    #[serde(skip)]
    pub scenario: Scenario,
}

/// The cheapest of the devices and machines whose price somebody published; others are not ranked.
pub(super) fn cheapest(setup: &Setup, asked: &Scenario) -> Option<Cheapest> {
    let mut best: Option<Cheapest> = None;
    for count in COUNTS {
        // Any engine that runs the format there, devices sharing the model as it usually does.
        let scenario = asked.clone().with(|s| {
            s.hardware.device = None;
            s.hardware.beside = Vec::new();
            s.hardware.host = None;
            s.hardware.price = None;
            s.hardware.devices = count;
            s.hardware.split = None;
            s.hardware.tensor = None;
            s.hardware.pipeline = 1;
            s.hardware.expert = 1;
            s.serving.engine = None;
        });
        let mut matrix = Matrix::published(&setup.blueprint, &scenario).all_at_once();
        let format = scenario.precision.weights.unwrap_or("");
        for device in devices().iter().filter(|device| count == 1 || !device.unified) {
            let Some(price) = Price::least(device, count) else {
                continue;
            };
            if best
                .as_ref()
                .is_some_and(|best| best.price.usd_per_hour <= price.usd_per_hour)
            {
                continue;
            }
            let Some(cell) = matrix.cell(device, format) else {
                continue;
            };
            if cell.judgement.verdict == Verdict::Fits {
                best = Some(Cheapest {
                    hardware: device.id.clone(),
                    name: device.name.clone(),
                    devices: count,
                    engine: cell.engine,
                    scenario: scenario.clone().with(|s| {
                        s.hardware.device = Some(device.id.clone());
                        s.hardware.mixed = Vec::new();
                        s.hardware.host = price.host.clone();
                    }),
                    price,
                });
            }
        }
    }
    best
}
