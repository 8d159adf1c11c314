use proptest::prelude::*;

use std::sync::Arc;

use super::*;
use crate::chart::recorder::{Recorder, Shape};
use crate::chart::{Chart as _, Theme};
use crate::model::Blueprint;
use crate::scenario::Mode;
use crate::scenario::Scenario;

fn example(id: &str, scenario: &Scenario) -> MemoryChart {
    let blueprint = Blueprint::from_value(crate::model::catalogue::find(id).unwrap().config.clone()).unwrap();
    let setup = Setup::new(&Arc::new(blueprint), scenario).unwrap();
    let formats = FormatComparison::of(&setup, &FormatComparison::default()).unwrap();
    MemoryChart::of(&setup, &formats, UnitSystem::Gib).unwrap()
}

#[test]
fn one_bar_for_each_format_and_the_largest_first() {
    let chart = example("meta-llama/Llama-3.1-8B-Instruct", &Scenario::example());
    let labels: Vec<_> = chart.rows.iter().map(|row| row.label.as_str()).collect();
    assert_eq!(
        labels,
        ["BF16 (as published)", "FP8", "bitsandbytes NF4", "INT4 (groups of 128)"]
    );
    assert!(
        chart.rows.is_sorted_by(|one, next| one.total() >= next.total()),
        "{labels:?}"
    );
    assert_eq!(chart.rows.iter().filter(|row| row.now).count(), 1);
    for (width, height) in [(328, 260), (480, 318), (1000, 318)] {
        let recorder = Recorder::new(width * 2, height * 2);
        chart.draw(recorder.clone(), Theme::Light, 2.0, None).unwrap();
        recorder.check();
        let texts = recorder.texts();
        for row in &chart.rows {
            assert!(
                texts.iter().any(|text| text.starts_with(&row.label)),
                "{width}: no {} in {texts:?}",
                row.label
            );
        }
        assert!(texts.iter().any(|text| text.starts_with("RTX 4090: ")), "{texts:?}");
        assert!(texts.iter().any(|text| text == "MLP"), "{texts:?}");
    }
}

#[test]
fn training_compares_what_is_computed_again() {
    let scenario = Scenario::example().with(|s| {
        s.workload.mode = Mode::Pretrain;
        s.workload.generate = None;
    });
    let chart = example("meta-llama/Llama-3.1-8B-Instruct", &scenario);
    let labels: Vec<_> = chart.rows.iter().map(|row| row.label.as_str()).collect();
    // Flash keeps no scores that could be computed again: the default, Selective, is keeping everything.
    assert_eq!(labels, ["keep everything", "recompute layers"]);
    assert!(chart.rows[0].now);
    let eager = scenario.with(|s| s.assumptions.attention = crate::scenario::AttentionKernel::Eager);
    let chart = example("meta-llama/Llama-3.1-8B-Instruct", &eager);
    assert!(
        chart
            .rows
            .iter()
            .any(|row| row.label == "recompute attention" && row.now)
    );
}

/// What lies in RAM runs: that is no "too much". And where nothing of the engine's has room, a format stands there that does.
#[test]
fn what_lies_in_ram_is_said_so_and_a_format_that_fits_is_there() {
    let scenario = Scenario::example().with(|s| s.hardware.device = Some("rtx-3060-12gb".to_owned()));
    let chart = example("Qwen/Qwen3-32B", &scenario);
    let now = chart.rows.iter().find(|row| row.now).unwrap();
    let carried = chart.capacity.as_ref().unwrap().bytes;
    assert!(now.spills() && now.total() > carried);
    // No format that fits whole there is bearable, so it is what most repositories offer, with a part in RAM.
    assert!(
        chart
            .rows
            .iter()
            .any(|row| row.label == "Q4_K_M with llama.cpp" && row.spills())
    );
    // On a larger one a format fits whole that another engine loads.
    let larger = example("Qwen/Qwen3-32B", &Scenario::example());
    let room = larger.capacity.as_ref().unwrap().bytes;
    let fitting: Vec<_> = larger.rows.iter().filter(|row| !row.is_over(room)).collect();
    assert!(
        matches!(&*fitting, [one] if one.label.contains(" with ")),
        "{fitting:?}"
    );
    let recorder = Recorder::new(560, 360);
    chart.draw(recorder.clone(), Theme::Light, 1.0, None).unwrap();
    recorder.check();
    let texts = recorder.texts();
    assert!(texts.iter().any(|text| text.ends_with(" in RAM")), "{texts:?}");
    assert!(!texts.iter().any(|text| text.ends_with("too much")), "{texts:?}");
}

#[test]
fn what_is_too_much_is_hatched_and_said() {
    let scenario = Scenario::example().with(|s| {
        s.hardware.device = Some("rtx-4090".to_owned());
        s.workload.prompt = 200_000;
        s.hardware.offload = crate::scenario::Offload::None;
    });
    let chart = example("meta-llama/Llama-3.1-8B-Instruct", &scenario);
    let recorder = Recorder::new(480, 318);
    chart.draw(recorder.clone(), Theme::Dark, 1.0, None).unwrap();
    recorder.check();
    assert!(recorder.texts().iter().any(|text| text.ends_with("too much")));
    assert!(recorder.shapes().contains(&Shape::Area));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn never_fails_and_never_leaves_the_frame(
        rows in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..5), 0..9),
        capacity in proptest::option::of(any::<u64>()),
        size in (0_u32..1400, 0_u32..700),
        scale in 0.5_f64..4.0,
    ) {
        let row = |parts: Vec<u64>| MemoryRow {
            label: "A format".to_owned(),
            parts: parts.into_iter().map(|bytes| ("mlp", "MLP", bytes)).collect(),
            now: false,
            verdict: None,
        };
        let capacity = capacity.map(|bytes| Capacity { name: "Device".to_owned(), bytes });
        let chart = MemoryChart { rows: rows.into_iter().map(row).collect(), training: false, capacity, units: UnitSystem::Gb };
        let recorder = Recorder::new(size.0, size.1);
        chart.draw(recorder.clone(), Theme::Light, scale, None).unwrap();
        recorder.check();
    }
}
