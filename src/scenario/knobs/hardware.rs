//! Devices, how a model is spread over them, the engine.

use strum::IntoEnumIterator;

use super::device_names::{MOST_TOGETHER, also, together};
use super::read::{bytes, choose, optional, short, unknown, whole};
use super::{AUTO, Group, Knob, KnobError, KnobId, KnobKind, MOST_DEVICES, OptionRow, SERVING, Word, rows};
use crate::hardware::{self, Engine, engine_named};
use crate::scenario::choices::{AttentionParallel, Offload, Split};

/// The card "Hardware".
pub(super) const KNOBS: &[Knob] = &[
    Knob {
        id: KnobId::Hardware,
        key: "hw",
        flag: "hardware",
        label: "Device",
        help: "The device it should run on, or several that work together: 2x rtx-3090, or unlike ones by commas (rtx-3090,rtx-4090).",
        group: Group::Hardware,
        kind: KnobKind::Device,
        modes: &[],
        get: |s| {
            if !s.is_mixed() {
                s.hardware.device.clone().unwrap_or_else(|| "none".to_owned())
            } else {
                s.hardware.mixed.join(",")
            }
        },
        set: |s, text| {
            let all = if text == "none" { Vec::new() } else { together(text)? };
            // What was named one by one is forgotten with them.
            if s.is_mixed() {
                (s.hardware.mixed, s.hardware.devices) = (Vec::new(), 1);
            }
            s.hardware.device = all.first().cloned();
            if all.len() > 1 {
                s.hardware.devices = all.len() as u64;
                if all.iter().any(|one| Some(one) != all.first()) {
                    s.hardware.mixed = all;
                }
            }
            Ok(())
        },
    },
    Knob {
        id: KnobId::Also,
        key: "also",
        flag: "also",
        label: "Beside it",
        help: "Further devices to set beside the first, by commas: each is estimated by itself with the same workload.",
        group: Group::Hardware,
        kind: KnobKind::Devices,
        modes: &[],
        get: |s| {
            if s.hardware.beside.is_empty() {
                "none".to_owned()
            } else {
                s.hardware.beside.join(",")
            }
        },
        set: |s, text| {
            s.hardware.beside = also(text)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::Devices,
        key: "n",
        flag: "devices",
        label: "Devices",
        help: "How many of them work together.",
        group: Group::Hardware,
        kind: KnobKind::Whole {
            least: 1,
            most: MOST_DEVICES,
            slider: 16,
            unit: "",
        },
        modes: &[],
        get: |s| s.hardware.devices.to_string(),
        set: |s, text| {
            let value = whole("Devices", text, 1, MOST_DEVICES)?;
            if s.is_mixed() && value != s.hardware.devices {
                return Err(KnobError::Refused(format!(
                    "{} devices are named one by one ({}), so there are no {value}.",
                    s.hardware.devices,
                    short(&s.hardware.mixed.join(","))
                )));
            }
            s.hardware.devices = value;
            Ok(())
        },
    },
    Knob {
        id: KnobId::Split,
        key: "split",
        flag: "split",
        label: "Split",
        help: "How several devices share the model: a slice of every layer each, or whole layers each.",
        group: Group::Hardware,
        kind: KnobKind::Choice(split_rows),
        modes: SERVING,
        get: |s| s.hardware.split.map_or("auto", Split::key).to_owned(),
        set: |s, text| {
            let mut split = Split::Tensor;
            s.hardware.split = if text == "auto" {
                None
            } else {
                choose("Split", text, &mut split, Split::iter().map(Split::key)).map(|()| Some(split))?
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::TensorSplit,
        key: "ts",
        flag: "tensor-split",
        label: "Tensor split",
        help: "Shares of the layers for each device where whole layers are dealt out, as llama.cpp has them: 3,1. By default by memory.",
        group: Group::Hardware,
        kind: KnobKind::Shares,
        modes: SERVING,
        get: |s| {
            if s.hardware.tensor_split.is_empty() {
                "auto".to_owned()
            } else {
                let each = s.hardware.tensor_split.iter().map(f64::to_string);
                each.collect::<Vec<_>>().join(",")
            }
        },
        set: |s, text| {
            s.hardware.tensor_split = if text == "auto" { Vec::new() } else { shares(text)? };
            Ok(())
        },
    },
    Knob {
        id: KnobId::TensorParallel,
        key: "tp",
        flag: "tensor-parallel",
        label: "Tensor parallel",
        help: "Devices that share each layer; automatic is all of them, divided by the pipeline's stages.",
        group: Group::Hardware,
        kind: KnobKind::WholeOr {
            words: AUTO,
            least: 1,
            most: MOST_DEVICES,
            unit: "",
        },
        modes: &[],
        get: |s| {
            s.hardware
                .tensor
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.hardware.tensor = optional("Tensor parallel", text, 1, MOST_DEVICES)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::PipelineParallel,
        key: "pp",
        flag: "pipeline-parallel",
        label: "Pipeline parallel",
        help: "Stages of whole layers, one group of devices after the other.",
        group: Group::Hardware,
        kind: KnobKind::Whole {
            least: 1,
            most: MOST_DEVICES,
            slider: 16,
            unit: "",
        },
        modes: &[],
        get: |s| s.hardware.pipeline.to_string(),
        set: |s, text| whole("Pipeline parallel", text, 1, MOST_DEVICES).map(|value| s.hardware.pipeline = value),
    },
    Knob {
        id: KnobId::ExpertParallel,
        key: "ep",
        flag: "expert-parallel",
        label: "Expert parallel",
        help: "Devices over which whole experts are distributed, instead of slicing each expert.",
        group: Group::Hardware,
        kind: KnobKind::Whole {
            least: 1,
            most: MOST_DEVICES,
            slider: 16,
            unit: "",
        },
        modes: &[],
        get: |s| s.hardware.expert.to_string(),
        set: |s, text| whole("Expert parallel", text, 1, MOST_DEVICES).map(|value| s.hardware.expert = value),
    },
    Knob {
        id: KnobId::AttentionParallel,
        key: "ap",
        flag: "attention-parallel",
        label: "Attention",
        help: "Whether the devices of a tensor-parallel group share the heads, or each keeps all of attention for sequences of its own.",
        group: Group::Hardware,
        kind: KnobKind::Choice(rows!(AttentionParallel)),
        modes: SERVING,
        get: |s| s.hardware.attention_parallel.key().to_owned(),
        set: |s, text| {
            choose(
                "Attention parallel",
                text,
                &mut s.hardware.attention_parallel,
                AttentionParallel::iter().map(AttentionParallel::key),
            )
        },
    },
    Knob {
        id: KnobId::Node,
        key: "node",
        flag: "node",
        label: "Node",
        help: "The machine or cloud instance: its links, memory and price.",
        group: Group::Hardware,
        kind: KnobKind::Host,
        modes: &[],
        get: |s| s.hardware.host.clone().unwrap_or_else(|| "none".to_owned()),
        set: |s, text| {
            s.hardware.host = if text == "none" {
                None
            } else {
                let known = ["`weighbridge hardware --nodes` lists all ids"].into_iter();
                Some(hardware::host_id(text).ok_or_else(|| unknown("Node", text, known))?)
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::HostMemory,
        key: "ram",
        flag: "host-memory",
        label: "Host memory",
        help: "RAM of the machine. Not given, there is taken to be enough of it.",
        group: Group::Hardware,
        kind: KnobKind::BytesOr {
            words: &[Word {
                key: "auto",
                label: "Enough",
            }],
            most: 1 << 50,
            unit: "GB",
        },
        modes: SERVING,
        get: |s| {
            s.hardware
                .host_memory
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.hardware.host_memory = if text == "auto" {
                None
            } else {
                Some(bytes("Host memory", text, 1 << 50)?)
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::Offload,
        key: "off",
        flag: "offload",
        label: "Offload",
        help: "What of the model may stay in the machine's RAM: what does not fit, nothing, so many layers, or the experts of so many layers (experts:20, llama.cpp's --n-cpu-moe).",
        group: Group::Hardware,
        kind: KnobKind::WholeOr {
            words: &[
                Word {
                    key: "auto",
                    label: "What does not fit",
                },
                Word {
                    key: "none",
                    label: "Nothing",
                },
            ],
            least: 0,
            most: MOST_DEVICES,
            unit: "layers",
        },
        modes: SERVING,
        get: |s| s.hardware.offload.to_string(),
        set: |s, text| {
            s.hardware.offload = match text {
                "auto" => Offload::Auto,
                "none" => Offload::None,
                text => match text.strip_prefix("experts:") {
                    Some(count) => Offload::Experts(whole("Offload", count, 0, MOST_DEVICES)?),
                    None => Offload::Layers(whole("Offload", text, 0, MOST_DEVICES)?),
                },
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::Engine,
        key: "e",
        flag: "engine",
        label: "Engine",
        help: "The program that runs the model. It decides the KV cache layout and the prefill chunk size.",
        group: Group::Hardware,
        kind: KnobKind::Choice(engine_rows),
        modes: SERVING,
        get: |s| s.serving.engine.map_or("auto", Engine::key).to_owned(),
        set: |s, text| {
            s.serving.engine = if text.eq_ignore_ascii_case("auto") {
                None
            } else {
                let known = Engine::iter().map(Engine::key);
                Some(engine_named(text).ok_or_else(|| unknown("Engine", text, known))?)
            };
            Ok(())
        },
    },
];

/// Shares by commas.
fn shares(text: &str) -> Result<Vec<f64>, KnobError> {
    let each = text.split([',', '/']).map(|share| share.trim().parse::<f64>().ok());
    let good = |share: &f64| (0.0..=1e9).contains(share);
    let all: Option<Vec<f64>> = each.map(|share| share.filter(good)).collect();
    let all = all.filter(|all| all.len() <= MOST_TOGETHER && all.iter().sum::<f64>() > 0.0);
    all.ok_or_else(|| {
        KnobError::Refused(format!(
            "Tensor split is \"{}\"; write a share for each device: 3,1.",
            short(text)
        ))
    })
}

fn engine_rows() -> Vec<OptionRow> {
    let auto = OptionRow {
        key: "auto",
        label: "Automatic".to_owned(),
        help: "The engine most used for the format and device.".to_owned(),
    };
    let engines = Engine::iter().map(|one| OptionRow {
        key: one.key(),
        label: one.label().to_owned(),
        help: String::new(),
    });
    std::iter::once(auto).chain(engines).collect()
}

fn split_rows() -> Vec<OptionRow> {
    let auto = OptionRow {
        key: "auto",
        label: "As the engine does".to_owned(),
        help: "llama.cpp splits by layers, the others by tensors.".to_owned(),
    };
    let all = Split::iter().map(|one| OptionRow {
        key: one.key(),
        label: one.label().to_owned(),
        help: one.help().to_owned(),
    });
    std::iter::once(auto).chain(all).collect()
}
