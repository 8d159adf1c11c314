//! Links between the devices of a run: inside a domain of fast links, and over the network.

use crate::hardware::{Device, hosts_of};

/// Rates of one device to its peers, bytes a second in one direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Links {
    /// Devices of a domain of fast links.
    pub domain: u64,
    /// Inside a domain.
    pub fast: f64,
    /// Beyond it.
    pub slow: f64,
}

/// What a device with no machine in the table is taken to have of a network: 400 Gb/s for eight devices.
const USUAL_NETWORK: f64 = 50e9 / 8.0;

impl Links {
    /// Links of a device, in the chosen machine if there is one.
    ///
    /// Machines of the table say what each device has of the network; the best of them stands for clusters, which are
    /// built of such machines.
    pub fn of(device: &Device, host: Option<&str>) -> Self {
        let machines = hosts_of(&device.id).filter(|machine| host.is_none_or(|id| machine.id.eq_ignore_ascii_case(id)));
        let network = machines
            .filter(|machine| machine.device_count > 1)
            .filter_map(|machine| Some(machine.network_bytes_per_s? / machine.device_count as f64))
            .fold(0.0, f64::max);
        let usual = if network > 0.0 { network } else { USUAL_NETWORK };
        let pcie = device.pcie_bytes_per_s.unwrap_or(16e9);
        let fast = device.link_bytes_per_s.unwrap_or(pcie);
        Self {
            domain: device.link_domain.unwrap_or(8).max(1),
            fast,
            slow: usual.min(fast),
        }
    }
    /// The rate of a ring over a group whose members are so many devices apart. Rings enter a domain once, each through the
    /// network of another member, so the members of a domain add up.
    pub fn rate(&self, group: u64, stride: u64) -> f64 {
        if group.saturating_mul(stride) <= self.domain {
            return self.fast;
        }
        let members = (self.domain / stride.max(1)).clamp(1, group.max(1));
        self.fast.min(self.slow * members as f64)
    }
    /// Seconds in which every rank of a group sends each of its tokens to so many others: `bytes` is what a rank sends for
    /// one of them. Inside a domain a copy goes to each; another domain gets one, however many of its ranks want it
    /// (DeepSeek-V3 report, arXiv 2412.19437, section 3.2.2).
    pub fn scatter(&self, group: u64, copies: u64, bytes: f64) -> f64 {
        let others = (group.saturating_sub(1)) as f64 / group.max(1) as f64;
        let fast = copies as f64 * others * bytes / self.fast;
        if group <= self.domain {
            return fast;
        }
        let domains = (group / self.domain).max(2) as f64;
        let reached = domains * (1.0 - (1.0 - 1.0 / domains).powf(copies as f64));
        // One of them is the rank's own.
        let away = reached * (domains - 1.0) / domains;
        fast.max(away * bytes / self.slow)
    }
}
