//! Walks every row of the tables of devices and machines.

use std::collections::BTreeSet;

use weighbridge::hardware::{Device, Segment, Vendor, devices, find, hosts, resolve};

#[test]
fn all_rows_are_read() {
    let lines = |text: &str| text.lines().count() - 1;
    assert_eq!(devices().len(), lines(include_str!("../../data/devices.csv")));
    assert_eq!(hosts().len(), lines(include_str!("../../data/hosts.csv")));
    assert_eq!(devices().len(), 225);
    assert_eq!(hosts().len(), 90);
}

#[test]
fn every_device_has_a_source_and_plausible_units() {
    let mut ids = BTreeSet::new();
    for device in devices() {
        let id = &device.id;
        assert!(ids.insert(id.clone()), "{id} is there twice");
        assert!(!device.name.is_empty() && !device.family.is_empty(), "{id}");
        assert!(
            device.source.len() > 12 && device.source.starts_with("20"),
            "{id}: a dated source"
        );
        assert!(!device.memory_basis.is_empty(), "{id}");
        // The smallest is Groq's: 230 MB on the chip.
        assert!((200_000_000..=1u64 << 42).contains(&device.memory_bytes), "{id}");
        assert!(
            device.memory_bytes <= device.nominal_bytes + (1 << 30),
            "{id}: usable is no more than marketed"
        );
        assert!((5e9..4e16).contains(&device.bandwidth_bytes_per_s), "{id}");
        assert!(device.year.is_none_or(|year| (2012..2028).contains(&year)), "{id}");
        assert!(
            device.tdp_w.is_none_or(|watts| (1.0..30_000.0).contains(&watts)),
            "{id}"
        );
        assert!(
            device.link_bytes_per_s.is_none_or(|rate| (1e8..1e13).contains(&rate)),
            "{id}"
        );
        assert!(
            device.segment != Segment::Custom && device.vendor != Vendor::Custom,
            "{id}"
        );
        assert!(
            device.price_low.is_none() || !device.price_source.is_empty(),
            "{id}: a price has a source"
        );
        assert_eq!(device.price_low.is_some(), device.price_high.is_some(), "{id}");
    }
}

/// Rates doubled by sparsity would break these ratios.
#[test]
fn rates_are_dense() {
    for device in devices() {
        let id = &device.id;
        let at_most = |a: Option<f64>, b: Option<f64>, factor: f64, what: &str| {
            if let (Some(a), Some(b)) = (a, b) {
                assert!(a <= b * factor * 1.02, "{id}: {what}");
            }
        };
        // Rubin and Trainium 3 are announced with around four times the rate.
        let most = if matches!(id.as_str(), "rubin-sxm" | "trainium3") {
            4.4
        } else {
            2.5
        };
        at_most(device.fp8_flops, device.bf16_flops, most, "FP8 by BF16");
        at_most(
            device.fp8_acc16_flops,
            device.fp16_acc16_flops,
            2.0,
            "FP8 by FP16, both accumulated in FP16",
        );
        at_most(
            device.fp4_flops,
            device.fp8_flops.map(|rate| rate * 2.0),
            2.0,
            "FP4 by FP8",
        );
        at_most(
            device.fp16_flops,
            device.fp16_acc16_flops,
            1.0,
            "accumulated in FP32 by FP16",
        );
        at_most(device.tf32_flops, device.bf16_flops, 1.0, "TF32 by BF16");
    }
    // Source: NVIDIA datasheets, whose headline figures are twice these.
    for (id, rate, of) in [
        ("h100-sxm", 989.5e12, (|d| d.bf16_flops) as fn(&Device) -> Option<f64>),
        ("h100-sxm", 1979e12, |d| d.fp8_flops),
        ("a100-sxm4-80gb", 312e12, |d| d.bf16_flops),
        ("l4", 121e12, |d| d.bf16_flops),
        ("rtx-4090", 165.2e12, |d| d.bf16_flops),
        ("rtx-4090", 330.3e12, |d| d.fp16_acc16_flops),
    ] {
        let found = of(find(id).unwrap()).unwrap();
        assert!((found - rate).abs() < 0.01 * rate, "{id}: {found}");
    }
}

/// Source: totals of nvidia-smi as printed in issues, and Apple's default limit for the GPU.
#[test]
fn memory_is_what_programs_can_use() {
    for (id, mib) in [
        ("rtx-4090", 24_564),
        ("rtx-5090", 32_607),
        ("h100-sxm", 81_559),
        ("h200-sxm", 143_771),
        ("l40s", 46_068),
        ("a10", 23_028),
        ("t4", 15_360),
    ] {
        assert_eq!(find(id).unwrap().memory_bytes, mib << 20, "{id}");
    }
    assert_eq!(find("apple-m4-max-40c").unwrap().memory_bytes, 96 << 30);
    // Three quarters from 36 GB on: llama.cpp prints 28991.03 MB on an M4 Max with 36 GB.
    assert_eq!(find("apple-m4-max-32c").unwrap().memory_bytes, 27 << 30);
    assert_eq!(find("apple-m3-pro").unwrap().memory_bytes, 27 << 30);
    assert_eq!(find("apple-m4").unwrap().memory_bytes, (32 << 30) * 2 / 3);
    assert!(find("apple-m3-pro").unwrap().memory_by_rule());
    assert!(!find("rtx-4090").unwrap().memory_by_rule());
}

#[test]
fn every_machine_has_known_devices_and_dated_prices() {
    let mut ids = BTreeSet::new();
    for host in hosts() {
        let id = &host.id;
        assert!(ids.insert(id.clone()), "{id} is there twice");
        assert!(host.device().is_some(), "{id}: {} is not in the table", host.device_id);
        assert!((1..=2000).contains(&host.device_count), "{id}");
        assert!(host.source.len() > 12, "{id}");
        assert!(
            host.price_usd_h.is_none_or(|price| (0.05..1000.0).contains(&price)),
            "{id}"
        );
        assert!(
            host.price_usd_h.is_none() || !host.price_source.is_empty(),
            "{id}: a price has a source"
        );
        assert!(
            host.host_memory_bytes
                .is_none_or(|bytes| (1 << 32..1u64 << 46).contains(&bytes)),
            "{id}"
        );
        assert!(
            host.link_bytes_per_s.is_none_or(|rate| (1e9..2e12).contains(&rate)),
            "{id}"
        );
    }
}

#[test]
fn no_estimate_beats_the_highest_rate() {
    for device in devices() {
        for format in ["bf16", "fp16", "fp8", "int8", "q4_k_m", "nvfp4", "mxfp4", "fp32"] {
            if let Some(rate) = device.rate(format) {
                assert!(
                    device.highest_rate(format).unwrap() >= rate.flops,
                    "{}: {format}",
                    device.id
                );
            }
        }
    }
    assert!(
        find("gtx-1070").unwrap().rate_16(false).unwrap().name == "FP32",
        "its FP16 is a 64th"
    );
    assert!(
        resolve("custom:memory=24,bandwidth=900")
            .unwrap()
            .rate_16(true)
            .is_none()
    );
}
