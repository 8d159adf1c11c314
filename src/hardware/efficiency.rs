//! What engines reach of a device's peaks: `data/efficiencies.csv`, fitted on published measurements.
//!
//! Looked up from the most specific row to the most general: the device, its generation, its group, all devices. What a
//! format or another engine changes is a factor on top. `docs/speed.md` says how the table is made; `calibrate` makes it.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoEnumIterator};

use super::device::Device;
use super::engine::Engine;

const TABLE: &str = include_str!("../../data/efficiencies.csv");
const TERMS: &str = include_str!("../../data/efficiency_terms.csv");

/// How wide a row of the table speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Level {
    /// Every device.
    All,
    /// A vendor and a kind of memory.
    Group,
    /// A generation within a group.
    Generation,
    /// One device.
    Device,
    /// An engine: factors on the rest.
    Engine,
    /// A class of number formats: factors on bandwidth and compute.
    Format,
}

/// Shares of peak and fixed costs; as factors where the level is an engine or a format.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coefficients {
    /// Share of the bandwidth at which weights are read.
    pub bandwidth: f64,
    /// Share of the bandwidth at which the cache is read in decode.
    pub cache: f64,
    /// Operations of attention in decode for each byte that the bandwidth allows.
    pub keys: f64,
    /// Nanoseconds an operator of decode takes however small it is.
    pub launch_ns: f64,
    /// Share of the rate that products reach on many rows.
    pub compute: f64,
    /// Operations of attention over a prompt for each byte that the bandwidth allows.
    pub attention: f64,
    /// Share of the bandwidth at which activations are read and written.
    pub activations: f64,
    /// Nanoseconds an operator of a micro-batch takes however small it is.
    pub prompt_launch_ns: f64,
}

impl Coefficients {
    /// Factors that change nothing.
    pub const NEUTRAL: Self = Self::from_array([1.0; 8]);
    /// In the order of the columns.
    pub const fn from_array(values: [f64; 8]) -> Self {
        let [
            bandwidth,
            cache,
            keys,
            launch_ns,
            compute,
            attention,
            activations,
            prompt_launch_ns,
        ] = values;
        Self {
            bandwidth,
            cache,
            keys,
            launch_ns,
            compute,
            attention,
            activations,
            prompt_launch_ns,
        }
    }
    /// In the order of the columns.
    pub const fn to_array(self) -> [f64; 8] {
        [
            self.bandwidth,
            self.cache,
            self.keys,
            self.launch_ns,
            self.compute,
            self.attention,
            self.activations,
            self.prompt_launch_ns,
        ]
    }
    /// Each multiplied by its factor.
    pub fn scaled(self, by: Self) -> Self {
        let (mut values, factors) = (self.to_array(), by.to_array());
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
        Self::from_array(values)
    }
}

/// Measured time ÷ estimate over rows left out of the fit: tenth and ninetieth percentile.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Tenth percentile.
    pub low: f64,
    /// Ninetieth percentile.
    pub high: f64,
    /// Rows it is from.
    pub rows: u32,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// How wide it speaks.
    pub level: Level,
    /// Of what: a device id, a generation, a group, an engine, a class of formats.
    pub name: String,
    /// Shares and fixed costs, or factors.
    #[serde(flatten)]
    pub coefficients: Coefficients,
    /// Rows of decode it is fitted on.
    pub decode_rows: u32,
    /// Measured ÷ estimated decode time, rows left out, tenth percentile.
    pub decode_low: f64,
    /// Ninetieth percentile.
    pub decode_high: f64,
    /// Rows of prefill it is fitted on.
    pub prefill_rows: u32,
    /// Measured ÷ estimated prefill time, rows left out, tenth percentile.
    pub prefill_low: f64,
    /// Ninetieth percentile.
    pub prefill_high: f64,
    /// Where it is from.
    pub source: String,
}

/// What an engine reaches on a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Efficiency {
    /// Shares and fixed costs.
    pub coefficients: Coefficients,
    /// The most specific row that was found.
    pub row: &'static Row,
    /// The engine's own row, if it has one.
    pub engine: Option<&'static Row>,
}

