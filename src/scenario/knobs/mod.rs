//! Every knob, once, by the card it stands on.

mod assumptions;
mod hardware;
mod precision;
mod read;
mod serving;
mod workload;

use std::sync::LazyLock;

use super::choices::Mode;
use super::knob::{Group, Knob, KnobError, KnobKind, OptionRow, Word};
use super::knob_id::KnobId;
use crate::model::quantisation;

/// Largest batch and token count: beyond any machine, far from overflow.
const MOST_TOKENS: u64 = 100_000_000;
/// Most sequences at once.
const MOST_BATCH: u64 = 1_000_000;
/// Modes that answer requests.
const SERVING: &[Mode] = &[Mode::Decode, Mode::Prefill, Mode::Serve];
/// The word for "as the engine or the data say".
const AUTO: &[Word] = &[Word {
    key: "auto",
    label: "Automatic",
}];
/// Most devices at once.
const MOST_DEVICES: u64 = 100_000;

/// A menu of a choice's variants.
macro_rules! rows {
    ($choice:ty) => {
        || {
            <$choice>::iter()
                .map(|one| OptionRow {
                    key: one.key(),
                    label: one.label().to_owned(),
                    help: one.help().to_owned(),
                })
                .collect()
        }
    };
}
use rows;

/// Every knob, in the order of page and help.
pub static KNOBS: LazyLock<Vec<Knob>> = LazyLock::new(|| {
    [
        workload::KNOBS,
        precision::KNOBS,
        hardware::KNOBS,
        serving::KNOBS,
        assumptions::KNOBS,
    ]
    .concat()
});

pub use hardware::MOST_BESIDE;

/// The key of a weight format, as it lives in a scenario.
pub fn weight_key(id: &str) -> Option<&'static str> {
    quantisation::choice(id).map(|one| quantisation::intern(&one.format.id))
}

#[cfg(test)]
mod tests {
    use super::read::bytes;
    use super::*;
    use crate::scenario::Scenario;

    #[test]
    fn every_format_of_the_menu_has_its_key() {
        let mut seen = std::collections::BTreeSet::new();
        for one in quantisation::CHOICES.iter() {
            assert_eq!(weight_key(&one.format.id), Some(one.format.id.as_ref()));
            assert!(seen.insert(one.format.id.clone()), "{} is there twice", one.format.id);
        }
    }

    #[test]
    fn devices_side_by_side_survive_their_commas() {
        let knob = KNOBS.iter().find(|knob| knob.key == "also").unwrap();
        let mut scenario = Scenario::default();
        let text = "custom:memory=24,bandwidth=900,fp16=80,rtx-4090,custom:memory=8,bandwidth=100,rtx-4090";
        (knob.set)(&mut scenario, text).unwrap();
        assert_eq!(
            scenario.also,
            [
                "custom:memory=24,bandwidth=900,fp16=80",
                "rtx-4090",
                "custom:memory=8,bandwidth=100"
            ]
        );
        let mut again = Scenario::default();
        (knob.set)(&mut again, &(knob.get)(&scenario)).unwrap();
        assert_eq!(again, scenario);
        assert!((knob.set)(&mut again, "rtx-4090,abacus").is_err());
        (knob.set)(&mut again, "none").unwrap();
        assert!(again.also.is_empty());
    }

    #[test]
    fn keys_and_flags_are_unique_and_defaults_round_trip() {
        assert_eq!(KNOBS.len(), <KnobId as strum::IntoEnumIterator>::iter().count());
        for (at, knob) in KNOBS.iter().enumerate() {
            assert!(
                KNOBS
                    .iter()
                    .skip(at + 1)
                    .all(|other| other.key != knob.key && other.flag != knob.flag),
                "{}",
                knob.key
            );
            let mut scenario = Scenario::default();
            (knob.set)(&mut scenario, &(knob.get)(&Scenario::default())).unwrap();
            assert_eq!(scenario, Scenario::default(), "{}", knob.key);
            assert_eq!(<&str>::from(knob.id), knob.flag);
            assert_eq!(knob.id.knob().map(|found| found.key), Some(knob.key));
        }
    }

    #[test]
    fn sizes_as_people_write_them() {
        for (text, value) in [
            ("512MiB", 512 << 20),
            ("1 GiB", 1 << 30),
            ("2gb", 2_000_000_000),
            ("77", 77),
            ("0.5GiB", 1 << 29),
        ] {
            assert_eq!(bytes("x", text, 1 << 40), Ok(value), "{text}");
        }
        assert!(bytes("x", "-3GB", 1 << 40).is_err());
        assert!(bytes("x", "NaN", 1 << 40).is_err());
        assert!(bytes("x", "5 parsecs", 1 << 40).is_err());
    }
}
