//! A model of the Hub's listing as a row: what it is, and a rough verdict by its size alone. Exact is what its config says,
//! once it was read.

use serde::Serialize;

use crate::analysis::{Verdict, rough_bits, rough_verdict};
use crate::hardware::file_formats::by_tags;
use crate::hardware::{Device, Vendor};
use crate::hub::Listed;
use crate::units::UnitSystem;

/// Tags that name how numbers are packed, each with its name.
const PACKED: [(&str, &str); 9] = [
    ("awq", "AWQ"),
    ("gptq", "GPTQ"),
    ("fp8", "FP8"),
    ("compressed-tensors", "compressed-tensors"),
    ("bitsandbytes", "bitsandbytes"),
    ("exl2", "EXL2"),
    ("exl3", "EXL3"),
    ("mxfp4", "MXFP4"),
    ("nvfp4", "NVFP4"),
];
/// Bytes a parameter takes in files that hold it whole; those of packed ones are below.
const WHOLE: f64 = 1.9;

/// A model of a listing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HubRow {
    /// Its id.
    pub id: String,
    /// Parameters.
    pub parameters: Option<u64>,
    /// The formats of its files and numbers: `GGUF`, `AWQ 4-bit`, `BF16`.
    pub formats: Vec<String>,
    /// Its licence.
    pub licence: Option<String>,
    /// Downloads of the last 30 days.
    pub downloads: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// The day of its last change.
    pub updated: Option<String>,
    /// What it is for, as the Hub calls it.
    pub task: Option<String>,
    /// The model it was made from.
    pub base: Option<String>,
    /// Whether its terms must be accepted first.
    pub gated: bool,
    /// Whether it holds GGUF files.
    pub gguf: bool,
    /// Whether it would run; none without a device, or where neither listing nor name tells a size.
    pub rough: Option<Rough>,
}

/// A verdict by the size in the listing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rough {
    /// The verdict.
    pub verdict: Verdict,
    /// Bits a weight may have at most; none where its files are taken as they are.
    pub bits: Option<u64>,
    /// Bytes by the rule: half as much again as the weights.
    pub needed_bytes: u64,
}

impl HubRow {
    /// The row of a listed model, on so many devices.
    pub fn of(listed: &Listed, device: Option<&Device>, devices: u64) -> Self {
        Self {
            id: listed.id.to_string(),
            parameters: listed.parameters,
            formats: formats(listed),
            licence: listed.licence().filter(|name| !name.is_empty()).map(str::to_owned),
            downloads: listed.downloads,
            likes: listed.likes,
            updated: listed.updated.clone(),
            task: listed.task.clone(),
            base: listed.base().map(|(_, id)| id.to_owned()),
            gated: listed.gated,
            gguf: listed.is_tagged("gguf"),
            rough: device.and_then(|device| rough(listed, device, devices)),
        }
    }
    /// What stands below its name.
    pub fn note(&self) -> String {
        let made = self.base.as_deref().map(|base| {
            let name = base.rsplit('/').next().unwrap_or(base);
            format!("from {name}")
        });
        let task = || self.task.as_deref().map(|task| task.replace('-', " "));
        let said = made.or_else(task);
        let gate = self.gated.then(|| "gated: its files ask for consent".to_owned());
        said.into_iter().chain(gate).collect::<Vec<_>>().join(", ")
    }
    /// Whether it would run whole, as far as the listing tells.
    pub fn should_fit(&self) -> bool {
        self.rough.as_ref().is_some_and(|rough| rough.verdict == Verdict::Fits)
    }
}

impl Rough {
    /// The verdict in a few words, and what it rests on.
    pub fn words(&self, units: UnitSystem) -> (String, String) {
        let about = || format!("about {}", units.bytes(self.needed_bytes as f64));
        match (self.verdict, self.bits) {
            (Verdict::Fits, None) => ("should fit".to_owned(), about()),
            (Verdict::Fits, Some(bits)) => (format!("should fit in {bits} bits"), about()),
            (Verdict::Unsupported, _) => ("not on this device".to_owned(), "MLX needs Apple".to_owned()),
            _ => ("too large?".to_owned(), about()),
        }
    }
}

fn rough(listed: &Listed, device: &Device, devices: u64) -> Option<Rough> {
    if listed.is_tagged("mlx") && device.vendor != Vendor::Apple {
        return Some(Rough {
            verdict: Verdict::Unsupported,
            bits: None,
            needed_bytes: 0,
        });
    }
    let told = listed.parameters;
    let packed = |bytes: u64| told.is_none_or(|count| (bytes as f64) < WHOLE * count as f64);
    // Files that hold packed numbers are what there is; any other model can be had in fewer bits.
    if let Some(bytes) = listed.bytes.filter(|bytes| packed(*bytes)) {
        let one = rough_verdict(bytes, device, devices, 0);
        return Some(Rough {
            verdict: one.verdict,
            bits: None,
            needed_bytes: one.needed_bytes,
        });
    }
    let count = told.or_else(|| billions(listed.id.name()).map(|count| (count * 1e9) as u64))?;
    let (bits, one) = rough_bits(count, device, devices);
    let whole = bits >= 16 && !listed.is_tagged("gguf");
    Some(Rough {
        verdict: one.verdict,
        bits: (!whole).then_some(bits),
        needed_bytes: one.needed_bytes,
    })
}

