//! An answer handed over: text, Markdown, CSV.

use std::sync::Arc;

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
