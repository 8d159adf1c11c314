//! `weighbridge batch FILE`: one estimate for each model of a list.

use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::analysis::Verdict;
use crate::ask::Estimate;
use crate::export::{Field, Sheet};
use crate::hub::model_list::{ListedModel, ModelList, read_list};
use crate::limits;
use crate::report::likely_value;
use crate::units::{UnitSystem, grouped, shown};
use clap::ArgMatches;
use serde_json::{Value, json};

use super::output::{Failure, Format, for_terminal, sheets, tell, tell_over};
use super::{arguments, compare, write};

const UNITS: UnitSystem = UnitSystem::Gib;

/// What came of a model of the list: its estimate, or several where it is a link to a comparison.
type Outcome = Result<Vec<Estimate>, Failure>;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let scenario = arguments::scenario(matches)?;
    let list = list(matches)?;
    if list.repeats > 0 {
        tell(&format!(
            "{} named twice or more: once is enough.",
            grouped(list.repeats)
        ));
    }
    let format = arguments::format(matches);
    let jobs = matches.get_one::<u64>("jobs").map_or(4, |jobs| *jobs as usize);
    let mut done: Vec<(usize, Outcome)> = Vec::new();
    let mut answered = 0_usize;
    let mut first: Option<Failure> = None;
    let watched = std::io::stderr().is_terminal();
    let answer = |model: &str| compare::cases(model, &scenario, matches);
    each(&list.models, jobs, answer, |at, outcome| {
        match &outcome {
            Ok(_) => answered += 1,
            Err(failure) if first.is_none() => first = Some(failure.clone()),
            Err(_) => {}
        }
        if watched {
            let (done, all) = (grouped(at as u64 + 1), grouped(list.models.len() as u64));
            tell_over(&format!("{done} of {all} models"));
        }
        if format == Format::Json {
            let model = list.models.get(at);
            for line in model.map(|model| lines(model, &outcome)).unwrap_or_default() {
                write(&for_terminal(&format!("{line}\n"), format))
                    .map_err(|error| Failure::new("output", format!("The answer could not be written: {error}.")))?;
            }
        } else {
            done.push((at, outcome));
        }
        Ok(())
    })?;
    if watched {
        tell("");
    }
    let failed = list.models.len().saturating_sub(answered);
    if let (0, Some(failure)) = (answered, first) {
        return Err(failure.and(&format!(
            "None of {} models could be answered.",
            grouped(list.models.len() as u64)
        )));
    }
    if failed > 0 {
        tell(&format!(
            "{} could not be answered: the reason stands in their rows.",
            grouped(failed as u64)
        ));
    }
    if format == Format::Json {
        return Ok(String::new());
    }
    sheets(&[sheet(&list.models, &done)], format)
}

/// The list: of a file, a folder of configs, or standard input.
fn list(matches: &ArgMatches) -> Result<ModelList, Failure> {
    let place = matches.get_one::<String>("file").map_or("-", String::as_str);
    let column = matches.get_one::<String>("column").map(String::as_str);
    let unread =
        |error: std::io::Error| Failure::new("unreadable", format!("{} cannot be read: {error}.", shown(place)));
    let path = Path::new(place);
    if place != "-" && path.is_dir() {
        return folder(path).map_err(unread)?;
    }
    let mut bytes = Vec::new();
    let most = limits::LISTING.and_one();
    if place == "-" {
        std::io::stdin()
            .lock()
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(unread)?;
    } else {
        let file = std::fs::File::open(path).map_err(unread)?;
        if !file.metadata().map_err(unread)?.is_file() {
            return Err(Failure::new(
                "unreadable",
                format!("{} is no file. Give - for standard input.", shown(place)),
            ));
        }
        file.take(most).read_to_end(&mut bytes).map_err(unread)?;
    }
    let text = String::from_utf8_lossy(&bytes);
    read_list(&text, column).map_err(|error| Failure::new("bad_list", error.to_string()))
}

/// The configs of a folder: its `*.json` files, and the folders in it that hold a `config.json`.
fn folder(path: &Path) -> std::io::Result<Result<ModelList, Failure>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let place = entry?.path();
        let is_config = place.extension().is_some_and(|end| end.eq_ignore_ascii_case("json")) && place.is_file();
        if is_config || place.join("config.json").is_file() {
            found.push(place.to_string_lossy().into_owned());
        }
    }
    found.sort();
    Ok(read_list(&found.join("\n"), None).map_err(|_| {
        Failure::new(
            "bad_list",
            format!("The folder {} holds no configs.", shown(&path.to_string_lossy())),
        )
    }))
}

