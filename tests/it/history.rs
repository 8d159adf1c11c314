//! Past calculations: what is kept of an answer, files that are read whatever they hold, search and order.

use proptest::prelude::*;
use serde_json::{Value, json};
use weighbridge::analysis::{Analysis, analyse};
use weighbridge::export::history::{
    Column, FORMAT, Figures, Filter, History, ImportError, Kept, MOST_ROWS, Sort, Verdicts, file, headline, read,
    surplus,
};
use weighbridge::export::{ModelFacts, estimate};
use weighbridge::scenario::{Mode, Scenario};

use crate::support::engine::blueprint;

const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";

fn analysis(scenario: &Scenario) -> Analysis {
    analyse(&blueprint(LLAMA), scenario).unwrap()
}

fn kept(time: u64, scenario: &Scenario) -> Kept {
    Kept::new(time, 7, (LLAMA, "Llama 3.1 8B Instruct"), None, &analysis(scenario))
}

fn example() -> Kept {
    kept(1_700_000_000_000, &Scenario::example())
}

/// Rows that differ in what is sorted by.
fn many(count: u64) -> Vec<Kept> {
    let one = example();
    let row = |at: u64| {
        let mut row = one.clone();
        row.time = at;
        row.id = weighbridge::export::history::key(at, 0);
        row.model_name = format!("Model {}", at % 97);
        row.answer.memory_bytes = at.wrapping_mul(7919) % 100_003;
        row.answer.tokens_per_second = (!at.is_multiple_of(5)).then_some((at % 613) as f64);
        row
    };
    (0..count).map(row).collect()
}

#[test]
fn a_row_holds_the_question_and_the_figures_of_its_answer() {
    let row = example();
    let analysis = analysis(&Scenario::example());
    assert_eq!(row.scenario().unwrap(), Scenario::example());
    assert_eq!(row.answer.memory_bytes, analysis.held().total_bytes);
    assert_eq!(
        row.answer.capacity_bytes,
        analysis.fit.as_ref().map(|fit| fit.capacity_bytes)
    );
    let parts = row.answer.parts;
    assert_eq!(
        parts.weights + parts.cache + parts.activations + parts.overhead,
        row.answer.memory_bytes
    );
    assert_eq!(row.answer.verdict, "fits");
    assert_eq!(row.answer.hardware, "RTX 4090");
    assert_eq!(row.answer.mode_words(), "Decode");
    assert!(row.answer.tokens_per_second.is_some() && row.answer.first_token_seconds.is_some());
    assert_eq!(Kept::read(&row.write()).unwrap(), row);
}

/// What does not run has no speed, whatever its pass would take.
#[test]
fn what_does_not_run_has_no_speed_and_no_price() {
    let row = kept(
        0,
        &Scenario::example().with(|s| {
            s.workload.prompt = 131_072;
            s.workload.batch = 64;
        }),
    );
    assert_eq!(row.answer.verdict, "does_not_fit");
    assert_eq!(row.answer.tokens_per_second, None);
    assert_eq!(row.answer.usd_per_million_tokens, None);
    assert_eq!(row.answer.mode_words(), "Decode, 64");
}

#[test]
fn a_file_comes_back_as_it_was() {
    let mut named = example();
    named.name = "Laptop <candidate>".to_owned();
    named.note = "line\nbreak".to_owned();
    named.pinned = true;
    let mut old = named.answer.clone();
    old.memory_bytes += 1 << 30;
    named.before = Some(Box::new(old));
    let rows = vec![named, example()];
    let import = read(&file(rows.iter()), 0).unwrap();
    assert_eq!(import.rows, rows);
    assert_eq!(import.faults, []);
    assert_eq!(import.version.as_deref(), Some(weighbridge::export::VERSION));
    // The second has the key of the first: one of them is new.
    let beside = import.beside(&[]);
    assert_eq!((beside.new.len(), beside.known), (1, 1));
    let beside = import.beside(&rows);
    assert_eq!((beside.new.len(), beside.known, beside.marked), (0, 2, Vec::new()));
}

