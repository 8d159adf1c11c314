//! What engines reach of a device's peaks: `data/efficiencies.csv`, fitted on published measurements by `calibrate`.
//!
//! A share is a product over levels, from general to specific: all, the device's group, its generation, the device, the
//! engine, the engine on that generation. What number formats change is a factor on top. `docs/speed.md` says how the
//! table is made.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use strum::{EnumCount, IntoEnumIterator};

use super::device::Device;
use super::engine::Engine;
use super::kind::{Generation, Segment, Vendor};
use crate::tables;

const TABLE: &str = include_str!("../../data/efficiencies.csv");
const TERMS: &str = include_str!("../../data/efficiency_terms.csv");

/// How wide a row of the table speaks.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumIter,
    strum::EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Level {
    /// Every device and engine: the only row of shares, all others are factors on it.
    All,
    /// A vendor and a kind of memory.
    Group,
    /// A generation within a group.
    Generation,
    /// One device.
    Device,
    /// An engine.
    Engine,
    /// An engine on a generation.
    EngineGeneration,
    /// A class of number formats: bandwidth and compute alone.
    Format,
    /// A class of number formats in an engine.
    EngineFormat,
}

/// Declares the coefficients once: fields, names of the columns, order.
macro_rules! coefficients {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// Shares of peak and fixed costs of an engine on a device.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        pub struct Coefficients {
            $($(#[$about])* pub $name: f64,)*
        }
        impl Coefficients {
            /// Names of the columns, in order.
            pub const NAMES: [&'static str; coefficients!(@count $($name)*)] = [$(stringify!($name)),*];
            /// How many there are.
            pub const COUNT: usize = Self::NAMES.len();
            /// From values in the order of the columns.
            pub const fn from_array(values: [f64; Self::COUNT]) -> Self {
                let [$($name),*] = values;
                Self { $($name),* }
            }
            /// In the order of the columns.
            pub const fn to_array(self) -> [f64; Self::COUNT] {
                [$(self.$name),*]
            }
        }
    };
    (@count) => { 0 };
    (@count $head:ident $($tail:ident)*) => { 1 + coefficients!(@count $($tail)*) };
}

coefficients! {
    /// Share of the bandwidth at which dense weights are read.
    bandwidth,
    /// Share of the bandwidth at which the cache is read.
    cache,
    /// FLOP of attention in decode for each byte that the bandwidth allows: keys read again for each head that shares them.
    keys,
    /// Seconds to launch an operator of a step.
    launch,
    /// Share of the rate that dense products reach on many rows.
    compute,
    /// FLOP of attention over a prompt for each byte that the bandwidth allows, where scores are written to memory.
    scores,
    /// Share of the bandwidth at which activations are read and written.
    activations,
    /// Seconds to launch an operator of a prompt, where prompts run without decodes beside them.
    prompt_launch,
    /// Bandwidth for the weights of routed experts, relative to that for dense weights.
    expert_bandwidth,
    /// Rate of products with routed experts, relative to dense products.
    expert_compute,
    /// Share of the rate that attention over a prompt reaches.
    attention,
    /// Share of the link that collective operations reach.
    link,
    /// Seconds a collective operation takes however small it is.
    collective,
    /// Seconds of the host in each step: scheduling, preparing inputs.
    step,
    /// Seconds of the host in each step for each running sequence: sampling, detokenising.
    sequence,
    /// Seconds of the host to admit a request.
    request,
    /// Seconds of the front end for each token that is sent to a client.
    client,
    /// Exponent of the tokens that choose experts: those of a batch choose alike.
    expert_overlap,
    /// Time for the activations of routed experts, relative to other activations: rows are gathered and scattered.
    expert_activations,
}

impl Coefficients {
    /// Factors that change nothing.
    pub const NEUTRAL: Self = Self::from_array([1.0; Self::COUNT]);
    /// Each multiplied by its factor.
    #[must_use]
    pub fn scaled(self, by: Self) -> Self {
        let (mut values, factors) = (self.to_array(), by.to_array());
        for (value, factor) in values.iter_mut().zip(factors) {
            *value *= factor;
        }
        Self::from_array(values)
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// How wide it speaks.
    pub level: Level,
    /// Of what: a device id, a generation, a group, an engine, `engine|generation`, a class of formats.
    pub name: String,
    /// Shares at the first level, factors at the others.
    #[serde(flatten)]
    pub coefficients: Coefficients,
}

/// Every row of the table.
pub fn rows() -> &'static [Row] {
    static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
        // A row that does not parse is left out; a test counts them.
        tables::read(TABLE, |row| {
            let mut values = [0.0; Coefficients::COUNT];
            for (value, name) in values.iter_mut().zip(Coefficients::NAMES) {
                *value = row.of(name)?;
            }
            Some(Row {
                level: row.of("level")?,
                name: row.text("name"),
                coefficients: Coefficients::from_array(values),
            })
        })
    });
    &ROWS
}

