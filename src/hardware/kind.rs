//! What kind of device it is: vendor, segment, generation.

use serde::{Deserialize, Serialize};

use super::Device;

/// Who makes a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString)]
pub enum Vendor {
    /// NVIDIA.
    #[serde(rename = "NVIDIA")]
    #[strum(serialize = "NVIDIA")]
    Nvidia,
    /// AMD.
    #[serde(rename = "AMD")]
    #[strum(serialize = "AMD")]
    Amd,
    /// Intel.
    Intel,
    /// Apple.
    Apple,
    /// Google.
    Google,
    /// Amazon.
    #[serde(rename = "AWS")]
    #[strum(serialize = "AWS")]
    Aws,
    /// Groq.
    Groq,
    /// Cerebras.
    Cerebras,
    /// Raspberry Pi.
    #[serde(rename = "Raspberry Pi")]
    #[strum(serialize = "Raspberry Pi")]
    RaspberryPi,
    /// Any maker: memory decides.
    #[serde(rename = "generic")]
    #[strum(serialize = "generic")]
    Generic,
    /// Described by the user.
    #[serde(rename = "Your own")]
    #[strum(serialize = "Your own")]
    Custom,
}

/// What a device is sold for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Segment {
    /// Cards for games.
    Consumer,
    /// Cards for workstations.
    Workstation,
    /// Servers.
    Datacenter,
    /// Small boards and laptops with one memory.
    Edge,
    /// Apple silicon.
    Apple,
    /// Google's tensor processors.
    Tpu,
    /// Processors.
    Cpu,
    /// Described by the user.
    Custom,
}

/// Devices that run the same kernels, as `data/compatibility.csv` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString)]
#[strum(serialize_all = "kebab-case")]
pub enum Generation {
    /// Processors.
    Cpu,
    /// Compute capability 6.
    Pascal,
    /// 7.0.
    Volta,
    /// 7.5.
    Turing,
    /// 8.0 to 8.7.
    Ampere,
    /// 8.9.
    Ada,
    /// 9.
    Hopper,
    /// 10 and 11.
    Blackwell,
    /// 12.
    BlackwellRtx,
    /// 10.7.
    Rubin,
    /// MI100.
    Cdna1,
    /// MI200.
    Cdna2,
    /// MI300.
    Cdna3,
    /// MI350.
    Cdna4,
    /// MI400.
    Cdna5,
    /// Vega.
    Gcn5,
    /// Radeon 6000.
    Rdna2,
    /// Radeon 7000.
    Rdna3,
    /// Radeon 9000.
    Rdna4,
    /// Intel Gaudi.
    Gaudi,
    /// Intel's graphics.
    Xe,
    /// Apple silicon.
    Apple,
    /// Google's tensor processors.
    Tpu,
    /// AWS Inferentia and Trainium.
    Neuron,
    /// Groq.
    Groq,
    /// Cerebras.
    Cerebras,
    /// Nobody knows.
    Custom,
}

impl Vendor {
    /// Its name.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl Segment {
    /// Its key in tables and menus.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Its name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Workstation => "workstation",
            Self::Datacenter => "data centre",
            Self::Edge => "edge",
            Self::Apple => "Apple silicon",
            Self::Tpu => "TPU",
            Self::Cpu => "CPU",
            Self::Custom => "your own",
        }
    }
}

impl Generation {
    /// As the table of compatibility names it.
    pub fn key(self) -> &'static str {
        self.into()
    }
    /// Of a device.
    pub fn of(device: &Device) -> Self {
        let starts = |text: &str| device.compute_capability.starts_with(text);
        let family = device.family.as_str();
        if device.is_processor() {
            return Self::Cpu;
        }
        match device.vendor {
            Vendor::Nvidia => match device.compute_capability.split('.').next().unwrap_or("") {
                "6" => Self::Pascal,
                "7" if starts("7.0") => Self::Volta,
                "7" => Self::Turing,
                "8" if starts("8.9") => Self::Ada,
                "8" => Self::Ampere,
                "9" => Self::Hopper,
                "10" if family == "Rubin" => Self::Rubin,
                "10" | "11" => Self::Blackwell,
                "12" => Self::BlackwellRtx,
                _ => Self::Custom,
            },
            Vendor::Amd => match family {
                "CDNA1" => Self::Cdna1,
                "CDNA2" => Self::Cdna2,
                "CDNA3" => Self::Cdna3,
                "CDNA4" => Self::Cdna4,
                "CDNA5" => Self::Cdna5,
                "GCN5" => Self::Gcn5,
                "RDNA2" => Self::Rdna2,
                "RDNA3" | "RDNA3.5" => Self::Rdna3,
                "RDNA4" => Self::Rdna4,
                _ => Self::Custom,
            },
            Vendor::Intel if family == "Gaudi" => Self::Gaudi,
            Vendor::Intel => Self::Xe,
            Vendor::Apple => Self::Apple,
            Vendor::Google => Self::Tpu,
            Vendor::Aws => Self::Neuron,
            Vendor::Groq => Self::Groq,
            Vendor::Cerebras => Self::Cerebras,
            Vendor::RaspberryPi | Vendor::Generic | Vendor::Custom => Self::Custom,
        }
    }
}