impl Efficiency {
    /// Spread of a pass; the engine's own where the device was never measured with it.
    pub fn spread(&self, decode: bool) -> Spread {
        let of = |row: &Row| {
            if decode {
                Spread {
                    low: row.decode_low,
                    high: row.decode_high,
                    rows: row.decode_rows,
                }
            } else {
                Spread {
                    low: row.prefill_low,
                    high: row.prefill_high,
                    rows: row.prefill_rows,
                }
            }
        };
        of(self.engine.unwrap_or(self.row))
    }
}

/// Every row of the table.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        let mut reader = csv::Reader::from_reader(TABLE.as_bytes());
        // A row that does not parse is left out; a test counts them.
        reader.deserialize().filter_map(Result::ok).collect()
    });
    &ROWS
}

fn row(level: Level, name: &str) -> Option<&'static Row> {
    static INDEX: LazyLock<HashMap<(Level, &'static str), &'static Row>> =
        LazyLock::new(|| rows().iter().map(|row| ((row.level, row.name.as_str()), row)).collect());
    INDEX.get(&(level, name)).copied()
}

/// What this engine reaches on this device.
pub fn efficiency(engine: Engine, device: &Device) -> Option<Efficiency> {
    let found = row(Level::Device, &device.id)
        .or_else(|| row(Level::Generation, &generation(device)))
        .or_else(|| row(Level::Group, group(device)))
        .or_else(|| row(Level::All, "all"))?;
    let own = row(Level::Engine, engine.key());
    let factors = own.map_or(Coefficients::NEUTRAL, |row| row.coefficients);
    Some(Efficiency {
        coefficients: found.coefficients.scaled(factors),
        row: found,
        engine: own,
    })
}

/// What formats change, by class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Factors([Coefficients; FormatClass::COUNT]);

impl Factors {
    /// From factors in the order of the classes.
    pub const fn new(by_class: [Coefficients; FormatClass::COUNT]) -> Self {
        Self(by_class)
    }
    /// Those of a class.
    pub fn of(&self, class: FormatClass) -> Coefficients {
        self.0.get(class as usize).copied().unwrap_or(Coefficients::NEUTRAL)
    }
}

/// What formats change, as the table has it.
pub fn factors() -> Factors {
    static FOUND: LazyLock<Factors> = LazyLock::new(|| {
        let mut all = [Coefficients::NEUTRAL; FormatClass::COUNT];
        for (slot, class) in all.iter_mut().zip(FormatClass::iter()) {
            if let Some(row) = row(Level::Format, class.key()) {
                *slot = row.coefficients;
            }
        }
        Factors(all)
    });
    *FOUND
}

/// Devices that behave alike: vendor and kind of memory.
pub fn group(device: &Device) -> &'static str {
    let server = device.segment == "datacenter";
    match device.vendor.as_str() {
        _ if device.segment == "cpu" => "cpu",
        "NVIDIA" if device.unified => "nvidia unified",
        "NVIDIA" if server && stacked(device) => "nvidia hbm",
        "NVIDIA" => "nvidia gddr",
        "Apple" => "apple",
        "AMD" if device.unified => "amd unified",
        "AMD" if server => "amd hbm",
        "AMD" => "amd gddr",
        "Intel" => "intel",
        _ => "other",
    }
}

/// Whether its memory is stacked (HBM): server cards of that bandwidth, but Ada and Turing, whose memory is GDDR6.
fn stacked(device: &Device) -> bool {
    device.bandwidth_bytes_per_s >= 7.0e11 && !matches!(device.family.as_str(), "Ada Lovelace" | "Turing")
}

/// Group, family and segment.
pub fn generation(device: &Device) -> String {
    format!("{} {} {}", group(device), device.family, device.segment)
}

