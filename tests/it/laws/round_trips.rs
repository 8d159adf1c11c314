//! A link and a command line made from a scenario give the same scenario back.

use proptest::prelude::*;
use serde_json::{Value, json};
use weighbridge::scenario::{
    KNOBS, KnobKind, LinkError, MOST_CASES, ModelSource, Scenario, cases_from_query, cases_to_query, from_query, link,
    link_without_config, to_query,
};

use super::{any_setting, cases};

/// Any value that a key of a config may be given.
fn any_json() -> impl Strategy<Value = Value> {
    let plain = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        // More digits than a number has.
        "[1-9][0-9]{15,40}(\\.[0-9]{1,40})?".prop_map(|text| serde_json::from_str(&text).unwrap()),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    prop_oneof![plain.clone(), prop::collection::vec(plain, 0..4).prop_map(Value::from)]
}

/// Of two values the last holds, in whatever order they stand; a small rate is no zero.
#[test]
fn links_that_came_back_otherwise() {
    let (one, errors) = from_query("b=64&b=max&mode=serve");
    assert_eq!(errors, []);
    assert_eq!(
        (one.workload.batch, one.workload.endless, to_query(&one).as_str()),
        (1, true, "mode=serve&b=max")
    );
    let (one, errors) = from_query("hw=custom:memory=24,bandwidth=900,fp16=0.0000001");
    assert_eq!(errors, []);
    assert_eq!(
        one.hardware.device.as_deref(),
        Some("custom:memory=24,bandwidth=900,fp16=0.0000001")
    );
    let (one, _) = from_query("edit=%7B%22rope_theta%22:1234567.12345678912345678912345%7D");
    assert_eq!(from_query(&to_query(&one)).0, one);
    assert_eq!(one.model.edits["rope_theta"], json!(1_234_567.123_456_789_1));
}

/// A comparison reads as one, refuses too many, and keeps what it can of a config that all together have no room for.
#[test]
fn comparisons_in_a_link() {
    let two = "compare=m=Qwen/Qwen3-32B%26hw=rtx-4090&compare=m=openai/gpt-oss-20b%26w=bf16";
    let all: Vec<Scenario> = cases_from_query(two)
        .unwrap()
        .unwrap()
        .into_iter()
        .map(|(one, _)| one)
        .collect();
    assert_eq!(all[0].hardware.device.as_deref(), Some("rtx-4090"));
    assert_eq!(all[1].precision.weights, Some("bf16"));
    assert_eq!(cases_to_query(&all), two);
    // Any other link is none of several.
    assert_eq!(cases_from_query("m=Qwen/Qwen3-32B&hw=rtx-4090"), None);
    assert_eq!(cases_from_query("comparex=1"), None);
    assert_eq!(
        cases_from_query("compare"),
        Some(Ok(vec![(Scenario::default(), Vec::new())]))
    );
    // What is wrong in one is told beside it.
    let wrong = cases_from_query("compare=b=many&compare=").unwrap().unwrap();
    assert_eq!((wrong[0].1.len(), wrong[1].1.len()), (1, 0));
    let many = vec!["compare="; MOST_CASES + 1].join("&");
    assert_eq!(cases_from_query(&many), Some(Err(LinkError::TooManyCases)));
    assert_eq!(
        cases_from_query(&format!("compare={}", "p".repeat(200_000))),
        Some(Err(LinkError::TooLong))
    );
    let long = Scenario::default().with(|s| {
        s.model.source = ModelSource::Config(Box::new(json!({"x": "y".repeat(150_000)})));
        s.workload.prompt = 777;
    });
    assert_eq!(cases_to_query(&[long.clone(), long]), "compare=p=777&compare=p=777");
}