/// What is here already gets the pin, the name and the note that the file has; what it has itself stays.
#[test]
fn pins_of_a_file_are_taken_over() {
    let mut pinned = example();
    (pinned.pinned, pinned.name, pinned.note) = (true, "Theirs".to_owned(), "Theirs".to_owned());
    let import = read(&file([pinned.clone()].iter()), 0).unwrap();
    let mut mine = example();
    mine.name = "Mine".to_owned();
    let beside = import.beside(std::slice::from_ref(&mine));
    assert_eq!((beside.new.len(), beside.known, beside.marked.len()), (0, 1, 1));
    let marked = &beside.marked[0];
    assert_eq!(
        (&marked.id, &*marked.name, &*marked.note, marked.pinned),
        (&mine.id, "Mine", "Theirs", true)
    );
    // Nothing is unpinned.
    let import = read(&file([mine].iter()), 0).unwrap();
    assert_eq!(import.beside(&[pinned]).marked, Vec::new());
}

/// One answer, a list, and one a line: each becomes the row that the page would keep.
#[test]
fn the_command_lines_json_becomes_rows() {
    let facts = ModelFacts {
        id: LLAMA.to_owned(),
        source: "catalogue".to_owned(),
    };
    let serve = Scenario::example().with(|s| {
        s.workload.mode = Mode::Serve;
        s.workload.batch = 8;
        s.hardware.device = Some("h100-sxm".to_owned());
        s.hardware.devices = 2;
    });
    let offload = Scenario::example().with(|s| s.hardware.device = Some("rtx-3060-12gb".to_owned()));
    assert_eq!(kept(0, &offload).answer.verdict, "offload");
    for scenario in [Scenario::example(), serve, offload] {
        let answer = estimate(&facts, &analysis(&scenario));
        let page = kept(5, &scenario);
        let text = [
            answer.to_string(),
            json!([answer, answer]).to_string(),
            format!("{answer}\n{answer}\n"),
        ];
        for (text, rows) in text.iter().zip([1, 2, 2]) {
            let import = read(text, 5).unwrap();
            assert_eq!(import.faults, []);
            assert_eq!(import.rows.len(), rows);
            let row = import.rows.first().unwrap();
            assert_eq!(row.scenario(), page.scenario());
            assert_eq!((&row.model, &row.model_name), (&page.model, &page.model_name));
            assert!(
                row.answer.same_figures(&page.answer),
                "{:?} {:?}",
                row.answer,
                page.answer
            );
            assert_eq!(row.answer.hardware, page.answer.hardware);
            assert_eq!(row.answer.format, page.answer.format);
            assert_eq!(row.answer.parts, page.answer.parts);
            // Two alike in one file were two calculations; what is here already is not taken again.
            assert_eq!(import.beside(&[]).new.len(), rows);
            assert_eq!(import.beside(std::slice::from_ref(row)).new.len(), 0);
        }
    }
}

#[test]
fn what_is_no_answer_is_told_row_by_row() {
    let facts = ModelFacts {
        id: LLAMA.to_owned(),
        source: "catalogue".to_owned(),
    };
    let good = estimate(&facts, &analysis(&Scenario::example()));
    let fit = json!({"hardware": "rtx-4090", "format": "fp8", "verdict": "fits", "needed_bytes": 1});
    let failed = json!({"error": {"code": "unknown_device", "message": "No such device."}});
    let import = read(&json!([fit, failed, good, 7, null]).to_string(), 0).unwrap();
    assert_eq!(import.rows.len(), 1);
    let said: Vec<(usize, &str)> = import.faults.iter().map(|one| (one.at, one.why.as_str())).collect();
    assert_eq!(
        said,
        [
            (1, "it does not say of which model it is"),
            (2, "No such device."),
            (4, "it is no answer of weighbridge"),
            (5, "it is no answer of weighbridge"),
        ]
    );
    // A list that breaks off is read up to there.
    let import = read(&format!("{good}\n{{\"model\": "), 0).unwrap();
    assert_eq!((import.rows.len(), import.faults.len()), (1, 1));
}

