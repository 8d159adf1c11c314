//! Which devices the matrix shows.

use weighbridge::hardware::Device;

use crate::app::hardware::facts::{matches, price};

/// What is asked for; empty is all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Words of the name.
    pub query: String,
    /// Vendor.
    pub vendor: String,
    /// Segment.
    pub segment: String,
    /// Most US dollars an hour; devices without a price are left out then.
    pub price: Option<f64>,
}

impl Filter {
    /// Whether a device passes.
    pub fn lets(&self, device: &Device) -> bool {
        (self.vendor.is_empty() || device.vendor == self.vendor)
            && (self.segment.is_empty() || device.segment == self.segment)
            && self
                .price
                .is_none_or(|most| price(device).is_some_and(|price| price <= most))
            && matches(device, &self.query)
    }
}