/// A config that no link carries is not written into one that cannot be read: it is said, and the rest is kept.
#[test]
fn a_config_too_long_for_a_link_is_said() {
    let long = json!({"model_type": "llama", "x": "y".repeat(200_000)});
    let scenario = Scenario::default().with(|s| {
        s.model.source = ModelSource::Config(Box::new(long));
        s.workload.prompt = 777;
    });
    let error = link(&scenario).unwrap_err();
    assert!(
        matches!(error, LinkError::ConfigTooLong { bytes: 200_062 }),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "The config is too long for a link: with it the link would have 200062 bytes, and no more than 200000 are read. Keep the config.json and open it beside the link, which holds everything else."
    );
    assert_eq!(link_without_config(&scenario), "p=777");
    assert_eq!(from_query(&"p".repeat(200_001)).1, [LinkError::TooLong]);
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn links_round_trip(scenario in any_setting(), id in "[a-zA-Z0-9._-]{1,20}/[a-zA-Z0-9._&=+ %-]{1,20}", layers in 1u64..100) {
        let mut scenario = scenario;
        scenario.model.source = ModelSource::Id(id);
        scenario.model.edits.insert("num_hidden_layers".to_owned(), json!(layers));
        let (back, errors) = from_query(&to_query(&scenario));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(back, scenario);
    }

    #[test]
    fn configs_survive_the_link(scenario in any_setting(), key in "\\PC{0,20}", text in "\\PC{0,20}", number in any::<u64>()) {
        let scenario = scenario.with(|s| { s.model.source = ModelSource::Config(Box::new(json!({key: text, "hidden_size": number}))); });
        let (back, errors) = from_query(&to_query(&scenario));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(back, scenario);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn command_lines_round_trip(scenario in any_setting(), layers in 1u64..100) {
        let mut scenario = scenario;
        scenario.model.edits.insert("num_hidden_layers".to_owned(), json!(layers));
        let mut words = vec!["weighbridge".to_owned(), "estimate".to_owned(), "owner/name".to_owned()];
        for knob in KNOBS.iter() {
            words.push(format!("--{}={}", knob.flag, (knob.get)(&scenario)));
        }
        words.push(format!("--edit=num_hidden_layers={layers}"));
        prop_assert_eq!(weighbridge::cli::scenario_of(&words), Ok(scenario));
    }

    #[test]
    fn every_number_survives_the_link(part in 0.0f64..1.0) {
        let mut scenario = Scenario::default();
        for knob in KNOBS.iter() {
            // Somewhere in its range, and once each of its words.
            let number = |least: f64, most: f64| ((most - least).mul_add(part, least)).floor();
            let (value, words) = match knob.kind {
                KnobKind::Whole { least, most, .. } => (number(least as f64, most as f64).to_string(), &[][..]),
                KnobKind::WholeOr { least, most, words, .. } => (number(least as f64, most as f64).to_string(), words),
                KnobKind::Bytes { most, .. } => (number(0.0, most as f64).to_string(), &[][..]),
                KnobKind::BytesOr { most, words, .. } => (number(0.0, most as f64).to_string(), words),
                KnobKind::RealOr { most, words, .. } => ((most * part).to_string(), words),
                KnobKind::Choice(_)
                | KnobKind::Device
                | KnobKind::Devices
                | KnobKind::Shares
                | KnobKind::Pixels { .. }
                | KnobKind::Host => continue,
            };
            for text in words.iter().map(|word| word.key).chain([value.as_str()]) {
                (knob.set)(&mut scenario, text).unwrap();
                prop_assert_eq!((knob.get)(&scenario), text, "{}", knob.flag);
                prop_assert_eq!(&from_query(&to_query(&scenario)).0, &scenario, "{}", knob.flag);
            }
        }
    }

    /// Any clicks after one another, each taken or refused, and what is then in the address comes back.
    #[test]
    fn whatever_the_page_can_reach_survives_the_link(
        clicks in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), any::<u64>()), 0..60),
        edits in prop::collection::btree_map("[a-z_]{1,12}", any_json(), 0..4),
        custom in proptest::option::of((1e-9f64..1e6, 1e-9f64..1e6, 1e-12f64..1e7, 1e-9f64..1e4)),
    ) {
        let mut scenario = Scenario::default();
        for (knob, turn, number) in clicks {
            let knob = knob.get(&KNOBS);
            let words = match knob.kind {
                KnobKind::WholeOr { words, .. } | KnobKind::BytesOr { words, .. } | KnobKind::RealOr { words, .. } => words,
                _ => &[][..],
            };
            let text = match words.get(usize::from(turn % 8)) {
                Some(word) => word.key.to_owned(),
                None if knob.key == "b" && turn.is_multiple_of(5) => "max".to_owned(),
                None => super::value(knob, turn | 128, number).unwrap_or_default(),
            };
            let _ = (knob.set)(&mut scenario, &text);
        }
        if let Some((memory, bandwidth, rate, price)) = custom {
            let text = format!("custom:memory={memory:e},bandwidth={bandwidth:e},fp16={rate:e},fp8={rate},price={price}");
            if let Ok(device) = weighbridge::hardware::resolve(&text) {
                prop_assert_eq!(&*weighbridge::hardware::resolve(&device.id).unwrap(), &*device);
                let knob = KNOBS.iter().find(|knob| knob.key == "hw").unwrap();
                (knob.set)(&mut scenario, &device.id).unwrap();
            }
        }
        scenario.model.edits = edits;
        let (back, errors) = from_query(&to_query(&scenario));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(back, scenario);
    }

    #[test]
    fn any_query_is_read(query in ".{0,200}") {
        let (scenario, _) = from_query(&query);
        let _ = to_query(&scenario);
        let _ = cases_from_query(&query);
        let _ = cases_from_query(&format!("compare={query}&compare=%{query}&compare"));
    }

    /// A whole comparison survives its link, whatever the ids and edits hold.
    #[test]
    fn comparisons_round_trip(
        settings in prop::collection::vec((any_setting(), "[a-zA-Z0-9._&=+ %#?/-]{0,30}", "\\PC{0,12}"), 1..=MOST_CASES),
    ) {
        let all: Vec<Scenario> = settings
            .into_iter()
            .map(|(scenario, id, text)| scenario.with(|s| {
                s.model.source = ModelSource::Id(id);
                s.model.edits.insert(text.clone(), json!(text));
            }))
            .collect();
        let query = cases_to_query(&all);
        let back = cases_from_query(&query).unwrap().unwrap();
        prop_assert!(back.iter().all(|(_, errors)| errors.is_empty()));
        let back: Vec<Scenario> = back.into_iter().map(|(scenario, _)| scenario).collect();
        prop_assert_eq!(back, all, "{}", query);
    }
}
