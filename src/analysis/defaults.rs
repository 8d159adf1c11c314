//! Format and engine that people would choose for a model on a device: what the page sets when one of the two is chosen by hand.
//! The command line and links set nothing that was not asked for.

use std::sync::Arc;

use super::answers::formats::best_among;
use super::fit::Verdict;
use super::matrix::Matrix;
use crate::hardware::{self, Device, Engine, Segment, Vendor};
use crate::model::Blueprint;
use crate::model::blueprint::Reading;
use crate::model::quantisation::{Choice, Loss, WeightFileKind, loss_of};
use crate::scenario::{Scenario, weight_key};

/// A format and an engine, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirstChoice {
    /// Key of the weights' format; none is as published.
    pub weights: Option<&'static str>,
    /// The engine; none is the one most used for the format there.
    pub engine: Option<Engine>,
    /// Why it is not as published with the usual engine; empty where it is.
    pub why: String,
}

/// MLX's own formats that stand in for a model that is too large: 8 bits, else 4.
const MLX: [&str; 2] = ["mlx-q8", "mlx-q4"];

/// The format and engine to begin with. `file` is the kind of file the model was read from, where it was one.
///
/// - A GGUF runs in llama.cpp as it is.
/// - A Mac runs MLX: as published if that fits, else in 8 or 4 bits, whichever fits first; else the best GGUF that fits.
/// - Cards for games and workstations, small machines and processors that cannot hold what is published: llama.cpp with the
///   best GGUF that fits whole, and loses no more than noticeably.
/// - Everything else, and what fits in no format, stays as published; so does training.
pub fn first_choice(blueprint: &Arc<Blueprint>, scenario: &Scenario, file: Option<WeightFileKind>) -> FirstChoice {
    if file == Some(WeightFileKind::Gguf) {
        return FirstChoice {
            weights: None,
            engine: Some(Engine::LlamaCpp),
            why: "The file is a GGUF, which llama.cpp runs as it is.".to_owned(),
        };
    }
    let device = scenario.hardware.device.as_deref();
    let Some(device) = device.and_then(|id| hardware::resolve(id).ok()) else {
        return FirstChoice::default();
    };
    if scenario.workload.mode.trains() || matches!(device.segment, Segment::Datacenter | Segment::Tpu) {
        return FirstChoice::default();
    }
    let plain = scenario.clone().on_any_engine().with(|s| s.precision.weights = None);
    let choice = if device.vendor == Vendor::Apple {
        on_a_mac(blueprint, &plain, &device)
    } else {
        fits(blueprint, &plain, &device).then(FirstChoice::default)
    };
    let gguf = || {
        let of_gguf = plain.clone().with(|s| s.serving.engine = Some(Engine::LlamaCpp));
        let best = best_among(blueprint, &device, &of_gguf, |choice| {
            choice.container == WeightFileKind::Gguf && is_bearable(choice)
        })?;
        Some(FirstChoice {
            weights: weight_key(best.format.as_deref()?),
            engine: Some(Engine::LlamaCpp),
            why: format!(
                "As published it does not fit {}; {} is the best GGUF that fits whole ({}), for llama.cpp.",
                device.short_name(),
                best.label,
                loss_of(best.format.as_deref().unwrap_or_default()).words()
            ),
        })
    };
    choice.or_else(gguf).unwrap_or_default()
}

/// The text of a request, `(prompt, generated)` in tokens, that is made as long as the model was made for; none where it is no
/// longer, or nobody knows. An encoder is given its whole context, a model that writes half of it for its answer at most.
pub fn within_context(blueprint: &Blueprint, scenario: &Scenario) -> Option<(u64, Option<u64>)> {
    let most = blueprint.max_context.as_ref()?.value;
    let workload = &scenario.workload;
    let encodes = blueprint.reading == Reading::Encodes;
    let generated = if encodes { 0 } else { scenario.generated() };
    if workload.mode.trains() || workload.prompt.saturating_add(generated) <= most {
        return None;
    }
    let generated = generated.min(most / 2);
    let generate = if encodes { workload.generate } else { Some(generated) };
    Some((most.saturating_sub(generated).max(1), generate))
}

/// Whether a format is advised without being asked for: its published loss is not heavy; where none is published, it has no
/// fewer than 4 bits.
pub(super) fn is_bearable(choice: &Choice) -> bool {
    match loss_of(&choice.format.id) {
        Loss::Unknown => choice.format.bits_per_weight() >= 4.0,
        loss => loss < Loss::Heavy,
    }
}

fn on_a_mac(blueprint: &Arc<Blueprint>, plain: &Scenario, device: &Device) -> Option<FirstChoice> {
    let mlx = plain.clone().with(|s| s.serving.engine = Some(Engine::Mlx));
    if fits(blueprint, &mlx, device) {
        return Some(FirstChoice {
            weights: None,
            engine: Some(Engine::Mlx),
            why: "MLX is made for Apple's chips.".to_owned(),
        });
    }
    let most = blueprint.published.format.bits_per_weight();
    let key = MLX.iter().filter_map(|key| weight_key(key)).find(|key| {
        let narrower = crate::model::quantisation::choice(key).is_some_and(|one| one.format.bits_per_weight() <= most);
        let converted = mlx.clone().with(|s| s.precision.weights = Some(key));
        narrower && fits(blueprint, &converted, device)
    })?;
    Some(FirstChoice {
        weights: Some(key),
        engine: Some(Engine::Mlx),
        why: format!(
            "As published it does not fit {}; in {} bits it does, with MLX.",
            device.short_name(),
            key.trim_start_matches("mlx-q")
        ),
    })
}

/// Whether a scenario's format fits a device whole.
fn fits(blueprint: &Arc<Blueprint>, scenario: &Scenario, device: &Device) -> bool {
    let cell = Matrix::published(blueprint, scenario).cell(device, scenario.precision.weights.unwrap_or(""));
    cell.is_some_and(|cell| cell.judgement.verdict == Verdict::Fits)
}
