//! Answers side by side: the rows, what is best, the sentence, and architectures part by part.

use std::sync::Arc;

use crate::support;

use support::engine::{blueprint, weigh};
use weighbridge::analysis::{Analysis, Verdict, analyse, in_best_format};
use weighbridge::export::side_by_side_numbers;
use weighbridge::model::catalogue;
use weighbridge::report::compare::{Column, Plane, SideBySide, differences, frontier, points};
use weighbridge::units::UnitSystem;

const GIB: UnitSystem = UnitSystem::Gib;
const LLAMA: &str = "meta-llama/Llama-3.1-8B-Instruct";
const GPT_OSS: &str = "openai/gpt-oss-20b";
const QWEN: &str = "Qwen/Qwen3-30B-A3B";
const ON_A_4090: &str = "hw=rtx-4090&p=8192&g=512";

fn columns<'a>(all: &'a [(&'a str, Analysis)]) -> Vec<Column<'a>> {
    all.iter().map(|(name, analysis)| Column { name, analysis }).collect()
}

fn three() -> [(&'static str, Analysis); 3] {
    [
        ("Llama 3.1 8B", weigh(LLAMA, ON_A_4090)),
        ("gpt-oss 20B", weigh(GPT_OSS, ON_A_4090)),
        ("Qwen3 30B-A3B", weigh(QWEN, ON_A_4090)),
    ]
}

#[test]
fn what_is_the_same_is_said_once_and_the_rest_in_rows() {
    let all = three();
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    let same = beside.same_in_words();
    for words in [
        "Hardware RTX 4090",
        "Engine vLLM",
        "Tokens 8,192 + 512",
        "Sequences at once 1",
    ] {
        assert!(same.contains(words), "{words} in {same}");
    }
    let weights = beside.row("weights_in").unwrap();
    assert!(!weights.same);
    assert!(!weights.cells[0].differs && weights.cells[1].differs && !weights.cells[2].differs);
    // Nothing trains, so nothing is said of gradients.
    assert_eq!(beside.row("gradients"), None);
    assert_eq!(beside.heads[2].letter, 'C');
    assert_eq!(beside.heads[1].on, "MXFP4 (experts) · RTX 4090");
    // Alone, everything is its own.
    let alone = SideBySide::of(&columns(&all[..1]), 0, GIB);
    assert_eq!(alone.same(), []);
    assert_eq!(SideBySide::of(&[], 7, GIB).main, "Nothing is compared yet.");
}

/// A spreadsheet gets one rectangle of bare numbers, units beside them.
#[test]
fn a_comparison_is_handed_over_as_numbers() {
    let all = three();
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    let text = side_by_side_numbers(&beside).csv().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(&reader.headers().unwrap()[0], "figure");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    for row in rows.iter().filter(|row| !row[1].is_empty()) {
        for cell in row.iter().skip(2).filter(|cell| !cell.is_empty()) {
            assert!(cell.parse::<f64>().is_ok(), "{row:?}");
        }
    }
    let row = |name: &str| {
        rows.iter()
            .find(|row| &row[0] == name)
            .unwrap_or_else(|| panic!("{name}"))
    };
    let (memory, low, high) = (row("Memory"), row("Written, low"), row("Written, high"));
    assert_eq!(&memory[1], "bytes");
    assert_eq!(&row("Written")[1], "tokens/s");
    assert_eq!(memory[2].parse::<u64>().unwrap(), all[0].1.held().total_bytes);
    let between = all[0].1.speed.as_ref().unwrap().tokens_per_second_between.unwrap();
    assert_eq!((low[2].parse(), high[2].parse()), (Ok(between.0), Ok(between.1)));
    assert_eq!(&row("A million tokens")[1], "USD");
    assert_eq!(&row("Memory, usable")[1], "bytes");
}

/// What newcomers read: no difference that rounds to the same, speed said as speed.
#[test]
fn a_comparison_reads_as_people_speak() {
    let all = three();
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    assert!(
        beside.rest.contains(" writes ") && beside.rest.contains(" times as fast as "),
        "{}",
        beside.rest
    );
    let all: Vec<_> = catalogue::entries().iter().map(|entry| blueprint(&entry.id)).collect();
    for base in ["Qwen/Qwen3-30B-A3B", "google/gemma-3-27b-it", LLAMA].map(blueprint) {
        for one in &all {
            for difference in differences(one, &base, GIB) {
                let Some((mine, other)) = difference.cost.split_once(", not ") else {
                    continue;
                };
                let mine = mine.split(" of the parameters").next().unwrap_or_default();
                assert_ne!(mine, other, "{difference:?}");
            }
        }
    }
}

#[test]
fn bars_of_a_row_share_one_scale_from_zero() {
    let all = three();
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    for row in beside.sections.iter().flat_map(|section| &section.rows) {
        let Some(end) = row.scale else { continue };
        for cell in &row.cells {
            let (Some(bar), Some(number)) = (cell.bar, cell.number) else {
                continue;
            };
            let expected = if cell.cut { 1.0 } else { number / end };
            assert!((bar - expected).abs() < 1e-9, "{}: {bar} {expected}", row.key);
            assert_eq!(cell.cut, number > end * 1.000_001, "{}", row.key);
            let parts: f64 = cell.parts.iter().map(|(.., share)| share).sum();
            assert!(
                cell.parts.is_empty() || (parts - bar).abs() < 1e-9,
                "{}: {parts} {bar}",
                row.key
            );
        }
    }
    // A million tokens of what spills into RAM costs ten times the next: cut, and it says so.
    let cost = beside.row("cost").unwrap();
    assert_eq!(
        cost.cells.iter().map(|cell| cell.cut).collect::<Vec<_>>(),
        [false, false, true]
    );
}

#[test]
fn the_best_is_a_word_and_the_rest_stands_to_the_base() {
    let all = three();
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    let speed = beside.row("written").unwrap();
    assert_eq!(
        speed.cells.iter().map(|cell| cell.best).collect::<Vec<_>>(),
        [false, true, false]
    );
    let rate = |at: usize| all[at].1.speed.as_ref().unwrap().tokens_per_second;
    assert_eq!(speed.cells[0].relation, "");
    assert_eq!(speed.cells[1].relation, format!("{:.1} ×", rate(1) / rate(0)));
    // Parameters are neither good nor bad.
    assert!(beside.row("parameters").unwrap().cells.iter().all(|cell| !cell.best));
    // Another base, other relations, the same best.
    let other = SideBySide::of(&columns(&all), 1, GIB);
    assert_eq!(other.row("written").unwrap().cells[1].relation, "");
    assert!(other.row("written").unwrap().cells[1].best);
}

/// What does not run has no speed to compare: no best, no relation, no bar, not on the frontier.
#[test]
fn what_does_not_run_is_no_rival() {
    let all = [
        ("small", weigh("Qwen/Qwen3-0.6B", "hw=rtx-4090")),
        ("large", weigh("Qwen/Qwen3-32B", "hw=rtx-4090&off=none")),
        ("middle", weigh("Qwen/Qwen3-8B", "hw=rtx-4090")),
    ];
    assert_eq!(all[1].1.fit.as_ref().unwrap().verdict, Verdict::DoesNotFit);
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    let cell = &beside.row("written").unwrap().cells[1];
    assert!(
        cell.if_it_ran && !cell.best && cell.relation.is_empty() && cell.bar.is_none(),
        "{cell:?}"
    );
    // Its memory is what it is.
    assert!(beside.row("memory").unwrap().cells[1].bar.is_some());
    assert!(beside.rest.contains("large does not run."), "{}", beside.rest);
    let found = points(&columns(&all), Plane::MemorySpeed);
    assert_eq!(found.iter().map(|point| point.column).collect::<Vec<_>>(), [0, 2]);
    let only = SideBySide::of(&columns(&all[..2]), 0, GIB);
    assert_eq!(only.main, "small is the only one of two that runs.");
}

/// Tokens written are not tokens read: modes side by side have no best speed.
#[test]
fn modes_are_not_weighed_against_each_other() {
    let all = [
        ("one", weigh(LLAMA, "hw=rtx-4090&mode=prefill&p=4096")),
        ("other", weigh(LLAMA, "hw=rtx-4090&p=4096")),
    ];
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    assert!(beside.row("written").unwrap().cells.iter().all(|cell| !cell.best));
    assert!(beside.row("read").unwrap().cells.iter().all(|cell| !cell.best));
    assert!(!beside.main.contains("faster"), "{}", beside.main);
}

#[test]
fn the_sentence_names_the_best() {
    let all = three();
    let beside = SideBySide::of(&columns(&all), 0, GIB);
    assert_eq!(
        beside.main,
        "gpt-oss 20B is the fastest of three, the cheapest and the smallest."
    );
    assert!(beside.rest.starts_with("gpt-oss 20B writes 3."), "{}", beside.rest);
    assert!(
        beside.rest.ends_with("Qwen3 30B-A3B spills into RAM."),
        "{}",
        beside.rest
    );
    // Names say no more than tells them apart.
    let formats = [
        ("Llama", weigh(LLAMA, ON_A_4090)),
        ("Llama", weigh(LLAMA, "hw=rtx-4090&p=8192&g=512&w=q4_k_m")),
        ("gpt-oss", weigh(GPT_OSS, ON_A_4090)),
    ];
    let beside = SideBySide::of(&columns(&formats), 0, GIB);
    assert_eq!(
        beside.main,
        "gpt-oss is the fastest of three and the cheapest; Llama in Q4_K_M is the smallest."
    );
    let twice = [("Llama", weigh(LLAMA, ON_A_4090)), ("Llama", weigh(LLAMA, ON_A_4090))];
    let beside = SideBySide::of(&columns(&twice), 0, GIB);
    assert_eq!(beside.main, "The two come to the same.");
    assert_eq!(beside.heads[1].named, "Llama (B)");
}

#[test]
fn the_frontier_is_of_what_runs() {
    let all = three();
    let found = points(&columns(&all), Plane::MemorySpeed);
    let places: Vec<(f64, f64)> = found.iter().map(|point| (point.x, point.y)).collect();
    let best = frontier(&places, Plane::MemorySpeed.better());
    assert_eq!(best.iter().map(|at| found[*at].column).collect::<Vec<_>>(), [1]);
}

/// Each literal follows from the models' configs:
/// cache elements of a token and layer: Llama 2 × 8 × 128 = 2,048; DeepSeek 512 + 64 = 576 (28 % of it); Gemma 2 × 16 × 128 = 4,096;
/// Qwen3-Next 2 × 2 × 256 in 12 of 48 layers = 256 (12.5 %).
#[test]
fn architectures_differ_part_by_part() {
    let base = blueprint(LLAMA);
    let said = |id: &str| -> Vec<String> {
        let found = differences(&blueprint(id), &base, GIB);
        found
            .iter()
            .map(|one| format!("{}: {}", one.part, one.words()))
            .collect()
    };
    let deepseek = said("deepseek-ai/DeepSeek-V3.1");
    for words in [
        "Attention: MLA instead of GQA: 72 % less cache a token and layer",
        // 37.6 of 671 billion.
        "Experts: 8 of 256 experts, and shared ones, instead of one MLP for all: 6 % of the parameters are active",
        "Context: made for 163,840 tokens instead of 131,072 tokens",
    ] {
        assert!(deepseek.iter().any(|line| line == words), "{words} in {deepseek:#?}");
    }
    let gemma = said("google/gemma-3-27b-it");
    for words in [
        "Attention: GQA 32 : 16 instead of GQA 32 : 8: 2.0 × the cache a token and layer",
        // 10 + 52 × 1,024 ÷ 32,768 layers of 62 keep something: 18.8 %.
        "Windows: a window of 1,024 tokens in 52 of 62 layers: 81 % less cache at 32,768 tokens than if each layer kept all",
    ] {
        assert!(gemma.iter().any(|line| line == words), "{words} in {gemma:#?}");
    }
    let hybrid = said("Qwen/Qwen3-Next-80B-A3B-Instruct");
    assert!(
        hybrid.iter().any(|line| line
            == "Attention: gated delta rule in 36 of 48 layers, GQA in 12, instead of GQA: 88 % less cache a token and layer"),
        "{hybrid:#?}"
    );
    assert!(
        hybrid.iter().any(|line| line.starts_with("State: a state of ")),
        "{hybrid:#?}"
    );
    // The other way round.
    let dense: Vec<String> = differences(&base, &blueprint(GPT_OSS), GIB)
        .iter()
        .map(|one| one.words())
        .collect();
    assert!(
        dense
            .iter()
            .any(|line| line == "one MLP for all instead of 4 of 32 experts: all parameters are active, not 20 %"),
        "{dense:#?}"
    );
    assert_eq!(differences(&base, &blueprint(LLAMA), GIB), []);
}

/// Every built-in model can be set beside any other, and no sentence is without words.
#[test]
fn all_built_in_models_side_by_side() {
    let mut before = blueprint(LLAMA);
    for entry in weighbridge::model::catalogue::entries() {
        let next = blueprint(&entry.id);
        for one in differences(&next, &before, GIB) {
            let words = one.words();
            assert!(
                !words.contains("NaN") && !words.contains("inf") && !words.contains("unknown"),
                "{}: {words}",
                entry.id
            );
        }
        before = next;
    }
}

#[test]
fn each_in_its_best_format() {
    let large = weigh("Qwen/Qwen3-32B", "hw=rtx-4090&p=4096&e=vllm");
    assert_ne!(large.fit.as_ref().unwrap().verdict, Verdict::Fits);
    let best = in_best_format(&large.setup).unwrap();
    let again = analyse(&Arc::clone(&large.setup.blueprint), &best).unwrap();
    assert_eq!(again.fit.as_ref().unwrap().verdict, Verdict::Fits);
    // What fits as published stays so; what fits in no format has none.
    let small = weigh("Qwen/Qwen3-0.6B", "hw=rtx-4090");
    assert_eq!(in_best_format(&small.setup).unwrap().precision.weights, None);
    assert_eq!(
        in_best_format(&weigh("deepseek-ai/DeepSeek-V3.1", "hw=rtx-4090").setup),
        None
    );
    assert_eq!(in_best_format(&weigh(LLAMA, "").setup), None);
}
