//! What a machine changes of its devices: the link between them is the machine's, not the best the device could have.

use std::borrow::Cow;

use crate::hardware::{Device, Host, find_host};
use crate::model::Notice;
use crate::scenario::Scenario;

/// The device as it is in its machine, with what has to be said; the machine's device where the scenario names none.
///
/// Links, in this order: beyond one machine its network, shared by its devices; the link its row states; PCIe, where the
/// row names one without a figure (half of it for eight lanes); else the device's own.
pub(super) fn placed(
    device: Option<Cow<'static, Device>>,
    scenario: &Scenario,
    notices: &mut Vec<Notice>,
) -> Option<Cow<'static, Device>> {
    let Some(host) = scenario.hardware.host.as_deref().and_then(find_host) else {
        return device;
    };
    let device = device.or_else(|| host.device().map(Cow::Borrowed))?;
    if device.id != host.device_id {
        notices.push(Notice::new(
            "node_other_device",
            format!(
                "{} has other devices than {}: its links and its price are not used, only its RAM.",
                host.name, device.name
            ),
        ));
        return Some(device);
    }
    let Some((link, name)) = link(host, &device, scenario.hardware.devices, notices) else {
        return Some(device);
    };
    let mut placed = device.into_owned();
    placed.link_bytes_per_s = Some(link);
    placed.link_name = name;
    Some(Cow::Owned(placed))
}

/// Machines that so many devices take.
pub(super) fn machines(host: &Host, devices: u64) -> u64 {
    devices.max(1).div_ceil(host.device_count.max(1))
}

/// The link between devices, bytes a second in one direction for each, and its name.
fn link(host: &Host, device: &Device, devices: u64, notices: &mut Vec<Notice>) -> Option<(f64, String)> {
    let inside = inside(host, device);
    if machines(host, devices) == 1 {
        return inside;
    }
    let Some(network) = host.network_bytes_per_s else {
        notices.push(Notice::new(
            "node_network_unknown",
            format!(
                "{} × {} take more than one {}, whose network is not known: the link inside one is used throughout.",
                devices, device.name, host.name
            ),
        ));
        return inside;
    };
    let each = network / host.device_count.max(1) as f64;
    let least = inside.as_ref().map_or(each, |(inside, _)| inside.min(each));
    Some((least, format!("network between machines, {}", host.name)))
}

fn inside(host: &Host, device: &Device) -> Option<(f64, String)> {
    if let Some(link) = host.link_bytes_per_s {
        return Some((link, host.link_name.clone()));
    }
    if !host.link_name.starts_with("PCIe") {
        return None;
    }
    let lanes = if host.link_name.contains("x8/x8") { 0.5 } else { 1.0 };
    Some((device.pcie_bytes_per_s? * lanes, host.link_name.clone()))
}