fn formats(listed: &Listed) -> Vec<String> {
    let bits = ["4-bit", "8-bit"].into_iter().find(|bits| listed.is_tagged(bits));
    let with_bits = |name: &str| bits.map_or_else(|| name.to_owned(), |bits| format!("{name} {bits}"));
    let packed = PACKED.iter().find(|(tag, _)| listed.is_tagged(tag));
    let files = by_tags(listed.tags.iter().map(String::as_str));
    let mut all: Vec<String> = Vec::new();
    for file in files.iter().take(3) {
        match (file.format.as_str(), packed) {
            ("safetensors", Some((_, name))) => all.push(with_bits(name)),
            // What lies in them says more than how they lie.
            ("safetensors", None) if !listed.is_tagged("mlx") => {
                all.push(listed.dtype.clone().unwrap_or_else(|| file.label.clone()));
            }
            ("safetensors", None) => {}
            ("mlx", _) => all.push(with_bits(&file.label)),
            _ => all.push(file.label.clone()),
        }
    }
    all.dedup();
    all.truncate(3);
    all
}

/// Parameters a name tells, in billions: `Qwen3-30B-A3B` is 30, `Mixtral-8x7B` 56, `SmolLM-135M` 0.135.
pub fn billions(name: &str) -> Option<f64> {
    let words = name.split(['-', '_', '/', ' ', ':']);
    words
        .filter_map(|word| {
            let (number, scale) = match word.to_ascii_lowercase() {
                word if word.ends_with('b') => (word, 1.0),
                word if word.ends_with('m') => (word, 1e-3),
                _ => return None,
            };
            let number = number.get(..number.len().checked_sub(1)?)?;
            let number = number.trim_start_matches('a');
            let value = match number.split_once('x') {
                Some((times, each)) => times.parse::<f64>().ok()? * each.parse::<f64>().ok()?,
                None => number.parse::<f64>().ok()?,
            };
            (value > 0.0 && value.is_finite()).then_some(value * scale)
        })
        .reduce(f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::resolve;
    use crate::hub::read_listing;

    fn row(entry: &str, device: &str) -> HubRow {
        let listed = read_listing(&format!("[{entry}]"));
        let device = resolve(device).ok();
        HubRow::of(&listed[0], device.as_deref(), 1)
    }

    #[test]
    fn a_row_says_what_the_listing_tells_and_no_more() {
        let bf16 = r#"{"id": "Qwen/Qwen3-30B-A3B", "downloads": 1100000, "pipeline_tag": "text-generation", "tags": ["safetensors", "license:apache-2.0"],
            "safetensors": {"parameters": {"BF16": 30532122624}, "total": 30532122624}}"#;
        let one = row(bf16, "rtx-4090");
        assert_eq!(
            (one.formats.join(), one.note().as_str()),
            ("BF16".to_owned(), "text generation")
        );
        // 30.5 B × 4 bits × 1.5 is 22.9 GB: 21.3 GiB of 24; 5 bits would be 26.7 GiB.
        let rough = one.rough.clone().unwrap();
        assert_eq!((rough.verdict, rough.bits), (Verdict::Fits, Some(4)));
        assert_eq!(rough.words(UnitSystem::Gib).1, "about 21.3 GiB");
        assert_eq!(row(bf16, "no-such-device").rough, None);
    }

    trait Join {
        fn join(&self) -> String;
    }
    impl Join for Vec<String> {
        fn join(&self) -> String {
            self.as_slice().join(", ")
        }
    }

    #[test]
    fn packed_files_are_taken_as_they_are() {
        let awq = r#"{"id": "c/Qwen3-30B-A3B-AWQ", "tags": ["safetensors", "awq", "4-bit", "base_model:quantized:Qwen/Qwen3-30B-A3B"],
            "safetensors": {"parameters": {"I32": 29000000000, "F16": 1500000000}, "total": 30500000000}}"#;
        let one = row(awq, "rtx-3090");
        assert_eq!(
            (one.formats.join(), one.note().as_str()),
            ("AWQ 4-bit".to_owned(), "from Qwen3-30B-A3B")
        );
        let rough = one.rough.unwrap();
        // 14.5 GB + 3 GB, half as much again: 26.25 GB of 25.8.
        assert_eq!(
            (rough.verdict, rough.bits, rough.needed_bytes),
            (Verdict::DoesNotFit, None, 26_250_000_000)
        );
    }

    #[test]
    fn mlx_is_for_apple_and_a_name_may_tell_the_size() {
        let mlx = r#"{"id": "mlx-community/Qwen3-8B-4bit", "tags": ["mlx", "safetensors", "4-bit"]}"#;
        assert_eq!(
            row(mlx, "rtx-4090").rough.map(|rough| rough.verdict),
            Some(Verdict::Unsupported)
        );
        assert_eq!(row(mlx, "rtx-4090").formats.join(), "MLX 4-bit");
        let gguf = r#"{"id": "a/Llama-3-70B-GGUF", "tags": ["gguf"], "gated": "auto"}"#;
        let one = row(gguf, "rtx-4090");
        assert!(one.gguf && !one.should_fit());
        assert_eq!(
            (one.formats.join(), one.note().as_str()),
            ("GGUF".to_owned(), "gated: its files ask for consent")
        );
        assert_eq!(row(r#"{"id": "a/nameless"}"#, "rtx-4090").rough, None);
        assert_eq!(billions("Mixtral-8x7B"), Some(56.0));
    }
}
