//! An answer handed over: text, Markdown, CSV.

use std::sync::Arc;

use crate::support;
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::export::ModelFacts;
use weighbridge::export::answer::{AnswerSheet, Occasion, csv, markdown, text};
use weighbridge::model::{Blueprint, catalogue};
use weighbridge::scenario::Scenario;
use weighbridge::units::UnitSystem;

fn answer(model: &str, device: &str) -> Analysis {
    let entry = catalogue::find(model).unwrap();
    let blueprint = Arc::new(Blueprint::from_value(entry.config.clone()).unwrap());
    let scenario = Scenario::default().with(|s| {
        s.hardware.device = Some(device.to_owned());
        s.workload.prompt = 8_192;
        s.workload.generate = Some(512);
    });
    analyse(&blueprint, &scenario).unwrap()
}

fn sheet(model: &str, device: &str, name: &str) -> AnswerSheet {
    let facts = ModelFacts {
        id: model.to_owned(),
        source: "catalogue".to_owned(),
    };
    let occasion = Occasion {
        name,
        revision: Some("0123456789ab"),
        link: "https://weighbridge.example/?m=x&hw=y",
        date: "2026-11-29",
    };
    AnswerSheet::of(&answer(model, device), &facts, &occasion, UnitSystem::Gib)
}

#[test]
fn each_form_is_whole() {
    let sheet = sheet("meta-llama/Llama-3.1-8B-Instruct", "rtx-4090", "Llama 3.1 8B Instruct");
    insta::assert_snapshot!("text", text(&sheet));
    insta::assert_snapshot!("markdown", markdown(&sheet, true, true));
    insta::assert_snapshot!("csv", csv(&sheet).unwrap());
    // What a colleague needs to ask the same again stands in each.
    for form in [text(&sheet), markdown(&sheet, false, false), csv(&sheet).unwrap()] {
        for needed in [
            "meta-llama/Llama-3.1-8B-Instruct",
            "0123456789ab",
            "vLLM",
            "BF16",
            "RTX 4090",
            "2026-11-29",
            env!("CARGO_PKG_VERSION"),
        ] {
            assert!(form.contains(needed), "{needed} in {form}");
        }
        assert!(
            form.replace("&amp;", "&")
                .contains("https://weighbridge.example/?m=x&hw=y")
        );
    }
}

/// What a spreadsheet needs: one rectangle, bare numbers, each with a base unit or none, and both ends of what is uncertain.
#[test]
fn csv_is_for_spreadsheets() {
    let known = [
        "",
        "bytes",
        "tokens",
        "tokens/s",
        "s",
        "USD",
        "FLOP",
        "FLOP/byte",
        "share",
        "parameters",
        "sequences",
        "devices",
    ];
    for (model, query) in [
        ("meta-llama/Llama-3.1-8B-Instruct", "hw=rtx-4090&p=8192&g=512"),
        ("deepseek-ai/DeepSeek-R1", "hw=h200-sxm&n=8&mode=serve&b=64"),
        ("meta-llama/Llama-3.1-8B-Instruct", "hw=h100-sxm&n=8&mode=finetune"),
        ("Qwen/Qwen3-32B", "hw=rtx-4090"),
        ("Qwen/Qwen3-32B", ""),
    ] {
        let analysis = support::engine::weigh(model, query);
        let occasion = Occasion {
            name: model,
            link: "https://weighbridge.example/?m=x",
            date: "2026-11-29",
            ..Occasion::default()
        };
        let sheet = AnswerSheet::of(&analysis, &ModelFacts::default(), &occasion, UnitSystem::Gib);
        let text = csv(&sheet).unwrap();
        // A reader that is not flexible refuses rows of unlike length.
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let heads = reader.headers().unwrap().clone();
        assert_eq!(
            heads.iter().collect::<Vec<_>>(),
            ["group", "figure", "value", "unit", "low", "high"]
        );
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        for row in &rows {
            let [group, figure, value, unit, low, high] = [0, 1, 2, 3, 4, 5].map(|at| &row[at]);
            let asked = group == "question";
            assert!(asked || group == "run" || known.contains(&unit), "{row:?}");
            if !unit.is_empty() {
                let number: f64 = value.parse().unwrap_or_else(|_| panic!("{row:?}"));
                if !low.is_empty() {
                    let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
                    assert!(low <= number && number <= high, "{row:?}");
                }
            }
            assert!(!figure.is_empty(), "{row:?}");
        }
        let of = |group: &str, figure: &str| {
            let found = rows.iter().find(|row| &row[0] == group && &row[1] == figure);
            found.map(|row| row[2].to_owned()).unwrap_or_default()
        };
        // The parts are the whole, to the byte.
        let total: u64 = of("memory", "Total").parse().unwrap();
        assert_eq!(total, analysis.held().total_bytes, "{model}");
        let parts: u64 = analysis
            .held()
            .parts()
            .into_iter()
            .map(|(_, name, _)| of("memory", name).parse::<u64>().unwrap())
            .sum();
        assert_eq!(parts, total, "{model}");
        let parameters: u64 = of("parameters", "Total").parse().unwrap();
        assert_eq!(parameters, analysis.parameters.total.0);
        assert_eq!(of("question", "Link"), "https://weighbridge.example/?m=x");
    }
}

/// What was asked reads as everything else does: names for choices, thousands set apart.
#[test]
fn what_was_asked_is_in_words() {
    let sheet = sheet("meta-llama/Llama-3.1-8B-Instruct", "rtx-4090", "Llama 3.1 8B Instruct");
    for wanted in [
        ("Mode", "Decode"),
        ("Prompt tokens", "8,192"),
        ("Hardware", "one RTX 4090, 24.0 GiB"),
    ] {
        let found = sheet.asked.iter().find(|(name, _)| *name == wanted.0);
        assert_eq!(found.map(|(_, value)| value.as_str()), Some(wanted.1));
    }
    assert_eq!(sheet.sources[0], "Model: built in.");
}

/// A name from a file is text, whatever it says.
#[test]
fn names_are_text() {
    let sheet = sheet(
        "Qwen/Qwen3-32B",
        "rtx-4090",
        "<img src=x onerror=alert(1)> & \"*_`|\u{1b}[2J",
    );
    assert!(!markdown(&sheet, true, true).contains("**<img"));
    assert!(!csv(&sheet).unwrap().contains('\u{1b}'));
}

/// What does not fit has its missing part on picture and page.
#[test]
fn what_does_not_fit_is_drawn_beyond() {
    let sheet = sheet("Qwen/Qwen3-32B", "rtx-4090", "Qwen3 32B");
    assert!(sheet.scale.pieces.iter().any(|piece| piece.mute));
}
