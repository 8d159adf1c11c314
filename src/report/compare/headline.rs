//! The comparison in a sentence: which is the fastest, the cheapest, the smallest, and what that means against the base.

use super::Column;
use super::measures::{Better, on};
use super::relation::times;
use crate::analysis::{Verdict, cost};
use crate::scenario::Mode;
use crate::units::{UnitSystem, grouped};

/// Names that tell the columns apart: the model, where that is not enough its format, or its devices, or both, at last its letter.
pub fn named(columns: &[Column<'_>]) -> Vec<String> {
    let way = |column: &Column<'_>, with: (bool, bool)| {
        let format = if with.0 {
            format!(" in {}", column.analysis.setup.weights.method)
        } else {
            String::new()
        };
        let device = on(column.analysis)
            .filter(|_| with.1)
            .map_or(String::new(), |on| format!(" on {on}"));
        format!("{}{format}{device}", column.name)
    };
    let ways = [(false, false), (true, false), (false, true), (true, true)];
    let name = |(at, column): (usize, &Column<'_>)| {
        let tells = |with: &(bool, bool)| {
            let mine = way(column, *with);
            columns.iter().filter(|other| way(other, *with) == mine).count() == 1
        };
        match ways.iter().find(|with| tells(with)) {
            Some(with) => way(column, *with),
            None => format!("{} ({})", column.name, super::letter(at)),
        }
    };
    columns.iter().enumerate().map(name).collect()
}

/// The one that is best by far enough to be read, of at least two.
fn winner(columns: &[Column<'_>], better: Better, of: impl Fn(&Column<'_>) -> Option<f64>) -> Option<usize> {
    let mut all: Vec<(usize, f64)> = columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.runs())
        .filter_map(|(at, column)| Some((at, of(column)?)))
        .collect();
    all.sort_by(|one, other| better.compare(other.1, one.1));
    match all.as_slice() {
        [first, second, ..] if (first.1 / second.1 - 1.0).abs() > 0.005 => Some(first.0),
        _ => None,
    }
}

fn speed(column: &Column<'_>) -> Option<f64> {
    column.analysis.speed.as_ref().map(|speed| speed.tokens_per_second)
}

fn memory(column: &Column<'_>) -> Option<f64> {
    Some(column.analysis.held().total_bytes as f64)
}

/// The sentence and what follows.
pub fn said(columns: &[Column<'_>], base: usize, units: UnitSystem) -> (String, String) {
    let names = named(columns);
    let name = |at: usize| names.get(at).cloned().unwrap_or_default();
    let mode = |column: &Column<'_>| column.analysis.setup.requested.workload.mode;
    let one_mode = columns.iter().all(|one| columns.first().map(mode) == Some(mode(one)));
    let fastest = one_mode.then(|| winner(columns, Better::More, speed)).flatten();
    let cheapest = winner(columns, Better::Less, |column| {
        let analysis = column.analysis;
        cost(&analysis.setup, analysis.speed.as_ref())?.usd_per_million_tokens
    });
    let cheapest = cheapest.filter(|_| one_mode);
    let smallest = winner(columns, Better::Less, memory);
    let two = columns.len() == 2;
    let adjectives = if two {
        ["faster", "cheaper", "smaller"]
    } else {
        ["fastest", "cheapest", "smallest"]
    };
    let mut praised: Vec<(usize, Vec<&str>)> = Vec::new();
    for (at, adjective) in [fastest, cheapest, smallest].into_iter().zip(adjectives) {
        let Some(at) = at else { continue };
        match praised.iter_mut().find(|(known, _)| *known == at) {
            Some((_, known)) => known.push(adjective),
            None => praised.push((at, vec![adjective])),
        }
    }
    let running: Vec<usize> = (0..columns.len())
        .filter(|at| columns.get(*at).is_some_and(Column::runs))
        .collect();
    let main = match (columns.len(), running.as_slice(), praised.as_slice()) {
        (0, ..) => "Nothing is compared yet.".to_owned(),
        (1, ..) => format!("{} stands alone; add another to compare.", name(0)),
        (_, [], _) => format!("None of the {} fits.", spelled(columns.len())),
        (count, [only], _) => format!("{} is the only one of {} that runs.", name(*only), spelled(count)),
        (count, _, []) => format!("The {} come to the same.", spelled(count)),
        (count, _, praised) => {
            let mut clauses = Vec::new();
            for (at, (column, adjectives)) in praised.iter().enumerate() {
                let of = match (at, two) {
                    (0, true) => " of the two".to_owned(),
                    (0, false) => format!(" of {}", spelled(count)),
                    _ => String::new(),
                };
                clauses.push(format!("{} is {}", name(*column), list(adjectives, &of)));
            }
            format!("{}.", clauses.join("; "))
        }
    };
    (main, rest(columns, &names, base, fastest.or(smallest), one_mode, units))
}

/// `the fastest of six and the cheapest`.
fn list(adjectives: &[&str], of: &str) -> String {
    let mut words: Vec<String> = adjectives.iter().map(|one| format!("the {one}")).collect();
    if let Some(first) = words.first_mut() {
        first.push_str(of);
    }
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} and {last}", before.join(", ")),
        None => String::new(),
    }
}

