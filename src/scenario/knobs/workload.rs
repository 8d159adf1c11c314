//! What runs: mode, tokens, sequences.

use strum::IntoEnumIterator;

use super::read::{choose, optional_milliseconds, pixels, tokens, whole};
use super::{
    Group, Knob, KnobError, KnobId, KnobKind, MOST_BATCH, MOST_TOKENS, OptionRow, SERVING, TRAINING, Word, rows,
};
use crate::scenario::choices::{Mode, Recompute};

/// Images of a request, pixels of a side, seconds of sound or video at most.
const MOST_IMAGES: u64 = 10_000;
const MOST_PIXELS: u64 = 65_536;
const MOST_SECONDS: u64 = 86_400;

const NO_TARGET: &[Word] = &[Word {
    key: "none",
    label: "No target",
}];

const AS_THE_MODEL: &[Word] = &[Word {
    key: "auto",
    label: "As the model has it",
}];

/// The card "Workload".
pub(super) const KNOBS: &[Knob] = &[
    Knob {
        id: KnobId::Mode,
        key: "mode",
        flag: "mode",
        label: "Mode",
        help: "What is estimated: reading a prompt, writing a token, serving many users, or a training step.",
        group: Group::Workload,
        kind: KnobKind::Choice(rows!(Mode)),
        modes: &[],
        get: |s| s.workload.mode.key().to_owned(),
        set: |s, text| {
            choose("Mode", text, &mut s.workload.mode, Mode::iter().map(Mode::key))?;
            // Only a server has an endless queue.
            s.workload.endless &= s.workload.mode == Mode::Serve;
            Ok(())
        },
    },
    Knob {
        id: KnobId::Prompt,
        key: "p",
        flag: "prompt",
        label: "Prompt tokens",
        help: "Tokens of each prompt; in training the length of a sequence.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 1,
            most: MOST_TOKENS,
            slider: 131_072,
            unit: "tokens",
        },
        modes: &[],
        get: |s| s.workload.prompt.to_string(),
        set: |s, text| tokens("Prompt tokens", text, 1, MOST_TOKENS).map(|value| s.workload.prompt = value),
    },
    Knob {
        id: KnobId::Generate,
        key: "g",
        flag: "generate",
        label: "Generated tokens",
        help: "Tokens written after the prompt. Memory has room for all of them; time is that of the middle one.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 0,
            most: MOST_TOKENS,
            slider: 32_768,
            unit: "tokens",
        },
        modes: SERVING,
        get: |s| {
            s.workload
                .generate
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.workload.generate = if text == "auto" {
                None
            } else {
                Some(tokens("Generated tokens", text, 0, MOST_TOKENS)?)
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::EncoderTokens,
        key: "enc",
        flag: "encoder-tokens",
        label: "Encoder tokens",
        help: "Tokens the encoder reads, of a model that has one beside its decoder. By itself as many as its class fixes, else the prompt's; in training those of the sequence that the decoder learns.",
        group: Group::Workload,
        kind: KnobKind::WholeOr {
            words: AS_THE_MODEL,
            least: 1,
            most: MOST_TOKENS,
            unit: "tokens",
        },
        modes: &[],
        get: |s| {
            s.workload
                .encoder_tokens
                .map_or_else(|| "auto".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.workload.encoder_tokens = if text == "auto" {
                None
            } else {
                Some(tokens("Encoder tokens", text, 1, MOST_TOKENS)?)
            };
            Ok(())
        },
    },
    Knob {
        id: KnobId::Images,
        key: "img",
        flag: "images",
        label: "Images",
        help: "Images of each request. The tokens they become are added to the prompt; the tower that reads them runs before it.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 0,
            most: MOST_IMAGES,
            slider: 16,
            unit: "",
        },
        modes: SERVING,
        get: |s| s.workload.images.to_string(),
        set: |s, text| whole("Images", text, 0, MOST_IMAGES).map(|value| s.workload.images = value),
    },
    Knob {
        id: KnobId::ImageSize,
        key: "imgpx",
        flag: "image-size",
        label: "Image size",
        help: "Width and height of each image, and of the frames of a video, in pixels. Some models bring every image to one size.",
        group: Group::Workload,
        kind: KnobKind::Pixels { most: MOST_PIXELS },
        modes: SERVING,
        get: |s| format!("{}x{}", s.workload.image_size.0, s.workload.image_size.1),
        set: |s, text| pixels("Image size", text, MOST_PIXELS).map(|size| s.workload.image_size = size),
    },
    Knob {
        id: KnobId::AudioSeconds,
        key: "snd",
        flag: "audio-seconds",
        label: "Sound",
        help: "Seconds of sound of each request. The tokens it becomes are added to the prompt; the tower that hears it runs before it.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 0,
            most: MOST_SECONDS,
            slider: 600,
            unit: "s",
        },
        modes: SERVING,
        get: |s| s.workload.audio_seconds.to_string(),
        set: |s, text| whole("Sound", text, 0, MOST_SECONDS).map(|value| s.workload.audio_seconds = value),
    },
    Knob {
        id: KnobId::VideoSeconds,
        key: "vid",
        flag: "video-seconds",
        label: "Video",
        help: "Seconds of video of each request. The tokens its frames become are added to the prompt.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 0,
            most: MOST_SECONDS,
            slider: 600,
            unit: "s",
        },
        modes: SERVING,
        get: |s| s.workload.video_seconds.to_string(),
        set: |s, text| whole("Video", text, 0, MOST_SECONDS).map(|value| s.workload.video_seconds = value),
    },
    Knob {
        id: KnobId::VideoFps,
        key: "fps",
        flag: "video-fps",
        label: "Frames a second",
        help: "How many frames a second are taken of a video; the class may take fewer of a long one.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 1,
            most: 120,
            slider: 30,
            unit: "",
        },
        modes: SERVING,
        get: |s| s.workload.video_rate.to_string(),
        set: |s, text| whole("Frames a second", text, 1, 120).map(|value| s.workload.video_rate = value),
    },
    Knob {
        id: KnobId::Batch,
        key: "b",
        flag: "batch",
        label: "Sequences at once",
        help: "How many sequences run together. When serving, the requests in flight; \"max\" is an endless queue.",
        group: Group::Workload,
        kind: KnobKind::Whole {
            least: 1,
            most: MOST_BATCH,
            slider: 256,
            unit: "",
        },
        modes: &[],
        get: |s| {
            if s.workload.endless {
                "max".to_owned()
            } else {
                s.workload.batch.to_string()
            }
        },
        set: |s, text| {
            if text == "max" && s.workload.mode != Mode::Serve {
                return Err(KnobError::Refused(
                    "Sequences at once can be \"max\" only when serving: choose the mode serve first.".to_owned(),
                ));
            }
            // An endless queue has no number: the one before is not kept where no link could carry it.
            s.workload.batch = match text {
                "max" => 1,
                text => whole("Sequences at once", text, 1, MOST_BATCH)?,
            };
            s.workload.endless = text == "max";
            Ok(())
        },
    },
    Knob {
        id: KnobId::TargetTtft,
        key: "ttft",
        flag: "target-ttft",
        label: "First token within",
        help: "Longest wait for the first token that is good enough, in milliseconds.",
        group: Group::Workload,
        kind: KnobKind::WholeOr {
            words: NO_TARGET,
            least: 1,
            most: 3_600_000,
            unit: "ms",
        },
        modes: &[Mode::Serve],
        get: |s| {
            s.serving
                .target_ttft
                .map_or_else(|| "none".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.serving.target_ttft = optional_milliseconds("First token within", text, 3_600_000)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::TargetTpot,
        key: "tpot",
        flag: "target-tpot",
        label: "Each further token within",
        help: "Longest time between tokens that is good enough, in milliseconds.",
        group: Group::Workload,
        kind: KnobKind::WholeOr {
            words: NO_TARGET,
            least: 1,
            most: 3_600_000,
            unit: "ms",
        },
        modes: &[Mode::Serve],
        get: |s| {
            s.serving
                .target_tpot
                .map_or_else(|| "none".to_owned(), |value| value.to_string())
        },
        set: |s, text| {
            s.serving.target_tpot = optional_milliseconds("Each further token within", text, 3_600_000)?;
            Ok(())
        },
    },
    Knob {
        id: KnobId::Recompute,
        key: "recompute",
        flag: "recompute",
        label: "Recomputation",
        help: "What the backward pass computes again instead of keeping it in memory.",
        group: Group::Workload,
        kind: KnobKind::Choice(rows!(Recompute)),
        modes: TRAINING,
        get: |s| s.workload.recompute.key().to_owned(),
        set: |s, text| {
            choose(
                "Recomputation",
                text,
                &mut s.workload.recompute,
                Recompute::iter().map(Recompute::key),
            )
        },
    },
];
