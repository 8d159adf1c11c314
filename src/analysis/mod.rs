//! What follows from a blueprint and a scenario: memory, compute, traffic, verdict, explanations. Pure functions.
//!
//! Formulas are generic over [`Number`](crate::units::Number): [`analyse`] runs them plain, [`explain`] runs the same
//! code traced, so a number and its explanation cannot disagree.

mod activations;
mod admission;
pub mod answers;
mod at_best;
mod cache;
mod cache_format;
mod comparison;
mod compute;
mod cost;
mod defaults;
mod error;
mod explain;
mod file_kind;
mod fit;
mod fixes;
mod forward_pass;
mod host;
pub mod kv_support;
pub mod launch;
pub mod matrix;
mod memory;
mod options;
mod packed_cache;
mod parameters;
pub mod placement;
mod resolve;
mod roofline;
pub mod rough_verdict;
mod runs_here;
mod scan;
pub mod serving;
mod setup;
pub mod simple_rule;
mod speed;
mod summary;
pub mod time;

pub use admission::Admission;
pub use answers::{Answers, answers, in_best_format};
pub use at_best::at_best;
pub use cache_format::wanted_cache;
pub use comparison::{ComparedFormat, FormatComparison};
pub use compute::{OpCost, costs};
pub use cost::{Cost, cost};
pub use defaults::{FirstChoice, first_choice};
pub use error::AnalysisError;
pub use explain::{Explanation, Figure, Input, Part, Piece, explain};
pub use file_kind::usual_container;
pub use fit::{Demand, DeviceVerdict, Fit, Verdict, capacity, fit, host_memory, host_share, share_words};
pub use fixes::{Fix, fixes};
pub use forward_pass::ForwardPass;
pub use launch::{Flag, Language, Launch, launch, launch_in};
pub use matrix::Matrix;
pub use memory::{Memory, MemoryPart, bits_per_weight, left_out_bytes, memory, table_bytes};
pub use options::KnobOption;
pub use parameters::{Parameters, parameters};
pub use placement::{HostShare, Layout, Plan, RankGroup, RankMemory, Ranks, Unit, fullest, ranks};
pub use resolve::{resolved, towers};
pub use roofline::{Bound, Roof};
pub use rough_verdict::{RoughVerdict, rough_bits, rough_verdict};
pub use runs_here::RunsHere;
pub use setup::{Setup, devices_in_words};
pub use speed::{Speed, nearest_measurements};
pub use summary::{Analysis, ComponentCost, ContextPoint, analyse, analyse_setup, context_curve};
