//! Which engine keeps its cache in which number format on which device: `data/kv_cache.csv`, the first row that fits
//! counts. Rows are read as those of `data/compatibility.csv`.

use std::sync::LazyLock;

use crate::hardware::compatibility::{self, Compatibility, Row, Support, read_row};
use crate::hardware::{Device, Engine, Generation};
use crate::scenario::KvFormat;

const TABLE: &str = include_str!("../../data/kv_cache.csv");

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(read_row).collect());

static SAME: Compatibility = Compatibility {
    support: Support::Native,
    words: "",
    source: "",
};
static ONE_FORMAT: Compatibility = Compatibility {
    support: Support::No,
    words: "this engine keeps keys and values in one format",
    source: "each engine's options",
};
static FLASH: Compatibility = Compatibility {
    support: Support::No,
    words: "llama.cpp quantises cached values only with flash attention",
    source: "llama.cpp llama_context: V cache quantization requires flash_attn",
};

/// The formats of a cache that were asked for. `Auto` is what the engine does by itself, and always runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of keys, and of values unless they have their own.
    pub keys: KvFormat,
    /// Of values, where it is another.
    pub values: KvFormat,
    /// Whether scores of attention are written to memory.
    pub eager: bool,
}

impl Wanted {
    /// What is wanted of values.
    fn of_values(self) -> KvFormat {
        if self.values == KvFormat::Auto {
            self.keys
        } else {
            self.values
        }
    }
}

/// Whether and how an engine keeps one format on a device.
fn one(format: KvFormat, device: &Device, engine: Engine) -> &'static Compatibility {
    if format == KvFormat::Auto {
        return &SAME;
    }
    let here = Generation::of(device);
    let is = |list: &[&str], name: &str| list.iter().any(|one| *one == "*" || *one == name);
    // Of a device nobody knows the best is assumed.
    let on = |row: &&Row| is(&row.devices, here.key()) || here == Generation::Custom;
    let fits = |row: &&Row| row.engine == engine.key() && is(&row.formats, format.key());
    ROWS.iter().filter(on).find(fits).map_or(&SAME, |row| &row.answer)
}

/// Whether and how an engine keeps its cache as wanted on a device; the worse of keys and values.
pub fn support(wanted: Wanted, device: &Device, engine: Engine) -> &'static Compatibility {
    let values = wanted.of_values();
    if wanted.keys != values && !matches!(engine, Engine::LlamaCpp | Engine::ExLlamaV3) {
        return &ONE_FORMAT;
    }
    let plain = matches!(
        values,
        KvFormat::Auto | KvFormat::Fp32 | KvFormat::Fp16 | KvFormat::Bf16
    );
    if engine == Engine::LlamaCpp && wanted.eager && !plain {
        return &FLASH;
    }
    let (of_keys, of_values) = (one(wanted.keys, device, engine), one(values, device, engine));
    if of_keys.runs() && !of_values.runs() {
        of_values
    } else {
        of_keys
    }
}

/// The engine most used for weights in a format on a device that also keeps its cache as wanted; without one, the engine
/// most used for the weights.
pub fn usual(format: &str, wanted: Wanted, device: &Device) -> Option<Engine> {
    // The engine's own cache always runs.
    if wanted.keys == KvFormat::Auto && wanted.values == KvFormat::Auto {
        return compatibility::usual(format, device);
    }
    let mut all = compatibility::engines(format, device).into_iter();
    all.find(|engine| support(wanted, device, *engine).runs())
        .or_else(|| compatibility::usual(format, device))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::{devices, find};
    use strum::IntoEnumIterator;

    fn keys(keys: KvFormat) -> Wanted {
        Wanted {
            keys,
            ..Wanted::default()
        }
    }

    #[test]
    fn every_row_is_read_and_has_a_source() {
        assert_eq!(ROWS.len(), TABLE.lines().count() - 1);
        for row in ROWS.iter() {
            assert!(row.engine.parse::<Engine>().is_ok(), "{}", row.engine);
            assert!(row.answer.source.len() > 5, "{} {:?}", row.engine, row.formats);
            assert!(
                row.answer.support == Support::Native || row.answer.words.len() > 10,
                "{:?}",
                row.formats
            );
            for format in row.formats.iter().filter(|format| **format != "*") {
                assert!(format.parse::<KvFormat>().is_ok(), "{format}");
            }
        }
        // Every engine says something of every format on every device.
        for (engine, format) in Engine::iter().flat_map(|engine| KvFormat::iter().map(move |format| (engine, format))) {
            for device in devices().iter().filter(|_| format != KvFormat::Auto) {
                let found = one(format, device, engine);
                assert!(!found.source.is_empty(), "{engine:?} {format:?} {}", device.id);
            }
        }
    }

    #[test]
    fn facts() {
        use Engine::{ExLlamaV3, LlamaCpp, Mlx, Sglang, TensorRtLlm, Vllm};
        use KvFormat::{Auto, Bf16, Fp8, Fp16, MlxQ8, Nvfp4, Q4_0, Q8_0};
        for (format, device, engine, expected) in [
            (Fp8, "h100-sxm", Vllm, Support::Native),
            (Fp8, "rtx-3090", Vllm, Support::Emulated),
            (Fp8, "t4", Vllm, Support::No),
            (Q8_0, "h100-sxm", Vllm, Support::No),
            (Nvfp4, "h100-sxm", TensorRtLlm, Support::No),
            (Nvfp4, "b200-sxm", TensorRtLlm, Support::Native),
            (Fp8, "h100-sxm", Sglang, Support::Native),
            (Q8_0, "rtx-4090", LlamaCpp, Support::Native),
            (Fp8, "rtx-4090", LlamaCpp, Support::No),
            (MlxQ8, "apple-m4-pro", Mlx, Support::Native),
            (Q8_0, "apple-m4-pro", Mlx, Support::No),
            (Q4_0, "rtx-4090", ExLlamaV3, Support::Native),
            (Auto, "t4", Vllm, Support::Native),
            (Bf16, "rtx-4090", LlamaCpp, Support::Native),
        ] {
            let found = support(keys(format), find(device).unwrap(), engine);
            assert_eq!(
                found.support, expected,
                "{format:?} {device} {engine:?}: {}",
                found.words
            );
        }
        let device = find("rtx-4090").unwrap();
        let apart = Wanted {
            keys: Q8_0,
            values: Q4_0,
            eager: false,
        };
        assert!(support(apart, device, LlamaCpp).runs());
        let eager = Wanted { eager: true, ..apart };
        assert_eq!(support(eager, device, LlamaCpp).words, FLASH.words);
        let apart = Wanted {
            keys: Fp8,
            values: Fp16,
            eager: false,
        };
        assert_eq!(support(apart, device, Vllm).words, ONE_FORMAT.words);
    }

    #[test]
    fn an_engine_that_keeps_the_cache_is_preferred() {
        let device = find("rtx-4090").unwrap();
        assert_eq!(usual("bf16", keys(KvFormat::Auto), device), Some(Engine::Vllm));
        assert_eq!(usual("bf16", keys(KvFormat::Q8_0), device), Some(Engine::LlamaCpp));
        // Where none does, the usual one says why.
        assert_eq!(usual("bf16", keys(KvFormat::MlxQ8), device), Some(Engine::Vllm));
    }
}
