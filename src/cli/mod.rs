//! The command line: the same engine for scripts.
//!
//! Flags are made from the knobs, so that page, links and command line say the same things by the same names.

mod arguments;
mod batch;
mod calculators;
mod compare;
mod estimate;
pub mod fetch;
mod fit;
mod headers;
mod inspect;
mod local;
mod log;
mod output;
mod plan;
mod runs_here;
mod search;
mod source;
mod tables;
mod this_machine;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::scenario::Scenario;
use output::{Failure, Format};

/// Runs the command line. Exit status 0, or 2 with one line on standard error.
pub fn main() -> ExitCode {
    let matches = match arguments::command().try_get_matches() {
        Ok(matches) => matches,
        // Help and the version come this way too.
        Err(error) => {
            let wrong = error.use_stderr();
            let written = error.print().and_then(|()| io::stdout().flush());
            return if wrong { failed() } else { written_or_not(written) };
        }
    };
    let format = arguments::format(&matches);
    match run(&matches) {
        Ok(text) => written_or_not(write(&output::for_terminal(&text, format))),
        Err(failure) => {
            if format == Format::Json {
                let _ = write(&output::for_terminal(&format!("{}\n", failure.json()), format));
            }
            output::tell(&format!("weighbridge: {}", failure.line()));
            failed()
        }
    }
}

/// The status of every failure.
fn failed() -> ExitCode {
    ExitCode::from(2)
}

/// Writes to standard output, to the last byte.
fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// A closed pipe (`| head`) is no error of ours; a full disk is.
fn written_or_not(written: io::Result<()>) -> ExitCode {
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            output::tell(&format!("weighbridge: the answer could not be written: {error}."));
            failed()
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The scenario a command line asks for, without running it.
///
/// # Errors
/// The line that would be written to standard error.
pub fn scenario_of(words: &[String]) -> Result<Scenario, String> {
    let matches = arguments::command()
        .try_get_matches_from(words)
        .map_err(|error| error.to_string())?;
    let (_, inner) = matches.subcommand().ok_or("no command")?;
    arguments::scenario(inner).map_err(|failure| failure.line())
}

fn run(matches: &clap::ArgMatches) -> Result<String, Failure> {
    match matches.subcommand() {
        Some(("estimate", arguments)) => estimate::run(arguments),
        Some(("inspect", arguments)) => inspect::run(arguments),
        Some(("fit", arguments)) => fit::run(arguments),
        Some(("compare", arguments)) => compare::run(arguments),
        Some(("plan", arguments)) => plan::run(arguments),
        Some(("batch", arguments)) => batch::run(arguments),
        Some(("calculators", arguments)) => calculators::run(arguments),
        Some(("log", arguments)) => log::run(arguments),
        Some(("search", arguments)) => search::run(arguments),
        Some(("models", arguments)) => tables::models(arguments),
        Some(("hardware", arguments)) => tables::hardware(arguments),
        Some(("completions", arguments)) => arguments::completions(arguments),
        _ => Err(Failure::new(
            "usage",
            "Say what to do: estimate, inspect, fit, plan, compare, batch, calculators, log, search, models, hardware. `weighbridge --help` shows examples.",
        )),
    }
}
