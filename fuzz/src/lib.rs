//! Targets, seeds and changes to them, for libFuzzer and for the runner of this crate.

pub mod mutate;
pub mod seeds;
pub mod targets;
