//! Spellings people use × knobs: one reader for links, fields and flags.

use weighbridge::scenario::{KNOBS, KnobKind, Scenario};

/// Key of a knob, what is written, and its value; `!` where it is refused.
const SPELLINGS: &[(&str, &[(&str, &str)])] = &[
    (
        "p",
        &[
            ("4k", "4096"),
            ("32K", "32768"),
            ("1m", "1048576"),
            ("1,024", "1024"),
            ("1 024", "1024"),
            ("1_024", "1024"),
            ("1e4", "10000"),
            ("128k tokens", "131072"),
            ("0.5k", "512"),
            (" 700 ", "700"),
            ("2 s", "!"),
            ("64 GB", "!"),
            ("50%", "!"),
            ("0.3", "!"),
            ("many", "!"),
            ("", "!"),
        ],
    ),
    ("g", &[("2k", "2048"), ("auto", "auto"), ("Auto", "!"), ("0", "0")]),
    (
        "b",
        &[
            ("1k", "1000"),
            ("1,000", "1000"),
            ("1e3", "1000"),
            ("64 users", "64"),
            ("0", "!"),
            ("4.5", "!"),
        ],
    ),
    ("n", &[("8", "8"), ("8 GPUs", "8"), ("8x", "8"), ("8 tokens", "!")]),
    (
        "tp",
        &[("auto", "auto"), ("Automatic", "auto"), ("AUTO", "auto"), ("4", "4")],
    ),
    (
        "ttft",
        &[
            ("2 s", "2000"),
            ("2s", "2000"),
            ("500ms", "500"),
            ("500 ms", "500"),
            ("0.5 s", "500"),
            ("2000", "2000"),
            ("1,500", "1500"),
            ("1 min", "60000"),
            ("none", "none"),
            ("No target", "none"),
            ("2 GB", "!"),
            ("0", "!"),
        ],
    ),
    (
        "ram",
        &[
            ("64 GB", "64000000000"),
            ("64GiB", "68719476736"),
            ("64g", "64000000000"),
            ("64Gi", "68719476736"),
            ("0.5 TB", "500000000000"),
            ("1e9", "1000000000"),
            ("auto", "auto"),
            ("Enough", "auto"),
            ("64 ms", "!"),
        ],
    ),
    (
        "off",
        &[
            ("20", "20"),
            ("20 layers", "20"),
            ("experts:20", "experts:20"),
            ("Nothing", "none"),
            ("What does not fit", "auto"),
            ("half", "!"),
        ],
    ),
    (
        "mf",
        &[
            ("90", "90"),
            ("90%", "90"),
            ("90 %", "90"),
            ("0.9", "90"),
            ("0.5", "50"),
            ("auto", "auto"),
            ("101", "!"),
            ("2 s", "!"),
        ],
    ),
    (
        "price",
        &[
            ("2.50", "2.5"),
            ("$2.50", "2.5"),
            ("$2.50/h", "2.5"),
            ("2.5 $/h", "2.5"),
            ("1,200", "1200"),
            ("auto", "auto"),
            ("2 s", "!"),
            ("NaN", "!"),
        ],
    ),
];

#[test]
fn spellings_are_read() {
    let mut wrong = Vec::new();
    for (key, spellings) in SPELLINGS {
        let knob = KNOBS
            .iter()
            .find(|knob| knob.key == *key)
            .unwrap_or_else(|| panic!("{key}"));
        for (text, value) in *spellings {
            let mut scenario = Scenario::default();
            let read = knob.read(&mut scenario, text);
            let found = read
                .as_ref()
                .map_or_else(|_| "!".to_owned(), |()| (knob.get)(&scenario));
            if found != *value {
                wrong.push(format!("{key} \"{text}\": {value}, not {found}"));
            }
            // A refusal is about the field, in the words of the page.
            if let Err(error) = read {
                let words = error.to_string();
                assert!(
                    !words.contains('`') && !words.contains("--") && !words.contains("custom:"),
                    "{words}"
                );
                if !words.contains(text.trim()) {
                    wrong.push(format!("{words} does not say {text}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A size without a unit is in the field's unit, and what a field shows is read as the same.
#[test]
fn sizes_of_fields() {
    for (key, text, bytes) in [
        ("ram", "64", 64_000_000_000_u64),
        ("ram", "1,024", 1_024_000_000_000),
        ("overhead", "512", 512 << 20),
    ] {
        let knob = KNOBS
            .iter()
            .find(|knob| knob.key == key)
            .unwrap_or_else(|| panic!("{key}"));
        let mut scenario = Scenario::default();
        knob.read_field(&mut scenario, text).unwrap();
        assert_eq!((knob.get)(&scenario), bytes.to_string(), "{key} {text}");
        let shown = weighbridge::units::exact_size(bytes);
        knob.read_field(&mut scenario, &shown).unwrap();
        assert_eq!((knob.get)(&scenario), bytes.to_string(), "{shown}");
    }
    assert_eq!(weighbridge::units::exact_size(64_000_000_000), "64 GB");
    assert_eq!(weighbridge::units::exact_size(64 << 30), "64 GiB");
    assert_eq!(weighbridge::units::exact_size(536_870_913), "536,870,913 B");
    assert_eq!(weighbridge::units::exact_size(0), "0 B");
}

/// Every knob reads back what it shows.
#[test]
fn every_knob_reads_what_it_says() {
    for knob in KNOBS.iter() {
        let mut scenario = Scenario::default();
        let value = (knob.get)(&scenario);
        knob.read(&mut scenario, &value).unwrap();
        assert_eq!(scenario, Scenario::default(), "{}", knob.key);
        for word in knob.words() {
            knob.read(&mut scenario, &word.label.to_uppercase()).unwrap();
            assert_eq!((knob.get)(&scenario), word.key, "{}", knob.key);
        }
        assert!(!matches!(
            knob.kind,
            KnobKind::Bytes { unit: "", .. } | KnobKind::BytesOr { unit: "", .. }
        ));
    }
}
