//! Where the model lies: on which devices, and what of it stays in the machine's RAM.

mod layout;
mod offload;
mod pieces;
mod ranks;
mod refusal;
mod sharing;

pub use layout::Layout;
pub use offload::{Movable, Plan, Unit};
pub(super) use pieces::{Piece, weight_pieces, with_caches};
pub(super) use ranks::ranks_of;
pub use ranks::{RankGroup, RankMemory, Ranks, fullest, ranks};
pub use refusal::refusal;
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
    pub ends: f64,
}

impl HostShare {
    /// Whether anything is there.
    pub fn any(&self) -> bool {
        self.layers > 0.0 || self.experts > 0.0 || self.ends > 0.0
    }
}
