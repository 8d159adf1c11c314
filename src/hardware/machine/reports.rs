//! What tools of the system print of a computer's cards, processor and memory.

use std::borrow::Cow;

use serde_json::Value;

use super::{by_driver_name, of_memory};
use crate::hardware::Device;

/// A card or chip as a tool names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name there.
    pub name: String,
    /// Its memory, bytes, if that is told.
    pub memory_bytes: Option<u64>,
}

/// A computer as its tools describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// Cards, each by itself.
    pub parts: Vec<Part>,
    /// RAM, bytes.
    pub host_bytes: Option<u64>,
}

impl Part {
    /// What it may be: of the table's devices with its name those with its memory, the likeliest first.
    pub fn devices(&self) -> Vec<Cow<'static, Device>> {
        let all = by_driver_name(&self.name);
        match self.memory_bytes {
            Some(bytes) => of_memory(all, bytes),
            None => all,
        }
    }
}

impl Machine {
    /// The kind of card to estimate for, and how many there are of it: of those that are known the one with the most memory.
    pub fn best(&self) -> Option<(Cow<'static, Device>, u64)> {
        let known = self.parts.iter().filter_map(|part| Some((part, self.likeliest(part)?)));
        let (part, device) = known.max_by_key(|(_, device)| (device.has_own_memory(), device.memory_bytes))?;
        let count = self.parts.iter().filter(|one| one.name == part.name).count();
        Some((device, u64::try_from(count).unwrap_or(1)))
    }
}

impl Machine {
    /// Of what a part may be; of machines that share their memory with the processor the one with as much as there is RAM, since
    /// a driver tells no more than the part that is set aside for it.
    fn likeliest(&self, part: &Part) -> Option<Cow<'static, Device>> {
        let mut all = part.devices().into_iter();
        let first = all.next()?;
        let Some(host) = self.host_bytes.filter(|_| first.unified) else {
            return Some(first);
        };
        let holds = |device: &Cow<'static, Device>| device.nominal_bytes >= host;
        if holds(&first) {
            return Some(first);
        }
        Some(all.find(holds).unwrap_or(first))
    }
}

/// Longest name that is taken over.
const LONGEST: usize = 80;

fn name(text: &str) -> String {
    let plain = text.trim().chars().filter(|sign| !sign.is_control());
    plain.take(LONGEST).collect()
}

/// `nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits`: a line a card, mebibytes.
pub fn nvidia_smi(text: &str) -> Vec<Part> {
    let line = |line: &str| {
        let (card, mebibytes) = line.rsplit_once(',')?;
        // Where memory is shared with the processor it says [N/A].
        let mebibytes: Option<u64> = mebibytes.trim().trim_end_matches("MiB").trim().parse().ok();
        Some(Part {
            name: name(card),
            memory_bytes: mebibytes.map(|count| count.saturating_mul(1 << 20)),
        })
    };
    text.lines()
        .filter_map(line)
        .filter(|part| !part.name.is_empty())
        .collect()
}

/// `rocm-smi --showproductname --showmeminfo vram --json`: an object a card.
pub fn rocm_smi(text: &str) -> Vec<Part> {
    let Ok(Value::Object(cards)) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let part = |(key, card): (&String, &Value)| {
        if !key.starts_with("card") {
            return None;
        }
        let of = |keys: &[&str]| keys.iter().find_map(|key| card.get(*key)?.as_str());
        let names = of(&["Card Series", "Card series", "Card SKU", "Card model", "Card Model"])?;
        let bytes = of(&["VRAM Total Memory (B)"]).and_then(|text| text.trim().parse().ok());
        Some(Part {
            name: name(names),
            memory_bytes: bytes,
        })
    };
    cards.iter().filter_map(part).collect()
}

/// `amd-smi static --asic --vram --json`: a list of cards, in newer versions below `gpu_data`.
pub fn amd_smi(text: &str) -> Vec<Part> {
    let Ok(told) = serde_json::from_str::<Value>(text) else {
        return Vec::new();
    };
    let cards = told.get("gpu_data").unwrap_or(&told).as_array();
    let part = |card: &Value| {
        let asic = card.get("asic")?.get("market_name")?.as_str()?;
        let size = card.get("vram").and_then(|vram| vram.get("size"));
        let mebibytes = size.and_then(|size| size.get("value").unwrap_or(size).as_u64());
        Some(Part {
            name: name(asic),
            memory_bytes: mebibytes.map(|count| count.saturating_mul(1 << 20)),
        })
    };
    cards.into_iter().flatten().filter_map(part).collect()
}

/// `system_profiler SPHardwareDataType SPDisplaysDataType`: the chip, the cores of its GPU, and its memory.
pub fn mac(text: &str) -> Machine {
    let field = |key: &str| {
        let found = text.lines().filter_map(|line| line.trim().strip_prefix(key));
        found.map(str::trim).next()
    };
    let gigabytes = field("Memory:").and_then(|text| text.strip_suffix("GB")?.trim().parse::<u64>().ok());
    let bytes = gigabytes.map(|count| count.saturating_mul(1 << 30));
    // The chip's cores are told first, those of its GPU beside it.
    let chip = field("Chip:").map(|chip| {
        let cores = text.split("Chipset Model:").nth(1).and_then(|gpu| {
            gpu.lines()
                .find_map(|line| line.trim().strip_prefix("Total Number of Cores:"))
        });
        cores.map_or_else(|| chip.to_owned(), |cores| format!("{chip} {}-core", cores.trim()))
    });
    let parts = chip.into_iter().map(|chip| Part {
        name: name(&chip),
        memory_bytes: bytes,
    });
    Machine {
        parts: parts.collect(),
        host_bytes: bytes,
    }
}

/// `/proc/meminfo`: bytes of RAM that Linux has.
pub fn memory_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes.saturating_mul(1 << 10))
}

/// `/proc/cpuinfo`: the processor's name.
pub fn processor_of(cpuinfo: &str) -> Option<String> {
    let field = |key: &str| {
        let lines = cpuinfo.lines().filter_map(|line| line.split_once(':'));
        lines
            .filter(|(name, _)| name.trim() == key)
            .map(|(_, value)| name(value))
            .next()
    };
    field("model name")
        .or_else(|| field("Model"))
        .filter(|name| !name.is_empty())
}
