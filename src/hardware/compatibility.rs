//! Which engine runs which number format on which device: `data/compatibility.csv`, the first row that fits counts.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Device, Engine, Generation};

const TABLE: &str = include_str!("../../data/compatibility.csv");

/// How far a device and an engine support a number format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// Products run in it.
    Native,
    /// It saves memory; products run in a wider format.
    WeightOnly,
    /// It runs some other way, slower.
    Emulated,
    /// It is unpacked to 16 bits on loading, so no memory is saved.
    Unpacked,
    /// It does not run.
    No,
}

/// An answer with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compatibility {
    /// How far.
    pub support: Support,
    /// Why, for people; empty where all is well.
    pub words: &'static str,
    /// Where that is written.
    pub source: &'static str,
}

impl Compatibility {
    /// Whether it runs at all.
    pub fn runs(&self) -> bool {
        self.support != Support::No
    }
}

/// A row of this table or of its kin.
#[derive(Debug)]
pub(crate) struct Row {
    /// The engine, or `*`.
    pub engine: &'static str,
    /// Formats, or `*`.
    pub formats: Vec<&'static str>,
    /// Generations of devices, or `*`.
    pub devices: Vec<&'static str>,
    /// What holds there.
    pub answer: Compatibility,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(read_row).collect());

/// Reads a row: engine, formats, devices, support, words, source.
pub(crate) fn read_row(line: &'static str) -> Option<Row> {
    let mut cells = line.splitn(6, ',');
    let (engine, formats, devices) = (cells.next()?, cells.next()?, cells.next()?);
    let support = match cells.next()? {
        "native" => Support::Native,
        "weight-only" => Support::WeightOnly,
        "emulated" => Support::Emulated,
        "unpacked" => Support::Unpacked,
        "no" => Support::No,
        _ => return None,
    };
    Some(Row {
        engine,
        formats: formats.split(' ').collect(),
        devices: devices.split(' ').collect(),
        answer: Compatibility {
            support,
            words: cells.next()?,
            source: cells.next()?,
        },
    })
}

/// The class a format is in, as the table of compatibility names it.
pub fn class(format: &str) -> &str {
    match format {
        "fp8" | "fp8-tensor" | "fp8-channel" | "mxfp8" => "fp8",
        "mxfp6" | "fp4" => "mxfp4",
        "compressed-tensors" => "int4",
        "nf4" | "nf4-dq" | "bnb-int8" => "bnb",
        "fp32" | "bf16" | "fp16" | "awq" | "int8" | "int4" | "mxfp4" | "nvfp4" => format,
        _ => {
            let classes = [
                "gptq", "hqq", "aqlm", "exl2", "exl3", "mlx", "eetq", "quanto", "bitnet", "higgs", "vptq", "spqr",
                "sinq",
            ];
            for class in classes {
                if format.starts_with(class) {
                    return class;
                }
            }
            "gguf"
        }
    }
}

/// Whether and how an engine runs a number format on a device.
pub fn support(format: &str, device: &Device, engine: Engine) -> &'static Compatibility {
    static UNKNOWN: Compatibility = Compatibility {
        support: Support::Native,
        words: "",
        source: "",
    };
    let (generation, class) = (Generation::of(device), class(format));
    let is = |list: &[&str], name: &str| list.iter().any(|one| *one == "*" || *one == name);
    if generation == Generation::Custom {
        // Of a device nobody knows only this is known: files an engine does not read at all.
        let of_engine = |row: &&Row| row.engine == engine.key() && row.formats.contains(&class);
        let first = ROWS.iter().find(of_engine).filter(|row| row.devices == ["*"]);
        return first.map_or(&UNKNOWN, |row| &row.answer);
    }
    ROWS.iter()
        .find(|row| {
            (row.engine == "*" || row.engine == engine.key())
                && is(&row.formats, class)
                && is(&row.devices, generation.key())
        })
        .map_or(&UNKNOWN, |row| &row.answer)
}

/// Engines that run a format on a device, the one most used there first.
pub fn engines(format: &str, device: &Device) -> Vec<Engine> {
    let all = order(format, device).into_iter();
    all.filter(|engine| support(format, device, *engine).runs()).collect()
}

/// The engine most used for a format on a device, if any runs it.
pub fn usual(format: &str, device: &Device) -> Option<Engine> {
    let mut all = order(format, device).into_iter();
    all.find(|engine| support(format, device, *engine).runs())
}

