//! The device table: `data/devices.csv`, one row a device, each with its source.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Serialize;

use super::kind::{Segment, Vendor};
use crate::tables::{self, Row};
use crate::units::dollars;

const TABLE: &str = include_str!("../../data/devices.csv");

/// A device. Rates are dense peaks in operations a second (a multiply-add is two); `None` is "none or unknown".
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Device {
    /// Stable id: `rtx-4090`.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Vendor.
    pub vendor: Vendor,
    /// Generation: `Ada`, `Hopper`.
    pub family: String,
    /// What it is sold for.
    pub segment: Segment,
    /// Year of release.
    pub year: Option<u16>,
    /// Memory in bytes, as the driver reports it where that is known.
    pub memory_bytes: u64,
    /// Where the memory figure is from; begins with `by rule` where it is not what a driver reports.
    pub memory_basis: String,
    /// What an engine sees of it, where that is less: the driver keeps some for itself.
    pub visible_bytes: Option<u64>,
    /// Where that figure is from.
    pub visible_basis: String,
    /// Memory as marketed, in bytes; of a machine with unified memory, all of its RAM.
    pub nominal_bytes: u64,
    /// Sizes it is sold with, in GiB, separated by `;`.
    pub memory_options_gib: String,
    /// Kind of memory: `HBM3`, `GDDR6X`.
    pub memory_type: String,
    /// Whether processor and accelerator share the memory.
    pub unified: bool,
    /// Memory bandwidth, bytes a second.
    pub bandwidth_bytes_per_s: f64,
    /// FP32 without tensor cores.
    pub fp32_flops: Option<f64>,
    /// TF32.
    pub tf32_flops: Option<f64>,
    /// FP16, accumulated in FP32.
    pub fp16_flops: Option<f64>,
    /// FP16, accumulated in FP16.
    pub fp16_acc16_flops: Option<f64>,
    /// BF16.
    pub bf16_flops: Option<f64>,
    /// FP8, accumulated in FP32.
    pub fp8_flops: Option<f64>,
    /// FP8, accumulated in FP16.
    pub fp8_acc16_flops: Option<f64>,
    /// INT8.
    pub int8_ops: Option<f64>,
    /// FP4.
    pub fp4_flops: Option<f64>,
    /// INT4.
    pub int4_ops: Option<f64>,
    /// Link to its peers, bytes a second in one direction.
    pub link_bytes_per_s: Option<f64>,
    /// What that link is.
    pub link_name: String,
    /// PCIe, bytes a second in one direction.
    pub pcie_bytes_per_s: Option<f64>,
    /// Most devices in one domain of fast links.
    pub link_domain: Option<u64>,
    /// Power limit in watts.
    pub tdp_w: Option<f64>,
    /// CUDA compute capability or the vendor's like.
    pub compute_capability: String,
    /// Lowest price clouds ask for an hour, US dollars.
    pub price_low: Option<f64>,
    /// Highest price clouds ask for an hour, US dollars.
    pub price_high: Option<f64>,
    /// Who asks these prices, and when.
    pub price_source: String,
    /// What of the row is doubtful.
    pub confidence: String,
    /// Where the row is from.
    pub source: String,
    /// Anything to know.
    pub note: String,
}

/// Every device of the table.
pub fn devices() -> &'static [Device] {
    static DEVICES: LazyLock<Vec<Device>> = LazyLock::new(|| {
        // A row that does not parse is left out; a test counts them.
        tables::read(TABLE, Device::from_row)
    });
    &DEVICES
}

/// The device with this id.
pub fn find(id: &str) -> Option<&'static Device> {
    static INDEX: LazyLock<HashMap<String, &'static Device>> = LazyLock::new(|| {
        let each = devices().iter().rev();
        each.map(|device| (device.id.to_ascii_lowercase(), device)).collect()
    });
    match INDEX.get(id) {
        Some(found) => Some(*found),
        None => INDEX.get(&id.to_ascii_lowercase()).copied(),
    }
}

/// A peak rate and which column of the table it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Operations a second.
    pub flops: f64,
    /// Name of the rate: `BF16`.
    pub name: &'static str,
}

