//! An answer to hand over: the same content as text, Markdown, CSV, a picture and a printed page.
//!
//! Every form names the model and its revision, format, engine, number of devices, date, version and the link.

mod text;

pub use text::{csv, markdown, text};

use super::{ModelFacts, VERSION};
use crate::analysis::Analysis;
use crate::report::scale::{Scale, scale};
use crate::report::{Sentence, Tile, notes, sentence, tiles};
use crate::scenario::{KNOBS, KnobId, Scenario};
use crate::units::{UnitSystem, grouped, percent};

/// What is handed over.
#[derive(Clone, Debug)]
pub struct AnswerSheet {
    /// Name of the model, for people.
    pub name: String,
    /// The verdict in words.
    pub sentence: Sentence,
    /// The numbers beside it.
    pub tiles: Vec<Tile>,
    /// What lies on the scale.
    pub scale: Scale,
    /// Parts of what the fullest device holds: name, size, share of it.
    pub parts: Vec<(&'static str, String, String)>,
    /// All of it.
    pub total: String,
    /// What was asked, by name.
    pub asked: Vec<(&'static str, String)>,
    /// What was assumed.
    pub assumed: Vec<String>,
    /// Where the figures come from.
    pub sources: Vec<String>,
    /// The whole address of the question.
    pub link: String,
    /// The day, as `2026-11-29`.
    pub date: String,
    /// Version of the program.
    pub version: &'static str,
}

/// What an analysis does not know of itself.
#[derive(Clone, Debug, Default)]
pub struct Occasion<'a> {
    /// Name of the model, for people.
    pub name: &'a str,
    /// Commit it was read at, where it was read from the Hub.
    pub revision: Option<&'a str>,
    /// The whole address of the question.
    pub link: &'a str,
    /// The day, as `2026-11-29`.
    pub date: &'a str,
}

impl AnswerSheet {
    /// The sheet of an answer.
    pub fn of(analysis: &Analysis, facts: &ModelFacts, occasion: &Occasion<'_>, units: UnitSystem) -> Self {
        let held = analysis.held();
        let all = held.total_bytes.max(1) as f64;
        let part =
            |(_, name, bytes): (_, &'static str, u64)| (name, units.bytes(bytes as f64), percent(bytes as f64 / all));
        Self {
            name: occasion.name.to_owned(),
            sentence: sentence(analysis, occasion.name, units),
            tiles: tiles(analysis, units),
            scale: scale(analysis, units),
            parts: held.parts().into_iter().map(part).collect(),
            total: units.bytes(held.total_bytes as f64),
            asked: asked(analysis, facts, occasion, units),
            assumed: notes(analysis)
                .0
                .into_iter()
                .map(|notice| notice.message.clone())
                .collect(),
            sources: sources(analysis, facts),
            link: occasion.link.to_owned(),
            date: occasion.date.to_owned(),
            version: VERSION,
        }
    }
    /// `Weighbridge 0.1.0, 2026-11-29`.
    fn imprint(&self) -> String {
        format!("Weighbridge {}, {}", self.version, self.date)
    }
}

/// The question: what stands in every export, then each knob that was turned.
fn asked(
    analysis: &Analysis,
    facts: &ModelFacts,
    occasion: &Occasion<'_>,
    units: UnitSystem,
) -> Vec<(&'static str, String)> {
    let setup = &*analysis.setup;
    let (scenario, default) = (&*setup.requested, Scenario::default());
    let mut all = vec![("Model", facts.id.clone())];
    all.extend(occasion.revision.map(|revision| ("Revision", revision.to_owned())));
    all.push(("Parameters", grouped(analysis.parameters.total.0)));
    if let Some(device) = setup.device() {
        let devices = setup.devices_in_words().unwrap_or_default();
        let memory = units.bytes(device.memory_bytes as f64);
        all.push(("Hardware", format!("{devices}, {memory} each")));
    }
    all.push(("Engine", setup.engine.label().to_owned()));
    all.push(("Weights", setup.weights.method.clone()));
    all.push(("KV cache", setup.kv.label.to_string()));
    // Said above, or not in the words of a person.
    let said = [
        KnobId::Hardware,
        KnobId::Devices,
        KnobId::Engine,
        KnobId::Weights,
        KnobId::KvCache,
    ];
    for knob in KNOBS.iter().filter(|knob| !said.contains(&knob.id)) {
        // A mode's own number of tokens is a number to whoever reads it elsewhere.
        let value = match knob.id {
            KnobId::Generate if !scenario.workload.mode.trains() => scenario.generated().to_string(),
            _ => (knob.get)(scenario),
        };
        let usual = matches!(
            knob.id,
            KnobId::Mode | KnobId::Batch | KnobId::Prompt | KnobId::Generate
        );
        if !value.is_empty() && (usual || value != (knob.get)(&default)) {
            all.push((knob.label, value));
        }
    }
    all
}

/// Where model, device, speed and price come from.
fn sources(analysis: &Analysis, facts: &ModelFacts) -> Vec<String> {
    let mut all = vec![format!("Model: {}.", facts.source)];
    if let Some(device) = analysis.setup.device() {
        all.push(format!("Device: {}", full_stop(&device.source)));
    }
    if let Some(speed) = analysis.speed.as_ref().filter(|speed| !speed.basis.is_empty()) {
        all.push(format!("Speed: {}", full_stop(&speed.basis)));
    }
    if let Some(cost) = crate::analysis::cost(&analysis.setup, analysis.speed.as_ref()) {
        all.push(format!("Price: {}", full_stop(&cost.basis)));
    }
    all
}

fn full_stop(text: &str) -> String {
    format!("{}.", text.trim_end_matches('.'))
}
