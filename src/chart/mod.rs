//! What is drawn: pure functions from an answer to any backend of plotters: a canvas, a file, a test.
//!
//! 1. [`Theme`]: the colours of both schemes, one table, equal to the variables of `style/tokens.css`.
//! 2. `pen`: lines, areas and labels in CSS pixels, written at the density of the screen; labels never overlap.
//! 3. [`GrowthChart`], [`MemoryChart`], [`ServingChart`]: the data of a chart, taken from an analysis, and how it is drawn.
//!
//! A chart never draws outside its frame and never fails on its data: empty, one point, or near 2^64 bytes.

mod answer_card;
pub mod architecture;
mod axis;
mod bars;
mod growth;
mod latency;
mod memory;
mod pen;
mod phases;
pub mod pipeline;
mod planes;
mod png;
mod reading;
#[cfg(test)]
mod recorder;
mod roofline;
mod scatter;
mod serving;
mod svg;
mod table;
mod theme;

pub use answer_card::{AnswerCard, CARD};
pub use axis::{byte_ticks, tick_texts, tokens_short};
pub use bars::{Bar, BarRow, BarsChart, Measure as BarMeasure};
pub use growth::{Band, GrowthChart};
pub use latency::{Latency, LatencyChart};
pub use memory::{MemoryChart, MemoryRow};
pub use pen::{Caption, Drawn, FONT, Frame, Pen, Read};
pub use phases::PhaseChart;
pub use planes::{PlaneChart, plane_figures};
pub use png::described;
pub use reading::{Mark, Reading, Stop};
pub use roofline::RooflineChart;
pub use scatter::{Dot, RADIUS, Scatter, scatter};
pub use serving::ServingChart;
pub use svg::{FINENESS, Measure, Svg};
pub use table::{Column, Field, Table};
pub use theme::{COLOURS, Theme};

use plotters::prelude::DrawingBackend;

use crate::analysis::{Setup, capacity};
use crate::hardware::Device;

/// A chart: how it is drawn, and its values as a table.
pub trait Chart {
    /// Draws it, and says what can be read of it.
    ///
    /// # Errors
    /// Whatever the backend reports.
    fn paint<B: DrawingBackend>(&self, pen: &mut Pen<B>) -> Drawn<B>;
    /// The same numbers.
    fn table(&self) -> Table;
    /// Draws it on a sheet of its own, of so many device pixels for a CSS pixel.
    ///
    /// # Errors
    /// Whatever the backend reports.
    fn draw<B: DrawingBackend>(&self, backend: B, theme: Theme, scale: f64, caption: Option<&Caption>) -> Read<B> {
        let mut pen = Pen::new(backend, theme, scale, caption)?;
        self.paint(&mut pen)?;
        pen.finish()
    }
}

/// What a device carries.
#[derive(Clone, Debug, PartialEq)]
pub struct Capacity {
    /// The device, as short as people say it: `RTX 4090`.
    pub name: String,
    /// Its memory in bytes, or what an engine may take of it.
    pub bytes: u64,
}

impl Capacity {
    /// What the engine may take of the device.
    pub fn of_setup(setup: &Setup) -> Option<Self> {
        let device = setup.device()?;
        Some(Self {
            bytes: capacity(setup, device),
            ..Self::of(device)
        })
    }
    /// The capacity of a device.
    pub fn of(device: &Device) -> Self {
        Self {
            name: device.short_name().to_owned(),
            bytes: device.memory_bytes,
        }
    }
}

/// A part's name where there is little room: `Projections`, `KV`.
pub(crate) fn short_name<'a>(key: &str, label: &'a str) -> &'a str {
    if key == "kv_cache" {
        "KV"
    } else {
        label.split(" (").next().unwrap_or(label)
    }
}

#[cfg(test)]
mod drawn;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{GrowthChart, MemoryChart};
    use crate::analysis::{Analysis, FormatComparison, Over, Setup, analyse_setup, resolved};
    use crate::model::{Blueprint, catalogue};
    use crate::scenario::{KvFormat, Mode, Scenario};
    use crate::units::UnitSystem;

    /// What the page shows first: the answer and the charts of the tab Memory.
    fn show(setup: Setup, before: &FormatComparison) -> (Analysis, FormatComparison) {
        let analysis = analyse_setup(setup).unwrap();
        let formats = FormatComparison::of(&analysis.setup, before).unwrap();
        MemoryChart::of(&analysis.setup, &formats, UnitSystem::Gib).unwrap();
        GrowthChart::of(&analysis, Over::Context, 129, UnitSystem::Gib).unwrap();
        (analysis, formats)
    }

    #[test]
    fn a_slider_resolves_nothing_again() {
        for mode in [Mode::Decode, Mode::Serve] {
            let config = &catalogue::find("meta-llama/Llama-3.1-8B-Instruct").unwrap().config;
            let blueprint = Arc::new(Blueprint::from_value(config.clone()).unwrap());
            let scenario = Scenario::example().with(|s| {
                s.workload.mode = mode;
            });
            let start = resolved();
            let (analysis, formats) = show(Setup::new(&blueprint, &scenario).unwrap(), &FormatComparison::default());
            // The scenario once, and the formats it is compared with; its own is there under two names.
            assert_eq!(resolved() - start, 1 + 6, "{mode:?}");
            let slid = analysis.setup.with(|scenario| scenario.workload.prompt = 4096).unwrap();
            let (analysis, formats) = show(slid, &formats);
            assert_eq!(resolved() - start, 1 + 6, "{mode:?}");
            assert_eq!(analysis.setup.tokens().value, 4096 + 512, "{mode:?}");
            // Another cache is another scenario: once again, and each format with it.
            let other = analysis
                .setup
                .with(|scenario| scenario.precision.kv_cache = KvFormat::Fp8)
                .unwrap();
            let (analysis, _) = show(other, &formats);
            assert_eq!(resolved() - start, 2 * (1 + 6), "{mode:?}");
            assert_eq!(analysis.setup.kv.id, "fp8");
        }
    }
}
