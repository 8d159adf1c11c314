//! Weighbridge: does this language model fit that hardware, how fast, at what cost, and why?
//!
//! Read it in this order; each room knows only those above it:
//!
//! 1. [`units`]: exact and floating numbers, the trace that explains them, bytes and how they are written.
//!    [`limits`]: how much is read from outside, and what is said beyond it.
//!    [`tables`]: how the tables in `data/` are read.
//!    [`naming`]: what somebody means by a name as people type it.
//!    [`logs`]: what engines print when they start, as figures.
//! 2. [`model`]: `config.json` → [`model::Blueprint`]: layers, operators and every tensor with its named dimensions.
//! 3. [`hardware`]: devices and engines, as tables with sources.
//! 4. [`scenario`]: what the user chose; every knob declared once; the link codec.
//! 5. [`analysis`]: a pure function of blueprint, scenario and device: memory, compute, traffic, verdict, explanations.
//! 6. [`report`]: what is said of an analysis: sentences, tiles, lines. Page and command line print the same.
//! 7. [`hub`]: names, addresses and errors of the Hugging Face Hub; fetching is left to the page and the command line.
//! 8. `chart` (feature of the same name) and [`export`]: what is drawn and what is written out.
//!
//! 9. [`ask`]: what scripts ask, answered in JSON; the command line and the JavaScript module stand on it.
//!
//! The command line (`cli`, feature of the same name), the page (`src/main.rs`, `src/app/`) and what the JavaScript module calls
//! (`js`, `src/bin/module.rs`) stand on top.
//!
//! Invariants: nothing here panics on input; sizes are `u64` (`usize` has 32 bits in WebAssembly), FLOPs `f64`;
//! the blueprint alone decides what a model is, so two readings of it cannot disagree.

pub mod analysis;
pub mod ask;
#[cfg(any(feature = "chart", test))]
pub mod chart;
#[cfg(all(feature = "cli", not(target_arch = "wasm32")))]
pub mod cli;
pub mod export;
pub mod hardware;
pub mod hub;
#[cfg(any(feature = "js", test))]
pub mod js;
pub mod limits;
pub mod logs;
pub mod model;
pub mod naming;
pub mod report;
pub mod scenario;
pub mod tables;
pub mod units;
