//! The command line: the same engine for scripts.
//!
//! Flags are made from the knobs, so that page, links and command line say the same things by the same names.

mod arguments;
mod compare;
mod estimate;
pub mod fetch;
mod fit;
mod headers;
mod inspect;
mod output;
mod source;
mod tables;

use std::io::{self, Write};
use std::process::ExitCode;

use crate::scenario::Scenario;
use output::{Failure, Format};

/// Runs the command line. Exit status 0, or 2 with one line on standard error.
pub fn main() -> ExitCode {
    let matches = arguments::command().get_matches();
    let format = arguments::format(&matches);
    match run(&matches) {
        Ok(text) => {
            // A closed pipe (`| head`) is no error of ours.
            let _ = io::stdout().lock().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(failure) => {
            if format == Format::Json {
                println!("{}", failure.json());
            }
            eprintln!("weighbridge: {}", failure.line());
            ExitCode::from(2)
        }
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
        Some(("models", arguments)) => tables::models(arguments),
        Some(("hardware", arguments)) => tables::hardware(arguments),
        Some(("completions", arguments)) => arguments::completions(arguments),
        _ => Err(Failure::new(
            "usage",
            "Say what to do: estimate, inspect, fit, compare, models, hardware. `weighbridge --help` shows examples.",
        )),
    }
}
