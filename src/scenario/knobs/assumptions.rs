//! What is assumed, and can be set otherwise.

use strum::IntoEnumIterator;

use super::precision::cache_name;
use super::read::{bytes, choose, optional_percent, percent, real};
use super::{AUTO, Group, Knob, KnobId, KnobKind, OptionRow, SERVING, rows};
use crate::scenario::choices::{
    AttentionFlops, AttentionKernel, CachePlace, KvFormat, LatentCache, Logits, MemoryRule, Mode, WindowCache,
};

/// The card "Assumptions".
pub(super) const KNOBS: &[Knob] = &[
    Knob {
        id: KnobId::ValueCache,
        key: "kvv",
        flag: "value-cache",
        label: "Cached values",
        help: "Number format of cached values, where it differs from that of keys. Models with latent attention keep no values.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(value_rows),
        modes: SERVING,
        get: |s| s.precision.value_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "Format of cached values",
                cache_name(text),
                &mut s.precision.value_cache,
                KvFormat::iter().map(KvFormat::key),
            )
        },
    },
    Knob {
        id: KnobId::Attention,
        key: "attn",
        flag: "attention",
        label: "Attention kernel",
        help: "Whether scores of attention are written to memory.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(AttentionKernel)),
        modes: &[],
        get: |s| s.assumptions.attention.key().to_owned(),
        set: |s, text| {
            choose(
                "Attention kernel",
                text,
                &mut s.assumptions.attention,
                AttentionKernel::iter().map(AttentionKernel::key),
            )
        },
    },
    Knob {
        id: KnobId::AttentionFlops,
        key: "count",
        flag: "attention-flops",
        label: "Attention counted as",
        help: "Framework counters count all pairs of tokens; fused kernels compute only those a token can see.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(AttentionFlops)),
        modes: &[],
        get: |s| s.assumptions.attention_flops.key().to_owned(),
        set: |s, text| {
            choose(
                "Attention counting",
                text,
                &mut s.assumptions.attention_flops,
                AttentionFlops::iter().map(AttentionFlops::key),
            )
        },
    },
    Knob {
        id: KnobId::Logits,
        key: "logits",
        flag: "logits",
        label: "Logits for",
        help: "Which positions of the prompt are turned into scores over the vocabulary.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(Logits)),
        modes: &[Mode::Prefill],
        get: |s| s.assumptions.logits.key().to_owned(),
        set: |s, text| {
            choose(
                "Logits",
                text,
                &mut s.assumptions.logits,
                Logits::iter().map(Logits::key),
            )
        },
    },
    Knob {
        id: KnobId::LatentCache,
        key: "mla",
        flag: "latent-cache",
        label: "Latent attention keeps",
        help: "What models with latent attention (DeepSeek, Kimi) keep for each token.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(LatentCache)),
        modes: SERVING,
        get: |s| s.serving.latent_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "Latent cache",
                text,
                &mut s.serving.latent_cache,
                LatentCache::iter().map(LatentCache::key),
            )
        },
    },
    Knob {
        id: KnobId::WindowCache,
        key: "swa",
        flag: "window-cache",
        label: "Windows keep",
        help: "How long layers with a window keep keys and values: as long as the window needs them, or everything (llama.cpp's --swa-full).",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(WindowCache)),
        modes: SERVING,
        get: |s| s.serving.window_cache.key().to_owned(),
        set: |s, text| {
            choose(
                "Windows keep",
                text,
                &mut s.serving.window_cache,
                WindowCache::iter().map(WindowCache::key),
            )
        },
    },
    Knob {
        id: KnobId::CachePlace,
        key: "kvp",
        flag: "cache-place",
        label: "Cache lies",
        help: "Where keys and values lie: with their layers, or in the machine's RAM (llama.cpp's --no-kv-offload).",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(CachePlace)),
        modes: SERVING,
        get: |s| s.serving.cache_place.key().to_owned(),
        set: |s, text| {
            choose(
                "Cache lies",
                text,
                &mut s.serving.cache_place,
                CachePlace::iter().map(CachePlace::key),
            )
        },
    },
    Knob {
        id: KnobId::Overhead,
        key: "overhead",
        flag: "overhead",
        label: "Device overhead",
        help: "Memory the driver and the runtime take before anything is loaded. A CUDA context costs 0.3 to 0.6 GiB.",
        group: Group::Assumptions,
        kind: KnobKind::Bytes {
            most: 1 << 40,
            unit: "MiB",
        },
        modes: &[],
        get: |s| s.assumptions.overhead.to_string(),
        set: |s, text| bytes("Device overhead", text, 1 << 40).map(|value| s.assumptions.overhead = value),
    },
    Knob {
        id: KnobId::MemoryFraction,
        key: "mf",
        flag: "memory-fraction",
        label: "Share of memory used",
        help: "How much of a device's memory the engine may take (vLLM's gpu-memory-utilization, SGLang's mem-fraction-static).",
        group: Group::Assumptions,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: 100,
            unit: "%",
        },
        modes: SERVING,
        get: |s| {
            s.serving
                .memory_fraction
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.serving.memory_fraction = optional_percent("Share of memory used", text)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::HostReserve,
        key: "ramr",
        flag: "host-reserve",
        label: "RAM kept free",
        help: "Share of the machine's RAM that is left to its operating system and other programs.",
        group: Group::Assumptions,
        kind: KnobKind::Whole {
            least: 0,
            most: 99,
            slider: 90,
            unit: "%",
        },
        modes: SERVING,
        get: |s| s.hardware.host_reserve.to_string(),
        set: |s, text| percent("RAM kept free", text, 0, 99).map(|value| s.hardware.host_reserve = value),
    },
    Knob {
        id: KnobId::MemoryRule,
        key: "rule",
        flag: "memory-rule",
        label: "Memory counted",
        help: "Operator by operator, or by the percentages many calculators add.",
        group: Group::Assumptions,
        kind: KnobKind::Choice(rows!(MemoryRule)),
        modes: SERVING,
        get: |s| s.assumptions.memory_rule.key().to_owned(),
        set: |s, text| {
            choose(
                "Memory rule",
                text,
                &mut s.assumptions.memory_rule,
                MemoryRule::iter().map(MemoryRule::key),
            )
        },
    },
    Knob {
        id: KnobId::ComputeEfficiency,
        key: "ce",
        flag: "compute-efficiency",
        label: "Share of peak rate",
        help: "Share of the device's peak rate that matrix products reach; automatic is what published measurements show.",
        group: Group::Assumptions,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: 100,
            unit: "%",
        },
        modes: &[],
        get: |s| {
            s.assumptions
                .compute_efficiency
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.assumptions.compute_efficiency = optional_percent("Share of peak rate", text)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::BandwidthEfficiency,
        key: "be",
        flag: "bandwidth-efficiency",
        label: "Share of bandwidth",
        help: "Share of the device's bandwidth that reading weights and caches reaches; automatic is what published measurements show.",
        group: Group::Assumptions,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: 100,
            unit: "%",
        },
        modes: &[],
        get: |s| {
            s.assumptions
                .bandwidth_efficiency
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.assumptions.bandwidth_efficiency = optional_percent("Share of bandwidth", text)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::Price,
        key: "price",
        flag: "price",
        label: "Price",
        help: "What one device costs an hour, in US dollars; automatic is the machine's, or the middle of what clouds ask for the device.",
        group: Group::Hardware,
        kind: KnobKind::RealOr {
            words: AUTO,
            most: 10_000.0,
            unit: "$/h",
        },
        modes: &[],
        get: |s| {
            s.hardware
                .price
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.hardware.price = if text == "auto" {
                None
            } else {
                Some(real("Price", text, 10_000.0)?)
            };
            Ok(())
        },
    },
];

fn value_rows() -> Vec<OptionRow> {
    KvFormat::iter()
        .map(|one| OptionRow {
            key: one.key(),
            label: if one == KvFormat::Auto {
                "Like keys"
            } else {
                one.label()
            }
            .to_owned(),
            help: one.help().to_owned(),
        })
        .collect()
}
