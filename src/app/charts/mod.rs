//! Charts of the answer: each a figure with a sentence, a table of the same numbers, and a picture to save.

mod canvas;
mod choice;
mod context_chart;
mod figure;
mod intensity_gauge;
mod memory_chart;
mod operators;
mod phase_chart;
mod plot;
mod save;
mod screen;

pub use choice::Choice;
pub use context_chart::ContextChart;
pub use figure::{ChartFigure, Deeds, Draw, HandOut, draw_of, markup, model_name, table_of};
pub use intensity_gauge::IntensityGauge;
pub use memory_chart::MemoryChart;
pub use operators::OperatorCharts;
pub use phase_chart::PhaseChart;
pub use save::{file_name, save_picture, save_svg, save_svg_as_picture, save_text};
pub use screen::{scheme_now, size_of};
