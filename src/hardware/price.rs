//! What hardware costs an hour: prices of devices, and of whole machines.

use serde::Serialize;

use super::device::Device;
use super::host::{Host, hosts_of};
use super::kind::Segment;
use crate::units::{capital, dollars};

/// A price for so many devices, with who asks it and when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Price {
    /// US dollars an hour for all of them.
    pub usd_per_hour: f64,
    /// Who asks it, and when.
    pub basis: String,
    /// The machine it is of, where it is not that of a device by itself.
    #[serde(rename = "node")]
    pub host: Option<String>,
}

impl Price {
    /// So many devices at the user's own price for each.
    pub fn own(each: f64, count: u64) -> Self {
        Self {
            usd_per_hour: each * count as f64,
            basis: "Your own price.".to_owned(),
            host: None,
        }
    }
    /// So many devices, each at the middle of what clouds ask for one.
    fn of_devices(device: &Device, count: u64) -> Option<Self> {
        let each = device.price()?;
        let times = if count > 1 {
            format!("{count} × {}, ", dollars(each))
        } else {
            String::new()
        };
        let basis = if device.segment == Segment::Custom {
            format!("{times}{}", device.price_source)
        } else {
            format!("{times}{}: {}", device.price_words()?, device.price_source)
        };
        Some(Self {
            usd_per_hour: each * count as f64,
            basis: capital(&basis),
            host: None,
        })
    }
    /// As many whole machines as it takes: nobody rents out a part of one.
    pub fn of_machines(host: &Host, count: u64) -> Option<Self> {
        let machines = count.max(1).div_ceil(host.device_count.max(1));
        let basis = match machines {
            1 => format!("{}: {}", host.full_name(), host.price_basis()),
            some => format!("{some} × {}: {}", host.full_name(), host.price_basis()),
        };
        Some(Self {
            usd_per_hour: host.price_usd_h? * machines as f64,
            basis,
            host: Some(host.id.clone()),
        })
    }
    /// The least of two: so many devices, each at the middle of what clouds ask for one, and whole machines that have several.
    /// `None` where no price is known.
    pub fn least(device: &Device, count: u64) -> Option<Self> {
        // Machines with one device each do not share a model, and what they cost is in the middle already: one device costs
        // what each of several does.
        let alone = count <= 1 && device.price().is_none();
        let machines = hosts_of(&device.id)
            .filter(|host| alone || host.device_count > 1)
            .filter_map(|host| Self::of_machines(host, count));
        let all = Self::of_devices(device, count).into_iter().chain(machines);
        all.min_by(|one, other| one.usd_per_hour.total_cmp(&other.usd_per_hour))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::{devices, find, find_host};

    /// $4.09 is the middle of $2.69 (RunPod) and $5.49 (Replicate), and each of eight costs what one does.
    #[test]
    fn one_device_costs_what_each_of_several_does() {
        let device = find("h100-sxm").unwrap();
        let (one, eight) = (Price::least(device, 1).unwrap(), Price::least(device, 8).unwrap());
        assert!((one.usd_per_hour - 4.09).abs() < 1e-9, "{one:?}");
        assert!((eight.usd_per_hour - 8.0 * 4.09).abs() < 1e-9, "{eight:?}");
        assert!(
            eight
                .basis
                .starts_with("8 × $4.09, the middle of what clouds ask for one ($2.69 to $5.49): RunPod"),
            "{}",
            eight.basis
        );
        for device in devices().iter().filter(|device| device.price().is_some()) {
            let most = device.price().unwrap() + 1e-9;
            for count in [1, 2, 4, 8] {
                let price = Price::least(device, count).unwrap();
                assert!(price.usd_per_hour <= most * count as f64, "{}", device.id);
            }
        }
    }

    #[test]
    fn machines_are_paid_whole_and_more_never_cost_less() {
        let host = find_host("aws-g6-12xlarge").unwrap();
        let (one, five) = (
            Price::of_machines(host, 1).unwrap(),
            Price::of_machines(host, 5).unwrap(),
        );
        assert!((five.usd_per_hour - 2.0 * one.usd_per_hour).abs() < 1e-9);
        assert!(Price::least(find("gtx-1650").unwrap(), 1).is_none());
        for device in devices() {
            let prices: Vec<_> = [1, 2, 4, 8].iter().map(|count| Price::least(device, *count)).collect();
            for pair in prices.windows(2) {
                if let [Some(few), Some(many)] = pair {
                    assert!(few.usd_per_hour <= many.usd_per_hour, "{}", device.id);
                    assert!(!few.basis.is_empty(), "{}", device.id);
                }
            }
        }
    }
}