fn row(level: Level, name: &str) -> Option<&'static Row> {
    static INDEX: LazyLock<HashMap<(Level, &'static str), &'static Row>> =
        LazyLock::new(|| rows().iter().map(|row| ((row.level, row.name.as_str()), row)).collect());
    INDEX.get(&(level, name)).copied()
}

/// The levels that an engine on a device stands on, from general to specific, with their names in the table.
pub fn levels(engine: Engine, device: &Device) -> [(Level, String); 6] {
    let generation = generation(device);
    [
        (Level::All, "all".to_owned()),
        (Level::Group, group(device).to_owned()),
        (Level::Device, device.id.clone()),
        (Level::Engine, engine.key().to_owned()),
        (Level::EngineGeneration, format!("{}|{generation}", engine.key())),
        (Level::Generation, generation),
    ]
}

/// What an engine reaches on a device; `None` only where the table cannot be read.
pub fn coefficients(engine: Engine, device: &Device) -> Option<Coefficients> {
    let all = row(Level::All, "all")?.coefficients;
    let rows = levels(engine, device).into_iter().skip(1);
    Some(rows.fold(all, |sum, (level, name)| {
        row(level, &name).map_or(sum, |row| sum.scaled(row.coefficients))
    }))
}

/// What formats change of bandwidth and compute, by class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FormatFactors([(f64, f64); FormatClass::COUNT]);

impl FormatFactors {
    /// From factors of bandwidth and compute in the order of the classes.
    pub const fn new(by_class: [(f64, f64); FormatClass::COUNT]) -> Self {
        Self(by_class)
    }
    /// Of a class: bandwidth, compute.
    pub fn of(&self, class: FormatClass) -> (f64, f64) {
        self.0.get(class as usize).copied().unwrap_or((1.0, 1.0))
    }
}

/// What formats change in an engine, as the table has it.
pub fn factors(engine: Engine) -> FormatFactors {
    static FOUND: LazyLock<HashMap<Engine, FormatFactors>> = LazyLock::new(|| {
        let of = |engine: Engine| {
            let mut all = [(1.0, 1.0); FormatClass::COUNT];
            for (slot, class) in all.iter_mut().zip(FormatClass::iter()) {
                let own = format!("{}|{}", engine.key(), class.key());
                let found = [row(Level::Format, class.key()), row(Level::EngineFormat, &own)];
                for row in found.into_iter().flatten() {
                    slot.0 *= row.coefficients.bandwidth;
                    slot.1 *= row.coefficients.compute;
                }
            }
            (engine, FormatFactors(all))
        };
        Engine::iter().map(of).collect()
    });
    FOUND
        .get(&engine)
        .copied()
        .unwrap_or(FormatFactors([(1.0, 1.0); FormatClass::COUNT]))
}

