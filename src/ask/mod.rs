//! What scripts ask: a model that was found, under a scenario, answered in the JSON of `docs/json.md`.
//!
//! The command line and the JavaScript module (`src/js/`, `module/`) stand on it, so that both answer alike. How a model is
//! found is theirs: one has files and a client, the other the browser.

mod devices;
mod estimate;
mod failure;
mod flags;
mod found;
mod headers;
mod here;
mod link;
mod tables;

pub use devices::{DeviceRow, device_row, devices, formats_by_name};
pub use estimate::Estimate;
pub use failure::Failure;
pub use flags::{ENGINES_OWN, LLAMA_CPP_OWN, LlamaCppOwn, flag_names, knob_of, set_flags};
pub use found::{BuiltIn, Found, built_in};
pub use headers::headers;
pub use here::{here, here_row, refused_row};
pub use link::{asked_in, query_in};
pub use tables::{hardware, models, nodes};
