//! Charts of the answer: each a figure with a sentence, a table of the same numbers, and a picture to save.

mod canvas;
mod context_chart;
mod figure;
mod intensity_gauge;
mod memory_chart;
mod plot;
mod save;
mod screen;

pub use context_chart::ContextChart;
pub use figure::{ChartFigure, Draw, model_name};
pub use intensity_gauge::IntensityGauge;
pub use memory_chart::MemoryChart;
pub use save::{file_name, save_svg_as_picture, save_text};
pub use screen::scheme_now;
