//! Every model of the catalogue on every device in twelve formats.

use std::sync::Arc;

use weighbridge::analysis::Matrix;
use weighbridge::analysis::matrix::FORMATS;
use weighbridge::hardware::devices;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;

/// What is weighed.
#[derive(Debug)]
pub struct WholeMatrix {
    blueprints: Vec<Arc<Blueprint>>,
    scenario: Scenario,
}

impl WholeMatrix {
    /// All blueprints, built before the clock runs.
    pub fn new() -> Self {
        let entries = catalogue::entries().iter();
        Self {
            blueprints: entries
                .filter_map(|entry| Blueprint::from_value(entry.config.clone()).ok().map(Arc::new))
                .collect(),
            scenario: Scenario::default(),
        }
    }
    /// Weighs all; how many verdicts, and how many of them are that it fits.
    pub fn weigh(&self) -> (u64, u64) {
        let (mut cells, mut fit) = (0, 0);
        for blueprint in &self.blueprints {
            let mut matrix = Matrix::new(blueprint, &self.scenario, &FORMATS);
            for device in devices() {
                for format in FORMATS {
                    if let Some(cell) = matrix.cell(device, format) {
                        cells += 1;
                        fit += u64::from(cell.judgement.missing == 0);
                    }
                }
            }
        }
        (cells, fit)
    }
    /// A run of so many milliseconds in words.
    pub fn words(&self, (cells, fit): (u64, u64), milliseconds: f64) -> String {
        format!(
            "{cells} verdicts ({fit} fit), {} models: {milliseconds:.0} ms, {:.1} ms for 100,000",
            self.blueprints.len(),
            1e5 * milliseconds / cells.max(1) as f64
        )
    }
}