/// Every engine, the one most used for such a format on such a device first.
fn order(format: &str, device: &Device) -> [Engine; 8] {
    use Engine::{ExLlamaV2, ExLlamaV3, LlamaCpp, Mlx, Sglang, TensorRtLlm, Transformers, Vllm};
    match class(format) {
        "gguf" => [
            LlamaCpp,
            Vllm,
            Sglang,
            Transformers,
            Mlx,
            TensorRtLlm,
            ExLlamaV2,
            ExLlamaV3,
        ],
        "mlx" => [
            Mlx,
            LlamaCpp,
            Vllm,
            Sglang,
            Transformers,
            TensorRtLlm,
            ExLlamaV2,
            ExLlamaV3,
        ],
        "exl2" => [
            ExLlamaV2,
            ExLlamaV3,
            LlamaCpp,
            Mlx,
            Vllm,
            Sglang,
            Transformers,
            TensorRtLlm,
        ],
        "exl3" => [
            ExLlamaV3,
            Transformers,
            ExLlamaV2,
            LlamaCpp,
            Mlx,
            Vllm,
            Sglang,
            TensorRtLlm,
        ],
        _ => match Generation::of(device) {
            Generation::Apple => [
                Mlx,
                LlamaCpp,
                Transformers,
                Vllm,
                Sglang,
                TensorRtLlm,
                ExLlamaV2,
                ExLlamaV3,
            ],
            Generation::Cpu | Generation::Pascal | Generation::Rdna2 | Generation::Gcn5 | Generation::Cdna1 => [
                LlamaCpp,
                Transformers,
                Vllm,
                Sglang,
                Mlx,
                TensorRtLlm,
                ExLlamaV2,
                ExLlamaV3,
            ],
            _ => [
                Vllm,
                Sglang,
                TensorRtLlm,
                Transformers,
                LlamaCpp,
                ExLlamaV2,
                ExLlamaV3,
                Mlx,
            ],
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::find;

    #[test]
    fn every_row_is_read_and_has_a_source() {
        assert_eq!(ROWS.len(), TABLE.lines().count() - 1);
        for row in ROWS.iter().filter(|row| row.engine != "*") {
            assert!(row.answer.source.len() > 5, "{} {:?}", row.engine, row.formats);
            assert!(row.engine.parse::<Engine>().is_ok(), "{}", row.engine);
            let known = |name: &&str| *name == "*" || name.parse::<Generation>().is_ok();
            assert!(row.devices.iter().all(known), "{:?}", row.devices);
            assert!(
                row.answer.support == Support::Native || row.answer.words.len() > 10,
                "{:?}",
                row.formats
            );
        }
    }

    #[test]
    fn facts() {
        use Engine::{ExLlamaV3, LlamaCpp, Mlx, TensorRtLlm, Vllm};
        for (format, device, engine, expected) in [
            ("bf16", "t4", Vllm, Support::Emulated),
            ("fp16", "t4", Vllm, Support::Native),
            ("fp8", "rtx-3090", Vllm, Support::WeightOnly),
            ("fp8", "rtx-4090", Vllm, Support::Native),
            ("fp8", "t4", Vllm, Support::No),
            ("nvfp4", "h100-sxm", Vllm, Support::WeightOnly),
            ("nvfp4", "b200-sxm", Vllm, Support::Native),
            ("nvfp4", "h100-sxm", TensorRtLlm, Support::No),
            ("awq", "mi300x", Vllm, Support::No),
            ("gptq", "mi300x", Vllm, Support::No),
            ("q4_k_m", "apple-m4-pro", LlamaCpp, Support::Native),
            ("q4_k_m", "apple-m4-pro", Mlx, Support::No),
            ("mlx-q4", "rtx-4090", Mlx, Support::No),
            ("mlx-q4", "apple-m4-pro", Mlx, Support::Native),
            ("bf16", "apple-m4-pro", Vllm, Support::No),
            ("bf16", "gtx-1070", Vllm, Support::No),
            ("exl3-4.0", "rtx-2080-ti", ExLlamaV3, Support::No),
            ("q4_k_m", "epyc-9005", LlamaCpp, Support::Native),
        ] {
            let found = support(format, find(device).unwrap(), engine);
            assert_eq!(found.support, expected, "{format} {device} {engine:?}: {}", found.words);
        }
    }

    #[test]
    fn every_device_runs_something_or_nothing_says_why() {
        for device in crate::hardware::devices() {
            let some = engines("bf16", device);
            let none = matches!(Generation::of(device), Generation::Groq | Generation::Cerebras);
            assert_eq!(some.is_empty(), none, "{} {some:?}", device.id);
            assert_ne!(Generation::of(device), Generation::Custom, "{}", device.id);
        }
    }
}
