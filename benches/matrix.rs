//! How long the whole matrix takes: every model of the catalogue on every device in twelve formats.

use std::time::Instant;

use weighbridge::analysis::Matrix;
use weighbridge::analysis::matrix::FORMATS;
use weighbridge::hardware::devices;
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;

fn main() {
    let blueprints: Vec<Blueprint> = catalogue::entries()
        .iter()
        .filter_map(|entry| Blueprint::from_value(entry.config.clone()).ok())
        .collect();
    let scenario = Scenario::default();
    for _ in 0..3 {
        let start = Instant::now();
        let (mut cells, mut fit) = (0u64, 0u64);
        for blueprint in &blueprints {
            let mut matrix = Matrix::new(blueprint, &scenario, &FORMATS);
            for device in devices() {
                for format in FORMATS {
                    if let Some(cell) = matrix.cell(device, format) {
                        cells += 1;
                        fit += u64::from(cell.judgement.missing == 0);
                    }
                }
            }
        }
        let time = start.elapsed().as_secs_f64();
        println!(
            "{cells} verdicts ({fit} fit), {} models: {:.1} ms, {:.2} ms for 100,000",
            blueprints.len(),
            1e3 * time,
            1e8 * time / cells.max(1) as f64
        );
    }
}
