//! What is said of a device in a few words.

use std::borrow::Cow;

use weighbridge::hardware::{self, Device, Price, Segment, devices};
use weighbridge::units::{UnitSystem, count, decimal, dollars, rate};

/// The device of the table, or the one a text describes.
pub fn resolve(id: &str) -> Option<Cow<'static, Device>> {
    hardware::resolve(id).ok()
}

/// Vendor and segment: `NVIDIA, data centre`.
pub fn group_name(device: &Device) -> String {
    match device.segment {
        Segment::Apple | Segment::Custom => device.vendor.name().to_owned(),
        segment => format!("{}, {}", device.vendor.name(), segment.label()),
    }
}

/// Vendors of the table and their names, each once, in its order.
pub fn vendors() -> Vec<(&'static str, &'static str)> {
    kinds(|device| (device.vendor.name(), device.vendor.name()))
}

/// Segments of the table by key, and their names, each once, in its order.
pub fn segments() -> Vec<(&'static str, &'static str)> {
    kinds(|device| (device.segment.key(), device.segment.label()))
}

/// Whether a device is of a vendor and a segment, each by its key; an empty one is any.
pub fn is_of(device: &Device, vendor: &str, segment: &str) -> bool {
    (vendor.is_empty() || device.vendor.name() == vendor) && (segment.is_empty() || device.segment.key() == segment)
}

fn kinds(of: fn(&Device) -> (&'static str, &'static str)) -> Vec<(&'static str, &'static str)> {
    let mut all = Vec::new();
    for device in devices() {
        let one = of(device);
        if !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

/// Memory, bandwidth and 16-bit rate.
pub fn facts(device: &Device, units: UnitSystem) -> String {
    let mut all = vec![memory(device, units), rate(device.bandwidth_bytes_per_s, "B")];
    if let Some(peak) = device.rate_16(true) {
        all.push(count(peak.flops, "FLOP/s"));
    }
    all.join(" · ")
}

/// Memory as it is sold, or as a driver reports it: `24 GiB`; of one that is shared with the processor what may be used of it:
/// `48 of 64 GiB`.
pub fn memory(device: &Device, units: UnitSystem) -> String {
    if let Some(share) = device.usable_share() {
        let giga = |bytes: u64| decimal(bytes as f64 / units.giga());
        return format!("{} of {} {units}", giga(share.usable_bytes), giga(share.sold_bytes));
    }
    let giga = device.memory_bytes as f64 / units.giga();
    if giga >= 10.0 || giga.fract() < 0.005 {
        format!("{giga:.0} {units}")
    } else {
        format!("{giga:.1} {units}")
    }
}

/// US dollars an hour: what one costs in a cloud, or the machine it comes in.
pub fn price(device: &Device) -> Option<f64> {
    Price::least(device, 1).map(|price| price.usd_per_hour)
}

/// A price in words: `$2.49 an hour`.
pub fn price_words(price: f64) -> String {
    format!("${price:.2} an hour")
}

/// The price of one with what it is the middle of: `$4.09 an hour (clouds ask $2.69 to $5.49)`.
pub fn price_with_range(device: &Device) -> Option<String> {
    let price = price(device)?;
    let range = device.price_low.zip(device.price_high).filter(|(low, high)| low < high);
    let range = range.filter(|_| device.price() == Some(price));
    let range = range.map(|(low, high)| format!(" (clouds ask {} to {})", dollars(low), dollars(high)));
    Some(format!("{}{}", price_words(price), range.unwrap_or_default()))
}
