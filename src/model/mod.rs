//! From `config.json` to [`Blueprint`]: what a model *is*.
//!
//! [`Config`] reads keys as the Hub has them, [`families`] say which keys fill which dimensions, [`blocks`] are the
//! building blocks they share, and the [`Blueprint`] is the result: runs of layers, each with its blocks, operators,
//! tensors and caches. Everything about bytes and parameters is a fold over its tensors; everything about FLOPs and
//! traffic is a fold over its operators.

pub mod autograd;
pub mod blocks;
pub mod blueprint;
pub mod catalogue;
mod component;
mod config;
mod error;
pub mod families;
pub mod flow;
mod format;
pub mod headers;
mod layout;
pub mod library;
pub mod media;
mod notice;
pub mod operator;
mod pair_class;
pub mod quantisation;
mod tensor;
pub mod towers;

pub use blueprint::Blueprint;
pub use component::Component;
pub use config::Config;
pub use error::ModelError;
pub use families::Purpose;
pub use format::{Format, Scales};
pub use notice::Notice;
pub use tensor::{Sharding, Tensor, TensorKind};
