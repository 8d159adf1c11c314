//! Where the model lies: on which devices, and what of it stays in the machine's RAM.

mod layout;
mod members;
mod offload;
mod ranks;
mod refusal;
mod shards;
mod sharing;

pub use layout::Layout;
pub use members::{Member, named, words};
pub(super) use members::{least, members};
pub use offload::{InRam, OffloadOptions, Plan, Unit};
pub(super) use ranks::ranks_of;
pub use ranks::{RankGroup, RankMemory, Ranks, fullest, ranks};
pub use refusal::refusal;
pub(super) use shards::{Shard, weight_shards, with_caches};
pub use sharing::{OperatorShare, share_of};

use serde::Serialize;

/// What lies in the machine's RAM instead of on the devices, as shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct HostShare {
    /// Of the layers with their caches, routed experts apart.
    pub layers: f64,
    /// Of the routed experts.
    pub experts: f64,
    /// Of embedding and head.
    pub embedding_and_head: f64,
}

impl HostShare {
    /// Whether anything is there.
    pub fn any(&self) -> bool {
        self.layers > 0.0 || self.experts > 0.0 || self.embedding_and_head > 0.0
    }
}