impl Device {
    fn from_row(row: &Row<'_>) -> Option<Self> {
        Some(Self {
            id: row.text("id"),
            name: row.text("name"),
            vendor: row.of("vendor")?,
            family: row.text("family"),
            segment: row.of("segment")?,
            year: row.maybe("year")?,
            memory_bytes: row.of("memory_bytes")?,
            memory_basis: row.text("memory_basis"),
            visible_bytes: row.maybe("visible_bytes")?,
            visible_basis: row.text("visible_basis"),
            nominal_bytes: row.of("nominal_bytes")?,
            memory_options_gib: row.text("memory_options_gib"),
            memory_type: row.text("memory_type"),
            unified: row.of("unified")?,
            bandwidth_bytes_per_s: row.of("bandwidth_bytes_per_s")?,
            fp32_flops: row.maybe("fp32_flops")?,
            tf32_flops: row.maybe("tf32_flops")?,
            fp16_flops: row.maybe("fp16_flops")?,
            fp16_acc16_flops: row.maybe("fp16_acc16_flops")?,
            bf16_flops: row.maybe("bf16_flops")?,
            fp8_flops: row.maybe("fp8_flops")?,
            fp8_acc16_flops: row.maybe("fp8_acc16_flops")?,
            int8_ops: row.maybe("int8_ops")?,
            fp4_flops: row.maybe("fp4_flops")?,
            int4_ops: row.maybe("int4_ops")?,
            link_bytes_per_s: row.maybe("link_bytes_per_s")?,
            link_name: row.text("link_name"),
            pcie_bytes_per_s: row.maybe("pcie_bytes_per_s")?,
            link_domain: row.maybe("link_domain")?,
            tdp_w: row.maybe("tdp_w")?,
            compute_capability: row.text("compute_capability"),
            price_low: row.maybe("price_low")?,
            price_high: row.maybe("price_high")?,
            price_source: row.text("price_source"),
            confidence: row.text("confidence"),
            source: row.text("source"),
            note: row.text("note"),
        })
    }
    fn first(rates: &[(Option<f64>, &'static str)]) -> Option<Rate> {
        rates
            .iter()
            .find_map(|&(rate, name)| rate.map(|flops| Rate { flops, name }))
    }
    /// Whether it is a processor: models run in RAM.
    pub fn is_processor(&self) -> bool {
        self.segment == Segment::Cpu
    }
    /// Memory an engine can ask the driver for: what it takes its share of.
    pub fn usable_bytes(&self) -> u64 {
        self.visible_bytes
            .map_or(self.memory_bytes, |seen| seen.min(self.memory_bytes))
    }
    /// Whether it has a memory of its own beside the machine's RAM.
    pub fn has_own_memory(&self) -> bool {
        !self.unified && !self.is_processor()
    }
    /// Its name without its vendor's words: `RTX 4090`.
    pub fn short_name(&self) -> &str {
        let name = self.name.split_once(" (").map_or(self.name.as_str(), |(name, _)| name);
        name.trim_start_matches("GeForce ")
            .trim_start_matches("NVIDIA ")
            .trim_start_matches("AMD ")
    }
    /// Dense rate for products of 16-bit numbers. Cards without matrix units have the vector rate, and old ones
    /// (GeForce 10) compute in FP32, which is much faster there than their FP16.
    pub fn rate_16(&self, bf16: bool) -> Option<Rate> {
        let (first, second) = ((self.bf16_flops, "BF16"), (self.fp16_flops, "FP16"));
        let order = if bf16 { [first, second] } else { [second, first] };
        let found = Self::first(&[order[0], order[1], (self.fp32_flops, "FP32")])?;
        match self.fp32_flops {
            Some(flops) if flops > found.flops => Some(Rate { flops, name: "FP32" }),
            _ => Some(found),
        }
    }
    /// Dense rate for products of a weight format, falling back to 16 bits where the device has no unit for it.
    pub fn rate(&self, format: &str) -> Option<Rate> {
        match format {
            "fp32" => Self::first(&[(self.fp32_flops, "FP32")]).or_else(|| self.rate_16(true)),
            "fp16" => self.rate_16(false),
            "fp8" | "fp8-tensor" | "fp8-channel" => {
                Self::first(&[(self.fp8_flops, "FP8")]).or_else(|| self.rate_16(true))
            }
            "int8" | "bnb-int8" => Self::first(&[(self.int8_ops, "INT8")]).or_else(|| self.rate_16(true)),
            "nvfp4" | "mxfp4" => Self::first(&[(self.fp4_flops, "FP4")]).or_else(|| self.rate_16(true)),
            _ => self.rate_16(true),
        }
    }
    /// Every dense rate of the row.
    pub const fn rates(&self) -> [Option<f64>; 10] {
        [
            self.fp32_flops,
            self.tf32_flops,
            self.fp16_flops,
            self.fp16_acc16_flops,
            self.bf16_flops,
            self.fp8_flops,
            self.fp8_acc16_flops,
            self.int8_ops,
            self.fp4_flops,
            self.int4_ops,
        ]
    }
    /// Rate for work element by element.
    pub fn rate_vector(&self) -> Option<Rate> {
        Self::first(&[(self.fp32_flops, "FP32")]).or_else(|| self.rate_16(true))
    }
    /// The highest dense rate an engine may use for a weight format: what no estimate may beat.
    ///
    /// Engines accumulate in FP16 or FP32, and quantise activations to 8 bits on the way (llama.cpp's integer kernels),
    /// so INT8 counts for all quantised weights; FP8 and FP4 count for weights no wider than they are.
    pub fn highest_rate(&self, format: &str) -> Option<f64> {
        let mut rates = vec![
            self.fp32_flops,
            self.tf32_flops,
            self.fp16_flops,
            self.fp16_acc16_flops,
            self.bf16_flops,
        ];
        if !matches!(format, "fp32" | "fp16" | "bf16") {
            rates.extend([self.int8_ops, self.fp8_flops, self.fp8_acc16_flops]);
            if matches!(format, "nvfp4" | "mxfp4") {
                rates.push(self.fp4_flops);
            }
        }
        rates.into_iter().flatten().max_by(f64::total_cmp)
    }
    /// Whether the memory figure follows from a rule and not from a driver.
    pub fn memory_by_rule(&self) -> bool {
        self.memory_basis.starts_with("by rule")
    }
    /// What clouds ask for an hour: the middle of the range, if there is one.
    pub fn price(&self) -> Option<f64> {
        let (low, high) = (self.price_low?, self.price_high.or(self.price_low)?);
        Some(low.midpoint(high))
    }
    /// What that price is, in words: `the middle of what clouds ask for one ($2.69 to $5.49)`.
    pub fn price_words(&self) -> Option<String> {
        let (low, high) = (self.price_low?, self.price_high.or(self.price_low)?);
        Some(if low < high {
            format!(
                "the middle of what clouds ask for one ({} to {})",
                dollars(low),
                dollars(high)
            )
        } else {
            "what a cloud asks for one".to_owned()
        })
    }
    /// FLOP a byte at which compute and bandwidth take equally long.
    pub fn ridge(&self, rate: Rate) -> f64 {
        if self.bandwidth_bytes_per_s > 0.0 {
            rate.flops / self.bandwidth_bytes_per_s
        } else {
            f64::INFINITY
        }
    }
}
