use proptest::prelude::*;

use super::*;
use crate::chart::recorder::{Recorder, Shape};
use crate::chart::{Chart as _, Theme};
use crate::model::Blueprint;
use crate::scenario::Scenario;

fn example(hardware: Option<&str>) -> GrowthChart {
    let blueprint = Blueprint::from_value(
        crate::model::catalogue::find("meta-llama/Llama-3.1-8B-Instruct")
            .unwrap()
            .config
            .clone(),
    )
    .map(std::sync::Arc::new)
    .unwrap();
    let scenario = Scenario::example().with(|s| {
        s.hardware.device = hardware.map(str::to_owned);
    });
    let analysis = crate::analysis::analyse(&blueprint, &scenario).unwrap();
    GrowthChart::of(&analysis, Over::Context, 120, UnitSystem::Gib).unwrap()
}

#[test]
fn says_what_it_shows_at_every_width() {
    let chart = example(Some("rtx-4090"));
    for (width, height) in [(328, 260), (480, 318), (1000, 318)] {
        for scale in [1.0, 2.0, 1.25] {
            let recorder = Recorder::new((f64::from(width) * scale) as u32, (f64::from(height) * scale) as u32);
            chart.draw(recorder.clone(), Theme::Light, scale, None).unwrap();
            recorder.check();
            let texts = recorder.texts();
            for wanted in ["MLP", "KV cache", "GiB", "128k"] {
                assert!(
                    texts.iter().any(|text| text == wanted),
                    "{width}: no {wanted} in {texts:?}"
                );
            }
            for wanted in ["RTX 4090: ", "full at ", "now "] {
                assert!(
                    texts.iter().any(|text| text.starts_with(wanted)),
                    "{width}: no {wanted} in {texts:?}"
                );
            }
            let areas = recorder
                .shapes()
                .into_iter()
                .filter(|shape| *shape == Shape::Area)
                .count();
            assert_eq!(areas, chart.bands.len() + 1, "one for each band, one over capacity");
        }
    }
}

#[test]
fn a_run_of_training_is_counted_at_its_fullest_moment() {
    let blueprint = Blueprint::from_value(
        crate::model::catalogue::find("meta-llama/Llama-3.1-8B-Instruct")
            .unwrap()
            .config
            .clone(),
    )
    .map(std::sync::Arc::new)
    .unwrap();
    let (scenario, errors) = crate::scenario::from_query("mode=finetune&p=4096&hw=rtx-4090&lr=16&bw=nf4");
    assert_eq!(errors, []);
    let analysis = crate::analysis::analyse(&blueprint, &scenario).unwrap();
    let chart = GrowthChart::of(&analysis, Over::Context, 120, UnitSystem::Gib).unwrap();
    let (now, total) = chart.now.unwrap();
    assert_eq!((now, total), (4096, analysis.held().total_bytes));
    // The curve passes through what the answer says.
    let after = chart.places.iter().position(|&place| place >= now).unwrap();
    assert!(
        chart.total(after - 1) <= total && total <= chart.total(after),
        "{} {total} {}",
        chart.total(after - 1),
        chart.total(after)
    );
    assert!(chart.table().columns.iter().all(|column| column.name != "KV cache"));
}

#[test]
fn a_device_with_room_to_spare_is_told_in_words() {
    let recorder = Recorder::new(480, 318);
    example(Some("h200-sxm"))
        .draw(recorder.clone(), Theme::Dark, 1.0, None)
        .unwrap();
    recorder.check();
    assert_eq!(example(None).capacity, None);
}

#[test]
fn the_range_shows_what_matters() {
    assert_eq!(range(8704, Some(131_072), Some(61_120), [8192, 131_072]), 131_072);
    assert_eq!(range(8704, Some(10_485_760), Some(20_000), [8192, 131_072]), 65_536);
    assert_eq!(range(200_000, Some(131_072), None, [8192, 131_072]), 200_000);
    assert_eq!(range(0, None, Some(0), [8192, 131_072]), 131_072);
    assert_eq!(range(u64::MAX, None, None, [8192, 131_072]), u64::MAX);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn never_fails_and_never_leaves_the_frame(
        tokens in proptest::collection::vec(any::<u64>(), 0..6),
        bytes in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..6), 0..6),
        capacity in proptest::option::of(any::<u64>()),
        crossing in proptest::option::of(any::<u64>()),
        now in proptest::option::of((any::<u64>(), any::<u64>())),
        size in (0_u32..1400, 0_u32..700),
        scale in prop_oneof![Just(0.0), Just(f64::NAN), 0.5_f64..4.0],
    ) {
        let mut places = tokens;
        places.sort_unstable();
        let bands = bytes.into_iter().map(|bytes| Band { key: "mlp", label: "MLP", bytes }).collect();
        let capacity = capacity.map(|bytes| Capacity { name: "Device".to_owned(), bytes });
        let chart = GrowthChart { over: Over::Context, places, bands, capacity, crossing, crossing_is_models: false, now, units: UnitSystem::Gib };
        let recorder = Recorder::new(size.0, size.1);
        chart.draw(recorder.clone(), Theme::Light, scale, None).unwrap();
        recorder.check();
    }
}
