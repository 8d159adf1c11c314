//! Every knob, once, by the card it stands on.

mod assumptions;
mod device_names;
mod format_names;
mod hardware;
mod precision;
mod read;
mod serving;
mod training;
mod workload;

use std::sync::LazyLock;

use super::choices::Mode;
use super::knob::{Group, Knob, KnobError, KnobKind, OptionRow, Word};
use super::knob_id::KnobId;
use crate::model::quantisation;
use crate::scenario::Scenario;
use crate::units::{counted, grouped};

/// Largest batch and token count: beyond any machine, far from overflow.
const MOST_TOKENS: u64 = 100_000_000;
/// Most sequences at once.
const MOST_BATCH: u64 = 1_000_000;
/// Modes that answer requests.
const SERVING: &[Mode] = &[Mode::Decode, Mode::Prefill, Mode::Serve];
/// Modes that train.
const TRAINING: &[Mode] = &[Mode::Pretrain, Mode::Finetune];
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
        training::KNOBS,
    ]
    .concat()
});

pub use device_names::MOST_BESIDE;

/// Sets the context as such: prompt and answer together. The answer keeps its length, the prompt is what is left.
///
/// # Errors
/// No number of tokens, or too few for the answer.
pub fn set_context(scenario: &mut Scenario, text: &str) -> Result<(), KnobError> {
    let context = read::tokens("Context", text, 1, MOST_TOKENS)?;
    let generated = scenario.generated();
    if context <= generated {
        return Err(KnobError::Refused(format!(
            "Context is {}; it must be more than the {} that are generated, since it holds prompt and answer.",
            grouped(context),
            counted(generated, "token")
        )));
    }
    scenario.workload.prompt = context.saturating_sub(generated);
    Ok(())
}

/// The key of a weight format, as it lives in a scenario.
pub fn weight_key(id: &str) -> Option<&'static str> {
    quantisation::choice(id).map(|one| quantisation::intern(&one.format.id))
}

#[cfg(test)]
mod tests {
    use super::read::bytes;
    use super::*;

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
            scenario.hardware.beside,
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
        assert!(again.hardware.beside.is_empty());
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
            ("64 GiB", 64 << 30),
            ("64G", 64_000_000_000),
            ("64Gi", 64 << 30),
            ("1e9", 1_000_000_000),
            ("1,024", 1024),
        ] {
            assert_eq!(bytes("x", text, 1 << 40), Ok(value), "{text}");
        }
        assert!(bytes("x", "-3GB", 1 << 40).is_err());
        assert!(bytes("x", "NaN", 1 << 40).is_err());
        assert!(bytes("x", "5 parsecs", 1 << 40).is_err());
    }

    #[test]
    fn values_as_people_type_them() {
        for (key, text, value) in [
            ("p", "4k", "4096"),
            ("p", "32K", "32768"),
            ("p", "1m", "1048576"),
            ("p", "1.5k", "1536"),
            ("p", "1,024", "1024"),
            ("p", "1e6", "1000000"),
            ("p", "8192 tokens", "8192"),
            ("b", "1k", "1000"),
            ("mf", "0.9", "90"),
            ("mf", "90", "90"),
            ("mf", "90%", "90"),
            ("mf", "90 %", "90"),
            ("mf", "1.0", "100"),
            ("mf", "1", "1"),
            ("mf", "auto", "auto"),
            ("ramr", "0.2", "20"),
            ("ram", "64GB", "64000000000"),
            ("ram", "64 GiB", "68719476736"),
            ("price", "$2.50", "2.5"),
            ("w", "Q4_K_M", "q4_k_m"),
            ("w", "q4-k-m", "q4_k_m"),
            ("w", "4bit", "int4"),
            ("w", "INT4", "int4"),
            ("w", "8-bit", "int8"),
            ("e", "ollama", "llama.cpp"),
            ("e", "LM Studio", "llama.cpp"),
            ("e", "koboldcpp", "llama.cpp"),
            ("e", "TRT-LLM", "tensorrt-llm"),
            ("hw", "RTX 4090", "rtx-4090"),
            ("hw", "m4 max 64", "apple-m4-max-40c@64"),
        ] {
            let knob = KNOBS.iter().find(|knob| knob.key == key).unwrap();
            let mut scenario = Scenario::default();
            (knob.set)(&mut scenario, text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!((knob.get)(&scenario), value, "{key}={text}");
        }
        let mut server = Scenario::default().with(|s| {
            s.workload.mode = Mode::Serve;
        });
        for (text, value) in [
            ("2 s", "2000"),
            ("500ms", "500"),
            ("500", "500"),
            ("0.5s", "500"),
            ("1 min", "60000"),
        ] {
            let knob = KNOBS.iter().find(|knob| knob.key == "ttft").unwrap();
            (knob.set)(&mut server, text).unwrap();
            assert_eq!((knob.get)(&server), value, "{text}");
        }
        for (key, text, words) in [
            (
                "mf",
                "much",
                "Share of memory used is \"much\"; it must be a share in whole percent, such as 90, 90% or 0.9.",
            ),
            (
                "mf",
                "0.905",
                "Share of memory used is \"0.905\"; it must be a share in whole percent, such as 90, 90% or 0.9.",
            ),
            ("mf", "120", "Share of memory used is 120; it must be 1 to 100 %."),
            (
                "ttft",
                "soon",
                "First token within is \"soon\"; it must be a time such as 500ms or 2 s; a number alone is milliseconds.",
            ),
            ("p", "4x", "Prompt tokens is \"4x\"; it must be a whole number."),
            ("p", "-1", "Prompt tokens is \"-1\"; it must be a whole number."),
            (
                "w",
                "UD-Q4_K_XL",
                "Weights format \"UD-Q4_K_XL\" is a dynamic mix of Unsloth: which tensor is kept in which type differs from model to model, so only the file tells its size. The nearest of a fixed rule is q4_k_m. For the exact bytes give the address of the .gguf file.",
            ),
            (
                "w",
                "q4_k_n",
                "Weights format \"q4_k_n\" is no known format. Did you mean q4_k_m, q4_k_s?",
            ),
            (
                "hw",
                "rtx 4009",
                "Unknown device \"rtx 4009\". Did you mean rtx-4090, rtx-4090-d, rtx-4090-laptop?",
            ),
        ] {
            let knob = KNOBS.iter().find(|knob| knob.key == key).unwrap();
            let error = (knob.set)(&mut Scenario::default(), text).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
    }
}