/// Answers models, so many at once, and hands each over in the order of the list.
fn each(
    models: &[ListedModel],
    jobs: usize,
    answer: impl Fn(&str) -> Outcome + Sync,
    mut take: impl FnMut(usize, Outcome) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let next = AtomicUsize::new(0);
    let (send, receive) = mpsc::channel();
    let send = Mutex::new(send);
    std::thread::scope(|scope| {
        for _ in 0..jobs.min(models.len()) {
            let Ok(send) = send.lock().map(|send| send.clone()) else {
                continue;
            };
            let (next, answer) = (&next, &answer);
            scope.spawn(move || {
                while let Some((at, model)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    models.get(at).map(|model| (at, model))
                } {
                    if send.send((at, answer(&model.text))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(send);
        let mut waiting = std::collections::BTreeMap::new();
        let mut at = 0;
        for (done, outcome) in receive {
            waiting.insert(done, outcome);
            while let Some(outcome) = waiting.remove(&at) {
                if let Err(failure) = take(at, outcome) {
                    // Nobody reads on: no more is begun.
                    next.store(models.len(), Ordering::Relaxed);
                    return Err(failure);
                }
                at += 1;
            }
        }
        Ok(())
    })
}

/// A line of JSON for each estimate, or for the reason why there is none.
fn lines(model: &ListedModel, outcome: &Outcome) -> Vec<Value> {
    let of_the_list = |mut line: Value| {
        if let Some(line) = line.as_object_mut() {
            line.insert("asked".to_owned(), json!(model.text));
            line.insert("line".to_owned(), json!(model.line));
        }
        line
    };
    match outcome {
        Ok(estimates) => estimates.iter().map(|one| of_the_list(one.json(false))).collect(),
        Err(failure) => vec![of_the_list(failure.json())],
    }
}

fn sheet(models: &[ListedModel], done: &[(usize, Outcome)]) -> Sheet {
    let mut sheet = Sheet::new(
        "",
        &[
            "model",
            "parameters",
            "format",
            "engine",
            "verdict",
            "needs",
            "tokens/s",
            "first token",
            "longest context",
        ],
    )
    .with_units(&[("needs", "bytes"), ("first token", "s")]);
    for (at, outcome) in done {
        let asked = models.get(*at).map_or("", |model| model.text.as_str());
        match outcome {
            Err(failure) => sheet.push([asked, "", "", "", &failure.line()]),
            Ok(estimates) => estimates.iter().for_each(|estimate| sheet.push(row(estimate))),
        }
    }
    sheet
}

fn row(estimate: &Estimate) -> [Field; 9] {
    let analysis = &estimate.analysis;
    let fit = analysis.fit.as_ref();
    let runs = fit.is_none_or(|fit| matches!(fit.verdict, Verdict::Fits | Verdict::Offload));
    let speed = analysis.speed.as_ref().filter(|_| runs);
    let verdict = match fit.map(|fit| (fit.verdict, fit)) {
        None => String::new(),
        Some((Verdict::DoesNotFit, fit)) => format!("does not fit: {} missing", UNITS.bytes(fit.missing_bytes as f64)),
        Some((Verdict::Unsupported, fit)) => format!("not supported: {}", fit.why),
        Some((verdict, _)) => <&'static str>::from(verdict).to_owned(),
    };
    [
        Field::text(&estimate.found.facts.id),
        Field::short(analysis.parameters.total.0),
        Field::text(&analysis.setup.weights.method),
        Field::text(analysis.setup.engine.label()),
        Field::text(verdict),
        Field::bytes(analysis.held().total_bytes, UNITS),
        speed.map_or_else(Field::default, |speed| {
            likely_value(speed.tokens_per_second, speed.tokens_per_second_between)
        }),
        speed
            .and_then(|speed| speed.prefill_seconds())
            .map_or_else(Field::default, Field::seconds),
        fit.filter(|_| runs)
            .map_or_else(Field::default, |fit| Field::count(fit.max_context)),
    ]
}
