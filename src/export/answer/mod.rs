//! An answer to hand over: the same content as text, Markdown, CSV, a picture and a printed page.
//!
//! Every form names the model and its revision, format, engine, number of devices, date, version and the link.

mod text;

pub use text::{csv, markdown, text};

use super::figures::{FigureRow, figures};
use super::{ModelFacts, VERSION};
use crate::analysis::Analysis;
use crate::report::scale::{Scale, scale};
use crate::report::{Sentence, Tile, conditions, notes, sentence, tiles};
use crate::scenario::{KNOBS, Knob, KnobId, KnobKind, Scenario};
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
    /// The same in a line: mode, tokens, format, engine, devices.
    pub conditions: String,
    /// Figures and what was asked, as numbers in base units.
    pub figures: Vec<FigureRow>,
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
    /// Unit of sizes in words.
    pub units: UnitSystem,
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
        let sentence = sentence(analysis, occasion.name, units);
        let verdict = FigureRow::word("answer", "Verdict", sentence.pill);
        let figures = std::iter::once(verdict).chain(figures(analysis));
        let all = held.total_bytes.max(1) as f64;
        let part =
            |(_, name, bytes): (_, &'static str, u64)| (name, units.bytes(bytes as f64), percent(bytes as f64 / all));
        Self {
            name: occasion.name.to_owned(),
            sentence,
            tiles: tiles(analysis, units),
            scale: scale(analysis, units),
            parts: held.parts().into_iter().map(part).collect(),
            total: units.bytes(held.total_bytes as f64),
            asked: asked(analysis, facts, occasion, units),
            conditions: conditions(analysis),
            figures: figures.chain(question(analysis, facts, occasion)).collect(),
            assumed: notes(analysis)
                .0
                .into_iter()
                .map(|notice| notice.message.clone())
                .collect(),
            sources: sources(analysis, facts),
            link: occasion.link.to_owned(),
            date: occasion.date.to_owned(),
            version: VERSION,
            units,
        }
    }
    /// `Weighbridge 0.1.0, 2026-11-29`.
    pub fn imprint(&self) -> String {
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
    let mut all = vec![("Model", facts.id.clone())];
    all.extend(occasion.revision.map(|revision| ("Revision", revision.to_owned())));
    all.push(("Parameters", grouped(analysis.parameters.total.0)));
    if let Some(device) = setup.device() {
        let devices = setup.devices_in_words().unwrap_or_default();
        let memory = units.bytes(device.memory_bytes as f64);
        let each = if setup.layout.devices > 1 { " each" } else { "" };
        all.push(("Hardware", format!("{devices}, {memory}{each}")));
    }
    all.push(("Engine", setup.engine.label().to_owned()));
    all.push(("Weights", setup.weights.method.clone()));
    all.push(("KV cache", setup.kv.label.to_string()));
    let turned = turned(&setup.requested).into_iter();
    all.extend(turned.map(|(knob, value)| (knob.label, in_words(knob, value, units))));
    all
}

/// The question as a spreadsheet takes it.
fn question(analysis: &Analysis, facts: &ModelFacts, occasion: &Occasion<'_>) -> Vec<FigureRow> {
    const GROUP: &str = "question";
    let setup = &*analysis.setup;
    let word = |name, value: &str| FigureRow::word(GROUP, name, value);
    let mut all = vec![word("Model", &facts.id)];
    all.extend(occasion.revision.map(|revision| word("Revision", revision)));
    if let Some(device) = setup.device() {
        all.push(word(
            "Hardware",
            setup.devices_in_words().as_deref().unwrap_or(&device.name),
        ));
        all.push(FigureRow::whole(GROUP, "Devices", setup.layout.devices, "devices"));
    }
    all.push(word("Engine", setup.engine.label()));
    all.push(word("Weights", &setup.weights.method));
    all.push(word("KV cache", &setup.kv.label));
    for (knob, value) in turned(&setup.requested) {
        all.push(FigureRow {
            unit: if value.parse::<f64>().is_ok() { knob.unit() } else { "" },
            ..word(knob.label, &value)
        });
    }
    all.push(word("Version", VERSION));
    // The command line knows no day.
    all.extend(
        Some(occasion.date)
            .filter(|date| !date.is_empty())
            .map(|date| word("Date", date)),
    );
    all.push(word("Link", occasion.link));
    all
}

/// Each knob that was turned or always matters, with its value as links and flags have it, but for those that stand in a line of
/// their own.
fn turned(scenario: &Scenario) -> Vec<(&'static Knob, String)> {
    let default = Scenario::default();
    let mut all = Vec::new();
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
            all.push((knob, value));
        }
    }
    all
}

/// A knob's value as people read it: the label of a choice or a word, thousands set apart.
fn in_words(knob: &Knob, value: String, units: UnitSystem) -> String {
    if let Some(word) = knob.words().iter().find(|word| word.key == value) {
        return word.label.to_owned();
    }
    let number = value.parse::<u64>();
    match (knob.kind, number) {
        (KnobKind::Choice(options), _) => {
            let found = options().into_iter().find(|option| option.key == value);
            found.map_or(value, |option| option.label)
        }
        (KnobKind::Bytes { .. } | KnobKind::BytesOr { .. }, Ok(bytes)) => units.bytes(bytes as f64),
        (KnobKind::Whole { .. } | KnobKind::WholeOr { .. }, Ok(number)) => grouped(number),
        _ => value,
    }
}

/// Where model, device, speed and price come from.
fn sources(analysis: &Analysis, facts: &ModelFacts) -> Vec<String> {
    let model = match facts.source.as_str() {
        "catalogue" => "built in",
        other => other,
    };
    let mut all = vec![format!("Model: {model}.")];
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