/// Number formats whose kernels cost alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumIter, strum::EnumCount)]
#[strum(serialize_all = "kebab-case")]
pub enum FormatClass {
    /// FP32, FP16, BF16: nothing to unpack.
    Plain,
    /// Eight bits, whole numbers or floating.
    Eight,
    /// llama.cpp's plain blocks: Q4_0 … Q5_1.
    Blocks,
    /// K-quants of four bits and more.
    KQuants,
    /// K-quants of two and three bits.
    LowKQuants,
    /// IQ formats: tables of codes.
    IQuants,
    /// MXFP4, NVFP4.
    Fp4,
    /// GPTQ, AWQ, EXL2, EXL3, NF4 and their like.
    Grouped,
    /// MLX groups.
    Mlx,
}

impl FormatClass {
    /// Its key in the table.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// The class of a format by its id.
    pub fn of(format: &str) -> Self {
        match format {
            "fp32" | "fp16" | "f16" | "bf16" | "f32" => Self::Plain,
            "q8_0" | "int8" | "bnb-int8" | "mlx-q8" => Self::Eight,
            "mxfp4" | "nvfp4" => Self::Fp4,
            "q4_0" | "q4_1" | "q5_0" | "q5_1" => Self::Blocks,
            _ if format.starts_with("fp8") => Self::Eight,
            _ if format.starts_with("mlx") => Self::Mlx,
            _ if format.starts_with("iq") || format.starts_with("tq") => Self::IQuants,
            _ if format.starts_with("q2_k") || format.starts_with("q3_k") => Self::LowKQuants,
            _ if format.starts_with('q') && format.contains("_k") => Self::KQuants,
            _ => Self::Grouped,
        }
    }
}

/// What holds for every device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Terms {
    /// Rows at which products reach half their rate.
    pub few_rows: f64,
    /// Exponent of watts a TFLOP/s: cards short of power do not hold their clock.
    pub power: f64,
    /// Launches of an operator on routed experts beside its own.
    pub routed: f64,
    /// Exponent of the tokens that choose experts: those of a batch are alike.
    pub alike: f64,
    /// Share of a prefill that devices in a row do at the same time.
    pub overlap: f64,
    /// Nanoseconds from one device to the next in decode.
    pub hop_ns: f64,
    /// The same for a micro-batch.
    pub prompt_hop_ns: f64,
    /// Bytes a second at which layers in RAM are read.
    pub host_bytes_per_s: f64,
    /// Share of a link that collective operations reach.
    pub link: f64,
    /// Nanoseconds a collective operation takes however small it is.
    pub collective_ns: f64,
}

impl Terms {
    /// Names in the order of the fields.
    pub const NAMES: [&'static str; 10] = [
        "few_rows",
        "power",
        "routed",
        "alike",
        "overlap",
        "hop_ns",
        "prompt_hop_ns",
        "host_bytes_per_s",
        "link",
        "collective_ns",
    ];
    /// From values in the order of the names.
    pub const fn from_array(values: [f64; 10]) -> Self {
        let [
            few_rows,
            power,
            routed,
            alike,
            overlap,
            hop_ns,
            prompt_hop_ns,
            host_bytes_per_s,
            link,
            collective_ns,
        ] = values;
        Self {
            few_rows,
            power,
            routed,
            alike,
            overlap,
            hop_ns,
            prompt_hop_ns,
            host_bytes_per_s,
            link,
            collective_ns,
        }
    }
}

/// The terms of the table.
pub fn terms() -> &'static Terms {
    static FOUND: LazyLock<Terms> = LazyLock::new(|| {
        // A term that is missing is taken as a plain guess; a test finds it.
        let mut values = [40.0, 0.25, 3.0, 1.0, 0.75, 1e5, 1e6, 6e10, 0.7, 1e4];
        let mut reader = csv::Reader::from_reader(TERMS.as_bytes());
        for line in reader.records().flatten() {
            let at = Terms::NAMES.iter().position(|name| line.get(0) == Some(name));
            let value = line.get(1).and_then(|text| text.parse().ok());
            if let (Some(slot), Some(value)) = (at.and_then(|at| values.get_mut(at)), value) {
                *slot = value;
            }
        }
        Terms::from_array(values)
    });
    &FOUND
}
