//! A link and a command line made from a scenario give the same scenario back.

use proptest::prelude::*;
use serde_json::json;
use weighbridge::scenario::{KNOBS, KnobKind, ModelSource, Scenario, from_query, to_query};

use super::{any_setting, cases};

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn links_round_trip(scenario in any_setting(), id in "[a-zA-Z0-9._-]{1,20}/[a-zA-Z0-9._&=+ %-]{1,20}", layers in 1u64..100) {
        let mut scenario = scenario;
        scenario.model = ModelSource::Id(id);
        scenario.edits.insert("num_hidden_layers".to_owned(), json!(layers));
        let (back, errors) = from_query(&to_query(&scenario));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(back, scenario);
    }

    #[test]
    fn configs_survive_the_link(scenario in any_setting(), key in "\\PC{0,20}", text in "\\PC{0,20}", number in any::<u64>()) {
        let scenario = Scenario { model: ModelSource::Config(Box::new(json!({key: text, "hidden_size": number}))), ..scenario };
        let (back, errors) = from_query(&to_query(&scenario));
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(back, scenario);
    }

    #[cfg(feature = "cli")]
    #[test]
    fn command_lines_round_trip(scenario in any_setting(), layers in 1u64..100) {
        let mut scenario = scenario;
        scenario.edits.insert("num_hidden_layers".to_owned(), json!(layers));
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
                KnobKind::Bytes { most } => (number(0.0, most as f64).to_string(), &[][..]),
                KnobKind::BytesOr { most, words } => (number(0.0, most as f64).to_string(), words),
                KnobKind::RealOr { most, words, .. } => ((most * part).to_string(), words),
                KnobKind::Choice(_) | KnobKind::Device | KnobKind::Devices | KnobKind::Node => continue,
            };
            for text in words.iter().map(|word| word.key).chain([value.as_str()]) {
                (knob.set)(&mut scenario, text).unwrap();
                prop_assert_eq!((knob.get)(&scenario), text, "{}", knob.flag);
                prop_assert_eq!(&from_query(&to_query(&scenario)).0, &scenario, "{}", knob.flag);
            }
        }
    }

    #[test]
    fn any_query_is_read(query in ".{0,200}") {
        let (scenario, _) = from_query(&query);
        let _ = to_query(&scenario);
    }
}