#[test]
fn what_is_no_file_of_ours_is_refused_in_words() {
    assert!(matches!(read("", 0), Err(ImportError::Other)));
    assert!(matches!(read("model,device\n", 0), Err(ImportError::NotJson(_))));
    assert!(matches!(read("{\"hidden_size\": 4096}", 0), Err(ImportError::Other)));
    assert!(matches!(read("[1, 2, 3]", 0), Err(ImportError::Other)));
    assert!(matches!(read(&"[".repeat(1_000_000), 0), Err(ImportError::NotJson(_))));
    let later = json!({"weighbridge": "9.0.0", "history": FORMAT + 1, "rows": []}).to_string();
    assert_eq!(read(&later, 0), Err(ImportError::Later(FORMAT + 1)));
    let long = " ".repeat((64 << 20) + 1);
    assert!(matches!(read(&long, 0), Err(ImportError::TooLong(_))));
}

/// Each row is judged by itself: a wrong one is left out, told by its place, and the others are read.
#[test]
fn a_wrong_row_is_left_out() {
    let good: Value = serde_json::from_str(&example().write()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut row = good.clone();
        *row.pointer_mut(pointer).unwrap() = value;
        row
    };
    let mut deep = Value::Null;
    for _ in 0..100 {
        deep = json!([deep]);
    }
    let wrong = [
        with("/id", json!("<img src=x>")),
        with("/id", json!("")),
        with("/id", json!("a".repeat(41))),
        with("/time", json!(-1)),
        with("/time", json!(1e300)),
        with("/time", json!(u64::MAX)),
        with("/question", json!("m=".repeat(100_000))),
        with("/model", json!({"id": "x"})),
        with("/model_name", json!("x".repeat(121))),
        with("/answer", json!([])),
        with("/answer/memory_bytes", json!("17 GiB")),
        with("/answer/memory_bytes", json!(1.5)),
        with("/answer/tokens_per_second", json!(-2.0)),
        with("/answer/verdict", json!("x".repeat(10_000))),
        deep,
        json!({}),
        json!(null),
    ];
    for row in wrong {
        let text = json!({"history": 1, "rows": [row, good]}).to_string();
        let import = read(&text, 0).unwrap();
        assert_eq!((import.rows.len(), import.faults.len()), (1, 1), "{row}");
        assert_eq!(import.faults.first().unwrap().at, 1);
        assert!(Kept::read(&row.to_string()).is_err(), "{row}");
    }
    // Keys of later versions are passed over.
    let mut more = good.clone();
    more["colour"] = json!("red");
    assert_eq!(Kept::read(&more.to_string()).unwrap(), example());
}

#[test]
fn no_more_rows_are_read_than_are_kept() {
    let rows = many(MOST_ROWS as u64 + 3);
    let import = read(&file(rows.iter()), 0).unwrap();
    assert_eq!((import.rows.len(), import.faults.len()), (MOST_ROWS, 3));
}

proptest! {
    /// Whatever stands in a file, it is read or refused.
    #[test]
    fn any_change_to_a_file_is_read_or_refused(at in 0usize..4000, byte in 0u8..128, cut in 0usize..4000) {
        let mut bytes = file([example()].iter()).into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut % length);
        if let Ok(text) = String::from_utf8(bytes) {
            let _ = read(&text, 0);
            let _ = Kept::read(&text);
        }
    }
}

#[test]
fn rows_are_found_by_words_mode_device_verdict_and_time() {
    let mut rows = many(6);
    rows[1].name = "Laptop candidate".to_owned();
    rows[2].answer.hardware = "4 × H100".to_owned();
    rows[3].answer.mode = "serve".to_owned();
    rows[4].answer.verdict = "offload".to_owned();
    rows[5].note = "asked by Ada".to_owned();
    let history = History::new(rows);
    let sort = Sort {
        column: Column::When,
        descending: false,
    };
    let picked = |filter: Filter| history.pick(&filter, sort);
    let words = |words: &str| Filter {
        words: words.to_owned(),
        ..Filter::default()
    };
    assert_eq!(picked(words("LAPTOP rtx")), [1]);
    assert_eq!(picked(words("ada")), [5]);
    assert_eq!(picked(words("nothing")), [0_usize; 0]);
    assert_eq!(
        picked(Filter {
            device: "H100".to_owned(),
            ..Filter::default()
        }),
        [2]
    );
    assert_eq!(
        picked(Filter {
            mode: "serve".to_owned(),
            ..Filter::default()
        }),
        [3]
    );
    assert_eq!(
        picked(Filter {
            verdict: Some(Verdicts::Offload),
            ..Filter::default()
        }),
        [4]
    );
    assert_eq!(
        picked(Filter {
            since: Some(4),
            ..Filter::default()
        }),
        [4, 5]
    );
    assert_eq!(history.kinds(), ["H100", "RTX 4090"]);
}

