//! Weights as an engine holds them: converted, narrowed, unpacked.

use std::sync::Arc;

use crate::analysis::setup::Setup;
use crate::hardware::Engine;
use crate::model::quantisation::{self, Choice, Mix, Quantisation, Scope, WeightFileKind};
use crate::model::{Blueprint, Format, Notice};
use crate::scenario::Scenario;

/// Weights as an engine stores them, with what is to be said of that.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    weights: Arc<Quantisation>,
    notices: Arc<[Notice]>,
}

impl Conversion {
    /// The weights as the engine loads them for what is asked, with words on what differs from the file.
    pub fn loaded(&self, scenario: &Scenario, engine: Engine, notices: &mut Vec<Notice>) -> Arc<Quantisation> {
        let mut weights = self.weights.clone();
        if scenario.workload.mode.trains() && weights.scope != Scope::Everything {
            notices.push(Notice::new(
                "trained_unquantised",
                format!(
                    "Pretraining updates every weight, so it uses {} weights, not {}.",
                    weights.base.label, weights.method
                ),
            ));
            weights = Arc::new(Quantisation::plain(weights.base.clone()));
        }
        let narrow = engine
            .narrows_fp32()
            .and_then(Format::from_dtype)
            .filter(|_| weights.base == Format::FP32);
        if let Some(narrow) =
            narrow.filter(|_| scenario.precision.weights.is_none() && !scenario.workload.mode.trains())
        {
            notices.push(Notice::new(
                "fp32_narrowed",
                format!(
                    "The checkpoint is in FP32; {} loads it in 16 bits ({}) unless it is told otherwise.",
                    engine.label(),
                    narrow.label
                ),
            ));
            weights = Arc::new(weights.with_base(narrow));
        }
        weights
    }
    /// What is to be said of the conversion.
    pub fn notices(&self) -> impl Iterator<Item = Notice> {
        self.notices.iter().cloned()
    }
}

/// The weights in the chosen format, or as published, as an engine holds them.
pub fn convert(blueprint: &Blueprint, chosen: Option<Choice>, engine: Engine) -> Conversion {
    let mut notices = Vec::new();
    let weights = match chosen.or_else(|| inside(engine, blueprint)) {
        Some(choice) => {
            let mix = Mix::named(&choice.format.id).filter(|_| engine == Engine::LlamaCpp);
            let converted = match mix {
                Some(mix) => Quantisation::gguf(mix, blueprint),
                None => choice.convert(blueprint),
            };
            if blueprint.published.scope != Scope::Everything && converted != blueprint.published {
                let (from, to) = (&blueprint.published.method, &converted.method);
                notices.push(Notice::new(
                    "converted",
                    format!("The checkpoint is published in {from}; the estimate assumes it is converted to {to} by that format's usual rule."),
                ));
            }
            converted
        }
        None => blueprint.published.clone(),
    };
    if let Some(text) = weights.plan.as_ref().and_then(|plan| plan.mix().importance_note()) {
        notices.push(Notice::new("imatrix_assumed", text));
    }
    let apart = weights.apart(blueprint);
    if apart > 0 {
        notices.push(Notice::new(
            "projector_apart",
            format!(
                "llama.cpp keeps the towers in a projector file (mmproj) of its own, about {} bytes in FP16; it is not counted here.",
                crate::units::grouped(apart.saturating_mul(2))
            ),
        ));
    }
    Conversion {
        weights: Arc::new(weights),
        notices: notices.into(),
    }
}

/// The published weights as an engine with files of its own holds them, if they are not in such files already.
fn inside(engine: Engine, blueprint: &Blueprint) -> Option<Choice> {
    let published = &blueprint.published;
    if engine != Engine::LlamaCpp || published.container == WeightFileKind::Gguf {
        return None;
    }
    // What has no type of its own there is unpacked on conversion.
    let format = Mix::named(&published.format.id).map_or(&published.base, |_| &published.format);
    quantisation::choice(&format.id)
}

/// Weights as they are after an engine unpacked them on loading.
pub fn unpacked(setup: Setup) -> Setup {
    if setup.scenario.workload.mode.trains() {
        return setup;
    }
    let told = Notice::new(
        "unpacked_on_loading",
        format!(
            "{} unpacks {} to {} on loading here, so no memory is saved.",
            setup.engine.label(),
            setup.weights.method,
            setup.weights.base.label
        ),
    );
    Setup {
        notices: setup.notices.iter().cloned().chain([told]).collect(),
        weights: Arc::new(Quantisation::plain(setup.weights.base.clone())),
        unpacked: true,
        ..setup
    }
}