fn rest(
    columns: &[Column<'_>],
    names: &[String],
    base: usize,
    winner: Option<usize>,
    one_mode: bool,
    units: UnitSystem,
) -> String {
    let name = |at: usize| names.get(at).cloned().unwrap_or_default();
    let mut sentences = Vec::new();
    if let (Some(first), Some(at)) = (columns.get(base).filter(|first| first.runs()), winner)
        && let Some(best) = columns.get(at).filter(|_| at != base)
    {
        let pace = speed(best)
            .zip(speed(first))
            .filter(|(_, slow)| one_mode && *slow > 0.0);
        let pace = pace
            .map(|(fast, slow)| fast / slow)
            .filter(|ratio| (ratio - 1.0).abs() > 0.005);
        let bytes = memory(best).zip(memory(first)).map_or(0.0, |(one, other)| one - other);
        let size = units.bytes(bytes.abs());
        let way = if bytes < 0.0 { "less" } else { "more" };
        let same = bytes.abs() < 0.005 * memory(first).unwrap_or(1.0);
        sentences.push(match pace {
            Some(ratio) => format!(
                "{} {} {} times as fast as {}{}.",
                name(at),
                does(best),
                factor(ratio),
                name(base),
                if same {
                    String::new()
                } else {
                    format!(", in {size} {way}")
                }
            ),
            None if same => String::new(),
            None => format!("{} takes {size} {way} than {}.", name(at), name(base)),
        });
    }
    let of = |wanted: fn(Verdict) -> bool| -> Vec<String> {
        let with = |(at, column): (usize, &Column<'_>)| {
            let fit = column.analysis.fit.as_ref()?;
            wanted(fit.verdict).then(|| name(at))
        };
        columns.iter().enumerate().filter_map(with).collect()
    };
    let spills = of(|verdict| verdict == Verdict::Offload);
    if !spills.is_empty() {
        let verb = if spills.len() == 1 { "spills" } else { "spill" };
        sentences.push(format!("{} {verb} into RAM.", enumerated(&spills, "and")));
    }
    let fails = of(|verdict| matches!(verdict, Verdict::DoesNotFit | Verdict::Unsupported));
    if !fails.is_empty() {
        let verb = if fails.len() == 1 { "does" } else { "do" };
        sentences.push(format!("{} {verb} not run.", enumerated(&fails, "and")));
    }
    sentences.retain(|sentence| !sentence.is_empty());
    sentences.join(" ")
}

/// What its tokens a second are of.
fn does(column: &Column<'_>) -> &'static str {
    match column.analysis.setup.requested.workload.mode {
        Mode::Decode | Mode::Serve => "writes",
        Mode::Prefill => "reads",
        Mode::Pretrain | Mode::Finetune => "trains",
    }
}

/// A ratio to be read before "times": at least two digits below one.
fn factor(ratio: f64) -> String {
    if ratio < 0.95 || (1.05..9.95).contains(&ratio) {
        times(ratio)
    } else if ratio < 1.05 {
        format!("{ratio:.2}")
    } else {
        times(ratio)
    }
}

/// `A, B and C`, with that word before the last.
pub fn enumerated(names: &[String], word: &str) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, before)) => format!("{} {word} {last}", before.join(", ")),
        None => String::new(),
    }
}

/// A small number as a word.
fn spelled(count: usize) -> String {
    const WORDS: [&str; 13] = [
        "none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    ];
    WORDS
        .get(count)
        .map_or_else(|| grouped(count as u64), |word| (*word).to_owned())
}