/// Every column orders as its values do, figures that are missing last, and each row is there once.
#[test]
fn five_thousand_rows_are_sorted_by_every_column() {
    use strum::IntoEnumIterator;
    let history = History::new(many(MOST_ROWS as u64));
    for column in Column::iter() {
        for descending in [false, true] {
            let picked = history.pick(&Filter::default(), Sort { column, descending });
            let mut places = picked.clone();
            places.sort_unstable();
            assert!(places.into_iter().eq(0..MOST_ROWS));
            let rows: Vec<&Figures> = picked.iter().map(|at| &history.get(*at).unwrap().answer).collect();
            for pair in rows.windows(2) {
                let (one, two) = (pair[0], pair[1]);
                match column {
                    Column::Memory if descending => assert!(one.memory_bytes >= two.memory_bytes),
                    Column::Memory => assert!(one.memory_bytes <= two.memory_bytes),
                    Column::Speed => match (one.tokens_per_second, two.tokens_per_second) {
                        (Some(one), Some(two)) if descending => assert!(one >= two),
                        (Some(one), Some(two)) => assert!(one <= two),
                        (None, Some(_)) => panic!("a missing figure before one that is there"),
                        _ => {}
                    },
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn pinned_rows_come_first_by_time_and_stay_when_old_ones_go() {
    let mut rows = many(5);
    rows[1].pinned = true;
    let history = History::new(rows.clone());
    assert_eq!(history.pick(&Filter::default(), Sort::default()), [1, 4, 3, 2, 0]);
    let all = || rows.iter().map(|row| (row.time, row.pinned));
    assert_eq!(surplus(all(), 5, 5), [0_u64; 0]);
    assert_eq!(surplus(all(), 5, 3), [0, 2]);
    // Where all but a few are pinned, those few go and no more.
    assert_eq!(surplus(all().map(|(key, _)| (key, key != 4)), 5, 1), [4]);
}

#[test]
fn a_heading_pressed_twice_turns_the_order() {
    let sort = Sort::default().pressed(Column::Memory);
    assert_eq!((sort.column, sort.descending), (Column::Memory, true));
    let sort = sort.pressed(Column::Memory);
    assert!(!sort.descending);
    assert!(!sort.pressed(Column::Model).descending);
}

/// The old figures stay beside the new ones where they differ, not where only the version does.
#[test]
fn a_row_weighed_anew_keeps_what_it_was() {
    let row = example();
    let mut now = row.answer.clone();
    now.version = "9.0.0".to_owned();
    let same = row.clone().weighed_anew(now.clone());
    assert_eq!((same.before, same.answer.version.as_str()), (None, "9.0.0"));
    now.memory_bytes += 1 << 30;
    let other = row.clone().weighed_anew(now.clone());
    assert_eq!(other.before.as_deref(), Some(&row.answer));
    assert_eq!(other.answer, now);
}

#[test]
fn a_row_that_this_version_does_not_understand_is_known() {
    let mut row = example();
    assert!(row.is_understood());
    row.question = row.question.replace("rtx-4090", "rtx-9999");
    assert!(!row.is_understood());
    row.question = "m=a/b&hw=rtx-4090&mode=dream".to_owned();
    assert!(!row.is_understood());
}

#[test]
fn all_of_it_is_said_in_a_sentence() {
    let mut rows = many(3);
    for row in &mut rows {
        row.model = row.model_name.clone();
    }
    rows[1].answer.hardware = "2 × RTX 4090".to_owned();
    assert_eq!(
        headline(&rows),
        "You weighed 3 models on one kind of hardware; all 3 answers fit."
    );
    rows[2].answer.hardware = "H100".to_owned();
    rows[2].answer.verdict = "does_not_fit".to_owned();
    assert_eq!(
        headline(&rows),
        "You weighed 3 models on 2 kinds of hardware; 2 of 3 answers fit."
    );
    assert_eq!(
        headline(&rows[..1]),
        "You weighed one model on one kind of hardware; the answer fits."
    );
}