/// Devices that behave alike: vendor and kind of memory.
pub fn group(device: &Device) -> &'static str {
    let server = device.segment == Segment::Datacenter;
    match device.vendor {
        _ if device.is_processor() => "cpu",
        Vendor::Nvidia if device.unified => "nvidia unified",
        Vendor::Nvidia if server && stacked(device) => "nvidia hbm",
        Vendor::Nvidia => "nvidia gddr",
        Vendor::Apple => "apple",
        Vendor::Amd if device.unified => "amd unified",
        Vendor::Amd if server => "amd hbm",
        Vendor::Amd => "amd gddr",
        Vendor::Intel => "intel",
        _ => "other",
    }
}

/// Whether its memory is stacked (HBM): server cards of that bandwidth, but Ada and Turing, whose memory is GDDR6.
fn stacked(device: &Device) -> bool {
    device.bandwidth_bytes_per_s >= 7.0e11 && !matches!(Generation::of(device), Generation::Ada | Generation::Turing)
}

/// Whether two devices are of one generation.
pub fn same_generation(one: &Device, other: &Device) -> bool {
    one.family == other.family && one.segment == other.segment && group(one) == group(other)
}

/// Group, family and segment.
pub fn generation(device: &Device) -> String {
    format!("{} {} {}", group(device), device.family, device.segment.key())
}

/// Number formats whose kernels cost alike.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, strum::IntoStaticStr, strum::EnumIter, strum::EnumCount,
)]
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

/// Declares the terms once: fields, names in the table, what they mean, the plain guess where one is missing.
macro_rules! terms {
    ($($name:ident = $start:expr, $about:literal;)*) => {
        /// What holds for every device.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct Terms {
            $(#[doc = $about] pub $name: f64,)*
        }
        impl Terms {
            /// Names in the order of the fields.
            pub const NAMES: [&'static str; coefficients!(@count $($name)*)] = [$(stringify!($name)),*];
            /// What each means, in the same order.
            pub const ABOUT: [&'static str; Self::NAMES.len()] = [$($about),*];
            /// Plain guesses: where a fit starts.
            pub const START: [f64; Self::NAMES.len()] = [$($start),*];
            /// From values in the order of the names.
            pub const fn from_array(values: [f64; Self::NAMES.len()]) -> Self {
                let [$($name),*] = values;
                Self { $($name),* }
            }
            /// In the order of the names.
            pub const fn to_array(self) -> [f64; Self::NAMES.len()] {
                [$(self.$name),*]
            }
        }
    };
}

terms! {
    few_rows = 20.0, "rows at which products of engines with kernels for single vectors reach half their rate";
    padded_rows = 8.0, "the same for engines that use one kernel for any number of rows";
    power = 0.25, "exponent of watts a TFLOP/s: cards short of power do not hold their clock";
    routed = 3.0, "launches of an operator on routed experts beside its own";
    no_graph = 1.5, "launches more for each operator of llama.cpp where a batch is decoded on CUDA: no captured graph";
    dp_exchange = 1.5, "collective operations under attention data parallelism, relative to a ring of that size";
    ep_exchange = 1.0, "the same where experts are spread over the devices";
    uneven = 0.08, "how much longer the fullest rank takes where each has sequences of its own";
    hop = 1e-4, "seconds from one device to the next in decode";
    hop_bytes_per_s = 1e10, "bytes a second from one device to the next while a prompt is read";
    queue_quantised = 54.0, "launches a layer of quantised weights; the queue of a device holds 1024";
    queue_plain = 33.0, "launches a layer of plain weights";
    host_bytes_per_s = 6e10, "bytes a second at which layers in RAM are read by the processor";
}

/// The terms of the table.
pub fn terms() -> &'static Terms {
    static FOUND: LazyLock<Terms> = LazyLock::new(|| {
        // A term that is missing is taken as a plain guess; a test finds it.
        let mut values = Terms::START;
        for (name, value) in tables::read(TERMS, |row| Some((row.text("name"), row.of("value")?))) {
            let at = Terms::NAMES.iter().position(|known| *known == name);
            if let Some(slot) = at.and_then(|at| values.get_mut(at)) {
                *slot = value;
            }
        }
        Terms::from_array(values)
    });
    &FOUND
}
