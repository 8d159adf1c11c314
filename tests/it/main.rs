//! Every test against the crate from outside, the command line and the built page: one binary, so that the crate is linked once.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic fails the test; the lints' own exception covers #[test] functions only"
)]

mod support;

mod accuracy;
mod accuracy_training;
mod answers;
#[cfg(feature = "cli")]
mod bounded;
mod calculators;
mod checkpoints;
#[cfg(feature = "cli")]
mod cli;
#[cfg(feature = "cli")]
mod command_line;
mod encoders;
mod engine_facts;
mod explain;
mod facts;
mod fields;
mod first_choice;
mod fit;
mod formats;
mod fuzzed;
#[cfg(feature = "cli")]
mod hand_over;
mod hardware;
mod harness;
mod headers_cli;
mod headers_compare;
mod headers_gguf;
mod headers_hostile;
mod headers_packed;
mod headers_safetensors;
mod history;
mod hosts;
mod hub;
mod hub_endpoint;
mod hub_loader;
mod hub_locator;
#[cfg(feature = "cli")]
mod hub_native;
mod launch;
mod launch_training;
mod laws;
mod logs;
mod machine;
mod naming;
#[cfg(feature = "cli")]
mod old_links;
mod page;
#[cfg(feature = "cli")]
mod page_boot;
#[cfg(feature = "cli")]
mod page_charts;
#[cfg(feature = "cli")]
mod page_checks;
mod page_compare;
#[cfg(feature = "cli")]
mod page_explorer;
#[cfg(feature = "cli")]
mod page_finder;
mod page_first_sight;
mod page_hardware;
mod page_headers;
#[cfg(feature = "cli")]
mod page_history;
#[cfg(feature = "cli")]
mod page_models;
#[cfg(feature = "cli")]
mod page_module;
#[cfg(feature = "cli")]
mod page_palette;
mod page_parts;
mod page_search;
mod page_source;
mod page_training;
mod papers;
mod quantisation;
mod refusals;
mod report;
mod runs_here;
mod search_cli;
mod serving;
mod setup;
#[cfg(feature = "cli")]
mod shell;
mod side_by_side;
mod speed;
mod towers;
mod training;
mod unlike;
mod variants;
mod whats_new;
