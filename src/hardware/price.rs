//! What an hour of a device costs, and who says so.

use super::{Device, Host, hosts_of};

/// US dollars an hour and their basis: what clouds ask for the device, else its share of the cheapest machine that has it.
pub fn hourly(device: &Device) -> Option<(f64, String)> {
    if let Some(price) = device.price() {
        return Some((price, device.price_source.clone()));
    }
    hosts_of(&device.id)
        .filter_map(|host| Some((host.price_per_device()?, host)))
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(price, host)| (price, share(host)))
}

/// An hour of one device of a machine.
pub fn hourly_of(host: &Host) -> Option<(f64, String)> {
    Some((host.price_per_device()?, share(host)))
}

fn share(host: &Host) -> String {
    format!("A share of {}: {}", host.name, host.price_basis())
}
