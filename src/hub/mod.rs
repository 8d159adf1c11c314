//! The Hugging Face Hub: what can be asked for, what comes back, what can go wrong.
//!
//! Nothing here opens a connection. [`Locator::parse`] reads whatever the user pasted: which repository, which revision,
//! which file. [`loader`] is the whole protocol from there to a model; the page (with `fetch`) and the command line (with
//! its own client) carry its requests. What it does:
//!
//! 1. [`Endpoint::config_url`]: where the config.json is; [`Token::authorization`] is the header of a signed-in call.
//! 2. An answer of 200: [`read_config`]. Any other: [`ResponseFacts::read`] and [`classify`].
//! 3. [`HubError::FileNotFound`] alone: ask [`Endpoint::tree_url`], [`read_tree`], and let [`explain_without_config`]
//!    say what the repository holds instead.
//! 4. [`side_paths`] names files that say how weights are stored where the config does not; [`add_side_file`] puts one in.
//! 5. If they are wanted, the headers of the weight files by Range ([`crate::model::headers`]).
//!
//! Beside it: [`search`] finds models by words and filters ([`Endpoint::search_url`] and [`read_listing`] by a part of their names alone);
//! [`Endpoint::info_url`] and [`read_names`] tell which files a repository holds.
//!
//! Every failure is a [`HubError`] with a stable code, a message and a next step, none of which holds a token.

mod answer;
mod config;
mod disguise;
mod endpoint;
mod error;
mod listing;
pub mod loader;
mod locator;
mod locator_error;
pub mod model_list;
mod next_step;
mod paste;
mod repo_contents;
mod repo_id;
pub mod search;
mod side;
mod token;

pub use answer::{RATE_WINDOW_SECONDS, ResponseFacts, classify};
pub use config::{MAX_CONFIG_BYTES, read_config, read_json};
pub use endpoint::{Endpoint, EndpointError};
pub use error::HubError;
pub use listing::{Listed, read_listing, searchable};
pub use locator::Locator;
pub use locator_error::LocatorError;
pub use repo_contents::{TreeEntry, adapter_base, explain_without_config, read_names, read_tree};
pub use repo_id::RepoId;
pub use side::{add_side_file, lacks_quantisation, side_files, side_paths};
pub use token::{Token, TokenError, redact};
