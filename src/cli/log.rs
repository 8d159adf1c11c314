//! `weighbridge log`: an engine's log beside the estimate.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::analysis::{Analysis, analyse};
use crate::export::{log_check, log_sheet};
use crate::limits;
use crate::logs::{self, Log, LogError};
use crate::report::log::{Check, Taken, as_logged, check};
use crate::units::{UnitSystem, shown};
use clap::ArgMatches;

use super::output::{Failure, Format, json_text, sheets};
use super::{arguments, local, source};

const UNITS: UnitSystem = UnitSystem::Gib;

/// Runs the command.
pub fn run(matches: &ArgMatches) -> Result<String, Failure> {
    let file = matches.get_one::<String>("file").map_or("-", String::as_str);
    let log = logs::read(&text(file)?).map_err(|error| {
        let code = match error {
            LogError::TooLong(_) => "too_large",
            LogError::Unknown => "unknown_log",
            LogError::Silent(_) => "silent_log",
        };
        Failure::new(code, error.to_string())
    })?;
    let model = matches.get_one::<String>("model").or(log.options.model.as_ref());
    let model = model.ok_or_else(|| {
        Failure::new(
            "no_model",
            format!("The log does not name its model: name it, as in weighbridge log {file} Qwen/Qwen3-8B."),
        )
    })?;
    let base = arguments::scenario(matches)?;
    let (mut scenario, taken) = as_logged(&log, &base, &arguments::given(matches));
    let named = matches.get_one::<String>("model").is_some();
    let found = source::find(model, matches).map_err(|failure| {
        if named {
            failure
        } else {
            failure.and("The log names it so; another name can stand behind the file.")
        }
    })?;
    scenario.model.source = found.source.clone();
    let mut blueprint = found.blueprint(&scenario)?;
    found.adopt(&mut blueprint);
    let analysis =
        analyse(&Arc::new(blueprint), &scenario).map_err(|error| Failure::new(error.code(), error.to_string()))?;
    let check = check(&log, &analysis, &found.facts.id);
    match arguments::format(matches) {
        Format::Json => json_text(&log_check(&found.facts, &log, &analysis, &taken, &check)),
        Format::Table => Ok(table(&log, &analysis, &found.facts.id, &taken, &check)),
        other => sheets(&[log_sheet(&check, UNITS)], other),
    }
}

/// A log from a file, or from standard input where its name is `-`.
fn text(file: &str) -> Result<String, Failure> {
    let bytes = if file == "-" {
        let mut bytes = Vec::new();
        let input = std::io::stdin().lock();
        input
            .take(limits::LOG.and_one())
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::new("no_file", format!("Standard input cannot be read: {error}.")))?;
        if limits::LOG.is_passed_by(&bytes) {
            return Err(Failure::new("too_large", limits::LOG.refusal("Standard input")));
        }
        bytes
    } else {
        local::read(Path::new(file), limits::LOG)?
    };
    // A log may hold whatever a program printed; its figures are plain letters.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn table(log: &Log, analysis: &Analysis, model: &str, taken: &[Taken], check: &Check) -> String {
    let setup = &analysis.setup;
    let version = log
        .options
        .version
        .as_deref()
        .map_or_else(String::new, |version| format!(" {}", shown(version)));
    let device = setup
        .device()
        .map_or_else(|| "no device".to_owned(), |device| device.name.clone());
    let mut out = format!(
        "The log of {}{version} beside the estimate of {} on {device}\n",
        log.source.label(),
        shown(model)
    );
    for note in &check.notes {
        out.push_str(&format!("{note}\n"));
    }
    if !taken.is_empty() {
        out.push_str("\nTaken from the log\n");
        taken
            .iter()
            .for_each(|one| out.push_str(&format!("  {}\n", one.words())));
    }
    out.push('\n');
    out.push_str(&log_sheet(check, UNITS).text());
    if !check.assumptions.is_empty() {
        out.push_str("\nAssumptions of this machine\n");
        for one in &check.assumptions {
            let flag: &str = one.knob.into();
            out.push_str(&format!(
                "  --{flag} {} ({})\n    {}\n",
                one.value,
                one.shown(UNITS),
                one.why
            ));
        }
    }
    out
}
